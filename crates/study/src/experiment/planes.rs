// SPDX-License-Identifier: MIT OR Apache-2.0
//! What log planes would save of the memory traffic (the paper's conclusion): the log proxies of a
//! feature map are stored beside it, packed; a window fetches them first, decides, and then fetches
//! only the activations that a kept product multiplies. The outputs stay the same to the bit.
//!
//! Counted on the golden model, in bits that cross the memory port: of a unit that fetches a window
//! for each kernel, and of one that fetches it once for as many kernels as the unit has slots and so needs an activation
//! if any of them does. Writing the planes is charged. Units that have this mode in their RTL
//! run the same images, beside the same units without it.

use std::ops::{AddAssign, Range};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::batches;
use super::energy::Memory;
use super::lenet::Variant;
use crate::Error;
use crate::data::Image;
use crate::report::figure::{Bar, Bars, Group, palette, thousands};
use crate::results::ResultFolder;
use crate::run::{Engines, Experiment, Finished, Outcomes, Run};
use crate::statistics::reduction_percent;
use crate::table;
use crate::tables::PlotBy;
use model::conv::{LogEntries, Mode, Plane, Semantics, SmaxScope, Threshold, dot, output_size};
use model::engine::{Cost, Detail, Findings, Place};
use model::facts::blob::KERNELS;
use model::nn::{Configuration, Convolution, MachineLayer, input_planes};

/// Kernels that share a fetched window.
const SLOTS: usize = KERNELS as usize;

/// Bits of an operand in which a network has the same words; for 8 bits it is quantised anew.
const SAME_WORDS: [u32; 2] = [32, 16];

table! {
    /// The memory traffic of one convolution layer with and without log planes.
    pub struct PlaneRow in "planes.csv" {
        /// Network, the name of its file.
        pub network: String,
        /// Convolution layer.
        pub layer: String,
        /// Fraction bits F of the log proxies.
        pub log_frac: u32,
        /// Threshold T of all layers, in units of 2^−F.
        pub threshold: u32,
        /// What S_max is taken over: `window` or `running`.
        pub smax_scope: String,
        /// Bits of an activation in memory.
        pub operand_w: u32,
        /// Kernels that share a fetched window.
        pub kernels: usize,
        /// Test images, from the first.
        pub images: usize,
        /// Bits of activations per inference when every window is fetched whole, mean over the images.
        pub fetched_bits_average: f64,
        /// Bits of activations that a kept product needs, per inference.
        pub needed_bits_average: f64,
        /// Bits of log planes that are fetched, per inference.
        pub log_fetched_bits_average: f64,
        /// Bits of log planes that are written, once per feature map and inference.
        pub log_written_bits_average: f64,
        /// How many percent fewer activations are fetched.
        pub activation_reduction_percent: f64,
        /// How many percent fewer bits cross the memory port, those of the planes included; negative:
        /// more.
        pub reduction_percent: f64,
        /// The same of the rival without a rule: one bit per activation is stored beside it and
        /// fetched first, and zeros are not fetched.
        pub zero_map_reduction_percent: f64,
    }
}

table! {
    /// What a unit reads of one convolution layer, and how long it takes, with log planes or without.
    pub struct PlaneCostRow in "plane_costs.csv" {
        /// Network, the name of its file.
        pub network: String,
        /// Convolution layer.
        pub layer: String,
        /// Parameter set of the unit.
        pub unit: String,
        /// Whether windows are fetched by log planes.
        pub planes: bool,
        /// Kernels that the unit keeps, and a window is fetched for.
        pub kernels: usize,
        /// Fraction bits F of the log proxies.
        pub log_frac: u32,
        /// Threshold T of all layers, in units of 2^−F.
        pub threshold: u32,
        /// What S_max is taken over: `window` or `running`.
        pub smax_scope: String,
        /// Bits of an activation in memory.
        pub operand_w: u32,
        /// Bits of the memory port.
        pub mem_width: u32,
        /// Test images, from the first.
        pub images: usize,
        /// Clock cycles of the windows from start to done, per inference.
        pub cycles_average: f64,
        /// Words of kernels and windows that entered the unit, per inference.
        pub memory_words_average: f64,
        /// Accesses of the memory port, for kernels, logs and words, per inference.
        pub memory_beats_average: f64,
        /// Those of them that brought logs.
        pub log_beats_average: f64,
        /// Writes of the memory port's width that put the log planes there, once per feature map and
        /// inference.
        pub log_writes_average: f64,
        /// How many percent fewer accesses than the same unit without log planes, the writes included;
        /// negative: more.
        pub reduction_percent: f64,
        /// Energy of all accesses, the writes included, in pJ per inference, by `memory`.
        pub memory_pj: f64,
        /// The memory whose accesses are charged: see `energy_memory.csv`.
        pub memory: String,
    }
}

pub(super) static COSTS: PlotBy<PlaneCostRow> = PlotBy {
    name: "plane_costs",
    key: |row| &row.network,
    figure: |of, rows, name| {
        let legend = [
            ("kernels and words", palette::BLUE),
            ("logs", palette::ORANGE),
            ("logs, written", palette::VERMILLION),
        ];
        let group = |row: &&PlaneCostRow| {
            let words = row.memory_beats_average - row.log_beats_average;
            let values = [words, row.log_beats_average, row.log_writes_average];
            let bars = values.iter().zip(legend).filter(|(value, _)| row.planes || **value > 0.0);
            let bars =
                bars.map(|(&value, (_, colour))| Bar::new(value, colour).label(thousands(value)));
            Group::new(
                format!("{}, T = {}, {}", row.layer, row.threshold, row.unit),
                bars.collect(),
            )
        };
        Bars {
            title: format!("{of} – accesses of the memory port with log planes and without"),
            axis: "accesses per inference".to_owned(),
            legend: legend.map(|(text, colour)| (text.to_owned(), colour)).to_vec(),
            groups: rows.iter().map(group).collect(),
            ..Bars::default()
        }
        .draw(name)
    },
};

/// A reduction in words.
fn fewer(percent: f64) -> String {
    let word = if percent < 0.0 { "more" } else { "fewer" };
    format!("{:.1} % {word}", percent.abs())
}

/// A unit with log planes, and the same one without: two engines of the run, in this order.
pub struct Pair {
    /// The names of their parameter sets.
    pub names: [String; 2],
    /// Kernels that each keeps.
    pub kernels: usize,
    /// Bits of an operand.
    pub operand_w: u32,
    /// Bits of the memory port.
    pub mem_width: u32,
    /// The networks of the run for operands of that width.
    pub variants: Vec<Variant>,
}

/// What the experiment comes to.
#[derive(Debug)]
pub struct Summary {
    /// Counted on the golden model.
    pub rows: Vec<PlaneRow>,
    /// Measured on the units of the run.
    pub costs: Vec<PlaneCostRow>,
}

pub(super) static PLANES: PlotBy<PlaneRow> = PlotBy {
    name: "planes",
    key: |row| &row.network,
    figure: |of, rows, name| {
        let legend = [
            ("activations, fetched whole", palette::SKY),
            ("activations that are needed", palette::BLUE),
            ("logs, fetched", palette::ORANGE),
            ("logs, written", palette::VERMILLION),
        ];
        let group = |row: &&PlaneRow| {
            let label = |value| thousands(value);
            let bar = |value, at: usize| Bar::new(value, legend[at].1).label(label(value));
            let bars = vec![
                bar(row.fetched_bits_average, 0),
                bar(row.needed_bits_average, 1),
                bar(row.log_fetched_bits_average, 2),
                bar(row.log_written_bits_average, 3),
            ];
            let kernels = match row.kernels {
                1 => "a fetch per kernel".to_owned(),
                kernels => format!("a fetch for {kernels} kernels"),
            };
            let title = format!(
                "{}, {} bits, T = {}, F = {}, {kernels}: {}",
                row.layer,
                row.operand_w,
                row.threshold,
                row.log_frac,
                fewer(row.reduction_percent)
            );
            Group::new(title, bars)
        };
        Bars {
            title: format!("{of} – memory traffic with log planes"),
            axis: "bits per inference".to_owned(),
            legend: legend.map(|(text, colour)| (text.to_owned(), colour)).to_vec(),
            groups: rows.iter().map(group).collect(),
            ..Bars::default()
        }
        .draw(name)
    },
};

/// Runs the experiment at `thresholds`, in units of 2^−`log_frac`. The engines of the run are those of
/// `pairs`.
///
/// # Errors
/// Thresholds or images that cannot be; and those of [`run`](crate::run::run()).
pub fn run(
    run: &Run<'_>,
    variants: &[Variant],
    scope: SmaxScope,
    log_frac: u32,
    thresholds: &[u32],
    pairs: &[Pair],
    memory: Memory,
) -> Result<Finished<Summary>, Error> {
    let images = run.images()?;
    let mut semantics = Vec::new();
    for &threshold in thresholds {
        semantics.push(Semantics::new(Mode::Approx, log_frac, Threshold::new(threshold)?, scope)?);
    }
    crate::run::run(
        run,
        &Planes { variants, semantics, images, pairs, memory, place: run.place("") },
    )
}

struct Planes<'a> {
    variants: &'a [Variant],
    semantics: Vec<Semantics>,
    images: Vec<&'a Image>,
    pairs: &'a [Pair],
    memory: Memory,
    place: Place,
}

/// Activations of one layer, over some images.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Activations {
    /// In all feature maps, each once.
    stored: u64,
    /// In all windows, each once.
    in_windows: u64,
    /// Those of them that are not zero.
    non_zero: u64,
    /// Needed by a kept product, window by window and kernel by kernel.
    needed: u64,
    /// Needed by a kept product of one of [`SLOTS`] kernels, window by window.
    needed_by_slots: u64,
}

impl AddAssign for Activations {
    fn add_assign(&mut self, other: Self) {
        self.stored += other.stored;
        self.in_windows += other.in_windows;
        self.non_zero += other.non_zero;
        self.needed += other.needed;
        self.needed_by_slots += other.needed_by_slots;
    }
}

/// The windows of a layer, of tiles of at most 2×2 outputs.
fn count(layer: &Convolution, inputs: &[Plane], semantics: &Semantics) -> Activations {
    let side = layer.side();
    let (width, height) = output_size(inputs[0].width(), inputs[0].height(), side)
        .expect("the network has been checked");
    let mut all = Activations::default();
    let mut carry = vec![vec![None; width * height]; layer.filters.len()];
    for (channel, plane) in inputs.iter().enumerate() {
        all.stored += plane.data().len() as u64;
        for top in (0..height).step_by(2) {
            for left in (0..width).step_by(2) {
                let outputs = || {
                    let rows = top..height.min(top + 2);
                    rows.flat_map(|y| (left..width.min(left + 2)).map(move |x| (x, y)))
                };
                let columns = side - 1 + width.min(left + 2) - left;
                let rows = side - 1 + height.min(top + 2) - top;
                all.in_windows += (columns * rows) as u64;
                let words = (top..top + rows)
                    .flat_map(|y| plane.data()[y * plane.width()..][left..left + columns].iter());
                all.non_zero += words.filter(|&&word| word != 0).count() as u64;
                for (kernels, carries) in layer.filters.chunks(SLOTS).zip(carry.chunks_mut(SLOTS)) {
                    // An activation of a window is a bit: the window of the largest kernel has 64.
                    let mut by_slots = 0_u64;
                    for (filter, carry) in kernels.iter().zip(carries) {
                        let mut needed = 0_u64;
                        for (x, y) in outputs() {
                            let carry = &mut carry[y * width + x];
                            let weights = filter[channel].weights();
                            let found = dot(weights, &plane.window(x, y, side), semantics, *carry);
                            *carry = found.s_max;
                            for i in (0..side * side).filter(|i| found.kept >> i & 1 == 1) {
                                let row = y - top + i / side;
                                needed |= 1 << (row * columns + x - left + i % side);
                            }
                        }
                        all.needed += u64::from(needed.count_ones());
                        by_slots |= needed;
                    }
                    all.needed_by_slots += u64::from(by_slots.count_ones());
                }
            }
        }
    }
    all
}

/// What some images come to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counted {
    /// By threshold and layer.
    activations: Vec<Vec<Activations>>,
    /// By engine, threshold and layer.
    costs: Vec<Vec<Vec<Cost>>>,
}

/// Images of a batch.
const BATCH_IMAGES: usize = 10;

impl Experiment for Planes<'_> {
    /// Some images of one variant.
    type Batch = (usize, Range<usize>);
    type Outcome = Counted;
    type Summary = Summary;

    fn settings(&self) -> Value {
        let weights = self.variants.iter().map(|variant| variant.weights.sha256());
        json!({
            "weights_sha256": weights.collect::<Vec<_>>(),
            "layers": self.semantics,
            "memory": self.memory.name(),
        })
    }

    fn plan(&self) -> Vec<Self::Batch> {
        batches(self.variants.len(), self.images.len(), BATCH_IMAGES)
    }

    fn batch(
        &self,
        (variant, images): &Self::Batch,
        engines: &mut Engines<'_>,
    ) -> Result<Self::Outcome, Error> {
        let network = &self.variants[*variant].integer;
        let inputs: Vec<_> = self.images[images.clone()]
            .iter()
            .map(|image| input_planes(network, &image.pixels))
            .collect();
        let layers = network.convolutions().count();
        let mut outcome = Vec::new();
        for &semantics in &self.semantics {
            let configuration = configuration(semantics, layers);
            let golden = engines.golden();
            let found = golden.inferences(network, &configuration, &inputs, Detail::Sums);
            let mut sums = vec![Activations::default(); layers];
            for (input, inference) in inputs.iter().zip(&found) {
                let before = std::iter::once(input).chain(&inference.activations);
                for (layer, input) in network.layers.iter().zip(before) {
                    if let MachineLayer::Convolution(layer) = layer {
                        sums[layer.index] += count(layer, input, &semantics);
                    }
                }
            }
            outcome.push(sums);
        }
        let mut costs = Vec::new();
        for (number, pair) in (0..).step_by(2).zip(self.pairs) {
            let variant = &pair.variants[*variant];
            let place = Place {
                network: variant.network_name.clone(),
                image: images.start,
                ..self.place.clone()
            };
            for engine in [number, number + 1] {
                let mut of_engine = Vec::new();
                for &semantics in &self.semantics {
                    let configuration = configuration(semantics, layers);
                    let network = &variant.integer;
                    let engine = engines.under_test(engine)?;
                    let run =
                        engine.infer(&place, network, &configuration, &inputs, Detail::Sums)?;
                    of_engine.push(run.costs);
                }
                costs.push(of_engine);
            }
        }
        Ok(Counted { activations: outcome, costs })
    }

    fn tables(
        &self,
        outcomes: Outcomes<'_, Self::Outcome>,
        _: &Findings,
        results: &mut ResultFolder,
    ) -> Result<Summary, Error> {
        let none = |variant: &Variant| {
            let layers = vec![Activations::default(); variant.integer.convolutions().count()];
            vec![layers; self.semantics.len()]
        };
        let mut totals: Vec<_> = self.variants.iter().map(none).collect();
        let layers =
            |variant: &Variant| vec![Cost::default(); variant.integer.convolutions().count()];
        let no_cost = |variant: &Variant| {
            vec![vec![layers(variant); self.semantics.len()]; 2 * self.pairs.len()]
        };
        let mut costs: Vec<_> = self.variants.iter().map(no_cost).collect();
        for ((variant, _), outcome) in self.plan().into_iter().zip(outcomes) {
            let outcome = outcome?;
            let sums = totals[variant].iter_mut().flatten();
            sums.zip(outcome.activations.iter().flatten()).for_each(|(sum, more)| *sum += *more);
            let sums = costs[variant].iter_mut().flatten().flatten();
            let more = outcome.costs.iter().flatten().flatten();
            sums.zip(more).for_each(|(sum, &more)| *sum += more);
        }
        let mut rows = Vec::new();
        for (variant, totals) in self.variants.iter().zip(&totals) {
            for (semantics, layers) in self.semantics.iter().zip(totals) {
                for (layer, total) in variant.integer.convolutions().zip(layers) {
                    for operand_w in SAME_WORDS {
                        for kernels in [1, SLOTS] {
                            rows.push(
                                self.row(variant, semantics, layer, total, operand_w, kernels),
                            );
                        }
                    }
                }
            }
        }
        results.table(&rows)?;
        let costs = self.cost_rows(&totals, &costs);
        if !self.pairs.is_empty() {
            results.table(&costs)?;
        }
        Ok(Summary { rows, costs })
    }
}

/// The same semantics in all layers.
fn configuration(semantics: Semantics, layers: usize) -> Configuration {
    Configuration {
        name: format!("T={}", semantics.threshold),
        tau: None,
        layers: vec![semantics; layers],
    }
}

impl Planes<'_> {
    /// `totals` by variant, threshold and layer; `costs` by variant, engine, threshold and layer.
    fn cost_rows(
        &self,
        totals: &[Vec<Vec<Activations>>],
        costs: &[Vec<Vec<Vec<Cost>>>],
    ) -> Vec<PlaneCostRow> {
        let mut rows = Vec::new();
        let average = |count: f64| count / self.images.len() as f64;
        for (variant, (totals, costs)) in self.variants.iter().zip(totals.iter().zip(costs)) {
            for (pair, costs) in self.pairs.iter().zip(costs.chunks_exact(2)) {
                for (at, semantics) in self.semantics.iter().enumerate() {
                    for (number, layer) in variant.integer.convolutions().enumerate() {
                        let entry_bits =
                            LogEntries { operand_w: pair.operand_w, log_frac: semantics.log_frac }
                                .bits();
                        let stored = totals[at][number].stored * u64::from(entry_bits);
                        let writes = stored as f64 / f64::from(pair.mem_width);
                        let accesses = [0, 1].map(|engine| {
                            let writes = if engine == 0 { writes } else { 0.0 };
                            average(costs[engine][at][number].memory_beats as f64 + writes)
                        });
                        for (engine, name) in pair.names.iter().enumerate() {
                            let planes = engine == 0;
                            let cost = costs[engine][at][number];
                            let pj_per_access =
                                self.memory.pj_per_64_bits() * f64::from(pair.mem_width) / 64.0;
                            let saved = reduction_percent(accesses[engine], accesses[1]);
                            rows.push(PlaneCostRow {
                                network: variant.network_name.clone(),
                                layer: layer.name.clone(),
                                unit: name.clone(),
                                planes,
                                kernels: pair.kernels,
                                log_frac: semantics.log_frac,
                                threshold: semantics.threshold.get(),
                                smax_scope: semantics.scope.to_string(),
                                operand_w: pair.operand_w,
                                mem_width: pair.mem_width,
                                images: self.images.len(),
                                cycles_average: average(cost.cycles as f64),
                                memory_words_average: average(cost.memory_words as f64),
                                memory_beats_average: average(cost.memory_beats as f64),
                                log_beats_average: average(cost.log_beats as f64),
                                log_writes_average: if planes { average(writes) } else { 0.0 },
                                reduction_percent: saved.unwrap_or(0.0),
                                memory_pj: accesses[engine] * pj_per_access,
                                memory: self.memory.name().to_owned(),
                            });
                        }
                    }
                }
            }
        }
        rows
    }

    fn row(
        &self,
        variant: &Variant,
        semantics: &Semantics,
        layer: &Convolution,
        total: &Activations,
        operand_w: u32,
        kernels: usize,
    ) -> PlaneRow {
        let average =
            |count: u64, bits: u32| (count * u64::from(bits)) as f64 / self.images.len() as f64;
        // A log, and the bit that tells a zero from a one.
        let log_bits = operand_w.ilog2() + semantics.log_frac + 1;
        let groups = layer.filters.len().div_ceil(kernels) as u64;
        let fetches = groups * total.in_windows;
        let needed = if kernels == 1 { total.needed } else { total.needed_by_slots };
        let (fetched, wanted) = (average(fetches, operand_w), average(needed, operand_w));
        let non_zero = average(groups * total.non_zero, operand_w);
        let zero_map = non_zero + average(fetches + total.stored, 1);
        let (logs, written) = (average(fetches, log_bits), average(total.stored, log_bits));
        PlaneRow {
            network: variant.network_name.clone(),
            layer: layer.name.clone(),
            log_frac: semantics.log_frac,
            threshold: semantics.threshold.get(),
            smax_scope: semantics.scope.to_string(),
            operand_w,
            kernels,
            images: self.images.len(),
            fetched_bits_average: fetched,
            needed_bits_average: wanted,
            log_fetched_bits_average: logs,
            log_written_bits_average: written,
            activation_reduction_percent: reduction_percent(wanted, fetched).unwrap_or(0.0),
            reduction_percent: reduction_percent(wanted + logs + written, fetched).unwrap_or(0.0),
            zero_map_reduction_percent: reduction_percent(zero_map, fetched).unwrap_or(0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::conv::Kernel;
    use model::nn::Activation;

    #[test]
    fn a_reduction_below_zero_is_more() {
        assert_eq!([57.64, 0.0, -3.21].map(fewer), ["57.6 % fewer", "0.0 % fewer", "3.2 % more"]);
    }

    /// Two kernels on a plane of 3×3: the first keeps the product of its only large weight, the
    /// second that of another corner.
    #[test]
    fn activations_are_counted_once_per_kernel_or_once_per_window() {
        let variant = Variant::lenet5(Activation::Relu).unwrap();
        let mut layer = variant.integer.convolutions().next().unwrap().clone();
        let kernel = |weights: [i32; 4]| vec![Kernel::new(2, weights.to_vec()).unwrap()];
        layer.filters = vec![kernel([100, 1, 1, 1]), kernel([1, 1, 1, 100])];
        layer.bias = vec![0, 0];
        let plane = Plane::new(3, 3, vec![5, 5, 0, 5, 5, 5, 5, 5, 5]).unwrap();
        let threshold = Threshold::new(2).unwrap();
        let semantics = Semantics::new(Mode::Approx, 0, threshold, SmaxScope::Window).unwrap();
        let counted = count(&layer, std::slice::from_ref(&plane), &semantics);
        // Four outputs in one window: the corners that the large weights reach are 2×2 each, and
        // share the middle.
        let expected =
            Activations { stored: 9, in_windows: 9, non_zero: 8, needed: 8, needed_by_slots: 7 };
        assert_eq!(counted, expected);
        // With T large enough everything is needed.
        let all = Semantics::new(Mode::Approx, 0, Threshold::new(60).unwrap(), SmaxScope::Window);
        let counted = count(&layer, &[plane], &all.unwrap());
        assert_eq!((counted.needed, counted.needed_by_slots), (16, 8));
    }
}
