// SPDX-License-Identifier: MIT OR Apache-2.0
//! The arithmetic of the hardware: ranges, scales and skipped products; and channels in the order
//! that saves multiplications in running scope.
//!
//! The maps of a convolution may come in any order: the same network results if the next layer
//! takes them in that order. With running scope the order matters for what is skipped: the sooner
//! the largest product comes, the more of the later ones are skipped.

use std::sync::atomic::Ordering;

use anyhow::{Result, ensure};
use candle_core::{Device, Tensor};
use model::conv::{Semantics, SmaxScope};
use model::nn::{
    Activation, LayerKind, PIXEL_BITS, Scaled, TANH_INPUT_BITS, WEIGHT_LIMIT, exponent,
};
use study::data::digits;

use crate::data::tensors;
use crate::layer::{ConvShape, Convolve, Grid, Kept, QuantiseWeights};
use crate::model::Model;

/// How many drawn digits the ranges are taken over.
const RANGE_DIGITS: usize = digits::CALIBRATION_DIGITS;

const RANGE_SEED: u64 = 0;

/// The arithmetic of the hardware for one network with weights.
#[derive(Debug, Clone)]
pub struct Hardware {
    /// The range of every layer's activation: magnitudes are at most 2^exponent.
    pub exponents: Vec<i32>,
    /// Bits of an activation's magnitude.
    pub bits: i32,
    /// Which products every layer skips; `None` for none.
    pub skips: Vec<Option<Semantics>>,
    /// Whether skipped products pass a gradient on all the same.
    pub dense_gradient: bool,
}

impl Hardware {
    /// The ranges of a model: the largest activations that drawn digits give it, in floating point.
    pub fn calibrate(model: &Model, skips: Vec<Option<Semantics>>) -> Result<Self> {
        let images = digits::draw(RANGE_SEED, digits::TRAIN, RANGE_DIGITS);
        let (images, _) = tensors(&images, &model.network)?;
        let pass = model.forward(&images, None)?;
        let mut exponents = Vec::with_capacity(model.stages.len());
        for (stage, values) in model.stages.iter().zip(&pass.activations) {
            exponents.push(match (&stage.layer.kind, stage.layer.kind.activation()) {
                // Means stay in the range of what they are of.
                (LayerKind::AveragePool { .. }, _) => exponents.last().copied().unwrap_or(0),
                (_, Some(Activation::Tanh)) => 0,
                _ => exponent(values.abs()?.max_all()?.to_scalar()?),
            });
        }
        let bits = model.network.activation_bits as i32;
        Ok(Self { exponents, bits, skips, dense_gradient: false })
    }

    pub fn grid(&self, layer: usize) -> Grid {
        let step = 2f32.powi(self.exponents[layer] - self.bits);
        Grid { step, largest: ((1i64 << self.bits) - 1) as f32 }
    }
}

/// Fraction bits of a layer's weights, those of the integer network: as many as keep the weights
/// within 16 bits and every sum within 32.
pub fn weight_scale(model: &Model, layer: usize, hardware: &Hardware) -> Result<i32> {
    let parameters = model.parameters[layer].as_ref().expect("a layer with weights");
    let weights: Vec<f32> = parameters.weight.flatten_all()?.to_vec1()?;
    let biases: Vec<f32> = parameters.bias.to_vec1()?;
    let fraction_bits = |layer: usize| hardware.bits - hardware.exponents[layer];
    let input = match layer {
        0 => (PIXEL_BITS, 255),
        _ => (fraction_bits(layer - 1), (1 << hardware.bits) - 1),
    };
    let stage = &model.stages[layer];
    let target = stage.layer.kind.activation().map(|activation| match activation {
        Activation::Relu => fraction_bits(layer),
        Activation::Tanh => TANH_INPUT_BITS as i32,
    });
    let scaled = Scaled::find(&stage.layer.name, &weights, &biases, input, target, WEIGHT_LIMIT)?;
    Ok(scaled.proof.weight_shift)
}

/// How many drawn digits multiplications are counted over.
const REORDER_DIGITS: usize = 300;

/// Puts the input channels of every convolution in running scope, and the outputs of the
/// convolution before it, into an order in which swapping no two of them saves multiplications.
/// Returns how many multiplications a convolution took before and takes then, an entry for each.
pub fn reorder(model: &Model, hardware: &Hardware) -> Result<Vec<(String, u64, u64)>> {
    let images = digits::draw(0, digits::TRAIN, REORDER_DIGITS);
    let (images, _) = tensors(&images, &model.network)?;
    let mut changes = Vec::new();
    let mut before: Option<usize> = None;
    for layer in 0..model.stages.len() {
        let Some(shape) = model.stages[layer].convolution() else { continue };
        let skip = hardware.skips[layer].filter(|skip| skip.scope == SmaxScope::Running);
        if let (Some(before), Some(skip)) = (before, skip) {
            let inputs = model.forward(&images, Some(hardware))?.activations[layer - 1].clone();
            let scale = weight_scale(model, layer, hardware)?;
            let weight = &model.parameters[layer].as_ref().expect("a convolution").weight;
            let weights = weight.apply_op1(QuantiseWeights { scale })?.detach();
            let count = |order: &[u32]| count(shape, skip, &inputs, &weights, order);
            let (order, first, last) = climb(shape.channels, count)?;
            permute(model, before, layer, &order)?;
            changes.push((model.stages[layer].layer.name.clone(), first, last));
        }
        before = Some(layer);
    }
    ensure!(
        !changes.is_empty(),
        "no convolution behind another is in running scope, so that no order saves anything"
    );
    Ok(changes)
}

/// Swaps the pair that saves most until none saves anything.
fn climb(
    channels: usize,
    mut count: impl FnMut(&[u32]) -> Result<u64>,
) -> Result<(Vec<u32>, u64, u64)> {
    let mut order: Vec<u32> = (0..channels as u32).collect();
    let first = count(&order)?;
    let mut least = first;
    loop {
        let mut best = None;
        for a in 0..channels {
            for b in a + 1..channels {
                order.swap(a, b);
                let now = count(&order)?;
                order.swap(a, b);
                if now < least {
                    (least, best) = (now, Some((a, b)));
                }
            }
        }
        let Some((a, b)) = best else { return Ok((order, first, least)) };
        order.swap(a, b);
    }
}

/// Multiplications of a layer with its input channels in another order.
fn count(
    shape: ConvShape,
    skip: Semantics,
    inputs: &Tensor,
    weights: &Tensor,
    order: &[u32],
) -> Result<u64> {
    let order = Tensor::new(order, &Device::Cpu)?;
    let kept = Kept::default();
    let convolve = Convolve {
        shape,
        skip: Some(skip),
        dense_gradient: false,
        input_gradient: false,
        kept: Some(kept.clone()),
    };
    convolve.apply(&inputs.index_select(&order, 1)?, &weights.index_select(&order, 1)?)?;
    Ok(kept.load(Ordering::Relaxed))
}

/// Puts the outputs of layer `from` and the inputs of layer `to` into another order.
fn permute(model: &Model, from: usize, to: usize, order: &[u32]) -> Result<()> {
    let order = Tensor::new(order, &Device::Cpu)?;
    let [from, to] = [from, to].map(|l| model.parameters[l].as_ref().expect("a convolution"));
    for (var, dimension) in [(&from.weight, 0), (&from.bias, 0), (&to.weight, 1)] {
        var.set(&var.as_tensor().index_select(&order, dimension)?)?;
    }
    Ok(())
}
