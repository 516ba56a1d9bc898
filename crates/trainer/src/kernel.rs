// SPDX-License-Identifier: MIT OR Apache-2.0
//! The convolution's loops over the products of a group of images, and what they walk: the weights
//! as taps, and images side by side, so that a group of [`LANES`] images is one vector a word.

use model::conv::{Semantics, SmaxScope};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Images in a group: two vectors of AVX2, so that what a loop carries stays in registers.
pub(crate) const LANES: usize = 16;

/// One word of every image of a group.
pub(crate) type Lanes = [f32; LANES];

/// The groups of a batch of images of `size` words; the last is filled with zeros.
pub(crate) fn split(batch: &[f32], size: usize) -> Vec<Vec<Lanes>> {
    let group = |images: &[f32]| {
        let mut words = vec![[0.0; LANES]; size];
        for (lane, image) in images.chunks_exact(size).enumerate() {
            for (word, &value) in words.iter_mut().zip(image) {
                word[lane] = value;
            }
        }
        words
    };
    batch.par_chunks(size * LANES).map(group).collect()
}

/// The batch of `images` images that `groups` hold: what [`split`] took apart.
pub(crate) fn join(groups: &[Vec<Lanes>], images: usize) -> Vec<f32> {
    let size = groups.first().map_or(0, Vec::len);
    let mut batch = vec![0.0; images * size];
    batch.par_chunks_mut((size * LANES).max(1)).zip(groups).for_each(|(batch, words)| {
        for (lane, image) in batch.chunks_exact_mut(size).enumerate() {
            for (value, word) in image.iter_mut().zip(words) {
                *value = word[lane];
            }
        }
    });
    batch
}

/// The sizes of a convolution layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvShape {
    /// Of the input, as rows and columns.
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    pub outputs: usize,
    /// Of the kernels.
    pub side: usize,
}

impl ConvShape {
    /// Words of the input of one image.
    pub fn inputs(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Rows and columns of an output map.
    pub fn output_size(&self) -> (usize, usize) {
        (self.height + 1 - self.side, self.width + 1 - self.side)
    }

    pub fn positions(&self) -> usize {
        let (height, width) = self.output_size();
        height * width
    }

    pub fn weights(&self) -> usize {
        self.outputs * self.channels * self.side * self.side
    }

    pub fn slots(&self) -> usize {
        self.weights() * self.positions()
    }

    /// Where in a channel's plane the window of output `position` begins.
    pub(crate) fn corner(&self, position: usize) -> usize {
        let (_, width) = self.output_size();
        position / width * self.width + position % width
    }
}

/// The log of a zero operand: every score with it is below [`NO_SCORE`] by more than any T.
pub(crate) const ZERO: i32 = -(1 << 24);

/// S_max where no product has two operands that are not zero.
pub(crate) const NO_SCORE: i32 = -(1 << 22);

/// Mitchell's logarithm of a float, up to a constant: the exponent and the first `log_frac` bits
/// below it. For a whole number times a power of two it is the log proxy of the whole number, up
/// to a constant.
#[inline(always)]
pub(crate) fn log(value: f32, log_frac: u32) -> i32 {
    let bits = value.to_bits() & 0x7FFF_FFFF;
    if bits == 0 { ZERO } else { (bits >> (f32::MANTISSA_DIGITS - 1 - log_frac)) as i32 }
}

/// One weight that is not zero.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tap {
    /// From the corner of a window to the weight's operand.
    offset: usize,
    /// The weight's place in its kernel.
    pub place: usize,
    pub weight: f32,
    pub log: i32,
}

/// The taps of every kernel, those of output o and channel c at [o · channels + c]: all weights, or,
/// if products are skipped, those that are not zero.
pub(crate) fn taps(shape: &ConvShape, weights: &[f32], skip: Option<&Semantics>) -> Vec<Vec<Tap>> {
    let tap = |(place, &weight): (usize, &f32)| {
        let offset = place / shape.side * shape.width + place % shape.side;
        let log = skip.map_or(0, |skip| log(weight, skip.log_frac));
        Tap { offset, place, weight, log }
    };
    let kernel = |kernel: &[f32]| {
        let taps = kernel.iter().enumerate().map(tap);
        taps.filter(|tap| skip.is_none() || tap.weight != 0.0).collect()
    };
    weights.chunks_exact(shape.side * shape.side).map(kernel).collect()
}

/// One log or score of every image of a group.
type Scores = [i32; LANES];

fn logs(inputs: &[Lanes], log_frac: u32) -> Vec<Scores> {
    inputs.iter().map(|word| word.map(|value| log(value, log_frac))).collect()
}

/// S_max − T of one window, after `best` has taken in the window's scores.
#[inline(always)]
fn limit(best: &mut Scores, taps: &[Tap], logs: &[Scores], skip: &Semantics) -> Scores {
    let mut s_max = match skip.scope {
        SmaxScope::Window => [NO_SCORE; LANES],
        SmaxScope::Running => *best,
    };
    for tap in taps {
        let input = &logs[tap.offset];
        for lane in 0..LANES {
            s_max[lane] = s_max[lane].max(input[lane] + tap.log);
        }
    }
    *best = s_max;
    // Beyond the distance of any two scores T makes no difference.
    let threshold = skip.threshold.get().min(NO_SCORE.unsigned_abs()) as i32;
    s_max.map(|s| s - threshold)
}

/// All bits set if `score` is above `limit`, else none: the sign of their difference, which a
/// vector computes without a branch.
#[inline(always)]
fn keep(score: i32, limit: i32) -> i32 {
    (limit - score) >> 31
}

/// The value if all bits of `keep` are set, else 0.
#[inline(always)]
fn masked_value(value: f32, keep: i32) -> f32 {
    f32::from_bits(value.to_bits() & keep as u32)
}

/// The outputs, and how many products were multiplied for each image.
pub(crate) struct Forward<'a> {
    pub shape: &'a ConvShape,
    pub taps: &'a [Vec<Tap>],
    pub skip: Option<&'a Semantics>,
    pub inputs: &'a [Lanes],
}

impl WithSimd for Forward<'_> {
    type Output = (Vec<Lanes>, [u32; LANES]);

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Self::Output {
        let Self { shape, taps, skip, inputs } = self;
        let (positions, plane) = (shape.positions(), shape.height * shape.width);
        let logs = skip.map(|skip| (skip, logs(inputs, skip.log_frac)));
        let mut outputs = Vec::with_capacity(shape.outputs * positions);
        let mut kept_all = [0u32; LANES];
        for kernels in taps.chunks_exact(shape.channels) {
            for position in 0..positions {
                let mut best = [NO_SCORE; LANES];
                let mut sum = [0.0; LANES];
                let mut kept = [0i32; LANES];
                let corner = shape.corner(position);
                for (channel, kernel) in kernels.iter().enumerate() {
                    let start = channel * plane + corner;
                    let inputs = &inputs[start..];
                    match &logs {
                        None => dense(&mut sum, kernel, inputs),
                        Some((skip, logs)) => {
                            let logs = &logs[start..];
                            let limit = limit(&mut best, kernel, logs, skip);
                            masked(&mut sum, &mut kept, kernel, inputs, logs, &limit);
                        }
                    }
                }
                outputs.push(sum);
                for lane in 0..LANES {
                    kept_all[lane] += kept[lane] as u32;
                }
            }
        }
        if skip.is_none() {
            kept_all = [shape.slots() as u32; LANES];
        }
        (outputs, kept_all)
    }
}

#[inline(always)]
fn dense(sum: &mut Lanes, taps: &[Tap], inputs: &[Lanes]) {
    let mut total = *sum;
    for tap in taps {
        let input = &inputs[tap.offset];
        for lane in 0..LANES {
            total[lane] += tap.weight * input[lane];
        }
    }
    *sum = total;
}

#[inline(always)]
fn masked(
    sum: &mut Lanes,
    kept: &mut Scores,
    taps: &[Tap],
    inputs: &[Lanes],
    logs: &[Scores],
    limit: &Scores,
) {
    let (mut total, mut count) = (*sum, *kept);
    for tap in taps {
        let (input, log) = (&inputs[tap.offset], &logs[tap.offset]);
        for lane in 0..LANES {
            let keep = keep(log[lane] + tap.log, limit[lane]);
            total[lane] += masked_value(tap.weight * input[lane], keep);
            count[lane] -= keep;
        }
    }
    (*sum, *kept) = (total, count);
}

/// The gradients of the weights, and, if wanted, of the inputs.
pub(crate) struct Backward<'a> {
    pub shape: &'a ConvShape,
    pub taps: &'a [Vec<Tap>],
    /// Products that are not multiplied pass no gradient on; `None` lets all pass.
    pub skip: Option<&'a Semantics>,
    pub inputs: &'a [Lanes],
    pub gradient: &'a [Lanes],
    pub input_gradient: bool,
}

impl WithSimd for Backward<'_> {
    /// Of the weights, summed over the group; of the inputs, empty if not wanted.
    type Output = (Vec<f32>, Vec<Lanes>);

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Self::Output {
        let Self { shape, taps, skip, inputs, gradient, input_gradient } = self;
        let (positions, plane) = (shape.positions(), shape.height * shape.width);
        let area = shape.side * shape.side;
        let logs = skip.map(|skip| (skip, logs(inputs, skip.log_frac)));
        let mut to_weights = vec![0.0; shape.weights()];
        let mut to_inputs = vec![[0.0; LANES]; if input_gradient { inputs.len() } else { 0 }];
        let mut best = vec![[0; LANES]; positions];
        let mut sums = vec![[0.0; LANES]; area];
        for (output, kernels) in taps.chunks_exact(shape.channels).enumerate() {
            let gradient = &gradient[output * positions..][..positions];
            best.fill([NO_SCORE; LANES]);
            for (channel, kernel) in kernels.iter().enumerate() {
                sums.fill([0.0; LANES]);
                for (position, gradient) in gradient.iter().enumerate() {
                    let start = channel * plane + shape.corner(position);
                    let limit = logs.as_ref().map(|(skip, logs)| {
                        let limit = limit(&mut best[position], kernel, &logs[start..], skip);
                        (&logs[start..], limit)
                    });
                    if gradient.iter().all(|&g| g == 0.0) {
                        continue;
                    }
                    let inputs = &inputs[start..];
                    for tap in kernel {
                        let keep = limit.as_ref().map(|(logs, limit)| (&logs[tap.offset], limit));
                        let input = &inputs[tap.offset];
                        add_products(&mut sums[tap.place], gradient, input, tap, keep);
                        if input_gradient {
                            let to_input = &mut to_inputs[start + tap.offset];
                            add_products(to_input, gradient, &[tap.weight; LANES], tap, keep);
                        }
                    }
                }
                let to_weights = &mut to_weights[(output * shape.channels + channel) * area..];
                for (total, lanes) in to_weights.iter_mut().zip(&sums) {
                    *total = lanes.iter().sum();
                }
            }
        }
        (to_weights, to_inputs)
    }
}

/// Adds a gradient times the other operand of a tap's product, where the product is multiplied.
#[inline(always)]
fn add_products(
    sum: &mut Lanes,
    gradient: &Lanes,
    other: &Lanes,
    tap: &Tap,
    logs: Option<(&Scores, &Scores)>,
) {
    for lane in 0..LANES {
        let product = gradient[lane] * other[lane];
        sum[lane] += match logs {
            None => product,
            Some((log, limit)) => masked_value(product, keep(log[lane] + tap.log, limit[lane])),
        };
    }
}
