// SPDX-License-Identifier: MIT OR Apache-2.0
//! `convapprox columns`.

use std::path::PathBuf;

use anyhow::{Context, bail};
use study::Status;
use study::report::terminal::table;
use study::tables;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A table: its file, or its name alone; without one, all tables are listed
    table: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let Some(path) = &args.table else {
        let mut list = table(["table", "one row is"]);
        for table in tables::ALL {
            list.add_row([table.file.to_owned(), table.about()]);
        }
        println!("{list}");
        return Ok(Status::Good);
    };
    let Some(found) = tables::find(path) else {
        let names: Vec<&str> = tables::ALL.iter().map(|it| it.file).collect();
        bail!("{} is no table of this program; it writes {}", path.display(), names.join(", "));
    };
    println!("{}: {}", found.file, found.about());
    let mut list = table(["column", "unit", "holds"]);
    for column in (found.columns)() {
        list.add_row([column.name.to_owned(), column.unit().to_owned(), column.doc()]);
    }
    println!("{list}");
    if path.exists() {
        let rows = found.check(path).with_context(|| format!("{}", path.display()))?;
        println!("{rows} rows");
    }
    Ok(Status::Good)
}
