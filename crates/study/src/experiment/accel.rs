// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whole inferences on the core: LeNet-Accel and LeNet-5 as programs, with convolutions in software
//! and on the unit.
//!
//! The engines that run the programs compare every output of every layer with the golden model's;
//! `docs/accel.md` tells what the tables hold.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Error;
use crate::data::Image;
use crate::experiment::lenet::{ModelFile, Variant};
use crate::experiment::ranges;
use crate::results::ResultFolder;
use crate::run::{Engines, Experiment, Finished, Outcomes, Run};
use crate::statistics::{Distribution, Proportion, percentile};
use crate::table::{Digit, Shortest};
use crate::tables::{
    ALL_LAYERS, CycleRow, Level, PARTS, ScoreErrorRow, ScoreRow, TimeRow, Tolerance,
};
use model::conv::{ConfigError, Mode, SmaxScope};
use model::engine::{Detail, Findings, Place, StageCounts, StageRecord};
use model::nn::{Configuration, NetworkError, class_of, input_planes, score_value};

/// The tolerance of the paper's table of ten scores.
pub const PAPER_TAU: f64 = 0.01;

/// The paper's table of ten scores: exact and custom. Its network's weights and image are not
/// public: the figures are for comparison alone.
pub const PAPER_SCORES: [(i32, i32); 10] = [
    (-3077, -3073),
    (-2351, -2357),
    (-8059, -8122),
    (-2502, -2524),
    (-5111, -5137),
    (6537, 6632),
    (-2352, -2360),
    (8202, 8270),
    (-1345, -1400),
    (16139, 16206),
];

/// Percent that LeNet-Accel's own instructions save of the latency of a whole inference in software:
/// Wang et al., IEEE Transactions on Computers 73(5), 2024.
pub const LENET_ACCEL_REDUCTION_PERCENT: f64 = 76.6;

/// The networks that ship, as [`network`] knows them.
pub const NETWORKS: [&str; 4] = ["lenet-accel", "lenet-accel-tanh", "lenet5-relu", "lenet5-tanh"];

/// A network that ships, by its name in [`NETWORKS`].
pub fn network(name: &str) -> Result<Variant, NetworkError> {
    Variant::shipped(&file_stem(name))
}

/// The description of a network in [`NETWORKS`]; none of another one.
pub fn description(name: &str) -> Option<ModelFile> {
    let file = ModelFile::shipped("networks", &format!("{}.json", file_stem(name)));
    file.filter(|_| NETWORKS.contains(&name))
}

/// Whether a network has the layers of LeNet-Accel.
fn is_lenet_accel(variant: &Variant) -> bool {
    let shipped = description(NETWORKS[0]).and_then(|it| it.network().ok());
    shipped
        .is_some_and(|it| it.input == variant.network.input && it.layers == variant.network.layers)
}

fn file_stem(name: &str) -> String {
    match name {
        "lenet-accel" => "lenet_accel_relu".to_owned(),
        name => name.replace('-', "_"),
    }
}

/// The builds of the firmware, by the number of their engine in the run: convolutions by the core's own
/// multiplier, exact; convolutions, and the dense layers, on the unit.
const BUILDS: [&str; 2] = ["software", "unit"];
const SOFTWARE: usize = 0;
const UNIT: usize = 1;

/// A build with a configuration.
struct Program {
    build: usize,
    configuration: Configuration,
}

/// Every program that a network of `layers` convolutions is run with: software, the unit exact, and
/// the unit at each tolerance.
fn programs(taus: &[f64], scope: SmaxScope, layers: usize) -> Result<Vec<Program>, ConfigError> {
    let exact = Configuration::plain(Mode::Exact, 0, layers)?;
    let tau = |&tau: &f64| Configuration::tau(tau, 0, scope, layers);
    let on_unit = std::iter::once(Ok(exact.clone())).chain(taus.iter().map(tau));
    let on_unit = on_unit.map(|it| it.map(|configuration| Program { build: UNIT, configuration }));
    let software = Program { build: SOFTWARE, configuration: exact };
    std::iter::once(Ok(software)).chain(on_unit).collect()
}

/// What is run.
pub struct Inferences {
    pub networks: Vec<Variant>,
    /// How many images the errors of the scores are taken over, by the golden model, from the first;
    /// those run on the core are among them.
    pub score_images: usize,
    pub taus: Vec<f64>,
    pub scope: SmaxScope,
}

/// What a run came to, for the terminal.
#[derive(Debug)]
pub struct Summary {
    pub scores: Vec<ScoreRow>,
    pub score_errors: Vec<ScoreErrorRow>,
    /// None if no programs are run.
    pub cycles: Vec<CycleRow>,
    /// None if the engine has no cycles.
    pub time: Vec<TimeRow>,
}

/// Runs the experiment. The run's images are those on the core; its engines are that of the software
/// build and that of the unit's build, or none for the golden model's scores alone.
///
/// # Errors
/// Images or tolerances that cannot be; and those of [`run`](crate::run::run()).
pub fn run(run: &Run<'_>, inferences: &Inferences) -> Result<Finished<Summary>, Error> {
    let Inferences { networks, score_images, taus, scope } = inferences;
    let programs = |it: &Variant| programs(taus, *scope, it.layers().len());
    let scored = run.first_images(*score_images.max(&run.images))?;
    run.images()?;
    let programs = networks.iter().map(programs).collect::<Result<_, _>>()?;
    crate::run::run(run, &Accel { run, inferences, programs, images: scored })
}

struct Accel<'a> {
    run: &'a Run<'a>,
    inferences: &'a Inferences,
    /// Of each network.
    programs: Vec<Vec<Program>>,
    /// Those whose scores are compared; the first of them are run on the core.
    images: Vec<&'a Image>,
}

/// What was measured of one network.
struct Measured<'a> {
    variant: &'a Variant,
    programs: &'a [Program],
    /// `counted[image][program]`: the input and each stage, for the images on the core.
    counted: Vec<Vec<Vec<StageRecord>>>,
    /// One per image.
    scores: Vec<Scores>,
}

impl Measured<'_> {
    /// The exact scores of an image, each with the one of a program.
    fn score_pairs<'a>(
        &self,
        image: &'a Scores,
        program: usize,
    ) -> impl Iterator<Item = (f64, f64)> + use<'a> {
        let number = self.variant.integer.number;
        let pairs = image.scores[0].iter().zip(&image.scores[program]);
        pairs
            .map(move |(&exact, &custom)| (score_value(exact, number), score_value(custom, number)))
    }
}

/// The scores of an image.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Scores {
    label: u8,
    /// One entry per program; exact first.
    scores: Vec<Vec<i32>>,
}

/// A batch of the run.
enum Batch {
    /// One image, with every program.
    Core { network: usize, image: usize },
    /// The scores of some images, with every configuration.
    Scores { network: usize, images: Range<usize> },
}

/// Images whose scores are one batch.
const SCORE_IMAGES: usize = 50;

/// What a batch came to.
#[derive(Serialize, Deserialize)]
enum Outcome {
    Core(Vec<Vec<StageRecord>>),
    Scores(Vec<Scores>),
}

impl Accel<'_> {
    /// One image on the core, with every program.
    fn core(
        &self,
        network: usize,
        image: usize,
        engines: &mut Engines<'_>,
    ) -> Result<Vec<Vec<StageRecord>>, Error> {
        let variant = &self.inferences.networks[network];
        let place = Place { image, ..self.run.place(&variant.network_name) };
        let input = [input_planes(&variant.integer, &self.images[image].pixels)];
        let mut counted = Vec::new();
        for Program { build, configuration } in &self.programs[network] {
            let engine = engines.under_test(*build)?;
            let (network, detail) = (&variant.integer, Detail::Sums);
            let run = engine.infer(&place, network, configuration, &input, detail)?;
            counted.push(run.stages.into_iter().next().expect("counts of the image"));
        }
        Ok(counted)
    }

    fn scores(&self, network: usize, images: &[&Image], engines: &mut Engines<'_>) -> Vec<Scores> {
        let integer = &self.inferences.networks[network].integer;
        let inputs: Vec<_> = images.iter().map(|it| input_planes(integer, &it.pixels)).collect();
        let mut scores: Vec<Scores> =
            images.iter().map(|image| Scores { label: image.label, scores: Vec::new() }).collect();
        for Program { configuration, .. } in &self.programs[network] {
            let golden = engines.golden();
            let found = golden.inferences(integer, configuration, &inputs, Detail::Sums);
            scores.iter_mut().zip(found).for_each(|(it, found)| it.scores.push(found.scores));
        }
        scores
    }
}

impl Experiment for Accel<'_> {
    type Batch = Batch;
    type Outcome = Outcome;
    type Summary = Summary;

    fn settings(&self) -> Value {
        let networks = self.inferences.networks.iter().map(|variant| {
            json!({
                "network": variant.network,
                "weights": variant.weights_name,
                "weights_sha256": variant.weights.sha256(),
            })
        });
        json!({
            "networks": networks.collect::<Vec<_>>(),
            "score_images": self.images.len(),
            "taus": self.inferences.taus,
            "smax_scope": self.inferences.scope,
        })
    }

    fn plan(&self) -> Vec<Batch> {
        let mut plan = Vec::new();
        for network in 0..self.inferences.networks.len() {
            if !self.run.engines.is_empty() {
                plan.extend((0..self.run.images).map(|image| Batch::Core { network, image }));
            }
            let chunks = ranges(self.images.len(), SCORE_IMAGES);
            plan.extend(chunks.map(|images| Batch::Scores { network, images }));
        }
        plan
    }

    fn batch(&self, batch: &Batch, engines: &mut Engines<'_>) -> Result<Outcome, Error> {
        Ok(match batch {
            Batch::Core { network, image } => Outcome::Core(self.core(*network, *image, engines)?),
            Batch::Scores { network, images } => {
                Outcome::Scores(self.scores(*network, &self.images[images.clone()], engines))
            }
        })
    }

    fn tables(
        &self,
        outcomes: Outcomes<'_, Outcome>,
        findings: &Findings,
        results: &mut ResultFolder,
    ) -> Result<Summary, Error> {
        let mut measured = Vec::new();
        for (variant, programs) in self.inferences.networks.iter().zip(&self.programs) {
            let (counted, scores) = (Vec::new(), Vec::new());
            measured.push(Measured { variant, programs, counted, scores });
        }
        for (batch, outcome) in self.plan().iter().zip(outcomes) {
            let (Batch::Core { network, .. } | Batch::Scores { network, .. }) = *batch;
            match outcome? {
                Outcome::Core(counted) => measured[network].counted.push(counted),
                Outcome::Scores(scores) => measured[network].scores.extend(scores),
            }
        }
        let mut summary = Summary {
            scores: measured.iter().flat_map(scores).collect(),
            score_errors: measured.iter().flat_map(score_errors).collect(),
            cycles: Vec::new(),
            time: Vec::new(),
        };
        results.table(&summary.scores)?;
        results.table(&summary.score_errors)?;
        let timed = self.run.engines.first().map(|engine| engine.info().timed);
        if let Some(timed) = timed {
            let cycles = measured.iter().flat_map(|it| cycles(it, timed));
            summary.cycles = cycles.collect();
            results.table(&summary.cycles)?;
        }
        if timed == Some(true) {
            summary.time = measured.iter().flat_map(time).collect();
            results.table(&summary.time)?;
        }
        results.result("instructions_compared", findings.instructions);
        Ok(summary)
    }
}

/// A row of what one network came to in one configuration: the columns that all tables have, and `rest`.
macro_rules! row {
    ($row:ident, $measured:expr, $configuration:expr, { $($rest:tt)* }) => {{
        let (measured, configuration): (&Measured<'_>, &Configuration) =
            ($measured, $configuration);
        let approx = configuration.layers.iter().find(|it| it.mode == Mode::Approx);
        $row {
            network: measured.variant.network_name.clone(),
            configuration: configuration.name.clone(),
            tolerance: Tolerance {
                tau: configuration.tau.map(Shortest),
                threshold: approx.map(|it| it.threshold.get()),
                smax_scope: approx.map_or(String::new(), |it| it.scope.to_string()),
            },
            $($rest)*
        }
    }};
}

/// What one program counted over all images: a name and a record per image, for the input, each
/// stage, and all of them.
fn layers(measured: &Measured<'_>, program: usize) -> Vec<(String, Vec<StageCounts>)> {
    let of_layer = |layer: usize| -> Vec<StageCounts> {
        measured.counted.iter().map(|image| image[program][layer].counts).collect()
    };
    let stages = measured.counted.first().map_or(&[][..], |image| &image[program]);
    let names = stages.iter().map(|it| it.stage.clone()).enumerate();
    let mut layers: Vec<_> = names.map(|(layer, name)| (name, of_layer(layer))).collect();
    let sum = |image: usize| {
        let mut sum = StageCounts::default();
        layers.iter().for_each(|(_, counts)| sum += counts[image]);
        sum
    };
    let all = (0..measured.counted.len()).map(sum).collect();
    layers.push((ALL_LAYERS.to_owned(), all));
    layers
}

/// The lines of one network.
fn cycles(measured: &Measured<'_>, timed_engine: bool) -> Vec<CycleRow> {
    let timed = |value: f64| timed_engine.then_some(value);
    let average = |records: &[StageCounts], count: &dyn Fn(&StageCounts) -> u32| {
        records.iter().map(|it| f64::from(count(it))).sum::<f64>() / records.len() as f64
    };
    let all_cycles = |records: &[StageCounts]| average(records, &|it| it.cycles);
    let software = layers(measured, SOFTWARE);
    let mut rows = Vec::new();
    for (program, Program { build, configuration }) in measured.programs.iter().enumerate() {
        let counted = layers(measured, program);
        let all = all_cycles(&counted.last().expect("the sum is there").1);
        for ((layer, records), (_, of_software)) in counted.iter().zip(&software) {
            let cycles = all_cycles(records);
            let software = (timed_engine && *build == UNIT).then(|| all_cycles(of_software));
            let of_unit = |counter: usize| average(records, &|it| it.unit[counter]);
            let extreme = |value: Option<u32>| value.filter(|_| timed_engine);
            rows.push(row!(CycleRow, measured, configuration, {
                build: BUILDS[*build].to_owned(),
                images: records.len(),
                level: Level::of(layer),
                layer: layer.clone(),
                cycles_average: timed(cycles),
                cycles_min: extreme(records.iter().map(|it| it.cycles).min()),
                cycles_max: extreme(records.iter().map(|it| it.cycles).max()),
                share_percent: timed(100.0 * cycles / all),
                software_cycles_average: software,
                reduction_percent: software.map(|software| 100.0 * (1.0 - cycles / software)),
                lenet_accel_reduction_percent: software
                    .filter(|_| layer == ALL_LAYERS && is_lenet_accel(measured.variant))
                    .map(|_| LENET_ACCEL_REDUCTION_PERCENT),
                speed_up: software.map(|software| software / cycles),
                instructions_average: average(records, &|it| it.instructions),
                multiplications_average: of_unit(1),
                windows_average: of_unit(0),
                window_fetches_average: average(records, &|it| it.window_fetches),
                kernel_loads_average: average(records, &|it| it.kernel_loads),
                memory_words_average: of_unit(3),
                get_data_cycles_average: timed(of_unit(6)),
                stage_1_cycles_average: timed(of_unit(7)),
                stage_2_cycles_average: timed(of_unit(8)),
                stage_3_cycles_average: timed(of_unit(9)),
                done_cycles_average: timed(of_unit(10)),
            }));
        }
    }
    rows
}

/// Events of the core: mhpmcounter3 to 14.
mod event {
    pub const LOAD_USE: usize = 0;
    pub const JUMP_REGISTER: usize = 1;
    pub const FETCH: usize = 2;
    pub const MEMORY: usize = 3;
    pub const UNIT: usize = 5;
    pub const LOADS: usize = 6;
    pub const STORES: usize = 7;
    pub const JUMPS: usize = 8;
    pub const BRANCHES: usize = 9;
    pub const BRANCHES_TAKEN: usize = 10;
}

/// The lines of one network.
fn time(measured: &Measured<'_>) -> Vec<TimeRow> {
    let images = measured.counted.len();
    let mut rows = Vec::new();
    for (number, Program { build, configuration }) in measured.programs.iter().enumerate() {
        let layers = layers(measured, number);
        let mean = |layer: usize| {
            let stage = &measured.counted[0][number][layer];
            let outputs = if *build == UNIT { stage.tile_outputs } else { 0 };
            let mut sums = [0.0; PARTS.len()];
            for record in &layers[layer].1 {
                // Each run gives one output, the others of its tile are read.
                let reads = outputs.saturating_sub(record.unit[0]);
                let parts = parts(record, stage.kernel_beats, reads);
                sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part as f64);
            }
            sums.map(|sum| sum / images as f64)
        };
        let mut means: Vec<[f64; PARTS.len()]> = (0..layers.len() - 1).map(mean).collect();
        let mut all = [0.0; PARTS.len()];
        means.iter().for_each(|it| all.iter_mut().zip(it).for_each(|(all, part)| *all += part));
        means.push(all);
        let total: f64 = all.iter().sum();
        for ((layer, _), means) in layers.iter().zip(means) {
            for (part, cycles) in PARTS.iter().zip(means) {
                rows.push(row!(TimeRow, measured, configuration, {
                    build: BUILDS[*build].to_owned(),
                    images,
                    level: Level::of(layer),
                    layer: layer.clone(),
                    part: (*part).to_owned(),
                    cycles_average: cycles,
                    share_percent: 100.0 * cycles / total,
                }));
            }
        }
    }
    rows
}

/// The cycles of each of the [`PARTS`]. `reads` are the outputs of tiles that are read one by one.
fn parts(record: &StageCounts, kernel_beats: u32, reads: u32) -> [i64; PARTS.len()] {
    let event = |number: usize| i64::from(record.events[number]);
    let unit = |number: usize| i64::from(record.unit[number]);
    let loads = i64::from(record.kernel_loads);
    let beats = if loads == 0 { 0 } else { i64::from(kernel_beats) };
    // A load takes its beats, a cycle each, and five more; a fetch is what is left of the same states.
    let kernel_loads = beats + 5 * loads;
    let window_fetches = unit(6) + unit(7) - (beats + 2 * loads);
    let convolution = event(event::UNIT) + loads + unit(0) - kernel_loads - window_fetches;
    let output_reads = i64::from(reads);
    let loads_and_stores =
        event(event::LOADS) + event(event::STORES) + event(event::LOAD_USE) + event(event::MEMORY);
    // Of the two cycles that a taken branch loses, the first is one in which ID has an instruction.
    let branches_and_jumps = event(event::BRANCHES)
        + event(event::BRANCHES_TAKEN)
        + event(event::JUMPS)
        + event(event::JUMP_REGISTER)
        + event(event::FETCH);
    let on_unit = kernel_loads + window_fetches + convolution + output_reads;
    let arithmetic = i64::from(record.cycles) - on_unit - loads_and_stores - branches_and_jumps;
    [
        kernel_loads,
        window_fetches,
        convolution,
        output_reads,
        loads_and_stores,
        branches_and_jumps,
        arithmetic,
    ]
}

/// What the paper says of its table.
const PAPER_MEAN_PERCENT: f64 = 0.97;
const PAPER_MEDIAN_PERCENT: f64 = 0.65;

/// The programs with a tolerance, by their numbers.
fn approximate(measured: &Measured<'_>) -> impl Iterator<Item = usize> {
    let tau = |program: &usize| measured.programs[*program].configuration.tau.is_some();
    (0..measured.programs.len()).filter(tau)
}

fn percentage(exact: f64, custom: f64) -> Option<f64> {
    (exact != 0.0).then(|| 100.0 * (exact - custom).abs() / exact.abs())
}

/// The scores of the first image.
fn scores(measured: &Measured<'_>) -> Vec<ScoreRow> {
    let Some(image) = measured.scores.first() else { return Vec::new() };
    let of_program = |program: usize| {
        let configuration = &measured.programs[program].configuration;
        measured.score_pairs(image, program).enumerate().map(move |(class, (exact, custom))| {
            row!(ScoreRow, measured, configuration, {
                label: Digit(image.label),
                class,
                exact_score: Shortest(exact),
                approximate_score: Shortest(custom),
                absolute_error: Shortest((exact - custom).abs()),
                percentage_error: percentage(exact, custom),
            })
        })
    };
    approximate(measured).flat_map(of_program).collect()
}

/// The errors over all images.
fn score_errors(measured: &Measured<'_>) -> Vec<ScoreErrorRow> {
    let images = &measured.scores;
    let number = measured.variant.integer.number;
    let class = |image: &Scores, program: usize| class_of(&image.scores[program], number);
    let right = |program: usize| {
        let right = images.iter().map(|it| class(it, program) == usize::from(it.label));
        100.0 * Proportion::of(right).share()
    };
    let of_program = |program: usize| {
        let configuration = &measured.programs[program].configuration;
        let pairs = || images.iter().flat_map(|it| measured.score_pairs(it, program));
        let absolute = sorted(pairs().map(|(exact, custom)| (exact - custom).abs()));
        let percent = sorted(pairs().filter_map(|(exact, custom)| percentage(exact, custom)));
        let spread = Distribution::of(&absolute).expect("there are scores");
        let percent_spread = Distribution::of(&percent);
        let paper = configuration.tau == Some(PAPER_TAU) && is_lenet_accel(measured.variant);
        let flips = images.iter().filter(|it| class(it, 0) != class(it, program));
        row!(ScoreErrorRow, measured, configuration, {
            images: images.len(),
            scores: absolute.len(),
            mean_absolute_error: spread.mean,
            median_absolute_error: spread.median,
            p95_absolute_error: percentile(&absolute, 95).expect("there are scores"),
            max_absolute_error: spread.max,
            mean_percentage_error: percent_spread.map(|it| it.mean),
            median_percentage_error: percent_spread.map(|it| it.median),
            p95_percentage_error: percentile(&percent, 95),
            max_percentage_error: percent_spread.map(|it| it.max),
            paper_mean_percentage_error: paper.then_some(PAPER_MEAN_PERCENT),
            paper_median_percentage_error: paper.then_some(PAPER_MEDIAN_PERCENT),
            class_flips: flips.count(),
            exact_accuracy_percent: right(0),
            accuracy_percent: right(program),
        })
    };
    approximate(measured).map(of_program).collect()
}

fn sorted(numbers: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_papers_table_has_the_errors_that_the_paper_states() {
        let percent = PAPER_SCORES
            .iter()
            .filter_map(|&(exact, custom)| percentage(exact.into(), custom.into()));
        let spread = Distribution::of(&sorted(percent)).unwrap();
        assert!((spread.mean - PAPER_MEAN_PERCENT).abs() < 0.005, "{spread:?}");
        assert!((spread.median - PAPER_MEDIAN_PERCENT).abs() < 0.005, "{spread:?}");
    }
}
