// SPDX-License-Identifier: MIT OR Apache-2.0
//! The instructions of the approximate convolution unit (`docs/isa.md`).

use model::conv::Mode;
use model::facts::conv::{
    CONFIG_END, LOAD_SLOT, PLANE_SHIFT, READ_COUNTERS, READ_FLOAT, READ_KERNEL, READ_LAST_COUNTER,
    READ_PLANE, SCOPE_SHIFT, SIDE_SHIFT, SLOT_SHIFT, SMAX_VALID, TILE_SHIFT, mode_bits, mode_of,
};
use model::facts::soc::{ADDR_UART, RAM_BASE};
use model::facts::unit::THRESHOLD_W;
use model::hart::UnitShape;
use model::isa::{Format, Instruction, Op, Register};
use rand::Rng;

use super::writer::{Writer, any};
use super::{CONV_OPS, RAM_END};
use crate::program::{DATA, DATA_BYTES, Item};

/// Slots that an instruction can name.
const SLOT_LIMIT: u32 = 256;

/// What the unit holds as far as the order of the code tells.
#[derive(Debug)]
pub(super) struct ConvState {
    shape: UnitShape,
    /// Sides of the kernels in the slots.
    sides: Vec<Option<u32>>,
    /// The configured slot, side and tile.
    slot: u32,
    side: u32,
    tile: bool,
}

impl Writer<'_> {
    /// A few instructions of the unit.
    pub fn conv(&mut self) {
        let further = &CONV_OPS[Op::ConvPlane as usize - Op::ConvLoad as usize + 1..];
        if !further.is_empty() && self.chance(20) {
            return self.conv_further(further);
        }
        let planes = 2 * self.conv.shape.planes;
        match self.rng.random_range(0..20 + planes) {
            20 => self.conv_plane(),
            21.. => self.conv_words_beyond(),
            0..3 => self.conv_config(),
            3..6 => self.conv_load(),
            6..10 => self.conv_run(),
            10..13 => self.conv_again(),
            13..16 => self.conv_read(),
            16 | 17 => self.conv_carry(),
            18 => self.conv_op(Op::ConvClear, 0, 0),
            _ => self.conv_illegal(),
        }
    }

    fn conv_op(&mut self, op: Op, rs1: Register, rs2: Register) {
        for register in [rs1, rs2] {
            if register != 0 && self.chance(12) {
                self.launder(register, &[rs1, rs2]);
            }
        }
        self.without(&[rs1, rs2], 1);
        let rd = self.destination();
        self.long(Instruction::r(op, rd, rs1, rs2));
        if self.chance(30) {
            let target = self.destination();
            self.op(Instruction::addi(target, rd, 1));
        }
    }

    /// An instruction that is not known here, with whatever is in its registers.
    fn conv_further(&mut self, ops: &[Op]) {
        let op = self.choose(ops);
        let [rs1, rs2] = match op.format() {
            Format::Conv2 => [self.source(), self.source()],
            Format::Conv1 => [self.source(), 0],
            _ => [0, 0],
        };
        self.conv_op(op, rs1, rs2);
    }

    /// A constant operand, in a register of its own.
    fn operand(&mut self, value: u32) -> Register {
        if value == 0 && self.chance(50) {
            return 0;
        }
        self.holding(value)
    }

    fn operands(&mut self, first: u32, second: u32) -> [Register; 2] {
        let [a, b] = self.targets();
        self.constant(a, first);
        self.constant(b, second);
        [a, b]
    }

    /// A slot that holds a kernel if there is one.
    fn filled_slot(&mut self) -> u32 {
        let kernels = self.conv.kernels();
        let filled: Vec<_> = (0..kernels).filter(|&slot| self.conv.side(slot).is_some()).collect();
        if filled.is_empty() || self.chance(5) {
            return self.rng.random_range(0..kernels);
        }
        self.choose(&filled)
    }

    /// That of a mode; now and then any that fits.
    fn mode_number(&mut self) -> u32 {
        if self.chance(5) {
            return self.rng.random_range(0..=mode_of(u32::MAX));
        }
        self.choose(&Mode::ALL) as u32
    }

    fn conv_config(&mut self) {
        let (kernel, kernels) = (self.conv.kernel(), self.conv.kernels());
        let (mode, scope, tile) =
            (self.mode_number(), self.rng.random_range(0..2), self.chance(60));
        let side = if self.chance(5) { kernel + 1 } else { self.rng.random_range(0..=kernel) };
        let slot = if self.chance(5) { kernels } else { self.filled_slot() };
        let further = if self.chance(4) { 1 << self.rng.random_range(CONFIG_END..32) } else { 0 };
        let planes = self.conv.shape.planes == 1;
        let plane = u32::from(self.chance(if planes { 60 } else { 2 }));
        let word = mode_bits(mode)
            | scope << SCOPE_SHIFT
            | u32::from(tile) << TILE_SHIFT
            | side << SIDE_SHIFT
            | slot << SLOT_SHIFT
            | plane << PLANE_SHIFT
            | further;
        let threshold = match self.rng.random_range(0..12) {
            0 => 0,
            1 => (1 << THRESHOLD_W) - 1,
            2 => 1 << THRESHOLD_W,
            3 => any(self.rng),
            _ => self.rng.random_range(1..12 << self.conv.shape.log_frac),
        };
        let [rs1, rs2] = self.operands(word, threshold);
        self.conv_op(Op::ConvConfig, rs1, rs2);
        if side <= kernel
            && slot < kernels
            && further == 0
            && (planes || plane == 0)
            && Mode::from_number(mode).is_some_and(|mode| mode != Mode::Approx || threshold != 0)
        {
            (self.conv.slot, self.conv.side, self.conv.tile) = (slot, side, tile);
        }
    }

    /// An address for `bytes` bytes that the unit reads: in the data area, or with an error.
    fn unit_address(&mut self, bytes: u32) -> u32 {
        match self.rng.random_range(0..40) {
            0 => (RAM_END - 4 * self.rng.random_range(1..8)).min(RAM_END - 4),
            1 => RAM_BASE - 4 * self.rng.random_range(1..4),
            2..5 => self.rng.random_range(DATA..DATA + DATA_BYTES),
            5 => self.choose(&[0, ADDR_UART + 4, RAM_END, 0xffff_fffc]),
            _ => self.unit_data(bytes),
        }
    }

    /// The address of an operand in the data area with `bytes` bytes from there on.
    fn unit_data(&mut self, bytes: u32) -> u32 {
        self.data_address(bytes) & !(self.conv.operand_bytes() - 1)
    }

    fn conv_load(&mut self) {
        let (kernel, kernels) = (self.conv.kernel(), self.conv.kernels());
        let side = if self.chance(4) {
            self.rng.random_range(kernel + 1..256)
        } else {
            self.rng.random_range(0..=kernel)
        };
        let slot = if self.chance(4) && kernels < SLOT_LIMIT {
            self.rng.random_range(kernels..SLOT_LIMIT)
        } else {
            self.rng.random_range(0..kernels)
        };
        // The upper half does not count.
        let further = if self.chance(20) { self.rng.random::<u32>() << 16 } else { 0 };
        let side_read = if side == 0 { self.conv.side } else { side };
        let bytes = self.conv.operand_bytes();
        let addr = self.unit_address(bytes * side_read.min(kernel).pow(2).max(1));
        let [rs1, rs2] = self.operands(side | slot << LOAD_SLOT | further, addr);
        self.conv_op(Op::ConvLoad, rs1, rs2);
        if (1..=kernel).contains(&side_read) && slot < kernels && addr.is_multiple_of(bytes) {
            self.conv.sides[slot as usize] = Some(side_read);
        }
    }

    fn conv_run(&mut self) {
        let side = self.conv.side(self.conv.slot).unwrap_or(self.conv.kernel())
            + u32::from(self.conv.tile);
        let bytes = self.conv.operand_bytes();
        let (pitch, addr) = match self.rng.random_range(0..12) {
            // Anywhere.
            0 => (any(self.rng), self.unit_address(bytes)),
            // Backwards.
            1 | 2 => {
                let pitch = self.rng.random_range(0..12);
                let first = self.unit_data(bytes * (pitch * (side - 1) + side));
                (pitch.wrapping_neg(), first + bytes * pitch * (side - 1))
            }
            _ => {
                let pitch = self.rng.random_range(0..40);
                (pitch, self.unit_address(bytes * (pitch * (side - 1) + side)))
            }
        };
        let [rs1, rs2] = self.operands(pitch, addr);
        self.conv_op(Op::ConvRun, rs1, rs2);
        if self.chance(40) {
            self.conv_again();
        }
    }

    /// A window whose last column is beyond the RAM: that is no error as long as its log plane says that
    /// nobody needs it, and then exact needs it.
    fn conv_words_beyond(&mut self) {
        let slot = self.filled_slot();
        let Some(side) = self.conv.side(slot) else { return };
        let plane = self.data_address(20) & !3;
        let base = self.holding(plane);
        for word in 0..5 {
            self.op(Instruction::sw(0, base, 4 * word));
        }
        let addr = RAM_END - self.conv.operand_bytes() * (side - 1);
        let [rs1, rs2] = self.operands(addr, plane);
        self.long(Instruction::r(Op::ConvPlane, 0, rs1, rs2));
        let word = slot << SLOT_SHIFT | 1 << PLANE_SHIFT;
        for (mode, op, operand) in
            [(Mode::Approx, Op::ConvRun, addr), (Mode::Exact, Op::ConvAgain, slot)]
        {
            let [rs1, rs2] = self.operands(word | mode_bits(mode as u32), 1);
            self.long(Instruction::r(Op::ConvConfig, 0, rs1, rs2));
            let operand = self.holding(operand);
            let [rs1, rs2] = if op == Op::ConvRun { [0, operand] } else { [operand, 0] };
            self.conv_op(op, rs1, rs2);
        }
        (self.conv.slot, self.conv.side, self.conv.tile) = (slot, 0, false);
    }

    fn conv_again(&mut self) {
        let kernels = self.conv.kernels();
        let slot = match self.rng.random_range(0..20) {
            0 if kernels < SLOT_LIMIT => self.rng.random_range(kernels..SLOT_LIMIT),
            // Bits 31:8 do not count.
            1 => self.filled_slot() | self.rng.random::<u32>() << 8,
            _ => self.filled_slot(),
        };
        let rs1 = self.operand(slot);
        let rs2 = if self.chance(4) { self.target() } else { 0 };
        self.conv_op(Op::ConvAgain, rs1, rs2);
    }

    fn conv_read(&mut self) {
        let index = match self.rng.random_range(0..12) {
            0 => any(self.rng),
            1 => self.rng.random_range(READ_PLANE + 1..READ_FLOAT + 3),
            2..4 => self.rng.random_range(READ_COUNTERS..=READ_LAST_COUNTER),
            4 => self.rng.random_range(READ_KERNEL..=READ_FLOAT),
            5..9 => self.rng.random_range(0..4),
            _ => self.rng.random_range(0..=READ_PLANE),
        };
        let rs1 = self.operand(index);
        let rs2 = if self.chance(4) { self.target() } else { 0 };
        self.conv_op(Op::ConvRead, rs1, rs2);
    }

    /// A map and a plane in the data area, or with an error; what lies there is as good as any log.
    fn conv_plane(&mut self) {
        let map = self.unit_data(4) & !3;
        let plane = match self.rng.random_range(0..12) {
            0 => any(self.rng),
            1 => RAM_END - self.rng.random_range(0..64),
            _ => self.rng.random_range(DATA..DATA + DATA_BYTES),
        };
        let [rs1, rs2] = self.operands(map, plane);
        self.conv_op(Op::ConvPlane, rs1, rs2);
    }

    fn conv_carry(&mut self) {
        let half = |it: &mut Self| match it.rng.random_range(0..4) {
            0 => 0,
            1 => it.rng.random::<u32>() & 0xffff,
            _ => SMAX_VALID | it.rng.random_range(0..1 << it.conv.shape.score_bits()),
        };
        let words = [(); 2].map(|()| half(self) | half(self) << 16);
        let [rs1, rs2] = self.operands(words[0], words[1]);
        self.conv_op(Op::ConvCarry, rs1, rs2);
    }

    /// An address that is not that of an operand, which has more than one byte.
    pub fn conv_misaligned(&mut self) {
        let bytes = self.conv.operand_bytes();
        let addr = self.unit_data(8) | self.rng.random_range(1..bytes);
        let base = self.holding(addr);
        self.without(&[base], 2);
        // Side 1 or as configured, in the slot 0.
        let rd = self.destination();
        let op = self.choose(&[Op::ConvLoad, Op::ConvRun]);
        self.long(Instruction::r(op, rd, 0, base));
    }

    /// An instruction of the unit with whatever is in the registers, that reads no memory.
    pub fn conv_simple(&mut self) {
        let rs1 = self.source();
        let op = self.choose(&[Op::ConvRead, Op::ConvAgain, Op::ConvClear, Op::ConvCarry]);
        let [rs1, rs2] = match op {
            Op::ConvClear => [0, 0],
            Op::ConvCarry => [rs1, self.source()],
            _ => [rs1, 0],
        };
        let rd = self.destination();
        self.long(Instruction::r(op, rd, rs1, rs2));
    }

    /// Passes a value through a unit with 32-bit operands: as the product of a 1×1 kernel, which is 1.
    pub fn through_unit(&mut self, register: Register, kept: &[Register]) {
        let base = self.other_than(kept);
        let word = self.other_than(&[kept, &[base]].concat());
        let slot = self.rng.random_range(0..self.conv.kernels());
        let addr = self.data_address(8) & !3;
        self.constant(base, addr);
        self.constant(word, self.conv.one());
        self.op(Instruction::sw(word, base, 0));
        self.op(Instruction::sw(register, base, 4));
        self.constant(word, 1 << SIDE_SHIFT | slot << SLOT_SHIFT);
        self.long(Instruction::r(Op::ConvConfig, 0, word, 0));
        // The configured side, 1.
        self.op(Instruction::addi(word, word, -(1 << SIDE_SHIFT)));
        self.long(Instruction::r(Op::ConvLoad, 0, word, base));
        self.op(Instruction::addi(base, base, 4));
        self.long(Instruction::r(Op::ConvRun, register, 0, base));
        self.conv.sides[slot as usize] = Some(1);
        (self.conv.slot, self.conv.side, self.conv.tile) = (slot, 1, false);
    }

    /// What the unit refuses by the encoding alone.
    fn conv_illegal(&mut self) {
        let op = self.choose(CONV_OPS);
        let [rs1, rs2] = self.targets();
        let rd = self.destination();
        let good = Instruction::r(op, rd, rs1, rs2).encode();
        let bits = match self.rng.random_range(0..3) {
            0 if self.conv.shape.planes == 0 => {
                good | (Op::ConvPlane as u32 - Op::ConvLoad as u32) << 12
            }
            1 => good | 1 << self.rng.random_range(25..32),
            _ => {
                // Both fields must be x0, and one of them is not.
                let [rs1, rs2] = self.choose(&[[rs1, 0], [0, rs2]]);
                let op = Op::ConvClear;
                return self.long(Instruction::r(op, rd, rs1, rs2));
            }
        };
        self.push(Item::Word { bits });
    }
}

impl ConvState {
    pub fn new(shape: &UnitShape) -> Self {
        Self { shape: *shape, sides: vec![None; shape.kernels], slot: 0, side: 0, tile: false }
    }

    /// The largest side.
    fn kernel(&self) -> u32 {
        self.shape.kernel as u32
    }

    /// Whether a word comes out of a window with a kernel of 1 as it was. Of floats not every one does:
    /// there it has to be known.
    pub fn passes(&self, word: Option<u32>) -> bool {
        let stays = |word: u32| !f32::from_bits(word).is_nan() && word != (-0.0_f32).to_bits();
        self.shape.operand_w == u32::BITS && (!self.shape.float || word.is_some_and(stays))
    }

    /// The word of an operand that is 1.
    fn one(&self) -> u32 {
        if self.shape.float { 1.0_f32.to_bits() } else { 1 }
    }

    pub fn operand_bytes(&self) -> u32 {
        self.shape.operand_bytes()
    }

    /// The number of slots.
    fn kernels(&self) -> u32 {
        self.shape.kernels as u32
    }

    fn side(&self, slot: u32) -> Option<u32> {
        self.sides[slot as usize]
    }
}
