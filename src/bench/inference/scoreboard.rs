//! Compares what a program left in RAM with the golden model's inference.

use std::fmt;

use super::blob::{Blob, Stage};
use super::core::Core;
use super::program::Build;
use super::record::Record;
use model::conv::Plane;
use model::nn::Inference;

/// The first difference of an inference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// An output of a layer.
    Output {
        /// The layers done together.
        stage: String,
        /// The output channel.
        channel: usize,
        /// Row in the channel.
        row: usize,
        /// Column in the channel.
        column: usize,
        /// The golden model's.
        expected: i32,
        /// The program's.
        found: i32,
        /// Outputs of the layer that differ.
        count: usize,
    },
    /// How many products were multiplied.
    Multiplications {
        /// The layers done together.
        stage: String,
        /// The golden model's.
        expected: u64,
        /// The unit's.
        found: u64,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output { stage, channel, row, column, expected, found, count } => write!(
                f,
                "layer {stage}, channel {channel}, row {row}, column {column}: expected {expected}, \
                 found {found}; {count} outputs of the layer differ"
            ),
            Self::Multiplications { stage, expected, found } => {
                write!(f, "layer {stage}: expected {expected} multiplications, found {found}")
            }
        }
    }
}

/// The first difference between the last program of a core and the golden model, layer by layer.
pub fn compare(
    core: &Core,
    build: Build,
    blob: &Blob,
    golden: &Inference,
    counts: &[Record],
) -> Option<Difference> {
    // Behind the input.
    let counts = &counts[1..];
    blob.stages.iter().zip(counts).find_map(|(stage, counts)| {
        outputs(stage, &golden.activations[stage.layer], &core.outputs(stage))
            .or_else(|| multiplications(build, stage, golden, counts))
    })
}

fn outputs(stage: &Stage, golden: &[Plane], found: &[i32]) -> Option<Difference> {
    let differs = |(expected, found): &(&i32, &i32)| expected != found;
    let pairs = || golden.iter().flat_map(Plane::data).zip(found);
    let first = pairs().position(|pair| differs(&pair))?;
    let (&expected, &found) = pairs().nth(first).expect("it is the position of one");
    let (width, words) = (golden[0].width(), golden[0].data().len());
    Some(Difference::Output {
        stage: stage.name.clone(),
        channel: first / words,
        row: first % words / width,
        column: first % width,
        expected,
        found,
        count: pairs().filter(differs).count(),
    })
}

fn multiplications(
    build: Build,
    stage: &Stage,
    golden: &Inference,
    counts: &Record,
) -> Option<Difference> {
    let convolution = stage.convolution.filter(|_| build == Build::Unit)?;
    let expected = golden.convolutions[convolution].multiplications;
    let found = u64::from(counts.unit[1]);
    (expected != found).then(|| Difference::Multiplications {
        stage: stage.name.clone(),
        expected,
        found,
    })
}
