//! Jumps, branches, and the instructions between words.

use super::encode::{NOP, addi, b, i, j};
use super::{BASE, execute, hart, step, store};

#[test]
fn branches_by_hand() {
    // funct3, a, b, taken
    let cases = [
        (0, 5, 5, true),
        (0, 5, 6, false),
        (1, 5, 6, true),
        (1, 5, 5, false),
        (4, 0xffff_ffff, 0, true),
        (4, 0, 0xffff_ffff, false),
        (4, 3, 3, false),
        (5, 0, 0xffff_ffff, true),
        (5, 0xffff_ffff, 0, false),
        (5, 3, 3, true),
        (6, 0, 0xffff_ffff, true),
        (6, 0xffff_ffff, 0, false),
        (6, 3, 3, false),
        (7, 0xffff_ffff, 0, true),
        (7, 0, 0xffff_ffff, false),
        (7, 3, 3, true),
    ];
    for (funct3, x, y, taken) in cases {
        for offset in [-4096, -2, 2, 4, 4094] {
            let retire = execute(b(offset, 12, 11, funct3), &[(11, x), (12, y)]);
            let next = if taken { BASE.wrapping_add_signed(offset) } else { BASE + 4 };
            assert_eq!(retire.next_pc, next, "funct3 {funct3}: {x:#x}, {y:#x}, {offset}");
            assert_eq!((retire.rd, retire.memory), (None, None));
        }
    }
}

#[test]
fn jumps_by_hand() {
    for offset in [-0x10_0000, -2, 0, 2, 0x7fe, 0x800, 0xf_fffe] {
        let retire = execute(j(offset, 5), &[]);
        assert_eq!(retire.next_pc, BASE.wrapping_add_signed(offset), "jal {offset}");
        assert_eq!(retire.rd, Some((5, BASE + 4)));
    }
    // jalr clears bit 0 of the sum, and links even to its own source.
    let retire = execute(i(-1, 11, 0, 11, 0x67), &[(11, 0x8000_1004)]);
    assert_eq!((retire.next_pc, retire.rd), (0x8000_1002, Some((11, BASE + 4))));
    let retire = execute(i(2047, 11, 0, 0, 0x67), &[(11, 0xffff_ffff)]);
    assert_eq!((retire.next_pc, retire.rd), (2046, None));
}

#[test]
fn an_instruction_may_cross_words() {
    // c.nop; addi a0,x0,7; c.nop
    let middle = addi(10, 0, 7);
    let mut hart = hart(&[middle << 16 | 1, 1 << 16 | middle >> 16, NOP]);
    step(&mut hart);
    let retire = step(&mut hart);
    assert_eq!((retire.pc, retire.insn, retire.rd), (BASE + 2, middle, Some((10, 7))));
    assert_eq!(step(&mut hart).insn, 1);
    assert_eq!(hart.pc(), BASE + 8);
}

#[test]
fn a_program_may_write_itself() {
    let mut hart = hart(&[super::encode::sw(11, 10, 4), NOP, NOP]);
    (hart.registers[10], hart.registers[11]) = (BASE, addi(12, 0, 9));
    step(&mut hart);
    assert_eq!(step(&mut hart).rd, Some((12, 9)));
}

#[test]
fn fence_and_fence_i_do_nothing() {
    for insn in [0x0ff0_000f, 0x0000_000f, 0xffff_8f8f, 0x0000_100f, 0xffff_9f8f] {
        let retire = execute(insn, &[]);
        assert_eq!((retire.next_pc, retire.rd, retire.memory), (BASE + 4, None, None));
    }
}

#[test]
fn the_pc_wraps() {
    let config = super::HartConfig {
        ram_base: 0xffff_fff0,
        ram_bytes: 16,
        boot: 0xffff_fffc,
        ..Default::default()
    };
    let mut hart = super::Hart::new(&config);
    store(&mut hart, 0xffff_fffc, &[NOP]);
    assert_eq!(step(&mut hart).next_pc, 0);
}
