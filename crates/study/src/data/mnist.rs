// SPDX-License-Identifier: MIT OR Apache-2.0
//! The four MNIST files: their names and digests, and reading them from a folder.
//!
//! An IDX file is a magic number, big-endian sizes, then the bytes. The sizes in a header are checked
//! against what is expected and against the length of the file before anything is built from them.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use md5::{Digest, Md5};

use super::{DataError, Image, PIXELS, SIDE};
use IdxKind::{Images, Labels};
use model::{files, hex};

/// One file of a data set in IDX format.
#[derive(Debug, Clone, Copy)]
pub struct IdxFile {
    /// The canonical name, without `.gz`.
    pub name: &'static str,
    pub kind: IdxKind,
    /// How many items it holds.
    pub count: usize,
    /// MD5 of the decompressed content, in hexadecimal: it is what MNIST's publishers give, and
    /// it does not change with the compressor.
    pub md5: &'static str,
}

/// A data set: training images and labels, test images and labels.
pub type IdxFiles = [IdxFile; 4];

/// MNIST.
pub const FILES: IdxFiles = [
    idx("train-images-idx3-ubyte", Images, 60_000, "6bbc9ace898e44ae57da46a324031adb"),
    idx("train-labels-idx1-ubyte", Labels, 60_000, "a25bea736e30d166cdddb491f175f624"),
    idx("t10k-images-idx3-ubyte", Images, 10_000, "2646ac647ad5339dbf082846283269ea"),
    idx("t10k-labels-idx1-ubyte", Labels, 10_000, "27ae3e4e09519cfbb04c329615203637"),
];

const fn idx(name: &'static str, kind: IdxKind, count: usize, md5: &'static str) -> IdxFile {
    IdxFile { name, kind, count, md5 }
}

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
        check(path, &bytes, self.kind, self.count)?;
        let found = hex(&Md5::digest(&bytes));
        if found != self.md5 {
            let expected = self.md5;
            let problem = format!("MD5 of its content is {found}, expected {expected}");
            return Err(DataError::malformed(
                path,
                format!("is not the published file: {problem}"),
            ));
        }
        bytes.drain(..self.kind.layout().header);
        Ok(bytes)
    }
}

/// The content of a file, at most one byte more than `size`: enough to see that it is too long,
/// whatever a small file inflates to.
fn decompressed(path: &Path, size: usize) -> Result<Vec<u8>, DataError> {
    let read = |source| DataError::Read { path: path.into(), source };
    let mut file = files::open(path).map_err(read)?;
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
    /// One byte per item.
    Labels,
}

struct Layout {
    name: &'static str,
    /// The first four bytes: unsigned bytes (8) in three dimensions or in one.
    magic: u32,
    /// Bytes before the first item.
    header: usize,
    /// Bytes of an item.
    item: usize,
}

impl IdxKind {
    fn layout(self) -> Layout {
        match self {
            Images => Layout { name: "images", magic: 0x0803, header: 16, item: PIXELS },
            Labels => Layout { name: "labels", magic: 0x0801, header: 8, item: 1 },
        }
    }

    /// Bytes of a file of `count` items.
    pub fn file_size(self, count: usize) -> usize {
        self.layout().header + count * self.layout().item
    }
}

/// Checks that an IDX file holds exactly `count` items; `path` is for errors.
fn check(path: &Path, bytes: &[u8], kind: IdxKind, count: usize) -> Result<(), DataError> {
    let Layout { name, magic, header, .. } = kind.layout();
    let (expected, length) = (kind.file_size(count), bytes.len());
    let wrong = |problem: String| Err(DataError::malformed(path, problem));
    let short = format!("is too short: {length} bytes, expected {expected}; the file is cut off");
    let word = |index: usize| match bytes.get(4 * index..4 * index + 4) {
        Some(word) => Ok(u32::from_be_bytes(word.try_into().expect("four bytes"))),
        None => Err(DataError::malformed(path, short.clone())),
    };
    let found = word(0)?;
    if found != magic {
        let starts = format!("it starts with {found:#010x}, not {magic:#010x}");
        return wrong(format!("is not an IDX file of {name}: {starts}"));
    }
    let found = word(1)? as usize;
    if found != count {
        return wrong(format!("holds {found} items, expected {count}"));
    }
    if kind == Images {
        let (rows, columns) = (word(2)?, word(3)?);
        if [rows, columns] != [SIDE as u32; 2] {
            let size = format!("{rows} rows x {columns} columns, expected 28 x 28");
            return wrong(format!("holds images of {size}"));
        }
    }
    if length < expected {
        return wrong(short);
    }
    if length > expected {
        let more = format!("more than the expected {expected} bytes");
        return wrong(format!("goes on after its last item: {more}"));
    }
    let labels = if kind == Labels { &bytes[header..] } else { &[] };
    match labels.iter().position(|&label| label > 9) {
        Some(index) => {
            let (path, found) = (path.into(), labels[index]);
            Err(DataError::WrongLabel { path, index, found })
        }
        None => Ok(()),
    }
}
