// SPDX-License-Identifier: MIT OR Apache-2.0
//! The paper's section V-A: 3×3 filters over MNIST images, exact and at several tolerances.
//!
//! For the engine the filters of one side are a layer with one input channel and one output channel
//! per filter.

mod filters;
mod tables;

pub use filters::{Filter, built_in, from_file};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Error;
use crate::data::{Image, SIDE};
use crate::results::ResultFolder;
use crate::run::{Engines, Experiment, Finished, Outcomes, Run};
use crate::table::{self, Row as _};
use crate::tables::{SummaryRow, WindowsRow};
use filters::check_names;
use model::conv::{Plane, SmaxScope};
use model::engine::{Cost, Detail, Findings, Place};
use model::nn::{Configuration, Convolution, Finish};
use tables::{Totals, errors, feature_maps, row, summarise};

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
) -> Result<Finished<Vec<SummaryRow>>, Error> {
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
