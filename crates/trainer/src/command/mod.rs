// SPDX-License-Identifier: MIT OR Apache-2.0
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
