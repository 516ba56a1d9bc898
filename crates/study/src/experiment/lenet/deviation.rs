//! Errors of many numbers, in whole numbers all the way: any grouping adds up to the same.

use serde::{Deserialize, Serialize};

/// Percentage errors are kept in thousandths of a percent.
const MILLI: u64 = 1_000;

/// Bins that share the leading bit of their numbers: a bin is 1/128 wide of what it holds.
const STEPS: u32 = 128;

/// Numbers by their magnitude: exact below 256, then in bins of less than 1 % of the number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Magnitudes {
    /// Pairs of bin and count, without the empty bins.
    #[serde(with = "sparse")]
    counts: Vec<u64>,
}

impl Magnitudes {
    fn bin(value: u64) -> usize {
        let value = u128::from(value);
        if value < u128::from(STEPS) {
            return value as usize;
        }
        let shift = value.ilog2() - STEPS.ilog2();
        ((shift * STEPS) + (value >> shift) as u32) as usize
    }

    fn lower_edge(bin: usize) -> u64 {
        let (bin, steps) = (bin as u64, u64::from(STEPS));
        if bin < 2 * steps {
            return bin;
        }
        let shift = bin / steps - 1;
        (bin - shift * steps) << shift
    }

    fn add(&mut self, value: u64) {
        let bin = Self::bin(value);
        if self.counts.len() <= bin {
            self.counts.resize(bin + 1, 0);
        }
        self.counts[bin] += 1;
    }

    fn merge(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (to, from) in self.counts.iter_mut().zip(&other.counts) {
            *to += from;
        }
    }

    /// The lower edge of the bin that holds the middle number.
    fn median(&self) -> u64 {
        let middle = self.counts.iter().sum::<u64>().div_ceil(2);
        let mut before = 0;
        let bin = self.counts.iter().position(|count| {
            before += count;
            before >= middle && before > 0
        });
        bin.map_or(0, Self::lower_edge)
    }
}

/// The distance of numbers from what they should be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Deviation {
    pub outputs: u64,
    absolute: Magnitudes,
    absolute_sum: u64,
    absolute_max: u64,
    percentage: Magnitudes,
    percentage_sum_milli: u64,
    percentage_max_milli: u64,
    percentage_outputs: u64,
    signal: u128,
    noise: u128,
}

/// Mean, median and maximum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Distribution {
    pub mean: f64,
    pub median: f64,
    pub max: f64,
}

impl Deviation {
    /// Adds one number and what it should be. The percentage error is in percent of the latter,
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

    /// The absolute error in units of `unit`; the median is the lower edge of a bin narrower than
    /// 1 % of it.
    pub fn absolute(&self, unit: f64) -> Option<Distribution> {
        (self.outputs > 0).then(|| Distribution {
            mean: self.absolute_sum as f64 / self.outputs as f64 * unit,
            median: self.absolute.median() as f64 * unit,
            max: self.absolute_max as f64 * unit,
        })
    }

    /// The percentage error, over the numbers that should not be 0; the median as in
    /// [`Self::absolute`].
    pub fn percentage(&self) -> Option<Distribution> {
        let milli = MILLI as f64;
        (self.percentage_outputs > 0).then(|| Distribution {
            mean: self.percentage_sum_milli as f64 / self.percentage_outputs as f64 / milli,
            median: self.percentage.median() as f64 / milli,
            max: self.percentage_max_milli as f64 / milli,
        })
    }

    /// Power of what the numbers should be over power of the error, in dB; none without an error.
    pub fn signal_to_noise_db(&self) -> Option<f64> {
        (self.noise > 0 && self.signal > 0)
            .then(|| 10.0 * (self.signal as f64 / self.noise as f64).log10())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_narrow_and_in_order() {
        let mut last = 0;
        for value in (0..2_000).chain((11..49).flat_map(|e| [(1 << e) - 1, 1 << e, (1 << e) + 7])) {
            let bin = Magnitudes::bin(value);
            let edge = Magnitudes::lower_edge(bin);
            assert!(edge <= value && value - edge <= value / 128, "{value}: {edge}");
            assert!(bin >= last, "{value}");
            last = bin;
            assert_eq!(Magnitudes::bin(edge), bin);
        }
    }

    #[test]
    fn errors_by_hand() {
        let mut deviation = Deviation::default();
        for (exact, found) in [(100, 99), (-200, -200), (0, 3), (8, 4)] {
            deviation.add(exact, found);
        }
        let absolute = deviation.absolute(0.5).unwrap();
        assert_eq!((absolute.mean, absolute.median, absolute.max), (1.0, 0.5, 2.0));
        let percentage = deviation.percentage().unwrap();
        assert_eq!((percentage.mean, percentage.max), (17.0, 50.0));
        assert!((percentage.median - 1.0).abs() < 0.01);
        let power = (10_000.0 + 40_000.0 + 64.0) / (1.0 + 9.0 + 16.0_f64);
        assert!((deviation.signal_to_noise_db().unwrap() - 10.0 * power.log10()).abs() < 1e-9);
    }

    #[test]
    fn pieces_survive_json_and_add_up() {
        let mut all = Deviation::default();
        let mut parts = Deviation::default();
        for part in 0..4 {
            let mut one = Deviation::default();
            for i in 0..100 {
                let (exact, found) = (i * 7_919 * (part + 1) - 300_000, i * 7_901 - 200_000 * part);
                one.add(exact, found);
                all.add(exact, found);
            }
            let json = serde_json::to_string(&one).unwrap();
            parts.merge(&serde_json::from_str(&json).unwrap());
        }
        assert_eq!(all, parts);
        let mut extreme = Deviation::default();
        extreme.add(i32::MIN, i32::MAX);
        let json = serde_json::to_string(&extreme).unwrap();
        assert_eq!(extreme, serde_json::from_str(&json).unwrap());
    }
}
