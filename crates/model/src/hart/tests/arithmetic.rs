//! Register and immediate operations.

use proptest::prelude::*;

use super::encode::{addi, i, r};
use super::{BASE, execute};

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
fn register_operations_by_hand() {
    #[rustfmt::skip]
    let cases = [
        // add, sub
        (0x00, 0, 5, 7, 12),
        (0x00, 0, MAX, 1, MIN),
        (0x00, 0, MINUS_1, 1, 0),
        (0x20, 0, 5, 7, 0xffff_fffe),
        (0x20, 0, MIN, 1, MAX),
        // sll: the five lowest bits count
        (0x00, 1, 1, 31, MIN),
        (0x00, 1, 0xf000_000f, 4, 0x0000_00f0),
        (0x00, 1, 3, 0xffff_ffe1, 6),
        (0x00, 1, 3, 32, 3),
        // slt, sltu
        (0x00, 2, MINUS_1, 0, 1),
        (0x00, 2, 0, MINUS_1, 0),
        (0x00, 2, MIN, MAX, 1),
        (0x00, 2, 7, 7, 0),
        (0x00, 3, MINUS_1, 0, 0),
        (0x00, 3, 0, MINUS_1, 1),
        (0x00, 3, 7, 7, 0),
        // xor
        (0x00, 4, 0x0ff0_0ff0, 0xff00_ff00, 0xf0f0_f0f0),
        // srl, sra
        (0x00, 5, MIN, 31, 1),
        (0x00, 5, 0x8000_0010, 4, 0x0800_0001),
        (0x00, 5, MIN, 0xffff_ffff, 1),
        (0x20, 5, MIN, 31, MINUS_1),
        (0x20, 5, 0x8000_0010, 4, 0xf800_0001),
        (0x20, 5, 0x4000_0010, 4, 0x0400_0001),
        (0x20, 5, MIN, 32, MIN),
        // or, and
        (0x00, 6, 0x0ff0_0ff0, 0xff00_ff00, 0xfff0_fff0),
        (0x00, 7, 0x0ff0_0ff0, 0xff00_ff00, 0x0f00_0f00),
        // mul: the low half
        (0x01, 0, 7, 6, 42),
        (0x01, 0, MINUS_1, MINUS_1, 1),
        (0x01, 0, 0x0001_0000, 0x0001_0000, 0),
        (0x01, 0, MIN, 3, MIN),
        // mulh: −2³¹·−2³¹ = 2⁶²; −1·1 = −1
        (0x01, 1, MIN, MIN, 0x4000_0000),
        (0x01, 1, MINUS_1, 1, MINUS_1),
        (0x01, 1, MINUS_1, MINUS_1, 0),
        (0x01, 1, MAX, MAX, 0x3fff_ffff),
        // mulhsu: rs1 signed, rs2 not: −1·(2³²−1) = −2³² + 1
        (0x01, 2, MINUS_1, MINUS_1, MINUS_1),
        (0x01, 2, MIN, MINUS_1, MIN),
        (0x01, 2, MINUS_1, 1, MINUS_1),
        (0x01, 2, 1, MINUS_1, 0),
        (0x01, 2, 2, MINUS_1, 1),
        // mulhu: (2³²−1)² = 2⁶⁴ − 2³³ + 1
        (0x01, 3, MINUS_1, MINUS_1, 0xffff_fffe),
        (0x01, 3, MIN, 2, 1),
        (0x01, 3, 1, MINUS_1, 0),
        // div, divu: towards zero; by zero all ones; the overflow
        (0x01, 4, 0xffff_fff9, 2, 0xffff_fffd),
        (0x01, 4, 7, 0xffff_fffe, 0xffff_fffd),
        (0x01, 4, 20, 0, MINUS_1),
        (0x01, 4, MIN, 0, MINUS_1),
        (0x01, 4, MIN, MINUS_1, MIN),
        (0x01, 5, 0xffff_fff9, 2, 0x7fff_fffc),
        (0x01, 5, 20, 0, MINUS_1),
        (0x01, 5, MIN, MINUS_1, 0),
        // rem, remu: the dividend's sign; by zero the dividend; the overflow
        (0x01, 6, 0xffff_fff9, 2, MINUS_1),
        (0x01, 6, 7, 0xffff_fffe, 1),
        (0x01, 6, 20, 0, 20),
        (0x01, 6, MIN, 0, MIN),
        (0x01, 6, MIN, MINUS_1, 0),
        (0x01, 7, 0xffff_fff9, 4, 1),
        (0x01, 7, 20, 0, 20),
        (0x01, 7, MIN, MINUS_1, MIN),
    ];
    for (funct7, funct3, a, b, expected) in cases {
        let actual = register(funct7, funct3, a, b);
        assert_eq!(actual, expected, "funct7 {funct7:#x}, funct3 {funct3}: {a:#x}, {b:#x}");
    }
}

#[test]
fn immediate_operations_by_hand() {
    #[rustfmt::skip]
    let cases = [
        // addi, slti, sltiu, xori, ori, andi: the immediate is sign-extended
        (-1, 0, 5, 4),
        (2047, 0, MINUS_1, 2046),
        (-2048, 0, 0, 0xffff_f800),
        (-1, 2, 0xffff_fffe, 1),
        (-1, 2, 0, 0),
        (-1, 3, 5, 1),
        (-1, 3, MINUS_1, 0),
        (1, 3, 0, 1),
        (-1, 4, 0x1234_5678, 0xedcb_a987),
        (0x7ff, 6, 0x8000_0000, 0x8000_07ff),
        (-16, 6, 3, 0xffff_fff3),
        (-16, 7, 0x1234_5678, 0x1234_5670),
        (0xff, 7, 0x1234_5678, 0x78),
        // slli, srli, srai
        (31, 1, 3, MIN),
        (0, 1, 3, 3),
        (31, 5, MIN, 1),
        (31 | 0x400, 5, MIN, MINUS_1),
        (4 | 0x400, 5, 0x7000_0000, 0x0700_0000),
    ];
    for (imm, funct3, a, expected) in cases {
        assert_eq!(with_immediate(imm, funct3, a), expected, "{imm}, funct3 {funct3}: {a:#x}");
    }
}

#[test]
fn upper_immediates() {
    assert_eq!(execute(0xffff_f537, &[]).rd, Some((10, 0xffff_f000)), "lui");
    assert_eq!(execute(0x1234_5517, &[]).rd, Some((10, 0x9234_5000)), "auipc");
    assert_eq!(execute(0x8000_0517, &[]).rd, Some((10, 0)), "auipc wraps");
}

#[test]
fn x0_stays_zero() {
    let mut hart = super::hart(&[addi(0, 0, 5), addi(10, 0, 0)]);
    let retire = super::step(&mut hart);
    assert_eq!((retire.rd, hart.register(0)), (None, 0));
    assert_eq!(super::step(&mut hart).rd, Some((10, 0)));
}

#[test]
fn a_source_may_be_the_destination() {
    let retire = execute(r(0, 10, 10, 0, 10, 0x33), &[(10, 21)]);
    assert_eq!(retire.rd, Some((10, 42)));
}

/// Corners as often as anything else.
fn operand() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0), Just(1), Just(MIN), Just(MAX), Just(MINUS_1), any::<u32>(), 0..64_u32]
}

proptest! {
    #[test]
    fn operations_are_those_of_wide_integers(a in operand(), b in operand()) {
        let (ua, ub) = (i128::from(a), i128::from(b));
        let (sa, sb) = (i128::from(a as i32), i128::from(b as i32));
        let shift = 1_i128 << (b % 32);
        let quotient = |dividend: i128, divisor: i128| if divisor == 0 { -1 } else { dividend / divisor };
        let remainder = |dividend: i128, quotient: i128, divisor: i128| {
            if divisor == 0 { dividend } else { dividend - quotient * divisor }
        };
        let high = |product: i128| product.div_euclid(1 << 32);
        let expected = [
            (0x00, 0, ua + ub),
            (0x20, 0, ua - ub),
            (0x00, 1, ua * shift),
            (0x00, 2, (sa < sb).into()),
            (0x00, 3, (ua < ub).into()),
            (0x00, 5, ua.div_euclid(shift)),
            (0x20, 5, sa.div_euclid(shift)),
            (0x01, 0, ua * ub),
            (0x01, 1, high(sa * sb)),
            (0x01, 2, high(sa * ub)),
            (0x01, 3, high(ua * ub)),
            (0x01, 4, quotient(sa, sb)),
            (0x01, 5, quotient(ua, ub)),
            (0x01, 6, remainder(sa, quotient(sa, sb), sb)),
            (0x01, 7, remainder(ua, quotient(ua, ub), ub)),
        ];
        for (funct7, funct3, expected) in expected {
            let expected = expected.rem_euclid(1 << 32) as u32;
            prop_assert_eq!(register(funct7, funct3, a, b), expected, "{:#x}, {}", funct7, funct3);
        }
    }

    #[test]
    fn logic_is_bit_by_bit(a in operand(), b in operand()) {
        let bit = |word: u32, i: u32| word >> i & 1;
        for i in 0..32 {
            prop_assert_eq!(bit(register(0, 4, a, b), i), u32::from(bit(a, i) != bit(b, i)));
            prop_assert_eq!(bit(register(0, 6, a, b), i), (bit(a, i) + bit(b, i)).min(1));
            prop_assert_eq!(bit(register(0, 7, a, b), i), bit(a, i) * bit(b, i));
        }
    }

    #[test]
    fn an_immediate_is_a_register_with_its_value(imm in -2048..2048, a in operand()) {
        for funct3 in [0, 2, 3, 4, 6, 7] {
            let expected = register(0, funct3, a, imm as u32);
            prop_assert_eq!(with_immediate(imm, funct3, a), expected, "funct3 {}", funct3);
        }
    }
}
