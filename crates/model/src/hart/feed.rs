// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the reference takes from the device under test (DUT), and how it disagrees.

use crate::facts::riscv::{IRQ_SOFTWARE, IRQ_TIMER};

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

/// The DUT did something about interrupts that its mip does not justify, or the reference waits for
/// an interrupt that cannot come. The reference is as before the instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// An interrupt while mstatus.MIE is 0.
    #[error("the DUT took an interrupt before {pc:#010x} but mstatus.MIE is 0")]
    Disabled {
        /// The instruction that it did not get to.
        pc: u32,
    },
    /// An interrupt while none is pending.
    #[error("the DUT took an interrupt before {pc:#010x} but its mip is 0")]
    NotPending {
        /// The instruction that it did not get to.
        pc: u32,
    },
    /// An interrupt while only others than the enabled ones are pending.
    #[error("the DUT took the interrupt {cause} before {pc:#010x} but mie.{} is 0", enable_name(*.cause))]
    NotEnabled {
        /// The instruction that it did not get to.
        pc: u32,
        /// The pending interrupt, the one of the highest priority.
        cause: u32,
    },
    /// No interrupt while one is pending and enabled.
    #[error("the DUT executed {pc:#010x} but had to take the interrupt {cause} before")]
    Ignored {
        /// The instruction.
        pc: u32,
        /// The interrupt.
        cause: u32,
    },
    /// An interrupt without the mip that would justify it.
    #[error("the DUT took an interrupt before {pc:#010x} but its mip is not known")]
    NoMip {
        /// The instruction that it did not get to.
        pc: u32,
    },
    /// A wfi that ends while no enabled interrupt is pending.
    #[error(
        "the DUT finished the wfi at {pc:#010x} but no interrupt of mie = {mie:#x} is pending in its mip = {mip:#x}"
    )]
    Awake {
        /// The wfi.
        pc: u32,
        /// The interrupts that would end it.
        mie: u32,
        /// The pending interrupts.
        mip: u32,
    },
    /// A hart that stands alone waits for ever.
    #[error("the wfi at {pc:#010x} waits for ever: no interrupt of mie = {mie:#x} can come")]
    Asleep {
        /// The wfi.
        pc: u32,
        /// The interrupts that would end it.
        mie: u32,
    },
}

/// The name of an interrupt's bit in mie, such as `MTIE`.
const fn enable_name(cause: u32) -> &'static str {
    match cause {
        IRQ_SOFTWARE => "MSIE",
        IRQ_TIMER => "MTIE",
        _ => "MEIE",
    }
}
