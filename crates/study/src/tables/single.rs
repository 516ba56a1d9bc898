// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tables of commands that write one: statistics of a data set, channel orders, searched thresholds,
//! and coverage of random programs.

use comfy_table::Table;

use super::{Drawn, PlotBy, PlotOf, colour};
use crate::data::{Image, PIXELS};
use crate::report::figure::{Bar, Bars, Group, configuration_title, distinct, palette, thousands};
use crate::report::terminal;
use crate::statistics::moments;
use crate::table;
use crate::table::Plain;

table! {
    /// One setting of the thresholds that a search tried on the validation images.
    pub struct SearchRow in "search.csv" {
        /// Number of the step; 0 is the start.
        pub step: usize,
        /// Layer whose threshold was lowered; empty at the start.
        pub layer: String,
        /// T that it was lowered to, in units of 2^−F; empty at the start.
        pub threshold: Option<u32>,
        /// T of each layer in units of 2^−F, with / between.
        pub thresholds: String,
        /// Multiplications per inference, mean over the validation images.
        pub multiplications_average: f64,
        /// How many percent fewer multiplications than exact.
        pub reduction_vs_exact_percent: f64,
        /// Validation images classified right, in percent.
        pub accuracy_percent: f64,
        /// Accuracy lost against exact inference.
        pub loss_points: f64,
        /// `taken`, or `refused` if another layer was better or the loss too large.
        pub decision: String,
    }
}

table! {
    /// One score of a picture of a digit.
    pub struct ClassifyRow in "classify.csv" {
        /// Name of the file.
        pub file: String,
        /// What is multiplied: `zero-skip`, `tau=…`, or the name of an operating point.
        pub configuration: String,
        /// Class that the score is of.
        pub class: usize,
        /// Score when nothing is skipped.
        pub exact_score: i32,
        /// Score in the configuration.
        pub approximate_score: i32,
        /// |exact − approximate|.
        pub absolute_error: u32,
        /// The same in percent of |exact|; empty if that is 0.
        pub percentage_error: Option<f64>,
        /// What one unit of the scores stands for: a power of two.
        pub score_unit: Plain,
        /// Softmax of the class when nothing is skipped.
        pub exact_softmax_percent: f64,
        /// Softmax of the class in the configuration.
        pub approximate_softmax_percent: f64,
    }
}

table! {
    /// One bin of what random programs are to reach.
    pub struct CoverageRow in "coverage.csv" {
        /// Name of the bin: the group, then what it is of, with / between.
        pub bin: String,
        /// Times that the programs have reached it.
        pub hits: u64,
    }
}

table! {
    /// One statistic of the pixels of a data set, beside the paper's for all 70,000 images of MNIST.
    pub struct StatRow in "stats.csv" {
        /// Name of the statistic.
        pub statistic: String,
        /// What was found.
        pub value: Plain,
        /// What the paper prints; empty where its text has nothing.
        pub paper: Option<Plain>,
        /// What was found less what the paper has, both as printed; empty where it has nothing.
        #[formerly("difference")]
        pub above_paper: String,
    }
}

/// Statistics of zero pixels and of intensity over a list of images.
#[derive(Debug, Clone, PartialEq)]
pub struct ZeroPixelStats {
    pub images: usize,
    pub pixels_per_image: usize,
    /// Zero pixels of an image, on average.
    pub average: f64,
    /// Zero pixels of the image with the fewest.
    pub min: usize,
    /// Zero pixels of the image with the most.
    pub max: usize,
    /// Standard deviation of the zero pixels of an image, over the population: all images are
    /// counted, none is a sample. (Over the 70,000 of MNIST both kinds print as 41.46.)
    pub standard_deviation: f64,
    /// Share of all pixels that is zero, in percent.
    pub zero_percentage: f64,
    /// Mean of all pixels, 1 being full ink.
    pub intensity_mean: f64,
    /// Standard deviation of all pixels, over the population, 1 being full ink.
    pub intensity_standard_deviation: f64,
}

impl ZeroPixelStats {
    /// Counts over the images; `None` if there are none.
    pub fn of<'a>(images: impl IntoIterator<Item = &'a Image>) -> Option<Self> {
        // Whole numbers up to the last step: the result does not depend on the order.
        let (mut count, mut zeros, mut zeros_squared) = (0usize, 0u64, 0u64);
        let (mut min, mut max) = (usize::MAX, 0);
        let (mut ink, mut ink_squared) = (0u64, 0u64);
        for image in images {
            let zero = image.zero_pixels();
            count += 1;
            zeros += zero as u64;
            zeros_squared += (zero * zero) as u64;
            min = min.min(zero);
            max = max.max(zero);
            for &pixel in &image.pixels {
                ink += pixel as u64;
                ink_squared += pixel as u64 * pixel as u64;
            }
        }
        if count == 0 {
            return None;
        }
        let (average, standard_deviation) = moments(count, zeros, zeros_squared);
        let (ink_mean, ink_deviation) = moments(count * PIXELS, ink, ink_squared);
        Some(ZeroPixelStats {
            images: count,
            pixels_per_image: PIXELS,
            average,
            min,
            max,
            standard_deviation,
            zero_percentage: 100.0 * average / PIXELS as f64,
            intensity_mean: ink_mean / 255.0,
            intensity_standard_deviation: ink_deviation / 255.0,
        })
    }

    /// The statistics, beside the paper's for all 70,000 images of MNIST. The paper's two
    /// intensities are formulas that its text does not carry.
    pub fn statistics(&self) -> [Statistic; 9] {
        let statistic =
            |name, title, value, paper, decimals| Statistic { name, title, value, paper, decimals };
        let (images, pixels) = (self.images as f64, self.pixels_per_image as f64);
        let (min, max, deviation) = (self.min as f64, self.max as f64, self.standard_deviation);
        let (ink, ink_deviation) = (self.intensity_mean, self.intensity_standard_deviation);
        [
            statistic("images", "Images", images, Some(70_000.0), 0),
            statistic("pixels_per_image", "Pixels per image", pixels, Some(784.0), 0),
            statistic(AVERAGE, "Average zero pixels", self.average, Some(633.92), 2),
            statistic(MIN, "Minimum zero pixels", min, Some(433.0), 0),
            statistic(MAX, "Maximum zero pixels", max, Some(750.0), 0),
            statistic(DEVIATION, "Standard deviation (zero pixels)", deviation, Some(41.46), 2),
            statistic(
                "zero_pixels_percent",
                "Zero pixels overall, %",
                self.zero_percentage,
                Some(80.86),
                2,
            ),
            statistic("intensity_mean", "Mean intensity (0 to 1)", ink, None, 4),
            statistic(
                "intensity_standard_deviation",
                "Standard deviation of intensity",
                ink_deviation,
                None,
                4,
            ),
        ]
    }

    pub fn rows(&self) -> Vec<StatRow> {
        let row = |it: &Statistic| StatRow {
            statistic: it.name.to_owned(),
            value: Plain(it.value),
            paper: it.paper.map(Plain),
            above_paper: it.difference(),
        };
        self.statistics().iter().map(row).collect()
    }

    /// The table for the terminal.
    pub fn table(&self) -> Table {
        let mut table = terminal::table(["statistic", ">here", ">paper", ">difference"]);
        for it in self.statistics() {
            let paper = terminal::number(it.paper, it.decimals);
            table.add_row([it.title.to_owned(), it.print(it.value), paper, it.difference()]);
        }
        table
    }
}

/// Names of statistics that are drawn.
const AVERAGE: &str = "zero_pixels_average";
const MIN: &str = "zero_pixels_min";
const MAX: &str = "zero_pixels_max";
const DEVIATION: &str = "zero_pixels_standard_deviation";

#[derive(Debug, Clone, PartialEq)]
pub struct Statistic {
    /// Its name in result files.
    pub name: &'static str,
    /// Its name on the terminal.
    pub title: &'static str,
    pub value: f64,
    /// What the paper has, if it can be read there.
    pub paper: Option<f64>,
    /// Decimals that are printed, as many as the paper prints.
    pub decimals: usize,
}

impl Statistic {
    /// A number with the decimals of this statistic.
    pub fn print(&self, number: f64) -> String {
        format!("{number:.*}", self.decimals)
    }

    /// What was found, as printed, less what the paper has; empty where it has nothing.
    pub fn difference(&self) -> String {
        let Some(paper) = self.paper else {
            return String::new();
        };
        // Both rounded as the paper rounds, so that agreement to the printed digit is zero.
        let unit = 10f64.powi(self.decimals as i32);
        let steps = (self.value * unit).round() - (paper * unit).round();
        self.print(steps / unit)
    }
}

pub(crate) static STATISTICS: PlotBy<StatRow> = PlotBy {
    name: "zero_pixels",
    key: |_| "",
    figure: |_, rows, name| {
        let find = |name: &str| rows.iter().find(|row| row.statistic == name);
        let deviations = find(DEVIATION);
        let group = |(name, title): (&str, &str)| {
            let row = find(name)?;
            let bar = |value: f64, colour, deviation: Option<f64>| {
                let bar = Bar::new(value, colour);
                match deviation.filter(|_| name == AVERAGE) {
                    Some(it) => bar.range(value - it, value + it),
                    None => bar,
                }
            };
            let here = deviations.map(|it| it.value.0);
            let mut bars = vec![bar(row.value.0, palette::BLUE, here)];
            let paper = deviations.and_then(|it| it.paper).map(|it| it.0);
            bars.extend(row.paper.map(|it| bar(it.0, palette::ORANGE, paper)));
            Some(Group::new(title, bars))
        };
        let statistics = [(MIN, "minimum"), (AVERAGE, "average"), (MAX, "maximum")];
        let images = thousands(find("images").map_or(0.0, |row| row.value.0));
        Bars {
            title: format!("Zero pixels per image, {images} images"),
            axis: "zero pixels of an image".to_owned(),
            decimals: 2,
            legend: vec![
                ("here".to_owned(), palette::BLUE),
                ("the paper, all of MNIST".to_owned(), palette::ORANGE),
            ],
            note: "The lines are one standard deviation to either side.".to_owned(),
            groups: statistics.into_iter().filter_map(group).collect(),
            ..Bars::default()
        }
        .draw(name)
    },
};

pub(crate) static SEARCH: PlotOf = PlotOf {
    name: "search",
    draw: |folder| {
        let draw = |(name, rows): (String, Vec<SearchRow>)| -> Drawn {
            let group = |row: &SearchRow| {
                let count = thousands(row.multiplications_average);
                let label = format!("{count}, loss {:.2}", row.loss_points);
                let layer = if row.layer.is_empty() { "start" } else { &row.layer };
                let bar = Bar::new(row.multiplications_average, palette::BLUE).label(label);
                Group::new(format!("{}: {layer}, T = {}", row.step, row.thresholds), vec![bar])
            };
            let taken = rows.iter().filter(|row| row.decision == "taken");
            let refused = rows.len() - taken.clone().count();
            let chart = Bars {
                title: format!("{name} – steps of the search for thresholds"),
                axis: "multiplications per inference on the validation images".to_owned(),
                note: format!(
                    "The steps taken, each with the layer that was lowered and the loss in points of accuracy; {refused} others were tried."
                ),
                groups: taken.map(group).collect(),
                ..Bars::default()
            };
            chart.draw(name)
        };
        folder.files::<SearchRow>()?.into_iter().filter_map(draw).collect()
    },
};

pub(crate) static CLASSIFY: PlotBy<ClassifyRow> = PlotBy {
    name: "classify",
    key: |_| "",
    figure: |_, rows, name| {
        let mut groups = Vec::new();
        for file in distinct(rows.iter().map(|row| row.file.as_str())) {
            let of_file = || rows.iter().filter(|row| row.file == file);
            let best = |score: fn(&ClassifyRow) -> i32| {
                let best = of_file().max_by_key(|row| (score(row), std::cmp::Reverse(row.class)));
                best.map_or(0, |row| row.class)
            };
            let (exact, here) = (best(|row| row.exact_score), best(|row| row.approximate_score));
            groups.push(Group::heading(format!("{file}: {exact} when exact, {here} here")));
            for row in of_file() {
                let bar = Bar::new(f64::from(row.absolute_error), colour(&row.configuration));
                let bar = bar.scores(row.exact_score.into(), row.approximate_score.into());
                groups.push(Group::new(format!("class {}", row.class), vec![bar]));
            }
        }
        Bars {
            title: format!("Scores of pictures, {}", configuration_title(&rows[0].configuration)),
            axis: "|exact − approximate|, in units of the integer scores".to_owned(),
            note: "Beside the bars: the exact score and the approximate one.".to_owned(),
            groups,
            ..Bars::default()
        }
        .draw(name)
    },
};

pub(crate) static COVERAGE: PlotBy<CoverageRow> = PlotBy {
    name: "coverage",
    key: |_| "",
    figure: |_, rows, name| {
        let group_of =
            |row: &&CoverageRow| row.bin.split('/').next().unwrap_or_default().to_owned();
        let group = |name: String| {
            let bins = rows.iter().filter(|row| group_of(row) == name);
            let (all, hit) =
                bins.fold((0, 0), |(all, hit), row| (all + 1, hit + usize::from(row.hits > 0)));
            let complete = if hit == all { palette::GREEN } else { palette::VERMILLION };
            let bar = Bar::new(100.0 * hit as f64 / all as f64, complete);
            Group::new(name, vec![bar.label(format!("{hit} of {all}"))])
        };
        let hit = rows.iter().filter(|row| row.hits > 0).count();
        Bars {
            title: format!("Random programs – {hit} of {} bins reached", rows.len()),
            axis: "bins reached (%)".to_owned(),
            note: "Green where all bins of a group are reached.".to_owned(),
            groups: distinct(rows.iter().map(group_of)).into_iter().map(group).collect(),
            ..Bars::default()
        }
        .draw(name)
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    /// Two images whose statistics are known by hand.
    fn two() -> [Image; 2] {
        let mut pixels = [0; PIXELS];
        pixels[..196].fill(255);
        [Image { pixels: [0; PIXELS], label: 0 }, Image { pixels, label: 1 }]
    }

    #[test]
    fn statistics_by_hand() {
        let stats = ZeroPixelStats::of(&two()).unwrap();
        assert_eq!((stats.images, stats.min, stats.max), (2, 588, 784));
        assert_eq!((stats.average, stats.standard_deviation), (686.0, 98.0));
        assert_eq!((stats.zero_percentage, stats.intensity_mean), (87.5, 0.125));
        assert!((stats.intensity_standard_deviation - (0.125f64 * 0.875).sqrt()).abs() < 1e-12);
        assert_eq!(ZeroPixelStats::of([]), None);
    }

    #[test]
    fn agreement_to_the_printed_digit_is_no_difference() {
        let mut average = ZeroPixelStats::of(&two()).unwrap().statistics()[2].clone();
        for (value, difference) in [(633.918, "0.00"), (633.9249, "0.00"), (633.91, "-0.01")] {
            average.value = value;
            assert_eq!(average.difference(), difference, "{value}");
        }
    }

    #[test]
    fn the_table_as_csv_and_on_the_terminal() {
        let stats = ZeroPixelStats::of(&two()).unwrap();
        let csv = table::lines(&stats.rows()).unwrap();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(
            lines[..3],
            [
                "images,2,70000,-69998",
                "pixels_per_image,784,784,0",
                "zero_pixels_average,686,633.92,52.08"
            ]
        );
        assert_eq!(lines[6..8], ["zero_pixels_percent,87.5,80.86,6.64", "intensity_mean,0.125,,"]);
        let table = stats.table().to_string();
        for text in ["686.00", "633.92", "52.08", "87.50"] {
            assert!(table.contains(text), "{text} in\n{table}");
        }
    }
}
