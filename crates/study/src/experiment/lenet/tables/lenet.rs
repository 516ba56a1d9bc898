//! `lenet.csv`: the paper's table of multiplications and accuracy, with the paper's figures.

use serde::Serialize;

use super::{Measured, Percent, reduction_percent};
use crate::experiment::lenet::paper;
use crate::experiment::lenet::totals::CellTotals;
use crate::experiment::lenet::{ALL_LAYERS, Cell};
use crate::report::number::{decimals, optional_decimals};

/// A line: one layer, or all of them, in one configuration.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LenetRow {
    /// `relu` or `tanh`.
    pub activation: String,
    /// F.
    pub log_frac: u32,
    /// Images, from the first of the test set.
    pub images: usize,
    /// `exact`, `zero-skip` or `tau=…`.
    pub configuration: String,
    /// τ.
    pub tau: Option<f64>,
    /// T in units of 2^−F.
    pub threshold: Option<u32>,
    /// `window` or `running`.
    pub smax_scope: String,
    /// The layer, or `all`.
    pub layer: String,
    /// Multiplications an inference, on average.
    #[serde(serialize_with = "decimals")]
    pub multiplications_average: f64,
    /// The paper's.
    #[serde(serialize_with = "optional_decimals")]
    pub paper_multiplications_average: Option<f64>,
    /// The first less the second.
    #[serde(serialize_with = "optional_decimals")]
    pub difference: Option<f64>,
    /// Percent fewer than exact.
    #[serde(serialize_with = "decimals")]
    pub reduction_vs_exact_percent: f64,
    /// Images classified right; on the `all` line alone, as all that follows.
    #[serde(serialize_with = "optional_decimals")]
    pub accuracy_percent: Option<f64>,
    /// The 95 % interval.
    #[serde(serialize_with = "optional_decimals")]
    pub accuracy_low_percent: Option<f64>,
    /// The 95 % interval.
    #[serde(serialize_with = "optional_decimals")]
    pub accuracy_high_percent: Option<f64>,
    /// The paper's.
    #[serde(serialize_with = "optional_decimals")]
    pub paper_accuracy_percent: Option<f64>,
    /// Images that exact alone gets right.
    pub mcnemar_lost: Option<u64>,
    /// Images that this configuration alone gets right.
    pub mcnemar_won: Option<u64>,
    /// The probability of a split at least as uneven, were both equally good.
    pub mcnemar_p: Option<String>,
    /// Windows that the unit ran; 0 on the golden engine.
    pub windows: u64,
    /// Cycles of the windows of an inference, from start to done, on average.
    #[serde(serialize_with = "optional_decimals")]
    pub cycles_average: Option<f64>,
}

/// The lines of one variant over some images.
pub fn lenet(measured: &Measured) -> Vec<LenetRow> {
    let table = measured.measured_cells().filter(|(cell, _)| cell.technique.is_none());
    table.flat_map(|(cell, totals)| rows(measured, cell, totals)).collect()
}

fn rows(measured: &Measured, cell: &Cell, totals: &CellTotals) -> Vec<LenetRow> {
    let variant = measured.variant;
    let images = measured.images();
    let average = |count: u64| count as f64 / images as f64;
    let paper = paper::lenet(variant.activation, &cell.configuration.name);
    let exact = variant.exact_multiplications();
    let line = |layer: &str, count: u64, exact: u64, paper: Option<f64>, windows, cycles| {
        let multiplications_average = average(count);
        LenetRow {
            activation: variant.activation.name().to_owned(),
            log_frac: cell.log_frac().unwrap_or_default(),
            images,
            configuration: cell.configuration.name.clone(),
            tau: cell.configuration.tau,
            threshold: cell.threshold(),
            smax_scope: cell.scope().map_or(String::new(), |scope| scope.to_string()),
            layer: layer.to_owned(),
            multiplications_average,
            paper_multiplications_average: paper,
            difference: paper.map(|paper| multiplications_average - paper),
            reduction_vs_exact_percent: reduction_percent(multiplications_average, exact),
            accuracy_percent: None,
            accuracy_low_percent: None,
            accuracy_high_percent: None,
            paper_accuracy_percent: None,
            mcnemar_lost: None,
            mcnemar_won: None,
            mcnemar_p: None,
            windows,
            cycles_average: (windows > 0).then(|| average(cycles)),
        }
    };
    let mut rows = Vec::new();
    for (index, (name, layer)) in variant.layers().iter().zip(&totals.layers).enumerate() {
        let paper = paper.as_ref().and_then(|paper| paper.layers.get(index).copied());
        let count = layer.multiplications;
        rows.push(line(name, count, exact[index], paper, layer.windows, layer.cycles));
    }
    let windows = totals.layers.iter().map(|layer| layer.windows).sum();
    let cycles = totals.layers.iter().map(|layer| layer.cycles).sum();
    let all = totals.multiplications();
    let total = paper.as_ref().map(|paper| paper.total);
    let accuracy = Percent::from(measured.right(&totals.classes));
    let discordant = measured.discordant(&measured.totals.exact.classes, &totals.classes);
    rows.push(LenetRow {
        accuracy_percent: Some(accuracy.value),
        accuracy_low_percent: Some(accuracy.low),
        accuracy_high_percent: Some(accuracy.high),
        paper_accuracy_percent: paper.and_then(|paper| paper.accuracy_percent),
        mcnemar_lost: Some(discordant.lost),
        mcnemar_won: Some(discordant.won),
        mcnemar_p: Some(format!("{:.3e}", discordant.mcnemar())),
        ..line(ALL_LAYERS, all, exact.iter().sum(), total, windows, cycles)
    });
    rows
}
