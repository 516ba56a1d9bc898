//! One instruction writes a register, and another reads it one to three instructions later.

use rand::Rng;

use super::writer::Writer;
use crate::instruction::{BranchOp, ConvOp, CsrOp, ImmediateOp, Instruction, Register, RegisterOp};
use crate::map::csr;
use crate::program::Item;

impl Writer<'_> {
    /// Producer, up to two others, consumer.
    pub fn hazard(&mut self) {
        let register = self.target();
        self.producer(register);
        for _ in 0..self.rng.random_range(0..3) {
            self.attempt(|it| {
                it.single();
                it.items.last().is_some_and(|item| item.destination() != Some(register))
            });
        }
        self.consumer(register);
    }

    fn producer(&mut self, rd: Register) {
        let (rs1, rs2) = (self.source(), self.source());
        match self.rng.random_range(0..6) {
            0 => {
                let op = self.choose(&RegisterOp::ALL[..10]);
                self.op(Instruction::Register { op, rd, rs1, rs2 });
            }
            1 => {
                let op = self.choose(&RegisterOp::ALL[10..]);
                self.op(Instruction::Register { op, rd, rs1, rs2 });
            }
            2 => self.load_into(rd),
            3 => {
                let (next, short) = (self.label(), self.short());
                self.push(Item::Jump { rd, to: next, short });
                self.place(next);
            }
            4 => {
                let op = self.choose(CsrOp::ALL);
                self.long(Instruction::Csr { op, rd, csr: csr::MSCRATCH, source: rs1 });
            }
            _ => {
                let op = self.choose(&[ConvOp::Read, ConvOp::Clear, ConvOp::Carry]);
                let [rs1, rs2] = match op {
                    ConvOp::Clear => [0, 0],
                    ConvOp::Read => [rs1, 0],
                    _ => [rs1, rs2],
                };
                self.long(Instruction::Conv { op, rd, rs1, rs2 });
            }
        }
    }

    /// One instruction of one cycle.
    fn single(&mut self) {
        let (rd, rs1, rs2) = (self.destination(), self.source(), self.source());
        match self.rng.random_range(0..4) {
            0 => self.csr_simple(),
            1 => {
                let op = self.choose(RegisterOp::ALL);
                self.op(Instruction::Register { op, rd, rs1, rs2 });
            }
            _ => {
                let immediate = self.rng.random_range(-32..32);
                self.op(Instruction::addi(rd, rs1, immediate));
            }
        }
    }

    fn consumer(&mut self, register: Register) {
        let other = self.source();
        let [rs1, rs2] = if self.chance(50) { [register, other] } else { [other, register] };
        let rd = self.destination();
        match self.rng.random_range(0..42) {
            0..9 => {
                let op = self.choose(ImmediateOp::ALL);
                let immediate = self.immediate(op);
                self.op(Instruction::Immediate { op, rd, rs1: register, immediate });
            }
            9..27 => {
                let op = self.choose(RegisterOp::ALL);
                self.op(Instruction::Register { op, rd, rs1, rs2 });
            }
            27..33 => {
                let (op, end, short) = (self.choose(BranchOp::ALL), self.label(), self.short());
                let rs2 = if short && self.chance(30) { 0 } else { rs2 };
                self.push(Item::Branch { op, rs1: register, rs2, to: end, short });
                self.perhaps(Self::single);
                self.place(end);
            }
            33..37 => {
                let op = self.choose(&CsrOp::ALL[..3]);
                self.long(Instruction::Csr { op, rd, csr: csr::MSCRATCH, source: register });
            }
            _ => self.conv_consumer(register, other),
        }
    }

    /// An instruction of the unit that reads the register, but not as an address.
    fn conv_consumer(&mut self, register: Register, other: Register) {
        let op = self.choose(&ConvOp::ALL[..6]);
        let rd = self.destination();
        // Of the address 0 nothing is read.
        let rs2 = if matches!(op, ConvOp::Config | ConvOp::Carry) { other } else { 0 };
        let [rs1, rs2] =
            if op == ConvOp::Carry && self.chance(50) { [rs2, register] } else { [register, rs2] };
        self.long(Instruction::Conv { op, rd, rs1, rs2 });
    }
}
