// SPDX-License-Identifier: MIT OR Apache-2.0
//! Batches, stop conditions, the watchdog and time.

use verilated::{Config, Ended, Error, Stop};
use verilated_checks::{Errors, Shifter, Startup};

fn counter() -> Errors {
    Errors::new(&Config::new().capture_output(true)).unwrap()
}

#[test]
fn a_batch_is_as_many_ticks() {
    let (mut one, mut other) = (counter(), counter());
    for count in [0, 1, 2, 77] {
        let ran = one.run_cycles(count, Stop::never()).unwrap();
        assert_eq!((ran.cycles, ran.ended), (count, Ended::Count));
        for _ in 0..count {
            other.tick().unwrap();
        }
        assert_eq!((one.count_o(), one.cycles()), (other.count_o(), other.cycles()));
        assert_eq!(one.time(), other.time());
    }
    assert_eq!((one.count_o(), one.time()), (80, 800));
}

#[test]
fn conditions_stop_after_the_cycle_that_meets_them() {
    for (stop, cycles) in [
        (Stop::equal(Errors::COUNT_O, 9), 9),
        (Stop::not_equal(Errors::COUNT_O, 1), 2),
        (Stop::masked(Errors::COUNT_O, 0x0c, 0xffff_ff0c), 12),
        (Stop::masked(Errors::COUNT_O, 0x80, 0x80), 128),
        // The bits under the mask alone count.
        (Stop::masked(Errors::COUNT_O, 0x01, 0x00), 2),
    ] {
        let mut model = counter();
        let ran = model.run_cycles(1000, stop).unwrap();
        assert_eq!((ran.cycles, ran.ended), (cycles, Ended::Stop), "{stop:?}");
        assert_eq!(u64::from(model.count_o()), cycles);
    }
    // A condition that holds already lets one cycle pass; an eight-bit port wraps.
    let mut model = counter();
    assert_eq!(model.run_cycles(1000, Stop::equal(Errors::COUNT_O, 0)).unwrap().cycles, 256);
    let named = Errors::port("count_o").unwrap();
    assert_eq!(model.run_cycles(1000, Stop::equal(named, 3)).unwrap().cycles, 3);
}

#[test]
fn conditions_can_watch_32_bits() {
    let mut model = Startup::new(&Config::new().plusarg("value=70000")).unwrap();
    let ran = model.run_cycles(1000, Stop::equal(Startup::VALUE_O, 70321)).unwrap();
    assert_eq!((ran.cycles, ran.ended), (321, Ended::Stop));
}

#[test]
fn finish_ends_a_batch() {
    let mut model = Startup::new(&Config::new()).unwrap();
    let ran = model.run_cycles(1000, Stop::never()).unwrap();
    assert_eq!((ran.cycles, ran.ended), (96, Ended::Finish));
    assert_eq!(model.value_o(), 101);
    let mut model = Startup::new(&Config::new()).unwrap();
    let ran = model.run_until(Stop::equal(Startup::VALUE_O, 5000), 1000).unwrap();
    assert_eq!(ran.ended, Ended::Finish);
}

#[test]
fn the_watchdog_barks_after_its_cycles() {
    let mut model = counter();
    let result = model.run_until(Stop::equal(Errors::COUNT_O, 200), 199);
    assert!(matches!(result, Err(Error::Watchdog { cycles: 199, time: 1990 })));
    assert_eq!(model.run_until(Stop::equal(Errors::COUNT_O, 200), 1).unwrap().cycles, 1);
}

#[test]
fn time_starts_where_it_is_told_and_evaluations_stay_between_the_edges() {
    let mut model = Shifter::new(&Config::new().time(1000)).unwrap();
    assert_eq!(model.time(), 1000);
    model.tick().unwrap();
    assert_eq!((model.time(), model.cycles()), (1010, 1));
    for after in [1011, 1012, 1013, 1014, 1014, 1014] {
        model.eval().unwrap();
        assert_eq!(model.time(), after);
    }
    model.tick().unwrap();
    assert_eq!(model.time(), 1020);
}

#[test]
fn a_tick_samples_the_inputs_set_before_it() {
    let mut model = Shifter::new(&Config::new()).unwrap();
    model.set_rst_ni(1);
    let mut word = 0_u8;
    for bit in [1, 0, 1, 1, 0, 0, 0, 1, 1, 1, 0, 1] {
        model.set_bit_i(bit);
        model.tick().unwrap();
        word = word << 1 | bit;
        assert_eq!((model.word_o(), u32::from(model.ones_o())), (word, word.count_ones()));
    }
    // An asynchronous reset needs no edge of the clock.
    model.set_rst_ni(0);
    model.eval().unwrap();
    assert_eq!(model.word_o(), 0);
}
