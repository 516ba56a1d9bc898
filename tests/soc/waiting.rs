//! Memories that wait: what programs do stays the same, only later.

use convapprox::check::lockstep::{Cosimulation, End, ProgramCase};
use convapprox::dut::soc::{Program, SOCS, SocBuild};
use convapprox::firmware::find;

/// Runs a program beside the reference; returns the cycles.
fn run(elf: &[u8], case: &ProgramCase) -> (End, u64) {
    let program = Program::parse(elf, SOCS[0].ram_bytes).unwrap();
    let mut run = Cosimulation::open(&program, case, SocBuild::Fast, true).unwrap();
    let end = run.run(10_000_000).unwrap();
    (end, run.soc().cycles())
}

#[test]
fn waiting_takes_time_and_nothing_else() {
    for name in ["hazards", "rv32i_load", "conv_run", "trap_access"] {
        let elf = find(name).unwrap().elf;
        let (_, without) = run(elf, &ProgramCase::default());
        for (wait_states, stall_seed) in [(1, None), (5, None), (0, Some(1)), (2, Some(7))] {
            let case = ProgramCase { wait_states, stall_seed, ..ProgramCase::default() };
            let (end, cycles) = run(elf, &case);
            assert_eq!(end, End::Tohost(1), "{name}, {case:?}");
            assert!(cycles > without, "{name}, {case:?}: {cycles} cycles, {without} without");
        }
    }
}

#[test]
fn random_waiting_comes_from_its_seed() {
    let elf = find("hazards").unwrap().elf;
    let cycles =
        |seed| run(elf, &ProgramCase { stall_seed: Some(seed), ..ProgramCase::default() }).1;
    assert_eq!(cycles(5), cycles(5));
    assert_ne!(cycles(5), cycles(6));
}

#[test]
fn wait_states_delay_each_grant() {
    // Three instructions in a row and a jump: from the reset on, each fetch waits.
    let elf = find("rv32i_alu").unwrap().elf;
    let cycles = |wait_states| run(elf, &ProgramCase { wait_states, ..ProgramCase::default() }).1;
    let (none, one, two) = (cycles(0), cycles(1), cycles(2));
    assert!(none < one && one < two, "{none}, {one}, {two}");
    // Fetches are what it does most; each costs a cycle more from one wait state to two.
    let more = two - one;
    assert!((none / 2..=none).contains(&more), "{more} cycles more of {none}");
}
