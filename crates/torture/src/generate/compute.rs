// SPDX-License-Identifier: MIT OR Apache-2.0
//! Arithmetic, loads and stores, the 16-bit forms, fences; hazards, where an instruction reads what one
//! shortly before has written; and ways for a value to come into a register.

use std::ops::Range;

use model::facts::csr;
use model::facts::soc::{
    ADDR_EXTERNAL, ADDR_MSIP, ADDR_MTIME, ADDR_MTIME_HI, ADDR_MTIMECMP, ADDR_MTIMECMP_HI, ADDR_UART,
};
use model::isa::{Format, Instruction, Op, Register};
use rand::Rng;

use super::writer::{Writer, any, edge};
use super::{
    ARITHMETIC, BRANCHES, CONV_OPS, CSR_OPS, CSR_REGISTER_OPS, IMMEDIATE_OPS, LOADS, MULDIV,
    REGISTER_OPS, STORES,
};
use crate::program::Item;

/// The registers that 16-bit loads and stores take.
const NARROW: Range<u8> = 8..16;
/// Distances that 32-bit loads and stores reach.
pub const REACH: Range<i32> = -2048..2048;

impl Writer<'_> {
    pub fn register_op(&mut self) {
        let op = self.choose(ARITHMETIC);
        let corners = self.chance(15);
        self.two_sources(op, corners);
    }

    pub fn muldiv(&mut self) {
        let op = self.choose(MULDIV);
        let corners = self.chance(30);
        self.two_sources(op, corners);
    }

    /// An operation of two registers, or of two values at the edges of their ranges.
    fn two_sources(&mut self, op: Op, corners: bool) {
        let [mut rs1, mut rs2] = [self.source(), self.source()];
        if corners {
            [rs1, rs2] = self.targets();
            for register in [rs1, rs2] {
                let value = edge(self.rng);
                self.constant(register, value);
            }
        }
        let rd = self.destination();
        self.op(Instruction::r(op, rd, rs1, rs2));
    }

    pub fn immediate_op(&mut self) {
        let op = self.choose(IMMEDIATE_OPS);
        let (rd, rs1) = (self.destination(), self.source());
        let immediate = self.immediate(op);
        self.op(Instruction::i(op, rd, rs1, immediate));
    }

    pub fn immediate(&mut self, op: Op) -> i32 {
        if op.format() == Format::Shift {
            return match self.rng.random_range(0..4) {
                0 => 0,
                1 => 31,
                _ => self.rng.random_range(0..32),
            };
        }
        match self.rng.random_range(0..8) {
            0 => 0,
            1 => -1,
            2 => -2048,
            3 => 2047,
            _ => self.rng.random_range(REACH),
        }
    }

    /// `lui`, `auipc`, or a constant.
    pub fn upper(&mut self) {
        let (rd, value) = (self.destination(), any(self.rng));
        match self.rng.random_range(0..3) {
            0 => self.op(Instruction::u(Op::Lui, rd, value)),
            1 => self.op(Instruction::u(Op::Auipc, rd, value)),
            _ => {
                let rd = self.target();
                self.constant(rd, value);
            }
        }
    }

    /// A load from the data area, often with a use right behind it.
    pub fn load(&mut self) {
        if self.chance(2) {
            return self.device_load();
        }
        let rd = self.destination();
        self.load_into(rd);
        if rd != 0 && self.chance(30) {
            let (other, target) = (self.source(), self.destination());
            let [rs1, rs2] = if self.chance(50) { [rd, other] } else { [other, rd] };
            self.r_op(REGISTER_OPS, target, rs1, rs2);
        }
    }

    /// A load from the data area into a register.
    pub fn load_into(&mut self, rd: Register) {
        let op = self.choose(LOADS);
        let addr = self.data_address(op.access_bytes());
        let (rs1, offset) = self.pointer(addr, REACH, 1..32);
        self.op(Instruction::i(op, rd, rs1, offset));
    }

    /// A load of what nobody can foresee, or of a device's register.
    fn device_load(&mut self) {
        #[rustfmt::skip]
        let devices = [
            ADDR_MTIME, ADDR_MTIME_HI, ADDR_MTIMECMP, ADDR_MTIMECMP_HI, ADDR_MSIP, ADDR_EXTERNAL, ADDR_UART,
        ];
        let addr = self.choose(&devices);
        let base = self.holding(addr);
        let rd = self.destination();
        self.op(Instruction::lw(rd, base, 0));
    }

    pub fn store(&mut self) {
        if self.chance(1) {
            let base = self.holding(ADDR_UART);
            let rs2 = self.source();
            return self.op(Instruction::sw(rs2, base, 0));
        }
        let op = self.choose(STORES);
        let addr = self.data_address(op.access_bytes());
        let (rs1, offset) = self.pointer(addr, REACH, 1..32);
        let rs2 = self.source();
        self.op(Instruction::s(op, rs1, rs2, offset));
        if self.chance(25) {
            self.load();
        }
    }

    /// A fence with anything in its fields, or `fence.i`.
    pub fn fence(&mut self) {
        let [rd, rs1] = [self.rng.random_range(0..32), self.rng.random_range(0..32)];
        let bits = self.rng.random_range(0..0x1000);
        match self.rng.random_range(0..3) {
            0 => self.fence_i(),
            1 => self.long(Instruction::i(Op::Fence, 0, 0, 0x0ff)),
            _ => self.long(Instruction::i(Op::Fence, rd, rs1, bits)),
        }
    }

    /// A 16-bit instruction, whatever the program's taste.
    pub fn short_form(&mut self) {
        let (rd, rs2) = (self.narrow_destination(), self.narrow_source());
        let small = self.rng.random_range(-32..32_i32);
        let shift = self.rng.random_range(1..32);
        let immediate = |op, immediate| Instruction::i(op, rd, rd, immediate);
        let register = |op| Instruction::r(op, rd, rd, rs2);
        let kind = self.rng.random_range(0..17);
        let instruction = match kind {
            0 => return self.short_load(),
            1 => return self.short_store(),
            2 => return self.stack_adjustment(),
            3 => Instruction::addi(self.target(), 0, small),
            4 => {
                let rd = self.target();
                Instruction::addi(rd, rd, if small == 0 { 1 } else { small })
            }
            5 => Instruction::u(Op::Lui, self.target(), (small << 12) as u32),
            6 => {
                let rd = self.target();
                Instruction::i(Op::Slli, rd, rd, shift)
            }
            7 => immediate(Op::Srli, shift),
            8 => immediate(Op::Srai, shift),
            9 => immediate(Op::Andi, small),
            10..14 => register([Op::Sub, Op::Xor, Op::Or, Op::And][kind - 10]),
            14 | 15 => {
                let (rd, rs2) = (self.target(), self.source().max(1));
                Instruction::r(Op::Add, rd, if kind == 14 { rd } else { 0 }, rs2)
            }
            _ => Instruction::addi(0, 0, 0),
        };
        self.push(Item::short(instruction));
    }

    fn short_load(&mut self) {
        let (stack, rs1, offset) = self.short_address();
        let rd = if stack { self.target() } else { self.narrow_destination() };
        self.push(Item::short(Instruction::lw(rd, rs1, offset)));
    }

    fn short_store(&mut self) {
        let (stack, rs1, offset) = self.short_address();
        let rs2 = if stack { self.source() } else { self.narrow_source() };
        self.push(Item::short(Instruction::sw(rs2, rs1, offset)));
    }

    /// The address of a word by the stack pointer, or by a register that 16-bit forms take.
    pub fn short_address(&mut self) -> (bool, Register, i32) {
        let addr = self.data_address(4) & !3;
        let stack = self.chance(50);
        let (reach, among) = if stack { (0..256, 2..3) } else { (0..128, NARROW) };
        let (rs1, offset) = self.pointer(addr, reach, among);
        (stack, rs1, offset)
    }

    /// `c.addi16sp` or `c.addi4spn`.
    fn stack_adjustment(&mut self) {
        let instruction = if self.chance(50) {
            let adjustment = 16 * self.rng.random_range(1..32) * self.choose(&[1, -1]);
            Instruction::addi(2, 2, adjustment)
        } else {
            let rd = self.narrow_destination();
            Instruction::addi(rd, 2, 4 * self.rng.random_range(1..256))
        };
        self.push(Item::short(instruction));
    }

    /// An encoding that the ISA manual reserves for hints: it does nothing.
    pub fn hint(&mut self) {
        let register = self.rng.random_range(1..32_u16);
        let immediate = self.rng.random_range(1..32_u16);
        let item = match self.rng.random_range(0..8) {
            // c.nop, c.li, c.lui, c.slli, c.mv, c.add of x0; c.slli by 0; a write of x0.
            0 => Item::Half { bits: 0x0001 | immediate << 2 },
            1 => Item::Half { bits: 0x4001 | immediate << 2 },
            2 => Item::Half { bits: 0x6001 | immediate << 2 },
            3 => Item::Half { bits: 0x0002 | immediate << 2 },
            4 => Item::Half { bits: 0x8002 | register << 2 },
            5 => Item::Half { bits: 0x9002 | register << 2 },
            6 => Item::Half { bits: 0x0002 | register << 7 },
            _ => Item::long(Instruction::r(Op::Add, 0, 0, 3)),
        };
        self.push(item);
    }
}

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
        if self.float && self.chance(25) {
            return self.float_to_integer(rd);
        }
        let (rs1, rs2) = (self.source(), self.source());
        match self.rng.random_range(0..6) {
            0 => self.r_op(ARITHMETIC, rd, rs1, rs2),
            1 => self.r_op(MULDIV, rd, rs1, rs2),
            2 => self.load_into(rd),
            3 => {
                let next = self.label();
                self.jump(rd, next);
                self.place(next);
            }
            4 => self.mscratch_op(CSR_OPS, rd, rs1),
            _ => {
                let op = self.choose(&[Op::ConvRead, Op::ConvClear, Op::ConvCarry]);
                let [rs1, rs2] = match op {
                    Op::ConvClear => [0, 0],
                    Op::ConvRead => [rs1, 0],
                    _ => [rs1, rs2],
                };
                self.long(Instruction::r(op, rd, rs1, rs2));
            }
        }
    }

    /// One instruction of one cycle.
    pub fn single(&mut self) {
        let (rd, rs1, rs2) = (self.destination(), self.source(), self.source());
        match self.rng.random_range(0..4) {
            0 => self.csr_simple(),
            1 => self.r_op(REGISTER_OPS, rd, rs1, rs2),
            _ => {
                let immediate = self.rng.random_range(-32..32);
                self.op(Instruction::addi(rd, rs1, immediate));
            }
        }
    }

    fn consumer(&mut self, register: Register) {
        if self.float && self.chance(15) {
            return self.integer_to_float(register);
        }
        let other = self.source();
        let [rs1, rs2] = if self.chance(50) { [register, other] } else { [other, register] };
        let rd = self.destination();
        match self.rng.random_range(0..42) {
            0..9 => {
                let op = self.choose(IMMEDIATE_OPS);
                let immediate = self.immediate(op);
                self.op(Instruction::i(op, rd, register, immediate));
            }
            9..27 => self.r_op(REGISTER_OPS, rd, rs1, rs2),
            27..33 => {
                let (op, end, short) = (self.choose(BRANCHES), self.label(), self.short());
                let rs2 = if short && self.chance(30) { 0 } else { rs2 };
                self.push(Item::Branch { op, rs1: register, rs2, to: end, short });
                self.perhaps(Self::single);
                self.place(end);
            }
            33..37 => self.mscratch_op(CSR_REGISTER_OPS, rd, register),
            _ => self.conv_consumer(register, other),
        }
    }

    /// An instruction of the unit that reads the register, but not as an address.
    fn conv_consumer(&mut self, register: Register, other: Register) {
        let with_sources = CONV_OPS.iter().filter(|op| op.format() != Format::Conv0);
        let op = self.choose(&with_sources.copied().collect::<Vec<_>>());
        let rd = self.destination();
        // Of the address 0 nothing is read.
        let rs2 = if matches!(op, Op::ConvConfig | Op::ConvCarry) { other } else { 0 };
        let [rs1, rs2] =
            if op == Op::ConvCarry && self.chance(50) { [rs2, register] } else { [register, rs2] };
        self.long(Instruction::r(op, rd, rs1, rs2));
    }
}

impl Writer<'_> {
    /// Passes the value of a register through a random unit of the core, back into the register,
    /// and lets a few instructions pass. Other registers than `kept` may change.
    pub fn launder(&mut self, register: Register, kept: &[Register]) {
        let value = self.value(register);
        let kept: Vec<_> = kept.iter().copied().chain([register]).collect();
        if self.float && self.chance(25) {
            self.through_float(register);
            self.know(register, value);
            return self.without(&kept, 2);
        }
        match self.rng.random_range(0..8) {
            0 => self.op(Instruction::addi(register, register, 0)),
            1 | 2 => self.through_muldiv(register, &kept),
            3 | 4 => self.through_memory(register, &kept),
            5 | 6 => self.through_csr(register),
            _ if !self.conv.passes(value) => self.through_csr(register),
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
        self.r_op(&[Op::Mul, Op::Div, Op::Divu], register, register, one);
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
        let op = self.choose(&[Op::Csrrw, Op::Csrrs, Op::Csrrc]);
        let source = if op == Op::Csrrw { self.source() } else { 0 };
        self.long(Instruction::csr(op, register, csr::MSCRATCH, source));
    }

    /// Something that the address behind a jump is good for: a word there that is never run is
    /// written and read, or a jump there that leads on.
    pub fn link_use(&mut self) {
        let (over, end) = (self.label(), self.label());
        let link = self.target();
        let short = self.short();
        self.push(Item::Jump { rd: link, to: over, short });
        if self.chance(50) {
            self.push(Item::Word { bits: u32::MAX });
            self.place(over);
            self.without(&[link], 2);
            self.use_link(link);
        } else {
            self.push(Item::Jump { rd: 0, to: end, short });
            self.place(over);
            self.without(&[link], 2);
            let rd = self.link_or_nothing();
            self.op(Instruction::i(Op::Jalr, rd, link, 0));
            self.never_run();
            self.place(end);
        }
    }

    fn use_link(&mut self, link: Register) {
        let (rd, other) = (self.destination(), self.source());
        let [rs1, rs2] = if self.chance(50) { [link, other] } else { [other, link] };
        if self.float && self.chance(20) {
            return self.float_access(link, 0);
        }
        match self.rng.random_range(0..8) {
            0..3 => {
                let op = self.choose(LOADS);
                self.op(Instruction::i(op, rd, link, 0));
            }
            3 | 4 => {
                let op = self.choose(STORES);
                self.op(Instruction::s(op, link, other, 0));
            }
            5 => self.mscratch_op(CSR_REGISTER_OPS, rd, link),
            _ => self.r_op(REGISTER_OPS, rd, rs1, rs2),
        }
    }
}
