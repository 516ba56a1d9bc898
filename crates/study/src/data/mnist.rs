// SPDX-License-Identifier: MIT OR Apache-2.0
//! The four MNIST files: their names and digests, and reading them from a folder.
//!
//! An IDX file is a magic number, big-endian sizes, then the bytes. The sizes in a header are checked
//! against what is expected and against the length of the file before anything is built from them.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use md5::{Digest, Md5};

use super::{DataError, Image, PIXELS, SIDE};
use model::hex;

/// One file of a data set in IDX format.
#[derive(Debug, Clone, Copy)]
pub struct IdxFile {
    /// The canonical name, without `.gz`.
    pub name: &'static str,
    /// What it holds.
    pub kind: IdxKind,
    /// How many of them.
    pub count: usize,
    /// MD5 of the decompressed content, in hexadecimal: it is what MNIST's publishers give, and
    /// it does not change with the compressor.
    pub md5: &'static str,
}

/// A data set: training images and labels, test images and labels.
pub type IdxFiles = [IdxFile; 4];

/// MNIST.
pub const FILES: IdxFiles = [
    IdxFile {
        name: "train-images-idx3-ubyte",
        kind: IdxKind::Images,
        count: 60_000,
        md5: "6bbc9ace898e44ae57da46a324031adb",
    },
    IdxFile {
        name: "train-labels-idx1-ubyte",
        kind: IdxKind::Labels,
        count: 60_000,
        md5: "a25bea736e30d166cdddb491f175f624",
    },
    IdxFile {
        name: "t10k-images-idx3-ubyte",
        kind: IdxKind::Images,
        count: 10_000,
        md5: "2646ac647ad5339dbf082846283269ea",
    },
    IdxFile {
        name: "t10k-labels-idx1-ubyte",
        kind: IdxKind::Labels,
        count: 10_000,
        md5: "27ae3e4e09519cfbb04c329615203637",
    },
];

impl IdxFile {
    /// The path in `folder` under whichever spelling is there.
    fn find(&self, folder: &Path) -> Result<PathBuf, DataError> {
        // Some archives unpack to `train-images.idx3-ubyte`.
        let dotted = self.name.replacen("-idx", ".idx", 1);
        [self.name, &dotted]
            .iter()
            .flat_map(|name| [folder.join(format!("{name}.gz")), folder.join(name)])
            .find(|path| path.exists())
            .ok_or_else(|| DataError::Missing { folder: folder.into(), name: self.name.into() })
    }

    /// The checked items of the file in `folder`, without the header.
    pub fn read(&self, folder: &Path) -> Result<Vec<u8>, DataError> {
        self.read_path(&self.find(folder)?)
    }

    /// The checked items of the file at `path`, gzipped or raw, without the header.
    pub fn read_path(&self, path: &Path) -> Result<Vec<u8>, DataError> {
        let mut bytes = decompressed(path, self.kind.file_size(self.count))?;
        // The form comes first: "cut off" tells more than "wrong digest".
        items(path, &bytes, self.kind, self.count)?;
        let found = hex(&Md5::digest(&bytes));
        if found != self.md5 {
            return Err(DataError::BadDigest {
                path: path.into(),
                expected: self.md5.into(),
                found,
            });
        }
        bytes.drain(..self.kind.header());
        Ok(bytes)
    }
}

/// The content of a file, at most one byte more than `size`: enough to see that it is too long,
/// whatever a small file inflates to.
fn decompressed(path: &Path, size: usize) -> Result<Vec<u8>, DataError> {
    let read = |source| DataError::Read { path: path.into(), source };
    let mut file = File::open(path).map_err(read)?;
    let mut start = Vec::new();
    file.by_ref().take(2).read_to_end(&mut start).map_err(read)?;
    // Content decides, not the name: browsers decompress and keep the `.gz`.
    let gzipped = start == [0x1f, 0x8b];
    let whole = start.as_slice().chain(file);

    let limit = size as u64 + 1;
    let mut bytes = Vec::with_capacity(size + 1);
    if gzipped {
        MultiGzDecoder::new(whole).take(limit).read_to_end(&mut bytes).map_err(|source| {
            match source.kind() {
                ErrorKind::UnexpectedEof | ErrorKind::InvalidInput | ErrorKind::InvalidData => {
                    DataError::Gzip { path: path.into(), source }
                }
                _ => DataError::Read { path: path.into(), source },
            }
        })?;
    } else {
        whole.take(limit).read_to_end(&mut bytes).map_err(read)?;
    }
    Ok(bytes)
}

/// The training and the test images in `folder`.
pub fn read_folder(folder: &Path, files: &IdxFiles) -> Result<(Vec<Image>, Vec<Image>), DataError> {
    let [train_images, train_labels, test_images, test_labels] = files;
    Ok((
        read_split(folder, train_images, train_labels)?,
        read_split(folder, test_images, test_labels)?,
    ))
}

fn read_split(folder: &Path, images: &IdxFile, labels: &IdxFile) -> Result<Vec<Image>, DataError> {
    // Labels first: they are small, and what is wrong with them shows at once.
    let label_bytes = labels.read(folder)?;
    let image_bytes = images.read(folder)?;
    Ok(image_bytes
        .chunks_exact(PIXELS)
        .zip(label_bytes)
        .map(|(pixels, label)| Image { pixels: pixels.try_into().expect("a whole image"), label })
        .collect())
}

/// What an IDX file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdxKind {
    /// Images of [`SIDE`] × [`SIDE`] bytes.
    Images,
    /// One byte an item.
    Labels,
}

impl IdxKind {
    /// The first four bytes: unsigned bytes (8) in three dimensions or in one.
    pub fn magic(self) -> u32 {
        match self {
            IdxKind::Images => 0x0803,
            IdxKind::Labels => 0x0801,
        }
    }

    /// Bytes before the first item.
    pub fn header(self) -> usize {
        match self {
            IdxKind::Images => 16,
            IdxKind::Labels => 8,
        }
    }

    /// Bytes of a file of `count` items.
    pub fn file_size(self, count: usize) -> usize {
        let item = match self {
            IdxKind::Images => PIXELS,
            IdxKind::Labels => 1,
        };
        self.header() + count * item
    }

    fn name(self) -> &'static str {
        match self {
            IdxKind::Images => "images",
            IdxKind::Labels => "labels",
        }
    }
}

/// The items of an IDX file that must hold exactly `count` of them, without the header; `path` is
/// for errors.
fn items<'a>(
    path: &Path,
    bytes: &'a [u8],
    kind: IdxKind,
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
    if kind == IdxKind::Images {
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
    if kind == IdxKind::Labels
        && let Some(index) = items.iter().position(|&label| label > 9)
    {
        let found = items[index];
        return Err(DataError::WrongLabel { path: path.into(), index, found });
    }
    Ok(items)
}
