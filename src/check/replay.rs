//! Runs a differing window again, alone, in a traced build.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::case::{Case, CaseError};
use super::expected::{Difference, ExpectedWindow};
use super::{case_file, gtkwave, report};
use crate::dut::{Build, DutError, Memory, Outcome, open};
use model::conv::MAX_SIDE;
use study::report::atomic::{WriteError, write_atomic};

/// Cycles that the waveform goes on after the window is done.
const CYCLES_AFTER: u32 = 4;

/// Why a replay failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The case cannot be run.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// The unit cannot be run.
    #[error(transparent)]
    Dut(#[from] DutError),
    /// The folder cannot be made.
    #[error("cannot create {}: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What a replay found.
#[derive(Debug)]
pub struct Replayed {
    /// The golden outcome.
    pub expected: ExpectedWindow,
    /// The unit's, or why it has none.
    pub outcome: Result<Outcome, DutError>,
    /// How they differ; empty if the difference needs what came before the window.
    pub differences: Vec<Difference>,
    /// The waveform.
    pub wave: PathBuf,
    /// The report.
    pub report: PathBuf,
}

/// Runs the case from reset (a window that is used again after the run that fetched it) in the traced build of its unit and writes into `folder`: the case,
/// the report, the waveform from reset to a few cycles past done, and a GTKWave save file.
pub fn replay(case: &Case, folder: &Path) -> Result<Replayed, ReplayError> {
    case.check()?;
    fs::create_dir_all(folder)
        .map_err(|source| ReplayError::Folder { folder: folder.to_owned(), source })?;
    case_file::write(folder, case)?;

    let expected = case.expected()?;
    let wave = folder.join("wave.vcd");
    let outcome = match run(case, &wave) {
        Err(ReplayError::Dut(error)) => Err(error),
        outcome => Ok(outcome?),
    };
    let options = case.options(Build::Traced);
    let unit = case.parameters()?;
    let waits = options.stalls.is_some();
    let differences = match &outcome {
        Ok(outcome) => expected.compare(unit, &case.run()?, outcome, waits),
        Err(_) => Vec::new(),
    };

    gtkwave::write(&folder.join("wave.gtkw"), unit)?;
    let report = folder.join("report.txt");
    let text = report::describe(case, &expected, outcome.as_ref(), &differences, folder)?;
    write_atomic(&report, |file| file.write_all(text.as_bytes()))?;
    Ok(Replayed { expected, outcome, differences, wave, report })
}

fn run(case: &Case, wave: &Path) -> Result<Outcome, ReplayError> {
    let side = case.tile().window_side(case.side);
    let run = case.run()?;
    let mut unit = open(case.parameters()?, &case.options(Build::Traced))?;

    // What is fetched is the window of this run, or that of the run before it.
    let (side, words) = match &case.fetched_by {
        Some(fetch) => (fetch.window_side(), &fetch.words),
        None => (side, &case.words),
    };
    let last_word = case.addr / 4 + (side as u32 - 1) * case.pitch + side as u32;
    // The kernels lie behind the window. A beat of the widest port may reach past the last word.
    let kernel_addr = 4 * last_word.next_multiple_of(4);
    let other_addr = kernel_addr + 4 * ((case.side * case.side) as u32).next_multiple_of(4);
    let end = other_addr / 4 + (MAX_SIDE * MAX_SIDE) as u32;
    *unit.memory() = Memory::new(end.next_multiple_of(4) as usize);
    for (row, words) in words.chunks_exact(side).enumerate() {
        unit.memory().write(case.addr + 4 * row as u32 * case.pitch, words);
    }
    unit.memory().write(kernel_addr, &case.weights);

    unit.open_trace(wave)?;
    unit.reset()?;
    unit.set_stream(0);
    if let Some(fetch) = &case.fetched_by {
        unit.memory().write(other_addr, &fetch.weights);
        unit.load_kernel(fetch.slot, fetch.side as u32, other_addr)?;
    }
    // Last, so that a kernel in the same slot is this one, but before the window comes in.
    unit.load_kernel(case.slot, case.side as u32, kernel_addr)?;
    if let Some(fetch) = &case.fetched_by {
        unit.set_stream(fetch.stream);
        unit.run_window(&fetch.run(case.addr, case.pitch)?)?;
    }
    unit.set_stream(case.stream);
    let outcome = unit.run_window(&run)?;
    unit.idle(CYCLES_AFTER)?;
    unit.close_trace()?;
    Ok(outcome)
}
