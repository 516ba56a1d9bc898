// SPDX-License-Identifier: MIT OR Apache-2.0
//! Files of weights, and the record beside each.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use study::report::atomic::write_atomic;
use study::results::digest_of;

use crate::model::Model;

/// Where weights come from. It holds nothing that differs between two runs of one command.
#[derive(Debug, Clone, Serialize)]
pub struct Record {
    /// The network's name.
    pub network: String,
    /// The command that made the weights.
    pub command: String,
    /// The revision of the sources.
    pub revision: String,
    /// What everything random followed from.
    pub seed: u64,
    /// Times that every image was seen.
    pub epochs: usize,
    /// What was trained on: `mnist` with drawn digits, or `digits`.
    pub dataset: String,
    /// SHA-256 over the pixels and labels of the training and the validation images.
    pub images_sha256: String,
    /// SHA-256 of the weights that training began with, if it began with any.
    pub from_sha256: Option<String>,
    /// Validation images that are classified as labelled, in percent.
    pub validation_accuracy_percent: f64,
    /// SHA-256 of the file of weights.
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
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    Ok(write_atomic(path, |file| file.write_all(bytes))?)
}

impl Record {
    /// Writes the record beside the weights: the same name, ending in `.json`.
    pub fn write(&self, weights: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        write(&weights.with_extension("json"), text.as_bytes())
    }
}
