// SPDX-License-Identifier: MIT OR Apache-2.0
//! A planted fault, from the bit that flips in the system's memory to the waveform.

use std::fs;
use std::path::{Path, PathBuf};

use convapprox::bench::case::ProgramCase;

use crate::common::{output, signals, text, value_at};

/// A bit of `main`'s first instructions flips while the start-up code runs; the mismatch is the
/// first instruction that executes it.
const FLIP: &str = "0,0x80000100,0x10";

/// Runs `hello` with the fault; what it printed, and the folder of its report.
fn run_with_fault(folder: &Path) -> (String, PathBuf) {
    let output = output(folder, &["soc", "hello", "--flip", FLIP]);
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{printed}{}", text(&output.stderr));
    let (_, rest) = printed.split_once("replay: ./run replay ").expect(&printed);
    let report = PathBuf::from(rest.lines().next().unwrap());
    assert!(report.starts_with("reports/runs/soc/mismatch"), "{printed}");
    (printed, report)
}

#[test]
fn a_fault_is_found_at_the_instruction_that_meets_it() {
    let folder = tempfile::tempdir().unwrap();
    let (printed, path) = run_with_fault(folder.path());
    let name = path.display();
    assert!(printed.contains("MISMATCH behind cycle "), "{printed}");
    assert!(printed.contains("instruction: the core executed 0x"), "{printed}");
    assert!(printed.contains(&format!("mismatch report: {name}/report.txt")), "{printed}");
    assert!(printed.ends_with(" instructions compared, 1 mismatches\n"), "{printed}");

    let report = fs::read_to_string(folder.path().join(&path).join("report.txt")).unwrap();
    let last = report.lines().rfind(|line| line.contains(" 0x80000100  ")).expect(&report);
    assert!(last.trim_start().starts_with(|c: char| c.is_ascii_digit()), "{last}");
    for words in [
        "instruction: the core executed",
        "the last instructions",
        "registers after it",
        "planted     bits 0x10 of the word at 0x80000100 flip behind cycle 0",
        "gtkwave wave.vcd wave.gtkw",
        &format!("./run replay {name}"),
    ] {
        assert!(report.contains(words), "{words:?} is not in\n{report}");
    }
}

#[test]
fn the_waveform_covers_the_mismatch() {
    let folder = tempfile::tempdir().unwrap();
    let (_, path) = run_with_fault(folder.path());
    let report = folder.path().join(&path);
    let case = ProgramCase::read(&report).unwrap();
    let cycle = case.mismatch_cycle.unwrap();
    // After two cycles of reset.
    let time = (cycle + 2) * 10;
    let wave = report.join("wave.vcd");
    let names = ["clk_i", "rvfi_valid_o", "rvfi_pc_rdata_o", "rvfi_insn_o"];
    let signals = signals(&wave, &names);
    assert_eq!(value_at(&signals["rvfi_valid_o"], time), 1);
    assert_eq!(value_at(&signals["rvfi_pc_rdata_o"], time), 0x8000_0100);
    let told = fs::read_to_string(report.join("report.txt")).unwrap();
    let insn = value_at(&signals["rvfi_insn_o"], time);
    assert!(told.contains(&format!("executed {insn:#010x}")), "{insn:#x} is not in\n{told}");
    assert!(told.contains(&format!("cycle       {cycle}: time {time} in wave.vcd")), "{told}");
    let rising: Vec<u64> =
        signals["clk_i"].iter().filter(|(_, value)| *value == 1).map(|(time, _)| *time).collect();
    assert!(rising.len() >= 200, "{} cycles", rising.len());
    assert_eq!(rising[0].max(time - 2000), rising[0], "no more than 200 cycles before");
    assert!(*rising.last().unwrap() > time, "and a few behind");
}

#[test]
fn a_report_replays() {
    let folder = tempfile::tempdir().unwrap();
    let (_, path) = run_with_fault(folder.path());
    let report = folder.path().join(&path);
    let before = fs::read(report.join("wave.vcd")).unwrap();
    let told = fs::read_to_string(report.join("report.txt")).unwrap();
    fs::remove_file(report.join("wave.vcd")).unwrap();
    let replayed = output(folder.path(), &["replay", path.to_str().unwrap()]);
    assert_eq!(replayed.status.code(), Some(3), "{}", text(&replayed.stderr));
    let printed = text(&replayed.stdout);
    assert!(printed.starts_with(&told), "{printed}");
    assert!(printed.ends_with("1 programs compared, 1 mismatches\n"), "{printed}");
    assert_eq!(fs::read(report.join("wave.vcd")).unwrap(), before, "the same waveform");
}

#[test]
fn a_report_without_its_fault_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let (_, path) = run_with_fault(folder.path());
    let report = folder.path().join(&path);
    let case = fs::read_to_string(report.join("case.json")).unwrap();
    let mut case: serde_json::Value = serde_json::from_str(&case).unwrap();
    let fault = case["flip"].take();
    assert!(fault.is_object(), "the fault is in the case");
    fs::write(report.join("case.json"), case.to_string()).unwrap();
    let replayed = output(folder.path(), &["replay", path.to_str().unwrap()]);
    assert_eq!(replayed.status.code(), Some(0), "{}", text(&replayed.stderr));
    assert!(text(&replayed.stdout).ends_with("1 programs compared, 0 mismatches\n"));
}

#[test]
fn the_save_file_names_signals_of_the_waveform() {
    let folder = tempfile::tempdir().unwrap();
    let (_, path) = run_with_fault(folder.path());
    let report = folder.path().join(&path);
    let header = fs::read_to_string(report.join("wave.vcd")).unwrap();
    let save = fs::read_to_string(report.join("wave.gtkw")).unwrap();
    let mut signals = 0;
    for signal in save.lines().filter_map(|line| line.strip_prefix("TOP.soc.")) {
        let name = signal.rsplit('.').next().unwrap();
        let declared = format!(" {} $end", name.replace('[', " ["));
        assert!(header.contains(&declared), "{signal} is not in the waveform");
        signals += 1;
    }
    assert!(signals > 30);
}

#[test]
fn what_is_no_report_of_a_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (_, path) = run_with_fault(folder.path());
    let report = folder.path().join(&path);
    let case = fs::read_to_string(report.join("case.json")).unwrap();
    for (from, to, words) in [
        ("\"soc\": \"soc\"", "\"soc\": \"other\"", "\"other\" is no parameter set"),
        ("\"wait_states\": 0", "\"wait_states\": 16", "16 wait states are too many"),
        ("\"x_seed\": 1,", "", "is not a mismatch case: missing field"),
    ] {
        assert!(case.contains(from), "{from} is in the case");
        fs::write(report.join("case.json"), case.replacen(from, to, 1)).unwrap();
        let output = output(folder.path(), &["replay", path.to_str().unwrap()]);
        assert!(!output.status.success());
        assert!(text(&output.stderr).contains(words), "{}", text(&output.stderr));
    }
}
