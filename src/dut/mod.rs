//! The device under test: the verilated approximate convolution unit behind transactions.
//!
//! [`soc`] is the whole system around it.
//!
//! [`open`] gives a [`ConvUnit`] of one of the parameter sets in [`UNITS`]. A unit loads a kernel
//! and runs windows; nobody outside this module touches a pin.

mod driver;
mod memory;
mod pins;
pub mod soc;
mod transaction;
mod units;

pub use driver::{ConvUnit, DutError};
pub use memory::{Memory, Stalls};
pub use transaction::{CommandError, Counters, Outcome, Tile, WindowRun};
pub use units::{Build, UNITS, UnitOptions, UnitParameters, find, open};
