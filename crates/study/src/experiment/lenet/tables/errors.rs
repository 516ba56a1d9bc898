//! `layer_errors.csv`, `skips.csv` and `products.csv`: what skipping does inside a layer.

use serde::Serialize;

use super::Measured;
use crate::experiment::lenet::deviation::Deviation;
use crate::experiment::lenet::products::edges;
use crate::report::number::{decimals, optional_decimals};
use model::conv::Mode;

/// The error of one layer's sums (with bias, before the activation) in one configuration.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayerErrorRow {
    /// `relu` or `tanh`.
    pub activation: String,
    /// F.
    pub log_frac: Option<u32>,
    /// Images, from the first of the test set.
    pub images: usize,
    /// `tau=…` or an operating point.
    pub configuration: String,
    /// The layer.
    pub layer: String,
    /// `local`: against the exact layer with the same inputs; `accumulated`: against the same layer
    /// of the exact network.
    pub error: String,
    /// Outputs compared.
    pub outputs: u64,
    /// In the scale of the float network.
    #[serde(serialize_with = "decimals")]
    pub mean_absolute_error: f64,
    /// Lower edge of a bin narrower than 1 % of it.
    #[serde(serialize_with = "decimals")]
    pub median_absolute_error: f64,
    /// Largest.
    #[serde(serialize_with = "decimals")]
    pub max_absolute_error: f64,
    /// In percent of the exact sum, over the sums that are not 0.
    #[serde(serialize_with = "optional_decimals")]
    pub mean_percentage_error: Option<f64>,
    /// Median.
    #[serde(serialize_with = "optional_decimals")]
    pub median_percentage_error: Option<f64>,
    /// Largest.
    #[serde(serialize_with = "optional_decimals")]
    pub max_percentage_error: Option<f64>,
    /// Power of the exact sums over power of the error.
    #[serde(serialize_with = "optional_decimals")]
    pub signal_to_noise_db: Option<f64>,
    /// Mean of error / proven bound, where something is skipped; local errors alone have a bound.
    #[serde(serialize_with = "optional_decimals")]
    pub bound_tightness_mean: Option<f64>,
    /// Largest; never above 1.
    #[serde(serialize_with = "optional_decimals")]
    pub bound_tightness_max: Option<f64>,
}

/// The lines of one variant.
pub fn layer_errors(measured: &Measured) -> Vec<LayerErrorRow> {
    let variant = measured.variant;
    let (names, units) = (variant.layers(), variant.sum_units());
    let mut rows = Vec::new();
    for (cell, totals) in measured.measured_cells() {
        for (index, layer) in totals.layers.iter().enumerate() {
            if cell.configuration.layers[index].mode != Mode::Approx {
                continue;
            }
            let row = |error: &str, deviation: &Deviation| {
                let absolute = deviation.absolute(units[index])?;
                let percentage = deviation.percentage();
                let bound = layer.tightness;
                let bounded = error == "local" && bound.outputs > 0;
                Some(LayerErrorRow {
                    activation: variant.activation.name().to_owned(),
                    log_frac: cell.log_frac(),
                    images: measured.images(),
                    configuration: cell.configuration.name.clone(),
                    layer: names[index].clone(),
                    error: error.to_owned(),
                    outputs: deviation.outputs,
                    mean_absolute_error: absolute.mean,
                    median_absolute_error: absolute.median,
                    max_absolute_error: absolute.max,
                    mean_percentage_error: percentage.map(|it| it.mean),
                    median_percentage_error: percentage.map(|it| it.median),
                    max_percentage_error: percentage.map(|it| it.max),
                    signal_to_noise_db: deviation.signal_to_noise_db(),
                    bound_tightness_mean: bounded.then(|| bound.sum / bound.outputs as f64),
                    bound_tightness_max: bounded.then_some(bound.max),
                })
            };
            rows.extend(row("local", &layer.local));
            rows.extend(row("accumulated", &layer.accumulated));
        }
    }
    rows
}

/// How many outputs of a single channel skip a number of their products.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SkipRow {
    /// `relu` or `tanh`.
    pub activation: String,
    /// F.
    pub log_frac: Option<u32>,
    /// The configuration.
    pub configuration: String,
    /// The layer.
    pub layer: String,
    /// Products skipped, 0 to side².
    pub skipped_products: usize,
    /// Outputs of one channel, each a kernel over a window.
    pub windows: u64,
}

/// The lines of one variant.
pub fn skips(measured: &Measured) -> Vec<SkipRow> {
    let names = measured.variant.layers();
    let mut rows = Vec::new();
    for (cell, totals) in measured.measured_cells() {
        for (name, layer) in names.iter().zip(&totals.layers) {
            for (skipped_products, &windows) in layer.skips.iter().enumerate() {
                rows.push(SkipRow {
                    activation: measured.variant.activation.name().to_owned(),
                    log_frac: cell.log_frac(),
                    configuration: cell.configuration.name.clone(),
                    layer: name.clone(),
                    skipped_products,
                    windows,
                });
            }
        }
    }
    rows
}

/// A bin of the distribution of products over the largest one of their window.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProductRow {
    /// `relu` or `tanh`.
    pub activation: String,
    /// The layer.
    pub layer: String,
    /// Lower edge.
    pub relative_low: String,
    /// Upper edge.
    pub relative_high: String,
    /// Products of two operands that are not zero.
    pub products: u64,
}

/// The lines of one variant.
pub fn products(measured: &Measured) -> Vec<ProductRow> {
    let mut rows = Vec::new();
    for (name, counts) in measured.variant.layers().iter().zip(&measured.totals.exact.products) {
        for (bin, &products) in counts.iter().enumerate() {
            let (low, high) = edges(bin);
            rows.push(ProductRow {
                activation: measured.variant.activation.name().to_owned(),
                layer: name.clone(),
                relative_low: format!("{low:.2}"),
                relative_high: format!("{high:.2}"),
                products,
            });
        }
    }
    rows
}
