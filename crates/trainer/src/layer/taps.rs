// SPDX-License-Identifier: MIT OR Apache-2.0
//! The weights of a convolution as the kernels walk them.

use model::conv::SmaxScope;

/// The sizes of a convolution layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvShape {
    /// Input channels.
    pub channels: usize,
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Output channels.
    pub outputs: usize,
    /// Side of the kernels.
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

    /// Positions of an output map.
    pub fn positions(&self) -> usize {
        let (height, width) = self.output_size();
        height * width
    }

    /// Weights.
    pub fn weights(&self) -> usize {
        self.outputs * self.channels * self.side * self.side
    }

    /// Products of one image.
    pub fn slots(&self) -> usize {
        self.weights() * self.positions()
    }

    /// Where in a channel's plane the window of output `position` begins.
    pub(super) fn corner(&self, position: usize) -> usize {
        let (_, width) = self.output_size();
        position / width * self.width + position % width
    }
}

/// Which products a layer skips: the settings of `approx` mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skip {
    /// T, at least 1, in units of 2^−F.
    pub threshold: u32,
    /// F, the fraction bits of the log proxy, 0 to 8.
    pub log_frac: u32,
    /// What S_max is taken over.
    pub scope: SmaxScope,
}

/// The log of a zero operand: every score with it is below [`NO_SCORE`] by more than any T.
pub(super) const ZERO: i32 = -(1 << 24);

/// S_max where no product has two operands that are not zero.
pub(super) const NO_SCORE: i32 = -(1 << 22);

/// Mitchell's logarithm of a float, up to a constant: the exponent and the first `log_frac` bits
/// below it. For a whole number times a power of two it is the log proxy of the whole number, up
/// to a constant.
#[inline(always)]
pub(super) fn log(value: f32, log_frac: u32) -> i32 {
    let bits = value.to_bits() & 0x7FFF_FFFF;
    if bits == 0 { ZERO } else { (bits >> (f32::MANTISSA_DIGITS - 1 - log_frac)) as i32 }
}

/// One weight that is not zero.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tap {
    /// From the corner of a window to the weight's operand.
    pub offset: usize,
    /// The weight's place in its kernel.
    pub place: usize,
    pub weight: f32,
    pub log: i32,
}

/// The taps of every kernel, `kernels[o · channels + c]`.
#[derive(Debug, Clone)]
pub(super) struct Taps {
    pub kernels: Vec<Vec<Tap>>,
}

impl Taps {
    /// All weights, or, if products are skipped, those that are not zero.
    pub fn new(shape: &ConvShape, weights: &[f32], skip: Option<&Skip>) -> Self {
        let area = shape.side * shape.side;
        let tap = |(place, &weight): (usize, &f32)| {
            let offset = place / shape.side * shape.width + place % shape.side;
            let log = skip.map_or(0, |skip| log(weight, skip.log_frac));
            Tap { offset, place, weight, log }
        };
        let kernel = |kernel: &[f32]| {
            let taps = kernel.iter().enumerate().map(tap);
            taps.filter(|tap| skip.is_none() || tap.weight != 0.0).collect()
        };
        Self { kernels: weights.chunks_exact(area).map(kernel).collect() }
    }
}
