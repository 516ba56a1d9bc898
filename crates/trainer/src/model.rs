// SPDX-License-Identifier: MIT OR Apache-2.0
//! The layers of a described network with the sizes that training needs, and a network with weights.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result};
use candle_core::{D, Device, Tensor, Var};
use model::nn::{
    Activation, Input, LayerDescription, LayerKind, Network, NetworkError, Shape, Weights,
};

use study::data::SIDE;

use crate::DescriptionError;
use crate::data::{Purpose, Stream};
use crate::hardware::{Hardware, weight_scale};
use crate::layer::{Activate, AddBias, ConvShape, Convolve, Kept, Pool, QuantiseWeights};

/// A layer with the shape of its input.
#[derive(Debug, Clone)]
pub struct Stage {
    pub layer: LayerDescription,
    pub input: Shape,
}

impl Stage {
    pub fn convolution(&self) -> Option<ConvShape> {
        let Shape { channels, height, width } = self.input;
        match self.layer.kind {
            LayerKind::Convolution { outputs, side, .. } => {
                Some(ConvShape { channels, height, width, outputs, side })
            }
            _ => None,
        }
    }
}

/// The layers with the shapes of their inputs; an error if they do not fit together or the images,
/// or do not tell ten digits apart.
pub fn stages(network: &Network) -> Result<Vec<Stage>, DescriptionError> {
    let shapes = network.shapes()?;
    let Input { channels, height, width, .. } = network.input;
    if (channels, height, width) != (1, SIDE, SIDE) {
        return Err(DescriptionError::Input { channels, height, width });
    }
    let outputs = shapes.last().map_or(0, Shape::len);
    if outputs != 10 {
        return Err(DescriptionError::Outputs(outputs));
    }
    let layers = network.layers.iter().cloned().zip(shapes);
    Ok(layers.map(|(layer, input)| Stage { layer, input }).collect())
}

/// Multiplications of all convolutions for one image, in `exact` mode.
pub fn exact_macs(network: &Network) -> Result<u64, NetworkError> {
    Ok(network.exact_multiplications()?.iter().map(|(_, count)| count).sum())
}

/// The tensors of one layer.
#[derive(Debug, Clone)]
pub struct Parameters {
    /// Weights: outputs × channels × side × side, or outputs × inputs.
    pub weight: Var,
    /// Biases, one an output.
    pub bias: Var,
}

#[derive(Debug, Clone)]
pub struct Model {
    pub network: Network,
    pub stages: Vec<Stage>,
    /// The tensors of each layer; `None` for a layer without.
    pub parameters: Vec<Option<Parameters>>,
}

/// What a pass over a batch of images gives.
#[derive(Debug)]
pub struct Pass {
    /// The outputs of the last layer, 10 an image.
    pub logits: Tensor,
    pub activations: Vec<Tensor>,
    /// Multiplications in every layer; 0 for a layer that is not a convolution.
    pub kept: Vec<u64>,
}

impl Model {
    /// A network with random weights and biases of 0.
    pub fn random(network: &Network, seed: u64) -> Result<Self> {
        let mut number = 0;
        Self::with(network, |stage, name, shape| {
            let count = shape.iter().product::<usize>();
            if name.ends_with(".bias") {
                return Ok(Tensor::from_vec(vec![0f32; count], shape, &Device::Cpu)?);
            }
            let inputs = count / shape[0];
            // The variance that keeps activations and gradients of one size from layer to layer.
            let spread = match stage.layer.kind.activation() {
                Some(Activation::Relu) => 6.0 / inputs as f32,
                _ => 6.0 / (inputs + count / shape[1]) as f32,
            };
            number += 1;
            let mut random = Stream::new(seed, Purpose::Weights, number);
            let weights: Vec<f32> = (0..count).map(|_| random.within(spread.sqrt())).collect();
            Ok(Tensor::from_vec(weights, shape, &Device::Cpu)?)
        })
    }

    /// A network with the weights of a safetensors file.
    pub fn read(network: &Network, path: &Path) -> Result<Self> {
        let weights = Weights::read(path)?;
        let tensor = |_: &Stage, name: &str, shape: &[usize]| {
            Ok(Tensor::from_slice(weights.get(name, shape)?, shape, &Device::Cpu)?)
        };
        Self::with(network, tensor)
            .with_context(|| format!("{} and {} do not match", path.display(), network.name))
    }

    /// A network whose tensors `tensor` gives: from the stage, the name, the shape.
    fn with(
        network: &Network,
        mut tensor: impl FnMut(&Stage, &str, &[usize]) -> Result<Tensor>,
    ) -> Result<Self> {
        let stages = stages(network)?;
        let mut variable = |stage: &Stage, part: &str, shape: &[usize]| -> Result<Var> {
            Ok(Var::from_tensor(&tensor(stage, &stage.layer.tensor(part), shape)?)?)
        };
        let parameters = |stage: &Stage| {
            let shape = stage.layer.weight_shape(stage.input)?;
            let weight = variable(stage, "weight", &shape);
            let bias = variable(stage, "bias", &shape[..1]);
            Some(weight.and_then(|weight| Ok(Parameters { weight, bias: bias? })))
        };
        let parameters = stages.iter().map(parameters).map(Option::transpose);
        let parameters = parameters.collect::<Result<_>>()?;
        Ok(Self { network: network.clone(), stages, parameters })
    }

    pub fn tensors(&self) -> HashMap<String, Tensor> {
        let named = |(stage, parameters): (&Stage, &Option<Parameters>)| {
            let Parameters { weight, bias } = parameters.as_ref()?;
            Some([
                (stage.layer.tensor("weight"), weight.as_tensor().clone()),
                (stage.layer.tensor("bias"), bias.as_tensor().clone()),
            ])
        };
        self.stages.iter().zip(&self.parameters).filter_map(named).flatten().collect()
    }

    /// All variables, in the order of the layers, weights before biases.
    pub fn variables(&self) -> Vec<Var> {
        let parameters = self.parameters.iter().flatten();
        parameters.flat_map(|p| [p.weight.clone(), p.bias.clone()]).collect()
    }

    /// The same weights in variables of their own.
    pub fn copy(&self) -> Result<Self> {
        let tensors = self.tensors();
        Self::with(&self.network, |_, name, _| Ok(tensors[name].copy()?))
    }

    /// A pass over a batch of images, in floating point with every product, or, given `hardware`,
    /// rounded and with products skipped as there.
    pub fn forward(&self, images: &Tensor, hardware: Option<&Hardware>) -> Result<Pass> {
        let mut words = images.clone();
        let mut activations: Vec<Tensor> = Vec::with_capacity(self.stages.len());
        let mut kept = vec![0; self.stages.len()];
        for (index, stage) in self.stages.iter().enumerate() {
            let parameters = self.parameters[index].as_ref();
            let grid = hardware.map(|hardware| hardware.grid(index));
            words = match (&stage.layer.kind, parameters) {
                (&LayerKind::AveragePool { side }, _) => {
                    let step = grid.map(|grid| grid.step);
                    words.contiguous()?.apply_op1(Pool { side, step })?
                }
                (_, None) => unreachable!("convolutions and dense layers have tensors"),
                (kind, Some(parameters)) => {
                    let weight = match hardware {
                        Some(hardware) => {
                            let scale = weight_scale(self, index, hardware)?;
                            parameters.weight.apply_op1(QuantiseWeights { scale })?
                        }
                        None => parameters.weight.as_tensor().clone(),
                    };
                    let sums = match stage.convolution() {
                        Some(shape) => {
                            let counter = Kept::default();
                            let convolve = Convolve {
                                shape,
                                skip: hardware.and_then(|hardware| hardware.skips[index]),
                                dense_gradient: hardware.is_some_and(|h| h.dense_gradient),
                                input_gradient: index > 0,
                                kept: Some(counter.clone()),
                            };
                            let sums = convolve.apply(&words, &weight)?;
                            kept[index] = counter.load(Ordering::Relaxed);
                            sums.apply_op2(&parameters.bias, AddBias)?
                        }
                        None => {
                            let inputs = words.flatten_from(1)?;
                            inputs.matmul(&weight.t()?)?.broadcast_add(&parameters.bias)?
                        }
                    };
                    let last = index + 1 == self.stages.len();
                    let grid = grid.filter(|_| !last);
                    sums.contiguous()?.apply_op1(Activate { function: kind.activation(), grid })?
                }
            };
            activations.push(words.clone());
        }
        Ok(Pass { logits: words.flatten_from(1)?, activations, kept })
    }
}

pub fn correct(logits: &Tensor, labels: &Tensor) -> Result<usize> {
    let right = logits.argmax(D::Minus1)?.eq(labels)?;
    Ok(right.to_dtype(candle_core::DType::U32)?.sum_all()?.to_scalar::<u32>()? as usize)
}
