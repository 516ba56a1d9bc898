// SPDX-License-Identifier: MIT OR Apache-2.0
//! `convapprox soc`: what it prints, and its exit status.

use std::fs;
use std::path::Path;

use convapprox::bench::system::{SystemDriver, SystemOptions};
use convapprox::firmware::find;
use convapprox::hw::SOC;
use model::elf::Executable;

use crate::assembly::{SPIN, T0, T1, addi, lui, sw};
use crate::common::{output, text};

/// Runs `convapprox soc` in a folder; returns its exit status, and what it printed.
fn soc(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = output(folder, &[&["soc"], arguments].concat());
    (output.status.code(), text(&output.stdout), text(&output.stderr))
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
    for arguments in [&["hello.elf"][..], &["hello"], &["hello.elf", "--lockstep"]] {
        let (status, printed, errors) = soc(folder.path(), arguments);
        assert_eq!(status, Some(0), "{errors}");
        assert!(printed.starts_with("Hello from the core.\n"), "{printed}");
        assert!(printed.contains("passed after "), "{printed}");
        assert!(printed.ends_with(" instructions compared, 0 mismatches\n"), "{printed}");
    }
    let (status, printed, _) = soc(folder.path(), &["hello", "--lockstep=false"]);
    assert_eq!(status, Some(0));
    assert!(!printed.contains("compared"), "{printed}");
    let (status, printed, errors) = soc(folder.path(), &["hello", "--quiet"]);
    assert_eq!(status, Some(0));
    assert!(!printed.contains("passed") && printed.lines().count() == 2, "{printed}");
    assert!(errors.is_empty());
}

#[test]
fn a_program_that_fails_tells_which_test() {
    let folder = folder();
    for (word, line) in [
        (5 << 1 | 1, "test 5 failed, after "),
        (4, "failed: the program wrote 0x4 to tohost, which is no verdict, after "),
    ] {
        let elf = program_that_writes(folder.path(), word);
        let (status, printed, errors) = soc(folder.path(), &[&elf]);
        assert_eq!(status, Some(1), "{errors}");
        assert!(printed.starts_with(line), "{printed}");
        assert!(printed.contains("0 mismatches"), "the reference fails alike: {printed}");
    }
    let elf = program_that_writes(folder.path(), 1);
    assert_eq!(soc(folder.path(), &[&elf]).0, Some(0));
}

#[test]
fn a_program_that_does_not_end() {
    let folder = folder();
    for lockstep in ["--lockstep", "--lockstep=false"] {
        let arguments = ["sort", "--max-cycles", "5000", lockstep];
        let (status, printed, _) = soc(folder.path(), &arguments);
        assert_eq!(status, Some(4));
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
        (&["missing.elf"][..], "cannot read missing.elf"),
        (&["text.elf"], "cannot run text.elf: it is not an ELF file"),
        (&["half.elf"], "cannot run half.elf: it is damaged"),
        (&["hello", "--wait-states", "16"], "--wait-states"),
        (&["hello", "--trace", "GHW"], "--trace"),
        (&["hello", "--soc", "kernel=9"], "kernel is 1 to 7, not 9"),
        (&["hello", "--from", "10"], "--trace"),
        (&["hello", "--flip", "1,2"], "CYCLE,ADDRESS,BITS"),
        (&["hello", "--flip", "10,0x10,1"], "not within the RAM"),
        (&["hello", "--signature", "nowhere/signature"], "nowhere"),
        (&[], "PROGRAM"),
    ] {
        let (status, printed, errors) = soc(path, arguments);
        assert_eq!(status, Some(2), "{arguments:?}: {printed}{errors}");
        assert!(errors.contains(words), "{arguments:?}: {errors}");
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
    let (status, _, errors) = soc(folder.path(), &["stripped.elf"]);
    assert_eq!(status, Some(2));
    assert!(errors.contains("tohost") && errors.contains("--max-cycles"), "{errors}");
    let (status, printed, _) = soc(folder.path(), &["stripped.elf", "--max-cycles", "3000"]);
    assert_eq!(status, Some(4));
    assert!(printed.starts_with("Hello from the core.\n"), "{printed}");
}

#[test]
fn the_signature_is_a_word_a_line() {
    let folder = folder();
    let arguments = ["cycles_conv", "--signature", "signature", "--quiet"];
    let (status, _, errors) = soc(folder.path(), &arguments);
    assert_eq!(status, Some(0), "{errors}");
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
    let (status, printed, _) = soc(folder.path(), &["convolution", "--stats"]);
    assert_eq!(status, Some(0));
    for row in ["cycles per instruction", "load-use", "GET_DATA", "multiplications skipped", "kHz"]
    {
        assert!(printed.contains(row), "{row} is not in\n{printed}");
    }
    // The same, whatever compares it.
    let table = |printed: &str| -> Vec<String> {
        printed.lines().filter(|line| line.starts_with('│')).map(str::to_owned).collect()
    };
    let arguments = ["convolution", "--stats", "--lockstep=false"];
    assert_eq!(table(&soc(folder.path(), &arguments).1), table(&printed));
}

#[test]
fn waveforms_of_both_formats() {
    let folder = folder();
    for (format, file) in [("VCD", "wave.vcd"), ("fst", "wave.fst")] {
        let arguments = ["hello", "--trace", format, "--from", "900", "--out", "waves"];
        let (status, printed, errors) = soc(folder.path(), &arguments);
        assert_eq!(status, Some(0), "{errors}");
        let wave = folder.path().join("waves").join(file);
        assert!(printed.contains(&format!("waveform: waves/{file}")), "{printed}");
        assert!(fs::metadata(wave).unwrap().len() > 1000);
    }
    let wave = fs::read_to_string(folder.path().join("waves/wave.vcd")).unwrap();
    let first = wave.lines().find(|line| line.starts_with('#')).unwrap();
    // The reset takes two cycles of 10 units.
    assert_eq!(first, "#9020");
}
