// SPDX-License-Identifier: MIT OR Apache-2.0
//! Files in MNIST's format: every spelling is read, every fault has its own error.

use std::fs;
use std::path::Path;

use study::data::{DataError, DatasetChoice, LoadOptions, Source, Split, load};
use tempfile::TempDir;

use crate::tiny::{Tiny, gzip, md5};

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

/// Reads one file of the tiny data set after `change`, with the digest of the changed content, so
/// that it is not the digest that gives the fault away.
fn fault(name: &str, change: impl FnOnce(&mut Vec<u8>)) -> DataError {
    let tiny = Tiny::new();
    let index = tiny.files.iter().position(|file| file.name == name).unwrap();
    let (mut file, mut raw) = (tiny.files[index], tiny.raw[index].clone());
    change(&mut raw);
    file.md5 = md5(&raw).leak();
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(format!("{name}.gz")), gzip(&raw)).unwrap();
    let error = file.read(folder.path()).unwrap_err();
    assert!(error.to_string().contains(&format!("{name}.gz")), "names the file: {error}");
    error
}

#[test]
fn each_malformation_has_its_own_error() {
    use DataError::*;
    let whole = 16 + 20 * 784;
    let error = fault(IMAGES, |raw| raw[3] = 1);
    assert!(matches!(error, WrongMagic { found: 0x801, expected: 0x803, .. }), "{error}");
    assert!(error.to_string().contains("starts with 0x00000801, not 0x00000803"), "{error}");
    let error = fault(IMAGES, |raw| raw.truncate(whole - 1));
    assert!(
        matches!(error, ShortFile { expected, found, .. } if (expected, found) == (whole, whole - 1))
    );
    let error = fault(IMAGES, |raw| raw.truncate(10));
    assert!(matches!(error, ShortFile { found: 10, .. }), "cut in the header: {error}");
    let error = fault(LABELS, |raw| raw.clear());
    assert!(matches!(error, ShortFile { expected: 28, found: 0, .. }), "empty: {error}");
    let error = fault(IMAGES, |raw| raw.push(0));
    assert!(matches!(error, TrailingBytes { expected, .. } if expected == whole), "{error}");
    let error = fault(LABELS, |raw| raw[7] = 21);
    assert!(matches!(error, WrongCount { expected: 20, found: 21, .. }), "{error}");
    let error = fault(IMAGES, |raw| raw[4..8].fill(0xff));
    assert!(matches!(error, WrongCount { found: 0xffff_ffff, .. }), "a huge count: {error}");
    let error = fault(IMAGES, |raw| raw[11] = 32);
    assert!(matches!(error, WrongDimensions { rows: 32, columns: 28, .. }), "{error}");
    let error = fault(LABELS, |raw| raw[8 + 7] = 10);
    assert!(matches!(error, WrongLabel { index: 7, found: 10, .. }), "{error}");
}

#[test]
fn changed_content_fails_its_digest() {
    let tiny = Tiny::new();
    let folder = TempDir::new().unwrap();
    let mut raw = tiny.raw[0].clone();
    raw[5000] ^= 1;
    fs::write(folder.path().join(IMAGES), &raw).unwrap();
    let error = tiny.files[0].read(folder.path()).unwrap_err();
    assert!(
        matches!(&error, DataError::BadDigest { expected, found, .. }
            if expected == tiny.files[0].md5 && *found == md5(&raw)),
        "{error}"
    );
}

#[test]
fn damaged_and_unreadable_files() {
    let tiny = Tiny::new();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(format!("{IMAGES}.gz"));
    let whole = gzip(&tiny.raw[0]);
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let error = tiny.files[0].read(folder.path()).unwrap_err();
    assert!(matches!(error, DataError::Gzip { .. }), "cut off: {error}");
    fs::write(&path, [&whole[..2], &[0xff; 40]].concat()).unwrap();
    let error = tiny.files[0].read(folder.path()).unwrap_err();
    assert!(matches!(error, DataError::Gzip { .. }), "garbage: {error}");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
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
    assert!(
        notice.contains("MNIST is not available") && notice.contains("draws digits"),
        "{notice}"
    );

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
            .args(["--exact", "idx::the_environment_is_obeyed"])
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
