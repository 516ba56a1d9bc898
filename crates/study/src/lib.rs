// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is measured: images, experiments, statistics, tables and figures, on any engine.
//!
//! An [`experiment`] is a plan of batches; [`run`] takes it through them on any
//! [`Engine`](model::engine::Engine) and writes what comes out into a [result folder](results).
//! Nothing here knows hardware: engines come in as factories.

pub mod data;
pub mod experiment;
pub mod report;
pub mod results;
pub mod run;
pub mod statistics;
pub mod table;
pub mod tables;

use std::io;
use std::path::{Path, PathBuf};

use data::DataError;
use model::conv::ConfigError;
use model::engine::EngineError;
use model::nn::NetworkError;
use report::atomic::WriteError;
use table::TableError;

/// How a command ends, as its exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// All is well.
    Good = 0,
    /// What is tested failed.
    Failed = 1,
    /// Bad input or usage, or a file that cannot be read or written.
    BadInput = 2,
    /// Something differs from the golden model.
    Mismatch = 3,
    /// A time limit was reached.
    TimeOut = 4,
    /// The user stopped the run.
    Interrupted = 130,
}

/// Why an experiment has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What is asked for cannot be; the sentence says what to do instead.
    #[error("{0}")]
    Input(String),
    /// A tolerance or another setting is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The network or its weights.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The images.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// A result file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A table cannot be written or read.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A folder cannot be made or used.
    #[error("cannot create {}: {source}", folder.display())]
    Folder { folder: PathBuf, source: io::Error },
    /// The engine has no result.
    #[error("{source}{report}")]
    Engine { source: EngineError, report: String },
    /// The user stopped the run; the sentence says how far it came.
    #[error("stopped after {0}")]
    Stopped(String),
    /// Too much differs from the golden model.
    #[error("{mismatches} mismatches; the run stops at {limit} (--max-mismatches){reports}")]
    TooManyMismatches { mismatches: u64, limit: u64, reports: String },
    /// The golden model breaks its own promise.
    #[error("{0} outputs are further from the exact ones than the proven bound")]
    Bound(u64),
}

impl Error {
    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.to_owned(), source }
    }

    pub(crate) fn folder(folder: &Path, source: io::Error) -> Self {
        Self::Folder { folder: folder.to_owned(), source }
    }

    /// A folder has results that are not to be lost, or is in use.
    pub(crate) fn occupied(folder: &Path, reason: &str) -> Self {
        Self::Input(format!("{} {reason}", folder.display()))
    }

    /// The exit status of a command that ends with this.
    pub fn status(&self) -> Status {
        match self {
            Self::Engine { source: EngineError::Failed { .. }, .. } | Self::Bound(_) => {
                Status::Failed
            }
            Self::Stopped(_) => Status::Interrupted,
            Self::TooManyMismatches { .. } => Status::Mismatch,
            _ => Status::BadInput,
        }
    }
}

impl From<EngineError> for Error {
    fn from(source: EngineError) -> Self {
        Self::Engine { source, report: String::new() }
    }
}

/// An error and what caused it; a cause that the text before already tells is not told again.
pub fn error_message(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    for cause in std::iter::successors(error.source(), |error| error.source()) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_is_told_once() {
        let full = || io::Error::other("the disk is full");
        let told = Error::Read { path: "a".into(), source: full() };
        assert_eq!(error_message(&told), "cannot read a: the disk is full");
        #[derive(Debug, thiserror::Error)]
        #[error("cannot read a")]
        struct Silent(#[source] io::Error);
        assert_eq!(error_message(&Silent(full())), "cannot read a: the disk is full");
    }
}
