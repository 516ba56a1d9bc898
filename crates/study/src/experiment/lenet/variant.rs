// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is measured: networks with their weights, in configurations.

use std::path::{Path, PathBuf};

use crate::data::digits;
use model::conv::{ConfigError, SmaxScope};
use model::nn::{
    Activation, Configuration, FloatNetwork, IntegerNetwork, LayerKind, Network, NetworkError,
    Weights,
};

/// A network with its weights, ready to run.
pub struct Variant {
    /// `relu` or `tanh`: the activation of its first convolution.
    pub activation: Activation,
    /// The name of the description's file, without its extension.
    pub network_name: String,
    /// The name of the weights' file, without its extension.
    pub weights_name: String,
    /// The description.
    pub network: Network,
    /// The float weights.
    pub weights: Weights,
    /// What was trained.
    pub float: FloatNetwork,
    /// What runs.
    pub integer: IntegerNetwork,
}

/// The folder of the networks, weights and operating points that the project ships.
pub fn shipped(folder: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../testvectors")).join(folder)
}

/// The activation of a network's first convolution.
pub(super) fn activation_of(network: &Network) -> Result<Activation, NetworkError> {
    let activation = network.layers.iter().find_map(|layer| match layer.kind {
        LayerKind::Convolution { activation, .. } => activation,
        _ => None,
    });
    activation.ok_or_else(|| {
        let reason = "no convolution layer has an activation: there is nothing to measure";
        NetworkError::Description(reason.to_owned())
    })
}

impl Variant {
    /// A network from its two files.
    pub fn read(network: &Path, weights: &Path) -> Result<Self, NetworkError> {
        let name =
            |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let (network_name, weights_name) = (name(network), name(weights));
        let (network, weights) = (Network::read(network)?, Weights::read(weights)?);
        let float = FloatNetwork::new(&network, &weights)?;
        let integer = IntegerNetwork::new(&network, &weights, digits::calibration())?;
        let activation = activation_of(&network)?;
        Ok(Self { activation, network_name, weights_name, network, weights, float, integer })
    }

    /// LeNet-5 with the weights that the project ships.
    pub fn lenet5(activation: Activation) -> Result<Self, NetworkError> {
        let name = format!("lenet5_{}", activation.name());
        let network = shipped("networks").join(format!("{name}.json"));
        Self::read(&network, &shipped("weights").join(format!("{name}.safetensors")))
    }

    /// Names of the convolution layers.
    pub fn layers(&self) -> Vec<String> {
        self.integer.convolutions().map(|layer| layer.name.clone()).collect()
    }

    /// Multiplications of the exact convolutions, by layer.
    pub fn exact_multiplications(&self) -> Vec<u64> {
        let counts = self.network.exact_multiplications().expect("the network has been checked");
        counts.into_iter().map(|(_, count)| count).collect()
    }

    /// What one unit of the sums of each convolution layer stands for.
    pub fn sum_units(&self) -> Vec<f64> {
        let unit = |name: &String| {
            let proof = self.integer.proof.iter().find(|proof| proof.layer == *name);
            proof.map_or(1.0, |proof| 2.0_f64.powi(-proof.sum_shift))
        };
        self.layers().iter().map(unit).collect()
    }

    /// What one unit of a score stands for.
    pub fn score_unit(&self) -> f64 {
        self.integer.proof.last().map_or(1.0, |proof| 2.0_f64.powi(-proof.sum_shift))
    }
}

/// One variant in one configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The variant, by its number.
    pub variant: usize,
    /// What its layers multiply.
    pub configuration: Configuration,
    /// Whether it is an operating point, and by which techniques; else it is a row of the table.
    pub technique: Option<String>,
}

/// The rows of the paper's table for one variant: exact, zero-skip, and each tolerance.
///
/// # Errors
/// A tolerance or a number of fraction bits out of range.
pub fn table_cells(
    variant: usize,
    layers: usize,
    taus: &[f64],
    log_frac: u32,
    scope: SmaxScope,
) -> Result<Vec<Cell>, ConfigError> {
    let cell = |configuration| Cell { variant, configuration, technique: None };
    Ok(Configuration::table(taus, log_frac, scope, layers)?.into_iter().map(cell).collect())
}
