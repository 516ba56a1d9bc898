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
//!
mod bound;
mod config;
mod fast;
mod layer;
mod log_proxy;
mod plain;
mod prepared;
mod shape;
mod vector;

pub use bound::error_bound;
pub use config::{ConfigError, MAX_LOG_FRAC, Mode, Semantics, SmaxScope, Threshold};
pub use fast::{conv2d, conv2d_prepared, dot_kernels};
pub use layer::{conv2d_batch, conv2d_layer};
pub use log_proxy::{log_proxy, msb};
pub use plain::{Dot, MAX_PRODUCTS, conv2d_plain, dot, scores};
pub use prepared::{PreparedKernels, PreparedPlane};
pub use shape::{FeatureMap, Kernel, MAX_SIDE, Plane, ShapeError, output_size};
