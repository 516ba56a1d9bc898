// SPDX-License-Identifier: MIT OR Apache-2.0
//! What one instruction did, and how it trapped.

use super::conv::Run;
use crate::facts::riscv::{
    CAUSE_BREAKPOINT, CAUSE_ECALL_M, CAUSE_ILLEGAL, CAUSE_INSTR_ACCESS, CAUSE_LOAD_ACCESS,
    CAUSE_LOAD_MISALIGNED, CAUSE_STORE_ACCESS, IRQ_EXTERNAL, IRQ_SOFTWARE, IRQ_TIMER,
};

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

/// An exception: what an instruction that cannot be executed leaves in mcause and mtval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trap {
    /// mcause.
    pub cause: u32,
    /// mtval.
    pub value: u32,
}

impl Trap {
    /// The fetch of the halfword at `addr` failed.
    pub(super) const fn fetch(addr: u32) -> Self {
        Self { cause: CAUSE_INSTR_ACCESS, value: addr }
    }

    pub(super) const fn illegal(insn: u32) -> Self {
        Self { cause: CAUSE_ILLEGAL, value: insn }
    }

    pub(super) const fn breakpoint(pc: u32) -> Self {
        Self { cause: CAUSE_BREAKPOINT, value: pc }
    }

    pub(super) const fn load_misaligned(addr: u32) -> Self {
        Self { cause: CAUSE_LOAD_MISALIGNED, value: addr }
    }

    pub(super) const fn load(addr: u32) -> Self {
        Self { cause: CAUSE_LOAD_ACCESS, value: addr }
    }

    pub(super) const fn store(addr: u32) -> Self {
        Self { cause: CAUSE_STORE_ACCESS, value: addr }
    }

    pub(super) const fn environment_call() -> Self {
        Self { cause: CAUSE_ECALL_M, value: 0 }
    }
}

/// The interrupt of `pending` that goes first: external before software before timer.
pub(super) fn first_interrupt(pending: u32) -> Option<u32> {
    [IRQ_EXTERNAL, IRQ_SOFTWARE, IRQ_TIMER].into_iter().find(|cause| pending >> cause & 1 == 1)
}
