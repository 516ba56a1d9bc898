// SPDX-License-Identifier: MIT OR Apache-2.0
//! Planes, kernels and feature maps: row-major words with their sizes.

/// The largest supported kernel side.
pub const MAX_SIDE: usize = 7;

/// Sizes that do not describe a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    #[error("a plane of {width}×{height} with {words} words")]
    Plane { width: usize, height: usize, words: usize },
    #[error("a kernel of side {side} with {words} weights; sides are 1 to {MAX_SIDE}")]
    Kernel { side: usize, words: usize },
    #[error("no kernel")]
    NoKernel,
    #[error("kernels of side {first} and of side {other}")]
    MixedKernels { first: usize, other: usize },
    #[error("a kernel of side {side} does not fit into a plane of {width}×{height}")]
    KernelTooLarge { side: usize, width: usize, height: usize },
}

/// One input channel: `height` rows of `width` signed words, row-major.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plane {
    width: usize,
    height: usize,
    data: Vec<i32>,
}

impl Plane {
    /// A plane of `width` × `height` words, row-major; neither may be 0.
    pub fn new(width: usize, height: usize, data: Vec<i32>) -> Result<Self, ShapeError> {
        if data.is_empty() || width.checked_mul(height) != Some(data.len()) {
            return Err(ShapeError::Plane { width, height, words: data.len() });
        }
        Ok(Self { width, height, data })
    }

    #[inline]
    pub fn width(&self) -> usize {
        self.width
    }

    #[inline]
    pub fn height(&self) -> usize {
        self.height
    }

    #[inline]
    pub fn data(&self) -> &[i32] {
        &self.data
    }

    /// The words of the `side` × `side` window whose upper left corner is column `x`, row `y`,
    /// row-major: the operands that one output shares with a kernel of that side.
    /// One that leaves the plane panics.
    pub fn window(&self, x: usize, y: usize, side: usize) -> Vec<i32> {
        assert!(x + side <= self.width, "columns {x}..{} of {}", x + side, self.width);
        let rows = self.data.chunks_exact(self.width).skip(y).take(side);
        assert!(rows.len() == side, "rows {y}..{} of {}", y + side, self.height);
        rows.flat_map(|row| &row[x..x + side]).copied().collect()
    }
}

/// One square kernel: `side` × `side` signed weights, row-major.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
    side: usize,
    weights: Vec<i32>,
}

impl Kernel {
    /// A kernel of `side` × `side` weights, row-major; the side is 1 to [`MAX_SIDE`].
    pub fn new(side: usize, weights: Vec<i32>) -> Result<Self, ShapeError> {
        if !(1..=MAX_SIDE).contains(&side) || weights.len() != side * side {
            return Err(ShapeError::Kernel { side, words: weights.len() });
        }
        Ok(Self { side, weights })
    }

    #[inline]
    pub fn side(&self) -> usize {
        self.side
    }

    #[inline]
    pub fn weights(&self) -> &[i32] {
        &self.weights
    }
}

/// The columns and rows of the valid convolution (stride 1, no padding) of a plane of
/// `width` × `height` with a kernel of side `side`.
pub fn output_size(width: usize, height: usize, side: usize) -> Result<(usize, usize), ShapeError> {
    if side == 0 || side > width || side > height {
        return Err(ShapeError::KernelTooLarge { side, width, height });
    }
    Ok((width + 1 - side, height + 1 - side))
}

/// The outputs of one kernel over one plane, and what they cost. All vectors are row-major and hold
/// one entry an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureMap {
    pub width: usize,
    pub height: usize,
    /// Output words: integers wrapped modulo 2³², or the bits of singles.
    pub outputs: Vec<i32>,
    /// Multiplications performed: 0 to side².
    pub kept: Vec<u8>,
    /// S_max; [`NO_SCORE`] where there is none.
    pub(super) s_max: Vec<i16>,
    /// The products of one output, side².
    pub(super) products: u8,
}

/// S_max where no product has a score. A score is at most 2·8191 of integers and 2·16319 of floats, so
/// that the signed 16 bits hold every one.
pub(super) const NO_SCORE: i16 = -1;

impl FeatureMap {
    /// A map of `width` × `height` without outputs yet; `carry` must have the same size.
    pub(super) fn new(
        width: usize,
        height: usize,
        products: usize,
        carry: Option<&FeatureMap>,
    ) -> Self {
        if let Some(carry) = carry {
            let (from, to) = ((carry.width, carry.height), (width, height));
            assert!(from == to, "S_max of a map of {from:?} carried to one of {to:?}");
        }
        let (outputs, kept, s_max) = Default::default();
        Self { width, height, outputs, kept, s_max, products: products as u8 }
    }

    /// The map of a convolution of a plane of `width` × `height`, without outputs yet.
    pub(super) fn of_convolution(
        width: usize,
        height: usize,
        kernel: &Kernel,
        carry: Option<&FeatureMap>,
    ) -> Self {
        let size = output_size(width, height, kernel.side());
        let (width, height) = size.unwrap_or_else(|error| panic!("{error}"));
        Self::new(width, height, kernel.weights().len(), carry)
    }

    /// S_max of output `index` (row-major), in units of 2^−F; `None` if no product so far has a
    /// score. In running scope it covers the channels before.
    #[inline]
    pub fn s_max(&self, index: usize) -> Option<u32> {
        u32::try_from(self.s_max[index]).ok()
    }

    /// The products of output `index` that are not multiplied.
    #[inline]
    pub fn skipped(&self, index: usize) -> u32 {
        u32::from(self.products - self.kept[index])
    }

    /// Product slots of the whole map: side² an output. It is what `exact` mode multiplies.
    pub fn slots(&self) -> u64 {
        self.outputs.len() as u64 * u64::from(self.products)
    }

    pub fn total_kept(&self) -> u64 {
        self.kept.iter().map(|&kept| u64::from(kept)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_checked() {
        assert_eq!(
            Plane::new(3, 2, vec![0; 6]).map(|plane| (plane.width, plane.height)),
            Ok((3, 2))
        );
        for (width, height, words) in [(3, 2, 5), (0, 2, 0), (2, 0, 0), (usize::MAX, 2, 2)] {
            let error = Plane::new(width, height, vec![0; words]).unwrap_err();
            assert_eq!(error, ShapeError::Plane { width, height, words });
        }
        assert_eq!(Kernel::new(7, vec![0; 49]).map(|kernel| kernel.side), Ok(7));
        for (side, words) in [(0, 0), (8, 64), (3, 8), (3, 10)] {
            let error = Kernel::new(side, vec![0; words]).unwrap_err();
            assert_eq!(error, ShapeError::Kernel { side, words });
        }
    }

    #[test]
    fn output_sizes() {
        assert_eq!(output_size(28, 28, 5), Ok((24, 24)));
        assert_eq!(output_size(4, 6, 4), Ok((1, 3)));
        for (width, height, side) in [(4, 4, 5), (9, 4, 5), (4, 9, 5), (4, 4, 0)] {
            let error = ShapeError::KernelTooLarge { side, width, height };
            assert_eq!(output_size(width, height, side), Err(error));
        }
    }

    #[test]
    fn windows_are_row_major() {
        let plane = Plane::new(4, 3, (0..12).collect()).unwrap();
        assert_eq!(plane.window(1, 1, 2), [5, 6, 9, 10]);
        assert_eq!(plane.window(1, 0, 3), [1, 2, 3, 5, 6, 7, 9, 10, 11]);
    }

    #[test]
    #[should_panic(expected = "columns 3..5 of 4")]
    fn a_window_does_not_wrap_around_a_row() {
        Plane::new(4, 3, vec![0; 12]).unwrap().window(3, 0, 2);
    }
}
