//! Control and status registers.

use super::trap;

pub(super) const MSTATUS: u16 = 0x300;
pub(super) const MISA: u16 = 0x301;
pub(super) const MIE: u16 = 0x304;
pub(super) const MTVEC: u16 = 0x305;
pub(super) const MSTATUSH: u16 = 0x310;
pub(super) const MCOUNTINHIBIT: u16 = 0x320;
pub(super) const MHPMEVENT3: u16 = 0x323;
pub(super) const MHPMEVENT31: u16 = 0x33f;
pub(super) const MSCRATCH: u16 = 0x340;
pub(super) const MEPC: u16 = 0x341;
pub(super) const MCAUSE: u16 = 0x342;
pub(super) const MTVAL: u16 = 0x343;
pub(super) const MIP: u16 = 0x344;
pub(super) const MCYCLE: u16 = 0xb00;
pub(super) const MINSTRET: u16 = 0xb02;
pub(super) const MHPMCOUNTER3: u16 = 0xb03;
pub(super) const MHPMCOUNTER14: u16 = 0xb0e;
pub(super) const MHPMCOUNTER31: u16 = 0xb1f;
pub(super) const MCYCLEH: u16 = 0xb80;
pub(super) const MINSTRETH: u16 = 0xb82;
pub(super) const MHPMCOUNTER3H: u16 = 0xb83;
pub(super) const MHPMCOUNTER14H: u16 = 0xb8e;
pub(super) const MHPMCOUNTER31H: u16 = 0xb9f;
pub(super) const CYCLE: u16 = 0xc00;
pub(super) const INSTRET: u16 = 0xc02;
pub(super) const CYCLEH: u16 = 0xc80;
pub(super) const INSTRETH: u16 = 0xc82;
pub(super) const MVENDORID: u16 = 0xf11;
pub(super) const MARCHID: u16 = 0xf12;
pub(super) const MIMPID: u16 = 0xf13;
pub(super) const MHARTID: u16 = 0xf14;
pub(super) const MCONFIGPTR: u16 = 0xf15;

/// RV32, with C, I and M.
const MISA_VALUE: u32 = 0x4000_1104;
/// "CNVA".
const MIMPID_VALUE: u32 = 0x434e_5641;

/// mstatus: interrupts are enabled, and were before the trap.
const STATUS_MIE: u32 = 1 << 3;
const STATUS_MPIE: u32 = 1 << 7;
/// mstatus.MPP, the mode before the trap: always machine mode.
const STATUS_MPP: u32 = 3 << 11;

/// The bits of mie and mip that exist: software, timer and external interrupt.
const INTERRUPTS: u32 = 1 << trap::SOFTWARE | 1 << trap::TIMER | 1 << trap::EXTERNAL;

/// What an instruction counts is a mask with one bit a counter, in the order of the CSRs:
/// 0 cycles, 2 instructions, 3 to 14 the events.
pub(super) type Counts = u32;
pub(super) const COUNT_CYCLE: Counts = 1 << 0;
pub(super) const COUNT_INSTRUCTION: Counts = 1 << 2;
pub(super) const COUNT_LOAD: Counts = 1 << 9;
pub(super) const COUNT_STORE: Counts = 1 << 10;
pub(super) const COUNT_JUMP: Counts = 1 << 11;
pub(super) const COUNT_BRANCH: Counts = 1 << 12;
pub(super) const COUNT_TAKEN: Counts = 1 << 13;
pub(super) const COUNT_COMPRESSED: Counts = 1 << 14;
/// The counters that exist; the others of the 32 read 0.
const COUNTERS: Counts = 0x7ffd;

/// The registers themselves. What is read-only has no place here.
#[derive(Debug, Clone, Default)]
pub(super) struct Csrs {
    status: u32,
    enabled: u32,
    vector: u32,
    scratch: u32,
    epc: u32,
    cause: u32,
    value: u32,
    inhibited: Counts,
    counters: [u64; 32],
}

impl Csrs {
    /// The value of a CSR while the interrupt lines are `mip`; `None` if it does not exist.
    pub(super) fn read(&self, csr: u16, mip: u32) -> Option<u32> {
        let counter = self.counters[usize::from(csr & 31)];
        Some(match csr {
            MSTATUS => self.status | STATUS_MPP,
            MISA => MISA_VALUE,
            MIE => self.enabled,
            MTVEC => self.vector,
            MCOUNTINHIBIT => self.inhibited,
            MHPMEVENT3..=MHPMEVENT31 => {
                let event = u32::from(csr & 31);
                if COUNTERS >> event & 1 == 1 { event } else { 0 }
            }
            MSCRATCH => self.scratch,
            MEPC => self.epc,
            MCAUSE => self.cause,
            MTVAL => self.value,
            MIP => mip & INTERRUPTS,
            MCYCLE | MINSTRET..=MHPMCOUNTER31 | CYCLE | INSTRET => counter as u32,
            MCYCLEH | MINSTRETH..=MHPMCOUNTER31H | CYCLEH | INSTRETH => (counter >> 32) as u32,
            MIMPID => MIMPID_VALUE,
            MSTATUSH | MVENDORID | MARCHID | MHARTID | MCONFIGPTR => 0,
            _ => return None,
        })
    }

    /// Writes what is writable of a CSR that exists and is not read-only. Returns the counter that
    /// now has the written value.
    pub(super) fn write(&mut self, csr: u16, value: u32) -> Counts {
        let index = csr & 31;
        let written = 1 << index & COUNTERS;
        match csr {
            MSTATUS => self.status = value & (STATUS_MIE | STATUS_MPIE),
            MIE => self.enabled = value & INTERRUPTS,
            MTVEC => self.vector = value & !2,
            MCOUNTINHIBIT => self.inhibited = value & COUNTERS,
            MSCRATCH => self.scratch = value,
            MEPC => self.epc = value & !1,
            MCAUSE => self.cause = value & (1 << 31 | 31),
            MTVAL => self.value = value,
            MCYCLE | MINSTRET..=MHPMCOUNTER31 if written != 0 => {
                let counter = &mut self.counters[usize::from(index)];
                *counter = *counter >> 32 << 32 | u64::from(value);
                return written;
            }
            MCYCLEH | MINSTRETH..=MHPMCOUNTER31H if written != 0 => {
                let counter = &mut self.counters[usize::from(index)];
                *counter = *counter & 0xffff_ffff | u64::from(value) << 32;
                return written;
            }
            _ => {}
        }
        0
    }

    /// Which counters stand still.
    pub(super) const fn inhibited(&self) -> Counts {
        self.inhibited
    }

    /// One more on each of these counters.
    #[inline]
    pub(super) fn count(&mut self, mut counts: Counts) {
        while counts != 0 {
            let counter = &mut self.counters[counts.trailing_zeros() as usize];
            *counter = counter.wrapping_add(1);
            counts &= counts - 1;
        }
    }

    /// mie.
    pub(super) const fn enabled(&self) -> u32 {
        self.enabled
    }

    /// mstatus.MIE.
    pub(super) const fn interruptible(&self) -> bool {
        self.status & STATUS_MIE != 0
    }

    /// Enters a trap of the instruction at `pc`. Returns the handler's address.
    pub(super) fn enter_trap(&mut self, cause: u32, value: u32, pc: u32) -> u32 {
        let was_enabled = if self.interruptible() { STATUS_MPIE } else { 0 };
        self.status = was_enabled;
        self.epc = pc;
        self.cause = cause;
        self.value = value;
        let base = self.vector & !3;
        let vectored = self.vector & 1 == 1 && cause & trap::INTERRUPT != 0;
        if vectored { base.wrapping_add(4 * (cause & !trap::INTERRUPT)) } else { base }
    }

    /// mret. Returns the address to go on at.
    pub(super) fn leave_trap(&mut self) -> u32 {
        let was_enabled = if self.status & STATUS_MPIE != 0 { STATUS_MIE } else { 0 };
        self.status = STATUS_MPIE | was_enabled;
        self.epc
    }
}

/// Whether an instruction that writes this CSR is illegal.
pub(super) const fn is_read_only(csr: u16) -> bool {
    csr >> 10 == 3
}

/// Whether the value of this CSR depends on time, so that the reference has to be told it.
pub(super) const fn depends_on_time(csr: u16) -> bool {
    matches!(
        csr,
        MIP | MCYCLE | MCYCLEH | CYCLE | CYCLEH
            | MHPMCOUNTER3..=MHPMCOUNTER14
            | MHPMCOUNTER3H..=MHPMCOUNTER14H
    )
}

/// The name in assembly text; the number if it does not exist.
pub(super) fn name(csr: u16) -> String {
    let name = match csr {
        MSTATUS => "mstatus",
        MISA => "misa",
        MIE => "mie",
        MTVEC => "mtvec",
        MSTATUSH => "mstatush",
        MCOUNTINHIBIT => "mcountinhibit",
        MSCRATCH => "mscratch",
        MEPC => "mepc",
        MCAUSE => "mcause",
        MTVAL => "mtval",
        MIP => "mip",
        MCYCLE => "mcycle",
        MINSTRET => "minstret",
        MCYCLEH => "mcycleh",
        MINSTRETH => "minstreth",
        CYCLE => "cycle",
        INSTRET => "instret",
        CYCLEH => "cycleh",
        INSTRETH => "instreth",
        MVENDORID => "mvendorid",
        MARCHID => "marchid",
        MIMPID => "mimpid",
        MHARTID => "mhartid",
        MCONFIGPTR => "mconfigptr",
        MHPMEVENT3..=MHPMEVENT31 => return format!("mhpmevent{}", csr & 31),
        MHPMCOUNTER3..=MHPMCOUNTER31 => return format!("mhpmcounter{}", csr & 31),
        MHPMCOUNTER3H..=MHPMCOUNTER31H => return format!("mhpmcounter{}h", csr & 31),
        _ => return format!("{csr:#x}"),
    };
    name.to_owned()
}
