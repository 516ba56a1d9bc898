//! Float tensors from a safetensors file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use sha2::{Digest, Sha256};

use super::error::NetworkError;
use crate::hex;

/// A float tensor, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// Its values.
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
    /// Tensors that are there already.
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

    /// Every tensor, by name.
    pub fn tensors(&self) -> &BTreeMap<String, Tensor> {
        &self.tensors
    }
}
