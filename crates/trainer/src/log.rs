// SPDX-License-Identifier: MIT OR Apache-2.0
//! The log of a training: a line an epoch.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::evaluate::Score;

/// Writes a CSV file, and progress to standard error.
#[derive(Debug)]
pub struct Log {
    file: Option<File>,
    quiet: bool,
    start: Instant,
}

impl Log {
    /// A log in a file, or, without one, on standard error alone.
    pub fn new(path: Option<&Path>, quiet: bool) -> Result<Self> {
        let file = match path {
            Some(path) => {
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder)
                        .with_context(|| format!("cannot create {}", folder.display()))?;
                }
                let mut file = File::create(path)
                    .with_context(|| format!("cannot write the log {}", path.display()))?;
                writeln!(
                    file,
                    "epoch,learning_rate,loss,validation_accuracy_percent,validation_macs,time_s"
                )?;
                Some(file)
            }
            None => None,
        };
        Ok(Self { file, quiet, start: Instant::now() })
    }

    /// Adds the line of an epoch.
    pub fn epoch(&mut self, epoch: usize, rate: f64, loss: f64, score: &Score) -> Result<()> {
        let time = self.start.elapsed().as_secs_f64();
        let (accuracy, macs) = (score.accuracy_percent(), score.macs());
        if let Some(file) = &mut self.file {
            writeln!(file, "{epoch},{rate:.6},{loss:.5},{accuracy:.2},{macs:.1},{time:.1}")?;
        }
        if !self.quiet {
            eprintln!(
                "epoch {epoch}: loss {loss:.4}, validation {accuracy:.2} %, {macs:.0} \
                 multiplications an image, {time:.0} s"
            );
        }
        Ok(())
    }
}
