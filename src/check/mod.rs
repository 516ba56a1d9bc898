//! Compares what a unit did with the golden model, and follows a difference up: report, replay in
//! a traced build, waveform.

mod case;
mod case_file;
mod expected;
mod fetch;
mod gtkwave;
pub mod lockstep;
mod replay;
mod report;
mod scoreboard;

pub use case::{Case, CaseError, Place};
pub use case_file::CaseFileError;
pub use expected::{Difference, ExpectedWindow};
pub use fetch::Fetch;
pub use replay::{ReplayError, Replayed, replay};
pub use report::describe;
pub use scoreboard::{Findings, Scoreboard};
