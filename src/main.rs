// SPDX-License-Identifier: MIT OR Apache-2.0
//! The `convapprox` command.

use std::process::ExitCode;

use convapprox::cli::Cli;

fn main() -> ExitCode {
    study::run::start_threads();
    Cli::run()
}
