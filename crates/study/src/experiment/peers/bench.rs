//! Chunks of images through every peer.

use crate::data::digits;

use serde::{Deserialize, Serialize};

use super::mitchell::{FRACTION_BITS, MitchellPeer};
use super::prune::{DENSITIES_PERCENT, PrunePeer};
use super::skip::SkipPeer;
use super::snapea::{Order, SnapeaPeer};
use super::technique::{Saves, Technique};
use super::truncate::{TruncatePeer, Truncation};
use super::winograd::{F23, F25, WinogradPeer};
use crate::data::Image;
use model::conv::{Mode, Plane};
use model::engine::{Detail, Engine, GoldenEngine, Place};
use model::nn::{
    Activation, Configuration, Inference, IntegerNetwork, Network, NetworkError, Weights,
    input_planes,
};

/// What one technique came to over some images.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Multiplications performed in each convolution layer, over all images.
    pub multiplications: Vec<u64>,
    /// Products approximated without a multiplier in each convolution layer, over all images.
    pub log_products: Vec<u64>,
    /// The class given to each image.
    pub classes: Vec<u16>,
}

impl Tally {
    /// The classes and, layer by layer, the multiplications of some inferences.
    pub(super) fn of(inferences: &[Inference]) -> Self {
        let layers = inferences.first().map_or(0, |it| it.convolutions.len());
        let layer = |index: usize| {
            inferences.iter().map(|it| it.convolutions[index].total_multiplications()).sum()
        };
        Self {
            multiplications: (0..layers).map(layer).collect(),
            log_products: vec![0; layers],
            // A network has at most 4,096 classes.
            classes: inferences.iter().map(|it| it.class() as u16).collect(),
        }
    }

    /// The same classes, after other multiplications.
    pub(super) fn with_multiplications(&self, multiplications: Vec<u64>) -> Self {
        Self { multiplications, ..self.clone() }
    }

    fn merge(&mut self, next: Self) {
        add(&mut self.multiplications, &next.multiplications);
        add(&mut self.log_products, &next.log_products);
        self.classes.extend(next.classes);
    }
}

fn add(sums: &mut Vec<u64>, counts: &[u64]) {
    sums.resize(sums.len().max(counts.len()), 0);
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum += count;
    }
}

/// What every technique of a [`PeerBench`] came to, in the order of [`PeerBench::techniques`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PeerTotals {
    /// One a technique; none before the first images.
    pub tallies: Vec<Tally>,
}

impl PeerTotals {
    /// Adds the images that follow.
    pub fn merge(&mut self, next: Self) {
        if self.tallies.is_empty() {
            self.tallies = next.tallies;
            return;
        }
        for (tally, next) in self.tallies.iter_mut().zip(next.tallies) {
            tally.merge(next);
        }
    }
}

/// Images for the peers, and what exact arithmetic makes of them.
pub(super) struct Batch<'a> {
    pub(super) images: &'a [Vec<Plane>],
    pub(super) exact: &'a [Inference],
}

/// One rival, at one setting or at several that come from the same run.
pub(super) trait Peer: Send + Sync {
    /// The rows that it is for.
    fn techniques(&self) -> Vec<Technique>;

    /// One tally a technique.
    fn measure(&self, batch: &Batch<'_>) -> Vec<Tally>;
}

/// Every peer of one network. It is built once and shared by threads.
pub struct PeerBench {
    pub(super) network: IntegerNetwork,
    peers: Vec<Box<dyn Peer>>,
}

impl PeerBench {
    /// The peers of a network, at all their settings; an error if the network, or what pruning
    /// leaves of it, cannot be quantised.
    pub fn new(network: &Network, weights: &Weights) -> Result<Self, NetworkError> {
        let integer = IntegerNetwork::new(network, weights, digits::calibration())?;
        let mut peers: Vec<Box<dyn Peer>> = vec![
            Box::new(SkipPeer::new(&integer, Mode::ZeroSkip)),
            Box::new(SkipPeer::new(&integer, Mode::DualZeroSkip)),
        ];
        for density in DENSITIES_PERCENT {
            peers.push(Box::new(PrunePeer::new(network, weights, density)?));
        }
        if is_relu(&integer) {
            for order in Order::ALL {
                peers.push(Box::new(SnapeaPeer::new(&integer, order)));
            }
        }
        for transform in [F23, F25] {
            peers.push(Box::new(WinogradPeer::new(&integer, transform)?));
        }
        for fraction in FRACTION_BITS {
            peers.push(Box::new(MitchellPeer::new(&integer, fraction)));
        }
        for truncation in Truncation::all() {
            peers.push(Box::new(TruncatePeer::new(&integer, truncation)));
        }
        Ok(Self { network: integer, peers })
    }

    /// The techniques, in the order of their rows; the first is exact arithmetic.
    pub fn techniques(&self) -> Vec<Technique> {
        let exact = Technique::whole("exact", String::new(), &self.network, Saves::Nothing);
        let peers = self.peers.iter().flat_map(|peer| peer.techniques());
        std::iter::once(exact).chain(peers).collect()
    }

    /// Takes images through every technique, on the calling thread.
    ///
    /// # Panics
    /// If an image has another number of pixels than the network's input, or a technique that is
    /// exact gives another score than exact arithmetic.
    pub fn chunk(&self, images: &[&Image]) -> PeerTotals {
        let planes: Vec<Vec<Plane>> =
            images.iter().map(|image| input_planes(&self.network, &image.pixels)).collect();
        let exact = golden(&self.network, Mode::Exact, &planes);
        let batch = Batch { images: &planes, exact: &exact };
        let peers = self.peers.iter().flat_map(|peer| peer.measure(&batch));
        PeerTotals { tallies: std::iter::once(Tally::of(&exact)).chain(peers).collect() }
    }
}

/// Whether every convolution is followed by a ReLU, so that all activations they see are ≥ 0.
fn is_relu(network: &IntegerNetwork) -> bool {
    network.convolutions().all(|it| it.finish.activation == Some(Activation::Relu))
}

/// Images through the golden model in a mode without a threshold.
pub(super) fn golden(
    network: &IntegerNetwork,
    mode: Mode,
    images: &[Vec<Plane>],
) -> Vec<Inference> {
    run(network, mode, images, &mut GoldenEngine::default())
}

/// Images through an engine that cannot fail.
pub(super) fn run(
    network: &IntegerNetwork,
    mode: Mode,
    images: &[Vec<Plane>],
    engine: &mut dyn Engine,
) -> Vec<Inference> {
    let layers = network.convolutions().count();
    let configuration = Configuration::plain(mode, 0, layers);
    let configuration = configuration.expect("no fraction bits are always allowed");
    let run = engine.infer(&Place::default(), network, &configuration, images, Detail::Sums);
    run.expect("software does not fail").inferences
}

/// Checks that a technique that must be exact is.
pub(super) fn assert_exact(name: &str, found: &[Inference], batch: &Batch<'_>) {
    for (image, (found, exact)) in found.iter().zip(batch.exact).enumerate() {
        assert!(
            found.activations == exact.activations,
            "{name} changes an activation of image {image} of the chunk"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{images, network, weights};
    use super::*;

    #[test]
    fn chunks_merge_to_what_one_run_gives() {
        let network = network("relu");
        let bench = PeerBench::new(&network, &weights(&network, 1)).unwrap();
        let images = images(7);
        let images: Vec<&Image> = images.iter().collect();
        let whole = bench.chunk(&images);
        assert_eq!(whole.tallies.len(), bench.techniques().len());
        assert!(whole.tallies.iter().all(|it| it.classes.len() == 7));
        let mut merged = PeerTotals::default();
        for chunk in images.chunks(3) {
            let text = serde_json::to_string(&bench.chunk(chunk)).unwrap();
            merged.merge(serde_json::from_str(&text).unwrap());
        }
        assert_eq!(merged, whole);
    }

    #[test]
    fn early_termination_is_for_relu_alone() {
        for (activation, expected) in [("relu", 4), ("tanh", 0)] {
            let network = network(activation);
            let bench = PeerBench::new(&network, &weights(&network, 2)).unwrap();
            let techniques = bench.techniques();
            let snapea = techniques.iter().filter(|it| it.name.starts_with("snapea"));
            assert_eq!(snapea.count(), expected, "{activation}");
            let unique: std::collections::BTreeSet<_> =
                techniques.iter().map(|it| (it.name, &it.setting)).collect();
            assert_eq!(unique.len(), techniques.len(), "a name and setting tell rows apart");
        }
    }
}
