//! The 16-bit forms of instructions.

use super::encode::pick;
use super::instruction::{BranchOp, ImmediateOp, Instruction, LoadOp, Register, RegisterOp};
use super::instruction::{StoreOp, SystemOp};

/// The stack pointer, which some forms are tied to.
const SP: Register = 2;

/// The 16-bit form of an instruction, if it has one.
pub fn compress(instruction: Instruction) -> Option<u16> {
    let bits = match instruction {
        Instruction::Immediate { op, rd, rs1, immediate } => {
            compress_immediate(op, rd, rs1, immediate)?
        }
        Instruction::Register { op, rd, rs1, rs2 } => compress_register(op, rd, rs1, rs2)?,
        Instruction::Lui { rd, value } => {
            let upper = value as i32 >> 12;
            if rd == 0 || rd == SP || upper == 0 || !signed(upper, 6) {
                return None;
            }
            0x6001 | full(rd, 7) | pick(upper, 5, 1, 12) | pick(upper, 0, 5, 2)
        }
        Instruction::Load { op: LoadOp::Lw, rd, rs1, offset } => {
            if rs1 == SP && rd != 0 && unsigned(offset, 8, 4) {
                let bits = pick(offset, 5, 1, 12) | pick(offset, 2, 3, 4) | pick(offset, 6, 2, 2);
                0x4002 | full(rd, 7) | bits
            } else {
                0x4000 | narrow(rs1, 7)? | narrow(rd, 2)? | word_offset(offset)?
            }
        }
        Instruction::Store { op: StoreOp::Sw, rs1, rs2, offset } => {
            if rs1 == SP && unsigned(offset, 8, 4) {
                0xc002 | full(rs2, 2) | pick(offset, 2, 4, 9) | pick(offset, 6, 2, 7)
            } else {
                0xc000 | narrow(rs1, 7)? | narrow(rs2, 2)? | word_offset(offset)?
            }
        }
        Instruction::Jal { rd: 0, offset } if signed(offset, 12) => 0xa001 | jump_offset(offset),
        Instruction::Jal { rd: 1, offset } if signed(offset, 12) => 0x2001 | jump_offset(offset),
        Instruction::Jalr { rd, rs1, offset: 0 } if rd < 2 && rs1 != 0 => {
            0x8002 | u32::from(rd) << 12 | full(rs1, 7)
        }
        Instruction::Branch { op, rs1, rs2: 0, offset } if signed(offset, 9) => {
            let base = match op {
                BranchOp::Beq => 0xc001,
                BranchOp::Bne => 0xe001,
                _ => return None,
            };
            let bits = pick(offset, 8, 1, 12)
                | pick(offset, 3, 2, 10)
                | pick(offset, 6, 2, 5)
                | pick(offset, 1, 2, 3)
                | pick(offset, 5, 1, 2);
            base | narrow(rs1, 7)? | bits
        }
        Instruction::System { op: SystemOp::Ebreak } => 0x9002,
        _ => return None,
    };
    Some(bits as u16)
}

fn compress_immediate(op: ImmediateOp, rd: Register, rs1: Register, immediate: i32) -> Option<u32> {
    let bits = pick(immediate, 5, 1, 12) | pick(immediate, 0, 5, 2);
    match op {
        ImmediateOp::Addi if rs1 == SP && rd != 0 && immediate != 0 && immediate % 4 == 0 => {
            if rd == SP {
                return stack_adjustment(immediate)
                    .or_else(|| signed(immediate, 6).then_some(0x0001 | full(rd, 7) | bits));
            }
            if !unsigned(immediate, 10, 4) {
                return None;
            }
            let bits = pick(immediate, 4, 2, 11)
                | pick(immediate, 6, 4, 7)
                | pick(immediate, 2, 1, 6)
                | pick(immediate, 3, 1, 5);
            Some(narrow(rd, 2)? | bits)
        }
        ImmediateOp::Addi if !signed(immediate, 6) => None,
        // A nop; any other write of x0, or of 0 added, would be a hint.
        ImmediateOp::Addi if rd == 0 => (rs1 == 0 && immediate == 0).then_some(0x0001),
        ImmediateOp::Addi if rs1 == 0 => Some(0x4001 | full(rd, 7) | bits),
        ImmediateOp::Addi if rd == rs1 && immediate != 0 => Some(0x0001 | full(rd, 7) | bits),
        ImmediateOp::Slli if rd == rs1 && rd != 0 && immediate != 0 => {
            Some(0x0002 | full(rd, 7) | bits)
        }
        ImmediateOp::Srli if rd == rs1 && immediate != 0 => Some(0x8001 | narrow(rd, 7)? | bits),
        ImmediateOp::Srai if rd == rs1 && immediate != 0 => Some(0x8401 | narrow(rd, 7)? | bits),
        ImmediateOp::Andi if rd == rs1 && signed(immediate, 6) => {
            Some(0x8801 | narrow(rd, 7)? | bits)
        }
        _ => None,
    }
}

fn stack_adjustment(immediate: i32) -> Option<u32> {
    if immediate % 16 != 0 || !signed(immediate, 10) {
        return None;
    }
    let bits = pick(immediate, 9, 1, 12)
        | pick(immediate, 4, 1, 6)
        | pick(immediate, 6, 1, 5)
        | pick(immediate, 7, 2, 3)
        | pick(immediate, 5, 1, 2);
    Some(0x6101 | bits)
}

fn compress_register(op: RegisterOp, rd: Register, rs1: Register, rs2: Register) -> Option<u32> {
    let arithmetic = |function: u32| {
        (rd == rs1).then_some(())?;
        Some(0x8c01 | narrow(rd, 7)? | narrow(rs2, 2)? | function << 5)
    };
    match op {
        RegisterOp::Add if rd != 0 && rs2 != 0 && rs1 == 0 => {
            Some(0x8002 | full(rd, 7) | full(rs2, 2))
        }
        RegisterOp::Add if rd != 0 && rs2 != 0 && rs1 == rd => {
            Some(0x9002 | full(rd, 7) | full(rs2, 2))
        }
        RegisterOp::Sub => arithmetic(0),
        RegisterOp::Xor => arithmetic(1),
        RegisterOp::Or => arithmetic(2),
        RegisterOp::And => arithmetic(3),
        _ => None,
    }
}

/// The offset of `c.lw` and `c.sw`.
fn word_offset(offset: i32) -> Option<u32> {
    unsigned(offset, 7, 4)
        .then(|| pick(offset, 3, 3, 10) | pick(offset, 2, 1, 6) | pick(offset, 6, 1, 5))
}

/// The offset of `c.j` and `c.jal`.
fn jump_offset(offset: i32) -> u32 {
    pick(offset, 11, 1, 12)
        | pick(offset, 4, 1, 11)
        | pick(offset, 8, 2, 9)
        | pick(offset, 10, 1, 8)
        | pick(offset, 6, 1, 7)
        | pick(offset, 7, 1, 6)
        | pick(offset, 1, 3, 3)
        | pick(offset, 5, 1, 2)
}

fn full(register: Register, to: u32) -> u32 {
    u32::from(register) << to
}

/// A register of x8 to x15 in three bits.
fn narrow(register: Register, to: u32) -> Option<u32> {
    (8..16).contains(&register).then(|| u32::from(register - 8) << to)
}

fn signed(value: i32, bits: u32) -> bool {
    (-(1 << (bits - 1))..1 << (bits - 1)).contains(&value)
}

fn unsigned(value: i32, bits: u32, multiple: i32) -> bool {
    (0..1 << bits).contains(&value) && value % multiple == 0
}
