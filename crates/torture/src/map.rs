//! Where a program and what it uses lie.

/// First address of the RAM, and of the program.
pub const RAM: u32 = 0x8000_0000;
/// Bytes of RAM.
pub const RAM_BYTES: u32 = 1 << 20;
/// First address behind the RAM.
pub const RAM_END: u32 = RAM + RAM_BYTES;

/// Words that the trap handler and the program's end use; [`save`] has the offsets.
pub const SAVE: u32 = RAM + 0x1_0000;
/// The intervals of the timer, up to a 0.
pub const INTERVALS: u32 = RAM + 0x1_0400;
/// A store of 1 here ends the program.
pub const TOHOST: u32 = RAM + 0x1_1000;
/// The words that loads, stores and the convolution unit work on.
pub const DATA: u32 = RAM + 0x1_2000;
/// Bytes of the data area.
pub const DATA_BYTES: u32 = 0x2000;

/// Offsets in the save area.
pub mod save {
    /// The two registers that the trap handler uses.
    pub const SCRATCH: [i32; 2] = [0, 4];
    /// Exceptions so far.
    pub const EXCEPTIONS: i32 = 8;
    /// Address of the timer's next interval.
    pub const INTERVAL: i32 = 12;
    /// While it is not 0 the timer goes on with this interval.
    pub const PERIOD: i32 = 16;
    /// All registers at the end, x0 first.
    pub const REGISTERS: i32 = 64;
}

/// Software interrupt: bit 0.
pub const MSIP: u32 = 0x0200_0000;
/// When the timer interrupt comes: lower word, then upper word.
pub const MTIMECMP: u32 = 0x0200_4000;
/// Clock cycles: lower word, then upper word.
pub const MTIME: u32 = 0x0200_bff8;
/// External interrupt: bit 0.
pub const EXTERNAL: u32 = 0x0c00_0000;
/// A store sends a byte.
pub const UART: u32 = 0x1000_0000;

/// Numbers of CSRs.
pub mod csr {
    #![allow(missing_docs, reason = "the names of the privileged ISA manual")]
    pub const MSTATUS: u16 = 0x300;
    pub const MISA: u16 = 0x301;
    pub const MIE: u16 = 0x304;
    pub const MTVEC: u16 = 0x305;
    pub const MSTATUSH: u16 = 0x310;
    pub const MCOUNTINHIBIT: u16 = 0x320;
    pub const MHPMEVENT3: u16 = 0x323;
    pub const MHPMEVENT31: u16 = 0x33f;
    pub const MSCRATCH: u16 = 0x340;
    pub const MEPC: u16 = 0x341;
    pub const MCAUSE: u16 = 0x342;
    pub const MTVAL: u16 = 0x343;
    pub const MIP: u16 = 0x344;
    pub const MCYCLE: u16 = 0xb00;
    pub const MINSTRET: u16 = 0xb02;
    pub const MHPMCOUNTER31: u16 = 0xb1f;
    pub const MCYCLEH: u16 = 0xb80;
    pub const MINSTRETH: u16 = 0xb82;
    pub const MHPMCOUNTER31H: u16 = 0xb9f;
    pub const CYCLE: u16 = 0xc00;
    pub const INSTRET: u16 = 0xc02;
    pub const CYCLEH: u16 = 0xc80;
    pub const INSTRETH: u16 = 0xc82;
    pub const MVENDORID: u16 = 0xf11;
    pub const MARCHID: u16 = 0xf12;
    pub const MIMPID: u16 = 0xf13;
    pub const MHARTID: u16 = 0xf14;
    pub const MCONFIGPTR: u16 = 0xf15;
}
/// `mstatus.MIE`, and the `mie` bits of software, timer and external interrupts.
pub const MSTATUS_MIE: u8 = 1 << 3;
/// The bits of `mie` and `mip`.
pub const INTERRUPTS: [u32; 3] = [1 << 3, 1 << 7, 1 << 11];
