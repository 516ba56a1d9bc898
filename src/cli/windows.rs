//! `convapprox windows`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::bail;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use super::interrupt;
use super::options::{CommonArgs, default_jobs, positive};
use super::progress::Bar;
use study::data::Split;
use crate::dut::{UNITS, UnitParameters, find};
use crate::experiment::EngineChoice;
use crate::experiment::windows::{
    ALL_FILTERS, Filter, Settings, Summary, WindowsRun, built_in, from_file, run as run_experiment,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    common: CommonArgs,

    /// Which images
    #[arg(long, value_enum, default_value = "test")]
    split: Split,

    /// How many images, from the first
    #[arg(long, value_name = "N", default_value = "300", value_parser = positive)]
    images: usize,

    /// Tolerances: products below this share of the largest one are skipped
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_values_t = [0.03, 0.06, 0.10, 0.25])]
    tau: Vec<f64>,

    /// Built-in filters to run [default: all]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    filters: Vec<String>,

    /// File with further filters: a line [name], then rows of integers
    #[arg(long, value_name = "FILE")]
    filter_file: Option<PathBuf>,

    /// What runs the convolutions
    #[arg(long, value_enum, default_value = "rtl")]
    engine: EngineChoice,

    /// Parameter set of the unit; the golden engine takes its LOG_FRAC
    #[arg(long, value_name = "NAME", default_value = "k3", value_parser = unit)]
    unit: &'static UnitParameters,

    /// Let the unit's memory wait at random, from this seed
    #[arg(long, value_name = "SEED")]
    stalls: Option<u64>,

    /// Threads [default: one a processor]
    #[arg(long, value_name = "N", value_parser = positive)]
    jobs: Option<usize>,

    /// Take up an interrupted run with the same settings
    #[arg(long)]
    resume: bool,

    /// Stop the run at this many differing windows
    #[arg(long, value_name = "N", default_value_t = 1000)]
    max_mismatches: u64,

    /// Plant a bug: give the unit T + N, to see what a mismatch looks like
    #[arg(long, value_name = "N", default_value_t = 0, allow_hyphen_values = true)]
    threshold_offset: i32,
}

fn unit(name: &str) -> Result<&'static UnitParameters, String> {
    let names = || UNITS.iter().map(|unit| unit.name).collect::<Vec<_>>().join(", ");
    find(name).ok_or_else(|| format!("no such unit; this build has {}", names()))
}

/// Where mismatch reports go.
const MISMATCH_DIR: &str = "reports/mismatch";

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let filters = filters(args)?;
    if let Some(filter) = filters.iter().find(|it| it.kernel.side() > args.unit.kernel) {
        let (side, unit) = (filter.kernel.side(), args.unit);
        bail!(
            "filter {} is {side}×{side}; unit {} takes up to {}×{}: choose another with --unit",
            filter.name,
            unit.name,
            unit.kernel,
            unit.kernel
        );
    }
    let dataset = args.common.load()?;
    let settings = Settings {
        dataset: &dataset,
        split: args.split,
        images: args.images,
        filters,
        taus: args.tau.clone(),
        engine: args.engine,
        unit: args.unit,
        seed: args.common.seed,
        stalls: args.stalls,
        threshold_offset: args.threshold_offset,
        jobs: args.jobs.unwrap_or_else(default_jobs),
        out: args.common.out("windows"),
        mismatch_dir: MISMATCH_DIR.into(),
        max_mismatches: args.max_mismatches.max(1),
        resume: args.resume,
    };
    let stop = interrupt::flag()?;
    let bar = Bar::new(args.images, "images", args.common.quiet);
    let begin = Instant::now();
    let result = run_experiment(&settings, &stop, &bar);
    bar.finish();
    let Some(result) = interrupt::finished(result, &stop)? else { return Ok(interrupt::status()) };
    print_summary(&settings, &result, begin)
}

fn filters(args: &Args) -> anyhow::Result<Vec<Filter>> {
    let from_file = args.filter_file.as_deref().map(from_file).transpose()?;
    // A file alone stands for itself; names given with it are built-in filters to add.
    let mut filters = match (&from_file, args.filters.is_empty()) {
        (Some(_), true) => Vec::new(),
        _ => built_in(&args.filters)?,
    };
    filters.extend(from_file.into_iter().flatten());
    Ok(filters)
}

fn print_summary(
    settings: &Settings<'_>,
    result: &WindowsRun,
    begin: Instant,
) -> anyhow::Result<ExitCode> {
    let seconds = begin.elapsed().as_secs_f64();
    println!(
        "{} images of {}, {} filters, {} engine, unit {}",
        settings.images,
        settings.dataset.source,
        settings.filters.len(),
        match settings.engine {
            EngineChoice::Golden => "golden",
            EngineChoice::Rtl => "rtl",
        },
        settings.unit.name
    );
    println!("{}", table(&result.summary));
    for file in &result.files {
        println!("{}", file.display());
    }
    if settings.dataset.source.name() != "mnist" {
        println!("these are drawn digits, not MNIST: the paper's column is for orientation only");
    }
    let findings = &result.findings;
    for error in &findings.counter_errors {
        println!("MISMATCH {error}");
    }
    for report in &result.reports {
        println!("mismatch report: {}", report.display());
    }
    println!("{:.1} images/s, {seconds:.1} s", settings.images as f64 / seconds);
    if settings.engine == EngineChoice::Rtl {
        println!("{} windows compared, {} mismatches", findings.windows, findings.mismatches);
    }
    Ok(if findings.mismatches == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn table(summary: &[Summary]) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_header([
        "configuration",
        "T",
        "multiplications",
        "paper",
        "vs exact %",
        "vs zero-skip %",
        "mean |error|",
        "cycles/window",
    ]);
    let number = |value: Option<f64>, decimals: usize| {
        value.map_or("–".to_owned(), |value| format!("{value:.decimals$}"))
    };
    for line in summary.iter().filter(|line| line.filter == ALL_FILTERS) {
        table.add_row([
            line.configuration.clone(),
            line.threshold.map_or("–".to_owned(), |threshold| threshold.to_string()),
            format!("{:.2}", line.multiplications_average),
            number(line.paper_multiplications_average, 2),
            format!("{:.2}", line.reduction_vs_exact_percent),
            number(line.reduction_vs_zero_skip_percent, 2),
            format!("{:.2}", line.mean_absolute_error),
            number(line.cycles_per_window, 2),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
