//! Counts over many outputs that add up to the same numbers in any grouping: whole numbers all
//! the way.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Percentage errors are kept in thousandths of a percent.
const MILLI: u64 = 1_000;

/// Their histogram has bins of a tenth of a percent.
const BIN: u64 = 100;

/// Numbers by how often they occur.
type Histogram = BTreeMap<u64, u64>;

/// The error of approximate outputs against exact ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Errors {
    absolute: Histogram,
    /// In bins, lower edge in tenths of a percent.
    percentage: Histogram,
    percentage_sum_milli: u64,
    percentage_max_milli: u64,
    percentage_outputs: u64,
}

/// Mean, median and maximum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Distribution {
    pub mean: f64,
    pub median: f64,
    pub max: f64,
}

impl Errors {
    /// Adds one output. The percentage error is in percent of the exact output, and not there
    /// where that is 0.
    pub fn add(&mut self, exact: i32, approximate: i32) {
        let error = u64::from(exact.abs_diff(approximate));
        *self.absolute.entry(error).or_default() += 1;
        let exact = u64::from(exact.unsigned_abs());
        if let Some(milli) = (error * 100 * MILLI + exact / 2).checked_div(exact) {
            *self.percentage.entry(milli / BIN).or_default() += 1;
            self.percentage_sum_milli += milli;
            self.percentage_max_milli = self.percentage_max_milli.max(milli);
            self.percentage_outputs += 1;
        }
    }

    pub fn merge(&mut self, other: &Self) {
        for (from, to) in
            [(&other.absolute, &mut self.absolute), (&other.percentage, &mut self.percentage)]
        {
            for (&value, &count) in from {
                *to.entry(value).or_default() += count;
            }
        }
        self.percentage_sum_milli += other.percentage_sum_milli;
        self.percentage_max_milli = self.percentage_max_milli.max(other.percentage_max_milli);
        self.percentage_outputs += other.percentage_outputs;
    }

    /// The absolute error, over all outputs.
    pub fn absolute(&self) -> Option<Distribution> {
        let outputs: u64 = self.absolute.values().sum();
        let sum: u64 = self.absolute.iter().map(|(value, count)| value * count).sum();
        let (max, _) = self.absolute.last_key_value()?;
        let mean = sum as f64 / outputs as f64;
        Some(Distribution { mean, median: median(&self.absolute), max: *max as f64 })
    }

    /// The percentage error, over the outputs whose exact value is not 0; the median is the lower
    /// edge of its bin.
    pub fn percentage(&self) -> Option<Distribution> {
        if self.percentage_outputs == 0 {
            return None;
        }
        let milli = MILLI as f64;
        Some(Distribution {
            mean: self.percentage_sum_milli as f64 / self.percentage_outputs as f64 / milli,
            median: median(&self.percentage) * BIN as f64 / milli,
            max: self.percentage_max_milli as f64 / milli,
        })
    }
}

/// The middle number, or the mean of the two in the middle.
fn median(histogram: &Histogram) -> f64 {
    let count: u64 = histogram.values().sum();
    let at = |index: u64| {
        let mut before = 0;
        let mut values = histogram.iter();
        values.find(|(_, count)| {
            before += **count;
            before > index
        })
    };
    match (at(count.saturating_sub(1) / 2), at(count / 2)) {
        (Some((&low, _)), Some((&high, _))) => (low + high) as f64 / 2.0,
        _ => 0.0,
    }
}

/// One filter in one configuration, over some images.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Totals {
    pub images: u64,
    pub multiplications: u64,
    pub min: u64,
    pub max: u64,
    pub windows: u64,
    pub cycles: u64,
    pub errors: Errors,
}

impl Totals {
    /// The totals of one image.
    pub fn of_image(multiplications: u64, windows: u64, cycles: u64, errors: Errors) -> Self {
        let (min, max) = (multiplications, multiplications);
        Self { images: 1, multiplications, min, max, windows, cycles, errors }
    }

    pub fn merge(&mut self, other: &Self) {
        self.min = if self.images == 0 { other.min } else { self.min.min(other.min) };
        self.max = self.max.max(other.max);
        self.images += other.images;
        self.multiplications += other.multiplications;
        self.windows += other.windows;
        self.cycles += other.cycles;
        self.errors.merge(&other.errors);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_by_hand() {
        let mut errors = Errors::default();
        for (exact, approximate) in [(100, 99), (-200, -200), (0, 3), (8, 4), (i32::MIN, i32::MAX)]
        {
            errors.add(exact, approximate);
        }
        let absolute = errors.absolute().unwrap();
        assert_eq!((absolute.median, absolute.max), (3.0, 4_294_967_295.0));
        assert_eq!(absolute.mean, (1 + 3 + 4 + 4_294_967_295_u64) as f64 / 5.0);
        let percentage = errors.percentage().unwrap();
        assert_eq!((percentage.median, percentage.max), ((1.0 + 50.0) / 2.0, 200.0));
        assert_eq!(percentage.mean, (1.0 + 0.0 + 50.0 + 200.0) / 4.0);
    }

    #[test]
    fn nothing_has_no_distribution() {
        let mut errors = Errors::default();
        assert!(errors.absolute().is_none() && errors.percentage().is_none());
        errors.add(0, 1);
        assert!(errors.absolute().is_some() && errors.percentage().is_none());
    }

    #[test]
    fn any_grouping_has_the_same_totals() {
        let image = |seed: i32| {
            let mut errors = Errors::default();
            (0..50).for_each(|i| errors.add(i * seed % 37, i * seed % 31));
            Totals::of_image(seed as u64, 1, 2, errors)
        };
        let fold = |groups: &[&[i32]]| {
            let mut all = Totals::default();
            for group in groups {
                let mut part = Totals::default();
                group.iter().for_each(|&seed| part.merge(&image(seed)));
                all.merge(&part);
            }
            all
        };
        let once = fold(&[&[5, 3, 9, 4]]);
        assert_eq!(once, fold(&[&[5], &[3, 9], &[4]]));
        assert_eq!((once.min, once.max, once.images, once.multiplications), (3, 9, 4, 21));
    }
}
