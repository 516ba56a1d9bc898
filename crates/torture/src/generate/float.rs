// SPDX-License-Identifier: MIT OR Apache-2.0
//! Floats: operations on operands of every class, loads and stores, hazards within the float registers
//! and between them and the integer registers, flags and rounding modes, and floats that are off.

use model::facts::csr::{FCSR, FFLAGS, FRM, MSTATUS};
use model::facts::riscv::MSTATUS_FS;
use model::float::{CANONICAL_NAN, DYNAMIC, LAST_ROUNDING_MODE};
use model::isa::{Class, Instruction, Op, Register};
use rand::Rng;

use super::compute::REACH;
use super::writer::{Writer, choose};
use super::{CSR_OPS, Element, LOADS, STORES};
use crate::program::{DATA, DATA_BYTES, Item};

const OPS: &[Op] = Op::all_of(Class::Float);

/// What blocks of a program with floats are made of, beside all else.
pub const ELEMENTS: &[(u32, Element)] = &[
    (240, |it, _| it.float_op()),
    (60, |it, _| it.float_load()),
    (50, |it, _| it.float_store()),
    (120, |it, _| it.float_hazard()),
    (20, |it, _| it.float_address()),
    (40, |it, _| it.float_csr()),
    (12, |it, _| it.float_state()),
    (8, |it, _| it.float_exception()),
];

impl Writer<'_> {
    /// Gives every float register a value.
    pub fn float_registers(&mut self) {
        for register in 0..32 {
            self.float_value(register);
        }
    }

    /// An operation on what its registers hold, or several on values made for them; often with the flags
    /// read behind.
    fn float_op(&mut self) {
        if self.chance(60) {
            self.operations_on_corners();
        } else {
            self.any_operation();
        }
        if self.chance(10) {
            self.read_flags();
        }
    }

    fn operations_on_corners(&mut self) {
        let first = self.float_register();
        let registers = [0, 1, self.choose(&[2, 7, 9])].map(|distance| (first + distance) % 32);
        for register in registers {
            self.float_value(register);
        }
        for _ in 0..self.rng.random_range(1..9) {
            let op = self.choose(OPS);
            let it = self.operation(op);
            let [_, rs1, rs2, rs3] = op.floats();
            let mut source = |is_float: bool, other: Register| {
                if is_float { self.choose(&registers) } else { other }
            };
            let sources = [source(rs1, it.rs1), source(rs2, it.rs2), source(rs3, it.rs3)];
            let kept = op.floats()[0] && registers.contains(&it.rd);
            let rd = if kept { (first + 20) % 32 } else { it.rd };
            self.long(Instruction::float(op, it.imm as u8, rd, sources));
        }
    }

    fn any_operation(&mut self) {
        let op = self.choose(OPS);
        let it = self.operation(op);
        self.long(it);
    }

    /// An operation or an access that nothing else depends on.
    pub fn float_simple(&mut self) {
        if self.chance(50) {
            let (rs1, offset) = self.float_place();
            return self.float_access(rs1, offset);
        }
        self.any_operation();
    }

    /// An operation on whatever its registers hold.
    fn operation(&mut self, op: Op) -> Instruction {
        let [rd, rs1, rs2, rs3] = op.floats();
        let rounding = if op.rounds() { self.rounding() } else { 0 };
        let rd = if rd { self.float_register() } else { self.destination() };
        let sources = [
            if rs1 { self.float_source() } else { self.source() },
            if rs2 { self.float_source() } else { 0 },
            if rs3 { self.float_source() } else { 0 },
        ];
        Instruction::float(op, rounding, rd, sources)
    }

    /// A rounding mode: rarely one that is reserved.
    fn rounding(&mut self) -> u8 {
        match self.rng.random_range(0..100) {
            0..40 => DYNAMIC,
            40 => self.choose(&[5, 6]),
            _ => self.rng.random_range(0..=LAST_ROUNDING_MODE),
        }
    }

    fn float_register(&mut self) -> Register {
        if self.chance(30) { self.rng.random_range(8..16) } else { self.rng.random_range(0..32) }
    }

    /// A float register to read: often one just written, or of the number of an integer register that was.
    fn float_source(&mut self) -> Register {
        match self.rng.random_range(0..10) {
            0..3 => self.recent_floats[0],
            3 => self.recent_floats[1],
            4 => self.recent_floats[2],
            5 => self.source(),
            _ => self.float_register(),
        }
    }

    /// A value at an edge of its class into a float register.
    fn float_value(&mut self, register: Register) {
        let value = float_corner(self.rng);
        let from = self.holding(value);
        self.long(Instruction::float(Op::FmvWX, 0, register, [from, 0, 0]));
    }

    fn float_load(&mut self) {
        let register = self.float_register();
        self.float_load_into(register);
        if self.chance(30) {
            self.any_operation();
        }
    }

    fn float_load_into(&mut self, register: Register) {
        let (rs1, offset) = self.float_place();
        self.op(Instruction::i(Op::Flw, register, rs1, offset));
    }

    fn float_store(&mut self) {
        let (rs1, offset) = self.float_place();
        let register = self.float_source();
        self.op(Instruction::s(Op::Fsw, rs1, register, offset));
        if self.chance(25) {
            self.float_load();
        }
    }

    /// A register and an offset to the data area, within reach of 16-bit forms as often as not.
    fn float_place(&mut self) -> (Register, i32) {
        if self.chance(50) {
            let (_, rs1, offset) = self.short_address();
            return (rs1, offset);
        }
        let addr = self.data_address(4);
        self.pointer(addr, REACH, 1..32)
    }

    /// Producer, up to two others, consumer of a float register.
    fn float_hazard(&mut self) {
        let register = self.float_register();
        match self.rng.random_range(0..5) {
            0 => self.float_load_into(register),
            1 => self.float_result(register, &[Op::FdivS, Op::FsqrtS]),
            2 => {
                let from = self.source();
                self.operation_into(register, &[Op::FmvWX, Op::FcvtSW, Op::FcvtSWu], from);
            }
            3 => self.float_result(register, &[Op::FsgnjS, Op::FsgnjnS, Op::FminS, Op::FmaxS]),
            _ => self.float_result(register, &[Op::FaddS, Op::FmulS, Op::FmaddS, Op::FnmsubS]),
        }
        for _ in 0..self.rng.random_range(0..3) {
            self.attempt(|it| {
                if it.chance(30) {
                    it.any_operation()
                } else {
                    it.single()
                }
                it.items.last().is_some_and(|item| item.float_destination() != Some(register))
            });
        }
        self.float_consumer(register);
    }

    fn float_result(&mut self, register: Register, ops: &[Op]) {
        let op = self.choose(ops);
        let it = self.operation(op);
        self.long(Instruction { rd: register, ..it });
    }

    fn operation_into(&mut self, register: Register, ops: &[Op], from: Register) {
        let op = self.choose(ops);
        let it = self.operation(op);
        self.long(Instruction { rd: register, rs1: from, ..it });
    }

    fn float_consumer(&mut self, register: Register) {
        if self.chance(20) {
            // The address has to be there already.
            let (rs1, offset) = (self.reserved.save, 4 * self.rng.random_range(128..200));
            return self.op(Instruction::s(Op::Fsw, rs1, register, offset));
        }
        let readers: Vec<_> = OPS.iter().copied().filter(|op| op.floats()[1]).collect();
        let op = self.choose(&readers);
        let mut it = self.operation(op);
        let [_, _, rs2, rs3] = op.floats();
        match self.rng.random_range(0..3) {
            1 if rs2 => it.rs2 = register,
            2 if rs3 => it.rs3 = register,
            _ => it.rs1 = register,
        }
        self.long(it);
    }

    /// A float into an integer register.
    pub fn float_to_integer(&mut self, rd: Register) {
        let writers: Vec<_> = OPS.iter().copied().filter(|op| !op.floats()[0]).collect();
        let late = [Op::FcvtWS, Op::FcvtWuS];
        let op = if self.chance(50) { self.choose(&late) } else { self.choose(&writers) };
        let it = self.operation(op);
        self.long(Instruction { rd, ..it });
    }

    /// An integer register into a float.
    pub fn integer_to_float(&mut self, register: Register) {
        let rd = self.float_register();
        self.operation_into(rd, &[Op::FmvWX, Op::FcvtSW, Op::FcvtSWu], register);
    }

    /// The value of a register through a float register, unchanged. If floats are off, neither of the
    /// two instructions does anything.
    pub fn through_float(&mut self, register: Register) {
        let float = self.float_register();
        // 24 bits are exact in every rounding mode.
        let exact = self.value(register).is_some_and(|value| value & 0xff == 0);
        let [to, from] = match exact && self.chance(70) {
            true => [Op::FcvtSWu, Op::FcvtWuS],
            false => [Op::FmvWX, Op::FmvXW],
        };
        let rounding = if to.rounds() { self.rng.random_range(0..=LAST_ROUNDING_MODE) } else { 0 };
        self.long(Instruction::float(to, rounding, float, [register, 0, 0]));
        self.long(Instruction::float(from, rounding, register, [float, 0, 0]));
    }

    /// An access by an address that comes out of a conversion.
    fn float_address(&mut self) {
        let base = self.rng.random_range(DATA / 256..(DATA + DATA_BYTES) / 256) * 256;
        let register = self.holding(base);
        self.through_float(register);
        self.know(register, Some(base));
        for _ in 0..self.rng.random_range(0..3) {
            self.attempt(|it| {
                it.single();
                it.items.last().is_some_and(|item| item.destination() != Some(register))
            });
        }
        let offset = self.rng.random_range(0..252);
        let (rd, rs2) = (self.destination(), self.source());
        match self.rng.random_range(0..4) {
            0 => {
                let op = self.choose(LOADS);
                self.op(Instruction::i(op, rd, register, offset));
            }
            1 => {
                let op = self.choose(STORES);
                self.op(Instruction::s(op, register, rs2, offset));
            }
            _ => self.float_access(register, offset),
        }
    }

    /// A load or a store, by an address that is there.
    pub fn float_access(&mut self, register: Register, offset: i32) {
        if self.chance(50) {
            let rd = self.float_register();
            self.op(Instruction::i(Op::Flw, rd, register, offset));
        } else {
            let rs2 = self.float_source();
            self.op(Instruction::s(Op::Fsw, register, rs2, offset));
        }
    }

    fn read_flags(&mut self) {
        let (rd, csr) = (self.destination(), self.choose(&[FFLAGS, FCSR]));
        let op = self.choose(CSR_OPS);
        let source = if csr == FCSR { 0 } else { self.choose(&[0, 0, 31]) };
        self.long(Instruction::csr(op, rd, csr, source));
    }

    /// Flags or rounding mode, read or written.
    fn float_csr(&mut self) {
        let (op, rd) = (self.choose(CSR_OPS), self.destination());
        let (csr, source) = (self.choose(&[FFLAGS, FRM, FCSR]), self.source());
        let source = if self.chance(30) { 0 } else { source };
        self.long(Instruction::csr(op, rd, csr, source));
        if csr != FFLAGS && self.chance(80) {
            self.rounding_mode();
        }
    }

    /// One of the five modes into frm.
    fn rounding_mode(&mut self) {
        let mode = self.rng.random_range(0..=LAST_ROUNDING_MODE);
        self.csr_bits(Op::Csrrwi, FRM, mode.into());
    }

    /// Turns floats on, with a rounding mode.
    pub fn floats_on(&mut self) {
        let register = self.holding(MSTATUS_FS);
        self.long(Instruction::csr(Op::Csrrs, 0, MSTATUS, register));
        self.rounding_mode();
    }

    /// Another state of floats: off, initial or clean; something that meets it; and mostly on again.
    fn float_state(&mut self) {
        let register = self.holding(MSTATUS_FS);
        self.long(Instruction::csr(Op::Csrrc, 0, MSTATUS, register));
        let state = self.rng.random_range(0..3);
        if state != 0 {
            self.constant(register, state * (MSTATUS_FS & MSTATUS_FS.wrapping_neg()));
            self.long(Instruction::csr(Op::Csrrs, 0, MSTATUS, register));
        }
        for _ in 0..self.rng.random_range(1..3) {
            match self.rng.random_range(0..5) {
                0 => self.float_load(),
                1 => self.float_store(),
                2 => self.float_csr(),
                3 => {
                    let rd = self.destination();
                    self.float_to_integer(rd);
                }
                _ => self.float_simple(),
            }
        }
        if self.chance(90) {
            self.floats_on();
        }
    }

    /// An access that fails, or a rounding mode that is reserved.
    fn float_exception(&mut self) {
        match self.rng.random_range(0..3) {
            0 | 1 => {
                let addr = self.bad_address(4);
                let (rs1, offset) = self.pointer(addr, REACH, 1..32);
                self.without(&[rs1], 2);
                self.float_access(rs1, offset);
            }
            _ => {
                let reserved = self.rng.random_range(u32::from(LAST_ROUNDING_MODE) + 1..8);
                self.csr_bits(Op::Csrrwi, FRM, reserved);
                let rounding: Vec<_> = OPS.iter().copied().filter(|op| op.rounds()).collect();
                let op = self.choose(&rounding);
                let it = self.operation(op);
                self.push(Item::long(Instruction { imm: DYNAMIC.into(), ..it }));
                self.rounding_mode();
            }
        }
    }
}

/// A float of any class, mostly at an edge of it, or one next to which results change.
pub fn float_corner(rng: &mut impl Rng) -> u32 {
    const INFINITY: u32 = 0x7f80_0000;
    const QUIET: u32 = 0x0040_0000;
    let payload = rng.random::<u32>() & (QUIET - 1);
    #[rustfmt::skip]
    let bits = match rng.random_range(0..12) {
        0 | 1 => 0,
        2 | 3 => choose(rng, &[1, 2, 0x007f_ffff, 0x0040_0000, payload | 1]),
        4 | 5 => INFINITY,
        6 => choose(rng, &[CANONICAL_NAN, CANONICAL_NAN | payload]),
        7 => choose(rng, &[INFINITY | 1, INFINITY | payload | 1]),
        // The largest and the least, and their neighbours.
        8 => choose(rng, &[0x7f7f_ffff, 0x7f00_0000, 0x0080_0000, 0x0080_0001, 0x00ff_ffff]),
        // 1 and ½ and what is next to them; halves between integers.
        9 => choose(rng, &[0x3f80_0000, 0x3f80_0001, 0x3f7f_ffff, 0x3f00_0000, 0x3fc0_0000, 0x4020_0000]),
        // The limits of integers; half of the last place of 1.
        10 => choose(rng, &[0x4eff_ffff, 0x4f00_0000, 0x4f7f_ffff, 0x4f80_0000, 0x4b80_0000, 0x3380_0000]),
        _ => rng.random_range(0x0080_0000..INFINITY),
    };
    bits | rng.random::<u32>() & 1 << 31
}
