//! `convapprox accel`.

use std::process::ExitCode;
use std::time::Instant;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use super::interrupt;
use super::options::{CommonArgs, default_jobs, positive};
use super::progress::Bar;
use crate::experiment::accel::{
    ALL_LAYERS, AccelRun, CoreEngine, LENET_ACCEL_REDUCTION_PERCENT, PAPER_SCORES, PAPER_TAU,
    Settings, network, network_names, run as run_experiment,
};
use crate::experiment::lenet::PAPER_TAUS;
use model::conv::SmaxScope;

/// Mismatches that are printed.
const PRINTED: usize = 10;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    common: CommonArgs,

    /// Networks: LeNet-Accel, as reconstructed, and LeNet-5
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        value_parser = clap::builder::PossibleValuesParser::new(network_names()),
        default_values = network_names()
    )]
    network: Vec<String>,

    /// How many test images are run on the core, from the first
    #[arg(long, value_name = "N", default_value = "8", value_parser = positive)]
    images: usize,

    /// How many the errors of the scores are taken over
    #[arg(long, value_name = "N", default_value = "200", value_parser = positive)]
    score_images: usize,

    /// Tolerances: products below this share of the largest one are skipped
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_values_t = [PAPER_TAU].into_iter().chain(PAPER_TAUS)
    )]
    tau: Vec<f64>,

    /// What S_max is taken over
    #[arg(long, value_name = "SCOPE", default_value = "window")]
    smax_scope: SmaxScope,

    /// What runs the inferences
    #[arg(long, value_enum, default_value = "soc")]
    engine: CoreEngine,

    /// Compare every instruction with the reference model, which takes longer
    #[arg(long)]
    lockstep: bool,

    /// Threads [default: one a processor]
    #[arg(long, value_name = "N", value_parser = positive)]
    jobs: Option<usize>,

    /// Take up an interrupted run with the same settings
    #[arg(long)]
    resume: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let dataset = args.common.load()?;
    let networks = args.network.iter().map(|name| network(name)).collect::<Result<_, _>>()?;
    let settings = Settings {
        dataset: &dataset,
        networks,
        images: args.images,
        score_images: args.score_images,
        taus: args.tau.clone(),
        scope: args.smax_scope,
        engine: args.engine,
        lockstep: args.lockstep && args.engine == CoreEngine::Soc,
        seed: args.common.seed,
        jobs: args.jobs.unwrap_or_else(default_jobs),
        out: args.common.out("accel"),
        mismatch_dir: "reports/mismatch".into(),
        resume: args.resume,
    };
    let stop = interrupt::flag()?;
    let bar = Bar::new(settings.pieces(), "pieces", args.common.quiet);
    let begin = Instant::now();
    let result = run_experiment(&settings, &stop, &bar);
    bar.finish();
    let Some(result) = interrupt::finished(result, &stop)? else { return Ok(interrupt::status()) };
    print(&settings, &result, begin.elapsed().as_secs_f64());
    let clean = result.mismatches.is_empty();
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(settings: &Settings<'_>, result: &AccelRun, seconds: f64) {
    println!("{}, {} engine", settings.dataset.source, settings.engine.name());
    for variant in &settings.networks {
        let network = &variant.network_name;
        let bits = variant.integer.proof.last().map_or(0, |proof| proof.sum_shift);
        println!("\n{network}, the scores of the first image, in units of 2^-{bits}");
        println!("{}", scores(result, network, network.starts_with("lenet_accel")));
        println!("the scores of {} images", settings.score_images.max(settings.images));
        println!("{}", score_errors(result, network));
        if !result.cycles.is_empty() {
            let unit = if settings.engine.has_cycles() { "cycles" } else { "instructions" };
            println!("{unit} of an inference, {} images", settings.images);
            println!("{}", cycles(result, network, settings.engine.has_cycles()));
        }
    }
    for file in &result.files {
        println!("{}", file.display());
    }
    for mismatch in result.mismatches.iter().take(PRINTED) {
        println!("MISMATCH {mismatch}");
    }
    if result.mismatches.len() > PRINTED {
        println!("and {} more", result.mismatches.len() - PRINTED);
    }
    println!("{seconds:.1} s");
    if settings.lockstep {
        println!("{} instructions compared in lockstep", result.instructions);
    }
    println!("{} inferences compared, {} mismatches", result.compared, result.mismatches.len());
}

fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:.decimals$}"))
}

/// The table of ten scores at the smallest tolerance, beside the paper's if it is the paper's network.
fn scores(result: &AccelRun, network: &str, paper: bool) -> Table {
    let mut table = Table::new();
    let mut header = vec!["class", "exact", "custom", "error", "error %"];
    if paper {
        header.extend(["paper: exact", "custom", "error", "error %"]);
    }
    table.load_preset(UTF8_FULL_CONDENSED).set_header(&header);
    let rows = || result.scores.iter().filter(|row| row.network == network);
    let Some(tau) = rows().filter_map(|row| row.tau).min_by(f64::total_cmp) else { return table };
    for row in rows().filter(|row| row.tau == Some(tau)) {
        let mut line = vec![
            row.class.to_string(),
            row.exact.to_string(),
            row.custom.to_string(),
            row.absolute_error.to_string(),
            number(row.percentage_error, 2),
        ];
        if let Some((exact, custom)) = PAPER_SCORES.get(row.class).filter(|_| paper) {
            let error = exact.abs_diff(*custom);
            let percent = 100.0 * f64::from(error) / f64::from(*exact).abs();
            line.extend([exact.to_string(), custom.to_string(), error.to_string()]);
            line.push(format!("{percent:.2}"));
        }
        table.add_row(line);
    }
    align(table, 0)
}

fn score_errors(result: &AccelRun, network: &str) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_header([
        "configuration",
        "T",
        "error: mean",
        "median",
        "95 %",
        "max",
        "error %: mean",
        "median",
        "95 %",
        "max",
        "paper: mean, median %",
        "classes changed",
    ]);
    for row in result.score_errors.iter().filter(|row| row.network == network) {
        table.add_row([
            row.configuration.clone(),
            row.threshold.map_or("–".to_owned(), |threshold| threshold.to_string()),
            format!("{:.0}", row.mean_absolute_error),
            format!("{:.0}", row.median_absolute_error),
            format!("{:.0}", row.p95_absolute_error),
            format!("{:.0}", row.max_absolute_error),
            number(row.mean_percentage_error, 2),
            number(row.median_percentage_error, 2),
            number(row.p95_percentage_error, 2),
            number(row.max_percentage_error, 1),
            row.paper_mean_percentage_error.map_or("–".to_owned(), |mean| {
                format!("{mean:.2}, {}", number(row.paper_median_percentage_error, 2))
            }),
            row.class_flips.to_string(),
        ]);
    }
    align(table, 1)
}

/// A line a layer, a column a program.
fn cycles(result: &AccelRun, network: &str, timed: bool) -> Table {
    let rows = || result.cycles.iter().filter(|row| row.network == network);
    let mut programs: Vec<(&str, &str)> = Vec::new();
    let mut layers: Vec<&str> = Vec::new();
    for row in rows() {
        let program = (row.build.as_str(), row.configuration.as_str());
        if !programs.contains(&program) {
            programs.push(program);
        }
        if !layers.contains(&row.layer.as_str()) {
            layers.push(&row.layer);
        }
    }
    // Software, exact, and the tightest tolerance; the others differ by next to nothing.
    programs.truncate(3);
    let find = |layer: &str, (build, configuration): (&str, &str)| {
        rows().find(|row| {
            (row.layer.as_str(), row.build.as_str(), row.configuration.as_str())
                == (layer, build, configuration)
        })
    };
    let mut table = Table::new();
    let mut header = vec!["layer".to_owned()];
    for (build, configuration) in &programs {
        let name = if *build == "software" {
            "software".to_owned()
        } else {
            format!("unit, {configuration}")
        };
        header.push(name);
        if *build != "software" && timed {
            header.extend(["less %".to_owned(), "times".to_owned()]);
        }
    }
    table.load_preset(UTF8_FULL_CONDENSED).set_header(header);
    for layer in layers {
        let mut line = vec![layer.to_owned()];
        for &program in &programs {
            let Some(row) = find(layer, program) else { continue };
            line.push(number(row.cycles_average.or(Some(row.instructions_average)), 0));
            if program.0 != "software" && timed {
                line.push(number(row.reduction_percent, 1));
                line.push(number(row.speed_up, 2));
            }
        }
        table.add_row(line);
    }
    if timed {
        let mut line = vec![format!("LeNet-Accel, {ALL_LAYERS}"), String::new()];
        for _ in programs.iter().skip(1) {
            let percent = LENET_ACCEL_REDUCTION_PERCENT;
            line.extend([String::new(), format!("{percent:.1}")]);
            line.push(format!("{:.2}", 100.0 / (100.0 - percent)));
        }
        table.add_row(line);
    }
    align(table, 1)
}

/// Numbers to the right, from a column on.
fn align(mut table: Table, first: usize) -> Table {
    for column in table.column_iter_mut().skip(first) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
