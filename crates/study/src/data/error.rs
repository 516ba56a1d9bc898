// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can go wrong with data, in words that say what to do.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why images could not be had.
#[derive(Debug, Error)]
pub enum DataError {
    /// None of a file's spellings is in the folder.
    #[error("{} has no {name}.gz and no {name}", folder.display())]
    Missing {
        /// The folder that was searched.
        folder: PathBuf,
        /// The canonical name of the file.
        name: String,
    },
    /// The operating system refuses to read a file.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// A file starts as gzip does but does not decompress.
    #[error("{} is not an intact gzip file: {source}", path.display())]
    Gzip {
        /// The file.
        path: PathBuf,
        /// The decompressor's reason.
        source: io::Error,
    },
    /// A file is not the kind of IDX file that its name says.
    #[error(
        "{} is not an IDX file of {expected_kind}: it starts with {found:#010x}, not {expected:#010x}",
        path.display()
    )]
    WrongMagic {
        /// The file.
        path: PathBuf,
        /// `images` or `labels`.
        expected_kind: &'static str,
        /// The magic number of that kind.
        expected: u32,
        /// The first four bytes of the file.
        found: u32,
    },
    /// A file ends before its last item.
    #[error("{} is too short: {found} bytes, expected {expected}; the file is cut off", path.display())]
    ShortFile {
        /// The file.
        path: PathBuf,
        /// Bytes that the header and the items take.
        expected: usize,
        /// Bytes that there are (decompressed).
        found: usize,
    },
    /// A file goes on after its last item.
    #[error("{} goes on after its last item: more than the expected {expected} bytes", path.display())]
    TrailingBytes {
        /// The file.
        path: PathBuf,
        /// Bytes that the header and the items take.
        expected: usize,
    },
    /// A header announces another number of items than the data set has.
    #[error("{} holds {found} items, expected {expected}", path.display())]
    WrongCount {
        /// The file.
        path: PathBuf,
        /// Items that the data set has.
        expected: usize,
        /// Items that the header announces.
        found: usize,
    },
    /// A header announces another image size.
    #[error("{} holds images of {rows} rows x {columns} columns, expected 28 x 28", path.display())]
    WrongDimensions {
        /// The file.
        path: PathBuf,
        /// Rows that the header announces.
        rows: u32,
        /// Columns that the header announces.
        columns: u32,
    },
    /// A label is not a digit.
    #[error("{}: label {index} is {found}, expected 0 to 9", path.display())]
    WrongLabel {
        /// The file.
        path: PathBuf,
        /// Which label, from 0.
        index: usize,
        /// Its value.
        found: u8,
    },
    /// A file has the right form but not the right content.
    #[error(
        "{} is not the published file: MD5 of its content is {found}, expected {expected}",
        path.display()
    )]
    BadDigest {
        /// The file.
        path: PathBuf,
        /// The published digest.
        expected: String,
        /// The digest of what is there.
        found: String,
    },
    /// The user names a folder that does not hold good MNIST files.
    #[error(
        "MNIST_DIR is {}: {source}. Put the four MNIST files there, or unset MNIST_DIR to use the \
         cache, a download or drawn digits",
        folder.display()
    )]
    MnistDir {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it.
        source: Box<DataError>,
    },
    /// MNIST is asked for and is nowhere to be had.
    #[error(
        "MNIST is not available: {reason}. Set MNIST_DIR to a folder with the four MNIST files, or \
         use --dataset digits"
    )]
    NotAvailable {
        /// Why not.
        reason: Box<DataError>,
    },
    /// MNIST is not on this machine and downloads are off.
    #[error("{reason}, and downloads are off (CONVAPPROX_OFFLINE)")]
    Offline {
        /// What is wrong with the cache.
        reason: Box<DataError>,
    },
    /// No mirror delivers a file.
    #[error("cannot download {name}: {}", attempts.join("; "))]
    Download {
        /// The canonical name of the file.
        name: String,
        /// Each mirror's address and what went wrong there.
        attempts: Vec<String>,
    },
    /// The machine has no place for a cache.
    #[error("this user has no cache folder (is HOME set?)")]
    NoCacheFolder,
    /// The disk is full.
    #[error("the disk is full: cannot write {}; make room and try again", path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// The operating system refuses to write a file.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// A file is not PNG at all.
    #[error("{} is not a PNG file", path.display())]
    NotPng {
        /// The file.
        path: PathBuf,
    },
    /// A PNG file is damaged.
    #[error("{} is a damaged PNG file: {source}", path.display())]
    DamagedPng {
        /// The file.
        path: PathBuf,
        /// The decoder's reason.
        source: image::ImageError,
    },
    /// A picture is larger than any scan of a digit needs to be.
    #[error(
        "{} is too large: {width} x {height} pixels, at most {limit} x {limit} are read; scale it \
         down first",
        path.display()
    )]
    PngTooLarge {
        /// The file.
        path: PathBuf,
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
        /// The longest side that is read.
        limit: u32,
    },
    /// A picture is of one colour.
    #[error("{} shows no digit: all of it has the colour of its border", path.display())]
    NoInk {
        /// The file.
        path: PathBuf,
    },
}

impl DataError {
    /// A failed write, with the full disk told apart: it is the one that users can mend.
    pub(super) fn write(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                DataError::DiskFull { path }
            }
            _ => DataError::Write { path, source },
        }
    }
}
