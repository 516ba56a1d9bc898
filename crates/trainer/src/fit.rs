// SPDX-License-Identifier: MIT OR Apache-2.0
//! The training loop, of plain weights and of weights for skipped products; how well a model does on
//! images, and at what cost; and the log with a line per epoch.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use candle_core::Tensor;
use candle_nn::{AdamW, Optimizer, ParamsAdamW, loss, ops};
use clap::Args;
use model::conv::{Semantics, Threshold};
use study::data::Image;

use crate::data::{Images, tensors};
use crate::hardware::Hardware;
use crate::model::{Model, Pass, correct};

/// How a model is trained.
#[derive(Debug, Clone, Args)]
pub struct Training {
    /// Times that every image is seen
    #[arg(long, default_value_t = 15)]
    pub epochs: usize,
    /// Images a step
    #[arg(long, default_value_t = 64)]
    pub batch: usize,
    /// The learning rate at the start; it falls to 0 along a cosine
    #[arg(long, default_value_t = 0.003)]
    pub learning_rate: f64,
    /// AdamW's weight decay
    #[arg(long, default_value_t = 0.01)]
    pub weight_decay: f64,
    /// Decay a step of the moving average of the weights that is kept; 0 for none
    #[arg(long, default_value_t = 0.998)]
    pub average: f64,
}

/// How it is trained on with products skipped.
#[derive(Debug, Clone, Args)]
pub struct FineTuning {
    /// Share in the loss of the answers of other weights, which use every product
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub teacher: f64,
    /// Weight in the loss of the mean activation of the convolutions
    #[arg(long, value_name = "WEIGHT", default_value_t = 0.0)]
    pub sparse_activations: f64,
    /// Weight in the loss of the norms of the kernels: drives kernels to 0 as a whole
    #[arg(long, value_name = "WEIGHT", default_value_t = 0.0)]
    pub sparse_kernels: f64,
    /// Powers of two that T is raised by at the start
    #[arg(long, value_name = "POWERS", default_value_t = 0.0)]
    pub anneal: f64,
    /// Epochs over which that falls to 0
    #[arg(long, value_name = "EPOCHS", default_value_t = 5)]
    pub anneal_epochs: usize,
    /// Skipped products pass a gradient on all the same
    #[arg(long)]
    pub dense_gradient: bool,
}

/// What fine-tuning begins with.
#[derive(Debug, Clone, Copy)]
pub struct Skipping<'a> {
    pub settings: &'a FineTuning,
    /// What the model should answer like; it takes part with [`FineTuning::teacher`].
    pub teacher: &'a Model,
    pub skips: &'a [Option<Semantics>],
}

/// Trains `model` with every product, or, given what it skips, in the arithmetic of the hardware.
/// Returns the score of the last epoch; the model then has the weights it is of.
pub fn fit(
    model: &Model,
    images: &Images,
    settings: &Training,
    skipping: Option<Skipping>,
    log: &mut Log,
) -> Result<Score> {
    ensure!(settings.batch > 0, "a batch of 0 images; take at least 1");
    ensure!(settings.epochs > 0, "0 epochs; take at least 1");
    ensure!(!images.train.is_empty(), "no image to train on; take at least --limit 1");
    let mut optimiser = AdamW::new(
        model.variables(),
        ParamsAdamW {
            lr: settings.learning_rate,
            weight_decay: settings.weight_decay,
            ..ParamsAdamW::default()
        },
    )?;
    let mut average = Average::new(model, settings.average)?;
    let steps = settings.epochs * images.train.len().div_ceil(settings.batch);
    let mut step = 0;
    let mut score = None;
    for epoch in 0..settings.epochs {
        let hardware = skipping.map(|it| -> Result<_> {
            let hardware = Hardware::calibrate(model, annealed(it.skips, epoch, it.settings))?;
            Ok(Hardware { dense_gradient: it.settings.dense_gradient, ..hardware })
        });
        let hardware = hardware.transpose()?;
        let (mut total, mut rate) = (0.0, 0.0);
        let moved = images.epoch(epoch);
        let batches = moved.chunks(settings.batch);
        let count = batches.len();
        for batch in batches {
            rate = learning_rate(settings.learning_rate, step, steps);
            optimiser.set_learning_rate(rate);
            let (words, labels) = tensors(batch, &model.network)?;
            let pass = model.forward(&words, hardware.as_ref())?;
            let mut error = loss::cross_entropy(&pass.logits, &labels)?;
            if let Some(Skipping { settings, teacher, .. }) = skipping {
                if settings.teacher > 0.0 {
                    let answer = teacher.forward(&words, None)?.logits.detach();
                    let differs = unlike(&pass.logits, &answer)?;
                    error = ((error * (1.0 - settings.teacher))? + (differs * settings.teacher)?)?;
                }
                error = (error + penalty(model, &pass, settings)?)?;
            }
            optimiser.backward_step(&error)?;
            average.step(model)?;
            total += f64::from(error.to_scalar::<f32>()?);
            step += 1;
        }
        ensure!(total.is_finite(), "the loss is {total} in epoch {epoch}; lower --learning-rate");
        let now = &average.model;
        let hardware =
            skipping.map(|it| Hardware::calibrate(now, it.skips.to_vec())).transpose()?;
        let reached = evaluate(now, &images.validation, hardware.as_ref())?;
        log.epoch(epoch + 1, rate, total / count as f64, &reached)?;
        score = Some(reached);
    }
    for (var, kept) in model.variables().iter().zip(average.model.variables()) {
        var.set(kept.as_tensor())?;
    }
    Ok(score.expect("at least one epoch"))
}

/// A short rise, then a cosine down to 0.
fn learning_rate(first: f64, step: usize, steps: usize) -> f64 {
    let done = step as f64 / steps as f64;
    let rise = ((step + 1) as f64 / 200.0).min(1.0);
    first * rise * 0.5 * (1.0 + (std::f64::consts::PI * done).cos())
}

/// The settings of an early epoch: T starts higher and falls.
fn annealed(
    skips: &[Option<Semantics>],
    epoch: usize,
    settings: &FineTuning,
) -> Vec<Option<Semantics>> {
    let left = 1.0 - epoch as f64 / settings.anneal_epochs.max(1) as f64;
    let more = (settings.anneal * left.max(0.0)).max(0.0);
    let raise = |skip: &Semantics| {
        let more = (more * f64::from(1u32 << skip.log_frac)).round() as u32;
        let threshold = Threshold::new(skip.threshold.get().saturating_add(more));
        Semantics { threshold: threshold.expect("it only grows"), ..*skip }
    };
    skips.iter().map(|skip| skip.as_ref().map(raise)).collect()
}

/// The cross-entropy of the teacher's answer.
fn unlike(logits: &Tensor, answer: &Tensor) -> Result<Tensor> {
    let expected = ops::softmax(answer, 1)?;
    let log = ops::log_softmax(logits, 1)?;
    Ok((expected * log)?.sum(1)?.mean_all()?.neg()?)
}

/// What the loss has beside the errors.
fn penalty(model: &Model, pass: &Pass, settings: &FineTuning) -> Result<Tensor> {
    let mut total = Tensor::new(0f32, pass.logits.device())?;
    let convolutions = model.parameters.iter().zip(&pass.activations);
    for (parameters, activation) in convolutions.filter(|(_, a)| a.rank() == 4) {
        let Some(parameters) = parameters else { continue };
        if settings.sparse_activations > 0.0 {
            let mean = activation.abs()?.mean_all()?;
            total = (total + (mean * settings.sparse_activations)?)?;
        }
        if settings.sparse_kernels > 0.0 {
            let norms = (parameters.weight.sqr()?.sum((2, 3))? + 1e-8)?.sqrt()?.sum_all()?;
            total = (total + (norms * settings.sparse_kernels)?)?;
        }
    }
    Ok(total)
}

/// The moving average of a model's weights.
struct Average {
    decay: f64,
    steps: usize,
    model: Model,
}

impl Average {
    fn new(model: &Model, decay: f64) -> Result<Self> {
        let model = if decay > 0.0 { model.copy()? } else { model.clone() };
        Ok(Self { decay, steps: 0, model })
    }

    fn step(&mut self, model: &Model) -> Result<()> {
        if self.decay == 0.0 {
            return Ok(());
        }
        self.steps += 1;
        // At first the average is over the few steps there were.
        let steps = self.steps as f64;
        let decay = self.decay.min((1.0 + steps) / (10.0 + steps));
        for (from, to) in model.variables().iter().zip(self.model.variables()) {
            to.set(&((to.as_tensor() * decay)? + (from.as_tensor() * (1.0 - decay))?)?)?;
        }
        Ok(())
    }
}

/// Images in one pass.
const BATCH: usize = 256;

/// Accuracy and cost over a list of images.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    pub images: usize,
    /// Images that are classified as labelled.
    pub correct: usize,
    /// Multiplications in every layer, over all images; 0 for a layer that is not a convolution.
    pub kept: Vec<u64>,
}

impl Score {
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

/// Writes a CSV file, and progress to standard error.
#[derive(Debug)]
pub struct Log {
    file: Option<File>,
    quiet: bool,
    start: Instant,
}

impl Log {
    /// A log in a file, or, without one, on standard error alone.
    pub fn new(path: Option<&Path>, quiet: bool) -> Result<Self> {
        let file = match path {
            Some(path) => {
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder)
                        .with_context(|| format!("cannot create {}", folder.display()))?;
                }
                let mut file = File::create(path)
                    .with_context(|| format!("cannot write the log {}", path.display()))?;
                writeln!(
                    file,
                    "epoch,learning_rate,loss,validation_accuracy_percent,validation_macs,time_s"
                )?;
                Some(file)
            }
            None => None,
        };
        Ok(Self { file, quiet, start: Instant::now() })
    }

    pub fn epoch(&mut self, epoch: usize, rate: f64, loss: f64, score: &Score) -> Result<()> {
        let time = self.start.elapsed().as_secs_f64();
        let (accuracy, macs) = (score.accuracy_percent(), score.macs());
        if let Some(file) = &mut self.file {
            writeln!(file, "{epoch},{rate:.6},{loss:.5},{accuracy:.2},{macs:.1},{time:.1}")?;
        }
        if !self.quiet {
            eprintln!(
                "epoch {epoch}: loss {loss:.4}, validation {accuracy:.2} %, {macs:.0} \
                 multiplications an image, {time:.0} s"
            );
        }
        Ok(())
    }
}
