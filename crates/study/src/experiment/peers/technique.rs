//! The name of a peer, and what kind of saving it makes.

use serde::{Serialize, Serializer};

use model::nn::IntegerNetwork;

/// Magnitude bits of a weight of an [`IntegerNetwork`]; its sign comes on top.
pub(super) const WEIGHT_BITS: u32 = model::nn::WEIGHT_LIMIT.ilog2() + 1;

/// What a design that implements a technique gains from the multiplications it leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saves {
    /// Nothing: the reference.
    Nothing,
    /// Energy: products keep their places in time, and are gated or made cheaper.
    Energy,
    /// Energy, and cycles: the products left out take no multiplier's turn.
    EnergyAndTime,
}

impl Saves {
    /// The value of the column `saves`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "none",
            Self::Energy => "energy",
            Self::EnergyAndTime => "energy+time",
        }
    }
}

impl Serialize for Saves {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A peer at one of its settings: a row of `peers.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Technique {
    /// The value of the column `technique`.
    pub name: &'static str,
    /// The value of the column `setting`; empty for a technique without one.
    pub setting: String,
    /// Magnitude bits that a multiplier takes of a weight and of an activation; none without one.
    pub multiplier_bits: Option<(u32, u32)>,
    /// What it saves.
    pub saves: Saves,
}

impl Technique {
    /// A technique that multiplies whole operands.
    pub(super) fn whole(
        name: &'static str,
        setting: String,
        network: &IntegerNetwork,
        saves: Saves,
    ) -> Self {
        let multiplier_bits = Some((WEIGHT_BITS, network.network.activation_bits));
        Self { name, setting, multiplier_bits, saves }
    }
}
