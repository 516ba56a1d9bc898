// SPDX-License-Identifier: MIT OR Apache-2.0
//! The result files: rows from maps and totals.

use serde::{Deserialize, Serialize};

use super::FilteredMap;
use super::filters::Filter;
use crate::data::Image;
use crate::report::pictures::{FeatureMaps, PaintedMap};
use crate::statistics::{Errors, ExactCounts, reduction_percent};
use crate::table::{Digit, Shortest};
use crate::tables::{ALL_FILTERS, Compared, FilterKey, SummaryRow, WindowsRow};
use model::conv::{Mode, Plane, conv2d};
use model::engine::Cost;
use model::nn::Configuration;

pub(super) fn errors(exact: &FilteredMap, found: &FilteredMap) -> Errors<ExactCounts> {
    let mut errors = Errors::default();
    for (&exact, &output) in exact.outputs.iter().zip(&found.outputs) {
        errors.add(exact, output);
    }
    errors
}

fn key(filter: &str, configuration: &Configuration) -> FilterKey {
    let semantics = &configuration.layers[0];
    FilterKey {
        filter: filter.to_owned(),
        configuration: configuration.name.clone(),
        mode: semantics.mode.to_string(),
        tau: configuration.tau.map(Shortest),
        threshold: configuration.threshold(),
        log_frac: semantics.log_frac,
        smax_scope: semantics.scope.to_string(),
    }
}

/// `count` multiplications beside those of exact and of zero-skip; none without an output.
fn compared(count: u64, beside: [u64; 2], errors: &Errors<ExactCounts>) -> Option<Compared> {
    let reduction = |of: u64| reduction_percent(count as f64, of as f64);
    let (absolute, percentage) = (errors.absolute()?, errors.percentage());
    Some(Compared {
        reduction_vs_exact_percent: reduction(beside[0]).unwrap_or(0.0),
        reduction_vs_zero_skip_percent: reduction(beside[1]),
        mean_absolute_error: absolute.mean,
        median_absolute_error: absolute.median,
        max_absolute_error: absolute.max,
        mean_percentage_error: percentage.map(|it| it.mean),
        median_percentage_error: percentage.map(|it| it.median),
        max_percentage_error: percentage.map(|it| it.max),
    })
}

pub(super) fn row(
    (number, image): (usize, &Image),
    filter: &Filter,
    configuration: &Configuration,
    (map, maps): (&FilteredMap, &[FilteredMap]),
    errors: &Errors<ExactCounts>,
) -> WindowsRow {
    let beside = [0, 1].map(|it: usize| maps[it].multiplications);
    let Cost { windows, cycles, .. } = map.cost;
    WindowsRow {
        image: number,
        label: Digit(image.label),
        key: key(&filter.name, configuration),
        outputs: map.outputs.len(),
        multiplications: map.multiplications,
        compared: compared(map.multiplications, beside, errors).expect("a map has outputs"),
        windows,
        cycles,
        cycles_per_window: (windows != 0).then(|| cycles as f64 / windows as f64),
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
    pub errors: Errors<ExactCounts>,
}

impl Totals {
    /// The totals of one image.
    pub fn of_image(multiplications: u64, cost: Cost, errors: Errors<ExactCounts>) -> Self {
        let (min, max) = (multiplications, multiplications);
        let Cost { windows, cycles, .. } = cost;
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

/// The rows over all filters, then those of each filter; `totals` is filter by filter, with the
/// configurations in order.
pub(super) fn summarise(
    filters: &[Filter],
    configurations: &[Configuration],
    totals: &[Totals],
) -> Vec<SummaryRow> {
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

/// The rows of `filters` filters that are totalled together.
fn group<'a>(
    filter: &'a str,
    filters: u64,
    configurations: &'a [Configuration],
    totals: &'a [Totals],
) -> impl Iterator<Item = SummaryRow> + 'a {
    // The first two configurations are exact and zero-skip.
    let beside = [0, 1].map(|it: usize| totals[it].multiplications);
    configurations.iter().zip(totals).filter_map(move |(configuration, totals)| {
        let paper = paper(&configuration.name).map(Shortest);
        Some(SummaryRow {
            key: key(filter, configuration),
            images: totals.images / filters,
            multiplications_average: totals.multiplications as f64 / totals.images as f64,
            multiplications_min: totals.min,
            multiplications_max: totals.max,
            paper_multiplications_average: paper.filter(|_| filter == ALL_FILTERS),
            compared: compared(totals.multiplications, beside, &totals.errors)?,
            cycles_per_window: (totals.windows != 0)
                .then(|| totals.cycles as f64 / totals.windows as f64),
        })
    })
}

/// The feature maps of one image, by the golden model. Zero-skip has no column: its outputs are
/// exact.
pub(super) fn feature_maps<'a>(
    plane: &'a Plane,
    filters: &[Filter],
    configurations: &[Configuration],
) -> FeatureMaps<'a> {
    let shown: Vec<&Configuration> =
        configurations.iter().filter(|it| it.layers[0].mode != Mode::ZeroSkip).collect();
    let row = |filter: &Filter| {
        let map = |it: &&Configuration| {
            let map = conv2d(plane, &filter.kernel, &it.layers[0], None);
            let multiplications = map.total_kept();
            PaintedMap { width: map.width, words: map.outputs, multiplications }
        };
        (filter.name.clone(), shown.iter().map(map).collect())
    };
    FeatureMaps {
        input: plane,
        configurations: shown.iter().map(|it| it.name.clone()).collect(),
        filters: filters.iter().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_grouping_has_the_same_totals() {
        let image = |seed: i32| {
            let mut errors = Errors::default();
            (0..50).for_each(|i| errors.add(i * seed % 37, i * seed % 31));
            Totals::of_image(seed as u64, Cost::default(), errors)
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
