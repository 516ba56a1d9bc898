//! `zero_fractions.csv`: the paper's table of zeros in the outputs of each layer, without skipping.

use serde::Serialize;

use super::Measured;
use crate::experiment::lenet::paper;
use crate::report::number::{decimals, optional_decimals};

/// One layer's share of zeros among its outputs, in percent, over images.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ZeroRow {
    /// `relu` or `tanh`.
    pub activation: String,
    /// Images, from the first of the test set.
    pub images: usize,
    /// The layer.
    pub layer: String,
    /// Mean over the images.
    #[serde(serialize_with = "decimals")]
    pub average_percent: f64,
    /// Smallest.
    #[serde(serialize_with = "decimals")]
    pub min_percent: f64,
    /// Largest.
    #[serde(serialize_with = "decimals")]
    pub max_percent: f64,
    /// Standard deviation, of the images as a population.
    #[serde(serialize_with = "decimals")]
    pub standard_deviation_percent: f64,
    /// The paper's mean.
    #[serde(serialize_with = "optional_decimals")]
    pub paper_average_percent: Option<f64>,
    /// The paper's smallest.
    #[serde(serialize_with = "optional_decimals")]
    pub paper_min_percent: Option<f64>,
    /// The paper's largest.
    #[serde(serialize_with = "optional_decimals")]
    pub paper_max_percent: Option<f64>,
    /// The paper's standard deviation.
    #[serde(serialize_with = "optional_decimals")]
    pub paper_standard_deviation_percent: Option<f64>,
    /// The mean less the paper's.
    #[serde(serialize_with = "optional_decimals")]
    pub difference: Option<f64>,
}

/// The lines of one variant: every layer but the last, which gives the scores.
pub fn zeros(measured: &Measured) -> Vec<ZeroRow> {
    let network = &measured.variant.network;
    let shapes = network.shapes().expect("the network has been checked");
    let mut rows = Vec::new();
    let layers = network.layers.iter().zip(&shapes[1..]).zip(&measured.totals.exact.zeros);
    for ((layer, shape), zeros) in layers.take(network.layers.len() - 1) {
        let outputs = shape.len() as f64;
        let percent = |count: f64| 100.0 * count / outputs;
        let images = zeros.len() as f64;
        let sum: u64 = zeros.iter().map(|&count| u64::from(count)).sum();
        let squares: u64 = zeros.iter().map(|&count| u64::from(count).pow(2)).sum();
        let mean = sum as f64 / images;
        let variance = (squares as f64 / images - mean * mean).max(0.0);
        let end = |count: Option<&u32>| percent(f64::from(*count.unwrap_or(&0)));
        let paper = paper::zero_fractions(measured.variant.activation, &layer.name);
        rows.push(ZeroRow {
            activation: measured.variant.activation.name().to_owned(),
            images: zeros.len(),
            layer: layer.name.clone(),
            average_percent: percent(mean),
            min_percent: end(zeros.iter().min()),
            max_percent: end(zeros.iter().max()),
            standard_deviation_percent: percent(variance.sqrt()),
            paper_average_percent: paper.map(|it| it[0]),
            paper_min_percent: paper.map(|it| it[1]),
            paper_max_percent: paper.map(|it| it[2]),
            paper_standard_deviation_percent: paper.map(|it| it[3]),
            difference: paper.map(|it| percent(mean) - it[0]),
        });
    }
    rows
}
