// SPDX-License-Identifier: MIT OR Apache-2.0
//! An open laboratory for approximate convolution in hardware.
//!
//! [`hw`] has the verilated hardware, [`bench`] drives it and holds it to the golden models,
//! [`firmware`] has the programs that run on the core, and [`cli`] the commands. What is right is in
//! the crate `convapprox-model`, what is measured in `convapprox-study`.

pub mod bench;
pub mod cli;
pub mod firmware;
pub mod hw;
