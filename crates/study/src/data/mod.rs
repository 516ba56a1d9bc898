//! Images: MNIST, drawn digits, PNG files.
//!
//! [`load`] is the way in: it finds MNIST (in the folder that the user names, in the cache, on a
//! mirror) or draws digits. [`png::import`] turns the user's own pictures into the same
//! [`Image`]s.

mod centre;
pub mod digits;
pub mod download;
mod error;
mod glyphs;
pub mod idx;
mod load;
pub mod mnist;
pub mod png;
mod raster;

use std::fmt;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

pub use error::DataError;
pub use load::{DatasetChoice, LoadOptions, MNIST_DIR, OFFLINE, load};

/// Rows and columns of an image.
pub const SIDE: usize = 28;

/// Pixels of an image.
pub const PIXELS: usize = SIDE * SIDE;

/// One handwritten digit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Row by row from the top left; 0 is background, 255 is ink.
    pub pixels: [u8; PIXELS],
    /// The digit, 0 to 9.
    pub label: u8,
}

impl Image {
    /// How many pixels are exactly zero.
    pub fn zero_pixels(&self) -> usize {
        self.pixels.iter().filter(|&&p| p == 0).count()
    }
}

/// Where the images of a [`Dataset`] come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// MNIST, read from this folder.
    Mnist {
        /// The folder that held the four files.
        folder: PathBuf,
    },
    /// Digits that this program draws.
    Digits {
        /// The seed they are drawn from.
        seed: u64,
    },
    /// Pictures that the user gives.
    Pictures,
}

impl Source {
    /// The name as it stands in result files: `mnist` or `digits`.
    pub fn name(&self) -> &'static str {
        match self {
            Source::Mnist { .. } => "mnist",
            Source::Digits { .. } => "digits",
            Source::Pictures => "pictures",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Source::Mnist { folder } => write!(f, "MNIST from {}", folder.display()),
            Source::Digits { seed } => write!(f, "drawn digits, seed {seed}"),
            Source::Pictures => write!(f, "pictures"),
        }
    }
}

/// A part of a [`Dataset`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Split {
    /// The images a network is trained on.
    Train,
    /// The images a network is judged by.
    Test,
    /// Both: train, then test.
    All,
}

/// Labelled images in two parts.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Where the images come from.
    pub source: Source,
    /// The images a network is trained on.
    pub train: Vec<Image>,
    /// The images a network is judged by.
    pub test: Vec<Image>,
    /// What [`load`] told the user when it fell back to drawn digits.
    pub notice: Option<String>,
}

impl Dataset {
    /// The images of one part, in order.
    pub fn images(&self, split: Split) -> impl Iterator<Item = &Image> + Clone {
        let (train, test): (&[Image], &[Image]) = match split {
            Split::Train => (&self.train, &[]),
            Split::Test => (&[], &self.test),
            Split::All => (&self.train, &self.test),
        };
        train.iter().chain(test)
    }

    /// The training images in two: those that the shipped weights are trained on, and the last
    /// twelfth (5,000 of MNIST's 60,000), held out to choose settings by.
    pub fn training_parts(&self) -> (&[Image], &[Image]) {
        self.train.split_at(self.train.len() - self.train.len() / 12)
    }

    /// SHA-256 over the pixels and labels of both parts, in hexadecimal, for provenance records.
    pub fn digest(&self) -> String {
        digest(&[&self.train, &self.test])
    }
}

/// SHA-256 over the pixels and labels of several lists of images, in hexadecimal.
pub fn digest(parts: &[&[Image]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // The length keeps apart what only differs in where one part ends and the next begins.
        hash.update((part.len() as u64).to_le_bytes());
        for image in *part {
            hash.update(image.pixels);
            hash.update([image.label]);
        }
    }
    model::hex(&hash.finalize())
}
