//! The core that a program runs on: the verilated system, or the reference model.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::blob::{Blob, NETWORK_ADDRESS, Stage};
use super::program::Build;
use super::record::{RECORD_WORDS, Record};
use crate::check::lockstep::{
    Cosimulation, End, InvestigationError, Mismatch, ProgramCase, RunError, investigate,
};
use model::hex;
use crate::dut::soc::{ElfError, SocBuild};
use crate::firmware;
use model::elf::{Executable, with_segment};
use model::hart::{FeedError, Hart, HartConfig, HartError, RunEnd};

/// What runs the programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum CoreEngine {
    /// No program: the golden model's inference alone
    Golden,
    /// The programs on the core's reference model: no cycles
    Hart,
    /// The programs on the RTL of the core
    Soc,
}

impl CoreEngine {
    /// The name in flags and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Golden => "golden",
            Self::Hart => "hart",
            Self::Soc => "soc",
        }
    }

    /// Whether its records have clock cycles.
    pub const fn has_cycles(self) -> bool {
        matches!(self, Self::Soc)
    }
}

/// Cycles, or instructions, after which a program is taken for one that does not end.
const LIMIT: u64 = 200_000_000;

/// Why a program has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CoreError {
    /// The system cannot be run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The program does not fit into the reference model's RAM.
    #[error(transparent)]
    Hart(#[from] HartError),
    /// The program waits for ever.
    #[error(transparent)]
    Asleep(#[from] FeedError),
    /// A difference of the system from the reference could not be followed up.
    #[error(transparent)]
    Investigation(#[from] InvestigationError),
    /// The build has no such program.
    #[error("this build has no program {0}; build it with a RISC-V compiler")]
    Missing(&'static str),
    /// The program is not one for the core.
    #[error("firmware {program}: {source}")]
    Elf {
        /// The program.
        program: &'static str,
        /// Why.
        source: ElfError,
    },
    /// The program reports a failure.
    #[error("firmware {program} ends with {word:#x} in tohost, not with 1")]
    Failed {
        /// The program.
        program: &'static str,
        /// What it reports.
        word: u32,
    },
    /// The program does not go on.
    #[error("firmware {program} does not end; it is given up after {cycles} cycles")]
    Endless {
        /// The program.
        program: &'static str,
        /// Cycles, or instructions, so far.
        cycles: u64,
    },
}

/// How the core is run.
#[derive(Debug, Clone)]
pub struct CoreOptions {
    /// What runs the programs; not [`CoreEngine::Golden`].
    pub engine: CoreEngine,
    /// Compare every instruction of the RTL with the reference model.
    pub lockstep: bool,
    /// Seed of the registers of the RTL before they are written.
    pub seed: u64,
    /// Where reports of differing instructions go.
    pub mismatch_dir: PathBuf,
}

impl CoreOptions {
    /// An engine as it is.
    pub fn new(engine: CoreEngine) -> Self {
        Self { engine, lockstep: false, seed: 1, mismatch_dir: "reports/mismatch".into() }
    }
}

/// A core, and what the last program left in its RAM.
pub struct Core {
    options: CoreOptions,
    /// From [`NETWORK_ADDRESS`] on.
    words: Vec<u32>,
}

/// A program that came to its end, or to a difference from the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ran {
    /// To its end. In lockstep so many instructions were compared.
    Finished(u64),
    /// An instruction did what the reference does not: what, and where the report is.
    Differed(String),
}

impl Core {
    /// A core.
    ///
    /// # Panics
    /// If the engine is [`CoreEngine::Golden`], which has no core.
    pub fn new(options: CoreOptions) -> Self {
        assert_ne!(options.engine, CoreEngine::Golden, "the golden engine runs no program");
        Self { options, words: Vec::new() }
    }

    /// One image, its pixels a byte each, from reset to the end of the program.
    pub fn infer(&mut self, build: Build, blob: &Blob, pixels: &[u8]) -> Result<Ran, CoreError> {
        let name = build.firmware();
        let firmware = firmware::find(name).ok_or(CoreError::Missing(name))?;
        let in_file = |source| CoreError::Elf { program: name, source };
        let elf = with_segment(firmware.elf, NETWORK_ADDRESS, &blob.bytes_with(pixels));
        let elf = elf.map_err(in_file)?;
        let ram_bytes = HartConfig::default().ram_bytes;
        let program = Executable::parse(&elf, ram_bytes).map_err(in_file)?;
        let words = blob.words.len();
        match self.options.engine {
            CoreEngine::Soc => self.on_the_system(name, &elf, &program, words),
            _ => self.on_the_reference(name, &program, words),
        }
    }

    fn on_the_reference(
        &mut self,
        name: &'static str,
        program: &Executable,
        words: usize,
    ) -> Result<Ran, CoreError> {
        let mut hart = Hart::new(&HartConfig::default());
        for segment in &program.segments {
            hart.load(segment.addr, &segment.bytes)?;
        }
        match hart.run(LIMIT, program.tohost) {
            RunEnd::ToHost(1) => {}
            RunEnd::ToHost(word) => return Err(CoreError::Failed { program: name, word }),
            RunEnd::Limit => return Err(CoreError::Endless { program: name, cycles: LIMIT }),
            RunEnd::Asleep(error) => return Err(error.into()),
        }
        let word = |word: usize| hart.read_word(NETWORK_ADDRESS + 4 * word as u32);
        self.words = (0..words).map(|it| word(it).expect("the blob lies in RAM")).collect();
        Ok(Ran::Finished(0))
    }

    fn on_the_system(
        &mut self,
        name: &'static str,
        elf: &[u8],
        program: &Executable,
        words: usize,
    ) -> Result<Ran, CoreError> {
        let CoreOptions { lockstep, seed, .. } = self.options;
        let case = ProgramCase {
            program: name.to_owned(),
            x_seed: seed,
            max_cycles: Some(LIMIT),
            ..ProgramCase::default()
        };
        let mut run = Cosimulation::open(program, &case, SocBuild::Fast, lockstep)?;
        match run.run(LIMIT)? {
            End::Tohost(1) => {}
            End::Tohost(word) => return Err(CoreError::Failed { program: name, word }),
            End::Mismatch(mismatch) => return self.differed(elf, &case, &mismatch),
            End::Limit | End::Hang { .. } => {
                let cycles = run.soc().cycles();
                return Err(CoreError::Endless { program: name, cycles });
            }
        }
        let word = |word: usize| NETWORK_ADDRESS + 4 * word as u32;
        let soc = run.soc();
        let read = |it: usize| soc.read_word(word(it)).expect("the blob lies in RAM");
        self.words = (0..words).map(read).collect();
        Ok(Ran::Finished(run.reference().map_or(0, |reference| reference.instructions())))
    }

    fn differed(
        &self,
        elf: &[u8],
        case: &ProgramCase,
        mismatch: &Mismatch,
    ) -> Result<Ran, CoreError> {
        let folder = self.options.mismatch_dir.join(case.id());
        let found = investigate(elf, case, mismatch, &folder)?;
        let difference = mismatch.differences.first().map(ToString::to_string);
        Ok(Ran::Differed(format!(
            "behind cycle {}: {}; see {}",
            mismatch.cycle,
            difference.unwrap_or_default(),
            found.report.display()
        )))
    }

    /// What the last program left at an address.
    ///
    /// # Panics
    /// If it is not that of a word of the network.
    pub fn read_word(&self, address: u32) -> u32 {
        self.words[(address - NETWORK_ADDRESS) as usize / 4]
    }

    /// The outputs of a stage.
    pub fn outputs(&self, stage: &Stage) -> Vec<i32> {
        let word = |index: usize| self.read_word(stage.output + 4 * index as u32) as i32;
        (0..stage.outputs).map(word).collect()
    }

    /// What was counted in the input's expansion, and in each stage.
    pub fn counts(&self, blob: &Blob) -> Vec<Record> {
        let record = |number: usize| {
            let first = blob.records + (4 * number * RECORD_WORDS) as u32;
            let words = std::array::from_fn(|word| self.read_word(first + 4 * word as u32));
            Record::from_words(&words)
        };
        let records: Vec<Record> = (0..blob.stages.len() + 2).map(record).collect();
        records.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

/// Digests of the programs that an engine runs.
pub(super) fn firmware_digests(engine: CoreEngine) -> BTreeMap<&'static str, String> {
    let builds =
        if engine == CoreEngine::Golden { &[][..] } else { &[Build::Software, Build::Unit] };
    let digest = |build: &Build| {
        let name = build.firmware();
        firmware::find(name).map(|program| (name, hex(&Sha256::digest(program.elf))))
    };
    builds.iter().filter_map(digest).collect()
}
