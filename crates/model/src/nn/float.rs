// SPDX-License-Identifier: MIT OR Apache-2.0
//! What was trained: float tensors, and the network in floats. It calibrates the ranges of the
//! integer one and tells what quantisation costs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use sha2::{Digest, Sha256};

use super::{Activation, Input, LayerKind, Network, NetworkError, Shape};
use crate::hex;

/// A float tensor, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    pub shape: Vec<usize>,
    pub data: Vec<f32>,
}

/// The tensors of a network: `<layer>.weight` and `<layer>.bias` with the layer's name in lower
/// case, in the shapes of a PyTorch state dict.
#[derive(Debug, Clone)]
pub struct Weights {
    tensors: BTreeMap<String, Tensor>,
    sha256: String,
}

impl Weights {
    pub fn new(tensors: BTreeMap<String, Tensor>) -> Self {
        let mut hash = Sha256::new();
        for (name, tensor) in &tensors {
            hash.update(name);
            for value in &tensor.data {
                hash.update(value.to_le_bytes());
            }
        }
        Self { tensors, sha256: hex(&hash.finalize()) }
    }

    /// Reads a safetensors file.
    pub fn read(path: &Path) -> Result<Self, NetworkError> {
        let bytes = fs::read(path)
            .map_err(|source| NetworkError::Read { path: path.to_owned(), source })?;
        let found = SafeTensors::deserialize(&bytes)
            .map_err(|source| NetworkError::Tensors { path: path.to_owned(), source })?;
        let mut tensors = BTreeMap::new();
        for (name, view) in found.iter() {
            if view.dtype() != Dtype::F32 {
                let found = format!("{:?}", view.dtype());
                return Err(NetworkError::TensorType { name: name.to_owned(), found });
            }
            let word = |bytes: &[u8]| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            let data: Vec<f32> = view.data().chunks_exact(4).map(word).collect();
            if data.iter().any(|value| !value.is_finite()) {
                return Err(NetworkError::NotFinite { name: name.to_owned() });
            }
            tensors.insert(name.to_owned(), Tensor { shape: view.shape().to_vec(), data });
        }
        Ok(Self { tensors, sha256: hex(&Sha256::digest(&bytes)) })
    }

    /// The SHA-256 of the file, or of the tensors' names and values.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The values of a tensor that must have a certain shape.
    pub fn get(&self, name: &str, shape: &[usize]) -> Result<&[f32], NetworkError> {
        let Some(tensor) = self.tensors.get(name) else {
            let found = self.tensors.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(NetworkError::MissingTensor { name: name.to_owned(), found });
        };
        if tensor.shape != shape {
            let (name, found) = (name.to_owned(), tensor.shape.clone());
            return Err(NetworkError::TensorShape { name, found, wanted: shape.to_vec() });
        }
        Ok(&tensor.data)
    }

    pub fn tensors(&self) -> &BTreeMap<String, Tensor> {
        &self.tensors
    }
}

/// A layer with its tensors: `weights` is [output][input channel][row][column].
struct FloatLayer {
    kind: LayerKind,
    input: Shape,
    output: Shape,
    weights: Vec<f32>,
    bias: Vec<f32>,
}

/// A network in 32-bit floats.
pub struct FloatNetwork {
    input: Input,
    layers: Vec<FloatLayer>,
}

impl FloatNetwork {
    /// A network with its weights; an error if they do not fit.
    pub fn new(network: &Network, weights: &Weights) -> Result<Self, NetworkError> {
        let shapes = network.shapes()?;
        let mut layers = Vec::with_capacity(network.layers.len());
        for (layer, shapes) in network.layers.iter().zip(shapes.windows(2)) {
            let (input, output) = (shapes[0], shapes[1]);
            let (mut values, mut bias) = (Vec::new(), Vec::new());
            if let Some(shape) = layer.weight_shape(input) {
                values = weights.get(&layer.tensor("weight"), &shape)?.to_vec();
                bias = weights.get(&layer.tensor("bias"), &shape[..1])?.to_vec();
            }
            let kind = layer.kind.clone();
            layers.push(FloatLayer { kind, input, output, weights: values, bias });
        }
        Ok(Self { input: network.input.clone(), layers })
    }

    /// The weights and the bias of layer `index`; empty for a pool.
    pub fn tensors(&self, index: usize) -> (&[f32], &[f32]) {
        (&self.layers[index].weights, &self.layers[index].bias)
    }

    /// The outputs of every layer for an image of `channels` · `height` · `width` pixels, each 0 to
    /// 255 and taken as x/256. The last entry is the scores. Another number of pixels panics.
    pub fn layers(&self, pixels: &[u8]) -> Vec<Vec<f32>> {
        let mut outputs: Vec<Vec<f32>> = Vec::with_capacity(self.layers.len());
        let pixels = self.input.padded(pixels);
        let input: Vec<f32> = pixels.iter().map(|&pixel| f32::from(pixel) / 256.0).collect();
        for layer in &self.layers {
            let output = layer.apply(outputs.last().unwrap_or(&input));
            outputs.push(output);
        }
        outputs
    }
}

impl FloatLayer {
    fn apply(&self, input: &[f32]) -> Vec<f32> {
        match self.kind {
            LayerKind::Convolution { side, activation, .. } => {
                activate(self.convolve(input, side), activation)
            }
            LayerKind::AveragePool { side } => self.pool(input, side),
            LayerKind::Dense { activation, .. } => {
                let rows = self.weights.chunks_exact(input.len()).zip(&self.bias);
                let sum = |(row, &bias): (&[f32], &f32)| {
                    row.iter().zip(input).fold(bias, |sum, (w, x)| sum + w * x)
                };
                activate(rows.map(sum).collect(), activation)
            }
        }
    }

    fn convolve(&self, input: &[f32], side: usize) -> Vec<f32> {
        let Shape { channels, height: rows, width: columns } = self.output;
        let mut outputs = Vec::with_capacity(channels * rows * columns);
        for o in 0..channels {
            let mut map = vec![self.bias[o]; rows * columns];
            for c in 0..self.input.channels {
                let plane = &input[c * self.input.height * self.input.width..];
                let kernel = &self.weights[(o * self.input.channels + c) * side * side..];
                for (i, &weight) in kernel[..side * side].iter().enumerate() {
                    for (y, row) in map.chunks_exact_mut(columns).enumerate() {
                        let first = (y + i / side) * self.input.width + i % side;
                        for (sum, x) in row.iter_mut().zip(&plane[first..]) {
                            *sum += weight * x;
                        }
                    }
                }
            }
            outputs.append(&mut map);
        }
        outputs
    }

    fn pool(&self, input: &[f32], side: usize) -> Vec<f32> {
        let Shape { channels, height, width } = self.output;
        let mut outputs = vec![0.0; channels * height * width];
        for (i, x) in input.iter().enumerate() {
            let (y, column) = (i / self.input.width, i % self.input.width);
            outputs[y / side * width + column / side] += x / (side * side) as f32;
        }
        outputs
    }
}

fn activate(mut sums: Vec<f32>, activation: Option<Activation>) -> Vec<f32> {
    for sum in &mut sums {
        *sum = match activation {
            Some(Activation::Relu) => sum.max(0.0),
            Some(Activation::Tanh) => sum.tanh(),
            None => *sum,
        };
    }
    sums
}
