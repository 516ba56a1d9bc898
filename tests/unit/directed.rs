// SPDX-License-Identifier: MIT OR Apache-2.0
//! The vectors of `testvectors/conv_unit/`, and every window of a few handwritten digits.
//!
//! What the vectors come to is stated in their files and does not come from the golden model; so both
//! it and the unit have to answer for them. `generate.py` there describes the columns.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use convapprox::bench::engine::tiles;
use convapprox::bench::scoreboard::Word;
use convapprox::bench::unit::{Outcome, Tile, WindowRun};
use convapprox::hw::UnitParameters;
use model::conv::{Mode, Number, OPERAND_WIDTHS, SmaxScope, operand_range};
use study::data::{DatasetChoice, LoadOptions, SIDE, Split, load};

use crate::{Origin, WINDOW_ADDR, Window, benches, benches_and_x_seeds, run, threshold, word_of};

/// One line of a file: a window and what it must come to.
#[derive(Clone)]
struct Vector {
    /// File and name, for messages.
    name: String,
    /// F and the bits of an operand, which a unit must have to run it.
    log_frac: u32,
    operand_w: u32,
    /// The window. The file says nothing of addresses: they differ from line to line.
    window: Window,
    /// The outputs.
    outputs: Vec<i32>,
    /// The products multiplied of each output: bit `row · side + column`.
    kept: Vec<u64>,
    /// S_max of each output.
    s_max: Vec<Option<u32>>,
}

/// All vectors, file after file.
fn read_all() -> Vec<Vector> {
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
                match (place, column) {
                    (Some(place), _) => record[place].to_owned(),
                    (None, "number") => Number::Integer.to_string(),
                    (None, _) => panic!("{file}.csv has no column {column}"),
                }
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
    let operand_w = number("operand_w");
    // Those in a line of the widest port.
    let places = 128 / operand_w;
    let run = WindowRun {
        // All offsets in a line of the widest port, and all distances of rows modulo its words.
        addr: WINDOW_ADDR + operand_w / 8 * (line % places),
        pitch: (tile.window_side(side) as u32) + line / places % (places + 1),
        tile,
        mode: field("mode").parse().unwrap(),
        threshold: threshold(number("threshold")),
        scope: field("scope").parse().unwrap(),
        carry,
        ..run()
    };
    Vector {
        log_frac: number("log_frac"),
        operand_w,
        window: Window {
            number: field("number").parse().unwrap(),
            side,
            weights: words(&field("weights"), operand_w),
            words: words(&field("words"), operand_w),
            run,
        },
        outputs: words(&field("outputs"), u32::BITS),
        kept: field("kept").split_whitespace().map(mask).collect(),
        s_max: scores(&field("s_max")),
        name,
    }
}

/// Words in rows: `1 2 / 3 4`. Those of floats are bits in hexadecimal digits, so many of them.
fn words(text: &str, bits: u32) -> Vec<i32> {
    let words = text.split_whitespace().filter(|&word| word != "/");
    let word = |word: &str| match word.strip_prefix("0x") {
        Some(digits) => {
            let unused = u32::BITS - bits;
            (u32::from_str_radix(digits, 16).expect(word) << unused).cast_signed() >> unused
        }
        None => word.parse().expect(word),
    };
    words.map(word).collect()
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

#[test]
fn the_golden_model_agrees_with_the_vectors() {
    for Vector { name, log_frac, window, outputs, kept, s_max, .. } in read_all() {
        let dots = window.expected(log_frac).dots;
        assert_eq!(dots.len(), outputs.len(), "{name}");
        for (i, dot) in dots.iter().enumerate() {
            let golden = (dot.output, dot.kept, dot.s_max);
            assert_eq!(golden, (outputs[i], kept[i], s_max[i]), "{name}: output {i}");
        }
    }
}

/// The vectors for units with such operands. Where the files have none, those of F = 0 with T and S_max
/// in units of 2^−F; what they come to is then the golden model's word.
fn vectors_for(unit: &UnitParameters) -> Vec<Vector> {
    let UnitParameters { log_frac, operand_w, .. } = *unit;
    let mut vectors = read_all();
    vectors.retain(|vector| (vector.operand_w, vector.window.number) == (operand_w, unit.number()));
    if vectors.iter().any(|vector| vector.log_frac == log_frac) {
        vectors.retain(|vector| vector.log_frac == log_frac);
        return vectors;
    }
    vectors.retain(|vector| vector.log_frac == 0);
    for vector in &mut vectors {
        let run = &mut vector.window.run;
        let scaled = u64::from(run.threshold.get()) << log_frac;
        run.threshold = threshold(u32::try_from(scaled).unwrap_or(u32::MAX));
        run.carry = run.carry.map(|score| Some(score? << log_frac));
        let dots = vector.window.expected(log_frac).dots;
        vector.outputs = dots.iter().map(|dot| dot.output).collect();
        vector.kept = dots.iter().map(|dot| dot.kept).collect();
        vector.s_max = dots.iter().map(|dot| dot.s_max).collect();
    }
    vectors
}

#[test]
fn every_unit_agrees_with_the_vectors() {
    for mut bench in benches_and_x_seeds() {
        let parameters = bench.parameters;
        let mut run = 0;
        for vector in vectors_for(&parameters) {
            let Vector { name, window, .. } = &vector;
            if window.side > parameters.kernel {
                continue;
            }
            bench.load(window);
            let origin = Origin {
                what: name.clone(),
                operands: "testvectors/conv_unit".to_owned(),
                number: run,
                seed: 0,
                repeat: "cargo test --release --test unit directed".to_owned(),
            };
            let outcome = bench.run(window, &origin);
            let found = differences(&vector, &outcome);
            if !found.is_empty() {
                bench.fail(window, &found, &origin);
            }
            run += 1;
        }
        assert!(run > 200, "{run} vectors for {parameters}");
        bench.check_counters("all vectors");
    }
}

/// How an outcome differs from what the vector states.
fn differences(vector: &Vector, outcome: &Outcome) -> Vec<String> {
    let mut found = Vec::new();
    for (i, &output) in vector.outputs.iter().enumerate() {
        let kept = outcome.kept.of(i, vector.window.side);
        let unit = (outcome.outputs[i], kept, outcome.s_max[i]);
        let stated = (output, vector.kept[i], vector.s_max[i]);
        if unit != stated {
            let shown = |(output, kept, s_max): (i32, u64, Option<u32>)| {
                let output = Word::of_output(vector.window.number, output);
                format!("{output:#}, {kept:#b}, {s_max:?}")
            };
            found.push(format!(
                "output {i}, kept products, S_max: the unit has {}, the vector {}",
                shown(unit),
                shown(stated)
            ));
        }
    }
    // Nothing is left in what the tile does not have, and no product is kept beyond the kernel.
    if outcome.outputs[vector.outputs.len()..].iter().any(|&output| output != 0) {
        found.push(format!("outputs that the tile does not have: {:?}", outcome.outputs));
    }
    let (unit, stated) =
        (outcome.kept.total(), vector.kept.iter().map(|kept| kept.count_ones()).sum::<u32>());
    if unit != stated {
        found.push(format!("the unit kept {unit} products, the vector {stated}"));
    }
    found
}

/// The list that the vectors must cover, so that a change of their generator cannot lose it.
#[test]
fn the_vectors_cover_the_contract() {
    // The modes that `contract.py` states. One that it does not is tested against the golden model
    // alone.
    let stated = [Mode::Exact, Mode::ZeroSkip, Mode::DualZeroSkip, Mode::Approx];
    let vectors = read_all();
    for (operand_w, log_frac) in OPERAND_WIDTHS.into_iter().flat_map(|it| [(it, 0), (it, 3)]) {
        let is_one = |it: &&Vector| {
            let numbers = (it.window.number, it.operand_w, it.log_frac);
            numbers == (Number::Integer, operand_w, log_frac)
        };
        let of_unit: Vec<_> = vectors.iter().filter(is_one).collect();

        let corners = (0..operand_w).flat_map(|k| [-1, 0, 1].map(|step| (1_i64 << k) + step));
        let corners = corners.flat_map(|a| [a, -a]).filter_map(|a| i32::try_from(a).ok());
        let range = operand_range(operand_w);
        let corners: BTreeSet<i32> = corners.filter(|a| range.contains(a)).collect();
        for (what, has) in [
            ("word", (|v, a| v.window.words.contains(&a)) as fn(&Vector, i32) -> bool),
            ("weight", |v, a| v.window.weights.contains(&a)),
        ] {
            for &a in &corners {
                let found = of_unit.iter().any(|v| has(v, a));
                assert!(found, "no {what} {a} at F = {log_frac}, {operand_w} bits");
            }
        }

        let any = |what: &str, has: &dyn Fn(&Vector) -> bool| {
            let found = of_unit.iter().any(|v| has(v));
            assert!(found, "no vector {what} at F = {log_frac}, {operand_w} bits");
        };
        for mode in stated {
            for scope in SmaxScope::ALL {
                for tile in Tile::ALL {
                    let alike = move |v: &Vector| {
                        let run = v.window.run;
                        (run.mode, run.scope, run.tile) == (mode, scope, tile)
                    };
                    let live = |words: &[i32]| words.iter().filter(|&&word| word != 0).count();
                    any("of each kind", &alike);
                    any("of zeros", &|v| alike(v) && live(&v.window.words) == 0);
                    any("of no weights", &|v| alike(v) && live(&v.window.weights) == 0);
                    any("with a carry", &|v| alike(v) && v.window.run.carry[0].is_some());
                }
            }
        }
        any("with a single word", &|v| v.window.words.iter().filter(|&&w| w != 0).count() == 1);
        any("with ties", &|v| v.window.run.threshold.get() == 1 && v.kept[0].count_ones() > 1);
        for t in [1, 64 << log_frac, 0xffff, 0x1_0000, u32::MAX] {
            any("at a boundary of T", &|v| v.window.run.threshold.get() == t);
        }
    }
}

/// Images that are looked at.
const IMAGES: usize = 4;

/// An edge filter of any side: small weights of both signs, some of them zero.
fn kernel(side: usize) -> Vec<i32> {
    let middle = side as i32 / 2;
    let weight = |i: i32| (i % side as i32 - middle) * (3 + i / side as i32);
    (0..(side * side) as i32).map(weight).collect()
}

#[test]
fn every_window_of_some_digits_agrees_with_the_golden_model() {
    let options = LoadOptions {
        allow_download: false,
        quiet: true,
        digits_count: (0, IMAGES),
        ..LoadOptions::from_env()
    };
    let dataset = load(DatasetChoice::Auto, &options).unwrap();
    for mut bench in benches() {
        let unit = bench.parameters;
        let side = unit.kernel;
        for (number, image) in dataset.images(Split::Test).take(IMAGES).enumerate() {
            // Of narrow operands as many bits as fit.
            let fit = |pixel: u8| i32::from(pixel) >> 8_u32.saturating_sub(unit.operand_w - 1);
            let pixels = image.pixels.map(fit);
            let numbers = pixels.map(|pixel| word_of(&unit, pixel));
            bench.unit.memory().write(WINDOW_ADDR, &numbers);
            let mode = Mode::ALL[number % Mode::ALL.len()];
            for mode in [mode, Mode::Approx] {
                let outputs = SIDE - side + 1;
                let mut first = true;
                for (x, y, tile) in tiles(outputs, outputs) {
                    let window_side = tile.window_side(side);
                    let rows = (y..y + window_side).map(|y| SIDE * y + x);
                    let words = rows.flat_map(|row| &pixels[row..row + window_side]);
                    let window = Window {
                        number: Number::Integer,
                        side,
                        weights: kernel(side),
                        words: words.copied().collect(),
                        run: WindowRun {
                            addr: WINDOW_ADDR + unit.operand_bytes() * (SIDE * y + x) as u32,
                            pitch: SIDE as u32,
                            tile,
                            mode,
                            // τ = 0.1.
                            threshold: threshold(4 << unit.log_frac),
                            ..run()
                        },
                    };
                    if first {
                        bench.load(&window);
                        first = false;
                    }
                    let what = format!("{} {number} at {x} {y}", dataset.source.name());
                    bench.check(&window, &what);
                }
            }
        }
        bench.check_counters("after all images");
    }
}
