// SPDX-License-Identifier: MIT OR Apache-2.0
//! Many images side by side, so that every loop over products is a loop over consecutive words.
//!
//! The image is the fastest index of the input: [channel][row][column][image]. What one weight
//! meets for a row of outputs is then a slice, also where a layer has but one output an image.

use std::ops::Range;

use model::conv::{Kernel, Plane};
use model::nn::{Convolution, LayerOutcome};

/// Images side by side: four vectors of AVX2, and few enough that a layer's inputs stay in the
/// cache.
pub(super) const IMAGES: usize = 32;

/// The inputs of a layer for several images, and where each weight finds its operands.
pub(super) struct Lanes<T> {
    words: Vec<T>,
    /// Images side by side.
    pub(super) images: usize,
    /// For each weight of a filter, channel by channel and row-major, the place of its operand for
    /// the first output of the first image.
    offsets: Vec<usize>,
    pitch: usize,
    columns: usize,
    /// Rows of outputs.
    pub(super) rows: usize,
}

impl<T> Lanes<T> {
    /// The inputs of at least one image, `inputs[image][channel]`, for kernels of `side`.
    pub(super) fn new(inputs: &[Vec<Plane>], side: usize, word: impl Fn(i32) -> T) -> Self {
        let (first, images) = (&inputs[0], inputs.len());
        let (width, height) = (first[0].width(), first[0].height());
        let mut words = Vec::with_capacity(first.len() * width * height * images);
        for channel in 0..first.len() {
            let planes: Vec<&[i32]> = inputs.iter().map(|image| image[channel].data()).collect();
            for place in 0..width * height {
                words.extend(planes.iter().map(|plane| word(plane[place])));
            }
        }
        let offset = |index: usize| {
            let (channel, y, x) = (index / (side * side), index / side % side, index % side);
            ((channel * height + y) * width + x) * images
        };
        Self {
            words,
            images,
            offsets: (0..first.len() * side * side).map(offset).collect(),
            pitch: width * images,
            columns: width - side + 1,
            rows: height - side + 1,
        }
    }

    /// Outputs of a row, of all images: [column][image].
    pub(super) fn row_len(&self) -> usize {
        self.columns * self.images
    }

    /// The weights of a filter.
    pub(super) fn products(&self) -> Range<usize> {
        0..self.offsets.len()
    }

    /// What weight `index` of a filter meets for the outputs of row `y`: [column][image].
    pub(super) fn operands(&self, index: usize, y: usize) -> &[T] {
        &self.words[self.offsets[index] + y * self.pitch..][..self.row_len()]
    }

    /// Adds the sums of one output channel, [row][column][image], to the outcomes of the images.
    pub(super) fn scatter(&self, sums: &[i32], outcomes: &mut [LayerOutcome]) {
        for (image, outcome) in outcomes.iter_mut().enumerate() {
            outcome.sums.push(sums.iter().skip(image).step_by(self.images).copied().collect());
        }
    }
}

/// The weights of each output of a layer, channel by channel and row-major.
pub(super) fn filters(layer: &Convolution) -> impl Iterator<Item = Vec<i32>> + '_ {
    let words =
        |filter: &Vec<Kernel>| filter.iter().flat_map(|kernel| kernel.weights()).copied().collect();
    layer.filters.iter().map(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_weight_finds_its_operands() {
        let plane = |first: i32| Plane::new(3, 2, (first..first + 6).collect()).unwrap();
        let inputs = [vec![plane(0), plane(10)], vec![plane(100), plane(110)]];
        let lanes = Lanes::new(&inputs, 2, |word| word);
        assert_eq!((lanes.rows, lanes.row_len(), lanes.products()), (1, 4, 0..8));
        // Weight 0: the top left of the first channel; columns 0 and 1, images side by side.
        assert_eq!(lanes.operands(0, 0), [0, 100, 1, 101]);
        // Weight 7: the bottom right of the second channel.
        assert_eq!(lanes.operands(7, 0), [14, 114, 15, 115]);
        let mut outcomes = vec![LayerOutcome::default(); 2];
        lanes.scatter(&[1, 2, 3, 4], &mut outcomes);
        assert_eq!((&outcomes[0].sums, &outcomes[1].sums), (&vec![vec![1, 3]], &vec![vec![2, 4]]));
    }
}
