// SPDX-License-Identifier: MIT OR Apache-2.0
//! `convapprox stats`, `plot` and `columns`: the tables themselves.

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use serde_json::json;
use study::Status;
use study::data::Split;
use study::experiment::TABLES;
use study::report::terminal::table;
use study::run::Finished;
use study::tables::{self, ZeroPixelStats};

use super::flags::RunFlags;
use super::output::instead;

#[derive(Debug, clap::Args)]
pub(super) struct StatsArgs {
    #[command(flatten)]
    run: RunFlags,

    /// Which images
    #[arg(long, value_enum, default_value = "all")]
    split: Split,
}

pub(super) fn stats(args: &StatsArgs) -> anyhow::Result<Status> {
    let dataset = args.run.load()?;
    let stats = ZeroPixelStats::of(dataset.images(args.split))
        .context("this part of the data set has no images")?;
    let images = (&dataset, args.split, stats.images);
    let ended = args.run.run("stats", images, &[], |run| {
        let mut results = run.results(json!({}))?;
        results.table(&stats.rows())?;
        Ok(Finished {
            summary: (),
            findings: Default::default(),
            files: results.finish()?,
            reports: Vec::new(),
        })
    })?;
    say!("{}: {} images\n{}", dataset.source, stats.images, stats.table());
    Ok(ended.close("images"))
}

#[derive(Debug, clap::Args)]
pub(super) struct PlotArgs {
    /// Folder with result tables, by any command; all that can be drawn is
    folder: PathBuf,

    /// Folder for the figures [default: that of the tables]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// No progress and no notices
    #[arg(long)]
    quiet: bool,
}

pub(super) fn plot(args: &PlotArgs) -> anyhow::Result<Status> {
    let folder = &args.folder;
    ensure!(folder.is_dir(), "{} is not a folder", folder.display());
    let plots = tables::plot(folder)?;
    if !args.quiet {
        for (figure, table) in &plots.missing {
            note!("{} is not there: nothing of it in {figure}", folder.join(table).display());
        }
    }
    ensure!(!plots.figures.is_empty(), "{} has no table with anything to draw", folder.display());

    let out = args.out.as_ref().unwrap_or(folder);
    std::fs::create_dir_all(out).with_context(|| format!("cannot create {}", out.display()))?;
    for figure in &plots.figures {
        for path in figure.write(out)? {
            say!("{}", path.display());
        }
    }
    Ok(Status::Good)
}

#[derive(Debug, clap::Args)]
pub(super) struct ColumnsArgs {
    /// A table: its file, or its name alone; without one, all tables are listed
    table: Option<PathBuf>,
}

pub(super) fn columns(args: &ColumnsArgs) -> anyhow::Result<Status> {
    let Some(path) = &args.table else {
        let mut list = table(["table", "one row is"]);
        for table in TABLES {
            list.add_row([table.file.to_owned(), table.about()]);
        }
        say!("{list}");
        return Ok(Status::Good);
    };
    let Some(found) = tables::find(path) else {
        let names = instead(&path.to_string_lossy(), TABLES.iter().map(|it| it.file));
        bail!("{} is no table of this program; {names}", path.display());
    };
    say!("{}: {}", found.file, found.about());
    let mut list = table(["column", "unit", "holds"]);
    for column in (found.columns)() {
        list.add_row([column.name.to_owned(), column.unit().to_owned(), column.doc()]);
    }
    say!("{list}");
    if path.exists() {
        let rows = found.check(path).with_context(|| format!("{}", path.display()))?;
        say!("{rows} rows");
    }
    Ok(Status::Good)
}
