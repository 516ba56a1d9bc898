// SPDX-License-Identifier: MIT OR Apache-2.0
//! The commands of `convapprox`: flags, progress, tables on the terminal.

#[macro_use]
mod output;

mod accel;
mod classify;
mod energy;
mod experiments;
mod flags;
mod lenet;
mod soc;
mod synth;
mod tables;
mod torture;
mod windows;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use comfy_table::Table;
use study::report::terminal::table;
use study::{Error, Status, error_message};

/// Approximate convolution in hardware: run it, check it, measure it.
#[derive(Debug, Parser)]
#[command(
    name = "convapprox",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = EXIT_STATUS,
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_STATUS: &str = "Exit status: 0 good, 1 what is tested failed, 2 bad input or usage, \
                           3 mismatch, 4 time-out, 130 interrupted.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Count the zero pixels of the images: the paper's table of MNIST statistics
    Stats(tables::StatsArgs),
    /// Run 3×3 filters over images, exact and at several tolerances, on the unit's RTL
    Windows(windows::Args),
    /// Run LeNet-5 over the test images: the paper's table of multiplications and accuracy
    Lenet(lenet::Args),
    /// Run everything that is measured on LeNet-5: tables, peers, operating points, training images
    Sweep(lenet::SweepArgs),
    /// Tell which digit pictures show, exact and approximate
    Classify(classify::Args),
    #[command(flatten)]
    Experiment(experiments::Experiment),
    /// Run LeNet-Accel and LeNet-5 as programs on the core, with and without the unit
    Accel(accel::Args),
    /// Synthesise the unit and the core: area by module, the longest path, what the unit adds to the core
    Synth(synth::Args),
    /// Measure what windows of LeNet-5 cost in energy, on the netlist of a unit
    Energy(energy::Args),
    /// Compare units and thresholds in accuracy, time, area and energy, on validation images
    Explore(energy::Args),
    /// Run a program on the RISC-V core with the unit, beside the reference model
    Soc(soc::Args),
    /// Run random programs on the system, in lockstep with the reference model
    Torture(torture::Args),
    /// Run the window, or the program, of a mismatch report again and write its waveform
    Replay(soc::ReplayArgs),
    /// Draw figures, as PNG and SVG, of the result tables in a folder
    Plot(tables::PlotArgs),
    /// Tell what the tables hold, column by column
    Columns(tables::ColumnsArgs),
}

impl Cli {
    /// Runs the command of the arguments; an error is printed.
    pub fn run() -> ExitCode {
        let parsed = Self::full_command().try_get_matches().and_then(|mut arguments| {
            let room = flags::check_out(&arguments);
            Ok((Self::from_arg_matches_mut(&mut arguments)?, room))
        });
        let result = match parsed {
            Ok((cli, room)) => room.and_then(|()| cli.command.run()),
            // Help is such an error too.
            Err(error) => {
                error.print().unwrap_or_else(|error| output::cannot_print(&error));
                Ok(if error.exit_code() == 0 { Status::Good } else { Status::BadInput })
            }
        };
        let status = result.unwrap_or_else(|error| {
            note!("error: {}", error_message(error.as_ref()));
            status(&error)
        });
        ExitCode::from(output::ends(status) as u8)
    }

    /// With the exit statuses in the help of each command.
    fn full_command() -> clap::Command {
        Self::command().mut_subcommands(|command| {
            let own = command.get_after_help().map_or(String::new(), |it| format!("{it}\n\n"));
            command.after_help(own + EXIT_STATUS)
        })
    }
}

impl Command {
    fn run(self) -> anyhow::Result<Status> {
        match self {
            Self::Stats(args) => tables::stats(&args),
            Self::Windows(args) => windows::run(&args),
            Self::Lenet(args) => lenet::run(&args),
            Self::Sweep(args) => lenet::sweep(&args),
            Self::Classify(args) => classify::run(&args),
            Self::Experiment(experiment) => experiment.run(),
            Self::Accel(args) => accel::run(&args),
            Self::Synth(args) => synth::run(&args),
            Self::Energy(args) => energy::run(&args),
            Self::Explore(args) => energy::explore(&args),
            Self::Soc(args) => soc::run(&args),
            Self::Torture(args) => torture::run(&args),
            Self::Replay(args) => soc::replay(&args),
            Self::Plot(args) => tables::plot(&args),
            Self::Columns(args) => tables::columns(&args),
        }
    }
}

/// A column of a table on the terminal: its title, as [`table`] takes it, and its text in a row.
type Column<'a, R> = (&'a str, &'a dyn Fn(&R) -> String);

fn table_of<'a, R: 'a>(rows: impl IntoIterator<Item = &'a R>, columns: &[Column<'_, R>]) -> Table {
    let mut table = table(columns.iter().map(|(title, _)| title));
    table.add_rows(rows.into_iter().map(|row| columns.iter().map(|(_, text)| text(row))));
    table
}

/// The exit status of a command that ends with an error.
fn status(error: &anyhow::Error) -> Status {
    error.downcast_ref::<Error>().map_or(Status::BadInput, Error::status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_means_the_same_in_every_command() {
        // What a flag is called in the help is its type; a few say more about one command. One that
        // can be repeated is the same flag.
        let mut values = std::collections::BTreeMap::new();
        for command in Cli::command().get_subcommands() {
            for flag in command.get_arguments().filter(|it| it.get_long().is_some()) {
                let name = flag.get_long().unwrap_or_default().to_owned();
                let value =
                    format!("{:?} {}", flag.get_value_names(), flag.get_action().takes_values());
                let first = values.entry(name.clone()).or_insert_with(|| value.clone());
                assert_eq!(*first, value, "--{name} of {}", command.get_name());
            }
        }
    }
}
