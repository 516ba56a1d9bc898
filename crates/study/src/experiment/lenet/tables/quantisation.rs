//! `quantisation.csv` and `overflow.csv`: what integers cost, and why no sum overflows.

use serde::Serialize;

use super::{Measured, Percent};
use crate::report::number::decimals;

/// Float against exact integer inference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QuantisationRow {
    /// `relu` or `tanh`.
    pub activation: String,
    /// The weights' file.
    pub weights: String,
    /// Images, from the first of the test set.
    pub images: usize,
    /// Images that the float network classifies right.
    #[serde(serialize_with = "decimals")]
    pub float_accuracy_percent: f64,
    /// The same of the integer network, nothing skipped.
    #[serde(serialize_with = "decimals")]
    pub integer_accuracy_percent: f64,
    /// Points lost.
    #[serde(serialize_with = "decimals")]
    pub loss_points: f64,
    /// Images that the two classify differently.
    pub flipped: usize,
}

/// The line of one variant.
pub fn quantisation(measured: &Measured) -> QuantisationRow {
    let exact = &measured.totals.exact;
    let float = Percent::from(measured.right(&exact.float_classes)).value;
    let integer = Percent::from(measured.right(&exact.classes)).value;
    let both = exact.float_classes.iter().zip(&exact.classes);
    QuantisationRow {
        activation: measured.variant.activation.name().to_owned(),
        weights: measured.variant.weights_name.clone(),
        images: measured.images(),
        float_accuracy_percent: float,
        integer_accuracy_percent: integer,
        loss_points: float - integer,
        flipped: both.filter(|(float, integer)| float != integer).count(),
    }
}

/// The proof for one layer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OverflowRow {
    /// `relu` or `tanh`.
    pub activation: String,
    /// The weights' file.
    pub weights: String,
    /// The layer.
    pub layer: String,
    /// Fraction bits of the weights.
    pub weight_shift: i32,
    /// Fraction bits of the sums.
    pub sum_shift: i32,
    /// The largest |input|.
    pub input_limit: i64,
    /// The largest |sum| that any mode can reach.
    pub sum_bound: i64,
    /// That in percent of 2³¹ − 1.
    #[serde(serialize_with = "decimals")]
    pub sum_bound_percent: f64,
}

/// The lines of one variant.
pub fn overflow(measured: &Measured) -> Vec<OverflowRow> {
    let variant = measured.variant;
    let row = |proof: &model::nn::OverflowProof| OverflowRow {
        activation: variant.activation.name().to_owned(),
        weights: variant.weights_name.clone(),
        layer: proof.layer.clone(),
        weight_shift: proof.weight_shift,
        sum_shift: proof.sum_shift,
        input_limit: proof.input_limit,
        sum_bound: proof.sum_bound,
        sum_bound_percent: 100.0 * proof.sum_bound as f64 / f64::from(i32::MAX),
    };
    variant.integer.proof.iter().map(row).collect()
}
