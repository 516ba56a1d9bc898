//! The programs of `firmware/`: on the reference model, and on the RTL beside it.

#[path = "firmware/cycles.rs"]
mod cycles;
#[path = "firmware/model.rs"]
mod model;
#[path = "firmware/rtl.rs"]
mod rtl;

use convapprox::dut::soc::{self, SOCS};
use convapprox::firmware::{self, Kind, Program, programs};

/// What the programs in question print, apart from benchmarks and measurements.
const OUTPUTS: &[(&str, &str)] = &[
    ("devices", "uuuaaarrrttt\n"),
    (
        "support",
        "-7   -42|-0042|3000000000 beef 00000abc conv% -1000000000007 18364758544493064720 \
         fedcba9876543210\n4294967295 0 -2147483648 0\n",
    ),
];

/// Checks what a program printed: tests nothing, or what [`OUTPUTS`] says.
fn check_output(program: &Program, output: &str) -> Result<(), String> {
    let expected = OUTPUTS.iter().find(|(name, _)| *name == program.name);
    match (program.kind, expected) {
        (_, Some((_, expected))) if output != *expected => {
            Err(format!("prints {output:?} instead of {expected:?}"))
        }
        (Kind::Test, None) if !output.is_empty() => Err(format!("prints {output:?}")),
        (Kind::Cycles | Kind::Benchmark | Kind::Example, _) if output.is_empty() => {
            Err("prints nothing".to_owned())
        }
        _ => Ok(()),
    }
}

/// The programs that need nothing but themselves in RAM.
fn programs_alone() -> impl Iterator<Item = &'static Program> {
    programs().iter().filter(|program| program.kind != Kind::Lenet)
}

/// A program's parts, for the first system.
fn parse(program: &Program) -> soc::Program {
    soc::Program::parse(program.elf, SOCS[0].ram_bytes).expect(program.name)
}

/// Fails if a program did, naming all of them.
fn assert_none(failures: Vec<String>) {
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn each_kind_has_programs_of_different_names() {
    for kind in [Kind::Test, Kind::Cycles, Kind::Benchmark, Kind::Example, Kind::Lenet] {
        assert!(programs().iter().any(|program| program.kind == kind), "{kind:?}");
    }
    for program in programs() {
        let found = firmware::find(program.name).unwrap();
        assert!(std::ptr::eq(found, program), "{} twice", program.name);
    }
    assert!(firmware::find("").is_none());
    assert!(firmware::find("rv32i").is_none());
}

#[test]
fn the_files_hold_no_paths() {
    for program in programs() {
        let text = String::from_utf8_lossy(program.elf);
        for path in [env!("CARGO_MANIFEST_DIR"), "/tmp", "firmware/", "/usr"] {
            assert!(!text.contains(path), "{} contains {path}", program.name);
        }
    }
}
