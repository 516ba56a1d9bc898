//! What is run, and how.

use std::path::PathBuf;

use serde_json::json;

use super::cell::Cell;
use super::variant::Variant;
use study::data::Dataset;
use crate::experiment::EngineChoice;
use study::report::provenance::Provenance;

/// How the units under test are opened.
#[derive(Debug, Clone, Copy)]
pub struct RtlSettings {
    /// Seed of the registers' initial values.
    pub seed: u64,
    /// Seed of random waiting of the memory.
    pub stalls: Option<u64>,
    /// Planted bug: the unit gets T + this.
    pub threshold_offset: i32,
}

/// What is run, and how.
pub struct Settings<'a> {
    /// The command, for the provenance and mismatch reports.
    pub command: &'static str,
    /// The images.
    pub dataset: &'a Dataset,
    /// How many of the test images, from the first.
    pub images: usize,
    /// The networks with their weights; operating points behind the plain ones.
    pub variants: Vec<Variant>,
    /// What is measured.
    pub cells: Vec<Cell>,
    /// Whether errors, bounds, skips, zeros and products are looked at, or the table alone.
    pub analysis: bool,
    /// Whether the peers are measured on the plain variants.
    pub peers: bool,
    /// Whether the lines of the table with F = 0 are measured on the training images too.
    pub splits: bool,
    /// What runs the convolutions of the cells on the test images.
    pub engine: EngineChoice,
    /// How the units are opened.
    pub rtl: RtlSettings,
    /// Threads.
    pub jobs: usize,
    /// Where the results go.
    pub out: PathBuf,
    /// Where mismatch reports go.
    pub mismatch_dir: PathBuf,
    /// Differing windows that end the run.
    pub max_mismatches: u64,
    /// Take up an interrupted run.
    pub resume: bool,
}

impl Settings<'_> {
    /// Pieces of the run: what its progress counts.
    pub fn pieces(&self) -> usize {
        super::work::plan(self).1.len()
    }

    /// The record of everything that the result files depend on.
    pub(super) fn provenance(&self) -> Provenance {
        let variants: Vec<_> = self
            .variants
            .iter()
            .map(|variant| {
                json!({
                    "network": variant.network,
                    "weights": variant.weights_name,
                    "weights_sha256": variant.weights.sha256(),
                })
            })
            .collect();
        let cells: Vec<_> = self
            .cells
            .iter()
            .map(|cell| {
                let layers = cell.configuration.layers.iter().map(|it| {
                    json!({
                        "mode": it.mode.name(),
                        "threshold": it.threshold.get(),
                        "log_frac": it.log_frac,
                        "smax_scope": it.scope.name(),
                    })
                });
                json!({
                    "variant": cell.variant,
                    "configuration": cell.configuration.name,
                    "technique": cell.technique,
                    "layers": layers.collect::<Vec<_>>(),
                })
            })
            .collect();
        let engine = match self.engine {
            EngineChoice::Golden => json!({ "name": "golden" }),
            EngineChoice::Rtl => json!({
                "name": "rtl",
                "stall_seed": self.rtl.stalls,
                "threshold_offset": self.rtl.threshold_offset,
            }),
        };
        Provenance::new(
            self.command,
            json!({
                "dataset": self.dataset.source.name(),
                "dataset_sha256": self.dataset.digest(),
                "images": self.images,
                "variants": variants,
                "cells": cells,
                "analysis": self.analysis,
                "peers": self.peers,
                "splits": self.splits,
                "engine": engine,
                "seed": self.rtl.seed,
            }),
        )
    }
}
