//! What a run found, written down.

pub mod atomic;
pub mod contact_sheet;
pub mod network_mosaic;
pub mod number;
pub mod pixels;
pub mod plot;
pub mod stats;
pub mod table;
