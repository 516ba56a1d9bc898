//! The configuration word of the custom instructions.

use crate::conv::{Mode, SmaxScope};

use super::conv::UnitShape;

/// What conv.config sets besides the threshold. The default is the one after reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Config {
    pub(super) mode: Mode,
    pub(super) scope: SmaxScope,
    /// Whether the tile has 2×2 outputs.
    pub(super) two_by_two: bool,
    /// Kernel side of a conv.load that names none.
    pub(super) side: usize,
    /// The slot of conv.run.
    pub(super) slot: u8,
}

impl Default for Config {
    fn default() -> Self {
        let (mode, scope) = (Mode::Exact, SmaxScope::Window);
        Self { mode, scope, two_by_two: false, side: 0, slot: 0 }
    }
}

impl Config {
    /// `None` if the unit has no such side or slot, or a bit without a meaning is set.
    pub(super) fn from_word(word: u32, shape: &UnitShape) -> Option<Self> {
        let mode = match word & 3 {
            0 => Mode::Exact,
            1 => Mode::ZeroSkip,
            2 => Mode::DualZeroSkip,
            _ => Mode::Approx,
        };
        let scope = if word >> 2 & 1 == 0 { SmaxScope::Window } else { SmaxScope::Running };
        let side = (word >> 4 & 15) as usize;
        let slot = (word >> 8) as u8;
        let exists = side <= shape.kernel && usize::from(slot) < shape.kernels && word >> 16 == 0;
        exists.then_some(Self { mode, scope, two_by_two: word >> 3 & 1 == 1, side, slot })
    }

    pub(super) fn to_word(self) -> u32 {
        let mode = match self.mode {
            Mode::Exact => 0,
            Mode::ZeroSkip => 1,
            Mode::DualZeroSkip => 2,
            Mode::Approx => 3,
        };
        let running = u32::from(self.scope == SmaxScope::Running);
        let two_by_two = u32::from(self.two_by_two);
        mode | running << 2 | two_by_two << 3 | (self.side as u32) << 4 | u32::from(self.slot) << 8
    }
}
