// SPDX-License-Identifier: MIT OR Apache-2.0
//! The layers of an integer network, and the arithmetic around their sums.

use std::sync::LazyLock;

use super::network::Activation;
use crate::conv::{Kernel, Plane};

/// What happens to a layer's sums: an activation with its shift, or nothing (scores).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finish {
    /// The activation; the sums are the result without one.
    pub activation: Option<Activation>,
    /// Bits that a sum is shifted right by, rounding half up: to the scale of the output for ReLU,
    /// of tanh's argument for tanh. At least 1 with an activation.
    pub shift: u32,
    /// Bits of an activation's magnitude.
    pub bits: u32,
}

impl Finish {
    /// The activation of one sum.
    pub fn apply(&self, sum: i32) -> i32 {
        let Some(activation) = self.activation else { return sum };
        let rounded = (sum + (1 << (self.shift - 1))) >> self.shift;
        match activation {
            Activation::Relu => rounded.clamp(0, (1 << self.bits) - 1),
            Activation::Tanh => integer_tanh(rounded, self.bits),
        }
    }
}

/// A convolution layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Convolution {
    /// Its name.
    pub name: String,
    /// Its number among the convolution layers, from 0.
    pub index: usize,
    /// `filters[output][input channel]`.
    pub filters: Vec<Vec<Kernel>>,
    /// One an output, in the scale of the sums.
    pub bias: Vec<i32>,
    /// What follows.
    pub finish: Finish,
}

impl Convolution {
    /// Rows, and columns, of a kernel.
    pub fn side(&self) -> usize {
        self.filters[0][0].side()
    }

    /// Adds the bias to the sums of the products and applies the activation. `sums[output]` is
    /// row-major with `width` columns.
    pub fn finish(&self, sums: &[Vec<i32>], width: usize) -> Vec<Plane> {
        let plane = |(sums, &bias): (&Vec<i32>, &i32)| {
            let words = sums.iter().map(|&sum| self.finish.apply(sum.wrapping_add(bias)));
            let words: Vec<i32> = words.collect();
            Plane::new(width, words.len() / width, words).expect("a map has outputs")
        };
        sums.iter().zip(&self.bias).map(plane).collect()
    }
}

/// A pooling layer: the mean of every block, rounded half up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AveragePool {
    /// Rows, and columns, of a block: a power of two that divides both sides of a map.
    pub side: usize,
}

impl AveragePool {
    /// One map.
    pub fn apply(&self, plane: &Plane) -> Plane {
        let (side, width) = (self.side, plane.width());
        let (columns, rows) = (width / side, plane.height() / side);
        let shift = (side * side).ilog2();
        let mean = |index: usize| {
            let first = index / columns * side * width + index % columns * side;
            let rows = (0..side).map(|y| &plane.data()[first + y * width..][..side]);
            let sum: i32 = rows.flatten().sum();
            (sum + (1 << shift >> 1)) >> shift
        };
        let words = (0..rows * columns).map(mean).collect();
        Plane::new(columns, rows, words).expect("a pooled map has outputs")
    }
}

/// A dense layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Dense {
    /// Its name.
    pub name: String,
    /// `weights[output]`, a weight for every input, channel by channel, row by row.
    pub weights: Vec<Vec<i32>>,
    /// One an output, in the scale of the sums.
    pub bias: Vec<i32>,
    /// What follows.
    pub finish: Finish,
}

impl Dense {
    /// The outputs.
    pub fn apply(&self, planes: &[Plane]) -> Vec<i32> {
        let inputs: Vec<i32> = planes.iter().flat_map(Plane::data).copied().collect();
        let output = |(weights, &bias): (&Vec<i32>, &i32)| {
            let products = weights.iter().zip(&inputs).map(|(&w, &x)| w.wrapping_mul(x));
            self.finish.apply(products.fold(bias, i32::wrapping_add))
        };
        self.weights.iter().zip(&self.bias).map(output).collect()
    }
}

/// One layer.
#[derive(Debug, Clone, PartialEq)]
pub enum IntegerLayer {
    /// Convolution, bias, activation.
    Convolution(Convolution),
    /// Pooling.
    AveragePool(AveragePool),
    /// Dense, bias, activation.
    Dense(Dense),
}

/// Fraction bits of the argument.
pub const TANH_INPUT_BITS: u32 = 12;

/// Entries a unit of the argument.
const STEPS: u32 = 64;

/// The table covers arguments below this; beyond, tanh is 1 within 2⁻²².
const REACH: u32 = 8;

/// Fraction bits of an entry.
const ENTRY_BITS: u32 = 16;

static TABLE: LazyLock<Vec<i32>> = LazyLock::new(|| {
    let entry = |i: u32| {
        let x = f64::from(i) / f64::from(STEPS);
        (x.tanh() * f64::from(1 << ENTRY_BITS)).round() as i32
    };
    (0..=STEPS * REACH).map(entry).collect()
});

/// tanh at 0, 1/64, …, 8, each in units of 2⁻¹⁶.
pub fn tanh_table() -> &'static [i32] {
    &TABLE
}

/// tanh of an argument in units of 2^−[`TANH_INPUT_BITS`], in units of 2^−`bits`, where |result| is
/// at most 2^`bits` − 1; `bits` is 4 to 15. It is odd, grows with its argument, and is within 0.75
/// units of the true value in 12 bits: half a unit from rounding, the rest from the lines.
pub fn integer_tanh(argument: i32, bits: u32) -> i32 {
    const FRACTION_BITS: u32 = TANH_INPUT_BITS - STEPS.ilog2();
    let magnitude = argument.unsigned_abs().min((REACH << TANH_INPUT_BITS) - 1);
    let (index, fraction) = (magnitude >> FRACTION_BITS, magnitude & ((1 << FRACTION_BITS) - 1));
    let (low, high) = (TABLE[index as usize], TABLE[index as usize + 1]);
    let sum = (low << FRACTION_BITS) + (high - low) * fraction as i32;
    let shift = FRACTION_BITS + ENTRY_BITS - bits;
    let rounded = (sum + (1 << (shift - 1))) >> shift;
    let result = rounded.min((1 << bits) - 1);
    if argument < 0 { -result } else { result }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relu_rounds_half_up_and_saturates() {
        let finish = Finish { activation: Some(Activation::Relu), shift: 2, bits: 4 };
        let found: Vec<i32> =
            [-9, -2, 1, 2, 5, 6, 57, 58, 1000].map(|sum| finish.apply(sum)).into();
        assert_eq!(found, [0, 0, 0, 1, 1, 2, 14, 15, 15]);
    }

    #[test]
    fn a_pool_is_the_rounded_mean_of_each_block() {
        let plane = Plane::new(4, 2, vec![1, 2, -1, -2, 3, 4, -3, -4]).unwrap();
        assert_eq!(AveragePool { side: 2 }.apply(&plane).data(), [3, -2]);
    }

    #[test]
    fn the_error_is_as_stated_and_the_function_is_odd_and_grows() {
        for bits in [4, 8, 12, 15] {
            let unit = f64::from(1 << bits);
            let (mut largest, mut last) = (0.0_f64, i32::MIN);
            for argument in -40_000..=40_000 {
                let found = integer_tanh(argument, bits);
                assert!(found >= last, "at {argument}");
                assert_eq!(found, -integer_tanh(-argument, bits));
                last = found;
                let exact = (f64::from(argument) / 4096.0).tanh() * unit;
                let exact = exact.clamp(1.0 - unit, unit - 1.0);
                largest = largest.max((f64::from(found) - exact).abs());
            }
            let limit = if bits <= 12 { 0.75 } else { 1.75 };
            assert!(largest < limit, "{bits} bits: {largest}");
        }
        assert_eq!(integer_tanh(i32::MIN, 12), -4095);
        assert_eq!(integer_tanh(i32::MAX, 12), 4095);
    }
}
