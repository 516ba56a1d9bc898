// SPDX-License-Identifier: MIT OR Apache-2.0
//! How well a model does on images, and at what cost.

use anyhow::Result;
use study::data::Image;

use crate::hardware::Hardware;
use crate::images::tensors;
use crate::model::{Model, correct};

/// Images in one pass.
const BATCH: usize = 256;

/// Accuracy and cost over a list of images.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// Images.
    pub images: usize,
    /// Images that are classified as labelled.
    pub correct: usize,
    /// Multiplications in every layer, over all images; 0 for a layer that is not a convolution.
    pub kept: Vec<u64>,
}

impl Score {
    /// Images that are classified as labelled, in percent.
    pub fn accuracy_percent(&self) -> f64 {
        100.0 * self.correct as f64 / self.images as f64
    }

    /// Multiplications of all convolutions for one image, on average.
    pub fn macs(&self) -> f64 {
        self.kept.iter().sum::<u64>() as f64 / self.images as f64
    }

    /// Multiplications of one layer for one image, on average.
    pub fn layer_macs(&self, layer: usize) -> f64 {
        self.kept[layer] as f64 / self.images as f64
    }
}

/// Scores a model, in floating point or in the arithmetic of the hardware.
pub fn evaluate(model: &Model, images: &[Image], hardware: Option<&Hardware>) -> Result<Score> {
    let mut score = Score { images: images.len(), correct: 0, kept: vec![0; model.stages.len()] };
    for images in images.chunks(BATCH) {
        let (words, labels) = tensors(images, &model.network)?;
        let pass = model.forward(&words, hardware)?;
        score.correct += correct(&pass.logits, &labels)?;
        for (total, kept) in score.kept.iter_mut().zip(&pass.kept) {
            *total += kept;
        }
    }
    Ok(score)
}
