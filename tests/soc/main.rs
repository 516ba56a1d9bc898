// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs on the verilated system on chip: how they are loaded, run, compared with the reference
//! model, and what is told when something goes wrong.

#[path = "../common/mod.rs"]
mod common;

mod command;
mod debugger;
mod endings;
mod lockstep;
mod outputs;
mod programs;

use convapprox::firmware::find;
use convapprox::hw::SOC;
use model::elf::{ElfError, Executable};
use model::facts::soc::RAM_BASE;

// A few instructions by hand, for programs that a test is about.

/// Where `tohost` is in these programs.
const TOHOST: u32 = RAM_BASE + 0x1000;

const T0: u32 = 5;
const T1: u32 = 6;
const T2: u32 = 7;

fn addi(rd: u32, rs1: u32, imm: i32) -> u32 {
    (imm as u32) << 20 | rs1 << 15 | rd << 7 | 0x13
}

fn lui(rd: u32, value: u32) -> u32 {
    value & 0xffff_f000 | rd << 7 | 0x37
}

fn sw(rs2: u32, rs1: u32, imm: i32) -> u32 {
    let imm = imm as u32;
    (imm >> 5 & 0x7f) << 25 | rs2 << 20 | rs1 << 15 | 0b010 << 12 | (imm & 0x1f) << 7 | 0x23
}

/// Jumps to itself.
const SPIN: u32 = 0x0000_006f;
const WFI: u32 = 0x1050_0073;

/// Writes a word to `tohost` and spins.
fn finish(word: i32) -> [u32; 4] {
    [lui(T0, TOHOST), addi(T1, 0, word), sw(T1, T0, 0), SPIN]
}

/// A program of these instructions.
fn program(words: &[u32]) -> Executable {
    Executable { tohost: Some(TOHOST), ..Executable::from_words(words) }
}

// Files that are no programs: each has an error of its own that says what to do.

const RAM_BYTES: u32 = SOC.ram_bytes;

fn hello() -> Vec<u8> {
    find("hello").unwrap().elf.to_vec()
}

/// The file with some bytes replaced.
fn patched(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut elf = hello();
    elf[at..at + bytes.len()].copy_from_slice(bytes);
    elf
}

fn error(elf: &[u8]) -> ElfError {
    Executable::parse(elf, RAM_BYTES).expect_err("this is no program")
}

/// A field of the ELF header, or of the second program header: the first is none to load.
mod field {
    pub const CLASS: usize = 4;
    pub const DATA: usize = 5;
    pub const TYPE: usize = 16;
    pub const MACHINE: usize = 18;
    pub const ENTRY: usize = 24;
    pub const PROGRAM_HEADERS: usize = 28;
    pub const PROGRAM_HEADER_COUNT: usize = 44;
    pub const SEGMENT_ADDR: usize = 52 + 32 + 12;
    pub const SEGMENT_MEMORY: usize = 52 + 32 + 20;
}

#[test]
fn a_good_file_is_a_program() {
    let program = Executable::parse(&hello(), RAM_BYTES).unwrap();
    assert_eq!(program.segments[0].addr, RAM_BASE);
    assert!(program.tohost.is_some_and(|addr| addr % 64 == 0 && addr > RAM_BASE));
    assert!(program.signature.is_some_and(|range| range.start <= range.end));
}

#[test]
fn each_mistake_is_named() {
    let elf = hello();
    let said = |elf: &[u8], words: &str| {
        let error = error(elf);
        assert!(error.to_string().contains(words), "{words:?} is not in {error}");
        error
    };
    assert!(matches!(error(b""), ElfError::NotElf));
    assert!(matches!(said(b"int main(void) { return 0; }", "firmware/link.ld"), ElfError::NotElf));
    let class = |class| patched(field::CLASS, &[class]);
    assert!(matches!(said(&class(2), "-march=rv32imc"), ElfError::Class));
    assert!(matches!(error(&class(9)), ElfError::NotElf));
    assert!(matches!(error(&patched(field::DATA, &[2])), ElfError::BigEndian));
    let machine = patched(field::MACHINE, &[0x3e, 0]);
    assert!(matches!(said(&machine, "riscv64-unknown-elf-gcc"), ElfError::Machine(0x3e)));
    for kind in [0, 1, 3] {
        let other = patched(field::TYPE, &[kind, 0]);
        assert!(matches!(said(&other, "-static"), ElfError::NotExecutable(_)));
    }
    for entry in [0, RAM_BASE + 4] {
        let moved = patched(field::ENTRY, &entry.to_le_bytes());
        assert!(matches!(said(&moved, "_start"), ElfError::Entry(addr) if addr == entry));
    }
    let nothing = patched(field::PROGRAM_HEADER_COUNT, &[0, 0]);
    assert!(matches!(error(&nothing), ElfError::Empty));
    for addr in [0_u32, RAM_BASE - 4, RAM_BASE + RAM_BYTES - 4] {
        let moved = patched(field::SEGMENT_ADDR, &addr.to_le_bytes());
        assert!(matches!(error(&moved), ElfError::OutsideRam { addr: a, .. } if a == addr));
    }
    let large = patched(field::SEGMENT_MEMORY, &(RAM_BYTES + 1).to_le_bytes());
    assert!(matches!(error(&large), ElfError::OutsideRam { .. }));
    let large = patched(field::SEGMENT_MEMORY, &u32::MAX.to_le_bytes());
    assert!(matches!(error(&large), ElfError::OutsideRam { .. }));
    let astray = patched(field::PROGRAM_HEADERS, &u32::MAX.to_le_bytes());
    assert!(matches!(error(&astray), ElfError::Damaged(_)));
    // In a larger RAM it would fit, in a smaller one it does not.
    assert!(Executable::parse(&elf, 1 << 21).is_ok());
    assert!(matches!(Executable::parse(&elf, 1 << 10), Err(ElfError::OutsideRam { .. })));
}

#[test]
fn a_file_cut_off_anywhere_is_refused() {
    let elf = hello();
    for length in (0..elf.len()).step_by(13) {
        let error = error(&elf[..length]);
        let expected = match &error {
            ElfError::Damaged(_) => error.to_string().contains("build the program again"),
            error => matches!(error, ElfError::NotElf),
        };
        assert!(expected, "{length} of {} bytes: {error}", elf.len());
    }
}
