//! The paper's experiments: what is run over which images, and what is measured.

pub mod channels;
pub mod lenet;
pub mod peers;
pub mod pieces;
pub mod search;
pub mod significance;
pub mod windows;
