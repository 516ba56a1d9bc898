//! Why figures could not be drawn.

use std::io;
use std::path::PathBuf;

use plotters::drawing::DrawingAreaErrorKind;
use thiserror::Error;

use crate::report::atomic::WriteError;

/// Why figures could not be drawn.
#[derive(Debug, Error)]
pub enum PlotError {
    /// A table is there, but cannot be opened.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// A table is not CSV: fields are missing, or it is not UTF-8.
    #[error("{} is not a table: {source}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What is wrong, and in which line.
        source: csv::Error,
    },
    /// A table has no such column.
    #[error("{}, line 1: there is no column {column}", path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// The column's name.
        column: &'static str,
    },
    /// A field does not hold what its column does.
    #[error("{}, line {line}, column {column}: {value:?} is not {expected}", path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The column's name.
        column: &'static str,
        /// What the field holds.
        value: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// The drawing itself failed.
    #[error("cannot draw {figure}: {source}")]
    Draw {
        /// The figure's name.
        figure: String,
        /// The drawing library's reason.
        source: DrawingAreaErrorKind<io::Error>,
    },
    /// The drawing could not be turned into pixels.
    #[error("cannot turn {figure} into pixels: {reason}")]
    Pixels {
        /// The figure's name.
        figure: String,
        /// The rasteriser's reason.
        reason: String,
    },
    /// A figure could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}
