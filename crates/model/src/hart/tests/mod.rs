// SPDX-License-Identifier: MIT OR Apache-2.0
//! The simulator by the manuals: expected values are from there or by hand.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Feed, Hart, HartConfig, Retire, RunEnd, Trap};
use crate::isa::disassemble;
use encode::{NOP, sw};

mod conv;
mod floats;
mod instructions;
mod registers;
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

/// One instruction with these registers.
fn one(insn: u32, registers: &[(usize, u32)]) -> Retire {
    let mut hart = hart(&[insn]);
    for &(register, value) in registers {
        hart.registers[register] = value;
    }
    step(&mut hart)
}

/// One that may not trap.
fn execute(insn: u32, registers: &[(usize, u32)]) -> Retire {
    let retire = one(insn, registers);
    assert_eq!(retire.trap, None, "{insn:#010x}");
    retire
}

/// Its trap.
fn trap(insn: u32, registers: &[(usize, u32)]) -> Option<Trap> {
    one(insn, registers).trap
}

/// Instruction words from their fields, as the manual draws the formats: not by the table.
mod encode {
    pub(super) const fn r(funct7: u32, rs2: u32, rs1: u32, funct3: u32, rd: u32, op: u32) -> u32 {
        funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | op
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

/// Mostly the opcodes that there are.
fn word(rng: &mut ChaCha8Rng) -> u32 {
    #[rustfmt::skip]
    const OPCODES: [u32; 19] = [
        0x03, 0x0f, 0x13, 0x17, 0x23, 0x33, 0x37, 0x63, 0x67, 0x6f, 0x73, 0x77,
        0x07, 0x27, 0x43, 0x47, 0x4b, 0x4f, 0x53,
    ];
    let word: u32 = rng.random();
    match rng.random_range(0..4) {
        0 => word,
        1 => word & 0x01ff_ff80 | OPCODES[rng.random_range(0..OPCODES.len())],
        _ => word & !0x7f | OPCODES[rng.random_range(0..OPCODES.len())],
    }
}

#[test]
fn random_words_never_panic() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let (mut trapped, mut executed) = (0, 0);
    for round in 0..300 {
        let program: Vec<u32> = (0..256).map(|_| word(&mut rng)).collect();
        let float = round % 2 == 1;
        let mut hart = if float { floats::hart(&program, 1) } else { hart(&program) };
        for n in 1..32 {
            let near = BASE + rng.random_range(0..0x400);
            hart.registers[n] = if rng.random() { near } else { rng.random() };
        }
        for _ in 0..300 {
            let feed = Feed {
                mip: rng.random::<bool>().then(|| rng.random()),
                interrupt: rng.random_bool(0.1),
                read: rng.random::<bool>().then(|| rng.random()),
            };
            let pc = hart.pc();
            match hart.step(&feed) {
                Ok(retire) => {
                    disassemble(retire.insn, retire.pc, float);
                    trapped += u32::from(retire.trap.is_some());
                    executed += u32::from(retire.trap.is_none());
                    assert_eq!((hart.pc(), hart.pc() % 2), (retire.next_pc, 0));
                    assert_eq!(hart.register(0), 0);
                }
                Err(error) => {
                    assert_eq!(hart.pc(), pc, "{error}");
                    hart.pc = BASE + 4 * rng.random_range(0..256);
                }
            }
            // Traps go nowhere: back into the program.
            if hart.pc().wrapping_sub(BASE) >= 0x400 {
                hart.pc = BASE + 4 * rng.random_range(0..256);
            }
        }
    }
    assert!(trapped > 1000 && executed > 10_000, "{trapped}, {executed}");
}

#[test]
fn run_ends_at_tohost() {
    const TOHOST: u32 = BASE + 0x40;
    let program = [sw(0, 10, 0), sw(11, 10, -4), sw(11, 10, 4), sw(11, 10, 0), NOP];
    let ready = || {
        let mut hart = hart(&program);
        (hart.registers[10], hart.registers[11]) = (TOHOST, 7);
        hart
    };
    let mut hart = ready();
    assert_eq!(hart.run(100, Some(TOHOST)), RunEnd::ToHost(7));
    assert_eq!(hart.pc(), BASE + 16);
    let mut hart = ready();
    assert_eq!(hart.run(3, Some(TOHOST)), RunEnd::Limit);
    assert_eq!((hart.pc(), hart.instructions()), (BASE + 12, 3));
    let mut hart = ready();
    assert_eq!(hart.run(5, None), RunEnd::Limit);
    assert_eq!(hart.pc(), BASE + 20);
    // A byte of it, and a store that ends in it.
    for (insn, word) in [(encode::s(3, 11, 10, 0), 7 << 24), (sw(11, 10, -2), 0)] {
        let mut hart = ready();
        store(&mut hart, BASE, &[insn, NOP]);
        let end = if word == 0 { RunEnd::Limit } else { RunEnd::ToHost(word) };
        assert_eq!(hart.run(2, Some(TOHOST)), end);
    }
    let mut hart = ready();
    hart.registers[11] = 0x0005_0000;
    store(&mut hart, BASE, &[sw(11, 10, -2)]);
    assert_eq!(hart.run(1, Some(TOHOST)), RunEnd::ToHost(5));
}

#[test]
fn run_ends_at_a_wfi_without_end() {
    let mut hart = hart(&[NOP, encode::WFI]);
    let RunEnd::Asleep(error) = hart.run(10, None) else { panic!("it waits") };
    assert!(error.to_string().starts_with("the wfi at 0x80000004 waits for ever"));
}

#[test]
#[should_panic(expected = "KERNEL is 1 to 7")]
fn a_unit_that_cannot_be() {
    let mut config = HartConfig::default();
    config.unit.kernel = 8;
    Hart::new(&config);
}
