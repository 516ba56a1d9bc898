//! Compressed instructions: each abbreviates one of 32 bits.

use super::alu::Operation;
use super::decode::{Condition, Instruction, Width, bits};

const ZERO: u8 = 0;
const RA: u8 = 1;
const SP: u8 = 2;

/// The instruction that a halfword abbreviates, which is not one of quadrant 3; `None` if it is
/// reserved, custom, or needs an extension that is not there (all floating-point ones). Hints are
/// the instructions without effect as which they are encoded.
#[inline]
pub(super) fn expand(half: u32) -> Option<Instruction> {
    match half & 3 {
        0 => quadrant_0(half),
        1 => quadrant_1(half),
        _ => quadrant_2(half),
    }
}

/// One of the registers x8 to x15 that three bits name.
const fn popular(half: u32, low: u32) -> u8 {
    8 + bits(half, low + 2, low) as u8
}

/// The six-bit immediate of bits 12 and 6:2, sign-extended.
const fn imm6(half: u32) -> i32 {
    ((bits(half, 12, 12) << 5 | bits(half, 6, 2)) as i32) << 26 >> 26
}

fn quadrant_0(half: u32) -> Option<Instruction> {
    let (rs1, low_register) = (popular(half, 7), popular(half, 2));
    // uimm[5:3|2|6] in bits 12:10, 6 and 5
    let word = (bits(half, 12, 10) << 3 | bits(half, 6, 6) << 2 | bits(half, 5, 5) << 6) as i32;
    Some(match bits(half, 15, 13) {
        // c.addi4spn: nzuimm[5:4|9:6|2|3] in bits 12:5
        0b000 => {
            let imm = bits(half, 12, 11) << 4
                | bits(half, 10, 7) << 6
                | bits(half, 6, 6) << 2
                | bits(half, 5, 5) << 3;
            if imm == 0 {
                return None;
            }
            add_immediate(low_register, SP, imm as i32)
        }
        0b010 => load_word(low_register, rs1, word),
        0b110 => store_word(low_register, rs1, word),
        _ => return None,
    })
}

fn quadrant_1(half: u32) -> Option<Instruction> {
    let rd = bits(half, 11, 7) as u8;
    Some(match bits(half, 15, 13) {
        // c.addi, c.nop
        0b000 => add_immediate(rd, rd, imm6(half)),
        // c.jal
        0b001 => Instruction::Jal { rd: RA, offset: jump_offset(half) },
        // c.li
        0b010 => add_immediate(rd, ZERO, imm6(half)),
        // c.addi16sp, c.lui
        0b011 => {
            if imm6(half) == 0 {
                return None;
            }
            if rd == SP {
                add_immediate(SP, SP, stack_frame(half))
            } else {
                Instruction::Lui { rd, imm: (imm6(half) << 12) as u32 }
            }
        }
        0b100 => arithmetic(half)?,
        // c.j
        0b101 => Instruction::Jal { rd: ZERO, offset: jump_offset(half) },
        // c.beqz, c.bnez
        funct3 => {
            let condition = if funct3 == 0b110 { Condition::Equal } else { Condition::NotEqual };
            let rs1 = popular(half, 7);
            Instruction::Branch { condition, rs1, rs2: ZERO, offset: branch_offset(half) }
        }
    })
}

/// c.srli, c.srai, c.andi and the two-register operations.
fn arithmetic(half: u32) -> Option<Instruction> {
    let (rd, rs2) = (popular(half, 7), popular(half, 2));
    let operation = match bits(half, 11, 10) {
        0b00 => Operation::ShiftRight,
        0b01 => Operation::ShiftRightArithmetic,
        0b10 => Operation::And,
        _ => {
            let operation = match (bits(half, 12, 12), bits(half, 6, 5)) {
                (0, 0b00) => Operation::Sub,
                (0, 0b01) => Operation::Xor,
                (0, 0b10) => Operation::Or,
                (0, _) => Operation::And,
                _ => return None,
            };
            return Some(Instruction::Register { operation, rd, rs1: rd, rs2 });
        }
    };
    let imm = if operation == Operation::And { imm6(half) } else { shift_amount(half)? };
    Some(Instruction::Immediate { operation, rd, rs1: rd, imm })
}

fn quadrant_2(half: u32) -> Option<Instruction> {
    let rd = bits(half, 11, 7) as u8;
    let rs2 = bits(half, 6, 2) as u8;
    Some(match bits(half, 15, 13) {
        // c.slli
        0b000 => {
            let imm = shift_amount(half)?;
            Instruction::Immediate { operation: Operation::ShiftLeft, rd, rs1: rd, imm }
        }
        // c.lwsp: uimm[5|4:2|7:6] in bits 12 and 6:2
        0b010 => {
            if rd == ZERO {
                return None;
            }
            let offset = bits(half, 12, 12) << 5 | bits(half, 6, 4) << 2 | bits(half, 3, 2) << 6;
            load_word(rd, SP, offset as i32)
        }
        0b100 => match (bits(half, 12, 12), rd, rs2) {
            (0, ZERO, ZERO) => return None,
            // c.jr, c.mv
            (0, rs1, ZERO) => Instruction::Jalr { rd: ZERO, rs1, offset: 0 },
            (0, rd, rs2) => add(rd, ZERO, rs2),
            // c.ebreak, c.jalr, c.add
            (_, ZERO, ZERO) => Instruction::Ebreak,
            (_, rs1, ZERO) => Instruction::Jalr { rd: RA, rs1, offset: 0 },
            (_, rd, rs2) => add(rd, rd, rs2),
        },
        // c.swsp: uimm[5:2|7:6] in bits 12:7
        0b110 => {
            let offset = bits(half, 12, 9) << 2 | bits(half, 8, 7) << 6;
            store_word(rs2, SP, offset as i32)
        }
        _ => return None,
    })
}

const fn add(rd: u8, rs1: u8, rs2: u8) -> Instruction {
    Instruction::Register { operation: Operation::Add, rd, rs1, rs2 }
}

const fn add_immediate(rd: u8, rs1: u8, imm: i32) -> Instruction {
    Instruction::Immediate { operation: Operation::Add, rd, rs1, imm }
}

const fn load_word(rd: u8, rs1: u8, offset: i32) -> Instruction {
    Instruction::Load { width: Width::Word, signed: true, rd, rs1, offset }
}

const fn store_word(rs2: u8, rs1: u8, offset: i32) -> Instruction {
    Instruction::Store { width: Width::Word, rs2, rs1, offset }
}

/// A shift amount; with bit 5 set it is one of RV64.
const fn shift_amount(half: u32) -> Option<i32> {
    if bits(half, 12, 12) == 0 { Some(bits(half, 6, 2) as i32) } else { None }
}

/// The immediate of c.addi16sp, `nzimm[9]` in bit 12 and `nzimm[4|6|8:7|5]` in bits 6:2.
const fn stack_frame(half: u32) -> i32 {
    let imm = bits(half, 12, 12) << 9
        | bits(half, 6, 6) << 4
        | bits(half, 5, 5) << 6
        | bits(half, 4, 3) << 7
        | bits(half, 2, 2) << 5;
    (imm as i32) << 22 >> 22
}

/// The offset of c.j and c.jal, `imm[11|4|9:8|10|6|7|3:1|5]` in bits 12:2.
const fn jump_offset(half: u32) -> i32 {
    let offset = bits(half, 12, 12) << 11
        | bits(half, 11, 11) << 4
        | bits(half, 10, 9) << 8
        | bits(half, 8, 8) << 10
        | bits(half, 7, 7) << 6
        | bits(half, 6, 6) << 7
        | bits(half, 5, 3) << 1
        | bits(half, 2, 2) << 5;
    (offset as i32) << 20 >> 20
}

/// The offset of c.beqz and c.bnez, `imm[8|4:3]` in bits 12:10 and `imm[7:6|2:1|5]` in bits 6:2.
const fn branch_offset(half: u32) -> i32 {
    let offset = bits(half, 12, 12) << 8
        | bits(half, 11, 10) << 3
        | bits(half, 6, 5) << 6
        | bits(half, 4, 3) << 1
        | bits(half, 2, 2) << 5;
    (offset as i32) << 23 >> 23
}
