//! The instructions of the approximate convolution unit (`docs/isa.md`).

use rand::Rng;

use super::values;
use super::writer::Writer;
use crate::instruction::{ConvOp, Instruction, Register};
use crate::map;

/// The unit of the SoC: largest side, number of slots.
const KERNEL: u32 = 5;
const KERNELS: u32 = 16;

/// What the unit holds as far as the order of the code tells.
#[derive(Debug, Default)]
pub(super) struct ConvState {
    /// Sides of the kernels in the slots.
    sides: [Option<u32>; KERNELS as usize],
    /// The configured slot, side and tile.
    slot: u32,
    side: u32,
    tile: bool,
}

impl Writer<'_> {
    /// A few instructions of the unit.
    pub fn conv(&mut self) {
        match self.rng.random_range(0..20) {
            0..3 => self.conv_config(),
            3..6 => self.conv_load(),
            6..10 => self.conv_run(),
            10..13 => self.conv_again(),
            13..16 => self.conv_read(),
            16 | 17 => self.conv_carry(),
            18 => self.conv_op(ConvOp::Clear, 0, 0),
            _ => self.conv_illegal(),
        }
    }

    fn conv_op(&mut self, op: ConvOp, rs1: Register, rs2: Register) {
        for register in [rs1, rs2] {
            if register != 0 && self.chance(12) {
                self.launder(register, &[rs1, rs2]);
            }
        }
        self.without(&[rs1, rs2], 1);
        let rd = self.destination();
        self.long(Instruction::Conv { op, rd, rs1, rs2 });
        if self.chance(30) {
            let target = self.destination();
            self.op(Instruction::addi(target, rd, 1));
        }
    }

    /// A constant operand, in a register of its own.
    fn operand(&mut self, value: u32) -> Register {
        if value == 0 && self.chance(50) {
            return 0;
        }
        let register = self.target();
        self.constant(register, value);
        register
    }

    fn operands(&mut self, first: u32, second: u32) -> [Register; 2] {
        let [a, b] = self.targets();
        self.constant(a, first);
        self.constant(b, second);
        [a, b]
    }

    /// A slot that holds a kernel if there is one.
    fn filled_slot(&mut self) -> u32 {
        let filled: Vec<_> = (0..KERNELS).filter(|&slot| self.conv.side(slot).is_some()).collect();
        if filled.is_empty() || self.chance(5) {
            return self.rng.random_range(0..KERNELS);
        }
        self.choose(&filled)
    }

    fn conv_config(&mut self) {
        let (mode, scope, tile) =
            (self.rng.random_range(0..4), self.rng.random_range(0..2), self.chance(60));
        let side = if self.chance(5) { KERNEL + 1 } else { self.rng.random_range(0..=KERNEL) };
        let slot = if self.chance(5) { KERNELS } else { self.filled_slot() };
        let further = if self.chance(4) { 1 << self.rng.random_range(16..32) } else { 0 };
        let word = mode | scope << 2 | u32::from(tile) << 3 | side << 4 | slot << 8 | further;
        let threshold = match self.rng.random_range(0..12) {
            0 => 0,
            1 => 0xffff,
            2 => 0x1_0000,
            3 => values::any(self.rng),
            _ => self.rng.random_range(1..12),
        };
        let [rs1, rs2] = self.operands(word, threshold);
        self.conv_op(ConvOp::Config, rs1, rs2);
        if side <= KERNEL && slot < KERNELS && further == 0 && (mode != 3 || threshold != 0) {
            (self.conv.slot, self.conv.side, self.conv.tile) = (slot, side, tile);
        }
    }

    /// An address for `bytes` bytes that the unit reads: in the data area, or with an error.
    fn unit_address(&mut self, bytes: u32) -> u32 {
        match self.rng.random_range(0..40) {
            0 => (map::RAM_END - 4 * self.rng.random_range(1..8)).min(map::RAM_END - 4),
            1 => map::RAM - 4 * self.rng.random_range(1..4),
            2..5 => self.rng.random_range(map::DATA..map::DATA + map::DATA_BYTES),
            5 => self.choose(&[0, map::UART + 4, map::RAM_END, 0xffff_fffc]),
            _ => self.data_address(bytes) & !3,
        }
    }

    fn conv_load(&mut self) {
        let side = if self.chance(4) {
            self.rng.random_range(KERNEL + 1..256)
        } else {
            self.rng.random_range(0..=KERNEL)
        };
        let slot = if self.chance(4) {
            self.rng.random_range(KERNELS..256)
        } else {
            self.rng.random_range(0..KERNELS)
        };
        // The upper half does not count.
        let further = if self.chance(20) { self.rng.random::<u32>() << 16 } else { 0 };
        let side_read = if side == 0 { self.conv.side } else { side };
        let addr = self.unit_address(4 * side_read.min(KERNEL).pow(2).max(1));
        let [rs1, rs2] = self.operands(side | slot << 8 | further, addr);
        self.conv_op(ConvOp::Load, rs1, rs2);
        if (1..=KERNEL).contains(&side_read) && slot < KERNELS && addr.is_multiple_of(4) {
            self.conv.sides[slot as usize] = Some(side_read);
        }
    }

    fn conv_run(&mut self) {
        let side = self.conv.side(self.conv.slot).unwrap_or(KERNEL) + u32::from(self.conv.tile);
        let (pitch, addr) = match self.rng.random_range(0..12) {
            // Anywhere.
            0 => (values::any(self.rng), self.unit_address(4)),
            // Backwards.
            1 | 2 => {
                let pitch = self.rng.random_range(0..12);
                let bytes = 4 * (pitch * (side - 1) + side);
                let first = self.data_address(bytes) & !3;
                (pitch.wrapping_neg(), first + 4 * pitch * (side - 1))
            }
            _ => {
                let pitch = self.rng.random_range(0..40);
                (pitch, self.unit_address(4 * (pitch * (side - 1) + side)))
            }
        };
        let [rs1, rs2] = self.operands(pitch, addr);
        self.conv_op(ConvOp::Run, rs1, rs2);
        if self.chance(40) {
            self.conv_again();
        }
    }

    fn conv_again(&mut self) {
        let slot = match self.rng.random_range(0..20) {
            0 => self.rng.random_range(KERNELS..256),
            // Bits 31:8 do not count.
            1 => self.filled_slot() | self.rng.random::<u32>() << 8,
            _ => self.filled_slot(),
        };
        let rs1 = self.operand(slot);
        let rs2 = if self.chance(4) { self.target() } else { 0 };
        self.conv_op(ConvOp::Again, rs1, rs2);
    }

    fn conv_read(&mut self) {
        let index = match self.rng.random_range(0..12) {
            0 => values::any(self.rng),
            1 => self.rng.random_range(11..40),
            2..4 => self.rng.random_range(16..27),
            4 => self.rng.random_range(32..36),
            5..9 => self.rng.random_range(0..4),
            _ => self.rng.random_range(0..11),
        };
        let rs1 = self.operand(index);
        let rs2 = if self.chance(4) { self.target() } else { 0 };
        self.conv_op(ConvOp::Read, rs1, rs2);
    }

    fn conv_carry(&mut self) {
        let half = |it: &mut Self| match it.rng.random_range(0..4) {
            0 => 0,
            1 => it.rng.random::<u32>() & 0xffff,
            _ => 0x8000 | it.rng.random_range(0..64),
        };
        let words = [(); 2].map(|()| half(self) | half(self) << 16);
        let [rs1, rs2] = self.operands(words[0], words[1]);
        self.conv_op(ConvOp::Carry, rs1, rs2);
    }

    /// An address that is not that of a word.
    pub fn conv_misaligned(&mut self) {
        let addr = self.data_address(8) & !3 | self.rng.random_range(1..4);
        let base = self.target();
        self.constant(base, addr);
        self.without(&[base], 2);
        // Side 1 or as configured, in the slot 0.
        let rd = self.destination();
        let op = self.choose(&[ConvOp::Load, ConvOp::Run]);
        self.long(Instruction::Conv { op, rd, rs1: 0, rs2: base });
    }

    /// An instruction of the unit with whatever is in the registers, that reads no memory.
    pub fn conv_simple(&mut self) {
        let rs1 = self.source();
        let op = self.choose(&[ConvOp::Read, ConvOp::Again, ConvOp::Clear, ConvOp::Carry]);
        let [rs1, rs2] = match op {
            ConvOp::Clear => [0, 0],
            ConvOp::Carry => [rs1, self.source()],
            _ => [rs1, 0],
        };
        let rd = self.destination();
        self.long(Instruction::Conv { op, rd, rs1, rs2 });
    }

    /// Passes a value through the unit: as the product of a 1×1 kernel, which is 1.
    pub fn through_unit(&mut self, register: Register, kept: &[Register]) {
        let base = self.other_than(kept);
        let word = self.other_than(&[kept, &[base]].concat());
        let slot = self.rng.random_range(0..KERNELS);
        let addr = self.data_address(8) & !3;
        self.constant(base, addr);
        self.constant(word, 1);
        self.op(Instruction::sw(word, base, 0));
        self.op(Instruction::sw(register, base, 4));
        self.constant(word, 1 << 4 | slot << 8);
        let conv = |op, rd, rs1, rs2| Instruction::Conv { op, rd, rs1, rs2 };
        self.long(conv(ConvOp::Config, 0, word, 0));
        // The configured side, 1.
        self.op(Instruction::addi(word, word, -(1 << 4)));
        self.long(conv(ConvOp::Load, 0, word, base));
        self.op(Instruction::addi(base, base, 4));
        self.long(conv(ConvOp::Run, register, 0, base));
        self.conv.sides[slot as usize] = Some(1);
        (self.conv.slot, self.conv.side, self.conv.tile) = (slot, 1, false);
    }

    /// What the unit refuses by the encoding alone.
    fn conv_illegal(&mut self) {
        let op = self.choose(ConvOp::ALL);
        let [rs1, rs2] = self.targets();
        let rd = self.destination();
        let good = Instruction::Conv { op, rd, rs1, rs2 }.encode();
        let bits = match self.rng.random_range(0..3) {
            0 => good | 7 << 12,
            1 => good | 1 << self.rng.random_range(25..32),
            _ => {
                // Both fields must be x0, and one of them is not.
                let [rs1, rs2] = self.choose(&[[rs1, 0], [0, rs2]]);
                let op = ConvOp::Clear;
                return self.long(Instruction::Conv { op, rd, rs1, rs2 });
            }
        };
        self.long(Instruction::Word { bits });
    }
}

impl ConvState {
    fn side(&self, slot: u32) -> Option<u32> {
        self.sides[slot as usize]
    }
}
