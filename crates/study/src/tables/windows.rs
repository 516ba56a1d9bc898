// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tables of filters over windows of images.

use std::collections::BTreeSet;

use plotters::style::RGBColor;

use super::{PlotBy, colour};
use crate::report::figure::{Bar, Bars, Group, configuration_title, distinct, thousands};
use crate::statistics::{median, percentile};
use crate::table::{Digit, Shortest};
use crate::{columns, table, words};

words! {
    /// What a row of the summary is about.
    pub enum Over: "filter or filters" {
        Filter = "filter",
        Filters = "filters",
    }
}

columns! {
    /// A filter in a configuration.
    pub struct FilterKey {
        /// Name of the filter; empty on the rows over all filters.
        pub filter: String,
        /// What is multiplied: `exact`, `zero-skip` or `tau=…`.
        pub configuration: String,
        /// Mode of the unit.
        pub mode: String,
        /// Tolerance τ; empty without one.
        pub tau: Option<Shortest>,
        /// Threshold T in units of 2^−F; empty where nothing is compared with it.
        pub threshold: Option<u32>,
        /// Fraction bits F of the log proxy.
        pub log_frac: u32,
        /// What S_max is taken over.
        pub smax_scope: String,
    }
}

columns! {
    /// What a configuration multiplies and gets wrong, beside exact and zero-skip.
    pub struct Compared {
        /// How many percent fewer multiplications than exact.
        pub reduction_vs_exact_percent: f64,
        /// How many percent fewer multiplications than zero-skip; empty if that has none.
        pub reduction_vs_zero_skip_percent: Option<f64>,
        /// |error| of an output, mean over the outputs.
        pub mean_absolute_error: f64,
        /// Median of |error|.
        pub median_absolute_error: f64,
        /// Largest |error|.
        pub max_absolute_error: f64,
        /// Error in percent of the exact output, to 0.001 %: mean over the outputs where that is
        /// not 0.
        pub mean_percentage_error: Option<f64>,
        /// Median of the same.
        pub median_percentage_error: Option<f64>,
        /// Largest of the same.
        pub max_percentage_error: Option<f64>,
    }
}

table! {
    /// One image, filter and configuration.
    pub struct WindowsRow in "windows.csv" {
        /// Number of the image in the run, from 0.
        pub image: usize,
        /// Digit that the image shows.
        pub label: Digit,
        pub key: FilterKey,
        /// Outputs of the feature map.
        pub outputs: usize,
        /// Multiplications performed.
        pub multiplications: u64,
        pub compared: Compared,
        /// Windows that the unit ran; 0 without RTL.
        pub windows: u64,
        /// Cycles of all windows, from start to done; 0 without RTL.
        pub cycles: u64,
        /// Cycles per window, mean; empty without RTL.
        pub cycles_per_window: Option<f64>,
    }
}

table! {
    /// One filter, or all of them, in one configuration, over all images.
    pub struct SummaryRow in "summary.csv" {
        /// `filter`; or `filters`, whose rows are means over all of them.
        pub over: Over,
        pub key: FilterKey,
        /// Images.
        pub images: u64,
        /// Multiplications per image and filter, mean.
        pub multiplications_average: f64,
        /// Fewest multiplications of an image with a filter.
        pub multiplications_min: u64,
        /// Most multiplications of an image with a filter.
        pub multiplications_max: u64,
        /// The paper's mean, in the rows that its table has.
        pub paper_multiplications_average: Option<Shortest>,
        pub compared: Compared,
        /// Cycles per window from start to done, mean; empty without RTL.
        pub cycles_per_window: Option<f64>,
    }
}

/// Per filter and configuration: what its rows say of multiplications.
fn chart<R>(
    rows: &[&R],
    key: impl Fn(&R) -> &FilterKey,
    bar: impl Fn(&[&R], RGBColor) -> Bar,
) -> Vec<Group> {
    let mut groups = Vec::new();
    for filter in distinct(rows.iter().map(|row| key(row).filter.as_str())) {
        let title = if filter.is_empty() { "mean of all filters" } else { filter };
        groups.push(Group::heading(title));
        let of_filter = || rows.iter().copied().filter(|row| key(row).filter == filter);
        for name in distinct(of_filter().map(|row| key(row).configuration.as_str())) {
            let rows: Vec<&R> = of_filter().filter(|row| key(row).configuration == name).collect();
            groups.push(Group::new(configuration_title(name), vec![bar(&rows, colour(name))]));
        }
    }
    groups
}

pub(super) static MULTIPLICATIONS: PlotBy<SummaryRow> = PlotBy {
    name: "windows_multiplications",
    key: |_| "",
    figure: |_, rows, name| {
        let bar = |rows: &[&SummaryRow], colour| {
            let (low, high) = (rows[0].multiplications_min, rows[0].multiplications_max);
            Bar::new(rows[0].multiplications_average, colour)
                .range(low as f64, high as f64)
                .mark(rows[0].paper_multiplications_average.map(|it| it.0))
        };
        let images = thousands(rows[0].images as f64);
        let paper = rows.iter().any(|row| row.paper_multiplications_average.is_some());
        Bars {
            title: format!("Filters – multiplications per image, mean of {images} images"),
            axis: "multiplications per image and filter".to_owned(),
            decimals: 1,
            mark: paper.then(|| "the paper's mean".to_owned()),
            note: "Lines run from the image with the fewest to the image with the most.".to_owned(),
            groups: chart(rows, |row| &row.key, bar),
            ..Bars::default()
        }
        .draw(name)
    },
};

pub(super) static IMAGES: PlotBy<WindowsRow> = PlotBy {
    name: "windows_images",
    key: |_| "",
    figure: |_, rows, name| {
        let bar = |rows: &[&WindowsRow], colour| {
            let mut counts: Vec<f64> = rows.iter().map(|row| row.multiplications as f64).collect();
            counts.sort_by(f64::total_cmp);
            let at = |percent| percentile(&counts, percent).unwrap_or_default();
            Bar::new(median(&counts).unwrap_or_default(), colour).range(at(5), at(95))
        };
        let images: BTreeSet<usize> = rows.iter().map(|row| row.image).collect();
        let images = thousands(images.len() as f64);
        Bars {
            title: format!("Filters – multiplications of each of {images} images"),
            axis: "multiplications per image".to_owned(),
            note:
                "Bars are medians over the images; lines run from the 5th to the 95th percentile."
                    .to_owned(),
            groups: chart(rows, |row| &row.key, bar),
            ..Bars::default()
        }
        .draw(name)
    },
};
