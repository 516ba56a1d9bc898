//! Programs of `firmware/` on the RTL, beside the reference and without; `tests/firmware` runs all of
//! them.

use convapprox::check::lockstep::{Cosimulation, End, ProgramCase};
use convapprox::dut::soc::{Ended, Program, SOCS, SocBuild, SocOptions, Statistics, open};
use convapprox::firmware::find;

fn parsed(name: &str) -> Program {
    Program::parse(find(name).unwrap().elf, SOCS[0].ram_bytes).unwrap()
}

/// Runs a program beside the reference.
fn compared(name: &str, case: &ProgramCase) -> (End, Statistics, Vec<u8>) {
    let mut run = Cosimulation::open(&parsed(name), case, SocBuild::Fast, true).unwrap();
    let end = run.run(10_000_000).unwrap();
    let output = run.take_output();
    (end, run.soc().statistics().unwrap(), output)
}

#[test]
fn the_initial_values_of_registers_do_not_matter() {
    for seed in [2, 3, 77] {
        for name in ["hello", "conv_traps", "interrupts_timer", "trap_precise"] {
            let case = ProgramCase { x_seed: seed, ..ProgramCase::default() };
            assert_eq!(compared(name, &case).0, End::Tohost(1), "{name}, seed {seed}");
        }
    }
}

#[test]
fn a_program_does_the_same_with_the_reference_and_without() {
    for name in ["hello", "convolution", "sort"] {
        let (end, beside, output) = compared(name, &ProgramCase::default());
        assert_eq!(end, End::Tohost(1));
        let mut alone = open(&SOCS[0], &SocOptions::default()).unwrap();
        alone.load(&parsed(name)).unwrap();
        assert_eq!(alone.run(10_000_000).unwrap(), Ended::Tohost(1));
        assert_eq!(alone.take_output(), output, "{name}");
        assert_eq!(alone.statistics().unwrap(), beside, "{name}: cycle by cycle");
    }
}

#[test]
fn a_system_runs_one_program_after_the_other() {
    let mut soc = open(&SOCS[0], &SocOptions::default()).unwrap();
    let mut cycles = Vec::new();
    for name in ["hello", "rv32i_alu", "hello"] {
        soc.load(&parsed(name)).unwrap();
        soc.reset().unwrap();
        assert_eq!(soc.run(1_000_000).unwrap(), Ended::Tohost(1), "{name}");
        cycles.push(soc.cycles());
    }
    assert_eq!(cycles[0], cycles[2], "a reset leaves nothing of the program before");
}

#[test]
fn the_counters_add_up() {
    let (_, counted, _) = compared("convolution", &ProgramCase::default());
    assert!(counted.instructions > 50_000 && counted.cycles > counted.instructions);
    let lost = counted.load_use
        + counted.jump_register
        + counted.fetch
        + counted.memory
        + counted.arithmetic
        + counted.unit;
    let rest = counted.cycles - counted.instructions;
    assert!(lost <= rest, "more cycles are lost than there are: {lost} of {rest}");
    assert!(counted.branches > counted.branches_taken && counted.compressed > 1000);
    let unit = counted.unit_counters;
    // It runs 11 × 11 windows with a 3×3 kernel, after a clear of the counters.
    assert_eq!(unit.windows, 121);
    assert_eq!(unit.multiplications_done + unit.multiplications_skipped, 121 * 4 * 9);
}
