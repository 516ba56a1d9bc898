//! `convapprox lenet`, and what it shares with `sweep`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::bail;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use super::interrupt;
use super::options::{CommonArgs, default_jobs, positive};
use super::progress::Bar;
use crate::experiment::lenet::{
    ALL_LAYERS, Cell, LenetRun, OperatingPoint, PAPER_TAUS, RtlSettings, Settings, Variant,
    run as run_experiment, table_cells,
};
use crate::experiment::{EngineChoice, ExperimentError};
use model::conv::SmaxScope;
use model::nn::Activation;

/// Which of the two networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Activations {
    Relu,
    Tanh,
    Both,
}

impl Activations {
    pub fn list(self) -> &'static [Activation] {
        match self {
            Self::Relu => &[Activation::Relu],
            Self::Tanh => &[Activation::Tanh],
            Self::Both => &[Activation::Relu, Activation::Tanh],
        }
    }
}

/// How a run goes, in `lenet` and `sweep` alike.
#[derive(Debug, clap::Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub common: CommonArgs,

    /// Let the units' memory wait at random, from this seed
    #[arg(long, value_name = "SEED")]
    pub stalls: Option<u64>,

    /// Threads [default: one a processor]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub jobs: Option<usize>,

    /// Take up an interrupted run with the same settings
    #[arg(long)]
    pub resume: bool,

    /// Stop the run at this many differing windows
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub max_mismatches: u64,

    /// Plant a bug: give the unit T + N, to see what a mismatch looks like
    #[arg(long, value_name = "N", default_value_t = 0, allow_hyphen_values = true)]
    pub threshold_offset: i32,
}

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    run: RunArgs,

    /// How many test images, from the first
    #[arg(long, value_name = "N", default_value = "100", value_parser = positive)]
    images: usize,

    /// Which of the shipped networks
    #[arg(long, value_enum, default_value = "both")]
    activation: Activations,

    /// Another network: its description; --weights goes with it
    #[arg(long, value_name = "FILE", requires = "weights")]
    network: Option<PathBuf>,

    /// Weights in place of the shipped ones: safetensors with 32-bit floats
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,

    /// Operating points to run instead of the table
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["network", "weights"])]
    point: Vec<PathBuf>,

    /// Tolerances: products below this share of the largest one are skipped
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_values_t = PAPER_TAUS)]
    tau: Vec<f64>,

    /// Fraction bits of the log proxies
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_values_t = [0])]
    log_frac: Vec<u32>,

    /// The table alone: no errors, bounds, skips, zeros and products
    #[arg(long)]
    table_only: bool,

    /// What S_max is taken over
    #[arg(long, value_name = "SCOPE", default_value = "window")]
    smax_scope: SmaxScope,

    /// What runs the convolutions
    #[arg(long, value_enum, default_value = "rtl")]
    engine: EngineChoice,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (mut variants, mut cells) = (Vec::new(), Vec::new());
    if args.point.is_empty() {
        variants = table_variants(args)?;
        for (number, variant) in variants.iter().enumerate() {
            let layers = variant.layers().len();
            for &log_frac in &args.log_frac {
                let scope = args.smax_scope;
                cells.extend(table_cells(number, layers, &args.tau, log_frac, scope)?);
            }
        }
    } else {
        for path in &args.point {
            let point = OperatingPoint::read(path)?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            add_point(&name, &point, &mut variants, &mut cells)?;
        }
    }
    let dataset = args.run.common.load()?;
    let settings = Settings {
        command: "lenet",
        dataset: &dataset,
        images: args.images,
        variants,
        cells,
        analysis: !args.table_only,
        engine: args.engine,
        ..args.run.settings(&dataset, "lenet")
    };
    run_and_print(&settings, args.run.common.quiet)
}

fn table_variants(args: &Args) -> anyhow::Result<Vec<Variant>> {
    let Some(weights) = &args.weights else {
        let shipped = args.activation.list().iter().map(|&it| Variant::lenet5(it));
        return Ok(shipped.collect::<Result<_, _>>()?);
    };
    let network = match (&args.network, args.activation) {
        (Some(network), _) => network.clone(),
        (None, Activations::Both) => {
            bail!("--weights is for one network: add --activation relu or tanh, or --network FILE")
        }
        (None, activation) => {
            let name = format!("lenet5_{}.json", activation.list()[0].name());
            crate::experiment::lenet::shipped("networks").join(name)
        }
    };
    Ok(vec![Variant::read(&network, weights)?])
}

/// Adds a point's cell, and its network unless it is there already; before them, once, the plain
/// network that the point is measured against.
pub(super) fn add_point(
    name: &str,
    point: &OperatingPoint,
    variants: &mut Vec<Variant>,
    cells: &mut Vec<Cell>,
) -> Result<(), ExperimentError> {
    let mut number_of = |point: &OperatingPoint| -> Result<usize, ExperimentError> {
        let found = variants.iter().position(|variant| point.is_of(variant));
        if let Some(number) = found {
            return Ok(number);
        }
        variants.push(point.variant()?);
        Ok(variants.len() - 1)
    };
    number_of(&point.plain())?;
    let number = number_of(point)?;
    let configuration = point.configuration(name, &variants[number].layers())?;
    let technique = Some(point.technique.clone());
    cells.push(Cell { variant: number, configuration, technique });
    Ok(())
}

impl RunArgs {
    /// Settings without images, variants and cells.
    pub fn settings<'a>(
        &self,
        dataset: &'a study::data::Dataset,
        command: &'static str,
    ) -> Settings<'a> {
        Settings {
            command,
            dataset,
            images: 0,
            variants: Vec::new(),
            cells: Vec::new(),
            analysis: true,
            peers: false,
            splits: false,
            engine: EngineChoice::Golden,
            rtl: RtlSettings {
                seed: self.common.seed,
                stalls: self.stalls,
                threshold_offset: self.threshold_offset,
            },
            jobs: self.jobs.unwrap_or_else(default_jobs),
            out: self.common.out(command),
            mismatch_dir: Path::new("reports/mismatch").into(),
            max_mismatches: self.max_mismatches.max(1),
            resume: self.resume,
        }
    }
}

/// Runs the experiment and prints what it came to.
pub(super) fn run_and_print(settings: &Settings<'_>, quiet: bool) -> anyhow::Result<ExitCode> {
    let stop = interrupt::flag()?;
    let bar = Bar::new(settings.pieces(), "pieces", quiet);
    let begin = Instant::now();
    let result = run_experiment(settings, &stop, &bar);
    bar.finish();
    let Some(result) = interrupt::finished(result, &stop)? else { return Ok(interrupt::status()) };
    print(settings, &result, begin.elapsed().as_secs_f64());
    let clean = result.findings.mismatches == 0;
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(settings: &Settings<'_>, result: &LenetRun, seconds: f64) {
    let rtl = settings.engine == EngineChoice::Rtl;
    println!(
        "{} images of {}, {} engine",
        settings.images,
        settings.dataset.source,
        if rtl { "rtl" } else { "golden" }
    );
    if !result.lenet.is_empty() {
        println!("{}", table(result));
    }
    if settings.cells.iter().any(|cell| cell.technique.is_some()) {
        println!("{}", points(result));
    }
    for file in &result.files {
        println!("{}", file.display());
    }
    if settings.dataset.source.name() != "mnist" {
        println!("these are drawn digits, not MNIST: the paper's columns are for orientation only");
    }
    let findings = &result.findings;
    for error in &findings.counter_errors {
        println!("MISMATCH {error}");
    }
    for report in &result.reports {
        println!("mismatch report: {}", report.display());
    }
    let inferences = settings.images * settings.cells.len();
    println!("{inferences} inferences of the cells, {seconds:.1} s");
    if rtl {
        println!("{} windows compared, {} mismatches", findings.windows, findings.mismatches);
    }
}

fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:.decimals$}"))
}

fn table(result: &LenetRun) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_header([
        "activation",
        "F",
        "images",
        "configuration",
        "T",
        "multiplications",
        "paper",
        "vs exact %",
        "accuracy % (95 %)",
        "paper",
        "cycles",
    ]);
    for line in result.lenet.iter().filter(|line| line.layer == ALL_LAYERS) {
        let accuracy =
            [line.accuracy_percent, line.accuracy_low_percent, line.accuracy_high_percent]
                .map(|it| number(it, 2));
        table.add_row([
            line.activation.clone(),
            line.log_frac.to_string(),
            line.images.to_string(),
            line.configuration.clone(),
            line.threshold.map_or("–".to_owned(), |threshold| threshold.to_string()),
            format!("{:.1}", line.multiplications_average),
            number(line.paper_multiplications_average, 1),
            format!("{:.2}", line.reduction_vs_exact_percent),
            format!("{} ({}–{})", accuracy[0], accuracy[1], accuracy[2]),
            number(line.paper_accuracy_percent, 2),
            number(line.cycles_average, 0),
        ]);
    }
    align(table, &[1, 2, 4, 5, 6, 7, 9, 10])
}

fn points(result: &LenetRun) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_header([
        "activation",
        "operating point",
        "technique",
        "T",
        "F",
        "multiplications",
        "vs exact %",
        "accuracy %",
        "loss",
        "p",
        "Pareto",
    ]);
    for line in &result.points {
        if line.technique == "paper-rule" && !line.pareto {
            continue;
        }
        table.add_row([
            line.activation.clone(),
            line.point.clone(),
            line.technique.clone(),
            line.thresholds.clone(),
            line.log_fracs.clone(),
            format!("{:.1}", line.multiplications_average),
            format!("{:.2}", line.reduction_vs_exact_percent),
            format!("{:.2}", line.accuracy_percent),
            format!("{:.2}", line.loss_points),
            line.mcnemar_p.clone(),
            if line.pareto { "yes" } else { "" }.to_owned(),
        ]);
    }
    align(table, &[5, 6, 7, 8, 9])
}

fn align(mut table: Table, right: &[usize]) -> Table {
    for (index, column) in table.column_iter_mut().enumerate() {
        if right.contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
