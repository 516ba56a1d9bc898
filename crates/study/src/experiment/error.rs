//! Why an experiment has no result.

use std::io;
use std::path::PathBuf;

use super::accel::{BlobError, CoreError};
use super::pieces::PiecesError;
use super::windows::FilterError;
use crate::check::ReplayError;
use crate::dut::DutError;
use crate::engine::EngineError;
use model::conv::ConfigError;
use model::nn::NetworkError;
use study::report::atomic::WriteError;

/// Why an experiment has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
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
    /// The engine failed in a convolution with a filter.
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
    /// A network is none for the core.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// A program has no result.
    #[error(transparent)]
    Core(#[from] CoreError),
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
    /// A file cannot be read.
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
    /// The network or its weights.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// No unit can run a layer.
    #[error(
        "no unit of this build has LOG_FRAC = {log_frac} and KERNEL ≥ {side}; add a line to UNITS \
         in build.rs, or use --engine golden"
    )]
    Unit {
        /// Fraction bits asked for.
        log_frac: u32,
        /// The largest kernel side of the network.
        side: usize,
    },
    /// The golden model breaks its own promise.
    #[error("{0} outputs are further from the exact ones than the proven bound")]
    Bound(u64),
    /// A file is not an operating point.
    #[error("{} is not an operating point: {source}", path.display())]
    Point {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// An operating point says nothing of a layer.
    #[error("operating point {point} has no entry for layer {layer}")]
    PointLayer {
        /// The point.
        point: String,
        /// The layer.
        layer: String,
    },
    /// The engine failed in a layer of a network.
    #[error("layer {layer}, {configuration}, images from {image} on: {source}{report}")]
    Layer {
        /// The layer.
        layer: String,
        /// The configuration.
        configuration: String,
        /// The first image of the batch.
        image: usize,
        /// Why.
        source: Box<EngineError>,
        /// Where the report is.
        report: String,
    },
}
