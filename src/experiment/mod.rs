//! The paper's experiments: what is run over which images, and what is measured.

pub mod pieces;
pub mod windows;
