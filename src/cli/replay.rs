//! `convapprox replay`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use crate::check::{Case, replay};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the mismatch report
    folder: PathBuf,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let case = Case::read(&args.folder)?;
    let replayed = replay(&case, &args.folder)?;
    let report = std::fs::read_to_string(&replayed.report)
        .with_context(|| format!("cannot read {}", replayed.report.display()))?;
    print!("{report}");
    let mismatches = usize::from(!replayed.differences.is_empty() || replayed.outcome.is_err());
    println!("\n1 windows compared, {mismatches} mismatches");
    Ok(if mismatches == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
