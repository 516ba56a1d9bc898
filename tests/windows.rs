// SPDX-License-Identifier: MIT OR Apache-2.0
//! The `windows` command as a user runs it: the same bytes whatever the number of threads and
//! whatever interrupts it, and an error for what cannot be run.

mod common;

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::{convapprox, output, text};

const RESULTS: [&str; 4] = ["windows.csv", "summary.csv", "feature_maps.png", "provenance.json"];

/// The result files of a run.
fn results(out: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let read = |name| {
        let path = out.join(name);
        (name, fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    };
    RESULTS.into_iter().map(read).collect()
}

fn assert_same(a: &Path, b: &Path) {
    for ((name, a), (_, b)) in results(a).into_iter().zip(results(b)) {
        assert!(a == b, "{name} differs ({} and {} bytes)", a.len(), b.len());
    }
}

fn windows<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["windows", "--out", out];
    arguments.extend(more);
    arguments
}

#[test]
fn one_thread_and_two_write_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for (out, jobs) in [("one", "1"), ("two", "2")] {
        let output = output(folder.path(), &windows(out, &["--images", "10", "--jobs", jobs]));
        let printed = text(&output.stdout);
        assert!(output.status.success(), "{printed}{}", text(&output.stderr));
        assert!(printed.contains("\n70980 windows compared, 0 mismatches\n"), "{printed}");
    }
    assert_same(&folder.path().join("one"), &folder.path().join("two"));
    assert!(!folder.path().join("one/checkpoints").exists(), "checkpoints are removed at the end");
}

#[test]
fn both_engines_and_every_unit_of_one_log_agree() {
    let folder = tempfile::tempdir().unwrap();
    // Everything but the columns that only a unit has: windows, cycles, cycles a window.
    let rows = |out: &str| -> Vec<Vec<String>> {
        let mut csv = csv::Reader::from_path(folder.path().join(out).join("windows.csv")).unwrap();
        let record = |row: Result<csv::StringRecord, _>| {
            let row = row.unwrap();
            row.iter().take(row.len() - 3).map(str::to_owned).collect()
        };
        csv.records().map(record).collect()
    };
    let run = |out: &'static str, more: &[&str]| {
        let arguments: Vec<&str> = windows(out, &["--images", "2", "--force"])
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        let output = output(folder.path(), &arguments);
        assert!(output.status.success(), "{}", text(&output.stderr));
        rows(out)
    };
    let golden = run("golden", &["--engine", "golden"]);
    assert_eq!(golden.len(), 2 * 7 * 6);
    for unit in ["k3", "k3_w128", "k3_m2", "k5"] {
        assert!(run("rtl", &["--unit", unit]) == golden, "unit {unit} differs from golden");
    }
    assert!(run("rtl", &["--unit", "k3", "--stalls", "5"]) == golden, "stalls change results");
    let finer = run("f3", &["--engine", "golden", "--unit", "k3_f3"]);
    assert!(finer != golden, "fraction bits of the log have an effect");
    assert!(run("rtl", &["--unit", "k3_f3"]) == finer);
}

#[test]
fn a_killed_run_resumes_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--images", "48", "--filters", "sobel_x,box"];
    assert!(output(folder.path(), &windows("whole", &arguments)).status.success());

    let checkpoints = folder.path().join("killed/checkpoints");
    let finished = || {
        fs::read_dir(&checkpoints).map_or(0, |it| {
            it.filter(|entry| {
                entry.as_ref().is_ok_and(|it| it.path().extension().is_some_and(|it| it == "json"))
            })
            .count()
        })
    };
    // Killed twice, each time after at least one more batch.
    let mut killed = 0;
    for round in 0..2 {
        let before = finished();
        let mut arguments = windows("killed", &arguments);
        arguments.extend(["--jobs", "1"]);
        if round > 0 {
            arguments.push("--resume");
        }
        let mut child = convapprox(folder.path(), &arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begin = Instant::now();
        while finished() == before && begin.elapsed() < Duration::from_secs(60) {
            sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        if !child.wait().unwrap().success() {
            killed += 1;
        }
    }
    assert!(killed > 0, "at least one run was killed before its end");
    assert!(!folder.path().join("killed/windows.csv").exists(), "no result before the end");

    let mut resume = windows("killed", &arguments);
    resume.push("--resume");
    let output = output(folder.path(), &resume);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_same(&folder.path().join("whole"), &folder.path().join("killed"));
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_says_how_to_go_on_and_does() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--images", "48", "--filters", "laplacian,emboss", "--jobs", "1"];
    assert!(output(folder.path(), &windows("whole", &arguments)).status.success());

    let child = convapprox(folder.path(), &windows("stopped", &arguments))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let checkpoints = folder.path().join("stopped/checkpoints");
    let begin = Instant::now();
    while !checkpoints.exists() && begin.elapsed() < Duration::from_secs(60) {
        sleep(Duration::from_millis(1));
    }
    // The shell's own kill: a small system has no other.
    let kill = format!("kill -INT {}", child.id());
    assert!(std::process::Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    let stopped = child.wait_with_output().unwrap();
    assert_eq!(stopped.status.code(), Some(130), "{}", text(&stopped.stderr));
    assert!(text(&stopped.stderr).contains("--resume goes on from there"));

    // Other settings must not be mixed in.
    let other = ["windows", "--out", "stopped", "--images", "47", "--resume"];
    let refused = output(folder.path(), &other);
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("other settings"), "{}", text(&refused.stderr));

    let mut resume = windows("stopped", &arguments);
    resume.push("--resume");
    assert!(output(folder.path(), &resume).status.success());
    assert_same(&folder.path().join("whole"), &folder.path().join("stopped"));
}

#[test]
fn filters_of_any_size_come_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let filters = "[ridge]\n0 -1 0\n0 2 0\n0 -1 0\n[blob]\n1 1 1 1 1\n1 2 2 2 1\n1 2 3 2 1\n1 2 2 2 1\n1 1 1 1 1\n";
    fs::write(folder.path().join("filters.txt"), filters).unwrap();
    let arguments = ["--images", "1", "--filter-file", "filters.txt", "--tau", "0.5"];

    let small = output(folder.path(), &windows("small", &arguments));
    assert!(!small.status.success());
    let message = text(&small.stderr);
    assert!(message.contains("blob is 5×5; unit k3 takes up to 3×3"), "{message}");

    let mut fits = windows("fits", &arguments);
    fits.extend(["--unit", "k5"]);
    let run = output(folder.path(), &fits);
    assert!(run.status.success(), "{}", text(&run.stderr));
    let summary = fs::read_to_string(folder.path().join("fits/summary.csv")).unwrap();
    let lines: Vec<&str> = summary.lines().map(|line| line.split(',').next().unwrap()).collect();
    let expected =
        ["filter", "all", "all", "all", "ridge", "ridge", "ridge", "blob", "blob", "blob"];
    assert_eq!(lines, expected);
    // 24×24 outputs of 25 products each.
    assert!(summary.contains("\nblob,exact,exact,,,0,window,1,14400.0000,"), "{summary}");
}

#[test]
fn what_cannot_be_run_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let cases: [(&[&str], &str); 10] = [
        (&["--tau", "1.5"], "tolerance τ = 1.5 is not between 0 and 1"),
        (&["--tau", "0"], "is not between 0 and 1"),
        (&["--images", "0"], "it must be at least 1"),
        (&["--images", "99999999"], "99999999 images are asked for; this part of the data set has"),
        (&["--filters", "sobel"], "no filter is called \"sobel\"; did you mean sobel_x?"),
        (&["--filters", "box,box"], "two filters are called \"box\""),
        (&["--filter-file", "missing"], "cannot read missing"),
        (&["--unit", "k9"], "kernel is 1 to 7, not 9"),
        (&["--engine", "soc"], "invalid value 'soc'"),
        (&["--out", "file/below"], "cannot create file/below"),
    ];
    for (arguments, message) in cases {
        let mut all = vec!["windows", "--dataset", "digits", "--quiet"];
        if !arguments.contains(&"--images") {
            all.extend(["--images", "1"]);
        }
        all.extend(arguments);
        let output = output(folder.path(), &all);
        let printed = text(&output.stderr);
        assert!(!output.status.success(), "{arguments:?} is accepted");
        assert!(printed.contains(message), "{arguments:?}: {printed}");
        assert!(output.stdout.is_empty(), "{arguments:?}: {}", text(&output.stdout));
    }
}

#[test]
fn a_run_without_a_terminal_is_quiet() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = windows("out", &["--dataset", "digits", "--images", "4"]);
    let output = output(folder.path(), &arguments);
    assert!(output.status.success());
    assert_eq!(text(&output.stderr), "");
    assert!(text(&output.stdout).contains("these are drawn digits, not MNIST"));
}
