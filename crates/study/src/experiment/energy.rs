// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a window costs in energy, and what skipping saves of it once everything is charged: the
//! logic that decides, the registers, the clock, what leaks, and the words from memory.
//!
//! Engines that are netlists measure windows of the layers of a network, drawn at random; the
//! activations are those of exact inference. What a layer takes in an inference is what such a window
//! takes on average, times its windows.

use std::collections::BTreeMap;

use plotters::style::RGBColor;
use serde_json::{Value, json};

use super::lenet::{OperatingPoint, Variant};
use super::{Software, twice};
use crate::Error;
use crate::data::Image;
use crate::report::figure::{Bar, Bars, GREY, Group, distinct, palette};
use crate::results::ResultFolder;
use crate::run::{Engines, Experiment, Finished, Outcomes, Run};
use crate::statistics::reduction_percent;
use crate::table;
use crate::tables::PlotBy;
use model::conv::{Mode, Number, Plane, Semantics, SmaxScope};
use model::engine::{
    BlockEnergy, Detail, EnergyReading, Engine, Findings, GoldenEngine, LoadReading, Place,
    Sampling,
};
use model::nn::{Activation, Configuration, Convolution, input_planes};

/// What a read of 64 bits from memory costs: M. Horowitz, "Computing's energy problem", ISSCC 2014,
/// for 45 nm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Memory {
    /// Cache or SRAM of 8 KB: 10 pJ
    #[value(name = "sram-8k")]
    Sram8k,
    /// Cache or SRAM of 32 KB: 20 pJ
    #[value(name = "sram-32k")]
    Sram32k,
    /// Cache or SRAM of 1 MB: 100 pJ
    #[value(name = "sram-1m")]
    Sram1m,
    /// The lower end of DRAM: 1.3 nJ
    DramLow,
    /// The upper end of DRAM: 2.6 nJ
    DramHigh,
    /// Nothing is charged
    Free,
}

impl Memory {
    const ALL: [Self; 6] =
        [Self::Sram8k, Self::Sram32k, Self::Sram1m, Self::DramLow, Self::DramHigh, Self::Free];

    /// The name in tables and flags.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sram8k => "sram-8k",
            Self::Sram32k => "sram-32k",
            Self::Sram1m => "sram-1m",
            Self::DramLow => "dram-low",
            Self::DramHigh => "dram-high",
            Self::Free => "free",
        }
    }

    /// Energy of a read of 64 bits, in pJ.
    pub const fn pj_per_64_bits(self) -> f64 {
        match self {
            Self::Sram8k => 10.0,
            Self::Sram32k => 20.0,
            Self::Sram1m => 100.0,
            Self::DramLow => 1300.0,
            Self::DramHigh => 2600.0,
            Self::Free => 0.0,
        }
    }
}

table! {
    /// What a window of one layer takes in one configuration, on average. A netlist that does something
    /// else than the RTL in one of them has no row.
    pub struct EnergyRow in "energy.csv" {
        /// Network, the name of its file.
        pub network: String,
        /// Parameter set of the unit.
        pub unit: String,
        /// Name of the layer.
        pub layer: String,
        /// Side of the kernels; smaller than the layer's where the unit holds the middle of them alone.
        pub kernel_side: u64,
        /// What is multiplied: `exact`, `zero-skip` or `approx`, or the name of an operating point.
        pub mode: String,
        /// T in units of 2^−F; empty where nothing or only zeros are skipped.
        pub threshold: Option<u32>,
        /// Windows that were measured.
        pub windows: u64,
        /// Clock cycles from one command to the next.
        pub cycles_average: f64,
        /// Products of an exact window.
        pub products_average: f64,
        /// Products that are multiplied.
        pub multiplications_average: f64,
        /// Energy of all changes of nets, glitches included.
        pub dynamic_pj: f64,
        /// The same without glitches.
        pub without_glitches_pj: f64,
        /// What leaks in these cycles, at the clock period.
        pub leakage_pj: f64,
        /// Reads of the window's words, by the memory of `energy_memory.csv` that is charged.
        pub memory_pj: f64,
        /// All together: dynamic with glitches, leakage, memory.
        pub energy_pj: f64,
        /// How many percent less energy than exact.
        pub saved_vs_exact_percent: Option<f64>,
        /// How many percent less energy than zero-skip.
        pub saved_vs_zero_skip_percent: Option<f64>,
        /// Of the energy, what logs, scores, S_max and their comparison take: dynamic and leakage.
        pub deciding_pj: f64,
        /// The share of products that must be skipped before the saving pays for deciding, at what a
        /// skipped product saves on average here; empty but in `approx`, and where none is saved.
        pub break_even_percent: Option<f64>,
    }
}

table! {
    /// What a block of the unit takes of a window, on average.
    pub struct BlockRow in "energy_blocks.csv" {
        /// Network, the name of its file.
        pub network: String,
        /// Parameter set of the unit.
        pub unit: String,
        /// Name of the layer.
        pub layer: String,
        /// What is multiplied: `exact`, `zero-skip` or `approx`, or the name of an operating point.
        pub mode: String,
        /// T in units of 2^−F; empty where nothing or only zeros are skipped.
        pub threshold: Option<u32>,
        /// Block: `multipliers`, `adders` (what adds and selects around them), `operand registers` (and
        /// sums), `deciding`, `kernels` (the stored ones with their logs), `fetch`, `counters`,
        /// `control`, or `clock` (nets and gates of the clock; the registers' own clock pins are in the
        /// blocks of the registers).
        pub block: String,
        /// Energy of all changes of nets, glitches included.
        pub dynamic_pj: f64,
        /// The same without glitches.
        pub without_glitches_pj: f64,
        /// What leaks in the cycles of the window, at the clock period.
        pub leakage_pj: f64,
    }
}

table! {
    /// What the convolutions of an inference take in one configuration.
    pub struct InferenceEnergyRow in "energy_inferences.csv" {
        /// Network, the name of its file.
        pub network: String,
        /// Parameter set of the unit.
        pub unit: String,
        /// What is multiplied: `exact`, `zero-skip` or `approx`, or the name of an operating point.
        pub mode: String,
        /// T in units of 2^−F; empty where nothing or only zeros are skipped.
        pub threshold: Option<u32>,
        /// Clock period.
        pub period_ns: f64,
        /// The memory that is charged.
        pub memory: String,
        /// Windows of an inference.
        pub windows: u64,
        /// Clock cycles of these windows and of the loads of kernels, one after the other.
        pub cycles: f64,
        /// Products that are multiplied, in these windows.
        pub multiplications: f64,
        /// Energy of all changes of nets, glitches included.
        pub dynamic_nj: f64,
        /// The same without glitches.
        pub without_glitches_nj: f64,
        /// What leaks.
        pub leakage_nj: f64,
        /// Reads of words.
        pub memory_nj: f64,
        /// All together: dynamic with glitches, leakage, memory.
        pub energy_nj: f64,
        /// Of the energy, what loads of kernels take.
        pub loads_nj: f64,
        /// How many percent less energy than exact.
        pub saved_vs_exact_percent: Option<f64>,
        /// How many percent less energy than zero-skip.
        pub saved_vs_zero_skip_percent: Option<f64>,
        /// How many percent less dynamic energy, with glitches, than exact.
        pub dynamic_saved_vs_exact_percent: Option<f64>,
        /// How many percent fewer multiplications than exact.
        pub multiplications_saved_percent: Option<f64>,
        /// What the paper's rule makes of that: 0.4 times the multiplications saved.
        pub paper_estimate_percent: Option<f64>,
        /// What the paper says that its ReLU (35.2 %) or tanh network (29.96 %) saves; empty but in
        /// `approx` with one threshold, and for other networks.
        pub paper_percent: Option<f64>,
    }
}

table! {
    /// What the load of a kernel takes, on average: in the energy of an inference, beside that of a window.
    pub struct LoadRow in "energy_loads.csv" {
        /// Network, the name of its file.
        pub network: String,
        /// Parameter set of the unit.
        pub unit: String,
        /// Name of the layer.
        pub layer: String,
        /// Loads that were measured.
        pub loads: u64,
        /// Clock cycles from one command to the next.
        pub cycles_average: f64,
        /// Energy of all changes of nets, glitches included.
        pub dynamic_pj: f64,
        /// What leaks in these cycles, at the clock period.
        pub leakage_pj: f64,
        /// Reads of the kernel's words, by the memory that is charged.
        pub memory_pj: f64,
        /// All together.
        pub load_pj: f64,
        /// Windows of a map, for which a kernel is loaded once.
        pub windows_per_load: u64,
        /// What a load adds to each of them.
        pub per_window_pj: f64,
    }
}

table! {
    /// What a read of 64 bits costs: M. Horowitz, "Computing's energy problem", ISSCC 2014, 45 nm.
    pub struct MemoryEnergyRow in "energy_memory.csv" {
        /// Name of the memory in the flag `--memory`.
        pub memory: String,
        /// Energy of a read of 64 bits; narrower and wider ones in proportion.
        pub read_64_pj: f64,
        /// Whether it is the one that is charged in this run.
        pub charged: bool,
    }
}

/// The configurations, as they are called in figures.
pub(super) fn configuration(mode: &str, threshold: Option<u32>) -> String {
    let plain = threshold.filter(|_| mode == Mode::Approx.to_string());
    plain.map_or_else(|| mode.to_owned(), |threshold| format!("T = {threshold}"))
}

/// A figure's colours, in the order of blocks.
pub(super) const COLOURS: [RGBColor; 4] =
    [palette::BLUE, palette::ORANGE, palette::GREEN, palette::BLACK];

pub(super) static INFERENCES: PlotBy<InferenceEnergyRow> = PlotBy {
    name: "energy_inferences",
    key: |row| &row.network,
    figure: |of, rows, name| {
        let parts = ["dynamic, without glitches", "glitches", "leakage", "memory"];
        let group = |row: &&InferenceEnergyRow| {
            let values = [
                row.without_glitches_nj,
                row.dynamic_nj - row.without_glitches_nj,
                row.leakage_nj,
                row.memory_nj,
            ];
            let bars =
                values.into_iter().zip(COLOURS).map(|(value, colour)| Bar::new(value, colour));
            let title = configuration(&row.mode, row.threshold);
            Group::new(format!("{} {title}", row.unit), bars.collect())
        };
        Bars {
            title: format!("{of} – energy of an inference's convolutions"),
            axis: "nJ per inference".to_owned(),
            groups: rows.iter().map(group).collect(),
            legend: parts.iter().map(|it| (*it).to_owned()).zip(COLOURS).collect(),
            stacked: true,
            ..Bars::default()
        }
        .draw(name)
    },
};

/// The same in every figure, whichever blocks a unit has.
const BLOCK_COLOURS: [(&str, RGBColor); 9] = [
    ("adders", palette::BLUE),
    ("clock", palette::BLACK),
    ("control", palette::OLIVE),
    ("counters", palette::PURPLE),
    ("deciding", palette::VERMILLION),
    ("fetch", palette::SKY),
    ("kernels", palette::GREEN),
    ("multipliers", palette::ORANGE),
    ("operand registers", GREY),
];

pub(super) static BLOCKS: PlotBy<BlockRow> = PlotBy {
    name: "energy_blocks",
    key: |row| &row.network,
    figure: |of, rows, name| {
        let is_there = |block: &str| rows.iter().any(|row| row.block == block);
        let legend = BLOCK_COLOURS.into_iter().filter(|it| is_there(it.0));
        let mut groups = Vec::new();
        for unit in distinct(rows.iter().map(|row| row.unit.as_str())) {
            groups.push(Group::heading(unit));
            let here: Vec<_> = rows.iter().filter(|row| row.unit == unit).collect();
            let bar_of =
                |row: &BlockRow| (row.layer.clone(), configuration(&row.mode, row.threshold));
            for bar in distinct(here.iter().map(|row| bar_of(row))) {
                let of_bar = || here.iter().filter(|row| bar_of(row) == bar);
                let parts = BLOCK_COLOURS.iter().map(|&(block, colour)| {
                    let part = of_bar().find(|row| row.block == block);
                    Bar::new(part.map_or(0.0, |row| row.dynamic_pj), colour)
                });
                groups.push(Group::new(format!("{} {}", bar.0, bar.1), parts.collect()));
            }
        }
        Bars {
            title: format!("{of} – dynamic energy of a window by block, glitches included"),
            axis: "pJ per window".to_owned(),
            groups,
            legend: legend.map(|(block, colour)| (block.to_owned(), colour)).collect(),
            stacked: true,
            decimals: 1,
            ..Bars::default()
        }
        .draw(name)
    },
};

/// A unit under test: an engine of the run, with the networks in its operands.
pub struct UnitUnderTest {
    /// Parameter set, as in tables.
    pub name: String,
    pub variants: Vec<Variant>,
    /// Operating points by name, with their networks in its operands.
    pub points: Vec<(String, OperatingPoint, Variant)>,
    /// Side of the largest kernel that it holds.
    pub kernel: usize,
    /// Fraction bits of its logs.
    pub log_frac: u32,
    /// What its operands are.
    pub number: Number,
    /// Bits of its operands.
    pub operand_w: u32,
}

/// What is measured.
pub struct Settings {
    /// One per engine of the run, in its order.
    pub units: Vec<UnitUnderTest>,
    /// In units of 2^−F.
    pub thresholds: Vec<u32>,
    /// Windows of each layer in each configuration, at least.
    pub windows: usize,
    pub period_ns: f64,
    pub memory: Memory,
}

/// What the tables hold.
pub struct Summary {
    pub windows: Vec<EnergyRow>,
    pub inferences: Vec<InferenceEnergyRow>,
    pub memory: Vec<MemoryEnergyRow>,
}

impl Settings {
    /// Says before any work whether it can be measured.
    ///
    /// # Errors
    /// Thresholds and points that cannot be.
    pub fn check(&self) -> Result<(), Error> {
        self.rules().map(drop)
    }

    /// By unit and network: exact first, then zero-skip.
    fn rules(&self) -> Result<Vec<Vec<Vec<Rule<'_>>>>, Error> {
        let mut all = Vec::new();
        for unit in &self.units {
            let of = |variant| rules(unit, variant, &self.thresholds);
            let of_unit = unit.variants.iter().map(of).collect::<Result<Vec<_>, Error>>()?;
            let key = |it: &Rule<'_>| (it.variant.network_name.clone(), it.name(), it.threshold());
            if let Some((network, name, _)) = twice(of_unit.iter().flatten().map(key)) {
                return Err(Error::Input(format!(
                    "{name} is there twice for {network}: give each threshold once, and networks and \
                     operating points files of different names"
                )));
            }
            all.push(of_unit);
        }
        Ok(all)
    }
}

/// Runs the experiment.
///
/// # Errors
/// Thresholds or images that cannot be; and those of [`run`](crate::run::run()).
pub fn run(run: &Run<'_>, settings: &Settings) -> Result<Finished<Summary>, Error> {
    let images = run.images()?;
    crate::run::run(run, &Energy::new(run, settings, images)?)
}

/// What is multiplied in a network.
pub(super) struct Rule<'a> {
    pub(super) variant: &'a Variant,
    pub(super) mode: Mode,
    /// Of an operating point its name; else empty.
    pub(super) point: &'a str,
    pub(super) configuration: Configuration,
}

impl Rule<'_> {
    pub(super) fn name(&self) -> String {
        if self.point.is_empty() { self.mode.to_string() } else { self.point.to_owned() }
    }

    /// The threshold of a layer, by its number.
    fn threshold_of(&self, layer: usize) -> Option<u32> {
        let threshold = self.configuration.layers[layer].threshold.get();
        (self.mode == Mode::Approx).then_some(threshold)
    }

    /// The threshold of all layers.
    pub(super) fn threshold(&self) -> Option<u32> {
        self.threshold_of(0).filter(|_| self.point.is_empty())
    }
}

pub(super) struct Energy<'a> {
    run: &'a Run<'a>,
    pub(super) settings: &'a Settings,
    /// By unit and network: exact first, then zero-skip.
    pub(super) rules: Vec<Vec<Vec<Rule<'a>>>>,
    /// That windows are taken from.
    images: Vec<&'a Image>,
}

/// A layer, and its planes for each image.
type LayerInputs = (Convolution, Vec<Vec<Plane>>);

/// Numbers of unit, network, layer and rule.
pub(super) type Batch = (usize, usize, usize, usize);

pub(super) type Readings = BTreeMap<Batch, EnergyReading>;

/// Keeps what was read; what a netlist takes that does something else than the RTL is of no account,
/// and has no windows.
pub(super) fn keep(readings: &mut Readings, batch: Batch, reading: EnergyReading) {
    if reading.windows > 0 {
        readings.insert(batch, reading);
    }
}

/// All that is measured of a network on a unit.
fn rules<'a>(
    unit: &'a UnitUnderTest,
    variant: &'a Variant,
    thresholds: &[u32],
) -> Result<Vec<Rule<'a>>, Error> {
    let (log_frac, layers) = (unit.log_frac, variant.layers().len());
    let plain = [Mode::Exact, Mode::ZeroSkip]
        .map(|mode| (mode, Configuration::plain(mode, log_frac, layers)));
    let approx = thresholds.iter().map(|&it| {
        let scope = SmaxScope::Window;
        (Mode::Approx, Configuration::uniform(it, log_frac, scope, layers))
    });
    let plain = plain.into_iter().chain(approx).map(|(mode, configuration)| {
        Ok(Rule { variant, mode, point: "", configuration: configuration? })
    });
    let points = points_of(&unit.points, variant, (&unit.name, unit.log_frac)).map(|it| {
        let (point, variant, configuration) = it?;
        Ok(Rule { variant, mode: Mode::Approx, point, configuration })
    });
    plain.chain(points).collect()
}

/// The operating points of a network, for a unit of that name with so many fraction bits.
pub(super) fn points_of<'a>(
    points: &'a [(String, OperatingPoint, Variant)],
    network: &'a Variant,
    (unit, log_frac): (&'a str, u32),
) -> impl Iterator<Item = Result<(&'a str, &'a Variant, Configuration), Error>> {
    let points = points.iter().filter(|it| it.2.network_name == network.network_name);
    points.map(move |(name, point, variant)| {
        let configuration = point.configuration(name, &variant.layers())?;
        match configuration.layers.iter().find(|it| it.log_frac != log_frac) {
            None => Ok((name.as_str(), variant, configuration)),
            Some(other) => Err(Error::Input(format!(
                "operating point {name} has F = {}, the unit {unit} has F = {log_frac}",
                other.log_frac
            ))),
        }
    })
}

impl<'a> Energy<'a> {
    pub(super) fn new(
        run: &'a Run<'a>,
        settings: &'a Settings,
        images: Vec<&'a Image>,
    ) -> Result<Self, Error> {
        let rules = settings.rules()?;
        Ok(Self { run, settings, rules, images })
    }

    /// The layers of a network with what goes into them.
    fn layers(&self, variant: &Variant) -> Result<Vec<LayerInputs>, Error> {
        let mut golden = GoldenEngine::default();
        let mut layers = Vec::new();
        let mut engine =
            Software::new(|layer: &Convolution, semantics: &Semantics, inputs: &[Vec<Plane>]| {
                layers.push((layer.clone(), inputs.to_vec()));
                golden.outcomes(layer, semantics, inputs, Detail::Sums)
            });
        let network = &variant.integer;
        let exact = Configuration::plain(Mode::Exact, 0, network.convolutions().count())?;
        let inputs: Vec<_> =
            self.images.iter().map(|it| input_planes(network, &it.pixels)).collect();
        engine.infer(&Place::default(), network, &exact, &inputs, Detail::Sums)?;
        Ok(layers)
    }
}

impl Experiment for Energy<'_> {
    type Batch = Batch;
    type Outcome = EnergyReading;
    type Summary = Summary;

    fn settings(&self) -> Value {
        let variants = self.settings.units.iter().flat_map(|unit| &unit.variants);
        let weights: Vec<_> = variants.map(|variant| variant.weights.sha256()).collect();
        let points = self.settings.units.first().map_or(&[][..], |unit| &unit.points);
        let points =
            points.iter().map(|(name, point, of)| json!([name, point, of.weights.sha256()]));
        json!({
            "weights_sha256": weights,
            "points": points.collect::<Vec<_>>(),
            "thresholds": self.settings.thresholds,
            "windows": self.settings.windows,
            "period_ns": self.settings.period_ns,
            "memory": self.settings.memory.name(),
        })
    }

    fn plan(&self) -> Vec<Batch> {
        let mut plan = Vec::new();
        for (unit, under_test) in self.settings.units.iter().enumerate() {
            for (network, variant) in under_test.variants.iter().enumerate() {
                for layer in 0..variant.layers().len() {
                    let rules = 0..self.rules[unit][network].len();
                    plan.extend(rules.map(|rule| (unit, network, layer, rule)));
                }
            }
        }
        plan
    }

    fn batch(
        &self,
        &(unit, network, layer, rule): &Batch,
        engines: &mut Engines<'_>,
    ) -> Result<EnergyReading, Error> {
        let rule = &self.rules[unit][network][rule];
        let Rule { variant, configuration, .. } = rule;
        let semantics = configuration.layers[layer].of(self.settings.units[unit].number)?;
        let (layer, inputs) = self.layers(variant)?.swap_remove(layer);
        let (windows, seed) = (self.settings.windows, self.run.seed);
        let place = Place {
            layer: layer.name.clone(),
            configuration: rule.name(),
            ..self.run.place(&variant.network_name)
        };
        let engine = engines.under_test(unit)?;
        Ok(engine.energy(&place, &layer, &semantics, &inputs, Sampling { windows, seed })?)
    }

    fn tables(
        &self,
        outcomes: Outcomes<'_, EnergyReading>,
        _: &Findings,
        results: &mut ResultFolder,
    ) -> Result<Summary, Error> {
        let mut readings = Readings::new();
        for (batch, reading) in self.plan().into_iter().zip(outcomes) {
            keep(&mut readings, batch, reading?);
        }
        let (mut windows, mut blocks, mut loads) = (Vec::new(), Vec::new(), Vec::new());
        let mut inferences = Vec::new();
        for (unit, under_test) in self.settings.units.iter().enumerate() {
            for (network, variant) in under_test.variants.iter().enumerate() {
                let layers = variant.layers();
                let part = Part { settings: self.settings, unit: &under_test.name, variant };
                let rules = &self.rules[unit][network];
                for (layer, name) in layers.iter().enumerate() {
                    let of_rule = |rule| readings.get(&(unit, network, layer, rule));
                    loads.extend(of_rule(0).map(|exact| part.loads(name, &exact.loads)));
                    for (number, rule) in rules.iter().enumerate() {
                        let Some(reading) = of_rule(number) else { continue };
                        let of = (name.as_str(), layer, rule);
                        windows.push(part.window(of, reading, [of_rule(0), of_rule(1)]));
                        blocks.extend(part.blocks(of, reading));
                    }
                }
                let inference = |rule| part.inference(&readings, (unit, network), rule);
                let besides = [inference(0), inference(1)];
                for (number, rule) in rules.iter().enumerate() {
                    let Some(taken) = inference(number) else { continue };
                    inferences.push(part.inference_row(rule, &taken, &besides));
                }
            }
        }
        let charged = self.settings.memory;
        let memory = Memory::ALL.into_iter().map(|memory| MemoryEnergyRow {
            memory: memory.name().to_owned(),
            read_64_pj: memory.pj_per_64_bits(),
            charged: memory == charged,
        });
        let memory: Vec<_> = memory.collect();
        results.table(&windows)?;
        results.table(&blocks)?;
        results.table(&loads)?;
        if !inferences.is_empty() {
            results.table(&inferences)?;
        }
        results.table(&memory)?;
        Ok(Summary { windows, inferences, memory })
    }
}

/// Energies in pJ.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Taken {
    windows: f64,
    pub(super) cycles: f64,
    multiplications: f64,
    products: f64,
    dynamic: f64,
    settled: f64,
    leakage: f64,
    memory: f64,
    deciding: f64,
    /// Of dynamic, leakage and memory what loads of kernels take.
    loads: f64,
}

impl Taken {
    pub(super) fn energy(&self) -> f64 {
        self.dynamic + self.leakage + self.memory
    }

    fn each(&self, of: impl Fn(fn(&Self) -> f64) -> f64) -> Self {
        Self {
            windows: of(|it| it.windows),
            cycles: of(|it| it.cycles),
            multiplications: of(|it| it.multiplications),
            products: of(|it| it.products),
            dynamic: of(|it| it.dynamic),
            settled: of(|it| it.settled),
            leakage: of(|it| it.leakage),
            memory: of(|it| it.memory),
            deciding: of(|it| it.deciding),
            loads: of(|it| it.loads),
        }
    }

    fn times(&self, factor: f64) -> Self {
        self.each(|part| factor * part(self))
    }

    fn plus(&self, other: &Self) -> Self {
        self.each(|part| part(self) + part(other))
    }
}

/// A network on a unit.
pub(super) struct Part<'a> {
    pub(super) settings: &'a Settings,
    pub(super) unit: &'a str,
    pub(super) variant: &'a Variant,
}

impl Part<'_> {
    /// What leaks in some cycles, of a block that leaks `nw`, in pJ.
    fn leakage(&self, cycles: u64, nw: f64) -> f64 {
        // nW · ns are 10^−6 pJ.
        1e-6 * nw * self.settings.period_ns * cycles as f64
    }

    /// What reading some bits from memory takes, in pJ.
    fn memory(&self, bits: u64) -> f64 {
        bits as f64 / 64.0 * self.settings.memory.pj_per_64_bits()
    }

    /// The energies of some cycles of the unit, by block, with the bits that are read in them.
    fn measured(
        &self,
        blocks: &BTreeMap<String, BlockEnergy>,
        cycles: u64,
        memory_bits: u64,
    ) -> Taken {
        let blocks = || blocks.values();
        Taken {
            cycles: cycles as f64,
            dynamic: blocks().map(|it| it.dynamic_fj).sum::<f64>() / 1e3,
            settled: blocks().map(|it| it.settled_fj).sum::<f64>() / 1e3,
            leakage: self.leakage(cycles, blocks().map(|it| it.leakage_nw).sum()),
            memory: self.memory(memory_bits),
            ..Taken::default()
        }
    }

    /// What a window of a reading takes on average.
    fn taken(&self, reading: &EnergyReading) -> Taken {
        let deciding = reading.blocks.get("deciding").copied().unwrap_or_default();
        let sum = Taken {
            windows: reading.windows as f64,
            multiplications: reading.multiplications as f64,
            products: reading.products as f64,
            deciding: deciding.dynamic_fj / 1e3 + self.leakage(reading.cycles, deciding.leakage_nw),
            ..self.measured(&reading.blocks, reading.cycles, reading.memory_bits)
        };
        sum.times(1.0 / reading.windows as f64)
    }

    /// What the load of a kernel takes on average.
    fn load(&self, loads: &LoadReading) -> Taken {
        let sum = self.measured(&loads.blocks, loads.cycles, loads.memory_bits);
        let load = sum.times(1.0 / loads.loads as f64);
        Taken { loads: load.energy(), ..load }
    }

    fn window(
        &self,
        (layer, number, rule): (&str, usize, &Rule<'_>),
        reading: &EnergyReading,
        besides: [Option<&EnergyReading>; 2],
    ) -> EnergyRow {
        let taken = self.taken(reading);
        let [exact, zero_skip] = besides.map(|it| it.map(|it| self.taken(it)));
        let skipped = taken.products - taken.multiplications;
        // What was saved beside deciding, for each product that was skipped.
        let without = |taken: &Taken| taken.energy() - taken.deciding;
        let saving = exact.map(|exact| (without(&exact) - without(&taken)) / skipped);
        let pays = |saving: &f64| rule.mode == Mode::Approx && skipped > 0.0 && *saving > 0.0;
        let saved = |other: Option<Taken>| reduction_percent(taken.energy(), other?.energy());
        EnergyRow {
            network: self.variant.network_name.clone(),
            unit: self.unit.to_owned(),
            layer: layer.to_owned(),
            kernel_side: reading.side,
            mode: rule.name(),
            threshold: rule.threshold_of(number),
            windows: reading.windows,
            cycles_average: reading.cycles as f64 / reading.windows as f64,
            products_average: taken.products,
            multiplications_average: taken.multiplications,
            dynamic_pj: taken.dynamic,
            without_glitches_pj: taken.settled,
            leakage_pj: taken.leakage,
            memory_pj: taken.memory,
            energy_pj: taken.energy(),
            saved_vs_exact_percent: saved(exact),
            saved_vs_zero_skip_percent: saved(zero_skip),
            deciding_pj: taken.deciding,
            break_even_percent: saving
                .filter(pays)
                .map(|saving| 100.0 * taken.deciding / (saving * taken.products)),
        }
    }

    fn loads(&self, layer: &str, loads: &LoadReading) -> LoadRow {
        let load = self.load(loads);
        LoadRow {
            network: self.variant.network_name.clone(),
            unit: self.unit.to_owned(),
            layer: layer.to_owned(),
            loads: loads.loads,
            cycles_average: load.cycles,
            dynamic_pj: load.dynamic,
            leakage_pj: load.leakage,
            memory_pj: load.memory,
            load_pj: load.energy(),
            windows_per_load: loads.windows_per_load,
            per_window_pj: load.energy() / loads.windows_per_load as f64,
        }
    }

    fn blocks(
        &self,
        (layer, number, rule): (&str, usize, &Rule<'_>),
        reading: &EnergyReading,
    ) -> Vec<BlockRow> {
        let windows = reading.windows as f64;
        let row = |(block, energy): (&String, &model::engine::BlockEnergy)| BlockRow {
            network: self.variant.network_name.clone(),
            unit: self.unit.to_owned(),
            layer: layer.to_owned(),
            mode: rule.name(),
            threshold: rule.threshold_of(number),
            block: block.clone(),
            dynamic_pj: energy.dynamic_fj / 1e3 / windows,
            without_glitches_pj: energy.settled_fj / 1e3 / windows,
            leakage_pj: self.leakage(reading.cycles, energy.leakage_nw) / windows,
        };
        reading.blocks.iter().map(row).collect()
    }

    /// What the layers take together by a rule on a unit, windows and loads of kernels; nothing if one was
    /// not read, or if the unit holds the middle of a kernel alone.
    pub(super) fn inference(
        &self,
        readings: &Readings,
        (unit, network): (usize, usize),
        rule: usize,
    ) -> Option<Taken> {
        let mut sum = Taken::default();
        for layer in 0..self.variant.layers().len() {
            let reading = readings.get(&(unit, network, layer, rule))?;
            let windows = reading.layer_windows? as f64;
            let loads = windows / reading.loads.windows_per_load as f64;
            let load = self.load(&reading.loads).times(loads);
            sum = sum.plus(&self.taken(reading).times(windows)).plus(&load);
        }
        Some(sum)
    }

    fn inference_row(
        &self,
        rule: &Rule<'_>,
        taken: &Taken,
        [exact, zero_skip]: &[Option<Taken>; 2],
    ) -> InferenceEnergyRow {
        let saved = |part: fn(&Taken) -> f64, other: &Option<Taken>| {
            reduction_percent(part(taken), part(other.as_ref()?))
        };
        let skips = rule.mode == Mode::Approx;
        let fewer = reduction_percent(taken.multiplications, taken.products);
        let paper = self.variant.paper_activation().map(|activation| match activation {
            Activation::Relu => 35.2,
            Activation::Tanh => 29.96,
        });
        InferenceEnergyRow {
            network: self.variant.network_name.clone(),
            unit: self.unit.to_owned(),
            mode: rule.name(),
            threshold: rule.threshold(),
            period_ns: self.settings.period_ns,
            memory: self.settings.memory.name().to_owned(),
            windows: taken.windows.round() as u64,
            cycles: taken.cycles,
            multiplications: taken.multiplications,
            dynamic_nj: taken.dynamic / 1e3,
            without_glitches_nj: taken.settled / 1e3,
            leakage_nj: taken.leakage / 1e3,
            memory_nj: taken.memory / 1e3,
            energy_nj: taken.energy() / 1e3,
            loads_nj: taken.loads / 1e3,
            saved_vs_exact_percent: saved(Taken::energy, exact),
            saved_vs_zero_skip_percent: saved(Taken::energy, zero_skip),
            dynamic_saved_vs_exact_percent: saved(|taken| taken.dynamic, exact),
            multiplications_saved_percent: fewer,
            paper_estimate_percent: fewer.map(|fewer| 0.4 * fewer),
            paper_percent: paper.filter(|_| skips && rule.point.is_empty()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::conv::Threshold;

    /// 10 windows of 4 products, 10 cycles each.
    fn reading(multiplications: u64, multipliers_fj: f64) -> EnergyReading {
        let block =
            |dynamic_fj, settled_fj, leakage_nw| BlockEnergy { dynamic_fj, settled_fj, leakage_nw };
        EnergyReading {
            side: 5,
            layer_windows: Some(100),
            windows: 10,
            cycles: 100,
            products: 40,
            multiplications,
            memory_bits: 640,
            blocks: [
                ("multipliers".to_owned(), block(multipliers_fj, multipliers_fj / 2.0, 3e6)),
                ("deciding".to_owned(), block(5e3, 5e3, 1e6)),
            ]
            .into(),
            loads: LoadReading {
                loads: 5,
                windows_per_load: 20,
                cycles: 50,
                memory_bits: 640,
                blocks: [("kernels".to_owned(), block(100e3, 50e3, 2e6))].into(),
            },
        }
    }

    #[test]
    fn energies_are_what_was_read_by_window_and_by_inference() {
        let settings = Settings {
            units: Vec::new(),
            thresholds: vec![2],
            windows: 10,
            period_ns: 2.0,
            memory: Memory::Sram32k,
        };
        let variant = Variant::lenet5(Activation::Relu).unwrap();
        let part = Part { settings: &settings, unit: "k5", variant: &variant };
        let rule = |mode, threshold: u32| {
            let threshold = Threshold::new(threshold).unwrap();
            let layers = vec![Semantics::new(mode, 0, threshold, SmaxScope::Window).unwrap(); 3];
            let configuration = Configuration { name: String::new(), tau: None, layers };
            Rule { variant: &variant, mode, point: "", configuration }
        };
        let (approx, exactly) = (rule(Mode::Approx, 2), rule(Mode::Exact, 1));
        let (exact, zero_skip) = (reading(40, 40e3), reading(30, 30e3));
        let row =
            part.window(("C1", 0, &approx), &reading(20, 16e3), [Some(&exact), Some(&zero_skip)]);
        let near = |found: f64, expected: f64| {
            assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
        };
        // 21,000 fJ in 10 windows; 4 mW for 10 cycles of 2 ns; one read of 64 bits from 32 KB.
        near(row.dynamic_pj, 2.1);
        near(row.without_glitches_pj, 1.3);
        near(row.leakage_pj, 80.0);
        near(row.memory_pj, 20.0);
        near(row.energy_pj, 102.1);
        near(row.saved_vs_exact_percent.unwrap(), 100.0 * (1.0 - 102.1 / 104.5));
        near(row.saved_vs_zero_skip_percent.unwrap(), 100.0 * (1.0 - 102.1 / 103.5));
        // Deciding takes 0.5 and leaks 20; two skipped products save 2.4 together.
        near(row.deciding_pj, 20.5);
        near(row.break_even_percent.unwrap(), 100.0 * 20.5 / (1.2 * 4.0));
        let blocks = part.blocks(("C1", 0, &approx), &reading(20, 16e3));
        near(blocks.iter().map(|it| it.dynamic_pj).sum(), row.dynamic_pj);
        near(blocks.iter().map(|it| it.leakage_pj).sum(), row.leakage_pj);
        let plain = part.window(("C1", 0, &exactly), &exact, [Some(&exact), Some(&zero_skip)]);
        assert_eq!((plain.threshold, plain.break_even_percent), (None, None));

        let inference = |reading: &EnergyReading| {
            let of_layer = |layer| ((0, 0, layer, 0), reading.clone());
            part.inference(&(0..3).map(of_layer).collect(), (0, 0), 0)
        };
        let besides = [inference(&exact), inference(&zero_skip)];
        let taken = inference(&reading(20, 16e3)).unwrap();
        let row = part.inference_row(&approx, &taken, &besides);
        assert_eq!((row.windows, row.paper_percent), (300, Some(35.2)));
        // 300 windows of 102.1 pJ, and a load of 100 pJ for 20 of them.
        near(row.energy_nj, 30.63 + 1.5);
        near(row.loads_nj, 1.5);
        near(row.cycles, 300.0 * 10.0 + 15.0 * 10.0);
        // Five loads take 100 pJ, 2 mW for 50 cycles, and ten reads; each is for 20 windows.
        let loads = part.loads("C1", &reading(20, 16e3).loads);
        near(loads.dynamic_pj, 20.0);
        near(loads.leakage_pj, 40.0);
        near(loads.load_pj, 100.0);
        near(loads.per_window_pj, 5.0);
        near(row.multiplications, 600.0);
        near(row.multiplications_saved_percent.unwrap(), 50.0);
        near(row.paper_estimate_percent.unwrap(), 20.0);
        near(row.dynamic_saved_vs_exact_percent.unwrap(), 100.0 * (1.0 - 3.1 / 5.5));
        // The middle of a kernel is no inference.
        let middle = EnergyReading { layer_windows: None, ..reading(20, 16e3) };
        assert!(inference(&middle).is_none());
    }
}
