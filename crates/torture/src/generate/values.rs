//! Operand values that find bugs.

use rand::Rng;
use rand::seq::IndexedRandom;

/// 0, ±1, the smallest or the largest number.
pub fn edge(rng: &mut impl Rng) -> u32 {
    *[0, 1, u32::MAX, 0x8000_0000, 0x7fff_ffff].choose(rng).expect("it is not empty")
}

/// A value at an edge of its range, a single bit, a run of ones.
pub fn corner(rng: &mut impl Rng) -> u32 {
    match rng.random_range(0..10) {
        0..5 => edge(rng),
        5 => 1 << rng.random_range(0..32),
        6 => !(1 << rng.random_range(0..32)),
        7 => u32::MAX >> rng.random_range(0..32),
        8 => u32::MAX << rng.random_range(0..32),
        _ => rng.random_range(-8..8_i32) as u32,
    }
}

/// A corner, a small number, or anything.
pub fn any(rng: &mut impl Rng) -> u32 {
    match rng.random_range(0..8) {
        0..3 => corner(rng),
        3 => rng.random_range(-2048..2048_i32) as u32,
        _ => rng.random(),
    }
}
