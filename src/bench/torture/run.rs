//! A random program on the system, beside the reference.

use torture::{Coverage, Recorder};
use torture::assemble;
use torture::LayoutError;
use torture::Stimulus;
use crate::check::lockstep::{Cosimulation, Difference, End, Mismatch, ProgramCase, RunError};
use crate::dut::soc::{SocBuild, SocParameters};
use model::hart::disassemble;

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
    Run(#[from] RunError),
    /// It has not ended, without a difference.
    #[error(
        "the program of seed {seed} has not ended after {cycles} cycles, although core and reference agree: the generator let it"
    )]
    Endless {
        /// The program's seed.
        seed: u64,
        /// Cycles that it ran.
        cycles: u64,
    },
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
        soc: soc.name.to_owned(),
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
    soc: &'static SocParameters,
    max_cycles: u64,
) -> Result<Outcome, TortureError> {
    let program = assemble(&stimulus.program)?.program;
    let mut both = Cosimulation::open(&program, &case(stimulus, soc), SocBuild::Fast, true)?;
    let mut recorder = Recorder::default();
    let end = both.run_with(max_cycles, &mut |retire| recorder.record(retire))?;
    let cycles = both.soc().cycles();
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
