// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs on the RTL, beside the reference and without, the devices as a driver sees them, and
//! memories that wait: what programs do stays the same, only later. `tests/core.rs` runs all
//! programs of `firmware/`.

use convapprox::bench::case::ProgramCase;
use convapprox::bench::cosimulation::{Cosimulation, End};
use convapprox::bench::system::{
    Ended, Events, Statistics, SystemDriver, SystemError, SystemOptions,
};
use convapprox::firmware::find;
use convapprox::hw::{Build, SOC};
use model::elf::Executable;
use model::facts::soc::RAM_BASE;

use crate::{SPIN, T0, T1, TOHOST, WFI, addi, finish, lui, program, sw};

fn parsed(name: &str) -> Executable {
    Executable::parse(find(name).unwrap().elf, SOC.ram_bytes).unwrap()
}

/// Runs a program beside the reference.
fn compared(name: &str, case: &ProgramCase) -> (End, Statistics, Vec<u8>) {
    let mut run = Cosimulation::open(&parsed(name), case, Build::Fast, true).unwrap();
    let end = run.run(10_000_000).unwrap();
    let output = run.take_output();
    (end, run.system().statistics().unwrap(), output)
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
        let mut alone = SystemDriver::open(&SOC, &SystemOptions::default()).unwrap();
        alone.load(&parsed(name)).unwrap();
        assert_eq!(alone.run(10_000_000).unwrap(), Ended::Tohost(1));
        assert_eq!(alone.take_output(), output, "{name}");
        assert_eq!(alone.statistics().unwrap(), beside, "{name}: cycle by cycle");
    }
}

#[test]
fn a_system_runs_one_program_after_the_other() {
    let mut soc = SystemDriver::open(&SOC, &SystemOptions::default()).unwrap();
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
    let events = counted.events;
    let lost: u64 = events.addresses()[..Events::WAITING].iter().sum();
    let rest = counted.cycles - counted.instructions;
    assert!(lost <= rest, "more cycles are lost than there are: {lost} of {rest}");
    assert!(events.branches > events.branches_taken && events.compressed > 1000);
    let unit = counted.unit;
    // It runs 11 × 11 windows with a 3×3 kernel, after a clear of the counters.
    assert_eq!(unit.windows, 121);
    assert_eq!(unit.multiplications_done + unit.multiplications_skipped, 121 * 4 * 9);
}

#[test]
fn waiting_takes_time_and_nothing_else() {
    for name in ["hazards", "rv32i_load", "conv_run", "trap_access"] {
        let without = compared(name, &ProgramCase::default()).1.cycles;
        for (wait_states, stall_seed) in [(1, None), (5, None), (0, Some(1)), (2, Some(7))] {
            let case = ProgramCase { wait_states, stall_seed, ..ProgramCase::default() };
            let (end, Statistics { cycles, .. }, _) = compared(name, &case);
            assert_eq!(end, End::Tohost(1), "{name}, {case:?}");
            assert!(cycles > without, "{name}, {case:?}: {cycles} cycles, {without} without");
        }
    }
}

#[test]
fn random_waiting_comes_from_its_seed() {
    let case = |seed| ProgramCase { stall_seed: Some(seed), ..ProgramCase::default() };
    let cycles = |seed| compared("hazards", &case(seed)).1.cycles;
    assert_eq!(cycles(5), cycles(5));
    assert_ne!(cycles(5), cycles(6));
}

#[test]
fn wait_states_delay_each_grant() {
    // Three instructions in a row and a jump: from the reset on, each fetch waits.
    let case = |wait_states| ProgramCase { wait_states, ..ProgramCase::default() };
    let cycles = |wait_states| compared("rv32i_alu", &case(wait_states)).1.cycles;
    let (none, one, two) = (cycles(0), cycles(1), cycles(2));
    assert!(none < one && one < two, "{none}, {one}, {two}");
    // Fetches are what it does most; each costs a cycle more from one wait state to two.
    let more = two - one;
    assert!((none / 2..=none).contains(&more), "{more} cycles more of {none}");
}

fn system() -> SystemDriver {
    SystemDriver::open(&SOC, &SystemOptions::default()).unwrap()
}

#[test]
fn the_uart_sends_bytes_in_order() {
    let mut words = vec![lui(T0, 0x1000_0000)];
    for byte in b"ok\n" {
        words.extend([addi(T1, 0, i32::from(*byte)), sw(T1, T0, 0)]);
    }
    // Two bytes from stores back to back.
    words.extend([addi(T1, 0, 0x78), sw(T1, T0, 0), sw(T1, T0, 0)]);
    words.extend(finish(1));
    let mut soc = system();
    soc.load(&program(&words)).unwrap();
    assert_eq!(soc.run(1000).unwrap(), Ended::Tohost(1));
    assert_eq!(soc.take_output(), b"ok\nxx");
    assert!(soc.take_output().is_empty(), "each byte is given once");
}

#[test]
fn tohost_is_what_the_program_wrote() {
    for word in [1, 7, 2] {
        let mut soc = system();
        soc.load(&program(&finish(word))).unwrap();
        assert_eq!(soc.run(1000).unwrap(), Ended::Tohost(word as u32));
        assert_eq!(soc.tohost(), Some(word as u32));
        assert_eq!(soc.read_word(TOHOST), Some(word as u32));
    }
}

#[test]
fn a_zero_in_tohost_is_no_end() {
    let mut soc = system();
    soc.load(&program(&finish(0))).unwrap();
    assert_eq!(soc.run(500).unwrap(), Ended::Limit);
    assert_eq!((soc.tohost(), soc.cycles()), (None, 500));
}

#[test]
fn a_run_ends_in_the_cycle_of_its_limit() {
    let mut soc = system();
    soc.load(&program(&[SPIN])).unwrap();
    assert_eq!(soc.run(100).unwrap(), Ended::Limit);
    assert_eq!(soc.run(23).unwrap(), Ended::Limit);
    assert_eq!(soc.cycles(), 123);
    assert_eq!(soc.counter(0).unwrap(), 123, "mcycle counts them too");
}

#[test]
fn an_interrupt_comes_in_its_cycle() {
    let mut soc = system();
    soc.load(&program(&[SPIN])).unwrap();
    soc.interrupt_at(70);
    soc.interrupt_at(40);
    assert_eq!(soc.run(40).unwrap(), Ended::Limit);
    assert_eq!(soc.interrupt_lines(), 0, "the line rises behind the cycle");
    assert_eq!(soc.run(1).unwrap(), Ended::Limit);
    assert_eq!(soc.interrupt_lines(), 1 << 11);
}

#[test]
fn an_interrupt_from_outside_wakes_a_wfi() {
    // mie.MEIE = 1, mstatus.MIE = 0: the program goes on behind the wfi.
    let set_meie = [lui(T1, 0x1000), addi(T1, T1, -0x800), 0x3043_2073];
    let mut words = set_meie.to_vec();
    words.push(WFI);
    words.extend(finish(1));
    let case = ProgramCase { interrupts: vec![20_000], ..ProgramCase::default() };
    let mut run = Cosimulation::open(&program(&words), &case, Build::Fast, true).unwrap();
    assert_eq!(run.run(15_000).unwrap(), End::Limit, "a wfi that waits is no hang");
    assert_eq!(run.run(100_000).unwrap(), End::Tohost(1));
    assert!((20_000..20_100).contains(&run.system().cycles()));
}

#[test]
fn bytes_go_anywhere_in_the_ram_and_nowhere_else() {
    let mut soc = system();
    let end = RAM_BASE + SOC.ram_bytes;
    soc.write(RAM_BASE + 5, &[1, 2, 3, 4, 5]).unwrap();
    assert_eq!(soc.read_word(RAM_BASE + 4), Some(0x0302_0100));
    assert_eq!(soc.read_word(RAM_BASE + 8), Some(0x0000_0504));
    soc.write(end - 2, &[8, 9]).unwrap();
    assert_eq!(soc.read_word(end - 4), Some(0x0908_0000));
    for (addr, bytes) in [(end - 1, 2), (RAM_BASE - 1, 1), (0, 4), (u32::MAX, 1)] {
        let error = soc.write(addr, &vec![0; bytes]).unwrap_err();
        assert!(matches!(error, SystemError::OutsideRam { .. }), "{error}");
    }
    for addr in [end, RAM_BASE - 4, RAM_BASE + 2] {
        assert_eq!(soc.read_word(addr), None);
    }
}
