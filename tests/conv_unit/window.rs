//! What the tests run: a kernel and the window that it meets.

use convapprox::check::ExpectedWindow;
use convapprox::dut::{Memory, Tile, WindowRun};
use model::conv::{Mode, Semantics, SmaxScope, Threshold};

use crate::bench::WINDOW_ADDR;

/// A kernel, the window that it meets, and the command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The kernel's side.
    pub side: usize,
    /// The kernel, row by row.
    pub weights: Vec<i32>,
    /// The words that the window covers, row by row.
    pub words: Vec<i32>,
    /// The command.
    pub run: WindowRun,
}

impl Window {
    /// A window of small numbers, none of them zero, no two outputs alike: for tests that are not
    /// about operands.
    pub fn plain(side: usize, tile: Tile) -> Self {
        let words = tile.window_side(side).pow(2);
        Self {
            side,
            weights: (0..side * side).map(|i| 3 * i as i32 - 7).collect(),
            words: (0..words)
                .map(|i| 1 + (i * i) as i32 % 29 * if i % 3 == 0 { -1 } else { 1 })
                .collect(),
            run: WindowRun {
                slot: 0,
                reuse: false,
                addr: WINDOW_ADDR,
                pitch: 12,
                tile,
                mode: Mode::Exact,
                threshold: threshold(1),
                scope: SmaxScope::Window,
                carry: [None; 4],
            },
        }
    }

    /// Rows of the window, and words in a row.
    pub fn window_side(&self) -> usize {
        self.run.tile.window_side(self.side)
    }

    /// The golden semantics of the command, for a unit with `log_frac` fraction bits.
    pub fn semantics(&self, log_frac: u32) -> Semantics {
        let WindowRun { mode, threshold, scope, .. } = self.run;
        Semantics::new(mode, log_frac, threshold, scope).unwrap()
    }

    /// What the golden model makes of it.
    pub fn expected(&self, log_frac: u32) -> ExpectedWindow {
        ExpectedWindow::new(
            &self.weights,
            self.side,
            &self.words,
            self.window_side(),
            self.run.tile.outputs(),
            &self.semantics(log_frac),
            &self.run.carry,
        )
    }

    /// Puts the words where the command will look for them.
    pub fn write_to(&self, memory: &mut Memory) {
        for (row, words) in self.words.chunks_exact(self.window_side()).enumerate() {
            let distance = (4 * row as u32).wrapping_mul(self.run.pitch);
            memory.write(self.run.addr.wrapping_add(distance), words);
        }
    }
}

/// T, which tests know to be positive.
pub fn threshold(t: u32) -> Threshold {
    Threshold::new(t).unwrap()
}
