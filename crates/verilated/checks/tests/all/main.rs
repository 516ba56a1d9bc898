// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every part of the crate `verilated`, in one program: each would link every model. This file has
//! ports, initial values and memories.

use std::thread;

use verilated::{Config, Direction, Ended, Error, Model, ReadPorts, Reads, Stop, XInit};

mod families;
mod running;

verilated::include_model!("widths");
verilated::include_model!("tuned");
verilated::include_model!("banks");
verilated::include_model!("errors");
verilated::include_model!("oscillator");
verilated::include_model!("startup");
verilated::include_model!("unset");
verilated::include_model!("shifter");
verilated::include_model!("lanes");
verilated::include_model!("reader");
verilated::include_model!("clocks");
verilated::include_model!("outer");

/// Models whose names mean something in Rust.
mod odd {
    verilated::include_model!("names");
    verilated::include_model!("box");
    verilated::include_model!("core");
    verilated::include_model!("err");
    verilated::include_model!("match");
    verilated::include_model!("option");
    verilated::include_model!("result");
    verilated::include_model!("self");
    verilated::include_model!("std");
    verilated::include_model!("string");
    verilated::include_model!("u8");
    verilated::include_model!("verilated");
}

/// A different pattern in each word.
fn words<const N: usize>(seed: u32) -> [u32; N] {
    std::array::from_fn(|i| seed.wrapping_mul(0x9e37_79b9).wrapping_add(i as u32 * 0x0101_0107))
}

/// `words` without the bits from `width` on.
fn cut<const N: usize>(mut words: [u32; N], width: u32) -> [u32; N] {
    if !width.is_multiple_of(32) {
        words[N - 1] &= (1 << (width % 32)) - 1;
    }
    words
}

macro_rules! narrow {
    ($model:ident, $value:expr, $width:literal, $ty:ty, $set:ident, $get:ident, $out:ident, $not:ident) => {
        let mask = <$ty>::MAX >> (<$ty>::BITS - $width);
        let value = $value as $ty;
        $model.$set(value);
        assert_eq!($model.$get(), value & mask, "{} reads back", stringify!($get));
        $model.tick()?;
        assert_eq!($model.$out(), value & mask, "{}", stringify!($out));
        assert_eq!($model.$not(), !value & mask, "{}", stringify!($not));
    };
}

macro_rules! wide {
    ($model:ident, $seed:expr, $width:literal, $set:ident, $get:ident, $out:ident, $not:ident) => {
        let value = words($seed);
        $model.$set(&value);
        assert_eq!($model.$get(), &cut(value, $width), "{} reads back", stringify!($get));
        $model.tick()?;
        assert_eq!($model.$out(), &cut(value, $width), "{}", stringify!($out));
        assert_eq!($model.$not(), &cut(value.map(|w| !w), $width), "{}", stringify!($not));
    };
}

#[test]
fn every_width_carries_every_bit() -> Result<(), Error> {
    let mut model = Widths::new(&Config::new())?;
    for seed in 1..200_u64 {
        // Bits beyond the port's width are set as well: they must be dropped.
        let all = if seed == 3 { u64::MAX } else { 0 };
        let value = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | all;
        narrow!(model, value, 1, u8, set_w1_i, w1_i, w1_o, n1_o);
        narrow!(model, value, 8, u8, set_w8_i, w8_i, w8_o, n8_o);
        narrow!(model, value, 9, u16, set_w9_i, w9_i, w9_o, n9_o);
        narrow!(model, value, 16, u16, set_w16_i, w16_i, w16_o, n16_o);
        narrow!(model, value, 17, u32, set_w17_i, w17_i, w17_o, n17_o);
        narrow!(model, value, 32, u32, set_w32_i, w32_i, w32_o, n32_o);
        narrow!(model, value, 33, u64, set_w33_i, w33_i, w33_o, n33_o);
        narrow!(model, value, 64, u64, set_w64_i, w64_i, w64_o, n64_o);
        wide!(model, value as u32, 65, set_w65_i, w65_i, w65_o, n65_o);
        wide!(model, value as u32, 128, set_w128_i, w128_i, w128_o, n128_o);
        wide!(model, value as u32, 200, set_w200_i, w200_i, w200_o, n200_o);
    }
    Ok(())
}

#[test]
fn odd_names_are_spelt_for_rust() -> Result<(), Error> {
    let mut model = Widths::new(&Config::new())?;
    model.set_match_(1);
    model.set_time_o(2);
    model.set_en_x_i(4);
    model.set_a__b_i(8);
    model.set_high_i(15);
    model.eval()?;
    assert_eq!((model.sum_o(), model.tick_()), (30, 2));
    Ok(())
}

#[test]
fn names_that_are_taken_get_underscores() -> Result<(), Error> {
    let mut model = odd::Names::new(&Config::new())?;
    model.set_RST_N(1);
    model.set_D(5);
    model.tick()?;
    assert_eq!((model.Q(), model.RST_N(), model.CLK()), (5, 1, 1));
    // Readers come first, setters next, constants last.
    model.set_irq_(0x0f);
    model.eval()?;
    assert_eq!((model.irq(), model.set_irq()), (0x0f, 0xf0));
    model.set_a(1);
    model.set_A(2);
    for (port, value) in [
        (odd::Names::Q_, 5),
        (odd::Names::A_, 2),
        (odd::Names::A__, 1),
        (odd::Names::PORTS_, 0),
        (odd::Names::MATCH_, 0),
    ] {
        model.run_until(Stop::equal(port, value), 1)?;
    }
    for (bit, set) in [
        odd::Names::set_a,
        odd::Names::set_A,
        odd::Names::set_ports,
        odd::Names::set_self_,
        odd::Names::set_Self_,
        odd::Names::set_match_,
        odd::Names::set_Option,
        odd::Names::set_u8,
    ]
    .into_iter()
    .enumerate()
    {
        set(&mut model, 1 << bit);
    }
    model.eval()?;
    assert_eq!(model.namespace(), 0xff);
    for set in [odd::Names::set_delete, odd::Names::set_template, odd::Names::set_int8_t] {
        set(&mut model, 1);
    }
    model.eval()?;
    assert_eq!(model.namespace(), 2);
    // Types and modules of models likewise.
    let error = odd::result::Result::new(&Config::new()).unwrap_err().to_string();
    assert_eq!(error, "`result` has no built-in row ``; there is none");
    assert_eq!((odd::self_::Self_::NAME, odd::Match::NAME), ("self", "match"));
    assert_eq!((odd::match_::Match::PORTS, odd::verilated_::Verilated::NAME).1, "verilated");
    Ok(())
}

#[test]
fn the_port_table_tells_names_widths_and_directions() {
    let find = |name| Widths::PORTS.iter().find(|port| port.name == name).expect(name);
    assert_eq!((find("w200_i").width, find("w200_i").direction), (200, Direction::Input));
    assert_eq!((find("n33_o").width, find("n33_o").direction), (33, Direction::Output));
    assert_eq!((find("en$x_i").width, find("a__b_i").width, find("high_i").width), (4, 4, 4));
    assert_eq!(Widths::PORTS.len(), 1 + 11 * 3 + 7);
    assert_eq!((Widths::NAME, <Widths as Model>::PORTS), ("widths", Widths::PORTS));
    assert!(Widths::port("w64_o").is_some());
    assert!(Widths::port("nothing").is_none());
    assert!(Widths::PORTS.is_sorted_by_key(|port| port.name));
}

#[test]
fn parameters_macros_and_includes_reach_the_rtl() -> Result<(), Error> {
    let config = Config::new();
    let (mut tuned, mut plain) = (Tuned::builtin("tuned", &config)?, Tuned::new(&config)?);
    for a in 0..=255_u8 {
        tuned.set_a_i(a);
        plain.set_a_i(a);
        tuned.eval()?;
        plain.eval()?;
        let a = u16::from(a);
        assert_eq!(tuned.b_o(), !(a * 7 + 0x10 + 3 + 100));
        assert_eq!(plain.b_o(), a * 2 + 100);
    }
    Ok(())
}

#[test]
fn a_model_without_a_clock_says_so() -> Result<(), Error> {
    let mut model = Tuned::new(&Config::new())?;
    assert!(matches!(model.tick(), Err(Error::NoClock { model: "plain" })));
    let run = model.run_cycles(3, verilated::Stop::never());
    assert!(matches!(run, Err(Error::NoClock { .. })));
    // Its time moves with each evaluation.
    for _ in 0..9 {
        model.eval()?;
    }
    assert_eq!(model.time(), 9);
    Ok(())
}

/// All that a fresh model holds.
type State = (u32, [u32; 4], Vec<u64>);

fn state(config: &Config) -> Result<State, Error> {
    let mut model = Unset::new(config)?;
    let mut memory = Vec::new();
    // The whole of the memory, thinly.
    for addr in 0..16 {
        model.set_addr_i(addr * 273);
        model.eval()?;
        memory.push(model.mem_o());
    }
    Ok((model.word_o(), *model.wide_o(), memory))
}

fn seeded(seed: u64) -> State {
    state(&Config::new().seed(seed)).unwrap()
}

#[test]
fn a_seed_decides_the_initial_values() {
    for seed in [0, 1, 2, 77, u64::MAX] {
        assert_eq!(seeded(seed), seeded(seed));
    }
    let states: Vec<State> = (1..40).map(seeded).collect();
    for (i, one) in states.iter().enumerate() {
        assert!(states[..i].iter().all(|other| one.0 != other.0 && one.2 != other.2));
    }
    // Variables of one model differ among themselves as well.
    for (word, wide, memory) in states {
        assert!(u64::from(word) != memory[0] & 0xffff_ffff && word != wide[0]);
        assert!(wide[0] != wide[1]);
    }
    assert_eq!(state(&Config::new()).unwrap(), (0, [0; 4], vec![0; 16]));
    let ones = state(&Config::new().x_init(XInit::Ones)).unwrap();
    assert_eq!(ones, (u32::MAX, [u32::MAX; 4], vec![u64::MAX; 16]));
}

#[test]
fn inputs_are_low_whatever_the_seed() {
    for seed in 0..100 {
        let model = Unset::new(&Config::new().seed(seed)).unwrap();
        assert_eq!((model.clk_i(), model.en_i(), model.addr_i()), (0, 0, 0));
        let model = Widths::new(&Config::new().seed(seed)).unwrap();
        assert_eq!((model.w64_i(), model.w65_i(), model.w200_i()), (0, &[0; 3], &[0; 7]));
        assert_eq!(model.n65_o(), &[u32::MAX, u32::MAX, 1]);
    }
}

#[test]
fn other_models_and_threads_do_not_matter() {
    let alone: Vec<State> = (0..8).map(seeded).collect();
    thread::scope(|scope| {
        for first in 0..4 {
            let alone = &alone;
            scope.spawn(move || {
                // Models of other seeds come and go on all threads meanwhile.
                for round in first..first + 200 {
                    let other = Shifter::new(&Config::new().seed(1000 + round)).unwrap();
                    let seed = round % 8;
                    assert_eq!(seeded(seed), alone[seed as usize]);
                    drop(other);
                }
            });
        }
    });
}

#[test]
fn what_the_back_door_writes_the_design_reads() -> Result<(), Error> {
    let mut banks = Banks::new(&Config::new())?;
    assert_eq!((banks.words().len(), banks.lane_1().len(), banks.large().len()), (16, 8, 16));
    for (index, word) in banks.words_mut().iter_mut().enumerate() {
        *word = 0xdead_0000 | index as u32;
    }
    banks.large_mut()[7] = 0xff_0000_0000;
    banks.half_mut()[3] = 0xffff;
    // The lowest index of the lanes is 3.
    banks.lane_0_mut()[4] = 0x55;
    banks.lane_1_mut()[4] = 0x0f;
    for addr in 0..16 {
        banks.set_addr_i(addr);
        banks.tick()?;
        assert_eq!(banks.word_o(), 0xdead_0000 | u32::from(addr));
        if addr == 7 {
            assert_eq!(banks.small_o(), 0x5a);
            assert_eq!(banks.large_o(), 0xff_0000_ffff);
        }
    }
    Ok(())
}

#[test]
fn what_the_design_writes_the_back_door_reads() -> Result<(), Error> {
    let mut banks = Banks::new(&Config::new())?;
    banks.set_we_i(1);
    for addr in 0..16_u8 {
        banks.set_addr_i(addr);
        banks.set_data_i(0x12_3456_7800 | u64::from(addr));
        banks.tick()?;
    }
    for addr in 0..16_usize {
        assert_eq!(banks.words()[addr], 0x3456_7800 | addr as u32);
        assert_eq!(banks.large()[addr], 0x12_3456_7800 | addr as u64);
    }
    assert_eq!(banks.lane_0(), [3, 4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(banks.lane_1(), [4, 5, 6, 7, 8, 9, 10, 11]);
    assert_eq!(banks.half(), [0x780c, 0x780d, 0x780e, 0x780f]);
    Ok(())
}

#[test]
fn models_have_memories_of_their_own() -> Result<(), Error> {
    let config = Config::new().seed(3);
    let (mut one, other) = (Banks::new(&config)?, Banks::new(&config)?);
    assert_eq!(one.words(), other.words(), "initial values come from the seed");
    assert_ne!(one.words(), [0; 16]);
    one.words_mut().fill(1);
    assert_ne!(one.words(), other.words());
    Ok(())
}

const PORTS: ReadPorts<Reader> = ReadPorts {
    request: Reader::REQ_O,
    address: Reader::ADDR_O,
    valid: Reader::VALID_I,
    fault: Reader::FAULT_I,
    data: Reader::DATA_I,
};

/// A reader out of reset, about to read so many beats from an address on.
fn reader(row: &str, first: u32, count: u8) -> Reader {
    let mut reader = Reader::builtin(row, &Config::new()).unwrap();
    reader.tick().unwrap();
    reader.set_rst_ni(1);
    reader.set_first_i(first);
    reader.set_count_i(count);
    reader.eval().unwrap();
    reader
}

#[test]
fn a_memory_answers_reads_during_a_batch() {
    let words: Vec<u32> = (1..=64).map(|i| i * i).collect();
    for (row, beat) in [("word", 1), ("line", 4)] {
        let mut reader = reader(row, 16, 5);
        let mut memory = Reads { words: &words, ..Reads::default() };
        let stop = Stop::equal(Reader::DONE_O, 1);
        let ran = reader.run_reads(100, stop, &PORTS, &mut memory).unwrap();
        // The first answer comes a cycle after the first request.
        assert_eq!((ran.cycles, ran.ended, memory.answered), (6, Ended::Stop, 6), "{row}");
        assert_eq!((reader.sum_o(), reader.faults_o()), (words[4..4 + 5 * beat].iter().sum(), 0));
        assert_eq!(memory.pending, None);
    }
}

#[test]
fn a_batch_goes_on_with_the_request_of_the_one_before() {
    let words: Vec<u32> = (0..64).map(|i| 1 << (i % 32)).collect();
    let mut whole = reader("line", 0, 9);
    let mut memory = Reads { words: &words, ..Reads::default() };
    whole.run_reads(10, Stop::never(), &PORTS, &mut memory).unwrap();
    let mut parts = reader("line", 0, 9);
    let mut pending = Vec::new();
    let mut memory = Reads { words: &words, ..Reads::default() };
    for _ in 0..10 {
        let ran = parts.run_reads(1, Stop::never(), &PORTS, &mut memory).unwrap();
        assert_eq!((ran.cycles, ran.ended), (1, Ended::Count));
        pending.push(memory.pending);
    }
    assert_eq!(pending[..3], [Some(0), Some(16), Some(32)]);
    assert_eq!(pending[9], None);
    assert_eq!(parts.sum_o(), whole.sum_o());
}

#[test]
fn beats_that_are_bad_or_nowhere_are_faults() {
    let words = [7; 16];
    for (row, first, bad, faults) in [
        // Each address of the second line.
        ("line", 0, Some(16), 1),
        ("line", 0, Some(31), 1),
        ("line", 0, Some(64), 0),
        ("word", 0, Some(9), 1),
        // The last two beats, one that the last word is in, and those at the end of all addresses.
        ("word", 56, None, 2),
        ("line", 24, None, 2),
        ("word", u32::MAX - 7, None, 2),
    ] {
        let mut reader = reader(row, first, 4);
        let mut memory = Reads { words: &words, bad, ..Reads::default() };
        let stop = Stop::equal(Reader::DONE_O, 1);
        reader.run_reads(100, stop, &PORTS, &mut memory).unwrap();
        assert_eq!(reader.faults_o(), faults, "{row} from {first}, {bad:?} is bad");
    }
}

#[test]
#[should_panic(expected = "port `count_i` cannot be one of ReadPorts")]
fn other_ports_cannot_read() {
    let ports = ReadPorts { valid: Reader::COUNT_I, ..PORTS };
    let mut memory = Reads::default();
    let _ = reader("word", 0, 1).run_reads(1, Stop::never(), &ports, &mut memory);
}
