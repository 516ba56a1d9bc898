//! `accel_cycles.csv`: what each layer takes on the core.

use serde::Serialize;

use super::{average, layers, scope, threshold};
use crate::experiment::accel::{ALL_LAYERS, Build, LENET_ACCEL_REDUCTION_PERCENT, Measured};
use crate::report::number::{decimals, optional_decimals};
use model::engine::StageCounts;

/// A line: a layer, or all of them, of one program.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CycleRow {
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
    /// Clock cycles of an inference, on average; none on the reference model, as all that has cycles in it.
    #[serde(serialize_with = "optional_decimals")]
    pub cycles_average: Option<f64>,
    /// Of the fastest image.
    pub cycles_min: Option<u32>,
    /// Of the slowest image.
    pub cycles_max: Option<u32>,
    /// Percent of all layers.
    #[serde(serialize_with = "optional_decimals")]
    pub share_percent: Option<f64>,
    /// Those of the software build.
    #[serde(serialize_with = "optional_decimals")]
    pub software_cycles_average: Option<f64>,
    /// Percent fewer than software.
    #[serde(serialize_with = "optional_decimals")]
    pub reduction_percent: Option<f64>,
    /// What LeNet-Accel's instructions save; on the `all` line of the unit alone.
    #[serde(serialize_with = "optional_decimals")]
    pub lenet_accel_reduction_percent: Option<f64>,
    /// Software by this.
    #[serde(serialize_with = "optional_decimals")]
    pub speed_up: Option<f64>,
    /// Instructions retired.
    #[serde(serialize_with = "decimals")]
    pub instructions_average: f64,
    /// Multiplications in the unit.
    #[serde(serialize_with = "decimals")]
    pub multiplications_average: f64,
    /// Runs of the unit: windows times kernels.
    #[serde(serialize_with = "decimals")]
    pub windows_average: f64,
    /// Windows read from memory.
    #[serde(serialize_with = "decimals")]
    pub window_fetches_average: f64,
    /// Kernels read from memory.
    #[serde(serialize_with = "decimals")]
    pub kernel_loads_average: f64,
    /// Words that entered the unit.
    #[serde(serialize_with = "decimals")]
    pub memory_words_average: f64,
    /// Cycles of the unit in `GET_DATA`.
    #[serde(serialize_with = "optional_decimals")]
    pub get_data_cycles_average: Option<f64>,
    /// In `STAGE_1`.
    #[serde(serialize_with = "optional_decimals")]
    pub stage_1_cycles_average: Option<f64>,
    /// In `STAGE_2`.
    #[serde(serialize_with = "optional_decimals")]
    pub stage_2_cycles_average: Option<f64>,
    /// In `STAGE_3`.
    #[serde(serialize_with = "optional_decimals")]
    pub stage_3_cycles_average: Option<f64>,
    /// In `DONE`.
    #[serde(serialize_with = "optional_decimals")]
    pub done_cycles_average: Option<f64>,
}

/// The lines of one network.
pub fn cycles(measured: &Measured<'_>, timed_engine: bool) -> Vec<CycleRow> {
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
        activation: measured.variant.activation.name().to_owned(),
        build: program.build.name().to_owned(),
        configuration: configuration.name.clone(),
        tau: configuration.tau,
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
