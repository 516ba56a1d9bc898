// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs on the verilated system on chip: how they are loaded, run, compared with the reference
//! model, and what is told when something goes wrong.

#[path = "../common/mod.rs"]
mod common;

mod assembly;
mod bad_files;
mod command;
mod debugger;
mod endings;
mod fault;
mod lockstep;
mod outputs;
mod programs;
