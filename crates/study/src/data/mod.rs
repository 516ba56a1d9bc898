// SPDX-License-Identifier: MIT OR Apache-2.0
//! Images: MNIST, drawn digits, pictures.
//!
//! [`load`] is the way in: it finds MNIST (in the folder that the user names, in the cache, on a
//! mirror) or draws digits. [`pictures::import`] turns the user's own pictures into the same
//! [`Image`]s.

pub mod digits;
pub mod download;
pub mod mnist;
pub mod pictures;

use std::fmt;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::Error;
use crate::report::atomic::WriteError;

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
    Mnist { folder: PathBuf },
    /// Digits that this program draws, from this seed.
    Digits { seed: u64 },
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
    pub source: Source,
    pub train: Vec<Image>,
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

    /// The first `count` images of one part.
    ///
    /// # Errors
    /// If there are not so many, or none is asked for.
    pub fn first(&self, split: Split, count: usize) -> Result<Vec<&Image>, Error> {
        let available = self.images(split).count();
        if count == 0 || count > available {
            return Err(Error::Input(format!(
                "{count} images are asked for; this part of the data set has {available}"
            )));
        }
        Ok(self.images(split).take(count).collect())
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

/// The environment variable that names a folder with the four MNIST files.
pub const MNIST_DIR: &str = "MNIST_DIR";

/// The environment variable that, set to anything but `0`, forbids downloads.
pub const OFFLINE: &str = "CONVAPPROX_OFFLINE";

/// Why images could not be had.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// None of a file's spellings is in the folder.
    #[error("{} has no {name}.gz and no {name}", folder.display())]
    Missing { folder: PathBuf, name: String },
    /// The operating system refuses to read a file.
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// A file starts as gzip does but does not decompress.
    #[error("{} is not an intact gzip file: {source}", path.display())]
    Gzip { path: PathBuf, source: io::Error },
    /// A file is not what it should be; the problem goes on from its name.
    #[error("{} {problem}", path.display())]
    Malformed { path: PathBuf, problem: String },
    /// A label is not a digit.
    #[error("{}: label {index} is {found}, expected 0 to 9", path.display())]
    WrongLabel { path: PathBuf, index: usize, found: u8 },
    /// The user names a folder that does not hold good MNIST files.
    #[error(
        "MNIST_DIR is {}: {source}. Put the four MNIST files there, or unset MNIST_DIR to use the \
         cache, a download or drawn digits",
        folder.display()
    )]
    MnistDir { folder: PathBuf, source: Box<DataError> },
    /// MNIST is asked for and is nowhere to be had.
    #[error(
        "MNIST is not available: {reason}. Set MNIST_DIR to a folder with the four MNIST files, or \
         use --dataset digits"
    )]
    NotAvailable { reason: Box<DataError> },
    /// MNIST is not on this machine and downloads are off.
    #[error("{reason}, and downloads are off (CONVAPPROX_OFFLINE)")]
    Offline { reason: Box<DataError> },
    /// No mirror delivers a file.
    #[error("cannot download {name}: {}", attempts.join("; "))]
    Download { name: String, attempts: Vec<String> },
    /// The machine has no place for a cache.
    #[error("this user has no cache folder (is HOME set?)")]
    NoCacheFolder,
    /// A file of the cache cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A picture is damaged.
    #[error("{} is a damaged picture: {source}", path.display())]
    DamagedPicture { path: PathBuf, source: image::ImageError },
}

impl DataError {
    fn malformed(path: &Path, problem: impl Into<String>) -> Self {
        Self::Malformed { path: path.into(), problem: problem.into() }
    }

    /// What is wrong, within a line; `--dataset mnist` tells all of it.
    fn in_short(&self) -> String {
        match self {
            Self::Download { .. } => "no mirror delivers it".to_owned(),
            Self::Offline { .. } => format!("{OFFLINE} forbids to download it"),
            other => other.to_string(),
        }
    }

    fn write(path: &Path, source: io::Error) -> Self {
        Self::Write(WriteError::new(path, source))
    }
}

/// What the user asks for with `--dataset`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum DatasetChoice {
    /// MNIST where it is found, else the drawn digits, with a notice
    #[default]
    Auto,
    /// MNIST, or an error
    Mnist,
    /// Digits that this program draws
    Digits,
}

/// How [`load`] goes about it.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// What drawn digits are drawn from.
    pub seed: u64,
    /// No progress bar and no notice.
    pub quiet: bool,
    pub allow_download: bool,
    /// The user's folder with MNIST. If it is given, only it is searched.
    pub mnist_dir: Option<PathBuf>,
    /// Where downloads are kept; `None` is the user's cache folder.
    pub cache_dir: Option<PathBuf>,
    /// Addresses that a file's name (with `.gz`) is appended to, asked in order.
    pub mirrors: Vec<String>,
    /// How many training and test digits are drawn.
    pub digits_count: (usize, usize),
    pub files: mnist::IdxFiles,
}

impl Default for LoadOptions {
    /// As MNIST is, whatever the environment says.
    fn default() -> Self {
        LoadOptions {
            seed: 1,
            quiet: false,
            allow_download: true,
            mnist_dir: None,
            cache_dir: None,
            mirrors: download::MIRRORS.map(String::from).into(),
            digits_count: (mnist::FILES[0].count, mnist::FILES[2].count),
            files: mnist::FILES,
        }
    }
}

impl LoadOptions {
    /// The defaults, with [`MNIST_DIR`] and [`OFFLINE`] from the environment.
    pub fn from_env() -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        LoadOptions {
            allow_download: set(OFFLINE).is_none_or(|value| value == "0"),
            mnist_dir: set(MNIST_DIR).map(PathBuf::from),
            ..LoadOptions::default()
        }
    }
}

/// Loads or draws the images that the user asks for.
///
/// MNIST comes from [`LoadOptions::mnist_dir`] and from nowhere else if that is given: a user who
/// points to a folder wants to know what is wrong with it. Otherwise it comes from the cache, or
/// from a mirror into the cache. With [`DatasetChoice::Auto`] digits are drawn if that fails, and
/// a notice on standard error says so.
pub fn load(choice: DatasetChoice, options: &LoadOptions) -> Result<Dataset, DataError> {
    if choice == DatasetChoice::Digits {
        return Ok(draw(options));
    }
    let reason = match load_mnist(options) {
        Err(reason) if options.mnist_dir.is_none() => reason,
        result => return result,
    };
    if choice == DatasetChoice::Mnist {
        let reason = Box::new(reason);
        return Err(DataError::NotAvailable { reason });
    }
    let notice = format!(
        "notice: MNIST is not here ({}): digits are drawn instead, from seed {}; to use MNIST, set \
         {MNIST_DIR} to a folder with its four files",
        reason.in_short(),
        options.seed
    );
    if !options.quiet {
        // Where standard error cannot be written to, nobody listens.
        let _ = writeln!(io::stderr(), "{notice}");
    }
    let notice = Some(notice);
    Ok(Dataset { notice, ..draw(options) })
}

fn load_mnist(options: &LoadOptions) -> Result<Dataset, DataError> {
    let read = |folder: PathBuf| {
        let (train, test) = mnist::read_folder(&folder, &options.files)?;
        Ok(Dataset { source: Source::Mnist { folder }, train, test, notice: None })
    };
    if let Some(folder) = &options.mnist_dir {
        return read(folder.clone()).map_err(|source| DataError::MnistDir {
            folder: folder.clone(),
            source: Box::new(source),
        });
    }
    let cache = options
        .cache_dir
        .clone()
        .or_else(|| dirs::cache_dir().map(|cache| cache.join("convapprox").join("mnist")))
        .ok_or(DataError::NoCacheFolder)?;
    read(cache.clone()).or_else(|reason: DataError| {
        if !options.allow_download {
            return Err(DataError::Offline { reason: Box::new(reason) });
        }
        for file in &options.files {
            // What a former run got, and is good, is not asked for again.
            if file.read(&cache).is_err() {
                download::fetch(file, &cache, &options.mirrors, options.quiet)?;
            }
        }
        read(cache)
    })
}

fn draw(options: &LoadOptions) -> Dataset {
    let (train, test) = options.digits_count;
    Dataset {
        source: Source::Digits { seed: options.seed },
        train: digits::draw(options.seed, digits::TRAIN, train),
        test: digits::draw(options.seed, digits::TEST, test),
        notice: None,
    }
}

/// The side of the box that a digit is scaled into, as MNIST's digits are.
const BOX: usize = 20;

/// Puts `ink`, row by row of `width` pixels, so that its centre of mass is at the centre of the
/// image, or as near as whole pixels and the frame allow.
fn centre(ink: &[u8], width: usize) -> [u8; PIXELS] {
    let height = ink.len() / width;
    let (mut mass, mut moment_x, mut moment_y) = (0, 0, 0);
    for (index, &value) in ink.iter().enumerate() {
        let value = value as usize;
        mass += value;
        moment_x += value * (index % width);
        moment_y += value * (index / width);
    }
    let left = offset(mass, moment_x, width);
    let top = offset(mass, moment_y, height);

    let mut pixels = [0; PIXELS];
    for (y, row) in ink.chunks_exact(width).enumerate() {
        let start = (top + y) * SIDE + left;
        pixels[start..start + width].copy_from_slice(row);
    }
    pixels
}

/// Where the first pixel goes along one axis. In MNIST the mean pixel index, weighted by ink, is
/// 14 ± 0.5; whole numbers keep the result the same everywhere.
fn offset(mass: usize, moment: usize, size: usize) -> usize {
    let room = SIDE - size;
    if mass == 0 {
        return room / 2;
    }
    // round(14 − moment / mass), at least 0: the sum is shifted by `mass` to stay positive.
    let doubled = ((SIDE + 1) * mass).saturating_sub(2 * moment);
    (doubled / (2 * mass)).min(room)
}
