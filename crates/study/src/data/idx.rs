//! The IDX format: a magic number, big-endian sizes, then the bytes.
//!
//! The sizes in a header are checked against what is expected and against the length of the file
//! before anything is built from them.

use std::path::Path;

use super::{DataError, PIXELS, SIDE};

/// What an IDX file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Images of [`SIDE`] × [`SIDE`] bytes.
    Images,
    /// One byte an item.
    Labels,
}

impl Kind {
    /// The first four bytes: unsigned bytes (8) in three dimensions or in one.
    pub fn magic(self) -> u32 {
        match self {
            Kind::Images => 0x0803,
            Kind::Labels => 0x0801,
        }
    }

    /// Bytes before the first item.
    pub fn header(self) -> usize {
        match self {
            Kind::Images => 16,
            Kind::Labels => 8,
        }
    }

    /// Bytes of a file of `count` items.
    pub fn file_size(self, count: usize) -> usize {
        let item = match self {
            Kind::Images => PIXELS,
            Kind::Labels => 1,
        };
        self.header() + count * item
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Images => "images",
            Kind::Labels => "labels",
        }
    }
}

/// The items of an IDX file that must hold exactly `count` of them, without the header; `path` is
/// for errors.
pub fn items<'a>(
    path: &Path,
    bytes: &'a [u8],
    kind: Kind,
    count: usize,
) -> Result<&'a [u8], DataError> {
    let expected = kind.file_size(count);
    let short = || DataError::ShortFile { path: path.into(), expected, found: bytes.len() };
    let word = |index: usize| {
        let word = bytes.get(4 * index..4 * index + 4).ok_or_else(short)?;
        Ok::<u32, DataError>(u32::from_be_bytes(word.try_into().expect("four bytes")))
    };

    let magic = word(0)?;
    if magic != kind.magic() {
        return Err(DataError::WrongMagic {
            path: path.into(),
            expected_kind: kind.name(),
            expected: kind.magic(),
            found: magic,
        });
    }
    let found = word(1)? as usize;
    if found != count {
        return Err(DataError::WrongCount { path: path.into(), expected: count, found });
    }
    if kind == Kind::Images {
        let (rows, columns) = (word(2)?, word(3)?);
        if (rows, columns) != (SIDE as u32, SIDE as u32) {
            return Err(DataError::WrongDimensions { path: path.into(), rows, columns });
        }
    }
    if bytes.len() < expected {
        return Err(short());
    }
    if bytes.len() > expected {
        return Err(DataError::TrailingBytes { path: path.into(), expected });
    }
    let items = &bytes[kind.header()..];
    if kind == Kind::Labels
        && let Some(index) = items.iter().position(|&label| label > 9)
    {
        let found = items[index];
        return Err(DataError::WrongLabel { path: path.into(), index, found });
    }
    Ok(items)
}
