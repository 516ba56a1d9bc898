//! What a run found, written down.

pub mod atomic;
pub mod mosaic;
pub mod number;
pub mod plot;
pub mod provenance;
pub mod stats;
