//! Many random programs, until enough instructions have retired.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use torture::Coverage;
use torture::{generate, program_seed};
use super::run::{MAX_CYCLES, Outcome, TortureError, run};
use torture::Stimulus;
use crate::check::lockstep::Mismatch;
use crate::dut::soc::SocParameters;

/// Programs that a thread has before it at a time.
const PROGRAMS_A_THREAD: usize = 4;

/// What is run.
#[derive(Debug, Clone, Copy)]
pub struct Campaign {
    /// The system.
    pub soc: &'static SocParameters,
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
            coverage: Coverage::default(),
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
        let stimulus = generate(program_seed(self.seed, index));
        let outcome = run(&stimulus, self.soc, MAX_CYCLES)?;
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
