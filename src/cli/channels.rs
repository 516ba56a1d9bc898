// SPDX-License-Identifier: MIT OR Apache-2.0
//! `convapprox channels`.

use study::Status;
use study::data::Split;
use study::experiment::channels;
use study::report::terminal::{number, table};

use super::flags::{LENET5, NetworkFlags, RunFlags, positive};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    run: RunFlags,

    #[command(flatten)]
    networks: NetworkFlags,

    /// How many images, from the first
    #[arg(long, value_name = "N", default_value = "10000", value_parser = positive)]
    images: usize,

    /// Thresholds of all layers, in units of 2^−F
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_values_t = [1, 2, 3, 4, 5])]
    threshold: Vec<u32>,

    /// Fraction bits of the log proxies
    #[arg(long, value_name = "LIST", default_value = "0")]
    log_frac: Vec<u32>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let variants = args.networks.variants(&LENET5)?;
    let [log_frac] = args.log_frac[..] else {
        anyhow::bail!("this command takes one --log-frac");
    };
    let dataset = args.run.load()?;
    let images = (&dataset, Split::Test, args.images);
    let ended = args.run.run("channels", images, &[], |run| {
        channels::run(run, &variants, log_frac, &args.threshold)
    })?;
    let mut table =
        table(["network", ">T", "order", ">multiplications", ">saved %", ">accuracy %"]);
    for row in &ended.finished.summary {
        table.add_row([
            row.network.clone(),
            row.threshold.to_string(),
            row.order.clone(),
            number(row.multiplications_average, 1),
            number(row.reduction_vs_exact_percent, 2),
            number(row.accuracy.accuracy_percent, 2),
        ]);
    }
    println!("{} images of {}\n{table}", args.images, dataset.source);
    Ok(ended.close("inferences"))
}
