//! `convapprox stats`.

use std::fs;
use std::process::ExitCode;

use anyhow::Context;
use serde_json::json;

use super::options::CommonArgs;
use study::data::Split;
use study::report::atomic::write_atomic;
use study::report::provenance::Provenance;
use study::report::stats::ZeroPixelStats;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    common: CommonArgs,

    /// Which images
    #[arg(long, value_enum, default_value = "all")]
    split: Split,
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let dataset = args.common.load()?;
    let stats = ZeroPixelStats::of(dataset.images(args.split))
        .context("this part of the data set has no images")?;

    let out = args.common.out("stats");
    fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
    let csv = out.join("stats.csv");
    write_atomic(&csv, |file| stats.write_csv(file))?;
    let provenance = out.join("provenance.json");
    let settings = json!({
        "dataset": dataset.source.name(),
        "dataset_sha256": dataset.digest(),
        "split": format!("{:?}", args.split).to_lowercase(),
        "images": stats.images,
        "seed": args.common.seed,
    });
    Provenance::new("stats", settings).write(&provenance)?;

    println!("{}: {} images", dataset.source, stats.images);
    println!("{}", stats.table());
    println!("{}\n{}", csv.display(), provenance.display());
    Ok(ExitCode::SUCCESS)
}
