//! Why the experiment has no result.

use std::io;
use std::path::PathBuf;

use super::filters::FilterError;
use crate::check::ReplayError;
use crate::dut::DutError;
use crate::engine::EngineError;
use crate::experiment::pieces::PiecesError;
use crate::golden::ConfigError;
use crate::report::atomic::WriteError;

/// Why the experiment has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WindowsError {
    /// A tolerance is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A filter is wrong.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// There are not so many images.
    #[error("{asked} images are asked for; this part of the data set has {available}")]
    Images {
        /// Asked for.
        asked: usize,
        /// There are.
        available: usize,
    },
    /// The engine failed.
    #[error("image {image}, filter {filter}, {configuration}: {source}{report}")]
    Engine {
        /// The image.
        image: usize,
        /// The filter.
        filter: String,
        /// The configuration.
        configuration: String,
        /// Why.
        source: Box<EngineError>,
        /// Where the report is.
        report: String,
    },
    /// The unit cannot be run.
    #[error(transparent)]
    Dut(#[from] DutError),
    /// Work in pieces.
    #[error(transparent)]
    Pieces(#[from] PiecesError),
    /// Too many windows differ.
    #[error("{mismatches} windows differ; the run stops at {limit} (--max-mismatches)")]
    TooManyMismatches {
        /// Windows that differ.
        mismatches: u64,
        /// The limit.
        limit: u64,
    },
    /// A mismatch could not be followed up.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// A result file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The results folder cannot be made.
    #[error("cannot create {}: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A result file cannot be read back for its digest.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A piece of an earlier run cannot be read.
    #[error("piece {0} of the run cannot be read; run without --resume to start afresh")]
    Piece(usize),
}
