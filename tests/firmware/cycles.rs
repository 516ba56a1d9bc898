//! Cycles of instructions, and of benchmarks.

use std::collections::BTreeSet;

use convapprox::check::lockstep::ProgramCase;
use convapprox::dut::soc::SOCS;
use convapprox::firmware::{self, Kind, programs};

use super::rtl::run;

/// A class of `cycles_core`, what `docs/core.md` says of this core, and what RI5CY's manual (4.3)
/// says of it; where that gives no figure, what CV32E40P's does.
type Class = (&'static str, u32, Option<u32>);

#[rustfmt::skip]
const CORE: &[Class] = &[
    ("alu", 1, Some(1)),
    ("alu_immediate", 1, Some(1)),
    ("shift", 1, Some(1)),
    ("lui", 1, Some(1)),
    ("auipc", 1, Some(1)),
    ("alu_compressed", 1, Some(1)),
    ("alu_across_words", 1, Some(1)),
    ("mul", 1, Some(1)),
    ("mulh", 4, Some(4)),
    ("mulhu", 4, Some(4)),
    ("mulhsu", 4, Some(4)),
    // 2 to 32 by the leading zeros of the divisor; 32 by 0.
    ("divu_0_zeros", 3, None),
    ("divu_16_zeros", 11, None),
    ("divu_31_zeros", 18, Some(32)),
    ("divu_by_0", 2, Some(32)),
    ("remu_31_zeros", 18, Some(32)),
    ("div_1_zero", 3, None),
    ("div_negative", 18, Some(32)),
    ("rem_negative", 3, Some(32)),
    ("load", 1, Some(1)),
    ("load_byte", 1, Some(1)),
    ("load_compressed", 1, Some(1)),
    ("load_use", 2, Some(2)),
    ("load_then_use_later", 1, Some(1)),
    ("load_across_words", 2, Some(2)),
    ("load_half_across_words", 2, Some(2)),
    ("store", 1, Some(1)),
    ("store_across_words", 2, Some(2)),
    ("store_of_load", 2, Some(2)),
    ("load_behind_store", 1, Some(1)),
    ("jal", 2, Some(2)),
    ("jal_compressed", 2, Some(2)),
    ("jal_to_across_words", 3, Some(3)),
    ("jalr", 2, Some(2)),
    ("jalr_behind_producer", 3, Some(3)),
    ("jalr_behind_load", 4, None),
    ("branch_not_taken", 1, Some(1)),
    ("branch_taken", 3, Some(3)),
    ("branch_compressed_taken", 3, Some(3)),
    ("branch_taken_to_across_words", 4, Some(4)),
    ("csr_mscratch", 1, Some(1)),
    ("csr_mtval", 1, Some(1)),
    ("csr_read_mcycle", 2, Some(4)),
    ("csr_write_minstret", 2, Some(4)),
    ("csr_mstatus", 1, Some(4)),
    ("csr_write_mepc", 1, Some(4)),
    ("csr_write_mie", 1, Some(1)),
    ("fence", 1, None),
    ("fence_i", 2, Some(2)),
    ("fence_i_behind_store", 4, None),
    ("mret", 3, None),
    ("exception", 3, None),
    ("exception_illegal", 3, None),
    ("access_fault", 5, None),
    // Measured on CV32E40P.
    ("mixed", 11, Some(11)),
];

/// The classes of `cycles_conv`, with kernels of side k: `docs/isa.md`.
fn unit_classes() -> Vec<(&'static str, u32)> {
    let k = SOCS[0].kernel as u32;
    assert_eq!(SOCS[0].multipliers, 4 * k * k, "the table is that of the parallel unit");
    vec![
        ("conv.load", k * k + 5),
        ("conv.load_1", 6),
        ("conv.run", k * k + 6),
        ("conv.run_2x2", (k + 1) * (k + 1) + 6),
        ("conv.run_2x2_none_kept", (k + 1) * (k + 1) + 5),
        ("conv.again", 4),
        ("conv.again_2x2", 4),
        ("conv.again_2x2_none_kept", 3),
        ("conv.read", 1),
        ("conv.read_counter", 1),
        ("conv.config", 1),
        ("conv.carry", 1),
        ("conv.clear", 1),
        ("conv.again_use", 4),
        ("conv.run_behind_load", k * k + 7),
        ("conv.run_behind_store", k * k + 7),
        ("conv.read_behind_load", 2),
    ]
}

/// Runs a program of [`Kind::Cycles`]: its classes with hundredths of cycles.
fn measure(program: &str) -> Vec<(String, u32)> {
    let program = firmware::find(program).unwrap();
    assert_eq!(program.kind, Kind::Cycles);
    let ran = run(program, &ProgramCase::default()).unwrap();
    let lines: Vec<&str> = ran.output.lines().collect();
    assert!(ran.signature.len() >= lines.len());
    let class = |(line, &word): (&&str, &u32)| {
        let (name, cycles) = line.split_once(' ').expect("class and cycles");
        assert_eq!(cycles, format!("{}.{:02}", word / 100, word % 100), "{name}");
        (name.to_owned(), word)
    };
    lines.iter().zip(&ran.signature).map(class).collect()
}

fn hundredths<'a>(classes: impl Iterator<Item = (&'a str, u32)>) -> Vec<(String, u32)> {
    classes.map(|(name, cycles)| (name.to_owned(), 100 * cycles)).collect()
}

#[test]
fn the_core_takes_the_cycles_of_its_manual() {
    let expected = hundredths(CORE.iter().map(|&(name, cycles, _)| (name, cycles)));
    assert_eq!(measure("cycles_core"), expected);
}

#[test]
fn the_core_is_not_slower_than_ri5cy() {
    for (name, hundredths) in measure("cycles_core") {
        let class = CORE.iter().find(|(class, _, _)| *class == name);
        let (_, _, ri5cy) = class.unwrap_or_else(|| panic!("{name} is not in the table"));
        let ri5cy = ri5cy.map_or(u32::MAX, |cycles| 100 * cycles);
        assert!(hundredths <= ri5cy, "{name}: {hundredths} hundredths of a cycle, RI5CY {ri5cy}");
    }
}

#[test]
fn the_instructions_of_the_unit_take_the_cycles_of_their_manual() {
    assert_eq!(measure("cycles_conv"), hundredths(unit_classes().into_iter()));
}

/// Cycles and instructions of a benchmark's line.
fn cycles_and_instructions(line: &str) -> Option<(f64, f64)> {
    let (_, rest) = line.split_once(": ")?;
    let (cycles, rest) = rest.split_once(" cycles, ")?;
    let (instructions, _) = rest.split_once(" instructions, CPI ")?;
    Some((cycles.parse().ok()?, instructions.parse().ok()?))
}

/// A bound and not a result: another compiler makes other instructions of them.
#[test]
fn no_benchmark_takes_two_cycles_an_instruction() {
    let mut names = BTreeSet::new();
    for program in programs().iter().filter(|program| program.kind == Kind::Benchmark) {
        let ran = run(program, &ProgramCase::default()).unwrap();
        print!("{}", ran.output);
        let (cycles, instructions) = cycles_and_instructions(&ran.output).expect(program.name);
        let cpi = cycles / instructions;
        assert!((1.0..2.0).contains(&cpi), "{}: CPI {cpi:.2}", program.name);
        names.insert(program.name);
    }
    assert_eq!(names, ["crc", "matrix", "records", "sort", "string"].into());
}
