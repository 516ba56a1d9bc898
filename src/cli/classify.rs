//! `convapprox classify`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;
use serde_json::json;

use crate::check::replay;
use study::data::{Image, SIDE, png};
use crate::experiment::EngineChoice;
use crate::experiment::lenet::{
    Classified, OperatingPoint, RtlSettings, Variant, classify, shipped,
};
use model::conv::SmaxScope;
use model::nn::{Activation, Configuration};
use study::report::number::optional_decimals;
use study::report::provenance::{Provenance, digest_of};
use study::report::table::write_csv;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// PNG files, each with one digit: dark on light or light on dark, of any size
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Which of the shipped networks
    #[arg(long, value_name = "NAME", default_value = "relu", value_parser = activation)]
    activation: Activation,

    /// Another network: its description; --weights goes with it
    #[arg(long, value_name = "FILE", requires = "weights")]
    network: Option<PathBuf>,

    /// Weights in place of the shipped ones: safetensors with 32-bit floats
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,

    /// An operating point: network, weights and thresholds in one
    #[arg(long, value_name = "FILE", conflicts_with_all = ["network", "weights", "tau"])]
    point: Option<PathBuf>,

    /// Tolerance: products below this share of the largest one are skipped
    #[arg(long, default_value_t = 0.1)]
    tau: f64,

    /// Fraction bits of the log proxies
    #[arg(long, value_name = "F", default_value_t = 0)]
    log_frac: u32,

    /// What S_max is taken over
    #[arg(long, value_name = "SCOPE", default_value = "window")]
    smax_scope: SmaxScope,

    /// What runs the convolutions
    #[arg(long, value_enum, default_value = "rtl")]
    engine: EngineChoice,

    /// Seed of the registers' initial values
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,

    /// Plant a bug: give the unit T + N, to see what a mismatch looks like
    #[arg(long, value_name = "N", default_value_t = 0, allow_hyphen_values = true)]
    threshold_offset: i32,

    /// Folder for the results
    #[arg(long, value_name = "DIR", default_value = "reports/runs/classify")]
    out: PathBuf,
}

/// The activation of that name.
pub(super) fn activation(name: &str) -> Result<Activation, String> {
    let all = [Activation::Relu, Activation::Tanh];
    let found = all.into_iter().find(|activation| activation.name() == name);
    found.ok_or_else(|| "it is relu or tanh".to_owned())
}

/// A line of `classify.csv`: one score.
#[derive(Debug, Serialize)]
struct Score {
    file: String,
    configuration: String,
    class: usize,
    exact_score: i32,
    approximate_score: i32,
    absolute_error: u32,
    #[serde(serialize_with = "optional_decimals")]
    percentage_error: Option<f64>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (variant, configuration) = network(args)?;
    let rtl = (args.engine == EngineChoice::Rtl).then_some(RtlSettings {
        seed: args.seed,
        stalls: None,
        threshold_offset: args.threshold_offset,
    });
    let (mut rows, mut windows, mut mismatches) = (Vec::new(), 0, 0);
    for file in &args.files {
        let image = png::import(file, 0)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let found = classify(&variant, &configuration, &image, &name, rtl)
            .with_context(|| format!("{} is not classified", file.display()))?;
        let scores = scores(&name, &configuration, &found);
        print(file, &image, &variant, &found, &scores);
        rows.extend(scores);
        windows += found.findings.windows;
        mismatches += found.findings.mismatches;
        for case in found.findings.cases.iter().take(1) {
            let replayed = replay(case, &Path::new("reports/mismatch").join(case.id()))?;
            println!("mismatch report: {}", replayed.report.display());
        }
    }
    std::fs::create_dir_all(&args.out)
        .with_context(|| format!("cannot create {}", args.out.display()))?;
    let path = args.out.join("classify.csv");
    write_csv(&path, &rows)?;
    let record = args.out.join("provenance.json");
    provenance(args, &variant, &configuration)?.write(&record)?;
    println!("{}\n{}", path.display(), record.display());
    if rtl.is_some() {
        println!("{windows} windows compared, {mismatches} mismatches");
    }
    Ok(if mismatches == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn network(args: &Args) -> anyhow::Result<(Variant, Configuration)> {
    if let Some(path) = &args.point {
        let point = OperatingPoint::read(path)?;
        let variant = point.variant()?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let configuration = point.configuration(&name, &variant.layers())?;
        return Ok((variant, configuration));
    }
    let variant = match &args.weights {
        None => Variant::lenet5(args.activation)?,
        Some(weights) => {
            let shipped =
                || shipped("networks").join(format!("lenet5_{}.json", args.activation.name()));
            Variant::read(&args.network.clone().unwrap_or_else(shipped), weights)?
        }
    };
    let layers = variant.layers().len();
    let configuration = Configuration::tau(args.tau, args.log_frac, args.smax_scope, layers)?;
    Ok((variant, configuration))
}

fn provenance(
    args: &Args,
    variant: &Variant,
    configuration: &Configuration,
) -> anyhow::Result<Provenance> {
    let mut files = Vec::new();
    for file in &args.files {
        let digest = digest_of(file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        files.push(json!({ "name": name, "sha256": digest }));
    }
    let layers = configuration.layers.iter().map(|it| {
        json!({
            "threshold": it.threshold.get(),
            "log_frac": it.log_frac,
            "smax_scope": it.scope.name(),
        })
    });
    Ok(Provenance::new(
        "classify",
        json!({
            "files": files,
            "network": variant.network,
            "weights": variant.weights_name,
            "weights_sha256": variant.weights.sha256(),
            "configuration": configuration.name,
            "layers": layers.collect::<Vec<_>>(),
            "engine": if args.engine == EngineChoice::Rtl { "rtl" } else { "golden" },
            "threshold_offset": args.threshold_offset,
            "seed": args.seed,
        }),
    ))
}

fn scores(file: &str, configuration: &Configuration, found: &Classified) -> Vec<Score> {
    let pairs = found.exact.scores.iter().zip(&found.approximate.scores).enumerate();
    let score = |(class, (&exact_score, &approximate_score)): (usize, (&i32, &i32))| {
        let absolute_error = exact_score.abs_diff(approximate_score);
        let size = f64::from(exact_score.unsigned_abs());
        Score {
            file: file.to_owned(),
            configuration: configuration.name.clone(),
            class,
            exact_score,
            approximate_score,
            absolute_error,
            percentage_error: (exact_score != 0).then(|| 100.0 * f64::from(absolute_error) / size),
        }
    };
    pairs.map(score).collect()
}

fn print(file: &Path, image: &Image, variant: &Variant, found: &Classified, scores: &[Score]) {
    println!("{}", file.display());
    println!("{}", draw(image));
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_header([
        "class",
        "exact",
        "approximate",
        "absolute error",
        "error %",
    ]);
    let (exact, approximate) = (found.exact.class(), found.approximate.class());
    for score in scores {
        let mark = |class: usize, text: i32| {
            if class == score.class { format!("▶ {text}") } else { text.to_string() }
        };
        table.add_row([
            score.class.to_string(),
            mark(exact, score.exact_score),
            mark(approximate, score.approximate_score),
            score.absolute_error.to_string(),
            score.percentage_error.map_or("–".to_owned(), |it| format!("{it:.2}")),
        ]);
    }
    println!("{}", right(table));

    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_header([
        "layer",
        "exact multiplications",
        "performed",
        "fewer %",
    ]);
    let mut line = |name: &str, exact: u64, done: u64| {
        let fewer = 100.0 * (1.0 - done as f64 / exact as f64);
        table.add_row([
            name.to_owned(),
            exact.to_string(),
            done.to_string(),
            format!("{fewer:.2}"),
        ]);
    };
    let counts = variant.exact_multiplications();
    for ((name, exact), outcome) in
        variant.layers().iter().zip(&counts).zip(&found.approximate.convolutions)
    {
        line(name, *exact, outcome.multiplications);
    }
    line("all", counts.iter().sum(), found.approximate.multiplications());
    println!("{}", right(table));
    println!("it is a {approximate} ({exact} without skipping)");
}

fn right(mut table: Table) -> Table {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// The image in shades of grey; a character is two pixels high.
fn draw(image: &Image) -> String {
    const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];
    let mut text = String::new();
    for y in (0..SIDE).step_by(2) {
        for x in 0..SIDE {
            let pair = [image.pixels[y * SIDE + x], image.pixels[(y + 1) * SIDE + x]];
            let mean = (usize::from(pair[0]) + usize::from(pair[1])) / 2;
            text.push(SHADES[(mean * SHADES.len() / 256).min(SHADES.len() - 1)]);
        }
        text.push('\n');
    }
    text
}
