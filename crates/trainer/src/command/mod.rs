//! The commands.

mod evaluate;
mod finetune;
mod options;
mod train;

pub use evaluate::Evaluate;
pub use finetune::Finetune;
pub use train::Train;
