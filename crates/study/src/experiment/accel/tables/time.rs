//! `accel_time.csv`: where the cycles of a layer go.

use serde::Serialize;

use super::{layers, scope, threshold};
use crate::experiment::accel::{ALL_LAYERS, Build, Measured};
use crate::report::number::decimals;
use model::engine::StageCounts;

/// A line: a part of a layer, or of all of them, of one program. The parts of a layer add up to its cycles.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimeRow {
    /// The network.
    pub network: String,
    /// `relu` or `tanh`.
    pub activation: String,
    /// `software` or `unit`.
    pub build: String,
    /// `exact` or `tau=…`.
    pub configuration: String,
    /// τ.
    pub tau: Option<f64>,
    /// T.
    pub threshold: Option<u32>,
    /// `window` or `running`.
    pub smax_scope: String,
    /// Images, from the first of the test set.
    pub images: usize,
    /// The layer; with a `+`, layers done together; `input` before them; or `all`.
    pub layer: String,
    /// One of [`PARTS`].
    pub part: String,
    /// Clock cycles of an inference, on average.
    #[serde(serialize_with = "decimals")]
    pub cycles_average: f64,
    /// Percent of all layers.
    #[serde(serialize_with = "decimals")]
    pub share_percent: f64,
}

/// What the core does, or waits for, in a cycle.
pub const PARTS: [&str; 7] = [
    // The unit reads a kernel.
    "kernel_loads",
    // It reads a window and takes its logs.
    "window_fetches",
    // It selects, multiplies and adds, and takes and answers the instruction.
    "convolution",
    // Instructions that get the outputs of a tile but the first.
    "output_reads",
    // Loads, stores, and what waits for a load.
    "loads_and_stores",
    // With the cycles in which the next instruction is not there.
    "branches_and_jumps",
    // All other instructions.
    "arithmetic",
];

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
pub fn time(measured: &Measured<'_>) -> Vec<TimeRow> {
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
                activation: measured.variant.activation.name().to_owned(),
                build: program.build.name().to_owned(),
                configuration: program.configuration.name.clone(),
                tau: program.configuration.tau,
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
