//! The programs on the reference model alone.

use convapprox::dut::soc::SOCS;
use convapprox::firmware::{Kind, Program, find};
use model::hart::{Hart, HartConfig, RunEnd, UnitShape};

use super::{assert_none, check_output, parse, programs_alone};

/// The longest program has some hundred thousand.
const MAX_INSTRUCTIONS: u64 = 5_000_000;

/// The model with the parameters of the first system.
fn config() -> HartConfig {
    let soc = &SOCS[0];
    let unit = UnitShape {
        kernel: soc.kernel,
        log_frac: soc.log_frac,
        multipliers: soc.multipliers,
        kernels: soc.kernels,
    };
    HartConfig { ram_bytes: soc.ram_bytes, unit, ..HartConfig::default() }
}

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
fn run(program: &Program, config: &HartConfig) -> Result<String, String> {
    let (mut hart, tohost) = load(program, config);
    let end = hart.run(MAX_INSTRUCTIONS, tohost);
    let output = String::from_utf8_lossy(&hart.take_output()).into_owned();
    match end {
        RunEnd::ToHost(1) => Ok(output),
        RunEnd::ToHost(word) => Err(format!("test {} failed; it printed {output:?}", word >> 1)),
        end => Err(format!("{end:?} at {:#010x}; it printed {output:?}", hart.pc())),
    }
}

fn failures(config: &HartConfig, of: impl Fn(&Program) -> bool) -> Vec<String> {
    let check =
        |program: &Program| run(program, config).and_then(|out| check_output(program, &out));
    let programs = programs_alone().filter(|program| of(program));
    programs
        .filter_map(|program| {
            check(program).err().map(|error| format!("{}: {error}", program.name))
        })
        .collect()
}

#[test]
fn every_program_passes() {
    assert_none(failures(&config(), |_| true));
}

/// The tests of the unit take its parameters from it.
#[test]
fn the_tests_of_the_unit_pass_with_other_parameters() {
    let shapes = [(1, 1, 4, 2), (3, 0, 36, 1), (3, 3, 1, 3), (7, 8, 4, 256)];
    for (kernel, log_frac, multipliers, kernels) in shapes {
        let unit = UnitShape { kernel, log_frac, multipliers, kernels };
        let of = |program: &Program| program.kind == Kind::Test && program.name.contains("conv");
        assert_none(failures(&HartConfig { unit, ..HartConfig::default() }, of));
    }
}

#[test]
fn a_case_that_fails_is_told_by_its_number() {
    let (mut hart, tohost) = load(find("rv32i_alu").unwrap(), &config());
    // The second add a0, a1, a2 becomes a sub: of case 2, 1 + 2.
    let is_add = |addr: &u32| hart.read_word(*addr) == Some(0x00c5_8533);
    let add = (0x8000_0000..0x8000_2000).step_by(4).filter(is_add).nth(1).unwrap();
    hart.load(add, &0x40c5_8533_u32.to_le_bytes()).unwrap();
    assert_eq!(hart.run(MAX_INSTRUCTIONS, tohost), RunEnd::ToHost(2 << 1 | 1));
}

#[test]
fn a_trap_that_nobody_expects_is_told_and_ends_the_program() {
    let (mut hart, tohost) = load(find("sort").unwrap(), &config());
    assert_eq!(hart.run(10_000, tohost), RunEnd::Limit);
    let pc = hart.pc();
    hart.load(pc, &[0, 0]).unwrap();
    assert_eq!(hart.run(MAX_INSTRUCTIONS, tohost), RunEnd::ToHost(1002 << 1 | 1));
    let output = String::from_utf8(hart.take_output()).unwrap();
    assert_eq!(output, format!("unexpected exception 2 at {pc:#010x}, mtval 0x00000000\n"));
}
