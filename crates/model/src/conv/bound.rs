// SPDX-License-Identifier: MIT OR Apache-2.0
//! How far approximation can move an output.

use super::semantics::{MAX_LOG_FRAC, Mode, Semantics};

/// The largest |exact − approx| of one output with `skipped` products skipped, before anything
/// wraps. The bound is inclusive: it is the largest integer that the strict inequalities below
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
/// If the semantics have more than [`MAX_LOG_FRAC`] fraction bits, or `s_max` is not a score at
/// that F.
pub fn error_bound(skipped: u32, s_max: Option<u32>, semantics: &Semantics) -> u128 {
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

    let unit = 1_u128 << f;
    let (q, r) = (worst >> f, u128::from(worst) % unit);
    let largest = |fractions: u128| (unit + 1 + fractions / 2) * (unit + 1 + fractions.div_ceil(2));
    let product = (2 * largest(r)).max(largest(r + unit));
    // The factor 2^(q − 1 − 2F) in two steps, since its exponent may be negative.
    ((u128::from(skipped) * product) << q).div_ceil(1 << (1 + 2 * f)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::{SmaxScope, Threshold, dot};

    fn semantics(mode: Mode, log_frac: u32, threshold: u32) -> Semantics {
        let threshold = Threshold::new(threshold).unwrap();
        Semantics::new(mode, log_frac, threshold, SmaxScope::Window).unwrap()
    }

    #[test]
    fn f_0_is_the_formula_of_the_contract() {
        for s_max in 0..=62 {
            for t in 1..=s_max {
                for skipped in 1..=49 {
                    let strict = u128::from(skipped) << (s_max - t + 2);
                    let bound = error_bound(skipped, Some(s_max), &semantics(Mode::Approx, 0, t));
                    assert_eq!(bound, strict - 1, "n = {skipped}, S_max = {s_max}, T = {t}");
                }
            }
        }
    }

    #[test]
    fn nothing_but_zeros_skipped_is_no_error() {
        let approx = semantics(Mode::Approx, 0, 7);
        assert_eq!(error_bound(0, Some(62), &approx), 0);
        assert_eq!(error_bound(9, None, &approx), 0);
        assert_eq!(error_bound(9, Some(6), &approx), 0);
        assert_eq!(error_bound(9, Some(7), &approx), 9 * 4 - 1);
        assert_eq!(error_bound(9, Some(62), &semantics(Mode::Approx, 8, u32::MAX)), 0);
        for mode in [Mode::Exact, Mode::ZeroSkip, Mode::DualZeroSkip] {
            assert_eq!(error_bound(9, Some(62), &semantics(mode, 0, 1)), 0, "{mode}");
        }
    }

    #[test]
    fn f_1_by_hand() {
        // S_max − T = 2·8 + 0: fractions 0 and 0 with m = 8, below 2^8·1.5·1.5 = 576, or 1 and 1
        // with m = 7, below 2^7·2·2 = 512.
        assert_eq!(error_bound(1, Some(18), &semantics(Mode::Approx, 1, 2)), 575);
        // 2·8 + 1: fractions 0 and 1 with m = 8, below 2^8·1.5·2.
        assert_eq!(error_bound(2, Some(18), &semantics(Mode::Approx, 1, 1)), 2 * 768 - 1);
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
                        let semantics = semantics(Mode::Approx, log_frac, 1);
                        // A third operand one unit above them.
                        let s = crate::conv::scores(&[w], &[x], log_frac)[0].unwrap();
                        let dot = dot(
                            &[w],
                            &[x],
                            &Semantics { scope: SmaxScope::Running, ..semantics },
                            Some(s + 1),
                        );
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
