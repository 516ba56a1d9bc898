// SPDX-License-Identifier: MIT OR Apache-2.0
//! `trainer finetune`.

use anyhow::{Result, bail};
use clap::Args;
use convapprox_trainer::fit::{Settings, fit};
use convapprox_trainer::layer::Skip;
use convapprox_trainer::log::Log;
use convapprox_trainer::model::Model;
use convapprox_trainer::network::Network;
use convapprox_trainer::point::{self, parse_setting, skips, technique, validation};
use convapprox_trainer::record::{Record, write_weights};
use study::experiment::lenet::OperatingPoint;
use study::results::digest_of;

use super::options::{Data, Folders, command_line};

/// Trains weights on, with the products skipped that the hardware skips.
#[derive(Debug, Args)]
pub struct Finetune {
    /// File name of the network, in `networks`
    network: String,
    /// File name of the weights that training begins with, in `weights`
    from: String,
    /// Name of the new weights and the operating point
    name: String,
    /// What a convolution skips: T in units of 2^−F, F, the scope of S_max
    #[arg(long = "layer", value_name = "NAME=T,F,SCOPE", required = true)]
    #[arg(value_parser = parse_setting)]
    layers: Vec<(String, Skip)>,
    /// Techniques to name in the operating point [default: what the settings tell]
    #[arg(long, value_name = "NAMES")]
    technique: Option<String>,
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
    #[arg(long, default_value_t = 0.002)]
    learning_rate: f64,
    /// AdamW's weight decay
    #[arg(long, default_value_t = 0.0)]
    weight_decay: f64,
    /// Decay a step of the moving average of the weights that is kept; 0 for none
    #[arg(long, default_value_t = 0.998)]
    average: f64,
    /// Share in the loss of the answers of other weights, which use every product
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    teacher: f64,
    /// File name of those weights; without it, those that training begins with
    #[arg(long, value_name = "WEIGHTS")]
    teacher_weights: Option<String>,
    /// Weight in the loss of the mean activation of the convolutions
    #[arg(long, value_name = "WEIGHT", default_value_t = 0.0)]
    sparse_activations: f64,
    /// Weight in the loss of the norms of the kernels: drives kernels to 0 as a whole
    #[arg(long, value_name = "WEIGHT", default_value_t = 0.0)]
    sparse_kernels: f64,
    /// Powers of two that T is raised by at the start
    #[arg(long, value_name = "POWERS", default_value_t = 0.0)]
    anneal: f64,
    /// Epochs over which that falls to 0
    #[arg(long, value_name = "EPOCHS", default_value_t = 5)]
    anneal_epochs: usize,
    /// Skipped products pass a gradient on all the same
    #[arg(long)]
    dense_gradient: bool,
}

impl Finetune {
    /// Runs the command.
    pub fn run(&self) -> Result<()> {
        let network = Network::read(&self.folders.network(&self.network))?;
        let from = self.folders.weights(&self.from);
        if self.from == format!("{}.safetensors", self.name) {
            bail!("{} would replace the weights it begins with; choose another name", self.name);
        }
        let model = Model::read(&network, &from)?;
        let teacher = match &self.teacher_weights {
            Some(name) => Model::read(&network, &self.folders.weights(name))?,
            None => model.copy()?,
        };
        let skips = skips(&model.stages, &self.layers)?;
        let images = self.data.load()?;
        let mut log = Log::new(Some(&self.folders.log(&self.name)), self.folders.quiet)?;
        let settings = self.settings();
        let score = fit(&model, Some(&teacher), Some(&skips), &images, &settings, &mut log)?;

        let weights = format!("{}.safetensors", self.name);
        let path = self.folders.weights(&weights);
        let weights_sha256 = write_weights(&model, &path)?;
        Record {
            network: network.name.clone(),
            command: command_line(),
            revision: env!("CONVAPPROX_REVISION").to_owned(),
            seed: self.data.seed,
            epochs: self.epochs,
            dataset: self.data.name().into(),
            images_sha256: images.digest(),
            from_sha256: Some(digest_of(&from)?),
            validation_accuracy_percent: score.accuracy_percent(),
            weights_sha256,
        }
        .write(&path)?;
        let validation = validation(&model, &score)?;
        let point = OperatingPoint {
            network: self.network.clone(),
            weights,
            technique: self.technique(),
            layers: point::settings(&self.layers),
            validation: serde_json::to_value(&validation)?,
            command: command_line(),
        };
        point.write(&self.folders.point(&self.name))?;
        println!(
            "{}: {:.2} % of the validation images, {:.2} % fewer multiplications",
            self.name, validation.accuracy_percent, validation.reduction_vs_exact_percent,
        );
        Ok(())
    }

    fn technique(&self) -> String {
        self.technique.clone().unwrap_or_else(|| technique(true, &self.layers))
    }

    fn settings(&self) -> Settings {
        Settings {
            seed: self.data.seed,
            epochs: self.epochs,
            batch: self.batch,
            learning_rate: self.learning_rate,
            weight_decay: self.weight_decay,
            average: self.average,
            teacher: self.teacher,
            sparse_activations: self.sparse_activations,
            sparse_kernels: self.sparse_kernels,
            anneal: self.anneal,
            anneal_epochs: self.anneal_epochs,
            dense_gradient: self.dense_gradient,
            ..Settings::default()
        }
    }
}
