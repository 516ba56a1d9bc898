// SPDX-License-Identifier: MIT OR Apache-2.0
//! Mismatches again, from reset, with a waveform.

use std::fs;
use std::path::{Path, PathBuf};

use model::conv::MAX_SIDE;
use model::elf::{ElfError, Executable};

use super::case::{CASE_FILE, PROGRAM_FILE, ProgramCase, WindowCase};
use super::cosimulation::{Cosimulation, End};
use super::lockstep::Mismatch;
use super::report;
use super::symbols::Symbols;
use super::under_test::{
    self, BoxError, ReplayError, Replayed, UnitUnderTest, Waveform, case_folder, create, write,
    write_json,
};
use super::unit::{Memory, Outcome, UnitDriver};
use crate::hw::Build;

/// Cycles that the waveform goes on after a window is done.
const CYCLES_AFTER_WINDOW: u32 = 4;

/// The unit, for windows that are run alone.
#[derive(Debug)]
pub struct WindowUnit(UnitDriver);

impl UnitUnderTest for WindowUnit {
    type Transaction = WindowCase;
    type Outcome = Outcome;

    fn open(first: &WindowCase, build: Build) -> Result<Self, BoxError> {
        first.check()?;
        Ok(Self(UnitDriver::open(&first.unit, &first.options(build))?))
    }

    /// From reset; a window that is used again comes after the run that fetched it.
    fn run(&mut self, case: &WindowCase) -> Result<Outcome, BoxError> {
        let (unit, window) = (&mut self.0, &case.window);
        // What is fetched is the window of this run, or that of the run before it.
        let fetched = case.fetched_by.as_ref().unwrap_or(window);
        let (side, run) = (fetched.window_side() as u32, &fetched.run);
        let last_word = run.addr / 4 + (side - 1) * run.pitch + side;
        // The kernels lie behind the window. A beat of the widest port may reach past the last word.
        let kernel_addr = 4 * last_word.next_multiple_of(4);
        let other_addr = kernel_addr + 4 * (window.weights.len() as u32).next_multiple_of(4);
        let end = other_addr as usize / 4 + MAX_SIDE * MAX_SIDE;
        *unit.memory() = Memory::new(end.next_multiple_of(4));
        for (row, words) in (0..).zip(fetched.words.chunks_exact(side as usize)) {
            unit.memory().write(run.addr + 4 * row * run.pitch, words);
        }
        unit.memory().write(kernel_addr, &window.weights);

        unit.reset()?;
        unit.set_stream(0);
        if let Some(fetch) = &case.fetched_by {
            unit.memory().write(other_addr, &fetch.weights);
            unit.load_kernel(fetch.run.slot, fetch.side as u32, other_addr)?;
        }
        // Last, so that a kernel in the same slot is this one, but before the window comes in.
        unit.load_kernel(window.run.slot, window.side as u32, kernel_addr)?;
        if let Some(fetch) = &case.fetched_by {
            unit.set_stream(fetch.stream);
            unit.run_window(&fetch.run)?;
        }
        unit.set_stream(window.stream);
        let outcome = unit.run_window(&window.run)?;
        unit.idle(CYCLES_AFTER_WINDOW)?;
        Ok(outcome)
    }

    fn trace(&mut self, wave: Option<&Path>) -> Result<(), BoxError> {
        match wave {
            Some(wave) => self.0.open_trace(wave)?,
            None => self.0.close_trace()?,
        }
        Ok(())
    }

    fn differences(case: &WindowCase, outcome: &Outcome) -> Vec<String> {
        let waits = case.stall_seed.is_some();
        match case.expected() {
            Ok(expected) => expected
                .compare(&case.unit, &case.window.run, outcome, waits)
                .iter()
                .map(ToString::to_string)
                .collect(),
            Err(error) => vec![error.to_string()],
        }
    }

    fn name(case: &WindowCase) -> String {
        case.name()
    }

    fn describe(case: &WindowCase, outcome: Option<&Outcome>) -> String {
        match case.expected() {
            Ok(expected) => report::window(case, &expected, outcome),
            Err(error) => error.to_string(),
        }
    }

    fn save_file(case: &WindowCase, outcome: Option<&Outcome>) -> Option<String> {
        Some(report::window_save_file(&case.unit, outcome))
    }
}

/// Cycles of a program's waveform up to the mismatch.
const CYCLES_BEFORE: u64 = 200;
/// And behind it.
const CYCLES_AFTER: u64 = 8;
/// Where the traced build is given up if it does not differ.
const CYCLES_GRACE: u64 = 1000;

/// What is known about a program that differs.
#[derive(Debug)]
pub struct Investigation {
    pub folder: PathBuf,
    pub report: PathBuf,
    /// The waveform: 200 cycles up to the mismatch, and a few more.
    pub wave: PathBuf,
    /// Whether the traced build differs in the same way.
    pub reproduced: bool,
}

/// Runs the program of a mismatch again in the traced build and writes, into a folder of its own
/// below `parent`: the program, the case, the report, the waveform around the mismatch, and a GTKWave
/// save file. `elf` is the program's file.
pub fn investigate_program(
    elf: &[u8],
    case: &ProgramCase,
    mismatch: &Mismatch,
    parent: &Path,
) -> Result<Investigation, ReplayError> {
    // A program of another content is another case.
    let folder = case_folder(parent, &case.name(), &(case, elf));
    investigate_in(elf, case, mismatch, &folder)
}

fn investigate_in(
    elf: &[u8],
    case: &ProgramCase,
    mismatch: &Mismatch,
    folder: &Path,
) -> Result<Investigation, ReplayError> {
    let path = folder.join(PROGRAM_FILE);
    let program = Executable::parse(elf, case.soc.ram_bytes)
        .map_err(|source| ReplayError::Program { path: path.clone(), source })?;
    let case = ProgramCase { mismatch_cycle: Some(mismatch.cycle), ..case.clone() };
    create(folder)?;
    write(&path, elf)?;
    write_json(&folder.join(CASE_FILE), &case)?;

    let wave = folder.join("wave.vcd");
    let mut again = Cosimulation::open(&program, &case, Build::Vcd, true)?;
    let begin = again.system().time();
    let mut end = again.run(mismatch.cycle.saturating_sub(CYCLES_BEFORE))?;
    let waveform = Waveform::create(&wave)?;
    again.system().open_trace(waveform.temporary())?;
    if end == End::Limit {
        end = again.run(mismatch.cycle + CYCLES_GRACE)?;
    }
    if let End::Mismatch(_) = end {
        // The RTL may have more to complain about.
        let _ = again.system().run(CYCLES_AFTER);
    }
    waveform.finish(again.system().close_trace())?;

    let reproduced = matches!(&end, End::Mismatch(other) if **other == *mismatch);
    let time = begin + mismatch.cycle * report::CYCLE_TIME;
    let save_file = report::program_save_file("The program of a mismatch report", "wave.vcd", time);
    write(&folder.join("wave.gtkw"), save_file)?;
    let report = folder.join("report.txt");
    let symbols = Symbols::read(elf);
    let text = report::program(&case, mismatch, reproduced, begin, folder, &symbols);
    write(&report, text)?;
    Ok(Investigation { folder: folder.to_owned(), report, wave, reproduced })
}

/// A mismatch that was run again.
#[derive(Debug)]
pub enum Again {
    Window(Replayed<Outcome>),
    /// A program: how it ended, and its new report if it still differs.
    Program(End, Option<Investigation>),
}

/// Runs the window, or the program, of a mismatch folder again and writes its files anew.
pub fn replay(folder: &Path) -> Result<Again, ReplayError> {
    let path = folder.join(PROGRAM_FILE);
    if !path.is_file() {
        let case = WindowCase::read(folder)?;
        return Ok(Again::Window(under_test::replay_in::<WindowUnit>(&case, folder)?));
    }
    let case = ProgramCase::read(folder)?;
    let elf = fs::read(&path).map_err(|source| ReplayError::Program {
        path: path.clone(),
        source: ElfError::Read { path: path.clone(), source },
    })?;
    let program = Executable::parse(&elf, case.soc.ram_bytes)
        .map_err(|source| ReplayError::Program { path, source })?;
    let grace = case.mismatch_cycle.map(|cycle| cycle.saturating_add(CYCLES_GRACE));
    let limit = case.max_cycles.or(grace);
    let mut again = Cosimulation::open(&program, &case, Build::Fast, true)?;
    let end = again.run(limit.unwrap_or(u64::MAX))?;
    let investigation = match &end {
        End::Mismatch(mismatch) => Some(investigate_in(&elf, &case, mismatch, folder)?),
        _ => None,
    };
    Ok(Again::Program(end, investigation))
}
