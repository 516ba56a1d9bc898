//! The commands.

mod evaluate;
mod finetune;
mod options;
mod reorder;
mod train;

pub use evaluate::Evaluate;
pub use finetune::Finetune;
pub use reorder::Reorder;
pub use train::Train;
