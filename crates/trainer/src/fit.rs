// SPDX-License-Identifier: MIT OR Apache-2.0
//! The training loop: of plain weights, and of weights for skipped products.

use anyhow::{Result, ensure};
use candle_core::{Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, loss, ops};

use crate::evaluate::{Score, evaluate};
use crate::hardware::Hardware;
use crate::images::{Images, tensors};
use crate::layer::Skip;
use crate::log::Log;
use crate::model::{Model, Pass};

/// How a model is trained.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What everything random follows from.
    pub seed: u64,
    /// Times that every image is seen.
    pub epochs: usize,
    /// Images a step.
    pub batch: usize,
    /// The learning rate at the start; it falls to 0 along a cosine.
    pub learning_rate: f64,
    /// AdamW's weight decay.
    pub weight_decay: f64,
    /// The weights that are kept are a moving average with this decay a step; 0 for none.
    pub average: f64,
    /// Whether the images are moved.
    pub augment: bool,
    /// The share of the teacher's answer in the loss.
    pub teacher: f64,
    /// The weight in the loss of the mean activation of the convolutions.
    pub sparse_activations: f64,
    /// The weight in the loss of the norms of the kernels: it drives kernels to 0 as a whole.
    pub sparse_kernels: f64,
    /// Powers of two that T is raised by at the start.
    pub anneal: f64,
    /// Epochs over which that falls to 0.
    pub anneal_epochs: usize,
    /// Whether skipped products pass a gradient on all the same.
    pub dense_gradient: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            epochs: 15,
            batch: 64,
            learning_rate: 0.003,
            weight_decay: 0.01,
            average: 0.998,
            augment: true,
            teacher: 0.0,
            sparse_activations: 0.0,
            sparse_kernels: 0.0,
            anneal: 0.0,
            anneal_epochs: 5,
            dense_gradient: false,
        }
    }
}

/// Trains `model` with every product, or, given `skips` for every layer, in the arithmetic of the
/// hardware. `teacher` is what the model should answer like; it takes part with
/// [`Settings::teacher`].
///
/// Returns the score of the last epoch; the model then has the weights it is of.
pub fn fit(
    model: &Model,
    teacher: Option<&Model>,
    skips: Option<&[Option<Skip>]>,
    images: &Images,
    settings: &Settings,
    log: &mut Log,
) -> Result<Score> {
    ensure!(settings.batch > 0, "a batch of 0 images; take at least 1");
    ensure!(settings.epochs > 0, "0 epochs; take at least 1");
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
        let mut hardware = match skips {
            Some(skips) => Some(Hardware::calibrate(model, annealed(skips, epoch, settings))?),
            None => None,
        };
        if let Some(hardware) = &mut hardware {
            hardware.dense_gradient = settings.dense_gradient;
        }
        let (mut total, mut rate) = (0.0, 0.0);
        let moved = images.epoch(settings.seed, epoch, settings.augment);
        let batches = moved.chunks(settings.batch);
        let count = batches.len();
        for batch in batches {
            rate = learning_rate(settings.learning_rate, step, steps);
            optimiser.set_learning_rate(rate);
            let (words, labels) = tensors(batch, &model.network)?;
            let pass = model.forward(&words, hardware.as_ref())?;
            let mut error = loss::cross_entropy(&pass.logits, &labels)?;
            if let Some(teacher) = teacher.filter(|_| settings.teacher > 0.0) {
                let answer = teacher.forward(&words, None)?.logits.detach();
                let differs = unlike(&pass.logits, &answer)?;
                error = ((error * (1.0 - settings.teacher))? + (differs * settings.teacher)?)?;
            }
            let error = (error + penalty(model, &pass, settings)?)?;
            optimiser.backward_step(&error)?;
            average.step()?;
            total += f64::from(error.to_scalar::<f32>()?);
            step += 1;
        }
        let now = average.model()?;
        let hardware = match skips {
            Some(skips) => Some(Hardware::calibrate(now, skips.to_vec())?),
            None => None,
        };
        let reached = evaluate(now, &images.validation, hardware.as_ref())?;
        log.epoch(epoch + 1, rate, total / count as f64, &reached)?;
        score = Some(reached);
    }
    for (var, kept) in model.variables().iter().zip(average.model()?.variables()) {
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
fn annealed(skips: &[Option<Skip>], epoch: usize, settings: &Settings) -> Vec<Option<Skip>> {
    let left = 1.0 - epoch as f64 / settings.anneal_epochs.max(1) as f64;
    let more = (settings.anneal * left.max(0.0)).max(0.0);
    let raise = |skip: &Skip| {
        let more = (more * f64::from(1u32 << skip.log_frac)).round() as u32;
        Skip { threshold: skip.threshold + more, ..*skip }
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
fn penalty(model: &Model, pass: &Pass, settings: &Settings) -> Result<Tensor> {
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

/// A moving average of a model's weights.
struct Average {
    decay: f64,
    steps: usize,
    from: Vec<Var>,
    to: Vec<Var>,
    model: Model,
}

impl Average {
    fn new(model: &Model, decay: f64) -> Result<Self> {
        let copy = if decay > 0.0 { model.copy()? } else { model.clone() };
        Ok(Self { decay, steps: 0, from: model.variables(), to: copy.variables(), model: copy })
    }

    fn step(&mut self) -> Result<()> {
        if self.decay == 0.0 {
            return Ok(());
        }
        self.steps += 1;
        // At first the average is over the few steps there were.
        let steps = self.steps as f64;
        let decay = self.decay.min((1.0 + steps) / (10.0 + steps));
        for (from, to) in self.from.iter().zip(&self.to) {
            to.set(&((to.as_tensor() * decay)? + (from.as_tensor() * (1.0 - decay))?)?)?;
        }
        Ok(())
    }

    fn model(&self) -> Result<&Model> {
        Ok(&self.model)
    }
}
