//! The `convapprox` command.

use std::process::ExitCode;

use clap::Parser;
use convapprox::cli::{Cli, error_message};

fn main() -> ExitCode {
    sigpipe::reset();
    Cli::parse().run().unwrap_or_else(|error| {
        eprintln!("error: {}", error_message(&error));
        ExitCode::FAILURE
    })
}
