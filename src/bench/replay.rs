//! Runs a differing program again, with a waveform.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::case::{CaseError, PROGRAM_FILE, ProgramCase};
use super::cosimulation::{Cosimulation, End, RunError};
use super::mismatch::Mismatch;
use super::report::{self, Replay};
use crate::check::{case_file, gtkwave};
use crate::dut::soc::{ElfError, Program, SocBuild, SocError};
use study::report::atomic::{WriteError, write_atomic};

/// Cycles of the waveform up to the mismatch.
const CYCLES_BEFORE: u64 = 200;
/// And behind it.
const CYCLES_AFTER: u64 = 8;
/// Where the traced build is given up if it does not differ.
const CYCLES_GRACE: u64 = 1000;

/// Why a mismatch could not be followed up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvestigationError {
    /// The case cannot be run.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// The program in the folder is none.
    #[error("{}: {source}", path.display())]
    Program {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ElfError,
    },
    /// It cannot be run.
    #[error(transparent)]
    Run(#[from] RunError),
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

impl From<SocError> for InvestigationError {
    fn from(error: SocError) -> Self {
        Self::Run(error.into())
    }
}

/// What is known about a mismatch.
#[derive(Debug)]
pub struct Investigation {
    /// The folder of all files.
    pub folder: PathBuf,
    /// The report.
    pub report: PathBuf,
    /// The waveform: 200 cycles up to the mismatch, and a few more.
    pub wave: PathBuf,
    /// Whether the traced build differs in the same way.
    pub reproduced: bool,
}

/// Runs the program of a mismatch again in the traced build and writes into `folder`: the program,
/// the case, the report, the waveform around the mismatch, and a GTKWave save file. `elf` is the
/// program's file.
pub fn investigate(
    elf: &[u8],
    case: &ProgramCase,
    mismatch: &Mismatch,
    folder: &Path,
) -> Result<Investigation, InvestigationError> {
    let soc = case.parameters()?;
    let program_file = folder.join(PROGRAM_FILE);
    let program = Program::parse(elf, soc.ram_bytes)
        .map_err(|source| InvestigationError::Program { path: program_file.clone(), source })?;
    let case = ProgramCase { mismatch_cycle: Some(mismatch.cycle), ..case.clone() };
    fs::create_dir_all(folder)
        .map_err(|source| InvestigationError::Folder { folder: folder.to_owned(), source })?;
    write_atomic(&program_file, |file| file.write_all(elf))?;
    case_file::write(folder, &case)?;

    let wave = folder.join("wave.vcd");
    let mut again = Cosimulation::open(&program, &case, SocBuild::Vcd, true)?;
    let begin = again.soc().time();
    let mut end = again.run(mismatch.cycle.saturating_sub(CYCLES_BEFORE))?;
    again.soc().open_trace(&wave)?;
    if end == End::Limit {
        end = again.run(mismatch.cycle + CYCLES_GRACE)?;
    }
    if let End::Mismatch(_) = end {
        // The RTL may have more to complain about.
        let _ = again.soc().run(CYCLES_AFTER);
    }
    again.soc().close_trace()?;

    let reproduced = matches!(&end, End::Mismatch(other) if **other == *mismatch);
    let replay = if reproduced { Replay::Same } else { Replay::Other };
    gtkwave::write_soc(&folder.join("wave.gtkw"))?;
    let report = folder.join("report.txt");
    let text = report::describe(&case, soc, mismatch, &replay, begin, folder);
    write_atomic(&report, |file| file.write_all(text.as_bytes()))?;
    Ok(Investigation { folder: folder.to_owned(), report, wave, reproduced })
}

/// Runs the program of a mismatch folder again, and if it still differs investigates it anew;
/// without a mismatch there is no investigation.
pub fn replay(folder: &Path) -> Result<(End, Option<Investigation>), InvestigationError> {
    let case = ProgramCase::read(folder)?;
    let path = folder.join(PROGRAM_FILE);
    let elf = fs::read(&path).map_err(|source| InvestigationError::Program {
        path: path.clone(),
        source: ElfError::Read { path: path.clone(), source },
    })?;
    let program = Program::parse(&elf, case.parameters()?.ram_bytes)
        .map_err(|source| InvestigationError::Program { path, source })?;
    let limit = case.max_cycles.or(case.mismatch_cycle.map(|cycle| cycle + CYCLES_GRACE));
    let mut again = Cosimulation::open(&program, &case, SocBuild::Fast, true)?;
    let end = again.run(limit.unwrap_or(u64::MAX))?;
    let End::Mismatch(mismatch) = &end else { return Ok((end, None)) };
    let investigation = investigate(&elf, &case, mismatch, folder)?;
    Ok((end, Some(investigation)))
}
