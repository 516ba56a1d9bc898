//! Ways for a value to come into a register: what reads it then waits for another part of the core.

use rand::Rng;

use super::writer::Writer;
use crate::instruction::{CsrOp, Instruction, LoadOp, Register, RegisterOp, StoreOp};
use crate::map::csr;
use crate::program::Item;

/// Distances that 32-bit loads and stores reach.
const REACH: std::ops::Range<i32> = -2048..2048;

impl Writer<'_> {
    /// Passes the value of a register through a random unit of the core, back into the register,
    /// and lets a few instructions pass. Other registers than `kept` may change.
    pub fn launder(&mut self, register: Register, kept: &[Register]) {
        let value = self.value(register);
        let kept: Vec<_> = kept.iter().copied().chain([register]).collect();
        match self.rng.random_range(0..8) {
            0 => self.op(Instruction::addi(register, register, 0)),
            1 | 2 => self.through_muldiv(register, &kept),
            3 | 4 => self.through_memory(register, &kept),
            5 | 6 => self.through_csr(register),
            _ => self.through_unit(register, &kept),
        }
        self.know(register, value);
        self.without(&kept, 2);
    }

    /// Another register than these, other than x0, to write.
    pub fn other_than(&mut self, registers: &[Register]) -> Register {
        loop {
            let register = self.target();
            if !registers.contains(&register) {
                return register;
            }
        }
    }

    fn through_muldiv(&mut self, register: Register, kept: &[Register]) {
        let one = self.other_than(kept);
        self.constant(one, 1);
        let op = self.choose(&[RegisterOp::Mul, RegisterOp::Div, RegisterOp::Divu]);
        self.op(Instruction::Register { op, rd: register, rs1: register, rs2: one });
    }

    fn through_memory(&mut self, register: Register, kept: &[Register]) {
        let addr = self.data_address(4);
        let base = self.other_than(kept);
        let offset = self.rng.random_range(REACH);
        self.constant(base, addr.wrapping_sub(offset as u32));
        self.op(Instruction::sw(register, base, offset));
        self.op(Instruction::lw(register, base, offset));
    }

    fn through_csr(&mut self, register: Register) {
        self.long(Instruction::csrw(csr::MSCRATCH, register));
        let op = self.choose(&[CsrOp::Csrrw, CsrOp::Csrrs, CsrOp::Csrrc]);
        let source = if op == CsrOp::Csrrw { self.source() } else { 0 };
        self.long(Instruction::Csr { op, rd: register, csr: csr::MSCRATCH, source });
    }

    /// Something that the address behind a jump is good for: a word there that is never run is
    /// written and read, or a jump there that leads on.
    pub fn link_use(&mut self) {
        let (over, end) = (self.label(), self.label());
        let link = self.target();
        let short = self.short();
        self.push(Item::Jump { rd: link, to: over, short });
        if self.chance(50) {
            self.long(Instruction::Word { bits: u32::MAX });
            self.place(over);
            self.without(&[link], 2);
            self.use_link(link);
        } else {
            self.push(Item::Jump { rd: 0, to: end, short });
            self.place(over);
            self.without(&[link], 2);
            let rd = self.link_or_nothing();
            self.op(Instruction::Jalr { rd, rs1: link, offset: 0 });
            self.never_run();
            self.place(end);
        }
    }

    fn use_link(&mut self, link: Register) {
        let (rd, other) = (self.destination(), self.source());
        let [rs1, rs2] = if self.chance(50) { [link, other] } else { [other, link] };
        match self.rng.random_range(0..8) {
            0..3 => {
                let op = self.choose(LoadOp::ALL);
                self.op(Instruction::Load { op, rd, rs1: link, offset: 0 });
            }
            3 | 4 => {
                let op = self.choose(StoreOp::ALL);
                self.op(Instruction::Store { op, rs1: link, rs2: other, offset: 0 });
            }
            5 => {
                let op = self.choose(&CsrOp::ALL[..3]);
                self.long(Instruction::Csr { op, rd, csr: csr::MSCRATCH, source: link });
            }
            _ => {
                let op = self.choose(RegisterOp::ALL);
                self.op(Instruction::Register { op, rd, rs1, rs2 });
            }
        }
    }
}
