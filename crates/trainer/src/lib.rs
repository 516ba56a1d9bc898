// SPDX-License-Identifier: MIT OR Apache-2.0
//! Trains the networks of `convapprox`, and fine-tunes them with the products skipped that its
//! hardware skips.

pub mod augment;
mod error;
pub mod evaluate;
pub mod fit;
pub mod hardware;
pub mod images;
pub mod layer;
pub mod log;
pub mod model;
pub mod network;
pub mod point;
pub mod random;
pub mod record;
pub mod reorder;

pub use error::DescriptionError;
