// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs the `convapprox` command in a folder of its own, and reads the waveforms that it writes.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use vcd::{IdCode, Parser, ScopeItem, Value};

/// A command that writes only below `folder`. Its images are MNIST if `MNIST_DIR` is set, else the
/// drawn digits.
pub fn convapprox(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_convapprox"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command.env("CONVAPPROX_OFFLINE", "1").env("XDG_CACHE_HOME", folder);
    command
}

/// Runs it to its end.
pub fn output(folder: &Path, arguments: &[&str]) -> Output {
    convapprox(folder, arguments).output().expect("the command starts")
}

/// What it printed.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the command prints text")
}

/// Signals of a waveform by name, those of the outermost scope first: the values, each with the time
/// from which it holds.
#[allow(dead_code, reason = "not every test looks at waveforms")]
pub fn signals(wave: &Path, names: &[&str]) -> HashMap<String, Vec<(u64, u128)>> {
    let mut parser = Parser::new(BufReader::new(File::open(wave).expect("there is a waveform")));
    let header = parser.parse_header().unwrap();
    fn walk<'a>(items: &'a [ScopeItem], found: &mut impl FnMut(&'a str, IdCode)) {
        for item in items {
            match item {
                ScopeItem::Var(var) => found(&var.reference, var.code),
                ScopeItem::Scope(scope) => walk(&scope.items, found),
                _ => {}
            }
        }
    }
    let mut ids: HashMap<&str, IdCode> = HashMap::new();
    walk(&header.items, &mut |name, id| {
        if names.contains(&name) {
            ids.entry(name).or_insert(id);
        }
    });
    assert_eq!(ids.len(), names.len(), "{:?} of {names:?}", ids.keys());
    let names: HashMap<IdCode, &str> = ids.into_iter().map(|(name, id)| (id, name)).collect();
    let (mut values, mut time): (HashMap<String, Vec<(u64, u128)>>, u64) = Default::default();
    let bit = |value: Value| u128::from(value == Value::V1);
    for command in parser {
        let (id, value) = match command.unwrap() {
            vcd::Command::Timestamp(now) => {
                time = now;
                continue;
            }
            vcd::Command::ChangeScalar(id, value) => (id, bit(value)),
            vcd::Command::ChangeVector(id, vector) => {
                (id, vector.iter().fold(0, |value, it| value << 1 | bit(it)))
            }
            _ => continue,
        };
        if let Some(name) = names.get(&id) {
            values.entry((*name).to_owned()).or_default().push((time, value));
        }
    }
    values
}

/// The value of a signal at a time.
#[allow(dead_code, reason = "not every test looks at waveforms")]
pub fn value_at(signal: &[(u64, u128)], time: u64) -> u128 {
    signal.iter().rfind(|(from, _)| *from <= time).expect("dumped from the start").1
}
