// SPDX-License-Identifier: MIT OR Apache-2.0
//! From what was trained to what a machine runs: floats as they are, or integers with power-of-two
//! scales, weights of 16 bits or fewer, and the proof that nothing overflows.
//!
//! An integer q stands for q · 2^−s, with one s for the weights of a layer, one for its inputs and one
//! for its outputs. Pixels have s = 8. The outputs of a ReLU layer have the s that lets the largest
//! activation of the calibration images through unsaturated; tanh has s = activation bits. For
//! operands of 8 bits, pixels and activations have 7 bits of magnitude, and pixels s = 7. The
//! weights of a layer get the largest s for which they fit into 16 bits, or 8, **and** no sum of it
//! can leave 32 bits: for every output, Σ|w| · x_max + |bias| + rounding < 2³¹, where x_max is the
//! largest input that the layer before can give. Every mode sums a subset of those products, in
//! whatever order, so that the bound covers them all.

use rayon::prelude::*;

use super::{
    Activation, AveragePool, Convolution, Dense, Finish, FloatNetwork, LayerDescription, LayerKind,
    MachineLayer, Network, NetworkError, Shape, TANH_INPUT_BITS, Weights,
};
use crate::conv::{Kernel, Number, operand_range};

/// The largest magnitude of a weight: 16 bits with the sign, or those of a narrower operand.
pub const WEIGHT_LIMIT: i32 = i16::MAX as i32;

/// Fraction bits of a pixel, where an operand has more.
pub const PIXEL_BITS: i32 = 8;

/// The most fraction bits of a weight: layers of tiny weights do not get arbitrarily fine.
const MAX_WEIGHT_SHIFT: i32 = 24;

/// Bits that the largest weight of a layer keeps at least.
const MIN_WEIGHT_BITS: u32 = 6;

/// The largest sum that any mode can reach in a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverflowProof {
    pub layer: String,
    /// The largest |input|.
    pub input_limit: i64,
    /// The largest Σ|w|·x_max + |bias| + rounding of an output; below 2³¹.
    pub sum_bound: i64,
    pub weight_shift: i32,
    pub sum_shift: i32,
}

/// A network in the words of a machine: in integers, with the proof that it never overflows, or in floats.
#[derive(Debug, Clone, PartialEq)]
pub struct MachineNetwork {
    /// The description, with the activation bits that the operands have room for.
    pub network: Network,
    /// What the words are.
    pub number: Number,
    /// Bits of an operand: all weights and inputs of a layer fit into them.
    pub operand_w: u32,
    pub layers: Vec<MachineLayer>,
    /// One a layer with weights; none of floats.
    pub proof: Vec<OverflowProof>,
    pub weights_sha256: String,
}

impl MachineNetwork {
    /// Quantises a network for operands of 32 bits; an error if the weights do not fit it, or no scale
    /// is safe. The ranges of the activations are those over the calibration images, each the pixels of
    /// one input.
    pub fn new(
        network: &Network,
        weights: &Weights,
        calibration: &[Vec<u8>],
    ) -> Result<Self, NetworkError> {
        Self::with_operands(network, weights, calibration, i32::BITS)
    }

    /// The same for operands of `operand_w` bits, 8 to 32. With 16 the words are those of 32.
    pub fn with_operands(
        network: &Network,
        weights: &Weights,
        calibration: &[Vec<u8>],
        operand_w: u32,
    ) -> Result<Self, NetworkError> {
        let magnitude = operand_w - 1;
        let network =
            Network { activation_bits: network.activation_bits.min(magnitude), ..network.clone() };
        let shapes = network.shapes()?;
        let float = FloatNetwork::new(&network, weights)?;
        let largest =
            calibrate(&network, &float, calibration).map_err(|error| weights.error(error))?;
        let limit = (1_u16 << network.activation_bits) - 1;
        let pixel_bits = PIXEL_BITS.min(magnitude as i32);
        let (mut input_shift, mut input_limit) = (pixel_bits, (1_u16 << pixel_bits) - 1);
        let weight_limit = WEIGHT_LIMIT.min(*operand_range(operand_w).end());
        let mut integer = Self {
            network: network.clone(),
            number: Number::Integer,
            operand_w,
            layers: Vec::with_capacity(shapes.len()),
            proof: Vec::new(),
            weights_sha256: weights.sha256().to_owned(),
        };
        for (index, layer) in network.layers.iter().enumerate() {
            let (activation, outputs) = match layer.kind {
                LayerKind::AveragePool { side } => {
                    integer.push(MachineLayer::AveragePool(AveragePool { side }));
                    continue;
                }
                LayerKind::Convolution { activation, outputs, .. }
                | LayerKind::Dense { activation, outputs } => (activation, outputs),
            };
            let (values, bias) = float.tensors(index);
            let bits = network.activation_bits;
            let output_shift = match activation {
                Some(Activation::Relu) => bits as i32 - exponent(largest[index]),
                _ => bits as i32,
            };
            let target = match activation {
                Some(Activation::Relu) => Some(output_shift),
                Some(Activation::Tanh) => Some(TANH_INPUT_BITS as i32),
                None => None,
            };
            let input = (input_shift, input_limit);
            let scaled = Scaled::find(&layer.name, values, bias, input, target, weight_limit)
                .map_err(|error| weights.error(error))?;
            let finish = Finish { activation, shift: scaled.shift, bits };
            let scaled_layer = with_words(layer, outputs, (&scaled.weights, scaled.bias), finish);
            integer.push(scaled_layer);
            integer.proof.push(scaled.proof);
            (input_shift, input_limit) = (output_shift, limit);
        }
        Ok(integer)
    }

    /// A network in floats: its weights rounded to operands, its biases as they are. An error if the
    /// weights do not fit it; integers panic.
    pub fn float(
        network: &Network,
        weights: &Weights,
        number: Number,
    ) -> Result<Self, NetworkError> {
        assert!(number.is_float(), "integers have scales: see MachineNetwork::new");
        let float = FloatNetwork::new(network, weights)?;
        let mut machine = Self {
            network: network.clone(),
            number,
            operand_w: if number == Number::Bfloat16 { 16 } else { 32 },
            layers: Vec::with_capacity(network.layers.len()),
            proof: Vec::new(),
            weights_sha256: weights.sha256().to_owned(),
        };
        for (index, layer) in network.layers.iter().enumerate() {
            machine.push(match layer.kind {
                LayerKind::AveragePool { side } => MachineLayer::AveragePool(AveragePool { side }),
                LayerKind::Convolution { activation, outputs, .. }
                | LayerKind::Dense { activation, outputs } => {
                    let (values, bias) = float.tensors(index);
                    let words: Vec<i32> = values.iter().map(|&it| number.word(it)).collect();
                    let bias = bias.iter().map(|&it| Number::Float32.word(it)).collect();
                    let finish = Finish { activation, shift: 0, bits: 0 };
                    with_words(layer, outputs, (&words, bias), finish)
                }
            });
        }
        Ok(machine)
    }

    /// Adds a layer behind the others.
    fn push(&mut self, mut layer: MachineLayer) {
        if let MachineLayer::Convolution(layer) = &mut layer {
            layer.index = self.convolutions().count();
        }
        self.layers.push(layer);
    }

    pub fn convolutions(&self) -> impl Iterator<Item = &Convolution> {
        self.layers.iter().filter_map(|layer| match layer {
            MachineLayer::Convolution(convolution) => Some(convolution),
            _ => None,
        })
    }

    /// The network with the input channels of convolution `index` in the order `order`: channel
    /// `order[c]` becomes channel c. The scores stay the same in every mode but approx.
    ///
    /// # Panics
    /// If that is the first convolution, or a dense layer lies between it and the one before, or
    /// `order` is not a permutation of its input channels.
    #[must_use]
    pub fn with_channel_order(&self, index: usize, order: &[usize]) -> Self {
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        assert!(sorted.iter().copied().eq(0..order.len()), "an order names each channel once");
        assert!(index > 0, "the channels of the first convolution are the image's");
        let mut network = self.clone();
        let mut between = false;
        for layer in &mut network.layers {
            match layer {
                MachineLayer::Convolution(it) if it.index + 1 == index => {
                    assert_eq!(it.filters.len(), order.len(), "an entry a channel");
                    it.filters = order.iter().map(|&c| it.filters[c].clone()).collect();
                    it.bias = order.iter().map(|&c| it.bias[c]).collect();
                    between = true;
                }
                MachineLayer::Convolution(it) if it.index == index => {
                    for filter in &mut it.filters {
                        *filter = order.iter().map(|&c| filter[c].clone()).collect();
                    }
                    between = false;
                }
                MachineLayer::Dense(_) => assert!(!between, "a dense layer mixes the channels"),
                _ => {}
            }
        }
        network
    }

    /// The shape that the network is applied to, with padding.
    pub fn input(&self) -> Shape {
        self.network.input.shape()
    }
}

/// A layer of a description with its words: weights of one output after the other, and biases. The first
/// of the convolutions, if it is one.
fn with_words(
    layer: &LayerDescription,
    outputs: usize,
    (weights, bias): (&[i32], Vec<i32>),
    finish: Finish,
) -> MachineLayer {
    let (name, words) = (layer.name.clone(), weights.chunks_exact(weights.len() / outputs));
    let LayerKind::Convolution { side, .. } = layer.kind else {
        return MachineLayer::Dense(Dense {
            name,
            weights: words.map(<[i32]>::to_vec).collect(),
            bias,
            finish,
        });
    };
    let kernel =
        |words: &[i32]| Kernel::new(side, words.to_vec()).expect("shapes() has checked the side");
    let filter = |words: &[i32]| words.chunks_exact(side * side).map(kernel).collect();
    let filters = words.map(filter).collect();
    MachineLayer::Convolution(Convolution { name, index: 0, filters, bias, finish })
}

/// The largest float activation of every layer over the calibration images.
fn calibrate(
    network: &Network,
    float: &FloatNetwork,
    images: &[Vec<u8>],
) -> Result<Vec<f32>, NetworkError> {
    let input = &network.input;
    let pixels = input.channels * input.height * input.width;
    if let Some(image) = images.iter().find(|image| image.len() != pixels) {
        return Err(NetworkError::Description(format!(
            "the images have {} pixels; the input says {} channels of {}×{}",
            image.len(),
            input.channels,
            input.width,
            input.height
        )));
    }
    let largest = |image: &Vec<u8>| -> Result<Vec<f32>, NetworkError> {
        let outputs = float.layers(image).into_iter().zip(&network.layers);
        let largest = outputs.map(|(output, layer)| {
            let relu = layer.kind.activation() == Some(Activation::Relu);
            // What is not a number fits nowhere either.
            let fits = |x: f32| x.is_finite() && (!relu || x <= MAX_ACTIVATION);
            match output.iter().map(|x| x.abs()).find(|&x| !fits(x)) {
                None => Ok(output.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()))),
                Some(x) => Err(NetworkError::Layer {
                    layer: layer.name.clone(),
                    reason: format!(
                        "an activation of {x:e} on a calibration image; lower the weights"
                    ),
                }),
            }
        });
        largest.collect()
    };
    let none = || vec![0.0; network.layers.len()];
    let max = |a: Vec<f32>, b: Vec<f32>| Ok(a.iter().zip(b).map(|(a, b)| a.max(b)).collect());
    images.par_iter().map(largest).try_reduce(none, max)
}

/// The largest activation that [`exponent`] has a scale for.
const MAX_ACTIVATION: f32 = (1 << 24) as f32;

/// The smallest e with `largest` ≤ 2^e.
pub fn exponent(largest: f32) -> i32 {
    let mut e = -16;
    while e < 24 && largest > 2.0_f32.powi(e) {
        e += 1;
    }
    e
}

/// The words of a layer, at the largest scale that is safe.
pub struct Scaled {
    pub weights: Vec<i32>,
    pub bias: Vec<i32>,
    /// Bits that the sums are shifted right by, if there is an activation.
    pub shift: u32,
    pub proof: OverflowProof,
}

impl Scaled {
    /// Scales the weights of a layer, output by output, to at most `weight_limit`. Its inputs are at
    /// most `input_limit` and have `input_shift` fraction bits; the sums are shifted to `target`
    /// fraction bits, if there is an activation.
    pub fn find(
        layer: &str,
        weights: &[f32],
        bias: &[f32],
        (input_shift, input_limit): (i32, u16),
        target: Option<i32>,
        weight_limit: i32,
    ) -> Result<Self, NetworkError> {
        let fan_in = weights.len() / bias.len();
        let largest = f64::from(weights.iter().fold(0.0_f32, |largest, w| largest.max(w.abs())));
        let overflow = |bound| {
            Err(NetworkError::Overflow { layer: layer.to_owned(), bits: MIN_WEIGHT_BITS, bound })
        };
        if !weights.iter().chain(bias).all(|x| x.is_finite()) {
            return Err(NetworkError::NotFinite { name: layer.to_owned() });
        }
        let mut bound = 0.0;
        for weight_shift in (-16..=MAX_WEIGHT_SHIFT).rev() {
            let scale = 2.0_f64.powi(weight_shift);
            let largest_word = (largest * scale).round();
            if largest_word > f64::from(weight_limit) {
                continue;
            }
            let sum_shift = weight_shift + input_shift;
            let shift = target.map_or(0, |target| sum_shift - target);
            if target.is_some() && shift > 30 {
                continue;
            }
            let safe_shift = target.is_none() || shift >= 1;
            let rounding = if target.is_some() && safe_shift { 1_u32 << (shift - 1) } else { 0 };
            let round = |x: f32, scale: f64| (f64::from(x) * scale).round();
            let words: Vec<f64> = weights.iter().map(|&w| round(w, scale)).collect();
            let biases: Vec<f64> =
                bias.iter().map(|&b| round(b, 2.0_f64.powi(sum_shift))).collect();
            // No f32 times such a scale leaves the range of an f64, which holds every whole number up
            // to 2^53 exactly: what is at most 2^31 is exact, and what is more stays more.
            let sums = words.chunks_exact(fan_in).zip(&biases).map(|(row, bias)| {
                let weights: f64 = row.iter().map(|w| w.abs()).sum();
                weights * f64::from(input_limit) + bias.abs() + f64::from(rounding)
            });
            bound = sums.fold(0.0, f64::max);
            if bound > f64::from(i32::MAX) {
                continue;
            }
            let wasted = largest_word < f64::from(1 << (MIN_WEIGHT_BITS - 1)) && largest > 0.0;
            if !safe_shift || wasted {
                return overflow(bound);
            }
            return Ok(Self {
                weights: words.iter().map(|&w| w as i32).collect(),
                bias: biases.iter().map(|&b| b as i32).collect(),
                shift: shift.unsigned_abs(),
                proof: OverflowProof {
                    layer: layer.to_owned(),
                    input_limit: input_limit.into(),
                    sum_bound: bound as i64,
                    weight_shift,
                    sum_shift,
                },
            });
        }
        overflow(bound)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::conv::{Mode, Plane};
    use crate::engine::{Detail, Engine, GoldenEngine, Place};
    use crate::nn::{Configuration, Tensor, input_planes};

    fn network(activation: &str) -> Network {
        let path = format!("../../testvectors/networks/lenet5_{activation}.json");
        Network::read(Path::new(&path)).unwrap()
    }

    /// A white image, and one of grey levels.
    fn calibration() -> [Vec<u8>; 2] {
        [vec![255; 784], (0..784).map(|i| (i % 256) as u8).collect()]
    }

    /// LeNet-5 with weights that `value` gives for tensor, output and place.
    fn weights(network: &Network, mut value: impl FnMut(usize, usize) -> f32) -> Weights {
        let mut tensors = BTreeMap::new();
        let shapes = network.shapes().unwrap();
        for (layer, shapes) in network.layers.iter().zip(shapes.windows(2)) {
            let Some(shape) = layer.weight_shape(shapes[0]) else { continue };
            let fan_in: usize = shape[1..].iter().product();
            let data = (0..shape[0] * fan_in).map(|i| value(i / fan_in, i % fan_in)).collect();
            let bias = (0..shape[0]).map(|o| value(o, fan_in)).collect();
            let outputs = shape[0];
            tensors.insert(layer.tensor("weight"), Tensor { shape, data });
            tensors.insert(layer.tensor("bias"), Tensor { shape: vec![outputs], data: bias });
        }
        Weights::new(tensors)
    }

    #[test]
    fn every_layer_with_weights_has_a_proof_and_uses_its_bits() {
        for activation in ["relu", "tanh"] {
            let network = network(activation);
            let weights = weights(&network, |o, i| ((o * 31 + i * 17) % 41) as f32 / 400.0 - 0.05);
            let integer = MachineNetwork::new(&network, &weights, &calibration()).unwrap();
            let names: Vec<&str> = integer.proof.iter().map(|it| it.layer.as_str()).collect();
            assert_eq!(names, ["C1", "C3", "C5", "F6", "output"]);
            for proof in &integer.proof {
                assert!(proof.sum_bound <= i64::from(i32::MAX), "{proof:?}");
                // One bit more would overflow the sum or the weights.
                let largest = (0.05 * 2.0_f64.powi(proof.weight_shift)).round();
                assert!(
                    proof.sum_bound > i64::from(i32::MAX) / 4 || largest > 8191.0,
                    "{proof:?} wastes bits"
                );
            }
        }
    }

    /// 16 bits are enough for the words of 32; 8 bits get words of their own, which fit and prove anew.
    #[test]
    fn narrow_operands_fit_and_16_bits_change_nothing() {
        for activation in ["relu", "tanh"] {
            let network = network(activation);
            let weights = weights(&network, |o, i| ((o * 31 + i * 17) % 41) as f32 / 400.0 - 0.05);
            let with = |operand_w| {
                MachineNetwork::with_operands(&network, &weights, &calibration(), operand_w)
                    .unwrap()
            };
            let (wide, half, byte) = (with(32), with(16), with(8));
            assert_eq!((&half.layers, &half.proof), (&wide.layers, &wide.proof));
            let image: Vec<u8> = (0..784).map(|i| (i % 256) as u8).collect();
            assert_eq!(input_planes(&half, &image), input_planes(&wide, &image));
            for network in [&half, &byte] {
                let configuration = Configuration::plain(Mode::Exact, 0, 3).unwrap();
                let input = input_planes(network, &image);
                let run = GoldenEngine::default().inferences(
                    network,
                    &configuration,
                    std::slice::from_ref(&input),
                    Detail::Sums,
                );
                let mut inputs = vec![input];
                inputs.extend(run[0].activations.iter().cloned());
                for (layer, input) in network.layers.iter().zip(inputs) {
                    if let MachineLayer::Convolution(layer) = layer {
                        layer.check_operands(&[input], network.operand_w).unwrap();
                    }
                }
            }
            let pixels = |words: &[Plane]| words[0].data()[..256].to_vec();
            let halves: Vec<i32> = (0..256).map(|pixel| ((pixel + 1) / 2).min(127)).collect();
            assert_eq!(pixels(&input_planes(&byte, &image)), halves);
            let first = byte.convolutions().next().unwrap();
            let error = wide.convolutions().next().unwrap();
            let error = error.check_operands(&[], 8).unwrap_err().to_string();
            assert!(first.check_operands(&[], 8).is_ok());
            assert!(error.starts_with("layer C1, the weight in row "), "{error}");
            assert!(byte.proof.iter().all(|it| it.input_limit == 127), "{:?}", byte.proof);
        }
    }

    #[test]
    fn missing_misshapen_and_unknown_tensors_are_named() {
        let network = network("tanh");
        let good = weights(&network, |_, _| 0.1);
        let mut tensors = good.tensors().clone();
        tensors.remove("c3.bias");
        let error = MachineNetwork::new(&network, &Weights::new(tensors.clone()), &[]).unwrap_err();
        assert!(error.to_string().contains("no tensor \"c3.bias\""), "{error}");
        tensors.insert("c3.bias".to_owned(), Tensor { shape: vec![15], data: vec![0.0; 15] });
        let error = MachineNetwork::new(&network, &Weights::new(tensors), &[]).unwrap_err();
        let shapes = "has the shape [15]; the network needs [16]";
        assert!(error.to_string().contains(shapes), "{error}");
        let mut tensors = good.tensors().clone();
        tensors.insert("s2.weight".to_owned(), Tensor { shape: vec![1], data: vec![0.0] });
        let error = MachineNetwork::new(&network, &Weights::new(tensors), &[]).unwrap_err();
        let unknown = "a tensor \"s2.weight\" that the network does not; it has c1.weight";
        assert!(error.to_string().contains(unknown), "{error}");
    }

    /// Floats of every size; infinities and what is not a number now and then.
    fn float() -> impl Strategy<Value = f32> {
        let bits = any::<u32>().prop_map(f32::from_bits);
        let sized = (-1.0_f32..1.0, -140..128).prop_map(|(x, e)| x * 2.0_f32.powi(e));
        prop_oneof![1 => bits, 4 => sized, 8 => -1.0_f32..1.0, 1 => Just(0.0)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        /// Whatever the weights and biases are: they are refused, or each word is the nearest one,
        /// weights keep their bits, and no sum of extreme inputs leaves 32 bits.
        #[test]
        fn a_scale_is_safe_or_refused(
            (rows, fan_in) in (1..4_usize, 1..6_usize),
            weights in prop::collection::vec(float(), 15),
            bias in prop::collection::vec(float(), 3),
            spread in prop_oneof![Just(1.0_f32), 1e-6_f32..1e6, Just(1e30)],
            input_shift in -8..32,
            bits in prop_oneof![Just(8_u32), 4..=15_u32],
            target in prop::option::of(-20..32),
            weight_limit in prop_oneof![Just(WEIGHT_LIMIT), Just(127)],
        ) {
            let scaled = |x: &f32| x * spread;
            let weights: Vec<f32> = weights[..rows * fan_in].iter().map(scaled).collect();
            let bias = &bias[..rows];
            let limit = ((1_u32 << bits) - 1) as u16;
            let input = (input_shift, limit);
            let result = Scaled::find("layer", &weights, bias, input, target, weight_limit);
            let finite = weights.iter().chain(bias).all(|x| x.is_finite());
            prop_assert_eq!(!finite, matches!(result, Err(NetworkError::NotFinite { .. })));
            let Ok(found) = result else { return Ok(()) };
            let unit = |shift: i32| 2.0_f64.powi(shift);
            for (word, x) in found.weights.iter().zip(&weights) {
                let exact = f64::from(*x) * unit(found.proof.weight_shift);
                prop_assert!((f64::from(*word) - exact).abs() <= 0.5, "{} for {}", word, exact);
            }
            for (word, x) in found.bias.iter().zip(bias) {
                let exact = f64::from(*x) * unit(found.proof.sum_shift);
                prop_assert!((f64::from(*word) - exact).abs() <= 0.5, "{} for {}", word, exact);
            }
            let largest = found.weights.iter().map(|w| w.abs()).max().unwrap();
            let zero = weights.iter().all(|&w| w == 0.0);
            prop_assert!(largest <= weight_limit && (largest >= 32 || zero), "{}", largest);
            let rounding = target.map_or(0, |_| 1_i128 << (found.shift - 1));
            let worst = found.weights.chunks(fan_in).zip(&found.bias).map(|(row, bias)| {
                let products: i128 = row.iter().map(|&w| i128::from(w.abs()) * i128::from(limit)).sum();
                products + i128::from(*bias).abs() + rounding
            });
            let worst = worst.max().unwrap();
            prop_assert_eq!(worst, i128::from(found.proof.sum_bound));
            prop_assert!(worst <= i128::from(i32::MAX));
        }
    }

    /// One bias or weight of a network that would work, far out of its range or no number at all.
    #[test]
    fn one_wild_value_is_refused_in_whatever_layer_it_is() {
        for activation in ["relu", "tanh"] {
            let network = network(activation);
            let good = weights(&network, |o, i| ((o * 31 + i * 17) % 41) as f32 / 400.0 - 0.05);
            for (name, tensor) in good.tensors() {
                for wild in [1e10, -1e30, f32::MAX, f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
                    let mut tensors = good.tensors().clone();
                    tensors.get_mut(name).unwrap().data[tensor.data.len() / 2] = wild;
                    let result =
                        MachineNetwork::new(&network, &Weights::new(tensors), &calibration());
                    assert!(result.is_err(), "{wild} in {name} of {activation}");
                }
            }
        }
    }

    fn singles(words: &[i32]) -> Vec<f32> {
        words.iter().map(|&word| f32::from_bits(word as u32)).collect()
    }

    /// Two channels of 2×2 pixels, kernels of 1×1, the mean, and one dense output.
    #[test]
    fn a_small_network_in_floats_by_hand() {
        let network: Network = serde_json::from_str(
            r#"{ "name": "small", "input": { "channels": 2, "height": 2, "width": 2 },
                "activation_bits": 12, "layers": [
                { "name": "C", "kind": "convolution", "outputs": 1, "side": 1, "activation": "relu" },
                { "name": "P", "kind": "average-pool", "side": 2 },
                { "name": "D", "kind": "dense", "outputs": 2, "activation": null }] }"#,
        )
        .unwrap();
        let tensor =
            |shape: &[usize], data: &[f32]| Tensor { shape: shape.into(), data: data.into() };
        let third = 1.0 + 2.0_f32.powi(-9);
        let weights = Weights::new(BTreeMap::from([
            ("c.weight".to_owned(), tensor(&[1, 2, 1, 1], &[2.0, -third])),
            ("c.bias".to_owned(), tensor(&[1], &[0.25])),
            ("d.weight".to_owned(), tensor(&[2, 1], &[4.0, -1.0])),
            ("d.bias".to_owned(), tensor(&[2], &[0.5, 3.0])),
        ]));
        // 0.5, 0, 0.25, 0.5 and 0.25, 0.5, 0.25, 0.
        let pixels = [128, 0, 64, 128, 64, 128, 64, 0];
        for (number, third) in [(Number::Float32, third), (Number::Bfloat16, 1.0)] {
            let machine = MachineNetwork::float(&network, &weights, number).unwrap();
            let image = input_planes(&machine, &pixels);
            let exact = Configuration::plain(Mode::Exact, 0, 1).unwrap();
            let found = GoldenEngine::default()
                .inferences(&machine, &exact, &[image], Detail::Sums)
                .remove(0);
            let sums = [1.0 - third / 4.0, -third / 2.0, 0.5 - third / 4.0, 1.0];
            assert_eq!(singles(&found.convolutions[0].sums[0]), sums);
            let outputs = sums.map(|it| number.word((it + 0.25).max(0.0)));
            assert_eq!(found.activations[0][0].data(), outputs);
            let values = outputs.map(|it| number.value(it));
            let mean = number.word((values[0] + values[1] + values[2] + values[3]) / 4.0);
            assert_eq!(found.activations[1][0].data(), [mean]);
            let mean = number.value(mean);
            assert_eq!(singles(&found.scores), [0.5 + 4.0 * mean, 3.0 - mean]);
            assert_eq!(found.class(number), 0, "{} and {}", found.scores[0], found.scores[1]);
        }
    }

    /// Within rounding of the same network in floats of any order, and with zeros skipped the same.
    #[test]
    fn lenet_in_floats_is_the_trained_one() {
        let image = |seed: usize| -> Vec<u8> {
            let pixel = |i: usize| if i % 28 < 9 { 0 } else { (i * seed * 37 % 256) as u8 };
            (0..784).map(pixel).collect()
        };
        let images: Vec<Vec<u8>> = (1..5).map(image).collect();
        for activation in ["relu", "tanh"] {
            let network = network(activation);
            let path = format!("../../testvectors/weights/lenet5_{activation}.safetensors");
            let weights = Weights::read(Path::new(&path)).unwrap();
            let trained = FloatNetwork::new(&network, &weights).unwrap();
            for (number, tolerance) in [(Number::Float32, 1e-5), (Number::Bfloat16, 5e-2)] {
                let machine = MachineNetwork::float(&network, &weights, number).unwrap();
                let inputs: Vec<_> = images.iter().map(|it| input_planes(&machine, it)).collect();
                let [exact, zero_skip] = [Mode::Exact, Mode::ZeroSkip].map(|mode| {
                    let plain = Configuration::plain(mode, 3, 3).unwrap();
                    GoldenEngine::default().inferences(&machine, &plain, &inputs, Detail::Sums)
                });
                for ((image, exact), zero_skip) in images.iter().zip(&exact).zip(&zero_skip) {
                    let expected = trained.layers(image);
                    for (layer, expected) in expected.iter().enumerate() {
                        let last = layer + 1 == network.layers.len();
                        let of = |inference: &crate::nn::Inference| -> Vec<f32> {
                            let words = inference.activations[layer].iter().flat_map(Plane::data);
                            let number = if last { Number::Float32 } else { number };
                            words.map(|&word| number.value(word)).collect()
                        };
                        let (found, largest) =
                            (of(exact), expected.iter().fold(0.0, |a, b| b.abs().max(a)));
                        assert_eq!(found, of(zero_skip));
                        for (found, expected) in found.iter().zip(expected) {
                            let difference = (found - expected).abs();
                            assert!(
                                difference <= tolerance * largest,
                                "{found} for {expected}, layer {layer}"
                            );
                        }
                    }
                    assert_eq!(exact.class(number), zero_skip.class(number));
                    assert!(zero_skip.multiplications() < exact.multiplications());
                }
            }
        }
    }

    /// A fraction that floats have no room for is refused, whoever runs them.
    #[test]
    fn more_fraction_bits_than_floats_have_are_refused() {
        let network = network("relu");
        let weights = weights(&network, |_, _| 0.5);
        let machine = MachineNetwork::float(&network, &weights, Number::Float32).unwrap();
        let plain = Configuration::plain(Mode::Exact, 7, 3).unwrap();
        let images = [input_planes(&machine, &[0; 784])];
        let run = GoldenEngine::default().infer(
            &Place::default(),
            &machine,
            &plain,
            &images,
            Detail::Sums,
        );
        let error = run.unwrap_err().to_string();
        assert_eq!(error, "7 fraction bits; the log proxy of float32 words has 0 to 6");
    }
}
