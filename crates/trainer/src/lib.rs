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

use study::data::SIDE;

/// A network, an operating point or weights that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DescriptionError {
    #[error(transparent)]
    Network(#[from] ::model::nn::NetworkError),
    #[error(
        "the input is {channels} channels of {height}×{width}; images have 1 channel of {SIDE}×{SIDE}"
    )]
    Input { channels: usize, height: usize, width: usize },
    #[error("the network ends with {0} outputs; it takes 10, one a digit")]
    Outputs(usize),
    #[error("{0:?} is not NAME=T,F,SCOPE, as in C3=1,0,running")]
    Setting(String),
    #[error("the network has no convolution {name:?}; it has {known}")]
    UnknownLayer { name: String, known: String },
}
