// SPDX-License-Identifier: MIT OR Apache-2.0
//! The layers of a described network, with the sizes that training needs.

pub use model::nn::{Activation, Network};
use model::nn::{LayerKind, NetworkError, Shape};

use crate::error::DescriptionError;
use crate::layer::ConvShape;

/// A layer with all its sizes.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The layer's name.
    pub name: String,
    /// What it does, with sizes.
    pub operation: Operation,
    /// What follows the sum.
    pub activation: Option<Activation>,
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

/// The layers with their sizes; an error if they do not fit together, or do not tell ten digits
/// apart.
pub fn stages(network: &Network) -> Result<Vec<Stage>, DescriptionError> {
    let shapes = network.shapes()?;
    let outputs = shapes.last().map_or(0, Shape::len);
    if outputs != 10 {
        return Err(DescriptionError::Outputs(outputs));
    }
    let stage = |(layer, shapes): (&model::nn::LayerDescription, &[Shape])| {
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
