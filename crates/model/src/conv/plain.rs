//! The plain model: section III of the paper, one output at a time.

use super::bound::error_bound;
use super::config::{Mode, Semantics, SmaxScope};
use super::log_proxy::log_proxy;
use super::shape::{FeatureMap, Kernel, NO_SCORE, Plane};

/// The most products one [`Dot`] holds, a bit each.
pub const MAX_PRODUCTS: usize = 64;

/// One output of one channel, and how it comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dot {
    /// The sum of the kept products, wrapped modulo 2³².
    pub output: i32,
    /// Bit i is set if product i is multiplied.
    pub kept: u64,
    /// The largest score of a product with two operands that are not zero, in units of 2^−F; in
    /// running scope also over the channels before. `None` if there is no such product. It is there
    /// in every mode.
    pub s_max: Option<u32>,
    /// The exact sum of the skipped products, not wrapped: exact output − this output.
    pub dropped: i128,
    /// The number of products, skipped ones included.
    pub products: u32,
}

impl Dot {
    /// Multiplications performed.
    pub fn kept_count(&self) -> u32 {
        self.kept.count_ones()
    }

    /// Multiplications skipped, also those of products that are zero.
    pub fn skipped_count(&self) -> u32 {
        self.products - self.kept_count()
    }

    /// The output of `exact` mode for the same operands, wrapped modulo 2³².
    pub fn exact(&self) -> i32 {
        self.output.wrapping_add(self.dropped as i32)
    }

    /// |exact − output| before anything wraps.
    pub fn error(&self) -> u128 {
        self.dropped.unsigned_abs()
    }

    /// The largest [`error`](Self::error) that `semantics`, those of this output, allow: see
    /// [`error_bound`](error_bound()).
    pub fn error_bound(&self, semantics: &Semantics) -> u128 {
        error_bound(self.skipped_count(), self.s_max, semantics)
    }
}

/// The score S_i = L(w_i) + L(x_i) of every product, in units of 2^−F with F = `log_frac`; `None`
/// where an operand is zero.
///
/// # Panics
/// If the slices differ in length, or `log_frac` is above [`MAX_LOG_FRAC`](super::MAX_LOG_FRAC).
pub fn scores(weights: &[i32], inputs: &[i32], log_frac: u32) -> Vec<Option<u32>> {
    assert_eq!(weights.len(), inputs.len(), "a weight for every input");
    let score = |(&w, &x)| Some(log_proxy(w, log_frac)? + log_proxy(x, log_frac)?);
    weights.iter().zip(inputs).map(score).collect()
}

/// One output of one channel: `Σ w_i·x_i` over the products that `semantics` keep.
///
/// `carry` is S_max of the same output over the channels before: the `s_max` of their last [`Dot`],
/// and `None` for the first channel. It counts in running scope alone.
///
/// # Panics
/// If the slices differ in length, hold more than [`MAX_PRODUCTS`] words, or the semantics have
/// more than [`MAX_LOG_FRAC`](super::MAX_LOG_FRAC) fraction bits.
pub fn dot(weights: &[i32], inputs: &[i32], semantics: &Semantics, carry: Option<u32>) -> Dot {
    assert!(weights.len() <= MAX_PRODUCTS, "{} products; at most {MAX_PRODUCTS}", weights.len());
    let scores = scores(weights, inputs, semantics.log_frac);
    let carry = carry.filter(|_| semantics.scope == SmaxScope::Running);
    let s_max = scores.iter().copied().flatten().chain(carry).max();

    let mut dot = Dot { output: 0, kept: 0, s_max, dropped: 0, products: weights.len() as u32 };
    for (i, (&w, &x)) in weights.iter().zip(inputs).enumerate() {
        let keep = match semantics.mode {
            Mode::Exact => true,
            Mode::ZeroSkip => x != 0,
            Mode::DualZeroSkip => w != 0 && x != 0,
            Mode::Approx => scores[i].zip(s_max).is_some_and(|(score, s_max)| {
                i64::from(score) > i64::from(s_max) - i64::from(semantics.threshold.get())
            }),
        };
        if keep {
            dot.output = dot.output.wrapping_add(w.wrapping_mul(x));
            dot.kept |= 1 << i;
        } else {
            dot.dropped += i128::from(w) * i128::from(x);
        }
    }
    dot
}

/// The valid convolution (cross-correlation, stride 1, no padding) of a plane with a kernel, output
/// by output: `out[y][x] = Σ w[ky][kx] · in[y+ky][x+kx]`.
///
/// `carry` is the map of the same output channel over the input channel before; it counts in
/// running scope alone.
///
/// # Panics
/// If the kernel does not fit into the plane (see [`output_size`](super::output_size)), or `carry` has another size
/// than the result; and as [`dot`].
pub fn conv2d_plain(
    plane: &Plane,
    kernel: &Kernel,
    semantics: &Semantics,
    carry: Option<&FeatureMap>,
) -> FeatureMap {
    let mut map = FeatureMap::of_convolution(plane.width(), plane.height(), kernel, carry);
    for y in 0..map.height {
        for x in 0..map.width {
            let inputs = plane.window(x, y, kernel.side());
            let carry = carry.and_then(|map| map.s_max(y * map.width + x));
            let dot = dot(kernel.weights(), &inputs, semantics, carry);
            map.outputs.push(dot.output);
            map.kept.push(dot.kept_count() as u8);
            map.s_max.push(dot.s_max.map_or(NO_SCORE, |s| s as i16));
        }
    }
    map
}

#[cfg(test)]
mod tests;
