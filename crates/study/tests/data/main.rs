// SPDX-License-Identifier: MIT OR Apache-2.0
//! Images and how they are had: files in MNIST's format, drawn digits, downloads, pictures.

mod download;
mod pictures;

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use md5::{Digest, Md5};
use study::data::{
    DataError, DatasetChoice, Image, LoadOptions, SIDE, Source, Split, digest, digits, load, mnist,
};
use study::tables::ZeroPixelStats;
use tempfile::TempDir;

/// A data set of a few drawn digits in MNIST's format, made anew by each test.
struct Tiny {
    train: Vec<Image>,
    test: Vec<Image>,
    files: mnist::IdxFiles,
    /// Decompressed, in the order of `files`.
    raw: [Vec<u8>; 4],
}

impl Tiny {
    fn new() -> Self {
        let (train, test) = (digits::draw(5, digits::TRAIN, 20), digits::draw(5, digits::TEST, 10));
        let raw = [images(&train), labels(&train), images(&test), labels(&test)];
        let mut files = mnist::FILES;
        for (file, (raw, count)) in files.iter_mut().zip(raw.iter().zip([20, 20, 10, 10])) {
            (file.md5, file.count) = (md5(raw).leak(), count);
        }
        Tiny { train, test, files, raw }
    }

    /// The compressed file of this name (with `.gz`).
    fn gz(&self, name: &str) -> Vec<u8> {
        let index = self.files.iter().position(|file| name == format!("{}.gz", file.name));
        gzip(&self.raw[index.expect("a file of the data set")])
    }

    /// All four files, compressed, in a folder.
    fn write_gz(&self, folder: &Path) {
        for (file, raw) in self.files.iter().zip(&self.raw) {
            fs::write(folder.join(format!("{}.gz", file.name)), gzip(raw)).unwrap();
        }
    }

    /// Options that look for this data set in `cache` and nowhere else.
    fn options(&self, cache: &Path) -> LoadOptions {
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

fn md5(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn images(images: &[Image]) -> Vec<u8> {
    idx(&[0x0803, images.len() as u32, 28, 28], images.iter().flat_map(|image| image.pixels))
}

fn labels(images: &[Image]) -> Vec<u8> {
    idx(&[0x0801, images.len() as u32], images.iter().map(|image| image.label))
}

fn idx(header: &[u32], items: impl Iterator<Item = u8>) -> Vec<u8> {
    header.iter().flat_map(|word| word.to_be_bytes()).chain(items).collect()
}

const IMAGES: &str = "train-images-idx3-ubyte";
const LABELS: &str = "train-labels-idx1-ubyte";

type Pack = fn(&[u8]) -> Vec<u8>;

#[test]
fn every_spelling_and_packing_is_read() {
    let tiny = Tiny::new();
    let spellings: [(&str, Pack); 5] = [
        ("{}.gz", gzip),
        ("{}", <[u8]>::to_vec),
        ("dotted", <[u8]>::to_vec),
        ("dotted.gz", gzip),
        // As browsers leave it: decompressed, but with the name of the compressed file.
        ("{}.gz", <[u8]>::to_vec),
    ];
    for (spelling, pack) in spellings {
        let folder = TempDir::new().unwrap();
        for (file, raw) in tiny.files.iter().zip(&tiny.raw) {
            let dotted = file.name.replace("-idx", ".idx");
            let name = spelling.replace("{}", file.name).replace("dotted", &dotted);
            fs::write(folder.path().join(name), pack(raw)).unwrap();
        }
        let options = LoadOptions {
            mnist_dir: Some(folder.path().into()),
            ..tiny.options(Path::new("/nowhere"))
        };
        let dataset = load(DatasetChoice::Auto, &options).unwrap();
        assert_eq!(dataset.source, Source::Mnist { folder: folder.path().into() });
        assert!(dataset.train == tiny.train && dataset.test == tiny.test, "{spelling}");
        assert_eq!(dataset.images(Split::All).count(), 30);
        assert_eq!(dataset.images(Split::Test).next(), tiny.test.first());
        assert_eq!(dataset.notice, None);
    }
}

/// The error of reading the training images, or labels, from a file with this content, which is
/// the one whose digest is expected: it is not the digest that gives a fault away.
fn fault(name: &'static str, raw: &[u8], packed: &[u8]) -> String {
    let mut file = *Tiny::new().files.iter().find(|file| file.name == name).unwrap();
    file.md5 = md5(raw).leak();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(format!("{name}.gz"));
    fs::write(&path, packed).unwrap();
    let error = file.read(folder.path()).unwrap_err().to_string();
    error.strip_prefix(path.to_str().unwrap()).expect("the file is named").to_owned()
}

#[test]
fn each_fault_has_its_own_error() {
    let tiny = Tiny::new();
    type Change = fn(&mut Vec<u8>);
    let magic = "is not an IDX file of images: it starts with 0x00000801, not 0x00000803";
    let cases: [(&str, Change, &str); 9] = [
        (IMAGES, |raw| raw[3] = 1, magic),
        (IMAGES, |raw| raw.truncate(15_695), "is too short: 15695 bytes, expected 15696"),
        (IMAGES, |raw| raw.truncate(10), "is too short: 10 bytes"),
        (LABELS, |raw| raw.clear(), "is too short: 0 bytes, expected 28; the file is cut off"),
        (IMAGES, |raw| raw.push(0), "goes on after its last item: more than the expected 15696"),
        (LABELS, |raw| raw[7] = 21, "holds 21 items, expected 20"),
        (IMAGES, |raw| raw[4..8].fill(0xff), "holds 4294967295 items"),
        (IMAGES, |raw| raw[11] = 32, "holds images of 32 rows x 28 columns, expected 28 x 28"),
        (LABELS, |raw| raw[8 + 7] = 10, "label 7 is 10, expected 0 to 9"),
    ];
    for (name, change, expected) in cases {
        let mut raw = tiny.raw[usize::from(name == LABELS)].clone();
        change(&mut raw);
        let error = fault(name, &raw, &gzip(&raw));
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let raw = &tiny.raw[0];
    let (packed, mut changed) = (gzip(raw), raw.clone());
    changed[5000] ^= 1;
    let digest = format!("MD5 of its content is {}, expected {}", md5(&changed), md5(raw));
    assert!(fault(IMAGES, raw, &changed).ends_with(&digest));
    for damaged in [&packed[..packed.len() / 2], &[&packed[..2], &[0xff; 40]].concat()] {
        let error = fault(IMAGES, raw, damaged);
        assert!(error.starts_with(" is not an intact gzip file: "), "{error}");
    }
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join(IMAGES)).unwrap();
    let error = tiny.files[0].read(folder.path()).unwrap_err();
    assert!(matches!(error, DataError::Read { .. }), "a folder: {error}");
}

#[test]
fn a_folder_that_the_user_names_is_not_passed_over() {
    let tiny = Tiny::new();
    let (cache, named) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    tiny.write_gz(cache.path());
    let options =
        LoadOptions { mnist_dir: Some(named.path().into()), ..tiny.options(cache.path()) };
    for choice in [DatasetChoice::Auto, DatasetChoice::Mnist] {
        let error = load(choice, &options).unwrap_err();
        assert!(matches!(&error, DataError::MnistDir { source, .. }
            if matches!(**source, DataError::Missing { .. })));
        let text = error.to_string();
        assert!(text.contains(LABELS) && text.contains("unset MNIST_DIR"), "{text}");
    }
    let drawn = load(DatasetChoice::Digits, &options).unwrap();
    assert_eq!(drawn.source, Source::Digits { seed: 1 });
    assert_eq!(drawn.notice, None, "asked for, so nothing to explain");
}

#[test]
fn offline_without_a_cache_draws_digits_or_says_why_not() {
    let tiny = Tiny::new();
    let cache = TempDir::new().unwrap();
    let options = tiny.options(cache.path());
    let error = load(DatasetChoice::Mnist, &options).unwrap_err();
    assert!(
        matches!(&error, DataError::NotAvailable { reason }
            if matches!(**reason, DataError::Offline { .. })),
        "{error}"
    );
    assert!(error.to_string().contains("CONVAPPROX_OFFLINE"), "{error}");
    let dataset = load(DatasetChoice::Auto, &options).unwrap();
    assert_eq!(dataset.source.name(), "digits");
    assert_eq!((dataset.train.len(), dataset.test.len()), (20, 10));
    let notice = dataset.notice.expect("a notice");
    let expected =
        "MNIST is not here (CONVAPPROX_OFFLINE forbids to download it): digits are drawn";
    assert!(notice.contains(expected) && !notice.contains('\n'), "{notice}");

    tiny.write_gz(cache.path());
    let dataset = load(DatasetChoice::Auto, &options).unwrap();
    assert_eq!(dataset.source, Source::Mnist { folder: cache.path().into() });
}

/// The environment of a test process cannot be changed safely, so this test runs itself again.
#[test]
fn the_environment_is_obeyed() {
    if std::env::var_os("CONVAPPROX_TEST_CHILD").is_some() {
        let options = LoadOptions::from_env();
        assert_eq!(options.mnist_dir.as_deref(), Some(Path::new("/some/folder")));
        assert!(!options.allow_download);
        return;
    }
    let child = |offline: &str, folder: &str| {
        std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_environment_is_obeyed"])
            .env("CONVAPPROX_TEST_CHILD", "1")
            .env("CONVAPPROX_OFFLINE", offline)
            .env("MNIST_DIR", folder)
            .output()
            .unwrap()
            .status
            .success()
    };
    assert!(child("1", "/some/folder"));
    assert!(!child("0", "/some/folder"), "0 does not forbid downloads");
    assert!(!child("1", ""), "an empty MNIST_DIR is none");
}

/// The first hundred digits of seed 1. The rendering uses nothing but exactly rounded arithmetic,
/// so this holds on every platform; it changes only when the digits are redrawn on purpose.
const FIRST_HUNDRED: &str = "add32a480f09a833d8c31abda5be486a81105e9705a653f053822e21b56a9e12";

#[test]
fn the_bytes_are_pinned() {
    let drawn = digits::draw(1, digits::TRAIN, 100);
    assert_eq!(digest(&[&drawn]), FIRST_HUNDRED);
}

#[test]
fn a_digit_depends_on_its_seed_and_index_only() {
    let long = digits::draw(3, digits::TRAIN, 50);
    assert_eq!(digits::draw(3, digits::TRAIN, 20), long[..20]);
    assert_eq!(digits::digit(3, 37), long[37]);
    assert_ne!(digits::digit(4, 37), long[37]);
    assert_ne!(digits::draw(3, digits::TEST, 50), long);
}

#[test]
fn labels_are_balanced_and_no_two_digits_are_alike() {
    let drawn = digits::draw(1, digits::TRAIN, 1000);
    for label in 0..10 {
        assert_eq!(drawn.iter().filter(|image| image.label == label).count(), 100);
    }
    let pixels: std::collections::BTreeSet<_> = drawn.iter().map(|it| it.pixels).collect();
    assert_eq!(pixels.len(), 1000);
}

#[test]
fn sparsity_is_that_of_mnist() {
    for seed in [1, 2, 99] {
        let stats = ZeroPixelStats::of(&digits::draw(seed, digits::TEST, 5000)).unwrap();
        assert!((stats.zero_percentage - 80.86).abs() < 1.0, "{stats:?}");
        assert!((stats.standard_deviation - 41.46).abs() < 6.0, "{stats:?}");
        assert!((stats.intensity_mean - 0.1309).abs() < 0.01, "{stats:?}");
        assert!((stats.intensity_standard_deviation - 0.3084).abs() < 0.015, "{stats:?}");
    }
}

/// A 0 has more ink than a 1, as in MNIST: the labels go with the shapes.
#[test]
fn ink_of_each_digit_is_near_that_of_mnist() {
    // Pixels that are not zero, on average over MNIST's 70,000.
    let mnist = [191.8, 85.9, 168.8, 163.5, 141.9, 152.7, 157.7, 131.4, 173.6, 143.3];
    let drawn = digits::draw(1, digits::TRAIN, 5000);
    for (label, expected) in mnist.iter().enumerate() {
        let of_label = drawn.iter().filter(|image| image.label as usize == label);
        let ink = 784.0 - ZeroPixelStats::of(of_label).unwrap().average;
        assert!((ink / expected - 1.0).abs() < 0.1, "{label}: {ink} against {expected}");
    }
}

#[test]
fn digits_fill_the_box_and_are_centred_as_mnist_is() {
    for image in digits::draw(1, digits::TRAIN, 500) {
        let at = |axis: fn(usize) -> usize| {
            let inked = image.pixels.iter().enumerate().filter(|(_, value)| **value > 0);
            let (mut low, mut high, mut mass, mut moment) = (SIDE, 0, 0.0, 0.0);
            for (index, &value) in inked {
                let place = axis(index);
                (low, high) = (low.min(place), high.max(place));
                mass += value as f64;
                moment += value as f64 * place as f64;
            }
            (high - low + 1, moment / mass)
        };
        let ((width, x), (height, y)) = (at(|index| index % SIDE), at(|index| index / SIDE));
        assert_eq!(width.max(height), 20, "label {}", image.label);
        assert!((x - 14.0).abs() <= 0.5 && (y - 14.0).abs() <= 0.5, "{x} {y}");
        assert!(*image.pixels.iter().max().unwrap() > 200, "a visible stroke");
    }
}
