// SPDX-License-Identifier: MIT OR Apache-2.0
//! Narrower multipliers: operands lose low bits of their magnitude, and every product is taken.

use super::{Batch, Peer, Saves, Tally, Technique, WEIGHT_BITS, run, technique};
use model::conv::{Kernel, Mode, Plane, Semantics};
use model::engine::{Detail, Engine, EngineError, GoldenEngine, LayerRun, Place};
use model::nn::{Convolution, IntegerLayer, IntegerNetwork};

/// Which low bits of an operand's magnitude are set to zero. The sign stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truncation {
    /// All below the `bits` highest from the leading one on; at least 1.
    Leading {
        /// Bits that are kept.
        bits: u32,
    },
    /// The same ones of every operand, below 32.
    Low {
        /// Bits that are dropped.
        bits: u32,
    },
}

impl Truncation {
    /// The settings that are measured.
    pub fn all() -> impl Iterator<Item = Self> {
        let leading = (1..=6).map(|bits| Self::Leading { bits });
        leading.chain((1..=8).map(|bits| Self::Low { bits }))
    }

    /// The operand that is multiplied in place of `operand`.
    pub fn apply(self, operand: i32) -> i32 {
        let magnitude = operand.unsigned_abs();
        let dropped = match self {
            Self::Leading { bits } => (32 - magnitude.leading_zeros()).saturating_sub(bits),
            Self::Low { bits } => bits,
        };
        let kept = (magnitude >> dropped << dropped) as i32;
        if operand < 0 { kept.wrapping_neg() } else { kept }
    }
}

/// A network with truncated convolution weights, over truncated activations.
pub(super) struct TruncatePeer {
    truncation: Truncation,
    network: IntegerNetwork,
}

impl TruncatePeer {
    pub(super) fn new(network: &IntegerNetwork, truncation: Truncation) -> Self {
        Self { truncation, network: with_weights(network, |word| truncation.apply(word)) }
    }
}

/// The network with other convolution weights. They must not be larger than before, or the proof
/// that no sum overflows is void.
fn with_weights(network: &IntegerNetwork, word: impl Fn(i32) -> i32) -> IntegerNetwork {
    let mut network = network.clone();
    for layer in &mut network.layers {
        let IntegerLayer::Convolution(layer) = layer else { continue };
        for kernel in layer.filters.iter_mut().flatten() {
            let words = kernel.weights().iter().map(|&it| word(it)).collect();
            *kernel = Kernel::new(kernel.side(), words).expect("the shape is that of a kernel");
        }
    }
    network
}

impl Peer for TruncatePeer {
    fn techniques(&self) -> Vec<Technique> {
        let activation_bits = self.network.network.activation_bits;
        let (name, setting, multiplier) = match self.truncation {
            Truncation::Leading { bits } => {
                let multiplier = (bits.min(WEIGHT_BITS), bits.min(activation_bits));
                (technique::TRUNCATE_LEADING, format!("kept={bits}"), multiplier)
            }
            Truncation::Low { bits } => {
                let left = |width: u32| width.saturating_sub(bits);
                let multiplier = (left(WEIGHT_BITS), left(activation_bits));
                (technique::TRUNCATE_LOW, format!("dropped={bits}"), multiplier)
            }
        };
        let (multiplier_bits, saves) = (Some(multiplier), Saves::Energy);
        vec![Technique { name, setting, multiplier_bits, saves }]
    }

    fn measure(&self, batch: &Batch<'_>) -> Vec<Tally> {
        let mut engine = TruncatedInputs::new(self.truncation);
        vec![Tally::of(&run(&self.network, Mode::Exact, batch.images, &mut engine))]
    }
}

/// The golden model over truncated activations.
struct TruncatedInputs {
    truncation: Truncation,
    golden: GoldenEngine,
}

impl TruncatedInputs {
    fn new(truncation: Truncation) -> Self {
        Self { truncation, golden: GoldenEngine::default() }
    }
}

impl Engine for TruncatedInputs {
    fn name(&self) -> &'static str {
        "truncate"
    }

    fn layer(
        &mut self,
        place: &Place,
        layer: &Convolution,
        semantics: &Semantics,
        inputs: &[Vec<Plane>],
        detail: Detail,
    ) -> Result<LayerRun, EngineError> {
        let plane = |plane: &Plane| {
            let words = plane.data().iter().map(|&it| self.truncation.apply(it)).collect();
            Plane::new(plane.width(), plane.height(), words).expect("the shape is that of a plane")
        };
        let inputs: Vec<Vec<Plane>> =
            inputs.iter().map(|planes| planes.iter().map(plane).collect()).collect();
        self.golden.layer(place, layer, semantics, &inputs, detail)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        images, network, one_layer, planes, weights, with_exact, with_planes,
    };
    use super::*;

    #[test]
    fn operands_are_truncated_towards_zero() {
        let leading = |bits, operand| Truncation::Leading { bits }.apply(operand);
        assert_eq!([0, 1, 7, 8, 11, -11, 255].map(|it| leading(1, it)), [0, 1, 4, 8, 8, -8, 128]);
        assert_eq!([0, 1, 7, 8, 11, -11, 255].map(|it| leading(3, it)), [0, 1, 7, 8, 10, -10, 224]);
        assert_eq!(leading(2, i32::MIN), i32::MIN);
        let low = |operand| Truncation::Low { bits: 3 }.apply(operand);
        assert_eq!([0, 7, 8, 15, -7, -9, 255].map(low), [0, 0, 8, 8, 0, -8, 248]);
    }

    #[test]
    fn both_operands_of_every_product_are_truncated() {
        let network = one_layer(&[&[1, 7, -3, 5]], &[0], 2);
        let images = [[9, 6, 1, 3, 12, 2, 0, 5, 255]];
        let mut peer = TruncatePeer::new(&network, Truncation::Leading { bits: 1 });
        let scores = |peer: &TruncatePeer| {
            let mut engine = TruncatedInputs::new(peer.truncation);
            with_exact(&network, &images, |batch| {
                run(&peer.network, Mode::Exact, batch.images, &mut engine)[0].scores.clone()
            })
        };
        // Weights 1, 4, −2, 4 over 8 4 1 / 2 8 2 / 0 4 128, halved.
        assert_eq!(
            scores(&peer),
            [(8 + 16 - 4 + 32) / 2, 0, (2 + 32 + 16) / 2, (8 + 8 - 8 + 512) / 2]
        );
        peer = TruncatePeer::new(&network, Truncation::Low { bits: 2 });
        // Weights 0, 4, 0, 4 over 8 4 0 / 0 12 0 / 0 4 252, halved.
        assert_eq!(scores(&peer), [(16 + 48) / 2, 0, (48 + 16) / 2, 1008 / 2]);
    }

    #[test]
    fn sixteen_bits_from_the_leading_one_are_all_and_one_is_not() {
        for activation in ["relu", "tanh"] {
            let network = network(activation);
            let integer = IntegerNetwork::new(
                &network,
                &weights(&network, 6),
                crate::data::digits::calibration(),
            )
            .unwrap();
            let planes = planes(&integer, &images(2));
            with_planes(&integer, &planes, |batch| {
                let scores = |bits| {
                    let peer = TruncatePeer::new(&integer, Truncation::Leading { bits });
                    let mut engine = TruncatedInputs::new(peer.truncation);
                    let inferences = run(&peer.network, Mode::Exact, batch.images, &mut engine);
                    inferences.into_iter().map(|it| it.scores).collect::<Vec<_>>()
                };
                let exact: Vec<_> = batch.exact.iter().map(|it| it.scores.clone()).collect();
                assert_eq!(scores(16), exact);
                assert_ne!(scores(1), exact);
            });
        }
    }
}
