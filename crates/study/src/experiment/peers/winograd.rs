// SPDX-License-Identifier: MIT OR Apache-2.0
//! Winograd's minimal filtering F(2×2, r×r): a tile of 2×2 outputs takes (r+1)² multiplications in
//! place of 4·r². The outputs are exact; the operands of the multiplications are wider.

use super::{Batch, Peer, Saves, Tally, Technique, WEIGHT_BITS, technique};
use model::nn::{LayerDescription, LayerKind, MachineNetwork, NetworkError, Shape};

/// The transforms of F(2×2, r×r), in integers: the filter transform is multiplied by `scale` in
/// each of its two passes, so that a tile comes out multiplied by `scale`².
#[derive(Debug, Clone, Copy)]
pub(super) struct Winograd {
    /// r, the kernel's side.
    side: usize,
    /// What makes the filter transform whole.
    #[cfg_attr(not(test), allow(dead_code, reason = "tests prove the transforms with it"))]
    scale: i64,
    /// Bᵀ: r + 1 rows of r + 1.
    input: &'static [&'static [i64]],
    /// `scale`·G: r + 1 rows of r.
    filter: &'static [&'static [i64]],
    /// Aᵀ: 2 rows of r + 1.
    #[cfg_attr(not(test), allow(dead_code, reason = "tests prove the transforms with it"))]
    output: &'static [&'static [i64]],
}

/// F(2×2, 3×3), from the points 0, 1, −1, ∞.
pub(super) const F23: Winograd = Winograd {
    side: 3,
    scale: 2,
    input: &[&[1, 0, -1, 0], &[0, 1, 1, 0], &[0, -1, 1, 0], &[0, 1, 0, -1]],
    filter: &[&[2, 0, 0], &[1, 1, 1], &[1, -1, 1], &[0, 0, 2]],
    output: &[&[1, 1, 1, 0], &[0, 1, -1, -1]],
};

/// F(2×2, 5×5), from the points 0, 1, −1, 2, −2, ∞.
pub(super) const F25: Winograd = Winograd {
    side: 5,
    scale: 24,
    input: &[
        &[4, 0, -5, 0, 1, 0],
        &[0, -4, -4, 1, 1, 0],
        &[0, 4, -4, -1, 1, 0],
        &[0, -2, -1, 2, 1, 0],
        &[0, 2, -1, -2, 1, 0],
        &[0, 4, 0, -5, 0, 1],
    ],
    filter: &[
        &[6, 0, 0, 0, 0],
        &[-4, -4, -4, -4, -4],
        &[-4, 4, -4, 4, -4],
        &[1, 2, 4, 8, 16],
        &[1, -2, 4, -8, 16],
        &[0, 0, 0, 0, 24],
    ],
    output: &[&[1, 1, 1, 1, 1, 0], &[0, 1, -1, 2, -2, 1]],
};

impl Winograd {
    /// The name of the setting: `F(2x2,3x3)`.
    fn name(&self) -> String {
        format!("F(2x2,{0}x{0})", self.side)
    }

    /// Multiplications for a map of `rows` × `columns` outputs of one input channel. Tiles that
    /// reach over the edge count in full. A single output is cheaper without.
    fn multiplications(&self, rows: usize, columns: usize) -> u64 {
        let tiles = rows.div_ceil(2) * columns.div_ceil(2);
        let points = (self.side + 1) * (self.side + 1);
        let direct = rows * columns * self.side * self.side;
        direct.min(tiles * points) as u64
    }

    /// Bits by which the magnitude of a transformed weight and of a transformed input may exceed
    /// those of the weight and the input.
    fn growth_bits(&self) -> (u32, u32) {
        let gain = |matrix: &[&[i64]]| {
            let row = |row: &&[i64]| row.iter().map(|it| it.unsigned_abs()).sum::<u64>();
            let largest = matrix.iter().map(row).max().unwrap_or(1);
            (largest * largest).next_power_of_two().ilog2()
        };
        (gain(self.filter), gain(self.input))
    }

    /// The 2×2 outputs of a window of (r+1)² words under a kernel of r² weights, all row-major,
    /// and the number of multiplications of one transformed word with another.
    ///
    /// # Panics
    /// If the window or the kernel has another length.
    #[cfg(test)]
    fn tile(&self, window: &[i32], kernel: &[i32]) -> ([i64; 4], u64) {
        let points = self.side + 1;
        assert_eq!(window.len(), points * points, "a window of (r+1)² words");
        assert_eq!(kernel.len(), self.side * self.side, "a kernel of r² weights");
        let inputs = both_sides(self.input, window.iter().map(|&x| i64::from(x)));
        let weights = both_sides(self.filter, kernel.iter().map(|&w| i64::from(w)));
        let products: Vec<i64> = inputs.iter().zip(&weights).map(|(x, w)| x * w).collect();
        let multiplications = products.len() as u64;
        let outputs = both_sides(self.output, products.into_iter());
        let unscaled = |i: usize| outputs[i] / (self.scale * self.scale);
        ([unscaled(0), unscaled(1), unscaled(2), unscaled(3)], multiplications)
    }
}

/// M·X·Mᵀ of a square X, row-major.
#[cfg(test)]
fn both_sides(matrix: &[&[i64]], square: impl Iterator<Item = i64>) -> Vec<i64> {
    let (square, side): (Vec<i64>, usize) = (square.collect(), matrix[0].len());
    let rows = matrix.iter().flat_map(|row| {
        let square = &square;
        (0..side).map(move |x| (0..side).map(|y| row[y] * square[y * side + x]).sum::<i64>())
    });
    let rows: Vec<i64> = rows.collect();
    let dot = |values: &[i64], row: &[i64]| values.iter().zip(row).map(|(a, b)| a * b).sum();
    rows.chunks_exact(side).flat_map(|line| matrix.iter().map(|row| dot(line, row))).collect()
}

/// A network where one transform does the layers it fits, and the others are done directly.
pub(super) fn peer(network: &MachineNetwork, transform: Winograd) -> Result<Peer, NetworkError> {
    let description = &network.network;
    let shapes = description.shapes()?;
    let count = |(layer, shapes): (&LayerDescription, &[Shape])| {
        let LayerKind::Convolution { side, .. } = layer.kind else { return None };
        let (input, output) = (shapes[0], shapes[1]);
        let maps = (input.channels * output.channels) as u64;
        Some(if side == transform.side {
            maps * transform.multiplications(output.height, output.width)
        } else {
            maps * (output.height * output.width * side * side) as u64
        })
    };
    let layers = description.layers.iter().zip(shapes.windows(2));
    let multiplications: Vec<u64> = layers.filter_map(count).collect();
    let (weight, input) = transform.growth_bits();
    let technique = Technique {
        name: technique::WINOGRAD,
        setting: transform.name(),
        multiplier_bits: Some((WEIGHT_BITS + weight, description.activation_bits + input)),
        saves: Saves::EnergyAndTime,
    };
    Ok(Peer::new([technique], move |batch: &Batch<'_>| {
        let images = batch.images.len() as u64;
        let multiplications = multiplications.iter().map(|count| count * images).collect();
        vec![Tally::of(batch.exact).with_multiplications(multiplications)]
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::with_digits;
    use super::*;
    use crate::experiment::lenet::Variant;
    use model::nn::Activation;

    #[test]
    fn a_map_takes_16_or_36_multiplications_a_tile() {
        // 26×26 outputs of a 3×3 kernel over MNIST: 55.6 % fewer than 6,084.
        assert_eq!(F23.multiplications(26, 26), 2704);
        assert_eq!(F23.multiplications(2, 2), 16);
        assert_eq!(F25.multiplications(2, 2), 36);
        assert_eq!(F23.multiplications(3, 2), 32, "the third row takes a tile of its own");
        assert_eq!(F23.multiplications(1, 1), 9, "one output is cheaper without");
    }

    #[test]
    fn lenet_has_layers_for_5x5_and_none_for_3x3() {
        let integer = Variant::lenet5(Activation::Relu).unwrap().integer;
        let of = |transform| {
            let Peer { techniques, measure } = peer(&integer, transform).unwrap();
            let tallies = with_digits(&integer, 1, measure);
            (tallies[0].multiplications.clone(), techniques[0].multiplier_bits)
        };
        assert_eq!(of(F23), (vec![86_400, 153_600, 30_720], Some((19, 14))));
        let fitted = vec![86_400 * 36 / 100, 153_600 * 36 / 100, 30_720];
        assert_eq!(of(F25), (fitted, Some((25, 19))));
    }

    proptest! {
        /// A tile is the convolution, to the bit, and no operand outgrows its stated width.
        #[test]
        fn tiles_are_exact(
            words in prop::collection::vec(-4095_i32..4096, 36),
            weights in prop::collection::vec(-32767_i32..32768, 25),
        ) {
            for (transform, multiplications) in [(F23, 16), (F25, 36)] {
                let (side, points) = (transform.side, transform.side + 1);
                let (window, kernel) = (&words[..points * points], &weights[..side * side]);
                let mut direct = [0_i64; 4];
                for (output, sum) in direct.iter_mut().enumerate() {
                    for (i, &weight) in kernel.iter().enumerate() {
                        let (y, x) = (output / 2 + i / side, output % 2 + i % side);
                        *sum += i64::from(weight) * i64::from(window[y * points + x]);
                    }
                }
                prop_assert_eq!(transform.tile(window, kernel), (direct, multiplications));
                let (weight_bits, input_bits) = transform.growth_bits();
                let within = |matrix, words: &[i32], bits: u32| {
                    let words = words.iter().map(|&it| i64::from(it));
                    both_sides(matrix, words).iter().all(|it| it.abs() < 1 << bits)
                };
                prop_assert!(within(transform.filter, kernel, 15 + weight_bits));
                prop_assert!(within(transform.input, window, 12 + input_bits));
            }
        }
    }
}
