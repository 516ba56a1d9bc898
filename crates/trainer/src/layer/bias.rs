// SPDX-License-Identifier: MIT OR Apache-2.0
//! A number added to every map.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::convolution::{values, words};

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
