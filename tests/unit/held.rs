// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the unit holds from one command to the next: kernels, each in its slot with its side, and the
//! window, for as long as it has the words.

use convapprox::bench::unit::{CommandError, PlaneAt, Stalls, Tile, WindowRun};
use model::conv::Mode;

use crate::{
    Bench, KERNEL_ADDR, PLANE_ADDR, WINDOW_ADDR, Window, benches, benches_and_x_seeds,
    issue_cycles, least_score, noise, stage_cycles, state_cycles, threshold, units,
    units_and_x_seeds,
};

#[test]
fn each_kernel_side_after_each_other() {
    for mut bench in benches_and_x_seeds() {
        let parameters = bench.parameters;
        for before in 1..=parameters.kernel {
            for side in 1..=parameters.kernel {
                // What the larger kernel and its window leave behind must not be seen.
                for tile in Tile::ALL {
                    for mode in Mode::ALL {
                        let mut first = Window::plain(before, Tile::TwoByTwo);
                        first.run.mode = mode;
                        let mut second = Window::plain(side, tile);
                        second.run.mode = mode;
                        second.weights.reverse();
                        bench.load(&first);
                        bench.check(&first, &format!("side {before}"));
                        bench.load(&second);
                        bench.check(&second, &format!("side {side} after {before}"));
                    }
                }
            }
        }
        bench.check_counters("after all sides");
    }
}

#[test]
fn a_kernel_may_lie_at_any_word() {
    for mut bench in benches() {
        let parameters = bench.parameters;
        for side in 1..=parameters.kernel {
            for word in 0..2 * parameters.beat_words().max(4) {
                let window = Window::plain(side, Tile::TwoByTwo);
                let addr = KERNEL_ADDR + parameters.operand_bytes() * word;
                bench.load_at(&window, addr).unwrap();
                bench.check(&window, &format!("kernel of side {side} at word {word}"));
            }
        }
        bench.check_counters("after all places");
    }
}

#[test]
fn windows_back_to_back_share_nothing() {
    // How much is kept, by every which word is zero.
    let fills = [("all", None), ("nothing", Some(1)), ("some", Some(2))];
    for mut bench in benches() {
        let parameters = bench.parameters;
        bench.load(&Window::plain(parameters.kernel, Tile::TwoByTwo));
        let mut run = |tile: Tile, (kept, zeros): (&str, Option<usize>), before: &str| {
            let mut window = Window::plain(parameters.kernel, tile);
            window.run.mode = Mode::DualZeroSkip;
            for (i, word) in window.words.iter_mut().enumerate() {
                let is_zero = zeros.is_some_and(|every| i % every == 0);
                *word = if is_zero { 0 } else { *word - 40 };
            }
            bench.check(&window, &format!("{kept} kept, after {before}"));
        };
        // Each kind of window after each other, from nothing to everything and back.
        for first in fills {
            for second in fills {
                for (first_tile, second_tile) in
                    Tile::ALL.iter().flat_map(|a| Tile::ALL.map(|b| (*a, b)))
                {
                    run(first_tile, first, "any");
                    run(second_tile, second, first.0);
                }
            }
        }
        bench.check_counters("after all pairs");
    }
}

#[test]
fn rows_may_be_any_distance_apart() {
    for mut bench in benches() {
        let parameters = bench.parameters;
        let kernel = Window::plain(parameters.kernel, Tile::TwoByTwo).of(&parameters);
        bench.load(&kernel);
        let (operand_w, bytes) = (parameters.operand_w, parameters.operand_bytes());
        // The same row again, overlapping rows, usual pitches of each alignment, far apart, and
        // upwards: addresses are modulo 2^32, and so many top bits of a pitch in words are beyond.
        let upwards = [1, 7, 30].map(u32::wrapping_neg);
        let beyond = (0..bytes.ilog2()).map(|bit| 1 << (31 - bit) | (9 + bit));
        let pitches = (0..20).chain([28, 61, 128, 255]).chain(upwards).chain(beyond);
        for pitch in pitches {
            for offset in 0..parameters.beat_words().max(4) {
                let addr = WINDOW_ADDR + 1024 + bytes * offset;
                let run = WindowRun { pitch, addr, ..kernel.run };
                let side = kernel.window_side() as u32;
                let word = |i: u32| {
                    let distance = (bytes * (i / side)).wrapping_mul(pitch);
                    noise(run.addr.wrapping_add(distance) / bytes + i % side, operand_w)
                };
                let words = (0..side * side).map(word).collect();
                let window = Window { words, run, ..kernel.clone() };
                bench.check(&window, &format!("pitch {pitch}, {offset} words off a line"));
            }
        }
        bench.check_counters("after all pitches");
    }
}

/// A window with a kernel of some side in a slot; `version` makes another kernel of it.
fn in_slot(slot: usize, side: usize, version: i32) -> Window {
    let plain = Window::plain(side, Tile::TwoByTwo);
    let weights = plain.weights.iter().enumerate();
    let weights =
        weights.map(|(i, w)| (w * (version + 2) + slot as i32 * 37 + i as i32) % 120).collect();
    Window { weights, run: WindowRun { slot: number(slot), ..plain.run }, ..plain }
}

/// A window for each slot, with its kernel there.
fn filled(bench: &mut Bench, side: usize) -> Vec<Window> {
    let windows: Vec<_> =
        (0..bench.parameters.kernels).map(|slot| in_slot(slot, side, 0)).collect();
    windows.iter().for_each(|window| bench.load(window));
    windows
}

/// A slot's number on the pins.
fn number(slot: usize) -> u8 {
    u8::try_from(slot).unwrap()
}

#[test]
fn each_slot_keeps_its_kernel() {
    for mut bench in benches_and_x_seeds() {
        let parameters = bench.parameters;
        let slots = parameters.kernels;
        let side = |slot: usize| 1 + slot % parameters.kernel;
        let mut windows: Vec<_> = (0..slots).map(|slot| in_slot(slot, side(slot), 0)).collect();
        // From the last to the first, so that each is loaded before the ones below.
        for window in windows.iter().rev() {
            bench.load(window);
        }
        for round in 0..2 {
            for window in &windows {
                bench.check(window, &format!("slot {}, round {round}", window.run.slot));
            }
        }
        // One is replaced, by a kernel of another side; the others stay.
        for changed in 0..slots {
            let side = parameters.kernel - changed % parameters.kernel;
            windows[changed] = in_slot(changed, side, 1);
            bench.load(&windows[changed]);
            for window in &windows {
                bench.check(window, &format!("slot {}, {changed} is new", window.run.slot));
            }
        }
        bench.check_counters("after all slots");
    }
}

#[test]
fn an_empty_slot_cannot_be_run() {
    for (parameters, x_seed) in units_and_x_seeds() {
        let slots = parameters.kernels;
        for filled in 0..slots {
            let mut bench = Bench::new(parameters, x_seed, None);
            let window = in_slot(filled, parameters.kernel, 0);
            bench.load(&window);
            for empty in (0..slots).filter(|&slot| slot != filled) {
                let what = format!("slot {empty} of {slots}, {filled} is filled");
                for reuse in [false, true] {
                    let run = WindowRun { slot: number(empty), reuse, ..window.run };
                    bench.refuses(&run, &what);
                }
                bench.check(&window, &what);
            }
            // A reset empties it.
            bench.unit.reset().unwrap();
            bench.was_reset();
            let counters = bench.unit.counters().unwrap();
            bench.unit.clear_counters().unwrap();
            assert_eq!(counters.windows, 0);
            bench.was_reset();
            bench.refuses(&window.run, "after a reset");
        }
    }
}

#[test]
fn slots_that_the_unit_has_not_are_refused() {
    for mut bench in benches() {
        let parameters = bench.parameters;
        let slots = parameters.kernels;
        let windows = filled(&mut bench, 1);
        bench.check(&windows[0], "before");
        // Each one, so also those whose low bits name a slot that there is.
        for slot in slots..256 {
            let what = format!("slot {slot} of {slots}");
            for reuse in [false, true] {
                let run = WindowRun { slot: number(slot), reuse, ..windows[0].run };
                bench.refuses(&run, &what);
            }
            bench.fails(CommandError::Refused, &what, |unit| {
                unit.load_kernel(number(slot), 1, KERNEL_ADDR)
            });
        }
        for window in &windows {
            bench.check(window, "after all that are none");
        }
    }
}

#[test]
fn a_load_that_fails_leaves_every_slot() {
    for mut bench in benches() {
        let parameters = bench.parameters;
        let slots = parameters.kernels;
        let windows = filled(&mut bench, parameters.kernel);
        for slot in 0..slots {
            bench.unit.memory().set_bad(Some(KERNEL_ADDR));
            bench.fails(CommandError::Bus, "bad", |unit| {
                unit.load_kernel(number(slot), 1, KERNEL_ADDR)
            });
            bench.unit.memory().set_bad(None);
            for window in &windows {
                bench.check(window, &format!("after a failed load of slot {slot}"));
            }
        }
    }
}

/// A kernel that fits, other than that of [`Window::plain`], in a slot.
fn other_kernel(side: usize, slot: usize) -> Vec<i32> {
    (0..side * side).map(|i| (i as i32 * 11 + slot as i32 * 29) % 53 - 20).collect()
}

/// The run on what the unit holds of `held`, with the kernel in `slot`. Address and pitch are
/// nowhere, since nothing may look at them.
fn again(held: &Window, slot: u8, side: usize, weights: Vec<i32>, tile: Tile) -> Window {
    let (from, to) = (held.window_side(), tile.window_side(side));
    let rows = held.words.chunks_exact(from).take(to);
    let words = rows.flat_map(|row| &row[..to]).copied().collect();
    let run =
        WindowRun { slot, reuse: true, addr: 0xdead_beef, pitch: 0x1357_9bdf, tile, ..held.run };
    Window { number: held.number, side, weights, words, run }
}

/// Fills every slot with a kernel of that side, slot 0 with the window's own.
fn fill(bench: &mut Bench, window: &Window) -> Vec<Vec<i32>> {
    let slots = bench.parameters.kernels;
    let mut kernels = vec![window.weights.clone()];
    kernels.extend((1..slots).map(|slot| other_kernel(window.side, slot)));
    for (slot, weights) in kernels.iter().enumerate() {
        let run = WindowRun { slot: number(slot), ..window.run };
        bench.load(&Window { weights: weights.clone(), run, ..window.clone() });
    }
    kernels
}

#[test]
fn one_window_for_every_kernel() {
    for (parameters, x_seed) in units_and_x_seeds() {
        for stalls in [None, Some(Stalls { seed: 21 })] {
            let mut bench = Bench::new(parameters, x_seed, stalls);
            for (side, tile) in
                (1..=parameters.kernel).flat_map(|k| Tile::ALL.map(|tile| (k, tile)))
            {
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
                        let window = again(&window, number(slot), side, weights, tile);
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
    for mut bench in benches() {
        let window = bench.loaded();
        bench.check(&window, "fetched");
        for round in 0..3u32 {
            for mode in Mode::ALL {
                for tile in Tile::ALL {
                    let (side, weights) = (window.side, window.weights.clone());
                    let mut again = again(&window, 0, side, weights, tile);
                    again.run.mode = mode;
                    again.run.threshold = threshold(1 + round);
                    let scores = 2 * bench.parameters.operand_w;
                    let least = least_score(&bench.parameters);
                    again.run.carry =
                        [3, 9, 1, 7].map(|score| Some(least + (score << round) % scores));
                    bench.check(&again, &format!("{mode}, {tile:?}, round {round}"));
                }
            }
        }
        bench.check_counters("after all commands");
    }
}

#[test]
fn a_window_has_every_smaller_one_in_its_corner() {
    for parameters in units().into_iter().filter(|unit| unit.kernels > 1) {
        let mut bench = Bench::new(parameters, 1, None);
        for held in 1..=parameters.kernel {
            for held_tile in Tile::ALL {
                for side in 1..=parameters.kernel {
                    let large = Window::plain(held, held_tile);
                    let mut small = Window::plain(side, Tile::One);
                    (small.run.slot, small.weights) = (1, other_kernel(side, 1));
                    for tile in Tile::ALL {
                        bench.load(&large);
                        bench.load(&small);
                        bench.check(&large, "fetched");
                        let what = format!("{side}, {tile:?} of {held}, {held_tile:?}");
                        if tile.window_side(side) <= large.window_side() {
                            let weights = small.weights.clone();
                            bench.check(&again(&large, 1, side, weights, tile), &what);
                        } else {
                            let run = WindowRun { slot: 1, reuse: true, tile, ..large.run };
                            bench.refuses(&run, &what);
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
fn holding(mut bench: Bench) -> (Bench, Window, Window) {
    let window = bench.loaded();
    bench.check(&window, "fetched");
    let again = again(&window, 0, window.side, window.weights.clone(), Tile::TwoByTwo);
    bench.check(&again, "before");
    (bench, window, again)
}

/// The unit holds nothing: neither the window nor, which a kernel's words would be enough for, the
/// smallest one.
#[track_caller]
fn holds_nothing(bench: &mut Bench, again: &Window, what: &str) {
    for tile in Tile::ALL {
        let run = WindowRun { tile, ..again.run };
        let what = format!("{what}, {tile:?}");
        bench.refuses(&run, &what);
    }
}

#[test]
fn there_is_no_window_before_the_first() {
    for mut bench in benches_and_x_seeds() {
        let parameters = bench.parameters;
        let mut window = Window::plain(parameters.kernel, Tile::TwoByTwo);
        window.run.reuse = true;
        bench.refuses(&window.run, "no kernel");
        bench.load(&window);
        holds_nothing(&mut bench, &window, "no window");
        bench.check_counters("after refused commands");
    }
}

#[test]
fn a_kernel_load_takes_the_window_away() {
    for bench in benches_and_x_seeds() {
        let (mut bench, window, again) = holding(bench);
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
    for bench in benches_and_x_seeds() {
        let (mut bench, window, again) = holding(bench);
        let bytes = bench.parameters.operand_bytes();
        for word in [0, 1] {
            bench.unit.memory().set_bad(Some(WINDOW_ADDR + bytes * word));
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
    for bench in benches_and_x_seeds() {
        let (mut bench, window, again) = holding(bench);
        for cycle in 0..8 {
            bench.unit.abort_window(&again.run, cycle).unwrap();
            bench.was_reset();
            let what = format!("reset in cycle {cycle}");
            bench.refuses(&again.run, &what);
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
    for bench in benches_and_x_seeds() {
        let (mut bench, window, again) = holding(bench);
        let slots = bench.parameters.kernels;
        let refused = CommandError::Refused;
        bench.fails(refused, "side 0", |unit| unit.load_kernel(0, 0, KERNEL_ADDR));
        bench.check(&again, "after a kernel of side 0");
        // Of a word with one byte every address is aligned.
        if bench.parameters.operand_bytes() > 1 {
            let unaligned = WindowRun { addr: WINDOW_ADDR + 1, ..window.run };
            bench.refuses(&unaligned, "unaligned");
            bench.check(&again, "after an unaligned window");
            bench.fails(refused, "unaligned", |unit| unit.load_kernel(0, 1, KERNEL_ADDR + 1));
            bench.check(&again, "after an unaligned kernel");
        }
        if slots < 256 {
            let slot = WindowRun { slot: number(slots), ..again.run };
            bench.refuses(&slot, "slot out of range");
            bench.check(&again, "after a slot that is none");
        }
        bench.check_counters("after refused commands");
    }
}

#[test]
fn a_run_on_held_words_takes_the_cycles_of_its_stages() {
    for bench in benches() {
        let (mut bench, window, _) = holding(bench);
        let parameters = bench.parameters;
        // From everything kept to nothing.
        for zeros in [None, Some(4), Some(2), Some(1)] {
            let mut window = window.clone();
            window.run.mode = Mode::ZeroSkip;
            for (i, word) in window.words.iter_mut().enumerate() {
                *word = if zeros.is_some_and(|every| i % every == 0) { 0 } else { *word };
            }
            bench.check(&window, "fetched");
            for tile in Tile::ALL {
                let again = again(&window, 0, window.side, window.weights.clone(), tile);
                let before = bench.unit.counters().unwrap();
                let outcome = bench.check(&again, &format!("every {zeros:?} zero, {tile:?}"));
                let after = bench.unit.counters().unwrap();
                let kept = outcome.kept.total();
                let issue = issue_cycles(&parameters, outcome.kept.counts());
                let name = parameters;
                assert_eq!(outcome.cycles, 2 + name.float + issue, "{name}: {kept} kept");
                assert_eq!(outcome.last_word_cycle, 0, "{name}: no word comes");
                if parameters.counters == 0 {
                    continue;
                }
                let [stage_2, stage_3] = stage_cycles(&parameters, issue);
                let expected = [1, 0, 0, stage_2, stage_3, 1];
                let states = state_cycles(&before, &after);
                assert_eq!(states, expected, "{name}: cycles in each state");
                assert_eq!(after.memory_beats, before.memory_beats, "{name}: no access");
            }
        }
        bench.check_counters("after all fills");
    }
}

/// A large window by its log plane. Words of its first row are too small for approx with T = 1.
fn planed(bench: &Bench, mode: Mode) -> Window {
    let mut window = Window::plain(bench.parameters.kernel, Tile::TwoByTwo);
    let side = window.window_side();
    window.words[..side].fill(1);
    window.run.mode = mode;
    window.run.threshold = threshold(1 << bench.parameters.log_frac);
    window.run.plane = Some(PlaneAt { addr: PLANE_ADDR + 1, index: 5 });
    window
}

fn benches_with_planes() -> impl Iterator<Item = Bench> {
    benches_and_x_seeds().filter(|bench| bench.parameters.planes == 1)
}

#[test]
fn words_come_when_a_product_needs_them() {
    for mut bench in benches_with_planes() {
        let window = planed(&bench, Mode::Approx);
        let kernels = fill(&mut bench, &window);
        let whole =
            bench.parameters.beats(window.run.addr, window.run.pitch, window.window_side() as u32);
        let mut traffic = vec![bench.check(&window, "by its plane").traffic];
        assert!(traffic[0].log_beats > 0 && traffic[0].words > 0, "{:?}", traffic[0]);
        for (slot, weights) in kernels.iter().enumerate() {
            let again = again(&window, number(slot), window.side, weights.clone(), Tile::TwoByTwo);
            traffic.push(bench.check(&again, &format!("again with slot {slot}")).traffic);
        }
        // The kernel of the first run needs nothing more.
        assert_eq!(traffic[1].beats, 0);
        // Then all of them, and then none.
        for expected in [None, Some(0)] {
            let mut all = again(&window, 0, window.side, window.weights.clone(), Tile::TwoByTwo);
            all.run.mode = Mode::Exact;
            let found = bench.check(&all, "exact").traffic;
            assert!(found.planed && expected.is_none_or(|beats| beats == found.beats));
            traffic.push(found);
        }
        let beats: u32 = traffic.iter().map(|it| it.beats).sum();
        assert_eq!(beats, whole, "{}: each line once", bench.parameters);
        bench.check_counters("after all runs");
    }
}

#[test]
fn a_bus_error_of_logs_or_late_words_takes_the_window_away() {
    for mut bench in benches_with_planes() {
        let window = planed(&bench, Mode::Approx);
        bench.load(&window);
        // The logs cannot be read.
        bench.check(&window, "before");
        let plane = window.run.plane.unwrap();
        let first = bench.parameters.log_entries().address(plane.addr, plane.index.into());
        bench.unit.memory().set_bad(Some(first as u32 / 8));
        bench.fails(CommandError::Bus, "bad log", |unit| unit.run_window(&window.run));
        bench.unit.memory().set_bad(None);
        let mut all = again(&window, 0, window.side, window.weights.clone(), Tile::TwoByTwo);
        all.run.mode = Mode::Exact;
        holds_nothing(&mut bench, &all, "after a bad log");
        // A word that is needed later cannot be read.
        bench.check(&window, "fetched anew");
        bench.unit.memory().set_bad(Some(window.run.addr));
        bench.fails(CommandError::Bus, "bad word", |unit| unit.run_window(&all.run));
        bench.unit.memory().set_bad(None);
        holds_nothing(&mut bench, &all, "after a bad word");
        bench.check(&window, "fetched once more");
        bench.check(&all, "and all of it");
        bench.check_counters("after bus errors");
    }
}

#[test]
fn a_window_without_its_plane_drops_what_the_plane_said() {
    for mut bench in benches_with_planes() {
        let by_plane = planed(&bench, Mode::Approx);
        bench.load(&by_plane);
        let plain = Window { run: WindowRun { plane: None, ..by_plane.run }, ..by_plane.clone() };
        for _ in 0..2 {
            let first = bench.check(&by_plane, "by its plane");
            let second = bench.check(&plain, "without");
            assert_eq!((first.outputs, first.kept), (second.outputs, second.kept));
            let again = again(&plain, 0, plain.side, plain.weights.clone(), Tile::TwoByTwo);
            assert!(!bench.check(&again, "again").traffic.planed);
        }
        bench.check_counters("after all runs");
    }
}

#[test]
fn a_unit_without_planes_refuses_them() {
    for mut bench in benches().filter(|bench| bench.parameters.planes == 0) {
        let window = planed(&bench, Mode::Approx);
        bench.load(&window);
        bench.refuses(&window.run, "a log plane");
    }
}
