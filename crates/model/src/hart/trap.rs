//! Causes of traps, and which interrupt goes first.

/// mcause of an interrupt has this bit set.
pub(super) const INTERRUPT: u32 = 1 << 31;

pub(super) const SOFTWARE: u32 = 3;
pub(super) const TIMER: u32 = 7;
pub(super) const EXTERNAL: u32 = 11;

/// An exception: what an instruction that cannot be executed leaves in mcause and mtval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trap {
    /// mcause: 1 instruction access fault, 2 illegal instruction, 3 breakpoint, 4 load address
    /// misaligned (of the unit), 5 load access fault, 7 store access fault, 11 environment call.
    pub cause: u32,
    /// mtval.
    pub value: u32,
}

impl Trap {
    /// The fetch of the halfword at `addr` failed.
    pub(super) const fn fetch(addr: u32) -> Self {
        Self { cause: 1, value: addr }
    }

    pub(super) const fn illegal(insn: u32) -> Self {
        Self { cause: 2, value: insn }
    }

    pub(super) const fn breakpoint(pc: u32) -> Self {
        Self { cause: 3, value: pc }
    }

    pub(super) const fn load_misaligned(addr: u32) -> Self {
        Self { cause: 4, value: addr }
    }

    pub(super) const fn load(addr: u32) -> Self {
        Self { cause: 5, value: addr }
    }

    pub(super) const fn store(addr: u32) -> Self {
        Self { cause: 7, value: addr }
    }

    pub(super) const fn environment_call() -> Self {
        Self { cause: 11, value: 0 }
    }
}

/// The interrupt of `pending` that goes first: external before software before timer.
pub(super) fn first_interrupt(pending: u32) -> Option<u32> {
    [EXTERNAL, SOFTWARE, TIMER].into_iter().find(|cause| pending >> cause & 1 == 1)
}

/// The name of an interrupt's bit in mie, such as `MTIE`.
pub(super) const fn enable_name(cause: u32) -> &'static str {
    match cause {
        SOFTWARE => "MSIE",
        TIMER => "MTIE",
        _ => "MEIE",
    }
}
