// SPDX-License-Identifier: MIT OR Apache-2.0
//! Mismatches in full: all that is needed to run a window, or a program, again.

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use model::conv::{ConfigError, MAX_SIDE, OperandError, Semantics, Threshold, check_operands};
use model::engine::Place;
use model::files;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::scoreboard::ExpectedWindow;
use super::unit::{Stalls, Tile, UnitOptions, WindowRun};
use crate::hw::{Build, SOC, SocParameters, UnitParameters};

/// The activations of one output of a kernel of side `side`: its part of a window with rows of
/// `pitch` words.
pub(super) fn inputs(words: &[i32], pitch: usize, side: usize, output: usize) -> Vec<i32> {
    let (dx, dy) = Tile::place(output);
    let rows = (0..side).map(|row| (dy + row) * pitch + dx);
    rows.flat_map(|first| words[first..first + side].iter().copied()).collect()
}

/// A window with its kernel, and the run that it is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operands {
    /// The command as the unit got it.
    pub run: WindowRun,
    pub side: usize,
    /// The kernel, row by row.
    pub weights: Vec<i32>,
    /// The window's words, row by row.
    pub words: Vec<i32>,
    /// The window's stream of waiting times.
    pub stream: u64,
}

impl Operands {
    /// Rows of the window, and words in a row.
    pub fn window_side(&self) -> usize {
        self.run.tile.window_side(self.side)
    }

    /// The activations of one output, row by row.
    pub fn inputs(&self, output: usize) -> Vec<i32> {
        inputs(&self.words, self.window_side(), self.side, output)
    }

    fn check(&self, unit: &UnitParameters) -> Result<(), CaseError> {
        let kernel = unit.kernel.min(MAX_SIDE);
        if !(1..=kernel).contains(&self.side) || self.weights.len() != self.side.pow(2) {
            return Err(CaseError::Shape("the kernel's side or its number of weights"));
        }
        if self.words.len() != self.window_side().pow(2) {
            return Err(CaseError::Shape("the tile or the number of words"));
        }
        if usize::from(self.run.slot) >= unit.kernels {
            return Err(CaseError::Shape("the slot"));
        }
        if self.run.carry.iter().flatten().any(|score| score >> unit.score_bits() != 0) {
            return Err(CaseError::Shape("the carry: a score has no more bits than the unit's"));
        }
        let aligned = self.run.addr.is_multiple_of(unit.operand_bytes());
        if !aligned || self.run.addr > 1 << 24 || self.run.pitch > 1 << 16 {
            return Err(CaseError::Shape("the address or the pitch"));
        }
        if self.run.plane.is_some() && unit.planes == 0 {
            return Err(CaseError::Shape("the log plane: the unit has none"));
        }
        check_operands(&self.weights, unit.operand_w, |index| format!("weight {index}"))?;
        check_operands(&self.words, unit.operand_w, |index| format!("word {index}"))?;
        Ok(())
    }
}

/// One window on one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowCase {
    pub place: Place,
    pub unit: UnitParameters,
    pub seed: u64,
    /// Seed of the registers' initial values.
    pub x_seed: u64,
    /// Seed of the memory's waiting times.
    pub stall_seed: Option<u64>,
    /// T of the golden model; a planted bug gives the unit another one.
    pub threshold: Threshold,
    /// The window. Address and pitch are those of the fetch, also if it is used again.
    pub window: Operands,
    /// The window that was fetched before, where this one uses its words.
    pub fetched_by: Option<Operands>,
}

/// Why a case cannot be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    #[error("cannot read {}: {source}; name a folder that a mismatch report is in", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is not a mismatch case: {source}", path.display())]
    Parse { path: PathBuf, source: serde_json::Error },
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("the case does not describe a window of its unit: {0}")]
    Operand(#[from] OperandError),
    #[error("the case does not describe a window: {0}")]
    Shape(&'static str),
    #[error("{0} wait states are too many: 0 to 15")]
    WaitStates(u8),
    #[error(
        "max_cycles is {limit}, before the mismatch in cycle {mismatch}: set it to null, or to more"
    )]
    Limit { limit: u64, mismatch: u64 },
}

/// The name of a case's file in its folder.
pub const CASE_FILE: &str = "case.json";

/// The name of a program's file in the folder of its case.
pub const PROGRAM_FILE: &str = "program.elf";

/// Reads the case in a folder.
pub fn read<T: DeserializeOwned>(folder: &Path) -> Result<T, CaseError> {
    let path = folder.join(CASE_FILE);
    match files::read(&path, MAX_CASE) {
        Ok(text) => {
            serde_json::from_slice(&text).map_err(|source| CaseError::Parse { path, source })
        }
        Err(source) => Err(CaseError::Read { path, source }),
    }
}

/// Bytes of the largest case and of the largest program's file.
const MAX_CASE: u64 = 1 << 24;
pub const MAX_PROGRAM: u64 = 1 << 29;

/// Characters of a file name.
pub(super) fn plain(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    text.chars().map(plain).collect()
}

impl WindowCase {
    pub fn read(folder: &Path) -> Result<Self, CaseError> {
        let case: Self = read(folder)?;
        case.check()?;
        Ok(case)
    }

    /// Where it comes from, as part of a file name.
    pub fn name(&self) -> String {
        let Place { experiment, image, configuration, channel, column, row, .. } = &self.place;
        let layer = match self.place.network.as_str() {
            FILTERS => self.place.layer.clone(),
            _ => format!("{}-o{:03}", self.place.layer, self.place.output),
        };
        plain(&format!(
            "{experiment}-{}-image{image:05}-{layer}-{configuration}-c{channel}-x{column:02}y{row:02}",
            self.unit
        ))
    }

    /// How its unit is opened.
    pub fn options(&self, build: Build) -> UnitOptions {
        let stalls = self.stall_seed.map(|seed| Stalls { seed });
        UnitOptions { build, x_seed: self.x_seed, stalls, record: false }
    }

    /// The golden semantics.
    pub fn semantics(&self) -> Result<Semantics, CaseError> {
        let WindowRun { mode, scope, .. } = self.window.run;
        let semantics = Semantics::new(mode, self.unit.log_frac, self.threshold, scope)?;
        Ok(semantics.of(self.unit.number())?)
    }

    /// What the golden model makes of it.
    pub fn expected(&self) -> Result<ExpectedWindow, CaseError> {
        Ok(ExpectedWindow::new(&self.window, &self.semantics()?))
    }

    /// Whether the fields fit together and the window fits into a memory that can be had.
    pub(super) fn check(&self) -> Result<(), CaseError> {
        self.window.check(&self.unit)?;
        if self.window.run.reuse != self.fetched_by.is_some() {
            return Err(CaseError::Shape("a window that is used again has one that was fetched"));
        }
        if let Some(fetch) = &self.fetched_by {
            fetch.check(&self.unit)?;
            if fetch.run.reuse || fetch.window_side() < self.window.window_side() {
                return Err(CaseError::Shape("the window that was fetched"));
            }
            let one_slot = fetch.run.slot == self.window.run.slot;
            if one_slot && fetch.weights != self.window.weights {
                return Err(CaseError::Shape("two kernels in one slot"));
            }
        }
        Ok(())
    }
}

/// The network of filters that stand alone: their layers are the filters' names.
pub const FILTERS: &str = "filters";

/// A planted bug: bits of a word of the system's RAM that flip at some time. The reference's RAM
/// stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flip {
    /// The clock cycle behind which they flip.
    pub cycle: u64,
    /// The word's address, a multiple of 4.
    pub addr: u32,
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

/// How a program is run on a system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramCase {
    pub program: String,
    pub soc: SocParameters,
    /// Seed of the registers' initial values.
    pub x_seed: u64,
    /// How many cycles late each grant of the memory comes.
    pub wait_states: u8,
    /// Seed of the memory's waiting times.
    pub stall_seed: Option<u32>,
    /// Cycles in which the external interrupt becomes pending.
    pub interrupts: Vec<u64>,
    pub max_cycles: Option<u64>,
    /// The cycle of the mismatch, of a case in a report.
    pub mismatch_cycle: Option<u64>,
    pub flip: Option<Flip>,
}

impl Default for ProgramCase {
    fn default() -> Self {
        Self {
            program: String::new(),
            soc: SOC,
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
    pub fn read(folder: &Path) -> Result<Self, CaseError> {
        let case: Self = read(folder)?;
        if case.wait_states > 15 {
            return Err(CaseError::WaitStates(case.wait_states));
        }
        if let (Some(limit), Some(mismatch)) = (case.max_cycles, case.mismatch_cycle)
            && limit < mismatch
        {
            return Err(CaseError::Limit { limit, mismatch });
        }
        Ok(case)
    }

    /// Program, system and seeds, as part of a file name.
    pub fn name(&self) -> String {
        let mut name = format!("{}-{}-seed{}", self.soc, self.program, self.x_seed);
        if self.wait_states != 0 {
            name.push_str(&format!("-wait{}", self.wait_states));
        }
        if let Some(seed) = self.stall_seed {
            name.push_str(&format!("-stalls{seed}"));
        }
        plain(&name)
    }
}
