// SPDX-License-Identifier: MIT OR Apache-2.0
//! The unit agrees with its golden function; a planted bug is found, reported and replayed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn own_unit(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_own-unit"));
    let Output { status, stdout, .. } =
        command.args(arguments).current_dir(folder).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap())
}

#[test]
fn the_unit_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let (status, printed) = own_unit(folder.path(), &["run", "out"]);
    assert_eq!((status, printed.as_str()), (0, "1000 windows compared, 0 mismatches\n"));
    let table = fs::read_to_string(folder.path().join("out/errors.csv")).unwrap();
    assert!(table.starts_with("number,exact,truncated\n0,"), "{table}");
    assert_eq!(table.lines().count(), 1001);
}

#[test]
fn a_planted_bug_has_a_report_that_replays() {
    let folder = tempfile::tempdir().unwrap();
    let (status, printed) = own_unit(folder.path(), &["planted", "out", "7"]);
    assert_eq!(status, 3, "{printed}");
    let path = printed.lines().next().unwrap().strip_prefix("mismatch report: ").unwrap();
    let report = folder.path().join(path);
    let text = fs::read_to_string(&report).unwrap();
    assert!(text.contains("expected the sum ") && text.contains("\"seed\": 7"), "{text}");
    let wave = report.with_file_name("wave.vcd");
    let before = fs::read(&wave).unwrap();
    fs::remove_file(&wave).unwrap();
    let path = PathBuf::from(path);
    let (status, again) =
        own_unit(folder.path(), &["replay", path.parent().unwrap().to_str().unwrap()]);
    assert_eq!((status, again.lines().next()), (3, text.lines().next()));
    assert_eq!(fs::read(&wave).unwrap(), before, "the same waveform");
}
