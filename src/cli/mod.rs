//! The commands of `convapprox`: flags, progress, tables on the terminal.

mod accel;
mod channels;
mod classify;
mod interrupt;
mod lenet;
mod message;
mod options;
mod plot;
mod progress;
mod replay;
mod search;
mod soc;
mod stats;
mod sweep;
mod torture;
mod windows;

use std::process::ExitCode;

use study::report::provenance::{Build, set_build};

use clap::{Parser, Subcommand};

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
    /// Count the zero pixels of the images: the paper's table of MNIST statistics
    Stats(stats::Args),
    /// Run 3×3 filters over images, exact and at several tolerances, on the unit's RTL
    Windows(windows::Args),
    /// Run LeNet-5 over the test images: the paper's table of multiplications and accuracy
    Lenet(lenet::Args),
    /// Tell which digit PNG files show, exact and approximate
    Classify(classify::Args),
    /// Run everything that is measured on LeNet-5: tables, peers, operating points, training images
    Sweep(sweep::Args),
    /// Search thresholds layer by layer, on the validation images alone
    Search(search::Args),
    /// Measure what the order of the channels is worth where S_max runs over them
    Channels(channels::Args),
    /// Run LeNet-Accel and LeNet-5 as programs on the core, with and without the unit
    Accel(accel::Args),
    /// Draw figures, as PNG and SVG, of the result tables in a folder
    Plot(plot::Args),
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
        set_build(Build {
            rtl_sha256: env!("CONVAPPROX_RTL_SHA256"),
            soc_rtl_sha256: env!("CONVAPPROX_SOC_RTL_SHA256"),
            verilator: env!("CONVAPPROX_VERILATOR"),
            cxx: env!("CONVAPPROX_CXX"),
            rustc: env!("CONVAPPROX_RUSTC"),
        });
        match self.command {
            Command::Stats(args) => stats::run(args),
            Command::Windows(args) => windows::run(&args),
            Command::Lenet(args) => lenet::run(&args),
            Command::Classify(args) => classify::run(&args),
            Command::Sweep(args) => sweep::run(&args),
            Command::Search(args) => search::run(&args),
            Command::Channels(args) => channels::run(&args),
            Command::Accel(args) => accel::run(&args),
            Command::Plot(args) => plot::run(&args),
            Command::Soc(args) => Ok(soc::run(&args)),
            Command::Torture(args) => torture::run(&args),
            Command::Replay(args) => replay::run(&args),
        }
    }
}
