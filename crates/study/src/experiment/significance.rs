//! How much a measured accuracy is worth: an interval around it, and whether two of them differ.

use serde::{Deserialize, Serialize};

/// The 97.5 % quantile of the standard normal distribution: 95 % lie between −z and z.
const Z: f64 = 1.959_963_984_540_054;

/// Successes among independent trials, as right answers among images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Proportion {
    /// Trials that succeeded; at most `trials`.
    pub successes: u64,
    /// All of them.
    pub trials: u64,
}

impl Proportion {
    /// The successes among `outcomes`.
    pub fn of(outcomes: impl IntoIterator<Item = bool>) -> Self {
        outcomes.into_iter().fold(Self::default(), |it, success| Self {
            successes: it.successes + u64::from(success),
            trials: it.trials + 1,
        })
    }

    /// The share of successes, 0 to 1; NaN without a trial.
    pub fn share(&self) -> f64 {
        self.successes as f64 / self.trials as f64
    }

    /// The 95 % score interval of Wilson (1927) for the true share, as (low, high) within 0 to 1.
    /// It holds near 0 and 1, where p ± z·√(p(1−p)/n) does not. Without a trial it is (0, 1).
    pub fn interval(&self) -> (f64, f64) {
        if self.trials == 0 {
            return (0.0, 1.0);
        }
        let (n, p) = (self.trials as f64, self.share());
        let centre = p + Z * Z / (2.0 * n);
        let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + Z * Z / n;
        // At a share of 0 or 1 the bound is exact, and rounding must not leave it.
        let low = if self.successes == 0 { 0.0 } else { (centre - half) / scale };
        let high = if self.successes == self.trials { 1.0 } else { (centre + half) / scale };
        (low, high)
    }
}

/// What became of the same trials under two treatments, where they disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Discordant {
    /// Trials that the first treatment alone gets right.
    pub lost: u64,
    /// Trials that the second treatment alone gets right.
    pub won: u64,
}

impl Discordant {
    /// The discordant ones among pairs (right under the first treatment, right under the second).
    pub fn of(pairs: impl IntoIterator<Item = (bool, bool)>) -> Self {
        pairs.into_iter().fold(Self::default(), |it, (first, second)| Self {
            lost: it.lost + u64::from(first && !second),
            won: it.won + u64::from(!first && second),
        })
    }

    /// The exact two-sided test of McNemar (1947): the probability that, were both treatments
    /// equally good, the discordant trials would split at least as unevenly. Each of them is a fair
    /// coin then, so that it is twice a binomial tail, at most 1. It is summed exactly, whatever the
    /// count: time grows with it, and logarithms keep the terms inside a float.
    pub fn mcnemar(&self) -> f64 {
        let (n, few) = (self.lost + self.won, self.lost.min(self.won));
        let mut term = -(n as f64) * std::f64::consts::LN_2;
        let mut tail = term;
        for k in 1..=few {
            term += ((n - k + 1) as f64 / k as f64).ln();
            // The larger is factored out: what is exponentiated is at most 0 and cannot overflow.
            let (large, small) = if term > tail { (term, tail) } else { (tail, term) };
            tail = large + (small - large).exp().ln_1p();
        }
        (std::f64::consts::LN_2 + tail).exp().min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() <= tolerance, "{found} is not {expected}");
    }

    #[test]
    fn wilson_intervals_have_their_known_values() {
        for (successes, trials, low, high) in [
            (8, 10, 0.490_162, 0.943_318),
            (0, 10, 0.0, 0.277_533),
            (10, 10, 0.722_467, 1.0),
            (50, 100, 0.403_832, 0.596_168),
            (9_800, 10_000, 0.977_066, 0.982_565),
        ] {
            let (found_low, found_high) = Proportion { successes, trials }.interval();
            close(found_low, low, 1e-6);
            close(found_high, high, 1e-6);
        }
        assert_eq!(Proportion::default().interval(), (0.0, 1.0));
    }

    #[test]
    fn mcnemar_has_its_known_values() {
        for (lost, won, p) in [
            (0, 0, 1.0),
            (5, 5, 1.0),
            (1, 0, 1.0),
            (6, 0, 2.0 / 64.0),
            (9, 1, 22.0 / 1024.0),
            (1, 9, 22.0 / 1024.0),
            (5, 15, 0.041_389_465_332),
        ] {
            close(Discordant { lost, won }.mcnemar(), p, 1e-11);
        }
    }

    #[test]
    fn mcnemar_is_exact_for_many_pairs() {
        // From the sum of binomial coefficients in whole numbers.
        close(Discordant { lost: 5_100, won: 4_900 }.mcnemar(), 0.046_585_527_705, 1e-10);
        let certain = Discordant { lost: 10_000, won: 0 }.mcnemar();
        assert_eq!(certain, 0.0, "2^−9999 is below every float");
        close(Discordant { lost: 1_000, won: 0 }.mcnemar().log2(), -999.0, 1e-6);
    }

    #[test]
    fn outcomes_are_counted_by_side() {
        let pairs = [(true, true), (true, false), (false, true), (true, false), (false, false)];
        assert_eq!(Discordant::of(pairs), Discordant { lost: 2, won: 1 });
        let first = Proportion::of(pairs.map(|(first, _)| first));
        assert_eq!(first, Proportion { successes: 3, trials: 5 });
    }
}
