// SPDX-License-Identifier: MIT OR Apache-2.0
//! Would the checks notice? Each test here plants an error in what a check is given.

use convapprox::bench::case::WindowCase;
use convapprox::bench::replay::WindowUnit;
use convapprox::bench::scoreboard::{Difference, ExpectedWindow};
use convapprox::bench::under_test::replay;
use convapprox::bench::unit::{Kept, Outcome, Stalls, Tile, Traffic};
use convapprox::hw::UnitParameters;
use model::conv::{Mode, SmaxScope};

use crate::random::{Distribution, Session, bound_errors};
use crate::{Bench, Window, case, report, threshold, units};

/// A window on a unit, and an outcome that is right by construction: no unit runs here.
struct Good {
    unit: UnitParameters,
    window: Window,
    expected: ExpectedWindow,
    outcome: Outcome,
}

impl Good {
    fn new(unit: UnitParameters, tile: Tile) -> Self {
        // Not the largest side: the unit has products that the kernel has not.
        let mut window = Window::plain((unit.kernel - 1).max(1), tile).of(&unit);
        window.run.mode = Mode::Approx;
        window.run.threshold = threshold(2 << unit.log_frac);
        let expected = window.expected(unit.log_frac);

        let (mut outputs, mut s_max) = ([0; 4], [None; 4]);
        let mut kept = Kept { kernel: unit.kernel, ..Kept::default() };
        for (output, dot) in expected.dots.iter().enumerate() {
            outputs[output] = dot.output;
            s_max[output] = dot.s_max;
            for product in (0..window.side.pow(2)).filter(|product| dot.kept >> product & 1 == 1) {
                let (row, column) = (product / window.side, product % window.side);
                kept.bits[output] |= 1 << (row * unit.kernel + column);
            }
        }
        let beats = unit.beats(window.run.addr, window.run.pitch, window.window_side() as u32);
        let cycles = unit.window_cycles(beats, kept.counts());
        let last_word_cycle = beats + 1;
        let words = window.window_side().pow(2) as u32;
        let traffic = Traffic { beats, words, ..Traffic::default() };
        let done_time = 0;
        let outcome = Outcome { outputs, s_max, kept, cycles, last_word_cycle, traffic, done_time };
        Self { unit, window, expected, outcome }
    }

    /// What is found in an outcome.
    fn differences(&self, outcome: &Outcome) -> Vec<Difference> {
        self.expected.compare(&self.unit, &self.window.run, outcome, false)
    }
}

fn good_outcomes() -> impl Iterator<Item = Good> {
    units().into_iter().flat_map(|unit| Tile::ALL.map(|tile| Good::new(unit, tile)))
}

#[test]
fn nothing_is_found_in_a_good_outcome() {
    for good in good_outcomes() {
        assert_eq!(good.differences(&good.outcome), []);
        assert_eq!(bound_errors(&good.unit, &good.window, &good.outcome), Vec::<String>::new());
    }
}

#[test]
fn a_wrong_bit_of_an_output_is_found() {
    for good in good_outcomes() {
        // Also of the outputs that the tile does not have.
        for output in 0..4 {
            for bit in 0..32 {
                let mut bad = good.outcome;
                bad.outputs[output] ^= 1 << bit;
                let found = good.differences(&bad);
                let is_it = |d: &Difference| {
                    matches!(d, Difference::Output { output: o, actual, .. }
                        if *o == output && actual.word == bad.outputs[output])
                };
                assert!(found.len() == 1 && is_it(&found[0]), "bit {bit}: {found:?}");
            }
        }
    }
}

#[test]
fn a_wrong_kept_bit_is_found() {
    for good in good_outcomes() {
        let products = good.unit.kernel.pow(2);
        for bit in 0..4 * products {
            let mut bad = good.outcome;
            bad.kept.bits[bit / products] ^= 1 << (bit % products);
            let found = good.differences(&bad);
            let counted = found.iter().any(|d| matches!(d, Difference::KeptCount { .. }));
            assert!(counted, "bit {bit}: {found:?}");
        }
        // As many as expected, but others.
        for (output, dot) in good.expected.dots.iter().enumerate() {
            let mask = (1 << good.window.side) - 1;
            let row = good.outcome.kept.bits[output] & mask;
            if row == 0 || row == mask {
                continue;
            }
            let rotated = (row << 1 | row >> (good.window.side - 1)) & mask;
            let mut bad = good.outcome;
            bad.kept.bits[output] ^= row ^ rotated;
            let found = good.differences(&bad);
            let is_it = |d: &Difference| {
                matches!(d, Difference::Kept { output: o, expected, .. }
                    if *o == output && *expected == dot.kept)
            };
            assert!(found.iter().any(is_it), "{found:?}");
        }
    }
}

#[test]
fn a_wrong_s_max_is_found() {
    for good in good_outcomes() {
        for output in 0..good.window.run.tile.outputs() {
            let s_max = good.outcome.s_max[output].unwrap();
            for wrong in [None, Some(s_max + 1), Some(s_max - 1), Some(0)] {
                let mut bad = good.outcome;
                bad.s_max[output] = wrong;
                let found = good.differences(&bad);
                let expected = Difference::SMax { output, expected: Some(s_max), actual: wrong };
                assert_eq!(found, [expected]);
            }
        }
    }
}

#[test]
fn wrong_times_are_found() {
    for good in good_outcomes() {
        for wrong in [good.outcome.cycles - 1, good.outcome.cycles + 1] {
            let found = good.differences(&Outcome { cycles: wrong, ..good.outcome });
            let expected = Difference::Cycles { expected: good.outcome.cycles, actual: wrong };
            assert_eq!(found, [expected]);
        }
        // Both a cycle late: the memory did not wait, so the unit did.
        let late = Outcome {
            cycles: good.outcome.cycles + 1,
            last_word_cycle: good.outcome.last_word_cycle + 1,
            ..good.outcome
        };
        let found = good.differences(&late);
        assert!(matches!(found[..], [Difference::LastWord { .. }]), "{found:?}");
    }
}

#[test]
fn a_wrong_counter_is_found() {
    for unit in units().into_iter().filter(|unit| unit.counters == 1) {
        let noticed = std::panic::catch_unwind(|| {
            let mut bench = Bench::new(unit, 1, None);
            // A cycle that the bench does not know of.
            bench.unit.idle(1).unwrap();
            bench.check_counters("planted");
        });
        assert!(noticed.is_err(), "{}", unit);
    }
}

#[test]
fn an_output_too_far_from_the_exact_one_is_found() {
    for good in good_outcomes() {
        for output in 0..good.window.run.tile.outputs() {
            let mut bad = good.outcome;
            bad.outputs[output] ^= if good.unit.float == 1 { 1 << 30 } else { 1 << 20 };
            assert_eq!(bound_errors(&good.unit, &good.window, &bad).len(), 1);
        }
    }
}

/// A random test that fails says how to see it: the seed, the command, and a folder with the case.
#[test]
fn a_failure_can_be_replayed() {
    let folder = tempfile::tempdir().unwrap();
    for stalls in [false, true] {
        for unit in units() {
            let session = Session { seed: 4711, rounds: 3, ..Session::new(unit, 1, stalls) };
            let mut window = Window::plain(unit.kernel, Tile::TwoByTwo).of(&unit);
            window.run.mode = Mode::Approx;
            window.run.threshold = threshold(2 << unit.log_frac);
            // S_max of the channels before is just so far off that nothing is kept.
            let inputs = window.operands(0).inputs(0);
            let scores =
                model::conv::scores(&window.weights, &inputs, window.number, unit.log_frac);
            window.run.scope = SmaxScope::Running;
            window.run.carry[0] =
                scores.into_iter().max().unwrap().map(|it| it + (2 << unit.log_frac));
            let bench = Bench::new(unit, 1, stalls.then_some(Stalls { seed: 4711 }));
            let origin = session.origin(17, Distribution::Small);
            let mut case = case(&bench, &window, &origin);
            // The planted bug: the unit works with another threshold, and keeps the largest.
            case.window.run.threshold = threshold(3 << unit.log_frac);
            let text = report(&case, &["planted".to_owned()], &origin, folder.path());

            let (_, rest) = text.split_once("/run replay ").expect(&text);
            let written = std::path::PathBuf::from(rest.lines().next().unwrap());
            assert_eq!(written.parent().unwrap(), folder.path());
            for part in ["planted", "seed 4711", "CONVAPPROX_SEED=4711"] {
                assert!(text.contains(part), "no {part:?} in {text}");
            }
            assert_eq!(WindowCase::read(&written).unwrap(), case);
            // What the command does: it finds the difference again, and records it.
            let replayed = replay::<WindowUnit>(&written).unwrap();
            assert!(!replayed.differences.is_empty(), "{unit}: no difference");
            assert!(replayed.wave.metadata().unwrap().len() > 1000);
            assert!(written.join("wave.gtkw").is_file() && replayed.report.is_file());
        }
    }
}
