// SPDX-License-Identifier: MIT OR Apache-2.0
//! Why an experiment has no result.

use std::io;
use std::path::{Path, PathBuf};

use model::conv::ConfigError;
use model::engine::EngineError;
use model::nn::NetworkError;

use crate::data::DataError;
use crate::report::atomic::WriteError;
use crate::table::TableError;

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
    /// The folder has results that are not to be lost, or is in use.
    #[error("{} {reason}", folder.display())]
    Occupied { folder: PathBuf, reason: String },
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
    pub(crate) fn input(sentence: impl Into<String>) -> Self {
        Self::Input(sentence.into())
    }

    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.to_owned(), source }
    }

    pub(crate) fn folder(folder: &Path, source: io::Error) -> Self {
        Self::Folder { folder: folder.to_owned(), source }
    }

    pub(crate) fn occupied(folder: &Path, reason: impl Into<String>) -> Self {
        Self::Occupied { folder: folder.to_owned(), reason: reason.into() }
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
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
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
