//! `scores.csv`: the paper's table of ten scores; `score_errors.csv`: the same over many images.

use serde::Serialize;

use super::{scope, threshold};
use crate::experiment::accel::Measured;
use crate::experiment::accel::PAPER_TAU;
use crate::experiment::significance::Proportion;
use crate::report::number::{decimals, optional_decimals};
use model::nn::class_of;

/// A line of `scores.csv`: one score of the first image, exact and at a tolerance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoreRow {
    /// The network.
    pub network: String,
    /// `relu` or `tanh`.
    pub activation: String,
    /// The digit that the image shows.
    pub label: u8,
    /// `tau=…`.
    pub configuration: String,
    /// τ.
    pub tau: Option<f64>,
    /// T.
    pub threshold: Option<u32>,
    /// `window` or `running`.
    pub smax_scope: String,
    /// The class that the score is of.
    pub class: usize,
    /// The score with exact convolutions.
    pub exact: i32,
    /// The score with approximate ones.
    pub custom: i32,
    /// |exact − custom|.
    pub absolute_error: u32,
    /// The same in percent of |exact|; none if that is 0.
    #[serde(serialize_with = "optional_decimals")]
    pub percentage_error: Option<f64>,
}

/// A line of `score_errors.csv`: all scores of many images at a tolerance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoreErrorRow {
    /// The network.
    pub network: String,
    /// `relu` or `tanh`.
    pub activation: String,
    /// Images, from the first of the test set.
    pub images: usize,
    /// `tau=…`.
    pub configuration: String,
    /// τ.
    pub tau: Option<f64>,
    /// T.
    pub threshold: Option<u32>,
    /// `window` or `running`.
    pub smax_scope: String,
    /// Scores.
    pub scores: usize,
    /// |exact − custom|, on average.
    #[serde(serialize_with = "decimals")]
    pub mean_absolute_error: f64,
    /// The median.
    #[serde(serialize_with = "decimals")]
    pub median_absolute_error: f64,
    /// 95 % are not above.
    #[serde(serialize_with = "decimals")]
    pub p95_absolute_error: f64,
    /// The largest.
    #[serde(serialize_with = "decimals")]
    pub max_absolute_error: f64,
    /// The same in percent of |exact|, over the scores that are not 0.
    #[serde(serialize_with = "optional_decimals")]
    pub mean_percentage_error: Option<f64>,
    /// The median.
    #[serde(serialize_with = "optional_decimals")]
    pub median_percentage_error: Option<f64>,
    /// 95 % are not above.
    #[serde(serialize_with = "optional_decimals")]
    pub p95_percentage_error: Option<f64>,
    /// The largest.
    #[serde(serialize_with = "optional_decimals")]
    pub max_percentage_error: Option<f64>,
    /// The paper's, of one image.
    #[serde(serialize_with = "optional_decimals")]
    pub paper_mean_percentage_error: Option<f64>,
    /// The paper's, of one image.
    #[serde(serialize_with = "optional_decimals")]
    pub paper_median_percentage_error: Option<f64>,
    /// Images that get another class than with exact convolutions.
    pub class_flips: usize,
    /// Images classified right with exact convolutions.
    #[serde(serialize_with = "decimals")]
    pub exact_accuracy_percent: f64,
    /// Images classified right.
    #[serde(serialize_with = "decimals")]
    pub accuracy_percent: f64,
}

/// What the paper says of its table.
const PAPER_MEAN_PERCENT: f64 = 0.97;
const PAPER_MEDIAN_PERCENT: f64 = 0.65;

/// The programs with a tolerance, by their numbers.
fn approximate(measured: &Measured<'_>) -> impl Iterator<Item = usize> {
    let tau = |program: &usize| measured.programs[*program].configuration.tau.is_some();
    (0..measured.programs.len()).filter(tau)
}

fn percentage(exact: i32, custom: i32) -> Option<f64> {
    let error = f64::from(exact.abs_diff(custom));
    (exact != 0).then(|| 100.0 * error / f64::from(exact).abs())
}

/// The scores of the first image.
pub fn scores(measured: &Measured<'_>) -> Vec<ScoreRow> {
    let Some(image) = measured.scores.first() else { return Vec::new() };
    let of_program = |program: usize| {
        let configuration = &measured.programs[program].configuration;
        let scores = image.scores[0].iter().zip(&image.scores[program]).enumerate();
        scores.map(move |(class, (&exact, &custom))| ScoreRow {
            network: measured.variant.network_name.clone(),
            activation: measured.variant.activation.name().to_owned(),
            label: image.label,
            configuration: configuration.name.clone(),
            tau: configuration.tau,
            threshold: threshold(configuration),
            smax_scope: scope(configuration),
            class,
            exact,
            custom,
            absolute_error: exact.abs_diff(custom),
            percentage_error: percentage(exact, custom),
        })
    };
    approximate(measured).flat_map(of_program).collect()
}

/// The errors over all images.
pub fn score_errors(measured: &Measured<'_>) -> Vec<ScoreErrorRow> {
    let right = |program: usize| {
        let images = measured.scores.iter();
        let right = images.map(|it| class_of(&it.scores[program]) == usize::from(it.label));
        100.0 * Proportion::of(right).share()
    };
    let of_program = |program: usize| {
        let configuration = &measured.programs[program].configuration;
        let pairs = || {
            let images = measured.scores.iter();
            images
                .flat_map(|it| it.scores[0].iter().copied().zip(it.scores[program].iter().copied()))
        };
        let absolute: Vec<f64> =
            pairs().map(|(exact, custom)| f64::from(exact.abs_diff(custom))).collect();
        let percent = pairs().filter_map(|(exact, custom)| percentage(exact, custom)).collect();
        let scores = absolute.len();
        let absolute = Spread::of(absolute).unwrap_or_default();
        let percent = Spread::of(percent);
        let paper = configuration.tau == Some(PAPER_TAU);
        let flips = measured
            .scores
            .iter()
            .filter(|it| class_of(&it.scores[0]) != class_of(&it.scores[program]));
        ScoreErrorRow {
            network: measured.variant.network_name.clone(),
            activation: measured.variant.activation.name().to_owned(),
            images: measured.scores.len(),
            configuration: configuration.name.clone(),
            tau: configuration.tau,
            threshold: threshold(configuration),
            smax_scope: scope(configuration),
            scores,
            mean_absolute_error: absolute.mean,
            median_absolute_error: absolute.median,
            p95_absolute_error: absolute.p95,
            max_absolute_error: absolute.max,
            mean_percentage_error: percent.map(|it| it.mean),
            median_percentage_error: percent.map(|it| it.median),
            p95_percentage_error: percent.map(|it| it.p95),
            max_percentage_error: percent.map(|it| it.max),
            paper_mean_percentage_error: paper.then_some(PAPER_MEAN_PERCENT),
            paper_median_percentage_error: paper.then_some(PAPER_MEDIAN_PERCENT),
            class_flips: flips.count(),
            exact_accuracy_percent: right(0),
            accuracy_percent: right(program),
        }
    };
    approximate(measured).map(of_program).collect()
}

/// Mean, median, 95th percentile and maximum.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Spread {
    mean: f64,
    median: f64,
    p95: f64,
    max: f64,
}

impl Spread {
    /// Of some numbers, if there are any. The median of an even count is the mean of the middle two; the
    /// 95th percentile is the smallest number that is not below 95 % of them.
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (count, max) = (values.len(), *values.last()?);
        let median = f64::midpoint(values[(count - 1) / 2], values[count / 2]);
        let p95 = values[(95 * count).div_ceil(100) - 1];
        Some(Self { mean: values.iter().sum::<f64>() / count as f64, median, p95, max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::accel::PAPER_SCORES;

    #[test]
    fn a_spread_is_that_of_the_sorted_numbers() {
        let spread = Spread::of((1..=40).rev().map(f64::from).collect()).unwrap();
        assert_eq!(spread, Spread { mean: 20.5, median: 20.5, p95: 38.0, max: 40.0 });
        assert_eq!(Spread::of(vec![3.0]).unwrap().p95, 3.0);
        assert_eq!(Spread::of(Vec::new()), None);
    }

    #[test]
    fn the_papers_table_has_the_errors_that_the_paper_states() {
        let percent = PAPER_SCORES.iter().filter_map(|&(exact, custom)| percentage(exact, custom));
        let spread = Spread::of(percent.collect()).unwrap();
        assert!((spread.mean - PAPER_MEAN_PERCENT).abs() < 0.005, "{spread:?}");
        assert!((spread.median - PAPER_MEDIAN_PERCENT).abs() < 0.005, "{spread:?}");
    }
}
