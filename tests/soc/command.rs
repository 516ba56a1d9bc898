//! `convapprox soc`: what it prints, and its exit status.

use std::fs;
use std::path::Path;

use convapprox::firmware::find;

use crate::common::{output, text};

/// Runs `convapprox soc` in a folder; returns its exit status, and what it printed.
fn soc(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = output(folder, &[&["soc"], arguments].concat());
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Writes a program of `firmware/` with one instruction changed, so that a test fails.
fn broken(folder: &Path) -> String {
    let mut elf = find("rv32i_alu").unwrap().elf.to_vec();
    // add of two registers becomes sub: the first one after the start-up code that is followed by
    // a test is enough.
    let words = elf.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap()));
    let add = words.enumerate().filter(|(_, word)| word & 0xfe00_707f == 0x33).map(|(at, _)| at);
    let at = 4 * add.last().expect("a test of add");
    elf[at + 3] |= 0x40;
    fs::write(folder.join("broken.elf"), elf).unwrap();
    "broken.elf".to_owned()
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
    let elf = broken(folder.path());
    let (status, printed, errors) = soc(folder.path(), &[&elf]);
    assert_eq!(status, Some(1), "{errors}");
    let line = printed.lines().find(|line| line.starts_with("test ")).expect(&printed);
    let number: u32 = line.split(' ').nth(1).unwrap().parse().unwrap();
    assert!(number > 0 && line.contains(" failed, after "), "{line}");
    assert!(printed.contains("0 mismatches"), "the reference fails alike: {printed}");
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
        (&["hello", "--stalls", "0"], "--stalls"),
        (&["hello", "--wait-states", "16"], "--wait-states"),
        (&["hello", "--trace", "GHW"], "--trace"),
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
    let arguments = ["rv32i_store", "--signature", "signature", "--quiet"];
    let (status, _, errors) = soc(folder.path(), &arguments);
    assert_eq!(status, Some(0), "{errors}");
    let written = fs::read_to_string(folder.path().join("signature")).unwrap();
    let soc = &convapprox::dut::soc::SOCS[0];
    let elf = find("rv32i_store").unwrap().elf;
    let program = convapprox::dut::soc::Program::parse(elf, soc.ram_bytes).unwrap();
    let range = program.signature.clone().unwrap();
    assert_eq!(written.lines().count(), (range.end - range.start) as usize / 4);
    let digits = |line: &str| line.len() == 8 && line.chars().all(|c| c.is_ascii_hexdigit());
    assert!(written.lines().all(digits), "{written}");
    let mut system = convapprox::dut::soc::open(soc, &Default::default()).unwrap();
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
    for row in ["cycles an instruction", "load-use", "GET_DATA", "multiplications skipped", "kHz"] {
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
