//! Reads the files of `testvectors/conv_unit/`; `generate.py` there describes the columns.

use std::fs;
use std::path::Path;

use convapprox::dut::{Tile, WindowRun};

use crate::bench::WINDOW_ADDR;
use crate::window::{Window, threshold};

/// One line of a file: a window and what it must come to.
pub struct Vector {
    /// File and name, for messages.
    pub name: String,
    /// F, which a unit must have to run it.
    pub log_frac: u32,
    /// The window. The file says nothing of addresses: they differ from line to line.
    pub window: Window,
    /// The outputs.
    pub outputs: Vec<i32>,
    /// The products multiplied of each output: bit `row · side + column`.
    pub kept: Vec<u64>,
    /// S_max of each output.
    pub s_max: Vec<Option<u32>>,
}

/// All vectors, file after file.
pub fn read_all() -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testvectors/conv_unit");
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "csv"))
        .collect();
    files.sort();
    let mut vectors = Vec::new();
    for path in files {
        let file = path.file_stem().unwrap().to_string_lossy().into_owned();
        let mut reader = csv::Reader::from_path(&path).unwrap();
        let header = reader.headers().unwrap().clone();
        for record in reader.records() {
            let record = record.unwrap();
            let line = record.position().map_or(0, csv::Position::line);
            let field = |column: &str| {
                let place = header.iter().position(|name| name == column);
                let place = place.unwrap_or_else(|| panic!("{file}.csv has no column {column}"));
                record[place].to_owned()
            };
            vectors.push(vector(
                format!("{file}.csv:{line} {}", field("name")),
                line as u32,
                field,
            ));
        }
    }
    vectors
}

fn vector(name: String, line: u32, field: impl Fn(&str) -> String) -> Vector {
    let number = |column: &str| field(column).parse::<u32>().expect(column);
    let side = number("side") as usize;
    let tile = if field("tile") == "2x2" { Tile::TwoByTwo } else { Tile::One };
    let mut carry = [None; 4];
    for (carry, given) in carry.iter_mut().zip(scores(&field("carry"))) {
        *carry = given;
    }
    let run = WindowRun {
        slot: 0,
        reuse: false,
        // All offsets in a line of the widest port, and all distances of rows modulo its words.
        addr: WINDOW_ADDR + 4 * (line % 4),
        pitch: (tile.window_side(side) as u32) + line / 4 % 5,
        tile,
        mode: field("mode").parse().unwrap(),
        threshold: threshold(number("threshold")),
        scope: field("scope").parse().unwrap(),
        carry,
    };
    Vector {
        log_frac: number("log_frac"),
        window: Window {
            side,
            weights: words(&field("weights")),
            words: words(&field("words")),
            run,
        },
        outputs: words(&field("outputs")),
        kept: field("kept").split_whitespace().map(mask).collect(),
        s_max: scores(&field("s_max")),
        name,
    }
}

/// Words in rows: `1 2 / 3 4`.
fn words(text: &str) -> Vec<i32> {
    let words = text.split_whitespace().filter(|&word| word != "/");
    words.map(|word| word.parse().expect(word)).collect()
}

/// Scores: `12 -`.
fn scores(text: &str) -> Vec<Option<u32>> {
    let score = |word: &str| (word != "-").then(|| word.parse().expect(word));
    text.split_whitespace().map(score).collect()
}

/// The products of one output in rows, the first one lowest: `1./11`.
fn mask(text: &str) -> u64 {
    let products = text.chars().filter(|&product| product != '/');
    products.enumerate().map(|(i, product)| u64::from(product == '1') << i).sum()
}
