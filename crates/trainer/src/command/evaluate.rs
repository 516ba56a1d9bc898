// SPDX-License-Identifier: MIT OR Apache-2.0
//! `trainer evaluate`.

use anyhow::Result;
use clap::Args;
use convapprox_trainer::evaluate::evaluate;
use convapprox_trainer::hardware::Hardware;
use convapprox_trainer::layer::Skip;
use convapprox_trainer::model::Model;
use convapprox_trainer::network::Network;
use convapprox_trainer::point::{parse_setting, settings, skips, technique, validation};
use study::experiment::lenet::OperatingPoint;

use super::options::{Data, Folders, command_line};

/// Scores weights on the validation images: in floating point, in the arithmetic of the hardware
/// with every product, and with products skipped.
#[derive(Debug, Args)]
pub struct Evaluate {
    /// File name of the network, in `networks`
    network: String,
    /// File name of the weights, in `weights`
    weights: String,
    /// What a convolution skips: T in units of 2^−F, F, the scope of S_max
    #[arg(long = "layer", value_name = "NAME=T,F,SCOPE", value_parser = parse_setting)]
    layers: Vec<(String, Skip)>,
    /// Name of an operating point to write for these weights and `--layer` settings
    #[arg(long, value_name = "NAME")]
    point: Option<String>,
    /// Techniques to name in the operating point [default: what the settings tell]
    #[arg(long, value_name = "NAMES")]
    technique: Option<String>,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    folders: Folders,
}

impl Evaluate {
    /// Runs the command.
    pub fn run(&self) -> Result<()> {
        let network = Network::read(&self.folders.network(&self.network))?;
        let model = Model::read(&network, &self.folders.weights(&self.weights))?;
        let images = self.data.load()?.validation;
        let none = vec![None; model.stages.len()];
        let exact = Hardware::calibrate(&model, none)?;
        let skipping = Hardware { skips: skips(&model.stages, &self.layers)?, ..exact.clone() };
        let rows = [("float", None), ("exact", Some(&exact)), ("approx", Some(&skipping))];
        let mut reached = None;
        for (name, hardware) in rows {
            let validation = validation(&model, &evaluate(&model, &images, hardware)?)?;
            println!(
                "{name:<7}{:>7.2} %  {:>9.1} multiplications ({:.2} % fewer)  {:?}",
                validation.accuracy_percent,
                validation.macs,
                validation.reduction_vs_exact_percent,
                validation.layer_macs,
            );
            reached = Some(validation);
        }
        if let (Some(name), Some(validation)) = (&self.point, reached) {
            OperatingPoint {
                network: self.network.clone(),
                weights: self.weights.clone(),
                technique: self.technique(),
                layers: settings(&self.layers),
                validation: serde_json::to_value(validation)?,
                command: command_line(),
            }
            .write(&self.folders.point(name))?;
        }
        Ok(())
    }

    fn technique(&self) -> String {
        self.technique.clone().unwrap_or_else(|| technique(false, &self.layers))
    }
}
