// SPDX-License-Identifier: MIT OR Apache-2.0
//! Layers as candle operations: convolution with skipped products, quantised activation, pooling.

mod activation;
mod bias;
mod convolution;
mod kernel;
mod lanes;
mod pool;
mod taps;

pub use activation::{Activate, Grid, QuantiseWeights};
pub use bias::AddBias;
pub use convolution::{Convolve, Kept};
pub use pool::Pool;
pub use taps::{ConvShape, Skip};
