// SPDX-License-Identifier: MIT OR Apache-2.0
//! Trains, fine-tunes and evaluates.

mod command;

use std::process::ExitCode;

use clap::Parser;
use study::error_message;

/// Trains the networks of convapprox, and fine-tunes them with products skipped.
#[derive(Debug, Parser)]
#[command(version, about)]
enum Cli {
    /// Trains weights from scratch, in floating point
    Train(command::Train),
    /// Trains weights on, with the products skipped that the hardware skips
    Finetune(command::Finetune),
    /// Puts channels into the order that saves multiplications in running scope
    Reorder(command::Reorder),
    /// Scores weights or an operating point on the validation images
    Evaluate(command::Evaluate),
}

fn main() -> ExitCode {
    let result = match Cli::parse() {
        Cli::Train(train) => train.run(),
        Cli::Finetune(finetune) => finetune.run(),
        Cli::Reorder(reorder) => reorder.run(),
        Cli::Evaluate(evaluate) => evaluate.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", error_message(&*error));
            ExitCode::FAILURE
        }
    }
}
