//! Images through an integer network; the convolutions are somebody else's.

use super::integer::{Convolution, IntegerLayer};
use super::quantize::IntegerNetwork;
use crate::conv::{FeatureMap, Plane};

/// What one convolution layer came to for one image.
#[derive(Debug, Clone, Default)]
pub struct LayerOutcome {
    /// `sums[output]`: the products multiplied, added over all input channels; row-major, without
    /// bias.
    pub sums: Vec<Vec<i32>>,
    /// Multiplications performed.
    pub multiplications: u64,
    /// `maps[output][input channel]`, if the convolver keeps them. Where every map has but one
    /// output, they may be joined: then `maps[0][input channel]` is the row of all outputs.
    pub maps: Vec<Vec<FeatureMap>>,
}

/// What performs the convolutions of a network.
pub trait Convolver {
    /// Why it may give up.
    type Error;

    /// One layer for a batch of images: `inputs[image][input channel]`.
    fn layer(
        &mut self,
        layer: &Convolution,
        inputs: &[Vec<Plane>],
    ) -> Result<Vec<LayerOutcome>, Self::Error>;
}

/// One image through the network.
#[derive(Debug, Clone, Default)]
pub struct Inference {
    /// `activations[layer][channel]`: the outputs of each layer, after its activation. A dense
    /// layer has one channel.
    pub activations: Vec<Vec<Plane>>,
    /// One a convolution layer.
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
        self.convolutions.iter().map(|it| it.multiplications).sum()
    }
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

/// A batch of images through the network: `images[image]` is what [`input_planes`] gives.
pub fn infer<C: Convolver>(
    network: &IntegerNetwork,
    images: &[Vec<Plane>],
    convolver: &mut C,
) -> Result<Vec<Inference>, C::Error> {
    let mut inferences = vec![Inference::default(); images.len()];
    let mut inputs = images.to_vec();
    for (index, layer) in network.layers.iter().enumerate() {
        let outputs: Vec<Vec<Plane>> = match layer {
            IntegerLayer::Convolution(convolution) => {
                let outcomes = convolver.layer(convolution, &inputs)?;
                let mut outputs = Vec::with_capacity(inputs.len());
                for ((outcome, inference), input) in
                    outcomes.into_iter().zip(&mut inferences).zip(&inputs)
                {
                    let width = input[0].width() - convolution.side() + 1;
                    outputs.push(convolution.finish(&outcome.sums, width));
                    inference.convolutions.push(outcome);
                }
                outputs
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
    Ok(inferences)
}
