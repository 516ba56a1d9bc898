// SPDX-License-Identifier: MIT OR Apache-2.0
//! The instruction set of the core, written once: RV32IMC with Zicsr and Zifencei, and the custom
//! instructions of the convolution unit (`docs/isa.md`).
//!
//! [`Op`] and its table give [`decode`], [`Instruction::encode`], [`disassemble`], and by the table
//! of 16-bit [`FORMS`] their expansion and [`Instruction::compress`]. The simulator, the generator of
//! random programs and the coverage bins all speak of instructions as [`Instruction`].

mod compressed;
mod disassemble;

pub use compressed::{FORMS, Form, form_of};
pub use disassemble::{csr_name, disassemble};

use serde::{Deserialize, Serialize};

use crate::facts::conv::{
    CONV_AGAIN, CONV_CARRY, CONV_CLEAR, CONV_CONFIG, CONV_LOAD, CONV_READ, CONV_RUN,
};
use crate::facts::riscv::{
    INSN_EBREAK, INSN_ECALL, INSN_MRET, INSN_WFI, OPCODE_AUIPC, OPCODE_BRANCH, OPCODE_CONV,
    OPCODE_JAL, OPCODE_JALR, OPCODE_LOAD, OPCODE_LUI, OPCODE_MISC_MEM, OPCODE_OP, OPCODE_OP_IMM,
    OPCODE_STORE, OPCODE_SYSTEM,
};

/// The number of a register, 0 to 31.
pub type Register = u8;

/// An instruction with its operands. A compressed one is the one that it abbreviates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Instruction {
    /// Which instruction.
    pub op: Op,
    /// The destination; 0 if it has none, as for the other operands.
    #[serde(default)]
    pub rd: Register,
    /// The first source; of a CSR instruction with an immediate that one, 0 to 31.
    #[serde(default)]
    pub rs1: Register,
    /// The second source.
    #[serde(default)]
    pub rs2: Register,
    /// The immediate as the instruction uses it: sign-extended, or shifted (`lui`); the number of
    /// the CSR; bits 31:20 of a fence; bits 31:25 of an instruction of the unit, which have to be 0.
    #[serde(default)]
    pub imm: i32,
}

/// Instructions that the core treats alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Alu,
    MulDiv,
    Load,
    Store,
    Branch,
    Jump,
    Csr,
    Conv,
    System,
    /// Always raises an exception, so that it never retires.
    Call,
}

/// The fields of an instruction of 32 bits, and how its operands are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    R,
    /// With a shift amount.
    Shift,
    I,
    /// I, written as an address: `jalr` and loads.
    Address,
    S,
    B,
    U,
    J,
    Csr,
    CsrImmediate,
    Fence,
    /// `fence.i`, which ignores its fields.
    FenceI,
    /// No operands: every bit is fixed.
    Fixed,
    /// Of the unit, with both sources.
    Conv2,
    /// Of the unit, with rs1 alone.
    Conv1,
    /// Of the unit, without sources.
    Conv0,
}

/// Where the bits of an immediate are: `(lowest bit of the immediate, bits, lowest bit of the
/// instruction)`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) fields: &'static [(u32, u32, u32)],
    pub(crate) signed: bool,
}

impl Layout {
    pub(crate) const NONE: Self = Self::unsigned(&[]);

    pub(crate) const fn signed(fields: &'static [(u32, u32, u32)]) -> Self {
        Self { fields, signed: true }
    }

    pub(crate) const fn unsigned(fields: &'static [(u32, u32, u32)]) -> Self {
        Self { fields, signed: false }
    }

    /// The immediate of an instruction.
    #[inline(always)]
    pub(crate) const fn gather(&self, insn: u32) -> i32 {
        let (mut imm, mut width, mut index) = (0, 0, 0);
        while index < self.fields.len() {
            let (from, count, to) = self.fields[index];
            imm |= (insn >> to & ((1 << count) - 1)) << from;
            if from + count > width {
                width = from + count;
            }
            index += 1;
        }
        if self.signed { (imm << (32 - width)) as i32 >> (32 - width) } else { imm as i32 }
    }

    /// The bits of an instruction with this immediate. Bits that have no place are lost.
    pub(crate) fn scatter(&self, imm: i32) -> u32 {
        let field =
            |&(from, count, to): &(u32, u32, u32)| (imm as u32 >> from & ((1 << count) - 1)) << to;
        self.fields.iter().map(field).sum()
    }
}

const I_IMMEDIATE: Layout = Layout::signed(&[(0, 12, 20)]);
const SHIFT_AMOUNT: Layout = Layout::unsigned(&[(0, 5, 20)]);
const S_IMMEDIATE: Layout = Layout::signed(&[(5, 7, 25), (0, 5, 7)]);
const B_IMMEDIATE: Layout = Layout::signed(&[(12, 1, 31), (5, 6, 25), (1, 4, 8), (11, 1, 7)]);
const U_IMMEDIATE: Layout = Layout::signed(&[(12, 20, 12)]);
const J_IMMEDIATE: Layout = Layout::signed(&[(20, 1, 31), (1, 10, 21), (11, 1, 20), (12, 8, 12)]);
const CSR_NUMBER: Layout = Layout::unsigned(&[(0, 12, 20)]);
const FUNCT7: Layout = Layout::unsigned(&[(0, 7, 25)]);

impl Format {
    /// The bits that are fixed in an instruction of this format.
    const fn mask(self) -> u32 {
        match self {
            Self::U | Self::J => 0x0000_007f,
            Self::R | Self::Shift | Self::Conv2 => 0xfe00_707f,
            Self::Conv1 => 0xfff0_707f,
            Self::Conv0 => 0xffff_f07f,
            Self::Fixed => 0xffff_ffff,
            _ => 0x0000_707f,
        }
    }

    /// The bits that tell it from others. What else is fixed of an instruction of the unit is
    /// judged by the unit.
    const fn identifying_mask(self) -> u32 {
        match self {
            Self::Conv2 | Self::Conv1 | Self::Conv0 => 0x0000_707f,
            _ => self.mask(),
        }
    }

    /// Whether rd, rs1 and rs2 are fields of it.
    const fn registers(self) -> [bool; 3] {
        match self {
            Self::R | Self::Conv2 | Self::Conv1 | Self::Conv0 => [true, true, true],
            Self::S | Self::B => [false, true, true],
            Self::U | Self::J => [true, false, false],
            Self::Fixed => [false, false, false],
            _ => [true, true, false],
        }
    }

    const fn immediate(self) -> Layout {
        match self {
            Self::I | Self::Address => I_IMMEDIATE,
            Self::Shift => SHIFT_AMOUNT,
            Self::S => S_IMMEDIATE,
            Self::B => B_IMMEDIATE,
            Self::U => U_IMMEDIATE,
            Self::J => J_IMMEDIATE,
            Self::Csr | Self::CsrImmediate | Self::Fence | Self::FenceI => CSR_NUMBER,
            Self::Conv2 | Self::Conv1 | Self::Conv0 => FUNCT7,
            Self::R | Self::Fixed => Layout::NONE,
        }
    }
}

/// A row of the table of instructions.
#[derive(Debug, Clone, Copy)]
struct Row {
    op: Op,
    name: &'static str,
    class: Class,
    format: Format,
    /// The values of the fixed bits.
    bits: u32,
    identifying_mask: u32,
    /// 31 for the registers that it has, else 0: rd, rs1, rs2.
    registers: [u8; 3],
}

macro_rules! instructions {
    (
        $($class:ident { $($op:ident $name:literal $format:ident $bits:expr;)* })*
        [unit] { $($unit:ident $unit_name:literal $unit_format:ident $unit_bits:expr;)* }
    ) => {
        instructions! {
            @table $($class { $($op $name $format $bits;)* })*
            Conv { $($unit $unit_name $unit_format $unit_bits;)* }
        }

        /// The pattern of the instructions of the unit.
        macro_rules! unit_ops {
            () => { $(Op::$unit)|* };
        }
        pub(crate) use unit_ops;
    };
    (@table $($class:ident { $($op:ident $name:literal $format:ident $bits:expr;)* })*) => {
        /// Which instruction; in assembly text and in files by its mnemonic.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Op { $($(#[serde(rename = $name)] $op,)*)* }

        const ROWS: &[Row] = &[$($(Row {
            op: Op::$op,
            name: $name,
            class: Class::$class,
            format: Format::$format,
            bits: $bits,
            identifying_mask: Format::$format.identifying_mask(),
            registers: {
                let [rd, rs1, rs2] = Format::$format.registers();
                [31 * rd as u8, 31 * rs1 as u8, 31 * rs2 as u8]
            },
        },)*)*];

        impl Op {
            /// Every instruction, in the order of the table.
            pub const ALL: &[Self] = &[$($(Self::$op,)*)*];
        }
    };
}

const fn f3(opcode: u32, funct3: u32) -> u32 {
    opcode | funct3 << 12
}

const fn f7(opcode: u32, funct3: u32, funct7: u32) -> u32 {
    f3(opcode, funct3) | funct7 << 25
}

// A new instruction is a row here and an arm in `hart/execute.rs`, or in `hart/conv.rs` if it is one of
// the unit; the compiler asks for the arm, and the coverage for programs that have it.
instructions! {
    Alu {
        Lui    "lui"    U OPCODE_LUI;
        Auipc  "auipc"  U OPCODE_AUIPC;
    }
    Jump {
        Jal    "jal"    J OPCODE_JAL;
        Jalr   "jalr"   Address f3(OPCODE_JALR, 0);
    }
    Branch {
        Beq    "beq"    B f3(OPCODE_BRANCH, 0);
        Bne    "bne"    B f3(OPCODE_BRANCH, 1);
        Blt    "blt"    B f3(OPCODE_BRANCH, 4);
        Bge    "bge"    B f3(OPCODE_BRANCH, 5);
        Bltu   "bltu"   B f3(OPCODE_BRANCH, 6);
        Bgeu   "bgeu"   B f3(OPCODE_BRANCH, 7);
    }
    Load {
        Lb     "lb"     Address f3(OPCODE_LOAD, 0);
        Lh     "lh"     Address f3(OPCODE_LOAD, 1);
        Lw     "lw"     Address f3(OPCODE_LOAD, 2);
        Lbu    "lbu"    Address f3(OPCODE_LOAD, 4);
        Lhu    "lhu"    Address f3(OPCODE_LOAD, 5);
    }
    Store {
        Sb     "sb"     S f3(OPCODE_STORE, 0);
        Sh     "sh"     S f3(OPCODE_STORE, 1);
        Sw     "sw"     S f3(OPCODE_STORE, 2);
    }
    Alu {
        Addi   "addi"   I f3(OPCODE_OP_IMM, 0);
        Slti   "slti"   I f3(OPCODE_OP_IMM, 2);
        Sltiu  "sltiu"  I f3(OPCODE_OP_IMM, 3);
        Xori   "xori"   I f3(OPCODE_OP_IMM, 4);
        Ori    "ori"    I f3(OPCODE_OP_IMM, 6);
        Andi   "andi"   I f3(OPCODE_OP_IMM, 7);
        Slli   "slli"   Shift f7(OPCODE_OP_IMM, 1, 0x00);
        Srli   "srli"   Shift f7(OPCODE_OP_IMM, 5, 0x00);
        Srai   "srai"   Shift f7(OPCODE_OP_IMM, 5, 0x20);
        Add    "add"    R f7(OPCODE_OP, 0, 0x00);
        Sub    "sub"    R f7(OPCODE_OP, 0, 0x20);
        Sll    "sll"    R f7(OPCODE_OP, 1, 0x00);
        Slt    "slt"    R f7(OPCODE_OP, 2, 0x00);
        Sltu   "sltu"   R f7(OPCODE_OP, 3, 0x00);
        Xor    "xor"    R f7(OPCODE_OP, 4, 0x00);
        Srl    "srl"    R f7(OPCODE_OP, 5, 0x00);
        Sra    "sra"    R f7(OPCODE_OP, 5, 0x20);
        Or     "or"     R f7(OPCODE_OP, 6, 0x00);
        And    "and"    R f7(OPCODE_OP, 7, 0x00);
    }
    MulDiv {
        Mul    "mul"    R f7(OPCODE_OP, 0, 0x01);
        Mulh   "mulh"   R f7(OPCODE_OP, 1, 0x01);
        Mulhsu "mulhsu" R f7(OPCODE_OP, 2, 0x01);
        Mulhu  "mulhu"  R f7(OPCODE_OP, 3, 0x01);
        Div    "div"    R f7(OPCODE_OP, 4, 0x01);
        Divu   "divu"   R f7(OPCODE_OP, 5, 0x01);
        Rem    "rem"    R f7(OPCODE_OP, 6, 0x01);
        Remu   "remu"   R f7(OPCODE_OP, 7, 0x01);
    }
    Csr {
        Csrrw  "csrrw"  Csr f3(OPCODE_SYSTEM, 1);
        Csrrs  "csrrs"  Csr f3(OPCODE_SYSTEM, 2);
        Csrrc  "csrrc"  Csr f3(OPCODE_SYSTEM, 3);
        Csrrwi "csrrwi" CsrImmediate f3(OPCODE_SYSTEM, 5);
        Csrrsi "csrrsi" CsrImmediate f3(OPCODE_SYSTEM, 6);
        Csrrci "csrrci" CsrImmediate f3(OPCODE_SYSTEM, 7);
    }
    System {
        Fence  "fence"  Fence f3(OPCODE_MISC_MEM, 0);
        FenceI "fence.i" FenceI f3(OPCODE_MISC_MEM, 1);
        Mret   "mret"   Fixed INSN_MRET;
        Wfi    "wfi"    Fixed INSN_WFI;
    }
    Call {
        Ecall  "ecall"  Fixed INSN_ECALL;
        Ebreak "ebreak" Fixed INSN_EBREAK;
    }
    [unit] {
        ConvLoad   "conv.load"   Conv2 f3(OPCODE_CONV, CONV_LOAD);
        ConvRun    "conv.run"    Conv2 f3(OPCODE_CONV, CONV_RUN);
        ConvAgain  "conv.again"  Conv1 f3(OPCODE_CONV, CONV_AGAIN);
        ConvRead   "conv.read"   Conv1 f3(OPCODE_CONV, CONV_READ);
        ConvConfig "conv.config" Conv2 f3(OPCODE_CONV, CONV_CONFIG);
        ConvCarry  "conv.carry"  Conv2 f3(OPCODE_CONV, CONV_CARRY);
        ConvClear  "conv.clear"  Conv0 f3(OPCODE_CONV, CONV_CLEAR);
    }
}

impl Op {
    /// The instructions from one to another, both included, in the order of the table.
    ///
    /// # Panics
    /// If the second one comes first.
    pub const fn range(first: Self, last: Self) -> &'static [Self] {
        Self::ALL.split_at(last as usize + 1).0.split_at(first as usize).1
    }

    /// The instructions of a class that is together in the table.
    pub const fn all_of(class: Class) -> &'static [Self] {
        let mut first = 0;
        while ROWS[first].class as u8 != class as u8 {
            first += 1;
        }
        let mut last = first;
        while last + 1 < ROWS.len() && ROWS[last + 1].class as u8 == class as u8 {
            last += 1;
        }
        Self::range(ROWS[first].op, ROWS[last].op)
    }

    const fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// The mnemonic.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// What it is for the core.
    pub const fn class(self) -> Class {
        self.row().class
    }

    /// The format of its 32 bits.
    pub const fn format(self) -> Format {
        self.row().format
    }

    /// Bytes that a load or store moves; 0 of others.
    #[inline]
    pub const fn access_bytes(self) -> u32 {
        match self {
            Self::Lb | Self::Lbu | Self::Sb => 1,
            Self::Lh | Self::Lhu | Self::Sh => 2,
            Self::Lw | Self::Sw => 4,
            _ => 0,
        }
    }
}

impl Instruction {
    /// With all its operands.
    pub const fn new(op: Op, rd: Register, rs1: Register, rs2: Register, imm: i32) -> Self {
        Self { op, rd, rs1, rs2, imm }
    }

    /// Without operands.
    pub const fn plain(op: Op) -> Self {
        Self::new(op, 0, 0, 0, 0)
    }

    /// `op rd, rs1, rs2`.
    pub const fn r(op: Op, rd: Register, rs1: Register, rs2: Register) -> Self {
        Self::new(op, rd, rs1, rs2, 0)
    }

    /// `op rd, rs1, imm`; of `jalr` and loads `op rd, imm(rs1)`.
    pub const fn i(op: Op, rd: Register, rs1: Register, imm: i32) -> Self {
        Self::new(op, rd, rs1, 0, imm)
    }

    /// `op rs2, imm(rs1)` of a store, `op rs1, rs2, imm` of a branch; `imm` is the distance.
    pub const fn s(op: Op, rs1: Register, rs2: Register, imm: i32) -> Self {
        Self::new(op, 0, rs1, rs2, imm)
    }

    /// `lui` or `auipc`; the upper 20 bits of `value` count.
    pub const fn u(op: Op, rd: Register, value: u32) -> Self {
        Self::new(op, rd, 0, 0, (value & 0xffff_f000) as i32)
    }

    /// `jal` over a distance.
    pub const fn jal(rd: Register, distance: i32) -> Self {
        Self::new(Op::Jal, rd, 0, 0, distance)
    }

    /// A CSR instruction with its register or immediate.
    pub const fn csr(op: Op, rd: Register, csr: u16, source: Register) -> Self {
        Self::new(op, rd, source, 0, csr as i32)
    }

    /// `addi`.
    pub const fn addi(rd: Register, rs1: Register, imm: i32) -> Self {
        Self::i(Op::Addi, rd, rs1, imm)
    }

    /// `lw rd, offset(rs1)`.
    pub const fn lw(rd: Register, rs1: Register, offset: i32) -> Self {
        Self::i(Op::Lw, rd, rs1, offset)
    }

    /// `sw rs2, offset(rs1)`.
    pub const fn sw(rs2: Register, rs1: Register, offset: i32) -> Self {
        Self::s(Op::Sw, rs1, rs2, offset)
    }

    /// `csrrs rd, csr, x0`.
    pub const fn csrr(rd: Register, csr: u16) -> Self {
        Self::csr(Op::Csrrs, rd, csr, 0)
    }

    /// `csrrw x0, csr, rs1`.
    pub const fn csrw(csr: u16, rs1: Register) -> Self {
        Self::csr(Op::Csrrw, 0, csr, rs1)
    }

    /// Its 32 bits. Operands that are out of range lose their upper bits.
    pub fn encode(self) -> u32 {
        let row = self.op.row();
        let [rd, rs1, rs2] = row.registers;
        let registers = u32::from(self.rd & rd) << 7
            | u32::from(self.rs1 & rs1) << 15
            | u32::from(self.rs2 & rs2) << 20;
        row.bits | registers | row.format.immediate().scatter(self.imm)
    }

    /// Its bytes; in 16 bits if that is asked for and there is such a form.
    pub fn bytes(self, short: bool) -> impl Iterator<Item = u8> {
        let (bits, count) = match short.then(|| self.compress()).flatten() {
            Some(half) => (half.into(), 2),
            None => (self.encode(), 4),
        };
        bits.to_le_bytes().into_iter().take(count)
    }

    /// The register other than x0 that it writes, if it does.
    pub fn destination(self) -> Option<Register> {
        let writes = !matches!(self.op.format(), Format::Fence | Format::FenceI);
        (writes && self.rd != 0).then_some(self.rd)
    }

    /// Whether it is reserved for hints, and does nothing.
    pub const fn is_hint(self) -> bool {
        let same = self.rd == self.rs1 && self.imm == 0;
        let adds_nothing = matches!(self.op, Op::Addi | Op::Slli | Op::Srli | Op::Srai) && same;
        matches!(self.op.class(), Class::Alu) && (self.rd == 0 || adds_nothing)
    }

    /// Whether the unit refuses it for its encoding: a field that must be 0 is not.
    pub fn is_refused(self) -> bool {
        self.encode() & self.op.format().mask() != self.op.row().bits
    }
}

/// Whether the instruction that begins with this halfword has 16 bits.
pub const fn is_compressed(half: u32) -> bool {
    half & 3 != 3
}

/// The instructions with one major opcode and funct3: the first of them by these eight bits, and
/// for each the next; numbers in the table plus one, 0 is none.
struct Chains {
    first: [u8; 256],
    next: [u8; ROWS.len()],
}

static CHAINS: Chains = {
    let mut chains = Chains { first: [0; 256], next: [0; ROWS.len()] };
    let mut index = ROWS.len();
    while index > 0 {
        index -= 1;
        let row = &ROWS[index];
        let mut slot = 0;
        while slot < chains.first.len() {
            let bits = (slot as u32 & 31) << 2 | (slot as u32 >> 5) << 12 | 3;
            if (bits ^ row.bits) & row.identifying_mask & 0x707f == 0 {
                chains.next[index] = chains.first[slot];
                chains.first[slot] = index as u8 + 1;
            }
            slot += 1;
        }
    }
    chains
};

/// The instruction of a word (of a halfword, zero-extended, if it is a compressed one); `None` if
/// it is illegal. Whether a CSR exists, and whether the unit [refuses](Instruction::is_refused) an
/// instruction of its own, is not looked at.
#[inline]
pub fn decode(insn: u32) -> Option<Instruction> {
    if is_compressed(insn) {
        return compressed::expand(insn as u16);
    }
    let slot = insn >> 2 & 31 | (insn >> 12 & 7) << 5;
    let mut place = CHAINS.first[slot as usize];
    loop {
        let index = usize::from(place.checked_sub(1)?);
        let row = &ROWS[index];
        if insn & row.identifying_mask == row.bits {
            return Some(operands(insn, row));
        }
        place = CHAINS.next[index];
    }
}

#[inline]
fn operands(insn: u32, row: &Row) -> Instruction {
    let [rd, rs1, rs2] = row.registers;
    let imm = match row.format {
        Format::I | Format::Address => I_IMMEDIATE.gather(insn),
        Format::Shift => SHIFT_AMOUNT.gather(insn),
        Format::S => S_IMMEDIATE.gather(insn),
        Format::B => B_IMMEDIATE.gather(insn),
        Format::U => U_IMMEDIATE.gather(insn),
        Format::J => J_IMMEDIATE.gather(insn),
        Format::R | Format::Fixed => 0,
        format => format.immediate().gather(insn),
    };
    let field = |low: u32, mask: u8| (insn >> low) as u8 & mask;
    Instruction { op: row.op, rd: field(7, rd), rs1: field(15, rs1), rs2: field(20, rs2), imm }
}

#[cfg(test)]
mod tests;
