// SPDX-License-Identifier: MIT OR Apache-2.0
//! The result files: rows from what was measured.

use super::{Build, LENET_ACCEL_REDUCTION_PERCENT, Measured, PAPER_TAU};
use crate::statistics::{Distribution, Proportion, percentile};
use crate::table::{Digit, Shortest};
use crate::tables::{ALL_LAYERS, CycleRow, PARTS, ScoreErrorRow, ScoreRow, TimeRow};
use model::conv::Mode;
use model::engine::StageCounts;
use model::nn::{Configuration, class_of};

/// T, in approx mode.
fn threshold(configuration: &Configuration) -> Option<u32> {
    let semantics = configuration.layers.first()?;
    (semantics.mode == Mode::Approx).then(|| semantics.threshold.get())
}

/// The scope of S_max, in approx mode; else empty.
fn scope(configuration: &Configuration) -> String {
    let approx = configuration.layers.iter().find(|it| it.mode == Mode::Approx);
    approx.map_or(String::new(), |semantics| semantics.scope.to_string())
}

/// What one program counted over all images: a name and a record an image, for the input, each stage, and
/// all of them.
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

/// The mean of a count.
fn average(records: &[StageCounts], count: impl Fn(&StageCounts) -> u32) -> f64 {
    records.iter().map(|record| f64::from(count(record))).sum::<f64>() / records.len() as f64
}

/// The lines of one network.
pub(super) fn cycles(measured: &Measured<'_>, timed_engine: bool) -> Vec<CycleRow> {
    let software = (0..measured.programs.len())
        .find(|&program| measured.programs[program].build == Build::Software)
        .map(|program| layers(measured, program));
    let mut rows = Vec::new();
    for program in 0..measured.programs.len() {
        let counted = layers(measured, program);
        let all = average(&counted.last().expect("the sum is there").1, |it| it.cycles);
        for (layer, (name, records)) in counted.iter().enumerate() {
            let software =
                software.as_ref().map(|software| average(&software[layer].1, |it| it.cycles));
            rows.push(row(measured, program, timed_engine, name, records, all, software));
        }
    }
    rows
}

fn row(
    measured: &Measured<'_>,
    program: usize,
    timed_engine: bool,
    layer: &str,
    records: &[StageCounts],
    all: f64,
    software: Option<f64>,
) -> CycleRow {
    let program = &measured.programs[program];
    let configuration = &program.configuration;
    let timed = |value: f64| timed_engine.then_some(value);
    let cycles = average(records, |it| it.cycles);
    let software = software.filter(|_| timed_engine && program.build == Build::Unit);
    let of_unit = |counter: usize| average(records, |it| it.unit[counter]);
    let extreme = |value: Option<u32>| value.filter(|_| timed_engine);
    CycleRow {
        network: measured.variant.network_name.clone(),
        activation: measured.variant.activation,
        build: program.build.name().to_owned(),
        configuration: configuration.name.clone(),
        tau: configuration.tau.map(Shortest),
        threshold: threshold(configuration),
        smax_scope: scope(configuration),
        images: records.len(),
        layer: layer.to_owned(),
        cycles_average: timed(cycles),
        cycles_min: extreme(records.iter().map(|it| it.cycles).min()),
        cycles_max: extreme(records.iter().map(|it| it.cycles).max()),
        share_percent: timed(100.0 * cycles / all),
        software_cycles_average: software,
        reduction_percent: software.map(|software| 100.0 * (1.0 - cycles / software)),
        lenet_accel_reduction_percent: software
            .filter(|_| layer == ALL_LAYERS)
            .map(|_| LENET_ACCEL_REDUCTION_PERCENT),
        speed_up: software.map(|software| software / cycles),
        instructions_average: average(records, |it| it.instructions),
        multiplications_average: of_unit(1),
        windows_average: of_unit(0),
        window_fetches_average: average(records, |it| it.window_fetches),
        kernel_loads_average: average(records, |it| it.kernel_loads),
        memory_words_average: of_unit(3),
        get_data_cycles_average: timed(of_unit(6)),
        stage_1_cycles_average: timed(of_unit(7)),
        stage_2_cycles_average: timed(of_unit(8)),
        stage_3_cycles_average: timed(of_unit(9)),
        done_cycles_average: timed(of_unit(10)),
    }
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
pub(super) fn time(measured: &Measured<'_>) -> Vec<TimeRow> {
    (0..measured.programs.len()).flat_map(|program| of_program(measured, program)).collect()
}

fn of_program(measured: &Measured<'_>, number: usize) -> Vec<TimeRow> {
    let program = &measured.programs[number];
    let layers = layers(measured, number);
    let unit = program.build == Build::Unit;
    let of_layer = |layer: usize, record: &StageCounts| {
        let stage = measured.counted.first().map(|image| &image[number][layer]);
        let kernel_words = stage.map_or(0, |stage| stage.kernel_words);
        // Each run gives one output, the others of its tile are read.
        let outputs = stage.filter(|_| unit).map_or(0, |stage| stage.tile_outputs);
        parts(record, kernel_words, outputs.saturating_sub(record.unit[0]))
    };
    let images = measured.counted.len();
    let mean = |layer: usize| {
        let mut sums = [0.0; PARTS.len()];
        for record in &layers[layer].1 {
            let parts = of_layer(layer, record);
            sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part as f64);
        }
        sums.map(|sum| sum / images as f64)
    };
    let mut means: Vec<[f64; PARTS.len()]> = (0..layers.len() - 1).map(mean).collect();
    let mut all = [0.0; PARTS.len()];
    means.iter().for_each(|it| all.iter_mut().zip(it).for_each(|(all, part)| *all += part));
    means.push(all);
    let total: f64 = all.iter().sum();
    let mut rows = Vec::new();
    for ((layer, _), means) in layers.iter().zip(means) {
        for (part, cycles) in PARTS.iter().zip(means) {
            rows.push(TimeRow {
                network: measured.variant.network_name.clone(),
                activation: measured.variant.activation,
                build: program.build.name().to_owned(),
                configuration: program.configuration.name.clone(),
                tau: program.configuration.tau.map(Shortest),
                threshold: threshold(&program.configuration),
                smax_scope: scope(&program.configuration),
                images,
                layer: layer.clone(),
                part: (*part).to_owned(),
                cycles_average: cycles,
                share_percent: 100.0 * cycles / total,
            });
        }
    }
    debug_assert_eq!(rows.last().map(|it| it.layer.as_str()), Some(ALL_LAYERS));
    rows
}

/// The cycles of each of the [`PARTS`]. `reads` are the outputs of tiles that are read one by one.
fn parts(record: &StageCounts, kernel_words: u32, reads: u32) -> [i64; PARTS.len()] {
    let event = |number: usize| i64::from(record.events[number]);
    let unit = |number: usize| i64::from(record.unit[number]);
    let (loads, words) = (i64::from(record.kernel_loads), i64::from(kernel_words));
    // A load takes its words, a cycle each, and five more; a fetch is what is left of the same states.
    let kernel_loads = loads * (words + 5);
    let window_fetches = unit(6) + unit(7) - loads * (words + 2);
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
    let known = [
        kernel_loads,
        window_fetches,
        convolution,
        output_reads,
        loads_and_stores,
        branches_and_jumps,
    ];
    let arithmetic = i64::from(record.cycles) - known.iter().sum::<i64>();
    let [a, b, c, d, e, f] = known;
    [a, b, c, d, e, f, arithmetic]
}

/// What the paper says of its table.
const PAPER_MEAN_PERCENT: f64 = 0.97;
const PAPER_MEDIAN_PERCENT: f64 = 0.65;

/// The programs with a tolerance, by their numbers.
fn approximate(measured: &Measured<'_>) -> impl Iterator<Item = usize> {
    let tau = |program: &usize| measured.programs[*program].configuration.tau.is_some();
    (0..measured.programs.len()).filter(tau)
}

fn percentage(exact: i32, custom: i32) -> Option<f64> {
    let error = f64::from(exact.abs_diff(custom));
    (exact != 0).then(|| 100.0 * error / f64::from(exact).abs())
}

/// The scores of the first image.
pub(super) fn scores(measured: &Measured<'_>) -> Vec<ScoreRow> {
    let Some(image) = measured.scores.first() else { return Vec::new() };
    let of_program = |program: usize| {
        let configuration = &measured.programs[program].configuration;
        let scores = image.scores[0].iter().zip(&image.scores[program]).enumerate();
        scores.map(move |(class, (&exact, &custom))| ScoreRow {
            network: measured.variant.network_name.clone(),
            activation: measured.variant.activation,
            label: Digit(image.label),
            configuration: configuration.name.clone(),
            tau: configuration.tau.map(Shortest),
            threshold: threshold(configuration),
            smax_scope: scope(configuration),
            class,
            exact,
            custom,
            absolute_error: exact.abs_diff(custom),
            percentage_error: percentage(exact, custom),
        })
    };
    approximate(measured).flat_map(of_program).collect()
}

/// The errors over all images.
pub(super) fn score_errors(measured: &Measured<'_>) -> Vec<ScoreErrorRow> {
    let right = |program: usize| {
        let images = measured.scores.iter();
        let right = images.map(|it| class_of(&it.scores[program]) == usize::from(it.label));
        100.0 * Proportion::of(right).share()
    };
    let of_program = |program: usize| {
        let configuration = &measured.programs[program].configuration;
        let pairs = || {
            let images = measured.scores.iter();
            images
                .flat_map(|it| it.scores[0].iter().copied().zip(it.scores[program].iter().copied()))
        };
        let absolute = sorted(pairs().map(|(exact, custom)| f64::from(exact.abs_diff(custom))));
        let percent = sorted(pairs().filter_map(|(exact, custom)| percentage(exact, custom)));
        let spread = Distribution::of(&absolute).expect("there are scores");
        let percent_spread = Distribution::of(&percent);
        let paper = configuration.tau == Some(PAPER_TAU);
        let flips = measured
            .scores
            .iter()
            .filter(|it| class_of(&it.scores[0]) != class_of(&it.scores[program]));
        ScoreErrorRow {
            network: measured.variant.network_name.clone(),
            activation: measured.variant.activation,
            images: measured.scores.len(),
            configuration: configuration.name.clone(),
            tau: configuration.tau.map(Shortest),
            threshold: threshold(configuration),
            smax_scope: scope(configuration),
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
        }
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
    use crate::experiment::accel::PAPER_SCORES;

    #[test]
    fn the_papers_table_has_the_errors_that_the_paper_states() {
        let percent = PAPER_SCORES.iter().filter_map(|&(exact, custom)| percentage(exact, custom));
        let spread = Distribution::of(&sorted(percent)).unwrap();
        assert!((spread.mean - PAPER_MEAN_PERCENT).abs() < 0.005, "{spread:?}");
        assert!((spread.median - PAPER_MEDIAN_PERCENT).abs() < 0.005, "{spread:?}");
    }
}
