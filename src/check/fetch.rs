//! The run that fetched a window which a later run uses again.

use serde::{Deserialize, Serialize};

use super::case::CaseError;
use crate::dut::{Tile, UnitParameters, WindowRun};
use model::conv::{MAX_SIDE, Threshold};

/// The run before a reused window that brought its words into the unit. Its address and pitch are
/// those of the reused window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetch {
    /// The slot of its kernel.
    pub slot: u8,
    /// Its kernel's side.
    pub side: usize,
    /// Its kernel, row by row.
    pub weights: Vec<i32>,
    /// The words that it fetched, row by row.
    pub words: Vec<i32>,
    /// Outputs of its tile: 1 or 4.
    pub outputs: usize,
    /// Its stream of waiting times.
    pub stream: u64,
    /// Its mode's name.
    pub mode: String,
    /// T that the unit was given.
    pub unit_threshold: u32,
    /// Its scope's name.
    pub smax_scope: String,
    /// S_max of the channels before, of each output.
    pub carry: [Option<u32>; 4],
}

impl Fetch {
    /// The run `run` as a unit had it, with its kernel and the words that it fetched.
    pub fn new(
        run: &WindowRun,
        side: usize,
        weights: &[i32],
        words: Vec<i32>,
        stream: u64,
    ) -> Self {
        Self {
            slot: run.slot,
            side,
            weights: weights.to_vec(),
            words,
            outputs: run.tile.outputs(),
            stream,
            mode: run.mode.to_string(),
            unit_threshold: run.threshold.get(),
            smax_scope: run.scope.to_string(),
            carry: run.carry,
        }
    }

    /// The tile.
    pub fn tile(&self) -> Tile {
        if self.outputs == 1 { Tile::One } else { Tile::TwoByTwo }
    }

    /// Rows of the fetched window, and words in a row.
    pub fn window_side(&self) -> usize {
        self.tile().window_side(self.side)
    }

    /// The command, for a window at `addr` and `pitch`.
    pub fn run(&self, addr: u32, pitch: u32) -> Result<WindowRun, CaseError> {
        Ok(WindowRun {
            slot: self.slot,
            reuse: false,
            addr,
            pitch,
            tile: self.tile(),
            mode: self.mode.parse()?,
            threshold: Threshold::new(self.unit_threshold)?,
            scope: self.smax_scope.parse()?,
            carry: self.carry,
        })
    }

    /// Whether the fields fit together, and the window is no smaller than one of side `needed`.
    pub(super) fn check(&self, unit: &UnitParameters, needed: usize) -> Result<(), CaseError> {
        let kernel = unit.kernel.min(MAX_SIDE);
        if !(1..=kernel).contains(&self.side) || self.weights.len() != self.side.pow(2) {
            return Err(CaseError::Shape("the kernel of the run that fetched, or its side"));
        }
        let side = self.window_side();
        if ![1, 4].contains(&self.outputs) || self.words.len() != side.pow(2) || side < needed {
            return Err(CaseError::Shape("the window of the run that fetched"));
        }
        if usize::from(self.slot) >= unit.kernels {
            return Err(CaseError::Shape("the slot of the run that fetched"));
        }
        Ok(())
    }
}
