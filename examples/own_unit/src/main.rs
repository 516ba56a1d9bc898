// SPDX-License-Identifier: MIT OR Apache-2.0
//! An approximate unit of one's own on the bench: a 3×3 convolution with truncated multipliers.
//!
//! ```text
//! cargo run -p own-unit -- run OUT [SEED]       1,000 random windows, and a table of their errors
//! cargo run -p own-unit -- planted OUT [SEED]   on a unit that truncates one bit too many
//! cargo run -p own-unit -- replay FOLDER        one that differed, again, with its waveform
//! ```

use std::path::Path;
use std::process::ExitCode;

use convapprox::bench::under_test::{BoxError, UnitUnderTest, check, replay};
use convapprox::hw::Build;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

verilated::include_model!("truncated_conv");

/// Bits that a multiplier leaves out of each operand.
const TRUNCATE: u32 = 2;

/// One window with its kernel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Window {
    seed: u64,
    number: u64,
    planted: bool,
    window: [u8; 9],
    kernel: [i8; 9],
}

/// A line of `errors.csv`.
#[derive(Serialize)]
struct ErrorRow {
    number: u64,
    exact: i32,
    truncated: i32,
}

impl Window {
    fn random(seed: u64, number: u64, planted: bool) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(number);
        Self { seed, number, planted, window: rng.random(), kernel: rng.random() }
    }

    /// The sum over the products, with the lowest bits of both operands left out.
    fn sum(&self, left_out: u32) -> i32 {
        let cut = |operand: i32| operand >> left_out << left_out;
        let products = self.window.iter().zip(&self.kernel);
        products.map(|(&x, &w)| cut(x.into()) * cut(w.into())).sum()
    }
}

struct Unit(TruncatedConv);

impl UnitUnderTest for Unit {
    type Transaction = Window;
    type Outcome = i32;
    fn replay_command(folder: &Path) -> String {
        format!("cargo run -p own-unit -- replay {}", folder.display())
    }

    fn open(first: &Window, build: Build) -> Result<Self, BoxError> {
        let planted = if first.planted { "planted_" } else { "" };
        let row = format!("{planted}{}", if build == Build::Fast { "fast" } else { "vcd" });
        let mut model = TruncatedConv::builtin(&row, &verilated::Config::new().seed(first.seed))?;
        model.tick()?;
        model.set_rst_ni(1);
        Ok(Self(model))
    }

    fn run(&mut self, window: &Window) -> Result<i32, BoxError> {
        let words = |bytes: [u8; 9]| {
            let byte = |i: usize| bytes.get(i).copied().unwrap_or(0);
            [0, 4, 8].map(|i| u32::from_le_bytes([0, 1, 2, 3].map(|j| byte(i + j))))
        };
        self.0.set_window_i(&words(window.window));
        self.0.set_kernel_i(&words(window.kernel.map(i8::cast_unsigned)));
        self.0.set_valid_i(1);
        self.0.tick()?;
        self.0.set_valid_i(0);
        let sum = (self.0.valid_o() == 1).then(|| self.0.sum_o().cast_signed());
        sum.ok_or_else(|| "no sum after one cycle".into())
    }

    fn trace(&mut self, wave: Option<&Path>) -> Result<(), BoxError> {
        let Some(wave) = wave else { return Ok(self.0.close_trace()?) };
        Ok(self.0.open_trace(wave)?)
    }

    fn differences(window: &Window, &sum: &i32) -> Vec<String> {
        let expected = window.sum(TRUNCATE);
        let differs = expected != sum;
        Vec::from_iter(differs.then(|| format!("expected the sum {expected}, the unit has {sum}")))
    }

    fn name(window: &Window) -> String {
        format!("truncated-seed{}-window{:04}", window.seed, window.number)
    }
}

fn main() -> Result<ExitCode, BoxError> {
    let mut arguments = std::env::args().skip(1);
    let (Some(command), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("use: run OUT [SEED], planted OUT [SEED], or replay FOLDER".into());
    };
    if command == "replay" {
        let replayed = replay::<Unit>(Path::new(&folder))?;
        print!("{}", std::fs::read_to_string(&replayed.report)?);
        return Ok(ExitCode::from(if replayed.agrees() { 0 } else { 3 }));
    }
    let seed = arguments.next().map_or(Ok(1), |seed| seed.parse())?;
    let (out, mut rows) = (Path::new(&folder), Vec::new());
    std::fs::create_dir_all(out)?;
    let windows = (0..1000).map(|number| Window::random(seed, number, command == "planted"));
    let checked = check::<Unit>(windows, &out.join("mismatch"), |window, &truncated| {
        rows.push(ErrorRow { number: window.number, exact: window.sum(0), truncated });
    })?;
    let mut table = csv::Writer::from_path(out.join("errors.csv"))?;
    rows.iter().try_for_each(|row| table.serialize(row))?;
    table.flush()?;
    for report in &checked.reports {
        println!("mismatch report: {}", report.join("report.txt").display());
    }
    println!("{} windows compared, {} mismatches", checked.compared, checked.mismatches);
    Ok(ExitCode::from(if checked.mismatches == 0 { 0 } else { 3 }))
}
