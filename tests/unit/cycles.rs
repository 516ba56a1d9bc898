// SPDX-License-Identifier: MIT OR Apache-2.0
//! Time: the cycle table, which is that of `docs/unit.md`, and the counters that report it.

use convapprox::bench::unit::{Tile, WindowRun};
use convapprox::hw::UnitParameters;
use model::conv::{Mode, Number, SmaxScope};

use crate::{
    Bench, Window, benches, issue_cycles, least_score, run, stage_cycles, state_cycles, threshold,
};

/// A window of which about `wanted` products are kept, at most `4 · side²`, and how many are.
///
/// All words are 1 and the weights are powers of two, so that a score is a weight's exponent, in units
/// of 2^F. How many products an output keeps then depends on S_max of the channels before, which each
/// output has its own of. Kernels with more weights than there are exponents have some twice.
fn window_that_keeps(unit: &UnitParameters, wanted: u32, side: usize, tile: Tile) -> (Window, u32) {
    // Of 16-bit floats as many as of integers.
    let (products, exponents) = ((side * side) as u32, unit.operand_w - 1);
    let exponent =
        |i: u32| if products <= exponents { i } else { i * (exponents - 1) / (products - 1) };
    let (threshold_units, log_frac) = (products.min(exponents), unit.log_frac);
    let (mut left, mut kept, mut carry) = (wanted, 0, [None; 4]);
    for carry in &mut carry[..tile.outputs()] {
        let here = left.min(products);
        left -= here;
        // With this T, S_max keeps the exponents above that of the first product that is skipped.
        let cutoff = (products - here).checked_sub(1).map(exponent);
        let score = cutoff.map_or(threshold_units - 1, |it| it + threshold_units) << log_frac;
        *carry = Some(least_score(unit) + score);
        kept += (0..products).filter(|&i| cutoff.is_none_or(|it| exponent(i) > it)).count() as u32;
    }
    assert_eq!(left, 0, "{wanted} products of side {side}");
    let side_of_window = tile.window_side(side);
    let window = Window {
        number: Number::Integer,
        side,
        weights: (0..products).map(|i| 1 << exponent(i)).collect(),
        words: vec![1; side_of_window * side_of_window],
        run: WindowRun {
            pitch: side_of_window as u32,
            tile,
            mode: Mode::Approx,
            threshold: threshold(threshold_units << log_frac),
            scope: SmaxScope::Running,
            carry,
            ..run()
        },
    };
    (window, kept)
}

/// Beats of one window, counted line by line instead of by a formula.
fn beats(unit: &UnitParameters, run: &WindowRun, side: u32) -> u32 {
    let lines_of_row = |row| {
        let first = run.addr / unit.operand_bytes() + row * run.pitch;
        let mut lines: Vec<u32> =
            (first..first + side).map(|word| word * unit.operand_w / unit.mem_width).collect();
        lines.dedup();
        lines.len() as u32
    };
    (0..side).map(lines_of_row).sum()
}

#[test]
fn every_window_takes_the_cycles_of_the_table() {
    for mut bench in benches() {
        let unit = bench.parameters;
        for side in 1..=unit.kernel {
            for tile in Tile::ALL {
                let products = (tile.outputs() * side * side) as u32;
                bench.load(&window_that_keeps(&unit, 0, side, tile).0);
                for wanted in 0..=products {
                    for offset in 0..unit.beat_words().max(4) {
                        let (mut window, kept) = window_that_keeps(&unit, wanted, side, tile);
                        window.run.addr += unit.operand_bytes() * offset;
                        // Each alignment of the second row against the first one.
                        window.run.pitch += wanted % unit.beat_words().max(4);
                        let what = format!("{kept} of side {side}, {tile:?}, offset {offset}");
                        check_cycles(&mut bench, &window, kept, &what);
                    }
                }
            }
        }
        bench.check_counters("after all windows");
    }
}

/// Start to done, and the cycles in each state.
fn check_cycles(bench: &mut Bench, window: &Window, kept: u32, what: &str) {
    let unit = bench.parameters;
    let beats = beats(&unit, &window.run, window.window_side() as u32);
    let before = bench.unit.counters().unwrap();
    let outcome = bench.check(window, what);
    let after = bench.unit.counters().unwrap();
    let name = unit;

    assert_eq!(outcome.kept.total(), kept, "{name}: {what}");
    let counts = outcome.kept.counts();
    assert_eq!(outcome.cycles, unit.window_cycles(beats, counts), "{name}: {what}");
    if unit.counters == 0 {
        return;
    }
    let issue = issue_cycles(&unit, counts);
    let [stage_2, stage_3] = stage_cycles(&unit, issue);
    let states = state_cycles(&before, &after);
    // The first answer comes a cycle after the first request; the decision takes a cycle even if there
    // is nothing to issue.
    let expected = [1, beats + 1, 1, stage_2, stage_3, 1];
    assert_eq!(states, expected, "{name}: {what}: cycles in each state");
    // Done is high in the cycle after those of all states before it.
    assert_eq!(states[..5].iter().sum::<u32>(), outcome.cycles, "{name}: {what}");
    assert_eq!(after.memory_beats - before.memory_beats, beats, "{name}: {what}");
}
