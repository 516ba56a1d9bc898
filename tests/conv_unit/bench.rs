//! One unit on the bench, with a memory full of noise and a tally of what its counters must say.

use std::path::Path;

use convapprox::check::Difference;
use convapprox::dut::{
    CommandError, ConvUnit, Counters, DutError, Memory, Outcome, Stalls, UNITS, UnitOptions,
    UnitParameters, WindowRun, open,
};

use crate::mismatch::{self, Origin};
use crate::window::Window;

/// Where kernels lie in the memory. It is aligned for every port, and below all windows.
pub const KERNEL_ADDR: u32 = 0;

/// The first byte of the memory that is free for windows.
pub const WINDOW_ADDR: u32 = 256;

/// Words of the memory.
pub const MEMORY_WORDS: u32 = 2048;

/// Two seeds of what registers hold before they are written; every test that can takes both.
pub const X_SEEDS: [u64; 2] = [1, 0x5eed];

/// Every unit with each of the [`X_SEEDS`].
pub fn units_and_x_seeds() -> impl Iterator<Item = (&'static UnitParameters, u64)> {
    UNITS.iter().flat_map(|unit| X_SEEDS.map(|x_seed| (unit, x_seed)))
}

/// What a word of the memory holds at first: never zero, and never the same twice.
pub fn noise(index: u32) -> i32 {
    (index + 1).wrapping_mul(0x9e37_79b1) as i32
}

/// A unit, and what its counters must say.
pub struct Bench {
    /// The unit.
    pub unit: Box<dyn ConvUnit>,
    /// Its parameters.
    pub parameters: &'static UnitParameters,
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
    pub fn new(parameters: &'static UnitParameters, x_seed: u64, stalls: Option<Stalls>) -> Self {
        let options = UnitOptions { x_seed, stalls, ..UnitOptions::default() };
        let mut unit = open(parameters, &options).unwrap();
        let noise: Vec<i32> = (0..MEMORY_WORDS).map(noise).collect();
        *unit.memory() = Memory::new(noise.len());
        unit.memory().write(0, &noise);
        unit.clear_counters().unwrap();
        let cleared_at = unit.cycles();
        let expected = Counters::default();
        Self { unit, parameters, stream: 0, options, held: None, expected, cleared_at }
    }

    /// Loads the window's kernel. Returns the cycles it took.
    pub fn load(&mut self, window: &Window) -> u32 {
        self.load_at(window, KERNEL_ADDR)
    }

    /// Loads the window's kernel from a byte address.
    pub fn load_at(&mut self, window: &Window, addr: u32) -> u32 {
        self.try_load_at(window, addr).unwrap()
    }

    /// Loads the window's kernel from a byte address, where a failure is to be reported.
    pub fn try_load_at(&mut self, window: &Window, addr: u32) -> Result<u32, DutError> {
        let side = window.side as u32;
        self.unit.memory().write(addr, &window.weights);
        self.unit.set_stream(self.stream);
        self.stream += 1;
        self.held = None;
        let cycles = self.unit.load_kernel(window.run.slot, side, addr)?;
        let beats = self.parameters.beats(addr, side, side);
        self.expected = self.expected.plus(&Counters {
            memory_words: side * side,
            memory_beats: beats,
            cycles_idle: 1,
            // The last word arrives three cycles before the end.
            cycles_get_data: cycles - 3,
            cycles_stage_1: 1,
            cycles_stage_2: 1,
            cycles_done: 1,
            ..Counters::default()
        });
        if self.options.stalls.is_none() {
            assert_eq!(cycles, beats + 4, "{}: a kernel of side {side}", self.parameters.name);
        }
        Ok(cycles)
    }

    /// Runs the window; its kernel is loaded. An error of the unit is a failure of the test.
    #[track_caller]
    pub fn run(&mut self, window: &Window, origin: &Origin) -> Outcome {
        self.try_run(window).unwrap_or_else(|error| {
            let found = [format!("the unit did not finish: {error}")];
            self.fail(window, &found, origin)
        })
    }

    fn try_run(&mut self, window: &Window) -> Result<Outcome, DutError> {
        let WindowRun { addr, pitch, tile, reuse, .. } = window.run;
        if !reuse {
            window.write_to(self.unit.memory());
        }
        self.unit.set_stream(self.stream);
        self.stream += 1;
        let outcome = self.unit.run_window(&window.run)?;
        if !reuse {
            self.held = Some((window.clone(), self.stream - 1));
        }
        // A window that is used again is not fetched, and its logs are there.
        let side = if reuse { 0 } else { window.window_side() as u32 };
        let products = (tile.outputs() * window.side.pow(2)) as u32;
        let kept = outcome.keep.count_ones();
        self.expected = self.expected.plus(&Counters {
            windows: 1,
            multiplications_done: kept,
            multiplications_skipped: products.wrapping_sub(kept),
            memory_words: side * side,
            memory_beats: self.parameters.beats(addr, pitch, side),
            cycles_idle: 1,
            cycles_get_data: outcome.last_word_cycle,
            cycles_stage_1: u32::from(!reuse),
            cycles_stage_2: self.parameters.issue_cycles(kept).max(1),
            cycles_stage_3: u32::from(kept > 0),
            cycles_done: 1,
        });
        Ok(outcome)
    }

    /// Records the window that ran last as a mismatch, and panics.
    #[track_caller]
    pub fn fail(&self, window: &Window, found: &[String], origin: &Origin) -> ! {
        let case = mismatch::case(self, window, origin);
        panic!("{}", mismatch::report(&case, found, origin, Path::new(mismatch::FOLDER)))
    }

    /// How an outcome of the window differs from the golden model.
    pub fn differences(&self, window: &Window, outcome: &Outcome) -> Vec<Difference> {
        let expected = window.expected(self.parameters.log_frac);
        expected.compare(self.parameters, &window.run, outcome, self.options.stalls.is_some())
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
            repeat: format!("cargo test --release --test conv_unit {test}"),
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
        command: impl FnOnce(&mut dyn ConvUnit) -> Result<T, DutError>,
    ) {
        self.check_counters(what);
        let result = command(&mut *self.unit);
        let name = self.parameters.name;
        assert!(
            matches!(&result, Err(DutError::Command(found)) if *found == error),
            "{name}: {what}: {result:?} instead of {error:?}"
        );
        let after = self.unit.counters().unwrap();
        let cycles = Counters {
            cycles_idle: after.cycles_idle,
            cycles_get_data: after.cycles_get_data,
            cycles_done: after.cycles_done,
            ..self.expected
        };
        // A window that fails has taken words in; the contract does not say how many.
        let memory = match error {
            CommandError::Refused => cycles,
            CommandError::Bus => Counters {
                memory_words: after.memory_words,
                memory_beats: after.memory_beats,
                ..cycles
            },
        };
        assert_eq!(after, memory, "{name}: {what}: the counters after, as they must be");
        self.expected = after;
    }

    /// Compares the counters with the tally, and the sum of all states with the clock.
    #[track_caller]
    pub fn check_counters(&mut self, what: &str) {
        let actual = self.unit.counters().unwrap();
        let name = self.parameters.name;
        assert_eq!(actual, self.expected, "{name}: {what}: the unit's counters, the tally");
        let clock = self.unit.cycles() - self.cleared_at;
        assert_eq!(u64::from(actual.cycles()), clock, "{name}: {what}: cycles in all states");
    }
}
