//! Every window of a few handwritten digits: MNIST where it is found on this machine (in the folder
//! that `MNIST_DIR` names, or in the cache), else the drawn digits. Nothing is downloaded.

use convapprox::dut::{UNITS, WindowRun};
use convapprox::engine::tiles;
use model::conv::{Mode, SmaxScope};
use study::data::{DatasetChoice, LoadOptions, SIDE, Split, load};

use crate::bench::{Bench, WINDOW_ADDR};
use crate::window::{Window, threshold};

/// Images that are looked at.
const IMAGES: usize = 4;

/// An edge filter of any side: small weights of both signs, some of them zero.
fn kernel(side: usize) -> Vec<i32> {
    let middle = side as i32 / 2;
    let weight = |i: i32| (i % side as i32 - middle) * (3 + i / side as i32);
    (0..(side * side) as i32).map(weight).collect()
}

#[test]
fn every_window_of_some_digits_agrees_with_the_golden_model() {
    let options = LoadOptions {
        allow_download: false,
        quiet: true,
        digits_count: (0, IMAGES),
        ..LoadOptions::from_env()
    };
    let dataset = load(DatasetChoice::Auto, &options).unwrap();
    for unit in UNITS {
        let mut bench = Bench::new(unit, 1, None);
        let side = unit.kernel;
        for (number, image) in dataset.images(Split::Test).take(IMAGES).enumerate() {
            let pixels = image.pixels.map(i32::from);
            bench.unit.memory().write(WINDOW_ADDR, &pixels);
            let mode = Mode::ALL[number % Mode::ALL.len()];
            for mode in [mode, Mode::Approx] {
                let outputs = SIDE - side + 1;
                let mut first = true;
                for (x, y, tile) in tiles(outputs, outputs) {
                    let window_side = tile.window_side(side);
                    let rows = (y..y + window_side).map(|y| SIDE * y + x);
                    let words = rows.flat_map(|row| &pixels[row..row + window_side]);
                    let window = Window {
                        side,
                        weights: kernel(side),
                        words: words.copied().collect(),
                        run: WindowRun {
                            slot: 0,
                            reuse: false,
                            addr: WINDOW_ADDR + 4 * (SIDE * y + x) as u32,
                            pitch: SIDE as u32,
                            tile,
                            mode,
                            // τ = 0.1.
                            threshold: threshold(4 << unit.log_frac),
                            scope: SmaxScope::Window,
                            carry: [None; 4],
                        },
                    };
                    if first {
                        bench.load(&window);
                        first = false;
                    }
                    let what = format!("{} {number} at {x} {y}", dataset.source.name());
                    bench.check(&window, &what);
                }
            }
        }
        bench.check_counters("after all images");
    }
}
