// SPDX-License-Identifier: MIT OR Apache-2.0
//! `convapprox windows`.

use std::path::PathBuf;

use anyhow::bail;
use study::Status;
use study::data::Split;
use study::experiment::windows::{self, Filter, SHARPEN9, built_in, built_in_names, from_file};
use study::report::terminal::{number, optional};
use study::tables::{Over, SummaryRow};

use super::flags::{RunFlags, UnitFlags, positive};
use super::output::{List, instead};
use super::table_of;
use crate::hw::UnitParameters;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    run: RunFlags,

    #[command(flatten)]
    under_test: UnitFlags,

    /// Which images
    #[arg(long, value_enum, default_value = "test")]
    split: Split,

    /// How many images, from the first
    #[arg(long, value_name = "N", default_value = "300", value_parser = positive)]
    images: usize,

    /// Tolerances: products below this share of the largest one are skipped
    #[arg(long, value_name = "LIST", default_value = "0.03,0.06,0.1,0.25")]
    tau: List<f64>,

    #[arg(long, value_name = "LIST", help = filters_help())]
    filters: Option<List<String>>,

    /// File with further filters: a line [name], then rows of integers
    #[arg(long, value_name = "FILE")]
    filter_file: Option<PathBuf>,

    /// Parameter set of the unit: a name such as k3_f3, or kernel=1..7, log_frac=0..8,
    /// multipliers=1..4·kernel², mem_width=32|128, kernels=1..256, operand_w=8|16|32, float=0|1 with commas between;
    /// the golden engine takes its LOG_FRAC and OPERAND_W
    #[arg(long, value_name = "SET", default_value = "k3")]
    unit: UnitParameters,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let filters = filters(args)?;
    if let Some(filter) = filters.iter().find(|it| it.kernel.side() > args.unit.kernel) {
        let (side, UnitParameters { kernel, .. }) = (filter.kernel.side(), args.unit);
        bail!(
            "filter {} is {side}×{side}; unit {} takes up to {kernel}×{kernel}: choose another \
             with --unit",
            filter.name,
            args.unit
        );
    }
    let dataset = args.run.load()?;
    let unit = args.under_test.factory(args.run.basic.seed, Some(args.unit));
    let images = (&dataset, args.split, args.images);
    let ended = args.run.run("windows", images, &[unit.as_ref()], |run| {
        windows::run(run, &filters, &args.tau, args.unit.log_frac)
    })?;
    say!(
        "{} images of {}, {} filters, {} engine, unit {}",
        args.images,
        dataset.source,
        filters.len(),
        unit.info().name,
        args.unit
    );
    print_summary(&ended.finished.summary);
    if dataset.source.name() != "mnist" {
        say!("these are drawn digits, not MNIST: the paper's column is for orientation only");
    }
    say!("{:.1} images/s", args.images as f64 / ended.seconds);
    Ok(ended.close("windows"))
}

fn filters_help() -> String {
    let names: Vec<_> = built_in_names().collect();
    format!("Built-in filters to run, of {} [default: all but {SHARPEN9}]", names.join(", "))
}

fn filters(args: &Args) -> anyhow::Result<Vec<Filter>> {
    let from_file = args.filter_file.as_deref().map(from_file).transpose()?;
    let names = args.filters.as_deref().unwrap_or_default();
    if let Some(name) = names.iter().find(|&name| built_in_names().all(|it| it != *name)) {
        bail!("no filter is called {name:?}; {}", instead(name, built_in_names()));
    }
    // A file alone stands for itself; names given with it are built-in filters to add.
    let mut filters = match (&from_file, names.is_empty()) {
        (Some(_), true) => Vec::new(),
        _ => built_in(names)?,
    };
    filters.extend(from_file.into_iter().flatten());
    Ok(filters)
}

fn print_summary(summary: &[SummaryRow]) {
    let rows = summary.iter().filter(|row| row.over == Over::Filters);
    let table = table_of(
        rows,
        &[
            ("configuration", &|row| row.key.configuration.clone()),
            (">T", &|row| optional(row.key.threshold)),
            (">multiplications", &|row| number(row.multiplications_average, 2)),
            (">paper", &|row| number(row.paper_multiplications_average.map(|it| it.0), 2)),
            (">saved %", &|row| number(row.compared.reduction_vs_exact_percent, 2)),
            (">saved of zero-skip %", &|row| {
                number(row.compared.reduction_vs_zero_skip_percent, 2)
            }),
            (">mean |error|", &|row| number(row.compared.mean_absolute_error, 2)),
            (">cycles/window", &|row| number(row.cycles_per_window, 2)),
        ],
    );
    say!("{table}");
}
