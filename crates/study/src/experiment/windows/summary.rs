//! The table over all images: what the paper prints, and what it leaves out.

use serde::{Deserialize, Serialize};

use super::filters::Filter;
use super::reduction_percent;
use super::statistics::Totals;
use crate::report::number::{decimals, optional_decimals};
use model::nn::Configuration;

/// A line of `summary.csv`: one filter, or all, in one configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The filter's name; `all` for the average filter.
    pub filter: String,
    /// The configuration's name.
    pub configuration: String,
    /// The mode.
    pub mode: String,
    /// τ, in approx mode.
    pub tau: Option<f64>,
    /// T in units of 2^−log_frac, in approx mode.
    pub threshold: Option<u32>,
    /// Fraction bits of the log proxy.
    pub log_frac: u32,
    /// What S_max is taken over.
    pub smax_scope: String,
    /// Images.
    pub images: u64,
    /// Multiplications of one image with one filter, on average.
    #[serde(serialize_with = "decimals")]
    pub multiplications_average: f64,
    /// The fewest.
    pub multiplications_min: u64,
    /// The most.
    pub multiplications_max: u64,
    /// The paper's average, in the lines that its table has.
    pub paper_multiplications_average: Option<f64>,
    /// How many percent fewer than exact.
    #[serde(serialize_with = "decimals")]
    pub reduction_vs_exact_percent: f64,
    /// How many percent fewer than zero-skip.
    #[serde(serialize_with = "optional_decimals")]
    pub reduction_vs_zero_skip_percent: Option<f64>,
    /// Absolute error of an output, mean over all outputs.
    #[serde(serialize_with = "decimals")]
    pub mean_absolute_error: f64,
    /// Median.
    #[serde(serialize_with = "decimals")]
    pub median_absolute_error: f64,
    /// Largest.
    #[serde(serialize_with = "decimals")]
    pub max_absolute_error: f64,
    /// Error in percent of the exact output, mean over the outputs where that is not 0.
    #[serde(serialize_with = "optional_decimals")]
    pub mean_percentage_error: Option<f64>,
    /// Median, the lower edge of a bin of 0.1.
    #[serde(serialize_with = "optional_decimals")]
    pub median_percentage_error: Option<f64>,
    /// Largest.
    #[serde(serialize_with = "optional_decimals")]
    pub max_percentage_error: Option<f64>,
    /// Cycles from start to done of a window; empty on the golden engine.
    #[serde(serialize_with = "optional_decimals")]
    pub cycles_per_window: Option<f64>,
}

/// The name of the lines over all filters.
pub const ALL_FILTERS: &str = "all";

/// The paper's table of average multiplications (section V-A).
fn paper(configuration: &str) -> Option<f64> {
    match configuration {
        "exact" => Some(6084.0),
        "zero-skip" => Some(1354.0214),
        "tau=0.03" => Some(1256.661),
        "tau=0.06" => Some(1167.603),
        "tau=0.1" => Some(1032.2543),
        "tau=0.25" => Some(506.2085),
        _ => None,
    }
}

/// The lines over all filters, then those of each filter; `totals` is filter by filter, with the
/// configurations in order.
pub(super) fn summarise(
    filters: &[Filter],
    configurations: &[Configuration],
    totals: &[Totals],
) -> Vec<Summary> {
    let mut all = vec![Totals::default(); configurations.len()];
    for totals in totals.chunks_exact(configurations.len()) {
        for (all, totals) in all.iter_mut().zip(totals) {
            all.merge(totals);
        }
    }
    let each = filters.iter().zip(totals.chunks_exact(configurations.len()));
    let each = each.map(|(filter, totals)| (filter.name.as_str(), 1, totals));
    std::iter::once((ALL_FILTERS, filters.len() as u64, &all[..]))
        .chain(each)
        .flat_map(|(filter, filters, totals)| group(filter, filters, configurations, totals))
        .collect()
}

/// The lines of `filters` filters that are totalled together.
fn group<'a>(
    filter: &'a str,
    filters: u64,
    configurations: &'a [Configuration],
    totals: &'a [Totals],
) -> impl Iterator<Item = Summary> + 'a {
    // The first two configurations are exact and zero-skip.
    let (exact, zero_skip) = (totals[0].multiplications, totals[1].multiplications);
    configurations.iter().zip(totals).filter_map(move |(configuration, totals)| {
        let absolute = totals.errors.absolute()?;
        let percentage = totals.errors.percentage();
        let cycles = || totals.cycles as f64 / totals.windows as f64;
        Some(Summary {
            filter: filter.to_owned(),
            configuration: configuration.name.clone(),
            mode: configuration.layers[0].mode.to_string(),
            tau: configuration.tau,
            threshold: configuration.threshold(),
            log_frac: configuration.layers[0].log_frac,
            smax_scope: configuration.layers[0].scope.to_string(),
            images: totals.images / filters,
            multiplications_average: totals.multiplications as f64 / totals.images as f64,
            multiplications_min: totals.min,
            multiplications_max: totals.max,
            paper_multiplications_average: paper(&configuration.name)
                .filter(|_| filter == ALL_FILTERS),
            reduction_vs_exact_percent: reduction_percent(totals.multiplications, exact)
                .unwrap_or(0.0),
            reduction_vs_zero_skip_percent: reduction_percent(totals.multiplications, zero_skip),
            mean_absolute_error: absolute.mean,
            median_absolute_error: absolute.median,
            max_absolute_error: absolute.max,
            mean_percentage_error: percentage.map(|it| it.mean),
            median_percentage_error: percentage.map(|it| it.median),
            max_percentage_error: percentage.map(|it| it.max),
            cycles_per_window: (totals.windows != 0).then(cycles),
        })
    })
}
