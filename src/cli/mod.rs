//! The commands of `convapprox`: flags, progress, tables on the terminal.

mod interrupt;
mod message;
mod options;
mod replay;
mod soc;
mod torture;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use study::results::ProgramFacts;

pub use message::error_message;

/// Approximate convolution in hardware: run it, check it, measure it.
#[derive(Debug, Parser)]
#[command(name = "convapprox", version, max_term_width = 100, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a program on the RISC-V core with the unit, beside the reference model
    Soc(soc::Args),
    /// Run random programs on the system, in lockstep with the reference model
    Torture(torture::Args),
    /// Run the window, or the program, of a mismatch report again and write its waveform
    Replay(replay::Args),
}

impl Cli {
    /// Runs the command. A comparison that finds a difference is a failure.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Soc(args) => Ok(soc::run(&args)),
            Command::Torture(args) => torture::run(&args),
            Command::Replay(args) => replay::run(&args),
        }
    }
}

/// What this program was built from.
fn program() -> ProgramFacts {
    ProgramFacts {
        version: env!("CARGO_PKG_VERSION"),
        revision: env!("CONVAPPROX_REVISION"),
        sources_sha256: env!("CONVAPPROX_SOURCES_SHA256"),
        rustc: env!("CONVAPPROX_RUSTC"),
    }
}
