// SPDX-License-Identifier: MIT OR Apache-2.0
//! What was trained: float tensors, and the network in floats of the host, in no
//! particular order. It calibrates the ranges of the integer one and tells what quantisation costs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use safetensors::{Dtype, SafeTensors};
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use sha2::{Digest, Sha256};

use super::{Activation, Input, LayerKind, Network, NetworkError, Shape};
use crate::{files, hex};

/// The largest file of weights that is read, in bytes.
const MAX_WEIGHTS: u64 = 1 << 28;

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
    /// The file that they are from.
    path: Option<PathBuf>,
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
        Self { tensors, sha256: hex(&hash.finalize()), path: None }
    }

    /// Reads a safetensors file.
    pub fn read(path: &Path) -> Result<Self, NetworkError> {
        let bytes = files::read(path, MAX_WEIGHTS)
            .map_err(|source| NetworkError::Read { path: path.to_owned(), source })?;
        Self::parse(path, &bytes)
    }

    /// Takes a safetensors file that is there already; `path` is for errors.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, NetworkError> {
        let found = SafeTensors::deserialize(bytes)
            .map_err(|source| NetworkError::Tensors { path: path.to_owned(), source })?;
        let (size, _) = SafeTensors::read_metadata(bytes).expect("it has just been read");
        let Header = serde_json::from_slice(&bytes[8..8 + size])
            .map_err(|source| NetworkError::Header { path: path.to_owned(), source })?;
        let mut tensors = BTreeMap::new();
        for (name, view) in found.iter() {
            if view.dtype() != Dtype::F32 {
                let (name, found) = (name.to_owned(), format!("{:?}", view.dtype()));
                return Err(NetworkError::TensorType { name, found }.in_file(path));
            }
            let word = |bytes: &[u8]| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            let data: Vec<f32> = view.data().chunks_exact(4).map(word).collect();
            tensors.insert(name.to_owned(), Tensor { shape: view.shape().to_vec(), data });
        }
        Ok(Self { tensors, sha256: hex(&Sha256::digest(bytes)), path: Some(path.to_owned()) })
    }

    /// An error about them, with their file.
    pub(super) fn error(&self, error: NetworkError) -> NetworkError {
        match &self.path {
            Some(path) if !matches!(error, NetworkError::Description(_)) => error.in_file(path),
            _ => error,
        }
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
        if tensor.data.iter().any(|value| !value.is_finite()) {
            return Err(NetworkError::NotFinite { name: name.to_owned() });
        }
        Ok(&tensor.data)
    }

    pub fn tensors(&self) -> &BTreeMap<String, Tensor> {
        &self.tensors
    }
}

/// The header of a safetensors file, of which the keys alone count: each is known, and there once.
struct Header;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the values are those that the safetensors crate has checked")]
struct HeaderEntry {
    dtype: IgnoredAny,
    shape: IgnoredAny,
    data_offsets: IgnoredAny,
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Self)
    }
}

impl<'de> Visitor<'de> for Header {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == "__metadata__" {
                map.next_value::<IgnoredAny>()?;
            } else {
                map.next_value::<HeaderEntry>()?;
            }
            if names.contains(&name) {
                return Err(A::Error::custom(format!("{name:?} is there twice")));
            }
            names.insert(name);
        }
        Ok(self)
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
        Self::load(network, weights).map_err(|error| weights.error(error))
    }

    fn load(network: &Network, weights: &Weights) -> Result<Self, NetworkError> {
        let shapes = network.shapes()?;
        let mut layers = Vec::with_capacity(network.layers.len());
        let mut known = Vec::new();
        for (layer, shapes) in network.layers.iter().zip(shapes.windows(2)) {
            let (input, output) = (shapes[0], shapes[1]);
            let (mut values, mut bias) = (Vec::new(), Vec::new());
            if let Some(shape) = layer.weight_shape(input) {
                let names = ["weight", "bias"].map(|part| layer.tensor(part));
                values = weights.get(&names[0], &shape)?.to_vec();
                bias = weights.get(&names[1], &shape[..1])?.to_vec();
                known.extend(names);
            }
            let kind = layer.kind.clone();
            layers.push(FloatLayer { kind, input, output, weights: values, bias });
        }
        if let Some(name) = weights.tensors.keys().find(|name| !known.contains(name)) {
            let (name, known) = (name.clone(), known.join(", "));
            return Err(NetworkError::UnknownTensor { name, known });
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A safetensors file with this header and so many zeros behind it.
    fn file(header: &str, zeros: usize) -> Vec<u8> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.bytes());
        bytes.resize(bytes.len() + zeros, 0);
        bytes
    }

    #[test]
    fn files_that_are_not_clean_are_refused() {
        let parse = |header: &str, zeros| Weights::parse(Path::new("w"), &file(header, zeros));
        let entry = |name: &str, end: usize| {
            format!(r#""{name}":{{"dtype":"F32","shape":[1],"data_offsets":[{},{end}]}}"#, end - 4)
        };
        let good = format!(r#"{{"__metadata__":{{"a":"b"}},{},{}}}"#, entry("x", 4), entry("y", 8));
        assert_eq!(parse(&good, 8).unwrap().tensors().len(), 2);
        let twice = format!("{{{},{}}}", entry("x", 4), entry("x", 4));
        let refused = |header: &str, zeros| parse(header, zeros).unwrap_err().to_string();
        assert!(refused(&twice, 4).contains("\"x\" is there twice at line 1 column"));
        let unknown = good.replacen("\"dtype\"", "\"scale\":2,\"dtype\"", 1);
        assert!(refused(&unknown, 8).contains("unknown field `scale`, expected one of"));
        for (from, to) in [("F32", "F16"), ("[1]", "[2]"), ("4,8", "4,9"), ("}}", "}")] {
            assert!(parse(&good.replace(from, to), 8).is_err(), "{from} → {to}");
        }
        let mut bytes = file(&good, 8);
        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
        let weights = Weights::parse(Path::new("w"), &bytes).unwrap();
        assert!(weights.get("x", &[1]).is_ok() && weights.get("y", &[1]).is_err());
    }
}
