// SPDX-License-Identifier: MIT OR Apache-2.0
//! The arithmetic around the sums of a network in floats: IEEE-754 numbers of 32 bits, each operation
//! rounded to nearest even. `docs/lenet.md` describes it.

use std::sync::LazyLock;

use super::Activation;
use crate::conv::Number;

/// Entries a unit of the argument.
const STEPS: f32 = 64.0;

/// tanh is ±1 from here on: the last argument below it is within half of the last place of 1.
const REACH: f32 = 9.25;

static TABLE: LazyLock<Vec<f32>> = LazyLock::new(|| {
    let last = (REACH * STEPS) as u32;
    (0..=last).map(|i| (f64::from(i) / f64::from(STEPS)).tanh() as f32).collect()
});

/// tanh at 0, 1/64, …, 9.25, each the nearest number of 32 bits.
pub fn float_tanh_table() -> &'static [f32] {
    &TABLE
}

/// tanh, within three units of the last place of the true value and at most 1; it is odd. It grows with its
/// argument but for three such units, between two entries of the table. A NaN stays, and a zero with its
/// sign.
///
/// With t = tanh of the nearest multiple of 1/64 and d what the argument is beyond that,
/// tanh = (t + tanh d) / (1 + t · tanh d), where tanh d is d − d³/3.
pub fn float_tanh(argument: f32) -> f32 {
    let magnitude = argument.abs();
    if argument.is_nan() || magnitude == 0.0 {
        return argument;
    }
    if magnitude >= REACH {
        return 1.0_f32.copysign(argument);
    }
    let index = (magnitude * STEPS).round_ties_even();
    let d = magnitude - index / STEPS;
    let u = (d * d).mul_add(d * (-1.0 / 3.0), d);
    let t = TABLE[index as usize];
    let result = (t + u) / t.mul_add(u, 1.0);
    result.min(1.0).copysign(argument)
}

/// What follows a sum, as a word of the layer's output; the sum itself without an activation.
pub(super) fn activation(sum: i32, activation: Option<Activation>, number: Number) -> i32 {
    let value = f32::from_bits(sum as u32);
    match activation {
        None => sum,
        Some(Activation::Relu) => number.word(if value <= 0.0 { 0.0 } else { value }),
        Some(Activation::Tanh) => number.word(float_tanh(value)),
    }
}

/// The mean of the `count` words of a block, a power of two: added in their order, then scaled.
pub(super) fn mean(words: impl Iterator<Item = i32>, count: usize, number: Number) -> i32 {
    let scale = 1.0 / count as f32;
    let sum = words.map(|word| number.value(word)).reduce(|sum, value| sum + value);
    number.word(sum.expect("a block has words") * scale)
}

/// A bias with the products added in their order, each with one rounding.
pub(super) fn dense(bias: i32, weights: &[i32], inputs: &[i32], number: Number) -> i32 {
    let products = weights.iter().zip(inputs).map(|(&w, &x)| (number.value(w), number.value(x)));
    let sum = products.fold(f32::from_bits(bias as u32), |sum, (w, x)| w.mul_add(x, sum));
    Number::Float32.word(sum)
}

/// The place of a score among others, of which two that are equal have the same; a NaN's is the lowest.
pub(super) fn rank(score: i32) -> i32 {
    let value = f32::from_bits(score as u32);
    match value.to_bits() as i32 {
        _ if value.is_nan() => i32::MIN,
        bits if bits < 0 => -(bits & i32::MAX),
        bits => bits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn single(value: f32) -> i32 {
        value.to_bits() as i32
    }

    /// How many numbers lie between a result and the true value, of which the nearest number is given.
    fn distance(argument: f32) -> u32 {
        let exact = f64::from(argument).tanh() as f32;
        float_tanh(argument).to_bits().abs_diff(exact.to_bits())
    }

    #[test]
    fn tanh_is_close_odd_and_grows() {
        assert_eq!(float_tanh_table().len(), 593);
        // Every 1,021st number from the least to beyond the reach, and the places where entries change.
        let all = (1..REACH.to_bits() + 5_000).step_by(1_021).map(f32::from_bits);
        let ends = (0..592).flat_map(|i| {
            let bits = ((i as f32 + 0.5) / STEPS).to_bits();
            (bits - 100..bits + 100).map(f32::from_bits)
        });
        let mut arguments: Vec<f32> = all.chain(ends).collect();
        arguments.sort_by(f32::total_cmp);
        let mut last = 0;
        for argument in arguments {
            let found = float_tanh(argument);
            assert!(distance(argument) <= 3, "tanh {argument:e} = {found:e}");
            assert!(found <= 1.0 && found.to_bits() + 3 >= last, "tanh {argument:e} = {found:e}");
            assert_eq!(float_tanh(-argument).to_bits(), (-found).to_bits());
            last = last.max(found.to_bits());
        }
    }

    #[test]
    fn tanh_at_its_ends() {
        for same in [0.0, -0.0, f32::from_bits(1), -f32::MIN_POSITIVE] {
            assert_eq!(float_tanh(same).to_bits(), same.to_bits());
        }
        assert!(float_tanh(f32::NAN).is_nan());
        let ones = [REACH, REACH.next_down(), f32::INFINITY, f32::MAX];
        assert_eq!(ones.map(float_tanh), [1.0; 4]);
        assert_eq!(float_tanh(f32::NEG_INFINITY), -1.0);
        // An entry of the table, where nothing is beyond it.
        assert_eq!(float_tanh(0.5), 0.5_f64.tanh() as f32);
    }

    #[test]
    fn activations_by_hand() {
        let relu = |value: f32, number| activation(single(value), Some(Activation::Relu), number);
        let [float, bfloat] = [Number::Float32, Number::Bfloat16];
        assert_eq!([-1.5, -0.0, 0.0, 2.5].map(|it| relu(it, float)), [0, 0, 0, single(2.5)]);
        assert_eq!(relu(f32::NAN, float), single(f32::NAN));
        assert_eq!(relu(f32::NEG_INFINITY, float), 0);
        // 1 + 2⁻⁸ is between 1 and 1 + 2⁻⁷, to the even one; a bit more goes up.
        let tie = 1.0 + 2.0_f32.powi(-8);
        assert_eq!(relu(tie, bfloat), 0x3f80);
        assert_eq!(relu(tie.next_up(), bfloat), 0x3f81);
        assert_eq!(relu(f32::MAX, bfloat), 0x7f80);
        assert_eq!(relu(f32::NAN, bfloat), 0x7fc0);
        let tanh = activation(single(-20.0), Some(Activation::Tanh), bfloat);
        assert_eq!(tanh, 0xbf80_u16 as i16 as i32);
        assert_eq!(activation(single(-3.0), None, bfloat), single(-3.0));
    }

    #[test]
    fn means_are_added_in_order() {
        let of = |values: [f32; 4]| mean(values.map(single).into_iter(), 4, Number::Float32);
        assert_eq!(of([1.0, 2.0, 3.0, 4.0]), single(2.5));
        assert_eq!(of([1.0, 1e30, -1e30, 1.0]), single(0.25));
        assert_eq!(of([-0.0; 4]), single(-0.0));
        let words = [0x3f80, 0x4000, 0x4040, 0x4040];
        assert_eq!(mean(words.into_iter(), 4, Number::Bfloat16), 0x4010);
    }

    #[test]
    fn a_dense_output_starts_with_its_bias() {
        let [weights, inputs] = [[1.0, -1.0, 1.0], [1e30, 1e30, 4.0]].map(|it| it.map(single));
        assert_eq!(dense(single(1.0), &weights, &inputs, Number::Float32), single(4.0));
        assert_eq!(dense(single(1.0), &weights[2..], &inputs[2..], Number::Float32), single(5.0));
    }

    #[test]
    fn scores_in_order() {
        let scores = [f32::NAN, f32::NEG_INFINITY, -2.0, -1.0, -0.0, 1.0, 2.0, f32::INFINITY];
        assert!(scores.map(|it| rank(single(it))).is_sorted_by(|a, b| a < b));
        assert_eq!(rank(single(-0.0)), rank(0));
    }
}
