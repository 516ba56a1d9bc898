//! The core that a program runs on: the verilated system, or the reference model.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::blob::{Blob, NETWORK_ADDRESS, Stage};
use super::program::Build;
use super::record::{RECORD_WORDS, Record};
use crate::data::hex;
use crate::dut::soc::{self, ElfError, Ended, Program, RAM_BASE, Soc, SocError, SocOptions};
use crate::firmware;
use crate::golden::hart::{FeedError, Hart, HartConfig, HartError, RunEnd};

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
}

/// Cycles, or instructions, after which a program is taken for one that does not end.
const LIMIT: u64 = 200_000_000;

/// Why a program has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CoreError {
    /// The system broke down.
    #[error(transparent)]
    Soc(#[from] SocError),
    /// The program does not fit into the reference model's RAM.
    #[error(transparent)]
    Hart(#[from] HartError),
    /// The program waits for ever.
    #[error(transparent)]
    Asleep(#[from] FeedError),
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
    #[error("firmware {program} ends with number {number}, not with a result")]
    Failed {
        /// The program.
        program: &'static str,
        /// What it reports: 1,000 and more is a trap.
        number: u32,
    },
    /// The program goes on for too long.
    #[error("firmware {program} has not ended after {LIMIT} cycles")]
    Limit {
        /// The program.
        program: &'static str,
    },
}

enum Machine {
    Hart(Box<Hart>),
    Soc(Box<dyn Soc>),
}

/// A core with the programs that it can run.
pub struct Core {
    machine: Machine,
    software: Program,
    unit: Program,
}

impl Core {
    /// A core; `seed` is that of the registers of the RTL before they are written.
    ///
    /// # Panics
    /// If the engine is [`CoreEngine::Golden`], which has no core.
    pub fn new(engine: CoreEngine, seed: u64) -> Result<Self, CoreError> {
        let machine = match engine {
            CoreEngine::Golden => panic!("the golden engine runs no program"),
            CoreEngine::Hart => Machine::Hart(Box::new(Hart::new(&HartConfig::default()))),
            CoreEngine::Soc => {
                let options = SocOptions { x_seed: seed, ..SocOptions::default() };
                Machine::Soc(soc::open(&soc::SOCS[0], &options)?)
            }
        };
        let (software, unit) = (program(Build::Software)?, program(Build::Unit)?);
        Ok(Self { machine, software, unit })
    }

    /// One image, its pixels a byte each, from reset to the end of the program.
    pub fn infer(&mut self, build: Build, blob: &Blob, pixels: &[u8]) -> Result<(), CoreError> {
        let program = match build {
            Build::Software => &self.software,
            Build::Unit => &self.unit,
        };
        let name = build.firmware();
        let word = match &mut self.machine {
            Machine::Hart(hart) => {
                **hart = Hart::new(&HartConfig::default());
                for segment in &program.segments {
                    hart.load(segment.addr, &segment.bytes)?;
                }
                hart.load(NETWORK_ADDRESS, &blob.bytes())?;
                hart.load(blob.image, pixels)?;
                match hart.run(LIMIT, program.tohost) {
                    RunEnd::ToHost(word) => Some(word),
                    RunEnd::Limit => None,
                    RunEnd::Asleep(error) => return Err(error.into()),
                }
            }
            Machine::Soc(soc) => {
                soc.reset()?;
                soc.load(program)?;
                let first = (NETWORK_ADDRESS - RAM_BASE) as usize / 4;
                soc.ram_mut()[first..first + blob.words.len()].copy_from_slice(&blob.words);
                soc.write(blob.image, pixels)?;
                match soc.run(LIMIT)? {
                    Ended::Tohost(word) => Some(word),
                    Ended::Limit => None,
                }
            }
        };
        match word {
            None => Err(CoreError::Limit { program: name }),
            Some(1) => Ok(()),
            Some(word) => Err(CoreError::Failed { program: name, number: word >> 1 }),
        }
    }

    /// What the last program left at an address.
    ///
    /// # Panics
    /// If it is not that of a word in RAM.
    pub fn read_word(&self, address: u32) -> u32 {
        let word = match &self.machine {
            Machine::Hart(hart) => hart.read_word(address),
            Machine::Soc(soc) => soc.read_word(address),
        };
        word.expect("the blob lies in RAM")
    }

    /// The outputs of a stage.
    pub fn outputs(&self, stage: &Stage) -> Vec<i32> {
        let word = |index: usize| self.read_word(stage.output + 4 * index as u32).cast_signed();
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

fn program(build: Build) -> Result<Program, CoreError> {
    let name = build.firmware();
    let found = firmware::find(name).ok_or(CoreError::Missing(name))?;
    let ram = HartConfig::default().ram_bytes;
    Program::parse(found.elf, ram).map_err(|source| CoreError::Elf { program: name, source })
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
