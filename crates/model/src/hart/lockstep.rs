// SPDX-License-Identifier: MIT OR Apache-2.0
//! What passes between the reference and a device under test (DUT): what it is fed, what an
//! instruction must have done, and how the two disagree.

use super::conv::Run;
use crate::facts::riscv::{IRQ_EXTERNAL, IRQ_SOFTWARE, IRQ_TIMER};

/// What the reference cannot know by itself and takes from the DUT, for one instruction. The
/// default is a hart that stands alone: it has its own devices, and its mtime and mcycle count
/// instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Feed {
    /// mip when the DUT decided on an interrupt: on the one that it took before the instruction, or
    /// else for the instruction itself; of a wfi, when it ended. `None`: the interrupt lines of the
    /// reference's own devices, which then decides on interrupts itself.
    pub mip: Option<u32>,
    /// The DUT took an interrupt before the instruction.
    pub interrupt: bool,
    /// What the DUT read where that depends on time: the bytes of a load from mtime or from the
    /// external interrupt, zero-extended; rd of a CSR instruction on mip, mcycle(h), cycle(h) or
    /// mhpmcounter3(h) to 14(h); rd of a conv.read of the counters 21 to 26. It is not looked at
    /// for other instructions. `None`: as the reference stands alone, which also holds for what the
    /// unit reads.
    pub read: Option<u32>,
}

/// An instruction that was executed, or trapped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Retire {
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
    /// The float register written, 0 to 31, and its new value.
    pub float_rd: Option<(u8, u32)>,
    /// The float flags that it raised, as fflags has them, whether they were set already or not.
    pub flags: u32,
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

/// The DUT did something about interrupts that its mip does not justify, or the reference waits for
/// an interrupt that cannot come. The reference is as before the instruction at `pc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    #[error("the DUT took an interrupt before {pc:#010x} but mstatus.MIE is 0")]
    Disabled { pc: u32 },
    #[error("the DUT took an interrupt before {pc:#010x} but its mip is 0")]
    NotPending { pc: u32 },
    /// An interrupt while only others than the enabled ones are pending; `cause` is the first of them.
    #[error("the DUT took the interrupt {cause} before {pc:#010x} but mie.{} is 0", enable_name(*.cause))]
    NotEnabled { pc: u32, cause: u32 },
    #[error("the DUT executed {pc:#010x} but had to take the interrupt {cause} before")]
    Ignored { pc: u32, cause: u32 },
    #[error("the DUT took an interrupt before {pc:#010x} but its mip is not known")]
    NoMip { pc: u32 },
    #[error(
        "the DUT finished the wfi at {pc:#010x} but no interrupt of mie = {mie:#x} is pending in its mip = {mip:#x}"
    )]
    Awake { pc: u32, mie: u32, mip: u32 },
    /// A hart that stands alone waits for ever.
    #[error("the wfi at {pc:#010x} waits for ever: no interrupt of mie = {mie:#x} can come")]
    Asleep { pc: u32, mie: u32 },
}

/// The name of an interrupt's bit in mie, such as `MTIE`.
const fn enable_name(cause: u32) -> &'static str {
    match cause {
        IRQ_SOFTWARE => "MSIE",
        IRQ_TIMER => "MTIE",
        _ => "MEIE",
    }
}

/// The interrupt of `pending` that goes first: external before software before timer.
pub(super) fn first_interrupt(pending: u32) -> Option<u32> {
    [IRQ_EXTERNAL, IRQ_SOFTWARE, IRQ_TIMER].into_iter().find(|cause| pending >> cause & 1 == 1)
}
