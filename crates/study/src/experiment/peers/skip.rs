//! Hard zero-skipping: a product with a zero operand is not multiplied. Nothing changes but the
//! count.

use super::bench::{Batch, Peer, Tally, assert_exact, golden};
use super::technique::{Saves, Technique};
use model::conv::Mode;
use model::nn::IntegerNetwork;

/// The golden model in a mode that skips zeros.
pub(super) struct SkipPeer {
    network: IntegerNetwork,
    mode: Mode,
}

impl SkipPeer {
    pub(super) fn new(network: &IntegerNetwork, mode: Mode) -> Self {
        Self { network: network.clone(), mode }
    }
}

impl Peer for SkipPeer {
    fn techniques(&self) -> Vec<Technique> {
        let (name, saves) = (self.mode.name(), Saves::EnergyAndTime);
        vec![Technique::whole(name, String::new(), &self.network, saves)]
    }

    fn measure(&self, batch: &Batch<'_>) -> Vec<Tally> {
        let inferences = golden(&self.network, self.mode, batch.images);
        assert_exact(self.mode.name(), &inferences, batch);
        vec![Tally::of(&inferences)]
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{one_layer, with_exact};
    use super::*;

    #[test]
    fn zeros_of_either_operand_are_counted_by_hand() {
        // Four windows of four products; the image has zeros at its corners.
        let network = one_layer(&[&[3, 0, -1, 2]], &[0], 2);
        let count = |mode| {
            let peer = SkipPeer::new(&network, mode);
            with_exact(&network, &[[0, 5, 0, 7, 9, 7, 0, 5, 0]], |batch| peer.measure(batch))
        };
        // Each window holds one corner, which is zero.
        assert_eq!(count(Mode::ZeroSkip)[0].multiplications, [12]);
        // The weight 0 meets a corner in the top right window alone.
        assert_eq!(count(Mode::DualZeroSkip)[0].multiplications, [9]);
    }
}
