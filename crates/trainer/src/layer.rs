// SPDX-License-Identifier: MIT OR Apache-2.0
//! Layers as candle operations: convolution with skipped products, its bias, quantised activation,
//! pooling.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor, bail};
use model::conv::Semantics;
use model::nn::Activation;
use pulp::Arch;
use rayon::prelude::*;

pub use crate::kernel::ConvShape;
use crate::kernel::{Backward, Forward, join, split, taps};

/// Counts the products that were multiplied.
pub type Kept = Arc<AtomicU64>;

/// The convolution of images, n × channels × height × width, with weights, outputs × channels ×
/// side × side. Masks are constants to the gradient.
#[derive(Debug, Clone)]
pub struct Convolve {
    pub shape: ConvShape,
    /// Which products are skipped; `None` multiplies all.
    pub skip: Option<Semantics>,
    /// Whether skipped products pass a gradient on all the same.
    pub dense_gradient: bool,
    /// Whether the gradient of the images is wanted.
    pub input_gradient: bool,
    /// What the multiplied products are added to.
    pub kept: Option<Kept>,
}

impl Convolve {
    pub fn apply(self, images: &Tensor, weights: &Tensor) -> Result<Tensor> {
        images.contiguous()?.apply_op2(&weights.contiguous()?, self)
    }

    fn forward(&self, images: &[f32], weights: &[f32]) -> (Vec<f32>, usize) {
        let count = images.len() / self.shape.inputs();
        let skip = self.skip.as_ref();
        let taps = taps(&self.shape, weights, skip);
        let group = |inputs: &Vec<_>| {
            Arch::new().dispatch(Forward { shape: &self.shape, taps: &taps, skip, inputs })
        };
        let groups = split(images, self.shape.inputs());
        let (outputs, kept): (Vec<_>, Vec<_>) = groups.par_iter().map(group).unzip();
        if let Some(total) = &self.kept {
            // The lanes behind the last image hold no image.
            let sum: u64 = kept.iter().flatten().take(count).map(|&kept| u64::from(kept)).sum();
            total.fetch_add(sum, Ordering::Relaxed);
        }
        (join(&outputs, count), count)
    }

    fn backward(&self, images: &[f32], weights: &[f32], gradient: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let count = images.len() / self.shape.inputs();
        let skip = self.skip.as_ref().filter(|_| !self.dense_gradient);
        let taps = taps(&self.shape, weights, skip);
        let inputs = split(images, self.shape.inputs());
        let gradients = split(gradient, self.shape.outputs * self.shape.positions());
        let group = |(inputs, gradient): (&Vec<_>, &Vec<_>)| {
            Arch::new().dispatch(Backward {
                shape: &self.shape,
                taps: &taps,
                skip,
                inputs,
                gradient,
                input_gradient: self.input_gradient,
            })
        };
        let groups: Vec<_> = inputs.par_iter().zip(&gradients).map(group).collect();
        // In the order of the groups, so that the sum does not depend on the threads.
        let mut to_weights = vec![0.0; weights.len()];
        for (part, _) in &groups {
            for (total, &value) in to_weights.iter_mut().zip(part) {
                *total += value;
            }
        }
        let to_images: Vec<_> = groups.into_iter().map(|(_, to_images)| to_images).collect();
        (to_weights, join(&to_images, if self.input_gradient { count } else { 0 }))
    }
}

/// The words of a contiguous operand.
fn words<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        bail!("an operand is not contiguous");
    };
    Ok(&storage.as_slice::<f32>()?[start..end])
}

fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.flatten_all()?.to_vec1()
}

impl CustomOp2 for Convolve {
    fn name(&self) -> &'static str {
        "convolve"
    }

    fn cpu_fwd(
        &self,
        images: &CpuStorage,
        images_layout: &Layout,
        weights: &CpuStorage,
        weights_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let images = words(images, images_layout)?;
        let weights = words(weights, weights_layout)?;
        if images.len() % self.shape.inputs() != 0 || weights.len() != self.shape.weights() {
            bail!("{} inputs and {} weights for {:?}", images.len(), weights.len(), self.shape);
        }
        let (outputs, count) = self.forward(images, weights);
        let (height, width) = self.shape.output_size();
        let shape = Shape::from((count, self.shape.outputs, height, width));
        Ok((CpuStorage::F32(outputs), shape))
    }

    fn bwd(
        &self,
        images: &Tensor,
        weights: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (to_weights, to_images) =
            self.backward(&values(images)?, &values(weights)?, &values(gradient)?);
        let to_weights = Tensor::from_vec(to_weights, weights.shape(), weights.device())?;
        let to_images = if self.input_gradient {
            Some(Tensor::from_vec(to_images, images.shape(), images.device())?)
        } else {
            None
        };
        Ok((to_images, Some(to_weights)))
    }
}

/// Adds biases, one a channel, to maps of n × channels × height × width.
#[derive(Debug, Clone, Copy)]
pub struct AddBias;

impl CustomOp2 for AddBias {
    fn name(&self) -> &'static str {
        "add-bias"
    }

    fn cpu_fwd(
        &self,
        maps: &CpuStorage,
        layout: &Layout,
        biases: &CpuStorage,
        biases_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (_, channels, height, width) = layout.shape().dims4()?;
        let biases = words(biases, biases_layout)?;
        let mut sums = words(maps, layout)?.to_vec();
        sums.par_chunks_mut(height * width).enumerate().for_each(|(map, sums)| {
            for sum in sums {
                *sum += biases[map % channels];
            }
        });
        Ok((CpuStorage::F32(sums), layout.shape().clone()))
    }

    fn bwd(
        &self,
        maps: &Tensor,
        biases: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (_, channels, height, width) = maps.dims4()?;
        let mut to_biases = vec![0.0; channels];
        for (map, gradient) in values(gradient)?.chunks_exact(height * width).enumerate() {
            to_biases[map % channels] += gradient.iter().sum::<f32>();
        }
        let to_biases = Tensor::from_vec(to_biases, biases.shape(), biases.device())?;
        Ok((Some(gradient.clone()), Some(to_biases)))
    }
}

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
    /// None for the scores.
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

/// The mean over squares that do not overlap.
#[derive(Debug, Clone, Copy)]
pub struct Pool {
    pub side: usize,
    /// What the means are rounded to, halves up; `None` leaves them.
    pub step: Option<f32>,
}

impl Pool {
    /// The mean's weight of one value.
    fn share(&self) -> f32 {
        1.0 / (self.side * self.side) as f32
    }
}

impl CustomOp1 for Pool {
    fn name(&self) -> &'static str {
        "average-pool"
    }

    fn cpu_fwd(&self, maps: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (images, channels, height, width) = layout.shape().dims4()?;
        let maps = words(maps, layout)?;
        let (side, share) = (self.side, self.share());
        let (rows, columns) = (height / side, width / side);
        let mut means = vec![0.0; images * channels * rows * columns];
        means.par_chunks_mut(rows * columns).zip(maps.par_chunks(height * width)).for_each(
            |(means, map)| {
                for (index, mean) in means.iter_mut().enumerate() {
                    let corner = index / columns * side * width + index % columns * side;
                    let square = (0..side).flat_map(|y| &map[corner + y * width..][..side]);
                    let exact = square.sum::<f32>() * share;
                    *mean = self.step.map_or(exact, |step| (exact / step + 0.5).floor() * step);
                }
            },
        );
        Ok((CpuStorage::F32(means), Shape::from((images, channels, rows, columns))))
    }

    fn bwd(&self, maps: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let (_, _, height, width) = maps.dims4()?;
        let (side, share) = (self.side, self.share());
        let (rows, columns) = (height / side, width / side);
        let gradient = values(gradient)?;
        let mut to_maps = vec![0.0; maps.elem_count()];
        to_maps.par_chunks_mut(height * width).zip(gradient.par_chunks(rows * columns)).for_each(
            |(map, gradient)| {
                for (index, value) in map.iter_mut().enumerate() {
                    let (y, x) = (index / width / side, index % width / side);
                    *value = gradient[y * columns + x] * share;
                }
            },
        );
        Ok(Some(Tensor::from_vec(to_maps, maps.shape(), maps.device())?))
    }
}
