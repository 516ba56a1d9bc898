//! The paper's section V-A: 3×3 filters over MNIST images, exact and at several tolerances.
//!
//! For the engine the filters of one side are a layer with one input channel and one output channel
//! per filter.

mod filters;
pub mod mosaic;
mod statistics;
mod summary;

pub use filters::{Filter, built_in, from_file};
pub use summary::{ALL_FILTERS, Summary};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Error;
use crate::data::{Image, SIDE};
use crate::report::number::{decimals, optional_decimals};
use crate::results::ResultFolder;
use crate::run::{Engines, Experiment, Finished, Outcomes, Run};
use filters::check_names;
use model::conv::{Plane, SmaxScope};
use model::engine::{Cost, Detail, Findings, Place};
use model::nn::{Configuration, Convolution, Finish};
use statistics::{Errors, Totals};
use summary::summarise;

/// A row of `windows.csv`: one image, filter and configuration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The image's number in the run, from 0.
    pub image: usize,
    /// The digit it shows.
    pub label: u8,
    /// The filter's name.
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
    /// Outputs of the feature map.
    pub outputs: usize,
    /// Multiplications performed.
    pub multiplications: u64,
    /// How many percent fewer than exact.
    #[serde(serialize_with = "decimals")]
    pub reduction_vs_exact_percent: f64,
    /// How many percent fewer than zero-skip.
    #[serde(serialize_with = "optional_decimals")]
    pub reduction_vs_zero_skip_percent: Option<f64>,
    /// Absolute error of an output, mean.
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
    /// Median.
    #[serde(serialize_with = "optional_decimals")]
    pub median_percentage_error: Option<f64>,
    /// Largest.
    #[serde(serialize_with = "optional_decimals")]
    pub max_percentage_error: Option<f64>,
    /// Windows the unit ran; 0 on the golden engine.
    pub windows: u64,
    /// Cycles from start to done, all windows; 0 on the golden engine.
    pub cycles: u64,
    /// Cycles of one window, on average.
    #[serde(serialize_with = "optional_decimals")]
    pub cycles_per_window: Option<f64>,
}

/// How many percent fewer `count` is than `of`; `None` if that is 0.
fn reduction_percent(count: u64, of: u64) -> Option<f64> {
    (of != 0).then(|| 100.0 * (1.0 - count as f64 / of as f64))
}

/// An image as the plane that engines take.
fn plane(image: &Image) -> Plane {
    let words = image.pixels.iter().map(|&pixel| i32::from(pixel)).collect();
    Plane::new(SIDE, SIDE, words).expect("an image is not empty")
}

/// Runs the experiment at the tolerances `taus` in order, for a log proxy with `log_frac` fraction
/// bits.
///
/// # Errors
/// Filters, tolerances or images that cannot be; and those of [`run`](crate::run::run()).
pub fn run(
    run: &Run<'_>,
    filters: &[Filter],
    taus: &[f64],
    log_frac: u32,
) -> Result<Finished<Vec<Summary>>, Error> {
    check_names(filters)?;
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
    type Summary = Vec<Summary>;

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
        let mut rows = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
        let mut totals = vec![Totals::default(); self.filters.len() * self.configurations.len()];
        for (number, image) in (first..first + count).zip(&self.images[first..]) {
            let maps = self.maps(number, image, engines)?;
            let mut totals = totals.iter_mut();
            for (filter, maps) in self.filters.iter().zip(&maps) {
                for (configuration, map) in self.configurations.iter().zip(maps) {
                    let errors = errors(&maps[0], map);
                    let row = row((number, image), filter, configuration, (map, maps), &errors);
                    rows.serialize(row).expect("a row is plain data, and memory does not fail");
                    let Cost { windows, cycles, .. } = map.cost;
                    let of_image = Totals::of_image(map.multiplications, windows, cycles, errors);
                    totals.next().expect("totals of every map").merge(&of_image);
                }
            }
        }
        let rows = rows.into_inner().expect("memory does not fail");
        Ok(Outcome { rows: String::from_utf8(rows).expect("a row is text"), totals })
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
    ) -> Result<Vec<Summary>, Error> {
        let mut totals = vec![Totals::default(); self.filters.len() * self.configurations.len()];
        let mut failed = None;
        let written = results.file("windows.csv", |file| {
            file.write_all(header().as_bytes())?;
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
        results.table("summary.csv", &summary)?;
        let first = plane(self.images[0]);
        let maps = mosaic::FeatureMaps::new(&first, self.filters, &self.configurations);
        results.file("feature_maps.png", |file| maps.write_png(file))?;
        Ok(summary)
    }
}

fn errors(exact: &FilteredMap, found: &FilteredMap) -> Errors {
    let mut errors = Errors::default();
    for (&exact, &output) in exact.outputs.iter().zip(&found.outputs) {
        errors.add(exact, output);
    }
    errors
}

fn row(
    (number, image): (usize, &Image),
    filter: &Filter,
    configuration: &Configuration,
    (map, maps): (&FilteredMap, &[FilteredMap]),
    errors: &Errors,
) -> Row {
    let multiplications = map.multiplications;
    let [exact, zero_skip] = [0, 1].map(|it: usize| maps[it].multiplications);
    let Cost { windows, cycles, .. } = map.cost;
    let semantics = &configuration.layers[0];
    let absolute = errors.absolute().expect("a map has outputs");
    let percentage = errors.percentage();
    Row {
        image: number,
        label: image.label,
        filter: filter.name.clone(),
        configuration: configuration.name.clone(),
        mode: semantics.mode.to_string(),
        tau: configuration.tau,
        threshold: configuration.threshold(),
        log_frac: semantics.log_frac,
        smax_scope: semantics.scope.to_string(),
        outputs: map.outputs.len(),
        multiplications,
        reduction_vs_exact_percent: reduction_percent(multiplications, exact).unwrap_or(0.0),
        reduction_vs_zero_skip_percent: reduction_percent(multiplications, zero_skip),
        mean_absolute_error: absolute.mean,
        median_absolute_error: absolute.median,
        max_absolute_error: absolute.max,
        mean_percentage_error: percentage.map(|it| it.mean),
        median_percentage_error: percentage.map(|it| it.median),
        max_percentage_error: percentage.map(|it| it.max),
        windows,
        cycles,
        cycles_per_window: (windows != 0).then(|| cycles as f64 / windows as f64),
    }
}

/// The header line of `windows.csv`, which `csv` writes only ahead of a row.
fn header() -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.serialize(Row::default()).expect("a row is plain data, and memory does not fail");
    let text = writer.into_inner().expect("memory does not fail");
    let text = String::from_utf8(text).expect("a row is text");
    text.lines().next().map(|line| format!("{line}\n")).unwrap_or_default()
}
