// SPDX-License-Identifier: MIT OR Apache-2.0
//! Flags that commands share.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use convapprox_trainer::images::{Images, Source};

/// Which images.
#[derive(Debug, Args)]
pub struct Data {
    /// What is trained on
    #[arg(long, value_enum, default_value = "mnist")]
    pub dataset: Source,
    /// Drawn digits mixed into MNIST
    #[arg(long, default_value_t = 5000)]
    pub drawn: usize,
    /// Trains on the first N images only
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// What everything random follows from
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl Data {
    /// Loads or draws the images.
    pub fn load(&self) -> Result<Images> {
        Images::load(self.dataset, self.seed, self.drawn, self.limit)
    }

    /// The name of the data set in records.
    pub fn name(&self) -> &'static str {
        match self.dataset {
            Source::Mnist => "mnist",
            Source::Digits => "digits",
        }
    }
}

/// Where files are looked for and put.
#[derive(Debug, Args)]
pub struct Folders {
    /// Folder with `networks`, `weights` and `operating_points`
    #[arg(long, value_name = "DIR", default_value = "testvectors")]
    pub vectors: PathBuf,
    /// Where the log goes
    #[arg(long, value_name = "DIR", default_value = "reports/runs/trainer")]
    pub out: PathBuf,
    /// No progress
    #[arg(long)]
    pub quiet: bool,
}

impl Folders {
    /// The path of a network.
    pub fn network(&self, name: &str) -> PathBuf {
        self.vectors.join("networks").join(name)
    }

    /// The path of weights.
    pub fn weights(&self, name: &str) -> PathBuf {
        self.vectors.join("weights").join(name)
    }

    /// The path of an operating point.
    pub fn point(&self, name: &str) -> PathBuf {
        self.vectors.join("operating_points").join(format!("{name}.json"))
    }

    /// The path of a log.
    pub fn log(&self, name: &str) -> PathBuf {
        self.out.join(format!("{name}.csv"))
    }
}

/// The command line as it is recorded: without what does not change the result.
pub fn command_line() -> String {
    let mut words = std::env::args().skip(1);
    let mut recorded = String::from("trainer");
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quiet" => {}
            "--out" | "--vectors" => drop(words.next()),
            word if word.starts_with("--out=") || word.starts_with("--vectors=") => {}
            word => {
                recorded.push(' ');
                recorded.push_str(word);
            }
        }
    }
    recorded
}
