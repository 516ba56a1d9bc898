//! The kernels that the unit keeps: each in its slot, each with its side.

use convapprox::dut::{CommandError, Tile, UNITS, WindowRun};

use crate::bench::{Bench, KERNEL_ADDR, units_and_x_seeds};
use crate::window::Window;

/// A window with a kernel of some side in a slot; `version` makes another kernel of it.
fn in_slot(slot: u8, side: usize, version: i32) -> Window {
    let plain = Window::plain(side, Tile::TwoByTwo);
    let weights = plain.weights.iter().enumerate();
    let weights =
        weights.map(|(i, w)| w * (version + 2) + i32::from(slot) * 1000 + i as i32).collect();
    Window { weights, run: WindowRun { slot, ..plain.run }, ..plain }
}

#[test]
fn each_slot_keeps_its_kernel() {
    for (parameters, x_seed) in units_and_x_seeds() {
        let mut bench = Bench::new(parameters, x_seed, None);
        let slots = parameters.kernels as u8;
        let side = |slot: u8| 1 + usize::from(slot) % parameters.kernel;
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
            let side = parameters.kernel - usize::from(changed) % parameters.kernel;
            windows[usize::from(changed)] = in_slot(changed, side, 1);
            bench.load(&windows[usize::from(changed)]);
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
        let slots = parameters.kernels as u8;
        for filled in 0..slots {
            let mut bench = Bench::new(parameters, x_seed, None);
            let window = in_slot(filled, parameters.kernel, 0);
            bench.load(&window);
            for empty in (0..slots).filter(|&slot| slot != filled) {
                let what = format!("slot {empty} of {slots}, {filled} is filled");
                for reuse in [false, true] {
                    let run = WindowRun { slot: empty, reuse, ..window.run };
                    bench.fails(CommandError::Refused, &what, |unit| unit.run_window(&run));
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
            bench
                .fails(CommandError::Refused, "after a reset", |unit| unit.run_window(&window.run));
        }
    }
}

#[test]
fn slots_that_the_unit_has_not_are_refused() {
    for parameters in UNITS {
        let mut bench = Bench::new(parameters, 1, None);
        let slots = parameters.kernels as u8;
        let windows: Vec<_> = (0..slots).map(|slot| in_slot(slot, 1, 0)).collect();
        for window in &windows {
            bench.load(window);
        }
        bench.check(&windows[0], "before");
        // Each one, so also those whose low bits name a slot that there is.
        for slot in slots..=u8::MAX {
            let what = format!("slot {slot} of {slots}");
            for reuse in [false, true] {
                let run = WindowRun { slot, reuse, ..windows[0].run };
                bench.fails(CommandError::Refused, &what, |unit| unit.run_window(&run));
            }
            bench
                .fails(CommandError::Refused, &what, |unit| unit.load_kernel(slot, 1, KERNEL_ADDR));
        }
        for window in &windows {
            bench.check(window, "after all that are none");
        }
    }
}

#[test]
fn a_load_that_fails_leaves_every_slot() {
    for parameters in UNITS {
        let mut bench = Bench::new(parameters, 1, None);
        let slots = parameters.kernels as u8;
        let windows: Vec<_> = (0..slots).map(|slot| in_slot(slot, parameters.kernel, 0)).collect();
        for window in &windows {
            bench.load(window);
        }
        for slot in 0..slots {
            bench.unit.memory().set_bad(Some(KERNEL_ADDR));
            bench.fails(CommandError::Bus, "bad", |unit| unit.load_kernel(slot, 1, KERNEL_ADDR));
            bench.unit.memory().set_bad(None);
            for window in &windows {
                bench.check(window, &format!("after a failed load of slot {slot}"));
            }
        }
    }
}
