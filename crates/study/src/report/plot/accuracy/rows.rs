//! Rows of `peers.csv` and `operating_points.csv`.

use crate::report::plot::error::PlotError;
use crate::report::plot::table;
use model::nn::Activation;

/// One setting of another technique.
#[derive(Debug, Clone)]
pub(in crate::report::plot) struct PeerRow {
    pub activation: Activation,
    pub images: u64,
    pub technique: String,
    pub setting: String,
    pub reduction: f64,
    pub accuracy: f64,
}

impl PeerRow {
    pub fn read(row: table::Row<'_>) -> Result<Self, PlotError> {
        Ok(Self {
            activation: row.activation()?,
            images: row.count("images")?,
            technique: row.text("technique")?.to_owned(),
            setting: row.text("setting")?.to_owned(),
            reduction: row.number("reduction_vs_exact_percent")?,
            accuracy: row.number("accuracy_percent")?,
        })
    }
}

/// One operating point.
#[derive(Debug, Clone)]
pub(in crate::report::plot) struct OperatingPointRow {
    pub activation: Activation,
    pub point: String,
    pub technique: String,
    pub reduction: f64,
    pub accuracy: f64,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub exact_accuracy: f64,
    pub pareto: bool,
}

impl OperatingPointRow {
    pub fn read(row: table::Row<'_>) -> Result<Self, PlotError> {
        Ok(Self {
            activation: row.activation()?,
            point: row.text("point")?.to_owned(),
            technique: row.text("technique")?.to_owned(),
            reduction: row.number("reduction_vs_exact_percent")?,
            accuracy: row.number("accuracy_percent")?,
            low: row.optional("accuracy_low_percent")?,
            high: row.optional("accuracy_high_percent")?,
            exact_accuracy: row.number("exact_accuracy_percent")?,
            pareto: row.flag("pareto")?,
        })
    }
}
