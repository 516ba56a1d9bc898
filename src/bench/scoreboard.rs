//! What one window must come to, and how a unit's outcome differs from it.

use std::fmt;

use crate::dut::{Outcome, UnitParameters, WindowRun};
use model::conv::{Dot, Semantics, dot};

/// The golden outcome of one window: every output by the plain model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedWindow {
    /// The outputs of the tile, in order.
    pub dots: Vec<Dot>,
    /// The kernel's side.
    pub side: usize,
}

/// One thing in which a unit and the golden model disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// An output word.
    Output {
        /// The output in the tile.
        output: usize,
        /// Golden.
        expected: i32,
        /// The unit's.
        actual: i32,
    },
    /// Which products were multiplied: bit `row · side + column`.
    Kept {
        /// The output in the tile.
        output: usize,
        /// Golden.
        expected: u64,
        /// The unit's.
        actual: u64,
    },
    /// How many products were multiplied in all, products beyond the kernel included.
    KeptCount {
        /// Golden.
        expected: u32,
        /// The unit's.
        actual: u32,
    },
    /// S_max.
    SMax {
        /// The output in the tile.
        output: usize,
        /// Golden.
        expected: Option<u32>,
        /// The unit's.
        actual: Option<u32>,
    },
    /// Cycles from start to done.
    Cycles {
        /// By the cycle table, given when the last word arrived.
        expected: u32,
        /// The unit's.
        actual: u32,
    },
    /// The cycle in which the last word arrived, of a memory that never waits; 0 of a window that is
    /// used again.
    LastWord {
        /// By the cycle table.
        expected: u32,
        /// The unit's.
        actual: u32,
    },
}

/// A score, or none.
struct Score(Option<u32>);

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(score) => score.fmt(f),
            None => f.write_str("none"),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Output { output, expected, actual } => {
                write!(f, "output {output}: expected {expected}, the unit has {actual}")
            }
            Self::Kept { output, expected, actual } => write!(
                f,
                "output {output}: expected the products {expected:#b}, the unit kept {actual:#b}"
            ),
            Self::KeptCount { expected, actual } => {
                write!(f, "expected {expected} multiplications, the unit did {actual}")
            }
            Self::SMax { output, expected, actual } => write!(
                f,
                "output {output}: expected S_max = {}, the unit has {}",
                Score(expected),
                Score(actual)
            ),
            Self::Cycles { expected, actual } => {
                write!(f, "expected {expected} cycles from start to done, the unit took {actual}")
            }
            Self::LastWord { expected, actual } => write!(
                f,
                "expected the last word in cycle {expected}, the unit had it in cycle {actual}"
            ),
        }
    }
}

/// Differences in time: the cycle table of `docs/conv_unit.md`. `waits` says that the memory may
/// wait.
pub(super) fn timing(
    unit: &UnitParameters,
    run: &WindowRun,
    side: usize,
    outcome: &Outcome,
    waits: bool,
) -> Option<Difference> {
    let last_word = match run.reuse {
        true => Some(0),
        false if waits => None,
        false => Some(unit.beats(run.addr, run.pitch, run.tile.window_side(side) as u32) + 1),
    };
    if let Some(expected) = last_word.filter(|&cycle| cycle != outcome.last_word_cycle) {
        let actual = outcome.last_word_cycle;
        return Some(Difference::LastWord { expected, actual });
    }
    let kept = outcome.keep.count_ones();
    let expected = match run.reuse {
        true => unit.reuse_cycles(kept),
        false => outcome.last_word_cycle + 3 + unit.issue_cycles(kept),
    };
    let actual = outcome.cycles;
    (expected != actual).then_some(Difference::Cycles { expected, actual })
}

impl ExpectedWindow {
    /// The plain model on the words of the window, which are `words`, row by row of `pitch` words.
    /// `carry` is S_max of the channels before.
    pub fn new(
        weights: &[i32],
        side: usize,
        words: &[i32],
        pitch: usize,
        outputs: usize,
        semantics: &Semantics,
        carry: &[Option<u32>; 4],
    ) -> Self {
        let dots = (0..outputs).map(|output| {
            let (dx, dy) = crate::dut::Tile::place(output);
            let rows = (0..side).map(|row| (dy + row) * pitch + dx);
            let inputs: Vec<i32> =
                rows.flat_map(|first| &words[first..first + side]).copied().collect();
            dot(weights, &inputs, semantics, carry[output])
        });
        Self { dots: dots.collect(), side }
    }

    /// All differences of an outcome, those in the values first.
    pub fn compare(
        &self,
        unit: &UnitParameters,
        run: &WindowRun,
        outcome: &Outcome,
        waits: bool,
    ) -> Vec<Difference> {
        let mut found = Vec::new();
        for (output, dot) in self.dots.iter().enumerate() {
            let actual = outcome.outputs[output];
            if dot.output != actual {
                found.push(Difference::Output { output, expected: dot.output, actual });
            }
            let actual = outcome.kept(output, unit.kernel, self.side);
            if dot.kept != actual {
                found.push(Difference::Kept { output, expected: dot.kept, actual });
            }
            let actual = outcome.s_max[output];
            if dot.s_max != actual {
                found.push(Difference::SMax { output, expected: dot.s_max, actual });
            }
        }
        for output in self.dots.len()..4 {
            let actual = outcome.outputs[output];
            if actual != 0 {
                found.push(Difference::Output { output, expected: 0, actual });
            }
        }
        let expected = self.dots.iter().map(Dot::kept_count).sum();
        let actual = outcome.keep.count_ones();
        if expected != actual {
            found.push(Difference::KeptCount { expected, actual });
        }
        found.extend(timing(unit, run, self.side, outcome, waits));
        found
    }
}
