//! `convapprox plot`.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};

use study::report::plot;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder with the tables: lenet.csv, peers.csv, operating_points.csv, products.csv, skips.csv,
    /// confusion.csv, layer_errors.csv, or some of them
    folder: PathBuf,

    /// Folder for the figures [default: that of the tables]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// No notices
    #[arg(long)]
    quiet: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let folder = &args.folder;
    ensure!(folder.is_dir(), "{} is not a folder", folder.display());
    let plots = plot::figures(folder)?;
    if !args.quiet {
        for (file, figures) in &plots.missing {
            eprintln!("{} is not there: nothing of it for {figures}", folder.join(file).display());
        }
    }
    ensure!(!plots.figures.is_empty(), "{} has no table with anything to draw", folder.display());

    let out = args.out.as_ref().unwrap_or(folder);
    fs::create_dir_all(out).with_context(|| format!("cannot create {}", out.display()))?;
    for figure in &plots.figures {
        for path in plot::write(figure, out)? {
            println!("{}", path.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}
