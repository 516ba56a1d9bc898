// SPDX-License-Identifier: MIT OR Apache-2.0
//! Images through an integer network; the convolutions are an engine's.

use super::integer::{Convolution, IntegerLayer};
use super::quantize::IntegerNetwork;
use crate::conv::{ConfigError, FeatureMap, Mode, Plane, Semantics, SmaxScope, Threshold};
use crate::engine::{Cost, Detail, Engine, EngineError, LayerRun, Place, StageRecord};

/// What every convolution layer of a network multiplies, under one name.
#[derive(Debug, Clone, PartialEq)]
pub struct Configuration {
    /// `exact`, `zero-skip`, `dual-zero-skip`, `tau=0.05`, or that of an operating point.
    pub name: String,
    /// τ, where one tolerance is used throughout.
    pub tau: Option<f64>,
    /// One per convolution layer.
    pub layers: Vec<Semantics>,
}

impl Configuration {
    /// The same mode without a threshold on all of `layers` layers.
    ///
    /// # Errors
    /// Too many fraction bits.
    pub fn plain(mode: Mode, log_frac: u32, layers: usize) -> Result<Self, ConfigError> {
        let semantics = Semantics::new(mode, log_frac, Threshold::new(1)?, SmaxScope::Window)?;
        Ok(Self { name: mode.to_string(), tau: None, layers: vec![semantics; layers] })
    }

    /// The tolerance τ on all of `layers` layers.
    ///
    /// # Errors
    /// A tolerance outside (0, 1), or too many fraction bits.
    pub fn tau(
        tau: f64,
        log_frac: u32,
        scope: SmaxScope,
        layers: usize,
    ) -> Result<Self, ConfigError> {
        let threshold = Threshold::from_tau(tau, log_frac)?;
        let semantics = Semantics::new(Mode::Approx, log_frac, threshold, scope)?;
        Ok(Self { name: format!("tau={tau}"), tau: Some(tau), layers: vec![semantics; layers] })
    }

    /// Exact, zero-skip, then each tolerance in the order given: the rows of the paper's tables.
    ///
    /// # Errors
    /// As [`plain`](Self::plain) and [`tau`](Self::tau).
    pub fn table(
        taus: &[f64],
        log_frac: u32,
        scope: SmaxScope,
        layers: usize,
    ) -> Result<Vec<Self>, ConfigError> {
        let plain = [Mode::Exact, Mode::ZeroSkip].map(|mode| Self::plain(mode, log_frac, layers));
        let approx = taus.iter().map(|&tau| Self::tau(tau, log_frac, scope, layers));
        plain.into_iter().chain(approx).collect()
    }

    /// Fraction bits, where all layers have the same.
    pub fn log_frac(&self) -> Option<u32> {
        self.common(|semantics| semantics.log_frac)
    }

    /// T, where all layers have the same, in approx mode.
    pub fn threshold(&self) -> Option<u32> {
        let approx = self.layers.iter().all(|it| it.mode == Mode::Approx);
        self.common(|semantics| semantics.threshold.get()).filter(|_| approx)
    }

    /// The scope, where all layers have the same.
    pub fn scope(&self) -> Option<SmaxScope> {
        self.common(|semantics| semantics.scope)
    }

    /// The mode, where all layers have the same.
    pub fn mode(&self) -> Option<Mode> {
        self.common(|semantics| semantics.mode)
    }

    fn common<T: PartialEq>(&self, of: impl Fn(&Semantics) -> T) -> Option<T> {
        let mut values = self.layers.iter().map(of);
        let first = values.next()?;
        values.all(|value| value == first).then_some(first)
    }
}

/// What one convolution layer came to for one image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LayerOutcome {
    /// `sums[output]`: the products multiplied, added over all input channels; row-major, without
    /// bias.
    pub sums: Vec<Vec<i32>>,
    /// Multiplications performed, one entry per output channel.
    pub multiplications: Vec<u64>,
    /// `maps[output][input channel]`, with [`Detail::Maps`]. Where every map has but one output, they
    /// are joined: then `maps[0][input channel]` is the row of all outputs.
    pub maps: Vec<Vec<FeatureMap>>,
}

impl LayerOutcome {
    /// Multiplications of all output channels.
    pub fn total_multiplications(&self) -> u64 {
        self.multiplications.iter().sum()
    }

    /// Where the map of an output channel over an input channel has its word `index` (row-major): the
    /// map, which may be a row of joined ones, and the index there.
    ///
    /// # Panics
    /// If the outcome has no maps, or there is no such word.
    #[inline]
    pub fn entry(&self, output: usize, channel: usize, index: usize) -> (&FeatureMap, usize) {
        if self.maps.len() == self.sums.len() {
            (&self.maps[output][channel], index)
        } else {
            (&self.maps[0][channel], output)
        }
    }
}

/// One image through the network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inference {
    /// `activations[layer][channel]`: the outputs of each layer, after its activation. A dense
    /// layer has one channel.
    pub activations: Vec<Vec<Plane>>,
    /// One per convolution layer.
    pub convolutions: Vec<LayerOutcome>,
    /// The outputs of the last layer.
    pub scores: Vec<i32>,
}

impl Inference {
    /// The class with the largest score.
    pub fn class(&self) -> usize {
        class_of(&self.scores)
    }

    /// Multiplications of all convolution layers.
    pub fn multiplications(&self) -> u64 {
        self.convolutions.iter().map(LayerOutcome::total_multiplications).sum()
    }
}

/// A batch of images through a network, as an engine did it.
#[derive(Debug, Clone, Default)]
pub struct NetworkRun {
    /// One per image.
    pub inferences: Vec<Inference>,
    /// One per convolution layer, over all images and output channels.
    pub costs: Vec<Cost>,
    /// What an engine that runs programs counted: `stages[image]`; empty on others.
    pub stages: Vec<Vec<StageRecord>>,
}

/// The number of the largest score; of equal ones the first.
pub fn class_of(scores: &[i32]) -> usize {
    let largest = |best, (index, &score)| match best {
        Some((_, top)) if score <= top => best,
        _ => Some((index, score)),
    };
    scores.iter().enumerate().fold(None, largest).map_or(0, |(index, _)| index)
}

/// An image as the planes that the network is applied to: its pixels with the padding around.
///
/// # Panics
/// If the image has another number of pixels than the network's input.
pub fn input_planes(network: &IntegerNetwork, pixels: &[u8]) -> Vec<Plane> {
    let input = &network.network.input;
    let (width, height, padding) = (input.width, input.height, input.padding);
    assert_eq!(pixels.len(), input.channels * width * height, "a pixel for every input");
    let plane = |pixels: &[u8]| {
        let padded = width + 2 * padding;
        let mut words = vec![0; padded * (height + 2 * padding)];
        for (y, row) in pixels.chunks_exact(width).enumerate() {
            let first = (y + padding) * padded + padding;
            for (word, &pixel) in words[first..].iter_mut().zip(row) {
                *word = i32::from(pixel);
            }
        }
        Plane::new(padded, height + 2 * padding, words).expect("an input is not empty")
    };
    pixels.chunks_exact(width * height).map(plane).collect()
}

/// A batch of images through the network, layer by layer: `images[image]` is what [`input_planes`]
/// gives. What is not a convolution is computed here.
///
/// # Errors
/// Those of the engine.
///
/// # Panics
/// If the configuration has not one entry per convolution layer.
pub fn infer<E: Engine + ?Sized>(
    engine: &mut E,
    place: &Place,
    network: &IntegerNetwork,
    configuration: &Configuration,
    images: &[Vec<Plane>],
    detail: Detail,
) -> Result<NetworkRun, EngineError> {
    let layers = configuration.layers.len();
    assert_eq!(layers, network.convolutions().count(), "semantics for every layer");
    let mut inferences = vec![Inference::default(); images.len()];
    let mut costs = Vec::with_capacity(layers);
    let mut inputs = images.to_vec();
    for (index, layer) in network.layers.iter().enumerate() {
        let outputs: Vec<Vec<Plane>> = match layer {
            IntegerLayer::Convolution(layer) => {
                let place = Place {
                    layer: layer.name.clone(),
                    configuration: configuration.name.clone(),
                    ..place.clone()
                };
                let semantics = &configuration.layers[layer.index];
                let run = engine.layer(&place, layer, semantics, &inputs, detail)?;
                costs.push(run.costs.iter().copied().sum());
                finish(layer, run, &inputs, &mut inferences)
            }
            IntegerLayer::AveragePool(pool) => {
                let pooled = |planes: &Vec<Plane>| planes.iter().map(|it| pool.apply(it)).collect();
                inputs.iter().map(pooled).collect()
            }
            IntegerLayer::Dense(dense) => {
                let output = |planes: &Vec<Plane>| {
                    let words = dense.apply(planes);
                    vec![Plane::new(words.len(), 1, words).expect("a layer has outputs")]
                };
                inputs.iter().map(output).collect()
            }
        };
        let finished = std::mem::replace(&mut inputs, outputs);
        // The first inputs are the images themselves.
        if index > 0 {
            for (inference, activations) in inferences.iter_mut().zip(finished) {
                inference.activations.push(activations);
            }
        }
    }
    for (inference, scores) in inferences.iter_mut().zip(inputs) {
        inference.scores = scores.iter().flat_map(Plane::data).copied().collect();
        inference.activations.push(scores);
    }
    Ok(NetworkRun { inferences, costs, stages: Vec::new() })
}

/// The activations of a convolution layer; its outcomes go to the inferences.
fn finish(
    layer: &Convolution,
    run: LayerRun,
    inputs: &[Vec<Plane>],
    inferences: &mut [Inference],
) -> Vec<Vec<Plane>> {
    let mut outputs = Vec::with_capacity(inputs.len());
    for ((outcome, inference), input) in run.outcomes.into_iter().zip(inferences).zip(inputs) {
        let width = input[0].width() - layer.side() + 1;
        outputs.push(layer.finish(&outcome.sums, width));
        inference.convolutions.push(outcome);
    }
    outputs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_begins_with_exact_and_zero_skip() {
        let table = Configuration::table(&[0.05, 0.5], 3, SmaxScope::Running, 3).unwrap();
        let names: Vec<&str> = table.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["exact", "zero-skip", "tau=0.05", "tau=0.5"]);
        assert_eq!((table[2].threshold(), table[0].threshold()), (Some(35), None));
        assert_eq!((table[3].log_frac(), table[3].scope()), (Some(3), Some(SmaxScope::Running)));
        assert!(Configuration::table(&[1.0], 0, SmaxScope::Window, 1).is_err());
    }
}
