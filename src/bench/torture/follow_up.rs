//! Makes a program that differs small, and writes the report of what is left.

use std::path::Path;

use torture::elf;
use torture::assemble;
use super::run::{TortureError, case, run, signature};
use torture::shrink;
use torture::Stimulus;
use crate::check::lockstep::{Investigation, InvestigationError, Mismatch, investigate};
use crate::dut::soc::SocParameters;
use study::report::atomic::{WriteError, write_atomic};

/// Candidates that are tried at most.
const TRIES: usize = 4000;
/// Cycles that a candidate may take longer than the program it comes from.
const GRACE: u64 = 20_000;

/// The names of the stimulus's and of the listing's file in the report's folder.
const STIMULUS_FILE: &str = "stimulus.json";
const LISTING_FILE: &str = "program.txt";

/// Why a program could not be followed up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FollowUpError {
    /// It cannot be run.
    #[error(transparent)]
    Torture(#[from] TortureError),
    /// It cannot be investigated.
    #[error(transparent)]
    Investigation(#[from] InvestigationError),
    /// A file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// A small program that differs as the given one does.
#[derive(Debug)]
pub struct FollowUp {
    /// The program.
    pub stimulus: Stimulus,
    /// Where it differs.
    pub mismatch: Box<Mismatch>,
    /// Its instructions as text.
    pub listing: String,
    /// The report, with the waveform.
    pub investigation: Investigation,
}

/// The smallest stimulus found that still differs in the same kinds of things at the same kind of
/// instruction.
pub fn shrink_mismatch(
    stimulus: &Stimulus,
    mismatch: &Mismatch,
    soc: &'static SocParameters,
) -> Stimulus {
    let (wanted, cycles) = (signature(mismatch), mismatch.cycle + GRACE);
    shrink(stimulus, TRIES, |candidate| {
        // One that cannot be run, or does not end, does not differ.
        let outcome = run(candidate, soc, cycles);
        outcome.is_ok_and(|it| it.mismatch.is_some_and(|found| signature(&found) == wanted))
    })
}

/// Shrinks a program that differs, and writes into a folder under `out`: the small program with
/// its report and waveform, the stimulus, and the listing.
pub fn follow_up(
    stimulus: &Stimulus,
    mismatch: &Mismatch,
    soc: &'static SocParameters,
    out: &Path,
) -> Result<FollowUp, FollowUpError> {
    let small = shrink_mismatch(stimulus, mismatch, soc);
    let outcome = run(&small, soc, mismatch.cycle + GRACE)?;
    // What differs once differs again: a run depends on its stimulus alone.
    let mismatch = outcome.mismatch.unwrap_or_else(|| Box::new(mismatch.clone()));
    let image = assemble(&small.program).map_err(TortureError::from)?;
    let listing = image.listing();
    let case = case(&small, soc);
    let folder = out.join(case.id());
    let investigation = investigate(&elf(&image), &case, &mismatch, &folder)?;
    write_atomic(&folder.join(STIMULUS_FILE), |file| {
        serde_json::to_writer_pretty(&mut *file, &small)?;
        writeln!(file)
    })?;
    write_atomic(&folder.join(LISTING_FILE), |file| file.write_all(listing.as_bytes()))?;
    Ok(FollowUp { stimulus: small, mismatch, listing, investigation })
}
