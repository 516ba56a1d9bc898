//! Networks: described as data, loaded as floats, quantised to integers, run on any engine.
//!
//! [`Network`] is the JSON description, [`Weights`] the float tensors, [`IntegerNetwork`] what runs:
//! 16-bit weights and activations of a documented width with power-of-two scales, and a proof that
//! no sum of any mode overflows. [`infer`] takes images through it; what performs the convolutions
//! is a [`Convolver`].

mod configuration;
mod error;
mod float;
mod golden;
mod infer;
mod integer;
mod network;
mod quantize;
mod reorder;
mod tanh;
mod weights;

pub use configuration::Configuration;
pub use error::NetworkError;
pub use float::FloatNetwork;
pub use golden::GoldenConvolver;
pub use infer::{Convolver, Inference, LayerOutcome, class_of, infer, input_planes};
pub use integer::{AveragePool, Convolution, Dense, Finish, IntegerLayer};
pub use network::{Activation, Input, LayerDescription, LayerKind, Network, Shape};
pub use quantize::{IntegerNetwork, OverflowProof, WEIGHT_LIMIT};
pub use tanh::{TANH_INPUT_BITS, integer_tanh, tanh_table};
pub use weights::{Tensor, Weights};
