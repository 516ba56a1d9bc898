//! Exceptions in more kinds than they have causes.

use super::bins::{READABLE, TRAPS};
use super::facts::Facts;
use model::hart::{Instruction, Retire, Trap, is_compressed};

/// Index into [`TRAPS`].
pub(super) fn trap_kind(
    trap: &Trap,
    retire: &Retire,
    facts: Option<&Facts>,
    registers: &[u32; 32],
) -> usize {
    let short = is_compressed(retire.insn);
    let kind = match trap.cause {
        1 if trap.value == retire.pc => "fetch",
        1 => "fetch of the second half",
        3 if short => "c.ebreak",
        3 => "ebreak",
        4 => "conv misaligned",
        11 => "ecall",
        2 => illegal(retire.insn, facts),
        cause => {
            let (name, address, bytes) = match facts.map(|facts| facts.instruction) {
                Some(Instruction::Load { width, rs1, offset, .. }) => {
                    ("load", (rs1, offset), width)
                }
                Some(Instruction::Store { width, rs1, offset, .. }) => {
                    ("store", (rs1, offset), width)
                }
                _ => return place(if cause == 5 { "conv access" } else { "store" }),
            };
            let (rs1, offset) = address;
            let addr = registers[usize::from(rs1)].wrapping_add_signed(offset);
            let crosses = addr % 4 + bytes as u32 > 4;
            return place(name) + usize::from(crosses) * (1 + usize::from(trap.value != addr));
        }
    };
    place(kind)
}

fn illegal(insn: u32, facts: Option<&Facts>) -> &'static str {
    match facts.map(|facts| facts.instruction) {
        Some(Instruction::Csr { csr, .. }) if READABLE.contains(&csr) => "csr that is read-only",
        Some(Instruction::Csr { .. }) => "csr that does not exist",
        Some(Instruction::Conv { .. }) => "conv refused",
        _ if insn & 0x7f == 0x77 => "conv refused",
        _ if is_compressed(insn) => "illegal half",
        _ => "illegal word",
    }
}

fn place(kind: &str) -> usize {
    TRAPS.iter().position(|&it| it == kind).expect("it is in the list")
}
