//! Time: the budgets that the unit has to keep, the cycle table behind them, and the counters that
//! report it.

use convapprox::dut::{Outcome, Tile, UNITS, UnitParameters, WindowRun};
use model::conv::{Mode, SmaxScope};

use crate::bench::{Bench, WINDOW_ADDR};
use crate::window::{Window, threshold};

/// A window of which exactly `kept` products are kept, at most `4 · side²`.
///
/// All words are 1 and weight i is 2^i, so that its score is i, in units of 2^F. How many products
/// an output keeps then depends on S_max of the channels before, which each output has its own of.
fn window_that_keeps(kept: u32, side: usize, tile: Tile, log_frac: u32) -> Window {
    let products = (side * side) as u32;
    let mut left = kept;
    let mut carry = [None; 4];
    for carry in &mut carry[..tile.outputs()] {
        // With T = products this S_max keeps the `here` products of the highest scores.
        let here = left.min(products);
        *carry = Some((products - 1 + products - here) << log_frac);
        left -= here;
    }
    assert_eq!(left, 0, "{kept} products of side {side}");
    let side_of_window = tile.window_side(side);
    Window {
        side,
        weights: (0..products).map(|i| 1 << i).collect(),
        words: vec![1; side_of_window * side_of_window],
        run: WindowRun {
            slot: 0,
            reuse: false,
            addr: WINDOW_ADDR,
            pitch: side_of_window as u32,
            tile,
            mode: Mode::Approx,
            threshold: threshold(products << log_frac),
            scope: SmaxScope::Running,
            carry,
        },
    }
}

/// All windows of 2×2 outputs of a 3×3 kernel on a KERNEL = 3 unit: each count of kept products,
/// the row pitch a multiple of the port's width or not, and each alignment of the first word.
fn for_each_window_of_the_paper(
    unit: &'static UnitParameters,
    mut see: impl FnMut(&Window, u32, Outcome),
) {
    let mut bench = Bench::new(unit, 1, None);
    bench.load(&window_that_keeps(0, 3, Tile::TwoByTwo, unit.log_frac));
    for kept in 0..=36 {
        for pitch in [28, 26, 27, 29] {
            for offset in 0..4 {
                let mut window = window_that_keeps(kept, 3, Tile::TwoByTwo, unit.log_frac);
                window.run.pitch = pitch;
                window.run.addr += 4 * offset;
                let outcome = bench.check(&window, &format!("{kept} kept"));
                assert_eq!(outcome.keep.count_ones(), kept);
                see(&window, kept, outcome);
            }
        }
    }
}

#[test]
fn budget_of_the_parallel_unit_with_the_32_bit_port() {
    for unit in UNITS.iter().filter(|u| (u.kernel, u.multipliers, u.mem_width) == (3, 36, 32)) {
        for_each_window_of_the_paper(unit, |window, _, outcome| {
            assert!(outcome.cycles <= 21, "{}: {} cycles", unit.name, outcome.cycles);
            assert_eq!(unit.beats(window.run.addr, window.run.pitch, 4), 16, "16 are the fetch");
        });
    }
}

#[test]
fn budget_of_the_parallel_unit_with_the_128_bit_port() {
    for unit in UNITS.iter().filter(|u| (u.kernel, u.multipliers, u.mem_width) == (3, 36, 128)) {
        for_each_window_of_the_paper(unit, |window, _, outcome| {
            let aligned = window.run.addr % 16 == 0 && window.run.pitch % 4 == 0;
            let budget = if aligned { 11 } else { 15 };
            let cycles = outcome.cycles;
            assert!(cycles <= budget, "{}: {cycles} cycles, aligned: {aligned}", unit.name);
        });
    }
}

#[test]
fn budget_of_the_serial_units() {
    for unit in UNITS.iter().filter(|u| u.kernel == 3 && u.multipliers < 36 && u.mem_width == 32) {
        for_each_window_of_the_paper(unit, |_, kept, outcome| {
            let budget = 20 + kept.div_ceil(unit.multipliers);
            let cycles = outcome.cycles;
            assert!(cycles <= budget, "{}: {cycles} cycles, {budget} allowed", unit.name);
        });
    }
}

#[test]
fn the_budgets_are_tested_on_some_unit() {
    for (multipliers, mem_width) in [(36, 32), (36, 128), (2, 32)] {
        let ships = UNITS.iter().any(|unit| {
            (unit.kernel, unit.multipliers, unit.mem_width) == (3, multipliers, mem_width)
        });
        assert!(ships, "no 3×3 unit with {multipliers} multipliers and a {mem_width}-bit port");
    }
}

/// Beats of one window, counted line by line instead of by a formula.
fn beats(unit: &UnitParameters, run: &WindowRun, side: u32) -> u32 {
    let lines_of_row = |row| {
        let first = run.addr / 4 + row * run.pitch;
        let mut lines: Vec<u32> =
            (first..first + side).map(|word| word * 32 / unit.mem_width).collect();
        lines.dedup();
        lines.len() as u32
    };
    (0..side).map(lines_of_row).sum()
}

#[test]
fn every_window_takes_the_cycles_of_the_table() {
    for unit in UNITS {
        let mut bench = Bench::new(unit, 1, None);
        for side in 1..=unit.kernel {
            for tile in [Tile::One, Tile::TwoByTwo] {
                let products = (tile.outputs() * side * side) as u32;
                bench.load(&window_that_keeps(0, side, tile, unit.log_frac));
                for kept in 0..=products {
                    for offset in 0..4 {
                        let mut window = window_that_keeps(kept, side, tile, unit.log_frac);
                        window.run.addr += 4 * offset;
                        // Each alignment of the second row against the first one.
                        window.run.pitch += kept % 4;
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
    let beats = beats(unit, &window.run, window.window_side() as u32);
    let before = bench.unit.counters().unwrap();
    let outcome = bench.check(window, what);
    let after = bench.unit.counters().unwrap();
    let name = unit.name;

    assert_eq!(outcome.keep.count_ones(), kept, "{name}: {what}");
    assert_eq!(outcome.cycles, unit.window_cycles(beats, kept), "{name}: {what}");
    let issue = kept.div_ceil(unit.multipliers);
    let states = [
        ("IDLE", before.cycles_idle, after.cycles_idle, 1),
        // The first answer comes a cycle after the first request.
        ("GET_DATA", before.cycles_get_data, after.cycles_get_data, beats + 1),
        ("STAGE_1", before.cycles_stage_1, after.cycles_stage_1, 1),
        // The decision takes a cycle even if there is nothing to issue.
        ("STAGE_2", before.cycles_stage_2, after.cycles_stage_2, issue.max(1)),
        ("STAGE_3", before.cycles_stage_3, after.cycles_stage_3, u32::from(kept > 0)),
        ("DONE", before.cycles_done, after.cycles_done, 1),
    ];
    for (state, before, after, expected) in states {
        assert_eq!(after - before, expected, "{name}: {what}: cycles in {state}");
    }
    // Done is high in the cycle after those of all states before it.
    let to_done: u32 = states[..5].iter().map(|(_, before, after, _)| after - before).sum();
    assert_eq!(to_done, outcome.cycles, "{name}: {what}");
    assert_eq!(after.memory_beats - before.memory_beats, beats, "{name}: {what}");
}
