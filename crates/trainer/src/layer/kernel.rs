// SPDX-License-Identifier: MIT OR Apache-2.0
//! The loops over the products of a group of images.

use model::conv::SmaxScope;
use pulp::{Simd, WithSimd};

use super::lanes::{LANES, Lanes};
use super::taps::{ConvShape, NO_SCORE, Skip, Tap, Taps, log};

/// One log or score of every image of a group.
type Scores = [i32; LANES];

/// The logs of a group's words.
fn logs(inputs: &[Lanes], log_frac: u32) -> Vec<Scores> {
    inputs.iter().map(|word| word.map(|value| log(value, log_frac))).collect()
}

/// S_max − T of one window, after `best` has taken in the window's scores.
#[inline(always)]
fn limit(best: &mut Scores, taps: &[Tap], logs: &[Scores], skip: &Skip) -> Scores {
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
    s_max.map(|s| s - skip.threshold as i32)
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
pub(super) struct Forward<'a> {
    pub shape: &'a ConvShape,
    pub taps: &'a Taps,
    pub skip: Option<&'a Skip>,
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
        for kernels in taps.kernels.chunks_exact(shape.channels) {
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
pub(super) struct Backward<'a> {
    pub shape: &'a ConvShape,
    pub taps: &'a Taps,
    /// Products that are not multiplied pass no gradient on; `None` lets all pass.
    pub skip: Option<&'a Skip>,
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
        for (output, kernels) in taps.kernels.chunks_exact(shape.channels).enumerate() {
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
                    let limit = limit.as_ref().map(|(logs, limit)| (*logs, limit));
                    pass_to_weights(&mut sums, kernel, inputs, limit, gradient);
                    if input_gradient {
                        pass_to_inputs(&mut to_inputs[start..], kernel, limit, gradient);
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

#[inline(always)]
fn pass_to_weights(
    sums: &mut [Lanes],
    taps: &[Tap],
    inputs: &[Lanes],
    limit: Option<(&[Scores], &Scores)>,
    gradient: &Lanes,
) {
    for tap in taps {
        let (sum, input) = (&mut sums[tap.place], &inputs[tap.offset]);
        match limit {
            None => {
                for lane in 0..LANES {
                    sum[lane] += gradient[lane] * input[lane];
                }
            }
            Some((logs, limit)) => {
                let log = &logs[tap.offset];
                for lane in 0..LANES {
                    let keep = keep(log[lane] + tap.log, limit[lane]);
                    sum[lane] += masked_value(gradient[lane] * input[lane], keep);
                }
            }
        }
    }
}

#[inline(always)]
fn pass_to_inputs(
    to_inputs: &mut [Lanes],
    taps: &[Tap],
    limit: Option<(&[Scores], &Scores)>,
    gradient: &Lanes,
) {
    for tap in taps {
        let to_input = &mut to_inputs[tap.offset];
        match limit {
            None => {
                for lane in 0..LANES {
                    to_input[lane] += gradient[lane] * tap.weight;
                }
            }
            Some((logs, limit)) => {
                let log = &logs[tap.offset];
                for lane in 0..LANES {
                    let keep = keep(log[lane] + tap.log, limit[lane]);
                    to_input[lane] += masked_value(gradient[lane] * tap.weight, keep);
                }
            }
        }
    }
}
