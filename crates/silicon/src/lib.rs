// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a design costs in gates: a netlist of standard cells, measured against the library that
//! describes them.
//!
//! - [`liberty`]: the cell library: area, leakage, functions, delay, power tables;
//! - [`netlist`]: the mapped netlist of a synthesiser, elaborated to one flat list of cells;
//! - [`timing`]: static timing: the slowest paths, the slew and load of each net;
//! - [`switching`]: which nets change how often, with glitches and without;
//! - [`power`]: what these changes cost, and what the cells leak.
//!
//! Units are the same everywhere: picoseconds, femtofarads, femtojoules, nanowatts, square
//! micrometres. A library in other units is converted when it is read.

pub mod liberty;
pub mod netlist;
pub mod power;
pub mod switching;
pub mod timing;
