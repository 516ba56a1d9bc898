// SPDX-License-Identifier: MIT OR Apache-2.0
//! What operands are, and how wide. The arithmetic of integers is the same for all widths: what fits into
//! fewer bits has the same logs, products and sums there.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::{ConfigError, named};

named! {
    /// What a word of an operand stands for.
    #[derive(Default)]
    Number, ConfigError::Number, {
        /// An integer in two's complement.
        #[default]
        Integer, "integer";
        /// The bits of an IEEE-754 number of 32 bits (binary32).
        Float32, "float32";
        /// The upper 16 bits of one, the lower ones being 0; as all operands of 16 bits, with its top bit
        /// repeated above.
        Bfloat16, "bfloat16";
    }
}

impl Number {
    /// Whether products and sums are those of IEEE-754 numbers of 32 bits.
    pub const fn is_float(self) -> bool {
        !matches!(self, Self::Integer)
    }

    /// That of a unit with these parameters.
    pub const fn of_unit(float: bool, operand_w: u32) -> Self {
        match (float, operand_w) {
            (false, _) => Self::Integer,
            (true, 16) => Self::Bfloat16,
            (true, _) => Self::Float32,
        }
    }

    /// Bits of a score of operands of `operand_w` bits, with `log_frac` fraction bits.
    pub const fn score_bits(self, operand_w: u32, log_frac: u32) -> u32 {
        let whole = if self.is_float() { 8 } else { operand_w.ilog2() };
        whole + 1 + log_frac
    }

    /// The largest number of fraction bits of a log proxy. With more, a score of floats does not fit
    /// into 15 bits.
    pub const fn max_log_frac(self) -> u32 {
        if self.is_float() { 6 } else { super::MAX_LOG_FRAC }
    }
}

/// The widths of operands that a unit may have, in bits.
pub const OPERAND_WIDTHS: [u32; 3] = [8, 16, 32];

/// The numbers of `operand_w` bits, which are 1 to 32, in two's complement.
pub const fn operand_range(operand_w: u32) -> RangeInclusive<i32> {
    let unused = i32::BITS - operand_w;
    i32::MIN >> unused..=i32::MAX >> unused
}

/// An operand that its width has no room for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{place}: {value} does not fit into {operand_w} bits, which hold {} to {}: take a wider operand_w, \
     or a network that is quantised to this one",
    operand_range(*.operand_w).start(), operand_range(*.operand_w).end()
)]
pub struct OperandError {
    /// Where it is.
    pub place: String,
    pub value: i32,
    /// The width, in bits.
    pub operand_w: u32,
}

/// Refuses operands of more than `operand_w` bits; `place` says where the operand of an index is.
pub fn check_operands(
    operands: &[i32],
    operand_w: u32,
    place: impl FnOnce(usize) -> String,
) -> Result<(), OperandError> {
    let range = operand_range(operand_w);
    match operands.iter().position(|operand| !range.contains(operand)) {
        None => Ok(()),
        Some(index) => Err(OperandError { place: place(index), value: operands[index], operand_w }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_each_width_fit_and_their_neighbours_do_not() {
        for (operand_w, low, high) in [(8, -128, 127), (16, -32768, 32767)] {
            let check =
                |value| check_operands(&[0, value], operand_w, |index| format!("[{index}]"));
            assert_eq!((check(low), check(high)), (Ok(()), Ok(())));
            for value in [low - 1, high + 1, i32::MIN, i32::MAX] {
                let place = "[1]".to_owned();
                assert_eq!(check(value), Err(OperandError { place, value, operand_w }));
            }
        }
        assert_eq!(operand_range(32), i32::MIN..=i32::MAX);
        let error = check_operands(&[200], 8, |_| "layer C1".to_owned()).unwrap_err().to_string();
        assert!(
            error.starts_with("layer C1: 200 does not fit into 8 bits, which hold -128 to 127")
        );
    }
}
