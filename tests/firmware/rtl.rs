//! The programs on the RTL, each instruction compared with the reference model's.

use convapprox::check::lockstep::{Cosimulation, End, ProgramCase};
use convapprox::dut::soc::SocBuild;
use convapprox::firmware::{Kind, Program};

use super::{assert_none, check_output, parse, programs_alone};

/// The longest program has some million with slow memories.
const MAX_CYCLES: u64 = 40_000_000;

/// A program after its end.
pub(super) struct Ran {
    pub(super) output: String,
    /// The words of its signature.
    pub(super) signature: Vec<u32>,
}

/// Runs a program to its end. Returns what it left, or what is wrong.
pub(super) fn run(program: &Program, case: &ProgramCase) -> Result<Ran, String> {
    let parts = parse(program);
    let open = Cosimulation::open(&parts, case, SocBuild::Fast, true);
    let mut system = open.map_err(|error| error.to_string())?;
    let end = system.run(MAX_CYCLES).map_err(|error| error.to_string())?;
    let output = String::from_utf8_lossy(&system.take_output()).into_owned();
    match end {
        End::Tohost(1) => {
            let words = parts.signature.unwrap_or_default().step_by(4);
            let signature = words.filter_map(|addr| system.soc().read_word(addr)).collect();
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

fn assert_all_pass(case: &ProgramCase, of: impl Fn(&Program) -> bool) {
    let check =
        |program: &Program| run(program, case).and_then(|ran| check_output(program, &ran.output));
    let programs = programs_alone().filter(|program| of(program));
    let failures = programs.filter_map(|program| {
        check(program).err().map(|error| format!("{}: {error}", program.name))
    });
    assert_none(failures.collect());
}

#[test]
fn every_program_passes() {
    assert_all_pass(&ProgramCase::default(), |_| true);
}

fn is_test(program: &Program) -> bool {
    program.kind == Kind::Test
}

#[test]
fn every_test_passes_with_memories_that_wait_at_random() {
    for stall_seed in [1, 0xdead_beef] {
        let case = ProgramCase { stall_seed: Some(stall_seed), x_seed: 2, ..Default::default() };
        assert_all_pass(&case, is_test);
    }
}

#[test]
fn every_test_passes_with_slow_memories() {
    assert_all_pass(&ProgramCase { wait_states: 1, ..Default::default() }, is_test);
    let both = ProgramCase { wait_states: 7, stall_seed: Some(5), ..Default::default() };
    assert_all_pass(&both, is_test);
}
