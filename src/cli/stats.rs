// SPDX-License-Identifier: MIT OR Apache-2.0
//! `convapprox stats`.

use anyhow::Context;
use serde_json::json;
use study::Status;
use study::data::Split;
use study::run::Finished;
use study::tables::ZeroPixelStats;

use super::flags::RunFlags;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    run: RunFlags,

    /// Which images
    #[arg(long, value_enum, default_value = "all")]
    split: Split,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let dataset = args.run.load()?;
    let stats = ZeroPixelStats::of(dataset.images(args.split))
        .context("this part of the data set has no images")?;
    let images = (&dataset, args.split, stats.images);
    let ended = args.run.run("stats", images, &[], |run| {
        let mut results = run.results(json!({}))?;
        results.table(&stats.rows())?;
        Ok(Finished {
            summary: (),
            findings: Default::default(),
            files: results.finish()?,
            reports: Vec::new(),
        })
    })?;
    println!("{}: {} images\n{}", dataset.source, stats.images, stats.table());
    Ok(ended.close("images"))
}
