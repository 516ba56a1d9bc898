// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is right: the software models that every engine is held to.
//!
//! - [`conv`]: the arithmetic of approximate convolution, bit for bit;
//! - [`nn`]: networks in integers, whose convolutions an engine runs;
//! - [`engine`]: what runs the convolutions of a network, in software or in hardware;
//! - [`isa`]: the instructions of the core;
//! - [`float`]: the arithmetic of its extension F, which is Berkeley SoftFloat's;
//! - [`hart`]: its instruction-set simulator;
//! - [`elf`]: the programs that the simulator and the core run;
//! - [`facts`]: the numbers that software shares with RTL and firmware;
//! - [`files`]: reading what users name, within bounds.

pub mod conv;
pub mod elf;
pub mod engine;
pub mod facts;
pub mod files;
pub mod float;
pub mod hart;
pub mod isa;
pub mod nn;

/// Bytes in hexadecimal, as digests are written.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
