// SPDX-License-Identifier: MIT OR Apache-2.0
//! Files that are no programs: each has an error of its own that says what to do.

use convapprox::firmware::find;
use convapprox::hw::SOC;
use model::elf::{ElfError, Executable};
use model::facts::soc::RAM_BASE;

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
    assert!(matches!(error(b""), ElfError::NotElf));
    assert!(matches!(error(b"int main(void) { return 0; }"), ElfError::NotElf));
    assert!(matches!(error(&patched(field::CLASS, &[2])), ElfError::Class));
    assert!(matches!(error(&patched(field::CLASS, &[9])), ElfError::NotElf));
    assert!(matches!(error(&patched(field::DATA, &[2])), ElfError::BigEndian));
    assert!(matches!(error(&patched(field::MACHINE, &[0x3e, 0])), ElfError::Machine(0x3e)));
    for kind in [0, 1, 3] {
        assert!(matches!(error(&patched(field::TYPE, &[kind, 0])), ElfError::NotExecutable(_)));
    }
    for entry in [0, RAM_BASE + 4] {
        let moved = patched(field::ENTRY, &entry.to_le_bytes());
        assert!(matches!(error(&moved), ElfError::Entry(addr) if addr == entry));
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
        let expected = matches!(error, ElfError::NotElf | ElfError::Damaged(_));
        assert!(expected, "{length} of {} bytes: {error}", elf.len());
    }
}

#[test]
fn each_error_says_what_to_do() {
    let advice = [
        (error(b"text"), "firmware/link.ld"),
        (error(&patched(field::CLASS, &[2])), "-march=rv32imc"),
        (error(&patched(field::MACHINE, &[3, 0])), "riscv64-unknown-elf-gcc"),
        (error(&patched(field::TYPE, &[1, 0])), "-static"),
        (error(&patched(field::ENTRY, &[0; 4])), "_start"),
        (error(&hello()[..100]), "build the program again"),
    ];
    for (error, words) in advice {
        assert!(error.to_string().contains(words), "{error}");
    }
}
