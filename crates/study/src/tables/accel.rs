// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tables of whole inferences on the core.

use plotters::style::RGBColor;

use super::{ALL_LAYERS, Level, PlotBy, Tolerance, colour, technique};
use crate::report::figure::{Bar, Bars, Group, configuration_title, distinct, palette};
use crate::table;
use crate::table::{Digit, Shortest};

table! {
    /// What one layer, or all of them, takes on the core in one program.
    pub struct CycleRow in "accel_cycles.csv" {
        /// Network, the name of its file.
        pub network: String,
        /// `software`, or `unit` with the custom instructions.
        pub build: String,
        /// `exact` or `tau=…`.
        pub configuration: String,
        pub tolerance: Tolerance,
        /// Images, from the first of the test set.
        pub images: usize,
        /// `layer`; or `network`, whose rows sum all layers.
        pub level: Level,
        /// Layer; with a `+`, layers done together; `input` before them; empty on the rows of the
        /// network.
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
        /// What LeNet-Accel's instructions save; on the unit's rows of the network alone.
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
        /// Network, the name of its file.
        pub network: String,
        /// `software`, or `unit` with the custom instructions.
        pub build: String,
        /// `exact` or `tau=…`.
        pub configuration: String,
        pub tolerance: Tolerance,
        /// Images, from the first of the test set.
        pub images: usize,
        /// `layer`; or `network`, whose rows sum all layers.
        pub level: Level,
        /// Layer; with a `+`, layers done together; `input` before them; empty on the rows of the
        /// network.
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
        /// Network, the name of its file.
        pub network: String,
        /// Digit that the first image shows.
        pub label: Digit,
        /// `tau=…`.
        pub configuration: String,
        pub tolerance: Tolerance,
        /// Class that the score is of.
        pub class: usize,
        /// Score with exact convolutions.
        #[formerly("exact")]
        pub exact_score: Shortest,
        /// Score with approximate convolutions.
        #[formerly("custom")]
        pub approximate_score: Shortest,
        /// |exact − approximate|.
        pub absolute_error: Shortest,
        /// The same in percent of |exact|; empty if that is 0.
        pub percentage_error: Option<f64>,
    }
}

table! {
    /// The errors of all scores of many images at a tolerance.
    pub struct ScoreErrorRow in "score_errors.csv" {
        /// Network, the name of its file.
        pub network: String,
        /// Images, from the first of the test set.
        pub images: usize,
        /// `tau=…`.
        pub configuration: String,
        pub tolerance: Tolerance,
        /// Scores compared.
        pub scores: usize,
        /// |exact − approximate|, mean over the scores.
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

/// A program: its build and its configuration.
type Program = (String, String);

/// The first programs among the rows: software, exact, and the tightest tolerance. The others differ
/// by next to nothing.
fn programs<R>(rows: &[&R], program: impl Fn(&R) -> Program) -> Vec<Program> {
    let mut programs = distinct(rows.iter().map(|row| program(row)));
    programs.truncate(3);
    programs
}

/// The name and the colour of a program.
fn look((build, configuration): &Program) -> (String, RGBColor) {
    if build == SOFTWARE {
        (SOFTWARE.to_owned(), palette::ORANGE)
    } else {
        (format!("unit, {}", configuration_title(configuration)), colour(configuration))
    }
}

pub(crate) static CYCLES: PlotBy<CycleRow> = PlotBy {
    name: "accel_cycles",
    key: |row| &row.network,
    figure: |of, rows, name| {
        let timed = rows.iter().any(|row| row.cycles_average.is_some());
        let what = if timed { "cycles" } else { "instructions" };
        let key = |row: &CycleRow| (row.build.clone(), row.configuration.clone());
        let programs = programs(rows, key);
        let group = |layer: &str| {
            let bar = |row: &&CycleRow| {
                let value = row.cycles_average.unwrap_or(row.instructions_average);
                let bar = Bar::new(value, look(&key(row)).1);
                match (row.cycles_min, row.cycles_max) {
                    (Some(min), Some(max)) => bar.range(f64::from(min), f64::from(max)),
                    _ => bar,
                }
            };
            let of_layer =
                rows.iter().filter(|it| it.layer == layer && programs.contains(&key(it)));
            let name = if layer == ALL_LAYERS { "all layers" } else { layer };
            Group::new(name, of_layer.map(bar).collect())
        };
        let layers = distinct(rows.iter().map(|row| row.layer.as_str()));
        let images = rows[0].images;
        let note = if timed { "Lines run from the fastest to the slowest image." } else { "" };
        Bars {
            title: format!("{of} – {what} of an inference on the core, mean of {images} images"),
            axis: format!("{what} per inference"),
            legend: programs.iter().map(look).collect(),
            note: note.to_owned(),
            groups: layers.into_iter().map(group).collect(),
            ..Bars::default()
        }
        .draw(name)
    },
};

pub(crate) static TIME: PlotBy<TimeRow> = PlotBy {
    name: "accel_time",
    key: |row| &row.network,
    figure: |of, rows, name| {
        const COLOURS: [RGBColor; PARTS.len()] = [
            palette::BLUE,
            palette::SKY,
            palette::GREEN,
            palette::OLIVE,
            palette::ORANGE,
            palette::PURPLE,
            RGBColor(150, 150, 150),
        ];
        let key = |row: &TimeRow| (row.build.clone(), row.configuration.clone());
        let mut groups = Vec::new();
        for layer in distinct(rows.iter().map(|row| row.layer.as_str())) {
            let all = layer == ALL_LAYERS;
            let heading = if all { "all layers".to_owned() } else { format!("layer {layer}") };
            groups.push(Group::heading(heading));
            let of_layer: Vec<&TimeRow> =
                rows.iter().copied().filter(|row| row.layer == layer).collect();
            for program in programs(&of_layer, key) {
                let bar = |(part, colour): (&&str, RGBColor)| {
                    let of_part =
                        of_layer.iter().filter(|row| row.part == *part && key(row) == program);
                    Bar::new(of_part.map(|row| row.cycles_average).sum(), colour)
                };
                let bars = PARTS.iter().zip(COLOURS).map(bar).collect();
                groups.push(Group::new(look(&program).0, bars));
            }
        }
        let images = rows[0].images;
        let legend = PARTS.iter().zip(COLOURS);
        Bars {
            title: format!("{of} – where the cycles of an inference go, mean of {images} images"),
            axis: "cycles per inference".to_owned(),
            legend: legend.map(|(part, colour)| (part.replace('_', " "), colour)).collect(),
            stacked: true,
            groups,
            ..Bars::default()
        }
        .draw(name)
    },
};

pub(crate) static SCORES: PlotBy<ScoreRow> = PlotBy {
    name: "scores",
    key: |row| &row.network,
    figure: |of, rows, name| {
        let least =
            rows.iter().filter_map(|row| row.tolerance.tau).min_by(|a, b| a.0.total_cmp(&b.0));
        let rows: Vec<&ScoreRow> =
            rows.iter().copied().filter(|row| row.tolerance.tau == least).collect();
        let group = |row: &&ScoreRow| {
            let bar = Bar::new(row.absolute_error.0, colour(&row.configuration));
            Group::new(
                format!("class {}", row.class),
                vec![bar.scores(row.exact_score.0, row.approximate_score.0)],
            )
        };
        let configuration = configuration_title(&rows.first()?.configuration);
        Bars {
            title: format!("{of} – errors of the scores of the first image, {configuration}"),
            axis: "|exact − approximate|, in units of the scores".to_owned(),
            note: "Beside the bars: the exact score and the approximate one.".to_owned(),
            groups: rows.iter().map(group).collect(),
            ..Bars::default()
        }
        .draw(name)
    },
};

pub(crate) static SCORE_ERRORS: PlotBy<ScoreErrorRow> = PlotBy {
    name: "score_errors",
    key: |row| &row.network,
    figure: |of, rows, name| {
        let group = |row: &&ScoreErrorRow| {
            let median = row.median_percentage_error.unwrap_or(0.0);
            let label =
                format!("{median:.2} %; {} of {} images change class", row.class_flips, row.images);
            let bar = Bar::new(median, colour(technique::PAPER_RULE));
            let bar = bar.mark(row.paper_median_percentage_error).label(label);
            Group::new(configuration_title(&row.configuration), vec![bar])
        };
        let paper = rows.iter().any(|row| row.paper_median_percentage_error.is_some());
        Bars {
            title: format!("{of} – median error of the scores, {} images", rows[0].images),
            axis: "median error of a score, of the exact one's magnitude (%)".to_owned(),
            mark: paper.then(|| "the paper's, of one image".to_owned()),
            groups: rows.iter().map(group).collect(),
            ..Bars::default()
        }
        .draw(name)
    },
};
