// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which images are trained on, and which decide.

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};
use clap::ValueEnum;
use rayon::prelude::*;
use study::data::{self, DatasetChoice, Image, LoadOptions, PIXELS, SIDE, digits};

use crate::augment;
use crate::network::Network;
use crate::random::{Purpose, Stream};

/// How many images at the end of MNIST's training set are kept for validation.
pub const VALIDATION: usize = 5000;

/// What is trained on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Source {
    /// MNIST's training set, with drawn digits mixed in
    Mnist,
    /// Drawn digits alone: to try the trainer, not for weights to keep
    Digits,
}

/// Images to train on and images to judge by. MNIST's test set is not among them.
#[derive(Debug)]
pub struct Images {
    /// Images to train on.
    pub train: Vec<Image>,
    /// Images to judge by.
    pub validation: Vec<Image>,
}

impl Images {
    /// Loads or draws the images: of MNIST's 60,000 training images the last [`VALIDATION`] judge,
    /// the others train, together with `drawn` drawn digits; `limit` shortens the training part.
    pub fn load(source: Source, seed: u64, drawn: usize, limit: Option<usize>) -> Result<Self> {
        let limit = limit.unwrap_or(usize::MAX);
        if source == Source::Digits {
            let train = limit.min(10_000);
            let mut train = digits::draw(seed, digits::TRAIN, train + 1000);
            let validation = train.split_off(train.len() - 1000);
            return Ok(Self { train, validation });
        }
        let mut train = data::load(DatasetChoice::Mnist, &LoadOptions::from_env())
            .context("weights are trained on MNIST (--dataset digits tries the trainer without)")?
            .train;
        ensure!(train.len() > VALIDATION, "MNIST has {} training images", train.len());
        let validation = train.split_off(train.len() - VALIDATION);
        train.truncate(limit);
        train.extend(digits::draw(seed, digits::TRAIN, drawn));
        Ok(Self { train, validation })
    }

    /// SHA-256 over all images.
    pub fn digest(&self) -> String {
        data::digest(&[&self.train, &self.validation])
    }

    /// The training images of an epoch, moved and in random order.
    pub fn epoch(&self, seed: u64, epoch: usize, augmented: bool) -> Vec<Image> {
        let count = self.train.len();
        let order = Stream::new(seed, Purpose::Order, epoch as u64).shuffled(count);
        let image = |index: usize| {
            if !augmented {
                return self.train[index].clone();
            }
            let number = (epoch * count + index) as u64;
            augment::moved(&self.train[index], &mut Stream::new(seed, Purpose::Move, number))
        };
        order.into_par_iter().map(image).collect()
    }
}

/// Images as the network takes them, pixel / 256 with the network's padding, and their labels.
pub fn tensors(images: &[Image], network: &Network) -> Result<(Tensor, Tensor)> {
    let padding = network.input.padding;
    let side = SIDE + 2 * padding;
    let mut words = vec![0.0f32; images.len() * side * side];
    for (words, image) in words.chunks_exact_mut(side * side).zip(images) {
        for index in 0..PIXELS {
            let (y, x) = (index / SIDE + padding, index % SIDE + padding);
            words[y * side + x] = f32::from(image.pixels[index]) / 256.0;
        }
    }
    let labels: Vec<u32> = images.iter().map(|image| image.label.into()).collect();
    let shape = (images.len(), 1, side, side);
    let device = &Device::Cpu;
    Ok((Tensor::from_vec(words, shape, device)?, Tensor::from_vec(labels, images.len(), device)?))
}
