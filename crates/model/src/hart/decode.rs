//! Instruction words to typed instructions.

use super::alu::Operation;
use super::expand::expand;

/// Major opcode of the custom instructions.
const OPCODE_CONV: u32 = 0x77;

/// An instruction with its operands; the register fields are 0 to 31. A compressed instruction is
/// the one that it abbreviates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instruction {
    Lui { rd: u8, imm: u32 },
    Auipc { rd: u8, imm: u32 },
    Jal { rd: u8, offset: i32 },
    Jalr { rd: u8, rs1: u8, offset: i32 },
    Branch { condition: Condition, rs1: u8, rs2: u8, offset: i32 },
    Load { width: Width, signed: bool, rd: u8, rs1: u8, offset: i32 },
    Store { width: Width, rs2: u8, rs1: u8, offset: i32 },
    Immediate { operation: Operation, rd: u8, rs1: u8, imm: i32 },
    Register { operation: Operation, rd: u8, rs1: u8, rs2: u8 },
    Fence,
    FenceI,
    Ecall,
    Ebreak,
    Mret,
    Wfi,
    Csr { access: CsrAccess, rd: u8, csr: u16, source: CsrSource },
    Conv { funct3: u8, funct7: u8, rd: u8, rs1: u8, rs2: u8 },
}

/// When a branch is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    Equal,
    NotEqual,
    Less,
    GreaterEqual,
    LessUnsigned,
    GreaterEqualUnsigned,
}

/// Bytes of a load or store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    Byte = 1,
    Half = 2,
    Word = 4,
}

/// What a CSR instruction makes of the old value and its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CsrAccess {
    Write,
    Set,
    Clear,
}

/// The source of a CSR instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CsrSource {
    Register(u8),
    Immediate(u8),
}

/// Whether the instruction that begins with this halfword has 16 bits.
pub const fn is_compressed(half: u32) -> bool {
    half & 3 != 3
}

/// Bits `high` to `low` of a word.
pub(super) const fn bits(word: u32, high: u32, low: u32) -> u32 {
    (word >> low) & ((1 << (high - low + 1)) - 1)
}

/// The instruction of a word (of a halfword, zero-extended, if it is a compressed one); `None` if
/// it is illegal. Whether a CSR exists, and which custom instructions do, is not looked at.
#[inline]
pub fn decode(insn: u32) -> Option<Instruction> {
    use Instruction::*;

    if is_compressed(insn) {
        return expand(insn);
    }
    let rd = bits(insn, 11, 7) as u8;
    let rs1 = bits(insn, 19, 15) as u8;
    let rs2 = bits(insn, 24, 20) as u8;
    let funct3 = bits(insn, 14, 12) as u8;
    let funct7 = bits(insn, 31, 25) as u8;
    let imm_i = insn as i32 >> 20;
    Some(match insn & 0x7f {
        0x37 => Lui { rd, imm: insn & 0xffff_f000 },
        0x17 => Auipc { rd, imm: insn & 0xffff_f000 },
        0x6f => Jal { rd, offset: jump_offset(insn) },
        0x67 if funct3 == 0 => Jalr { rd, rs1, offset: imm_i },
        0x63 => Branch { condition: condition(funct3)?, rs1, rs2, offset: branch_offset(insn) },
        0x03 => {
            let (width, signed) = match funct3 {
                0 => (Width::Byte, true),
                1 => (Width::Half, true),
                2 => (Width::Word, true),
                4 => (Width::Byte, false),
                5 => (Width::Half, false),
                _ => return None,
            };
            Load { width, signed, rd, rs1, offset: imm_i }
        }
        0x23 => {
            let width = match funct3 {
                0 => Width::Byte,
                1 => Width::Half,
                2 => Width::Word,
                _ => return None,
            };
            let offset = (insn as i32 >> 25 << 5) | i32::from(rd);
            Store { width, rs2, rs1, offset }
        }
        0x13 => {
            let (operation, imm) = match (funct3, funct7) {
                (0, _) => (Operation::Add, imm_i),
                (2, _) => (Operation::SetLess, imm_i),
                (3, _) => (Operation::SetLessUnsigned, imm_i),
                (4, _) => (Operation::Xor, imm_i),
                (6, _) => (Operation::Or, imm_i),
                (7, _) => (Operation::And, imm_i),
                (1, 0x00) => (Operation::ShiftLeft, i32::from(rs2)),
                (5, 0x00) => (Operation::ShiftRight, i32::from(rs2)),
                (5, 0x20) => (Operation::ShiftRightArithmetic, i32::from(rs2)),
                _ => return None,
            };
            Immediate { operation, rd, rs1, imm }
        }
        0x33 => Register { operation: operation(funct3, funct7)?, rd, rs1, rs2 },
        0x0f => match funct3 {
            0 => Fence,
            1 => FenceI,
            _ => return None,
        },
        0x73 => match funct3 {
            0 => match insn {
                0x0000_0073 => Ecall,
                0x0010_0073 => Ebreak,
                0x3020_0073 => Mret,
                0x1050_0073 => Wfi,
                _ => return None,
            },
            4 => return None,
            _ => {
                let access = match funct3 & 3 {
                    1 => CsrAccess::Write,
                    2 => CsrAccess::Set,
                    _ => CsrAccess::Clear,
                };
                let source =
                    if funct3 < 4 { CsrSource::Register(rs1) } else { CsrSource::Immediate(rs1) };
                Csr { access, rd, csr: (insn >> 20) as u16, source }
            }
        },
        OPCODE_CONV => Conv { funct3, funct7, rd, rs1, rs2 },
        _ => return None,
    })
}

const fn condition(funct3: u8) -> Option<Condition> {
    Some(match funct3 {
        0 => Condition::Equal,
        1 => Condition::NotEqual,
        4 => Condition::Less,
        5 => Condition::GreaterEqual,
        6 => Condition::LessUnsigned,
        7 => Condition::GreaterEqualUnsigned,
        _ => return None,
    })
}

const fn operation(funct3: u8, funct7: u8) -> Option<Operation> {
    Some(match (funct7, funct3) {
        (0x00, 0) => Operation::Add,
        (0x20, 0) => Operation::Sub,
        (0x00, 1) => Operation::ShiftLeft,
        (0x00, 2) => Operation::SetLess,
        (0x00, 3) => Operation::SetLessUnsigned,
        (0x00, 4) => Operation::Xor,
        (0x00, 5) => Operation::ShiftRight,
        (0x20, 5) => Operation::ShiftRightArithmetic,
        (0x00, 6) => Operation::Or,
        (0x00, 7) => Operation::And,
        (0x01, 0) => Operation::Mul,
        (0x01, 1) => Operation::MulHigh,
        (0x01, 2) => Operation::MulHighSignedUnsigned,
        (0x01, 3) => Operation::MulHighUnsigned,
        (0x01, 4) => Operation::Div,
        (0x01, 5) => Operation::DivUnsigned,
        (0x01, 6) => Operation::Rem,
        (0x01, 7) => Operation::RemUnsigned,
        _ => return None,
    })
}

/// The J-type immediate, `imm[20|10:1|11|19:12]` in bits 31:12.
const fn jump_offset(insn: u32) -> i32 {
    let sign = (insn as i32 >> 31) << 20;
    let low = bits(insn, 30, 21) << 1 | bits(insn, 20, 20) << 11 | bits(insn, 19, 12) << 12;
    sign | low as i32
}

/// The B-type immediate, `imm[12|10:5]` in bits 31:25 and `imm[4:1|11]` in bits 11:7.
const fn branch_offset(insn: u32) -> i32 {
    let sign = (insn as i32 >> 31) << 12;
    let low = bits(insn, 11, 8) << 1 | bits(insn, 30, 25) << 5 | bits(insn, 7, 7) << 11;
    sign | low as i32
}
