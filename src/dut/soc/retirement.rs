//! What the system tells of an instruction that has retired: its RISC-V Formal Interface.

/// One retired instruction. An instruction that traps retires too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retirement {
    /// The clock cycle, from the reset on, behind which it was reported.
    pub cycle: u64,
    /// Its number: 0 for the first after the reset.
    pub order: u64,
    /// The instruction as it is in memory; a compressed one has 16 bits.
    pub insn: u32,
    /// It trapped.
    pub trap: bool,
    /// It is the first of an interrupt's handler.
    pub interrupt: bool,
    /// Its address.
    pub pc: u32,
    /// Address of the next one; of the handler if it trapped.
    pub next_pc: u32,
    /// The register it writes, 0 for none.
    pub rd: u8,
    /// What it writes to that.
    pub rd_value: u32,
    /// Byte address of its memory access.
    pub mem_addr: u32,
    /// Bytes it reads, from that address on: 0, 1, 3 or 15.
    pub mem_rmask: u8,
    /// Bytes it writes, alike.
    pub mem_wmask: u8,
    /// The bytes read; others are 0.
    pub mem_rdata: u32,
    /// The bytes written; others are 0.
    pub mem_wdata: u32,
    /// `mip` when it was decided whether an interrupt takes its place, or, of the first
    /// instruction of a handler, when that interrupt was taken.
    pub mip: u32,
    /// `mcause` of its trap, or else of the interrupt.
    pub cause: u32,
}

/// The results of the last run of the unit that ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LastRun {
    /// The outputs; those that the tile does not have are 0.
    pub outputs: [i32; 4],
    /// S_max of each output, in units of 2^−LOG_FRAC.
    pub s_max: [Option<u32>; 4],
    /// The products multiplied of each output: bit `row · KERNEL + column`.
    pub keep: [u64; 4],
}
