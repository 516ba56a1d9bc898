// SPDX-License-Identifier: MIT OR Apache-2.0
//! What instructions do: arithmetic, jumps and branches, loads and stores.

use proptest::prelude::*;

use super::encode::{NOP, addi, b, i, j, r, s, sw};
use super::{BASE, Hart, HartConfig, Retire, Trap, execute, hart, step, store, trap};
use crate::hart::Access;

/// The result of a register operation.
fn register(funct7: u32, funct3: u32, a: u32, b: u32) -> u32 {
    let retire = execute(r(funct7, 12, 11, funct3, 10, 0x33), &[(11, a), (12, b)]);
    let (rd, value) = retire.rd.unwrap();
    assert_eq!((rd, retire.next_pc), (10, BASE + 4));
    value
}

/// The result of an immediate operation.
fn with_immediate(imm: i32, funct3: u32, a: u32) -> u32 {
    execute(i(imm, 11, funct3, 10, 0x13), &[(11, a)]).rd.unwrap().1
}

const MIN: u32 = 0x8000_0000;
const MAX: u32 = 0x7fff_ffff;
const MINUS_1: u32 = 0xffff_ffff;

#[test]
fn upper_immediates() {
    assert_eq!(execute(0xffff_f537, &[]).rd, Some((10, 0xffff_f000)), "lui");
    assert_eq!(execute(0x1234_5517, &[]).rd, Some((10, 0x9234_5000)), "auipc");
    assert_eq!(execute(0x8000_0517, &[]).rd, Some((10, 0)), "auipc wraps");
}

#[test]
fn x0_stays_zero() {
    let mut hart = hart(&[addi(0, 0, 5), addi(10, 0, 0)]);
    let retire = step(&mut hart);
    assert_eq!((retire.rd, hart.register(0)), (None, 0));
    assert_eq!(step(&mut hart).rd, Some((10, 0)));
}

/// Every register operation against integers too wide to overflow, and against its immediate form.
fn check_operations(a: u32, b: u32) {
    let (ua, ub) = (i128::from(a), i128::from(b));
    let (sa, sb) = (i128::from(a as i32), i128::from(b as i32));
    let shift = 1_i128 << (b % 32);
    let quotient = |dividend: i128, divisor: i128| match divisor {
        0 => -1,
        _ => dividend / divisor,
    };
    let remainder = |dividend: i128, divisor: i128| match divisor {
        0 => dividend,
        _ => dividend - quotient(dividend, divisor) * divisor,
    };
    let high = |product: i128| product.div_euclid(1 << 32);
    let bitwise = |of: fn(i128, i128) -> i128| -> i128 {
        (0..32).map(|i| of(ua >> i & 1, ub >> i & 1) << i).sum()
    };
    let expected = [
        (0x00, 0, ua + ub),
        (0x20, 0, ua - ub),
        (0x00, 1, ua * shift),
        (0x00, 2, (sa < sb).into()),
        (0x00, 3, (ua < ub).into()),
        (0x00, 4, bitwise(|x, y| (x + y) % 2)),
        (0x00, 5, ua.div_euclid(shift)),
        (0x20, 5, sa.div_euclid(shift)),
        (0x00, 6, bitwise(i128::max)),
        (0x00, 7, bitwise(i128::min)),
        (0x01, 0, ua * ub),
        (0x01, 1, high(sa * sb)),
        (0x01, 2, high(sa * ub)),
        (0x01, 3, high(ua * ub)),
        (0x01, 4, quotient(sa, sb)),
        (0x01, 5, quotient(ua, ub)),
        (0x01, 6, remainder(sa, sb)),
        (0x01, 7, remainder(ua, ub)),
    ];
    for (funct7, funct3, expected) in expected {
        let case = format!("funct7 {funct7:#x}, funct3 {funct3}: {a:#x}, {b:#x}");
        let expected = expected.rem_euclid(1 << 32) as u32;
        assert_eq!(register(funct7, funct3, a, b), expected, "{case}");
        let imm = b as i32;
        match (funct7, funct3) {
            (0x00 | 0x20, 1 | 5) => {
                let imm = imm & 31 | (funct7 as i32) << 5;
                assert_eq!(with_immediate(imm, funct3, a), expected, "immediate: {case}");
            }
            (0x00, _) if (-2048..2048).contains(&imm) => {
                assert_eq!(with_immediate(imm, funct3, a), expected, "immediate: {case}");
            }
            _ => {}
        }
    }
}

#[test]
fn operations_at_the_corners() {
    let corners = [0, 1, 2, 7, 20, 31, 32, 0x7ff, MAX, MIN, 0xffff_f800, 0xffff_fff9, MINUS_1];
    for a in corners {
        for b in corners {
            check_operations(a, b);
        }
    }
    // What the manual says of divisions that have no result.
    let divisions = [4, 5, 6, 7].map(|funct3| register(1, funct3, 20, 0));
    assert_eq!(divisions, [MINUS_1, MINUS_1, 20, 20], "by zero");
    let overflow = [4, 6].map(|funct3| register(1, funct3, MIN, MINUS_1));
    assert_eq!(overflow, [MIN, 0], "−2³¹ / −1");
}

proptest! {
    #[test]
    fn operations_are_those_of_wide_integers(a in any::<u32>(), b in any::<u32>(), imm in -2048..2048) {
        check_operations(a, b);
        check_operations(a, imm as u32);
    }
}

#[test]
fn branches_by_hand() {
    // funct3; taken at −1 and 0, at 0 and −1, at 3 and 3
    let cases = [
        (0, [false, false, true]),
        (1, [true, true, false]),
        (4, [true, false, false]),
        (5, [false, true, true]),
        (6, [false, true, false]),
        (7, [true, false, true]),
    ];
    for (funct3, taken) in cases {
        for ((x, y), taken) in [(MINUS_1, 0), (0, MINUS_1), (3, 3)].into_iter().zip(taken) {
            for offset in [-4096, -2, 2, 4, 4094] {
                let retire = execute(b(offset, 12, 11, funct3), &[(11, x), (12, y)]);
                let next = if taken { BASE.wrapping_add_signed(offset) } else { BASE + 4 };
                assert_eq!(retire.next_pc, next, "funct3 {funct3}: {x:#x}, {y:#x}, {offset}");
                assert_eq!((retire.rd, retire.memory), (None, None));
            }
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
    let mut hart = hart(&[sw(11, 10, 4), NOP, NOP]);
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
    let (ram_base, boot) = (0xffff_fff0, 0xffff_fffc);
    let config = HartConfig { ram_base, ram_bytes: 16, boot, ..Default::default() };
    let mut hart = Hart::new(&config);
    store(&mut hart, 0xffff_fffc, &[NOP]);
    assert_eq!(step(&mut hart).next_pc, 0);
}

const DATA: u32 = 0x8000_0100;
const END: u32 = 0x8001_0000;

/// RAM with `76543210 fedcba98` at `DATA`, and a10 = `addr`, a11 = `value`.
fn prepared(insn: u32, addr: u32, value: u32) -> Hart {
    let mut hart = hart(&[insn]);
    store(&mut hart, DATA, &[0x7654_3210, 0xfedc_ba98]);
    (hart.registers[10], hart.registers[11]) = (addr, value);
    hart
}

/// A load of a12.
fn load(funct3: u32, addr: u32) -> Retire {
    let retire = step(&mut prepared(i(0, 10, funct3, 12, 0x03), addr, 0));
    assert!(retire.trap.is_none() || retire.rd.is_none() && retire.memory.is_none());
    retire
}

/// A store of `value`, and the hart after it.
fn stored(funct3: u32, addr: u32, value: u32) -> (Retire, Hart) {
    let mut hart = prepared(s(0, 11, 10, funct3), addr, value);
    let retire = step(&mut hart);
    assert_eq!(retire.rd, None);
    assert!(retire.trap.is_none() || retire.memory.is_none());
    (retire, hart)
}

#[test]
fn loads_and_stores_at_every_offset() {
    let bytes = [0x10, 0x32, 0x54, 0x76, 0x98_u8, 0xba, 0xdc, 0xfe];
    for (funct3, size) in [(0, 1), (1, 2), (2, 4), (4, 1), (5, 2)] {
        for offset in 0..=8 - size {
            let case = format!("funct3 {funct3} at {offset}");
            let (addr, mask) = (DATA + offset as u32, (1 << size) - 1);
            let mut word = [0; 4];
            word[..size].copy_from_slice(&bytes[offset..][..size]);
            let rdata = u32::from_le_bytes(word);
            let unused = 32 - 8 * size as u32;
            let extended = ((rdata << unused) as i32 >> unused) as u32;
            let retire = load(funct3, addr);
            assert_eq!(retire.rd, Some((12, if funct3 < 4 { extended } else { rdata })), "{case}");
            let access = Access { addr, rmask: mask, wmask: 0, rdata, wdata: 0 };
            assert_eq!(retire.memory, Some(access), "{case}");
            if funct3 > 2 {
                continue;
            }

            let (retire, hart) = stored(funct3, addr, 0xaabb_ccdd);
            let mut after = bytes;
            after[offset..][..size].copy_from_slice(&[0xdd, 0xcc, 0xbb, 0xaa][..size]);
            let words = [DATA, DATA + 4].map(|addr| hart.read_word(addr).unwrap().to_le_bytes());
            assert_eq!(words.concat(), after, "{case}");
            let wdata = 0xaabb_ccdd & (u32::MAX >> unused);
            let access = Access { addr, rmask: 0, wmask: mask, rdata: 0, wdata };
            assert_eq!(retire.memory, Some(access), "{case}");
        }
    }
}

#[test]
fn offsets_are_signed_and_wrap() {
    for offset in [-2048, -1, 0, 2047] {
        let addr = DATA.wrapping_add_signed(-offset);
        let retire = step(&mut prepared(i(offset, 10, 2, 12, 0x03), addr, 0));
        assert_eq!(retire.rd, Some((12, 0x7654_3210)));
        let mut hart = prepared(s(offset, 11, 10, 2), addr, 5);
        step(&mut hart);
        assert_eq!(hart.read_word(DATA), Some(5));
    }
}

#[test]
fn faults_name_the_part_that_failed() {
    // funct3, address, mtval: within a word, the access; of one that crosses, the access or the
    // second word.
    let cases = [
        (0, END, END),
        (1, END + 2, END + 2),
        (2, END - 4, 0),
        (2, END, END),
        (2, END - 3, END),
        (2, END - 1, END),
        (1, END - 1, END),
        (1, END - 2, 0),
        (1, 0x7fff_ffff, 0x7fff_ffff),
        (2, 0x7fff_fffd, 0x7fff_fffd),
        (2, 0x7fff_fffc, 0x7fff_fffc),
        (2, 0xffff_fffe, 0xffff_fffe),
        (2, 0, 0),
        (0, 0x0000_0001, 0x0000_0001),
    ];
    for (funct3, addr, value) in cases {
        let in_ram = addr == END - 4 || addr == END - 2;
        let trap = |cause| (!in_ram).then_some(Trap { cause, value });
        assert_eq!(load(funct3, addr).trap, trap(5), "load {funct3} of {addr:#x}");
        assert_eq!(stored(funct3, addr, 1).0.trap, trap(7), "store {funct3} to {addr:#x}");
    }
}

#[test]
fn a_store_that_fails_in_its_second_half_has_written_the_first() {
    let (retire, hart) = stored(2, END - 1, 0xaabb_ccdd);
    assert_eq!(retire.trap, Some(Trap { cause: 7, value: END }));
    assert_eq!(hart.read_word(END - 4), Some(0xdd00_0000));
    // One that fails in its first half has written nothing.
    let (retire, hart) = stored(2, 0x7fff_fffe, 0xaabb_ccdd);
    assert_eq!(retire.trap, Some(Trap { cause: 7, value: 0x7fff_fffe }));
    assert_eq!(hart.read_word(0x8000_0000), Some(s(0, 11, 10, 2)));
}

#[test]
fn a_load_of_x0_is_a_load() {
    let retire = step(&mut prepared(i(0, 10, 2, 0, 0x03), DATA, 0));
    assert_eq!((retire.rd, retire.memory.unwrap().rdata), (None, 0x7654_3210));
    let retire = step(&mut prepared(i(0, 10, 2, 0, 0x03), 0, 0));
    assert_eq!(retire.trap, Some(Trap { cause: 5, value: 0 }));
}

#[test]
fn programs_are_loaded_into_ram_alone() {
    let mut hart = hart(&[]);
    assert!(hart.load(END - 4, &[1, 2, 3, 4]).is_ok());
    assert_eq!(hart.read_word(END - 4), Some(0x0403_0201));
    let error = hart.load(END - 3, &[1, 2, 3, 4]).unwrap_err();
    assert_eq!(error.to_string(), "4 bytes at 0x8000fffd do not lie in RAM");
    assert!(hart.load(0x7fff_ffff, &[1, 2]).is_err());
    assert_eq!((hart.read_word(END - 3), hart.read_word(0x1000_0000)), (None, None));
}

#[test]
fn illegal_ones_trap_with_their_16_bits() {
    for half in [0x0000, 0x0004, 0x2000, 0x4002, 0x6081, 0x6101, 0x8002, 0x9001, 0x9c01, 0xffc0] {
        // Whatever is behind it.
        let trap = trap(half | 0xabcd_0000, &[]).unwrap();
        assert_eq!((trap.cause, trap.value), (2, half), "{half:#06x}");
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
