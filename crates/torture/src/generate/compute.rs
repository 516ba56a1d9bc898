//! Arithmetic, loads and stores, the 16-bit forms, fences.

use rand::Rng;

use super::values;
use super::writer::Writer;
use crate::instruction::{ImmediateOp, Instruction, LoadOp, Register, RegisterOp, StoreOp};
use crate::map;
use crate::program::Item;

/// The registers that 16-bit loads and stores take.
const NARROW: std::ops::Range<u8> = 8..16;
/// Distances that 32-bit loads and stores reach.
const REACH: std::ops::Range<i32> = -2048..2048;

impl Writer<'_> {
    pub fn register_op(&mut self) {
        let op = self.choose(&RegisterOp::ALL[..10]);
        let corners = self.chance(15);
        self.two_sources(op, corners);
    }

    pub fn muldiv(&mut self) {
        let op = self.choose(&RegisterOp::ALL[10..]);
        let corners = self.chance(30);
        self.two_sources(op, corners);
    }

    /// An operation of two registers, or of two values at the edges of their ranges.
    fn two_sources(&mut self, op: RegisterOp, corners: bool) {
        let [mut rs1, mut rs2] = [self.source(), self.source()];
        if corners {
            [rs1, rs2] = self.targets();
            for register in [rs1, rs2] {
                let value = values::edge(self.rng);
                self.constant(register, value);
            }
        }
        let rd = self.destination();
        self.op(Instruction::Register { op, rd, rs1, rs2 });
    }

    pub fn immediate_op(&mut self) {
        let op = self.choose(ImmediateOp::ALL);
        let (rd, rs1) = (self.destination(), self.source());
        let immediate = self.immediate(op);
        self.op(Instruction::Immediate { op, rd, rs1, immediate });
    }

    pub fn immediate(&mut self, op: ImmediateOp) -> i32 {
        if op.is_shift() {
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
        let (rd, value) = (self.destination(), values::any(self.rng));
        match self.rng.random_range(0..3) {
            0 => self.op(Instruction::Lui { rd, value }),
            1 => self.op(Instruction::Auipc { rd, value }),
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
            let op = self.choose(RegisterOp::ALL);
            self.op(Instruction::Register { op, rd: target, rs1, rs2 });
        }
    }

    /// A load from the data area into a register.
    pub fn load_into(&mut self, rd: Register) {
        let op = self.choose(LoadOp::ALL);
        let addr = self.data_address(op.bytes());
        let (rs1, offset) = self.pointer(addr, REACH, 1..32);
        self.op(Instruction::Load { op, rd, rs1, offset });
    }

    /// A load of what nobody can foresee, or of a device's register.
    fn device_load(&mut self) {
        let devices = [
            map::MTIME,
            map::MTIME + 4,
            map::MTIMECMP,
            map::MTIMECMP + 4,
            map::MSIP,
            map::EXTERNAL,
            map::UART,
        ];
        let addr = self.choose(&devices);
        let base = self.target();
        self.constant(base, addr);
        let rd = self.destination();
        self.op(Instruction::lw(rd, base, 0));
    }

    pub fn store(&mut self) {
        if self.chance(1) {
            let base = self.target();
            self.constant(base, map::UART);
            let rs2 = self.source();
            return self.op(Instruction::sw(rs2, base, 0));
        }
        let op = self.choose(StoreOp::ALL);
        let addr = self.data_address(op.bytes());
        let (rs1, offset) = self.pointer(addr, REACH, 1..32);
        let rs2 = self.source();
        self.op(Instruction::Store { op, rs1, rs2, offset });
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
            1 => self.long(Instruction::Fence { rd: 0, rs1: 0, bits: 0x0ff }),
            _ => self.long(Instruction::Fence { rd, rs1, bits }),
        }
    }

    /// A 16-bit instruction, whatever the program's taste.
    pub fn short_form(&mut self) {
        let (rd, rs2) = (self.narrow_destination(), self.narrow_source());
        let small = self.rng.random_range(-32..32_i32);
        let shift = self.rng.random_range(1..32);
        let immediate = |op, immediate| Instruction::Immediate { op, rd, rs1: rd, immediate };
        let register = |op| Instruction::Register { op, rd, rs1: rd, rs2 };
        let instruction = match self.rng.random_range(0..17) {
            0 => return self.short_load(),
            1 => return self.short_store(),
            2 => return self.stack_adjustment(),
            3 => {
                let rd = self.target();
                Instruction::addi(rd, 0, small)
            }
            4 => {
                let rd = self.target();
                Instruction::addi(rd, rd, if small == 0 { 1 } else { small })
            }
            5 => {
                let rd = self.target();
                Instruction::Lui { rd, value: (small << 12) as u32 }
            }
            6 => {
                let rd = self.target();
                Instruction::Immediate { op: ImmediateOp::Slli, rd, rs1: rd, immediate: shift }
            }
            7 => immediate(ImmediateOp::Srli, shift),
            8 => immediate(ImmediateOp::Srai, shift),
            9 => immediate(ImmediateOp::Andi, small),
            10 => register(RegisterOp::Sub),
            11 => register(RegisterOp::Xor),
            12 => register(RegisterOp::Or),
            13 => register(RegisterOp::And),
            14 => {
                let (rd, rs2) = (self.target(), self.source().max(1));
                Instruction::Register { op: RegisterOp::Add, rd, rs1: rd, rs2 }
            }
            15 => {
                let (rd, rs2) = (self.target(), self.source().max(1));
                Instruction::Register { op: RegisterOp::Add, rd, rs1: 0, rs2 }
            }
            _ => Instruction::addi(0, 0, 0),
        };
        self.push(Item::short(instruction));
    }

    fn short_load(&mut self) {
        let addr = self.data_address(4) & !3;
        let instruction = if self.chance(50) {
            let (rs1, offset) = self.pointer(addr, 0..256, 2..3);
            let rd = self.target();
            Instruction::lw(rd, rs1, offset)
        } else {
            let (rs1, offset) = self.pointer(addr, 0..128, NARROW);
            let rd = self.narrow_destination();
            Instruction::lw(rd, rs1, offset)
        };
        self.push(Item::short(instruction));
    }

    fn short_store(&mut self) {
        let addr = self.data_address(4) & !3;
        let instruction = if self.chance(50) {
            let (rs1, offset) = self.pointer(addr, 0..256, 2..3);
            Instruction::sw(self.source(), rs1, offset)
        } else {
            let (rs1, offset) = self.pointer(addr, 0..128, NARROW);
            Instruction::sw(self.narrow_source(), rs1, offset)
        };
        self.push(Item::short(instruction));
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
        let instruction = match self.rng.random_range(0..8) {
            // c.nop, c.li, c.lui, c.slli, c.mv, c.add of x0; c.slli by 0; a write of x0.
            0 => Instruction::Half { bits: 0x0001 | immediate << 2 },
            1 => Instruction::Half { bits: 0x4001 | immediate << 2 },
            2 => Instruction::Half { bits: 0x6001 | immediate << 2 },
            3 => Instruction::Half { bits: 0x0002 | immediate << 2 },
            4 => Instruction::Half { bits: 0x8002 | register << 2 },
            5 => Instruction::Half { bits: 0x9002 | register << 2 },
            6 => Instruction::Half { bits: 0x0002 | register << 7 },
            _ => Instruction::Register { op: RegisterOp::Add, rd: 0, rs1: 0, rs2: 3 },
        };
        self.long(instruction);
    }
}
