//! `convapprox replay`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

use crate::check::lockstep::{self, End, ProgramCase};
use crate::check::{Case, replay};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the mismatch report, of a window or of a program
    folder: PathBuf,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if ProgramCase::is_in(&args.folder) { program(args) } else { window(args) }
}

fn window(args: &Args) -> anyhow::Result<ExitCode> {
    let case = Case::read(&args.folder)?;
    let replayed = replay(&case, &args.folder)?;
    print_report(&replayed.report)?;
    let mismatches = usize::from(!replayed.differences.is_empty() || replayed.outcome.is_err());
    println!("\n1 windows compared, {mismatches} mismatches");
    Ok(if mismatches == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn program(args: &Args) -> anyhow::Result<ExitCode> {
    let (end, investigation) = lockstep::replay(&args.folder)?;
    if let Some(investigation) = investigation {
        print_report(&investigation.report)?;
        println!("\n1 programs compared, 1 mismatches");
        return Ok(ExitCode::FAILURE);
    }
    match end {
        End::Tohost(1) => println!("the program passes"),
        End::Tohost(word) => println!("the program ends with {word:#x} in tohost"),
        _ => println!("the program runs past the cycle of the mismatch"),
    }
    println!("\n1 programs compared, 0 mismatches");
    Ok(ExitCode::SUCCESS)
}

fn print_report(path: &Path) -> anyhow::Result<()> {
    let report =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    print!("{report}");
    Ok(())
}
