// SPDX-License-Identifier: MIT OR Apache-2.0
#![doc = include_str!("../README.md")]

#[cfg(any(feature = "build", feature = "load"))]
pub mod build;
mod error;
mod library;
#[cfg(feature = "load")]
pub mod load;
mod model;
#[doc(hidden)]
pub mod port;

pub use error::{Error, RtlKind};
#[doc(hidden)]
pub use library::ffi;
pub use library::{Builtin, Library};
#[doc(hidden)]
pub use model::Addresses;
pub use model::{Config, Model, Sim, XInit};
pub use port::{Bits, Direction, Ended, Port, PortInfo, Ran, ReadPorts, Reads, Stop};

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
