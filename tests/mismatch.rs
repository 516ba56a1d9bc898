//! A planted bug, from the mismatch to the waveform: the unit gets a threshold one off from the
//! golden model's, and the report, the waveform and the replay must all point at it.

mod common;

use std::collections::HashMap;
use std::fs;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use common::{output, text};
use convapprox::check::{Case, Difference, replay};
use vcd::{Command, IdCode, Parser, ScopeItem, Value};

/// Runs `windows` with the unit's threshold one too high, and returns what it printed.
fn run_with_planted_bug(folder: &Path) -> String {
    let arguments = [
        "windows",
        "--images",
        "1",
        "--filters",
        "gaussian",
        "--tau",
        "0.25",
        "--threshold-offset",
        "1",
        "--jobs",
        "1",
        "--seed",
        "7",
    ];
    let output = output(folder, &arguments);
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "a mismatch is a failure: {printed}");
    printed
}

fn mismatch_folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join("reports/mismatch")).unwrap();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// The values of one signal of the waveform, each with the time from which it holds.
fn signal(wave: &Path, name: &str) -> Vec<(u64, u128)> {
    let mut parser = Parser::new(BufReader::new(File::open(wave).unwrap()));
    let header = parser.parse_header().unwrap();
    let mut ids: HashMap<&str, IdCode> = HashMap::new();
    fn walk<'a>(items: &'a [ScopeItem], ids: &mut HashMap<&'a str, IdCode>) {
        for item in items {
            match item {
                // The unit's own scope comes before those of its modules.
                ScopeItem::Var(var) => {
                    ids.entry(&var.reference).or_insert(var.code);
                }
                ScopeItem::Scope(scope) => walk(&scope.items, ids),
                _ => {}
            }
        }
    }
    walk(&header.items, &mut ids);
    let id = *ids.get(name).unwrap_or_else(|| panic!("{name} is in the waveform"));
    let bit = |value: Value| u128::from(value == Value::V1);
    let (mut time, mut values) = (0, Vec::new());
    for command in parser {
        match command.unwrap() {
            Command::Timestamp(now) => time = now,
            Command::ChangeScalar(code, value) if code == id => values.push((time, bit(value))),
            Command::ChangeVector(code, vector) if code == id => {
                values.push((time, vector.iter().fold(0, |bits, value| bits << 1 | bit(value))));
            }
            _ => {}
        }
    }
    values
}

/// The value at a time.
fn at(values: &[(u64, u128)], time: u64) -> u128 {
    values.iter().rfind(|(from, _)| *from <= time).expect("dumped from the start").1
}

#[test]
fn the_waveform_shows_the_failing_output_at_the_reported_time() {
    let folder = tempfile::tempdir().unwrap();
    let printed = run_with_planted_bug(folder.path());
    let folders = mismatch_folders(folder.path());
    assert_eq!(folders.len(), 3, "the first few mismatches have a report: {printed}");
    for mismatch in folders {
        let case = Case::read(&mismatch).unwrap();
        assert_eq!((case.threshold, case.unit_threshold, case.seed), (2, 3, 7));
        // The report names the time; the differences come from the same replay.
        let report = fs::read_to_string(mismatch.join("report.txt")).unwrap();
        let (_, rest) = report.split_once("done rises at ").unwrap();
        let time: u64 = rest.split_whitespace().next().unwrap().parse().unwrap();
        let again = tempfile::tempdir().unwrap();
        let replayed = replay(&case, again.path()).unwrap();

        let wave = mismatch.join("wave.vcd");
        assert_eq!(fs::read(&wave).unwrap(), fs::read(&replayed.wave).unwrap(), "deterministic");
        let done = signal(&wave, "done_valid_o");
        assert_eq!(at(&done, time - 1), 0, "done is low before the reported time");
        assert_eq!(at(&done, time), 1, "done rises at the reported time");
        let outputs = at(&signal(&wave, "output_o"), time);
        let mut values = 0;
        for difference in &replayed.differences {
            if let Difference::Output { output, expected, actual } = *difference {
                let dumped = (outputs >> (32 * output)) as u32 as i32;
                assert_eq!(dumped, actual, "output {output} of the waveform");
                assert_ne!(dumped, expected);
                assert!(report.contains(&format!(
                    "output {output}: expected {expected}, the unit has {actual}"
                )));
                values += 1;
            }
        }
        assert!(values > 0, "the planted bug changes an output");
        assert_eq!(at(&signal(&wave, "threshold_q"), time), 3, "the bug itself is in the waveform");

        // From reset to a few cycles past the difference.
        let reset = signal(&wave, "rst_ni");
        let (begin, low) = (reset[0].0, reset.iter().find(|(_, value)| *value == 0));
        assert!(low.unwrap().0 <= begin + 10, "the waveform begins with the reset");
        let end = signal(&wave, "clk_i").last().unwrap().0;
        assert!((time + 30..time + 100).contains(&end), "the waveform ends at {end}");
    }
}

#[test]
fn the_report_names_everything_and_its_command_replays_it() {
    let folder = tempfile::tempdir().unwrap();
    let printed = run_with_planted_bug(folder.path());
    assert!(printed.contains("mismatch report: reports/mismatch/windows-k3-image00000-gaussian-"));
    let mismatch = &mismatch_folders(folder.path())[0];
    let name = mismatch.file_name().unwrap().to_str().unwrap();
    let report = fs::read_to_string(mismatch.join("report.txt")).unwrap();
    for part in [
        "experiment  windows",
        "seed 7",
        "image       0, channel 0, filter gaussian, configuration tau=0.25",
        "4x4 at column ",
        "T = 2 (the unit was given 3)",
        "kernel:\n            1           2           1\n            2           4           2\n",
        "   S_i  expected  unit\n",
        "  skip      keep  <--\n",
        "gtkwave wave.vcd wave.gtkw",
        &format!("replay      ./run replay reports/mismatch/{name}\n"),
    ] {
        assert!(report.contains(part), "{part:?} is not in the report:\n{report}");
    }

    let wave = mismatch.join("wave.vcd");
    let before = fs::read(&wave).unwrap();
    fs::remove_file(&wave).unwrap();
    let replayed = output(folder.path(), &["replay", &format!("reports/mismatch/{name}")]);
    assert_eq!(replayed.status.code(), Some(1), "{}", text(&replayed.stderr));
    assert!(text(&replayed.stdout).contains("1 windows compared, 1 mismatches"));
    assert_eq!(fs::read(&wave).unwrap(), before, "the replay writes the same waveform");
}

#[test]
fn the_save_file_names_signals_of_the_waveform() {
    let folder = tempfile::tempdir().unwrap();
    run_with_planted_bug(folder.path());
    let mismatch = &mismatch_folders(folder.path())[0];
    let header = fs::read_to_string(mismatch.join("wave.vcd")).unwrap();
    let save = fs::read_to_string(mismatch.join("wave.gtkw")).unwrap();
    let mut signals = 0;
    for signal in save.lines().filter_map(|line| line.strip_prefix("TOP.conv_unit.")) {
        // In the header: `$var wire 32 ! cmd_addr_i [31:0] $end`.
        let declared = format!(" {} $end", signal.replace('[', " ["));
        assert!(header.contains(&declared), "{signal} is not in the waveform");
        signals += 1;
    }
    assert!(signals > 20);
    assert!(save.lines().filter(|line| line.starts_with('-')).count() >= 5, "groups");
}

#[test]
fn a_case_that_agrees_replays_without_a_difference() {
    let folder = tempfile::tempdir().unwrap();
    run_with_planted_bug(folder.path());
    let mismatch = &mismatch_folders(folder.path())[0];
    let mut case = Case::read(mismatch).unwrap();
    case.unit_threshold = case.threshold;
    let sound = folder.path().join("sound");
    assert!(replay(&case, &sound).unwrap().differences.is_empty());
    let replayed = output(folder.path(), &["replay", "sound"]);
    assert!(replayed.status.success());
    assert!(text(&replayed.stdout).contains("1 windows compared, 0 mismatches"));
}

#[test]
fn what_is_not_a_mismatch_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |folder: &Path, message: &str| {
        let output = output(folder, &["replay", "case"]);
        assert!(!output.status.success());
        let printed = text(&output.stderr);
        assert!(printed.contains(message), "{printed}");
    };
    refused(folder.path(), "cannot read case/case.json");
    fs::create_dir(folder.path().join("case")).unwrap();
    let path = folder.path().join("case/case.json");
    fs::write(&path, "{}").unwrap();
    refused(folder.path(), "is not a mismatch case: missing field");

    run_with_planted_bug(folder.path());
    let text = fs::read_to_string(mismatch_folders(folder.path())[0].join("case.json")).unwrap();
    for (from, to, message) in [
        ("\"unit\": \"k3\"", "\"unit\": \"k9\"", "unit \"k9\" is not in this build"),
        ("\"side\": 3", "\"side\": 2", "the kernel's side or its number of weights"),
        ("\"outputs\": 4", "\"outputs\": 2", "the outputs or the number of words"),
        ("\"threshold\": 2", "\"threshold\": 0", "threshold 0 skips every product"),
    ] {
        assert!(text.contains(from), "{from} is in the case");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        refused(folder.path(), message);
    }
}
