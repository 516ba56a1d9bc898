// SPDX-License-Identifier: MIT OR Apache-2.0
//! Verilator 5 for Rust: verilate SystemVerilog in `build.rs`, drive the models as
//! typed Rust structures.
//!
//! The crate has two sides:
//!
//! - the **build side** (`build` module, feature `build`, for `[build-dependencies]`)
//!   runs Verilator, compiles the C++ and writes one Rust type for each top module;
//! - the **run side** (everything else) is what those types use: [`Config`], [`Error`],
//!   [`Stop`] and what all models have in common ([`Sim`], [`Model`]). Its module `load`
//!   (feature `load`) makes further models while the program runs.
//!
//! ```ignore
//! // build.rs
//! use verilated::build::{BuildError, Verilate};
//!
//! fn main() -> Result<(), BuildError> {
//!     let counter = Verilate::new("counter", "counter").source("rtl/counter.sv").clock("clk_i");
//!     verilated::build::run([counter])
//! }
//! ```
//!
//! ```ignore
//! // src/lib.rs
//! verilated::include_model!("counter");
//!
//! fn count() -> Result<u8, verilated::Error> {
//!     let mut counter = Counter::new(&verilated::Config::new())?;
//!     counter.set_rst_ni(0);
//!     counter.tick()?;
//!     counter.set_rst_ni(1);
//!     counter.set_en_i(1);
//!     counter.run_cycles(10, verilated::Stop::never())?;
//!     Ok(counter.count_o())
//! }
//! ```
//!
//! # The clock
//!
//! One `tick()` is one cycle of the model's clock. Inputs set before a tick are what
//! the flip-flops sample at the rising edge of that tick; after it the outputs show
//! the state behind the edge. A cycle lasts 10 units of the model's time precision
//! (of its `` `timescale ``; 1 ps where the RTL gives none): the clock falls and the new
//! inputs settle 5 units into the tick, and the clock rises at its end, so that after n
//! ticks the time is 10 n and rising edges are at 10, 20, 30… `eval()` between two ticks
//! moves the time on by one unit, for at most 4 units, so that a waveform shows what it
//! settled.
//!
//! # Errors in the RTL
//!
//! `$error`, `$fatal`, `$stop` and failed assertions come back as [`Error::Rtl`] from
//! the call in which they happen. The cycle is completed first and the error is then
//! cleared: the caller may go on with the model. A design that does not settle and
//! other errors inside of Verilator leave a half-updated state: they come back as
//! [`Error::NotConverged`] or [`Error::Fatal`], and every later call as
//! [`Error::Poisoned`].

#[cfg(any(feature = "build", feature = "load"))]
pub mod build;
mod config;
mod error;
#[doc(hidden)]
pub mod ffi;
mod library;
#[cfg(feature = "load")]
pub mod load;
mod model;
mod port;
#[doc(hidden)]
pub mod storage;

pub use config::{Config, XInit};
pub use error::{Error, RtlKind};
pub use library::{Builtin, Library};
#[doc(hidden)]
pub use model::Addresses;
pub use model::{Model, Sim};
pub use port::{Direction, Ended, Port, PortInfo, Ran, ReadPorts, Reads, Stop};
pub use storage::Bits;

/// Includes the Rust type of the family (or single model) of that name, as written by the build
/// side.
///
/// It defines a module of that name and re-exports the type from it, in CamelCase:
/// `include_model!("conv_unit")` gives `conv_unit::ConvUnit` and `ConvUnit`.
#[macro_export]
macro_rules! include_model {
    ($name:literal) => {
        include!(concat!(env!("OUT_DIR"), "/", $name, ".rs"));
    };
}
