// SPDX-License-Identifier: MIT OR Apache-2.0
//! Zeros: a product with a zero operand is not multiplied, and static pruning makes zeros of the
//! smallest weights of each convolution layer, once, for all images, without retraining.

use super::{Batch, Peer, Saves, Tally, Technique, assert_exact, golden, technique};
use crate::data::digits;
use model::conv::Mode;
use model::nn::{Convolution, LayerKind, MachineNetwork, Network, NetworkError, Tensor, Weights};

/// Hard zero-skipping, in one of its modes. Nothing changes but the count.
pub(super) fn skip(network: &MachineNetwork, mode: Mode) -> Peer {
    let technique = Technique::whole(mode.name(), String::new(), network, Saves::EnergyAndTime);
    let network = network.clone();
    Peer::new([technique], move |batch: &Batch<'_>| {
        let inferences = golden(&network, mode, batch.images);
        assert_exact(mode.name(), &inferences, batch);
        vec![Tally::of(&inferences)]
    })
}

/// Percentages of the weights that are kept.
pub(super) const DENSITIES_PERCENT: [u32; 11] = [100, 70, 50, 40, 30, 20, 15, 10, 7, 5, 3];

/// Keeps the largest `density_percent` of the weights of each convolution layer, rounded up, and
/// sets the others to zero. Of equal weights the first are kept. Biases and dense layers stay.
/// An error if the weights do not fit the network.
fn pruned(
    network: &Network,
    weights: &Weights,
    density_percent: u32,
) -> Result<Weights, NetworkError> {
    let shapes = network.shapes()?;
    let mut tensors = weights.tensors().clone();
    for (layer, input) in network.layers.iter().zip(&shapes) {
        let LayerKind::Convolution { outputs, side, .. } = layer.kind else { continue };
        let name = format!("{}.weight", layer.name.to_lowercase());
        let shape = vec![outputs, input.channels, side, side];
        let mut data = weights.get(&name, &shape)?.to_vec();
        let mut order: Vec<usize> = (0..data.len()).collect();
        order.sort_by(|&a, &b| data[b].abs().total_cmp(&data[a].abs()));
        let kept = (data.len() * density_percent as usize).div_ceil(100).min(data.len());
        for &index in &order[kept..] {
            data[index] = 0.0;
        }
        tensors.insert(name, Tensor { shape, data });
    }
    Ok(Weights::new(tensors))
}

/// A pruned network, quantised anew.
pub(super) fn prune(
    network: &Network,
    weights: &Weights,
    density_percent: u32,
) -> Result<Peer, NetworkError> {
    let weights = pruned(network, weights, density_percent)?;
    let network = MachineNetwork::new(network, &weights, digits::calibration())?;
    let exact = network.network.exact_multiplications()?;
    let count = |(layer, (_, exact)): (&Convolution, (String, u64))| {
        let words = layer.filters.iter().flatten().flat_map(|kernel| kernel.weights());
        let (all, kept) = words.fold((0, 0), |(all, kept), &word| {
            (all + 1, kept + u64::from(word != 0)) // a weight that rounds to 0 is gone too
        });
        // Every weight meets every output position once.
        exact / all * kept
    };
    // Per image, of each convolution layer, with a weight that is not zero.
    let multiplications: Vec<u64> = network.convolutions().zip(exact).map(count).collect();
    let setting = format!("density={density_percent}%");
    let technique = |name| Technique::whole(name, setting.clone(), &network, Saves::EnergyAndTime);
    let techniques = [technique::PRUNE, technique::PRUNE_ZERO_SKIP].map(technique);
    Ok(Peer::new(techniques, move |batch: &Batch<'_>| {
        let both = Tally::of(&golden(&network, Mode::DualZeroSkip, batch.images));
        let images = batch.images.len() as u64;
        let alone = multiplications.iter().map(|count| count * images).collect();
        vec![both.with_multiplications(alone), both]
    }))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{one_layer, with_digits, with_images};
    use super::*;
    use crate::experiment::lenet::Variant;
    use model::nn::Activation;

    #[test]
    fn the_largest_weights_of_each_layer_are_kept() {
        let Variant { network, weights, .. } = Variant::lenet5(Activation::Relu).unwrap();
        let pruned = pruned(&network, &weights, 30).unwrap();
        for (name, kept) in [("c1.weight", 45), ("c3.weight", 720), ("c5.weight", 9216)] {
            let (before, after) = (&weights.tensors()[name].data, &pruned.tensors()[name].data);
            let smallest_kept =
                after.iter().filter(|w| **w != 0.0).fold(f32::MAX, |least, w| least.min(w.abs()));
            assert_eq!(after.iter().filter(|w| **w != 0.0).count(), kept, "{name}");
            for (before, after) in before.iter().zip(after) {
                let survives = before.abs() >= smallest_kept;
                assert_eq!(*after, if survives { *before } else { 0.0 }, "{name}");
            }
        }
        for name in ["c1.bias", "f6.weight", "output.weight"] {
            assert_eq!(weights.tensors()[name], pruned.tensors()[name], "{name}");
        }
    }

    #[test]
    fn a_density_of_100_percent_is_exact_and_less_multiplies_less() {
        let variant = Variant::lenet5(Activation::Tanh).unwrap();
        let Variant { network, weights, integer, .. } = variant;
        with_digits(&integer, 3, |batch| {
            let measure = |density| (prune(&network, &weights, density).unwrap().measure)(batch);
            let (full, half) = (measure(100), measure(50));
            assert_eq!(full[0].classes, Tally::of(batch.exact).classes);
            let dual = Tally::of(&golden(&integer, Mode::DualZeroSkip, batch.images));
            assert_eq!(full[1], dual);
            // Half the weights of each layer at 576, 64 and 1 places, in three images.
            assert_eq!(half[0].multiplications, [75 * 576 * 3, 1200 * 64 * 3, 15_360 * 3]);
            for (both, alone) in half[1].multiplications.iter().zip(&half[0].multiplications) {
                assert!(both <= alone);
            }
            // Most pixels of the first layer's input are zero.
            assert!(half[1].multiplications[0] * 2 < half[0].multiplications[0]);
        });
    }

    #[test]
    fn zeros_of_either_operand_are_counted_by_hand() {
        // Four windows of four products; the image has zeros at its corners.
        let network = one_layer(&[&[3, 0, -1, 2]], &[0], 2);
        let count = |mode| {
            let image = [&[0, 5, 0, 7, 9, 7, 0, 5, 0][..]];
            with_images(&network, image, |batch| (skip(&network, mode).measure)(batch))
        };
        // Each window holds one corner, which is zero.
        assert_eq!(count(Mode::ZeroSkip)[0].multiplications, [12]);
        // The weight 0 meets a corner in the top right window alone.
        assert_eq!(count(Mode::DualZeroSkip)[0].multiplications, [9]);
    }
}
