//! `splits.csv`: the same configurations on images that were trained on and on others. The paper
//! remarks that skipping may act against overfitting; this tests it.

use serde::Serialize;

use super::{Measured, Percent};
use crate::report::number::decimals;

/// One configuration on one part of the images.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SplitRow {
    /// `relu` or `tanh`.
    pub activation: String,
    /// F.
    pub log_frac: Option<u32>,
    /// The configuration.
    pub configuration: String,
    /// `train` (trained on), `validation` (held out of the training set) or `test`.
    pub split: String,
    /// Images.
    pub images: usize,
    /// Images classified right.
    #[serde(serialize_with = "decimals")]
    pub accuracy_percent: f64,
    /// The 95 % interval.
    #[serde(serialize_with = "decimals")]
    pub accuracy_low_percent: f64,
    /// The 95 % interval.
    #[serde(serialize_with = "decimals")]
    pub accuracy_high_percent: f64,
    /// Exact accuracy on the same images.
    #[serde(serialize_with = "decimals")]
    pub exact_accuracy_percent: f64,
    /// Points lost against exact.
    #[serde(serialize_with = "decimals")]
    pub loss_points: f64,
    /// Points by which the train accuracy is above this one's: the gap that overfitting makes.
    #[serde(serialize_with = "decimals")]
    pub gap_to_train_points: f64,
}

/// The lines of one variant; each entry of `parts` is a split's name and what was measured on it,
/// `train` first, with the same cells in the same order.
pub fn splits(parts: &[(&str, &Measured)]) -> Vec<SplitRow> {
    let Some((_, train)) = parts.first() else { return Vec::new() };
    let mut rows = Vec::new();
    for (number, (cell, _)) in train.measured_cells().enumerate() {
        let accuracy = |measured: &Measured| {
            Percent::from(measured.right(&measured.totals.cells[number].classes))
        };
        for (split, measured) in parts {
            let found = accuracy(measured);
            let exact = Percent::from(measured.right(&measured.totals.exact.classes)).value;
            rows.push(SplitRow {
                activation: measured.variant.activation.name().to_owned(),
                log_frac: cell.log_frac(),
                configuration: cell.configuration.name.clone(),
                split: (*split).to_owned(),
                images: measured.images(),
                accuracy_percent: found.value,
                accuracy_low_percent: found.low,
                accuracy_high_percent: found.high,
                exact_accuracy_percent: exact,
                loss_points: exact - found.value,
                gap_to_train_points: accuracy(train).value - found.value,
            });
        }
    }
    rows
}
