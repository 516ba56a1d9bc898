// SPDX-License-Identifier: MIT OR Apache-2.0
//! By hand from the specification: rounding, NaNs, zeros, subnormals, limits and flags; and the host's
//! arithmetic, which rounds to nearest.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{
    CANONICAL_NAN as NAN, DIVISION_BY_ZERO as DZ, INEXACT as NX, INVALID as NV, OVERFLOW as OF,
    UNDERFLOW as UF, compute,
};
use crate::isa::Op;

const NEGATIVE: u32 = 1 << 31;
const ONE: u32 = 0x3f80_0000;
const TWO: u32 = 0x4000_0000;
const THREE: u32 = 0x4040_0000;
const HALF: u32 = 0x3f00_0000;
const INFINITY: u32 = 0x7f80_0000;
/// The largest finite number, the least normal one, 2⁻¹²⁶, and the least of all, 2⁻¹⁴⁹.
const MAX: u32 = 0x7f7f_ffff;
const NORMAL: u32 = 0x0080_0000;
const LEAST: u32 = 1;
const SIGNALLING: u32 = 0x7f80_0001;
const QUIET: u32 = 0xffc1_2345;

const RNE: u8 = 0;
const RTZ: u8 = 1;
const RDN: u8 = 2;
const RUP: u8 = 3;
const RMM: u8 = 4;
const MODES: [u8; 5] = [RNE, RTZ, RDN, RUP, RMM];

/// The result of two operands in each mode, in their order; the flags are the same in all.
#[track_caller]
fn in_all_modes(op: Op, [a, b]: [u32; 2], results: [u32; 5], flags: u32) {
    for (mode, result) in MODES.into_iter().zip(results) {
        assert_eq!(compute(op, mode, [a, b, 0]), (result, flags), "{op:?} in mode {mode}");
    }
}

/// The result of an operation that is the same in each mode.
#[track_caller]
fn always(op: Op, operands: &[u32], result: u32, flags: u32) {
    let mut all = [0; 3];
    all[..operands.len()].copy_from_slice(operands);
    for mode in MODES {
        let (found, raised) = compute(op, mode, all);
        assert_eq!((found, raised), (result, flags), "{op:?} {all:x?} in {mode}: {found:#x}");
    }
}

#[test]
fn sums() {
    // Ties: 2⁻²⁴ is half of the last place of 1.
    let tie = 0x3380_0000;
    in_all_modes(Op::FaddS, [ONE, tie], [ONE, ONE, ONE, ONE + 1, ONE + 1], NX);
    in_all_modes(Op::FaddS, [ONE + 1, tie], [ONE + 2, ONE + 1, ONE + 1, ONE + 2, ONE + 2], NX);
    let minus = ONE | NEGATIVE;
    in_all_modes(Op::FsubS, [minus, tie], [minus, minus, minus + 1, minus, minus + 1], NX);
    // Overflow.
    in_all_modes(Op::FaddS, [MAX, MAX], [INFINITY, MAX, MAX, INFINITY, INFINITY], OF | NX);
    let [low, lowest] = [MAX, INFINITY].map(|it| it | NEGATIVE);
    in_all_modes(Op::FaddS, [low, low], [lowest, low, lowest, low, lowest], OF | NX);
    // A difference of nothing is negative when rounding down alone.
    in_all_modes(Op::FsubS, [ONE, ONE], [0, 0, NEGATIVE, 0, 0], 0);
    in_all_modes(Op::FaddS, [NEGATIVE, 0], [0, 0, NEGATIVE, 0, 0], 0);
    always(Op::FaddS, &[NEGATIVE, NEGATIVE], NEGATIVE, 0);
    always(Op::FaddS, &[INFINITY, INFINITY], INFINITY, 0);
    always(Op::FsubS, &[INFINITY, INFINITY], NAN, NV);
    always(Op::FaddS, &[SIGNALLING, ONE], NAN, NV);
    always(Op::FaddS, &[ONE, QUIET], NAN, 0);
    always(Op::FaddS, &[LEAST, LEAST], 2, 0);
    always(Op::FaddS, &[NORMAL - 1, LEAST], NORMAL, 0);
}

#[test]
fn products() {
    always(Op::FmulS, &[TWO, THREE], 0x40c0_0000, 0);
    always(Op::FmulS, &[0, INFINITY], NAN, NV);
    always(Op::FmulS, &[QUIET, SIGNALLING], NAN, NV);
    in_all_modes(Op::FmulS, [MAX, TWO], [INFINITY, MAX, MAX, INFINITY, INFINITY], OF | NX);
    // What is tiny and exact raises nothing.
    always(Op::FmulS, &[NORMAL, HALF], NORMAL / 2, 0);
    in_all_modes(Op::FmulS, [LEAST, HALF], [0, 0, 0, 1, 1], UF | NX);
    let half = HALF | NEGATIVE;
    let [zero, least] = [NEGATIVE, NEGATIVE | 1];
    in_all_modes(Op::FmulS, [LEAST, half], [zero, zero, least, zero, least], UF | NX);
}

#[test]
fn tininess_is_detected_after_rounding() {
    // 2⁻¹²⁶ (1 − 2⁻²⁴) has 24 bits, so that it is tiny although it becomes 2⁻¹²⁶.
    let (below, least) = (ONE - 1, NORMAL - 1);
    in_all_modes(Op::FmulS, [below, NORMAL], [NORMAL, least, least, NORMAL, NORMAL], UF | NX);
    // 2⁻¹²⁶ (1 − 2⁻⁴⁶) becomes 2⁻¹²⁶ in 24 bits, too, unless it is rounded towards 0.
    for (mode, expected) in [
        (RNE, (NORMAL, NX)),
        (RTZ, (least, UF | NX)),
        (RDN, (least, UF | NX)),
        (RUP, (NORMAL, NX)),
        (RMM, (NORMAL, NX)),
    ] {
        assert_eq!(compute(Op::FmulS, mode, [ONE + 1, least, 0]), expected, "mode {mode}");
    }
}

#[test]
fn fused_sums_of_products() {
    let [five, seven] = [0x40a0_0000, 0x40e0_0000];
    always(Op::FmaddS, &[TWO, THREE, ONE], seven, 0);
    always(Op::FmsubS, &[TWO, THREE, ONE], five, 0);
    always(Op::FnmsubS, &[TWO, THREE, ONE], five | NEGATIVE, 0);
    always(Op::FnmaddS, &[TWO, THREE, ONE], seven | NEGATIVE, 0);
    // (1 + 2⁻¹²)² − (1 + 2⁻¹¹) is 2⁻²⁴, which a rounded product would have lost.
    always(Op::FmsubS, &[0x3f80_0800, 0x3f80_0800, 0x3f80_1000], 0x3380_0000, 0);
    for (mode, zero) in [(RNE, 0), (RTZ, 0), (RDN, NEGATIVE), (RUP, 0), (RMM, 0)] {
        assert_eq!(compute(Op::FmsubS, mode, [ONE; 3]), (zero, 0), "mode {mode}");
        assert_eq!(compute(Op::FnmsubS, mode, [ONE; 3]), (zero, 0), "mode {mode}");
    }
    always(Op::FnmaddS, &[0, ONE, 0], NEGATIVE, 0);
    always(Op::FmaddS, &[INFINITY, ONE, INFINITY | NEGATIVE], NAN, NV);
    // Infinity times 0 is invalid whatever is added.
    always(Op::FmaddS, &[INFINITY, 0, QUIET], NAN, NV);
    always(Op::FmaddS, &[ONE, ONE, QUIET], NAN, 0);
}

#[test]
fn quotients_and_roots() {
    let third = 0x3eaa_aaaa;
    in_all_modes(Op::FdivS, [ONE, THREE], [third + 1, third, third, third + 1, third + 1], NX);
    always(Op::FdivS, &[ONE, 0], INFINITY, DZ);
    always(Op::FdivS, &[ONE, NEGATIVE], INFINITY | NEGATIVE, DZ);
    always(Op::FdivS, &[0, 0], NAN, NV);
    always(Op::FdivS, &[INFINITY, INFINITY], NAN, NV);
    always(Op::FdivS, &[INFINITY, NEGATIVE], INFINITY | NEGATIVE, 0);
    always(Op::FdivS, &[ONE, INFINITY], 0, 0);
    always(Op::FdivS, &[NORMAL, TWO], NORMAL / 2, 0);
    in_all_modes(Op::FdivS, [LEAST, TWO], [0, 0, 0, 1, 1], UF | NX);
    in_all_modes(Op::FdivS, [MAX, HALF], [INFINITY, MAX, MAX, INFINITY, INFINITY], OF | NX);

    // √2 in hexadecimal begins with 1.6a09e667.
    let root = 0x3fb5_04f3;
    in_all_modes(Op::FsqrtS, [TWO, 0], [root, root, root, root + 1, root], NX);
    let root = 0x1a35_04f3;
    in_all_modes(Op::FsqrtS, [LEAST, 0], [root, root, root, root + 1, root], NX);
    always(Op::FsqrtS, &[0x4080_0000], TWO, 0);
    always(Op::FsqrtS, &[NEGATIVE], NEGATIVE, 0);
    always(Op::FsqrtS, &[INFINITY], INFINITY, 0);
    always(Op::FsqrtS, &[NEGATIVE | LEAST], NAN, NV);
    always(Op::FsqrtS, &[NEGATIVE | INFINITY], NAN, NV);
}

#[test]
fn conversions_to_integers() {
    let [one_and_half, two_and_half] = [0x3fc0_0000, 0x4020_0000];
    in_all_modes(Op::FcvtWS, [one_and_half, 0], [2, 1, 1, 2, 2], NX);
    in_all_modes(Op::FcvtWS, [two_and_half, 0], [2, 2, 2, 3, 3], NX);
    let negative = [-2, -1, -2, -1, -2].map(|it: i32| it as u32);
    in_all_modes(Op::FcvtWS, [one_and_half | NEGATIVE, 0], negative, NX);
    let (high, low) = (0x7fff_ffff, 0x8000_0000);
    for beyond in [NAN, QUIET, SIGNALLING, INFINITY, MAX, 0x4f00_0000] {
        always(Op::FcvtWS, &[beyond], high, NV);
    }
    always(Op::FcvtWS, &[0x4eff_ffff], 0x7fff_ff80, 0);
    always(Op::FcvtWS, &[0xcf00_0000], low, 0);
    for beyond in [0xcf00_0001, INFINITY | NEGATIVE] {
        always(Op::FcvtWS, &[beyond], low, NV);
    }

    for beyond in [NAN, QUIET, SIGNALLING, INFINITY, 0x4f80_0000] {
        always(Op::FcvtWuS, &[beyond], u32::MAX, NV);
    }
    always(Op::FcvtWuS, &[0x4f7f_ffff], 0xffff_ff00, 0);
    always(Op::FcvtWuS, &[NEGATIVE], 0, 0);
    for beyond in [ONE | NEGATIVE, INFINITY | NEGATIVE] {
        always(Op::FcvtWuS, &[beyond], 0, NV);
    }
    // What is rounded to 0 is within the limits, what is rounded to −1 beyond.
    for (value, flags) in [
        (HALF, [NX, NX, NV, NX, NV]),
        (0x3f40_0000, [NV, NX, NV, NX, NV]),
        (LEAST, [NX, NX, NV, NX, NX]),
    ] {
        for (mode, flags) in MODES.into_iter().zip(flags) {
            let found = compute(Op::FcvtWuS, mode, [value | NEGATIVE, 0, 0]);
            assert_eq!(found, (0, flags), "-{value:#x} in mode {mode}");
        }
    }
}

#[test]
fn conversions_from_integers() {
    let even = 0x4b80_0000;
    in_all_modes(Op::FcvtSW, [(1 << 24) + 1, 0], [even, even, even, even + 1, even + 1], NX);
    let high = 0x4f00_0000;
    in_all_modes(Op::FcvtSW, [0x7fff_ffff, 0], [high, high - 1, high - 1, high, high], NX);
    always(Op::FcvtSW, &[u32::MAX], ONE | NEGATIVE, 0);
    always(Op::FcvtSW, &[0x8000_0000], 0xcf00_0000, 0);
    always(Op::FcvtSW, &[0], 0, 0);
    let high = 0x4f80_0000;
    in_all_modes(Op::FcvtSWu, [u32::MAX, 0], [high, high - 1, high - 1, high, high], NX);
    always(Op::FcvtSWu, &[0x8000_0000], 0x4f00_0000, 0);
}

#[test]
fn signs_and_moves() {
    always(Op::FsgnjS, &[SIGNALLING, NEGATIVE], SIGNALLING | NEGATIVE, 0);
    always(Op::FsgnjnS, &[ONE | NEGATIVE, TWO | NEGATIVE], ONE, 0);
    always(Op::FsgnjnS, &[ONE, TWO], ONE | NEGATIVE, 0);
    always(Op::FsgnjxS, &[ONE | NEGATIVE, TWO | NEGATIVE], ONE, 0);
    always(Op::FsgnjxS, &[QUIET, TWO | NEGATIVE], QUIET ^ NEGATIVE, 0);
    always(Op::FmvXW, &[SIGNALLING], SIGNALLING, 0);
    always(Op::FmvWX, &[QUIET], QUIET, 0);
}

#[test]
fn minimum_and_maximum() {
    for (op, zero, of_numbers) in [(Op::FminS, NEGATIVE, ONE), (Op::FmaxS, 0, TWO)] {
        let nan = [NAN, QUIET].map(|quiet| [quiet, ONE, ONE, 0]);
        let cases = [[0, NEGATIVE, zero, 0], [ONE, TWO, of_numbers, 0], [SIGNALLING, ONE, ONE, NV]];
        for [a, b, result, flags] in nan.into_iter().chain(cases) {
            always(op, &[a, b], result, flags);
            always(op, &[b, a], result, flags);
        }
        always(op, &[QUIET, QUIET], NAN, 0);
        always(op, &[QUIET, SIGNALLING], NAN, NV);
    }
    always(Op::FminS, &[LEAST, INFINITY | NEGATIVE], INFINITY | NEGATIVE, 0);
    always(Op::FmaxS, &[LEAST, INFINITY | NEGATIVE], LEAST, 0);
}

#[test]
fn comparisons() {
    // Equal, less, less or equal; and the flags of a quiet comparison and of the others.
    for (a, b, results, flags) in [
        (ONE, ONE, [1, 0, 1], [0, 0]),
        (0, NEGATIVE, [1, 0, 1], [0, 0]),
        (NEGATIVE, 0, [1, 0, 1], [0, 0]),
        (ONE | NEGATIVE, LEAST, [0, 1, 1], [0, 0]),
        (TWO | NEGATIVE, ONE | NEGATIVE, [0, 1, 1], [0, 0]),
        (INFINITY, MAX, [0, 0, 0], [0, 0]),
        (QUIET, ONE, [0, 0, 0], [0, NV]),
        (ONE, QUIET, [0, 0, 0], [0, NV]),
        (QUIET, QUIET, [0, 0, 0], [0, NV]),
        (ONE, SIGNALLING, [0, 0, 0], [NV, NV]),
    ] {
        always(Op::FeqS, &[a, b], results[0], flags[0]);
        always(Op::FltS, &[a, b], results[1], flags[1]);
        always(Op::FleS, &[a, b], results[2], flags[1]);
    }
}

#[test]
fn classes() {
    let negative = [INFINITY, ONE, LEAST, 0].map(|it| it | NEGATIVE);
    let others = [0, NORMAL - 1, NORMAL, INFINITY, SIGNALLING, QUIET];
    for (bit, value) in negative.into_iter().chain(others).enumerate() {
        always(Op::FclassS, &[value], 1 << bit, 0);
    }
}

#[test]
fn the_host_rounds_to_nearest_as_well() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut agreed = 0;
    for _ in 0..200_000 {
        // Near each other, so that sums cancel and products stay in range, or anything.
        let mut operand = || {
            let near = rng.random_range(0x3e00_0000..0x4100_0000) | rng.random::<u32>() & NEGATIVE;
            if rng.random() { near } else { rng.random() }
        };
        let bits = [operand(), operand(), operand()];
        let [a, b, c] = bits.map(f32::from_bits);
        for (op, result) in [
            (Op::FaddS, a + b),
            (Op::FsubS, a - b),
            (Op::FmulS, a * b),
            (Op::FdivS, a / b),
            (Op::FsqrtS, a.sqrt()),
            (Op::FmaddS, a.mul_add(b, c)),
            (Op::FnmsubS, (-a).mul_add(b, c)),
        ] {
            let expected = if result.is_nan() { NAN } else { result.to_bits() };
            let (found, _) = compute(op, RNE, bits);
            assert_eq!(found, expected, "{op:?} {bits:x?}: {found:#x}");
            agreed += u32::from(!result.is_nan());
        }
    }
    assert!(agreed > 1_000_000, "{agreed} results that are numbers");
}

#[test]
#[should_panic(expected = "rounding mode 5 is reserved")]
fn a_reserved_mode() {
    compute(Op::FaddS, 5, [0; 3]);
}

#[test]
#[should_panic(expected = "flw computes no floats")]
fn a_load() {
    compute(Op::Flw, 0, [0; 3]);
}
