//! `flips.csv`, `margins.csv` and `confusion.csv`: what skipping does to the answers.

use serde::Serialize;

use super::Measured;
use crate::report::number::decimals;

/// An image that exact and approximate inference tell apart differently.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FlipRow {
    /// `relu` or `tanh`.
    pub activation: String,
    /// F.
    pub log_frac: Option<u32>,
    /// The configuration.
    pub configuration: String,
    /// The image's number in the test set, from 0.
    pub image: usize,
    /// The digit it shows.
    pub label: u8,
    /// The class that exact inference gives it.
    pub exact_class: u8,
    /// The class that this configuration gives it.
    pub class: u8,
    /// `lost` if exact alone is right, `won` if this alone is, `wrong` if neither is.
    pub change: String,
    /// Best score less the second best of exact inference.
    #[serde(serialize_with = "decimals")]
    pub exact_margin: f64,
    /// The same of this configuration.
    #[serde(serialize_with = "decimals")]
    pub margin: f64,
}

/// The lines of one variant.
pub fn flips(measured: &Measured) -> Vec<FlipRow> {
    let exact = &measured.totals.exact;
    let unit = measured.variant.score_unit();
    let mut rows = Vec::new();
    for (cell, totals) in measured.measured_cells() {
        for (image, (&class, &exact_class)) in totals.classes.iter().zip(&exact.classes).enumerate()
        {
            if class == exact_class {
                continue;
            }
            let label = measured.labels[image];
            let change = match (exact_class == label, class == label) {
                (true, _) => "lost",
                (_, true) => "won",
                _ => "wrong",
            };
            rows.push(FlipRow {
                activation: measured.variant.activation.name().to_owned(),
                log_frac: cell.log_frac(),
                configuration: cell.configuration.name.clone(),
                image,
                label,
                exact_class,
                class,
                change: change.to_owned(),
                exact_margin: exact.margins[image] as f64 * unit,
                margin: totals.margins[image] as f64 * unit,
            });
        }
    }
    rows
}

/// The margin of the scores over all images.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MarginRow {
    /// `relu` or `tanh`.
    pub activation: String,
    /// F.
    pub log_frac: Option<u32>,
    /// Images, from the first of the test set.
    pub images: usize,
    /// The configuration.
    pub configuration: String,
    /// Best score less the second best, mean over the images.
    #[serde(serialize_with = "decimals")]
    pub mean_margin: f64,
    /// Median.
    #[serde(serialize_with = "decimals")]
    pub median_margin: f64,
    /// A tenth of the images have less.
    #[serde(serialize_with = "decimals")]
    pub tenth_margin: f64,
    /// Smallest.
    #[serde(serialize_with = "decimals")]
    pub min_margin: f64,
    /// Images whose class is not that of exact inference.
    pub flipped: usize,
    /// Those of them that exact alone gets right.
    pub lost: u64,
    /// Those of them that this configuration alone gets right.
    pub won: u64,
}

/// The lines of one variant.
pub fn margins(measured: &Measured) -> Vec<MarginRow> {
    let exact = &measured.totals.exact;
    let unit = measured.variant.score_unit();
    let row = |(cell, totals): (&super::Cell, &super::CellTotals)| {
        let mut sorted = totals.margins.clone();
        sorted.sort_unstable();
        let at = |share: f64| {
            let place = (share * (sorted.len() - 1) as f64).round() as usize;
            sorted.get(place).map_or(0.0, |&margin| margin as f64 * unit)
        };
        let mean = sorted.iter().map(|&margin| margin as f64).sum::<f64>() / sorted.len() as f64;
        let classes = totals.classes.iter().zip(&exact.classes);
        let discordant = measured.discordant(&exact.classes, &totals.classes);
        MarginRow {
            activation: measured.variant.activation.name().to_owned(),
            log_frac: cell.log_frac(),
            images: measured.images(),
            configuration: cell.configuration.name.clone(),
            mean_margin: mean * unit,
            median_margin: at(0.5),
            tenth_margin: at(0.1),
            min_margin: at(0.0),
            flipped: classes.filter(|(class, exact)| class != exact).count(),
            lost: discordant.lost,
            won: discordant.won,
        }
    };
    measured.measured_cells().map(row).collect()
}

/// How many images of one digit are given one class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConfusionRow {
    /// `relu` or `tanh`.
    pub activation: String,
    /// F.
    pub log_frac: Option<u32>,
    /// The configuration.
    pub configuration: String,
    /// The digit.
    pub label: u8,
    /// The class.
    pub predicted: u8,
    /// Images.
    pub images: u64,
}

/// The lines of one variant.
pub fn confusion(measured: &Measured) -> Vec<ConfusionRow> {
    let mut rows = Vec::new();
    for (cell, totals) in measured.measured_cells() {
        let mut counts = [[0_u64; 10]; 10];
        for (&class, &label) in totals.classes.iter().zip(&measured.labels) {
            if let Some(count) =
                counts.get_mut(usize::from(label)).and_then(|row| row.get_mut(usize::from(class)))
            {
                *count += 1;
            }
        }
        for (label, row) in (0..).zip(counts) {
            for (predicted, images) in (0..).zip(row) {
                rows.push(ConfusionRow {
                    activation: measured.variant.activation.name().to_owned(),
                    log_frac: cell.log_frac(),
                    configuration: cell.configuration.name.clone(),
                    label,
                    predicted,
                    images,
                });
            }
        }
    }
    rows
}
