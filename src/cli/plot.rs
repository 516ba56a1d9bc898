// SPDX-License-Identifier: MIT OR Apache-2.0
//! `convapprox plot`.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use study::Status;
use study::tables;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder with result tables, by any command; all that can be drawn is
    folder: PathBuf,

    /// Folder for the figures [default: that of the tables]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// No progress and no notices
    #[arg(long)]
    quiet: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let folder = &args.folder;
    ensure!(folder.is_dir(), "{} is not a folder", folder.display());
    let plots = tables::plot(folder)?;
    if !args.quiet {
        for (figure, table) in &plots.missing {
            eprintln!("{} is not there: nothing of it in {figure}", folder.join(table).display());
        }
    }
    ensure!(!plots.figures.is_empty(), "{} has no table with anything to draw", folder.display());

    let out = args.out.as_ref().unwrap_or(folder);
    std::fs::create_dir_all(out).with_context(|| format!("cannot create {}", out.display()))?;
    for figure in &plots.figures {
        for path in figure.write(out)? {
            println!("{}", path.display());
        }
    }
    Ok(Status::Good)
}
