// SPDX-License-Identifier: MIT OR Apache-2.0
//! A convolution with skipped products, as an operation with a gradient.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};
use pulp::Arch;
use rayon::prelude::*;

use super::kernel::{Backward, Forward};
use super::lanes::{join, split};
use super::taps::{ConvShape, Skip, Taps};

/// Counts the products that were multiplied.
pub type Kept = Arc<AtomicU64>;

/// The convolution of images, n × channels × height × width, with weights, outputs × channels ×
/// side × side. Masks are constants to the gradient.
#[derive(Debug, Clone)]
pub struct Convolve {
    /// The sizes.
    pub shape: ConvShape,
    /// Which products are skipped; `None` multiplies all.
    pub skip: Option<Skip>,
    /// Whether skipped products pass a gradient on all the same.
    pub dense_gradient: bool,
    /// Whether the gradient of the images is wanted.
    pub input_gradient: bool,
    /// What the multiplied products are added to.
    pub kept: Option<Kept>,
}

impl Convolve {
    /// The operation on tensors.
    pub fn apply(self, images: &Tensor, weights: &Tensor) -> Result<Tensor> {
        images.contiguous()?.apply_op2(&weights.contiguous()?, self)
    }

    fn forward(&self, images: &[f32], weights: &[f32]) -> (Vec<f32>, usize) {
        let count = images.len() / self.shape.inputs();
        let skip = self.skip.as_ref();
        let taps = Taps::new(&self.shape, weights, skip);
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
        let taps = Taps::new(&self.shape, weights, skip);
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
pub(super) fn words<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        bail!("an operand is not contiguous");
    };
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// The words of a tensor.
pub(super) fn values(tensor: &Tensor) -> Result<Vec<f32>> {
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
