// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every file that is read from outside, mutated: no reader panics, hangs, or takes memory without
//! bound, and what is accepted means what the file says, as an independent check reads it.
//!
//! `cargo test --test mutants -- --nocapture` prints the table of `docs/results.md`.
//! `CONVAPPROX_MUTANTS` says how many there are of each format, `CONVAPPROX_SEED` which ones.

use std::any::Any;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use convapprox::bench::case::{Flip, Operands, ProgramCase, WindowCase};
use convapprox::bench::unit::{Tile, WindowRun};
use convapprox::firmware::find;
use convapprox::hw::{PAPER_UNIT, SOC};
use flate2::{Compression, Crc, write::GzEncoder};
use image::ImageFormat;
use model::conv::{Mode, SmaxScope, Threshold};
use model::elf::Executable;
use model::engine::{EngineFactory, Findings, Golden, Place};
use model::nn::{FloatNetwork, Network, Weights};
use peak_alloc::PeakAlloc;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use safetensors::{Dtype, tensor::TensorView};
use serde_json::{Value, json};
use silicon::liberty::{Direction, Library};
use silicon::netlist::{Net, Netlist};
use study::Error;
use study::data::mnist::{IdxFile, IdxKind};
use study::data::{Dataset, Source, Split, digits, pictures};
use study::experiment::lenet::OperatingPoint;
use study::experiment::windows::from_file;
use study::results::{Earlier, ProgramFacts, ResultFolder};
use study::run::{Engines, Experiment, Outcomes, Run, run};
use study::tables::{self, LenetRow};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The most that a reader may have allocated at once, in bytes; of pictures, which are a few bytes
/// that say how large they are, what the reader promises.
fn most_memory(format: &Format) -> usize {
    if format.file.starts_with("digit.") { 3 * pictures::MAX_DECODED as usize } else { 64 << 20 }
}
/// The longest that a reader may take on a busy machine.
const MOST_TIME: Duration = Duration::from_secs(20);

/// What a reader made of a file: nothing, or what an independent check says of it.
type Verdict = Option<Result<(), String>>;

struct Format {
    name: &'static str,
    /// Where a file of it is, below a folder.
    file: &'static str,
    originals: Vec<Vec<u8>>,
    mutate: fn(&mut ChaCha8Rng, &[u8]) -> Vec<u8>,
    read: fn(&Path, &[u8]) -> Verdict,
}

#[test]
fn no_mutant_harms_or_passes_for_what_it_is_not() {
    let number = |name: &str, default| match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number")),
        Err(_) => default,
    };
    let (count, seed) = (number("CONVAPPROX_MUTANTS", 500), number("CONVAPPROX_SEED", 20_261));
    println!("| format | mutants | refused | accepted | peak | longest |");
    println!("|---|---:|---:|---:|---:|---:|");
    let failures: Vec<String> =
        formats().into_iter().flat_map(|it| it.try_all(count, seed)).collect();
    assert!(failures.is_empty(), "{} fail:\n{}", failures.len(), failures.join("\n"));
}

impl Format {
    fn mutant(&self, seed: u64, number: u64) -> Vec<u8> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(number);
        let original = self.originals.choose(&mut rng).unwrap();
        (self.mutate)(&mut rng, original)
    }

    /// Feeds so many mutants to the reader, prints a row of the table, and says what is wrong.
    fn try_all(self, count: u64, seed: u64) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for original in &self.originals {
            let path = folder.path().join(self.file);
            fs::write(&path, original).unwrap();
            assert_eq!((self.read)(&path, original), Some(Ok(())), "{}: an original", self.name);
        }
        let most_memory = most_memory(&self);
        let (send, receive) = channel();
        let format = Arc::new(self);
        let fed = format.clone();
        // A thread of its own, which is left alone if it hangs.
        std::thread::spawn(move || {
            let path = folder.path().join(fed.file);
            for number in 0..count {
                let mutant = fed.mutant(seed, number);
                fs::write(&path, &mutant).unwrap();
                MEMORY.reset_peak_usage();
                let (before, begin) = (MEMORY.current_usage(), Instant::now());
                let verdict = catch_unwind(AssertUnwindSafe(|| (fed.read)(&path, &mutant)));
                let (time, peak) = (begin.elapsed(), MEMORY.peak_usage().saturating_sub(before));
                if send.send((verdict.map_err(|panic| said(&*panic)), peak, time)).is_err() {
                    return;
                }
            }
        });
        let (mut refused, mut accepted, mut most, mut longest) = (0, 0, 0, Duration::ZERO);
        let (name, mut failures) = (format.name, Vec::new());
        for number in 0..count {
            let mut failed = |what: String| {
                let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants");
                let path = kept.join(format!("{}-{number}", name.replace(' ', "-")));
                fs::create_dir_all(&kept).unwrap();
                fs::write(&path, format.mutant(seed, number)).unwrap();
                failures.push(format!("{name} {number}: {what}: {}", path.display()));
            };
            let Ok((verdict, peak, time)) = receive.recv_timeout(MOST_TIME) else {
                failed(format!("no end after {MOST_TIME:?}"));
                break;
            };
            (most, longest) = (most.max(peak), longest.max(time));
            if peak > most_memory {
                failed(format!("{} MiB allocated", peak >> 20));
            }
            match verdict {
                Ok(None) => refused += 1,
                Ok(Some(Ok(()))) => accepted += 1,
                Ok(Some(Err(wrong))) => failed(format!("accepted, but {wrong}")),
                Err(panic) => failed(format!("panics: {panic}")),
            }
        }
        let (kib, ms) = (most.div_ceil(1 << 10), longest.as_millis());
        println!("| {name} | {count} | {refused} | {accepted} | {kib} KiB | {ms} ms |");
        failures
    }
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|it| (*it).to_owned());
    text.or_else(|| panic.downcast_ref().cloned()).unwrap_or_default()
}

/// One to three changes of the bytes.
fn mutate_bytes(rng: &mut ChaCha8Rng, original: &[u8]) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..rng.random_range(1..4) {
        change_bytes(rng, &mut bytes);
    }
    bytes
}

fn change_bytes(rng: &mut ChaCha8Rng, bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        bytes.push(rng.random());
    }
    // Headers are short, and at the beginning.
    let most = if rng.random() { bytes.len() } else { bytes.len().min(96) };
    let at = rng.random_range(0..most);
    let length = rng.random_range(0..=(bytes.len() - at).min(64));
    match rng.random_range(0..8) {
        0 | 1 => bytes[at] ^= 1 << rng.random_range(0..8),
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(at..at + length)),
        4 => {
            let copy = bytes[at..at + length].to_vec();
            let to = rng.random_range(0..=bytes.len());
            bytes.splice(to..to, copy);
        }
        5 => {
            let end = bytes.len();
            bytes.resize(end + rng.random_range(1..5000), rng.random());
        }
        // A number of 1 to 8 bytes in either order.
        _ => {
            let extremes = [0, 1, 0x7f, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, u64::MAX];
            let number = *extremes.choose(rng).unwrap();
            let width = *[1, 2, 4, 8].choose(rng).unwrap();
            let number = match rng.random() {
                true => number.to_le_bytes()[..width].to_vec(),
                false => number.to_be_bytes()[8 - width..].to_vec(),
            };
            bytes.iter_mut().skip(at / width * width).zip(number).for_each(|(to, it)| *to = it);
        }
    }
}

/// One to three changes of a text: of its lines, its words and its numbers, or of its bytes.
fn mutate_text(rng: &mut ChaCha8Rng, original: &[u8]) -> Vec<u8> {
    let mut text = String::from_utf8(original.to_vec()).unwrap();
    for _ in 0..rng.random_range(1..4) {
        match rng.random_range(0..8) {
            0..3 => change_lines(rng, &mut text),
            3..7 => change_word(rng, &mut text),
            _ => {
                let mut bytes = text.into_bytes();
                change_bytes(rng, &mut bytes);
                match String::from_utf8(bytes) {
                    Ok(changed) => text = changed,
                    Err(error) => return error.into_bytes(),
                }
            }
        }
    }
    text.into_bytes()
}

fn change_lines(rng: &mut ChaCha8Rng, text: &mut String) {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    if lines.is_empty() {
        return;
    }
    let [a, b] = [(); 2].map(|()| rng.random_range(0..lines.len()));
    match rng.random_range(0..3) {
        0 => drop(lines.remove(a)),
        1 => lines.insert(b, lines[a]),
        _ => lines.swap(a, b),
    }
    *text = lines.concat();
}

/// Replaces, removes, doubles or misspells a word or a number.
fn change_word(rng: &mut ChaCha8Rng, text: &mut String) {
    #[rustfmt::skip]
    const NUMBERS: [&str; 14] = [
        "0", "-1", "1", "255", "256", "65536", "2147483648", "4294967296", "18446744073709551616",
        "1e308", "1e999", "-0.0", "NaN", "null",
    ];
    let is_word = |c: char| c.is_alphanumeric() || "_-.+".contains(c);
    let mut words = Vec::new();
    let mut begin = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match begin {
            None if is_word(c) => begin = Some(at),
            Some(from) if !is_word(c) => {
                words.push(from..at);
                begin = None;
            }
            _ => {}
        }
    }
    let Some(word) = words.choose(rng).cloned() else { return };
    let old = text[word.clone()].to_owned();
    let new = match rng.random_range(0..6) {
        0..3 => (*NUMBERS.choose(rng).unwrap()).to_owned(),
        3 => String::new(),
        4 => old.repeat(2),
        _ => old.chars().skip(1).collect(),
    };
    text.replace_range(word, &new);
}

/// Changes that a checksum would notice get one that fits, every other time.
fn mutate_png(rng: &mut ChaCha8Rng, original: &[u8]) -> Vec<u8> {
    if rng.random() {
        return mutate_bytes(rng, original);
    }
    // Signature, then chunks: length, name, data, checksum of name and data.
    let (mut png, mut rest) = (original[..8].to_vec(), &original[8..]);
    while let [a, b, c, d, ..] = *rest {
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let mut chunk = rest[4..8 + length].to_vec();
        if rng.random_ratio(1, 3) {
            change_bytes(rng, &mut chunk);
        }
        rest = &rest[12 + length..];
        for _ in 0..*[1, 1, 1, 1, 0, 2].choose(rng).unwrap() {
            let mut sum = Crc::new();
            sum.update(&chunk);
            png.extend((chunk.len().saturating_sub(4) as u32).to_be_bytes());
            png.extend(&chunk);
            png.extend(sum.sum().to_be_bytes());
        }
    }
    png
}

/// Key and value pairs in the text of a JSON file, whether a key comes twice or not.
fn pairs_in_text(text: &str) -> usize {
    let (mut count, mut inside, mut escaped) = (0, false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' => inside = !inside,
            ':' if !inside => count += 1,
            _ => {}
        }
    }
    count
}

fn pairs(value: &Value) -> usize {
    match value {
        Value::Object(map) => map.len() + map.values().map(pairs).sum::<usize>(),
        Value::Array(items) => items.iter().map(pairs).sum(),
        _ => 0,
    }
}

/// Where a file says something else than what was read of it, or more.
fn difference(file: &Value, read: &Value, at: &str) -> Option<String> {
    match (file, read) {
        (Value::Object(file), Value::Object(read)) => file.iter().find_map(|(key, value)| {
            let at = format!("{at}.{key}");
            match read.get(key) {
                Some(read) => difference(value, read, &at),
                None if value.is_null() => None,
                None => Some(format!("{at} is passed over")),
            }
        }),
        (Value::Array(file), Value::Array(read)) if file.len() == read.len() => {
            file.iter().zip(read).find_map(|(file, read)| difference(file, read, at))
        }
        (Value::Number(file), Value::Number(read)) if file.as_f64() == read.as_f64() => None,
        (file, read) if file == read => None,
        (file, read) => Some(format!("{at} is {file} and was read as {read}")),
    }
}

/// A JSON file means what was read of it: nothing is passed over, and nothing is said twice.
fn means(mutant: &[u8], read: &impl serde::Serialize) -> Result<(), String> {
    let text = str::from_utf8(mutant).map_err(|_| "it is no text".to_owned())?;
    let file: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if pairs_in_text(text) != pairs(&file) {
        return Err("a key comes twice".to_owned());
    }
    difference(&file, &json!(read), "").map_or(Ok(()), Err)
}

fn check(good: bool, wrong: &str) -> Result<(), String> {
    if good { Ok(()) } else { Err(wrong.to_owned()) }
}

/// 300 labels and three images as an IDX file has them.
const LABELS: IdxFile = IdxFile {
    name: "t10k-labels-idx1-ubyte",
    kind: IdxKind::Labels,
    count: 300,
    md5: "a58f6a1ef82c18e42a78d53d38ba39bf",
};
const IMAGES: IdxFile = IdxFile {
    name: "t10k-images-idx3-ubyte",
    kind: IdxKind::Images,
    count: 3,
    md5: "6e87265c7652ed300693bf0cde44510c",
};

fn idx(file: &IdxFile) -> Vec<u8> {
    let (magic, size) = match file.kind {
        IdxKind::Labels => (0x0801_u32, 8 + file.count),
        IdxKind::Images => (0x0803, 16 + 28 * 28 * file.count),
    };
    let mut bytes = [magic.to_be_bytes(), (file.count as u32).to_be_bytes()].concat();
    if file.kind == IdxKind::Images {
        bytes.extend([0, 0, 0, 28, 0, 0, 0, 28]);
    }
    bytes.extend((bytes.len()..size).map(|at| (at * at % 10) as u8));
    bytes
}

/// The content has a digest: what is accepted is the original.
fn read_idx(path: &Path, _: &[u8]) -> Verdict {
    let is_good = |file: &IdxFile| {
        let items = file.read_path(path).ok()?;
        Some(check(idx(file).ends_with(&items), "the items are others"))
    };
    is_good(&LABELS).or_else(|| is_good(&IMAGES))
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn picture_file(format: ImageFormat) -> Vec<u8> {
    let digit = digits::digit(7, 3);
    let mut bytes = std::io::Cursor::new(Vec::new());
    let image = image::GrayImage::from_raw(28, 28, digit.pixels.to_vec()).unwrap();
    let rgb = image::DynamicImage::from(image.clone()).into_rgb8();
    let written = match format {
        ImageFormat::Png => image.write_to(&mut bytes, format),
        // GIF and WebP are written in colour alone.
        _ => rgb.write_to(&mut bytes, format),
    };
    written.unwrap();
    bytes.into_inner()
}

/// What another decoding of the file's pixels gives, where there is a picture.
fn read_picture(path: &Path, mutant: &[u8]) -> Verdict {
    let read = pictures::import(path, 3).ok()?;
    let again = path.with_file_name("again.png");
    let picture = match image::load_from_memory(mutant) {
        Ok(picture) => picture,
        Err(error) => return Some(Err(format!("it has no picture: {error}"))),
    };
    picture.save(&again).unwrap();
    let same = pictures::import(&again, 3).is_ok_and(|it| it.image == read.image);
    Some(check(same, "its pixels are others"))
}

fn read_network(path: &Path, mutant: &[u8]) -> Verdict {
    let network = Network::read(path).ok()?;
    let weights = Weights::read(Path::new("testvectors/weights/lenet5_relu.safetensors")).unwrap();
    let _ = FloatNetwork::new(&network, &weights);
    Some(means(mutant, &network))
}

fn read_point(path: &Path, mutant: &[u8]) -> Verdict {
    let point = OperatingPoint::read(path).ok()?;
    let layers: Vec<String> = point.layers.keys().cloned().collect();
    if point.configuration("point", &layers).is_err() {
        return None;
    }
    Some(means(mutant, &point))
}

fn safetensors_file() -> Vec<u8> {
    let bytes: Vec<u8> = (0..96_u8).collect();
    let view = |shape: &[usize], from: usize, to: usize| {
        TensorView::new(Dtype::F32, shape.to_vec(), &bytes[from..to]).unwrap()
    };
    let tensors = [
        ("a.weight", view(&[2, 1, 3, 3], 0, 72)),
        ("a.bias", view(&[2], 72, 80)),
        ("out.bias", view(&[1, 4], 80, 96)),
    ];
    safetensors::serialize(tensors, None).unwrap()
}

/// The length of a header, a header in JSON, and the values without gaps.
fn read_safetensors(path: &Path, mutant: &[u8]) -> Verdict {
    let weights = Weights::read(path).ok()?;
    let independent = || {
        let length = u64::from_le_bytes(mutant[..8].try_into().unwrap()) as usize;
        let (header, data) = mutant[8..].split_at(length);
        let header = str::from_utf8(header).map_err(|error| error.to_string())?;
        let value: Value = serde_json::from_str(header).map_err(|error| error.to_string())?;
        check(pairs_in_text(header) == pairs(&value), "a key comes twice")?;
        let mut tensors = value.as_object().ok_or("no object")?.clone();
        tensors.remove("__metadata__");
        check(tensors.len() == weights.tensors().len(), "tensors are passed over")?;
        let mut total = 0;
        for (name, tensor) in weights.tensors() {
            let row = tensors.get(name).ok_or("another tensor")?;
            check(row["shape"] == json!(tensor.shape) && row["dtype"] == "F32", "another shape")?;
            check(row.as_object().is_some_and(|it| it.len() == 3), "keys are passed over")?;
            let place = |index: usize| row["data_offsets"][index].as_u64().unwrap_or(0) as usize;
            let bytes: Vec<u8> = tensor.data.iter().flat_map(|it| it.to_le_bytes()).collect();
            check(data.get(place(0)..place(1)) == Some(&bytes), "other values")?;
            check(tensor.shape.iter().product::<usize>() * 4 == bytes.len(), "another size")?;
            total += bytes.len();
        }
        check(total == data.len(), "bytes are passed over")
    };
    Some(independent())
}

/// Segments by the ELF specification: within the file, not smaller in memory, one beside the other.
fn read_elf(_: &Path, mutant: &[u8]) -> Verdict {
    let executable = Executable::parse(mutant, SOC.ram_bytes).ok()?;
    let word = |at: usize| u32::from_le_bytes(mutant[at..at + 4].try_into().unwrap());
    let half = |at: usize| usize::from(u16::from_le_bytes(mutant[at..at + 2].try_into().unwrap()));
    let independent = || {
        check(mutant[..6] == *b"\x7fELF\x01\x01" && half(18) == 243, "it is for no such machine")?;
        let mut read = executable.segments.iter();
        let mut taken: Vec<(u32, u32)> = Vec::new();
        for index in 0..half(44) {
            let at = word(28) as usize + index * half(42);
            let [kind, offset, _, addr, in_file, in_memory] =
                [0, 4, 8, 12, 16, 20].map(|field| word(at + field));
            if kind != 1 || in_memory == 0 {
                continue;
            }
            let segment = read.next().ok_or("a segment is passed over")?;
            check(in_file <= in_memory, "a segment is smaller in memory than in the file")?;
            let (file, zeros) = segment.bytes.split_at(in_file as usize);
            let there = &mutant[offset as usize..][..in_file as usize];
            let good = segment.addr == addr && segment.bytes.len() == in_memory as usize;
            check(
                good && file == there && zeros.iter().all(|&it| it == 0),
                "a segment is another",
            )?;
            let overlaps = |&(from, to): &(u32, u32)| addr < to && from < addr + in_memory;
            check(!taken.iter().any(overlaps), "segments overlap")?;
            taken.push((addr, addr + in_memory));
        }
        check(read.next().is_none(), "there is one segment more")
    };
    Some(independent())
}

fn read_window_case(path: &Path, mutant: &[u8]) -> Verdict {
    let case = WindowCase::read(path.parent().unwrap()).ok()?;
    let carry =
        |it: &WindowRun| it.carry.iter().flatten().all(|&score| score < 64 << case.unit.log_frac);
    if let Err(error) = case.expected() {
        return Some(Err(error.to_string()));
    }
    let fits = case.fetched_by.iter().chain([&case.window]).all(|it| carry(&it.run));
    Some(means(mutant, &case).and(check(fits, "a carry has no such number of bits")))
}

fn read_program_case(path: &Path, mutant: &[u8]) -> Verdict {
    let case = ProgramCase::read(path.parent().unwrap()).ok()?;
    Some(means(mutant, &case).and(check(case.wait_states < 16, "too many wait states")))
}

/// The names in brackets and the numbers, in the order of the file.
fn read_filters(path: &Path, mutant: &[u8]) -> Verdict {
    let filters = from_file(path).ok()?;
    let text = String::from_utf8_lossy(mutant);
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or("").trim());
    let words = lines.flat_map(|line| {
        let name = line.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        match name {
            Some(name) => vec![name.trim().to_owned()],
            None => line.split_whitespace().map(str::to_owned).collect(),
        }
    });
    let read = filters.iter().flat_map(|it| {
        let weights = it.kernel.weights().iter().map(ToString::to_string);
        [it.name.clone()].into_iter().chain(weights)
    });
    let numbers = |word: String| word.parse::<i64>().map_or(word, |it| it.to_string());
    Some(check(words.map(numbers).eq(read.map(numbers)), "its words are others"))
}

/// The fields are those of the file, as text or as numbers, and the figures have finite ones.
fn read_csv(path: &Path, mutant: &[u8]) -> Verdict {
    let rows: Vec<LenetRow> = study::table::read(path).ok()?;
    let plots = tables::plot(path.parent().unwrap());
    let independent = || {
        let written = study::table::lines(&rows).map_err(|error| error.to_string())?;
        let records = |bytes: &[u8], header| {
            let mut reader = csv::ReaderBuilder::new().has_headers(header).from_reader(bytes);
            reader.records().map(Result::unwrap).collect::<Vec<_>>()
        };
        let (file, read) = (records(mutant, true), records(written.as_bytes(), false));
        check(file.len() == read.len(), "rows are passed over")?;
        for (file, read) in file.iter().zip(&read) {
            check(file.len() == read.len(), "fields are passed over")?;
            for (file, read) in file.iter().zip(read) {
                let number = |text: &str| text.parse::<f64>().ok();
                // Columns have four digits.
                let near = |(a, b): (f64, f64)| (a - b).abs() <= 1e-4 + 1e-3 * a.abs();
                let near = number(file).zip(number(read)).is_some_and(near);
                check(file == read || near, &format!("{file:?} was read as {read:?}"))?;
            }
        }
        let figures = plots.map(|it| it.figures).unwrap_or_default();
        // In the tags; names in texts may be anything.
        let bad = |svg: &str| {
            let tags = svg.split('<').filter_map(|it| it.split('>').next());
            let mut words = tags.flat_map(|it| it.split(|c: char| !c.is_alphanumeric()));
            words.any(|it| it == "NaN" || it == "inf")
        };
        check(!figures.iter().any(|it| bad(it.svg())), "a figure has a number that is none")
    };
    Some(independent())
}

const TINY: &str = "crates/silicon/tests/data/tiny.lib";

/// The cells that the text names, and finite numbers.
fn read_liberty(path: &Path, mutant: &[u8]) -> Verdict {
    let library = Library::read(path).ok()?;
    let text = String::from_utf8_lossy(mutant);
    let plain: String =
        text.chars().filter(|c| !c.is_whitespace() && !"\"\\".contains(*c)).collect();
    let cells: Vec<&str> = plain.match_indices("cell(").map(|(at, _)| &plain[at + 5..]).collect();
    let named = |name: &str| cells.iter().any(|it| it.starts_with(&format!("{name})")));
    let numbers = format!("{library:?}");
    let finite = ["NaN", "inf", "-inf"]
        .iter()
        .all(|it| [" ", "[", "("].iter().all(|before| !numbers.contains(&format!("{before}{it}"))));
    let plainly_named = library.cells.iter().all(|it| named(&it.name));
    Some(check(plainly_named, "it has other cells").and(check(finite, "a number is not finite")))
}

/// By path, the cells of a module of a netlist, each with its kind, and the numbers at its pins.
fn leaves(design: &Value, module: &str, path: &str) -> BTreeMap<String, (String, Value)> {
    let mut found = BTreeMap::new();
    for (name, cell) in design["modules"][module]["cells"].as_object().into_iter().flatten() {
        let (kind, path) = (cell["type"].as_str().unwrap_or_default(), format!("{path}{name}"));
        // Cells of the library are there as modules without cells.
        match design["modules"][kind]["cells"].as_object().filter(|cells| !cells.is_empty()) {
            Some(_) => found.extend(leaves(design, kind, &format!("{path}."))),
            None => drop(found.insert(path, (kind.to_owned(), cell["connections"].clone()))),
        }
    }
    found
}

/// The cells of the text, and in each module one net for a number.
fn read_netlist(path: &Path, mutant: &[u8]) -> Verdict {
    let library = Library::read(Path::new(TINY)).unwrap();
    let netlist = Netlist::read(path, Some("top"), &library).ok()?;
    let text = String::from_utf8_lossy(mutant);
    let design: Value = serde_json::from_slice(mutant).unwrap();
    // What is under the one key that is passed over is of no account.
    let once = check(pairs_in_text(&text) == pairs(&design), "a key comes twice");
    let expected = leaves(&design, "top", "");
    let mut nets = BTreeMap::new();
    let (mut same, mut right) = (expected.len() == netlist.cells.len(), true);
    for (number, instance) in netlist.cells.iter().enumerate() {
        let (path, cell) = (netlist.cell_path(number), &library.cells[instance.cell]);
        let Some((kind, connections)) = expected.get(&path) else {
            same = false;
            continue;
        };
        same &= *kind == cell.name;
        for (pin, net) in cell.pins.iter().zip(&instance.nets) {
            let bit = connections[&pin.name][0].clone();
            right &= match (&bit, net) {
                (Value::Number(bit), Some(net)) => {
                    let key = (instance.scope, bit.as_u64());
                    *nets.entry(key).or_insert(*net) == *net
                }
                (Value::String(bit), Some(net)) => {
                    *net == if bit == "1" { Net::ONE } else { Net::ZERO }
                }
                // An output that is open.
                (bit, None) => !bit.is_number() && pin.direction == Direction::Output,
                _ => false,
            };
        }
    }
    Some(once.and(check(same, "it has other cells")).and(check(right, "it has other nets")))
}

/// Four batches, of which a run has finished the first two when it is stopped.
struct Squares<'a>(&'a AtomicBool);

impl Experiment for Squares<'_> {
    type Batch = u64;
    type Outcome = u64;
    type Summary = Vec<u64>;

    fn settings(&self) -> Value {
        json!({})
    }

    fn plan(&self) -> Vec<u64> {
        (1000..1004).collect()
    }

    fn batch(&self, &batch: &u64, _: &mut Engines<'_>) -> Result<u64, Error> {
        self.0.fetch_or(batch == 1001, Ordering::Relaxed);
        Ok(batch * batch)
    }

    fn tables(
        &self,
        outcomes: Outcomes<'_, u64>,
        _: &Findings,
        _: &mut ResultFolder,
    ) -> Result<Vec<u64>, Error> {
        outcomes.collect()
    }
}

fn squares(out: PathBuf, earlier: Earlier) -> Result<Vec<u64>, Error> {
    let (test, train) = (digits::draw(1, digits::TEST, 1), Vec::new());
    let dataset = Dataset { source: Source::Digits { seed: 1 }, train, test, notice: None };
    let stop = AtomicBool::new(false);
    let engines: [&dyn EngineFactory; 1] = [&Golden::default()];
    let settings = Run {
        command: "squares",
        dataset: &dataset,
        split: Split::Test,
        images: 1,
        seed: 1,
        jobs: 1,
        out,
        earlier,
        max_mismatches: 1,
        engines: &engines,
        program: &ProgramFacts::default(),
        stop: &stop,
        progress: &(),
    };
    // Only the first run is stopped.
    let never = AtomicBool::new(false);
    let stops = if earlier == Earlier::Resume { &never } else { &stop };
    Ok(run(&settings, &Squares(stops))?.summary)
}

/// A run that goes on from a mutant of its checkpoint comes to the same.
fn read_checkpoint(path: &Path, mutant: &[u8]) -> Verdict {
    let out = path.with_file_name("run");
    squares(out.clone(), Earlier::Replace).expect_err("it is stopped");
    let checkpoints = fs::read_dir(out.join("checkpoints")).unwrap().map(|it| it.unwrap().path());
    let first = checkpoints.min().expect("a batch is finished");
    let before = fs::read(&first).unwrap();
    fs::write(&first, mutant).unwrap();
    let result = squares(out, Earlier::Resume).map_err(|error| error.to_string());
    let good = result.map(|it| it == [1_000_000, 1_002_001, 1_004_004, 1_006_009]);
    let same = good.and_then(|good| check(good, "the results are others"));
    // A damaged one is done again, which is no acceptance.
    if same.is_ok() && before != mutant { None } else { Some(same) }
}

fn checkpoint() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    squares(folder.path().join("run"), Earlier::Keep).expect_err("it is stopped");
    let checkpoints = fs::read_dir(folder.path().join("run/checkpoints")).unwrap();
    fs::read(checkpoints.map(|it| it.unwrap().path()).min().unwrap()).unwrap()
}

/// A window with a carry, on the words of one that was fetched before it.
fn window_case() -> WindowCase {
    let run = WindowRun {
        slot: 0,
        reuse: false,
        addr: 512,
        pitch: 8,
        tile: Tile::TwoByTwo,
        mode: Mode::Approx,
        threshold: Threshold::new(2).unwrap(),
        scope: SmaxScope::Running,
        carry: [Some(3), None, Some(12), None],
        plane: None,
    };
    let weights = vec![1, -2, 3, 4, 5, -6, 7, 8, 9];
    let fetch = Operands { run, side: 3, weights, words: (1..17).collect(), stream: 1 };
    let window = WindowRun { reuse: true, ..run };
    WindowCase {
        place: Place { experiment: "windows".to_owned(), ..Place::default() },
        unit: PAPER_UNIT,
        seed: 7,
        x_seed: 1,
        stall_seed: Some(3),
        threshold: run.threshold,
        window: Operands { run: window, ..fetch.clone() },
        fetched_by: Some(fetch),
    }
}

fn formats() -> Vec<Format> {
    let shipped = |name: &str| fs::read(Path::new("testvectors").join(name)).unwrap();
    let json = |value: Value| serde_json::to_vec_pretty(&value).unwrap();
    let [labels, images] = [LABELS, IMAGES].map(|it| idx(&it));
    let mut point: Value =
        serde_json::from_slice(&shipped("operating_points/lenet5_relu_t112_f3.json")).unwrap();
    point["validation"] = json!({ "accuracy_percent": 98.9 });
    let program = ProgramCase {
        program: "hello".to_owned(),
        interrupts: vec![100, 2000],
        max_cycles: Some(5000),
        flip: Some(Flip { cycle: 3, addr: 0x8000_0100, bits: 16 }),
        ..ProgramCase::default()
    };
    let filters = "# two\n[edge]\n1 0 -1\n2 0 -2 # twice\n1 0 -1\n\n[ dot ]\n2147483647\n";
    let elf = find("hello").unwrap().elf.to_vec();
    let liberty = fs::read(TINY).unwrap();
    let netlist = fs::read("crates/silicon/tests/data/nested.json").unwrap();
    let small = Executable::from_words(&[0x0000_006f]).to_elf(&[]);
    let format =
        |name, file, originals, mutate, read| Format { name, file, originals, mutate, read };
    let text: fn(&mut ChaCha8Rng, &[u8]) -> Vec<u8> = mutate_text;
    use ImageFormat::{Bmp, Gif, Jpeg, Png, WebP};
    let picture = picture_file;
    vec![
        format("IDX", "idx", vec![labels.clone(), images.clone()], mutate_bytes, read_idx),
        format("gz", "idx.gz", vec![gz(&labels), gz(&images)], mutate_bytes, read_idx),
        format("PNG", "digit.png", vec![picture(Png)], mutate_png, read_picture),
        format("JPEG", "digit.jpg", vec![picture(Jpeg)], mutate_bytes, read_picture),
        format("BMP", "digit.bmp", vec![picture(Bmp)], mutate_bytes, read_picture),
        format("GIF", "digit.gif", vec![picture(Gif)], mutate_bytes, read_picture),
        format("WebP", "digit.webp", vec![picture(WebP)], mutate_bytes, read_picture),
        format(
            "network",
            "network.json",
            vec![shipped("networks/lenet5_relu.json"), shipped("networks/lenet_accel_relu.json")],
            text,
            read_network,
        ),
        format("operating point", "point.json", vec![json(point)], text, read_point),
        format(
            "safetensors",
            "weights.safetensors",
            vec![safetensors_file()],
            mutate_bytes,
            read_safetensors,
        ),
        format("ELF", "program.elf", vec![elf, small], mutate_bytes, read_elf),
        format(
            "window case",
            "case.json",
            vec![json(json!(window_case()))],
            text,
            read_window_case,
        ),
        format("program case", "case.json", vec![json(json!(program))], text, read_program_case),
        format("checkpoint", "checkpoint", vec![checkpoint()], text, read_checkpoint),
        format("filters", "filters.txt", vec![filters.into()], text, read_filters),
        format("Liberty", "cells.lib", vec![liberty], text, read_liberty),
        format("netlist", "netlist.json", vec![netlist], text, read_netlist),
        format("CSV", "lenet.csv", vec![shipped("lenet/lenet.csv")], text, read_csv),
    ]
}
