// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every statistic of the tables, defined once.
//!
//! What is added up over images is counted in whole numbers, so that any grouping of the images
//! comes to the same.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::{Deserialize, Serialize};

/// Mean, median and maximum of some numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distribution {
    pub mean: f64,
    /// The middle number; the mean of the two in the middle where their count is even.
    pub median: f64,
    pub max: f64,
}

impl Distribution {
    /// Of some numbers in rising order; none without a number.
    pub fn of(sorted: &[f64]) -> Option<Self> {
        let mean = sorted.iter().sum::<f64>() / sorted.len() as f64;
        Some(Self { mean, median: median(sorted)?, max: *sorted.last()? })
    }

    /// The same numbers in another unit.
    #[must_use]
    pub fn scaled(self, unit: f64) -> Self {
        Self { mean: self.mean * unit, median: self.median * unit, max: self.max * unit }
    }
}

/// The middle of some numbers in rising order; the mean of the two in the middle where their count
/// is even; none without a number.
pub fn median(sorted: &[f64]) -> Option<f64> {
    let upper = sorted.get(sorted.len() / 2)?;
    Some(f64::midpoint(sorted[(sorted.len() - 1) / 2], *upper))
}

/// The smallest of some numbers in rising order that is not below `percent` % of them, 1 to 100;
/// none without a number.
pub fn percentile(sorted: &[f64], percent: usize) -> Option<f64> {
    sorted.get((percent * sorted.len()).div_ceil(100).checked_sub(1)?).copied()
}

/// Mean and standard deviation, over the population, of `count` numbers from their sum and the sum
/// of their squares.
pub fn moments(count: usize, sum: u64, sum_of_squares: u64) -> (f64, f64) {
    let count = count as f64;
    let mean = sum as f64 / count;
    (mean, (sum_of_squares as f64 / count - mean * mean).max(0.0).sqrt())
}

/// Numbers by how often they occur.
pub trait Counts: Debug + Clone + Default + PartialEq {
    fn add(&mut self, number: u64);
    fn merge(&mut self, other: &Self);
    /// The median of all numbers, as exact as this keeps them; 0 without a number.
    fn median(&self) -> f64;
}

/// Every number for itself: the median is exact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExactCounts(BTreeMap<u64, u64>);

impl Counts for ExactCounts {
    fn add(&mut self, number: u64) {
        *self.0.entry(number).or_default() += 1;
    }

    fn merge(&mut self, other: &Self) {
        for (&number, &count) in &other.0 {
            *self.0.entry(number).or_default() += count;
        }
    }

    fn median(&self) -> f64 {
        let count: u64 = self.0.values().sum();
        let at = |index: u64| {
            let mut before = 0;
            let found = self.0.iter().find(|(_, count)| {
                before += **count;
                before > index
            });
            found.map_or(0.0, |(&number, _)| number as f64)
        };
        f64::midpoint(at(count.saturating_sub(1) / 2), at(count / 2))
    }
}

/// Bins that share the leading bit of their numbers: a bin is 1/128 wide of what it holds.
const STEPS: u32 = 128;

/// Exact below 256, then in bins of less than 1 % of the number, for more numbers than can be kept:
/// the median is the lower edge of the bin that holds the middle number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BinnedCounts {
    /// Pairs of bin and count, without the empty bins.
    #[serde(with = "sparse")]
    counts: Vec<u64>,
}

impl BinnedCounts {
    fn bin(number: u64) -> usize {
        if number < u64::from(STEPS) {
            return number as usize;
        }
        let shift = number.ilog2() - STEPS.ilog2();
        ((shift * STEPS) + (number >> shift) as u32) as usize
    }

    fn lower_edge(bin: usize) -> u64 {
        let (bin, steps) = (bin as u64, u64::from(STEPS));
        if bin < 2 * steps {
            return bin;
        }
        let shift = bin / steps - 1;
        (bin - shift * steps) << shift
    }
}

impl Counts for BinnedCounts {
    fn add(&mut self, number: u64) {
        let bin = Self::bin(number);
        if self.counts.len() <= bin {
            self.counts.resize(bin + 1, 0);
        }
        self.counts[bin] += 1;
    }

    fn merge(&mut self, other: &Self) {
        add_counts(&mut self.counts, &other.counts);
    }

    fn median(&self) -> f64 {
        let middle = self.counts.iter().sum::<u64>().div_ceil(2);
        let mut before = 0;
        let bin = self.counts.iter().position(|count| {
            before += count;
            before >= middle && before > 0
        });
        bin.map_or(0.0, |bin| Self::lower_edge(bin) as f64)
    }
}

/// Adds counts place by place.
pub fn add_counts(to: &mut Vec<u64>, from: &[u64]) {
    if to.len() < from.len() {
        to.resize(from.len(), 0);
    }
    for (to, from) in to.iter_mut().zip(from) {
        *to += from;
    }
}

/// A vector of mostly zeros as pairs of index and value.
mod sparse {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[allow(clippy::ptr_arg, reason = "serde calls it with the field")]
    pub fn serialize<S: Serializer>(counts: &Vec<u64>, serializer: S) -> Result<S::Ok, S::Error> {
        let used = counts.iter().enumerate().filter(|(_, count)| **count > 0);
        used.collect::<Vec<(usize, &u64)>>().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u64>, D::Error> {
        let used = Vec::<(usize, u64)>::deserialize(deserializer)?;
        let mut counts = vec![0; used.last().map_or(0, |(index, _)| index + 1)];
        for (index, count) in used {
            let place = counts.get_mut(index);
            *place.ok_or_else(|| serde::de::Error::custom("bins out of order"))? = count;
        }
        Ok(counts)
    }
}

/// Percentage errors are kept in thousandths of a percent.
const MILLI: u64 = 1_000;

/// The errors of outputs against what they should be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errors<C> {
    /// Outputs compared.
    pub outputs: u64,
    absolute: C,
    absolute_sum: u64,
    absolute_max: u64,
    percentage: C,
    percentage_sum_milli: u64,
    percentage_max_milli: u64,
    percentage_outputs: u64,
    signal: u128,
    noise: u128,
}

impl<C: Counts> Errors<C> {
    /// Adds one output and what it should be. The percentage error is in percent of the latter,
    /// and not there where that is 0.
    pub fn add(&mut self, exact: i32, found: i32) {
        let error = u64::from(exact.abs_diff(found));
        let size = u64::from(exact.unsigned_abs());
        self.outputs += 1;
        self.absolute.add(error);
        self.absolute_sum += error;
        self.absolute_max = self.absolute_max.max(error);
        self.signal += u128::from(size * size);
        self.noise += u128::from(error * error);
        if error == 0 && size > 0 {
            self.percentage.add(0);
            self.percentage_outputs += 1;
        } else if let Some(milli) = (error * 100 * MILLI + size / 2).checked_div(size) {
            self.percentage.add(milli);
            self.percentage_sum_milli += milli;
            self.percentage_max_milli = self.percentage_max_milli.max(milli);
            self.percentage_outputs += 1;
        }
    }

    pub fn merge(&mut self, other: &Self) {
        self.outputs += other.outputs;
        self.absolute.merge(&other.absolute);
        self.absolute_sum += other.absolute_sum;
        self.absolute_max = self.absolute_max.max(other.absolute_max);
        self.percentage.merge(&other.percentage);
        self.percentage_sum_milli += other.percentage_sum_milli;
        self.percentage_max_milli = self.percentage_max_milli.max(other.percentage_max_milli);
        self.percentage_outputs += other.percentage_outputs;
        self.signal += other.signal;
        self.noise += other.noise;
    }

    /// The absolute error over all outputs; none without an output.
    pub fn absolute(&self) -> Option<Distribution> {
        (self.outputs > 0).then(|| Distribution {
            mean: self.absolute_sum as f64 / self.outputs as f64,
            median: self.absolute.median(),
            max: self.absolute_max as f64,
        })
    }

    /// The error in percent over the outputs that should not be 0, each to 0.001 %; none without
    /// such an output.
    pub fn percentage(&self) -> Option<Distribution> {
        let milli = MILLI as f64;
        (self.percentage_outputs > 0).then(|| Distribution {
            mean: self.percentage_sum_milli as f64 / self.percentage_outputs as f64 / milli,
            median: self.percentage.median() / milli,
            max: self.percentage_max_milli as f64 / milli,
        })
    }

    /// Power of what the outputs should be over power of the error, in dB; none without an error.
    pub fn signal_to_noise_db(&self) -> Option<f64> {
        (self.noise > 0 && self.signal > 0)
            .then(|| 10.0 * (self.signal as f64 / self.noise as f64).log10())
    }
}

/// The 97.5 % quantile of the standard normal distribution: 95 % lie between −z and z.
const Z: f64 = 1.959_963_984_540_054;

/// Successes among independent trials, as right answers among images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Proportion {
    /// At most `trials`.
    pub successes: u64,
    pub trials: u64,
}

impl Proportion {
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

    /// The share of `trials` that the second treatment loses, and the ends of its 95 % interval (Wald,
    /// of paired trials).
    pub fn loss_interval(&self, trials: usize) -> [f64; 3] {
        let (n, lost, won) = (trials as f64, self.lost as f64, self.won as f64);
        let loss = (lost - won) / n;
        let reach = 1.96 * (lost + won - (lost - won).powi(2) / n).sqrt() / n;
        [loss, loss - reach, loss + reach]
    }

    /// The exact two-sided test of McNemar (1947): the probability that, were both treatments
    /// equally good, the discordant trials would split at least as unevenly. Each of them is a fair
    /// coin then, so that it is twice a binomial tail, at most 1. It is summed exactly, whatever the
    /// count: time grows with it. It is the decimal logarithm, since 1,100 images that are all lost
    /// make a probability below every float.
    pub fn mcnemar_log10(&self) -> f64 {
        let (n, few) = (self.lost + self.won, self.lost.min(self.won));
        let mut term = -(n as f64) * std::f64::consts::LN_2;
        let mut tail = term;
        for k in 1..=few {
            term += ((n - k + 1) as f64 / k as f64).ln();
            // The larger is factored out: what is exponentiated is at most 0 and cannot overflow.
            let (large, small) = if term > tail { (term, tail) } else { (tail, term) };
            tail = large + (small - large).exp().ln_1p();
        }
        (std::f64::consts::LN_2 + tail).min(0.0) / std::f64::consts::LN_10
    }
}

/// How many percent fewer `count` is than `of`; none if that is 0.
pub fn reduction_percent(count: f64, of: f64) -> Option<f64> {
    (of != 0.0).then(|| 100.0 * (1.0 - count / of))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_percentiles_are_of_the_sorted_numbers() {
        let numbers: Vec<f64> = (1..=40).map(f64::from).collect();
        let expected = Distribution { mean: 20.5, median: 20.5, max: 40.0 };
        assert_eq!(Distribution::of(&numbers), Some(expected));
        assert_eq!(percentile(&numbers, 95), Some(38.0));
        assert_eq!((percentile(&[3.0], 95), median(&[3.0])), (Some(3.0), Some(3.0)));
        assert_eq!((percentile(&[], 95), median(&[]), Distribution::of(&[])), (None, None, None));
        assert_eq!(moments(4, 8, 24), (2.0, 2.0_f64.sqrt()));
    }

    fn errors_by_hand<C: Counts>() -> Errors<C> {
        let mut errors = Errors::default();
        for (exact, found) in [(100, 99), (-200, -200), (0, 3), (8, 4), (i32::MIN, i32::MAX)] {
            errors.add(exact, found);
        }
        errors
    }

    #[test]
    fn errors_are_those_found_by_hand() {
        let errors = errors_by_hand::<ExactCounts>();
        let mean = (1 + 3 + 4 + u64::from(u32::MAX)) as f64 / 5.0;
        let absolute = Distribution { mean, median: 3.0, max: 4_294_967_295.0 };
        assert_eq!(errors.absolute(), Some(absolute));
        let mean = (1.0 + 0.0 + 50.0 + 200.0) / 4.0;
        let percentage = Distribution { mean, median: 25.5, max: 200.0 };
        assert_eq!(errors.percentage(), Some(percentage));

        let binned = errors_by_hand::<BinnedCounts>();
        let absolute = Distribution { median: 3.0, ..absolute };
        assert_eq!(binned.absolute(), Some(absolute));
        // The lower one of the middle two, and of its bin the lower edge.
        assert_eq!(binned.percentage().unwrap().median, 1.0);

        let mut some = Errors::<ExactCounts>::default();
        assert_eq!((some.absolute(), some.percentage()), (None, None));
        some.add(0, 1);
        assert!(some.absolute().is_some() && some.percentage().is_none());
        for (exact, found) in [(100, 99), (-200, -200), (8, 4)] {
            some.add(exact, found);
        }
        let power: f64 = (10_000.0 + 40_000.0 + 64.0) / (1.0 + 1.0 + 16.0);
        assert!((some.signal_to_noise_db().unwrap() - 10.0 * power.log10()).abs() < 1e-9);
    }

    #[test]
    fn bins_are_narrow_and_in_order() {
        let mut last = 0;
        for number in (0..2_000).chain((11..49).flat_map(|e| [(1 << e) - 1, 1 << e, (1 << e) + 7]))
        {
            let bin = BinnedCounts::bin(number);
            let edge = BinnedCounts::lower_edge(bin);
            assert!(edge <= number && number - edge <= number / 128, "{number}: {edge}");
            assert!(bin >= last, "{number}");
            last = bin;
            assert_eq!(BinnedCounts::bin(edge), bin);
        }
    }

    fn checkpoints_add_up<C: Counts + Serialize + serde::de::DeserializeOwned>() {
        let (mut all, mut parts) = (Errors::<C>::default(), Errors::<C>::default());
        for part in 0..4 {
            let mut one = Errors::<C>::default();
            for i in 0..100 {
                let (exact, found) = (i * 7_919 * (part + 1) - 300_000, i * 7_901 - 200_000 * part);
                one.add(exact, found);
                all.add(exact, found);
            }
            let json = serde_json::to_string(&one).unwrap();
            parts.merge(&serde_json::from_str(&json).unwrap());
        }
        assert_eq!(all, parts);
        let extreme = errors_by_hand::<C>();
        let json = serde_json::to_string(&extreme).unwrap();
        assert_eq!(extreme, serde_json::from_str(&json).unwrap());
    }

    #[test]
    fn checkpoints_survive_json_and_add_up() {
        checkpoints_add_up::<ExactCounts>();
        checkpoints_add_up::<BinnedCounts>();
    }

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
            // From the sum of binomial coefficients in whole numbers.
            (5_100, 4_900, 0.046_585_527_705),
        ] {
            close(10_f64.powf(Discordant { lost, won }.mcnemar_log10()), p, 1e-10);
        }
        let certain = Discordant { lost: 10_000, won: 0 }.mcnemar_log10();
        close(certain, -9_999.0 * 2_f64.log10(), 1e-6);
    }

    #[test]
    fn outcomes_are_counted_by_side() {
        let pairs = [(true, true), (true, false), (false, true), (true, false), (false, false)];
        assert_eq!(Discordant::of(pairs), Discordant { lost: 2, won: 1 });
        let first = Proportion::of(pairs.map(|(first, _)| first));
        assert_eq!(first, Proportion { successes: 3, trials: 5 });
    }
}
