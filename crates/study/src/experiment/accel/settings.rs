//! What is run, and how.

use std::path::PathBuf;

use serde_json::json;

use super::core::CoreEngine;
use super::program::{Program, programs};
use super::work::plan;
use study::data::Dataset;
use crate::experiment::lenet::{Variant, shipped};
use model::conv::{ConfigError, SmaxScope};
use model::nn::NetworkError;
use study::report::provenance::Provenance;

/// The networks that ship, as [`network`] knows them.
pub const fn network_names() -> &'static [&'static str] {
    &["lenet-accel", "lenet-accel-tanh", "lenet5-relu", "lenet5-tanh"]
}

/// A network that ships, by its name in [`network_names`].
pub fn network(name: &str) -> Result<Variant, NetworkError> {
    let file = match name {
        "lenet-accel" => "lenet_accel_relu".to_owned(),
        name => name.replace('-', "_"),
    };
    let path = |folder: &str, extension: &str| shipped(folder).join(format!("{file}.{extension}"));
    Variant::read(&path("networks", "json"), &path("weights", "safetensors"))
}

/// What is run, and how.
pub struct Settings<'a> {
    /// The images.
    pub dataset: &'a Dataset,
    /// The networks with their weights.
    pub networks: Vec<Variant>,
    /// How many of the test images are run on the core, from the first.
    pub images: usize,
    /// How many of them the errors of the scores are taken over, by the golden model; those run on the
    /// core are among them.
    pub score_images: usize,
    /// Tolerances.
    pub taus: Vec<f64>,
    /// What S_max is taken over.
    pub scope: SmaxScope,
    /// What runs the programs.
    pub engine: CoreEngine,
    /// Compare every instruction of the RTL with the reference model.
    pub lockstep: bool,
    /// Seed of the registers' initial values.
    pub seed: u64,
    /// Threads.
    pub jobs: usize,
    /// Where the results go.
    pub out: PathBuf,
    /// Where reports of differing instructions go.
    pub mismatch_dir: PathBuf,
    /// Take up an interrupted run.
    pub resume: bool,
}

impl Settings<'_> {
    /// Pieces of the run: what its progress counts.
    pub fn pieces(&self) -> usize {
        plan(self).len()
    }

    /// Images whose scores are compared.
    pub(super) fn scored(&self) -> usize {
        self.score_images.max(self.images)
    }

    /// What a network is run with.
    pub(super) fn programs(&self, network: usize) -> Result<Vec<Program>, ConfigError> {
        programs(&self.taus, self.scope, self.networks[network].layers().len())
    }

    /// The record of everything that the result files depend on.
    pub(super) fn provenance(&self) -> Provenance {
        let networks = self.networks.iter().map(|variant| {
            json!({
                "network": variant.network,
                "weights": variant.weights_name,
                "weights_sha256": variant.weights.sha256(),
            })
        });
        Provenance::new(
            "accel",
            json!({
                "dataset": self.dataset.source.name(),
                "dataset_sha256": self.dataset.digest(),
                "networks": networks.collect::<Vec<_>>(),
                "images": self.images,
                "score_images": self.scored(),
                "taus": self.taus,
                "smax_scope": self.scope.name(),
                "engine": self.engine.name(),
                "lockstep": self.lockstep,
                "firmware_sha256": super::core::firmware_digests(self.engine),
                "seed": self.seed,
            }),
        )
        .on_system()
    }
}
