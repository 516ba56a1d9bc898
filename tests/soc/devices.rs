//! The devices as a driver sees them.

use convapprox::check::lockstep::{Cosimulation, End, ProgramCase};
use convapprox::dut::soc::{Ended, RAM_BASE, SOCS, Soc, SocBuild, SocError, SocOptions, open};

use crate::assembly::{SPIN, T0, T1, TOHOST, WFI, addi, finish, lui, program, sw};

fn system() -> Box<dyn Soc> {
    open(&SOCS[0], &SocOptions::default()).unwrap()
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
    let mut run = Cosimulation::open(&program(&words), &case, SocBuild::Fast, true).unwrap();
    assert_eq!(run.run(15_000).unwrap(), End::Limit, "a wfi that waits is no hang");
    assert_eq!(run.run(100_000).unwrap(), End::Tohost(1));
    assert!((20_000..20_100).contains(&run.soc().cycles()));
}

#[test]
fn bytes_go_anywhere_in_the_ram_and_nowhere_else() {
    let mut soc = system();
    let end = RAM_BASE + SOCS[0].ram_bytes;
    soc.write(RAM_BASE + 5, &[1, 2, 3, 4, 5]).unwrap();
    assert_eq!(soc.read_word(RAM_BASE + 4), Some(0x0302_0100));
    assert_eq!(soc.read_word(RAM_BASE + 8), Some(0x0000_0504));
    soc.write(end - 2, &[8, 9]).unwrap();
    assert_eq!(soc.read_word(end - 4), Some(0x0908_0000));
    for (addr, bytes) in [(end - 1, 2), (RAM_BASE - 1, 1), (0, 4), (u32::MAX, 1)] {
        let error = soc.write(addr, &vec![0; bytes]).unwrap_err();
        assert!(matches!(error, SocError::OutsideRam { .. }), "{error}");
    }
    for addr in [end, RAM_BASE - 4, RAM_BASE + 2] {
        assert_eq!(soc.read_word(addr), None);
    }
}
