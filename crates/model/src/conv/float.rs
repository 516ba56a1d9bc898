// SPDX-License-Identifier: MIT OR Apache-2.0
//! The rule on floats: their logs, the arithmetic of their sums, and how far approximation can move
//! an output.
//!
//! All sums are IEEE-754 numbers of 32 bits (binary32), rounded to nearest even, with subnormals; a
//! NaN is the canonical one.

use super::{Mode, Number, Semantics, plain};
use crate::float::{CANONICAL_NAN, compute};
use crate::isa::Op;

const INFINITY: u32 = f32::INFINITY.to_bits();

/// Bits of a single below its exponent.
const FRACTION_BITS: u32 = f32::MANTISSA_DIGITS - 1;

/// What L is above log2 |a| for a power of two that is not subnormal.
const EXPONENT_BIAS: i32 = 127;

/// Half the distance of 1 from the next number of 32 bits.
const UNIT_ROUNDOFF: f64 = f32::EPSILON as f64 / 2.0;

/// Half of the smallest number of 32 bits: what rounding to a subnormal may change.
const SUBNORMAL_ROUNDOFF: f64 = 7.006492321624085e-46;

impl Number {
    /// The single, bit for bit, that an operand stands for: exact, but of an integer, which stays.
    pub const fn single(self, word: i32) -> i32 {
        match self {
            Self::Bfloat16 => word << 16,
            Self::Float32 | Self::Integer => word,
        }
    }

    /// The value of an operand that is a float.
    pub fn value(self, word: i32) -> f32 {
        f32::from_bits(self.single(word) as u32)
    }

    /// The operand nearest to a value, of two the even one; every NaN is the canonical one.
    pub fn word(self, value: f32) -> i32 {
        let single = canonical(value);
        match self {
            Self::Bfloat16 if value.is_nan() => single >> 16,
            // Half of the last place, less a bit where that is even: a carry goes into the exponent.
            Self::Bfloat16 => single.wrapping_add(0x7fff + (single >> 16 & 1)) >> 16,
            Self::Float32 | Self::Integer => single,
        }
    }

    /// Whether an operand is an infinity or a NaN, whose products are never skipped; no integer is.
    pub const fn is_special(self, word: i32) -> bool {
        self.is_float() && magnitude(self.single(word)) >= INFINITY
    }

    /// The log proxy L(a) of an operand, in units of 2^−F with F = `log_frac`; `None` of zero, and of
    /// an infinity or a NaN.
    ///
    /// Of an integer it is [`log_proxy`](super::log_proxy()). Of a float it is its biased exponent with
    /// the F bits of its fraction below, as they stand in the word: Mitchell's approximation of
    /// 2^F·(log2 |a| + 127), truncated, 0 to 254·2^F + 2^F − 1. A subnormal's is larger than its logarithm.
    ///
    /// # Panics
    /// If `log_frac` is above [`max_log_frac`](Self::max_log_frac).
    pub fn log_proxy(self, word: i32, log_frac: u32) -> Option<u32> {
        if !self.is_float() {
            return plain::log_proxy(word, log_frac);
        }
        self.check_log_frac(log_frac);
        match magnitude(self.single(word)) {
            0 | INFINITY.. => None,
            bits => Some(bits >> (FRACTION_BITS - log_frac)),
        }
    }

    pub(super) fn check_log_frac(self, log_frac: u32) {
        let most = self.max_log_frac();
        assert!(log_frac <= most, "{log_frac} fraction bits; at most {most}");
    }

    /// A sum with the product of two operands added: of integers modulo 2³², of floats fused, with one
    /// rounding.
    pub fn multiply_add(self, weight: i32, input: i32, sum: i32) -> i32 {
        if self.is_float() {
            let operands = [self.single(weight), self.single(input), sum];
            compute(Op::FmaddS, 0, operands.map(|it| it as u32)).0 as i32
        } else {
            sum.wrapping_add(weight.wrapping_mul(input))
        }
    }

    /// Two sums added, as those of the input channels of a layer are: of integers modulo 2³², of floats
    /// rounded.
    #[inline]
    pub fn add(self, a: i32, b: i32) -> i32 {
        if self.is_float() {
            canonical(f32::from_bits(a as u32) + f32::from_bits(b as u32))
        } else {
            a.wrapping_add(b)
        }
    }
}

/// A single without its sign.
const fn magnitude(single: i32) -> u32 {
    single as u32 & !(1 << 31)
}

/// The bits of a result: every NaN is the canonical one.
#[inline(always)]
pub(crate) fn canonical(result: f32) -> i32 {
    (if result.is_nan() { CANONICAL_NAN } else { result.to_bits() }) as i32
}

/// A sum of the products that are not `kept` (bit i is product i), as exact as 64 bits of float are:
/// each is added exactly, and the result is rounded. Its operands are finite floats.
///
/// # Panics
/// If the slices differ in length.
pub fn float_dropped(weights: &[i32], inputs: &[i32], kept: u64, number: Number) -> f64 {
    assert_eq!(weights.len(), inputs.len(), "a weight for every input");
    let value = |&word: &i32| f64::from(number.value(word));
    // 48 bits of fraction from 2⁻²⁹⁸ on: exact.
    let products = weights.iter().zip(inputs).map(|(w, x)| value(w) * value(x)).enumerate();
    let dropped = products.filter(|(i, _)| kept >> i & 1 == 0).map(|(_, product)| product);
    // Numbers that add up to the exact sum and do not overlap, from small to large: Shewchuk's.
    let mut parts: Vec<f64> = Vec::new();
    for mut sum in dropped {
        for part in &mut parts {
            let (large, small) = if sum.abs() < part.abs() { (*part, sum) } else { (sum, *part) };
            sum = large + small;
            *part = small - (sum - large);
        }
        parts.push(sum);
    }
    parts.iter().sum()
}

/// [`error_bound`](super::error_bound()) of floats: the exact sum of the `skipped` products is less than it
/// in magnitude, or both are 0. `s_max` is the output's S_max in units of 2^−F. To the difference of
/// an approximate from an exact output, their [roundings](float_rounding_bound) come on top.
///
/// # F = 0
/// A skipped product that is not zero has S ≤ S_max − T, and |w·x| < 2^(L(w)−127+1) · 2^(L(x)−127+1)
/// = 2^(S−254+2). Hence the sum is less than skipped · 2^(S_max − T + 2 − 254). With F > 0 it is the
/// worst split of fractions, as for integers.
///
/// # Panics
/// If the semantics are of integers, or have more fraction bits than floats have.
pub fn float_error_bound(skipped: u32, s_max: Option<u32>, semantics: &Semantics) -> f64 {
    let Semantics { mode, log_frac, threshold, number, .. } = *semantics;
    assert!(number.is_float(), "a bound of floats, of {number} words");
    number.check_log_frac(log_frac);
    // Every other mode skips zeros only, and so does approx if no score is T below S_max.
    let worst = match (mode, s_max) {
        (Mode::Approx, Some(s_max)) => s_max.checked_sub(threshold.get()),
        _ => None,
    };
    let Some(worst) = worst else { return 0.0 };
    let (product, exponent) = plain::largest_product(worst, log_frac);
    // Exact: the product has less than 20 bits, and no power of two is outside the range.
    f64::from(skipped) * product as f64 * 2.0_f64.powi(exponent - 2 * EXPONENT_BIAS)
}

/// How far an output of floats can be from the exact sum of its `kept` products, whose magnitudes add
/// up to `magnitudes`, if nothing overflows: γ·Σ|p| with γ = n·u/(1 − n·u), u = 2⁻²⁴, and 2⁻¹⁵⁰ for each
/// rounding to a subnormal.
pub fn float_rounding_bound(kept: u32, magnitudes: f64) -> f64 {
    let roundings = f64::from(kept);
    let gamma = roundings * UNIT_ROUNDOFF / (1.0 - roundings * UNIT_ROUNDOFF);
    let subnormal = roundings * SUBNORMAL_ROUNDOFF;
    gamma * (magnitudes + subnormal) + subnormal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::{
        Dot, FeatureMap, Kernel, Plane, SmaxScope, Threshold, conv2d, conv2d_plain, dot, scores,
    };

    const NAN: i32 = CANONICAL_NAN as i32;
    const INF: i32 = INFINITY as i32;
    const MINUS: i32 = i32::MIN;

    fn single(value: f32) -> i32 {
        value.to_bits() as i32
    }

    fn semantics(mode: Mode, log_frac: u32, threshold: u32) -> Semantics {
        let threshold = Threshold::new(threshold).unwrap();
        let semantics = Semantics::new(mode, log_frac, threshold, SmaxScope::Window).unwrap();
        semantics.of(Number::Float32).unwrap()
    }

    fn approx(threshold: u32) -> Semantics {
        semantics(Mode::Approx, 0, threshold)
    }

    /// One output; the fast model has to give the same.
    #[track_caller]
    fn output(weights: &[i32], inputs: &[i32], semantics: &Semantics, carry: Option<u32>) -> Dot {
        let side = weights.len().isqrt();
        let dot = dot(weights, inputs, semantics, carry);
        if side * side == weights.len() && carry.is_none() {
            let plane = Plane::new(side, side, inputs.to_vec()).unwrap();
            let kernel = Kernel::new(side, weights.to_vec()).unwrap();
            let maps: [FeatureMap; 2] =
                [conv2d, conv2d_plain].map(|it| it(&plane, &kernel, semantics, None));
            assert_eq!(maps[0], maps[1]);
            assert_eq!((maps[0].outputs[0], maps[0].s_max(0)), (dot.output, dot.s_max));
            assert_eq!(u32::from(maps[0].kept[0]), dot.kept_count());
        }
        dot
    }

    fn products(pairs: &[(f32, f32)]) -> (Vec<i32>, Vec<i32>) {
        pairs.iter().map(|&(w, x)| (single(w), single(x))).unzip()
    }

    #[test]
    fn logs_by_hand() {
        let log = |value: f32, log_frac| Number::Float32.log_proxy(single(value), log_frac);
        // 1 = 1.0·2⁰, 13 = 1.101·2³, 0.75 = 1.1·2⁻¹.
        assert_eq!([1.0, -13.0, 0.75].map(|it| log(it, 0)), [127, 130, 126].map(Some));
        assert_eq!([1.0, -13.0, 0.75].map(|it| log(it, 2)), [508, 522, 506].map(Some));
        assert_eq!(log(f32::MAX, 6), Some(254 * 64 + 63));
        assert_eq!([log(0.0, 0), log(-0.0, 0), log(f32::INFINITY, 0), log(f32::NAN, 0)], [None; 4]);
        // A subnormal has exponent 0 and the fraction as it stands.
        let subnormal = 0x0060_0000; // 0.11 · 2⁻¹²⁶
        assert_eq!(Number::Float32.log_proxy(subnormal | MINUS, 0), Some(0));
        assert_eq!(Number::Float32.log_proxy(subnormal, 3), Some(0b110));
        assert_eq!(Number::Float32.log_proxy(1, 6), Some(0));
        // bfloat16: 16 bits with the top one repeated. −1.75 is 0xbfe0.
        let word = i32::from(0xbfe0_u16 as i16);
        assert_eq!(Number::Bfloat16.log_proxy(word, 3), Some(127 * 8 + 6));
        assert_eq!(Number::Bfloat16.single(word), single(-1.75));
        assert!(Number::Bfloat16.is_special(0x7f80) && Number::Bfloat16.is_special(-1));
        assert!(!Number::Bfloat16.is_special(0x7f7f) && !Number::Integer.is_special(INF));
    }

    #[test]
    #[should_panic(expected = "7 fraction bits; at most 6")]
    fn more_fraction_bits_than_floats_have() {
        Number::Float32.log_proxy(1, 7);
    }

    #[test]
    fn every_threshold_at_its_boundary() {
        // Exponents 1 and −1, 0 and −2, −3 and 0, 0 and −7: scores 254 + 0, −2, −3, −7.
        let (w, x) = products(&[(3.0, 0.5), (-1.0, 0.25), (0.125, -1.5), (1.0, 0.0078125)]);
        let expected = [254, 252, 251, 247].map(Some);
        assert_eq!(scores(&w, &x, Number::Float32, 0), expected);
        for (t, kept, sum) in [
            (2, 0b0001, 1.5),
            (3, 0b0011, 1.25),
            (4, 0b0111, 1.0625),
            (7, 0b0111, 1.0625),
            (8, 0b1111, 1.0703125),
            (u32::MAX, 0b1111, 1.0703125),
        ] {
            let dot = output(&w, &x, &approx(t), None);
            assert_eq!((dot.kept, dot.output, dot.s_max), (kept, single(sum), Some(254)), "{t}");
            let dropped = float_dropped(&w, &x, dot.kept, Number::Float32);
            assert_eq!(dropped, 1.0703125 - f64::from(sum));
            assert_eq!(dot.dropped, 0);
        }
        // Ties at S_max are all kept.
        let (w, x) = products(&[(1.0, 8.0), (4.0, 2.5), (-2.0, -4.0), (1.0, 1.0)]);
        let dot = output(&w, &x, &approx(1), None);
        assert_eq!((dot.kept, dot.output), (0b0111, single(26.0)));
    }

    #[test]
    fn zeros_of_both_signs_in_each_mode() {
        let (w, x) = products(&[(3.0, 7.0), (-0.0, 9.0), (5.0, -0.0), (0.0, 0.0)]);
        let modes = [
            (Mode::Exact, 0b1111),
            (Mode::ZeroSkip, 0b0011),
            (Mode::DualZeroSkip, 0b0001),
            (Mode::Approx, 0b0001),
        ];
        for (mode, kept) in modes {
            let dot = output(&w, &x, &semantics(mode, 0, u32::MAX), None);
            assert_eq!((dot.kept, dot.output, dot.s_max), (kept, single(21.0), Some(128 + 129)));
        }
        // The sum starts from +0, which a product of −0 does not change.
        for mode in Mode::ALL {
            let dot = output(&[MINUS], &[single(1.0)], &semantics(mode, 0, 1), None);
            assert_eq!((dot.output, dot.s_max), (0, None), "{mode}");
        }
    }

    #[test]
    fn a_special_operand_is_never_skipped_and_has_no_score() {
        let one = single(1.0);
        for mode in Mode::ALL {
            let semantics = semantics(mode, 0, 1);
            // 1·1, ∞·1, 0·1, 2⁻⁴⁰·1: the last has a score far below.
            let tiny = single(2.0_f32.powi(-40));
            let dot = output(&[one, INF, 0, tiny], &[one; 4], &semantics, None);
            assert_eq!((dot.output, dot.s_max), (INF, Some(254)), "{mode}");
            assert_eq!(dot.kept & 0b1011, if mode == Mode::Approx { 0b0011 } else { 0b1011 });
            // ∞·0 is invalid; a NaN's payload goes. On either side.
            for (w, x) in [(INF, 0), (MINUS, INF), (0x7f80_0001, 0), (one, -1), (INF | MINUS, -1)] {
                let dot = output(&[w], &[x], &semantics, None);
                assert_eq!((dot.output, dot.kept, dot.s_max), (NAN, 1, None), "{mode} {w:x} {x:x}");
            }
            let dot = output(&[INF, INF | MINUS], &[one, one], &semantics, None);
            assert_eq!((dot.output, dot.kept), (NAN, 0b11), "{mode}: ∞ − ∞");
        }
    }

    #[test]
    fn sums_are_fused_rounded_to_even_and_overflow() {
        let exact = semantics(Mode::Exact, 0, 1);
        let sum = |pairs: &[(f32, f32)]| {
            let (w, x) = products(pairs);
            f32::from_bits(output(&w, &x, &exact, None).output as u32)
        };
        // 2⁻²⁴ is half of the last place of 1: a tie, to the even 1; three halves go to 2.
        let half = 2.0_f32.powi(-24);
        assert_eq!(sum(&[(1.0, 1.0), (half, 1.0)]), 1.0);
        assert_eq!(sum(&[(1.0, 1.0), (half, 3.0)]), 1.0 + 4.0 * half);
        // (1 + 2⁻¹²)² − (1 + 2⁻¹¹) is 2⁻²⁴, which a product rounded by itself would lose.
        let a = 1.0 + 2.0_f32.powi(-12);
        assert_eq!(sum(&[(-1.0, 1.0 + 2.0_f32.powi(-11)), (a, a)]), half);
        // In the order of the products: the large ones cancel before the small one comes, or do not.
        assert_eq!(sum(&[(1.0, 1e30), (-1.0, 1e30), (1.0, 1.0)]), 1.0);
        assert_eq!(sum(&[(1.0, 1.0), (1.0, 1e30), (-1.0, 1e30)]), 0.0);
        assert_eq!(sum(&[(1e30, 1e30), (-1.0, 1e30)]), f32::INFINITY);
        // 2⁻⁷⁵·2⁻⁷⁵ is a tie between nothing and the least number, twice as much is not.
        let small = 2.0_f32.powi(-75);
        assert_eq!(sum(&[(small, small)]), 0.0);
        assert_eq!(sum(&[(small, 2.0 * small)]), f32::from_bits(1));
        assert_eq!(sum(&[(small, 1.5 * small)]), f32::from_bits(1));
    }

    #[test]
    fn subnormals_are_live() {
        let one = single(1.0);
        let dot = output(&[1, 0x0040_0000], &[one; 2], &approx(1), None);
        assert_eq!((dot.kept, dot.s_max, dot.output), (0b11, Some(127), 0x0040_0001));
        let dot = output(&[1, 0x0040_0000], &[one; 2], &semantics(Mode::Approx, 1, 1), None);
        assert_eq!((dot.kept, dot.s_max), (0b10, Some(2 * 127 + 1)));
    }

    #[test]
    fn bfloat16_is_the_same_of_widened_operands() {
        // 1.5, −2 and 0.0078125 by 3, 0.5 and 1, all of which have 8 bits.
        let (w, x) = products(&[(1.5, 3.0), (-2.0, 0.5), (0.0078125, 1.0)]);
        let narrow = |words: &[i32]| words.iter().map(|word| word >> 16).collect::<Vec<_>>();
        let of_bfloat = approx(3).of(Number::Bfloat16).unwrap();
        let found = output(&narrow(&w), &narrow(&x), &of_bfloat, None);
        assert_eq!(found, output(&w, &x, &approx(3), None));
        assert_eq!((found.output, found.kept), (single(3.5), 0b011));
    }

    #[test]
    fn s_max_is_carried_from_channel_to_channel() {
        let running = Semantics { scope: SmaxScope::Running, ..approx(2) };
        let (w, x) = products(&[(1.0, 1.0), (1.0, 0.5)]);
        let dot = output(&w, &x, &running, Some(256));
        assert_eq!((dot.kept, dot.s_max), (0, Some(256)));
        assert_eq!(output(&w, &x, &running, Some(255)).kept, 0b01);
        assert_eq!(output(&w, &x, &approx(2), Some(256)).kept, 0b11);
    }

    #[test]
    fn the_bound_by_hand() {
        // S_max − T = 254: both operands are below 2, four of them together below 16.
        assert_eq!(float_error_bound(4, Some(260), &approx(6)), 16.0);
        assert_eq!(float_error_bound(0, Some(260), &approx(6)), 0.0);
        assert_eq!(float_error_bound(4, Some(5), &approx(6)), 0.0);
        assert_eq!(float_error_bound(4, None, &approx(6)), 0.0);
        assert_eq!(float_error_bound(4, Some(260), &semantics(Mode::ZeroSkip, 0, 6)), 0.0);
        // F = 1, S_max − T = 2·254: fractions 0 and 0, below 1.5·1.5, or 1 and 1 with one power of
        // two less, below 2·2/2.
        let semantics = semantics(Mode::Approx, 1, 2);
        assert_eq!(float_error_bound(1, Some(2 * 254 + 2), &semantics), 2.25);
        assert_eq!(float_error_bound(2, Some(2 * 254 + 3), &semantics), 6.0);
        assert_eq!(float_rounding_bound(1, 1.0), 2.0_f64.powi(-24) / (1.0 - 2.0_f64.powi(-24)));
        assert_eq!(SUBNORMAL_ROUNDOFF, 2.0_f64.powi(-150));
    }

    #[test]
    fn dropped_products_are_added_exactly() {
        let (w, x) = products(&[(1e30, 1e30), (1e-20, 1e-20), (-1e30, 1e30), (5.0, 5.0)]);
        let tiny = f64::from(1e-20_f32).powi(2);
        assert_eq!(float_dropped(&w, &x, 0b1000, Number::Float32), tiny);
        let product = f64::from(f32::from_bits(1)).powi(2);
        assert_eq!(float_dropped(&[1], &[1 | MINUS], 0, Number::Float32), -product);
    }

    #[test]
    fn sums_of_channels_are_rounded_and_canonical() {
        let add = |a: f32, b: f32| Number::Float32.add(single(a), single(b));
        assert_eq!(add(1.0, 2.0_f32.powi(-24)), single(1.0));
        assert_eq!(add(-0.0, -0.0), MINUS);
        assert_eq!(add(f32::INFINITY, f32::NEG_INFINITY), NAN);
        assert_eq!(Number::Bfloat16.add(single(1.5), -1), NAN);
        assert_eq!(Number::Integer.add(i32::MAX, 1), i32::MIN);
    }
}
