// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tables of whole inferences on the core.

use model::nn::Activation;
use plotters::style::RGBColor;

use super::{Plot, colour, technique};
use crate::report::figure::{
    Bar, Bars, Figure, Group, PlotError, configuration_title, distinct, palette,
};
use crate::table;
use crate::table::{Digit, Shortest};

table! {
    /// What one layer, or all of them, takes on the core in one program.
    pub struct CycleRow in "accel_cycles.csv" {
        /// Network description, the name of its file.
        pub network: String,
        /// Network: `relu` or `tanh` after its first convolution.
        pub activation: Activation,
        /// `software`, or `unit` with the custom instructions.
        pub build: String,
        /// `exact` or `tau=…`.
        pub configuration: String,
        /// Tolerance τ; empty without one.
        pub tau: Option<Shortest>,
        /// Threshold T in units of 2^−F; empty where nothing is compared with it.
        pub threshold: Option<u32>,
        /// What S_max is taken over: `window` or `running`; empty where nothing is compared.
        pub smax_scope: String,
        /// Images, from the first of the test set.
        pub images: usize,
        /// Layer; with a `+`, layers done together; `input` before them; or `all`.
        pub layer: String,
        /// Clock cycles per inference, mean over the images; empty, as all columns with cycles, on
        /// the reference model.
        pub cycles_average: Option<f64>,
        /// Cycles of the fastest image.
        pub cycles_min: Option<u32>,
        /// Cycles of the slowest image.
        pub cycles_max: Option<u32>,
        /// Share of the cycles of all layers.
        pub share_percent: Option<f64>,
        /// Cycles of the software build.
        pub software_cycles_average: Option<f64>,
        /// How many percent fewer cycles than software.
        pub reduction_percent: Option<f64>,
        /// What LeNet-Accel's instructions save; on the unit's `all` rows alone.
        pub lenet_accel_reduction_percent: Option<f64>,
        /// Software's cycles over these.
        pub speed_up: Option<f64>,
        /// Instructions retired per inference.
        pub instructions_average: f64,
        /// Multiplications in the unit per inference.
        pub multiplications_average: f64,
        /// Runs of the unit per inference: windows times kernels.
        pub windows_average: f64,
        /// Windows read from memory per inference.
        pub window_fetches_average: f64,
        /// Kernels read from memory per inference.
        pub kernel_loads_average: f64,
        /// Words that entered the unit per inference.
        pub memory_words_average: f64,
        /// Cycles of the unit in `GET_DATA`.
        pub get_data_cycles_average: Option<f64>,
        /// Cycles of the unit in `STAGE_1`.
        pub stage_1_cycles_average: Option<f64>,
        /// Cycles of the unit in `STAGE_2`.
        pub stage_2_cycles_average: Option<f64>,
        /// Cycles of the unit in `STAGE_3`.
        pub stage_3_cycles_average: Option<f64>,
        /// Cycles of the unit in `DONE`.
        pub done_cycles_average: Option<f64>,
    }
}

table! {
    /// One part of a layer's time, or of all layers', in one program. The parts of a layer add up
    /// to its cycles.
    pub struct TimeRow in "accel_time.csv" {
        /// Network description, the name of its file.
        pub network: String,
        /// Network: `relu` or `tanh` after its first convolution.
        pub activation: Activation,
        /// `software`, or `unit` with the custom instructions.
        pub build: String,
        /// `exact` or `tau=…`.
        pub configuration: String,
        /// Tolerance τ; empty without one.
        pub tau: Option<Shortest>,
        /// Threshold T in units of 2^−F; empty where nothing is compared with it.
        pub threshold: Option<u32>,
        /// What S_max is taken over: `window` or `running`; empty where nothing is compared.
        pub smax_scope: String,
        /// Images, from the first of the test set.
        pub images: usize,
        /// Layer; with a `+`, layers done together; `input` before them; or `all`.
        pub layer: String,
        /// What the core does: `kernel_loads`, `window_fetches`, `convolution`, `output_reads`,
        /// `loads_and_stores`, `branches_and_jumps` or `arithmetic`.
        pub part: String,
        /// Clock cycles per inference, mean over the images.
        pub cycles_average: f64,
        /// Share of the cycles of all layers.
        pub share_percent: f64,
    }
}

table! {
    /// One score of the first image, exact and at a tolerance.
    pub struct ScoreRow in "scores.csv" {
        /// Network description, the name of its file.
        pub network: String,
        /// Network: `relu` or `tanh` after its first convolution.
        pub activation: Activation,
        /// Digit that the first image shows.
        pub label: Digit,
        /// `tau=…`.
        pub configuration: String,
        /// Tolerance τ; empty without one.
        pub tau: Option<Shortest>,
        /// Threshold T in units of 2^−F; empty where nothing is compared with it.
        pub threshold: Option<u32>,
        /// What S_max is taken over: `window` or `running`; empty where the layers differ.
        pub smax_scope: String,
        /// Class that the score is of.
        pub class: usize,
        /// Score with exact convolutions.
        pub exact: i32,
        /// Score with approximate convolutions.
        pub custom: i32,
        /// |exact − custom|.
        pub absolute_error: u32,
        /// The same in percent of |exact|; empty if that is 0.
        pub percentage_error: Option<f64>,
    }
}

table! {
    /// The errors of all scores of many images at a tolerance.
    pub struct ScoreErrorRow in "score_errors.csv" {
        /// Network description, the name of its file.
        pub network: String,
        /// Network: `relu` or `tanh` after its first convolution.
        pub activation: Activation,
        /// Images, from the first of the test set.
        pub images: usize,
        /// `tau=…`.
        pub configuration: String,
        /// Tolerance τ; empty without one.
        pub tau: Option<Shortest>,
        /// Threshold T in units of 2^−F; empty where nothing is compared with it.
        pub threshold: Option<u32>,
        /// What S_max is taken over: `window` or `running`; empty where the layers differ.
        pub smax_scope: String,
        /// Scores compared.
        pub scores: usize,
        /// |exact − custom|, mean over the scores.
        pub mean_absolute_error: f64,
        /// Median of the same.
        pub median_absolute_error: f64,
        /// 95th percentile of the same.
        pub p95_absolute_error: f64,
        /// Largest of the same.
        pub max_absolute_error: f64,
        /// Error in percent of |exact|, mean over the scores that are not 0.
        pub mean_percentage_error: Option<f64>,
        /// Median of the same.
        pub median_percentage_error: Option<f64>,
        /// 95th percentile of the same.
        pub p95_percentage_error: Option<f64>,
        /// Largest of the same.
        pub max_percentage_error: Option<f64>,
        /// The paper's mean, of one image.
        pub paper_mean_percentage_error: Option<f64>,
        /// The paper's median, of one image.
        pub paper_median_percentage_error: Option<f64>,
        /// Images that get another class than with exact convolutions.
        pub class_flips: usize,
        /// Images classified right with exact convolutions, in percent.
        pub exact_accuracy_percent: f64,
        /// Images classified right, in percent.
        pub accuracy_percent: f64,
    }
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

/// The build that does without the unit.
const SOFTWARE: &str = "software";

/// The colour and the name of a program.
fn program(build: &str, configuration: &str) -> (String, RGBColor) {
    if build == SOFTWARE {
        (SOFTWARE.to_owned(), palette::ORANGE)
    } else {
        (format!("unit, {}", configuration_title(configuration)), colour(configuration))
    }
}

/// A figure for each network.
fn by_network<R>(
    name: &str,
    rows: &[R],
    network: impl Fn(&R) -> &str,
    chart: impl Fn(&str, &[&R]) -> Bars,
) -> Result<Vec<Figure>, PlotError> {
    let draw = |of: &str| {
        let rows: Vec<&R> = rows.iter().filter(|row| network(row) == of).collect();
        chart(of, &rows).draw(format!("{name}_{of}"))
    };
    distinct(rows.iter().map(&network)).into_iter().filter_map(draw).collect()
}

pub(super) static CYCLES: Plot = Plot {
    name: "accel_cycles",
    draw: |folder| {
        by_network(
            "accel_cycles",
            &folder.rows::<CycleRow>()?,
            |it| &it.network,
            |of, rows| {
                let timed = rows.iter().any(|row| row.cycles_average.is_some());
                let what = if timed { "cycles" } else { "instructions" };
                // Software, exact, and the tightest tolerance: the others differ by next to nothing.
                let key = |row: &&CycleRow| (row.build.clone(), row.configuration.clone());
                let mut programs = distinct(rows.iter().map(&key));
                programs.truncate(3);
                let group = |layer: &str| {
                    let bar = |row: &&CycleRow| {
                        let value = row.cycles_average.unwrap_or(row.instructions_average);
                        let bar = Bar::new(value, program(&row.build, &row.configuration).1);
                        match (row.cycles_min, row.cycles_max) {
                            (Some(min), Some(max)) => bar.range(f64::from(min), f64::from(max)),
                            _ => bar,
                        }
                    };
                    let rows = rows
                        .iter()
                        .filter(|row| row.layer == layer && programs.contains(&key(row)));
                    Group::new(layer, rows.map(bar).collect())
                };
                let layers = distinct(rows.iter().map(|row| row.layer.as_str()));
                let images = rows.first().map_or(0, |row| row.images);
                Bars {
                    title: format!(
                        "{of} – {what} of an inference on the core, mean of {images} images"
                    ),
                    axis: format!("{what} per inference"),
                    legend: programs.iter().map(|(build, name)| program(build, name)).collect(),
                    note: if timed {
                        "Lines run from the fastest to the slowest image."
                    } else {
                        ""
                    }
                    .to_owned(),
                    groups: layers.into_iter().map(group).collect(),
                    ..Bars::default()
                }
            },
        )
    },
};

pub(super) static TIME: Plot = Plot {
    name: "accel_time",
    draw: |folder| {
        const COLOURS: [RGBColor; PARTS.len()] = [
            palette::BLUE,
            palette::SKY,
            palette::GREEN,
            palette::OLIVE,
            palette::ORANGE,
            palette::PURPLE,
            RGBColor(150, 150, 150),
        ];
        by_network(
            "accel_time",
            &folder.rows::<TimeRow>()?,
            |it| &it.network,
            |of, rows| {
                let key = |row: &&TimeRow| (row.build.clone(), row.configuration.clone());
                let mut groups = Vec::new();
                for layer in distinct(rows.iter().map(|row| row.layer.as_str())) {
                    groups.push(Group::heading(format!("layer {layer}")));
                    let of_layer: Vec<&TimeRow> =
                        rows.iter().copied().filter(|row| row.layer == layer).collect();
                    let mut programs = distinct(of_layer.iter().map(&key));
                    programs.truncate(3);
                    for (build, configuration) in programs {
                        let bar = |(part, colour): (&&str, RGBColor)| {
                            let of_part = of_layer.iter().filter(|row| {
                                row.part == *part
                                    && row.build == build
                                    && row.configuration == configuration
                            });
                            Bar::new(of_part.map(|row| row.cycles_average).sum(), colour)
                        };
                        let bars = PARTS.iter().zip(COLOURS).map(bar).collect();
                        groups.push(Group::new(program(&build, &configuration).0, bars));
                    }
                }
                let images = rows.first().map_or(0, |row| row.images);
                let legend = PARTS.iter().zip(COLOURS);
                Bars {
                    title: format!(
                        "{of} – where the cycles of an inference go, mean of {images} images"
                    ),
                    axis: "cycles per inference".to_owned(),
                    legend: legend.map(|(part, colour)| (part.replace('_', " "), colour)).collect(),
                    stacked: true,
                    groups,
                    ..Bars::default()
                }
            },
        )
    },
};

pub(super) static SCORES: Plot = Plot {
    name: "scores",
    draw: |folder| {
        by_network(
            "scores",
            &folder.rows::<ScoreRow>()?,
            |it| &it.network,
            |of, rows| {
                let least =
                    rows.iter().filter_map(|row| row.tau).min_by(|a, b| a.0.total_cmp(&b.0));
                let rows: Vec<&ScoreRow> =
                    rows.iter().copied().filter(|row| row.tau == least).collect();
                let group = |row: &&ScoreRow| {
                    let label = format!("{} → {}", signed(row.exact), signed(row.custom));
                    let bar = Bar::new(f64::from(row.absolute_error), colour(&row.configuration));
                    Group::new(format!("class {}", row.class), vec![bar.label(label)])
                };
                let configuration = rows.first().map_or("", |row| row.configuration.as_str());
                Bars {
                    title: format!(
                        "{of} – errors of the scores of the first image, {}",
                        configuration_title(configuration)
                    ),
                    axis: "|exact − custom|, in units of the integer scores".to_owned(),
                    note: "Beside the bars: the exact score and the approximate one.".to_owned(),
                    groups: rows.iter().map(group).collect(),
                    ..Bars::default()
                }
            },
        )
    },
};

fn signed(score: i32) -> String {
    score.to_string().replace('-', "−")
}

pub(super) static SCORE_ERRORS: Plot = Plot {
    name: "score_errors",
    draw: |folder| {
        by_network(
            "score_errors",
            &folder.rows::<ScoreErrorRow>()?,
            |it| &it.network,
            |of, rows| {
                let group = |row: &&ScoreErrorRow| {
                    let bar = Bar::new(
                        row.median_percentage_error.unwrap_or(0.0),
                        colour(technique::PAPER_RULE),
                    );
                    let label = format!(
                        "{:.2} %; {} of {} images change class",
                        bar.value, row.class_flips, row.images
                    );
                    let bar = bar.mark(row.paper_median_percentage_error).label(label);
                    Group::new(configuration_title(&row.configuration), vec![bar])
                };
                let images = rows.first().map_or(0, |row| row.images);
                let paper = rows.iter().any(|row| row.paper_median_percentage_error.is_some());
                Bars {
                    title: format!("{of} – median error of the scores, {images} images"),
                    axis: "median error of a score, of the exact one's magnitude (%)".to_owned(),
                    mark: paper.then(|| "the paper's, of one image".to_owned()),
                    groups: rows.iter().map(group).collect(),
                    ..Bars::default()
                }
            },
        )
    },
};
