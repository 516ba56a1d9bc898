//! Other ways to multiply less in a convolution, on the same integer network and the same images.
//!
//! Each [`Technique`] is a row of `peers.csv`: what it multiplies, what it gets right, and whether
//! what it saves is energy alone or cycles too. A [`PeerBench`] takes chunks of images through all
//! of them; [`PeerTotals`] of chunks merge, in the order of the images.

mod bench;
mod lanes;
mod mitchell;
mod prune;
mod row;
mod skip;
mod snapea;
mod technique;
#[cfg(test)]
mod testing;
mod truncate;
mod winograd;

pub use bench::{PeerBench, PeerTotals, Tally};
pub use mitchell::{FRACTION_BITS, FULL_FRACTION, mitchell_product};
pub use prune::{DENSITIES_PERCENT, prune};
pub use row::PeerRow;
pub use technique::{Saves, Technique};
pub use truncate::Truncation;
pub use winograd::{F23, F25, Winograd};
