//! Which words are instructions of 32 bits, and which.

use std::iter;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::super::disassemble;

/// Mnemonic, the bits that are fixed, and their values.
#[rustfmt::skip]
const ENCODINGS: &[(&str, u32, u32)] = &[
    ("lui",    0x0000_007f, 0x0000_0037),
    ("auipc",  0x0000_007f, 0x0000_0017),
    ("jal",    0x0000_007f, 0x0000_006f),
    ("jalr",   0x0000_707f, 0x0000_0067),
    ("beq",    0x0000_707f, 0x0000_0063),
    ("bne",    0x0000_707f, 0x0000_1063),
    ("blt",    0x0000_707f, 0x0000_4063),
    ("bge",    0x0000_707f, 0x0000_5063),
    ("bltu",   0x0000_707f, 0x0000_6063),
    ("bgeu",   0x0000_707f, 0x0000_7063),
    ("lb",     0x0000_707f, 0x0000_0003),
    ("lh",     0x0000_707f, 0x0000_1003),
    ("lw",     0x0000_707f, 0x0000_2003),
    ("lbu",    0x0000_707f, 0x0000_4003),
    ("lhu",    0x0000_707f, 0x0000_5003),
    ("sb",     0x0000_707f, 0x0000_0023),
    ("sh",     0x0000_707f, 0x0000_1023),
    ("sw",     0x0000_707f, 0x0000_2023),
    ("addi",   0x0000_707f, 0x0000_0013),
    ("slti",   0x0000_707f, 0x0000_2013),
    ("sltiu",  0x0000_707f, 0x0000_3013),
    ("xori",   0x0000_707f, 0x0000_4013),
    ("ori",    0x0000_707f, 0x0000_6013),
    ("andi",   0x0000_707f, 0x0000_7013),
    ("slli",   0xfe00_707f, 0x0000_1013),
    ("srli",   0xfe00_707f, 0x0000_5013),
    ("srai",   0xfe00_707f, 0x4000_5013),
    ("add",    0xfe00_707f, 0x0000_0033),
    ("sub",    0xfe00_707f, 0x4000_0033),
    ("sll",    0xfe00_707f, 0x0000_1033),
    ("slt",    0xfe00_707f, 0x0000_2033),
    ("sltu",   0xfe00_707f, 0x0000_3033),
    ("xor",    0xfe00_707f, 0x0000_4033),
    ("srl",    0xfe00_707f, 0x0000_5033),
    ("sra",    0xfe00_707f, 0x4000_5033),
    ("or",     0xfe00_707f, 0x0000_6033),
    ("and",    0xfe00_707f, 0x0000_7033),
    ("mul",    0xfe00_707f, 0x0200_0033),
    ("mulh",   0xfe00_707f, 0x0200_1033),
    ("mulhsu", 0xfe00_707f, 0x0200_2033),
    ("mulhu",  0xfe00_707f, 0x0200_3033),
    ("div",    0xfe00_707f, 0x0200_4033),
    ("divu",   0xfe00_707f, 0x0200_5033),
    ("rem",    0xfe00_707f, 0x0200_6033),
    ("remu",   0xfe00_707f, 0x0200_7033),
    // The fields that a simple implementation ignores may have any value.
    ("fence",  0x0000_707f, 0x0000_000f),
    ("fence.i", 0x0000_707f, 0x0000_100f),
    ("ecall",  0xffff_ffff, 0x0000_0073),
    ("ebreak", 0xffff_ffff, 0x0010_0073),
    ("mret",   0xffff_ffff, 0x3020_0073),
    ("wfi",    0xffff_ffff, 0x1050_0073),
    ("csrrw",  0x0000_707f, 0x0000_1073),
    ("csrrs",  0x0000_707f, 0x0000_2073),
    ("csrrc",  0x0000_707f, 0x0000_3073),
    ("csrrwi", 0x0000_707f, 0x0000_5073),
    ("csrrsi", 0x0000_707f, 0x0000_6073),
    ("csrrci", 0x0000_707f, 0x0000_7073),
    ("conv.load",   0xfe00_707f, 0x0000_0077),
    ("conv.run",    0xfe00_707f, 0x0000_1077),
    ("conv.again",  0xfff0_707f, 0x0000_2077),
    ("conv.read",   0xfff0_707f, 0x0000_3077),
    ("conv.config", 0xfe00_707f, 0x0000_4077),
    ("conv.carry",  0xfe00_707f, 0x0000_5077),
    ("conv.clear",  0xffff_f07f, 0x0000_6077),
];

fn expected(word: u32) -> &'static str {
    let mut found = ENCODINGS.iter().filter(|(_, mask, value)| word & mask == *value);
    let name = found.next().map_or(".word", |&(name, ..)| name);
    assert!(found.next().is_none(), "{word:#010x} is two instructions");
    name
}

fn check(word: u32) {
    let text = disassemble(word, 0);
    let name = text.split(' ').next().unwrap();
    // fence.tso is a fence.
    let name = if name == "fence.tso" { "fence" } else { name };
    assert_eq!(name, expected(word), "{word:#010x}: {text}");
}

#[test]
fn every_opcode_and_function_code() {
    for (opcode, funct3, funct7) in (3..128_u32)
        .step_by(4)
        .flat_map(|op| (0..8).map(move |f3| (op, f3)))
        .flat_map(|(op, f3)| (0..128).map(move |f7| (op, f3, f7)))
    {
        for (rd, rs1, rs2) in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 5), (31, 31, 31)]
        {
            check(super::encode::r(funct7, rs2, rs1, funct3, rd, opcode));
        }
    }
}

#[test]
fn every_bit_of_an_instruction_without_operands_counts() {
    for word in [0x73, 0x0010_0073, 0x3020_0073, 0x1050_0073, 0x6077] {
        for bit in 0..32 {
            let other = word ^ 1 << bit;
            if other & 3 == 3 {
                check(other);
            }
        }
    }
    // sret, uret, sfence.vma and dret are other modes' and the debugger's.
    for word in [0x1020_0073, 0x0020_0073, 0x1200_0073, 0x7b20_0073] {
        assert_eq!(expected(word), ".word");
        check(word);
    }
}

#[test]
fn random_words() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for word in iter::repeat_with(|| rng.random::<u32>() | 3).take(200_000) {
        check(word);
    }
}
