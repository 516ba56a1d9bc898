//! A network as data: the JSON description, and the sizes that follow from it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::error::DescriptionError;
use crate::layer::ConvShape;

/// The description as it stands in the file.
#[derive(Debug, Clone, Deserialize)]
pub struct Network {
    /// A name for records.
    pub name: String,
    /// What goes in.
    pub input: Input,
    /// Bits of an activation's magnitude.
    pub activation_bits: u32,
    /// The layers, first to last.
    pub layers: Vec<Layer>,
}

/// The images that a network takes.
#[derive(Debug, Clone, Deserialize)]
pub struct Input {
    /// Channels.
    pub channels: usize,
    /// Rows, without padding.
    pub height: usize,
    /// Columns, without padding.
    pub width: usize,
    /// Zeros put around the image on every side.
    #[serde(default)]
    pub padding: usize,
}

/// One layer.
#[derive(Debug, Clone, Deserialize)]
pub struct Layer {
    /// Its name; the tensors are named after it in lower case.
    pub name: String,
    /// What it does.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What a layer does.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Kind {
    /// Square kernels, stride 1, no padding, all input channels to every output.
    Convolution {
        /// Output channels.
        outputs: usize,
        /// Side of the kernels.
        side: usize,
        /// What follows the sum.
        #[serde(default)]
        activation: Activation,
    },
    /// The mean of squares that do not overlap.
    AveragePool {
        /// Side of the squares.
        side: usize,
    },
    /// All inputs to every output.
    Dense {
        /// Outputs.
        outputs: usize,
        /// What follows the sum.
        #[serde(default)]
        activation: Activation,
    },
}

/// What follows the sum of a layer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// Nothing.
    #[default]
    None,
    /// max(0, z).
    Relu,
    /// The hyperbolic tangent.
    Tanh,
}

/// A layer with all its sizes.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The layer's name.
    pub name: String,
    /// What it does, with sizes.
    pub operation: Operation,
    /// What follows the sum.
    pub activation: Activation,
}

/// What a stage does.
#[derive(Debug, Clone, Copy)]
pub enum Operation {
    /// A convolution.
    Convolution(ConvShape),
    /// A mean over squares of a side.
    AveragePool(usize),
    /// A matrix.
    Dense {
        /// Columns.
        inputs: usize,
        /// Rows.
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

impl Network {
    /// Reads a description.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read the network {}", path.display()))?;
        let network: Self = serde_json::from_str(&text)
            .with_context(|| format!("{} does not describe a network", path.display()))?;
        network.stages()?;
        Ok(network)
    }

    /// The largest magnitude of a quantised activation.
    pub fn largest_activation(&self) -> f32 {
        ((1u32 << self.activation_bits) - 1) as f32
    }

    /// The layers with their sizes, checked.
    pub fn stages(&self) -> Result<Vec<Stage>, DescriptionError> {
        let Input { channels, height, width, padding } = self.input;
        if (channels, height, width) != (1, 28, 28) {
            return Err(DescriptionError::Input { channels, height, width });
        }
        let mut size = (channels, height + 2 * padding, width + 2 * padding);
        let mut stages = Vec::new();
        for layer in &self.layers {
            let wrong = |reason| DescriptionError::Layer { layer: layer.name.clone(), reason };
            let (channels, height, width) = size;
            let (operation, activation) = match layer.kind {
                Kind::Convolution { outputs, side, activation } => {
                    if side == 0 || outputs == 0 || side > height || side > width {
                        let reason = format!(
                            "{outputs} kernels of side {side} over maps of {height}×{width}"
                        );
                        return Err(wrong(reason));
                    }
                    size = (outputs, height + 1 - side, width + 1 - side);
                    let shape = ConvShape { channels, height, width, outputs, side };
                    (Operation::Convolution(shape), activation)
                }
                Kind::AveragePool { side } => {
                    if side == 0 || height % side != 0 || width % side != 0 {
                        let reason = format!("side {side} does not divide {height}×{width}");
                        return Err(wrong(reason));
                    }
                    size = (channels, height / side, width / side);
                    (Operation::AveragePool(side), Activation::None)
                }
                Kind::Dense { outputs, activation } => {
                    let inputs = channels * height * width;
                    size = (outputs, 1, 1);
                    (Operation::Dense { inputs, outputs }, activation)
                }
            };
            stages.push(Stage { name: layer.name.clone(), operation, activation });
        }
        let ends_with = size.0 * size.1 * size.2;
        if ends_with != 10 {
            return Err(DescriptionError::Outputs(ends_with));
        }
        Ok(stages)
    }

    /// Multiplications of all convolutions for one image, in `exact` mode.
    pub fn exact_macs(&self) -> Result<u64, DescriptionError> {
        let convolution = |stage: &Stage| match stage.operation {
            Operation::Convolution(shape) => shape.slots() as u64,
            _ => 0,
        };
        Ok(self.stages()?.iter().map(convolution).sum())
    }
}
