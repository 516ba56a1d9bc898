// SPDX-License-Identifier: MIT OR Apache-2.0
//! `trainer train`.

use anyhow::Result;
use clap::Args;
use convapprox_trainer::fit::{Settings, fit};
use convapprox_trainer::log::Log;
use convapprox_trainer::model::Model;
use convapprox_trainer::network::Network;
use convapprox_trainer::record::{Record, write_weights};

use super::options::{Data, Folders, command_line};

/// Trains weights from scratch, in floating point.
#[derive(Debug, Args)]
pub struct Train {
    /// File name of the network, in `networks`
    network: String,
    /// Name of the weights, in `weights`
    name: String,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    folders: Folders,
    /// Times that every image is seen
    #[arg(long, default_value_t = 15)]
    epochs: usize,
    /// Images a step
    #[arg(long, default_value_t = 64)]
    batch: usize,
    /// The learning rate at the start; it falls to 0 along a cosine
    #[arg(long, default_value_t = 0.003)]
    learning_rate: f64,
    /// AdamW's weight decay
    #[arg(long, default_value_t = 0.01)]
    weight_decay: f64,
    /// Decay a step of the moving average of the weights that is kept; 0 for none
    #[arg(long, default_value_t = 0.998)]
    average: f64,
}

impl Train {
    /// Runs the command.
    pub fn run(&self) -> Result<()> {
        let network = Network::read(&self.folders.network(&self.network))?;
        let model = Model::random(&network, self.data.seed)?;
        let images = self.data.load()?;
        let mut log = Log::new(Some(&self.folders.log(&self.name)), self.folders.quiet)?;
        let settings = Settings {
            seed: self.data.seed,
            epochs: self.epochs,
            batch: self.batch,
            learning_rate: self.learning_rate,
            weight_decay: self.weight_decay,
            average: self.average,
            ..Settings::default()
        };
        let score = fit(&model, None, None, &images, &settings, &mut log)?;
        let path = self.folders.weights(&format!("{}.safetensors", self.name));
        let weights_sha256 = write_weights(&model, &path)?;
        Record {
            network: network.name,
            command: command_line(),
            revision: env!("CONVAPPROX_REVISION").to_owned(),
            seed: self.data.seed,
            epochs: self.epochs,
            dataset: self.data.name().into(),
            images_sha256: images.digest(),
            from_sha256: None,
            validation_accuracy_percent: score.accuracy_percent(),
            weights_sha256,
        }
        .write(&path)?;
        println!("{}: {:.2} % of the validation images", path.display(), score.accuracy_percent());
        Ok(())
    }
}
