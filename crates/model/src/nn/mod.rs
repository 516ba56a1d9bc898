// SPDX-License-Identifier: MIT OR Apache-2.0
//! Networks: described as data, loaded as floats, quantised to integers, run on any engine.
//!
//! [`Network`] is the JSON description, [`Weights`] the float tensors, [`IntegerNetwork`] what runs:
//! 16-bit weights and activations of a documented width with power-of-two scales, and a proof that
//! no sum of any mode overflows. [`infer`] takes images through it; what performs the convolutions
//! is an [`Engine`](crate::engine::Engine).

mod float;
mod infer;
mod integer;
mod network;
mod quantize;

pub use float::{FloatNetwork, Tensor, Weights};
pub use infer::{
    Configuration, Inference, LayerOutcome, NetworkRun, class_of, infer, input_planes,
};
pub use integer::{
    AveragePool, Convolution, Dense, Finish, IntegerLayer, TANH_INPUT_BITS, integer_tanh,
    tanh_table,
};
pub use network::{Activation, Input, LayerDescription, LayerKind, Network, NetworkError, Shape};
pub use quantize::{IntegerNetwork, OverflowProof, WEIGHT_LIMIT};
