// SPDX-License-Identifier: MIT OR Apache-2.0
//! Cell libraries: which there are, and the cells of one that synthesis names.

use std::convert::Infallible;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sha2::{Digest, Sha256};
use silicon::liberty::{Cell, Library};

use super::{SynthesisError, Tools};

/// Which library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LibraryChoice {
    /// NanGate's Open Cell Library: 45 nm, typical, 1.1 V, 25 °C.
    Nangate45,
    /// Oklahoma State University's: 180 nm.
    Osu018,
    /// A file in the Liberty format.
    File(PathBuf),
}

impl FromStr for LibraryChoice {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "nangate45" => Self::Nangate45,
            "osu018" => Self::Osu018,
            path => Self::File(path.into()),
        })
    }
}

impl fmt::Display for LibraryChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nangate45 => f.pad("nangate45"),
            Self::Osu018 => f.pad("osu018"),
            // The folder says nothing about the library.
            Self::File(path) => f.pad(&path.file_stem().unwrap_or_default().to_string_lossy()),
        }
    }
}

/// Where Debian's package puts it.
const OSU018: &str = "/usr/share/qflow/tech/osu018/osu018_stdcells.lib";

/// A library that designs are mapped to.
#[derive(Debug, Clone)]
pub struct CellLibrary {
    /// Its name in tables.
    pub name: String,
    path: PathBuf,
    /// SHA-256 of the file, in hexadecimal.
    pub digest: String,
    pub cells: Library,
    /// µm² of the smallest NAND with two inputs, the unit of kGE.
    pub nand2_um2: f64,
    /// Cell and pin of a constant 1 and of a constant 0, where it has such cells.
    pub(super) ties: Option<[(String, String); 2]>,
    /// The cell that gates a clock, if it has one that needs no more than an enable.
    pub(super) clock_gate: Option<ClockGate>,
    /// The cell that is taken to drive inputs.
    driver: String,
    /// The load in fF of outputs: four inputs of that NAND.
    load_ff: f64,
}

/// A cell that gates a clock, and its pins.
#[derive(Debug, Clone)]
pub(super) struct ClockGate {
    pub cell: String,
    pub clock: String,
    pub enable: String,
    pub output: String,
}

impl ClockGate {
    /// The smallest one.
    fn of(library: &Library) -> Option<Self> {
        let fits =
            |cell: &&Cell| cell.clock_gate && (cell.inputs().len(), cell.outputs().len()) == (2, 1);
        let gates = library.cells.iter().filter(fits);
        let cell = gates.min_by(|a, b| a.area_um2.total_cmp(&b.area_um2))?;
        let name = |pin: usize| cell.pins[pin].name.clone();
        let (clocks, enables): (Vec<usize>, Vec<usize>) =
            cell.inputs().into_iter().partition(|&pin| cell.is_clock(pin));
        Some(Self {
            cell: cell.name.clone(),
            clock: name(*clocks.first()?),
            enable: name(*enables.first()?),
            output: name(cell.outputs()[0]),
        })
    }
}

impl CellLibrary {
    /// Reads a library; one that can be installed is, where it is missing.
    ///
    /// # Errors
    /// If it cannot be read, or lacks an inverter's like that any design needs.
    pub fn open(choice: &LibraryChoice, tools: &Tools) -> Result<Self, SynthesisError> {
        let path = match choice {
            LibraryChoice::Nangate45 => tools.nangate45()?,
            LibraryChoice::Osu018 => {
                let path = PathBuf::from(OSU018);
                if !path.is_file() {
                    tools.set_up("--osu018")?;
                }
                path
            }
            LibraryChoice::File(path) => path.clone(),
        };
        Self::read(choice.to_string(), path)
    }

    /// Reads a library from a file. `name` is what tables call it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn read(name: String, path: PathBuf) -> Result<Self, SynthesisError> {
        let cells = Library::read(&path)?;
        let bytes = fs::read(&path)
            .map_err(|source| SynthesisError::Read { path: path.clone(), source })?;
        let lacks = |what| SynthesisError::Lacks { path: path.clone(), what };
        let smallest = |inputs, table| smallest(&cells, inputs, table);
        let nand2 = smallest(2, 0b0111).filter(|it| it.area_um2 > 0.0);
        let nand2 = nand2.ok_or_else(|| lacks("NAND with two inputs and an area"))?;
        let driver = smallest(1, 0b10).ok_or_else(|| lacks("buffer"))?;
        let load_ff = 4.0 * nand2.pins[nand2.inputs()[0]].capacitance_ff.rise;
        let tie = |table| {
            let cell = smallest(0, table)?;
            Some((cell.name.clone(), cell.pins[cell.outputs()[0]].name.clone()))
        };
        Ok(Self {
            name,
            digest: model::hex(&Sha256::digest(&bytes)),
            nand2_um2: nand2.area_um2,
            ties: tie(1).zip(tie(0)).map(|(high, low)| [high, low]),
            clock_gate: ClockGate::of(&cells),
            driver: driver.name.clone(),
            load_ff,
            path,
            cells,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What ABC takes to be around a design.
    pub(super) fn constraints(&self) -> String {
        format!("set_driving_cell {}\nset_load {:.3}\n", self.driver, self.load_ff)
    }

    /// Puts the file where the tools see it.
    pub(super) fn place(&self, at: &Path) -> Result<(), SynthesisError> {
        let failed = |source| SynthesisError::Write { path: at.to_owned(), source };
        fs::copy(&self.path, at).map(drop).map_err(failed)
    }
}

/// The smallest cell with one output of that truth table, the first of those that are as small.
fn smallest(library: &Library, inputs: usize, table: u64) -> Option<&Cell> {
    let fits = |cell: &&Cell| {
        let (ins, outs) = (cell.inputs(), cell.outputs());
        let function = outs.first().and_then(|&out| cell.pins[out].function.as_ref());
        let rows = (1_u64 << (1 << inputs)) - 1;
        cell.state.is_none()
            && (ins.len(), outs.len()) == (inputs, 1)
            && function.and_then(|it| it.truth_table(&ins)).is_some_and(|it| it & rows == table)
    };
    library.cells.iter().filter(fits).min_by(|a, b| a.area_um2.total_cmp(&b.area_um2))
}
