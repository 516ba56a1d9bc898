// SPDX-License-Identifier: MIT OR Apache-2.0
//! The build side: from SystemVerilog to compiled models, and in `build.rs` to Rust types.
//!
//! Describe models with [`Verilate`] and [`Family`] and hand them all to one
#![cfg_attr(feature = "build", doc = "[`run`].")]
#![cfg_attr(not(feature = "build"), doc = "`run`, which needs the feature `build`.")]

#[cfg(feature = "build")]
mod bindings;
mod error;
#[cfg(feature = "build")]
mod families;
mod header;
pub(crate) mod key;
mod kinds;
pub(crate) mod make;
mod options;
mod shim;
pub(crate) mod tool;

pub use error::BuildError;
#[cfg(feature = "build")]
pub use families::run;
pub use options::{Family, Trace, Verilate, Warnings, XAssign, XInitial};
pub use tool::{Tools, tools};
