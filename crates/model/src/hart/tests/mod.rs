// SPDX-License-Identifier: MIT OR Apache-2.0
//! The simulator by the manuals: expected values are from there or by hand.

use super::{Feed, Hart, HartConfig, Retire, Trap};

mod conv;
mod csr;
mod devices;
mod instructions;
mod programs;
mod traps;

const BASE: u32 = 0x8000_0000;

/// A hart after reset with these instructions at its pc. RAM is 64 KiB.
fn hart(program: &[u32]) -> Hart {
    let mut hart = Hart::new(&HartConfig { ram_bytes: 1 << 16, ..HartConfig::default() });
    store(&mut hart, BASE, program);
    hart
}

/// Puts words into RAM.
fn store(hart: &mut Hart, addr: u32, words: &[u32]) {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    hart.load(addr, &bytes).unwrap();
}

/// One instruction of a hart that stands alone.
fn step(hart: &mut Hart) -> Retire {
    hart.step(&Feed::default()).unwrap()
}

/// So many instructions, none of which may trap.
fn steps(hart: &mut Hart, count: usize) {
    for _ in 0..count {
        let retire = step(hart);
        assert_eq!(retire.trap, None, "at {:#x}", retire.pc);
    }
}

/// One instruction with these registers; it may not trap.
fn execute(insn: u32, registers: &[(usize, u32)]) -> Retire {
    let mut hart = hart(&[insn]);
    for &(register, value) in registers {
        hart.registers[register] = value;
    }
    let retire = step(&mut hart);
    assert_eq!(retire.trap, None, "{insn:#010x}");
    retire
}

/// The trap of one instruction with these registers.
fn trap(insn: u32, registers: &[(usize, u32)]) -> Option<Trap> {
    let mut hart = hart(&[insn]);
    for &(register, value) in registers {
        hart.registers[register] = value;
    }
    step(&mut hart).trap
}

/// Instruction words from their fields, as the manual draws the formats: not by the table.
mod encode {
    pub(super) const fn r(
        funct7: u32,
        rs2: u32,
        rs1: u32,
        funct3: u32,
        rd: u32,
        opcode: u32,
    ) -> u32 {
        funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode
    }

    pub(super) const fn i(imm: i32, rs1: u32, funct3: u32, rd: u32, opcode: u32) -> u32 {
        (imm as u32 & 0xfff) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode
    }

    pub(super) const fn s(imm: i32, rs2: u32, rs1: u32, funct3: u32) -> u32 {
        let imm = imm as u32;
        (imm >> 5 & 0x7f) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | (imm & 31) << 7 | 0x23
    }

    pub(super) const fn b(imm: i32, rs2: u32, rs1: u32, funct3: u32) -> u32 {
        let imm = imm as u32;
        let high = (imm >> 12 & 1) << 6 | (imm >> 5 & 0x3f);
        let low = (imm >> 1 & 15) << 1 | (imm >> 11 & 1);
        high << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | low << 7 | 0x63
    }

    pub(super) const fn j(imm: i32, rd: u32) -> u32 {
        let imm = imm as u32;
        let high = (imm >> 20 & 1) << 19 | (imm >> 1 & 0x3ff) << 9;
        (high | (imm >> 11 & 1) << 8 | (imm >> 12 & 0xff)) << 12 | rd << 7 | 0x6f
    }

    pub(super) const fn addi(rd: u32, rs1: u32, imm: i32) -> u32 {
        i(imm, rs1, 0, rd, 0x13)
    }

    pub(super) const fn lw(rd: u32, rs1: u32, imm: i32) -> u32 {
        i(imm, rs1, 2, rd, 0x03)
    }

    pub(super) const fn sw(rs2: u32, rs1: u32, imm: i32) -> u32 {
        s(imm, rs2, rs1, 2)
    }

    pub(super) const fn csrrw(rd: u32, csr: u16, rs1: u32) -> u32 {
        r(0, 0, rs1, 1, rd, 0x73) | (csr as u32) << 20
    }

    pub(super) const fn csrrs(rd: u32, csr: u16, rs1: u32) -> u32 {
        r(0, 0, rs1, 2, rd, 0x73) | (csr as u32) << 20
    }

    pub(super) const fn csrrc(rd: u32, csr: u16, rs1: u32) -> u32 {
        r(0, 0, rs1, 3, rd, 0x73) | (csr as u32) << 20
    }

    /// csrrwi, csrrsi and csrrci are the ones above with funct3 4 higher.
    pub(super) const fn immediate(csr_instruction: u32) -> u32 {
        csr_instruction | 4 << 12
    }

    pub(super) const NOP: u32 = addi(0, 0, 0);
    pub(super) const ECALL: u32 = 0x0000_0073;
    pub(super) const EBREAK: u32 = 0x0010_0073;
    pub(super) const MRET: u32 = 0x3020_0073;
    pub(super) const WFI: u32 = 0x1050_0073;
}
