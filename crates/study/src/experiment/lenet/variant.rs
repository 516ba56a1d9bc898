// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is measured: networks with their weights, in configurations; and operating points, which
//! say for weights what each convolution layer runs with.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::data::digits;
use crate::report::atomic::{WriteError, write_atomic};
use model::conv::{ConfigError, Mode, Semantics, SmaxScope, Threshold};
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
    pub network: Network,
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
fn activation_of(network: &Network) -> Result<Activation, NetworkError> {
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
    /// The number of the variant.
    pub variant: usize,
    pub configuration: Configuration,
    /// Whether it is an operating point, and by which techniques; else it is a row of the table.
    pub technique: Option<String>,
}

/// The rows of the paper's table for one variant: exact, zero-skip, and each tolerance.
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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointLayer {
    /// T, in units of 2^−`log_frac`.
    pub threshold: u32,
    pub log_frac: u32,
    /// `window` or `running`.
    pub smax_scope: String,
}

/// An operating point as its file describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OperatingPoint {
    /// File name of the network, in `testvectors/networks`.
    pub network: String,
    /// File name of the weights, in `testvectors/weights`.
    pub weights: String,
    /// What makes it better than the paper's rule: one or several of `layer-thresholds`,
    /// `running-smax`, `channel-order`, `fine-tuning`, `regularisation`, with + between.
    pub technique: String,
    /// What each convolution layer runs with, by its name.
    pub layers: BTreeMap<String, PointLayer>,
    /// What was found on the validation images when the point was chosen.
    #[serde(default)]
    pub validation: serde_json::Value,
    /// The command that made it.
    #[serde(default)]
    pub command: String,
}

impl OperatingPoint {
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|source| Error::read(path, source))?;
        serde_json::from_str(&text).map_err(|source| {
            Error::Input(format!("{} is not an operating point: {source}", path.display()))
        })
    }

    /// Writes the point into a file, all or nothing.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        write_atomic(path, |file| self.write_to(file))
    }

    /// Writes the point as JSON.
    pub fn write_to(&self, file: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *file, self)?;
        writeln!(file)
    }

    /// The same network with the weights of its own name, as it is trained without skipping.
    #[must_use]
    pub fn plain(&self) -> Self {
        let weights = Path::new(&self.network).with_extension("safetensors");
        Self { weights: weights.to_string_lossy().into_owned(), ..self.clone() }
    }

    /// Whether a variant is this point's network with its weights, as far as their names tell.
    pub fn is_of(&self, variant: &Variant) -> bool {
        let stem = |name: &str| Path::new(name).with_extension("");
        stem(&self.weights) == Path::new(&variant.weights_name)
            && stem(&self.network) == Path::new(&variant.network_name)
    }

    /// The activation of its network.
    pub fn activation(&self) -> Result<Activation, Error> {
        Ok(activation_of(&Network::read(&shipped("networks").join(&self.network))?)?)
    }

    /// Its network with its weights, from the folders of the project.
    pub fn variant(&self) -> Result<Variant, Error> {
        let network = shipped("networks").join(&self.network);
        Ok(Variant::read(&network, &shipped("weights").join(&self.weights))?)
    }

    /// What its layers multiply, under the name of the point.
    pub fn configuration(&self, name: &str, layers: &[String]) -> Result<Configuration, Error> {
        let semantics = |layer: &String| {
            let found = self.layers.get(layer).ok_or_else(|| {
                Error::Input(format!("operating point {name} has no entry for layer {layer}"))
            })?;
            let threshold = Threshold::new(found.threshold)?;
            let scope = found.smax_scope.parse()?;
            Ok(Semantics::new(Mode::Approx, found.log_frac, threshold, scope)?)
        };
        let layers = layers.iter().map(semantics).collect::<Result<_, Error>>()?;
        Ok(Configuration { name: name.to_owned(), tau: None, layers })
    }
}

/// The points that the project ships, by name, in the order of their names.
pub fn shipped_points() -> Result<Vec<(String, OperatingPoint)>, Error> {
    let folder = shipped("operating_points");
    let failed = |source| Error::read(&folder, source);
    let mut points = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|it| it == "json") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            points.push((name, OperatingPoint::read(&path)?));
        }
    }
    points.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(points)
}
