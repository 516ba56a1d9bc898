// SPDX-License-Identifier: MIT OR Apache-2.0
//! The table against the manuals, by tables of their own, and against objdump's text.

use std::iter;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Instruction, Op, decode, disassemble};

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
            check(funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode);
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

/// The encodings of RV32C without floating point, as the manual's tables list them: mnemonic, the
/// bits that are fixed, their values, and bits that are not all zero.
#[rustfmt::skip]
#[expect(clippy::unusual_byte_groupings, reason = "the fields of the figures")]
const SHORT_ENCODINGS: &[(&str, u32, u32, u32)] = &[
    ("c.addi4spn", 0b111_0_00000_00000_11, 0b000_0_00000_00000_00, 0b000_1_11111_11000_00),
    ("c.lw",       0b111_0_00000_00000_11, 0b010_0_00000_00000_00, 0),
    ("c.sw",       0b111_0_00000_00000_11, 0b110_0_00000_00000_00, 0),
    ("c.nop",      0b111_1_11111_11111_11, 0b000_0_00000_00000_01, 0),
    ("c.addi",     0b111_0_00000_00000_11, 0b000_0_00000_00000_01, 0b000_1_11111_11111_00),
    ("c.jal",      0b111_0_00000_00000_11, 0b001_0_00000_00000_01, 0),
    ("c.li",       0b111_0_00000_00000_11, 0b010_0_00000_00000_01, 0),
    ("c.addi16sp", 0b111_0_11111_00000_11, 0b011_0_00010_00000_01, 0b000_1_00000_11111_00),
    ("c.srli",     0b111_1_11000_00000_11, 0b100_0_00000_00000_01, 0),
    ("c.srai",     0b111_1_11000_00000_11, 0b100_0_01000_00000_01, 0),
    ("c.andi",     0b111_0_11000_00000_11, 0b100_0_10000_00000_01, 0),
    ("c.sub",      0b111_1_11000_11000_11, 0b100_0_11000_00000_01, 0),
    ("c.xor",      0b111_1_11000_11000_11, 0b100_0_11000_01000_01, 0),
    ("c.or",       0b111_1_11000_11000_11, 0b100_0_11000_10000_01, 0),
    ("c.and",      0b111_1_11000_11000_11, 0b100_0_11000_11000_01, 0),
    ("c.j",        0b111_0_00000_00000_11, 0b101_0_00000_00000_01, 0),
    ("c.beqz",     0b111_0_00000_00000_11, 0b110_0_00000_00000_01, 0),
    ("c.bnez",     0b111_0_00000_00000_11, 0b111_0_00000_00000_01, 0),
    ("c.slli",     0b111_1_00000_00000_11, 0b000_0_00000_00000_10, 0),
    ("c.lwsp",     0b111_0_00000_00000_11, 0b010_0_00000_00000_10, 0b000_0_11111_00000_00),
    ("c.jr",       0b111_1_00000_11111_11, 0b100_0_00000_00000_10, 0b000_0_11111_00000_00),
    ("c.mv",       0b111_1_00000_00000_11, 0b100_0_00000_00000_10, 0b000_0_00000_11111_00),
    ("c.ebreak",   0b111_1_11111_11111_11, 0b100_1_00000_00000_10, 0),
    ("c.jalr",     0b111_1_00000_11111_11, 0b100_1_00000_00000_10, 0b000_0_11111_00000_00),
    ("c.add",      0b111_1_00000_00000_11, 0b100_1_00000_00000_10, 0b000_0_00000_11111_00),
    ("c.swsp",     0b111_0_00000_00000_11, 0b110_0_00000_00000_10, 0),
];

#[expect(clippy::unusual_byte_groupings, reason = "the fields of the figures")]
fn expected_short(half: u32) -> Option<&'static str> {
    // c.lui is the one whose register has a value that it may not have, that of c.addi16sp.
    let (rd, imm) = (half >> 7 & 31, half & 0b000_1_00000_11111_00);
    if half & 0xe003 == 0x6001 && rd != 2 && imm != 0 {
        return Some("c.lui");
    }
    let fits = |&&(_, mask, value, some): &&(&str, u32, u32, u32)| {
        half & mask == value && (some == 0 || half & some != 0)
    };
    let mut found = SHORT_ENCODINGS.iter().filter(fits);
    let name = found.next().map(|&(name, ..)| name);
    assert!(found.next().is_none(), "{half:#06x} is two instructions");
    name
}

#[test]
fn all_halfwords() {
    let mut legal = 0;
    for half in (0..=0xffff).filter(|half| half & 3 != 3) {
        let text = disassemble(half, 0);
        let name = text.split(' ').next().unwrap();
        assert_eq!(name, expected_short(half).unwrap_or(".half"), "{half:#06x}: {text}");
        assert_eq!(decode(half).is_some(), expected_short(half).is_some(), "{half:#06x}");
        legal += usize::from(decode(half).is_some());
    }
    // Counted by the manual's figures, in the order of the table.
    let quadrant_0 = 8 * 255 + 2 * 2048;
    let quadrant_1 = 2048 + 2048 + 2048 + 63 + 31 * 63 + (256 + 256 + 512 + 256) + 3 * 2048;
    let quadrant_2 = 1024 + 31 * 64 + (31 + 32 * 31) + (1 + 31 + 32 * 31) + 2048;
    assert_eq!(legal, quadrant_0 + quadrant_1 + quadrant_2);
}

#[test]
fn expansions_by_hand() {
    use Op::*;
    let cases = [
        // c.addi4spn a0,sp,16; c.lw a5,64(s0); c.sw a5,4(s1)
        (0x0808, Instruction::i(Addi, 10, 2, 16)),
        (0x403c, Instruction::i(Lw, 15, 8, 64)),
        (0xc0dc, Instruction::s(Sw, 9, 15, 4)),
        // c.addi t6,-1; c.jal .−2; c.li ra,−32; c.addi16sp −512; c.lui t6,0xfffe0
        (0x1ffd, Instruction::i(Addi, 31, 31, -1)),
        (0x3ffd, Instruction::jal(1, -2)),
        (0x5081, Instruction::i(Addi, 1, 0, -32)),
        (0x7101, Instruction::i(Addi, 2, 2, -512)),
        (0x7f81, Instruction::u(Lui, 31, 0xfffe_0000)),
        // c.srli s0,1; c.srai a5,31; c.andi s0,−1; c.sub, c.xor, c.or, c.and s0,a5
        (0x8005, Instruction::i(Srli, 8, 8, 1)),
        (0x87fd, Instruction::i(Srai, 15, 15, 31)),
        (0x987d, Instruction::i(Andi, 8, 8, -1)),
        (0x8c1d, Instruction::r(Sub, 8, 8, 15)),
        (0x8c3d, Instruction::r(Xor, 8, 8, 15)),
        (0x8c5d, Instruction::r(Or, 8, 8, 15)),
        (0x8c7d, Instruction::r(And, 8, 8, 15)),
        // c.j .+2; c.beqz s0,.+254; c.bnez a5,.−256
        (0xa009, Instruction::jal(0, 2)),
        (0xcc7d, Instruction::s(Beq, 8, 0, 254)),
        (0xf381, Instruction::s(Bne, 15, 0, -256)),
        // c.slli t6,31; c.lwsp ra,252; c.swsp t6,128
        (0x0ffe, Instruction::i(Slli, 31, 31, 31)),
        (0x50fe, Instruction::i(Lw, 1, 2, 252)),
        (0xc17e, Instruction::s(Sw, 2, 31, 128)),
        // c.jr ra; c.mv a0,t6; c.ebreak; c.jalr a5; c.add s5,ra
        (0x8082, Instruction::i(Jalr, 0, 1, 0)),
        (0x857e, Instruction::r(Add, 10, 0, 31)),
        (0x9002, Instruction::plain(Ebreak)),
        (0x9782, Instruction::i(Jalr, 1, 15, 0)),
        (0x9a86, Instruction::r(Add, 21, 21, 1)),
    ];
    for (half, instruction) in cases {
        assert_eq!(decode(half), Some(instruction), "{half:#06x}");
    }
}

#[test]
fn the_text_is_that_of_objdump() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testvectors/isa/instructions.csv");
    let mut rows = csv::Reader::from_path(path).unwrap();
    let mut count = 0;
    for row in rows.records() {
        let row = row.unwrap();
        let number = |column: usize| u32::from_str_radix(&row[column], 16).unwrap();
        let (address, encoding) = (number(0), number(1));
        assert_eq!(disassemble(encoding, address), row[2], "{encoding:#x} at {address:#x}");
        count += 1;
    }
    assert!(count > 500, "{count} instructions");
}

#[test]
fn what_the_assembler_does_not_know() {
    let cases = [
        (0x02c5_8577, ".word 0x02c58577"),
        (0x00c5_8577, "conv.load a0,a1,a2"),
        (0x00c5_9577, "conv.run a0,a1,a2"),
        (0x0005_a577, "conv.again a0,a1"),
        (0x00c5_a577, ".word 0x00c5a577"),
        (0x0005_b577, "conv.read a0,a1"),
        (0x00c5_c577, "conv.config a0,a1,a2"),
        (0x00c5_d577, "conv.carry a0,a1,a2"),
        (0x0000_6577, "conv.clear a0"),
        (0x0005_e577, ".word 0x0005e577"),
        (0x00c5_f577, ".word 0x00c5f577"),
        (0xffff_ffff, ".word 0xffffffff"),
        (0x0000_0000, ".half 0x0000"),
        (0x0000_6101, ".half 0x6101"),
        (0x7c00_2573, "csrrs a0,0x7c0,zero"),
        // A hint has the name of what it is encoded as.
        (0x0000_0005, "c.addi zero,1"),
        (0x0000_0001, "c.nop"),
    ];
    for (insn, text) in cases {
        assert_eq!(disassemble(insn, 0), text, "{insn:#010x}");
    }
}
