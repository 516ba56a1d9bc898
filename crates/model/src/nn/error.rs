//! Why a network cannot be used.

use std::io;
use std::path::PathBuf;

use crate::conv::ConfigError;

/// Why a network cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not a network description.
    #[error("{} is not a network description: {source}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// The layers do not fit together.
    #[error("layer {layer}: {reason}")]
    Layer {
        /// The layer's name.
        layer: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The description as a whole is wrong.
    #[error("the network description: {0}")]
    Description(String),
    /// A file holds no tensors.
    #[error("{} is not a safetensors file: {source}", path.display())]
    Tensors {
        /// The file.
        path: PathBuf,
        /// Why.
        source: safetensors::SafeTensorError,
    },
    /// A tensor is missing.
    #[error("the weights have no tensor {name:?}; they have {found}")]
    MissingTensor {
        /// Its name.
        name: String,
        /// Those there are.
        found: String,
    },
    /// A tensor has another type.
    #[error("tensor {name:?} is {found}; export the weights as 32-bit floats")]
    TensorType {
        /// Its name.
        name: String,
        /// Its type.
        found: String,
    },
    /// A tensor has another shape.
    #[error("tensor {name:?} has the shape {found:?}; the network needs {wanted:?}")]
    TensorShape {
        /// Its name.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape that the network description gives it.
        wanted: Vec<usize>,
    },
    /// A weight is not a number.
    #[error("tensor {name:?} holds a value that is not finite")]
    NotFinite {
        /// Its name.
        name: String,
    },
    /// No scale makes the layer safe.
    #[error(
        "layer {layer}: no power-of-two scale with at least {bits} bits of weight keeps every sum \
         inside 32 bits (the largest possible sum is {bound}); lower activation_bits or the weights"
    )]
    Overflow {
        /// The layer's name.
        layer: String,
        /// Bits that a weight needs at least.
        bits: u32,
        /// The largest possible sum at the smallest scale tried.
        bound: i64,
    },
    /// A setting is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
}
