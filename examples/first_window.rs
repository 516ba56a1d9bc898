// SPDX-License-Identifier: MIT OR Apache-2.0
//! One window on the RTL of the paper's unit: a 4×4 window and a 3×3 kernel make 2×2 outputs, exact
//! and at τ = 0.1, and the golden model says the same.
//!
//! ```text
//! cargo run --example first_window
//! ```

use convapprox::bench::unit::{Memory, Tile, UnitDriver, UnitOptions, WindowRun};
use convapprox::hw::PAPER_UNIT;
use model::conv::{Kernel, Mode, Plane, Semantics, SmaxScope, Threshold, conv2d};

const KERNEL: [i32; 9] = [1, 0, -1, 2, 0, -2, 1, 0, -1];
#[rustfmt::skip]
const WINDOW: [i32; 16] = [
    12,   0, 200, 255,
     3,  40, 180,  90,
     0,   7,  66,   1,
     5, 255,   0,   2,
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut unit = UnitDriver::open(&PAPER_UNIT, &UnitOptions::default())?;
    // 32 words behind the unit's port, and byte addresses in them.
    *unit.memory() = Memory::new(PAPER_UNIT.operand_w, 32);
    let (kernel, window) = (0, 64);
    unit.memory().write(kernel, &KERNEL);
    unit.memory().write(window, &WINDOW);
    unit.load_kernel(0, 3, kernel)?;
    for (mode, threshold) in
        [(Mode::Exact, Threshold::new(1)?), (Mode::Approx, Threshold::from_tau(0.1, 0)?)]
    {
        let outcome = unit.run_window(&WindowRun {
            slot: 0,
            reuse: false,
            addr: window,
            pitch: 4,
            tile: Tile::TwoByTwo,
            mode,
            threshold,
            scope: SmaxScope::Window,
            carry: [None; 4],
            plane: None,
        })?;
        let semantics = Semantics::new(mode, PAPER_UNIT.log_frac, threshold, SmaxScope::Window)?;
        let plane = Plane::new(4, 4, WINDOW.to_vec())?;
        let golden = conv2d(&plane, &Kernel::new(3, KERNEL.to_vec())?, &semantics, None);
        assert_eq!(outcome.outputs, golden.outputs[..]);
        println!(
            "{mode}: {:?}, {} multiplications, {} cycles",
            outcome.outputs,
            golden.total_kept(),
            outcome.cycles
        );
    }
    Ok(())
}

#[cfg(test)]
#[test]
fn it_runs() {
    main().unwrap();
}
