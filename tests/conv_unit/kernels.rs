//! What may change at run time: the kernel and its side, tile, address and pitch, in any order.

use convapprox::dut::{Tile, UNITS, WindowRun};
use model::conv::Mode;

use crate::bench::{Bench, KERNEL_ADDR, WINDOW_ADDR, noise, units_and_x_seeds};
use crate::window::Window;

const TILES: [Tile; 2] = [Tile::One, Tile::TwoByTwo];

#[test]
fn each_kernel_side_after_each_other() {
    for (parameters, x_seed) in units_and_x_seeds() {
        let mut bench = Bench::new(parameters, x_seed, None);
        for before in 1..=parameters.kernel {
            for side in 1..=parameters.kernel {
                // What the larger kernel and its window leave behind must not be seen.
                for tile in TILES {
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
    for parameters in UNITS {
        let mut bench = Bench::new(parameters, 1, None);
        for side in 1..=parameters.kernel {
            for word in 0..8 {
                let window = Window::plain(side, Tile::TwoByTwo);
                bench.load_at(&window, KERNEL_ADDR + 4 * word);
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
    for parameters in UNITS {
        let mut bench = Bench::new(parameters, 1, None);
        bench.load(&Window::plain(parameters.kernel, Tile::TwoByTwo));
        let mut run = |tile: Tile, (kept, zeros): (&str, Option<usize>), before: &str| {
            let mut window = Window::plain(parameters.kernel, tile);
            window.run.mode = Mode::DualZeroSkip;
            for (i, word) in window.words.iter_mut().enumerate() {
                let is_zero = zeros.is_some_and(|every| i % every == 0);
                *word = if is_zero { 0 } else { *word - 1000 };
            }
            bench.check(&window, &format!("{kept} kept, after {before}"));
        };
        // Each kind of window after each other, from nothing to everything and back.
        for first in fills {
            for second in fills {
                for (first_tile, second_tile) in TILES.iter().flat_map(|a| TILES.map(|b| (*a, b))) {
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
    for parameters in UNITS {
        let mut bench = Bench::new(parameters, 1, None);
        let kernel = Window::plain(parameters.kernel, Tile::TwoByTwo);
        bench.load(&kernel);
        // The same row again, overlapping rows, usual pitches of each alignment, far apart, and
        // upwards: addresses are modulo 2^32, and so are the top two bits of a pitch in words.
        let upwards = [1, 7, 30].map(u32::wrapping_neg);
        let beyond = [1 << 30 | 9, 3 << 30 | 10];
        let pitches = (0..12).chain([28, 61, 128, 255]).chain(upwards).chain(beyond);
        for pitch in pitches {
            for offset in 0..4 {
                let run = WindowRun { pitch, addr: WINDOW_ADDR + 1024 + 4 * offset, ..kernel.run };
                let side = kernel.window_side() as u32;
                let word = |i: u32| {
                    let distance = (4 * (i / side)).wrapping_mul(pitch);
                    noise(run.addr.wrapping_add(distance) / 4 + i % side)
                };
                let words = (0..side * side).map(word).collect();
                let window = Window { words, run, ..kernel.clone() };
                bench.check(&window, &format!("pitch {pitch}, {offset} words off a line"));
            }
        }
        bench.check_counters("after all pitches");
    }
}
