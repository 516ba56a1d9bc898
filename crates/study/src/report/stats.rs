//! The statistics table of a data set: how many of its pixels are zero.

use std::io;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use crate::data::{Image, PIXELS};

/// Statistics of zero pixels and of intensity over a list of images.
#[derive(Debug, Clone, PartialEq)]
pub struct ZeroPixelStats {
    /// Images.
    pub images: usize,
    /// Pixels of each.
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

/// One line of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The name in result files.
    pub statistic: &'static str,
    /// The name on the terminal.
    pub title: &'static str,
    /// What was found.
    pub value: f64,
    /// What the paper has, if it can be read there.
    pub paper: Option<f64>,
    /// Decimals that are printed, as many as the paper prints.
    pub decimals: usize,
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

    /// The lines of the table, beside the paper's for all 70,000 images of MNIST. The paper's
    /// two intensities are formulas that its text does not carry.
    pub fn rows(&self) -> Vec<Row> {
        let row = |statistic, title, value, paper, decimals| Row {
            statistic,
            title,
            value,
            paper,
            decimals,
        };
        vec![
            row("images", "Images", self.images as f64, Some(70_000.0), 0),
            row(
                "pixels_per_image",
                "Pixels per image",
                self.pixels_per_image as f64,
                Some(784.0),
                0,
            ),
            row("zero_pixels_average", "Average zero pixels", self.average, Some(633.92), 2),
            row("zero_pixels_min", "Minimum zero pixels", self.min as f64, Some(433.0), 0),
            row("zero_pixels_max", "Maximum zero pixels", self.max as f64, Some(750.0), 0),
            row(
                "zero_pixels_standard_deviation",
                "Standard deviation (zero pixels)",
                self.standard_deviation,
                Some(41.46),
                2,
            ),
            row(
                "zero_pixels_percent",
                "Zero pixels overall, %",
                self.zero_percentage,
                Some(80.86),
                2,
            ),
            row("intensity_mean", "Mean intensity (0 to 1)", self.intensity_mean, None, 4),
            row(
                "intensity_standard_deviation",
                "Standard deviation of intensity",
                self.intensity_standard_deviation,
                None,
                4,
            ),
        ]
    }

    /// Writes the table as CSV, values in full, with the paper's as printed there.
    pub fn write_csv(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(["statistic", "value", "paper", "difference"])?;
        for row in self.rows() {
            let paper = row.paper.map_or(String::new(), |paper| paper.to_string());
            csv.write_record([row.statistic, &row.value.to_string(), &paper, &row.difference()])?;
        }
        csv.flush()
    }

    /// The table for the terminal.
    pub fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_preset(UTF8_FULL_CONDENSED).set_header([
            "statistic",
            "here",
            "paper",
            "difference",
        ]);
        for row in self.rows() {
            let paper = row.paper.map_or("–".into(), |paper| row.print(paper));
            table.add_row([row.title.into(), row.print(row.value), paper, row.difference()]);
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }
}

impl Row {
    /// A number with the decimals of this line.
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

/// Mean and standard deviation of `count` numbers, from their sum and the sum of their squares.
fn moments(count: usize, sum: u64, sum_of_squares: u64) -> (f64, f64) {
    let count = count as f64;
    let mean = sum as f64 / count;
    (mean, (sum_of_squares as f64 / count - mean * mean).max(0.0).sqrt())
}
