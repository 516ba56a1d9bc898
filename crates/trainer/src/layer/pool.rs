// SPDX-License-Identifier: MIT OR Apache-2.0
//! Average pooling, rounded as the hardware rounds it if it is asked for.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::convolution::{values, words};

/// The mean over squares that do not overlap.
#[derive(Debug, Clone, Copy)]
pub struct Pool {
    /// Side of a square.
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
