// SPDX-License-Identifier: MIT OR Apache-2.0
//! Trains the networks of `convapprox`, and fine-tunes them with the products skipped that its
//! hardware skips.

pub mod data;
pub mod fit;
pub mod hardware;
mod kernel;
pub mod layer;
pub mod model;
pub mod record;

/// A network, an operating point or weights that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DescriptionError {
    /// The layers do not fit together, or not to the images.
    #[error(transparent)]
    Network(#[from] ::model::nn::NetworkError),
    /// A network whose last layer does not tell ten digits apart.
    #[error("the network ends with {0} outputs; it takes 10, one a digit")]
    Outputs(usize),
    /// A layer setting that is not `NAME=T,F,SCOPE`.
    #[error("{0:?} is not NAME=T,F,SCOPE, as in C3=1,0,running")]
    Setting(String),
    /// A setting for a layer that is not a convolution of the network.
    #[error("the network has no convolution {name:?}; it has {known}")]
    UnknownLayer { name: String, known: String },
    /// A file of weights without a tensor of the network, or with another shape.
    #[error("{tensor}: {reason}; the weights are those of another network")]
    Tensor { tensor: String, reason: String },
}
