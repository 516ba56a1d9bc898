// SPDX-License-Identifier: MIT OR Apache-2.0
//! A network as the words that the inference programs find in RAM: `firmware/lenet/network.h` has
//! the same layout in C, and `docs/accel.md` describes it.

use std::iter;

use model::conv::{Mode, SmaxScope};
use model::facts::blob::{
    AVERAGE_POOL, CONVOLUTION, DENSE, DENSE_SIDE, KERNELS, Layer, NETWORK_ADDRESS, NETWORK_END,
    NETWORK_MAGIC, NO_ACTIVATION, Network, RECORD_WORDS, RELU, TANH,
};
use model::facts::conv::{MODE_SHIFT, SCOPE_SHIFT};
use model::nn::{
    Activation, Configuration, Convolution, Finish, IntegerLayer, IntegerNetwork, tanh_table,
};

use crate::hw::SocParameters;

/// The smallest unit that the programs can use: a dense layer takes windows of 5×5.
const KERNEL: usize = DENSE_SIDE as usize;

/// Output channels whose sums are in RAM at the same time: slots that the programs use.
const SLOTS: usize = KERNELS as usize;

/// Inputs of a dense layer that the unit takes at once.
const DENSE_CHUNK: usize = KERNEL * KERNEL;

/// Why the programs cannot run a network.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The unit in the core is smaller than the programs take for granted.
    #[error(
        "the programs need a unit with KERNEL {KERNEL} or more and KERNELS {KERNELS} or more; system {soc} has {} and {}",
        soc.kernel, soc.kernels
    )]
    System {
        /// The system.
        soc: SocParameters,
    },
    /// The unit has smaller kernels.
    #[error("layer {layer} has {side}×{side} kernels; the programs run at most {KERNEL}×{KERNEL}")]
    Side {
        /// The layer.
        layer: String,
        /// Its kernels' side.
        side: usize,
    },
    /// The unit has other fraction bits.
    #[error("layer {layer} is to have F = {log_frac}; the unit in the core has F = {unit}")]
    LogFrac {
        /// The layer.
        layer: String,
        /// Fraction bits asked for.
        log_frac: u32,
        /// Those of the unit.
        unit: u32,
    },
    /// A mode in which the order of the factors matters.
    #[error("layer {layer}: the programs run the unit in the modes exact and approx, not {mode}")]
    Mode {
        /// The layer.
        layer: String,
        /// The mode.
        mode: Mode,
    },
    /// RAM is too small.
    #[error("the network takes {bytes} bytes; the core's RAM has room for {}", NETWORK_END - NETWORK_ADDRESS)]
    Size {
        /// What it takes.
        bytes: usize,
    },
}

/// A layer as the programs see it: a pool of 2×2 is done along with the convolution before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The names of its layers, with a `+` between.
    pub name: String,
    /// The last of its layers, by its number in the network.
    pub layer: usize,
    /// The convolution in it, by its number among the convolutions.
    pub convolution: Option<usize>,
    /// Words of a kernel that the unit loads for it; 0 if it does without.
    pub kernel_words: u32,
    /// Outputs of its convolutions, input channel by input channel, if the unit gives them tile by tile.
    pub tile_outputs: u32,
    /// Where its outputs are.
    pub output: u32,
    /// Outputs, channel by channel, row by row.
    pub outputs: usize,
}

/// A network in RAM.
#[derive(Debug, Clone)]
pub struct Blob {
    /// The words from [`NETWORK_ADDRESS`] on.
    pub words: Vec<u32>,
    /// Where the pixels of an image go, a byte each.
    pub image: u32,
    /// Where the records are: before the input, behind it, behind each stage.
    pub records: u32,
    /// The layers.
    pub stages: Vec<Stage>,
}

/// Words in the order in which they lie in RAM.
struct Ram(Vec<u32>);

impl Ram {
    fn next(&self) -> u32 {
        NETWORK_ADDRESS + 4 * self.0.len() as u32
    }

    /// Room for some words; its address.
    fn room(&mut self, words: usize) -> u32 {
        self.put(iter::repeat_n(0, words))
    }

    fn put(&mut self, words: impl IntoIterator<Item = i32>) -> u32 {
        let address = self.next();
        self.0.extend(words.into_iter().map(|word| word as u32));
        address
    }
}

/// Channels, rows and columns of what goes into a layer, and where it lies.
struct Maps {
    channels: usize,
    height: usize,
    width: usize,
    address: u32,
}

impl Blob {
    /// A network whose convolutions have a configuration.
    pub fn new(
        network: &IntegerNetwork,
        configuration: &Configuration,
        soc: &SocParameters,
    ) -> Result<Self, BlobError> {
        if soc.kernel < KERNEL || soc.kernels < SLOTS {
            return Err(BlobError::System { soc: *soc });
        }
        let uses = |layer: &Convolution| configuration.layers[layer.index].log_frac;
        let other = network.convolutions().find(|layer| uses(layer) != soc.log_frac);
        if let Some(layer) = other {
            let (log_frac, unit) = (uses(layer), soc.log_frac);
            return Err(BlobError::LogFrac { layer: layer.name.clone(), log_frac, unit });
        }
        let stages = stages(network);
        let mut ram = Ram(vec![0; Network::WORDS + Layer::WORDS * stages.len()]);
        let input = network.input();
        let description = &network.network.input;
        let records = ram.room((stages.len() + 2) * RECORD_WORDS);
        let pixels = description.channels * description.height * description.width;
        let image = ram.room(pixels.div_ceil(4));
        let table = ram.put(tanh_table().iter().copied());
        let address = ram.room(input.len().next_multiple_of(DENSE_CHUNK));
        let mut maps =
            Maps { channels: input.channels, height: input.height, width: input.width, address };
        let (mut layers, mut blob_stages) = (Vec::new(), Vec::new());
        let mut scratch_words = 0;
        for (first, last) in stages {
            let (words, next, scratch) =
                stage(network, configuration, first, last, &maps, &mut ram)?;
            scratch_words = scratch_words.max(scratch);
            let (mut convolution, mut kernel_words, mut tile_outputs) = (None, 0, 0);
            match &network.layers[first] {
                IntegerLayer::Convolution(layer) => {
                    (convolution, kernel_words) = (Some(layer.index), layer.side() * layer.side());
                    let (height, width) =
                        (maps.height - layer.side() + 1, maps.width - layer.side() + 1);
                    if (height, width) != (1, 1) {
                        tile_outputs = layer.filters.len() * maps.channels * height * width;
                    }
                }
                IntegerLayer::Dense(_) => kernel_words = DENSE_CHUNK,
                IntegerLayer::AveragePool(_) => {}
            }
            blob_stages.push(Stage {
                name: name(network, first, last),
                layer: last,
                convolution,
                kernel_words: kernel_words as u32,
                tile_outputs: tile_outputs as u32,
                output: next.address,
                outputs: next.channels * next.height * next.width,
            });
            layers.extend(words.words());
            maps = next;
        }
        let scratch = ram.room(scratch_words);
        let header = Network {
            magic: NETWORK_MAGIC,
            layers: blob_stages.len() as u32,
            layer: NETWORK_ADDRESS + 4 * Network::WORDS as u32,
            records,
            image,
            channels: description.channels as u32,
            height: description.height as u32,
            width: description.width as u32,
            padding: description.padding as u32,
            input: address,
            scratch,
            tanh: table,
        };
        let Ram(mut words) = ram;
        words[..Network::WORDS].copy_from_slice(&header.words());
        words[Network::WORDS..Network::WORDS + layers.len()].copy_from_slice(&layers);
        if NETWORK_ADDRESS as usize + 4 * words.len() > NETWORK_END as usize {
            return Err(BlobError::Size { bytes: 4 * words.len() });
        }
        Ok(Self { words, image, records, stages: blob_stages })
    }

    /// The words as bytes, with the pixels of an image in their place.
    pub fn bytes_with(&self, pixels: &[u8]) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let image = (self.image - NETWORK_ADDRESS) as usize;
        bytes[image..image + pixels.len()].copy_from_slice(pixels);
        bytes
    }
}

/// The first and the last layer of each stage.
fn stages(network: &IntegerNetwork) -> Vec<(usize, usize)> {
    let mut stages: Vec<(usize, usize)> = Vec::new();
    for (index, layer) in network.layers.iter().enumerate() {
        match (layer, stages.last_mut()) {
            (IntegerLayer::AveragePool(pool), Some((first, last)))
                if pool.side == 2
                    && first == last
                    && matches!(network.layers[*first], IntegerLayer::Convolution(_)) =>
            {
                *last = index;
            }
            _ => stages.push((index, index)),
        }
    }
    stages
}

fn name(network: &IntegerNetwork, first: usize, last: usize) -> String {
    let names = network.network.layers[first..=last].iter().map(|layer| layer.name.as_str());
    names.collect::<Vec<_>>().join("+")
}

/// The words that describe a stage, what it gives, and the words of scratch that it needs.
fn stage(
    network: &IntegerNetwork,
    configuration: &Configuration,
    first: usize,
    last: usize,
    maps: &Maps,
    ram: &mut Ram,
) -> Result<(Layer, Maps, usize), BlobError> {
    let &Maps { channels, height, width, address } = maps;
    let pooled = last > first;
    let outputs = |ram: &mut Ram, channels: usize, height: usize, width: usize| Maps {
        channels,
        height,
        width,
        address: ram.room((channels * height * width).next_multiple_of(DENSE_CHUNK)),
    };
    let common =
        |kind: u32, inputs: usize, height: usize, width: usize, outputs: usize, side: usize| {
            let [inputs, height, width, outputs, side] =
                [inputs, height, width, outputs, side].map(|size| size as u32);
            let (pool, input) = (u32::from(pooled), address);
            Layer { kind, inputs, height, width, outputs, side, pool, input, ..Layer::default() }
        };
    Ok(match &network.layers[first] {
        IntegerLayer::Convolution(layer) => {
            let side = layer.side();
            let semantics = configuration.layers[layer.index];
            let refused = layer.name.clone();
            if side > KERNEL {
                return Err(BlobError::Side { layer: refused, side });
            }
            if !matches!(semantics.mode, Mode::Exact | Mode::Approx) {
                return Err(BlobError::Mode { layer: refused, mode: semantics.mode });
            }
            let approx = semantics.mode == Mode::Approx;
            let running = semantics.scope == SmaxScope::Running;
            let mut words = common(CONVOLUTION, channels, height, width, layer.filters.len(), side);
            finish(&mut words, &layer.finish);
            let kernels = layer.filters.iter().flatten();
            words.weights = ram.put(kernels.flat_map(|kernel| kernel.weights().iter().copied()));
            words.bias = ram.put(layer.bias.iter().copied());
            let map = (height - side + 1, width - side + 1);
            let block =
                if map == (1, 1) { layer.filters.len() } else { SLOTS.min(layer.filters.len()) };
            let divide = if pooled { 2 } else { 1 };
            let next = outputs(ram, layer.filters.len(), map.0 / divide, map.1 / divide);
            words.output = next.address;
            words.configuration = if approx {
                (Mode::Approx as u32) << MODE_SHIFT | u32::from(running) << SCOPE_SHIFT
            } else {
                0
            };
            words.threshold = if approx { semantics.threshold.get() } else { 0 };
            (words, next, 2 * block * map.0 * map.1)
        }
        IntegerLayer::AveragePool(pool) => {
            let mut words = common(AVERAGE_POOL, channels, height, width, channels, pool.side);
            let next = outputs(ram, channels, height / pool.side, width / pool.side);
            words.output = next.address;
            (words, next, 0)
        }
        IntegerLayer::Dense(layer) => {
            let inputs = channels * height * width;
            let mut words = common(DENSE, inputs, 1, 1, layer.weights.len(), 1);
            finish(&mut words, &layer.finish);
            let filled = inputs.next_multiple_of(DENSE_CHUNK);
            let row = |row: &Vec<i32>| {
                row.iter().copied().chain(iter::repeat_n(0, filled - inputs)).collect::<Vec<_>>()
            };
            words.weights = ram.put(layer.weights.iter().flat_map(row));
            words.bias = ram.put(layer.bias.iter().copied());
            let next = outputs(ram, layer.weights.len(), 1, 1);
            words.output = next.address;
            (words, next, 2 * layer.weights.len())
        }
    })
}

fn finish(words: &mut Layer, finish: &Finish) {
    words.activation = match finish.activation {
        None => NO_ACTIVATION,
        Some(Activation::Relu) => RELU,
        Some(Activation::Tanh) => TANH,
    };
    words.shift = finish.shift;
    words.bits = finish.bits;
}
