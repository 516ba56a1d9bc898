// SPDX-License-Identifier: MIT OR Apache-2.0
//! Operating points: weights, and for each convolution layer the threshold, fraction bits and scope
//! that go with them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::variant::{Variant, activation_of, shipped};
use crate::Error;
use crate::report::atomic::{WriteError, write_atomic};
use model::conv::{Mode, Semantics, Threshold};
use model::nn::{Activation, Configuration, Network};

/// What one layer runs with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointLayer {
    /// T, in units of 2^−`log_frac`.
    pub threshold: u32,
    /// Fraction bits of the log proxy.
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
    /// Reads a point.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|source| Error::read(path, source))?;
        serde_json::from_str(&text).map_err(|source| {
            Error::Input(format!("{} is not an operating point: {source}", path.display()))
        })
    }

    /// Writes the point into a file, all or nothing.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        write_atomic(path, |file| self.write_to(file))
    }

    /// Writes the point.
    ///
    /// # Errors
    /// Those of the writer.
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
