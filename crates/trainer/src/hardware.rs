// SPDX-License-Identifier: MIT OR Apache-2.0
//! The arithmetic of the hardware: ranges, scales and skipped products.

use anyhow::Result;
use model::nn::WEIGHT_LIMIT;
use study::data::digits;

use crate::error::DescriptionError;
use crate::images::tensors;
use crate::layer::{Grid, Skip};
use crate::model::Model;
use crate::network::{Activation, Operation};

/// How many drawn digits the ranges are taken over.
const RANGE_DIGITS: usize = digits::CALIBRATION_DIGITS;

/// The seed they are drawn from.
const RANGE_SEED: u64 = 0;

/// Fraction bits of a pixel.
const PIXEL_BITS: i32 = 8;

/// The most fraction bits of a weight.
const MOST_WEIGHT_BITS: i32 = 24;

/// The largest magnitude of a weight.
const LARGEST_WEIGHT: f64 = WEIGHT_LIMIT as f64;

/// The arithmetic of the hardware for one network with weights.
#[derive(Debug, Clone)]
pub struct Hardware {
    /// The range of every layer's activation: magnitudes are at most 2^exponent.
    pub exponents: Vec<i32>,
    /// Bits of an activation's magnitude.
    pub bits: i32,
    /// Which products every layer skips; `None` for none.
    pub skips: Vec<Option<Skip>>,
    /// Whether skipped products pass a gradient on all the same.
    pub dense_gradient: bool,
}

impl Hardware {
    /// The ranges of a model: the largest activations that drawn digits give it, in floating point.
    pub fn calibrate(model: &Model, skips: Vec<Option<Skip>>) -> Result<Self> {
        let images = digits::draw(RANGE_SEED, digits::TRAIN, RANGE_DIGITS);
        let (images, _) = tensors(&images, &model.network)?;
        let pass = model.forward(&images, None)?;
        let mut exponents = Vec::with_capacity(model.stages.len());
        for (stage, values) in model.stages.iter().zip(&pass.activations) {
            exponents.push(match (stage.operation, stage.activation) {
                // Means stay in the range of what they are of.
                (Operation::AveragePool(_), _) => exponents.last().copied().unwrap_or(0),
                (_, Some(Activation::Tanh)) => 0,
                _ => exponent(values.abs()?.max_all()?.to_scalar()?),
            });
        }
        let bits = model.network.activation_bits as i32;
        Ok(Self { exponents, bits, skips, dense_gradient: false })
    }

    /// The grid of a layer's activations.
    pub fn grid(&self, layer: usize) -> Grid {
        let step = 2f32.powi(self.exponents[layer] - self.bits);
        Grid { step, largest: ((1i64 << self.bits) - 1) as f32 }
    }

    /// Fraction bits of what a layer takes.
    fn input_bits(&self, layer: usize) -> i32 {
        match layer {
            0 => PIXEL_BITS,
            _ => self.bits - self.exponents[layer - 1],
        }
    }
}

/// The smallest exponent whose power of two is not below `largest`.
fn exponent(largest: f32) -> i32 {
    if largest > 0.0 { largest.log2().ceil() as i32 } else { 0 }
}

/// Fraction bits of a layer's weights: as many as keep the weights within 16 bits and every sum
/// within 32.
pub fn weight_scale(model: &Model, layer: usize, hardware: &Hardware) -> Result<i32> {
    let parameters = model.parameters[layer].as_ref().expect("a layer with weights");
    let weights: Vec<f32> = parameters.weight.flatten_all()?.to_vec1()?;
    let biases: Vec<f32> = parameters.bias.to_vec1()?;
    let rows: Vec<&[f32]> = weights.chunks_exact(weights.len() / biases.len()).collect();
    let largest = weights.iter().fold(0f32, |largest, w| largest.max(w.abs())) as f64;
    let largest_input = match layer {
        0 => 255.0,
        _ => f64::from((1_u32 << model.network.activation_bits) - 1),
    };
    let (input_bits, last) = (hardware.input_bits(layer), layer + 1 == model.stages.len());
    let output_bits = hardware.bits - hardware.exponents[layer];

    for scale in (0..=MOST_WEIGHT_BITS).rev() {
        let unit = 2f64.powi(scale);
        if (largest * unit).round() > LARGEST_WEIGHT {
            continue;
        }
        let bias_unit = unit * 2f64.powi(input_bits);
        let shift = scale + input_bits - output_bits;
        let rounding = if last || shift < 1 { 0.0 } else { 2f64.powi(shift - 1) };
        let fits = |(row, &bias): (&&[f32], &f32)| {
            let sum: f64 = row.iter().map(|&w| (f64::from(w) * unit).round().abs()).sum();
            let bias = (f64::from(bias) * bias_unit).round().abs();
            sum * largest_input + bias + rounding < 2f64.powi(31)
        };
        if rows.iter().zip(&biases).all(fits) {
            return Ok(scale);
        }
    }
    Err(DescriptionError::Overflow(model.stages[layer].name.clone()).into())
}
