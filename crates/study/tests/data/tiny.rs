// SPDX-License-Identifier: MIT OR Apache-2.0
//! A data set of a few drawn digits in MNIST's format, made anew by each test.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use md5::{Digest, Md5};
use study::data::mnist::IdxKind;
use study::data::mnist::{IdxFile, IdxFiles};
use study::data::{Image, LoadOptions, digits};

pub struct Tiny {
    pub train: Vec<Image>,
    pub test: Vec<Image>,
    pub files: IdxFiles,
    /// Decompressed, in the order of `files`.
    pub raw: [Vec<u8>; 4],
}

impl Tiny {
    pub fn new() -> Self {
        let (train, test) = (digits::draw(5, digits::TRAIN, 20), digits::draw(5, digits::TEST, 10));
        let raw = [images(&train), labels(&train), images(&test), labels(&test)];
        let file = |name, kind, index: usize, count| IdxFile {
            name,
            kind,
            count,
            md5: md5(&raw[index]).leak(),
        };
        let files = [
            file("train-images-idx3-ubyte", IdxKind::Images, 0, 20),
            file("train-labels-idx1-ubyte", IdxKind::Labels, 1, 20),
            file("t10k-images-idx3-ubyte", IdxKind::Images, 2, 10),
            file("t10k-labels-idx1-ubyte", IdxKind::Labels, 3, 10),
        ];
        Tiny { train, test, files, raw }
    }

    /// The compressed file of this name (with `.gz`).
    pub fn gz(&self, name: &str) -> Vec<u8> {
        let index = self.files.iter().position(|file| name == format!("{}.gz", file.name));
        gzip(&self.raw[index.expect("a file of the data set")])
    }

    /// All four files, compressed, in a folder.
    pub fn write_gz(&self, folder: &Path) {
        for (file, raw) in self.files.iter().zip(&self.raw) {
            fs::write(folder.join(format!("{}.gz", file.name)), gzip(raw)).unwrap();
        }
    }

    /// Options that look for this data set in `cache` and nowhere else.
    pub fn options(&self, cache: &Path) -> LoadOptions {
        LoadOptions {
            quiet: true,
            allow_download: false,
            cache_dir: Some(cache.into()),
            mirrors: Vec::new(),
            digits_count: (20, 10),
            files: self.files,
            ..LoadOptions::default()
        }
    }
}

pub fn md5(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn images(images: &[Image]) -> Vec<u8> {
    let mut bytes = header(&[0x0803, images.len() as u32, 28, 28]);
    bytes.extend(images.iter().flat_map(|image| image.pixels));
    bytes
}

fn labels(images: &[Image]) -> Vec<u8> {
    let mut bytes = header(&[0x0801, images.len() as u32]);
    bytes.extend(images.iter().map(|image| image.label));
    bytes
}

fn header(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}
