//! Flags that mean the same in every command.

use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use clap::Args;

use study::data::{DataError, Dataset, DatasetChoice, LoadOptions, load};

#[derive(Debug, Args)]
pub(super) struct CommonArgs {
    /// Images to take: auto is MNIST where it is found, else drawn digits
    #[arg(long, value_enum, default_value_t)]
    pub dataset: DatasetChoice,

    /// Seed of everything random
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,

    /// Folder for the results [default: reports/runs/<command>]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// No progress and no notices
    #[arg(long)]
    pub quiet: bool,
}

impl CommonArgs {
    pub fn load(&self) -> Result<Dataset, DataError> {
        load(
            self.dataset,
            &LoadOptions { seed: self.seed, quiet: self.quiet, ..LoadOptions::from_env() },
        )
    }

    pub fn out(&self, command: &str) -> PathBuf {
        self.out.clone().unwrap_or_else(|| Path::new("reports/runs").join(command))
    }
}

/// Threads when the user does not say: one a processor.
pub(super) fn default_jobs() -> usize {
    available_parallelism().map_or(1, usize::from)
}

/// A number that must not be 0.
pub(super) fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err(format!("{text:?} is not a whole number")),
    }
}
