//! Instructions as bits.

use super::compress::compress;
use super::instruction::{
    BranchOp, ConvOp, CsrOp, ImmediateOp, Instruction, LoadOp, Register, RegisterOp, StoreOp,
    SystemOp,
};

/// Major opcodes, with the 11 of a 32-bit instruction.
mod opcode {
    pub const LOAD: u32 = 0x03;
    pub const MISC_MEM: u32 = 0x0f;
    pub const OP_IMM: u32 = 0x13;
    pub const AUIPC: u32 = 0x17;
    pub const STORE: u32 = 0x23;
    pub const OP: u32 = 0x33;
    pub const LUI: u32 = 0x37;
    pub const BRANCH: u32 = 0x63;
    pub const JALR: u32 = 0x67;
    pub const JAL: u32 = 0x6f;
    pub const SYSTEM: u32 = 0x73;
    pub const CONV: u32 = 0x77;
}

impl Instruction {
    /// Its bits. Immediates that are out of range lose their upper bits.
    pub fn encode(self) -> u32 {
        match self {
            Self::Lui { rd, value } => opcode::LUI | reg(rd, 7) | value & 0xffff_f000,
            Self::Auipc { rd, value } => opcode::AUIPC | reg(rd, 7) | value & 0xffff_f000,
            Self::Jal { rd, offset } => {
                let bits = pick(offset, 20, 1, 31)
                    | pick(offset, 1, 10, 21)
                    | pick(offset, 11, 1, 20)
                    | pick(offset, 12, 8, 12);
                opcode::JAL | reg(rd, 7) | bits
            }
            Self::Jalr { rd, rs1, offset } => i_type(opcode::JALR, 0, rd, rs1, offset),
            Self::Branch { op, rs1, rs2, offset } => {
                let bits = pick(offset, 12, 1, 31)
                    | pick(offset, 5, 6, 25)
                    | pick(offset, 1, 4, 8)
                    | pick(offset, 11, 1, 7);
                opcode::BRANCH | funct3(op.funct3()) | reg(rs1, 15) | reg(rs2, 20) | bits
            }
            Self::Load { op, rd, rs1, offset } => {
                i_type(opcode::LOAD, op.funct3(), rd, rs1, offset)
            }
            Self::Store { op, rs1, rs2, offset } => {
                let bits = pick(offset, 5, 7, 25) | pick(offset, 0, 5, 7);
                opcode::STORE | funct3(op.funct3()) | reg(rs1, 15) | reg(rs2, 20) | bits
            }
            Self::Immediate { op, rd, rs1, immediate } => {
                let upper = if op == ImmediateOp::Srai { 0x400 } else { 0 };
                let immediate = if op.is_shift() { immediate & 31 | upper } else { immediate };
                i_type(opcode::OP_IMM, op.funct3(), rd, rs1, immediate)
            }
            Self::Register { op, rd, rs1, rs2 } => {
                let (funct7, function) = op.functions();
                r_type(opcode::OP, funct7, function, rd, rs1, rs2)
            }
            Self::Csr { op, rd, csr, source } => {
                i_type(opcode::SYSTEM, op.funct3(), rd, source & 31, i32::from(csr))
            }
            Self::Fence { rd, rs1, bits } => i_type(opcode::MISC_MEM, 0, rd, rs1, i32::from(bits)),
            Self::System { op } => op.bits(),
            Self::Conv { op, rd, rs1, rs2 } => r_type(opcode::CONV, 0, op.funct3(), rd, rs1, rs2),
            Self::Word { bits } => bits | 3,
            Self::Half { bits } => u32::from(bits),
        }
    }

    /// Its bytes; in 16 bits if that is asked for and there is such a form.
    pub fn bytes(self, short: bool) -> Vec<u8> {
        if let Self::Half { bits } = self {
            return bits.to_le_bytes().to_vec();
        }
        match compress(self).filter(|_| short) {
            Some(half) => half.to_le_bytes().to_vec(),
            None => self.encode().to_le_bytes().to_vec(),
        }
    }
}

/// `count` bits of the value from bit `from`, moved to bit `to`.
pub(super) fn pick(value: i32, from: u32, count: u32, to: u32) -> u32 {
    (value as u32 >> from & ((1 << count) - 1)) << to
}

fn reg(register: Register, to: u32) -> u32 {
    u32::from(register & 31) << to
}

fn funct3(function: u32) -> u32 {
    function << 12
}

fn i_type(opcode: u32, function: u32, rd: Register, rs1: Register, immediate: i32) -> u32 {
    opcode | reg(rd, 7) | funct3(function) | reg(rs1, 15) | pick(immediate, 0, 12, 20)
}

fn r_type(
    opcode: u32,
    funct7: u32,
    function: u32,
    rd: Register,
    rs1: Register,
    rs2: Register,
) -> u32 {
    opcode | reg(rd, 7) | funct3(function) | reg(rs1, 15) | reg(rs2, 20) | funct7 << 25
}

impl BranchOp {
    fn funct3(self) -> u32 {
        match self {
            Self::Beq => 0,
            Self::Bne => 1,
            Self::Blt => 4,
            Self::Bge => 5,
            Self::Bltu => 6,
            Self::Bgeu => 7,
        }
    }
}

impl LoadOp {
    fn funct3(self) -> u32 {
        match self {
            Self::Lb => 0,
            Self::Lh => 1,
            Self::Lw => 2,
            Self::Lbu => 4,
            Self::Lhu => 5,
        }
    }
}

impl StoreOp {
    fn funct3(self) -> u32 {
        self as u32
    }
}

impl ImmediateOp {
    fn funct3(self) -> u32 {
        match self {
            Self::Addi => 0,
            Self::Slli => 1,
            Self::Slti => 2,
            Self::Sltiu => 3,
            Self::Xori => 4,
            Self::Srli | Self::Srai => 5,
            Self::Ori => 6,
            Self::Andi => 7,
        }
    }
}

impl RegisterOp {
    /// funct7 and funct3.
    fn functions(self) -> (u32, u32) {
        match self {
            Self::Add => (0, 0),
            Self::Sub => (0x20, 0),
            Self::Sll => (0, 1),
            Self::Slt => (0, 2),
            Self::Sltu => (0, 3),
            Self::Xor => (0, 4),
            Self::Srl => (0, 5),
            Self::Sra => (0x20, 5),
            Self::Or => (0, 6),
            Self::And => (0, 7),
            muldiv => (1, muldiv as u32 - Self::Mul as u32),
        }
    }
}

impl CsrOp {
    fn funct3(self) -> u32 {
        match self {
            Self::Csrrw => 1,
            Self::Csrrs => 2,
            Self::Csrrc => 3,
            Self::Csrrwi => 5,
            Self::Csrrsi => 6,
            Self::Csrrci => 7,
        }
    }
}

impl ConvOp {
    fn funct3(self) -> u32 {
        self as u32
    }
}

impl SystemOp {
    fn bits(self) -> u32 {
        match self {
            Self::Ecall => 0x0000_0073,
            Self::Ebreak => 0x0010_0073,
            Self::Mret => 0x3020_0073,
            Self::Wfi => 0x1050_0073,
            Self::FenceI => 0x0000_100f,
        }
    }
}
