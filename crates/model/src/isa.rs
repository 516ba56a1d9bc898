// SPDX-License-Identifier: MIT OR Apache-2.0
//! The instruction set of the core, written once: RV32IMC with Zicsr and Zifencei, F where the core
//! has it, and the custom instructions of the convolution unit (`docs/isa.md`).
//!
//! [`Op`] and its table give [`decode`], [`Instruction::encode`], [`disassemble`], and by the table
//! of 16-bit [`FORMS`] their expansion and [`Instruction::compress`]. The simulator, the generator of
//! random programs and the coverage bins all speak of instructions as [`Instruction`].

use std::fmt::Write as _;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::facts::conv::{
    CONV_AGAIN, CONV_CARRY, CONV_CLEAR, CONV_CONFIG, CONV_LOAD, CONV_PLANE, CONV_READ, CONV_RUN,
};
use crate::facts::csr::{CSRS, Csr};
use crate::facts::riscv::{
    INSN_EBREAK, INSN_ECALL, INSN_MRET, INSN_WFI, OPCODE_AUIPC, OPCODE_BRANCH, OPCODE_CONV,
    OPCODE_JAL, OPCODE_JALR, OPCODE_LOAD, OPCODE_LOAD_FP, OPCODE_LUI, OPCODE_MADD, OPCODE_MISC_MEM,
    OPCODE_MSUB, OPCODE_NMADD, OPCODE_NMSUB, OPCODE_OP, OPCODE_OP_FP, OPCODE_OP_IMM, OPCODE_STORE,
    OPCODE_STORE_FP, OPCODE_SYSTEM,
};
use crate::float::{DYNAMIC, ROUNDING_MODES};

/// The number of a register, 0 to 31, of the integer or of the float registers.
pub type Register = u8;

/// An instruction with its operands. A compressed one is the one that it abbreviates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instruction {
    pub op: Op,
    /// The destination; 0 if it has none, as for the other operands.
    #[serde(default)]
    pub rd: Register,
    /// The first source; of a CSR instruction with an immediate that one, 0 to 31.
    #[serde(default)]
    pub rs1: Register,
    #[serde(default)]
    pub rs2: Register,
    /// The third source, of a fused multiplication and addition.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rs3: Register,
    /// The immediate as the instruction uses it: sign-extended, or shifted (`lui`); the number of
    /// the CSR; bits 31:20 of a fence; bits 31:25 of an instruction of the unit, which have to be 0;
    /// the rounding mode, 0 to 7, of a float instruction that [rounds](Op::rounds).
    #[serde(default)]
    pub imm: i32,
}

fn is_zero(register: &Register) -> bool {
    *register == 0
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
    FloatLoad,
    FloatStore,
    Float,
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
    /// I, of a float load.
    FloatAddress,
    /// S, of a float store.
    FloatS,
    /// R4: a fused multiplication and addition.
    Fused,
    /// R with a rounding mode, of float registers.
    Rounded,
    /// The same with one source.
    RoundedUnary,
    /// The same from a float to an integer register.
    RoundedToInteger,
    /// The same from an integer to a float register.
    RoundedToFloat,
    /// R, of float registers.
    FloatR,
    /// R, of two float registers to an integer register.
    Compare,
    /// From a float to an integer register.
    ToInteger,
    /// From an integer to a float register.
    ToFloat,
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
struct Layout {
    fields: &'static [(u32, u32, u32)],
    signed: bool,
}

impl Layout {
    const NONE: Self = Self::unsigned(&[]);

    const fn signed(fields: &'static [(u32, u32, u32)]) -> Self {
        Self { fields, signed: true }
    }

    const fn unsigned(fields: &'static [(u32, u32, u32)]) -> Self {
        Self { fields, signed: false }
    }

    #[inline(always)]
    const fn gather(&self, insn: u32) -> i32 {
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
    fn scatter(&self, imm: i32) -> u32 {
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
const ROUNDING_MODE: Layout = Layout::unsigned(&[(0, 3, 12)]);

struct Fields {
    mask: u32,
    /// Whether rd, rs1, rs2 and rs3 are fields of it.
    registers: [bool; 4],
    immediate: Layout,
    /// How the operands are written, a letter for each: rd `d`, rs1 `s`, rs2 `t`, in upper case if it
    /// is a float register, as rs3 `R` always is; rs1 as a number `z`; the immediate as a number `i`, in hexadecimal `x`, without its lower 12 bits `u`, as a
    /// target `p`, as an address with rs1 `m`, as a CSR `c`, as the sets of a fence `f`,
    /// as a rounding mode with its comma `r`.
    text: &'static str,
}

impl Format {
    const fn fields(self) -> Fields {
        const OPCODE: u32 = 0x7f;
        const FUNCT3: u32 = 0x707f;
        const FUNCT7_3: u32 = 0xfe00_707f;
        const ALL: [bool; 4] = [true, true, true, false];
        const SOURCES: [bool; 4] = [false, true, true, false];
        const RD_RS1: [bool; 4] = [true, true, false, false];
        const RD: [bool; 4] = [true, false, false, false];
        let (mask, registers, immediate, text) = match self {
            Self::R => (FUNCT7_3, ALL, Layout::NONE, "d,s,t"),
            Self::Shift => (FUNCT7_3, RD_RS1, SHIFT_AMOUNT, "d,s,x"),
            Self::I => (FUNCT3, RD_RS1, I_IMMEDIATE, "d,s,i"),
            Self::Address => (FUNCT3, RD_RS1, I_IMMEDIATE, "d,m"),
            Self::S => (FUNCT3, SOURCES, S_IMMEDIATE, "t,m"),
            Self::B => (FUNCT3, SOURCES, B_IMMEDIATE, "s,t,p"),
            Self::U => (OPCODE, RD, U_IMMEDIATE, "d,u"),
            Self::J => (OPCODE, RD, J_IMMEDIATE, "d,p"),
            Self::Csr => (FUNCT3, RD_RS1, CSR_NUMBER, "d,c,s"),
            Self::CsrImmediate => (FUNCT3, RD_RS1, CSR_NUMBER, "d,c,z"),
            Self::Fence => (FUNCT3, RD_RS1, CSR_NUMBER, "f"),
            Self::FenceI => (FUNCT3, RD_RS1, CSR_NUMBER, ""),
            Self::Fixed => (u32::MAX, [false; 4], Layout::NONE, ""),
            Self::FloatAddress => (FUNCT3, RD_RS1, I_IMMEDIATE, "D,m"),
            Self::FloatS => (FUNCT3, SOURCES, S_IMMEDIATE, "T,m"),
            Self::Fused => (0x0600_007f, [true; 4], ROUNDING_MODE, "D,S,T,Rr"),
            Self::Rounded => (0xfe00_007f, ALL, ROUNDING_MODE, "D,S,Tr"),
            Self::RoundedUnary => (0xfff0_007f, RD_RS1, ROUNDING_MODE, "D,Sr"),
            Self::RoundedToInteger => (0xfff0_007f, RD_RS1, ROUNDING_MODE, "d,Sr"),
            Self::RoundedToFloat => (0xfff0_007f, RD_RS1, ROUNDING_MODE, "D,sr"),
            Self::FloatR => (FUNCT7_3, ALL, Layout::NONE, "D,S,T"),
            Self::Compare => (FUNCT7_3, ALL, Layout::NONE, "d,S,T"),
            Self::ToInteger => (0xfff0_707f, RD_RS1, Layout::NONE, "d,S"),
            Self::ToFloat => (0xfff0_707f, RD_RS1, Layout::NONE, "D,s"),
            Self::Conv2 => (FUNCT7_3, ALL, FUNCT7, "d,s,t"),
            Self::Conv1 => (0xfff0_707f, ALL, FUNCT7, "d,s"),
            Self::Conv0 => (0xffff_f07f, ALL, FUNCT7, "d"),
        };
        Fields { mask, registers, immediate, text }
    }

    /// The bits that tell it from others. What else is fixed of an instruction of the unit is
    /// judged by the unit.
    const fn identifying_mask(self) -> u32 {
        match self {
            Self::Conv2 | Self::Conv1 | Self::Conv0 => 0x707f,
            _ => self.fields().mask,
        }
    }

    /// Which of rd, rs1, rs2 and rs3 are float registers.
    const fn floats(self) -> [bool; 4] {
        let text = self.fields().text.as_bytes();
        let (mut floats, mut index) = ([false; 4], 0);
        while index < text.len() {
            match text[index] {
                b'D' => floats[0] = true,
                b'S' => floats[1] = true,
                b'T' => floats[2] = true,
                b'R' => floats[3] = true,
                _ => {}
            }
            index += 1;
        }
        floats
    }
}

#[derive(Debug, Clone, Copy)]
struct Row {
    op: Op,
    name: &'static str,
    class: Class,
    format: Format,
    /// The values of the fixed bits.
    bits: u32,
    identifying_mask: u32,
    /// 31 for the registers that it has, else 0: rd, rs1, rs2, rs3.
    registers: [u8; 4],
    floats: [bool; 4],
}

macro_rules! instructions {
    (
        $($class:ident { $($op:ident $name:literal $format:ident $bits:expr;)* })*
        [unit] { $($unit:ident $unit_name:literal $unit_format:ident $unit_bits:expr;)* }
        [float] { $($float:ident $float_name:literal $float_format:ident $float_bits:expr;)* }
    ) => {
        instructions! {
            @table $($class { $($op $name $format $bits;)* })*
            Conv { $($unit $unit_name $unit_format $unit_bits;)* }
            Float { $($float $float_name $float_format $float_bits;)* }
        }

        macro_rules! unit_ops {
            () => { $(Op::$unit)|* };
        }
        pub(crate) use unit_ops;

        macro_rules! float_ops {
            () => { $(Op::$float)|* };
        }
        pub(crate) use float_ops;
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
                let [rd, rs1, rs2, rs3] = Format::$format.fields().registers;
                [31 * rd as u8, 31 * rs1 as u8, 31 * rs2 as u8, 31 * rs3 as u8]
            },
            floats: Format::$format.floats(),
        },)*)*];

        impl Op {
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

// A new instruction is a row here and an arm in `hart/mod.rs`, or in `hart/conv.rs` if it is one of
// the unit; the compiler asks for the arm, and the coverage for programs that have it. Of one opcode,
// those without funct3 stand behind the others, as the chains of `decode` need it.
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
    FloatLoad {
        Flw    "flw"    FloatAddress f3(OPCODE_LOAD_FP, 2);
    }
    FloatStore {
        Fsw    "fsw"    FloatS f3(OPCODE_STORE_FP, 2);
    }
    [unit] {
        ConvLoad   "conv.load"   Conv2 f3(OPCODE_CONV, CONV_LOAD);
        ConvRun    "conv.run"    Conv2 f3(OPCODE_CONV, CONV_RUN);
        ConvAgain  "conv.again"  Conv1 f3(OPCODE_CONV, CONV_AGAIN);
        ConvRead   "conv.read"   Conv1 f3(OPCODE_CONV, CONV_READ);
        ConvConfig "conv.config" Conv2 f3(OPCODE_CONV, CONV_CONFIG);
        ConvCarry  "conv.carry"  Conv2 f3(OPCODE_CONV, CONV_CARRY);
        ConvClear  "conv.clear"  Conv0 f3(OPCODE_CONV, CONV_CLEAR);
        ConvPlane  "conv.plane"  Conv2 f3(OPCODE_CONV, CONV_PLANE);
    }
    [float] {
        FsgnjS  "fsgnj.s"  FloatR f7(OPCODE_OP_FP, 0, 0x10);
        FsgnjnS "fsgnjn.s" FloatR f7(OPCODE_OP_FP, 1, 0x10);
        FsgnjxS "fsgnjx.s" FloatR f7(OPCODE_OP_FP, 2, 0x10);
        FminS   "fmin.s"   FloatR f7(OPCODE_OP_FP, 0, 0x14);
        FmaxS   "fmax.s"   FloatR f7(OPCODE_OP_FP, 1, 0x14);
        FeqS    "feq.s"    Compare f7(OPCODE_OP_FP, 2, 0x50);
        FltS    "flt.s"    Compare f7(OPCODE_OP_FP, 1, 0x50);
        FleS    "fle.s"    Compare f7(OPCODE_OP_FP, 0, 0x50);
        FclassS "fclass.s" ToInteger f7(OPCODE_OP_FP, 1, 0x70);
        FmvXW   "fmv.x.w"  ToInteger f7(OPCODE_OP_FP, 0, 0x70);
        FmvWX   "fmv.w.x"  ToFloat f7(OPCODE_OP_FP, 0, 0x78);
        FaddS   "fadd.s"   Rounded f7(OPCODE_OP_FP, 0, 0x00);
        FsubS   "fsub.s"   Rounded f7(OPCODE_OP_FP, 0, 0x04);
        FmulS   "fmul.s"   Rounded f7(OPCODE_OP_FP, 0, 0x08);
        FdivS   "fdiv.s"   Rounded f7(OPCODE_OP_FP, 0, 0x0c);
        FsqrtS  "fsqrt.s"  RoundedUnary f7(OPCODE_OP_FP, 0, 0x2c);
        FmaddS  "fmadd.s"  Fused OPCODE_MADD;
        FmsubS  "fmsub.s"  Fused OPCODE_MSUB;
        FnmsubS "fnmsub.s" Fused OPCODE_NMSUB;
        FnmaddS "fnmadd.s" Fused OPCODE_NMADD;
        FcvtWS  "fcvt.w.s"  RoundedToInteger f7(OPCODE_OP_FP, 0, 0x60);
        FcvtWuS "fcvt.wu.s" RoundedToInteger f7(OPCODE_OP_FP, 0, 0x60) | 1 << 20;
        FcvtSW  "fcvt.s.w"  RoundedToFloat f7(OPCODE_OP_FP, 0, 0x68);
        FcvtSWu "fcvt.s.wu" RoundedToFloat f7(OPCODE_OP_FP, 0, 0x68) | 1 << 20;
    }
}

impl Op {
    /// The instructions from one to a later one, both included, in the order of the table.
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

    pub const fn name(self) -> &'static str {
        self.row().name
    }

    pub const fn class(self) -> Class {
        self.row().class
    }

    pub const fn format(self) -> Format {
        self.row().format
    }

    /// Bytes that a load or store moves; 0 of others.
    #[inline]
    pub const fn access_bytes(self) -> u32 {
        match self {
            Self::Lb | Self::Lbu | Self::Sb => 1,
            Self::Lh | Self::Lhu | Self::Sh => 2,
            Self::Lw | Self::Sw | Self::Flw | Self::Fsw => 4,
            _ => 0,
        }
    }

    /// Whether it is one of the extension F.
    #[inline]
    pub const fn is_float(self) -> bool {
        matches!(self, Self::Flw | Self::Fsw | float_ops!())
    }

    /// Which of rd, rs1, rs2 and rs3 are float registers of it.
    pub const fn floats(self) -> [bool; 4] {
        self.row().floats
    }

    /// Whether it has a rounding mode.
    pub const fn rounds(self) -> bool {
        use Format::{Fused, Rounded, RoundedToFloat, RoundedToInteger, RoundedUnary};
        matches!(self.format(), Fused | Rounded | RoundedUnary | RoundedToInteger | RoundedToFloat)
    }
}

impl Instruction {
    pub const fn new(op: Op, rd: Register, rs1: Register, rs2: Register, imm: i32) -> Self {
        Self { op, rd, rs1, rs2, rs3: 0, imm }
    }

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

    /// A float instruction of up to three sources; `rounding` is 0 if it has no rounding mode.
    pub const fn float(op: Op, rounding: u8, rd: Register, sources: [Register; 3]) -> Self {
        let [rs1, rs2, rs3] = sources;
        Self { op, rd, rs1, rs2, rs3, imm: rounding as i32 }
    }

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
        let [rd, rs1, rs2, rs3] = row.registers;
        let registers = u32::from(self.rd & rd) << 7
            | u32::from(self.rs1 & rs1) << 15
            | u32::from(self.rs2 & rs2) << 20
            | u32::from(self.rs3 & rs3) << 27;
        row.bits | registers | row.format.fields().immediate.scatter(self.imm)
    }

    /// Its bytes; in 16 bits if that is asked for and there is such a form.
    pub fn bytes(self, short: bool) -> impl Iterator<Item = u8> {
        let (bits, count) = match short.then(|| self.compress()).flatten() {
            Some(half) => (half.into(), 2),
            None => (self.encode(), 4),
        };
        bits.to_le_bytes().into_iter().take(count)
    }

    /// The integer register other than x0 that it writes, if it does.
    pub fn destination(self) -> Option<Register> {
        let writes = !matches!(self.op.format(), Format::Fence | Format::FenceI);
        (writes && self.rd != 0 && !self.op.floats()[0]).then_some(self.rd)
    }

    /// The float register that it writes, if it does.
    pub const fn float_destination(self) -> Option<Register> {
        if self.op.floats()[0] { Some(self.rd) } else { None }
    }

    /// Whether it is reserved for hints, and does nothing.
    pub const fn is_hint(self) -> bool {
        let same = self.rd == self.rs1 && self.imm == 0;
        let adds_nothing = matches!(self.op, Op::Addi | Op::Slli | Op::Srli | Op::Srai) && same;
        matches!(self.op.class(), Class::Alu) && (self.rd == 0 || adds_nothing)
    }

    /// Whether the unit refuses it for its encoding: a field that must be 0 is not.
    pub fn is_refused(self) -> bool {
        self.encode() & self.op.format().fields().mask != self.op.row().bits
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
/// it is illegal, as those of F are on a core without `float`. Whether a CSR exists, and whether the unit [refuses](Instruction::is_refused) an
/// instruction of its own, is not looked at.
#[inline]
pub fn decode(insn: u32, float: bool) -> Option<Instruction> {
    let exists = |it: &Instruction| float || !it.op.is_float();
    if is_compressed(insn) {
        return expand(insn as u16).filter(exists);
    }
    let slot = insn >> 2 & 31 | (insn >> 12 & 7) << 5;
    let mut place = CHAINS.first[slot as usize];
    loop {
        let index = usize::from(place.checked_sub(1)?);
        let row = &ROWS[index];
        if insn & row.identifying_mask == row.bits {
            return Some(operands(insn, row)).filter(exists);
        }
        place = CHAINS.next[index];
    }
}

#[inline]
fn operands(insn: u32, row: &Row) -> Instruction {
    let [rd, rs1, rs2, rs3] = row.registers;
    let imm = match row.format {
        Format::I | Format::Address => I_IMMEDIATE.gather(insn),
        Format::Shift => SHIFT_AMOUNT.gather(insn),
        Format::S => S_IMMEDIATE.gather(insn),
        Format::B => B_IMMEDIATE.gather(insn),
        Format::U => U_IMMEDIATE.gather(insn),
        Format::J => J_IMMEDIATE.gather(insn),
        Format::R | Format::Fixed => 0,
        format => format.fields().immediate.gather(insn),
    };
    let field = |low: u32, mask: u8| (insn >> low) as u8 & mask;
    let [rd, rs1] = [field(7, rd), field(15, rs1)];
    Instruction { op: row.op, rd, rs1, rs2: field(20, rs2), rs3: field(27, rs3), imm }
}

#[derive(Debug)]
pub struct Form {
    pub name: &'static str,
    pub op: Op,
    /// The bits that are fixed, and their values.
    mask: u16,
    bits: u16,
    /// Bits that are not all 0; 0 if there is no such condition.
    some: u16,
    rd: Place,
    rs1: Place,
    rs2: Place,
    imm: Layout,
    /// How the operands are written, as of a [`Format`].
    text: &'static str,
}

/// Where a register comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is this one; x0 also where the instruction has none.
    Is(Register),
    /// The one that is rd, too.
    Rd,
    /// Five bits from this one on.
    Full(u32),
    /// One of x8 to x15 that three bits name.
    Narrow(u32),
}

impl Place {
    fn gather(self, half: u16, rd: Register) -> Register {
        match self {
            Self::Is(register) => register,
            Self::Rd => rd,
            Self::Full(low) => (half >> low & 31) as u8,
            Self::Narrow(low) => 8 + (half >> low & 7) as u8,
        }
    }

    /// The bits of a register here, if it can be.
    fn scatter(self, register: Register, rd: Register) -> Option<u16> {
        match self {
            Self::Is(fixed) => (register == fixed).then_some(0),
            Self::Rd => (register == rd).then_some(0),
            Self::Full(low) => Some(u16::from(register) << low),
            Self::Narrow(low) => {
                (8..16).contains(&register).then(|| u16::from(register - 8) << low)
            }
        }
    }
}

use Place::{Full, Is, Narrow, Rd};

const NO: Place = Is(0);
const SP: Place = Is(2);

const IMM6: Layout = Layout::signed(&[(5, 1, 12), (0, 5, 2)]);
const UPPER: Layout = Layout::signed(&[(17, 1, 12), (12, 5, 2)]);
const SHIFT: Layout = Layout::unsigned(&[(0, 5, 2)]);
const STACK_ADDRESS: Layout = Layout::unsigned(&[(4, 2, 11), (6, 4, 7), (2, 1, 6), (3, 1, 5)]);
const STACK_FRAME: Layout =
    Layout::signed(&[(9, 1, 12), (4, 1, 6), (6, 1, 5), (7, 2, 3), (5, 1, 2)]);
const WORD: Layout = Layout::unsigned(&[(3, 3, 10), (2, 1, 6), (6, 1, 5)]);
const STACK_LOAD: Layout = Layout::unsigned(&[(5, 1, 12), (2, 3, 4), (6, 2, 2)]);
const STACK_STORE: Layout = Layout::unsigned(&[(2, 4, 9), (6, 2, 7)]);
const BRANCH: Layout = Layout::signed(&[(8, 1, 12), (3, 2, 10), (6, 2, 5), (1, 2, 3), (5, 1, 2)]);
const JUMP: Layout = Layout::signed(&[
    (11, 1, 12),
    (4, 1, 11),
    (8, 2, 9),
    (10, 1, 8),
    (6, 1, 7),
    (7, 1, 6),
    (1, 3, 3),
    (5, 1, 2),
]);

const NONE: Layout = Layout::NONE;

/// Every 16-bit form: name; fixed bits, their values, bits not all 0; the instruction with rd, rs1, rs2
/// and its immediate; the text of the operands. Where two fit, the one with more fixed bits counts.
#[rustfmt::skip]
pub static FORMS: &[Form] = &[
    form("c.addi4spn", [0xe003, 0x0000, 0x1fe0], Op::Addi, [Narrow(2), SP, NO], STACK_ADDRESS, "d,s,i"),
    form("c.lw", [0xe003, 0x4000, 0], Op::Lw, [Narrow(2), Narrow(7), NO], WORD, "d,m"),
    form("c.sw", [0xe003, 0xc000, 0], Op::Sw, [NO, Narrow(7), Narrow(2)], WORD, "t,m"),
    form("c.flw", [0xe003, 0x6000, 0], Op::Flw, [Narrow(2), Narrow(7), NO], WORD, "D,m"),
    form("c.fsw", [0xe003, 0xe000, 0], Op::Fsw, [NO, Narrow(7), Narrow(2)], WORD, "T,m"),
    form("c.addi", [0xe003, 0x0001, 0], Op::Addi, [Full(7), Rd, NO], IMM6, "d,i"),
    form("c.jal", [0xe003, 0x2001, 0], Op::Jal, [Is(1), NO, NO], JUMP, "p"),
    form("c.li", [0xe003, 0x4001, 0], Op::Addi, [Full(7), NO, NO], IMM6, "d,i"),
    form("c.lui", [0xe003, 0x6001, 0x107c], Op::Lui, [Full(7), NO, NO], UPPER, "d,u"),
    form("c.addi16sp", [0xef83, 0x6101, 0x107c], Op::Addi, [SP, SP, NO], STACK_FRAME, "d,i"),
    form("c.srli", [0xfc03, 0x8001, 0], Op::Srli, [Narrow(7), Rd, NO], SHIFT, "d,x"),
    form("c.srai", [0xfc03, 0x8401, 0], Op::Srai, [Narrow(7), Rd, NO], SHIFT, "d,x"),
    form("c.andi", [0xec03, 0x8801, 0], Op::Andi, [Narrow(7), Rd, NO], IMM6, "d,i"),
    form("c.sub", [0xfc63, 0x8c01, 0], Op::Sub, [Narrow(7), Rd, Narrow(2)], NONE, "d,t"),
    form("c.xor", [0xfc63, 0x8c21, 0], Op::Xor, [Narrow(7), Rd, Narrow(2)], NONE, "d,t"),
    form("c.or", [0xfc63, 0x8c41, 0], Op::Or, [Narrow(7), Rd, Narrow(2)], NONE, "d,t"),
    form("c.and", [0xfc63, 0x8c61, 0], Op::And, [Narrow(7), Rd, Narrow(2)], NONE, "d,t"),
    form("c.j", [0xe003, 0xa001, 0], Op::Jal, [NO, NO, NO], JUMP, "p"),
    form("c.beqz", [0xe003, 0xc001, 0], Op::Beq, [NO, Narrow(7), NO], BRANCH, "s,p"),
    form("c.bnez", [0xe003, 0xe001, 0], Op::Bne, [NO, Narrow(7), NO], BRANCH, "s,p"),
    form("c.slli", [0xf003, 0x0002, 0], Op::Slli, [Full(7), Rd, NO], SHIFT, "d,x"),
    form("c.lwsp", [0xe003, 0x4002, 0x0f80], Op::Lw, [Full(7), SP, NO], STACK_LOAD, "d,m"),
    form("c.jr", [0xf07f, 0x8002, 0x0f80], Op::Jalr, [NO, Full(7), NO], NONE, "s"),
    form("c.mv", [0xf003, 0x8002, 0], Op::Add, [Full(7), NO, Full(2)], NONE, "d,t"),
    form("c.jalr", [0xf07f, 0x9002, 0], Op::Jalr, [Is(1), Full(7), NO], NONE, "s"),
    form("c.add", [0xf003, 0x9002, 0], Op::Add, [Full(7), Rd, Full(2)], NONE, "d,t"),
    form("c.swsp", [0xe003, 0xc002, 0], Op::Sw, [NO, SP, Full(2)], STACK_STORE, "t,m"),
    form("c.flwsp", [0xe003, 0x6002, 0], Op::Flw, [Full(7), SP, NO], STACK_LOAD, "D,m"),
    form("c.fswsp", [0xe003, 0xe002, 0], Op::Fsw, [NO, SP, Full(2)], STACK_STORE, "T,m"),
    form("c.nop", [0xffff, 0x0001, 0], Op::Addi, [NO, NO, NO], NONE, ""),
    form("c.ebreak", [0xffff, 0x9002, 0], Op::Ebreak, [NO, NO, NO], NONE, ""),
];

const fn form(
    name: &'static str,
    [mask, bits, some]: [u16; 3],
    op: Op,
    [rd, rs1, rs2]: [Place; 3],
    imm: Layout,
    text: &'static str,
) -> Form {
    Form { name, op, mask, bits, some, rd, rs1, rs2, imm, text }
}

impl Form {
    fn gather(&self, half: u16) -> Instruction {
        let rd = self.rd.gather(half, 0);
        let [rs1, rs2] = [self.rs1, self.rs2].map(|place| place.gather(half, rd));
        Instruction::new(self.op, rd, rs1, rs2, self.imm.gather(half.into()))
    }

    /// The bits of an instruction in this form, if its registers can be in it.
    fn scatter(&self, instruction: Instruction) -> Option<u16> {
        let Instruction { rd, rs1, rs2, imm, .. } = instruction;
        let mut bits = self.bits | self.imm.scatter(imm) as u16;
        for (place, register) in [(self.rd, rd), (self.rs1, rs1), (self.rs2, rs2)] {
            bits |= place.scatter(register, rd)?;
        }
        Some(bits)
    }
}

/// What a halfword is, for each.
struct Halfwords {
    instructions: Vec<Option<Instruction>>,
    forms: Vec<Option<&'static Form>>,
}

/// Looked up for every compressed instruction that is executed.
static HALFWORDS: LazyLock<Halfwords> = LazyLock::new(|| {
    let forms: Vec<_> = (0..=u16::MAX).map(find).collect();
    let expand = |(form, half): (&Option<&Form>, u16)| form.map(|form| form.gather(half));
    let instructions = forms.iter().zip(0..=u16::MAX).map(expand).collect();
    Halfwords { instructions, forms }
});

fn find(half: u16) -> Option<&'static Form> {
    let fits = |form: &&Form| half & form.mask == form.bits;
    let form = FORMS.iter().filter(fits).max_by_key(|form| form.mask.count_ones())?;
    (form.some == 0 || half & form.some != 0).then_some(form)
}

/// The instruction that a halfword abbreviates, be it one of F; `None` if it is reserved, custom, of
/// another extension, or begins an instruction of 32 bits.
#[inline]
fn expand(half: u16) -> Option<Instruction> {
    HALFWORDS.instructions[usize::from(half)]
}

/// The form of a halfword, if it is an instruction, be it one of F.
pub fn form_of(half: u16) -> Option<&'static Form> {
    HALFWORDS.forms[usize::from(half)]
}

impl Instruction {
    /// The 16-bit form, if it has one that is not a hint.
    pub fn compress(self) -> Option<u16> {
        if self.is_hint() && self != Self::addi(0, 0, 0) {
            return None;
        }
        let candidates = FORMS.iter().filter(|form| form.op == self.op);
        // An immediate that does not fit expands to another one.
        let fitting = candidates.filter_map(|form| {
            let half = form.scatter(self).filter(|&half| expand(half) == Some(self))?;
            Some((form.mask.count_ones(), half))
        });
        fitting.max().map(|(_, half)| half)
    }
}

const REGISTERS: [&str; 32] = [
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4",
    "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4",
    "t5", "t6",
];

const FLOAT_REGISTERS: [&str; 32] = [
    "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "fs0", "fs1", "fa0", "fa1", "fa2",
    "fa3", "fa4", "fa5", "fa6", "fa7", "fs2", "fs3", "fs4", "fs5", "fs6", "fs7", "fs8", "fs9",
    "fs10", "fs11", "ft8", "ft9", "ft10", "ft11",
];

/// The bits of a fence.tso above its registers.
const FENCE_TSO: i32 = 0x833;

/// The assembly text of an instruction at an address; a compressed one is its 16 bits,
/// zero-extended, and has its own mnemonic. What is not an instruction of the core is data: `.half`
/// or `.word`.
pub fn disassemble(insn: u32, pc: u32, float: bool) -> String {
    let instruction = decode(insn, float).filter(|it| is_compressed(insn) || !it.is_refused());
    let Some(instruction) = instruction else {
        return match is_compressed(insn) {
            true => format!(".half {:#06x}", insn & 0xffff),
            false => format!(".word {insn:#010x}"),
        };
    };
    let (name, operands) = match form_of(insn as u16).filter(|_| is_compressed(insn)) {
        Some(form) => (form.name, form.text),
        None if instruction.op == Op::Fence && instruction.imm == FENCE_TSO => ("fence.tso", ""),
        None => (instruction.op.name(), instruction.op.format().fields().text),
    };
    let mut text = name.to_owned();
    if !operands.is_empty() {
        text.push(' ');
    }
    for letter in operands.chars() {
        operand(&mut text, letter, instruction, pc, float).expect("a String takes all");
    }
    text
}

fn operand(
    text: &mut String,
    letter: char,
    it: Instruction,
    pc: u32,
    float: bool,
) -> std::fmt::Result {
    let Instruction { rd, rs1, rs2, rs3, imm, .. } = it;
    match letter {
        'd' => text.write_str(x(rd)),
        's' => text.write_str(x(rs1)),
        't' => text.write_str(x(rs2)),
        'D' => text.write_str(f(rd)),
        'S' => text.write_str(f(rs1)),
        'T' => text.write_str(f(rs2)),
        'R' => text.write_str(f(rs3)),
        'r' if imm == i32::from(DYNAMIC) => Ok(()),
        'r' => write!(text, ",{}", ROUNDING_MODES.get(imm as usize).unwrap_or(&"unknown")),
        'z' => write!(text, "{rs1}"),
        'i' => write!(text, "{imm}"),
        'x' => write!(text, "{imm:#x}"),
        'u' => write!(text, "{:#x}", imm as u32 >> 12),
        'p' => write!(text, "{:#x}", pc.wrapping_add_signed(imm)),
        'm' => write!(text, "{imm}({})", x(rs1)),
        'c' => text.write_str(&csr_name(imm as u16, float)),
        'f' => write!(text, "{},{}", fence_set(imm >> 4), fence_set(imm)),
        other => text.write_char(other),
    }
}

/// The accesses that a fence orders.
fn fence_set(bits: i32) -> String {
    let kinds = [(8, 'i'), (4, 'o'), (2, 'r'), (1, 'w')];
    let set: String =
        kinds.iter().filter(|(bit, _)| bits & bit != 0).map(|&(_, kind)| kind).collect();
    if set.is_empty() { "unknown".to_owned() } else { set }
}

fn x(register: Register) -> &'static str {
    REGISTERS[usize::from(register)]
}

fn f(register: Register) -> &'static str {
    FLOAT_REGISTERS[usize::from(register)]
}

/// The name of a CSR in assembly text; its number if it does not exist, as those of F do not on a core
/// without `float`.
pub fn csr_name(number: u16, float: bool) -> String {
    let named =
        |row: &&Csr| (row.number..=row.last).contains(&number) && (float || !row.is_float());
    match CSRS.iter().find(named) {
        None => format!("{number:#x}"),
        Some(row) if row.is_numbered() => format!("{}{}{}", row.name, number & 31, row.suffix),
        Some(row) => row.name.to_owned(),
    }
}
