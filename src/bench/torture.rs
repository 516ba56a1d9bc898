// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random programs on the system, beside the reference: many of them, and the small one that is left
//! of the first that differs.

use std::mem::Discriminant;
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
const PROGRAMS_PER_THREAD: u64 = 4;

/// What is run.
#[derive(Debug, Clone, Copy)]
pub struct Campaign {
    pub soc: SocParameters,
    /// Seed of the seeds of all programs.
    pub seed: u64,
    pub instructions: u64,
    /// Threads. The result does not depend on how many there are.
    pub jobs: usize,
}

/// What has been run.
#[derive(Debug)]
pub struct Findings {
    /// Instructions that have retired in lockstep.
    pub instructions: u64,
    pub cycles: u64,
    pub programs: u64,
    pub coverage: Coverage,
    /// The first program that differs, after which nothing is run.
    pub failure: Option<(Stimulus, Box<Mismatch>)>,
    pub stopped: bool,
}

impl Campaign {
    /// Runs one program after the other, in order, until enough instructions have retired, a program
    /// differs, or `stop` is set. `progress` is told of the instructions so far.
    pub fn run(
        &self,
        stop: &AtomicBool,
        mut progress: impl FnMut(u64),
    ) -> Result<Findings, TortureError> {
        let threads = rayon::ThreadPoolBuilder::new().num_threads(self.jobs).build()?;
        let system = self.soc.hart();
        let mut all = Findings {
            instructions: 0,
            cycles: 0,
            programs: 0,
            coverage: Coverage::new(&system),
            failure: None,
            stopped: false,
        };
        let program = |index: u64| {
            let (stimulus, image) = generate(program_seed(self.seed, index), &system);
            let outcome = run_image(&stimulus, &image, &self.soc, MAX_CYCLES)?;
            Ok::<_, TortureError>((stimulus, outcome))
        };
        while all.instructions < self.instructions {
            if stop.load(Ordering::Relaxed) {
                all.stopped = true;
                break;
            }
            // No more than the end of the run will need, by the programs so far.
            let length = all.instructions.checked_div(all.programs).unwrap_or(self.instructions);
            let needed = (self.instructions - all.instructions).div_ceil(length.max(1));
            let batch = needed.clamp(1, self.jobs as u64 * PROGRAMS_PER_THREAD);
            let numbers = all.programs..all.programs + batch;
            let results: Vec<_> =
                threads.install(|| numbers.into_par_iter().map(program).collect());
            // What lies behind the end of the run does not count, so that it is the same one for
            // any number of threads.
            for result in results {
                let (stimulus, outcome) = result?;
                all.instructions += outcome.instructions;
                all.cycles += outcome.cycles;
                all.programs += 1;
                all.coverage.add(&outcome.coverage);
                all.failure = outcome.mismatch.map(|mismatch| (stimulus, mismatch));
                if all.failure.is_some() || all.instructions >= self.instructions {
                    return Ok(all);
                }
            }
            progress(all.instructions);
        }
        Ok(all)
    }
}

/// More cycles than any program takes, however the memory waits.
const MAX_CYCLES: u64 = 2_000_000;

/// Why a random program cannot be run, or followed up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TortureError {
    #[error("cannot start the threads: {0}; take fewer with --jobs")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    #[error(transparent)]
    Layout(#[from] LayoutError),
    #[error(transparent)]
    Run(#[from] SystemError),
    #[error(transparent)]
    Replay(#[from] ReplayError),
    #[error(
        "the program of seed {seed} has not ended after {cycles} cycles, although core and reference agree: the generator let it"
    )]
    Endless { seed: u64, cycles: u64 },
}

/// What became of a program.
struct Outcome {
    instructions: u64,
    cycles: u64,
    coverage: Coverage,
    mismatch: Option<Box<Mismatch>>,
}

/// How a program is run on a system.
fn case(stimulus: &Stimulus, soc: &SocParameters) -> ProgramCase {
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
fn run_image(
    stimulus: &Stimulus,
    image: &Image,
    soc: &SocParameters,
    max_cycles: u64,
) -> Result<Outcome, TortureError> {
    let program = &image.executable;
    let mut both = Cosimulation::open(program, &case(stimulus, soc), Build::Fast, true)?;
    let mut recorder = Recorder::new(&soc.hart());
    let end = both.run_with(max_cycles, |_, agreed| {
        if let Some((retire, hart)) = agreed {
            recorder.record(retire, hart);
        }
    })?;
    let cycles = both.system().cycles();
    let instructions = both.reference().map_or(0, |reference| reference.instructions());
    let mismatch = match end {
        End::Tohost(_) => None,
        End::Mismatch(mismatch) => Some(mismatch),
        End::Limit | End::Loop { .. } | End::Hang { .. } => {
            return Err(TortureError::Endless { seed: stimulus.seed, cycles });
        }
    };
    Ok(Outcome { instructions, cycles, coverage: recorder.finish(), mismatch })
}

/// What makes two mismatches alike: the kinds of differences, and the instruction.
fn signature(mismatch: &Mismatch) -> (Vec<Discriminant<Difference>>, String) {
    let kinds = mismatch.differences.iter().map(std::mem::discriminant).collect();
    let text =
        mismatch.history.last().map_or(String::new(), |it| disassemble(it.insn, it.pc, true));
    (kinds, text.split(' ').next().unwrap_or_default().to_owned())
}

/// Candidates that are tried at most.
const TRIES: usize = 4000;
/// Cycles that a candidate may take longer than the program it comes from.
const GRACE: u64 = 20_000;

/// A small program that differs as the given one does.
#[derive(Debug)]
pub struct FollowUp {
    pub mismatch: Box<Mismatch>,
    pub listing: String,
    /// The report, with the waveform.
    pub investigation: Investigation,
}

/// Takes the smallest program found that still differs in the same kinds of things at the same kind
/// of instruction, and writes into a folder under `out`: that program with its report and waveform,
/// the stimulus, and the listing.
pub fn follow_up(
    stimulus: &Stimulus,
    mismatch: &Mismatch,
    soc: &SocParameters,
    out: &Path,
) -> Result<FollowUp, TortureError> {
    let (wanted, cycles) = (signature(mismatch), mismatch.cycle + GRACE);
    let run = |candidate: &Stimulus| {
        let image = assemble(&candidate.program)?;
        let outcome = run_image(candidate, &image, soc, cycles)?;
        Ok::<_, TortureError>((image, outcome.mismatch))
    };
    let small = shrink(stimulus, TRIES, |candidate| {
        // One that cannot be run, or does not end, does not differ.
        run(candidate).is_ok_and(|(_, found)| found.is_some_and(|it| signature(&it) == wanted))
    });
    let (image, found) = run(&small)?;
    // What differs once differs again: a run depends on its stimulus alone.
    let mismatch = found.unwrap_or_else(|| Box::new(mismatch.clone()));
    let listing = image.listing();
    let case = case(&small, soc);
    let investigation = investigate_program(&image.to_elf(), &case, &mismatch, out)?;
    write_json(&investigation.folder.join("stimulus.json"), &small)?;
    write(&investigation.folder.join("program.txt"), &listing)?;
    Ok(FollowUp { mismatch, listing, investigation })
}
