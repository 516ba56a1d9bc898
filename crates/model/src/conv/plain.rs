// SPDX-License-Identifier: MIT OR Apache-2.0
//! The plain model: section III of the paper, one output at a time, and how far approximation can
//! move it.

use super::shape::{FeatureMap, Kernel, NO_SCORE, Plane};
use super::{MAX_LOG_FRAC, Mode, Number, Semantics, SmaxScope};

/// The index (0 to 31) of the highest set bit of |a|, where |−2³¹| = 2³¹; `None` for zero.
pub fn msb(a: i32) -> Option<u32> {
    a.unsigned_abs().checked_ilog2()
}

/// The log proxy L(a) of an integer operand, in units of 2^−F with F = `log_frac`; `None` for zero.
///
/// L(a) = msb(a)·2^F + the F bits of |a| right below its highest set bit: Mitchell's approximation
/// of 2^F·log2|a|, truncated. Bits below the units are zero. With F = 0 it is the paper's MSB
/// position. The range is 0 to 31·2^F + 2^F − 1.
///
/// # Panics
/// If `log_frac` is above [`MAX_LOG_FRAC`].
pub fn log_proxy(a: i32, log_frac: u32) -> Option<u32> {
    assert!(log_frac <= MAX_LOG_FRAC, "{log_frac} fraction bits; at most {MAX_LOG_FRAC}");
    let msb = msb(a)?;
    let below_msb = a.unsigned_abs() - (1 << msb);
    let fraction =
        if msb >= log_frac { below_msb >> (msb - log_frac) } else { below_msb << (log_frac - msb) };
    Some((msb << log_frac) + fraction)
}

/// The most products one [`Dot`] holds, a bit each.
pub const MAX_PRODUCTS: usize = 64;

/// One output of one channel, and how it comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dot {
    /// The sum of the kept products: of integers wrapped modulo 2³²; of floats the bits of a single,
    /// from +0 on, each product added in its order with one rounding.
    pub output: i32,
    /// Bit i is set if product i is multiplied.
    pub kept: u64,
    /// The largest score of a product with two operands that are not zero, in units of 2^−F; in
    /// running scope also over the channels before. `None` if there is no such product. It is there
    /// in every mode.
    pub s_max: Option<u32>,
    /// The exact sum of the skipped products of integers, not wrapped: exact output − this output. Of
    /// floats it is 0; see [`float_dropped`](super::float_dropped).
    pub dropped: i128,
    /// The number of products, skipped ones included.
    pub products: u32,
}

impl Dot {
    pub fn kept_count(&self) -> u32 {
        self.kept.count_ones()
    }

    /// Multiplications skipped, also those of products that are zero.
    pub fn skipped_count(&self) -> u32 {
        self.products - self.kept_count()
    }

    /// The output of `exact` mode for the same integer operands, wrapped modulo 2³².
    pub fn exact(&self) -> i32 {
        self.output.wrapping_add(self.dropped as i32)
    }

    pub fn error(&self) -> u128 {
        self.dropped.unsigned_abs()
    }

    /// The largest [`error`](Self::error) that `semantics`, those of this output, allow: see
    /// [`error_bound`](error_bound()).
    pub fn error_bound(&self, semantics: &Semantics) -> u128 {
        error_bound(self.skipped_count(), self.s_max, semantics)
    }
}

/// The score S_i = L(w_i) + L(x_i) of every product, in units of 2^−F with F = `log_frac`; `None`
/// where an operand is zero, an infinity or a NaN.
///
/// # Panics
/// If the slices differ in length; and as [`Number::log_proxy`].
pub fn scores(weights: &[i32], inputs: &[i32], number: Number, log_frac: u32) -> Vec<Option<u32>> {
    assert_eq!(weights.len(), inputs.len(), "a weight for every input");
    let log = |&word| number.log_proxy(word, log_frac);
    let score = |(w, x)| Some(log(w)? + log(x)?);
    weights.iter().zip(inputs).map(score).collect()
}

/// One output of one channel: `Σ w_i·x_i` over the products that `semantics` keep.
///
/// `carry` is S_max of the same output over the channels before: the `s_max` of their last [`Dot`],
/// and `None` for the first channel. It counts in running scope alone.
///
/// # Panics
/// If the slices differ in length, hold more than [`MAX_PRODUCTS`] words, or the semantics have
/// more fraction bits than their numbers.
pub fn dot(weights: &[i32], inputs: &[i32], semantics: &Semantics, carry: Option<u32>) -> Dot {
    let Semantics { number, log_frac, .. } = *semantics;
    let logs: Vec<_> = inputs.iter().map(|&x| number.log_proxy(x, log_frac)).collect();
    dot_by_logs(weights, inputs, &logs, semantics, carry)
}

/// The same with logs of the inputs that come from elsewhere, of a [log plane](super::LogEntries): they
/// alone say what is kept. An input whose product is not kept is not read.
///
/// # Panics
/// As [`dot`].
pub fn dot_by_logs(
    weights: &[i32],
    inputs: &[i32],
    logs: &[Option<u32>],
    semantics: &Semantics,
    carry: Option<u32>,
) -> Dot {
    assert!(weights.len() <= MAX_PRODUCTS, "{} products; at most {MAX_PRODUCTS}", weights.len());
    assert_eq!(weights.len(), inputs.len(), "a weight for every input");
    let Semantics { number, log_frac, .. } = *semantics;
    let score = |(&w, &x): (&i32, &Option<u32>)| Some(number.log_proxy(w, log_frac)? + x?);
    let scores: Vec<_> = weights.iter().zip(logs).map(score).collect();
    let carry = carry.filter(|_| semantics.scope == SmaxScope::Running);
    let s_max = scores.iter().copied().flatten().chain(carry).max();

    let mut dot = Dot { output: 0, kept: 0, s_max, dropped: 0, products: weights.len() as u32 };
    for (i, (&w, &x)) in weights.iter().zip(inputs).enumerate() {
        let in_mode = match semantics.mode {
            Mode::Exact => true,
            Mode::ZeroSkip => logs[i].is_some(),
            Mode::DualZeroSkip => scores[i].is_some(),
            Mode::Approx => scores[i].zip(s_max).is_some_and(|(score, s_max)| {
                i64::from(score) > i64::from(s_max) - i64::from(semantics.threshold.get())
            }),
        };
        if in_mode || number.is_special(w) || number.is_special(x) {
            dot.output = number.multiply_add(w, x, dot.output);
            dot.kept |= 1 << i;
        } else if !number.is_float() {
            dot.dropped += i128::from(w) * i128::from(x);
        }
    }
    dot
}

/// The valid convolution (cross-correlation, stride 1, no padding) of a plane with a kernel, output
/// by output: `out[y][x] = Σ w[ky][kx] · in[y+ky][x+kx]`.
///
/// `carry` is the map of the same output channel over the input channel before; it counts in
/// running scope alone.
///
/// # Panics
/// If the kernel does not fit into the plane (see [`output_size`](super::output_size)), or `carry` has another size
/// than the result; and as [`dot`].
pub fn conv2d_plain(
    plane: &Plane,
    kernel: &Kernel,
    semantics: &Semantics,
    carry: Option<&FeatureMap>,
) -> FeatureMap {
    let mut map = FeatureMap::of_convolution(plane.width(), plane.height(), kernel, carry);
    for y in 0..map.height {
        for x in 0..map.width {
            let inputs = plane.window(x, y, kernel.side());
            let carry = carry.and_then(|map| map.s_max(y * map.width + x));
            let dot = dot(kernel.weights(), &inputs, semantics, carry);
            map.outputs.push(dot.output);
            map.kept.push(dot.kept_count() as u8);
            map.s_max.push(dot.s_max.map_or(NO_SCORE, |s| s as i16));
        }
    }
    map
}

/// The largest |exact − approx| of one output of integers with `skipped` products skipped, before
/// anything wraps. The bound is inclusive: it is the largest integer that the strict inequalities below
/// allow, 0 when nothing but zeros can be missing.
///
/// `s_max` is the output's S_max in units of 2^−F. An output over several channels has one bound in
/// running scope, with the last S_max and the skipped products of all channels; in window scope its
/// bound is the sum of the channels' bounds.
///
/// # F = 0
/// A skipped product that is not zero has S ≤ S_max − T, and |w·x| < 2^(msb(w)+1) · 2^(msb(x)+1)
/// = 2^(S+2). Hence |exact − approx| < skipped · 2^(S_max − T + 2).
///
/// # F > 0
/// An operand with fraction bits f is below 2^msb · (1 + (f+1)/2^F), so that a product is below
/// 2^(m−2F) · (2^F + 1 + f_w) · (2^F + 1 + f_x), where m is the sum of both msb and
/// S = m·2^F + f_w + f_x. For a given sum of fractions that is largest where both are alike: call
/// it 2^(m−2F) · P(f_w + f_x). It grows with S in either fraction, so that S = S_max − T is the
/// worst case. Write that S as q·2^F + r with r < 2^F: the fractions sum up to r and m = q, or they
/// carry, sum up to r + 2^F and m = q − 1. The larger of both is the bound of a product:
/// |exact − approx| < skipped · max(2·P(r), P(r + 2^F)) · 2^(q − 1 − 2F). With F = 0 this is the
/// formula above. (Reading it as 2^((S_max − T + 2)/2^F) would not be sound: Mitchell's logarithm
/// is up to 0.086 too small, and the truncation comes on top.)
///
/// # Panics
/// If the semantics are of floats (see [`float_error_bound`](super::float_error_bound)) or have more
/// than [`MAX_LOG_FRAC`] fraction bits, or `s_max` is not a score at that F.
pub fn error_bound(skipped: u32, s_max: Option<u32>, semantics: &Semantics) -> u128 {
    assert!(!semantics.number.is_float(), "a bound of integers, of {} words", semantics.number);
    let f = semantics.log_frac;
    assert!(f <= MAX_LOG_FRAC, "{f} fraction bits; at most {MAX_LOG_FRAC}");
    // Every other mode skips zeros only, and so does approx if no score is T below S_max.
    let worst = match (semantics.mode, s_max) {
        (Mode::Approx, Some(s_max)) => s_max.checked_sub(semantics.threshold.get()),
        _ => None,
    };
    let (Some(worst), 1..) = (worst, skipped) else {
        return 0;
    };
    assert!(worst < 64 << f, "S_max − T = {worst} at {f} fraction bits");

    let (product, exponent) = largest_product(worst, f);
    // The factor in two steps, since its exponent may be negative.
    let below = 1 + 2 * f;
    let strict = (u128::from(skipped) * u128::from(product)) << (exponent + below as i32);
    strict.div_ceil(1 << below) - 1
}

/// What every product of this score is below, as a number and the exponent of a factor of two, if the
/// logs of its operands are their logarithms: max(2·P(r), P(r + 2^F)) and q − 1 − 2F, as
/// [`error_bound`] has them.
pub(super) fn largest_product(score: u32, log_frac: u32) -> (u32, i32) {
    let unit = 1 << log_frac;
    let (q, r) = (score >> log_frac, score % unit);
    let largest = |fractions: u32| (unit + 1 + fractions / 2) * (unit + 1 + fractions.div_ceil(2));
    ((2 * largest(r)).max(largest(r + unit)), q as i32 - 1 - 2 * log_frac as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::Threshold;

    #[test]
    #[should_panic(expected = "9 fraction bits; at most 8")]
    fn more_fraction_bits_than_supported() {
        log_proxy(1, 9);
    }

    fn semantics(mode: Mode, log_frac: u32, threshold: u32, scope: SmaxScope) -> Semantics {
        let threshold = Threshold::new(threshold).unwrap();
        Semantics::new(mode, log_frac, threshold, scope).unwrap()
    }

    fn in_window(mode: Mode, log_frac: u32, threshold: u32) -> Semantics {
        semantics(mode, log_frac, threshold, SmaxScope::Window)
    }

    fn approx(threshold: u32) -> Semantics {
        in_window(Mode::Approx, 0, threshold)
    }

    /// Scores 8, 7, 5, 0 and none; products 300, 130, −35, 1 and 0.
    const WEIGHTS: [i32; 5] = [20, -13, 5, -1, 9];
    const INPUTS: [i32; 5] = [15, -10, -7, -1, 0];

    #[test]
    fn scores_by_hand() {
        let expected = [Some(4 + 3), Some(3 + 3), Some(2 + 2), Some(0), None];
        assert_eq!(scores(&WEIGHTS, &INPUTS, Number::Integer, 0), expected);
        // 20 = 1.01·2⁴, 15 = 1.111·2³, 13 = 1.101·2³, 10 = 1.01·2³, 5 = 1.01·2², 7 = 1.11·2²
        let expected = [Some(17 + 15), Some(14 + 13), Some(9 + 11), Some(0), None];
        assert_eq!(scores(&WEIGHTS, &INPUTS, Number::Integer, 2), expected);
    }

    #[test]
    fn every_threshold_at_its_boundary() {
        // Scores 7, 6, 4, 0 at F = 0: product i is kept from T = 7 − S_i + 1 on.
        let kept = [
            (1, 0b0001, 300),
            (2, 0b0011, 430),
            (3, 0b0011, 430),
            (4, 0b0111, 395),
            (7, 0b0111, 395),
            (8, 0b1111, 396),
            (u32::MAX, 0b1111, 396),
        ];
        for (t, kept, output) in kept {
            let dot = dot(&WEIGHTS, &INPUTS, &approx(t), None);
            assert_eq!((dot.kept, dot.output), (kept, output), "T = {t}");
            assert_eq!((dot.s_max, dot.products), (Some(7), 5));
            assert_eq!(dot.dropped, i128::from(396 - output));
            assert_eq!(dot.skipped_count(), 5 - kept.count_ones());
            assert_eq!((dot.exact(), dot.kept_count()), (396, kept.count_ones()));
        }
        // Scores 32, 27, 20, 0 at F = 2.
        for (t, kept) in [(1, 1), (5, 1), (6, 3), (12, 3), (13, 7), (32, 7), (33, 15)] {
            let semantics = in_window(Mode::Approx, 2, t);
            assert_eq!(dot(&WEIGHTS, &INPUTS, &semantics, None).kept, kept, "F = 2, T = {t}");
        }
    }

    #[test]
    fn ties_at_s_max_are_all_kept() {
        // 8·1, 4·2, −2·−4 and 1·8 score 3; 1·1 scores 0.
        let dot = dot(&[8, 4, -2, 1, 1], &[1, 2, -4, 8, 1], &approx(1), None);
        assert_eq!((dot.kept, dot.output, dot.s_max), (0b01111, 32, Some(3)));
    }

    #[test]
    fn each_mode_with_zeros_on_either_side() {
        let (weights, inputs) = ([3, 0, 5, 0], [7, 9, 0, 0]);
        let modes = [
            (Mode::Exact, 0b1111),
            (Mode::ZeroSkip, 0b0011),
            (Mode::DualZeroSkip, 0b0001),
            (Mode::Approx, 0b0001),
        ];
        for (mode, kept) in modes {
            let semantics = in_window(mode, 0, u32::MAX);
            let dot = dot(&weights, &inputs, &semantics, None);
            let found = (dot.kept, dot.output, dot.dropped, dot.s_max);
            assert_eq!(found, (kept, 21, 0, Some(1 + 2)), "{mode}");
        }
    }

    #[test]
    fn without_two_operands_there_is_no_s_max() {
        let dot = |semantics| dot(&[5, 0], &[0, 3], &semantics, Some(4));
        let window = dot(approx(1));
        assert_eq!((window.output, window.kept, window.s_max), (0, 0, None));
        let running = dot(semantics(Mode::Approx, 0, 1, SmaxScope::Running));
        assert_eq!((running.output, running.kept, running.s_max), (0, 0, Some(4)));
    }

    #[test]
    fn running_scope_carries_s_max_from_channel_to_channel() {
        // Scores 6 and 3 in the first channel, 4 and 5 in the second, 9 in the third.
        let channels = [([8, 2], [8, 4]), ([4, -4], [4, 8]), ([16, 0], [32, 1])];
        let kept = |scope| {
            let semantics = semantics(Mode::Approx, 0, 2, scope);
            let mut carry = None;
            channels.map(|(weights, inputs)| {
                let dot = dot(&weights, &inputs, &semantics, carry);
                carry = dot.s_max;
                (dot.kept, dot.s_max.unwrap())
            })
        };
        assert_eq!(kept(SmaxScope::Window), [(0b01, 6), (0b11, 5), (0b01, 9)]);
        assert_eq!(kept(SmaxScope::Running), [(0b01, 6), (0b10, 6), (0b01, 9)]);
    }

    #[test]
    fn products_and_sums_wrap() {
        let exact = in_window(Mode::Exact, 0, 1);
        let dot = |weights: &[i32], inputs: &[i32]| dot(weights, inputs, &exact, None);
        assert_eq!(dot(&[i32::MIN], &[i32::MIN]).output, 0);
        assert_eq!(dot(&[i32::MIN], &[i32::MIN]).s_max, Some(62));
        assert_eq!(dot(&[i32::MIN], &[-1]).output, i32::MIN);
        assert_eq!(dot(&[i32::MAX, 1], &[1, 1]).output, i32::MIN);
        assert_eq!(dot(&[65_537], &[65_537]).output, 131_073);
        // A dropped sum does not wrap: 2⁶² is kept, 3·2⁶⁰ · 2 dropped at T = 1.
        let w = [i32::MIN, 3 << 29, 3 << 29];
        let dot = super::dot(&w, &[i32::MIN, i32::MIN, i32::MIN], &approx(1), None);
        assert_eq!((dot.kept, dot.dropped), (1, -(3 << 61)));
    }

    #[test]
    fn a_convolution_by_hand() {
        // 1 2 3      1  0      1−5  2−6
        // 4 5 6  by  0 −1  is  4−8  5−9
        // 7 8 9
        let plane = Plane::new(3, 3, (1..=9).collect()).unwrap();
        let kernel = Kernel::new(2, vec![1, 0, 0, -1]).unwrap();
        let map = conv2d_plain(&plane, &kernel, &approx(9), None);
        assert_eq!((map.width, map.height, &map.outputs[..]), (2, 2, &[-4; 4][..]));
        assert_eq!((map.slots(), map.total_kept()), (16, 8));
        // At T = 1 only the larger operand of 1−5 counts, but both of 4−7 … 5−9: scores 2 and 3.
        let map = conv2d_plain(&plane, &kernel, &approx(1), None);
        assert_eq!(map.outputs, [-5, -6, -8, -9]);
        assert_eq!(map.kept, [1; 4]);
        assert_eq!([0, 1, 2, 3].map(|i| map.s_max(i)), [Some(2), Some(2), Some(3), Some(3)]);
        assert_eq!(map.skipped(0), 3);
        // Rows and columns are not mixed up on planes and kernels that are not symmetric.
        let plane = Plane::new(3, 2, vec![1, 2, 3, 40, 50, 60]).unwrap();
        let kernel = Kernel::new(2, vec![1, 10, 100, 1000]).unwrap();
        let map = conv2d_plain(&plane, &kernel, &approx(u32::MAX), None);
        assert_eq!(map.outputs, [1 + 20 + 4_000 + 50_000, 2 + 30 + 5_000 + 60_000]);
    }

    #[test]
    fn f_0_is_the_formula_of_the_contract() {
        for s_max in 0..=62 {
            for t in 1..=s_max {
                for skipped in 1..=49 {
                    let strict = u128::from(skipped) << (s_max - t + 2);
                    let bound = error_bound(skipped, Some(s_max), &approx(t));
                    assert_eq!(bound, strict - 1, "n = {skipped}, S_max = {s_max}, T = {t}");
                }
            }
        }
    }

    #[test]
    fn nothing_but_zeros_skipped_is_no_error() {
        let approx7 = approx(7);
        assert_eq!(error_bound(0, Some(62), &approx7), 0);
        assert_eq!(error_bound(9, None, &approx7), 0);
        assert_eq!(error_bound(9, Some(6), &approx7), 0);
        assert_eq!(error_bound(9, Some(7), &approx7), 9 * 4 - 1);
        assert_eq!(error_bound(9, Some(62), &in_window(Mode::Approx, 8, u32::MAX)), 0);
        for mode in [Mode::Exact, Mode::ZeroSkip, Mode::DualZeroSkip] {
            assert_eq!(error_bound(9, Some(62), &in_window(mode, 0, 1)), 0, "{mode}");
        }
    }

    #[test]
    fn f_1_by_hand() {
        // S_max − T = 2·8 + 0: fractions 0 and 0 with m = 8, below 2^8·1.5·1.5 = 576, or 1 and 1
        // with m = 7, below 2^7·2·2 = 512.
        assert_eq!(error_bound(1, Some(18), &in_window(Mode::Approx, 1, 2)), 575);
        // 2·8 + 1: fractions 0 and 1 with m = 8, below 2^8·1.5·2.
        assert_eq!(error_bound(2, Some(18), &in_window(Mode::Approx, 1, 1)), 2 * 768 - 1);
    }

    #[test]
    fn the_worst_operands_of_every_score_come_close_to_the_bound_but_not_over_it() {
        for log_frac in 0..=MAX_LOG_FRAC {
            let unit = 1_i128 << log_frac;
            for (msb_w, msb_x) in [(30, 30), (30, 20), (12, 12), (9, 8)] {
                for fraction in 0..unit {
                    // The largest operand with this msb and fraction, and the largest with the same
                    // fraction or the next: the balanced split of an even or odd sum.
                    let largest = |msb: u32, fraction: i128| {
                        (((unit + fraction + 1) << (msb - log_frac)) - 1) as i32
                    };
                    for next in [fraction, (fraction + 1).min(unit - 1)] {
                        let (w, x) = (largest(msb_w, fraction), largest(msb_x, next));
                        let semantics = semantics(Mode::Approx, log_frac, 1, SmaxScope::Running);
                        // A third operand one unit above them.
                        let s = scores(&[w], &[x], Number::Integer, log_frac)[0].unwrap();
                        let dot = dot(&[w], &[x], &semantics, Some(s + 1));
                        let (error, bound) = (dot.error(), dot.error_bound(&semantics));
                        assert_eq!((dot.kept, dot.s_max), (0, Some(s + 1)));
                        assert!(error <= bound, "{w}·{x} = {error} > {bound} at F = {log_frac}");
                        let loose = bound as f64 / error as f64;
                        assert!(loose < 1.14, "{w}·{x}: {bound} is {loose} times the error");
                    }
                }
            }
        }
    }
}
