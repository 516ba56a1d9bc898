//! A whole convolution layer over a batch of images, on the unit and on the golden model.
//!
//! The unit keeps as many kernels as it has slots over all images of the batch, and each window is
//! fetched once for all of them.

mod golden;
mod layout;
mod rtl;

pub use golden::golden_layer;
pub use rtl::RtlLayerEngine;

use model::conv::{FeatureMap, Kernel, Plane, Semantics, ShapeError, output_size};

/// One convolution layer over a batch of images.
#[derive(Debug, Clone, Copy)]
pub struct LayerBatch<'a> {
    /// The input channels of each image: `planes[image][channel]`, all of one size.
    pub planes: &'a [Vec<Plane>],
    /// The kernels of each output channel: `filters[output][channel]`, all of one side.
    pub filters: &'a [Vec<Kernel>],
    /// What is multiplied.
    pub semantics: Semantics,
}

/// The convolutions of a layer before its channels are added: `maps[image][output][channel]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerMaps(pub Vec<Vec<Vec<FeatureMap>>>);

/// The outputs of a layer, its channels added modulo 2³²: `sums[image][output][y · width + x]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerSums(pub Vec<Vec<Vec<i32>>>);

impl LayerMaps {
    /// The channels added.
    pub fn sums(&self) -> LayerSums {
        let sum = |maps: &Vec<FeatureMap>| {
            let mut sum = vec![0i32; maps.first().map_or(0, |map| map.outputs.len())];
            for map in maps {
                add(&mut sum, &map.outputs);
            }
            sum
        };
        LayerSums(self.0.iter().map(|image| image.iter().map(sum).collect()).collect())
    }
}

fn add(sum: &mut [i32], outputs: &[i32]) {
    for (sum, &output) in sum.iter_mut().zip(outputs) {
        *sum = sum.wrapping_add(output);
    }
}

/// What a unit did for a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LayerTotals {
    /// Windows run.
    pub windows: u64,
    /// Those of them whose words were fetched; the others used the words of one of these.
    pub fetched_windows: u64,
    /// Cycles of the windows from start to done, added up.
    pub cycles: u64,
    /// Multiplications in the windows.
    pub multiplications: u64,
    /// Kernels loaded.
    pub kernel_loads: u64,
    /// Cycles of the kernel loads from start to done, added up.
    pub load_cycles: u64,
    /// Words that entered the unit, of windows and kernels.
    pub memory_words: u64,
    /// Accesses of the memory port, for windows and kernels.
    pub memory_beats: u64,
}

impl std::ops::AddAssign for LayerTotals {
    fn add_assign(&mut self, other: Self) {
        self.windows += other.windows;
        self.fetched_windows += other.fetched_windows;
        self.cycles += other.cycles;
        self.multiplications += other.multiplications;
        self.kernel_loads += other.kernel_loads;
        self.load_cycles += other.load_cycles;
        self.memory_words += other.memory_words;
        self.memory_beats += other.memory_beats;
    }
}

/// Sizes in a [`LayerBatch`] or its [`LayerMaps`] that do not fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayerError {
    /// No image, no input channel or no output channel.
    #[error("a layer needs images, input channels and output channels")]
    Empty,
    /// A number of input channels that is not that of the first image.
    #[error("{what} {number} has {channels} channels, not {expected}")]
    Channels {
        /// "image" or "output channel".
        what: &'static str,
        /// Which.
        number: usize,
        /// How many channels it has.
        channels: usize,
        /// How many it must have.
        expected: usize,
    },
    /// A plane whose size is not that of the first.
    #[error("channel {channel} of image {image} is not as large as the first")]
    Plane {
        /// The image.
        image: usize,
        /// The channel.
        channel: usize,
    },
    /// A kernel whose side is not that of the first, or that does not fit.
    #[error(transparent)]
    Kernel(#[from] ShapeError),
    /// More than the unit can address.
    #[error("{words} words are beyond the unit's 32-bit addresses; use smaller batches")]
    Memory {
        /// Words of kernels and planes.
        words: usize,
    },
    /// Maps that are not those of this layer.
    #[error("the expected maps are not those of this layer")]
    Maps,
}

/// The sizes of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    images: usize,
    channels: usize,
    outputs: usize,
    /// Kernel side.
    side: usize,
    /// Of a plane.
    pitch: usize,
    plane_words: usize,
    /// Of a map.
    width: usize,
    height: usize,
}

impl Shape {
    fn of(batch: &LayerBatch) -> Result<Self, LayerError> {
        let plane = batch.planes.first().and_then(|image| image.first());
        let kernel = batch.filters.first().and_then(|filter| filter.first());
        let (Some(plane), Some(kernel)) = (plane, kernel) else { return Err(LayerError::Empty) };
        let expected = batch.planes[0].len();
        let images = batch.planes.iter().map(|image| ("image", image.len()));
        let filters = batch.filters.iter().map(|filter| ("output channel", filter.len()));
        for (number, (what, channels)) in images.enumerate().chain(filters.enumerate()) {
            if channels != expected {
                return Err(LayerError::Channels { what, number, channels, expected });
            }
        }
        let size = |plane: &Plane| (plane.width(), plane.height());
        for (image, planes) in batch.planes.iter().enumerate() {
            if let Some(channel) = planes.iter().position(|other| size(other) != size(plane)) {
                return Err(LayerError::Plane { image, channel });
            }
        }
        let side = kernel.side();
        if let Some(other) = batch.filters.iter().flatten().find(|other| other.side() != side) {
            return Err(ShapeError::MixedKernels { first: side, other: other.side() }.into());
        }
        let (width, height) = output_size(plane.width(), plane.height(), side)?;
        Ok(Self {
            images: batch.planes.len(),
            channels: expected,
            outputs: batch.filters.len(),
            side,
            pitch: plane.width(),
            plane_words: plane.data().len(),
            width,
            height,
        })
    }

    /// Whether the maps are of a layer of this shape.
    fn check_maps(&self, maps: &LayerMaps) -> Result<(), LayerError> {
        let fits = maps.0.len() == self.images
            && maps.0.iter().all(|image| image.len() == self.outputs)
            && maps.0.iter().flatten().all(|filter| filter.len() == self.channels)
            && maps.0.iter().flatten().flatten().all(|map| {
                let words = self.width * self.height;
                (map.width, map.height) == (self.width, self.height)
                    && (map.outputs.len(), map.kept.len()) == (words, words)
            });
        if fits { Ok(()) } else { Err(LayerError::Maps) }
    }
}
