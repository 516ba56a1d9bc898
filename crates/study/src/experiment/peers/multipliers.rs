// SPDX-License-Identifier: MIT OR Apache-2.0
//! Cheaper multipliers: every product is taken, from narrower operands or without a multiplier.
//!
//! A narrower multiplier takes operands that lose low bits of their magnitude.
//!
//! Mitchell's logarithmic multiplier (1962) takes the antilogarithm of a sum of logarithms. The
//! logarithm of a magnitude a = 2^p·(1 + f), 0 ≤ f < 1, is taken as p + f: the place of the
//! leading one, and the bits below it. The sum of two of them, k + g with 0 ≤ g < 1, goes back as
//! 2^k·(1 + g). With all bits of f the result is a whole number, never above the product and less
//! than 1/9 below it; powers of two are exact. A narrower one keeps the F highest bits of f. A product
//! with a zero operand is zero, and is not counted.

use pulp::Arch;

use super::{
    Batch, IMAGES, Lanes, Peer, Saves, Tally, Technique, WEIGHT_BITS, filters, run, technique,
};
use crate::experiment::Software;
use model::conv::{Kernel, Mode, Plane};
use model::engine::{Detail, GoldenEngine};
use model::nn::{Convolution, Inference, LayerOutcome, MachineLayer, MachineNetwork};

/// Which low bits of an operand's magnitude are set to zero. The sign stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truncation {
    /// All below the `bits` highest from the leading one on; at least 1.
    Leading {
        /// Bits that are kept.
        bits: u32,
    },
    /// The same ones of every operand, below 32.
    Low {
        /// Bits that are dropped.
        bits: u32,
    },
}

impl Truncation {
    /// The settings that are measured.
    pub fn all() -> impl Iterator<Item = Self> {
        let leading = (1..=6).map(|bits| Self::Leading { bits });
        leading.chain((1..=8).map(|bits| Self::Low { bits }))
    }

    /// The operand that is multiplied in place of `operand`.
    pub fn apply(self, operand: i32) -> i32 {
        let magnitude = operand.unsigned_abs();
        let dropped = match self {
            Self::Leading { bits } => (32 - magnitude.leading_zeros()).saturating_sub(bits),
            Self::Low { bits } => bits,
        };
        let kept = (magnitude >> dropped << dropped) as i32;
        if operand < 0 { kept.wrapping_neg() } else { kept }
    }
}

/// A network with truncated convolution weights, over truncated activations.
pub(super) fn truncated(network: &MachineNetwork, truncation: Truncation) -> Peer {
    let network = with_weights(network, |word| truncation.apply(word));
    let activation_bits = network.network.activation_bits;
    let (name, setting, multiplier) = match truncation {
        Truncation::Leading { bits } => {
            let multiplier = (bits.min(WEIGHT_BITS), bits.min(activation_bits));
            (technique::TRUNCATE_LEADING, format!("kept={bits}"), multiplier)
        }
        Truncation::Low { bits } => {
            let left = |width: u32| width.saturating_sub(bits);
            let multiplier = (left(WEIGHT_BITS), left(activation_bits));
            (technique::TRUNCATE_LOW, format!("dropped={bits}"), multiplier)
        }
    };
    let (multiplier_bits, saves) = (Some(multiplier), Saves::Energy);
    let technique = Technique { name, setting, multiplier_bits, saves };
    Peer::new([technique], move |batch: &Batch<'_>| {
        vec![Tally::of(&infer_truncated(&network, truncation, batch.images))]
    })
}

/// The network with other convolution weights. They must not be larger than before, or the proof
/// that no sum overflows is void.
fn with_weights(network: &MachineNetwork, word: impl Fn(i32) -> i32) -> MachineNetwork {
    let mut network = network.clone();
    for layer in &mut network.layers {
        let MachineLayer::Convolution(layer) = layer else { continue };
        for kernel in layer.filters.iter_mut().flatten() {
            let words = kernel.weights().iter().map(|&it| word(it)).collect();
            *kernel = Kernel::new(kernel.side(), words).expect("the shape is that of a kernel");
        }
    }
    network
}

/// The golden model over truncated activations.
fn infer_truncated(
    network: &MachineNetwork,
    truncation: Truncation,
    images: &[Vec<Plane>],
) -> Vec<Inference> {
    let plane = |plane: &Plane| {
        let words = plane.data().iter().map(|&it| truncation.apply(it)).collect();
        Plane::new(plane.width(), plane.height(), words).expect("the shape is that of a plane")
    };
    let mut golden = GoldenEngine::default();
    let mut engine = Software::new(|layer: &Convolution, semantics: &_, inputs: &[Vec<Plane>]| {
        let inputs: Vec<Vec<Plane>> =
            inputs.iter().map(|planes| planes.iter().map(plane).collect()).collect();
        golden.outcomes(layer, semantics, &inputs, Detail::Sums)
    });
    run(network, Mode::Exact, images, &mut engine)
}

/// Fraction bits that hold any operand of an [`MachineNetwork`] whole.
pub(super) const FULL_FRACTION: u32 = 14;

/// Fraction bits that are measured.
pub(super) const FRACTION_BITS: [u32; 5] = [FULL_FRACTION, 6, 4, 3, 2];

/// The logarithmic product of two operands of at most 24 bits of magnitude, with `fraction` bits
/// of each logarithm's fraction.
///
/// With the operands cut to their `fraction` + 1 highest bits, a = 2^p + r and b = 2^q + s, it is
/// 2^(p+q) + r·2^q + s·2^p if that is below 2^(p+q+1), else 2·(r·2^q + s·2^p): each power of two
/// is a shift.
#[cfg(test)]
fn mitchell_product(a: i32, b: i32, fraction: u32) -> i64 {
    let cut = |operand| Truncation::Leading { bits: fraction + 1 }.apply(operand);
    let (a, b) = (i64::from(cut(a)), i64::from(cut(b)));
    if a == 0 || b == 0 {
        return 0;
    }
    let (p, q) = (a.abs().ilog2(), b.abs().ilog2());
    let (r, s) = (a.abs() - (1 << p), b.abs() - (1 << q));
    let (leading, rest) = (1_i64 << (p + q), (r << q) + (s << p));
    let magnitude = if rest < leading { leading + rest } else { 2 * rest };
    if (a < 0) == (b < 0) { magnitude } else { -magnitude }
}

/// Bits of a float below its exponent.
const MANTISSA: u32 = f32::MANTISSA_DIGITS - 1;

/// An operand as the loop takes it: the bit pattern of a float is Mitchell's logarithm, exponent
/// above fraction, under a sign. Magnitudes below 2²⁴ are exact in it.
fn logarithm(operand: i32, fraction: u32) -> u32 {
    debug_assert!(operand.unsigned_abs() < 1 << f32::MANTISSA_DIGITS);
    (Truncation::Leading { bits: fraction + 1 }.apply(operand) as f32).to_bits()
}

/// The logarithm of a weight, to be added to that of an activation: without the exponent's bias,
/// which must count once. Signs add like all others: two of them cancel. The sum with a zero, whose
/// bit pattern is zero, is the pattern of a number below 1, which goes back as zero.
fn weight_logarithm(weight: i32, fraction: u32) -> u32 {
    logarithm(weight, fraction).wrapping_sub(127 << MANTISSA)
}

/// Adds to each sum the product of the weight with an activation.
#[inline(always)]
fn accumulate(sums: &mut [i32], activations: &[u32], weight: u32) {
    for (sum, &activation) in sums.iter_mut().zip(activations) {
        // No product is above the exact one, and no sum of those leaves 32 bits.
        *sum = sum.wrapping_add(f32::from_bits(activation.wrapping_add(weight)) as i32);
    }
}

/// The weights' logarithms of one output: (number of the weight, logarithm), without zeros.
type Filter = Vec<(usize, u32)>;

/// The logarithms of the weights of `filters[layer][output]`.
fn logarithms(network: &MachineNetwork, fraction: u32) -> Vec<Vec<Filter>> {
    let filter = |words: Vec<i32>| {
        let words = words.into_iter().enumerate().filter(|(_, word)| *word != 0);
        words.map(|(index, word)| (index, weight_logarithm(word, fraction))).collect()
    };
    network.convolutions().map(|layer| filters(layer).map(filter).collect()).collect()
}

/// A network whose convolutions use logarithmic products.
pub(super) fn mitchell(network: &MachineNetwork, fraction: u32) -> Peer {
    let (name, setting) = (technique::MITCHELL, format!("fraction={fraction}"));
    let technique = Technique { name, setting, multiplier_bits: None, saves: Saves::Energy };
    let (network, filters) = (network.clone(), logarithms(network, fraction));
    Peer::new([technique], move |batch: &Batch<'_>| {
        let (inferences, log_products) = infer_mitchell(&network, fraction, &filters, batch.images);
        vec![Tally { log_products, ..Tally::of(&inferences) }]
    })
}

/// Images through logarithmic products, and how many of these each layer takes; multiplications
/// there are none.
fn infer_mitchell(
    network: &MachineNetwork,
    fraction: u32,
    filters: &[Vec<Filter>],
    images: &[Vec<Plane>],
) -> (Vec<Inference>, Vec<u64>) {
    let mut products = vec![0; filters.len()];
    let mut engine = Software::new(|layer: &Convolution, _: &_, inputs: &[Vec<Plane>]| {
        let filters = &filters[layer.index];
        let mut outcomes = vec![LayerOutcome::default(); inputs.len()];
        for (inputs, outcomes) in inputs.chunks(IMAGES).zip(outcomes.chunks_mut(IMAGES)) {
            let lanes = Lanes::new(inputs, layer.side(), |it| logarithm(it, fraction));
            products[layer.index] += count(&lanes, filters);
            for filter in filters {
                lanes.scatter(&sums(&lanes, filter), outcomes);
            }
        }
        outcomes
    });
    (run(network, Mode::Exact, images, &mut engine), products)
}

/// The sums of one output, [row][column][image].
fn sums(lanes: &Lanes<u32>, filter: &Filter) -> Vec<i32> {
    let mut sums = vec![0; lanes.rows * lanes.row_len()];
    Arch::new().dispatch(|| {
        for (y, sums) in sums.chunks_exact_mut(lanes.row_len()).enumerate() {
            for &(index, weight) in filter {
                accumulate(sums, lanes.operands(index, y), weight);
            }
        }
    });
    sums
}

/// Products of two operands that are not zero.
fn count(lanes: &Lanes<u32>, filters: &[Filter]) -> u64 {
    let mut outputs = vec![0_u64; lanes.products().len()];
    for &(index, _) in filters.iter().flatten() {
        outputs[index] += 1;
    }
    let products = lanes.products().zip(outputs).map(|(index, outputs)| {
        let operands = (0..lanes.rows).flat_map(|y| lanes.operands(index, y));
        // The only operand whose logarithm is without a bit is zero.
        operands.filter(|it| **it != 0).count() as u64 * outputs
    });
    products.sum()
}

#[cfg(test)]
mod tests {
    use super::super::golden;
    use super::super::testing::{one_layer, with_digits};
    use super::*;
    use crate::data::digits;
    use crate::experiment::lenet::Variant;
    use model::nn::{Activation, input_planes};

    fn scores<'a>(
        network: &MachineNetwork,
        truncation: Truncation,
        images: impl IntoIterator<Item = &'a [u8]>,
    ) -> Vec<Vec<i32>> {
        let network = with_weights(network, |word| truncation.apply(word));
        let images: Vec<_> = images.into_iter().map(|it| input_planes(&network, it)).collect();
        let inferences = infer_truncated(&network, truncation, &images);
        inferences.into_iter().map(|it| it.scores).collect()
    }

    #[test]
    fn operands_are_truncated_towards_zero() {
        let leading = |bits, operand| Truncation::Leading { bits }.apply(operand);
        assert_eq!([0, 1, 7, 8, 11, -11, 255].map(|it| leading(1, it)), [0, 1, 4, 8, 8, -8, 128]);
        assert_eq!([0, 1, 7, 8, 11, -11, 255].map(|it| leading(3, it)), [0, 1, 7, 8, 10, -10, 224]);
        assert_eq!(leading(2, i32::MIN), i32::MIN);
        let low = |operand| Truncation::Low { bits: 3 }.apply(operand);
        assert_eq!([0, 7, 8, 15, -7, -9, 255].map(low), [0, 0, 8, 8, 0, -8, 248]);
    }

    #[test]
    fn both_operands_of_every_product_are_truncated() {
        let network = one_layer(&[&[1, 7, -3, 5]], &[0], 2);
        let images = [[9, 6, 1, 3, 12, 2, 0, 5, 255]];
        let scores = |truncation| scores(&network, truncation, images.iter().map(|it| &it[..]));
        let leading = scores(Truncation::Leading { bits: 1 });
        // Weights 1, 4, −2, 4 over 8 4 1 / 2 8 2 / 0 4 128, halved.
        let expected = [(8 + 16 - 4 + 32) / 2, 0, (2 + 32 + 16) / 2, (8 + 8 - 8 + 512) / 2];
        assert_eq!(leading, [expected]);
        // Weights 0, 4, 0, 4 over 8 4 0 / 0 12 0 / 0 4 252, halved.
        let expected = [(16 + 48) / 2, 0, (48 + 16) / 2, 1008 / 2];
        assert_eq!(scores(Truncation::Low { bits: 2 }), [expected]);
    }

    #[test]
    fn sixteen_bits_from_the_leading_one_are_all_and_one_is_not() {
        for activation in [Activation::Relu, Activation::Tanh] {
            let integer = Variant::lenet5(activation).unwrap().integer;
            let digits = digits::draw(5, digits::TEST, 2);
            let scores = |bits| {
                let digits = digits.iter().map(|it| &it.pixels[..]);
                scores(&integer, Truncation::Leading { bits }, digits)
            };
            let exact = with_digits(&integer, 2, |batch| {
                batch.exact.iter().map(|it| it.scores.clone()).collect::<Vec<_>>()
            });
            assert_eq!(scores(16), exact);
            assert_ne!(scores(1), exact);
        }
    }

    #[test]
    fn the_error_is_between_0_and_a_ninth_and_reaches_it() {
        let mut worst = 0.0_f64;
        for a in 1..700 {
            for b in 1..700 {
                let (exact, found) = (i64::from(a * b), mitchell_product(a, b, FULL_FRACTION));
                assert!(found <= exact, "{a}·{b}");
                worst = worst.max((exact - found) as f64 / exact as f64);
                assert_eq!(found, -mitchell_product(-a, b, FULL_FRACTION));
                assert_eq!(found, mitchell_product(-a, -b, FULL_FRACTION));
            }
        }
        // 3·3 = 9 becomes 8; by theory nothing is further off.
        assert_eq!(mitchell_product(3, 3, FULL_FRACTION), 8);
        assert!((worst - 1.0 / 9.0).abs() < 1e-12, "{worst}");
    }

    #[test]
    fn powers_of_two_are_exact_and_zeros_zero() {
        for p in 0..15 {
            for q in 0..15 {
                assert_eq!(mitchell_product(1 << p, -(1 << q), 0), -(1 << (p + q)));
            }
            // One operand is enough if the other keeps its bits.
            assert_eq!(mitchell_product(1 << p, 5461, FULL_FRACTION), 5461 << p);
        }
        assert_eq!(mitchell_product(0, 77, FULL_FRACTION), 0);
        assert_eq!(mitchell_product(-77, 0, 3), 0);
        // 13·11 with two fraction bits is 12·10: 8·8 + 4·8 + 2·8.
        assert_eq!(mitchell_product(13, 11, 2), 112);
    }

    #[test]
    fn the_loop_agrees_with_the_rule() {
        let operands: Vec<i32> = (0..200).chain((0..200).map(|i| i * 163 + 7)).collect();
        for fraction in FRACTION_BITS {
            for &weight in operands.iter().step_by(3).filter(|it| **it != 0) {
                for weight in [weight, -weight] {
                    let activations: Vec<i32> = operands.iter().flat_map(|&it| [it, -it]).collect();
                    let logs: Vec<u32> =
                        activations.iter().map(|&it| logarithm(it, fraction)).collect();
                    let mut sums = vec![5; logs.len()];
                    accumulate(&mut sums, &logs, weight_logarithm(weight, fraction));
                    for (&activation, sum) in activations.iter().zip(sums) {
                        let product = mitchell_product(activation, weight, fraction);
                        assert_eq!(i64::from(sum), 5 + product, "{activation}·{weight}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_layer_sums_its_products_and_counts_those_without_a_zero() {
        let network = one_layer(&[&[3, 0, -1, 2]], &[4], 2);
        let filters = logarithms(&network, FULL_FRACTION);
        // 33 images fill the lanes and begin them anew.
        let images = vec![input_planes(&network, &[0, 5, 0, 7, 9, 7, 0, 5, 3]); 33];
        let (found, products) = infer_mitchell(&network, FULL_FRACTION, &filters, &images);
        // Bias 4; 3·5 becomes 14, 3·7 becomes 20, 3·9 becomes 26; the sum is halved, rounding up.
        assert_eq!(found[32].scores, [8, 12, 17, 16]);
        // Of the 12 products without the zero weight two have a zero activation.
        assert_eq!(products, [10 * 33]);
    }

    #[test]
    fn the_first_layer_counts_what_dual_zero_skip_multiplies() {
        let integer = Variant::lenet5(Activation::Tanh).unwrap().integer;
        with_digits(&integer, 3, |batch| {
            let found = (mitchell(&integer, FULL_FRACTION).measure)(batch);
            let dual = Tally::of(&golden(&integer, Mode::DualZeroSkip, batch.images));
            assert_eq!(found[0].log_products[0], dual.multiplications[0]);
            assert_eq!(found[0].multiplications, [0, 0, 0]);
        });
    }
}
