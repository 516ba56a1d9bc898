// SPDX-License-Identifier: MIT OR Apache-2.0
//! The `convapprox` command.

use std::process::ExitCode;

use convapprox::cli::Cli;

fn main() -> ExitCode {
    // Output into a pipe that nobody reads any more ends the program, quietly.
    sigpipe::reset();
    study::run::start_threads();
    Cli::run()
}
