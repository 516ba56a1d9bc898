// SPDX-License-Identifier: MIT OR Apache-2.0
//! The scoreboard: what windows must come to, and how what a unit did differs from it.

use std::fmt;

use model::conv::{Dot, FeatureMap, Number, Semantics, dot};

use super::case::Operands;
use super::unit::{Counters, Outcome, Tile, Traffic, WindowRun};
use crate::hw::UnitParameters;

/// The golden outcome of one window: every output by the plain model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedWindow {
    /// The outputs of the tile, in order.
    pub dots: Vec<Dot>,
    pub side: usize,
}

/// One thing in which a unit and the golden model disagree: what is golden, and what the unit has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    Output {
        output: usize,
        expected: Word,
        actual: Word,
    },
    /// Which products of an output were multiplied: bit `row · side + column`.
    Kept {
        output: usize,
        expected: u64,
        actual: u64,
    },
    /// How many products were multiplied in all, products beyond the kernel included.
    KeptCount {
        expected: u32,
        actual: u32,
    },
    SMax {
        output: usize,
        expected: Option<u32>,
        actual: Option<u32>,
    },
    /// Cycles from start to done, by the cycle table given when the last word arrived.
    Cycles {
        expected: u32,
        actual: u32,
    },
    /// The cycle in which the last word arrived, of a memory that never waits; 0 of a window that is
    /// used again.
    LastWord {
        expected: u32,
        actual: u32,
    },
}

/// A word of a unit as messages have it: an integer in decimal, a float by its bits, and in the
/// alternate form also by its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    pub number: Number,
    pub word: i32,
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, word } = *self;
        let value = f32::from_bits(number.single(word).cast_unsigned());
        let bits = match number {
            Number::Integer => return f.pad(&word.to_string()),
            Number::Float32 => format!("{word:#010x}"),
            Number::Bfloat16 => format!("{:#06x}", word as u16),
        };
        f.pad(&if f.alternate() { format!("{bits} ({value:e})") } else { bits })
    }
}

impl Word {
    /// An output of a unit whose operands are these numbers.
    pub const fn of_output(operands: Number, word: i32) -> Self {
        let number = if operands.is_float() { Number::Float32 } else { Number::Integer };
        Self { number, word }
    }
}

/// A score, or none, in words.
pub(super) fn score(score: Option<u32>) -> String {
    score.map_or_else(|| "none".to_owned(), |score| score.to_string())
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Output { output, expected, actual } => {
                write!(f, "output {output}: expected {expected:#}, the unit has {actual:#}")
            }
            Self::Kept { output, expected, actual } => write!(
                f,
                "output {output}: expected the products {expected:#b}, the unit kept {actual:#b}"
            ),
            Self::KeptCount { expected, actual } => {
                write!(f, "expected {expected} multiplications, the unit did {actual}")
            }
            Self::SMax { output, expected, actual } => {
                let (expected, actual) = (score(expected), score(actual));
                write!(f, "output {output}: expected S_max = {expected}, the unit has {actual}")
            }
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

/// Differences in time: the cycle table of `docs/unit.md`. `waits` says that the memory may
/// wait.
#[inline]
fn timing(
    unit: &UnitParameters,
    run: &WindowRun,
    outcome: &Outcome,
    waits: bool,
) -> Option<Difference> {
    let Traffic { planed, log_beats, beats, .. } = outcome.traffic;
    // The cycle before the first request for a word.
    let before = match (planed, run.reuse) {
        (false, _) => 0,
        (true, true) => 1,
        (true, false) => log_beats + 2,
    };
    let last_word = match (run.reuse, beats) {
        (true, 0) => Some(0),
        _ if waits => None,
        (false, 0) => Some(log_beats + 1),
        _ => Some(before + beats + 1),
    };
    if let Some(expected) = last_word.filter(|&cycle| cycle != outcome.last_word_cycle) {
        let actual = outcome.last_word_cycle;
        return Some(Difference::LastWord { expected, actual });
    }
    let issue = unit.issue_cycles(outcome.kept.counts());
    let expected = match (run.reuse, beats, planed) {
        (true, 0, _) => unit.reuse_cycles([0; 4]) + u32::from(planed) + issue,
        // STAGE_1 or FIND_WORDS lies between the last word, or log, and the decision.
        (_, 0, true) | (_, _, false) => outcome.last_word_cycle + 3 + unit.rank_cycles() + issue,
        (_, _, true) => outcome.last_word_cycle + 2 + issue,
    };
    let actual = outcome.cycles;
    (expected != actual).then_some(Difference::Cycles { expected, actual })
}

impl ExpectedWindow {
    /// The plain model on a window.
    pub fn new(window: &Operands, semantics: &Semantics) -> Self {
        let Operands { run, side, weights, .. } = window;
        let dots = (0..run.tile.outputs())
            .map(|output| dot(weights, &window.inputs(output), semantics, run.carry[output]));
        Self { dots: dots.collect(), side: *side }
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
            let kept = outcome.kept.of(output, self.side);
            let actual = (outcome.outputs[output], outcome.s_max[output], kept);
            let expected = (dot.output, dot.s_max, dot.kept);
            found.extend(output_differences(output, unit.number(), expected, actual));
        }
        for output in self.dots.len()..4 {
            let word = |word| Word::of_output(unit.number(), word);
            if outcome.outputs[output] != 0 {
                let actual = word(outcome.outputs[output]);
                found.push(Difference::Output { output, expected: word(0), actual });
            }
        }
        let expected = self.dots.iter().map(Dot::kept_count).sum();
        let actual = outcome.kept.total();
        if expected != actual {
            found.push(Difference::KeptCount { expected, actual });
        }
        found.extend(timing(unit, run, outcome, waits));
        found
    }
}

/// A word, S_max, and which products were multiplied.
type Values = (i32, Option<u32>, u64);

/// How an output differs, of a unit with such operands.
pub(super) fn output_differences(
    output: usize,
    operands: Number,
    expected: Values,
    actual: Values,
) -> impl Iterator<Item = Difference> {
    let (golden, unit) = (expected, actual);
    let as_output = |word| Word::of_output(operands, word);
    let [word, kept, s_max] = [
        Difference::Output { output, expected: as_output(golden.0), actual: as_output(unit.0) },
        Difference::Kept { output, expected: golden.2, actual: unit.2 },
        Difference::SMax { output, expected: golden.1, actual: unit.1 },
    ];
    let found =
        [(word, golden.0 != unit.0), (kept, golden.2 != unit.2), (s_max, golden.1 != unit.1)];
    found.into_iter().filter_map(|(difference, differs)| differs.then_some(difference))
}

/// Whether a window, whose upper left corner is `(x, y)`, is what the golden map of the same operands
/// says. It is the comparison of every window of a run; [`ExpectedWindow::compare`] then says how one
/// differs.
#[inline]
pub(super) fn agrees(
    unit: &UnitParameters,
    golden: &GoldenMap<'_>,
    (x, y): (usize, usize),
    run: &WindowRun,
    outcome: &Outcome,
    waits: bool,
) -> bool {
    let mut total = 0;
    let values = (0..run.tile.outputs()).all(|output| {
        let (dx, dy) = Tile::place(output);
        let i = golden.first + (y + dy) * golden.width + x + dx;
        let kept = u32::from(golden.map.kept[i]);
        total += kept;
        golden.map.outputs[i] == outcome.outputs[output]
            && kept == outcome.kept.count(output)
            && golden.map.s_max(i) == outcome.s_max[output]
    });
    // Outputs that the tile does not have.
    let others = outcome.outputs[run.tile.outputs()..].iter().all(|&output| output == 0);
    values && others && total == outcome.kept.total() && timing(unit, run, outcome, waits).is_none()
}

/// The golden map of one output and input channel: a whole map, or a place in the row in which the
/// golden model gives all outputs of a layer whose maps have one output each.
pub(super) struct GoldenMap<'a> {
    pub map: &'a FeatureMap,
    /// The index of the map's first output.
    pub first: usize,
    /// Columns of the map.
    pub width: usize,
}

/// What a kernel load that took `cycles` does to the counters.
pub fn load_counters(unit: &UnitParameters, side: u32, addr: u32, cycles: u32) -> Counters {
    Counters {
        memory_words: side * side,
        memory_beats: unit.beats(addr, side, side),
        cycles_idle: 1,
        // The last word arrives three cycles before the end.
        cycles_get_data: cycles - 3,
        cycles_stage_1: 1,
        cycles_stage_2: 1,
        cycles_done: 1,
        ..Counters::default()
    }
}

/// What a window with a kernel of side `side` does to the counters. Counts that are compared
/// elsewhere (multiplications, cycles) come from the window itself.
#[inline]
pub fn window_counters(
    unit: &UnitParameters,
    side: usize,
    run: &WindowRun,
    outcome: &Outcome,
) -> Counters {
    let kept = outcome.kept.total();
    let issue = unit.issue_cycles(outcome.kept.counts());
    let products = (run.tile.outputs() * side * side) as u32;
    let Traffic { planed, log_beats, beats, words, last_log_cycle } = outcome.traffic;
    let cycles_get_data = match (beats, planed) {
        (0, _) => 0,
        (_, false) => outcome.last_word_cycle,
        // From the cycle behind FIND_WORDS on; a unit that reads nothing there differs anyway.
        (_, true) => outcome.last_word_cycle.wrapping_sub(last_log_cycle + 1),
    };
    Counters {
        windows: 1,
        multiplications_done: kept,
        multiplications_skipped: products.wrapping_sub(kept),
        memory_words: words,
        memory_beats: log_beats + beats,
        cycles_idle: 1,
        cycles_get_data,
        // A window that is used again has its logs, and one with a plane gets them from there.
        cycles_stage_1: u32::from(!run.reuse && !planed),
        // One of STAGE_3 is not the issue's.
        cycles_stage_2: unit.rank_cycles() + (issue + 1).saturating_sub(unit.sum_cycles()).max(1),
        cycles_stage_3: if kept > 0 { unit.sum_cycles() } else { 0 },
        cycles_done: 1,
        cycles_get_logs: last_log_cycle,
        cycles_find_words: u32::from(planed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::unit::Kept;
    use crate::hw::PAPER_UNIT;
    use model::conv::{Kernel, Mode, Plane, SmaxScope, Threshold, conv2d_plain};

    /// A map of 3×3 outputs, the window at its corner, and what a unit makes of that.
    fn good(tile: Tile) -> (FeatureMap, WindowRun, Outcome) {
        let plane = Plane::new(5, 5, (0..25).map(|i| i % 7 - 3).collect()).unwrap();
        let kernel = Kernel::new(3, (1..10).collect()).unwrap();
        let (threshold, scope) = (Threshold::new(2).unwrap(), SmaxScope::Window);
        let semantics = Semantics::new(Mode::Approx, 0, threshold, scope).unwrap();
        let map = conv2d_plain(&plane, &kernel, &semantics, None);
        let (slot, reuse, mode, carry) = (0, false, Mode::Approx, [None; 4]);
        let run = WindowRun {
            slot,
            reuse,
            addr: 0,
            pitch: 5,
            tile,
            mode,
            threshold,
            scope,
            carry,
            plane: None,
        };
        let stream = 0;
        let words = plane.window(0, 0, tile.window_side(3));
        let window = Operands { run, side: 3, weights: kernel.weights().to_vec(), words, stream };
        let (mut outputs, mut s_max) = ([0; 4], [None; 4]);
        let mut kept = Kept { bits: [0; 4], kernel: 3 };
        for (output, dot) in ExpectedWindow::new(&window, &semantics).dots.iter().enumerate() {
            (outputs[output], s_max[output]) = (dot.output, dot.s_max);
            kept.bits[output] = dot.kept;
        }
        let beats = PAPER_UNIT.beats(0, 5, tile.window_side(3) as u32);
        let cycles = PAPER_UNIT.window_cycles(beats, kept.counts());
        let last_word_cycle = beats + 1;
        let words = tile.window_side(3).pow(2) as u32;
        let traffic = Traffic { beats, words, ..Traffic::default() };
        let done_time = 0;
        (map, run, Outcome { outputs, s_max, kept, cycles, last_word_cycle, traffic, done_time })
    }

    #[test]
    fn the_fast_comparison_notices_what_the_full_one_does() {
        for tile in Tile::ALL {
            let (map, run, outcome) = good(tile);
            let agree = |outcome: &Outcome| {
                let golden = GoldenMap { map: &map, first: 0, width: 3 };
                agrees(&PAPER_UNIT, &golden, (0, 0), &run, outcome, false)
            };
            assert!(agree(&outcome));
            for output in 0..4 {
                let mut bad = outcome;
                bad.outputs[output] ^= 1;
                assert!(!agree(&bad), "output {output}");
                let mut bad = outcome;
                bad.kept.bits[output] ^= 1 << 4;
                assert!(!agree(&bad), "kept products of {output}");
                let mut bad = outcome;
                bad.s_max[output] = bad.s_max[output].map(|score| score + 1);
                assert_eq!(agree(&bad), output >= tile.outputs(), "S_max of {output}");
            }
            let bad = Outcome { cycles: outcome.cycles + 1, ..outcome };
            assert!(!agree(&bad), "cycles");
        }
    }
}
