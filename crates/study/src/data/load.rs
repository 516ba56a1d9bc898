//! Where images are looked for, and in which order.

use std::path::PathBuf;

use super::{DataError, Dataset, Source, digits, download, mnist};

/// The environment variable that names a folder with the four MNIST files.
pub const MNIST_DIR: &str = "MNIST_DIR";

/// The environment variable that, set to anything but `0`, forbids downloads.
pub const OFFLINE: &str = "CONVAPPROX_OFFLINE";

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
    /// Whether to ask the mirrors for what is not on this machine.
    pub allow_download: bool,
    /// The user's folder with MNIST. If it is given, only it is searched.
    pub mnist_dir: Option<PathBuf>,
    /// Where downloads are kept; `None` is the user's cache folder.
    pub cache_dir: Option<PathBuf>,
    /// Addresses that a file's name (with `.gz`) is appended to, asked in order.
    pub mirrors: Vec<String>,
    /// How many training and test digits are drawn.
    pub digits_count: (usize, usize),
    /// The files that make up the data set.
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
        "notice: MNIST is not available: {reason}\n\
         notice: this program draws digits instead (seed {}); to use MNIST, set {MNIST_DIR} to a \
         folder with its four files",
        options.seed
    );
    if !options.quiet {
        eprintln!("{notice}");
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
