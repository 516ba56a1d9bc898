// SPDX-License-Identifier: MIT OR Apache-2.0
//! `convapprox soc`: what it prints, its exit status, and a planted fault, from the bit that flips in the
//! system's memory to the waveform.

use std::fs;
use std::path::{Path, PathBuf};

use convapprox::bench::case::ProgramCase;
use convapprox::bench::system::{SystemDriver, SystemOptions};
use convapprox::firmware::find;
use convapprox::hw::SOC;
use model::elf::Executable;

use crate::common::{Ran, run, shown_signals, signals, succeeds, value_at};
use crate::{SPIN, T0, T1, addi, lui, sw};

/// Runs `convapprox soc` in a folder.
fn soc(folder: &tempfile::TempDir, arguments: &str) -> Ran {
    run(folder.path(), &format!("soc {arguments}"))
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Writes a program that writes a word to `tohost` at once: `hello` with other first instructions.
fn program_that_writes(folder: &Path, word: i32) -> String {
    let mut elf = find("hello").unwrap().elf.to_vec();
    let tohost = Executable::parse(&elf, SOC.ram_bytes).unwrap().tohost.unwrap();
    let words = [
        lui(T0, tohost.wrapping_add(0x800)),
        addi(T0, T0, (tohost as i32) << 20 >> 20),
        addi(T1, 0, word),
        sw(T1, T0, 0),
        SPIN,
    ];
    // The linker puts the first segment at a page of the file.
    for (word, bytes) in words.iter().zip(elf[0x1000..].chunks_exact_mut(4)) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    let name = format!("writes{word}.elf");
    fs::write(folder.join(&name), elf).unwrap();
    name
}

#[test]
fn a_program_that_passes() {
    let folder = folder();
    fs::write(folder.path().join("hello.elf"), find("hello").unwrap().elf).unwrap();
    for arguments in ["hello.elf", "hello", "hello.elf --lockstep"] {
        let printed = soc(&folder, arguments).ends(0);
        assert!(printed.starts_with("Hello from the core.\n"), "{printed}");
        assert!(printed.contains("passed after "), "{printed}");
        assert!(printed.ends_with(" instructions compared, 0 mismatches\n"), "{printed}");
    }
    let printed = soc(&folder, "hello --lockstep=false").ends(0);
    assert!(!printed.contains("compared"), "{printed}");
    let quiet = soc(&folder, "hello --quiet");
    assert!(quiet.stderr.is_empty());
    let printed = quiet.ends(0);
    assert!(!printed.contains("passed") && printed.lines().count() == 2, "{printed}");
}

#[test]
fn a_program_that_fails_tells_which_test() {
    let folder = folder();
    for (word, line) in [
        (5 << 1 | 1, "test 5 failed, after "),
        (4, "failed: the program wrote 0x4 to tohost, which is no verdict, after "),
    ] {
        let printed = soc(&folder, &program_that_writes(folder.path(), word)).ends(1);
        assert!(printed.starts_with(line), "{printed}");
        assert!(printed.contains("0 mismatches"), "the reference fails alike: {printed}");
    }
    soc(&folder, &program_that_writes(folder.path(), 1)).ends(0);
}

#[test]
fn a_program_that_does_not_end() {
    for lockstep in ["--lockstep", "--lockstep=false"] {
        let printed = soc(&folder(), &format!("sort --max-cycles 5000 {lockstep}")).ends(4);
        assert!(printed.contains("time-out: no end after 5000 cycles"), "{printed}");
    }
}

#[test]
fn bad_input_is_refused_with_advice() {
    let folder = folder();
    let path = folder.path();
    fs::write(path.join("text.elf"), "not a program").unwrap();
    fs::write(path.join("half.elf"), &find("hello").unwrap().elf[..1000]).unwrap();
    for (arguments, words) in [
        ("missing.elf", "cannot read missing.elf"),
        ("text.elf", "cannot run text.elf: it is not an ELF file"),
        ("half.elf", "cannot run half.elf: it is damaged"),
        ("hello --wait-states 16", "--wait-states"),
        ("hello --trace GHW", "--trace"),
        ("hello --soc kernel=9", "kernel is 1 to 7, not 9"),
        ("hello --from 10", "--trace"),
        ("hello --flip 1,2", "CYCLE,ADDRESS,BITS"),
        ("hello --flip 10,0x10,1", "not within the RAM"),
        ("hello --signature nowhere/signature", "nowhere"),
        ("", "PROGRAM"),
    ] {
        soc(&folder, arguments).refuses(2, words);
    }
}

#[test]
fn a_program_without_tohost_needs_a_limit() {
    let folder = folder();
    // Without its symbols: e_shoff, e_shnum and e_shstrndx are 0, as `strip` leaves them.
    let mut elf = find("hello").unwrap().elf.to_vec();
    elf[32..36].fill(0);
    elf[48..52].fill(0);
    fs::write(folder.path().join("stripped.elf"), elf).unwrap();
    for words in ["tohost", "--max-cycles"] {
        soc(&folder, "stripped.elf").refuses(2, words);
    }
    let printed = soc(&folder, "stripped.elf --max-cycles 3000").ends(4);
    assert!(printed.starts_with("Hello from the core.\n"), "{printed}");
}

#[test]
fn the_signature_is_a_word_a_line() {
    let folder = folder();
    soc(&folder, "cycles_conv --signature signature --quiet").ends(0);
    let written = fs::read_to_string(folder.path().join("signature")).unwrap();
    let elf = find("cycles_conv").unwrap().elf;
    let program = Executable::parse(elf, SOC.ram_bytes).unwrap();
    let range = program.signature.clone().unwrap();
    assert!(range.len() > 16, "this program leaves results behind");
    assert_eq!(written.lines().count(), (range.end - range.start) as usize / 4);
    let digits = |line: &str| line.len() == 8 && line.chars().all(|c| c.is_ascii_hexdigit());
    assert!(written.lines().all(digits), "{written}");
    let mut system = SystemDriver::open(&SOC, &SystemOptions::default()).unwrap();
    system.load(&program).unwrap();
    system.run(1_000_000).unwrap();
    let words: Vec<String> =
        range.step_by(4).map(|addr| format!("{:08x}", system.read_word(addr).unwrap())).collect();
    assert_eq!(written.lines().collect::<Vec<_>>(), words);
}

#[test]
fn statistics_tell_where_the_cycles_went() {
    let folder = folder();
    let printed = soc(&folder, "convolution --stats").ends(0);
    for row in ["cycles per instruction", "load-use", "GET_DATA", "multiplications skipped", "kHz"]
    {
        assert!(printed.contains(row), "{row} is not in\n{printed}");
    }
    // The same, whatever compares it.
    let table = |printed: &str| -> Vec<String> {
        printed.lines().filter(|line| line.starts_with('│')).map(str::to_owned).collect()
    };
    let alone = soc(&folder, "convolution --stats --lockstep=false").ends(0);
    assert_eq!(table(&alone), table(&printed));
}

#[test]
fn waveforms_of_both_formats() {
    let folder = folder();
    for (format, file) in [("VCD", "wave.vcd"), ("fst", "wave.fst")] {
        let line = format!("hello --trace {format} --from 900 --out waves");
        let printed = soc(&folder, &line).ends(0);
        let wave = folder.path().join("waves").join(file);
        assert!(printed.contains(&format!("waveform: waves/{file}")), "{printed}");
        assert!(fs::metadata(wave).unwrap().len() > 1000);
    }
    let wave = fs::read_to_string(folder.path().join("waves/wave.vcd")).unwrap();
    let first = wave.lines().find(|line| line.starts_with('#')).unwrap();
    // The reset takes two cycles of 10 units.
    assert_eq!(first, "#9020");
}

/// A bit of `exit`'s first instruction, whose place start.S fixes, flips while the program begins; the
/// mismatch is that instruction.
const FLIP: &str = "0,0x80000040,0x10";

/// Runs `hello` with the fault; what it printed, and the folder of its report.
fn run_with_fault(folder: &Path) -> (String, PathBuf) {
    let printed = run(folder, &format!("soc hello --flip {FLIP}")).ends(3);
    let (_, rest) = printed.split_once("mismatch report: ").expect(&printed);
    let report = PathBuf::from(rest.lines().next().unwrap()).parent().unwrap().to_owned();
    assert!(report.starts_with("reports/runs/soc/mismatch"), "{printed}");
    let replay = format!("/run replay {}\n", folder.join(&report).display());
    assert!(printed.contains(&replay), "{replay:?} is not in {printed}");
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
    let instruction = |line: &&str| {
        line.contains(" 0x80000040  ")
            && line.trim_start().starts_with(|c: char| c.is_ascii_digit())
    };
    assert!(report.lines().any(|line| instruction(&line)), "{report}");
    for words in [
        "instruction: the core executed",
        "the last instructions",
        "registers after it",
        "planted     bits 0x10 of the word at 0x80000040 flip behind cycle 0",
        "gtkwave wave.vcd wave.gtkw",
        &format!("/run replay {}", folder.path().join(&path).display()),
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
    assert_eq!(value_at(&signals["rvfi_pc_rdata_o"], time), 0x8000_0040);
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
    let elsewhere = tempfile::tempdir().unwrap();
    let printed = run(elsewhere.path(), &format!("replay {}", report.display())).ends(3);
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
    let printed = succeeds(folder.path(), &format!("replay {}", path.display()));
    assert!(printed.ends_with("1 programs compared, 0 mismatches\n"));
}

#[test]
fn viewers_show_signals_of_the_waveform() {
    let folder = tempfile::tempdir().unwrap();
    let (_, path) = run_with_fault(folder.path());
    assert!(shown_signals(&folder.path().join(path).join("wave.vcd")) > 50);
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
        run(folder.path(), &format!("replay {}", path.display())).refuses(2, words);
    }
}
