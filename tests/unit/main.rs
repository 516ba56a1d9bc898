// SPDX-License-Identifier: MIT OR Apache-2.0
//! The RTL regression suite of the approximate convolution unit.
//!
//! Every test runs on the parameter sets of [`convapprox::hw::UNITS`]; a new line there is tested
//! without a change here. `CONVAPPROX_SETS` names others, or `all`. Expectations come from the
//! contract: stated in the files of `testvectors/conv_unit/` ([`directed`]), computed by the golden
//! model ([`random`]), or derived from the cycle table ([`cycles`]).
//!
//! | Module        | Question                                                                     |
//! |---------------|------------------------------------------------------------------------------|
//! | [`directed`]  | Are the corner cases of the arithmetic as stated in the vectors? Do the windows of real images agree with the golden model? |
//! | [`random`]    | Does the unit agree with the golden model, whatever it is given, however the memory waits, and whatever its registers held at first? |
//! | [`protocol`]  | Do reset, bus errors, refused commands, stalls and pauses leave it sound?    |
//! | [`held`]      | Are kernels kept, each in its slot, and windows for as long as they must?    |
//! | [`cycles`]    | Does each window take the cycles that it must, and do the counters say so?   |
//! | [`selfcheck`] | Would these checks notice?                                                   |
//!
//! A [`Bench`] and a [`Window`] are a good start for an experiment of one's own.
//!
//! ```text
//! cargo test --test unit                                        # all of it
//! CONVAPPROX_SETS="k3 k7_m4_f2" cargo test --test unit          # on these
//! CONVAPPROX_SEED=7 CONVAPPROX_ROUNDS=2000 cargo test --test unit random
//! ```
//!
//! A failing random window is written to `reports/mismatch/`, with its waveform, and the test names
//! the seed and the command that replays it.

mod cycles;
mod directed;
mod held;
mod protocol;
mod random;
mod selfcheck;

use std::fmt::Write as _;
use std::path::Path;

use convapprox::bench::case::{FILTERS, Operands, WindowCase};
use convapprox::bench::replay::WindowUnit;
use convapprox::bench::scoreboard::{Difference, ExpectedWindow, load_counters, window_counters};
use convapprox::bench::under_test::{investigate, replay_command};
use convapprox::bench::unit::{
    CommandError, Counters, Memory, Outcome, PlaneAt, Stalls, Tile, UnitDriver, UnitError,
    UnitOptions, WindowRun,
};
use convapprox::hw::{RARE_UNITS, UNITS, UnitParameters};
use model::conv::{LogEntries, Mode, Number, Semantics, SmaxScope, Threshold};
use model::engine::Place;

/// Where kernels lie in the memory. It is aligned for every port, and below all windows.
pub const KERNEL_ADDR: u32 = 0;

/// The first byte of the memory that is free for windows.
pub const WINDOW_ADDR: u32 = 512;

/// The first byte of the memory that is free for log planes.
pub const PLANE_ADDR: u32 = 1 << 12;

/// Bytes of the memory.
pub const MEMORY_BYTES: u32 = 1 << 14;

/// Two seeds of what registers hold before they are written; every test that can takes both.
pub const X_SEEDS: [u64; 2] = [1, 0x5eed];

/// The parameter sets under test: those of [`UNITS`], or what `CONVAPPROX_SETS` says: `all`, or names
/// with spaces between.
pub fn units() -> Vec<UnitParameters> {
    let Ok(sets) = std::env::var("CONVAPPROX_SETS") else { return UNITS.to_vec() };
    match sets.trim() {
        "" => UNITS.to_vec(),
        "all" => UNITS.iter().chain(RARE_UNITS).copied().collect(),
        names => {
            let set = |name: &str| name.parse().unwrap_or_else(|error| panic!("{error}"));
            names.split_whitespace().map(set).collect()
        }
    }
}

/// Every unit with each of the [`X_SEEDS`].
pub fn units_and_x_seeds() -> impl Iterator<Item = (UnitParameters, u64)> {
    units().into_iter().flat_map(|unit| X_SEEDS.map(|x_seed| (unit, x_seed)))
}

/// Every unit on a bench of its own.
pub fn benches() -> impl Iterator<Item = Bench> {
    units().into_iter().map(|unit| Bench::new(unit, 1, None))
}

/// Every unit with each of the [`X_SEEDS`], on a bench of its own.
pub fn benches_and_x_seeds() -> impl Iterator<Item = Bench> {
    units_and_x_seeds().map(|(unit, x_seed)| Bench::new(unit, x_seed, None))
}

/// The cycles that the issue of the kept products of each output adds to a window.
pub fn issue_cycles(unit: &UnitParameters, kept: [u32; 4]) -> u32 {
    let parallel = unit.multipliers as usize == 4 * unit.kernel * unit.kernel;
    match kept.iter().sum::<u32>() {
        0 => 0,
        _ if unit.float == 1 => float_issue_cycles(unit, kept),
        _ if parallel => 1,
        kept => 1 + kept.div_ceil(unit.multipliers),
    }
}

/// The lanes of a unit for floats cycle by cycle, and the two cycles before and behind them.
fn float_issue_cycles(unit: &UnitParameters, kept: [u32; 4]) -> u32 {
    let outputs = 4 / unit.multipliers as usize;
    let (mut left, mut before, mut cycles) = (kept, [false; 4], 0);
    while left != [0; 4] {
        let mut now = [false; 4];
        for lane in 0..unit.multipliers as usize {
            let mut of_lane = lane * outputs..(lane + 1) * outputs;
            if let Some(output) = of_lane.find(|&output| left[output] > 0 && !before[output]) {
                left[output] -= 1;
                now[output] = true;
            }
        }
        before = now;
        cycles += 1;
    }
    cycles + 2
}

/// The cycles in STAGE_2 and STAGE_3 of a window, of the issue of which so many come.
pub fn stage_cycles(unit: &UnitParameters, issue: u32) -> [u32; 2] {
    match (unit.float, issue) {
        (0, _) => [issue.max(1), issue.min(1)],
        (_, 0) => [2, 0],
        // S_max comes first, and the last product takes two cycles behind its issue.
        _ => [issue, 2],
    }
}

/// The score of two operands that are 1.
pub fn least_score(unit: &UnitParameters) -> u32 {
    if unit.float == 1 { 254 << unit.log_frac } else { 0 }
}

/// A small integer as a word of the unit, which float words of 8 bits of fraction hold exactly up to 256.
pub fn word_of(unit: &UnitParameters, value: i32) -> i32 {
    let single = (value as f32).to_bits().cast_signed();
    match unit.number() {
        Number::Integer => value,
        Number::Float32 => single,
        Number::Bfloat16 => single >> 16,
    }
}

/// The cycles between two readings of the counters: in IDLE, GET_DATA, STAGE_1, STAGE_2, STAGE_3, DONE.
pub fn state_cycles(before: &Counters, after: &Counters) -> [u32; 6] {
    let states = |it: &Counters| {
        [
            it.cycles_idle,
            it.cycles_get_data,
            it.cycles_stage_1,
            it.cycles_stage_2,
            it.cycles_stage_3,
            it.cycles_done,
        ]
    };
    let (before, after) = (states(before), states(after));
    std::array::from_fn(|state| after[state] - before[state])
}

/// What a word of the memory, of `operand_w` bits, holds at first: of 32 bits never zero, and never the
/// same twice.
pub fn noise(index: u32, operand_w: u32) -> i32 {
    (index + 1).wrapping_mul(0x9e37_79b1).cast_signed() >> (32 - operand_w)
}

/// A unit, and what its counters must say.
pub struct Bench {
    /// The unit.
    pub unit: UnitDriver,
    /// Its parameters.
    pub parameters: UnitParameters,
    /// The stream of waiting times of the next transaction.
    pub stream: u64,
    /// How it was opened.
    pub options: UnitOptions,
    /// The window whose words the unit holds, and its stream.
    pub held: Option<(Window, u64)>,
    expected: Counters,
    cleared_at: u64,
}

impl Bench {
    /// A unit out of reset. Each word of its memory has another value, so that a word too many or
    /// from the wrong place shows.
    pub fn new(parameters: UnitParameters, x_seed: u64, stalls: Option<Stalls>) -> Self {
        let options = UnitOptions { x_seed, stalls, ..UnitOptions::default() };
        let mut unit = UnitDriver::open(&parameters, &options).unwrap();
        let (operand_w, bytes) = (parameters.operand_w, parameters.operand_bytes());
        let noise: Vec<i32> = (0..MEMORY_BYTES / bytes).map(|it| noise(it, operand_w)).collect();
        *unit.memory() = Memory::new(operand_w, noise.len());
        unit.memory().write(0, &noise);
        unit.clear_counters().unwrap();
        let cleared_at = unit.cycles();
        let expected = Counters::default();
        Self { unit, parameters, stream: 0, options, held: None, expected, cleared_at }
    }

    /// Loads the window's kernel.
    pub fn load(&mut self, window: &Window) {
        self.load_at(window, KERNEL_ADDR).unwrap();
    }

    /// Loads the kernel of a plain window of the largest side, and returns that.
    pub fn loaded(&mut self) -> Window {
        let window = Window::plain(self.parameters.kernel, Tile::TwoByTwo);
        self.load(&window);
        window
    }

    /// Loads the window's kernel from a byte address.
    pub fn load_at(&mut self, window: &Window, addr: u32) -> Result<(), UnitError> {
        let side = window.side as u32;
        self.unit.memory().write(addr, &window.of(&self.parameters).weights);
        self.unit.set_stream(self.stream);
        self.stream += 1;
        self.held = None;
        let cycles = self.unit.load_kernel(window.run.slot, side, addr)?;
        let counters = load_counters(&self.parameters, side, addr, cycles);
        self.expected = self.expected.plus(&counters);
        if self.options.stalls.is_none() {
            let beats = self.parameters.beats(addr, side, side);
            assert_eq!(cycles, beats + 4, "{}: a kernel of side {side}", self.parameters);
        }
        Ok(())
    }

    /// Runs the window; its kernel is loaded. An error of the unit is a failure of the test.
    #[track_caller]
    pub fn run(&mut self, window: &Window, origin: &Origin) -> Outcome {
        self.try_run(window).unwrap_or_else(|error| {
            let found = [format!("the unit did not finish: {error}")];
            self.fail(window, &found, origin)
        })
    }

    fn try_run(&mut self, window: &Window) -> Result<Outcome, UnitError> {
        let window = window.of(&self.parameters);
        let reuse = window.run.reuse;
        if !reuse {
            let entries = self.parameters.log_entries();
            window.write_to(self.unit.memory(), entries);
        }
        self.unit.set_stream(self.stream);
        self.stream += 1;
        let outcome = self.unit.run_window(&window.run)?;
        if !reuse {
            self.held = Some((window.clone(), self.stream - 1));
        }
        let counters = window_counters(&self.parameters, window.side, &window.run, &outcome);
        self.expected = self.expected.plus(&counters);
        Ok(outcome)
    }

    /// Records the window that ran last as a mismatch, and panics.
    #[track_caller]
    pub fn fail(&self, window: &Window, found: &[String], origin: &Origin) -> ! {
        let case = case(self, window, origin);
        panic!("{}", report(&case, found, origin, Path::new(FOLDER)))
    }

    /// How an outcome of the window differs from the golden model.
    pub fn differences(&self, window: &Window, outcome: &Outcome) -> Vec<Difference> {
        let window = window.of(&self.parameters);
        let expected = window.expected(self.parameters.log_frac);
        expected.compare(&self.parameters, &window.run, outcome, self.options.stalls.is_some())
    }

    /// Runs the window and compares it with the golden model; its kernel is loaded.
    #[track_caller]
    pub fn check(&mut self, window: &Window, what: &str) -> Outcome {
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        let origin = Origin {
            what: what.to_owned(),
            operands: "of the test".to_owned(),
            number: self.stream as usize,
            seed: 0,
            repeat: format!("cargo test --release --test unit {test}"),
        };
        let outcome = self.run(window, &origin);
        let differences = self.differences(window, &outcome);
        if !differences.is_empty() {
            let found: Vec<_> = differences.iter().map(ToString::to_string).collect();
            self.fail(window, &found, &origin);
        }
        outcome
    }

    /// Lets cycles pass without a command.
    pub fn idle(&mut self, cycles: u32) {
        self.unit.idle(cycles).unwrap();
        self.expected.cycles_idle += cycles;
    }

    /// Tells the bench that the unit was reset: its counters start again, and it has no kernel.
    pub fn was_reset(&mut self) {
        self.held = None;
        self.expected = Counters::default();
        self.cleared_at = self.unit.cycles();
    }

    /// A command that must end in this error: it counts as no window and no multiplication, and one
    /// that is refused does not touch the memory.
    #[track_caller]
    pub fn fails<T: std::fmt::Debug>(
        &mut self,
        error: CommandError,
        what: &str,
        command: impl FnOnce(&mut UnitDriver) -> Result<T, UnitError>,
    ) {
        self.check_counters(what);
        let result = command(&mut self.unit);
        let name = self.parameters;
        assert!(
            matches!(&result, Err(UnitError::Command(found)) if *found == error),
            "{name}: {what}: {result:?} instead of {error:?}"
        );
        let after = self.unit.counters().unwrap();
        let mut wanted = Counters {
            cycles_idle: after.cycles_idle,
            cycles_get_data: after.cycles_get_data,
            cycles_done: after.cycles_done,
            cycles_get_logs: after.cycles_get_logs,
            cycles_find_words: after.cycles_find_words,
            ..name.counted(self.expected)
        };
        if error == CommandError::Bus {
            // A window that fails has taken words in; the contract does not say how many.
            (wanted.memory_words, wanted.memory_beats) = (after.memory_words, after.memory_beats);
        }
        assert_eq!(after, wanted, "{name}: {what}: the counters after, as they must be");
        self.expected = after;
    }

    /// The unit refuses this window.
    #[track_caller]
    pub fn refuses(&mut self, run: &WindowRun, what: &str) {
        self.fails(CommandError::Refused, what, |unit| unit.run_window(run));
    }

    /// Compares the counters with the tally, and the sum of all states with the clock.
    #[track_caller]
    pub fn check_counters(&mut self, what: &str) {
        let actual = self.unit.counters().unwrap();
        let name = self.parameters;
        let expected = name.counted(self.expected);
        assert_eq!(actual, expected, "{name}: {what}: the unit's counters, the tally");
        if name.counters == 1 {
            let clock = self.unit.cycles() - self.cleared_at;
            assert_eq!(u64::from(actual.cycles()), clock, "{name}: {what}: cycles in all states");
        }
    }
}

/// A kernel, the window that it meets, and the command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// What weights and words are. A bench of a unit for floats makes floats of integers.
    pub number: Number,
    /// The kernel's side.
    pub side: usize,
    /// The kernel, row by row.
    pub weights: Vec<i32>,
    /// The words that the window covers, row by row.
    pub words: Vec<i32>,
    /// The command.
    pub run: WindowRun,
}

impl Window {
    /// A window of small numbers, none of them zero, no two outputs alike: for tests that are not
    /// about operands.
    pub fn plain(side: usize, tile: Tile) -> Self {
        let words = tile.window_side(side).pow(2);
        Self {
            number: Number::Integer,
            side,
            weights: (0..side * side).map(|i| (7 * i as i32 - 16) % 100).collect(),
            words: (0..words)
                .map(|i| 1 + (i * i) as i32 % 29 * if i % 3 == 0 { -1 } else { 1 })
                .collect(),
            run: WindowRun { tile, ..run() },
        }
    }

    /// Rows of the window, and words in a row.
    pub fn window_side(&self) -> usize {
        self.run.tile.window_side(self.side)
    }

    /// The golden semantics of the command, for a unit with `log_frac` fraction bits.
    pub fn semantics(&self, log_frac: u32) -> Semantics {
        let WindowRun { mode, threshold, scope, .. } = self.run;
        Semantics::new(mode, log_frac, threshold, scope).unwrap().of(self.number).unwrap()
    }

    /// The same on the unit's numbers: where these are floats, the integers become some.
    pub fn of(&self, unit: &UnitParameters) -> Self {
        let mut window = self.clone();
        if self.number == Number::Integer && unit.float == 1 {
            window.number = unit.number();
            let words = window.weights.iter_mut().chain(&mut window.words);
            words.for_each(|word| *word = word_of(unit, *word));
        }
        window
    }

    /// What the golden model makes of it.
    pub fn expected(&self, log_frac: u32) -> ExpectedWindow {
        ExpectedWindow::new(&self.operands(0), &self.semantics(log_frac))
    }

    /// With its stream of waiting times.
    pub fn operands(&self, stream: u64) -> Operands {
        let Self { side, weights, words, run, .. } = self.clone();
        Operands { run, side, weights, words, stream }
    }

    /// Puts the words where the command will look for them.
    pub fn write_to(&self, memory: &mut Memory, entries: LogEntries) {
        let bytes = memory.operand_bytes();
        for (row, words) in self.words.chunks_exact(self.window_side()).enumerate() {
            let distance = (bytes * row as u32).wrapping_mul(self.run.pitch);
            memory.write(self.run.addr.wrapping_add(distance), words);
            if let Some(PlaneAt { addr, index }) = self.run.plane {
                let index = i64::from(index) + row as i64 * i64::from(self.run.pitch);
                memory.write_logs(entries, entries.address(addr, index), words);
            }
        }
    }
}

/// The command of a plain window.
pub fn run() -> WindowRun {
    WindowRun {
        slot: 0,
        reuse: false,
        addr: WINDOW_ADDR,
        pitch: 12,
        tile: Tile::One,
        mode: Mode::Exact,
        threshold: threshold(1),
        scope: SmaxScope::Window,
        carry: [None; 4],
        plane: None,
    }
}

/// T, which tests know to be positive.
pub fn threshold(t: u32) -> Threshold {
    Threshold::new(t).unwrap()
}

/// Where failing windows are written.
pub const FOLDER: &str = "reports/mismatch";

/// Rows further apart than this are not replayed: the replay's memory has all words between.
const MAX_PITCH: u32 = 1 << 16;

/// What a test knows of a window besides the window.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The test, and what it was about to show; part of the folder's name.
    pub what: String,
    /// What the operands are.
    pub operands: String,
    /// The window's number in the test.
    pub number: usize,
    /// The test's seed; 0 where nothing is random.
    pub seed: u64,
    /// The command that runs the test again.
    pub repeat: String,
}

/// The window that the bench ran last, in full.
pub fn case(bench: &Bench, window: &Window, origin: &Origin) -> WindowCase {
    let run = &window.run;
    let fetched = bench.held.as_ref().filter(|_| run.reuse);
    let fetched_by = fetched.map(|(window, stream)| window.operands(*stream));
    // Each transaction takes a stream, and the bench stands at the next one.
    let mut operands = window.of(&bench.parameters).operands(bench.stream.saturating_sub(1));
    // The address of a window that is used again is not read.
    let fetch = fetched.map_or(*run, |(window, _)| window.run);
    (operands.run.addr, operands.run.pitch) = (fetch.addr, fetch.pitch);
    let place = Place {
        experiment: "unit_test".to_owned(),
        dataset: origin.operands.clone(),
        network: FILTERS.to_owned(),
        layer: origin.what.clone(),
        image: origin.number,
        configuration: format!("{}-xseed{}", run.mode, bench.options.x_seed),
        ..Place::default()
    };
    WindowCase {
        place,
        unit: bench.parameters,
        seed: origin.seed,
        x_seed: bench.options.x_seed,
        stall_seed: bench.options.stalls.map(|stalls| stalls.seed),
        threshold: run.threshold,
        window: operands,
        fetched_by,
    }
}

/// Writes the case into a folder of `parent`, and returns what to tell the engineer.
pub fn report(case: &WindowCase, found: &[String], origin: &Origin, parent: &Path) -> String {
    let mut text = format!("{}: {}\n", case.unit, origin.what);
    for difference in found {
        let _ = writeln!(text, "  {difference}");
    }
    let memory = if case.stall_seed.is_some() { "waits" } else { "does not wait" };
    let _ = writeln!(
        text,
        "window {} of seed {}, x-seed {}; the memory {memory}",
        origin.number, origin.seed, case.x_seed
    );
    if case.window.run.pitch > MAX_PITCH {
        let _ = writeln!(text, "no replay: the pitch is {}", case.window.run.pitch);
    } else {
        match investigate::<WindowUnit>(case, parent) {
            Ok(replayed) => {
                if replayed.agrees() {
                    let _ =
                        writeln!(text, "alone, from reset, it agrees: it needs what came before");
                }
                let replay = replay_command(&replayed.folder);
                let _ = writeln!(text, "replay with a waveform:  {replay}");
            }
            Err(error) => {
                let _ = writeln!(text, "its replay failed: {error}");
            }
        }
    }
    let _ = writeln!(text, "the whole test again:    {}", origin.repeat);
    text
}
