// SPDX-License-Identifier: MIT OR Apache-2.0
//! Damaged files of every format that users give: nothing panics, takes long, or passes for what it
//! is not.

use std::fs;
use std::io::{Cursor, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use image::{DynamicImage, GrayImage, ImageFormat};
use md5::{Digest, Md5};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use study::data::{digits, mnist, pictures};
use study::experiment::lenet::OperatingPoint;
use study::experiment::windows::from_file;
use study::tables;

const MUTANTS: u64 = 500;

/// Far more than any of them takes.
const LIMIT: Duration = Duration::from_secs(10);

/// What numbers are replaced with in text.
const NUMBERS: [&str; 10] = [
    "1e308",
    "-1e308",
    "NaN",
    "-1",
    "0",
    "65536",
    "4294967296",
    "18446744073709551615",
    "99999999999999999999",
    "1e-320",
];

/// A file with one to four changes; the same one for the same seed.
fn mutant(seed: u64, original: &[u8]) -> Vec<u8> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut bytes = original.to_vec();
    for _ in 0..random.random_range(1..=4) {
        let length = bytes.len();
        let at = random.random_range(0..=length);
        let end = length.min(at + random.random_range(1..=length.max(2)) / 2);
        match random.random_range(0..8) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let piece = bytes[at..end].to_vec();
                let to = random.random_range(0..=length);
                bytes.splice(to..to, piece);
            }
            3 => bytes.insert(at, random.random()),
            4 => {
                // The first number from here on.
                let is_digit = |byte: &u8| byte.is_ascii_digit();
                let Some(start) = bytes[at..].iter().position(is_digit) else { continue };
                let start = at + start;
                let digits = bytes[start..].iter().take_while(|byte| is_digit(byte)).count();
                let number = NUMBERS.choose(&mut random).expect("some");
                bytes.splice(start..start + digits, number.bytes());
            }
            5 if length > 0 => {
                bytes[at.min(length - 1)] =
                    *[0, 1, 0x7f, 0x80, 0xff].choose(&mut random).expect("some")
            }
            _ if length > 0 => bytes[at.min(length - 1)] ^= 1 << random.random_range(0..8),
            _ => {}
        }
        bytes.truncate(1 << 20);
    }
    bytes
}

/// Reads mutants of a file under `name`; `read` may accept or refuse, and tells which.
fn survive(name: &str, original: &[u8], read: impl Fn(&Path, &[u8]) -> Result<(), String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, original).unwrap();
    read(&path, original).unwrap_or_else(|error| panic!("{name}, as it should be: {error}"));
    let mut refused = 0;
    for seed in 0..MUTANTS {
        let bytes = mutant(seed, original);
        fs::write(&path, &bytes).unwrap();
        let begin = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| read(&path, &bytes)));
        let result = result.unwrap_or_else(|_| panic!("mutant {seed} of {name} panics"));
        assert!(begin.elapsed() < LIMIT, "mutant {seed} of {name} takes {:?}", begin.elapsed());
        if let Err(error) = result {
            assert!(
                error.contains(name) || error.contains("operating point"),
                "mutant {seed}: {error}"
            );
            refused += 1;
        }
    }
    println!("{name}: {refused} of {MUTANTS} refused");
    assert!(refused > 0, "{name}: every mutant is accepted");
}

fn told<T>(result: Result<T, impl std::error::Error>) -> Result<(), String> {
    result.map(drop).map_err(|error| error.to_string())
}

/// Files with a digest are refused unless they are what they were.
#[test]
fn mnist_files() {
    let labels: Vec<u8> = (0..200_u8).map(|index| index % 10).collect();
    let raw = [&[0, 0, 8, 1, 0, 0, 0, 200][..], &labels].concat();
    let digest: String = Md5::digest(&raw).iter().map(|byte| format!("{byte:02x}")).collect();
    let file = mnist::IdxFile { count: 200, md5: digest.leak(), ..mnist::FILES[1] };
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&raw).unwrap();
    for (name, original) in [("labels", raw), ("labels.gz", gzip.finish().unwrap())] {
        survive(name, &original, |path, _| {
            let items = file.read_path(path).map_err(|error| error.to_string())?;
            assert_eq!(items, labels, "{name}: other items pass");
            Ok(())
        });
    }
}

#[test]
fn pictures_of_digits() {
    let small = GrayImage::from_raw(28, 28, digits::digit(3, 4).pixels.to_vec()).unwrap();
    let picture = DynamicImage::from(small).into_rgb8();
    use ImageFormat::{Bmp, Gif, Jpeg, Png, WebP};
    for format in [Bmp, Gif, Jpeg, Png, WebP] {
        let mut original = Cursor::new(Vec::new());
        picture.write_to(&mut original, format).unwrap();
        let name = format!("digit.{}", format.extensions_str()[0]);
        survive(&name, &original.into_inner(), |path, _| told(pictures::import(path, 0)));
    }
}

#[test]
fn operating_points_and_filters() {
    let point = br#"{"network": "lenet5_relu.json", "weights": "lenet5_relu.safetensors",
        "technique": "layer-thresholds", "layers": {
        "C1": {"threshold": 1, "log_frac": 0, "smax_scope": "window"},
        "C3": {"threshold": 20, "log_frac": 3, "smax_scope": "running"}}}"#;
    let layers = ["C1".to_owned(), "C3".to_owned()];
    survive("point.json", point, |path, _| {
        let point = OperatingPoint::read(path).map_err(|error| error.to_string())?;
        told(point.configuration("point.json", &layers))
    });
    let filters = b"# two\n[edge]\n1 0 -1\n2 0 -2\n1 0 -1\n\n[ b c ]\n7 8\n9 -2147483648\n";
    survive("filters.txt", filters, |path, _| told(from_file(path)));
}

/// The first lines of all reference results.
fn results() -> Vec<(String, Vec<u8>)> {
    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { files(&path, found) } else { found.push(path) }
        }
    }
    let mut paths = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reports"), &mut paths);
    paths.sort();
    let table = |path: PathBuf| {
        let table = tables::find(&path)?;
        let text = fs::read_to_string(&path).ok()?;
        let lines: Vec<&str> = text.lines().take(6).collect();
        Some((table.file.to_owned(), (lines.join("\n") + "\n").into_bytes()))
    };
    let mut tables: Vec<_> = paths.into_iter().filter_map(table).collect();
    tables.dedup_by(|a, b| a.0 == b.0);
    tables
}

#[test]
fn tables_that_are_drawn() {
    let tables = results();
    assert!(tables.len() > 10, "{}", tables.len());
    let each = MUTANTS.div_ceil(tables.len() as u64);
    for (name, original) in tables {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(&name);
        for seed in 0..each {
            fs::write(&path, mutant(seed, &original)).unwrap();
            let begin = Instant::now();
            let plots = catch_unwind(AssertUnwindSafe(|| tables::plot(folder.path())));
            let plots = plots.unwrap_or_else(|_| panic!("mutant {seed} of {name} panics"));
            assert!(begin.elapsed() < LIMIT, "mutant {seed} of {name}: {:?}", begin.elapsed());
            if let Err(error) = plots {
                assert!(error.to_string().contains(&name), "mutant {seed} of {name}: {error}");
            }
        }
    }
}
