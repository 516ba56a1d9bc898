//! What is right: the software models that every engine is held to.
//!
//! - [`conv`]: the arithmetic of approximate convolution, bit for bit;
//! - [`nn`]: networks in integers, whose convolutions an engine runs;
//! - [`engine`]: what runs the convolutions of a network, in software or in hardware;
//! - [`hart`]: the instruction-set simulator of the core;
//! - [`elf`]: the programs that the simulator and the core run.

pub mod conv;
pub mod elf;
pub mod engine;
pub mod hart;
pub mod nn;

/// Bytes in hexadecimal, as digests are written.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
