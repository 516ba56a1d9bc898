//! The integer hyperbolic tangent: a table of 513 entries and a line between two of them.

use std::sync::LazyLock;

/// Fraction bits of the argument.
pub const TANH_INPUT_BITS: u32 = 12;

/// Entries a unit of the argument.
const STEPS: u32 = 64;

/// The table covers arguments below this; beyond, tanh is 1 within 2⁻²².
const REACH: u32 = 8;

/// Fraction bits of an entry.
const ENTRY_BITS: u32 = 16;

static TABLE: LazyLock<Vec<i32>> = LazyLock::new(|| {
    let entry = |i: u32| {
        let x = f64::from(i) / f64::from(STEPS);
        (x.tanh() * f64::from(1 << ENTRY_BITS)).round() as i32
    };
    (0..=STEPS * REACH).map(entry).collect()
});

/// tanh at 0, 1/64, …, 8, each in units of 2⁻¹⁶.
pub fn tanh_table() -> &'static [i32] {
    &TABLE
}

/// tanh of an argument in units of 2^−[`TANH_INPUT_BITS`], in units of 2^−`bits`, where |result| is
/// at most 2^`bits` − 1; `bits` is 4 to 15. It is odd, grows with its argument, and is within 0.75
/// units of the true value in 12 bits: half a unit from rounding, the rest from the lines.
pub fn integer_tanh(argument: i32, bits: u32) -> i32 {
    const FRACTION_BITS: u32 = TANH_INPUT_BITS - STEPS.ilog2();
    let magnitude = argument.unsigned_abs().min((REACH << TANH_INPUT_BITS) - 1);
    let (index, fraction) = (magnitude >> FRACTION_BITS, magnitude & ((1 << FRACTION_BITS) - 1));
    let (low, high) = (TABLE[index as usize], TABLE[index as usize + 1]);
    let sum = (low << FRACTION_BITS) + (high - low) * fraction as i32;
    let shift = FRACTION_BITS + ENTRY_BITS - bits;
    let rounded = (sum + (1 << (shift - 1))) >> shift;
    let result = rounded.min((1 << bits) - 1);
    if argument < 0 { -result } else { result }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_as_stated_and_the_function_is_odd_and_grows() {
        for bits in [4, 8, 12, 15] {
            let unit = f64::from(1 << bits);
            let (mut largest, mut last) = (0.0_f64, i32::MIN);
            for argument in -40_000..=40_000 {
                let found = integer_tanh(argument, bits);
                assert!(found >= last, "at {argument}");
                assert_eq!(found, -integer_tanh(-argument, bits));
                last = found;
                let exact = (f64::from(argument) / 4096.0).tanh() * unit;
                let exact = exact.clamp(1.0 - unit, unit - 1.0);
                largest = largest.max((f64::from(found) - exact).abs());
            }
            let limit = if bits <= 12 { 0.75 } else { 1.75 };
            assert!(largest < limit, "{bits} bits: {largest}");
        }
        assert_eq!(integer_tanh(i32::MIN, 12), -4095);
        assert_eq!(integer_tanh(i32::MAX, 12), 4095);
    }
}
