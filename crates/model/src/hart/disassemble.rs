//! Instruction words to text, as the assembler takes them and `objdump -M no-aliases` prints them.

use super::alu::Operation;
use super::csr;
use super::decode::{
    Condition, CsrAccess, CsrSource, Instruction, Width, bits, decode, is_compressed,
};

const REGISTERS: [&str; 32] = [
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4",
    "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4",
    "t5", "t6",
];

/// The assembly text of an instruction at an address; a compressed one is its 16 bits,
/// zero-extended, and has its own mnemonic. What is not an instruction of the core is data: `.half`
/// or `.word`.
pub fn disassemble(insn: u32, pc: u32) -> String {
    let text = match decode(insn) {
        Some(instruction) if is_compressed(insn) => Some(compressed(insn, instruction, pc)),
        Some(instruction) => full(insn, instruction, pc),
        None => None,
    };
    text.unwrap_or_else(|| match is_compressed(insn) {
        true => format!(".half {:#06x}", insn & 0xffff),
        false => format!(".word {insn:#010x}"),
    })
}

fn full(insn: u32, instruction: Instruction, pc: u32) -> Option<String> {
    use Instruction::*;
    Some(match instruction {
        Lui { rd, imm } => format!("lui {},{:#x}", x(rd), imm >> 12),
        Auipc { rd, imm } => format!("auipc {},{:#x}", x(rd), imm >> 12),
        Jal { rd, offset } => format!("jal {},{}", x(rd), target(pc, offset)),
        Jalr { rd, rs1, offset } => format!("jalr {},{}", x(rd), place(offset, rs1)),
        Branch { condition, rs1, rs2, offset } => {
            let name = match condition {
                Condition::Equal => "beq",
                Condition::NotEqual => "bne",
                Condition::Less => "blt",
                Condition::GreaterEqual => "bge",
                Condition::LessUnsigned => "bltu",
                Condition::GreaterEqualUnsigned => "bgeu",
            };
            format!("{name} {},{},{}", x(rs1), x(rs2), target(pc, offset))
        }
        Load { width, signed, rd, rs1, offset } => {
            let unsigned = if signed { "" } else { "u" };
            format!("l{}{unsigned} {},{}", letter(width), x(rd), place(offset, rs1))
        }
        Store { width, rs2, rs1, offset } => {
            format!("s{} {},{}", letter(width), x(rs2), place(offset, rs1))
        }
        Immediate { operation, rd, rs1, imm } => {
            // The u of sltiu comes last.
            let name = match operation {
                Operation::SetLessUnsigned => "sltiu".to_owned(),
                _ => format!("{}i", name(operation)),
            };
            format!("{name} {},{},{}", x(rd), x(rs1), immediate(operation, imm))
        }
        Register { operation, rd, rs1, rs2 } => {
            format!("{} {},{},{}", name(operation), x(rd), x(rs1), x(rs2))
        }
        Fence => fence(insn),
        FenceI => "fence.i".to_owned(),
        Ecall => "ecall".to_owned(),
        Ebreak => "ebreak".to_owned(),
        Mret => "mret".to_owned(),
        Wfi => "wfi".to_owned(),
        Csr { access, rd, csr, source } => {
            let letter = match access {
                CsrAccess::Write => "w",
                CsrAccess::Set => "s",
                CsrAccess::Clear => "c",
            };
            let (suffix, source) = match source {
                CsrSource::Register(rs1) => ("", x(rs1).to_owned()),
                CsrSource::Immediate(imm) => ("i", imm.to_string()),
            };
            format!("csrr{letter}{suffix} {},{},{source}", x(rd), csr::name(csr))
        }
        Conv { funct3, funct7, rd, rs1, rs2 } => conv(funct3, funct7, rd, rs1, rs2)?,
    })
}

/// With the registers that each has; `None` if a field makes it illegal.
fn conv(funct3: u8, funct7: u8, rd: u8, rs1: u8, rs2: u8) -> Option<String> {
    let (name, sources): (_, &[u8]) = match funct3 {
        0 => ("load", &[rs1, rs2]),
        1 => ("run", &[rs1, rs2]),
        2 if rs2 == 0 => ("again", &[rs1]),
        3 if rs2 == 0 => ("read", &[rs1]),
        4 => ("config", &[rs1, rs2]),
        5 => ("carry", &[rs1, rs2]),
        6 if rs1 == 0 && rs2 == 0 => ("clear", &[]),
        _ => return None,
    };
    let registers: Vec<&str> = [&[rd], sources].concat().into_iter().map(x).collect();
    (funct7 == 0).then(|| format!("conv.{name} {}", registers.join(",")))
}

fn compressed(half: u32, instruction: Instruction, pc: u32) -> String {
    use Instruction::*;
    let stack = bits(half, 1, 0) == 2;
    match instruction {
        Lui { rd, imm } => format!("c.lui {},{:#x}", x(rd), imm >> 12),
        Jal { rd: 0, offset } => format!("c.j {}", target(pc, offset)),
        Jal { offset, .. } => format!("c.jal {}", target(pc, offset)),
        Jalr { rd: 0, rs1, .. } => format!("c.jr {}", x(rs1)),
        Jalr { rs1, .. } => format!("c.jalr {}", x(rs1)),
        Branch { condition, rs1, offset, .. } => {
            let name = if condition == Condition::Equal { "beqz" } else { "bnez" };
            format!("c.{name} {},{}", x(rs1), target(pc, offset))
        }
        Load { rd, rs1, offset, .. } => {
            format!("c.lw{} {},{}", if stack { "sp" } else { "" }, x(rd), place(offset, rs1))
        }
        Store { rs2, rs1, offset, .. } => {
            format!("c.sw{} {},{}", if stack { "sp" } else { "" }, x(rs2), place(offset, rs1))
        }
        Immediate { operation: Operation::Add, rd, rs1, imm } => {
            match (bits(half, 1, 0), bits(half, 15, 13)) {
                (0, _) => format!("c.addi4spn {},{},{imm}", x(rd), x(rs1)),
                (_, 0b010) => format!("c.li {},{imm}", x(rd)),
                (_, 0b011) => format!("c.addi16sp {},{imm}", x(rd)),
                _ if rd == 0 && imm == 0 => "c.nop".to_owned(),
                _ => format!("c.addi {},{imm}", x(rd)),
            }
        }
        Immediate { operation, rd, imm, .. } => {
            format!("c.{}i {},{}", name(operation), x(rd), immediate(operation, imm))
        }
        Register { operation: Operation::Add, rd, rs1: 0, rs2 } if bits(half, 12, 12) == 0 => {
            format!("c.mv {},{}", x(rd), x(rs2))
        }
        Register { operation, rd, rs2, .. } => {
            format!("c.{} {},{}", name(operation), x(rd), x(rs2))
        }
        // Nothing else is abbreviated.
        _ => "c.ebreak".to_owned(),
    }
}

/// fence with the accesses before and after it; fence.tso by its name.
fn fence(insn: u32) -> String {
    let set = |bits: u32| {
        let kinds = [(8, 'i'), (4, 'o'), (2, 'r'), (1, 'w')];
        let set = kinds.iter().filter(|(bit, _)| bits & bit != 0).map(|&(_, kind)| kind);
        let set: String = set.collect();
        if set.is_empty() { "unknown".to_owned() } else { set }
    };
    match bits(insn, 31, 20) {
        0x833 => "fence.tso".to_owned(),
        _ => format!("fence {},{}", set(bits(insn, 27, 24)), set(bits(insn, 23, 20))),
    }
}

fn x(register: u8) -> &'static str {
    REGISTERS[usize::from(register)]
}

fn place(offset: i32, register: u8) -> String {
    format!("{offset}({})", x(register))
}

fn target(pc: u32, offset: i32) -> String {
    format!("{:#x}", pc.wrapping_add_signed(offset))
}

/// Shift amounts are hexadecimal in objdump's text, other immediates are signed.
fn immediate(operation: Operation, imm: i32) -> String {
    match operation {
        Operation::ShiftLeft | Operation::ShiftRight | Operation::ShiftRightArithmetic => {
            format!("{imm:#x}")
        }
        _ => imm.to_string(),
    }
}

const fn letter(width: Width) -> &'static str {
    match width {
        Width::Byte => "b",
        Width::Half => "h",
        Width::Word => "w",
    }
}

const fn name(operation: Operation) -> &'static str {
    match operation {
        Operation::Add => "add",
        Operation::Sub => "sub",
        Operation::ShiftLeft => "sll",
        Operation::SetLess => "slt",
        Operation::SetLessUnsigned => "sltu",
        Operation::Xor => "xor",
        Operation::ShiftRight => "srl",
        Operation::ShiftRightArithmetic => "sra",
        Operation::Or => "or",
        Operation::And => "and",
        Operation::Mul => "mul",
        Operation::MulHigh => "mulh",
        Operation::MulHighSignedUnsigned => "mulhsu",
        Operation::MulHighUnsigned => "mulhu",
        Operation::Div => "div",
        Operation::DivUnsigned => "divu",
        Operation::Rem => "rem",
        Operation::RemUnsigned => "remu",
    }
}
