// SPDX-License-Identifier: MIT OR Apache-2.0
//! The golden software model of approximate convolution: the paper's section III, bit for bit.
//!
//! A convolution output is a sum of products `w·x`. Each operand has a cheap logarithm, its
//! [log proxy](log_proxy()), and the sum of two proxies ranks a product without computing it. In
//! [`Mode::Approx`] a product is multiplied only if its rank is less than a [`Threshold`] below the
//! best rank of the same output. How much that can change an output is [`error_bound`].
//!
//! The model exists twice. [`dot`] and [`conv2d_plain`] read like the paper and report everything
//! about one output; [`conv2d`] and the functions on [`PreparedPlane`]s are vectorised and threaded.
//! A property test holds the two equal for every mode, scope, kernel side and number of fraction
//! bits.

mod bound;
mod fast;
mod plain;
mod semantics;
mod shape;

pub use bound::error_bound;
pub use fast::{PreparedKernels, PreparedPlane, conv2d, conv2d_prepared, dot_kernels};
pub use plain::{Dot, MAX_PRODUCTS, conv2d_plain, dot, log_proxy, msb, scores};
pub use semantics::{ConfigError, MAX_LOG_FRAC, Mode, Semantics, SmaxScope, Threshold};
pub use shape::{FeatureMap, Kernel, MAX_SIDE, Plane, ShapeError, output_size};
