//! What one instruction did.

use super::conv::Run;
use super::trap::Trap;

/// An instruction that was executed, or trapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retire {
    /// Its address.
    pub pc: u32,
    /// Its bits: 16 of a compressed one; 0 if they could not be fetched.
    pub insn: u32,
    /// The address of the next instruction, interrupts apart: a trap's handler.
    pub next_pc: u32,
    /// The exception, if it trapped; then nothing of the following happened.
    pub trap: Option<Trap>,
    /// mcause of the interrupt that was taken before it, of whose handler it is the first
    /// instruction.
    pub interrupt: Option<u32>,
    /// The register written, 1 to 31, and its new value.
    pub rd: Option<(u8, u32)>,
    /// The load or store.
    pub memory: Option<Access>,
    /// The run of the unit, of a conv.run or conv.again.
    pub run: Option<Box<Run>>,
}

/// A load or store. Masks and data are relative to the address: bit 0 is its byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Access {
    /// Address of the first byte, aligned or not.
    pub addr: u32,
    /// Bytes read: 1, 3 or 15 of a load.
    pub rmask: u8,
    /// Bytes written: 1, 3 or 15 of a store.
    pub wmask: u8,
    /// The bytes read, not extended; the others are 0.
    pub rdata: u32,
    /// The bytes written; the others are 0.
    pub wdata: u32,
}
