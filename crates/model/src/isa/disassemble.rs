// SPDX-License-Identifier: MIT OR Apache-2.0
//! Instruction words to text, as the assembler takes them and `objdump -M no-aliases` prints them.

use std::fmt::Write as _;

use super::{Format, Instruction, Op, Register, decode, form_of, is_compressed};
use crate::facts::csr::CSRS;

const REGISTERS: [&str; 32] = [
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4",
    "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4",
    "t5", "t6",
];

/// The bits of a fence.tso above its registers.
const FENCE_TSO: i32 = 0x833;

impl Format {
    /// How the operands are written, a letter for each: rd `d`, rs1 `s`, rs2 `t`, rs1 as a number
    /// `z`; the immediate as a number `i`, in hexadecimal `x`, without its lower 12 bits `u`, as a
    /// target `p`, as an address with rs1 `m`, as a CSR `c`, as the sets of a fence `f`.
    const fn text(self) -> &'static str {
        match self {
            Self::R | Self::Conv2 => "d,s,t",
            Self::Shift => "d,s,x",
            Self::I => "d,s,i",
            Self::Address => "d,m",
            Self::S => "t,m",
            Self::B => "s,t,p",
            Self::U => "d,u",
            Self::J => "d,p",
            Self::Csr => "d,c,s",
            Self::CsrImmediate => "d,c,z",
            Self::Fence => "f",
            Self::Conv1 => "d,s",
            Self::Conv0 => "d",
            Self::FenceI | Self::Fixed => "",
        }
    }
}

/// The assembly text of an instruction at an address; a compressed one is its 16 bits,
/// zero-extended, and has its own mnemonic. What is not an instruction of the core is data: `.half`
/// or `.word`.
pub fn disassemble(insn: u32, pc: u32) -> String {
    let instruction = decode(insn).filter(|it| is_compressed(insn) || !it.is_refused());
    let Some(instruction) = instruction else {
        return match is_compressed(insn) {
            true => format!(".half {:#06x}", insn & 0xffff),
            false => format!(".word {insn:#010x}"),
        };
    };
    let (name, operands) = match form_of(insn as u16).filter(|_| is_compressed(insn)) {
        Some(form) => (form.name, form.text),
        None if instruction.op == Op::Fence && instruction.imm == FENCE_TSO => ("fence.tso", ""),
        None => (instruction.op.name(), instruction.op.format().text()),
    };
    let mut text = name.to_owned();
    if !operands.is_empty() {
        text.push(' ');
    }
    for letter in operands.chars() {
        operand(&mut text, letter, instruction, pc).expect("a String takes all");
    }
    text
}

fn operand(text: &mut String, letter: char, it: Instruction, pc: u32) -> std::fmt::Result {
    let Instruction { rd, rs1, rs2, imm, .. } = it;
    match letter {
        'd' => text.write_str(x(rd)),
        's' => text.write_str(x(rs1)),
        't' => text.write_str(x(rs2)),
        'z' => write!(text, "{rs1}"),
        'i' => write!(text, "{imm}"),
        'x' => write!(text, "{imm:#x}"),
        'u' => write!(text, "{:#x}", imm as u32 >> 12),
        'p' => write!(text, "{:#x}", pc.wrapping_add_signed(imm)),
        'm' => write!(text, "{imm}({})", x(rs1)),
        'c' => text.write_str(&csr_name(imm as u16)),
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

/// The name of a CSR in assembly text; its number if it does not exist.
pub fn csr_name(number: u16) -> String {
    match CSRS.iter().find(|row| (row.number..=row.last).contains(&number)) {
        None => format!("{number:#x}"),
        Some(row) if row.is_numbered() => format!("{}{}{}", row.name, number & 31, row.suffix),
        Some(row) => row.name.to_owned(),
    }
}
