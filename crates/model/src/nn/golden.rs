//! Convolutions on the golden model.

use std::convert::Infallible;

use super::infer::{Convolver, LayerOutcome};
use super::integer::Convolution;
use super::{Configuration, IntegerNetwork};
use crate::conv::{
    FeatureMap, Kernel, Plane, PreparedKernels, PreparedPlane, Semantics, conv2d_prepared,
    dot_kernels,
};

/// The golden model under one configuration. The log proxies of the weights are taken once.
pub struct GoldenConvolver {
    semantics: Vec<Semantics>,
    /// `kernels[layer][input channel]`: those of all outputs.
    kernels: Vec<Vec<PreparedKernels>>,
    keep_maps: bool,
}

impl GoldenConvolver {
    /// The golden model for a network.
    ///
    /// # Panics
    /// If the configuration has not one entry a convolution layer.
    pub fn new(network: &IntegerNetwork, configuration: &Configuration) -> Self {
        let semantics = configuration.layers.clone();
        assert_eq!(semantics.len(), network.convolutions().count(), "semantics for every layer");
        let prepare = |(layer, semantics): (&Convolution, &Semantics)| {
            let channel = |c: usize| {
                let kernels: Vec<Kernel> =
                    layer.filters.iter().map(|filter| filter[c].clone()).collect();
                PreparedKernels::new(&kernels, semantics.log_frac).expect("kernels of one side")
            };
            (0..layer.filters[0].len()).map(channel).collect()
        };
        let kernels = network.convolutions().zip(&semantics).map(prepare).collect();
        Self { semantics, kernels, keep_maps: false }
    }

    /// Keeps the map of every output and input channel in the [`LayerOutcome`].
    #[must_use]
    pub fn with_maps(mut self) -> Self {
        self.keep_maps = true;
        self
    }

    fn image(&self, layer: &Convolution, input: &[Plane]) -> LayerOutcome {
        let semantics = &self.semantics[layer.index];
        let side = layer.side();
        if input[0].width() == side && input[0].height() == side {
            return self.single(layer, input, semantics);
        }
        let planes: Vec<_> =
            input.iter().map(|it| PreparedPlane::new(it, semantics.log_frac)).collect();
        let mut outcome = LayerOutcome::default();
        for filter in &layer.filters {
            let mut sums: Vec<i32> = Vec::new();
            let mut maps: Vec<FeatureMap> = Vec::with_capacity(planes.len());
            for (plane, kernel) in planes.iter().zip(filter) {
                let map = conv2d_prepared(plane, kernel, semantics, maps.last());
                add(&mut sums, &map.outputs);
                outcome.multiplications += map.total_kept();
                if !self.keep_maps {
                    maps.clear();
                }
                maps.push(map);
            }
            outcome.sums.push(sums);
            if self.keep_maps {
                outcome.maps.push(maps);
            }
        }
        outcome
    }

    /// A layer with one output a channel: one window with many kernels.
    fn single(&self, layer: &Convolution, input: &[Plane], semantics: &Semantics) -> LayerOutcome {
        let mut sums: Vec<i32> = Vec::new();
        let mut multiplications = 0;
        let mut maps: Vec<FeatureMap> = Vec::with_capacity(input.len());
        for (plane, kernels) in input.iter().zip(&self.kernels[layer.index]) {
            let map = dot_kernels(kernels, plane.data(), semantics, maps.last());
            add(&mut sums, &map.outputs);
            multiplications += map.total_kept();
            if !self.keep_maps {
                maps.clear();
            }
            maps.push(map);
        }
        let maps = if self.keep_maps { vec![maps] } else { Vec::new() };
        let sums = sums.into_iter().map(|sum| vec![sum]).collect();
        LayerOutcome { sums, multiplications, maps }
    }
}

fn add(sums: &mut Vec<i32>, outputs: &[i32]) {
    if sums.is_empty() {
        sums.extend_from_slice(outputs);
    } else {
        for (sum, &output) in sums.iter_mut().zip(outputs) {
            *sum = sum.wrapping_add(output);
        }
    }
}

impl Convolver for GoldenConvolver {
    type Error = Infallible;

    fn layer(
        &mut self,
        layer: &Convolution,
        inputs: &[Vec<Plane>],
    ) -> Result<Vec<LayerOutcome>, Infallible> {
        Ok(inputs.iter().map(|input| self.image(layer, input)).collect())
    }
}
