//! The build side: from SystemVerilog to a static library and a Rust file, in
//! `build.rs`.
//!
//! Describe each model with a [`Verilate`] and hand them all to one [`run`].

mod bindings;
mod compile;
mod error;
mod jobs;
mod key;
mod kinds;
mod memories;
mod options;
mod pipeline;
mod ports;
mod shim;
mod tool;

pub use error::BuildError;
pub use options::{Trace, Verilate, Warnings, XAssign, XInitial};
pub use pipeline::run;
pub use tool::{Tools, tools};
