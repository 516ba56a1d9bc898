// SPDX-License-Identifier: MIT OR Apache-2.0
//! Control and status registers: what the table in [`facts`](crate::facts::csr) holds.

use super::lockstep::first_interrupt;
use crate::facts::csr::{
    CSRS, Content, FCSR, FRM, MCAUSE, MCOUNTINHIBIT, MEPC, MIE, MISA, MSTATUS, MTVAL, MTVEC,
    is_read_only,
};
use crate::facts::riscv::{
    CAUSE_INTERRUPT, COUNTER_INSTRET, COUNTERS, IRQ_EXTERNAL, IRQ_SOFTWARE, IRQ_TIMER, MISA_FLOAT,
    MSTATUS_FS, MSTATUS_MIE, MSTATUS_MPIE, MSTATUS_MPP, MSTATUS_SD,
};

/// What an instruction counts: one bit per counter, by its number.
pub(super) type Counts = u32;

const NO_ROW: u8 = u8::MAX;

/// The row of [`CSRS`] of each number.
static ROWS: [u8; 0x1000] = {
    let mut rows = [NO_ROW; 0x1000];
    let mut row = 0;
    while row < CSRS.len() {
        let mut number = CSRS[row].number;
        while number <= CSRS[row].last {
            rows[number as usize] = row as u8;
            number += 1;
        }
        row += 1;
    }
    rows
};

const fn row(number: u16) -> usize {
    let mut row = 0;
    while CSRS[row].number != number {
        row += 1;
    }
    row
}

const STATUS: usize = row(MSTATUS);
const ENABLED: usize = row(MIE);
const VECTOR: usize = row(MTVEC);
const INHIBITED: usize = row(MCOUNTINHIBIT);
const EPC: usize = row(MEPC);
const CAUSE: usize = row(MCAUSE);
const VALUE: usize = row(MTVAL);

const INTERRUPTS: u32 = 1 << IRQ_SOFTWARE | 1 << IRQ_TIMER | 1 << IRQ_EXTERNAL;

/// The row whose register holds the bits of all float CSRs.
const FLOAT: usize = row(FCSR);

#[derive(Debug, Clone)]
pub(super) struct Csrs {
    /// Whether the hart has F.
    float: bool,
    /// One per row of [`CSRS`]; used of those that are registers.
    registers: [u32; CSRS.len()],
    counters: [u64; 32],
}

impl Csrs {
    /// Those of a hart after reset, which has F or not.
    pub(super) fn new(float: bool) -> Self {
        let reset = |row: usize| match CSRS[row].content {
            Content::Register { reset, .. } => reset,
            _ => 0,
        };
        Self { float, registers: std::array::from_fn(reset), counters: [0; 32] }
    }

    /// The value of a CSR while the interrupt lines are `mip`; `None` if it does not exist.
    pub(super) fn read(&self, number: u16, mip: u32) -> Option<u32> {
        let row = usize::from(ROWS[usize::from(number)]);
        let counter = self.counters[usize::from(number & 31)];
        Some(match CSRS.get(row)?.content {
            Content::Constant(_) if self.float && number == MISA => MISA_FLOAT,
            Content::Constant(value) => value,
            Content::Register { .. } if row == STATUS => {
                let status = self.registers[STATUS];
                if status & MSTATUS_FS == MSTATUS_FS { status | MSTATUS_SD } else { status }
            }
            Content::Register { .. } => self.registers[row],
            Content::Float { .. } if !self.float => return None,
            Content::Float { lowest, mask } => self.registers[FLOAT] >> lowest & mask,
            Content::Pending => mip & INTERRUPTS,
            Content::Event if counts(number) == 0 => 0,
            Content::Event => u32::from(number & 31),
            Content::CounterLow => counter as u32,
            Content::CounterHigh => (counter >> 32) as u32,
        })
    }

    /// Writes what is writable of a CSR that exists. Returns the counter that now has the written
    /// value.
    pub(super) fn write(&mut self, number: u16, value: u32) -> Counts {
        let row = usize::from(ROWS[usize::from(number)]);
        let (counter, written) = (&mut self.counters[usize::from(number & 31)], counts(number));
        match CSRS[row].content {
            Content::Float { lowest, mask } => {
                let others = self.registers[FLOAT] & !(mask << lowest);
                self.registers[FLOAT] = others | (value & mask) << lowest;
                self.registers[STATUS] |= MSTATUS_FS;
            }
            Content::Register { reset, writable } => {
                let float = if self.float && row == STATUS { MSTATUS_FS } else { 0 };
                let writable = writable | float;
                self.registers[row] = value & writable | reset & !writable;
            }
            Content::CounterLow if written != 0 => {
                *counter = *counter >> 32 << 32 | u64::from(value);
                return written;
            }
            Content::CounterHigh if written != 0 => {
                *counter = *counter & 0xffff_ffff | u64::from(value) << 32;
                return written;
            }
            _ => {}
        }
        0
    }

    /// What an access makes of a CSR: `write` gives the new value from the old one, if it writes.
    /// Returns the old value and the counter that was written; `None` if it is illegal. `fed` is
    /// the old value of what depends on time.
    pub(super) fn access(
        &mut self,
        number: u16,
        mip: u32,
        fed: Option<u32>,
        write: impl FnOnce(u32) -> Option<u32>,
    ) -> Option<(u32, Counts)> {
        let known = self.read(number, mip)?;
        if CSRS[usize::from(ROWS[usize::from(number)])].is_float() && self.floats_are_off() {
            return None;
        }
        let old = fed.filter(|_| depends_on_time(number)).unwrap_or(known);
        match write(old) {
            None => Some((old, 0)),
            Some(_) if is_read_only(number) => None,
            Some(new) => Some((old, self.write(number, new))),
        }
    }

    /// Whether mstatus.FS is 0, so that nothing may use a float register or a float CSR.
    pub(super) const fn floats_are_off(&self) -> bool {
        self.registers[STATUS] & MSTATUS_FS == 0
    }

    /// The number in frm, which may be a reserved one.
    pub(super) fn rounding_mode(&self) -> u8 {
        self.read(FRM, 0).unwrap_or_default() as u8
    }

    /// Notes that an instruction wrote a float register or raised flags.
    pub(super) const fn raise(&mut self, flags: u32) {
        self.registers[FLOAT] |= flags;
        self.registers[STATUS] |= MSTATUS_FS;
    }

    #[inline]
    pub(super) const fn inhibited(&self) -> Counts {
        self.registers[INHIBITED]
    }

    #[inline]
    pub(super) fn count(&mut self, mut counts: Counts) {
        while counts != 0 {
            let counter = &mut self.counters[counts.trailing_zeros() as usize];
            *counter = counter.wrapping_add(1);
            counts &= counts - 1;
        }
    }

    #[inline]
    pub(super) const fn enabled(&self) -> u32 {
        self.registers[ENABLED]
    }

    /// The interrupt that is taken while these lines are up, if mstatus.MIE is set.
    #[inline]
    pub(super) fn due(&self, mip: u32) -> Option<u32> {
        first_interrupt(mip & self.enabled()).filter(|_| self.interruptible())
    }

    #[inline]
    pub(super) const fn interruptible(&self) -> bool {
        self.registers[STATUS] & MSTATUS_MIE != 0
    }

    /// Enters a trap of the instruction at `pc`. Returns the handler's address.
    pub(super) fn enter_trap(&mut self, cause: u32, value: u32, pc: u32) -> u32 {
        let was_enabled = if self.interruptible() { MSTATUS_MPIE } else { 0 };
        let float = self.registers[STATUS] & MSTATUS_FS;
        self.registers[STATUS] = MSTATUS_MPP | float | was_enabled;
        self.registers[EPC] = pc;
        self.registers[CAUSE] = cause;
        self.registers[VALUE] = value;
        let (base, mode) = (self.registers[VECTOR] & !3, self.registers[VECTOR] & 1);
        let vectored = mode == 1 && cause & CAUSE_INTERRUPT != 0;
        if vectored { base.wrapping_add(4 * (cause & !CAUSE_INTERRUPT)) } else { base }
    }

    /// mret. Returns the address to go on at.
    pub(super) fn leave_trap(&mut self) -> u32 {
        let was_enabled = if self.registers[STATUS] & MSTATUS_MPIE != 0 { MSTATUS_MIE } else { 0 };
        let float = self.registers[STATUS] & MSTATUS_FS;
        self.registers[STATUS] = MSTATUS_MPP | float | MSTATUS_MPIE | was_enabled;
        self.registers[EPC]
    }
}

/// The counter of a CSR, if it exists.
const fn counts(number: u16) -> Counts {
    1 << (number & 31) & COUNTERS
}

/// Whether the value of this CSR depends on time, so that the reference has to be told it.
fn depends_on_time(number: u16) -> bool {
    match CSRS.get(usize::from(ROWS[usize::from(number)])).map(|row| row.content) {
        Some(Content::Pending) => true,
        Some(Content::CounterLow | Content::CounterHigh) => {
            counts(number) & !(1 << COUNTER_INSTRET) != 0
        }
        _ => false,
    }
}
