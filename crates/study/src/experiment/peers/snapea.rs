// SPDX-License-Identifier: MIT OR Apache-2.0
//! Early termination, the exact mode of SnaPEA: an output that will be zero after its ReLU is given
//! up as soon as that is certain.
//!
//! Activations are not negative. The weights of an output, over all input channels, are taken
//! positive ones first; once only others remain, the partial sum, which the bias begins, cannot
//! grow any more, and when it is not above zero the output is zero.

use pulp::Arch;

use super::{
    Batch, IMAGES, Lanes, Peer, Saves, Tally, Technique, assert_exact, filters, run, technique,
};
use crate::experiment::Software;
use model::conv::{Mode, Plane};
use model::nn::{Convolution, LayerOutcome, MachineNetwork};

/// The order of an output's weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Positive, negative, zero; otherwise as they are. It is SnaPEA's.
    Sign,
    /// The same, and the most negative first: an order as static, that gives up earlier.
    SignAndSize,
}

impl Order {
    pub(super) const ALL: [Self; 2] = [Self::Sign, Self::SignAndSize];

    const fn name(self) -> &'static str {
        match self {
            Self::Sign => "order=sign",
            Self::SignAndSize => "order=sign+size",
        }
    }

    /// The weights of an output, with their numbers, in this order.
    fn sort(self, words: Vec<i32>) -> Filter {
        let mut words: Vec<(usize, i32)> = words.into_iter().enumerate().collect();
        words.sort_by_key(|&(_, word)| match word.signum() {
            1 => (0, 0),
            0 => (2, 0),
            _ => (1, if self == Self::SignAndSize { word } else { 0 }),
        });
        let positive = words.iter().filter(|(_, word)| *word > 0).count();
        Filter { words, positive }
    }
}

/// The weights of an output: (number of the weight, weight).
struct Filter {
    words: Vec<(usize, i32)>,
    /// How many are positive; those are first.
    positive: usize,
}

/// Early termination in a network in which every convolution is followed by a ReLU.
pub(super) fn peer(network: &MachineNetwork, order: Order) -> Peer {
    let technique = |name| {
        let setting = order.name().to_owned();
        Technique::whole(name, setting, network, Saves::EnergyAndTime)
    };
    let techniques = [technique::SNAPEA, technique::SNAPEA_ZERO_SKIP].map(technique);
    let layer = |layer| filters(layer).map(|words| order.sort(words)).collect();
    // `filters[layer][output]`.
    let filters: Vec<Vec<Filter>> = network.convolutions().map(layer).collect();
    let network = network.clone();
    Peer::new(techniques, move |batch: &Batch<'_>| {
        // In each layer, the multiplications whose activation is not zero.
        let mut nonzero = vec![0; filters.len()];
        // Gives the sums as far as they are taken.
        let mut engine = Software::new(|layer: &Convolution, _: &_, inputs: &[Vec<Plane>]| {
            let mut outcomes = vec![LayerOutcome::default(); inputs.len()];
            for (inputs, outcomes) in inputs.chunks(IMAGES).zip(outcomes.chunks_mut(IMAGES)) {
                let lanes = Lanes::new(inputs, layer.side(), |word| word);
                for (filter, &bias) in filters[layer.index].iter().zip(&layer.bias) {
                    let Outputs { sums, performed, skipping } = outputs(&lanes, filter, bias);
                    lanes.scatter(&sums, outcomes);
                    for (image, outcome) in outcomes.iter_mut().enumerate() {
                        let performed = performed.iter().skip(image).step_by(lanes.images);
                        outcome.multiplications.push(performed.map(|&it| u64::from(it)).sum());
                    }
                    nonzero[layer.index] += skipping;
                }
            }
            outcomes
        });
        let inferences = run(&network, Mode::Exact, batch.images, &mut engine);
        assert_exact("early termination", &inferences, batch);
        let all = Tally::of(&inferences);
        let skipping = all.with_multiplications(nonzero);
        vec![all, skipping]
    })
}

/// One output channel.
struct Outputs {
    /// [row][column][image], without bias, as far as they are taken.
    sums: Vec<i32>,
    /// Multiplications of each.
    performed: Vec<u32>,
    /// Multiplications of all whose activation is not zero.
    skipping: u64,
}

fn outputs(lanes: &Lanes<i32>, filter: &Filter, bias: i32) -> Outputs {
    let (len, all) = (lanes.row_len(), lanes.rows * lanes.row_len());
    let (mut sums, mut performed) = (vec![bias; all], vec![filter.positive as u32; all]);
    let mut skipping = 0;
    let (positive, others) = filter.words.split_at(filter.positive);
    Arch::new().dispatch(|| {
        let rows = sums.chunks_exact_mut(len).zip(performed.chunks_exact_mut(len));
        for (y, (sums, performed)) in rows.enumerate() {
            for &(index, weight) in positive {
                skipping += multiply(sums, lanes.operands(index, y), weight);
            }
            for &(index, weight) in others {
                let operands = lanes.operands(index, y);
                let Some(count) = multiply_alive(sums, performed, operands, weight) else { break };
                skipping += count;
            }
        }
    });
    for sum in &mut sums {
        *sum = sum.wrapping_sub(bias);
    }
    Outputs { sums, performed, skipping }
}

/// Adds the products with a weight to the sums; how many operands are not zero.
#[inline(always)]
fn multiply(sums: &mut [i32], operands: &[i32], weight: i32) -> u64 {
    let mut count = 0_u32;
    for (sum, &operand) in sums.iter_mut().zip(operands) {
        *sum = sum.wrapping_add(weight.wrapping_mul(operand));
        count += u32::from(operand != 0);
    }
    count.into()
}

/// [`multiply`] where the sum is above zero, with a weight that is not; `None` if none is. A sum
/// that is not above zero stays as it is, so that it is never resumed.
#[inline(always)]
fn multiply_alive(
    sums: &mut [i32],
    performed: &mut [u32],
    operands: &[i32],
    weight: i32,
) -> Option<u64> {
    let (mut alive, mut count) = (0_u32, 0_u32);
    for ((sum, performed), &operand) in sums.iter_mut().zip(performed).zip(operands) {
        let above = *sum > 0;
        let product = weight.wrapping_mul(operand);
        *sum = sum.wrapping_add(if above { product } else { 0 });
        *performed += u32::from(above);
        alive += u32::from(above);
        count += u32::from(above & (operand != 0));
    }
    (alive > 0).then_some(count.into())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{one_layer, with_digits, with_images};
    use super::*;
    use crate::experiment::lenet::Variant;
    use model::nn::Activation;

    const IMAGE: [u8; 9] = [0, 5, 0, 7, 9, 7, 0, 5, 0];

    fn counts(kernel: &[i32], bias: i32, order: Order) -> [u64; 2] {
        let network = one_layer(&[kernel], &[bias], 2);
        let measure = peer(&network, order).measure;
        let tallies = with_images(&network, [&IMAGE[..]], measure);
        [tallies[0].multiplications[0], tallies[1].multiplications[0]]
    }

    #[test]
    fn multiplications_are_counted_by_hand() {
        // 3 and 1 first, then −4 and −2. Windows: 0 5/7 9 ends after −4, 5 0/9 7 never,
        // 7 9/0 5 after −4, 9 7/5 0 never; of those products 1, 1, 1, 1 have a zero activation.
        assert_eq!(counts(&[3, -4, 1, -2], 0, Order::Sign), [3 + 4 + 3 + 4, 2 + 3 + 2 + 3]);
        // The bias ends the first window right after its positive weights, −8 + 7 < 0, and the last
        // after −4.
        assert_eq!(counts(&[3, -4, 1, -2], -8, Order::Sign), [2 + 4 + 3 + 3, 1 + 3 + 2 + 3]);
        // Zero weights come last: the second window alone gets as far.
        assert_eq!(counts(&[0, -9, 0, 1], -1, Order::Sign), [2 + 4 + 2 + 1, 2 + 3 + 2]);
    }

    #[test]
    fn the_most_negative_weight_ends_outputs_sooner() {
        // By sign −1 comes before −9; by size −9 does.
        let by_sign = counts(&[3, -1, 1, -9], 0, Order::Sign);
        let by_size = counts(&[3, -1, 1, -9], 0, Order::SignAndSize);
        assert_eq!(by_sign, [4 + 4 + 4 + 4, 3 + 3 + 3 + 3]);
        assert_eq!(by_size, [3 + 3 + 3 + 4, 2 + 3 + 2 + 3]);
    }

    #[test]
    fn outputs_are_exact_and_multiplications_fewer() {
        let integer = Variant::lenet5(Activation::Relu).unwrap().integer;
        with_digits(&integer, 35, |batch| {
            let exact = Tally::of(batch.exact);
            for order in Order::ALL {
                // It panics if an activation differs.
                let tallies = (peer(&integer, order).measure)(batch);
                assert_eq!(tallies[0].classes, exact.classes);
                let layers = tallies[0].multiplications.iter().zip(&exact.multiplications);
                for (layer, (early, all)) in layers.enumerate() {
                    assert!(early < all, "layer {layer}: {early} of {all}");
                    assert!(tallies[1].multiplications[layer] < *early, "layer {layer}");
                }
            }
        });
    }
}
