// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs the `convapprox` command in a folder of its own, and reads the waveforms that it writes.

#![allow(dead_code, reason = "not every test uses all of it")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use vcd::{IdCode, Parser, ScopeItem, Value};

/// A command that writes only below `folder`: the words of a line, of which none has a blank. Its
/// images are MNIST if `MNIST_DIR` is set, else the drawn digits.
pub fn convapprox(folder: &Path, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_convapprox"));
    command.args(line.split_whitespace()).current_dir(folder).stdin(Stdio::null());
    command.env("CONVAPPROX_OFFLINE", "1").env("XDG_CACHE_HOME", folder);
    command
}

/// What a command has left.
pub struct Ran {
    /// Its exit status.
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the command prints text");
        let Output { status, stdout, stderr } = output;
        Self { status: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// What it printed, if it has ended so.
    #[track_caller]
    pub fn ends(self, status: i32) -> String {
        let Self { status: found, stdout, stderr } = self;
        assert_eq!(found, Some(status), "{stdout}\n{stderr}");
        stdout
    }

    /// It has ended so, and said this.
    #[track_caller]
    pub fn refuses(self, status: i32, words: &str) {
        let Self { status: found, stdout, stderr } = self;
        assert_eq!(found, Some(status), "{words:?}: {stdout}\n{stderr}");
        assert!(stderr.contains(words), "{words:?} is not in {stderr:?}");
    }
}

/// Runs a command to its end.
pub fn run(folder: &Path, line: &str) -> Ran {
    Ran::of(convapprox(folder, line).output().expect("the command starts"))
}

/// Runs a command to its end that has room for so many blocks of 512 bytes in a file: a write beyond
/// fails as on a full disk.
pub fn run_with_room(folder: &Path, line: &str, blocks: u32) -> Ran {
    // Without the signal that would end it.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    let inner = convapprox(folder, line);
    let mut shell = Command::new("sh");
    shell.args(["-c", &script, "sh"]).arg(inner.get_program()).args(inner.get_args());
    shell.envs(inner.get_envs().filter_map(|(key, value)| Some((key, value?))));
    Ran::of(shell.current_dir(folder).output().expect("the shell starts"))
}

/// What a command printed that ends well.
#[track_caller]
pub fn succeeds(folder: &Path, line: &str) -> String {
    run(folder, line).ends(0)
}

/// The rows of a table as maps from column to field.
pub fn rows(path: &Path) -> Vec<HashMap<String, String>> {
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

/// The files of a folder by name, without those of its folders.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let paths = entries.map(|it| it.unwrap().path()).filter(|path| path.is_file());
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    paths.map(|path| (name(&path), fs::read(&path).unwrap())).collect()
}

/// The files of two folders have the same names and the same bytes.
#[track_caller]
pub fn assert_same(a: &Path, b: &Path) {
    let (a, b) = (files(a), files(b));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    let different: Vec<_> = a.iter().filter(|(name, bytes)| b[*name] != **bytes).collect();
    assert!(different.is_empty(), "{:?} differ", different.iter().map(|it| it.0));
}

/// Checkpoints in the folder of a run.
pub fn checkpoints(run: &Path) -> usize {
    let files = fs::read_dir(run.join("checkpoints")).into_iter().flatten().flatten();
    files.filter(|it| it.path().extension().is_some_and(|it| it == "json")).count()
}

/// Waits for something, two minutes at most.
pub fn wait_until(happens: impl Fn() -> bool) {
    let begin = Instant::now();
    while !happens() && begin.elapsed() < Duration::from_secs(120) {
        sleep(Duration::from_millis(1));
    }
}

/// What a child process has left that ends within so many seconds; it is killed otherwise.
pub fn end_within(mut child: Child, seconds: u64) -> Option<Ran> {
    let begin = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begin.elapsed() > Duration::from_secs(seconds) {
            child.kill().unwrap();
            return None;
        }
        sleep(Duration::from_millis(1));
    }
    Some(Ran::of(child.wait_with_output().unwrap()))
}

/// Starts a command and kills it when the folder of its run has so many checkpoints; whether it was
/// still running.
pub fn kill_at(folder: &Path, line: &str, run: &Path, count: usize) -> bool {
    let mut command = convapprox(folder, line);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until(|| checkpoints(run) >= count);
    // SIGKILL on Unix.
    child.kill().unwrap();
    !child.wait().unwrap().success()
}

/// Signals of a waveform by name, those of the outermost scope first: the values, each with the time
/// from which it holds.
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
pub fn value_at(signal: &[(u64, u128)], time: u64) -> u128 {
    signal.iter().rfind(|(from, _)| *from <= time).expect("dumped from the start").1
}

/// How many signals the files for GTKWave and Surfer show beside a waveform: the same ones, each of
/// which the waveform has.
#[track_caller]
pub fn shown_signals(wave: &Path) -> usize {
    fn walk(items: &[ScopeItem], above: &str, declared: &mut BTreeSet<String>) {
        for item in items {
            match item {
                ScopeItem::Var(var) => {
                    let range = var.index.map_or(String::new(), |it| it.to_string());
                    declared.insert(format!("{above}{}{range}", var.reference));
                }
                ScopeItem::Scope(scope) => {
                    walk(&scope.items, &format!("{above}{}.", scope.identifier), declared);
                }
                _ => {}
            }
        }
    }
    let header = Parser::new(BufReader::new(File::open(wave).unwrap())).parse_header().unwrap();
    let mut declared = BTreeSet::new();
    walk(&header.items, "", &mut declared);
    let text = fs::read_to_string(wave.with_extension("gtkw")).unwrap();
    let mut count = 0;
    for line in text.lines() {
        // `+{S_0_0} TOP.conv_unit…` shows a signal under another name.
        let signal = line.split_once("} ").map_or(line, |(_, signal)| signal);
        if signal.starts_with("TOP.") {
            assert!(declared.contains(signal), "{signal} is not in the waveform");
            count += 1;
        }
    }
    assert_eq!(count, signals_in_surfer(wave));
    count
}

/// The signals of the command file for Surfer. Its grammar is that of Surfer's manual: one command a
/// line, of one argument here; the waveform is read by Surfer's reader.
#[track_caller]
fn signals_in_surfer(wave: &Path) -> usize {
    let header = wellen::viewers::read_header_from_file(wave, &Default::default());
    let hierarchy = header.expect("Surfer can read it").hierarchy;
    let text = fs::read_to_string(wave.with_extension("sucl")).unwrap();
    let mut count = 0;
    for line in text.lines() {
        assert!(!line.contains(['#', ';']), "a comment, or two commands, to Surfer: {line}");
        match line.split_once(' ').expect("a command and its argument") {
            ("variable_add", path) => {
                let mut scopes: Vec<&str> = path.split('.').collect();
                let name = scopes.pop().unwrap_or_default();
                assert!(hierarchy.lookup_var(&scopes, name).is_some(), "Surfer finds no {path}");
                count += 1;
            }
            // It takes one word.
            ("divider_add", title) => {
                assert!(title.chars().all(|c| c.is_alphanumeric() || c == '_'), "{line}");
                assert!(!title.is_empty(), "{line}");
            }
            ("cursor_set", time) => assert!(time.parse::<u64>().is_ok(), "{line}"),
            _ => panic!("{line:?} is no command that this file should have"),
        }
    }
    count
}
