//! Compressed instructions: which of the 2¹⁶ halfwords are some, and what they stand for.

use super::super::alu::Operation::{self, *};
use super::super::decode::{Condition, Instruction, Width, decode};
use super::super::disassemble;
use super::{BASE, hart, step, trap};

/// The encodings of RV32C without floating point, as the manual's tables list them: mnemonic, the
/// bits that are fixed, their values, and bits that are not all zero.
#[rustfmt::skip]
#[expect(clippy::unusual_byte_groupings, reason = "the fields of the figures")]
const ENCODINGS: &[(&str, u32, u32, u32)] = &[
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
fn expected(half: u32) -> Option<&'static str> {
    // c.lui is the one whose register has a value that it may not have, that of c.addi16sp.
    let (rd, imm) = (half >> 7 & 31, half & 0b000_1_00000_11111_00);
    if half & 0xe003 == 0x6001 && rd != 2 && imm != 0 {
        return Some("c.lui");
    }
    let fits = |&&(_, mask, value, some): &&(&str, u32, u32, u32)| {
        half & mask == value && (some == 0 || half & some != 0)
    };
    let mut found = ENCODINGS.iter().filter(fits);
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
        assert_eq!(name, expected(half).unwrap_or(".half"), "{half:#06x}: {text}");
        assert_eq!(decode(half).is_some(), expected(half).is_some(), "{half:#06x}");
        legal += usize::from(decode(half).is_some());
    }
    // Counted by the manual's figures, in the order of the table.
    let quadrant_0 = 8 * 255 + 2 * 2048;
    let quadrant_1 = 2048 + 2048 + 2048 + 63 + 31 * 63 + (256 + 256 + 512 + 256) + 3 * 2048;
    let quadrant_2 = 1024 + 31 * 64 + (31 + 32 * 31) + (1 + 31 + 32 * 31) + 2048;
    assert_eq!(legal, quadrant_0 + quadrant_1 + quadrant_2);
}

#[test]
fn illegal_ones_trap_with_their_16_bits() {
    for half in [0x0000, 0x0004, 0x2000, 0x4002, 0x6081, 0x6101, 0x8002, 0x9001, 0x9c01, 0xffc0] {
        if expected(half).is_some() {
            continue;
        }
        // Whatever is behind it.
        let trap = trap(half | 0xabcd_0000, &[]).unwrap();
        assert_eq!((trap.cause, trap.value), (2, half), "{half:#06x}");
    }
}

const fn immediate(operation: Operation, rd: u8, rs1: u8, imm: i32) -> Instruction {
    Instruction::Immediate { operation, rd, rs1, imm }
}

const fn register(operation: Operation, rd: u8, rs1: u8, rs2: u8) -> Instruction {
    Instruction::Register { operation, rd, rs1, rs2 }
}

#[test]
fn expansions_by_hand() {
    use Condition::{Equal, NotEqual};
    use Instruction::{Branch, Ebreak, Jal, Jalr, Load, Lui, Store};
    let (width, signed) = (Width::Word, true);
    let cases = [
        // c.addi4spn a0,sp,16; c.lw a5,64(s0); c.sw a5,4(s1)
        (0x0808, immediate(Add, 10, 2, 16)),
        (0x403c, Load { width, signed, rd: 15, rs1: 8, offset: 64 }),
        (0xc0dc, Store { width, rs2: 15, rs1: 9, offset: 4 }),
        // c.addi t6,-1; c.jal .−2; c.li ra,−32; c.addi16sp −512; c.lui t6,0xfffe0
        (0x1ffd, immediate(Add, 31, 31, -1)),
        (0x3ffd, Jal { rd: 1, offset: -2 }),
        (0x5081, immediate(Add, 1, 0, -32)),
        (0x7101, immediate(Add, 2, 2, -512)),
        (0x7f81, Lui { rd: 31, imm: 0xfffe_0000 }),
        // c.srli s0,1; c.srai a5,31; c.andi s0,−1; c.sub, c.xor, c.or, c.and s0,a5
        (0x8005, immediate(ShiftRight, 8, 8, 1)),
        (0x87fd, immediate(ShiftRightArithmetic, 15, 15, 31)),
        (0x987d, immediate(And, 8, 8, -1)),
        (0x8c1d, register(Sub, 8, 8, 15)),
        (0x8c3d, register(Xor, 8, 8, 15)),
        (0x8c5d, register(Or, 8, 8, 15)),
        (0x8c7d, register(And, 8, 8, 15)),
        // c.j .+2; c.beqz s0,.+254; c.bnez a5,.−256
        (0xa009, Jal { rd: 0, offset: 2 }),
        (0xcc7d, Branch { condition: Equal, rs1: 8, rs2: 0, offset: 254 }),
        (0xf381, Branch { condition: NotEqual, rs1: 15, rs2: 0, offset: -256 }),
        // c.slli t6,31; c.lwsp ra,252; c.swsp t6,128
        (0x0ffe, immediate(ShiftLeft, 31, 31, 31)),
        (0x50fe, Load { width, signed, rd: 1, rs1: 2, offset: 252 }),
        (0xc17e, Store { width, rs2: 31, rs1: 2, offset: 128 }),
        // c.jr ra; c.mv a0,t6; c.ebreak; c.jalr a5; c.add s5,ra
        (0x8082, Jalr { rd: 0, rs1: 1, offset: 0 }),
        (0x857e, register(Add, 10, 0, 31)),
        (0x9002, Ebreak),
        (0x9782, Jalr { rd: 1, rs1: 15, offset: 0 }),
        (0x9a86, register(Add, 21, 21, 1)),
    ];
    for (half, instruction) in cases {
        assert_eq!(decode(half), Some(instruction), "{half:#06x}");
    }
}

#[test]
fn hints_do_nothing() {
    // c.nop 1; c.addi a0,0; c.li x0,1; c.lui x0,1; c.slli a0,0; c.slli x0,1; c.mv x0,a0;
    // c.add x0,a0; c.srli s0,0
    for half in [0x0005, 0x0501, 0x4005, 0x6005, 0x0502, 0x0006, 0x802a, 0x902a, 0x8001] {
        let mut hart = hart(&[half]);
        (hart.registers[8], hart.registers[10]) = (0x1234_5678, 0x9abc_def0);
        let before = hart.registers;
        let retire = step(&mut hart);
        assert_eq!((retire.trap, retire.next_pc), (None, BASE + 2), "{half:#06x}");
        assert_eq!(hart.registers, before, "{half:#06x}");
    }
}

#[test]
fn the_next_instruction_is_two_bytes_on() {
    // c.li a0,1; c.jalr a5 at BASE + 2
    let mut hart = hart(&[0x9782_4505]);
    hart.registers[15] = BASE + 0x101;
    let retire = step(&mut hart);
    assert_eq!((retire.insn, retire.next_pc), (0x4505, BASE + 2));
    let retire = step(&mut hart);
    assert_eq!((retire.insn, retire.pc), (0x9782, BASE + 2));
    assert_eq!((retire.rd, retire.next_pc), (Some((1, BASE + 4)), BASE + 0x100));
}
