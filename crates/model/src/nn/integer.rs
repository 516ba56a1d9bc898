//! The layers of an integer network, and the arithmetic around their sums.

use super::network::Activation;
use super::tanh::integer_tanh;
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
}
