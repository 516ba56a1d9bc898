// SPDX-License-Identifier: MIT OR Apache-2.0
//! Waveforms and coverage.

use std::collections::BTreeMap;
use std::fs;
use std::io::BufReader;
use std::path::Path;

use verilated::{Config, Error};
use verilated_checks::Shifter;

/// All values of the variable of this name, as (time, value).
fn values(path: &Path, name: &str) -> Vec<(u64, u64)> {
    let mut parser = vcd::Parser::new(BufReader::new(fs::File::open(path).unwrap()));
    let header = parser.parse_header().unwrap();
    assert_eq!(header.timescale, Some((1, vcd::TimescaleUnit::NS)));
    fn find(items: &[vcd::ScopeItem], name: &str) -> Option<vcd::IdCode> {
        items.iter().find_map(|item| match item {
            vcd::ScopeItem::Scope(scope) => find(&scope.items, name),
            vcd::ScopeItem::Var(var) => (var.reference == name).then_some(var.code),
            _ => None,
        })
    }
    let code = find(&header.items, name).unwrap_or_else(|| panic!("no {name} in the waveform"));
    let bit = |value: vcd::Value| u64::from(value == vcd::Value::V1);
    let (mut time, mut values) = (0, Vec::new());
    for command in parser {
        match command.unwrap() {
            vcd::Command::Timestamp(now) => time = now,
            vcd::Command::ChangeScalar(id, value) if id == code => values.push((time, bit(value))),
            vcd::Command::ChangeVector(id, vector) if id == code => {
                values.push((time, vector.iter().fold(0, |all, value| all << 1 | bit(value))));
            }
            _ => {}
        }
    }
    values
}

fn row(name: &str) -> Shifter {
    Shifter::builtin(name, &Config::new()).unwrap()
}

trait Shift {
    fn shift(&mut self, bit: u8) -> Result<u8, Error>;
}

impl Shift for Shifter {
    fn shift(&mut self, bit: u8) -> Result<u8, Error> {
        self.set_rst_ni(1);
        self.set_bit_i(bit);
        self.tick()?;
        Ok(self.word_o())
    }
}

#[test]
fn a_waveform_shows_each_cycle() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("all.vcd");
    let mut model = row("vcd");
    model.open_trace(&path).unwrap();
    let mut expected: BTreeMap<u64, u64> = BTreeMap::from([(0, 0)]);
    for cycle in 0..200_u64 {
        let word = model.shift(u8::from(cycle % 3 == 0)).unwrap();
        expected.insert((cycle + 1) * 10, u64::from(word));
    }
    model.close_trace().unwrap();
    // Changes alone are in the file.
    let mut changes: Vec<(u64, u64)> = expected.into_iter().collect();
    changes.dedup_by_key(|change| change.1);
    assert_eq!(values(&path, "word_o"), changes);
    // The clock rises at the end of a tick and the inputs change at its middle.
    let clock = values(&path, "clk_i");
    let edges = (1..=200).flat_map(|n| [(n * 10, 1), (n * 10 + 5, 0)]);
    assert_eq!(clock[1..], edges.take(clock.len() - 1).collect::<Vec<_>>());
    assert_eq!(clock.len(), 400);
    assert!(values(&path, "bit_i").iter().skip(1).all(|(time, _)| time % 10 == 5));
}

#[test]
fn dumping_stops_and_starts() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("part.vcd");
    let mut model = row("vcd");
    // Nothing happens while no file is open.
    model.start_trace();
    model.shift(1).unwrap();
    model.open_trace(&path).unwrap();
    model.shift(1).unwrap();
    model.stop_trace();
    for _ in 0..10 {
        model.shift(0).unwrap();
    }
    model.start_trace();
    model.shift(1).unwrap();
    drop(model);
    let times: Vec<u64> = values(&path, "clk_i").iter().map(|change| change.0).collect();
    assert!(times.contains(&20) && times.contains(&130), "{times:?}");
    assert!(times.iter().all(|&time| time <= 20 || time >= 125), "{times:?}");
    assert_eq!(values(&path, "word_o").last(), Some(&(130, 0b1)));
}

#[test]
fn evaluations_between_ticks_are_seen() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("eval.vcd");
    let mut model = row("vcd");
    model.open_trace(&path).unwrap();
    model.shift(1).unwrap();
    for rst_ni in [0, 1] {
        model.set_rst_ni(rst_ni);
        model.eval().unwrap();
    }
    model.close_trace().unwrap();
    assert_eq!(values(&path, "rst_ni"), [(0, 0), (5, 1), (11, 0), (12, 1)]);
}

#[test]
fn one_model_writes_one_file_after_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let mut model = row("vcd");
    for name in ["a.vcd", "b.vcd", "c.vcd"] {
        // Opening closes the one before.
        model.open_trace(dir.path().join(name)).unwrap();
        model.shift(1).unwrap();
    }
    model.flush_trace().unwrap();
    drop(model);
    assert_eq!(values(&dir.path().join("a.vcd"), "word_o"), [(0, 0), (10, 1)]);
    assert_eq!(values(&dir.path().join("b.vcd"), "word_o"), [(10, 1), (20, 3)]);
    assert_eq!(values(&dir.path().join("c.vcd"), "word_o"), [(20, 3), (30, 7)]);
}

#[test]
fn models_trace_side_by_side() {
    let dir = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for id in 0..4_u8 {
            let path = dir.path().join(format!("{id}.vcd"));
            scope.spawn(move || {
                let mut model = row("vcd");
                model.open_trace(&path).unwrap();
                for cycle in 0..8 {
                    model.shift(id >> (cycle % 2) & 1).unwrap();
                }
                model.close_trace().unwrap();
                let last = values(&path, "word_o").last().map_or(0, |change| change.1);
                assert_eq!(last, u64::from(model.word_o()));
            });
        }
    });
}

#[test]
fn what_cannot_be_traced_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("none").join("x.vcd");
    let mut model = row("vcd");
    assert!(matches!(model.open_trace(&path), Err(Error::Trace { path: p, .. }) if p == path));
    model.shift(1).unwrap();
    model.close_trace().unwrap();

    let path = dir.path().join("x.vcd");
    let mut model = row("plain");
    let error = model.open_trace(&path).unwrap_err();
    assert!(error.to_string().contains("without a trace"), "{error}");
    assert!(!path.exists());
    // No file, no harm.
    model.flush_trace().unwrap();
    model.close_trace().unwrap();
    model.shift(1).unwrap();
}

#[cfg(feature = "fst")]
#[test]
fn an_fst_file_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.fst");
    let mut model = row("fst");
    assert!(model.open_trace(dir.path().join("none").join("x.fst")).is_err());
    model.open_trace(&path).unwrap();
    model.set_rst_ni(1);
    for cycle in 0..1000_u32 {
        model.set_bit_i((cycle % 3 == 0).into());
        model.tick().unwrap();
    }
    model.close_trace().unwrap();
    let bytes = fs::read(&path).unwrap();
    // The header block: type 0, its length, then start and end of time.
    assert_eq!(bytes[0], 0);
    let number = |at: usize| u64::from_be_bytes(bytes[at..at + 8].try_into().unwrap());
    assert_eq!((number(1), number(9), number(17)), (329, 0, 10_000));
    model.open_trace(dir.path().join("y.fst")).unwrap();
    model.tick().unwrap();
    drop(model);
    assert!(fs::metadata(dir.path().join("y.fst")).unwrap().len() > 300);
}

/// The count of the only user point in a coverage file.
fn cover_count(path: &Path) -> u64 {
    let text = fs::read_to_string(path).unwrap();
    let line = text.lines().find(|line| line.contains("AllOnes")).expect("a cover point");
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn coverage_is_counted_per_model() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one.dat"), dir.path().join("two.dat"));
    let mut first = row("cov");
    let mut second = row("both");
    for _ in 0..20 {
        first.shift(1).unwrap();
        second.shift(0).unwrap();
    }
    first.write_coverage(&one).unwrap();
    second.write_coverage(&two).unwrap();
    // The word is all ones from the eighth cycle on, and sampled one cycle later.
    assert_eq!((cover_count(&one), cover_count(&two)), (12, 0));
    let missing = dir.path().join("none").join("x.dat");
    assert!(matches!(first.write_coverage(&missing), Err(Error::Coverage { .. })));
    first.shift(1).unwrap();
    let error = row("plain").write_coverage(&one).unwrap_err();
    assert!(error.to_string().contains("without coverage"), "{error}");
}
