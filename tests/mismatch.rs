// SPDX-License-Identifier: MIT OR Apache-2.0
//! A planted bug, from the mismatch to the waveform: the unit gets a threshold one off from the
//! golden model's, and the report, the waveform and the replay must all point at it.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{run, shown_signals, signals, succeeds, value_at};
use convapprox::bench::case::{FILTERS, WindowCase};
use convapprox::bench::engine::RtlSettings;
use convapprox::bench::replay::WindowUnit;
use convapprox::bench::scoreboard::Difference;
use convapprox::bench::under_test::{Replayed, investigate, replay};
use convapprox::bench::unit::Outcome;
use convapprox::hw::PAPER_UNIT;
use model::conv::{Kernel, Mode, Plane, Semantics, SmaxScope, Threshold};
use model::engine::{Detail, EngineFactory, Place};
use model::nn::{Convolution, Finish};
use study::data::{SIDE, digits};

/// Runs a filter over a drawn digit with the unit's threshold one too high; the folders of the reports
/// of the first few mismatches.
fn reports_of_planted_bug(folder: &Path) -> Vec<PathBuf> {
    let unit = Some(PAPER_UNIT);
    let settings = RtlSettings { unit, seed: 7, stalls: None, threshold_offset: 1 };
    let mut engine = settings.open().unwrap();
    let kernel = Kernel::new(3, vec![1, 2, 1, 2, 4, 2, 1, 2, 1]).unwrap();
    let gaussian = Convolution {
        name: "gaussian".to_owned(),
        index: 0,
        filters: vec![vec![kernel]],
        bias: vec![0],
        finish: Finish { activation: None, shift: 0, bits: 0 },
    };
    let digit = &digits::draw(7, digits::TEST, 1)[0];
    let plane = Plane::new(SIDE, SIDE, digit.pixels.iter().map(|&it| i32::from(it)).collect());
    let threshold = Threshold::new(2).unwrap();
    let semantics = Semantics::new(Mode::Approx, 0, threshold, SmaxScope::Window).unwrap();
    let place = Place {
        experiment: "windows".to_owned(),
        dataset: "digits".to_owned(),
        network: FILTERS.to_owned(),
        layer: "gaussian".to_owned(),
        configuration: "tau=0.25".to_owned(),
        ..Place::default()
    };
    let inputs = [vec![plane.unwrap()]];
    engine.layer(&place, &gaussian, &semantics, &inputs, Detail::Sums).unwrap();
    let found = engine.take_findings().unwrap();
    assert!(found.mismatches > 3);
    let cases = found.cases.iter().map(|case| engine.follow_up(case, folder).unwrap());
    let reports: Vec<PathBuf> = cases.collect();
    assert_eq!(reports.len(), 3, "the first few mismatches have a report");
    reports
}

/// Runs the case of a folder again in a copy of it.
fn replay_copy(report: &Path) -> (tempfile::TempDir, Replayed<Outcome>) {
    let copy = tempfile::tempdir().unwrap();
    fs::copy(report.join("case.json"), copy.path().join("case.json")).unwrap();
    let replayed = replay::<WindowUnit>(copy.path()).unwrap();
    (copy, replayed)
}

#[test]
fn the_waveform_shows_the_failing_output_at_the_reported_time() {
    let folder = tempfile::tempdir().unwrap();
    for mismatch in reports_of_planted_bug(folder.path()) {
        let case = WindowCase::read(&mismatch).unwrap();
        let thresholds = (case.threshold.get(), case.window.run.threshold.get());
        assert_eq!((thresholds, case.seed), ((2, 3), 7));
        // The report names the time; the differences come from the same replay.
        let report = fs::read_to_string(mismatch.join("report.txt")).unwrap();
        let (_, rest) = report.split_once("done rises at ").unwrap();
        let time: u64 = rest.split_whitespace().next().unwrap().parse().unwrap();
        let (_copy, replayed) = replay_copy(&mismatch);
        let wave = mismatch.join("wave.vcd");
        assert_eq!(fs::read(&wave).unwrap(), fs::read(&replayed.wave).unwrap(), "deterministic");
        let names = ["done_valid_o", "output_o", "threshold_q", "rst_ni", "clk_i"];
        let signals = signals(&wave, &names);
        let done = &signals["done_valid_o"];
        assert_eq!(value_at(done, time - 1), 0, "done is low before the reported time");
        assert_eq!(value_at(done, time), 1, "done rises at the reported time");
        let outputs = value_at(&signals["output_o"], time);
        let outcome = replayed.outcome.as_ref().unwrap();
        let differences =
            case.expected().unwrap().compare(&case.unit, &case.window.run, outcome, false);
        let texts: Vec<String> = differences.iter().map(ToString::to_string).collect();
        assert_eq!(replayed.differences, texts);
        let mut values = 0;
        for difference in &differences {
            if let Difference::Output { output, expected, actual } = *difference {
                let dumped = (outputs >> (32 * output)) as u32 as i32;
                assert_eq!(dumped, actual.word, "output {output} of the waveform");
                assert_ne!(dumped, expected.word);
                assert!(report.contains(&format!(
                    "output {output}: expected {expected}, the unit has {actual}"
                )));
                values += 1;
            }
        }
        assert!(values > 0, "the planted bug changes an output");
        assert_eq!(value_at(&signals["threshold_q"], time), 3, "the bug itself is in the waveform");

        // From reset to a few cycles past the difference.
        let reset = &signals["rst_ni"];
        let (begin, low) = (reset[0].0, reset.iter().find(|(_, value)| *value == 0));
        assert!(low.unwrap().0 <= begin + 10, "the waveform begins with the reset");
        let end = signals["clk_i"].last().unwrap().0;
        assert!((time + 30..time + 100).contains(&end), "the waveform ends at {end}");
    }
}

#[test]
fn the_report_names_everything_and_its_command_replays_it() {
    let folder = tempfile::tempdir().unwrap();
    let mismatch = &reports_of_planted_bug(folder.path())[0];
    let name = mismatch.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("windows-k3-image00000-gaussian-tau_0.25-c0-x"), "{name}");
    let report = fs::read_to_string(mismatch.join("report.txt")).unwrap();
    for part in [
        "experiment  windows",
        "seed 7",
        "image       0, channel 0, filter gaussian, configuration tau=0.25",
        "4x4 at column ",
        "T = 2 (the unit was given 3)",
        "first wrong: product_select (rtl/conv_approx/product_select.sv), to which T = 3 was given",
        "kernel:\n            1           2           1\n            2           4           2\n",
        "   S_i  expected  unit\n",
        "  skip      keep  <--\n",
        "gtkwave wave.vcd wave.gtkw   (or: surfer wave.vcd --command-file wave.sucl)",
        &format!("/run replay {}\n", mismatch.display()),
    ] {
        assert!(report.contains(part), "{part:?} is not in the report:\n{report}");
    }

    let wave = mismatch.join("wave.vcd");
    let before = fs::read(&wave).unwrap();
    fs::remove_file(&wave).unwrap();
    let printed = run(folder.path(), &format!("replay {name}")).ends(3);
    assert!(printed.contains("1 windows compared, 1 mismatches"));
    assert_eq!(fs::read(&wave).unwrap(), before, "the replay writes the same waveform");
}

/// As two tests that fail at the same window have them.
#[test]
fn two_cases_of_one_window_have_two_folders() {
    let folder = tempfile::tempdir().unwrap();
    let mismatch = &reports_of_planted_bug(folder.path())[0];
    let first = WindowCase::read(mismatch).unwrap();
    let mut second = first.clone();
    second.window.words[0] ^= 1;
    assert_eq!(first.name(), second.name());
    let reports = [&first, &second].map(|case| investigate::<WindowUnit>(case, folder.path()));
    let [first, second] = reports.map(|it| it.unwrap().folder);
    assert_ne!(first, second);
}

#[test]
fn a_score_that_the_unit_cannot_hold_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mismatch = &reports_of_planted_bug(folder.path())[0];
    let mut case = WindowCase::read(mismatch).unwrap();
    for (carry, status) in [(63, 3), (64, 2), (u32::MAX, 2)] {
        case.window.run.carry[1] = Some(carry);
        fs::write(mismatch.join("case.json"), serde_json::to_string(&case).unwrap()).unwrap();
        let replayed = run(folder.path(), &format!("replay {}", mismatch.display()));
        assert_eq!(replayed.status, Some(status), "{carry}: {}", replayed.stderr);
        let words = "the carry: a score has no more bits";
        assert!(status == 3 || replayed.stderr.contains(words), "{}", replayed.stderr);
    }
}

#[test]
fn viewers_show_signals_of_the_waveform() {
    let folder = tempfile::tempdir().unwrap();
    let mismatch = &reports_of_planted_bug(folder.path())[0];
    // Among them the scores of all products.
    assert!(shown_signals(&mismatch.join("wave.vcd")) > 20 + 36);
    let save = fs::read_to_string(mismatch.join("wave.gtkw")).unwrap();
    assert!(save.lines().filter(|line| line.starts_with('-')).count() >= 5, "groups");
}

#[test]
fn a_case_that_agrees_replays_without_a_difference() {
    let folder = tempfile::tempdir().unwrap();
    let mismatch = &reports_of_planted_bug(folder.path())[0];
    let mut case = WindowCase::read(mismatch).unwrap();
    case.window.run.threshold = case.threshold;
    let sound = folder.path().join("sound");
    fs::create_dir(&sound).unwrap();
    fs::write(sound.join("case.json"), serde_json::to_string(&case).unwrap()).unwrap();
    assert!(succeeds(folder.path(), "replay sound").contains("1 windows compared, 0 mismatches"));
}

#[test]
fn what_is_not_a_mismatch_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |message: &str| run(folder.path(), "replay case").refuses(2, message);
    refused("cannot read case/case.json");
    fs::create_dir(folder.path().join("case")).unwrap();
    let path = folder.path().join("case/case.json");
    fs::write(&path, "{}").unwrap();
    refused("is not a mismatch case: missing field");

    let report = &reports_of_planted_bug(folder.path())[0];
    let text = fs::read_to_string(report.join("case.json")).unwrap();
    for (from, to, message) in [
        ("\"unit\": \"k3\"", "\"unit\": \"k9\"", "kernel is 1 to 7, not 9"),
        ("\"side\": 3", "\"side\": 2", "the kernel's side or its number of weights"),
        ("\"tile\": \"2x2\"", "\"tile\": \"1x1\"", "the tile or the number of words"),
        ("\"threshold\": 2", "\"threshold\": 0", "threshold 0 skips every product"),
        ("\"seed\": 7", "\"sed\": 7", "unknown field `sed`"),
    ] {
        assert!(text.contains(from), "{from} is in the case");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        refused(message);
    }
}
