// SPDX-License-Identifier: MIT OR Apache-2.0
//! A few instructions by hand, for programs that a test is about.

use model::elf::Executable;
use model::facts::soc::RAM_BASE;

/// Where `tohost` is in these programs.
pub const TOHOST: u32 = RAM_BASE + 0x1000;

pub const T0: u32 = 5;
pub const T1: u32 = 6;

pub fn addi(rd: u32, rs1: u32, imm: i32) -> u32 {
    (imm as u32) << 20 | rs1 << 15 | rd << 7 | 0x13
}

pub fn lui(rd: u32, value: u32) -> u32 {
    value & 0xffff_f000 | rd << 7 | 0x37
}

pub fn sw(rs2: u32, rs1: u32, imm: i32) -> u32 {
    let imm = imm as u32;
    (imm >> 5 & 0x7f) << 25 | rs2 << 20 | rs1 << 15 | 0b010 << 12 | (imm & 0x1f) << 7 | 0x23
}

/// Jumps to itself.
pub const SPIN: u32 = 0x0000_006f;
pub const WFI: u32 = 0x1050_0073;

/// Writes a word to `tohost` and spins.
pub fn finish(word: i32) -> [u32; 4] {
    [lui(T0, TOHOST), addi(T1, 0, word), sw(T1, T0, 0), SPIN]
}

/// A program of these instructions.
pub fn program(words: &[u32]) -> Executable {
    Executable { tohost: Some(TOHOST), ..Executable::from_words(words) }
}
