//! How a program was run, in full: all that is needed to run it again.

use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::check::case_file::{self, CaseFileError};
use crate::dut::soc::{SOCS, SocBuild, SocOptions, SocParameters, find};

/// A planted bug: bits of a word of the system's RAM that flip at some time. The reference's RAM
/// stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flip {
    /// The clock cycle behind which they flip.
    pub cycle: u64,
    /// The word's address, a multiple of 4.
    pub addr: u32,
    /// The bits.
    pub bits: u32,
}

impl FromStr for Flip {
    type Err = String;

    /// Reads `CYCLE,ADDRESS,BITS`.
    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        };
        let fields: Option<Vec<u64>> = text.split(',').map(number).collect();
        let &[cycle, addr, bits] = fields.as_deref().unwrap_or_default() else {
            return Err("it is CYCLE,ADDRESS,BITS, as in 1000,0x80000400,0x1".to_owned());
        };
        match (u32::try_from(addr), u32::try_from(bits)) {
            (Ok(addr), Ok(bits)) if addr % 4 == 0 => Ok(Self { cycle, addr, bits }),
            _ => Err("the address is a multiple of 4, and both it and the bits fit 32 bits".into()),
        }
    }
}

/// How a program is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramCase {
    /// The program's name.
    pub program: String,
    /// The system's parameter set.
    pub soc: String,
    /// Seed of the registers' initial values.
    pub x_seed: u64,
    /// How many cycles late each grant of the memory comes.
    pub wait_states: u8,
    /// Seed of the memory's waiting times.
    pub stall_seed: Option<u32>,
    /// Cycles in which the external interrupt becomes pending.
    pub interrupts: Vec<u64>,
    /// The cycles that it may take.
    pub max_cycles: Option<u64>,
    /// The cycle of the mismatch, of a case in a report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mismatch_cycle: Option<u64>,
    /// A planted bug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flip: Option<Flip>,
}

/// Why a case cannot be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] CaseFileError),
    /// There is no such system in this build.
    #[error("system {0:?} is not in this build; build/soc.rs lists the systems")]
    Soc(String),
    /// The memory cannot wait so long.
    #[error("{0} wait states are too many: 0 to 15")]
    WaitStates(u8),
}

/// The name of the program's file in its folder.
pub(super) const PROGRAM_FILE: &str = "program.elf";

impl Default for ProgramCase {
    /// The first system, without waiting, interrupts or limits.
    fn default() -> Self {
        Self {
            program: String::new(),
            soc: SOCS[0].name.to_owned(),
            x_seed: 1,
            wait_states: 0,
            stall_seed: None,
            interrupts: Vec::new(),
            max_cycles: None,
            mismatch_cycle: None,
            flip: None,
        }
    }
}

impl ProgramCase {
    /// Whether a folder has the report of a program, not that of a window.
    pub fn is_in(folder: &Path) -> bool {
        folder.join(PROGRAM_FILE).is_file()
    }

    /// Reads the case of a mismatch folder.
    pub fn read(folder: &Path) -> Result<Self, CaseError> {
        let case: Self = case_file::read(folder)?;
        case.parameters()?;
        if case.wait_states > 15 {
            return Err(CaseError::WaitStates(case.wait_states));
        }
        Ok(case)
    }

    /// A name for its folder, the same for the same run of the same program.
    pub fn id(&self) -> String {
        let mut id = format!("{}-{}-seed{}", self.soc, self.program, self.x_seed);
        if self.wait_states != 0 {
            id.push_str(&format!("-wait{}", self.wait_states));
        }
        if let Some(seed) = self.stall_seed {
            id.push_str(&format!("-stalls{seed}"));
        }
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
        id.chars().map(plain).collect()
    }

    /// Its system.
    pub fn parameters(&self) -> Result<&'static SocParameters, CaseError> {
        find(&self.soc).ok_or_else(|| CaseError::Soc(self.soc.clone()))
    }

    /// How its system is opened.
    pub fn options(&self, build: SocBuild) -> SocOptions {
        let &Self { x_seed, wait_states, stall_seed, .. } = self;
        SocOptions { build, x_seed, wait_states, stall_seed }
    }
}
