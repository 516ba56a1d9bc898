// SPDX-License-Identifier: MIT OR Apache-2.0
//! What goes wrong around a window, and what must still be right after it: reset, bus errors,
//! refused commands, a memory that waits, pauses.

use convapprox::bench::unit::{CommandError, Outcome, Stalls, Tile, WindowRun};

use crate::{
    Bench, KERNEL_ADDR, MEMORY_BYTES, WINDOW_ADDR, Window, benches, benches_and_x_seeds, units,
    units_and_x_seeds,
};

/// Byte addresses of the words of a window, row by row, which have so many bytes each.
fn word_addresses(window: &Window, bytes: u32) -> Vec<u32> {
    let side = window.window_side() as u32;
    let word = |i| bytes * (i / side * window.run.pitch + i % side);
    (0..side * side).map(|i| window.run.addr + word(i)).collect()
}

#[test]
fn reset_in_the_middle_of_a_window() {
    for (parameters, x_seed) in units_and_x_seeds() {
        for stalls in [None, Some(Stalls { seed: 11 })] {
            let mut bench = Bench::new(parameters, x_seed, stalls);
            let window = bench.loaded();
            let cycles = bench.check(&window, "before any reset").cycles;
            // In each state, in each beat, between two issues, and while the result waits, which the
            // RTL asserts to hold meanwhile.
            for cycle in 0..=cycles.max(28) + 2 {
                let what = format!("reset in cycle {cycle}");
                bench.unit.abort_window(&window.run, cycle).unwrap();
                bench.was_reset();
                bench.check_counters(&what);
                bench.refuses(&window.run, &what);
                bench.load(&window);
                bench.check(&window, &what);
                bench.check_counters(&what);
            }
        }
    }
}

#[test]
fn a_result_holds_until_it_is_taken() {
    for mut bench in benches_and_x_seeds() {
        let parameters = bench.parameters;
        let window = bench.loaded();
        let at_once = bench.check(&window, "taken at once");
        for delay in [1, 2, 9] {
            bench.unit.set_acknowledge_delay(delay);
            bench.unit.clear_counters().unwrap();
            let late = bench.unit.run_window(&window.run).unwrap();
            let result = |it: &Outcome| (it.outputs, it.s_max, it.kept, it.cycles);
            assert_eq!(result(&late), result(&at_once), "{} waits {delay}", parameters);
            let counters = bench.unit.counters().unwrap();
            let wanted = if parameters.counters == 0 { (0, 0) } else { (1, 1 + delay) };
            assert_eq!((counters.windows, counters.cycles_done), wanted);
        }
    }
}

#[test]
fn bus_error_on_each_word_of_a_window() {
    for parameters in units() {
        for stalls in [None, Some(Stalls { seed: 12 })] {
            let mut bench = Bench::new(parameters, 1, stalls);
            for tile in Tile::ALL {
                let mut window = Window::plain(parameters.kernel, tile);
                // Off the port's line, so that a row takes two beats there.
                window.run.addr += 8;
                bench.load(&window);
                for addr in word_addresses(&window, parameters.operand_bytes()) {
                    let what = format!("no word at {addr:#x}");
                    bench.unit.memory().set_bad(Some(addr));
                    bench.fails(CommandError::Bus, &what, |unit| unit.run_window(&window.run));
                    bench.unit.memory().set_bad(None);
                    bench.check(&window, &what);
                }
            }
            bench.check_counters("after all errors");
        }
    }
}

#[test]
fn a_kernel_that_cannot_be_read_leaves_the_old_one() {
    for parameters in units() {
        for stalls in [None, Some(Stalls { seed: 13 })] {
            let mut bench = Bench::new(parameters, 1, stalls);
            // Another place than that of the old one, which bench.load writes to.
            let new_addr = KERNEL_ADDR + 4 * 64;

            // Without an old one there is none afterwards.
            bench.unit.memory().set_bad(Some(new_addr));
            bench.fails(CommandError::Bus, "no old one", |unit| unit.load_kernel(0, 1, new_addr));
            let run = Window::plain(1, Tile::One).run;
            bench.refuses(&run, "no kernel");

            for old in 1..=parameters.kernel {
                let window = Window::plain(old, Tile::TwoByTwo);
                bench.unit.memory().set_bad(None);
                bench.load(&window);
                for new in 1..=parameters.kernel as u32 {
                    for word in 0..new * new {
                        let what = format!("side {old}; no word {word} of a new one of side {new}");
                        let bad = new_addr + parameters.operand_bytes() * word;
                        bench.unit.memory().set_bad(Some(bad));
                        bench.fails(CommandError::Bus, &what, |unit| {
                            unit.load_kernel(0, new, new_addr)
                        });
                        bench.check(&window, &what);
                    }
                }
            }
            bench.check_counters("after all errors");
        }
    }
}

#[test]
fn reads_past_the_memory_are_bus_errors() {
    for mut bench in benches() {
        let parameters = bench.parameters;
        let window = bench.loaded();
        for addr in [MEMORY_BYTES - 8, MEMORY_BYTES, 1 << 31, !3] {
            let what = format!("at {addr:#x}");
            let run = WindowRun { addr, ..window.run };
            bench.fails(CommandError::Bus, &what, |unit| unit.run_window(&run));
            let side = parameters.kernel.min(2) as u32;
            let bytes = parameters.operand_bytes() * side * side;
            if u64::from(addr) + u64::from(bytes) > u64::from(MEMORY_BYTES) {
                bench.fails(CommandError::Bus, &what, |unit| unit.load_kernel(0, side, addr));
            }
            bench.check(&window, &what);
        }
    }
}

#[test]
fn refused_commands_touch_nothing() {
    use CommandError::Refused;
    for mut bench in benches_and_x_seeds() {
        let parameters = bench.parameters;
        let window = Window::plain(parameters.kernel, Tile::TwoByTwo);
        let kernel = parameters.kernel as u32;

        bench.refuses(&window.run, "no kernel");
        // A kernel that was refused is not there afterwards.
        bench.fails(Refused, "side 0", |unit| unit.load_kernel(0, 0, KERNEL_ADDR));
        bench.refuses(&window.run, "no kernel yet");
        bench.load(&window);
        bench.check(&window, "the first kernel");

        // Each side that is out of range, also where its low bits are not.
        let high_bits = (0..32).flat_map(|bit| [1 << bit, 1 << bit | 1, 1 << bit | kernel]);
        let sides =
            (kernel + 1..70).chain(high_bits).chain([0, u32::MAX, 0u32.wrapping_sub(kernel)]);
        for side in sides.filter(|side| !(1..=kernel).contains(side)) {
            let what = format!("side {side}");
            bench.fails(Refused, &what, |unit| unit.load_kernel(0, side, KERNEL_ADDR));
        }
        bench.check(&window, "after sides out of range");

        for unaligned in 1..parameters.operand_bytes() {
            let what = format!("{unaligned} bytes off");
            let run = WindowRun { addr: WINDOW_ADDR + unaligned, ..window.run };
            bench.refuses(&run, &what);
            bench.fails(Refused, &what, |unit| unit.load_kernel(0, 1, KERNEL_ADDR + unaligned));
            bench.check(&window, &what);
        }
        bench.check_counters("after refused commands");
    }
}

#[test]
fn a_waiting_memory_changes_nothing_but_the_time() {
    for parameters in units() {
        for tile in Tile::ALL {
            let mut window = Window::plain(parameters.kernel, tile);
            window.run.addr += 12;
            let mut bench = Bench::new(parameters, 1, None);
            bench.load(&window);
            let at_once = bench.check(&window, "without waiting");
            let mut longest = 0;
            for seed in 0..30 {
                let mut bench = Bench::new(parameters, 1, Some(Stalls { seed }));
                bench.load(&window);
                // Each transaction draws other waiting times.
                for _ in 0..3 {
                    let late = bench.check(&window, &format!("stall seed {seed}"));
                    assert_eq!(late.outputs, at_once.outputs);
                    assert_eq!(late.kept, at_once.kept);
                    assert_eq!(late.s_max, at_once.s_max);
                    let waited = late.last_word_cycle - at_once.last_word_cycle;
                    assert_eq!(late.cycles, at_once.cycles + waited);
                    longest = longest.max(waited);
                }
                bench.check_counters(&format!("stall seed {seed}"));
            }
            assert!(longest >= 10, "{}: the memory hardly waits", parameters);
        }
    }
}

#[test]
fn pauses_between_commands_change_nothing() {
    for mut bench in benches() {
        let parameters = bench.parameters;
        let window = Window::plain(parameters.kernel, Tile::TwoByTwo);
        bench.idle(5);
        bench.load(&window);
        for pause in [0, 1, 2, 3, 50] {
            bench.idle(pause);
            let outcome = bench.check(&window, &format!("after {pause} cycles"));
            let side = window.window_side() as u32;
            let beats = parameters.beats(window.run.addr, window.run.pitch, side);
            let cycles = parameters.window_cycles(beats, outcome.kept.counts());
            assert_eq!(outcome.cycles, cycles, "{}", parameters);
        }
        bench.check_counters("pauses are idle cycles");
    }
}

#[test]
fn counters_can_be_cleared_at_any_time() {
    for mut bench in benches() {
        let window = bench.loaded();
        for _ in 0..3 {
            bench.check(&window, "counted");
            bench.check_counters("since they were cleared");
            bench.unit.clear_counters().unwrap();
            bench.was_reset();
            bench.check_counters("just cleared");
        }
    }
}
