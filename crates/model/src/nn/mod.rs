// SPDX-License-Identifier: MIT OR Apache-2.0
//! Networks: described as data, loaded as floats, quantised to integers or kept, run on any engine.
//!
//! [`Network`] is the JSON description, [`Weights`] the float tensors, [`MachineNetwork`] what runs:
//! floats as they are, or 16-bit weights and activations of a documented width with power-of-two
//! scales, and a proof that no sum of any mode overflows. [`infer`] takes images through it; what performs the convolutions
//! is an [`Engine`](crate::engine::Engine).

mod float;
mod integer;
mod quantize;
mod single;

pub use float::{FloatNetwork, Tensor, Weights};
pub use integer::{
    AveragePool, Configuration, Convolution, Dense, Finish, Inference, LayerOutcome, MachineLayer,
    NetworkRun, TANH_INPUT_BITS, class_of, infer, input_planes, integer_tanh, score_value,
    tanh_table,
};
pub use quantize::{MachineNetwork, OverflowProof, PIXEL_BITS, Scaled, WEIGHT_LIMIT, exponent};
pub use single::{float_tanh, float_tanh_table};

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::conv::{ConfigError, MAX_SIDE};
use crate::files;

/// The largest description that is read, in bytes.
const MAX_DESCRIPTION: u64 = 1 << 20;
/// Bounds of what a network takes: layers, words between its layers and products, both of one image.
const MAX_LAYERS: usize = 256;
const MAX_ACTIVATIONS: usize = 1 << 24;
const MAX_PRODUCTS: usize = 1 << 26;

/// What a network is applied to: channels of `height` × `width` pixels, each 0 to 255, with a
/// border of `padding` zero pixels all around.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub channels: usize,
    /// Rows, without padding.
    pub height: usize,
    /// Columns, without padding.
    pub width: usize,
    /// Rows and columns of zeros added on each side.
    #[serde(default)]
    pub padding: usize,
}

impl Input {
    /// With padding.
    pub const fn shape(&self) -> Shape {
        let Self { channels, height, width, padding } = *self;
        Shape { channels, height: height + 2 * padding, width: width + 2 * padding }
    }

    /// An image of `channels` · `height` · `width` pixels with the padding around; another number of
    /// pixels panics.
    pub fn padded(&self, pixels: &[u8]) -> Vec<u8> {
        let (area, shape) = (self.height * self.width, self.shape());
        assert_eq!(pixels.len(), self.channels * area, "a pixel for every input");
        let mut padded = vec![0; shape.len()];
        for (i, row) in pixels.chunks_exact(self.width).enumerate() {
            let y = i / self.height * shape.height + i % self.height + self.padding;
            padded[y * shape.width + self.padding..][..self.width].copy_from_slice(row);
        }
        padded
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// max(0, x), saturated at the top of the activations' range.
    Relu,
    /// Hyperbolic tangent.
    Tanh,
}

impl Activation {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::Tanh => "tanh",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum LayerKind {
    /// A valid convolution, stride 1, over all input channels.
    Convolution {
        outputs: usize,
        /// Rows, and columns, of a kernel.
        side: usize,
        /// What follows the sums; none on the last layer alone.
        activation: Option<Activation>,
    },
    /// The mean of every `side` × `side` block.
    AveragePool {
        /// Rows, and columns, of a block: a power of two.
        side: usize,
    },
    /// Every output sums all inputs, channel by channel, row by row.
    Dense { outputs: usize, activation: Option<Activation> },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "LayerKeys")]
pub struct LayerDescription {
    /// The name in results; in lower case the first part of its tensors' names.
    pub name: String,
    #[serde(flatten)]
    pub kind: LayerKind,
}

/// A layer as a file has it: the keys of every kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerKeys {
    name: String,
    kind: String,
    outputs: Option<usize>,
    side: Option<usize>,
    activation: Option<Activation>,
}

impl TryFrom<LayerKeys> for LayerDescription {
    type Error = String;

    fn try_from(keys: LayerKeys) -> Result<Self, String> {
        let LayerKeys { name, kind, outputs, side, activation } = keys;
        let known: &[&str] = match kind.as_str() {
            "convolution" => &["outputs", "side", "activation"],
            "average-pool" => &["side"],
            "dense" => &["outputs", "activation"],
            _ => {
                let kinds = "the kinds are convolution, average-pool and dense";
                return Err(format!("layer {name}: unknown kind {kind:?}; {kinds}"));
            }
        };
        let has = [outputs.is_some(), side.is_some(), activation.is_some()];
        for (key, has) in ["outputs", "side", "activation"].into_iter().zip(has) {
            let keys = known.join(", ");
            if has && !known.contains(&key) {
                return Err(format!(
                    "layer {name}: a {kind} has no {key:?}, but name, kind, {keys}"
                ));
            }
            if !has && known.contains(&key) && key != "activation" {
                return Err(format!("layer {name}: a {kind} needs {key:?}"));
            }
        }
        let (outputs, side) = (outputs.unwrap_or(0), side.unwrap_or(0));
        let kind = match kind.as_str() {
            "convolution" => LayerKind::Convolution { outputs, side, activation },
            "average-pool" => LayerKind::AveragePool { side },
            _ => LayerKind::Dense { outputs, activation },
        };
        Ok(Self { name, kind })
    }
}

impl LayerDescription {
    /// The shape of its weights, outputs first, over this input; none of a pool.
    pub fn weight_shape(&self, input: Shape) -> Option<Vec<usize>> {
        match self.kind {
            LayerKind::Convolution { outputs, side, .. } => {
                Some(vec![outputs, input.channels, side, side])
            }
            LayerKind::Dense { outputs, .. } => Some(vec![outputs, input.len()]),
            LayerKind::AveragePool { .. } => None,
        }
    }

    /// The name of a tensor of it: `c1.weight`, `c1.bias`.
    pub fn tensor(&self, part: &str) -> String {
        format!("{}.{part}", self.name.to_lowercase())
    }
}

/// Channels, rows and columns of activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    pub channels: usize,
    pub height: usize,
    pub width: usize,
}

impl Shape {
    pub const fn len(&self) -> usize {
        self.channels * self.height * self.width
    }

    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A network: its input and its layers in order. The last layer's sums are the scores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    pub name: String,
    pub input: Input,
    /// Bits of an activation's magnitude, 4 to 15.
    pub activation_bits: u32,
    pub layers: Vec<LayerDescription>,
}

impl Network {
    /// Reads and checks a description.
    pub fn read(path: &Path) -> Result<Self, NetworkError> {
        let bytes = files::read(path, MAX_DESCRIPTION)
            .map_err(|source| NetworkError::Read { path: path.to_owned(), source })?;
        Self::parse(path, &bytes)
    }

    /// Checks a description that is there already; `path` is for errors.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, NetworkError> {
        let network: Self = serde_json::from_slice(bytes)
            .map_err(|source| NetworkError::Parse { path: path.to_owned(), source })?;
        network.shapes().map_err(|error| error.in_file(path))?;
        Ok(network)
    }

    /// The shape that each layer gets, and last the one that the network gives: one entry more
    /// than there are layers. An error if the layers do not fit together.
    pub fn shapes(&self) -> Result<Vec<Shape>, NetworkError> {
        let Input { channels, height, width, padding } = self.input;
        let wrong = |reason: &str| Err(NetworkError::Description(reason.to_owned()));
        if channels == 0 || height == 0 || width == 0 {
            return wrong("the input is empty");
        }
        if padding > 64 || channels > 1024 || height > 4096 || width > 4096 {
            return wrong("the input is larger than 1,024 channels of 4,096 × 4,096 or padding 64");
        }
        if self.layers.len() > MAX_LAYERS {
            return wrong("it has more than 256 layers");
        }
        if !(4..=15).contains(&self.activation_bits) {
            return wrong("activation_bits is 4 to 15");
        }
        if !matches!(
            self.layers.last().map(|it| &it.kind),
            Some(
                LayerKind::Dense { activation: None, .. }
                    | LayerKind::Convolution { activation: None, .. }
            )
        ) {
            return wrong("the last layer gives the scores: dense or convolution, no activation");
        }
        let mut shape = self.input.shape();
        let mut shapes = vec![shape];
        let (mut activations, mut products) = (shape.len(), 0);
        for (index, layer) in self.layers.iter().enumerate() {
            let failed = |reason: String| NetworkError::Layer { layer: layer.name.clone(), reason };
            if self.layers[..index].iter().any(|it| it.name.eq_ignore_ascii_case(&layer.name)) {
                return Err(failed("another layer has the same name".to_owned()));
            }
            let input = shape;
            shape = layer.kind.output(input, index + 1 == self.layers.len()).map_err(failed)?;
            let weights = layer.weight_shape(input).unwrap_or_default();
            let fan_in: usize = weights.iter().skip(1).product();
            activations += shape.len();
            products += shape.len() * fan_in;
            if activations > MAX_ACTIVATIONS || products > MAX_PRODUCTS {
                return Err(failed(format!(
                    "up to it an image takes {activations} words and {products} products; the \
                     most are {MAX_ACTIVATIONS} and {MAX_PRODUCTS}"
                )));
            }
            shapes.push(shape);
        }
        Ok(shapes)
    }

    /// Multiplications of the exact convolution of each convolution layer, by name.
    pub fn exact_multiplications(&self) -> Result<Vec<(String, u64)>, NetworkError> {
        let shapes = self.shapes()?;
        let layers = self.layers.iter().zip(shapes.windows(2));
        let count = |(layer, shapes): (&LayerDescription, &[Shape])| match layer.kind {
            LayerKind::Convolution { side, .. } => {
                let products = shapes[1].len() * shapes[0].channels * side * side;
                Some((layer.name.clone(), products as u64))
            }
            _ => None,
        };
        Ok(layers.filter_map(count).collect())
    }
}

impl LayerKind {
    /// What follows the sums.
    pub const fn activation(&self) -> Option<Activation> {
        match self {
            Self::Convolution { activation, .. } | Self::Dense { activation, .. } => *activation,
            Self::AveragePool { .. } => None,
        }
    }

    fn output(&self, input: Shape, last: bool) -> Result<Shape, String> {
        let Shape { channels, height, width } = input;
        let (outputs, activation) = match *self {
            Self::AveragePool { side } => {
                if !side.is_power_of_two() || side > 16 {
                    return Err(format!("a pool of side {side}; it is 2, 4, 8 or 16"));
                }
                if height % side != 0 || width % side != 0 {
                    return Err(format!("maps of {width}×{height} do not divide by {side}"));
                }
                return Ok(Shape { channels, height: height / side, width: width / side });
            }
            Self::Convolution { outputs, activation, .. } | Self::Dense { outputs, activation } => {
                (outputs, activation)
            }
        };
        if !(1..=4096).contains(&outputs) {
            return Err(format!("{outputs} outputs; they are 1 to 4,096"));
        }
        if activation.is_none() && !last {
            return Err("it needs an activation: only the last layer has none".to_owned());
        }
        match *self {
            Self::Convolution { side, .. } => {
                if !(1..=MAX_SIDE).contains(&side) || side > height || side > width {
                    return Err(format!(
                        "a {side}×{side} kernel on maps of {width}×{height}; sides are 1 to {MAX_SIDE}"
                    ));
                }
                let (height, width) = (height - side + 1, width - side + 1);
                Ok(Shape { channels: outputs, height, width })
            }
            _ => Ok(Shape { channels: outputs, height: 1, width: 1 }),
        }
    }
}

/// Why a network cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is not a network description: {source}", path.display())]
    Parse { path: PathBuf, source: serde_json::Error },
    #[error("{}: {source}", path.display())]
    InFile { path: PathBuf, source: Box<NetworkError> },
    #[error("layer {layer}: {reason}")]
    Layer { layer: String, reason: String },
    /// The description as a whole is wrong.
    #[error("the network description: {0}")]
    Description(String),
    #[error("{} is not a safetensors file: {source}", path.display())]
    Tensors { path: PathBuf, source: safetensors::SafeTensorError },
    #[error("{} has a header that is not valid: {source}", path.display())]
    Header { path: PathBuf, source: serde_json::Error },
    #[error("the weights have no tensor {name:?}; they have {found}")]
    MissingTensor { name: String, found: String },
    #[error("the weights have a tensor {name:?} that the network does not; it has {known}")]
    UnknownTensor { name: String, known: String },
    #[error("tensor {name:?} is {found}; export the weights as 32-bit floats")]
    TensorType { name: String, found: String },
    #[error("tensor {name:?} has the shape {found:?}; the network needs {wanted:?}")]
    TensorShape { name: String, found: Vec<usize>, wanted: Vec<usize> },
    #[error("tensor {name:?} holds a value that is not finite")]
    NotFinite { name: String },
    /// No scale makes the layer safe.
    #[error(
        "layer {layer}: no power-of-two scale with at least {bits} bits of weight keeps every sum \
         inside 32 bits (the largest possible sum is {bound:.3e}); lower activation_bits or the weights"
    )]
    Overflow { layer: String, bits: u32, bound: f64 },
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl NetworkError {
    fn in_file(self, path: &Path) -> Self {
        match self {
            Self::InFile { .. } => self,
            _ => Self::InFile { path: path.to_owned(), source: Box::new(self) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lenet() -> Network {
        Network::read(Path::new("../../testvectors/networks/lenet5_relu.json")).unwrap()
    }

    #[test]
    fn lenet_has_the_papers_multiplications() {
        let counts: Vec<u64> =
            lenet().exact_multiplications().unwrap().into_iter().map(|(_, count)| count).collect();
        assert_eq!(counts, [86_400, 153_600, 30_720]);
        assert_eq!(counts.iter().sum::<u64>(), 270_720);
    }

    /// Each key of the description, at each place: a typo, one too many, one too few, one twice.
    #[test]
    fn keys_that_are_not_known_are_refused_with_their_place() {
        let text = std::fs::read_to_string("../../testvectors/networks/lenet5_relu.json").unwrap();
        let cases = [
            (
                "\"channels\"",
                "\"groups\": 1, \"channels\"",
                "unknown field `groups`, expected one of",
            ),
            ("\"activation_bits\"", "\"activationbits\"", "unknown field `activationbits`"),
            ("\"name\": \"C1\"", "\"name\": \"C1\", \"stride\": 2", "unknown field `stride`"),
            ("\"name\": \"C1\"", "\"name\": \"C1\", \"padding\": 1", "unknown field `padding`"),
            ("\"name\": \"C1\"", "\"name\": \"C1\", \"name\": \"C1\"", "duplicate field `name`"),
            (
                "\"activation\"",
                "\"activaton\"",
                "unknown field `activaton`, expected one of `name`",
            ),
            ("\"average-pool\"", "\"convolution\"", "layer S2: a convolution needs \"outputs\""),
            ("\"average-pool\"", "\"dense\"", "layer S2: a dense needs \"outputs\""),
            (
                "\"convolution\"",
                "\"dense\"",
                "layer C1: a dense has no \"side\", but name, kind, outputs",
            ),
            ("\"convolution\"", "\"conv\"", "layer C1: unknown kind \"conv\"; the kinds are"),
        ];
        for (from, to, problem) in cases {
            assert!(text.contains(from), "{from}");
            let changed = text.replacen(from, to, 1);
            let error = Network::parse(Path::new("n.json"), changed.as_bytes()).unwrap_err();
            let error = error.to_string();
            assert!(error.starts_with("n.json is not a network description: "), "{error}");
            assert!(error.contains(problem) && error.contains(" at line "), "{error}");
        }
    }

    #[test]
    fn a_network_that_takes_too_much_is_refused() {
        let (wide, narrow) = (lenet().layers[0].clone(), lenet().layers[0].clone());
        let convolution = |mut layer: LayerDescription, index: usize, outputs: usize| {
            let activation = Some(Activation::Relu);
            layer.name = format!("{index}");
            layer.kind = LayerKind::Convolution { outputs, side: 1, activation };
            layer
        };
        let mut network = lenet();
        let output = network.layers.pop().unwrap();
        network.layers = (0..20)
            .map(|index| match index % 2 {
                0 => convolution(wide.clone(), index, 4096),
                _ => convolution(narrow.clone(), index, 1),
            })
            .chain([output])
            .collect();
        let error = network.shapes().unwrap_err().to_string();
        assert!(error.starts_with("layer 10: up to it an image takes"), "{error}");
        network.layers.extend(vec![network.layers[0].clone(); 300]);
        assert!(network.shapes().unwrap_err().to_string().contains("256 layers"));
    }

    #[test]
    fn layers_that_do_not_fit_are_refused_by_name() {
        let refused = |change: fn(&mut Network), words: &str| {
            let mut network = lenet();
            change(&mut network);
            let error = network.shapes().unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        };
        refused(|n| n.layers[1].kind = LayerKind::AveragePool { side: 3 }, "layer S2: a pool");
        refused(|n| n.input.width = 29, "layer S2: maps of 25×24 do not divide by 2");
        refused(|n| n.layers[2].name = "c1".to_owned(), "same name");
        refused(|n| n.input.height = 12, "layer C3: a 5×5 kernel on maps of 12×4");
        refused(|n| drop(n.layers.pop()), "the last layer gives the scores");
        refused(|n| n.activation_bits = 16, "activation_bits");
        refused(
            |n| n.layers[5].kind = LayerKind::Dense { outputs: 84, activation: None },
            "layer F6: it needs an activation",
        );
    }
}
