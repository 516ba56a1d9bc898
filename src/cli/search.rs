//! `convapprox search`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::json;

use super::options::{CommonArgs, default_jobs, positive};
use study::data::Image;
use crate::experiment::lenet::{Variant, shipped};
use crate::experiment::search::{Search, Step};
use model::conv::SmaxScope;
use model::nn::Activation;
use study::report::provenance::Provenance;
use study::report::table::write_csv;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    common: CommonArgs,

    /// Which of the shipped networks
    #[arg(long, value_name = "NAME", default_value = "relu", value_parser = super::classify::activation)]
    activation: Activation,

    /// Other weights for it, from the folder of the shipped ones
    #[arg(long, value_name = "NAME")]
    weights: Option<String>,

    /// What S_max is taken over, in every layer behind the first
    #[arg(long, value_name = "SCOPE", default_value = "window")]
    smax_scope: SmaxScope,

    /// Fraction bits of the log proxies
    #[arg(long, value_name = "F", default_value_t = 0)]
    log_frac: u32,

    /// Points of accuracy that may be lost on the validation images
    #[arg(long, value_name = "POINTS", default_value_t = 0.1)]
    max_loss: f64,

    /// Threads [default: one a processor]
    #[arg(long, value_name = "N", value_parser = positive)]
    jobs: Option<usize>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if !(0.0..=100.0).contains(&args.max_loss) {
        bail!("--max-loss is in points of accuracy, 0 to 100");
    }
    let variant = match &args.weights {
        None => Variant::lenet5(args.activation)?,
        Some(name) => {
            let network = format!("lenet5_{}.json", args.activation.name());
            let weights = shipped("weights").join(name).with_extension("safetensors");
            Variant::read(&shipped("networks").join(network), &weights)?
        }
    };
    let dataset = args.common.load()?;
    let images: Vec<&Image> = dataset.training_parts().1.iter().collect();
    let threads = rayon::ThreadPoolBuilder::new()
        .num_threads(args.jobs.unwrap_or_else(default_jobs))
        .build()
        .context("cannot start threads")?;
    let search = Search {
        variant: &variant,
        images,
        scope: args.smax_scope,
        log_frac: args.log_frac,
        max_loss_points: args.max_loss,
    };
    println!("{} validation images of {}", search.images.len(), dataset.source);
    let progress = |step: &Step| {
        if !args.common.quiet {
            eprintln!(
                "T = {}: {:.1} multiplications, {:.2} % fewer, {:.2} % right, {:+.2} points",
                step.thresholds,
                step.multiplications_average,
                step.reduction_vs_exact_percent,
                step.accuracy_percent,
                -step.loss_points
            );
        }
    };
    let mut found = threads.install(|| search.run(progress))?;
    let scope = args.smax_scope;
    found.point.command = format!(
        "convapprox search --activation {} --weights {} --smax-scope {scope} --log-frac {} --max-loss {}",
        args.activation.name(),
        variant.weights_name,
        args.log_frac,
        args.max_loss
    );

    let out = args.common.out("search");
    std::fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
    let name = format!("{}_search_{scope}_f{}", variant.weights_name, args.log_frac);
    let path = out.join(format!("{name}.csv"));
    write_csv(&path, &found.steps)?;
    let point: PathBuf = out.join(format!("{name}.json"));
    found.point.write(&point)?;
    let record = out.join(format!("{name}.provenance.json"));
    Provenance::new(
        "search",
        json!({
            "dataset": dataset.source.name(),
            "dataset_sha256": dataset.digest(),
            "weights": variant.weights_name,
            "weights_sha256": variant.weights.sha256(),
            "smax_scope": scope.name(),
            "log_frac": args.log_frac,
            "max_loss_points": args.max_loss,
        }),
    )
    .write(&record)?;
    println!("{}\n{}\n{}", path.display(), point.display(), record.display());
    Ok(ExitCode::SUCCESS)
}
