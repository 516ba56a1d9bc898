// SPDX-License-Identifier: MIT OR Apache-2.0
//! The `windows` command as a user runs it: the same bytes whatever the number of threads and
//! whatever interrupts it, and an error for what cannot be run.

mod common;

use std::fs;
use std::process::{Command, Stdio};

use common::{Ran, assert_same, checkpoints, convapprox, kill_at, run, succeeds};

#[test]
fn one_thread_and_two_write_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for (out, jobs) in [("one", 1), ("two", 2)] {
        let line = format!("windows --out {out} --images 10 --jobs {jobs}");
        let printed = succeeds(folder.path(), &line);
        assert!(printed.contains("\n70980 windows compared, 0 mismatches\n"), "{printed}");
    }
    assert_same(&folder.path().join("one"), &folder.path().join("two"));
    for name in ["windows.csv", "summary.csv", "feature_maps.png", "provenance.json"] {
        assert!(folder.path().join("one").join(name).is_file(), "{name}");
    }
    assert!(!folder.path().join("one/checkpoints").exists(), "checkpoints are removed at the end");
}

#[test]
fn both_engines_and_every_unit_of_one_log_agree() {
    let folder = tempfile::tempdir().unwrap();
    // Everything but the columns that only a unit has: windows, cycles, cycles a window.
    let run = |out: &str, more: &str| -> Vec<Vec<String>> {
        succeeds(folder.path(), &format!("windows --out {out} --images 2 --force {more}"));
        let mut csv = csv::Reader::from_path(folder.path().join(out).join("windows.csv")).unwrap();
        let record = |row: Result<csv::StringRecord, _>| {
            let row = row.unwrap();
            row.iter().take(row.len() - 3).map(str::to_owned).collect()
        };
        csv.records().map(record).collect()
    };
    let golden = run("golden", "--engine golden");
    assert_eq!(golden.len(), 2 * 7 * 6);
    for unit in ["k3", "k3_w128", "k3_m2", "k5", "k3 --stalls 5"] {
        assert!(run("rtl", &format!("--unit {unit}")) == golden, "unit {unit} differs from golden");
    }
    let finer = run("f3", "--engine golden --unit k3_f3");
    assert!(finer != golden, "fraction bits of the log have an effect");
    assert!(run("rtl", "--unit k3_f3") == finer);
}

#[test]
fn a_killed_run_resumes_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let line = "windows --images 48 --filters sobel_x,box --out";
    succeeds(folder.path(), &format!("{line} whole"));
    // Killed twice, each time after at least one more batch.
    let run = folder.path().join("killed");
    let killed = ["", "--resume"].map(|resume| {
        let line = format!("{line} killed --jobs 1 {resume}");
        kill_at(folder.path(), &line, &run, checkpoints(&run) + 1)
    });
    assert!(killed.contains(&true), "at least one run was killed before its end");
    assert!(!run.join("windows.csv").exists(), "no result before the end");
    succeeds(folder.path(), &format!("{line} killed --resume"));
    assert_same(&folder.path().join("whole"), &run);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_says_how_to_go_on_and_does() {
    let folder = tempfile::tempdir().unwrap();
    let line = "windows --images 48 --filters laplacian,emboss --jobs 1 --out";
    succeeds(folder.path(), &format!("{line} whole"));

    let mut command = convapprox(folder.path(), &format!("{line} stopped"));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    common::wait_until(|| folder.path().join("stopped/checkpoints").exists());
    // The shell's own kill: a small system has no other.
    let kill = format!("kill -INT {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    Ran::of(child.wait_with_output().unwrap()).refuses(130, "--resume goes on from there");

    // Other settings must not be mixed in.
    run(folder.path(), "windows --out stopped --images 47 --resume").refuses(2, "other settings");
    succeeds(folder.path(), &format!("{line} stopped --resume"));
    assert_same(&folder.path().join("whole"), &folder.path().join("stopped"));
}

#[test]
fn filters_of_any_size_come_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let filters = "[ridge]\n0 -1 0\n0 2 0\n0 -1 0\n[blob]\n1 1 1 1 1\n1 2 2 2 1\n1 2 3 2 1\n1 2 2 2 1\n1 1 1 1 1\n";
    fs::write(folder.path().join("filters.txt"), filters).unwrap();
    let line = "windows --images 1 --filter-file filters.txt --tau 0.5 --out";
    run(folder.path(), &format!("{line} small")).refuses(2, "blob is 5×5; unit k3 takes up to 3×3");
    succeeds(folder.path(), &format!("{line} fits --unit k5"));
    let summary = fs::read_to_string(folder.path().join("fits/summary.csv")).unwrap();
    let lines: Vec<&str> = summary.lines().map(|line| line.split(',').nth(1).unwrap()).collect();
    let expected = ["filter", "", "", "", "ridge", "ridge", "ridge", "blob", "blob", "blob"];
    assert_eq!(lines, expected);
    // 24×24 outputs of 25 products each.
    assert!(summary.contains("\nfilter,blob,exact,exact,,,0,window,1,14400.0000,"), "{summary}");
}

#[test]
fn what_cannot_be_run_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    for (arguments, message) in [
        ("--tau 1.5", "tolerance τ = 1.5 is not between 0 and 1"),
        ("--tau 0", "is not between 0 and 1"),
        ("--images 0", "it must be at least 1"),
        ("--images 99999999", "99999999 images are asked for; this part of the data set has"),
        ("--filters sobel", "no filter is called \"sobel\"; did you mean sobel_x?"),
        ("--filters box,box", "box is there twice"),
        ("--tau 0.1,0.1", "0.1 is there twice"),
        ("--filter-file missing", "cannot read missing"),
        ("--unit k9", "kernel is 1 to 7, not 9"),
        ("--engine soc", "invalid value 'soc'"),
        ("--out file/below", "cannot create file/below"),
    ] {
        let images = if arguments.contains("--images") { "" } else { "--images 1" };
        let line = format!("windows --dataset digits --quiet {images} {arguments}");
        let ran = run(folder.path(), &line);
        assert!(ran.stdout.is_empty(), "{arguments}: {}", ran.stdout);
        ran.refuses(2, message);
    }
}

#[test]
fn a_run_without_a_terminal_is_quiet() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(folder.path(), "windows --out out --dataset digits --images 4");
    assert_eq!(ran.stderr, "");
    assert!(ran.ends(0).contains("these are drawn digits, not MNIST"));
}

/// Three tolerances of the paper's filter table are the ideal rule with one filter, over MNIST if
/// `MNIST_DIR` says where it is; the fourth is not.
#[test]
fn the_ideal_rule_is_that_of_the_papers_table() {
    let mnist = std::env::var_os("MNIST_DIR").is_some();
    let dataset = if mnist { "mnist" } else { "digits --images 1000" };
    let folder = tempfile::tempdir().unwrap();
    succeeds(folder.path(), &format!("ideal --out out --dataset {dataset}"));
    let mut csv = csv::Reader::from_path(folder.path().join("out/ideal.csv")).unwrap();
    let names = csv.headers().unwrap().clone();
    let place = |name: &str| names.iter().position(|it| it == name).unwrap();
    let [tau, multiplications, off] =
        ["tau", "multiplications_average", "vs_paper_percent"].map(place);
    let rows: Vec<csv::StringRecord> = csv.records().collect::<Result<_, _>>().unwrap();
    let column =
        |at: usize| -> Vec<f64> { rows.iter().map(|it| it[at].parse().unwrap()).collect() };
    assert_eq!(column(tau), [0.03, 0.06, 0.1, 0.25]);
    assert!(column(multiplications).is_sorted_by(|a, b| a > b));
    if mnist {
        let off = column(off);
        assert!(off[..3].iter().all(|it| it.abs() < 0.05), "{off:?}");
        assert!((-6.3..-6.1).contains(&off[3]), "{off:?}");
    }
}
