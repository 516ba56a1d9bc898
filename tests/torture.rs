// SPDX-License-Identifier: MIT OR Apache-2.0
//! `convapprox torture`: what it prints and writes; `tests/core` has the random programs themselves.

use std::fs;
use std::process::Command;

#[test]
fn the_command_reports_coverage_and_counts() {
    let folder = tempfile::tempdir().unwrap();
    let run = |jobs: &str, out: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_convapprox"))
            .args(["torture", "--instructions", "20000", "--seed", "4", "--quiet"])
            .args(["--jobs", jobs, "--out", out])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}");
        let last = text.lines().last().unwrap().to_owned();
        assert!(last.contains(" instructions in lockstep, ") && last.ends_with(" 0 mismatches"));
        assert!(text.contains("bins hit"), "{text}");
        let file = |name: &str| fs::read_to_string(folder.path().join(out).join(name)).unwrap();
        (last, file("coverage.csv"), file("provenance.json"))
    };
    let one = run("1", "a");
    assert!(one.1.starts_with("bin,hits\nopcode/lui,"), "{}", one.1);
    assert_eq!(one, run("3", "b"));
}
