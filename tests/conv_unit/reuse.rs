//! Running on the window of the run before: the same results in less time, whenever the unit holds
//! the words, and a refusal whenever it does not.

use convapprox::dut::{CommandError, Stalls, Tile, UNITS, UnitParameters, WindowRun};
use model::conv::Mode;

use crate::bench::{Bench, KERNEL_ADDR, WINDOW_ADDR, units_and_x_seeds};
use crate::window::{Window, threshold};

const TILES: [Tile; 2] = [Tile::One, Tile::TwoByTwo];

/// A kernel that fits, other than that of [`Window::plain`], in a slot.
fn other_kernel(side: usize, slot: u8) -> Vec<i32> {
    (0..side * side).map(|i| (i as i32 * 11 + i32::from(slot) * 29) % 53 - 20).collect()
}

/// The run on what the unit holds of `held`, with the kernel in `slot`. Address and pitch are
/// nowhere, since nothing may look at them.
fn again(held: &Window, slot: u8, side: usize, weights: Vec<i32>, tile: Tile) -> Window {
    let (from, to) = (held.window_side(), tile.window_side(side));
    let rows = held.words.chunks_exact(from).take(to);
    let words = rows.flat_map(|row| &row[..to]).copied().collect();
    let run =
        WindowRun { slot, reuse: true, addr: 0xdead_beef, pitch: 0x1357_9bdf, tile, ..held.run };
    Window { side, weights, words, run }
}

/// Fills every slot with a kernel of that side, slot 0 with the window's own.
fn fill(bench: &mut Bench, window: &Window) -> Vec<Vec<i32>> {
    let slots = bench.parameters.kernels as u8;
    let mut kernels = vec![window.weights.clone()];
    kernels.extend((1..slots).map(|slot| other_kernel(window.side, slot)));
    for (slot, weights) in kernels.iter().enumerate() {
        let run = WindowRun { slot: slot as u8, ..window.run };
        bench.load(&Window { weights: weights.clone(), run, ..window.clone() });
    }
    kernels
}

#[test]
fn one_window_for_every_kernel() {
    for (parameters, x_seed) in units_and_x_seeds() {
        for stalls in [None, Some(Stalls { seed: 21 })] {
            let mut bench = Bench::new(parameters, x_seed, stalls);
            for (side, tile) in (1..=parameters.kernel).flat_map(|k| TILES.map(|tile| (k, tile))) {
                let mut window = Window::plain(side, tile);
                let kernels = fill(&mut bench, &window);
                for mode in Mode::ALL {
                    window.run.mode = mode;
                    window.run.threshold = threshold(2 << parameters.log_frac);
                    bench.check(&window, "fetched");
                    // Up, down, and each twice in a row.
                    let up = 0..kernels.len();
                    for slot in up.clone().chain(up.rev()) {
                        let weights = kernels[slot].clone();
                        let window = again(&window, slot as u8, side, weights, tile);
                        bench.check(&window, &format!("again with slot {slot}, side {side}"));
                    }
                }
            }
            bench.check_counters("after all windows");
        }
    }
}

#[test]
fn each_run_on_the_same_words_has_its_own_command() {
    for parameters in UNITS {
        let mut bench = Bench::new(parameters, 1, None);
        let window = Window::plain(parameters.kernel, Tile::TwoByTwo);
        bench.load(&window);
        bench.check(&window, "fetched");
        for round in 0..3u32 {
            for mode in Mode::ALL {
                for tile in TILES {
                    let (side, weights) = (window.side, window.weights.clone());
                    let mut again = again(&window, 0, side, weights, tile);
                    again.run.mode = mode;
                    again.run.threshold = threshold(1 + round);
                    again.run.carry = [3, 9, 1, 7].map(|score| Some(score << round));
                    bench.check(&again, &format!("{mode}, {tile:?}, round {round}"));
                }
            }
        }
        bench.check_counters("after all commands");
    }
}

#[test]
fn a_window_has_every_smaller_one_in_its_corner() {
    for parameters in UNITS.iter().filter(|unit| unit.kernels > 1) {
        let mut bench = Bench::new(parameters, 1, None);
        for held in 1..=parameters.kernel {
            for held_tile in TILES {
                for side in 1..=parameters.kernel {
                    let large = Window::plain(held, held_tile);
                    let mut small = Window::plain(side, Tile::One);
                    (small.run.slot, small.weights) = (1, other_kernel(side, 1));
                    for tile in TILES {
                        bench.load(&large);
                        bench.load(&small);
                        bench.check(&large, "fetched");
                        let what = format!("{side}, {tile:?} of {held}, {held_tile:?}");
                        if tile.window_side(side) <= large.window_side() {
                            let weights = small.weights.clone();
                            bench.check(&again(&large, 1, side, weights, tile), &what);
                        } else {
                            let run = WindowRun { slot: 1, reuse: true, tile, ..large.run };
                            bench.fails(CommandError::Refused, &what, |unit| unit.run_window(&run));
                            // What was refused did no harm.
                            let weights = large.weights.clone();
                            let window = again(&large, 0, held, weights, held_tile);
                            bench.check(&window, &what);
                        }
                    }
                }
            }
        }
        bench.check_counters("after all sizes");
    }
}

/// A unit that holds a window, and the run on it.
fn holding(parameters: &'static UnitParameters, x_seed: u64) -> (Bench, Window, Window) {
    let mut bench = Bench::new(parameters, x_seed, None);
    let window = Window::plain(parameters.kernel, Tile::TwoByTwo);
    bench.load(&window);
    bench.check(&window, "fetched");
    let again = again(&window, 0, window.side, window.weights.clone(), Tile::TwoByTwo);
    bench.check(&again, "before");
    (bench, window, again)
}

/// The unit holds nothing: neither the window nor, which a kernel's words would be enough for, the
/// smallest one.
#[track_caller]
fn holds_nothing(bench: &mut Bench, again: &Window, what: &str) {
    for tile in TILES {
        let run = WindowRun { tile, ..again.run };
        let what = format!("{what}, {tile:?}");
        bench.fails(CommandError::Refused, &what, |unit| unit.run_window(&run));
    }
}

#[test]
fn there_is_no_window_before_the_first() {
    for (parameters, x_seed) in units_and_x_seeds() {
        let mut bench = Bench::new(parameters, x_seed, None);
        let mut window = Window::plain(parameters.kernel, Tile::TwoByTwo);
        window.run.reuse = true;
        bench.fails(CommandError::Refused, "no kernel", |unit| unit.run_window(&window.run));
        bench.load(&window);
        holds_nothing(&mut bench, &window, "no window");
        bench.check_counters("after refused commands");
    }
}

#[test]
fn a_kernel_load_takes_the_window_away() {
    for (parameters, x_seed) in units_and_x_seeds() {
        let (mut bench, window, again) = holding(parameters, x_seed);
        bench.load(&window);
        holds_nothing(&mut bench, &again, "after a load");
        bench.check(&window, "fetched anew");
        bench.check(&again, "there again");

        // Also one that fails on the way: its words went into the buffer.
        bench.unit.memory().set_bad(Some(KERNEL_ADDR));
        bench.fails(CommandError::Bus, "bad", |unit| unit.load_kernel(0, 1, KERNEL_ADDR));
        bench.unit.memory().set_bad(None);
        holds_nothing(&mut bench, &again, "after a load that failed");
        bench.check(&window, "the old kernel, fetched anew");
        bench.check(&again, "there again");
        bench.check_counters("after loads");
    }
}

#[test]
fn a_bus_error_takes_the_window_away() {
    for (parameters, x_seed) in units_and_x_seeds() {
        let (mut bench, window, again) = holding(parameters, x_seed);
        for word in [0, 1] {
            bench.unit.memory().set_bad(Some(WINDOW_ADDR + 4 * word));
            bench.fails(CommandError::Bus, "bad word", |unit| unit.run_window(&window.run));
            // Nothing is read, so the bad word does not matter.
            holds_nothing(&mut bench, &again, "after a bad word");
            bench.unit.memory().set_bad(None);
            bench.check(&window, "fetched anew");
            bench.unit.memory().set_bad(Some(WINDOW_ADDR));
            bench.check(&again, "with memory that cannot be read");
        }
        bench.check_counters("after bus errors");
    }
}

#[test]
fn a_reset_takes_the_window_away() {
    for (parameters, x_seed) in units_and_x_seeds() {
        let (mut bench, window, again) = holding(parameters, x_seed);
        for cycle in 0..8 {
            bench.unit.abort_window(&again.run, cycle).unwrap();
            bench.was_reset();
            let what = format!("reset in cycle {cycle}");
            bench.fails(CommandError::Refused, &what, |unit| unit.run_window(&again.run));
            bench.load(&window);
            holds_nothing(&mut bench, &again, &what);
            bench.check(&window, &what);
            bench.check(&again, &what);
            bench.check_counters(&what);
        }
    }
}

#[test]
fn a_refused_command_leaves_the_window() {
    for (parameters, x_seed) in units_and_x_seeds() {
        let (mut bench, window, again) = holding(parameters, x_seed);
        let refused = CommandError::Refused;
        let unaligned = WindowRun { addr: WINDOW_ADDR + 1, ..window.run };
        bench.fails(refused, "unaligned", |unit| unit.run_window(&unaligned));
        bench.check(&again, "after an unaligned window");
        bench.fails(refused, "side 0", |unit| unit.load_kernel(0, 0, KERNEL_ADDR));
        bench.check(&again, "after a kernel of side 0");
        bench.fails(refused, "unaligned", |unit| unit.load_kernel(0, 1, KERNEL_ADDR + 2));
        bench.check(&again, "after an unaligned kernel");
        let slot = WindowRun { slot: parameters.kernels as u8, ..again.run };
        bench.fails(refused, "slot out of range", |unit| unit.run_window(&slot));
        bench.check(&again, "after a slot that is none");
        bench.check_counters("after refused commands");
    }
}

#[test]
fn a_run_on_held_words_takes_the_cycles_of_its_stages() {
    for parameters in UNITS {
        let (mut bench, window, _) = holding(parameters, 1);
        // From everything kept to nothing.
        for zeros in [None, Some(4), Some(2), Some(1)] {
            let mut window = window.clone();
            window.run.mode = Mode::ZeroSkip;
            for (i, word) in window.words.iter_mut().enumerate() {
                *word = if zeros.is_some_and(|every| i % every == 0) { 0 } else { *word };
            }
            bench.check(&window, "fetched");
            for tile in TILES {
                let again = again(&window, 0, window.side, window.weights.clone(), tile);
                let before = bench.unit.counters().unwrap();
                let outcome = bench.check(&again, &format!("every {zeros:?} zero, {tile:?}"));
                let after = bench.unit.counters().unwrap();
                let kept = outcome.keep.count_ones();
                let issue = kept.div_ceil(parameters.multipliers);
                let name = parameters.name;
                assert_eq!(outcome.cycles, 2 + issue, "{name}: {kept} kept");
                assert_eq!(outcome.last_word_cycle, 0, "{name}: no word comes");
                let states = [
                    ("IDLE", before.cycles_idle, after.cycles_idle, 1),
                    ("GET_DATA", before.cycles_get_data, after.cycles_get_data, 0),
                    ("STAGE_1", before.cycles_stage_1, after.cycles_stage_1, 0),
                    ("STAGE_2", before.cycles_stage_2, after.cycles_stage_2, issue.max(1)),
                    ("STAGE_3", before.cycles_stage_3, after.cycles_stage_3, u32::from(kept > 0)),
                    ("DONE", before.cycles_done, after.cycles_done, 1),
                ];
                for (state, before, after, expected) in states {
                    assert_eq!(after - before, expected, "{name}: cycles in {state}");
                }
                assert_eq!(after.memory_beats, before.memory_beats, "{name}: no access");
            }
        }
        bench.check_counters("after all fills");
    }
}
