// SPDX-License-Identifier: MIT OR Apache-2.0
//! Activations and weights, rounded as the hardware rounds them if it is asked for.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::convolution::{values, words};
use crate::network::Activation;

/// Words that a thread takes at a time.
const PIECE: usize = 1 << 14;

/// The grid that values are rounded to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// The distance of two neighbours, a power of two.
    pub step: f32,
    /// The largest whole number of steps.
    pub largest: f32,
}

impl Grid {
    /// The nearest whole number of steps, halves rounded up, within ± the largest.
    #[inline]
    fn round(&self, value: f32) -> f32 {
        (value / self.step + 0.5).floor().clamp(-self.largest, self.largest) * self.step
    }
}

/// An activation; its rounding is transparent to the gradient, its limits are not.
#[derive(Debug, Clone, Copy)]
pub struct Activate {
    /// The function; none for the scores.
    pub function: Option<Activation>,
    /// What its values are rounded to; `None` leaves them.
    pub grid: Option<Grid>,
}

impl Activate {
    #[inline]
    fn value(&self, sum: f32) -> f32 {
        let value = match self.function {
            None => sum,
            Some(Activation::Relu) => sum.max(0.0),
            Some(Activation::Tanh) => sum.tanh(),
        };
        self.grid.map_or(value, |grid| grid.round(value))
    }

    #[inline]
    fn slope(&self, sum: f32, value: f32) -> f32 {
        match self.function {
            None => 1.0,
            Some(Activation::Relu) => {
                let limit = self.grid.map_or(f32::INFINITY, |grid| grid.largest * grid.step);
                if sum > 0.0 && sum <= limit { 1.0 } else { 0.0 }
            }
            Some(Activation::Tanh) => 1.0 - value * value,
        }
    }
}

impl CustomOp1 for Activate {
    fn name(&self) -> &'static str {
        "activate"
    }

    fn cpu_fwd(&self, sums: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let sums = words(sums, layout)?;
        let value = sums.par_iter().with_min_len(PIECE).map(|&sum| self.value(sum));
        Ok((CpuStorage::F32(value.collect()), layout.shape().clone()))
    }

    fn bwd(&self, sums: &Tensor, result: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let mut to_sums = values(gradient)?;
        let (sums_values, result) = (values(sums)?, values(result)?);
        to_sums
            .par_iter_mut()
            .zip(&sums_values)
            .zip(&result)
            .with_min_len(PIECE)
            .for_each(|((gradient, &sum), &value)| *gradient *= self.slope(sum, value));
        Ok(Some(Tensor::from_vec(to_sums, sums.shape(), sums.device())?))
    }
}

/// Weights rounded to whole numbers times 2^−scale; the gradient does not see it.
#[derive(Debug, Clone, Copy)]
pub struct QuantiseWeights {
    /// Fraction bits of a weight.
    pub scale: i32,
}

impl CustomOp1 for QuantiseWeights {
    fn name(&self) -> &'static str {
        "quantise-weights"
    }

    fn cpu_fwd(&self, weights: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (up, down) = (2f32.powi(self.scale), 2f32.powi(-self.scale));
        let weights = words(weights, layout)?.iter().map(|w| (w * up).round() * down);
        Ok((CpuStorage::F32(weights.collect()), layout.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(gradient.clone()))
    }
}
