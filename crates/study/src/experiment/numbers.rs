// SPDX-License-Identifier: MIT OR Apache-2.0
//! The paper's LeNet table in integers and in floats, side by side: with floats, the exponent alone is a
//! logarithm that costs nothing.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::batches;
use super::lenet::{PAPER_IMAGES, Variant, paper_lenet};
use crate::Error;
use crate::data::Image;
use crate::report::figure::palette::{BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION};
use crate::report::figure::{Bar, Bars, Group, configuration_title, distinct, thousands};
use crate::results::ResultFolder;
use crate::run::{Engines, Experiment, Finished, Outcomes, Run};
use crate::statistics::{Discordant, Proportion, add_counts, reduction_percent};
use crate::table;
use crate::table::{Maybe, Shortest};
use crate::tables::{ALL_LAYERS, Accuracy, Level, McNemar, PlotBy, Sample};
use model::conv::{Number, SmaxScope};
use model::engine::{Detail, Engine, Findings, Place};
use model::nn::{Configuration, Inference, LayerOutcome, MachineNetwork, input_planes};

table! {
    /// One layer, or all of them, of a network in one kind of numbers and one configuration.
    pub struct NumberRow in "numbers.csv" {
        /// Network, the name of its file.
        pub network: String,
        /// What it computes in: `integer`, `float32` or `bfloat16`.
        pub number: String,
        /// Fraction bits F of the log proxies; floats with 0 are weighed by their exponents alone.
        pub log_frac: u32,
        /// Images, from the first of the test set.
        pub images: usize,
        /// `all` images of the run; or `first`, the first 100 of them, as in the paper.
        pub sample: Sample,
        /// What is multiplied: `exact`, `zero-skip` or `tau=…`.
        pub configuration: String,
        /// Tolerance τ; empty without one.
        pub tau: Option<Shortest>,
        /// Threshold T in units of 2^−F; empty where nothing is compared with it.
        pub threshold: Option<u32>,
        /// `layer`; or `network`, whose rows sum all layers, and alone have an accuracy.
        pub level: Level,
        /// Convolution layer; empty on the rows of the network.
        pub layer: String,
        /// Multiplications per inference, mean over the images.
        pub multiplications_average: f64,
        /// Multiplications per inference in the paper's table, of 100 images.
        pub paper_multiplications_average: Option<f64>,
        /// How many percent fewer multiplications than exact.
        pub reduction_vs_exact_percent: f64,
        pub accuracy: Maybe<Accuracy>,
        /// Accuracy lost against exact inference in the same numbers; empty on the rows of layers.
        pub loss_points: Option<f64>,
        /// Against exact inference in the same numbers.
        pub mcnemar: Maybe<McNemar>,
        /// Images whose class is not that of exact inference in integers; empty on the rows of layers.
        pub flipped_from_integer: Option<usize>,
    }
}

pub(super) static NUMBERS: PlotBy<NumberRow> = PlotBy {
    name: "numbers",
    key: |row| &row.network,
    figure: |of, rows, name| {
        let rows = rows.iter().filter(|it| it.level == Level::Network && it.sample == Sample::All);
        let rows: Vec<_> = rows.collect();
        let title = |row: &NumberRow| format!("{}, F = {}", row.number, row.log_frac);
        let colours = [BLUE, SKY, VERMILLION, ORANGE, GREEN, PURPLE];
        let legend = distinct(rows.iter().map(|it| title(it)));
        let legend: Vec<_> = legend.into_iter().zip(colours.into_iter().cycle()).collect();
        let bar = |row: &NumberRow| {
            let colour = legend.iter().find(|(text, _)| *text == title(row)).expect("its own").1;
            let accuracy = row.accuracy.0.as_ref().map_or(0.0, |it| it.accuracy_percent);
            let count = thousands(row.multiplications_average);
            Bar::new(row.multiplications_average, colour).label(format!("{count}, {accuracy:.2} %"))
        };
        let group = |configuration: &str| {
            let rows = rows.iter().filter(|it| it.configuration == configuration);
            Group::new(configuration_title(configuration), rows.map(|it| bar(it)).collect())
        };
        let configurations = distinct(rows.iter().map(|it| it.configuration.as_str()));
        let images = thousands(rows.first().map_or(0, |it| it.images) as f64);
        Bars {
            title: format!("{of} – integers and floats, {images} images, and how many are right"),
            axis: "multiplications per inference".to_owned(),
            groups: configurations.into_iter().map(group).collect(),
            legend: legend.clone(),
            ..Bars::default()
        }
        .draw(name)
    },
};

/// Runs the experiment: `variants` in each kind of numbers, with each number of fraction bits, in the
/// configurations of the table.
///
/// # Errors
/// Tolerances, fraction bits or images that cannot be; and those of [`run`](crate::run::run()).
pub fn run(
    run: &Run<'_>,
    variants: &[Variant],
    numbers: &[Number],
    log_fracs: &[u32],
    taus: &[f64],
) -> Result<Finished<Vec<NumberRow>>, Error> {
    let mut parts = Vec::new();
    for variant in variants {
        for &number in numbers {
            let mut configurations = Vec::new();
            for &log_frac in log_fracs {
                let layers = variant.layers().len();
                configurations.extend(Configuration::table(
                    taus,
                    log_frac,
                    SmaxScope::Window,
                    layers,
                )?);
            }
            for semantics in configurations.iter_mut().flat_map(|it| &mut it.layers) {
                *semantics = semantics.of(number)?;
            }
            parts.push(Part { variant, machine: variant.machine(number)?, configurations });
        }
    }
    crate::run::run(run, &Numbers { run, images: run.images()?, parts })
}

/// A network in one kind of numbers, with what it is measured in; the first is exact.
struct Part<'a> {
    variant: &'a Variant,
    machine: MachineNetwork,
    configurations: Vec<Configuration>,
}

struct Numbers<'a> {
    run: &'a Run<'a>,
    images: Vec<&'a Image>,
    parts: Vec<Part<'a>>,
}

/// Some images of a part in one configuration.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Counts {
    /// By convolution layer.
    multiplications: Vec<u64>,
    /// The class given to each image.
    classes: Vec<u32>,
}

impl Counts {
    fn of(inferences: &[Inference], number: Number) -> Self {
        let mut counts = Self::default();
        for inference in inferences {
            let layers = inference.convolutions.iter().map(LayerOutcome::total_multiplications);
            add_counts(&mut counts.multiplications, &layers.collect::<Vec<_>>());
            counts.classes.push(inference.class(number) as u32);
        }
        counts
    }

    /// Adds the images that follow.
    fn merge(&mut self, other: &Self) {
        add_counts(&mut self.multiplications, &other.multiplications);
        self.classes.extend_from_slice(&other.classes);
    }
}

/// Images of a batch: the paper's images are whole batches.
const BATCH_IMAGES: usize = 50;

impl Experiment for Numbers<'_> {
    /// Some images of one part.
    type Batch = (usize, Range<usize>);
    /// By configuration.
    type Outcome = Vec<Counts>;
    type Summary = Vec<NumberRow>;

    fn settings(&self) -> Value {
        let part = |part: &Part| {
            let configurations = part.configurations.iter().map(|it| json!([it.name, it.layers]));
            json!({
                "network": part.variant.network_name,
                "weights_sha256": part.machine.weights_sha256,
                "number": part.machine.number,
                "configurations": configurations.collect::<Vec<_>>(),
            })
        };
        json!({ "parts": self.parts.iter().map(part).collect::<Vec<_>>() })
    }

    fn plan(&self) -> Vec<Self::Batch> {
        batches(self.parts.len(), self.images.len(), BATCH_IMAGES)
    }

    fn batch(
        &self,
        (part, images): &Self::Batch,
        engines: &mut Engines<'_>,
    ) -> Result<Vec<Counts>, Error> {
        let Part { variant, machine, configurations } = &self.parts[*part];
        let place = Place { image: images.start, ..self.run.place(&variant.weights_name) };
        let images = self.images[images.clone()].iter();
        let inputs: Vec<_> = images.map(|image| input_planes(machine, &image.pixels)).collect();
        let counts = |configuration: &Configuration| {
            let golden = engines.golden();
            let run = golden.infer(&place, machine, configuration, &inputs, Detail::Sums)?;
            Ok(Counts::of(&run.inferences, machine.number))
        };
        configurations.iter().map(counts).collect()
    }

    fn tables(
        &self,
        outcomes: Outcomes<'_, Vec<Counts>>,
        _: &Findings,
        results: &mut ResultFolder,
    ) -> Result<Vec<NumberRow>, Error> {
        // By part and configuration: the paper's images, and all.
        let mut totals: Vec<[Vec<Counts>; 2]> = Vec::new();
        for part in &self.parts {
            let none = vec![Counts::default(); part.configurations.len()];
            let [mut first, mut all] = [none.clone(), none];
            for images in super::ranges(self.images.len(), BATCH_IMAGES) {
                let counts = outcomes.next().expect("an outcome of every batch")?;
                all.iter_mut().zip(&counts).for_each(|(sum, more)| sum.merge(more));
                if images.end <= PAPER_IMAGES {
                    first.iter_mut().zip(&counts).for_each(|(sum, more)| sum.merge(more));
                }
            }
            totals.push([first, all]);
        }
        let mut rows = Vec::new();
        for (sample, index) in [(Sample::First, 0), (Sample::All, 1)] {
            if sample == Sample::First && self.images.len() <= PAPER_IMAGES {
                continue;
            }
            for (part, counts) in self.parts.iter().zip(&totals) {
                let same = |(other, _): &(&Part, _)| {
                    std::ptr::eq(other.variant, part.variant)
                        && other.machine.number == Number::Integer
                };
                let mut others = self.parts.iter().zip(&totals);
                let integer = others.find(same).map(|(_, counts)| &counts[index][0].classes[..]);
                rows.extend(self.rows(part, sample, &counts[index], integer));
            }
        }
        results.table(&rows)?;
        Ok(rows)
    }
}

impl Numbers<'_> {
    /// The rows of a part over some images; `integer` are the classes of exact inference in integers.
    fn rows(
        &self,
        part: &Part,
        sample: Sample,
        counts: &[Counts],
        integer: Option<&[u32]>,
    ) -> Vec<NumberRow> {
        let Part { variant, machine, configurations } = part;
        let labels: Vec<u32> = self.images.iter().map(|image| image.label.into()).collect();
        let right = |classes: &[u32]| -> Vec<bool> {
            classes.iter().zip(&labels).map(|(class, label)| class == label).collect()
        };
        let share = |classes: &[u32]| Proportion::of(right(classes));
        let exact_multiplications = variant.exact_multiplications();
        let (names, exact) = (variant.layers(), &counts[0].classes);
        let mut rows = Vec::new();
        for (configuration, counts) in configurations.iter().zip(counts) {
            let paper =
                variant.paper_activation().and_then(|it| paper_lenet(it, &configuration.name));
            let images = counts.classes.len();
            let line = |layer: &str, count: u64, exact: u64, paper: Option<f64>| {
                let average = count as f64 / images as f64;
                NumberRow {
                    network: variant.network_name.clone(),
                    number: machine.number.to_string(),
                    log_frac: configuration.log_frac().unwrap_or_default(),
                    images,
                    sample,
                    configuration: configuration.name.clone(),
                    tau: configuration.tau.map(Shortest),
                    threshold: configuration.threshold(),
                    level: Level::of(layer),
                    layer: layer.to_owned(),
                    multiplications_average: average,
                    paper_multiplications_average: paper,
                    reduction_vs_exact_percent: reduction_percent(average, exact as f64)
                        .unwrap_or(0.0),
                    accuracy: Maybe(None),
                    loss_points: None,
                    mcnemar: Maybe(None),
                    flipped_from_integer: None,
                }
            };
            let layers = names.iter().zip(&counts.multiplications).zip(&exact_multiplications);
            rows.extend(layers.enumerate().map(|(index, ((name, &count), &exact))| {
                line(name, count, exact, paper.as_ref().map(|paper| paper.layers[index]))
            }));
            let found = &counts.classes;
            let discordant = Discordant::of(right(exact).into_iter().zip(right(found)));
            let differs = |other: &[u32]| other.iter().zip(found).filter(|(a, b)| a != b).count();
            let [all, exact_all] = [&counts.multiplications, &exact_multiplications];
            rows.push(NumberRow {
                accuracy: Maybe(Some(share(found).into())),
                loss_points: Some(100.0 * (share(exact).share() - share(found).share())),
                mcnemar: Maybe(Some(discordant.into())),
                flipped_from_integer: integer.map(differs),
                ..line(
                    ALL_LAYERS,
                    all.iter().sum(),
                    exact_all.iter().sum(),
                    paper.map(|paper| paper.total),
                )
            });
        }
        rows
    }
}
