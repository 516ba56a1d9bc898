// SPDX-License-Identifier: MIT OR Apache-2.0
//! `trainer reorder`.

use anyhow::Result;
use clap::Args;
use convapprox_trainer::hardware::Hardware;
use convapprox_trainer::layer::Skip;
use convapprox_trainer::model::Model;
use convapprox_trainer::network::Network;
use convapprox_trainer::point::{parse_setting, skips};
use convapprox_trainer::record::write_weights;
use convapprox_trainer::reorder::reorder;

use super::options::Folders;

/// Writes the same network with its channels in the order that saves multiplications in running
/// scope.
#[derive(Debug, Args)]
pub struct Reorder {
    /// File name of the network, in `networks`
    network: String,
    /// File name of the weights, in `weights`
    from: String,
    /// Name of the new weights
    name: String,
    /// What a convolution skips: T in units of 2^−F, F, the scope of S_max
    #[arg(long = "layer", value_name = "NAME=T,F,SCOPE", required = true)]
    #[arg(value_parser = parse_setting)]
    layers: Vec<(String, Skip)>,
    #[command(flatten)]
    folders: Folders,
}

impl Reorder {
    /// Runs the command.
    pub fn run(&self) -> Result<()> {
        let network = Network::read(&self.folders.network(&self.network))?;
        let model = Model::read(&network, &self.folders.weights(&self.from))?;
        let skips = skips(&model.stages, &self.layers)?;
        let hardware = Hardware::calibrate(&model, skips)?;
        for (name, before, after) in reorder(&model, &hardware)? {
            println!("{name}: {before} multiplications over drawn digits before, {after} after");
        }
        let path = self.folders.weights(&format!("{}.safetensors", self.name));
        write_weights(&model, &path)?;
        println!("{}", path.display());
        Ok(())
    }
}
