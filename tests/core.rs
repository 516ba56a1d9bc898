// SPDX-License-Identifier: MIT OR Apache-2.0
//! The RTL regression suite of the core, instruction by instruction beside its reference: the programs
//! of `firmware/`, which also run on the model alone, and random ones.
//!
//! `CONVAPPROX_INSTRUCTIONS` says how many random instructions are run; a million by default.

mod common;

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use convapprox::bench::case::ProgramCase;
use convapprox::bench::cosimulation::{Cosimulation, End};
use convapprox::bench::torture::{Campaign, Findings};
use convapprox::firmware::{self, Kind, Program, programs};
use convapprox::hw::{Build, SOC, SOC_FP, SOCS, SocParameters};
use model::elf;
use model::hart::{Hart, HartConfig, RunEnd, UnitShape};

/// What the programs in question print, apart from benchmarks and measurements.
const OUTPUTS: &[(&str, &str)] = &[
    ("devices", "uuuaaarrrttt\n"),
    ("printf", include_str!("../firmware/tests/printf.expected")),
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

/// A program's parts.
fn parse(program: &Program) -> elf::Executable {
    elf::Executable::parse(program.elf, SOC.ram_bytes).expect(program.name)
}

#[test]
fn each_kind_has_programs_of_different_names() {
    for kind in [Kind::Test, Kind::Cycles, Kind::Benchmark, Kind::Example, Kind::Lenet] {
        assert!(programs().iter().any(|program| program.kind == kind), "{kind:?}");
    }
    let mut names = BTreeSet::new();
    for program in programs() {
        assert!(names.insert(program.name), "{} twice", program.name);
        assert_eq!(firmware::find(program.name).map(|it| it.name), Some(program.name));
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

/// The longest program has some million with slow memories.
const MAX_CYCLES: u64 = 40_000_000;

/// A program after its end.
struct Ran {
    output: String,
    /// The words of its signature.
    signature: Vec<u32>,
}

/// Runs a program to its end. Returns what it left, or what is wrong.
fn run(program: &Program, case: &ProgramCase) -> Result<Ran, String> {
    let parts = parse(program);
    let open = Cosimulation::open(&parts, case, Build::Fast, true);
    let mut system = open.map_err(|error| error.to_string())?;
    let end = system.run(MAX_CYCLES).map_err(|error| error.to_string())?;
    let output = String::from_utf8_lossy(&system.take_output()).into_owned();
    match end {
        End::Tohost(1) => {
            let words = parts.signature.unwrap_or_default().step_by(4);
            let signature = words.filter_map(|addr| system.system().read_word(addr)).collect();
            Ok(Ran { output, signature })
        }
        End::Tohost(word) => Err(format!("test {} failed; it printed {output:?}", word >> 1)),
        End::Mismatch(mismatch) => Err(format!(
            "differs from the reference in cycle {}: {}",
            mismatch.cycle,
            mismatch.differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        )),
        end => Err(format!("{end:?}; it printed {output:?}")),
    }
}

/// Runs programs and checks what each prints; fails naming all that do not pass.
fn assert_all_pass(
    of: impl Fn(&Program) -> bool,
    run: impl Fn(&Program) -> Result<String, String>,
) {
    let check = |program: &Program| {
        let checked = run(program).and_then(|output| check_output(program, &output));
        checked.err().map(|error| format!("{}: {error}", program.name))
    };
    // The programs that need nothing but themselves in RAM.
    let alone = programs().iter().filter(|it| it.kind != Kind::Lenet && of(it));
    let failures: Vec<_> = alone.filter_map(check).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Those of the programs that the system can run.
fn assert_all_pass_on_the_rtl(case: &ProgramCase, of: impl Fn(&Program) -> bool) {
    let of = |program: &Program| of(program) && (case.soc.float || !program.float);
    assert_all_pass(of, |program| Ok(run(program, case)?.output));
}

#[test]
fn every_program_passes() {
    assert_all_pass_on_the_rtl(&ProgramCase::default(), |_| true);
}

/// They take the unit's parameters from the unit.
#[test]
fn every_test_passes_on_every_system() {
    for &soc in &SOCS[1..] {
        assert_all_pass_on_the_rtl(&ProgramCase { soc, ..ProgramCase::default() }, is_test);
    }
}

fn is_test(program: &Program) -> bool {
    program.kind == Kind::Test
}

#[test]
fn every_test_passes_with_memories_that_wait() {
    let random = [1, 0xdead_beef].map(|stall_seed| (0, Some(stall_seed), 2));
    let slow = [(1, None, 1), (7, Some(5), 1)];
    for (wait_states, stall_seed, x_seed) in random.into_iter().chain(slow) {
        let case = ProgramCase { wait_states, stall_seed, x_seed, ..Default::default() };
        assert_all_pass_on_the_rtl(&case, is_test);
        let float = |program: &Program| is_test(program) && program.float;
        assert_all_pass_on_the_rtl(&ProgramCase { soc: SOC_FP, ..case }, float);
    }
}

#[test]
fn floats_trap_on_a_core_without() {
    // Without a unit for floats conv_float has nothing to test.
    let of_core = |program: &&Program| program.float && program.name != "conv_float";
    for program in programs().iter().filter(|it| is_test(it)).filter(of_core) {
        let error = run(program, &ProgramCase::default()).err().expect(program.name);
        // The first float instruction; in one program misa is looked at before.
        let case = if program.name == "rv32f_csr" { 1 } else { 999 };
        assert!(error.starts_with(&format!("test {case} failed")), "{}: {error}", program.name);
    }
}

/// The longest program has some hundred thousand.
const MAX_INSTRUCTIONS: u64 = 5_000_000;

/// A model with a program, and the program's `tohost`.
fn load(program: &Program, config: &HartConfig) -> (Hart, Option<u32>) {
    let parts = parse(program);
    let mut hart = Hart::new(config);
    for segment in &parts.segments {
        hart.load(segment.addr, &segment.bytes).unwrap();
    }
    (hart, parts.tohost)
}

/// Runs a program to its end. Returns what it printed, or what is wrong.
fn run_on_model(program: &Program, config: &HartConfig) -> Result<String, String> {
    let (mut hart, tohost) = load(program, config);
    let end = hart.run(MAX_INSTRUCTIONS, tohost);
    let output = String::from_utf8_lossy(&hart.take_output()).into_owned();
    match end {
        RunEnd::ToHost(1) => Ok(output),
        RunEnd::ToHost(word) => Err(format!("test {} failed; it printed {output:?}", word >> 1)),
        end => Err(format!("{end:?} at {:#010x}; it printed {output:?}", hart.pc())),
    }
}

/// Alone it has a timer of its own.
#[test]
fn every_program_passes_on_the_model_alone() {
    assert_all_pass(|program| !program.float, |program| run_on_model(program, &SOC.hart()));
    assert_all_pass(|program| program.float, |program| run_on_model(program, &SOC_FP.hart()));
}

/// The tests of the unit take its parameters from it.
#[test]
fn the_tests_of_the_unit_pass_with_other_parameters() {
    let shapes = [
        (1, 1, 4, 2, 32, false),
        (3, 0, 36, 1, 16, false),
        (3, 3, 1, 3, 32, false),
        (5, 0, 100, 16, 16, false),
        (5, 3, 100, 16, 8, false),
        (7, 8, 4, 256, 32, false),
        (3, 0, 2, 3, 32, true),
        (5, 6, 4, 16, 16, true),
    ];
    for (kernel, log_frac, multipliers, kernels, operand_w, float) in shapes {
        let planes = if float { 0 } else { log_frac.min(1) };
        let unit = UnitShape { kernel, log_frac, multipliers, kernels, operand_w, planes, float };
        let of = |program: &Program| is_test(program) && program.name.starts_with("conv");
        let config = HartConfig { unit, float: true, ..HartConfig::default() };
        assert_all_pass(of, |program| run_on_model(program, &config));
    }
}

#[test]
fn a_case_that_fails_is_told_by_its_number() {
    let (mut hart, tohost) = load(firmware::find("rv32i_alu").unwrap(), &SOC.hart());
    // The second add a0, a1, a2 becomes a sub: of case 2, 1 + 2.
    let is_add = |addr: &u32| hart.read_word(*addr) == Some(0x00c5_8533);
    let add = (0x8000_0000..0x8000_2000).step_by(4).filter(is_add).nth(1).unwrap();
    hart.load(add, &0x40c5_8533_u32.to_le_bytes()).unwrap();
    assert_eq!(hart.run(MAX_INSTRUCTIONS, tohost), RunEnd::ToHost(2 << 1 | 1));
}

#[test]
fn a_trap_that_nobody_expects_is_told_and_ends_the_program() {
    let (mut hart, tohost) = load(firmware::find("sort").unwrap(), &SOC.hart());
    assert_eq!(hart.run(10_000, tohost), RunEnd::Limit);
    let pc = hart.pc();
    hart.load(pc, &[0, 0]).unwrap();
    assert_eq!(hart.run(MAX_INSTRUCTIONS, tohost), RunEnd::ToHost(1002 << 1 | 1));
    let output = String::from_utf8(hart.take_output()).unwrap();
    assert_eq!(output, format!("unexpected exception 2 at {pc:#010x}, mtval 0x00000000\n"));
}

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

/// The classes of `cycles_float`; RI5CY's manual (4.3) gives the latency of its results.
#[rustfmt::skip]
const FLOAT: &[Class] = &[
    ("fsgnj", 1, Some(1)),
    ("fmin", 1, Some(1)),
    ("feq", 1, Some(1)),
    ("flt_use", 1, Some(1)),
    ("fclass", 1, Some(1)),
    ("fmv_x_w", 1, Some(1)),
    ("fmv_w_x", 1, Some(1)),
    ("fmv_use", 1, Some(1)),
    ("fadd", 1, Some(2)),
    ("fsub", 1, Some(2)),
    ("fmul", 1, Some(2)),
    ("fmadd", 1, Some(3)),
    ("fnmsub", 1, Some(3)),
    ("fmul_subnormal", 1, Some(2)),
    ("fcvt_w_s", 1, Some(2)),
    ("fcvt_s_w", 1, Some(2)),
    ("fadd_use", 2, Some(2)),
    ("fmadd_use", 2, Some(3)),
    ("fadd_use_early", 2, Some(2)),
    ("fadd_then_use_later", 1, Some(2)),
    ("fcvt_use", 2, Some(2)),
    // 8 at full precision.
    ("fdiv", 7, Some(8)),
    ("fdiv_exact", 7, Some(8)),
    ("fdiv_by_subnormal", 7, Some(8)),
    ("fdiv_of_subnormal", 7, Some(8)),
    ("fdiv_by_0", 1, Some(8)),
    ("fdiv_use", 8, Some(8)),
    ("fsqrt", 7, Some(8)),
    ("fsqrt_subnormal", 7, Some(8)),
    ("fsqrt_0", 1, Some(8)),
    ("flw", 1, Some(2)),
    ("flw_compressed", 1, Some(2)),
    ("flw_use", 2, Some(2)),
    ("flw_across_words", 2, None),
    ("fsw", 1, Some(2)),
    ("fsw_of_late", 2, None),
    ("csr_fflags", 2, None),
    ("csr_write_frm", 2, None),
    ("csr_mstatus", 2, Some(4)),
    ("csr_mscratch", 1, Some(1)),
    ("dot_product", 4, None),
];

/// The classes of `cycles_conv`, with kernels of side k: `docs/isa.md`.
fn unit_classes() -> Vec<(&'static str, u32)> {
    let k = SOC.kernel as u32;
    assert_eq!(SOC.multipliers, 4 * k * k, "the table is that of the parallel unit");
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
fn measure(program: &str, soc: SocParameters) -> Vec<(String, u32)> {
    let program = firmware::find(program).unwrap();
    assert_eq!(program.kind, Kind::Cycles);
    let ran = run(program, &ProgramCase { soc, ..ProgramCase::default() }).unwrap();
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
    assert_eq!(measure("cycles_core", SOC), expected);
}

#[test]
fn floats_take_the_cycles_of_the_manual() {
    let expected = hundredths(FLOAT.iter().map(|&(name, cycles, _)| (name, cycles)));
    assert_eq!(measure("cycles_float", SOC_FP), expected);
}

/// But for `mstatus`, which waits for what changes it.
#[test]
fn with_floats_the_core_takes_no_other_cycles() {
    let changed = |&(name, cycles, _): &Class| (name, cycles + u32::from(name == "csr_mstatus"));
    assert_eq!(measure("cycles_core", SOC_FP), hundredths(CORE.iter().map(changed)));
}

#[test]
fn the_core_is_not_slower_than_ri5cy() {
    let measured = measure("cycles_core", SOC).into_iter().chain(measure("cycles_float", SOC_FP));
    for (name, hundredths) in measured {
        let class = CORE.iter().chain(FLOAT).find(|(class, _, _)| *class == name);
        let (_, _, ri5cy) = class.unwrap_or_else(|| panic!("{name} is not in the table"));
        let ri5cy = ri5cy.map_or(u32::MAX, |cycles| 100 * cycles);
        assert!(hundredths <= ri5cy, "{name}: {hundredths} hundredths of a cycle, RI5CY {ri5cy}");
    }
}

#[test]
fn the_instructions_of_the_unit_take_the_cycles_of_their_manual() {
    assert_eq!(measure("cycles_conv", SOC), hundredths(unit_classes().into_iter()));
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

/// What must hit every bin.
const INSTRUCTIONS: u64 = 1_000_000;

fn campaign(soc: SocParameters, seed: u64, instructions: u64, jobs: usize) -> Findings {
    let campaign = Campaign { soc, seed, instructions, jobs };
    let findings = campaign.run(&AtomicBool::new(false), |_| ()).unwrap();
    let failure = &findings.failure;
    assert!(failure.is_none(), "./run torture --soc {soc} --seed {seed} shows it: {failure:#?}");
    assert!(findings.instructions >= instructions);
    findings
}

/// A bin that a million instructions do not reach asks for a better generator.
#[test]
fn random_instructions_agree_and_hit_every_bin() {
    let wanted = std::env::var("CONVAPPROX_INSTRUCTIONS").ok();
    let wanted = wanted.map(|text| text.parse().expect("CONVAPPROX_INSTRUCTIONS is a number"));
    let instructions = wanted.unwrap_or(INSTRUCTIONS);
    let findings = campaign(SOC, 1, instructions, 2);
    if instructions >= INSTRUCTIONS {
        let missing: Vec<_> = findings.coverage.missing().collect();
        assert!(missing.is_empty(), "{}, not {missing:#?}", findings.coverage.summary());
    }
}

#[test]
fn random_instructions_agree_on_every_system() {
    for &soc in &SOCS[1..] {
        campaign(soc, 2, 50_000, 2);
    }
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let [one, two] = [1, 3].map(|jobs| campaign(SOC, 5, 20_000, jobs));
    assert_eq!(one.instructions, two.instructions);
    assert_eq!((one.programs, one.cycles), (two.programs, two.cycles));
    assert_eq!(one.coverage, two.coverage);
}

#[test]
fn the_command_reports_coverage_and_counts() {
    let folder = tempfile::tempdir().unwrap();
    for (jobs, out) in [(1, "one"), (3, "three")] {
        let line =
            format!("torture --instructions 20000 --seed 4 --quiet --jobs {jobs} --out {out}");
        let printed = common::succeeds(folder.path(), &line);
        let last = printed.lines().last().unwrap();
        assert!(last.contains(" instructions in lockstep, ") && last.ends_with(" 0 mismatches"));
        assert!(printed.contains("bins hit"), "{printed}");
    }
    let [one, three] = ["one", "three"].map(|out| folder.path().join(out));
    common::assert_same(&one, &three);
    let table = &common::files(&one)["coverage.csv"];
    assert!(table.starts_with(b"bin,hits\nopcode/lui,"));
}
