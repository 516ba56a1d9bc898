// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which images are trained on, how they are moved, and everything random.

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};
use clap::ValueEnum;
use model::nn::Network;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rayon::prelude::*;
use study::data::{self, DatasetChoice, Image, LoadOptions, PIXELS, SIDE, digits};

/// How many images at the end of MNIST's training set are kept for validation.
pub const VALIDATION: usize = 5000;

/// Drawn digits that fit into memory.
const MOST_DRAWN: usize = 1_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Source {
    /// MNIST's training set, with drawn digits mixed in
    Mnist,
    /// Drawn digits alone: to try the trainer, not for weights to keep
    Digits,
}

impl Source {
    pub fn name(self) -> &'static str {
        match self {
            Self::Mnist => "mnist",
            Self::Digits => "digits",
        }
    }
}

/// Images to train on and images to judge by. MNIST's test set is not among them.
#[derive(Debug)]
pub struct Images {
    pub train: Vec<Image>,
    pub validation: Vec<Image>,
    pub seed: u64,
}

impl Images {
    /// Loads or draws the images: of MNIST's 60,000 training images the last [`VALIDATION`] judge,
    /// the others train, together with `drawn` drawn digits; `limit` shortens the training part.
    pub fn load(source: Source, seed: u64, drawn: usize, limit: Option<usize>) -> Result<Self> {
        let limit = limit.unwrap_or(usize::MAX);
        ensure!(drawn <= MOST_DRAWN, "{drawn} drawn digits; at most {MOST_DRAWN}");
        if source == Source::Digits {
            let train = limit.min(10_000);
            let mut train = digits::draw(seed, digits::TRAIN, train + 1000);
            let validation = train.split_off(train.len() - 1000);
            return Ok(Self { train, validation, seed });
        }
        let mut train = data::load(DatasetChoice::Mnist, &LoadOptions::from_env())
            .context("weights are trained on MNIST (--dataset digits tries the trainer without)")?
            .train;
        ensure!(train.len() > VALIDATION, "MNIST has {} training images", train.len());
        let validation = train.split_off(train.len() - VALIDATION);
        train.truncate(limit);
        train.extend(digits::draw(seed, digits::TRAIN, drawn));
        Ok(Self { train, validation, seed })
    }

    pub fn digest(&self) -> String {
        data::digest(&[&self.train, &self.validation])
    }

    /// The training images of an epoch, moved and in random order.
    pub fn epoch(&self, epoch: usize) -> Vec<Image> {
        let count = self.train.len();
        let order = Stream::new(self.seed, Purpose::Order, epoch as u64).shuffled(count);
        let image = |index: usize| {
            let number = (epoch * count + index) as u64;
            moved(&self.train[index], &mut Stream::new(self.seed, Purpose::Move, number))
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

/// The share of images that stay as they are.
const UNMOVED: f32 = 0.25;
/// The farthest shift along each axis, in pixels.
const SHIFT: f32 = 2.0;
/// The largest rotation, in radians.
const TURN: f32 = 10.0 * std::f32::consts::PI / 180.0;
/// The largest change of size along each axis.
const SCALE: f32 = 0.1;

/// The image shifted, turned and scaled. Pixels are whole numbers again, and where there was no
/// ink within a pixel's reach there is exactly none.
fn moved(image: &Image, random: &mut Stream) -> Image {
    if random.unit() < UNMOVED {
        return image.clone();
    }
    let (shift_x, shift_y) = (random.within(SHIFT), random.within(SHIFT));
    let (sin, cos) = random.within(TURN).sin_cos();
    let (scale_x, scale_y) = (1.0 + random.within(SCALE), 1.0 + random.within(SCALE));

    let middle = (SIDE - 1) as f32 / 2.0;
    let mut pixels = [0; PIXELS];
    for (index, pixel) in pixels.iter_mut().enumerate() {
        let (x, y) = ((index % SIDE) as f32 - middle, (index / SIDE) as f32 - middle);
        // Where the pixel comes from.
        let (x, y) = (x - shift_x, y - shift_y);
        let (x, y) = ((x * cos + y * sin) / scale_x, (y * cos - x * sin) / scale_y);
        *pixel = sample(image, x + middle, y + middle);
    }
    Image { pixels, label: image.label }
}

/// The image between its pixels: bilinear, and 0 outside.
fn sample(image: &Image, x: f32, y: f32) -> u8 {
    let (left, top) = (x.floor(), y.floor());
    let (right_share, lower_share) = (x - left, y - top);
    let at = |x: f32, y: f32| {
        let inside = (0.0..SIDE as f32).contains(&x) && (0.0..SIDE as f32).contains(&y);
        if inside { f32::from(image.pixels[y as usize * SIDE + x as usize]) } else { 0.0 }
    };
    let mix = |from: f32, to: f32, share: f32| from + (to - from) * share;
    let upper = mix(at(left, top), at(left + 1.0, top), right_share);
    let lower = mix(at(left, top + 1.0), at(left + 1.0, top + 1.0), right_share);
    mix(upper, lower, lower_share).round() as u8
}

/// What random numbers are for; each purpose has streams of its own.
#[derive(Debug, Clone, Copy)]
pub enum Purpose {
    /// One stream per tensor.
    Weights = 1,
    /// One stream per epoch.
    Order = 2,
    /// One stream per image and epoch.
    Move = 3,
}

#[derive(Debug, Clone)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream of a seed, a purpose and a number.
    pub fn new(seed: u64, purpose: Purpose, number: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8] = purpose as u8;
        let mut stream = ChaCha8Rng::from_seed(key);
        stream.set_stream(number);
        Self(stream)
    }

    /// A number in [0, 1).
    pub fn unit(&mut self) -> f32 {
        (self.0.next_u32() >> 8) as f32 / (1u32 << 24) as f32
    }

    /// A number in [−limit, limit).
    pub fn within(&mut self, limit: f32) -> f32 {
        (2.0 * self.unit() - 1.0) * limit
    }

    /// The numbers 0 to `count` − 1 in random order.
    pub fn shuffled(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            let other = (self.0.next_u64() % (last as u64 + 1)) as usize;
            order.swap(last, other);
        }
        order
    }
}
