// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can be wrong with a description, in words that say what to do.

use thiserror::Error;

/// A network, an operating point or weights that cannot be used.
#[derive(Debug, Error)]
pub enum DescriptionError {
    /// The layers do not fit together, or not to the images.
    #[error(transparent)]
    Network(#[from] model::nn::NetworkError),
    /// A network whose last layer does not tell ten digits apart.
    #[error("the network ends with {0} outputs; it takes 10, one a digit")]
    Outputs(usize),
    /// A layer setting that is not `NAME=T,F,SCOPE`.
    #[error("{0:?} is not NAME=T,F,SCOPE, as in C3=1,0,running")]
    Setting(String),
    /// A setting for a layer that is not a convolution of the network.
    #[error("the network has no convolution {name:?}; it has {known}")]
    UnknownLayer {
        /// The name in the setting.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// Weights for which no scale keeps the sums within 32 bits.
    #[error("layer {0}: no weight scale keeps its sums below 2^31; train with more weight decay")]
    Overflow(String),
    /// A file of weights without a tensor of the network, or with another shape.
    #[error("{tensor}: {reason}; the weights are those of another network")]
    Tensor {
        /// The tensor's name.
        tensor: String,
        /// What is wrong with it.
        reason: String,
    },
}
