// SPDX-License-Identifier: MIT OR Apache-2.0
#![doc = include_str!("../README.md")]

/// Methods of a description that set the field of their name.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $ty:ty,)*) => {$(
        $(#[$doc])*
        pub fn $name(mut self, $name: $ty) -> Self {
            self.$name = $name;
            self
        }
    )*};
}

#[cfg(any(feature = "build", feature = "load"))]
pub mod build;
mod error;
mod library;
#[cfg(feature = "load")]
pub mod load;
mod model;
mod port;

pub use error::{Error, RtlKind};
#[doc(hidden)]
pub use library::ffi;
pub use library::{Builtin, Library};
pub use model::{Config, Model, Sim, XInit};
#[doc(hidden)]
pub use port::Place;
pub use port::{Bits, Clock, Direction, Ended, Port, PortInfo, Ran, ReadPorts, Reads, Stop};

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
