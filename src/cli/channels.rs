//! `convapprox channels`.

use std::process::ExitCode;

use anyhow::{Context, bail};
use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use serde_json::json;

use super::lenet::Activations;
use super::options::{CommonArgs, default_jobs, positive};
use study::data::{Image, Split};
use crate::experiment::channels::channels;
use crate::experiment::lenet::Variant;
use study::report::provenance::Provenance;
use study::report::table::write_csv;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    common: CommonArgs,

    /// How many test images, from the first
    #[arg(long, value_name = "N", default_value = "10000", value_parser = positive)]
    images: usize,

    /// Which of the shipped networks
    #[arg(long, value_enum, default_value = "both")]
    activation: Activations,

    /// Thresholds of all layers, in units of 2^−F
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_values_t = [1, 2, 3, 4, 5])]
    threshold: Vec<u32>,

    /// Fraction bits of the log proxies
    #[arg(long, value_name = "F", default_value_t = 0)]
    log_frac: u32,

    /// Threads [default: one a processor]
    #[arg(long, value_name = "N", value_parser = positive)]
    jobs: Option<usize>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let dataset = args.common.load()?;
    let test: Vec<&Image> = dataset.images(Split::Test).take(args.images).collect();
    if test.len() < args.images {
        bail!("{} images are asked for; the test set has {}", args.images, test.len());
    }
    let validation: Vec<&Image> = dataset.training_parts().1.iter().collect();
    let threads = rayon::ThreadPoolBuilder::new()
        .num_threads(args.jobs.unwrap_or_else(default_jobs))
        .build()
        .context("cannot start threads")?;
    let (mut rows, mut weights) = (Vec::new(), Vec::new());
    for &activation in args.activation.list() {
        let variant = Variant::lenet5(activation)?;
        weights.push(variant.weights.sha256().to_owned());
        rows.extend(
            threads.install(|| {
                channels(&variant, &validation, &test, args.log_frac, &args.threshold)
            })?,
        );
    }

    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_header([
        "activation",
        "T",
        "order",
        "multiplications",
        "vs exact %",
        "accuracy %",
    ]);
    for row in &rows {
        table.add_row([
            row.activation.clone(),
            row.threshold.to_string(),
            row.order.clone(),
            format!("{:.1}", row.multiplications_average),
            format!("{:.2}", row.reduction_vs_exact_percent),
            format!("{:.2}", row.accuracy_percent),
        ]);
    }
    println!("{} images of {}\n{table}", test.len(), dataset.source);

    let out = args.common.out("channels");
    std::fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
    let path = out.join("channels.csv");
    write_csv(&path, &rows)?;
    let provenance = Provenance::new(
        "channels",
        json!({
            "dataset": dataset.source.name(),
            "dataset_sha256": dataset.digest(),
            "images": args.images,
            "weights_sha256": weights,
            "thresholds": args.threshold,
            "log_frac": args.log_frac,
        }),
    );
    provenance.write(&out.join("provenance.json"))?;
    println!("{}", path.display());
    Ok(ExitCode::SUCCESS)
}
