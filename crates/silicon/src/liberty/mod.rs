// SPDX-License-Identifier: MIT OR Apache-2.0
//! Cell libraries in the Liberty format, with tables of delay and energy (NLDM). What is not needed
//! here (noise, current sources, signal electromigration, hold) is passed over.
//!
//! There are crates that read Liberty. What is well kept among them models the whole standard, and
//! takes minutes to compile; what is small does not tell the line of an error.

mod function;
mod read;
mod syntax;
mod table;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use function::Function;
pub use table::Table;

/// No library of standard cells is as large.
const LARGEST: u64 = 256 << 20;

#[derive(Debug, thiserror::Error)]
pub enum LibertyError {
    #[error("cannot read the cell library {path}: {source}", path = path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{path}:{line}: {problem}", path = path.display())]
    Wrong { path: PathBuf, line: usize, problem: String },
}

/// A cell library, in the units of this crate.
#[derive(Debug, Clone)]
pub struct Library {
    pub name: String,
    /// Supply in volts.
    pub voltage_v: f64,
    /// The load of a wire by its fan-out, if the library has a default one.
    pub wire_load: Option<WireLoad>,
    /// In the order of the file.
    pub cells: Vec<Cell>,
    by_name: BTreeMap<String, usize>,
}

#[derive(Debug, Clone)]
pub struct Cell {
    pub name: String,
    pub area_um2: f64,
    /// Over all states.
    pub leakage_nw: f64,
    pub pins: Vec<Pin>,
    /// What it stores, if it does.
    pub state: Option<State>,
    /// Whether it gates a clock.
    pub clock_gate: bool,
    /// Why its behaviour cannot be told, if it cannot: a netlist that has the cell is refused.
    pub unsupported: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Pin {
    pub name: String,
    pub direction: Direction,
    pub capacitance_ff: Both<f64>,
    /// Of an output: its value, of the other pins and the state.
    pub function: Option<Function>,
    /// Of an output: its delays.
    pub arcs: Vec<Arc>,
    /// Of an input: how long before a clock edge it must be stable.
    pub setups: Vec<Setup>,
    /// What a change of this pin costs inside the cell.
    pub powers: Vec<Power>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Input,
    Output,
}

/// What a cell stores. Variable `pins.len()` is the state and the one behind it the complement.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// A flip-flop takes the data when the control becomes true, a latch while it is true.
    pub kind: Storage,
    pub data: Function,
    pub control: Function,
    pub clear: Option<Function>,
    pub preset: Option<Function>,
    /// The state while clear and preset are both true.
    pub cleared_and_preset: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    FlipFlop,
    Latch,
}

/// The delay from a pin to an output.
#[derive(Debug, Clone)]
pub struct Arc {
    /// The pin from which it runs.
    pub from: usize,
    pub kind: ArcKind,
    pub sense: Option<Sense>,
    /// To a rising output.
    pub rise: Option<Delay>,
    /// To a falling output.
    pub fall: Option<Delay>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArcKind {
    Combinational,
    /// From an active clock edge.
    Launch(Edge),
    /// From an asynchronous clear or preset.
    Asynchronous,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    Rise,
    Fall,
}

/// Something for a rising and for a falling edge.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Both<T> {
    pub rise: T,
    pub fall: T,
}

impl<T: Copy> Both<T> {
    /// One of them.
    pub fn of(&self, edge: Edge) -> T {
        match edge {
            Edge::Rise => self.rise,
            Edge::Fall => self.fall,
        }
    }

    /// The place of one of them.
    pub fn of_mut(&mut self, edge: Edge) -> &mut T {
        match edge {
            Edge::Rise => &mut self.rise,
            Edge::Fall => &mut self.fall,
        }
    }
}

/// Whether an output follows an input, or its inverse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sense {
    Positive,
    Negative,
}

/// Delay and output slew in ps, by slew of the input (rows, ps) and load (columns, fF).
#[derive(Debug, Clone)]
pub struct Delay {
    pub delay: Table,
    pub slew: Table,
}

/// A setup time in ps, by slew of the pin (rows, ps) and of the clock (columns, ps).
#[derive(Debug, Clone)]
pub struct Setup {
    /// The clock pin.
    pub clock: usize,
    pub edge: Edge,
    pub rise: Option<Table>,
    pub fall: Option<Table>,
}

/// Energy in fJ of one change of a pin, by slew of the causing input (rows, ps) and load (columns,
/// fF).
#[derive(Debug, Clone)]
pub struct Power {
    /// Of an output: the inputs that may cause the change.
    pub from: Vec<usize>,
    pub when: Option<Function>,
    pub rise: Option<Table>,
    pub fall: Option<Table>,
}

/// A table of wire lengths by fan-out.
#[derive(Debug, Clone)]
pub struct WireLoad {
    pub name: String,
    pub ff_per_length: f64,
    /// Length of each pin beyond the table.
    pub slope: f64,
    /// Fan-out and length, ascending.
    pub lengths: Vec<(f64, f64)>,
}

impl Library {
    /// Reads a library file.
    pub fn read(path: &Path) -> Result<Self, LibertyError> {
        let text = model::files::read_text(path, LARGEST)
            .map_err(|source| LibertyError::Io { path: path.into(), source })?;
        Self::parse(&text, path)
    }

    /// A library from text; `path` is what errors name.
    pub fn parse(text: &str, path: &Path) -> Result<Self, LibertyError> {
        read::library(text).map_err(|(line, problem)| LibertyError::Wrong {
            path: path.into(),
            line,
            problem,
        })
    }

    /// The number of a cell in `cells`.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The area of the smallest NAND of two inputs: the gate in which areas are counted.
    pub fn nand2_um2(&self) -> Option<f64> {
        let nands = self.cells.iter().filter(|cell| {
            let inputs = cell.inputs();
            let output = cell.pins.iter().find_map(|pin| pin.function.as_ref());
            inputs.len() == 2
                && cell.state.is_none()
                && output
                    .and_then(|it| it.truth_table(&inputs))
                    .is_some_and(|it| it & 0xf == 0b0111)
        });
        nands.map(|cell| cell.area_um2).min_by(f64::total_cmp)
    }
}

impl Cell {
    /// The number of a pin in `pins`.
    pub fn pin(&self, name: &str) -> Option<usize> {
        self.pins.iter().position(|pin| pin.name == name)
    }

    /// The numbers of its inputs, ascending.
    pub fn inputs(&self) -> Vec<usize> {
        (0..self.pins.len()).filter(|&i| self.pins[i].direction == Direction::Input).collect()
    }

    /// The numbers of its outputs, ascending.
    pub fn outputs(&self) -> Vec<usize> {
        (0..self.pins.len()).filter(|&i| self.pins[i].direction == Direction::Output).collect()
    }

    /// Whether a pin is the clock of what the cell stores.
    pub fn is_clock(&self, pin: usize) -> bool {
        self.state.as_ref().is_some_and(|state| state.control.variables().contains(&pin))
    }
}

impl WireLoad {
    /// The capacitance in fF of a wire to this many pins.
    pub fn capacitance_ff(&self, pins: usize) -> f64 {
        let fanout = pins as f64;
        let above = self.lengths.partition_point(|&(pins, _)| pins < fanout);
        let length = match (above.checked_sub(1).map(|i| self.lengths[i]), self.lengths.get(above))
        {
            (None, None) => self.slope * fanout,
            (None, Some(&(_, length))) => length,
            (Some((pins, length)), None) => length + self.slope * (fanout - pins),
            (Some((from, low)), Some(&(to, high))) => {
                low + (high - low) * (fanout - from) / (to - from)
            }
        };
        self.ff_per_length * length
    }
}
