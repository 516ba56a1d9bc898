// SPDX-License-Identifier: MIT OR Apache-2.0
//! Ports of every width, odd names, parameters, macros and include files.

use verilated::{Config, Direction, Error, Model};
use verilated_checks::{Tuned, Widths};

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
