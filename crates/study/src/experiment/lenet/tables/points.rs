//! `operating_points.csv`: accuracy against multiplications, the paper's rule and what goes beyond
//! it, with the Pareto front.

use serde::Serialize;

use super::{Measured, Percent, reduction_percent};
use crate::report::number::decimals;

/// The technique of the lines of the paper's table.
pub(super) const PAPER_RULE: &str = "paper-rule";

/// One point.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PointRow {
    /// `relu` or `tanh`.
    pub activation: String,
    /// The configuration, or the operating point's name.
    pub point: String,
    /// `paper-rule`, or the techniques of the operating point with + between.
    pub technique: String,
    /// The weights' file.
    pub weights: String,
    /// T of each convolution layer, in units of 2^−F, with / between.
    pub thresholds: String,
    /// F of each layer.
    pub log_fracs: String,
    /// The scope of S_max of each layer.
    pub smax_scopes: String,
    /// Images, from the first of the test set.
    pub images: usize,
    /// Multiplications an inference, on average.
    #[serde(serialize_with = "decimals")]
    pub multiplications_average: f64,
    /// Percent fewer than exact.
    #[serde(serialize_with = "decimals")]
    pub reduction_vs_exact_percent: f64,
    /// Images classified right.
    #[serde(serialize_with = "decimals")]
    pub accuracy_percent: f64,
    /// The 95 % interval.
    #[serde(serialize_with = "decimals")]
    pub accuracy_low_percent: f64,
    /// The 95 % interval.
    #[serde(serialize_with = "decimals")]
    pub accuracy_high_percent: f64,
    /// Exact accuracy of the plain weights with the same activation.
    #[serde(serialize_with = "decimals")]
    pub exact_accuracy_percent: f64,
    /// Points lost against that.
    #[serde(serialize_with = "decimals")]
    pub loss_points: f64,
    /// Images that the exact inference alone gets right.
    pub mcnemar_lost: u64,
    /// Images that this point alone gets right.
    pub mcnemar_won: u64,
    /// The probability of a split at least as uneven, were both equally good.
    pub mcnemar_p: String,
    /// Whether no other point of the activation is better in both accuracy and multiplications.
    pub pareto: bool,
}

/// Every cell as a point. The first entry of each activation has the plain weights.
pub fn points(measured: &[&Measured]) -> Vec<PointRow> {
    let mut rows: Vec<PointRow> = Vec::new();
    for entry in measured {
        let plain = measured
            .iter()
            .find(|other| other.variant.activation == entry.variant.activation)
            .expect("the entry itself has its activation");
        let baseline = &plain.totals.exact.classes;
        let exact = Percent::from(plain.right(baseline)).value;
        for (cell, totals) in entry.measured_cells() {
            let average = totals.multiplications() as f64 / entry.images() as f64;
            let accuracy = Percent::from(entry.right(&totals.classes));
            let discordant = entry.discordant(baseline, &totals.classes);
            let layers = &cell.configuration.layers;
            let list = |of: &dyn Fn(&model::conv::Semantics) -> String| {
                layers.iter().map(of).collect::<Vec<_>>().join("/")
            };
            rows.push(PointRow {
                activation: entry.variant.activation.name().to_owned(),
                point: cell.configuration.name.clone(),
                technique: cell.technique.clone().unwrap_or_else(|| PAPER_RULE.to_owned()),
                weights: entry.variant.weights_name.clone(),
                thresholds: list(&|it| match it.mode {
                    model::conv::Mode::Approx => it.threshold.to_string(),
                    mode => mode.to_string(),
                }),
                log_fracs: list(&|it| it.log_frac.to_string()),
                smax_scopes: list(&|it| it.scope.to_string()),
                images: entry.images(),
                multiplications_average: average,
                reduction_vs_exact_percent: reduction_percent(
                    average,
                    entry.exact_multiplications(),
                ),
                accuracy_percent: accuracy.value,
                accuracy_low_percent: accuracy.low,
                accuracy_high_percent: accuracy.high,
                exact_accuracy_percent: exact,
                loss_points: exact - accuracy.value,
                mcnemar_lost: discordant.lost,
                mcnemar_won: discordant.won,
                mcnemar_p: format!("{:.3e}", discordant.mcnemar()),
                pareto: false,
            });
        }
    }
    mark_pareto(&mut rows);
    rows
}

fn mark_pareto(rows: &mut [PointRow]) {
    let better = |a: &PointRow, b: &PointRow| {
        let (fewer, more) = (
            a.multiplications_average <= b.multiplications_average,
            a.accuracy_percent >= b.accuracy_percent,
        );
        let strictly = a.multiplications_average < b.multiplications_average
            || a.accuracy_percent > b.accuracy_percent;
        a.activation == b.activation && fewer && more && strictly
    };
    let front: Vec<bool> =
        rows.iter().map(|row| !rows.iter().any(|other| better(other, row))).collect();
    for (row, pareto) in rows.iter_mut().zip(front) {
        row.pareto = pareto;
    }
}
