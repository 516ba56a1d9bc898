// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is measured: networks with their weights, in configurations; and operating points, which
//! say for weights what each convolution layer runs with.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::data::digits;
use crate::report::atomic::{WriteError, write_atomic};
use model::conv::{ConfigError, Mode, Number, Semantics, SmaxScope, Threshold};
use model::files;
use model::nn::{
    Activation, Configuration, FloatNetwork, LayerKind, MachineNetwork, Network, NetworkError,
    Weights,
};

/// A network with its weights, ready to run.
pub struct Variant {
    /// The name of the description's file, without its extension; and behind it, of floats, their name.
    pub network_name: String,
    /// The name of the weights' file, without its extension.
    pub weights_name: String,
    pub network: Network,
    pub weights: Weights,
    /// What was trained.
    pub float: FloatNetwork,
    /// What runs: integers, unless something else was asked for.
    pub integer: MachineNetwork,
    /// The same with operands of 32 bits, if what runs has narrower ones.
    pub wide: Option<MachineNetwork>,
}

/// The networks, weights and operating points that the project ships, by folder and name.
static SHIPPED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// A description of a network, or weights: a file of the user's, or one that the project ships, which
/// is in the program itself.
#[derive(Debug, Clone)]
pub struct ModelFile {
    path: PathBuf,
    shipped: Option<&'static [u8]>,
}

impl ModelFile {
    /// A file of the user's.
    pub fn user(path: &Path) -> Self {
        Self { path: path.to_owned(), shipped: None }
    }

    /// One that ships, in `networks` or `weights`.
    pub fn shipped(folder: &str, name: &str) -> Option<Self> {
        let path = format!("{folder}/{name}");
        let (_, bytes) = SHIPPED.iter().find(|(it, _)| *it == path)?;
        Some(Self { path: path.into(), shipped: Some(bytes) })
    }

    /// `name` in a folder of the user's if it is there; else the one that ships.
    fn find(beside: &Path, folder: &str, name: &str) -> Self {
        let file = beside.join(name);
        let shipped = if file.exists() { None } else { Self::shipped(folder, name) };
        shipped.unwrap_or(Self { path: file, shipped: None })
    }

    fn name(&self) -> String {
        self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    pub fn network(&self) -> Result<Network, NetworkError> {
        match self.shipped {
            Some(bytes) => Network::parse(&self.path, bytes),
            None => Network::read(&self.path),
        }
    }

    fn weights(&self) -> Result<Weights, NetworkError> {
        match self.shipped {
            Some(bytes) => Weights::parse(&self.path, bytes),
            None => Weights::read(&self.path),
        }
    }
}

impl Variant {
    pub fn read(network: &ModelFile, weights: &ModelFile) -> Result<Self, NetworkError> {
        let (network_name, weights_name) = (network.name(), weights.name());
        let (network, weights) = (network.network()?, weights.weights()?);
        let float = FloatNetwork::new(&network, &weights)?;
        let integer = MachineNetwork::new(&network, &weights, digits::calibration())?;
        let wide = None;
        Ok(Self { network_name, weights_name, network, weights, float, integer, wide })
    }

    /// The same network and weights, quantised for operands of `operand_w` bits.
    pub fn with_operands(self, operand_w: u32) -> Result<Self, NetworkError> {
        let Self { network, weights, .. } = &self;
        let calibration = digits::calibration();
        let integer = MachineNetwork::with_operands(network, weights, calibration, operand_w)?;
        let wide = (operand_w < u32::BITS).then_some(self.integer);
        Ok(Self { integer, wide, ..self })
    }

    /// The same network and weights in such numbers. Floats have a name of their own, so that no row or
    /// figure takes them for the integers.
    pub fn in_numbers(self, number: Number) -> Result<Self, NetworkError> {
        if number == Number::Integer {
            return Ok(self);
        }
        let network_name = format!("{}_{number}", self.network_name);
        let wide = match number {
            Number::Bfloat16 => Some(self.machine(Number::Float32)?),
            _ => None,
        };
        Ok(Self { network_name, integer: self.machine(number)?, wide, ..self })
    }

    /// The same as a unit with such operands takes it: quantised to `operand_w` bits, or in floats.
    pub fn for_operands(self, number: Number, operand_w: u32) -> Result<Self, NetworkError> {
        match number {
            Number::Integer => self.with_operands(operand_w),
            _ => self.in_numbers(number),
        }
    }

    /// What runs in such numbers: what it has, or floats.
    pub fn machine(&self, number: Number) -> Result<MachineNetwork, NetworkError> {
        match number {
            Number::Integer => Ok(self.integer.clone()),
            _ => MachineNetwork::float(&self.network, &self.weights, number),
        }
    }

    /// A network that ships with its weights, by the name of its files without their extensions.
    pub fn shipped(name: &str) -> Result<Self, NetworkError> {
        let find = |folder, extension| {
            let file = ModelFile::shipped(folder, &format!("{name}.{extension}"));
            file.unwrap_or_else(|| ModelFile::user(Path::new(name)))
        };
        Self::read(&find("networks", "json"), &find("weights", "safetensors"))
    }

    /// LeNet-5 with the weights that the project ships.
    pub fn lenet5(activation: Activation) -> Result<Self, NetworkError> {
        Self::shipped(&format!("lenet5_{}", activation.name()))
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

    /// Windows under a kernel of one channel, and outputs, of each convolution layer in an inference.
    pub fn windows_and_outputs(&self) -> Vec<[u64; 2]> {
        let shapes = self.network.shapes().expect("the network has been checked");
        let layers = self.network.layers.iter().zip(shapes.windows(2));
        let counts = layers.filter_map(|(layer, shapes)| match layer.kind {
            LayerKind::Convolution { .. } => {
                Some([shapes[0].channels * shapes[1].len(), shapes[1].len()].map(|it| it as u64))
            }
            _ => None,
        });
        counts.collect()
    }

    /// Which activation the paper's LeNet-5 has that this network is, if it is one.
    pub fn paper_activation(&self) -> Option<Activation> {
        let Network { input, layers, .. } = &self.network;
        let convolution =
            |outputs, side, it| LayerKind::Convolution { outputs, side, activation: Some(it) };
        let paper = |it: Activation| {
            [
                convolution(6, 5, it),
                LayerKind::AveragePool { side: 2 },
                convolution(16, 5, it),
                LayerKind::AveragePool { side: 2 },
                convolution(120, 4, it),
                LayerKind::Dense { outputs: 84, activation: Some(it) },
                LayerKind::Dense { outputs: 10, activation: None },
            ]
        };
        let mnist = (input.channels, input.height, input.width, input.padding) == (1, 28, 28, 0);
        let is = |it: &Activation| layers.iter().map(|layer| &layer.kind).eq(&paper(*it));
        [Activation::Relu, Activation::Tanh].into_iter().find(|it| mnist && is(it))
    }

    /// What one unit of the sums of each convolution layer stands for.
    pub fn sum_units(&self) -> Vec<f64> {
        let unit = |name: &String| {
            let proof = self.integer.proof.iter().find(|proof| proof.layer == *name);
            proof.map_or(1.0, |proof| 2.0_f64.powi(-proof.sum_shift))
        };
        self.layers().iter().map(unit).collect()
    }

    /// Classes, one per score.
    pub fn classes(&self) -> usize {
        let shapes = self.network.shapes().expect("the network has been checked");
        shapes.last().map_or(0, |it| it.len())
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
#[serde(deny_unknown_fields)]
pub struct PointLayer {
    /// T, in units of 2^−`log_frac`.
    pub threshold: u32,
    pub log_frac: u32,
    /// `window` or `running`.
    pub smax_scope: String,
}

/// An operating point as its file describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatingPoint {
    /// File name of the network: beside the point's file, or else one that ships.
    pub network: String,
    /// File name of the weights: beside the point's file, or else one that ships.
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
    /// The folder of the point's file; empty without one.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// Bytes of an operating point's file at most.
const MAX_POINT: u64 = 1 << 20;

impl OperatingPoint {
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = files::read(path, MAX_POINT).map_err(|source| Error::read(path, source))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self { folder, ..Self::parse(path, &bytes)? })
    }

    fn parse(path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(bytes).map_err(|source| {
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

    /// Its network with its weights.
    pub fn variant(&self) -> Result<Variant, Error> {
        let find = |folder, name| ModelFile::find(&self.folder, folder, name);
        Ok(Variant::read(&find("networks", &self.network), &find("weights", &self.weights))?)
    }

    /// What its layers multiply, under the name of the point.
    pub fn configuration(&self, name: &str, layers: &[String]) -> Result<Configuration, Error> {
        if let Some(other) = self.layers.keys().find(|it| !layers.contains(it)) {
            let layers = layers.join(", ");
            let reason = format!("has an entry for {other}; the convolutions are {layers}");
            return Err(Error::Input(format!("operating point {name} {reason}")));
        }
        let semantics = |layer: &String| {
            let found = self.layers.get(layer).ok_or_else(|| {
                Error::Input(format!("operating point {name} has no entry for layer {layer}"))
            })?;
            let semantics = || {
                let threshold = Threshold::new(found.threshold)?;
                let scope = found.smax_scope.parse()?;
                Semantics::new(Mode::Approx, found.log_frac, threshold, scope)
            };
            let place = |error: ConfigError| {
                Error::Input(format!("operating point {name}, layer {layer}: {error}"))
            };
            semantics().map_err(place)
        };
        let layers = layers.iter().map(semantics).collect::<Result<_, Error>>()?;
        Ok(Configuration { name: name.to_owned(), tau: None, layers })
    }
}

/// The points that the project ships, by name, in the order of their names.
pub fn shipped_points() -> Result<Vec<(String, OperatingPoint)>, Error> {
    let point = |(path, bytes): &(&str, &[u8])| {
        let name = path.strip_prefix("operating_points/")?.strip_suffix(".json")?;
        Some(OperatingPoint::parse(Path::new(path), bytes).map(|point| (name.to_owned(), point)))
    };
    SHIPPED.iter().filter_map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_names_its_files_and_the_layers_of_its_network() {
        let (_, point) = shipped_points().unwrap().swap_remove(0);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("point.json");
        let write = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut value = serde_json::to_value(&point).unwrap();
            change(&mut value);
            std::fs::write(&path, value.to_string()).unwrap();
            OperatingPoint::read(&path)
        };
        // What is not beside the point ships; what is, is taken.
        let network = write(&|_| {}).unwrap().variant().unwrap().network;
        let renamed = Network { name: "mine".to_owned(), ..network };
        let text = serde_json::to_vec(&renamed).unwrap();
        std::fs::write(folder.path().join(&point.network), text).unwrap();
        let variant = write(&|_| {}).unwrap().variant().unwrap();
        assert_eq!(variant.network.name, "mine");
        let error = write(&|it| it["weights"] = "none.safetensors".into()).unwrap().variant();
        let error = error.err().unwrap().to_string();
        assert!(error.contains(&folder.path().join("none.safetensors").display().to_string()));

        let layers = variant.layers();
        let unknown = write(&|it| it["layers"]["C9"] = it["layers"]["C1"].clone()).unwrap();
        let error = unknown.configuration("p", &layers).unwrap_err().to_string();
        let expected = "operating point p has an entry for C9; the convolutions are C1, C3, C5";
        assert_eq!(error, expected);
        type Change = fn(&mut serde_json::Value);
        let misspelt: Change = |it| it["layers"]["C1"]["threshhold"] = 3.into();
        let unknown: Change = |it| it["stride"] = 2.into();
        for (key, change) in [("threshhold", misspelt), ("stride", unknown)] {
            let error = write(&change).unwrap_err().to_string();
            assert!(error.contains(&format!("unknown field `{key}`, expected")), "{error}");
            assert!(error.contains("point.json") && error.contains("line 1 column"), "{error}");
        }
    }
}
