// SPDX-License-Identifier: MIT OR Apache-2.0
//! The layers of a described network with the sizes that training needs, and a network with weights.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result};
use candle_core::{D, Device, Tensor, Var, safetensors};
use model::nn::{Activation, LayerDescription, LayerKind, Network, NetworkError, Shape};

use crate::DescriptionError;
use crate::data::{Purpose, Stream};
use crate::hardware::{Hardware, weight_scale};
use crate::layer::{Activate, AddBias, ConvShape, Convolve, Kept, Pool, QuantiseWeights};

/// A layer with all its sizes.
#[derive(Debug, Clone)]
pub struct Stage {
    pub name: String,
    pub operation: Operation,
    /// What follows the sum.
    pub activation: Option<Activation>,
}

#[derive(Debug, Clone, Copy)]
pub enum Operation {
    Convolution(ConvShape),
    /// A mean over squares of a side.
    AveragePool(usize),
    Dense {
        inputs: usize,
        outputs: usize,
    },
}

impl Stage {
    /// The shape of the weights; `None` for a stage without.
    pub fn weight_shape(&self) -> Option<Vec<usize>> {
        match self.operation {
            Operation::Convolution(s) => Some(vec![s.outputs, s.channels, s.side, s.side]),
            Operation::Dense { inputs, outputs } => Some(vec![outputs, inputs]),
            Operation::AveragePool(_) => None,
        }
    }

    /// The name of one of the stage's tensors: `c1.weight`, `c1.bias`.
    pub fn tensor(&self, part: &str) -> String {
        format!("{}.{part}", self.name.to_lowercase())
    }
}

/// The layers with their sizes; an error if they do not fit together, or do not tell ten digits
/// apart.
pub fn stages(network: &Network) -> Result<Vec<Stage>, DescriptionError> {
    let shapes = network.shapes()?;
    let outputs = shapes.last().map_or(0, Shape::len);
    if outputs != 10 {
        return Err(DescriptionError::Outputs(outputs));
    }
    let stage = |(layer, shapes): (&LayerDescription, &[Shape])| {
        let Shape { channels, height, width } = shapes[0];
        let (operation, activation) = match layer.kind {
            LayerKind::Convolution { outputs, side, activation } => {
                let shape = ConvShape { channels, height, width, outputs, side };
                (Operation::Convolution(shape), activation)
            }
            LayerKind::AveragePool { side } => (Operation::AveragePool(side), None),
            LayerKind::Dense { outputs, activation } => {
                (Operation::Dense { inputs: shapes[0].len(), outputs }, activation)
            }
        };
        Stage { name: layer.name.clone(), operation, activation }
    };
    Ok(network.layers.iter().zip(shapes.windows(2)).map(stage).collect())
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

/// A network with weights.
#[derive(Debug, Clone)]
pub struct Model {
    /// The description.
    pub network: Network,
    /// Its layers with their sizes.
    pub stages: Vec<Stage>,
    /// The tensors of each layer; `None` for a layer without.
    pub parameters: Vec<Option<Parameters>>,
}

/// What a pass over a batch of images gives.
#[derive(Debug)]
pub struct Pass {
    /// The outputs of the last layer, 10 an image.
    pub logits: Tensor,
    /// The output of every layer.
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
            let spread = match stage.activation {
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
        let tensors = safetensors::load(path, &Device::Cpu)
            .with_context(|| format!("cannot read weights from {}", path.display()))?;
        Self::with(network, |_, name, _| {
            let missing =
                || DescriptionError::Tensor { tensor: name.into(), reason: "it is missing".into() };
            Ok(tensors.get(name).ok_or_else(missing)?.clone())
        })
        .with_context(|| format!("{} and {} do not match", path.display(), network.name))
    }

    /// A network whose tensors `tensor` gives: from the stage, the name, the shape.
    fn with(
        network: &Network,
        mut tensor: impl FnMut(&Stage, &str, &[usize]) -> Result<Tensor>,
    ) -> Result<Self> {
        let stages = stages(network)?;
        let mut checked = |stage: &Stage, part: &str, shape: &[usize]| -> Result<Var> {
            let name = stage.tensor(part);
            let tensor = tensor(stage, &name, shape)?;
            if tensor.dims() != shape {
                let reason = format!("its shape is {:?}, not {shape:?}", tensor.dims());
                return Err(DescriptionError::Tensor { tensor: name, reason }.into());
            }
            Ok(Var::from_tensor(&tensor.to_dtype(candle_core::DType::F32)?)?)
        };
        let mut parameters = Vec::new();
        for stage in &stages {
            parameters.push(match stage.weight_shape() {
                Some(shape) => Some(Parameters {
                    weight: checked(stage, "weight", &shape)?,
                    bias: checked(stage, "bias", &shape[..1])?,
                }),
                None => None,
            });
        }
        Ok(Self { network: network.clone(), stages, parameters })
    }

    /// All tensors by name.
    pub fn tensors(&self) -> HashMap<String, Tensor> {
        let named = |(stage, parameters): (&Stage, &Option<Parameters>)| {
            let Parameters { weight, bias } = parameters.as_ref()?;
            Some([
                (stage.tensor("weight"), weight.as_tensor().clone()),
                (stage.tensor("bias"), bias.as_tensor().clone()),
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
            words = match (stage.operation, parameters) {
                (Operation::AveragePool(side), _) => words
                    .contiguous()?
                    .apply_op1(Pool { side, step: grid.map(|grid| grid.step) })?,
                (_, None) => unreachable!("convolutions and dense layers have tensors"),
                (operation, Some(parameters)) => {
                    let weight = match hardware {
                        Some(hardware) => {
                            let scale = weight_scale(self, index, hardware)?;
                            parameters.weight.apply_op1(QuantiseWeights { scale })?
                        }
                        None => parameters.weight.as_tensor().clone(),
                    };
                    let sums = match operation {
                        Operation::Convolution(shape) => {
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
                        _ => {
                            let inputs = words.flatten_from(1)?;
                            inputs.matmul(&weight.t()?)?.broadcast_add(&parameters.bias)?
                        }
                    };
                    let last = index + 1 == self.stages.len();
                    let grid = grid.filter(|_| !last);
                    sums.contiguous()?.apply_op1(Activate { function: stage.activation, grid })?
                }
            };
            activations.push(words.clone());
        }
        Ok(Pass { logits: words.flatten_from(1)?, activations, kept })
    }
}

/// How many images are classified as labelled.
pub fn correct(logits: &Tensor, labels: &Tensor) -> Result<usize> {
    let right = logits.argmax(D::Minus1)?.eq(labels)?;
    Ok(right.to_dtype(candle_core::DType::U32)?.sum_all()?.to_scalar::<u32>()? as usize)
}
