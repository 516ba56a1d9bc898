//! One window in full: all that is needed to run it again.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::case_file::{self, CaseFileError};
use super::expected::ExpectedWindow;
use super::fetch::Fetch;
use crate::dut::{Build, Stalls, Tile, UnitOptions, UnitParameters, WindowRun, find as find_unit};
use model::conv::{ConfigError, MAX_SIDE, Semantics, Threshold};

/// Where in an experiment a window comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Place {
    /// The command that ran it.
    pub experiment: String,
    /// The data set.
    pub dataset: String,
    /// The image's number in the run.
    pub image: usize,
    /// The filter's name; empty in a layer, whose filters are its output channels.
    pub filter: String,
    /// The layer's name; empty where filters stand alone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub layer: String,
    /// The layer's output channel.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub output: usize,
    /// The configuration's name.
    pub configuration: String,
    /// The input channel.
    pub channel: usize,
    /// Column of the window's upper left corner.
    pub column: usize,
    /// Row of the window's upper left corner.
    pub row: usize,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// One window on one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Where it comes from.
    pub place: Place,
    /// The unit's parameter set.
    pub unit: String,
    /// The run's seed.
    pub seed: u64,
    /// Seed of the registers' initial values.
    pub x_seed: u64,
    /// Seed of the memory's waiting times.
    pub stall_seed: Option<u64>,
    /// The window's stream of waiting times.
    pub stream: u64,
    /// The kernel's side.
    pub side: usize,
    /// The kernel, row by row.
    pub weights: Vec<i32>,
    /// The window's words, row by row.
    pub words: Vec<i32>,
    /// Byte address of the first word.
    pub addr: u32,
    /// Words from one row to the next in memory.
    pub pitch: u32,
    /// Outputs of the tile: 1 or 4.
    pub outputs: usize,
    /// The mode's name.
    pub mode: String,
    /// T of the golden model.
    pub threshold: u32,
    /// T that the unit was given.
    pub unit_threshold: u32,
    /// The scope's name.
    pub smax_scope: String,
    /// S_max of the channels before, of each output.
    pub carry: [Option<u32>; 4],
    /// The slot of the kernel.
    #[serde(default)]
    pub slot: u8,
    /// The run that fetched the window, where this one uses it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetched_by: Option<Fetch>,
}

/// Why a case cannot be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] CaseFileError),
    /// There is no such unit in this build.
    #[error("unit {0:?} is not in this build; build/units.rs lists the units")]
    Unit(String),
    /// A setting is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Sizes that do not fit together.
    #[error("the case does not describe a window: {0}")]
    Shape(&'static str),
}

/// The name of the case's file in its folder.
impl Case {
    /// Reads the case of a mismatch folder.
    pub fn read(folder: &Path) -> Result<Self, CaseError> {
        let case: Self = case_file::read(folder)?;
        case.check()?;
        Ok(case)
    }

    /// A name for its folder, the same for the same window of the same experiment.
    pub fn id(&self) -> String {
        let place = &self.place;
        let Place { experiment, image, configuration, channel, column, row, .. } = place;
        let filter = match place.layer.as_str() {
            "" => place.filter.clone(),
            layer => format!("{layer}-o{:03}", place.output),
        };
        let id = format!(
            "{experiment}-{}-image{image:05}-{filter}-{configuration}-c{channel}-x{column:02}y{row:02}",
            self.unit
        );
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
        id.chars().map(plain).collect()
    }

    /// Its unit.
    pub fn parameters(&self) -> Result<&'static UnitParameters, CaseError> {
        find_unit(&self.unit).ok_or_else(|| CaseError::Unit(self.unit.clone()))
    }

    /// How its unit is opened.
    pub fn options(&self, build: Build) -> UnitOptions {
        let stalls = self.stall_seed.map(|seed| Stalls { seed });
        UnitOptions { build, x_seed: self.x_seed, stalls }
    }

    /// The tile.
    pub fn tile(&self) -> Tile {
        if self.outputs == 1 { Tile::One } else { Tile::TwoByTwo }
    }

    /// The golden semantics.
    pub fn semantics(&self) -> Result<Semantics, CaseError> {
        let threshold = Threshold::new(self.threshold)?;
        let (mode, scope) = (self.mode.parse()?, self.smax_scope.parse()?);
        Ok(Semantics::new(mode, self.parameters()?.log_frac, threshold, scope)?)
    }

    /// The command as the unit got it.
    pub fn run(&self) -> Result<WindowRun, CaseError> {
        let semantics = self.semantics()?;
        Ok(WindowRun {
            slot: self.slot,
            reuse: self.fetched_by.is_some(),
            addr: self.addr,
            pitch: self.pitch,
            tile: self.tile(),
            mode: semantics.mode,
            threshold: Threshold::new(self.unit_threshold)?,
            scope: semantics.scope,
            carry: self.carry,
        })
    }

    /// What the golden model makes of it.
    pub fn expected(&self) -> Result<ExpectedWindow, CaseError> {
        let semantics = self.semantics()?;
        let side = self.tile().window_side(self.side);
        Ok(ExpectedWindow::new(
            &self.weights,
            self.side,
            &self.words,
            side,
            self.outputs,
            &semantics,
            &self.carry,
        ))
    }

    /// Whether the fields fit together and the window fits into a memory that can be had.
    pub(super) fn check(&self) -> Result<(), CaseError> {
        let parameters = self.parameters()?;
        let kernel = parameters.kernel.min(MAX_SIDE);
        let side = self.tile().window_side(self.side);
        if !(1..=kernel).contains(&self.side) || self.weights.len() != self.side * self.side {
            return Err(CaseError::Shape("the kernel's side or its number of weights"));
        }
        if ![1, 4].contains(&self.outputs) || self.words.len() != side * side {
            return Err(CaseError::Shape("the outputs or the number of words"));
        }
        if usize::from(self.slot) >= parameters.kernels {
            return Err(CaseError::Shape("the slot"));
        }
        if let Some(fetch) = &self.fetched_by {
            fetch.check(parameters, side)?;
            if fetch.slot == self.slot && fetch.weights != self.weights {
                return Err(CaseError::Shape("two kernels in one slot"));
            }
        }
        if !self.addr.is_multiple_of(4) || self.addr > 1 << 24 || self.pitch > 1 << 16 {
            return Err(CaseError::Shape("the address or the pitch"));
        }
        Ok(())
    }
}
