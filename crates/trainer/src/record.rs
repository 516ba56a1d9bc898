// SPDX-License-Identifier: MIT OR Apache-2.0
//! The files that training leaves: weights with a record beside them, and operating points, which
//! say what every convolution skips with them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use model::conv::{Mode, Semantics, SmaxScope, Threshold};
use serde::Serialize;
use study::experiment::lenet::PointLayer;
use study::report::atomic::write_atomic;
use study::results::digest_of;

use crate::DescriptionError;
use crate::fit::Score;
use crate::model::{Model, Stage, exact_macs};

/// Where weights come from. It holds nothing that differs between two runs of one command.
#[derive(Debug, Clone, Serialize)]
pub struct Record {
    pub network: String,
    /// The command that made the weights.
    pub command: String,
    /// Of the sources.
    pub revision: String,
    pub seed: u64,
    pub epochs: usize,
    /// What was trained on: `mnist` with drawn digits, or `digits`.
    pub dataset: String,
    /// SHA-256 over the pixels and labels of the training and the validation images.
    pub images_sha256: String,
    /// SHA-256 of the weights that training began with, if it began with any.
    pub from_sha256: Option<String>,
    pub validation_accuracy_percent: f64,
    pub weights_sha256: String,
}

/// Writes weights; returns the SHA-256 of the file.
pub fn write_weights(model: &Model, path: &Path) -> Result<String> {
    let bytes = safetensors::serialize(model.tensors(), None)
        .with_context(|| format!("cannot lay out weights for {}", path.display()))?;
    write(path, &bytes)?;
    Ok(digest_of(path)?)
}

/// Writes a file, all or nothing, and the folder it goes to.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    Ok(write_atomic(path, |file| file.write_all(bytes))?)
}

impl Record {
    /// Writes the weights, and the record with their digest beside them: the same name, ending in
    /// `.json`.
    pub fn write(mut self, model: &Model, weights: &Path) -> Result<()> {
        self.weights_sha256 = write_weights(model, weights)?;
        let text = serde_json::to_string_pretty(&self)? + "\n";
        write(&weights.with_extension("json"), text.as_bytes())
    }
}

/// What a layer of an operating point skips, checked.
pub fn skip(layer: &PointLayer) -> Result<Semantics> {
    let (scope, threshold) = (layer.smax_scope.parse()?, Threshold::new(layer.threshold)?);
    Ok(Semantics::new(Mode::Approx, layer.log_frac, threshold, scope)?)
}

/// A setting on the command line: `C3=1,0,running` is T = 1, F = 0, running scope for C3.
pub fn parse_setting(text: &str) -> Result<(String, Semantics)> {
    let wrong = || DescriptionError::Setting(text.into());
    let (name, setting) = text.split_once('=').ok_or_else(wrong)?;
    let [threshold, log_frac, scope] = setting.split(',').collect::<Vec<_>>()[..] else {
        return Err(wrong().into());
    };
    let point = PointLayer {
        threshold: threshold.parse().map_err(|_| wrong())?,
        log_frac: log_frac.parse().map_err(|_| wrong())?,
        smax_scope: scope.into(),
    };
    Ok((name.to_owned(), skip(&point)?))
}

/// What every layer skips: settings by name, in the order of the layers. A convolution without a
/// setting skips nothing.
pub fn skips(stages: &[Stage], settings: &[(String, Semantics)]) -> Result<Vec<Option<Semantics>>> {
    let convolutions = stages.iter().filter(|stage| stage.convolution().is_some());
    let known: Vec<&str> = convolutions.map(|stage| stage.layer.name.as_str()).collect();
    for (name, _) in settings {
        if !known.contains(&name.as_str()) {
            let (name, known) = (name.clone(), known.join(", "));
            return Err(DescriptionError::UnknownLayer { name, known }.into());
        }
        let times = settings.iter().filter(|(other, _)| other == name).count();
        ensure!(times == 1, "layer {name} is set {times} times; set it once");
    }
    let of =
        |stage: &Stage| settings.iter().find(|(name, _)| *name == stage.layer.name).map(|s| s.1);
    Ok(stages.iter().map(of).collect())
}

/// Settings of the command line as they stand in an operating point.
pub fn settings(settings: &[(String, Semantics)]) -> BTreeMap<String, PointLayer> {
    let layer = |skip: &Semantics| PointLayer {
        threshold: skip.threshold.get(),
        log_frac: skip.log_frac,
        smax_scope: skip.scope.name().to_owned(),
    };
    settings.iter().map(|(name, skip)| (name.clone(), layer(skip))).collect()
}

/// Names, with + between, of what a setting makes use of: `fine-tuning`, `running-smax`,
/// `layer-thresholds`; `uniform-threshold` if of none of them.
pub fn technique(fine_tuned: bool, settings: &[(String, Semantics)]) -> String {
    let running = settings.iter().any(|(_, skip)| skip.scope == SmaxScope::Running);
    let tolerance =
        |skip: &Semantics| f64::from(skip.threshold.get()) / f64::from(1 << skip.log_frac);
    let differ = settings.windows(2).any(|pair| tolerance(&pair[0].1) != tolerance(&pair[1].1));
    let names = [
        (fine_tuned, "fine-tuning"),
        (running, "running-smax"),
        (differ, "layer-thresholds"),
        (!fine_tuned && !running && !differ, "uniform-threshold"),
    ];
    let used = names.iter().filter(|(used, _)| *used).map(|(_, name)| *name);
    used.collect::<Vec<_>>().join("+")
}

/// What was reached on the validation images, as it stands in an operating point.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Validation {
    pub accuracy_percent: f64,
    /// Multiplications of all convolutions for one image, on average.
    pub macs: f64,
    /// How many percent fewer these are than in `exact` mode.
    pub reduction_vs_exact_percent: f64,
    /// Multiplications of each convolution for one image, on average.
    pub layer_macs: BTreeMap<String, f64>,
}

/// A score as it stands in an operating point.
pub fn validation(model: &Model, score: &Score) -> Result<Validation> {
    let round = |value: f64, unit: f64| (value * unit).round() / unit;
    let exact = exact_macs(&model.network)? as f64;
    let mut layer_macs = BTreeMap::new();
    for (index, stage) in model.stages.iter().enumerate() {
        if score.kept[index] > 0 {
            layer_macs.insert(stage.layer.name.clone(), round(score.layer_macs(index), 10.0));
        }
    }
    Ok(Validation {
        accuracy_percent: round(score.accuracy_percent(), 100.0),
        macs: round(score.macs(), 10.0),
        reduction_vs_exact_percent: round(100.0 * (1.0 - score.macs() / exact), 100.0),
        layer_macs,
    })
}
