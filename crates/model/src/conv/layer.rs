//! Many convolutions at once, on all cores.

use rayon::prelude::*;

use super::config::Semantics;
use super::fast::conv2d_prepared;
use super::prepared::PreparedPlane;
use super::shape::{FeatureMap, Kernel};

/// Every plane with every kernel, each a convolution of its own (nothing is carried): the entry
/// `p · kernels.len() + k` is plane p with kernel k.
///
/// The convolutions run on the current rayon pool.
///
/// # Panics
/// As [`conv2d_prepared`].
pub fn conv2d_batch(
    planes: &[PreparedPlane],
    kernels: &[Kernel],
    semantics: &Semantics,
) -> Vec<FeatureMap> {
    let convolve = |plane| {
        let kernels = kernels.iter();
        kernels.map(move |kernel| conv2d_prepared(plane, kernel, semantics, None))
    };
    planes.par_iter().flat_map_iter(convolve).collect()
}

/// A convolution layer before its channels are added: `maps[o][c]` is the map of output channel o
/// over input channel c, whose kernel is `filters[o][c]`.
///
/// In running scope S_max goes from each input channel to the next of the same output channel; the
/// first starts afresh. The output channels run on the current rayon pool.
///
/// # Panics
/// If a filter has not one kernel a channel; and as [`conv2d_prepared`].
pub fn conv2d_layer(
    channels: &[PreparedPlane],
    filters: &[Vec<Kernel>],
    semantics: &Semantics,
) -> Vec<Vec<FeatureMap>> {
    let convolve = |filter: &Vec<Kernel>| {
        assert_eq!(filter.len(), channels.len(), "a kernel for every input channel");
        let mut maps: Vec<FeatureMap> = Vec::with_capacity(channels.len());
        for (plane, kernel) in channels.iter().zip(filter) {
            let map = conv2d_prepared(plane, kernel, semantics, maps.last());
            maps.push(map);
        }
        maps
    };
    filters.par_iter().map(convolve).collect()
}
