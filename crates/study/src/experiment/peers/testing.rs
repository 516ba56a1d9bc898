//! Networks, weights and images for the tests of the peers.

use std::collections::BTreeMap;
use std::path::Path;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::bench::{Batch, golden};
use crate::data::{Image, digits};
use model::conv::{Kernel, Mode, Plane};
use model::nn::{
    Activation, Convolution, Finish, Input, IntegerLayer, IntegerNetwork, LayerDescription,
    LayerKind, Network, Tensor, Weights, input_planes,
};

/// LeNet-5.
pub(super) fn network(activation: &str) -> Network {
    Network::read(Path::new(&format!("../../testvectors/networks/lenet5_{activation}.json")))
        .unwrap()
}

/// Random weights, uniform with the spread that keeps activations in range.
pub(super) fn weights(network: &Network, seed: u64) -> Weights {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut tensors = BTreeMap::new();
    for (layer, shapes) in network.layers.iter().zip(network.shapes().unwrap().windows(2)) {
        let shape = match layer.kind {
            LayerKind::Convolution { outputs, side, .. } => {
                vec![outputs, shapes[0].channels, side, side]
            }
            LayerKind::Dense { outputs, .. } => vec![outputs, shapes[0].len()],
            LayerKind::AveragePool { .. } => continue,
        };
        let fan_in: usize = shape[1..].iter().product();
        let limit = (6.0 / fan_in as f32).sqrt();
        let mut draw = |count| (0..count).map(|_| random.random_range(-limit..limit)).collect();
        let (data, bias) = (draw(shape[0] * fan_in), draw(shape[0]));
        let (name, outputs) = (layer.name.to_lowercase(), shape[0]);
        tensors.insert(format!("{name}.weight"), Tensor { shape, data });
        tensors.insert(format!("{name}.bias"), Tensor { shape: vec![outputs], data: bias });
    }
    Weights::new(tensors)
}

/// Drawn digits.
pub(super) fn images(count: usize) -> Vec<Image> {
    digits::draw(5, digits::TEST, count)
}

/// Images as a network takes them.
pub(super) fn planes(network: &IntegerNetwork, images: &[Image]) -> Vec<Vec<Plane>> {
    images.iter().map(|image| input_planes(network, &image.pixels)).collect()
}

/// A convolution of `kernels.len()` outputs over one 3×3 input, with a ReLU that halves.
pub(super) fn one_layer(kernels: &[&[i32]], bias: &[i32], side: usize) -> IntegerNetwork {
    let activation = Some(Activation::Relu);
    let kernel = |words: &&[i32]| vec![Kernel::new(side, words.to_vec()).unwrap()];
    let kind = LayerKind::Convolution { outputs: kernels.len(), side, activation };
    IntegerNetwork {
        network: Network {
            name: "one-layer".to_owned(),
            input: Input { channels: 1, height: 3, width: 3, padding: 0 },
            activation_bits: 15,
            layers: vec![LayerDescription { name: "C1".to_owned(), kind }],
        },
        layers: vec![IntegerLayer::Convolution(Convolution {
            name: "C1".to_owned(),
            index: 0,
            filters: kernels.iter().map(kernel).collect(),
            bias: bias.to_vec(),
            finish: Finish { activation, shift: 1, bits: 15 },
        })],
        proof: Vec::new(),
        weights_sha256: String::new(),
    }
}

/// What `measure` makes of inputs, given what exact arithmetic makes of them.
pub(super) fn with_planes<T>(
    network: &IntegerNetwork,
    images: &[Vec<Plane>],
    measure: impl FnOnce(&Batch<'_>) -> T,
) -> T {
    let exact = golden(network, Mode::Exact, images);
    measure(&Batch { images, exact: &exact })
}

/// [`with_planes`] of 3×3 images.
pub(super) fn with_exact<T>(
    network: &IntegerNetwork,
    images: &[[u8; 9]],
    measure: impl FnOnce(&Batch<'_>) -> T,
) -> T {
    let planes: Vec<_> = images.iter().map(|pixels| input_planes(network, pixels)).collect();
    with_planes(network, &planes, measure)
}
