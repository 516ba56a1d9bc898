//! Interrupts that the program itself asks for, and `wfi`.

use rand::Rng;

use super::writer::Writer;
use crate::instruction::{CsrOp, Instruction, SystemOp};
use crate::map::{self, csr};
use crate::program::Item;
use crate::runtime::{self, HANDLER, arm_timer, disarm_timer};

/// Cycles in which the trap handler surely returns, however slow the memory is: a timer with this
/// period leaves time for the program.
const PERIOD: u32 = 1200;

impl Writer<'_> {
    /// Something about interrupts.
    pub fn interrupt(&mut self) {
        match self.rng.random_range(0..12) {
            0..3 => {
                let [a, b] = self.targets();
                let cycles = self.cycles();
                self.constant(b, cycles);
                self.items_of(arm_timer(a, b));
            }
            3 | 4 => self.raise(map::MSIP),
            5 | 6 => self.raise(map::EXTERNAL),
            7 => self.enable(),
            8 | 9 => {
                let op = self.choose(&[CsrOp::Csrrsi, CsrOp::Csrrsi, CsrOp::Csrrci]);
                self.csr_bits(op, csr::MSTATUS, map::MSTATUS_MIE);
            }
            10 => self.mode(),
            _ => self.clock(),
        }
    }

    fn items_of(&mut self, items: Vec<Item>) {
        for item in items {
            self.push(item);
        }
    }

    /// Cycles until a timer interrupt: more often few than many.
    fn cycles(&mut self) -> u32 {
        let most = self.choose(&[4, 16, 64, 256, 1024]);
        self.rng.random_range(0..most)
    }

    /// A software or external interrupt.
    fn raise(&mut self, device: u32) {
        let [a, b] = self.targets();
        self.constant(a, device);
        // Only bit 0 counts.
        let value = self.choose(&[1, 1, 1, 0, u32::MAX, 0xffff_fffe]);
        self.constant(b, value);
        self.op(Instruction::sw(b, a, 0));
    }

    /// Which interrupts are enabled: mostly all.
    fn enable(&mut self) {
        let register = self.target();
        let value = match self.rng.random_range(0..4) {
            0 => self.rng.random(),
            1 => self.choose(&map::INTERRUPTS),
            _ => map::INTERRUPTS.iter().sum(),
        };
        self.constant(register, value);
        self.long(Instruction::csrw(csr::MIE, register));
    }

    /// Direct or vectored; bit 1 of mtvec stays 0 whatever is written.
    fn mode(&mut self) {
        let register = self.target();
        let addend = self.rng.random_range(0..4);
        self.push(Item::Address { rd: register, to: HANDLER, addend });
        self.long(Instruction::csrw(csr::MTVEC, register));
    }

    /// Sets the clock forth or back.
    fn clock(&mut self) {
        let [a, b] = self.targets();
        self.constant(a, map::MTIME);
        let value = self.choose(&[0, 1, 0xffff_ff00, 0x8000_0000, 12345]);
        self.constant(b, value);
        self.op(Instruction::sw(b, a, 0));
    }

    /// A `wfi` that an interrupt surely ends.
    pub fn wait(&mut self) {
        let [a, b] = self.targets();
        let asleep = self.chance(60);
        if asleep {
            // Nobody takes the interrupt, and withdraws it, before the program waits for it.
            self.csr_bits(CsrOp::Csrrci, csr::MSTATUS, map::MSTATUS_MIE);
        } else {
            // Taken before, it comes again.
            self.period(a, PERIOD);
        }
        self.constant(b, 1 << 7);
        self.long(Instruction::Csr { op: CsrOp::Csrrs, rd: 0, csr: csr::MIE, source: b });
        let cycles = self.cycles();
        self.constant(b, cycles);
        self.items_of(arm_timer(a, b));
        if !asleep {
            self.csr_bits(CsrOp::Csrrsi, csr::MSTATUS, map::MSTATUS_MIE);
        }
        self.long(Instruction::System { op: SystemOp::Wfi });
        if asleep {
            if self.chance(70) {
                self.csr_bits(CsrOp::Csrrsi, csr::MSTATUS, map::MSTATUS_MIE);
            }
        } else {
            self.period(a, 0);
            self.items_of(disarm_timer(a, b));
        }
    }

    fn period(&mut self, register: u8, cycles: u32) {
        self.constant(register, cycles);
        self.op(Instruction::sw(register, self.reserved.save, map::save::PERIOD));
    }

    /// Enables all interrupts, at a program's begin.
    pub fn enable_all(&mut self) {
        let register = self.target();
        self.constant(register, map::INTERRUPTS.iter().sum());
        self.long(Instruction::csrw(csr::MIE, register));
        self.push(runtime::csr_bits(CsrOp::Csrrsi, csr::MSTATUS, map::MSTATUS_MIE));
    }
}
