// SPDX-License-Identifier: MIT OR Apache-2.0
//! The layers of a machine's network with the arithmetic around their sums, that of integers here, and
//! images through it; the convolutions are an engine's.

use std::sync::LazyLock;

use super::{Activation, MachineNetwork, Shape, single};
use crate::conv::{
    ConfigError, FeatureMap, Kernel, Mode, Number, OperandError, Plane, Semantics, SmaxScope,
    Threshold, check_operands,
};
use crate::engine::{Cost, Detail, Engine, EngineError, Place, StageRecord};

/// What happens to a layer's sums: an activation with its shift, or nothing (scores).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finish {
    /// The activation; the sums are the result without one.
    pub activation: Option<Activation>,
    /// Bits that a sum is shifted right by, rounding half up: to the scale of the output for ReLU,
    /// of tanh's argument for tanh. At least 1 with an activation; of no use to floats.
    pub shift: u32,
    /// Bits of an activation's magnitude; of no use to floats.
    pub bits: u32,
}

impl Finish {
    /// The activation of one sum of such numbers.
    pub fn apply(&self, sum: i32, number: Number) -> i32 {
        if number.is_float() {
            return single::activation(sum, self.activation, number);
        }
        let Some(activation) = self.activation else { return sum };
        // In more bits than a sum: hardware that is wrong may give any.
        let rounded = ((i64::from(sum) + (1 << (self.shift - 1))) >> self.shift) as i32;
        match activation {
            Activation::Relu => rounded.clamp(0, (1 << self.bits) - 1),
            Activation::Tanh => integer_tanh(rounded, self.bits),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Convolution {
    pub name: String,
    /// Its number among the convolution layers, from 0.
    pub index: usize,
    /// `filters[output][input channel]`.
    pub filters: Vec<Vec<Kernel>>,
    /// One an output, in the scale of the sums.
    pub bias: Vec<i32>,
    pub finish: Finish,
}

impl Convolution {
    pub fn side(&self) -> usize {
        self.filters[0][0].side()
    }

    /// Refuses weights, and words of `inputs[image][input channel]`, of more than `operand_w` bits.
    pub fn check_operands(
        &self,
        inputs: &[Vec<Plane>],
        operand_w: u32,
    ) -> Result<(), OperandError> {
        let (name, side) = (&self.name, self.side());
        for (output, filter) in self.filters.iter().enumerate() {
            for (channel, kernel) in filter.iter().enumerate() {
                check_operands(kernel.weights(), operand_w, |index| {
                    let (row, column) = (index / side, index % side);
                    format!(
                        "layer {name}, the weight in row {row}, column {column} of output channel \
                         {output} and input channel {channel}"
                    )
                })?;
            }
        }
        for (image, planes) in inputs.iter().enumerate() {
            for (channel, plane) in planes.iter().enumerate() {
                check_operands(plane.data(), operand_w, |index| {
                    let (row, column) = (index / plane.width(), index % plane.width());
                    format!(
                        "layer {name}, the input in row {row}, column {column} of channel {channel} \
                         of image {image} of the batch"
                    )
                })?;
            }
        }
        Ok(())
    }

    /// Adds the bias to the sums of the products and applies the activation. `sums[output]` is
    /// row-major with `width` columns.
    pub fn finish(&self, sums: &[Vec<i32>], width: usize, number: Number) -> Vec<Plane> {
        let plane = |(sums, &bias): (&Vec<i32>, &i32)| {
            let words = sums.iter().map(|&sum| self.finish.apply(number.add(sum, bias), number));
            let words: Vec<i32> = words.collect();
            Plane::new(width, words.len() / width, words).expect("a map has outputs")
        };
        sums.iter().zip(&self.bias).map(plane).collect()
    }
}

/// A pooling layer: the mean of every block; of integers, rounded half up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AveragePool {
    /// Rows, and columns, of a block: a power of two that divides both sides of a map.
    pub side: usize,
}

impl AveragePool {
    pub fn apply(&self, plane: &Plane, number: Number) -> Plane {
        let (side, width) = (self.side, plane.width());
        let (columns, rows) = (width / side, plane.height() / side);
        let shift = (side * side).ilog2();
        let mean = |index: usize| {
            let first = index / columns * side * width + index % columns * side;
            let rows = (0..side).map(|y| &plane.data()[first + y * width..][..side]);
            if number.is_float() {
                single::mean(rows.flatten().copied(), side * side, number)
            } else {
                (rows.flatten().sum::<i32>() + (1 << shift >> 1)) >> shift
            }
        };
        let words = (0..rows * columns).map(mean).collect();
        Plane::new(columns, rows, words).expect("a pooled map has outputs")
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Dense {
    pub name: String,
    /// `weights[output]`, a weight for every input, channel by channel, row by row.
    pub weights: Vec<Vec<i32>>,
    /// One an output, in the scale of the sums.
    pub bias: Vec<i32>,
    pub finish: Finish,
}

impl Dense {
    pub fn apply(&self, planes: &[Plane], number: Number) -> Vec<i32> {
        let inputs: Vec<i32> = planes.iter().flat_map(Plane::data).copied().collect();
        let output = |(weights, &bias): (&Vec<i32>, &i32)| {
            let sum = if number.is_float() {
                single::dense(bias, weights, &inputs, number)
            } else {
                let products = weights.iter().zip(&inputs).map(|(&w, &x)| w.wrapping_mul(x));
                products.fold(bias, i32::wrapping_add)
            };
            self.finish.apply(sum, number)
        };
        self.weights.iter().zip(&self.bias).map(output).collect()
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum MachineLayer {
    Convolution(Convolution),
    AveragePool(AveragePool),
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

/// What every convolution layer of a network multiplies, under one name.
#[derive(Debug, Clone, PartialEq)]
pub struct Configuration {
    /// `exact`, `zero-skip`, `dual-zero-skip`, `tau=0.05`, or that of an operating point.
    pub name: String,
    /// τ, where one tolerance is used throughout.
    pub tau: Option<f64>,
    /// One per convolution layer.
    pub layers: Vec<Semantics>,
}

impl Configuration {
    /// The same mode without a threshold on all of `layers` layers.
    pub fn plain(mode: Mode, log_frac: u32, layers: usize) -> Result<Self, ConfigError> {
        let semantics = Semantics::new(mode, log_frac, Threshold::new(1)?, SmaxScope::Window)?;
        Ok(Self { name: mode.to_string(), tau: None, layers: vec![semantics; layers] })
    }

    /// The threshold T, in units of 2^−F, on all of `layers` layers.
    pub fn uniform(
        threshold: u32,
        log_frac: u32,
        scope: SmaxScope,
        layers: usize,
    ) -> Result<Self, ConfigError> {
        let threshold = Threshold::new(threshold)?;
        let semantics = Semantics::new(Mode::Approx, log_frac, threshold, scope)?;
        Ok(Self { name: format!("T={threshold}"), tau: None, layers: vec![semantics; layers] })
    }

    /// The tolerance τ on all of `layers` layers.
    pub fn tau(
        tau: f64,
        log_frac: u32,
        scope: SmaxScope,
        layers: usize,
    ) -> Result<Self, ConfigError> {
        let threshold = Threshold::from_tau(tau, log_frac)?;
        let semantics = Semantics::new(Mode::Approx, log_frac, threshold, scope)?;
        Ok(Self { name: format!("tau={tau}"), tau: Some(tau), layers: vec![semantics; layers] })
    }

    /// Exact, zero-skip, then each tolerance in the order given: the rows of the paper's tables.
    pub fn table(
        taus: &[f64],
        log_frac: u32,
        scope: SmaxScope,
        layers: usize,
    ) -> Result<Vec<Self>, ConfigError> {
        let plain = [Mode::Exact, Mode::ZeroSkip].map(|mode| Self::plain(mode, log_frac, layers));
        let approx = taus.iter().map(|&tau| Self::tau(tau, log_frac, scope, layers));
        plain.into_iter().chain(approx).collect()
    }

    /// As the others, where all layers have the same.
    pub fn log_frac(&self) -> Option<u32> {
        self.common(|semantics| semantics.log_frac)
    }

    /// T, where all layers have the same, in approx mode.
    pub fn threshold(&self) -> Option<u32> {
        let approx = self.layers.iter().all(|it| it.mode == Mode::Approx);
        self.common(|semantics| semantics.threshold.get()).filter(|_| approx)
    }

    pub fn scope(&self) -> Option<SmaxScope> {
        self.common(|semantics| semantics.scope)
    }

    pub fn mode(&self) -> Option<Mode> {
        self.common(|semantics| semantics.mode)
    }

    fn common<T: PartialEq>(&self, of: impl Fn(&Semantics) -> T) -> Option<T> {
        let mut values = self.layers.iter().map(of);
        let first = values.next()?;
        values.all(|value| value == first).then_some(first)
    }
}

/// What one convolution layer came to for one image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LayerOutcome {
    /// `sums[output]`: the products multiplied, added over all input channels; row-major, without
    /// bias.
    pub sums: Vec<Vec<i32>>,
    /// Multiplications performed, one entry per output channel.
    pub multiplications: Vec<u64>,
    /// `maps[output][input channel]`, with [`Detail::Maps`]. Where every map has but one output, they
    /// are joined: then `maps[0][input channel]` is the row of all outputs.
    pub maps: Vec<Vec<FeatureMap>>,
}

impl LayerOutcome {
    pub fn total_multiplications(&self) -> u64 {
        self.multiplications.iter().sum()
    }

    /// Where the map of an output channel over an input channel has its word `index` (row-major): the
    /// map, which may be a row of joined ones, and the index there.
    ///
    /// # Panics
    /// If the outcome has no maps, or there is no such word.
    #[inline]
    pub fn entry(&self, output: usize, channel: usize, index: usize) -> (&FeatureMap, usize) {
        if self.maps.len() == self.sums.len() {
            (&self.maps[output][channel], index)
        } else {
            (&self.maps[0][channel], output)
        }
    }
}

/// One image through the network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inference {
    /// `activations[layer][channel]`: the outputs of each layer, after its activation. A dense
    /// layer has one channel.
    pub activations: Vec<Vec<Plane>>,
    /// One per convolution layer.
    pub convolutions: Vec<LayerOutcome>,
    pub scores: Vec<i32>,
}

impl Inference {
    /// The class with the largest score; the scores of a network of such numbers.
    pub fn class(&self, number: Number) -> usize {
        class_of(&self.scores, number)
    }

    pub fn multiplications(&self) -> u64 {
        self.convolutions.iter().map(LayerOutcome::total_multiplications).sum()
    }
}

/// A batch of images through a network, as an engine did it.
#[derive(Debug, Clone, Default)]
pub struct NetworkRun {
    pub inferences: Vec<Inference>,
    /// One per convolution layer, over all images and output channels.
    pub costs: Vec<Cost>,
    /// What an engine that runs programs counted: `stages[image]`; empty on others.
    pub stages: Vec<Vec<StageRecord>>,
}

/// A score as a number: of integers in the scale of the sums.
pub fn score_value(score: i32, number: Number) -> f64 {
    if number.is_float() { f64::from(f32::from_bits(score as u32)) } else { f64::from(score) }
}

/// The number of the largest score of a network of such numbers; of equal ones the first. A NaN is below
/// everything.
pub fn class_of(scores: &[i32], number: Number) -> usize {
    let largest = |best, (index, &score)| {
        let rank = if number.is_float() { single::rank(score) } else { score };
        match best {
            Some((_, top)) if rank <= top => best,
            _ => Some((index, rank)),
        }
    };
    scores.iter().enumerate().fold(None, largest).map_or(0, |(index, _)| index)
}

/// An image as the planes that the network is applied to: its pixels with the padding around. Floats are
/// x/256. Operands of 8 bits take half of a pixel, rounded up, so that none but black ones are 0; at most
/// 127. Another number of pixels panics.
pub fn input_planes(network: &MachineNetwork, pixels: &[u8]) -> Vec<Plane> {
    let input = &network.network.input;
    let Shape { height, width, .. } = input.shape();
    let (limit, excess) = match network.operand_w {
        8 => (i32::from(i8::MAX), 1),
        _ => (i32::from(u8::MAX), 0),
    };
    let word = |pixel: u8| match network.number {
        Number::Integer => ((i32::from(pixel) + excess) >> excess).min(limit),
        number => number.word(f32::from(pixel) / 256.0),
    };
    let padded: Vec<i32> = input.padded(pixels).into_iter().map(word).collect();
    let plane = |words: &[i32]| Plane::new(width, height, words.to_vec());
    let planes = padded.chunks_exact(height * width).map(plane);
    planes.collect::<Result<_, _>>().expect("an input is not empty")
}

/// A batch of images through the network, layer by layer: `images[image]` is what [`input_planes`]
/// gives. What is not a convolution is computed here. The semantics are of the network's numbers, whatever
/// the configuration says.
///
/// # Panics
/// If the configuration has not one entry per convolution layer.
pub fn infer<E: Engine + ?Sized>(
    engine: &mut E,
    place: &Place,
    network: &MachineNetwork,
    configuration: &Configuration,
    images: &[Vec<Plane>],
    detail: Detail,
) -> Result<NetworkRun, EngineError> {
    let (layers, number) = (configuration.layers.len(), network.number);
    assert_eq!(layers, network.convolutions().count(), "semantics for every layer");
    let mut inferences = vec![Inference::default(); images.len()];
    let mut costs = Vec::with_capacity(layers);
    let mut inputs = images.to_vec();
    for (index, layer) in network.layers.iter().enumerate() {
        let outputs: Vec<Vec<Plane>> = match layer {
            MachineLayer::Convolution(layer) => {
                let place = Place {
                    layer: layer.name.clone(),
                    configuration: configuration.name.clone(),
                    ..place.clone()
                };
                let semantics = configuration.layers[layer.index].of(number)?;
                let run = engine.layer(&place, layer, &semantics, &inputs, detail)?;
                costs.push(run.costs.iter().copied().sum());
                let width = inputs.first().map_or(0, |input| input[0].width() - layer.side() + 1);
                let finished =
                    run.outcomes.into_iter().zip(&mut inferences).map(|(outcome, to)| {
                        let planes = layer.finish(&outcome.sums, width, number);
                        to.convolutions.push(outcome);
                        planes
                    });
                finished.collect()
            }
            MachineLayer::AveragePool(pool) => {
                let pooled =
                    |planes: &Vec<Plane>| planes.iter().map(|it| pool.apply(it, number)).collect();
                inputs.iter().map(pooled).collect()
            }
            MachineLayer::Dense(dense) => {
                let output = |planes: &Vec<Plane>| {
                    let words = dense.apply(planes, number);
                    vec![Plane::new(words.len(), 1, words).expect("a layer has outputs")]
                };
                inputs.iter().map(output).collect()
            }
        };
        let finished = std::mem::replace(&mut inputs, outputs);
        // The first inputs are the images themselves.
        if index > 0 {
            for (inference, activations) in inferences.iter_mut().zip(finished) {
                inference.activations.push(activations);
            }
        }
    }
    for (inference, scores) in inferences.iter_mut().zip(inputs) {
        inference.scores = scores.iter().flat_map(Plane::data).copied().collect();
        inference.activations.push(scores);
    }
    Ok(NetworkRun { inferences, costs, stages: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relu_rounds_half_up_and_saturates() {
        let finish = Finish { activation: Some(Activation::Relu), shift: 2, bits: 4 };
        let found: Vec<i32> =
            [-9, -2, 1, 2, 5, 6, 57, 58, 1000].map(|sum| finish.apply(sum, Number::Integer)).into();
        assert_eq!(found, [0, 0, 0, 1, 1, 2, 14, 15, 15]);
    }

    #[test]
    fn a_pool_is_the_rounded_mean_of_each_block() {
        let plane = Plane::new(4, 2, vec![1, 2, -1, -2, 3, 4, -3, -4]).unwrap();
        assert_eq!(AveragePool { side: 2 }.apply(&plane, Number::Integer).data(), [3, -2]);
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

    #[test]
    fn the_table_begins_with_exact_and_zero_skip() {
        let table = Configuration::table(&[0.05, 0.5], 3, SmaxScope::Running, 3).unwrap();
        let names: Vec<&str> = table.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["exact", "zero-skip", "tau=0.05", "tau=0.5"]);
        assert_eq!((table[2].threshold(), table[0].threshold()), (Some(35), None));
        assert_eq!((table[3].log_frac(), table[3].scope()), (Some(3), Some(SmaxScope::Running)));
        assert!(Configuration::table(&[1.0], 0, SmaxScope::Window, 1).is_err());
    }
}
