// SPDX-License-Identifier: MIT OR Apache-2.0
//! Images side by side: a group of [`LANES`] images is one vector a word.

use rayon::prelude::*;

/// Images in a group: two vectors of AVX2, so that what a loop carries stays in registers.
pub(super) const LANES: usize = 16;

/// One word of every image of a group.
pub(super) type Lanes = [f32; LANES];

/// The groups of a batch of images of `size` words; the last is filled with zeros.
pub(super) fn split(batch: &[f32], size: usize) -> Vec<Vec<Lanes>> {
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
pub(super) fn join(groups: &[Vec<Lanes>], images: usize) -> Vec<f32> {
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
