//! The paper's experiments: what is run over which images, and what is measured.

pub mod accel;
pub mod channels;
mod engine_choice;
mod error;
mod follow_up;
pub mod lenet;
pub mod peers;
pub mod pieces;
pub mod search;
pub mod significance;
pub mod windows;

pub use engine_choice::EngineChoice;
pub use error::ExperimentError;
pub use follow_up::Progress;
