// SPDX-License-Identifier: MIT OR Apache-2.0
//! Windows a second of the unit: the Rust driver against a plain C++ loop around the same objects,
//! in turns, in one run. Then the units that are named.
//!
//! `cargo bench --bench unit_windows [-- UNIT…]`

mod common;

use std::process::Command;
use std::time::Instant;

use convapprox::bench::unit::{Memory, Tile, UnitDriver, UnitOptions, WindowRun};
use convapprox::hw::{NETWORK_UNIT, PAPER_UNIT, UnitParameters};
use model::conv::{Mode, SmaxScope, Threshold};

use common::{compile_plain_loop, median, run_plain_loop};

const WINDOWS: usize = 50_000;
const ROUNDS: usize = 41;
const PLANE_ADDR: u32 = 256;
const SIDE: usize = 28;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{WINDOWS} windows a round, median of {ROUNDS} rounds in turns, one thread");
    println!("ratio: Rust / C++; at least 0.97 is wanted");
    for parameters in [&PAPER_UNIT, &NETWORK_UNIT] {
        compare(parameters)?;
    }

    // cargo passes flags of its own.
    for name in std::env::args().skip(1).filter(|it| !it.starts_with('-')) {
        let parameters: &UnitParameters = &name.parse()?;
        let mut unit = ready(parameters)?;
        let cycles = unit.cycles();
        let (seconds, _) = driver(&mut unit)?;
        let cycles = (unit.cycles() - cycles) as f64;
        println!(
            "  {:14} {:9.0} windows/s {:6.2} Mcycles/s {:6.2} cycles a window",
            parameters,
            WINDOWS as f64 / seconds,
            cycles / seconds / 1e6,
            cycles / WINDOWS as f64
        );
    }
    Ok(())
}

/// Rust against C++ on one unit.
fn compare(parameters: &UnitParameters) -> Result<(), Box<dyn std::error::Error>> {
    let defines = [
        format!("-DKERNEL={}", parameters.kernel),
        format!("-DBEAT_WORDS={}", parameters.beat_words()),
    ];
    let (source, row) = ("benches/plain_loop.cpp", parameters.to_string());
    let program = compile_plain_loop(source, "conv_unit", &row, &defines)?;
    // A model's speed depends on where its memory lies by some percent. Each round has a new model,
    // as each run of the C++ program has; the old ones stay, so that the new one lies elsewhere.
    let mut units = Vec::new();
    // The first round of each warms the machine up.
    let mut ratios = Vec::new();
    let (mut rust, mut cpp) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let mut plain = Command::new(&program);
        let [cpp_seconds, cpp_sum] = run_plain_loop(plain.arg(WINDOWS.to_string()))?;
        let mut unit = ready(parameters)?;
        let (rust_seconds, rust_sum) = driver(&mut unit)?;
        units.push(unit);
        assert_eq!(cpp_sum, f64::from(rust_sum), "both harnesses see the same outputs");
        if round > 0 {
            cpp.push(WINDOWS as f64 / cpp_seconds);
            rust.push(WINDOWS as f64 / rust_seconds);
            ratios.push(cpp_seconds / rust_seconds);
        }
    }
    println!(
        "  {:11} plain C++ loop {:7.0} windows/s, Rust driver {:7.0} windows/s, ratio {:.3}",
        parameters,
        median(&mut cpp),
        median(&mut rust),
        median(&mut ratios)
    );
    Ok(())
}

/// A unit with its largest kernel loaded and a sparse image in memory.
fn ready(parameters: &UnitParameters) -> Result<UnitDriver, Box<dyn std::error::Error>> {
    let mut unit = UnitDriver::open(parameters, &UnitOptions::default())?;
    let side = parameters.kernel;
    let kernel: Vec<i32> = (0..side * side).map(|i| (i as i32 * 37) % 11 - 5).collect();
    let pixel = |i: usize| if (i * 7919).is_multiple_of(5) { (i * 31) as i32 % 256 } else { 0 };
    *unit.memory() = Memory::new(parameters.operand_w, 1024);
    unit.memory().write(0, &kernel);
    unit.memory().write(PLANE_ADDR, &(0..SIDE * SIDE).map(pixel).collect::<Vec<_>>());
    unit.load_kernel(0, side as u32, 0)?;
    Ok(unit)
}

fn driver(unit: &mut UnitDriver) -> Result<(f64, u32), Box<dyn std::error::Error>> {
    let threshold = Threshold::new(4)?;
    let tiles = (SIDE - unit.parameters().kernel).div_ceil(2);
    let mut sum = 0u32;
    let begin = Instant::now();
    for i in 0..WINDOWS {
        let (x, y) = (i % tiles * 2, i / tiles % tiles * 2);
        let outcome = unit.run_window(&WindowRun {
            slot: 0,
            reuse: false,
            addr: PLANE_ADDR + 4 * (y * SIDE + x) as u32,
            pitch: SIDE as u32,
            tile: Tile::TwoByTwo,
            mode: Mode::Approx,
            threshold,
            scope: SmaxScope::Window,
            carry: [None; 4],
            plane: None,
        })?;
        for output in outcome.outputs {
            sum = sum.wrapping_add(output as u32);
        }
    }
    Ok((begin.elapsed().as_secs_f64(), sum))
}
