//! The system on chip: the core with the approximate convolution unit, RAM and devices.
//!
//! [`open`] gives a [`Soc`] of one of the parameter sets in [`SOCS`]; it loads a [`Program`] and
//! runs it, in whole batches ([`Soc::run`]) or from one retired instruction to the next
//! ([`Soc::step`]).

mod driver;
mod models;
mod pins;
mod retirement;
mod statistics;

pub use driver::{Ended, Soc, SocError};
pub use model::elf::{ElfError, Program, Segment};
pub use models::{SOCS, SocBuild, SocOptions, SocParameters, find, open};
pub use retirement::{LastRun, Retirement};
pub use statistics::Statistics;

pub use model::hart::RAM_BASE;
