// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random programs on the system, beside the reference: many of them, and the small one that is left
//! of the first that differs.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use model::isa::disassemble;
use rayon::prelude::*;
use torture::{
    Coverage, Image, LayoutError, Recorder, Stimulus, assemble, generate, program_seed, shrink,
};

use super::case::ProgramCase;
use super::cosimulation::{Cosimulation, End};
use super::lockstep::{Difference, Mismatch};
use super::replay::{Investigation, investigate_program};
use super::system::SystemError;
use super::under_test::{ReplayError, write, write_json};
use crate::hw::{Build, SocParameters};

/// Programs that a thread has before it at a time.
const PROGRAMS_A_THREAD: usize = 4;

/// What is run.
#[derive(Debug, Clone, Copy)]
pub struct Campaign {
    pub soc: SocParameters,
    /// Seed of the seeds of all programs.
    pub seed: u64,
    /// Instructions that are to retire.
    pub instructions: u64,
    /// Threads. The result does not depend on how many there are.
    pub jobs: usize,
}

/// What has been run.
#[derive(Debug)]
pub struct Findings {
    /// Instructions that have retired in lockstep.
    pub instructions: u64,
    /// Clock cycles that they took.
    pub cycles: u64,
    /// Programs.
    pub programs: u64,
    /// What they have exercised.
    pub coverage: Coverage,
    /// The first program that differs, after which nothing is run.
    pub failure: Option<(Stimulus, Box<Mismatch>)>,
    /// Whether it was stopped before its end.
    pub stopped: bool,
}

impl Campaign {
    /// Runs one program after the other, in order, until enough instructions have retired, a program
    /// differs, or `stop` is set. `progress` is told of the instructions so far.
    ///
    /// # Panics
    /// If threads cannot be started.
    pub fn run(
        &self,
        stop: &AtomicBool,
        mut progress: impl FnMut(u64),
    ) -> Result<Findings, TortureError> {
        let threads = rayon::ThreadPoolBuilder::new().num_threads(self.jobs).build();
        let threads = threads.expect("threads can be started");
        let mut findings = Findings {
            instructions: 0,
            cycles: 0,
            programs: 0,
            coverage: Coverage::new(&self.soc.hart().unit),
            failure: None,
            stopped: false,
        };
        let batch = (self.jobs * PROGRAMS_A_THREAD) as u64;
        for first in (0..).step_by(batch as usize) {
            if stop.load(Ordering::Relaxed) {
                findings.stopped = true;
                break;
            }
            let results: Vec<_> = threads.install(|| {
                (first..first + batch).into_par_iter().map(|index| self.program(index)).collect()
            });
            // What lies behind the end of the run does not count, so that it is the same one for
            // any number of threads.
            for result in results {
                let (stimulus, outcome) = result?;
                if self.take(&mut findings, stimulus, outcome).is_break() {
                    return Ok(findings);
                }
            }
            progress(findings.instructions);
        }
        Ok(findings)
    }

    fn program(&self, index: u64) -> Result<(Stimulus, Outcome), TortureError> {
        let (stimulus, image) = generate(program_seed(self.seed, index), &self.soc.hart().unit);
        let outcome = run_image(&stimulus, &image, &self.soc, MAX_CYCLES)?;
        Ok((stimulus, outcome))
    }

    fn take(
        &self,
        findings: &mut Findings,
        stimulus: Stimulus,
        outcome: Outcome,
    ) -> ControlFlow<()> {
        findings.instructions += outcome.instructions;
        findings.cycles += outcome.cycles;
        findings.programs += 1;
        findings.coverage.add(&outcome.coverage);
        findings.failure = outcome.mismatch.map(|mismatch| (stimulus, mismatch));
        if findings.failure.is_some() || findings.instructions >= self.instructions {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

/// More cycles than any program takes, however the memory waits.
pub const MAX_CYCLES: u64 = 2_000_000;

/// Why a random program cannot be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TortureError {
    /// It has no image.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The system cannot run it.
    #[error(transparent)]
    Run(#[from] SystemError),
    /// It cannot be followed up.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// It has not ended, without a difference.
    #[error(
        "the program of seed {seed} has not ended after {cycles} cycles, although core and reference agree: the generator let it"
    )]
    Endless { seed: u64, cycles: u64 },
}

/// What became of a program.
#[derive(Debug)]
pub struct Outcome {
    /// Instructions that have retired.
    pub instructions: u64,
    /// Clock cycles.
    pub cycles: u64,
    /// What they have exercised.
    pub coverage: Coverage,
    /// Where the core and the reference differ.
    pub mismatch: Option<Box<Mismatch>>,
}

/// How a program is run on a system.
pub fn case(stimulus: &Stimulus, soc: &SocParameters) -> ProgramCase {
    ProgramCase {
        program: "torture".to_owned(),
        soc: *soc,
        x_seed: stimulus.seed,
        wait_states: stimulus.wait_states,
        stall_seed: (stimulus.stall_seed != 0).then_some(stimulus.stall_seed),
        interrupts: stimulus.interrupts.clone(),
        max_cycles: Some(MAX_CYCLES),
        ..ProgramCase::default()
    }
}

/// Runs a program to its end or to the first difference, for at most so many cycles.
pub fn run(
    stimulus: &Stimulus,
    soc: &SocParameters,
    max_cycles: u64,
) -> Result<Outcome, TortureError> {
    run_image(stimulus, &assemble(&stimulus.program)?, soc, max_cycles)
}

fn run_image(
    stimulus: &Stimulus,
    image: &Image,
    soc: &SocParameters,
    max_cycles: u64,
) -> Result<Outcome, TortureError> {
    let program = &image.executable;
    let mut both = Cosimulation::open(program, &case(stimulus, soc), Build::Fast, true)?;
    let mut recorder = Recorder::new(&soc.hart().unit);
    let end = both.run_with(max_cycles, |retire| recorder.record(retire))?;
    let cycles = both.system().cycles();
    let instructions = both.reference().map_or(0, |reference| reference.instructions());
    let mismatch = match end {
        End::Tohost(_) => None,
        End::Mismatch(mismatch) => Some(mismatch),
        End::Limit | End::Hang { .. } => {
            return Err(TortureError::Endless { seed: stimulus.seed, cycles });
        }
    };
    Ok(Outcome { instructions, cycles, coverage: recorder.finish(), mismatch })
}

/// What makes two mismatches alike: the kinds of differences, and the instruction.
pub fn signature(mismatch: &Mismatch) -> (Vec<std::mem::Discriminant<Difference>>, String) {
    let kinds = mismatch.differences.iter().map(std::mem::discriminant).collect();
    let last = mismatch.history.last();
    let text = last.map_or(String::new(), |last| disassemble(last.insn, last.pc));
    (kinds, text.split(' ').next().unwrap_or_default().to_owned())
}

/// Candidates that are tried at most.
const TRIES: usize = 4000;
/// Cycles that a candidate may take longer than the program it comes from.
const GRACE: u64 = 20_000;

/// The names of the stimulus's and of the listing's file in the report's folder.
const STIMULUS_FILE: &str = "stimulus.json";
const LISTING_FILE: &str = "program.txt";

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
pub fn shrink_mismatch(stimulus: &Stimulus, mismatch: &Mismatch, soc: &SocParameters) -> Stimulus {
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
    soc: &SocParameters,
    out: &Path,
) -> Result<FollowUp, TortureError> {
    let small = shrink_mismatch(stimulus, mismatch, soc);
    let outcome = run(&small, soc, mismatch.cycle + GRACE)?;
    // What differs once differs again: a run depends on its stimulus alone.
    let mismatch = outcome.mismatch.unwrap_or_else(|| Box::new(mismatch.clone()));
    let image = assemble(&small.program)?;
    let listing = image.listing();
    let case = case(&small, soc);
    let investigation = investigate_program(&image.to_elf(), &case, &mismatch, out)?;
    let folder = &investigation.folder;
    write_json(&folder.join(STIMULUS_FILE), &small)?;
    write(&folder.join(LISTING_FILE), &listing)?;
    Ok(FollowUp { stimulus: small, mismatch, listing, investigation })
}
