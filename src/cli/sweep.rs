//! `convapprox sweep`.

use std::process::ExitCode;

use super::lenet::{Activations, RunArgs, add_point, run_and_print};
use super::options::positive;
use crate::experiment::EngineChoice;
use crate::experiment::lenet::{PAPER_TAUS, Settings, Variant, shipped_points, table_cells};
use model::conv::SmaxScope;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    run: RunArgs,

    /// How many test images, from the first
    #[arg(long, value_name = "N", default_value = "10000", value_parser = positive)]
    images: usize,

    /// Which of the shipped networks
    #[arg(long, value_enum, default_value = "both")]
    activation: Activations,

    /// Tolerances: products below this share of the largest one are skipped
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_values_t = PAPER_TAUS)]
    tau: Vec<f64>,

    /// Fraction bits of the log proxies: 0 is the paper's hardware, 3 is close to its table
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_values_t = [0, 3])]
    log_frac: Vec<u32>,

    /// What runs the convolutions of the table and of the operating points
    #[arg(long, value_enum, default_value = "golden")]
    engine: EngineChoice,

    /// Leave the peers out
    #[arg(long)]
    no_peers: bool,

    /// Leave the training images out
    #[arg(long)]
    no_splits: bool,

    /// Leave the operating points out
    #[arg(long)]
    no_points: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (mut variants, mut cells) = (Vec::new(), Vec::new());
    for (number, &activation) in args.activation.list().iter().enumerate() {
        let variant = Variant::lenet5(activation)?;
        let layers = variant.layers().len();
        for &log_frac in &args.log_frac {
            cells.extend(table_cells(number, layers, &args.tau, log_frac, SmaxScope::Window)?);
        }
        variants.push(variant);
    }
    if !args.no_points {
        for (name, point) in shipped_points()? {
            if args.activation.list().contains(&point.activation()?) {
                add_point(&name, &point, &mut variants, &mut cells)?;
            }
        }
    }
    let dataset = args.run.common.load()?;
    let settings = Settings {
        images: args.images,
        variants,
        cells,
        peers: !args.no_peers,
        splits: !args.no_splits,
        engine: args.engine,
        ..args.run.settings(&dataset, "sweep")
    };
    run_and_print(&settings, args.run.common.quiet)
}
