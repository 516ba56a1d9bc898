// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the order of the input channels is worth in running scope, and what could be had at best.
//!
//! S_max of an output runs over its input channels: the later a large product comes, the more
//! products before it are weighed against too little. Three orders are compared with the paper's
//! rule: as trained; largest first, by the mean S_max of each channel over validation images; and,
//! as the bound that no order can beat, S_max of all channels known beforehand.

use std::ops::Range;
use std::sync::OnceLock;

use rayon::prelude::*;
use serde_json::{Value, json};

use super::lenet::Variant;
use super::{Software, Tally, batches};
use crate::Error;
use crate::data::Image;
use crate::report::figure::{Bar, Bars, Group, distinct, palette, thousands};
use crate::results::ResultFolder;
use crate::run::{Engines, Experiment, Finished, Outcomes, Run};
use crate::statistics::{Proportion, reduction_percent};
use crate::table;
use crate::tables::{Accuracy, PlotBy, colour, technique};
use model::conv::{
    FeatureMap, Mode, Plane, PreparedPlane, Semantics, SmaxScope, Threshold, conv2d_prepared,
};
use model::engine::{Detail, Engine, EngineError, Findings, GoldenEngine};
use model::nn::{Configuration, Convolution, LayerOutcome, MachineNetwork, input_planes};

table! {
    /// One order of the input channels at one threshold.
    pub struct ChannelRow in "channels.csv" {
        /// Network, the name of its file.
        #[formerly("activation")]
        pub network: String,
        /// Fraction bits F of the log proxies.
        pub log_frac: u32,
        /// Threshold T of all layers, in units of 2^−F.
        pub threshold: u32,
        /// Order of the input channels: `window-scope`, `as-trained`, `largest-first` or
        /// `known-beforehand`.
        pub order: String,
        /// Test images, from the first.
        pub images: usize,
        /// Multiplications per inference, mean over the images.
        pub multiplications_average: f64,
        /// How many percent fewer multiplications than exact.
        pub reduction_vs_exact_percent: f64,
        pub accuracy: Accuracy,
    }
}

pub(super) static CHANNELS: PlotBy<ChannelRow> = PlotBy {
    name: "channels",
    key: |row| &row.network,
    figure: |of, rows, name| {
        let orders = distinct(rows.iter().map(|row| row.order.as_str()));
        let colours = [colour(technique::PAPER_RULE), colour(technique::RUNNING_RULE)];
        let colours = colours.into_iter().chain([palette::GREEN, palette::ORANGE]).cycle();
        let legend: Vec<_> = orders.iter().map(|it| it.replace('-', " ")).zip(colours).collect();
        let bar = |row: &&ChannelRow| {
            let place = orders.iter().position(|it| *it == row.order).unwrap_or(0);
            let count = thousands(row.multiplications_average);
            let label = format!("{count}, {:.2} % right", row.accuracy.accuracy_percent);
            Bar::new(row.multiplications_average, legend[place].1).label(label)
        };
        let key = |row: &&ChannelRow| (row.threshold, row.log_frac);
        let group = |(threshold, log_frac): (u32, u32)| {
            let rows = rows.iter().filter(|it| key(it) == (threshold, log_frac));
            Group::new(format!("T = {threshold}, F = {log_frac}"), rows.map(bar).collect())
        };
        let images = thousands(rows[0].images as f64);
        Bars {
            title: format!("{} – order of the input channels, {images} images", of),
            axis: "multiplications per inference".to_owned(),
            groups: distinct(rows.iter().map(key)).into_iter().map(group).collect(),
            legend: legend.clone(),
            ..Bars::default()
        }
        .draw(name)
    },
};

/// Runs the experiment at `thresholds`, in units of 2^−`log_frac`. The validation images decide the
/// order of the channels, the run's images are what is counted on.
///
/// # Errors
/// Thresholds or images that cannot be; and those of [`run`](crate::run::run()).
pub fn run(
    run: &Run<'_>,
    variants: &[Variant],
    log_frac: u32,
    thresholds: &[u32],
) -> Result<Finished<Vec<ChannelRow>>, Error> {
    let images = run.images()?;
    let validation: Vec<&Image> = run.dataset.training_parts().1.iter().collect();
    let mut semantics = Vec::new();
    for &threshold in thresholds {
        let threshold = Threshold::new(threshold)?;
        semantics.push(Semantics::new(Mode::Approx, log_frac, threshold, SmaxScope::Window)?);
    }
    let ordered = OnceLock::new();
    crate::run::run(run, &Channels { run, variants, ordered, validation, semantics, images })
}

/// The orders that are compared, as the column `order` names them.
const ORDERS: [&str; 4] = ["window-scope", "as-trained", "largest-first", "known-beforehand"];

struct Channels<'a> {
    run: &'a Run<'a>,
    variants: &'a [Variant],
    /// Each network with its channels in falling order; found with the first batch.
    ordered: OnceLock<Vec<MachineNetwork>>,
    /// The images that decide the order.
    validation: Vec<&'a Image>,
    /// One per threshold, in window scope.
    semantics: Vec<Semantics>,
    images: Vec<&'a Image>,
}

/// Images of a batch.
const BATCH_IMAGES: usize = 50;

impl Channels<'_> {
    fn count(
        network: &MachineNetwork,
        semantics: Semantics,
        images: &[&Image],
        engine: &mut dyn Engine,
    ) -> Result<Tally, EngineError> {
        let layers = vec![semantics; network.convolutions().count()];
        let configuration = Configuration { name: String::new(), tau: None, layers };
        Tally::of(network, &configuration, images, engine)
    }

    fn row(
        &self,
        variant: &Variant,
        semantics: &Semantics,
        order: &str,
        tally: Tally,
    ) -> ChannelRow {
        let exact: u64 = variant.exact_multiplications().iter().sum();
        let images = self.images.len();
        let average = tally.multiplications as f64 / images as f64;
        let right = Proportion { successes: tally.right, trials: images as u64 };
        ChannelRow {
            network: variant.network_name.clone(),
            log_frac: semantics.log_frac,
            threshold: semantics.threshold.get(),
            order: order.to_owned(),
            images,
            multiplications_average: average,
            reduction_vs_exact_percent: reduction_percent(average, exact as f64).unwrap_or(0.0),
            accuracy: right.into(),
        }
    }
}

impl Experiment for Channels<'_> {
    /// Some images of one variant.
    type Batch = (usize, Range<usize>);
    /// One entry per threshold and order.
    type Outcome = Vec<[Tally; 4]>;
    type Summary = Vec<ChannelRow>;

    fn settings(&self) -> Value {
        let weights = self.variants.iter().map(|variant| variant.weights.sha256());
        json!({
            "weights_sha256": weights.collect::<Vec<_>>(),
            "layers": self.semantics,
        })
    }

    fn plan(&self) -> Vec<Self::Batch> {
        batches(self.variants.len(), self.images.len(), BATCH_IMAGES)
    }

    fn batch(
        &self,
        (variant, images): &Self::Batch,
        engines: &mut Engines<'_>,
    ) -> Result<Vec<[Tally; 4]>, Error> {
        let ordered = self.ordered.get_or_init(|| {
            let log_frac = self.semantics.first().map_or(0, |it| it.log_frac);
            let order = |it: &Variant| largest_first(&it.integer, &self.validation, log_frac);
            self.run.on_threads(|| self.variants.iter().map(order).collect())
        });
        let (plain, ordered) = (&self.variants[*variant].integer, &ordered[*variant]);
        let images = &self.images[images.clone()];
        let golden = engines.golden();
        let mut tallies = Vec::new();
        for &window in &self.semantics {
            let running = Semantics { scope: SmaxScope::Running, ..window };
            tallies.push([
                Self::count(plain, window, images, golden)?,
                Self::count(plain, running, images, golden)?,
                Self::count(ordered, running, images, golden)?,
                Self::count(plain, running, images, &mut known_maxima())?,
            ]);
        }
        Ok(tallies)
    }

    fn tables(
        &self,
        outcomes: Outcomes<'_, Vec<[Tally; 4]>>,
        _: &Findings,
        results: &mut ResultFolder,
    ) -> Result<Vec<ChannelRow>, Error> {
        let none = vec![[Tally::default(); 4]; self.semantics.len()];
        let mut totals = vec![none; self.variants.len()];
        for ((variant, _), tallies) in self.plan().into_iter().zip(outcomes) {
            let sums = totals[variant].iter_mut().flatten();
            sums.zip(tallies?.iter().flatten()).for_each(|(sum, tally)| *sum += *tally);
        }
        let mut rows = Vec::new();
        for (variant, totals) in self.variants.iter().zip(totals) {
            for (semantics, tallies) in self.semantics.iter().zip(totals) {
                for (order, tally) in ORDERS.iter().zip(tallies) {
                    rows.push(self.row(variant, semantics, order, tally));
                }
            }
        }
        results.table(&rows)?;
        Ok(rows)
    }
}

/// The network with the channels of every layer behind the first in falling order of their mean
/// S_max over the outputs of exact inference.
fn largest_first(network: &MachineNetwork, images: &[&Image], log_frac: u32) -> MachineNetwork {
    // S_max is taken in every mode; in exact mode the activations are undisturbed.
    let exact = Configuration::plain(Mode::Exact, log_frac, network.convolutions().count());
    let exact = exact.expect("the fraction bits have been checked");
    let chunk = |images: &[&Image]| -> Vec<Vec<u64>> {
        let inputs: Vec<_> = images.iter().map(|it| input_planes(network, &it.pixels)).collect();
        let found = GoldenEngine::default().inferences(network, &exact, &inputs, Detail::Maps);
        let layers = network.convolutions().map(|layer| {
            let mut sums = vec![0_u64; layer.filters[0].len()];
            for inference in &found {
                for maps in &inference.convolutions[layer.index].maps {
                    for (sum, map) in sums.iter_mut().zip(maps) {
                        let scores = (0..map.outputs.len()).filter_map(|i| map.s_max(i));
                        *sum += scores.map(u64::from).sum::<u64>();
                    }
                }
            }
            sums
        });
        layers.collect()
    };
    let add = |mut a: Vec<Vec<u64>>, b: Vec<Vec<u64>>| {
        a.iter_mut().flatten().zip(b.iter().flatten()).for_each(|(a, b)| *a += b);
        if a.is_empty() { b } else { a }
    };
    let sums = images.par_chunks(50).map(chunk).reduce(Vec::new, add);
    let mut ordered = network.clone();
    // From the back, because an order renames the outputs of the layer before, not its inputs.
    for index in (1..sums.len()).rev() {
        let mut order: Vec<usize> = (0..sums[index].len()).collect();
        order.sort_by_key(|&channel| (std::cmp::Reverse(sums[index][channel]), channel));
        ordered = ordered.with_channel_order(index, &order);
    }
    ordered
}

/// The golden model with S_max of all channels known beforehand. No hardware can do that in one
/// pass over the channels.
fn known_maxima() -> impl Engine {
    Software::new(|layer: &Convolution, semantics: &Semantics, inputs: &[Vec<Plane>]| {
        let image = |input: &Vec<Plane>| {
            let planes: Vec<_> = input
                .iter()
                .map(|it| PreparedPlane::new(it, semantics.number, semantics.log_frac))
                .collect();
            let mut outcome = LayerOutcome::default();
            for filter in &layer.filters {
                let mut last: Option<FeatureMap> = None;
                for (plane, kernel) in planes.iter().zip(filter) {
                    last = Some(conv2d_prepared(plane, kernel, semantics, last.as_ref()));
                }
                let (mut sums, mut multiplications) = (Vec::new(), 0);
                for (plane, kernel) in planes.iter().zip(filter) {
                    let map = conv2d_prepared(plane, kernel, semantics, last.as_ref());
                    sums.resize(map.outputs.len(), 0_i32);
                    for (sum, &output) in sums.iter_mut().zip(&map.outputs) {
                        *sum = sum.wrapping_add(output);
                    }
                    multiplications += map.total_kept();
                }
                outcome.sums.push(sums);
                outcome.multiplications.push(multiplications);
            }
            outcome
        };
        inputs.iter().map(image).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;
    use model::nn::Activation;

    #[test]
    fn an_order_changes_no_score_and_known_maxima_skip_most() {
        let variant = Variant::lenet5(Activation::Relu).unwrap();
        let drawn = digits::draw(5, digits::TEST, 60);
        let images: Vec<&Image> = drawn.iter().collect();
        let plain = &variant.integer;
        let ordered = largest_first(plain, &images[..20], 0);
        assert_ne!(*plain, ordered);
        let exact = Configuration::plain(Mode::DualZeroSkip, 0, 3).unwrap();
        let inputs: Vec<_> = images.iter().map(|it| input_planes(plain, &it.pixels)).collect();
        let scores = |network: &MachineNetwork| {
            let found = GoldenEngine::default().inferences(network, &exact, &inputs, Detail::Sums);
            let found = found.iter().map(|it| (it.scores.clone(), it.multiplications()));
            found.collect::<Vec<_>>()
        };
        assert_eq!(scores(plain), scores(&ordered));

        let threshold = Threshold::new(3).unwrap();
        let window = Semantics::new(Mode::Approx, 0, threshold, SmaxScope::Window).unwrap();
        let running = Semantics { scope: SmaxScope::Running, ..window };
        let count = |network, semantics, engine: &mut dyn Engine| {
            Channels::count(network, semantics, &images, engine).unwrap().multiplications
        };
        let golden = &mut GoldenEngine::default();
        let counts = [
            count(plain, window, golden),
            count(plain, running, golden),
            count(&ordered, running, golden),
            count(plain, running, &mut known_maxima()),
        ];
        // Which of the two orders is better depends on the network; nothing beats known maxima.
        assert!(counts[0] > counts[1] && counts[0] > counts[2], "{counts:?}");
        assert!(counts[3] < counts[1] && counts[3] < counts[2], "{counts:?}");
        assert_ne!(counts[1], counts[2]);
    }
}
