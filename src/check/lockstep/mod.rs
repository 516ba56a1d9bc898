//! Lockstep: each instruction that the system retires is compared with the reference model.
//!
//! A [`Lockstep`] is the reference beside the system: it [loads](Lockstep::load) what the system
//! loads, [steps](Lockstep::step) for each instruction that retires, takes the bytes that the
//! system has [sent](Lockstep::sent), and says how they [differ](Mismatch). A [`Cosimulation`] has
//! both and runs them; [`investigate`] runs a differing program again, with a waveform, and writes
//! a report.

mod case;
mod cosimulation;
mod difference;
mod investigate;
mod mismatch;
mod reference;
mod report;

pub use case::{CaseError, Flip, ProgramCase};
pub use cosimulation::{Cosimulation, End, RunError};
pub use difference::Difference;
pub use investigate::{Investigation, InvestigationError, investigate, replay};
pub use mismatch::{Mismatch, Traced};
pub use reference::Lockstep;
