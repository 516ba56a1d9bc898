// SPDX-License-Identifier: MIT OR Apache-2.0
//! The paper's section V-A: 3×3 filters over MNIST images, exact and at several tolerances.
//!
//! For the engine the filters of one side are a layer with one input channel and one output channel
//! per filter.

mod filters;

pub use filters::{Filter, SHARPEN9, built_in, built_in_names, from_file};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Error;
use crate::data::{Image, SIDE};
use crate::report::pictures::{FeatureMaps, PaintedMap};
use crate::results::ResultFolder;
use crate::run::{Engines, Experiment, Finished, Outcomes, Run};
use crate::statistics::{Errors, ExactCounts, reduction_percent};
use crate::table::{self, Digit, Row as _, Shortest};
use crate::tables::{Compared, FilterKey, Over, SummaryRow, WindowsRow};
use filters::check_names;
use model::conv::{Plane, SmaxScope, conv2d};
use model::engine::{Cost, Detail, Findings, Place};
use model::nn::{Configuration, Convolution, Finish};

/// An image as the plane that engines take.
pub(super) fn plane(image: &Image) -> Plane {
    let words = image.pixels.iter().map(|&pixel| i32::from(pixel)).collect();
    Plane::new(SIDE, SIDE, words).expect("an image is not empty")
}

/// Runs the experiment at the tolerances `taus` in order, for a log proxy with `log_frac` fraction
/// bits.
pub fn run(
    run: &Run<'_>,
    filters: &[Filter],
    taus: &[f64],
    log_frac: u32,
) -> Result<Finished<Vec<SummaryRow>>, Error> {
    check_names(filters)?;
    if let Some(tau) = taus.iter().enumerate().find(|(i, tau)| taus[..*i].contains(tau)) {
        return Err(Error::Input(format!("tolerance {} is there twice", tau.1)));
    }
    let windows = Windows {
        run,
        images: run.images()?,
        filters,
        layers: layers(filters),
        configurations: Configuration::table(taus, log_frac, SmaxScope::Window, 1)?,
    };
    crate::run::run(run, &windows)
}

/// Filters of one side as a layer; and the number of each of its output channels among all filters.
struct FilterLayer {
    layer: Convolution,
    filters: Vec<usize>,
}

/// The layers of all filters, in the order of the first filter of each side.
fn layers(filters: &[Filter]) -> Vec<FilterLayer> {
    let mut layers: Vec<FilterLayer> = Vec::new();
    for (number, filter) in filters.iter().enumerate() {
        let side = filter.kernel.side();
        let position = layers.iter().position(|it| it.layer.side() == side);
        let index = position.unwrap_or_else(|| {
            let name = format!("{side}×{side}");
            let finish = Finish { activation: None, shift: 0, bits: 0 };
            let layer = Convolution { name, index: 0, filters: vec![], bias: vec![], finish };
            layers.push(FilterLayer { layer, filters: Vec::new() });
            layers.len() - 1
        });
        layers[index].layer.filters.push(vec![filter.kernel.clone()]);
        layers[index].layer.bias.push(0);
        layers[index].filters.push(number);
    }
    layers
}

struct Windows<'a> {
    run: &'a Run<'a>,
    images: Vec<&'a Image>,
    filters: &'a [Filter],
    layers: Vec<FilterLayer>,
    /// Exact and zero-skip come first.
    configurations: Vec<Configuration>,
}

/// What some images came to. Rows are CSV already: they are by far the most of it.
#[derive(Debug, Serialize, Deserialize)]
struct Outcome {
    rows: String,
    /// Of each filter in each configuration.
    totals: Vec<Totals>,
}

/// One filter in one configuration over one image.
#[derive(Debug, Clone, Default)]
struct FilteredMap {
    outputs: Vec<i32>,
    multiplications: u64,
    cost: Cost,
}

impl Windows<'_> {
    fn batch_images(&self) -> usize {
        (self.images.len() / 64).clamp(4, 100)
    }

    /// One image through every filter and configuration: `maps[filter][configuration]`.
    fn maps(
        &self,
        number: usize,
        image: &Image,
        engines: &mut Engines<'_>,
    ) -> Result<Vec<Vec<FilteredMap>>, Error> {
        let inputs = [vec![plane(image)]];
        let row = vec![FilteredMap::default(); self.configurations.len()];
        let mut maps = vec![row; self.filters.len()];
        for (c, configuration) in self.configurations.iter().enumerate() {
            for FilterLayer { layer, filters } in &self.layers {
                let place = Place {
                    layer: layer.name.clone(),
                    configuration: configuration.name.clone(),
                    image: number,
                    ..self.run.place("filters")
                };
                let semantics = &configuration.layers[0];
                let engine = engines.under_test(0)?;
                let run = engine.layer(&place, layer, semantics, &inputs, Detail::Sums)?;
                let outcome = run.outcomes.into_iter().next().expect("an outcome per image");
                let outputs = outcome.sums.into_iter().zip(outcome.multiplications);
                for ((&filter, (outputs, multiplications)), cost) in
                    filters.iter().zip(outputs).zip(run.costs)
                {
                    maps[filter][c] = FilteredMap { outputs, multiplications, cost };
                }
            }
        }
        Ok(maps)
    }
}

impl Experiment for Windows<'_> {
    /// The number of the first image, and how many.
    type Batch = (usize, usize);
    type Outcome = Outcome;
    type Summary = Vec<SummaryRow>;

    fn settings(&self) -> Value {
        let filter = |it: &Filter| json!({ "name": it.name, "weights": it.kernel.weights() });
        let names = self.configurations.iter().map(|it| it.name.as_str());
        json!({
            "filters": self.filters.iter().map(filter).collect::<Vec<_>>(),
            "configurations": names.collect::<Vec<_>>(),
            "log_frac": self.configurations[0].log_frac(),
        })
    }

    fn plan(&self) -> Vec<(usize, usize)> {
        let (images, step) = (self.images.len(), self.batch_images());
        (0..images).step_by(step).map(|first| (first, step.min(images - first))).collect()
    }

    fn batch(
        &self,
        &(first, count): &(usize, usize),
        engines: &mut Engines<'_>,
    ) -> Result<Outcome, Error> {
        let mut rows = Vec::new();
        let mut totals = vec![Totals::default(); self.filters.len() * self.configurations.len()];
        for (number, image) in (first..first + count).zip(&self.images[first..]) {
            let maps = self.maps(number, image, engines)?;
            let mut totals = totals.iter_mut();
            for (filter, maps) in self.filters.iter().zip(&maps) {
                for (configuration, map) in self.configurations.iter().zip(maps) {
                    let errors = errors(&maps[0], map);
                    rows.push(row((number, image), filter, configuration, (map, maps), &errors));
                    let of_image = Totals::of_image(map.multiplications, map.cost, errors);
                    totals.next().expect("totals of every map").merge(&of_image);
                }
            }
        }
        Ok(Outcome { rows: table::lines(&rows)?, totals })
    }

    fn name(&self, place: &mut Place) {
        let layer = self.layers.iter().find(|it| it.layer.name == place.layer);
        if let Some(&filter) = layer.and_then(|it| it.filters.get(place.output)) {
            place.layer = self.filters[filter].name.clone();
        }
    }

    fn tables(
        &self,
        outcomes: Outcomes<'_, Outcome>,
        _: &Findings,
        results: &mut ResultFolder,
    ) -> Result<Vec<SummaryRow>, Error> {
        let mut totals = vec![Totals::default(); self.filters.len() * self.configurations.len()];
        let mut failed = None;
        let written = results.file(WindowsRow::FILE, |file| {
            file.write_all(table::header::<WindowsRow>().as_bytes())?;
            for outcome in outcomes {
                let outcome = match outcome {
                    Ok(outcome) => outcome,
                    Err(error) => {
                        failed = Some(error);
                        return Err(std::io::ErrorKind::InvalidData.into());
                    }
                };
                file.write_all(outcome.rows.as_bytes())?;
                for (totals, of_batch) in totals.iter_mut().zip(&outcome.totals) {
                    totals.merge(of_batch);
                }
            }
            Ok(())
        });
        written.map_err(|error| failed.unwrap_or(error))?;
        let summary = summarise(self.filters, &self.configurations, &totals);
        results.table(&summary)?;
        let first = plane(self.images[0]);
        let maps = feature_maps(&first, self.filters, &self.configurations);
        results.file("feature_maps.png", |file| maps.write_png(file))?;
        Ok(summary)
    }
}

fn errors(exact: &FilteredMap, found: &FilteredMap) -> Errors<ExactCounts> {
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

fn row(
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
struct Totals {
    images: u64,
    multiplications: u64,
    min: u64,
    max: u64,
    windows: u64,
    cycles: u64,
    errors: Errors<ExactCounts>,
}

impl Totals {
    /// The totals of one image.
    fn of_image(multiplications: u64, cost: Cost, errors: Errors<ExactCounts>) -> Self {
        let (min, max) = (multiplications, multiplications);
        let Cost { windows, cycles, .. } = cost;
        Self { images: 1, multiplications, min, max, windows, cycles, errors }
    }

    fn merge(&mut self, other: &Self) {
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
pub(super) fn paper(configuration: &str) -> Option<f64> {
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
fn summarise(
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
    // The paper's filters are not published; they are 3×3, as those that are built in.
    let papers = built_in(&[]).is_ok_and(|it| it == filters);
    let each = filters.iter().map(|filter| (filter.name.as_str(), 1));
    let groups = std::iter::once(("", filters.len() as u64)).chain(each);
    let totals = std::iter::once(&all[..]).chain(totals.chunks_exact(configurations.len()));
    let mut rows = Vec::new();
    for ((filter, filters), totals) in groups.zip(totals) {
        let over = if filter.is_empty() { Over::Filters } else { Over::Filter };
        let paper = |name| paper(name).filter(|_| papers && over == Over::Filters).map(Shortest);
        // The first two configurations are exact and zero-skip.
        let beside = [0, 1].map(|it: usize| totals[it].multiplications);
        rows.extend(configurations.iter().zip(totals).filter_map(|(configuration, totals)| {
            let (windows, cycles) = (totals.windows, totals.cycles as f64);
            Some(SummaryRow {
                over,
                key: key(filter, configuration),
                images: totals.images / filters,
                multiplications_average: totals.multiplications as f64 / totals.images as f64,
                multiplications_min: totals.min,
                multiplications_max: totals.max,
                paper_multiplications_average: paper(&configuration.name),
                compared: compared(totals.multiplications, beside, &totals.errors)?,
                cycles_per_window: (windows != 0).then(|| cycles / windows as f64),
            })
        }));
    }
    rows
}

/// The feature maps of one image, by the golden model.
fn feature_maps<'a>(
    plane: &'a Plane,
    filters: &[Filter],
    configurations: &[Configuration],
) -> FeatureMaps<'a> {
    let row = |filter: &Filter| {
        let map = |it: &Configuration| {
            let map = conv2d(plane, &filter.kernel, &it.layers[0], None);
            let multiplications = map.total_kept();
            PaintedMap { width: map.width, words: map.outputs, multiplications }
        };
        (filter.name.clone(), configurations.iter().map(map).collect())
    };
    FeatureMaps {
        input: plane,
        configurations: configurations.iter().map(|it| it.name.clone()).collect(),
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
