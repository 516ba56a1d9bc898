//! A planted fault, from the bit that flips in the system's memory to the waveform.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use convapprox::check::lockstep::{ProgramCase, replay};
use vcd::{Command, IdCode, Parser, ScopeItem, Value};

use crate::common::{output, text};

/// Where the report of a run of `hello` is.
const REPORT: &str = "reports/mismatch/soc-hello-seed1";

/// A bit of `main`'s first instructions flips while the start-up code runs; the mismatch is the
/// first instruction that executes it.
const FLIP: &str = "0,0x80000100,0x10";

/// Runs `hello` with the fault, and returns what it printed.
fn run_with_fault(folder: &Path) -> String {
    let output = output(folder, &["soc", "hello", "--flip", FLIP]);
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{printed}{}", text(&output.stderr));
    printed
}

/// A signal of the system in the waveform: the values, each with the time from which it holds.
fn signals(wave: &Path, names: &[&str]) -> HashMap<String, Vec<(u64, u64)>> {
    let mut parser = Parser::new(BufReader::new(File::open(wave).unwrap()));
    let header = parser.parse_header().unwrap();
    let mut ids: HashMap<IdCode, String> = HashMap::new();
    let mut seen: Vec<&str> = Vec::new();
    fn walk<'a>(items: &'a [ScopeItem], found: &mut impl FnMut(&'a str, IdCode)) {
        for item in items {
            match item {
                ScopeItem::Var(var) => found(&var.reference, var.code),
                ScopeItem::Scope(scope) => walk(&scope.items, found),
                _ => {}
            }
        }
    }
    // The outermost scope comes first.
    walk(&header.items, &mut |name, id| {
        if let Some(wanted) = names.iter().find(|&&wanted| wanted == name)
            && !seen.contains(wanted)
        {
            seen.push(wanted);
            ids.insert(id, name.to_owned());
        }
    });
    assert_eq!(seen.len(), names.len(), "{seen:?} of {names:?}");
    let (mut values, mut time): (HashMap<String, Vec<(u64, u64)>>, u64) = Default::default();
    for command in parser {
        let (id, value) = match command.unwrap() {
            Command::Timestamp(now) => {
                time = now;
                continue;
            }
            Command::ChangeScalar(id, value) => (id, u64::from(value == Value::V1)),
            Command::ChangeVector(id, vector) => {
                let bits = vector.iter().map(|value| u64::from(value == Value::V1));
                (id, bits.fold(0, |value, bit| value << 1 | bit))
            }
            _ => continue,
        };
        if let Some(name) = ids.get(&id) {
            values.entry(name.clone()).or_default().push((time, value));
        }
    }
    values
}

/// The value at a time.
fn at(signal: &[(u64, u64)], time: u64) -> u64 {
    signal.iter().take_while(|(from, _)| *from <= time).last().expect("a value").1
}

#[test]
fn a_fault_is_found_at_the_instruction_that_meets_it() {
    let folder = tempfile::tempdir().unwrap();
    let printed = run_with_fault(folder.path());
    assert!(printed.contains("MISMATCH behind cycle "), "{printed}");
    assert!(printed.contains("instruction: the core executed 0x"), "{printed}");
    assert!(printed.contains(&format!("mismatch report: {REPORT}/report.txt")), "{printed}");
    assert!(printed.ends_with(" instructions compared, 1 mismatches\n"), "{printed}");

    let report = fs::read_to_string(folder.path().join(REPORT).join("report.txt")).unwrap();
    let last = report.lines().rfind(|line| line.contains(" 0x80000100  ")).expect(&report);
    assert!(last.trim_start().starts_with(|c: char| c.is_ascii_digit()), "{last}");
    for words in [
        "instruction: the core executed",
        "the last instructions",
        "registers after it",
        "planted     bits 0x10 of the word at 0x80000100 flip behind cycle 0",
        "gtkwave wave.vcd wave.gtkw",
        &format!("./run replay {REPORT}"),
    ] {
        assert!(report.contains(words), "{words:?} is not in\n{report}");
    }
}

#[test]
fn the_waveform_covers_the_mismatch() {
    let folder = tempfile::tempdir().unwrap();
    run_with_fault(folder.path());
    let report = folder.path().join(REPORT);
    let case = ProgramCase::read(&report).unwrap();
    let cycle = case.mismatch_cycle.unwrap();
    // After two cycles of reset.
    let time = (cycle + 2) * 10;
    let wave = report.join("wave.vcd");
    let names = ["clk_i", "rvfi_valid_o", "rvfi_pc_rdata_o", "rvfi_insn_o"];
    let signals = signals(&wave, &names);
    assert_eq!(at(&signals["rvfi_valid_o"], time), 1);
    assert_eq!(at(&signals["rvfi_pc_rdata_o"], time), 0x8000_0100);
    let told = fs::read_to_string(report.join("report.txt")).unwrap();
    let insn = at(&signals["rvfi_insn_o"], time);
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
    run_with_fault(folder.path());
    let report = folder.path().join(REPORT);
    let before = fs::read(report.join("wave.vcd")).unwrap();
    let told = fs::read_to_string(report.join("report.txt")).unwrap();
    fs::remove_file(report.join("wave.vcd")).unwrap();
    let replayed = output(folder.path(), &["replay", REPORT]);
    assert_eq!(replayed.status.code(), Some(1), "{}", text(&replayed.stderr));
    let printed = text(&replayed.stdout);
    assert!(printed.starts_with(&told), "{printed}");
    assert!(printed.ends_with("1 programs compared, 1 mismatches\n"), "{printed}");
    assert_eq!(fs::read(report.join("wave.vcd")).unwrap(), before, "the same waveform");
}

#[test]
fn a_report_without_its_fault_agrees() {
    let folder = tempfile::tempdir().unwrap();
    run_with_fault(folder.path());
    let report = folder.path().join(REPORT);
    let case = fs::read_to_string(report.join("case.json")).unwrap();
    let mut case: serde_json::Value = serde_json::from_str(&case).unwrap();
    case.as_object_mut().unwrap().remove("flip").expect("the fault is in the case");
    fs::write(report.join("case.json"), case.to_string()).unwrap();
    assert!(replay(&report).unwrap().1.is_none());
    let replayed = output(folder.path(), &["replay", REPORT]);
    assert_eq!(replayed.status.code(), Some(0), "{}", text(&replayed.stderr));
    assert!(text(&replayed.stdout).ends_with("1 programs compared, 0 mismatches\n"));
}

#[test]
fn the_save_file_names_signals_of_the_waveform() {
    let folder = tempfile::tempdir().unwrap();
    run_with_fault(folder.path());
    let report = folder.path().join(REPORT);
    let header = fs::read_to_string(report.join("wave.vcd")).unwrap();
    let save = fs::read_to_string(report.join("wave.gtkw")).unwrap();
    let mut signals = 0;
    for signal in save.lines().filter_map(|line| line.strip_prefix("TOP.soc.")) {
        let declared = format!(" {} $end", signal.replace('[', " ["));
        assert!(header.contains(&declared), "{signal} is not in the waveform");
        signals += 1;
    }
    assert!(signals > 30);
}

#[test]
fn what_is_no_report_of_a_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    run_with_fault(folder.path());
    let report = folder.path().join(REPORT);
    let case = fs::read_to_string(report.join("case.json")).unwrap();
    for (from, to, words) in [
        ("\"soc\": \"soc\"", "\"soc\": \"other\"", "system \"other\" is not in this build"),
        ("\"wait_states\": 0", "\"wait_states\": 16", "16 wait states are too many"),
        ("\"x_seed\": 1,", "", "is not a mismatch case: missing field"),
    ] {
        assert!(case.contains(from), "{from} is in the case");
        fs::write(report.join("case.json"), case.replacen(from, to, 1)).unwrap();
        let output = output(folder.path(), &["replay", REPORT]);
        assert!(!output.status.success());
        assert!(text(&output.stderr).contains(words), "{}", text(&output.stderr));
    }
}
