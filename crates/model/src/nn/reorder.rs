//! The same network with its channels in another order.
//!
//! In running scope the order of a layer's input channels decides how early S_max is large. The
//! order can be had for nothing: it is that of the kernels of the convolution before.

use super::integer::IntegerLayer;
use super::quantize::IntegerNetwork;

impl IntegerNetwork {
    /// The network with the input channels of convolution `index` in the order `order`: channel
    /// `order[c]` becomes channel c. The scores stay the same in every mode but approx.
    ///
    /// # Panics
    /// If that is the first convolution, or a dense layer lies between it and the one before, or
    /// `order` is not a permutation of its input channels.
    #[must_use]
    pub fn with_channel_order(&self, index: usize, order: &[usize]) -> Self {
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        assert!(sorted.iter().copied().eq(0..order.len()), "an order names each channel once");
        assert!(index > 0, "the channels of the first convolution are the image's");
        let mut network = self.clone();
        let mut between = false;
        for layer in &mut network.layers {
            match layer {
                IntegerLayer::Convolution(it) if it.index + 1 == index => {
                    assert_eq!(it.filters.len(), order.len(), "an entry a channel");
                    it.filters = order.iter().map(|&c| it.filters[c].clone()).collect();
                    it.bias = order.iter().map(|&c| it.bias[c]).collect();
                    between = true;
                }
                IntegerLayer::Convolution(it) if it.index == index => {
                    for filter in &mut it.filters {
                        *filter = order.iter().map(|&c| filter[c].clone()).collect();
                    }
                    between = false;
                }
                IntegerLayer::Dense(_) => assert!(!between, "a dense layer mixes the channels"),
                _ => {}
            }
        }
        network
    }
}
