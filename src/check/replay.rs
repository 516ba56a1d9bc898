//! Runs a differing window again, alone, in a traced build.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::case::{CASE_FILE, Case, CaseError};
use super::expected::{Difference, ExpectedWindow};
use super::{gtkwave, report};
use crate::dut::{Build, DutError, Memory, Outcome, open};
use crate::report::atomic::{WriteError, write_atomic};

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

/// Runs the case from reset in the traced build of its unit and writes into `folder`: the case,
/// the report, the waveform from reset to a few cycles past done, and a GTKWave save file.
pub fn replay(case: &Case, folder: &Path) -> Result<Replayed, ReplayError> {
    case.check()?;
    fs::create_dir_all(folder)
        .map_err(|source| ReplayError::Folder { folder: folder.to_owned(), source })?;
    write_atomic(&folder.join(CASE_FILE), |file| {
        serde_json::to_writer_pretty(&mut *file, case)?;
        writeln!(file)
    })?;

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

    let last_word = case.addr / 4 + (side as u32 - 1) * case.pitch + side as u32;
    let kernel_words = (case.side * case.side) as u32;
    // The kernel lies behind the window. A beat of the widest port may reach past the last word.
    let kernel_addr = 4 * last_word.next_multiple_of(4);
    let words = (kernel_addr / 4 + kernel_words).next_multiple_of(4);
    *unit.memory() = Memory::new(words as usize);
    for (row, words) in case.words.chunks_exact(side).enumerate() {
        unit.memory().write(case.addr + 4 * row as u32 * case.pitch, words);
    }
    unit.memory().write(kernel_addr, &case.weights);

    unit.open_trace(wave)?;
    unit.reset()?;
    unit.set_stream(0);
    unit.load_kernel(case.side as u32, kernel_addr)?;
    unit.set_stream(case.stream);
    let outcome = unit.run_window(&run)?;
    unit.idle(CYCLES_AFTER)?;
    unit.close_trace()?;
    Ok(outcome)
}
