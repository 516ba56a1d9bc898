// SPDX-License-Identifier: MIT OR Apache-2.0
//! `convapprox search`.

use study::Status;
use study::data::Split;
use study::experiment::search::{self, Search};

use super::flags::{NetworkFlags, RunFlags, ScopeFlag};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    run: RunFlags,

    #[command(flatten)]
    networks: NetworkFlags,

    #[command(flatten)]
    scope: ScopeFlag,

    /// Fraction bits of the log proxies
    #[arg(long, value_name = "LIST", default_value = "0")]
    log_frac: Vec<u32>,

    /// Points of accuracy that may be lost on the validation images
    #[arg(long, value_name = "POINTS", default_value_t = 0.1)]
    max_loss: f64,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let variant = args.networks.variant("lenet5-relu")?;
    let [log_frac] = args.log_frac[..] else {
        anyhow::bail!("this command takes one --log-frac");
    };
    let scope = args.scope.smax_scope;
    let command = format!(
        "convapprox search --network {} --weights {} --smax-scope {scope} --log-frac {log_frac} \
         --max-loss {}",
        variant.network_name, variant.weights_name, args.max_loss
    );
    let dataset = args.run.load()?;
    let search =
        Search { variant: &variant, scope, log_frac, max_loss_points: args.max_loss, command };
    let validation = dataset.training_parts().1.len();
    println!("{validation} validation images of {}", dataset.source);
    let images = (&dataset, Split::Train, validation);
    let ended = args.run.run("search", images, &[], |run| search::run(run, &search))?;
    Ok(ended.close("inferences"))
}
