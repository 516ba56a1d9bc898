//! Arithmetic of two registers, or of a register and an immediate.

/// A computation of RV32IM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Add,
    Sub,
    ShiftLeft,
    SetLess,
    SetLessUnsigned,
    Xor,
    ShiftRight,
    ShiftRightArithmetic,
    Or,
    And,
    Mul,
    MulHigh,
    MulHighSignedUnsigned,
    MulHighUnsigned,
    Div,
    DivUnsigned,
    Rem,
    RemUnsigned,
}

impl Operation {
    /// The result. Shifts take the five lowest bits of `b`; a division by zero gives all ones and
    /// the dividend as remainder, and −2³¹ / −1 gives −2³¹ and 0.
    #[inline]
    pub(super) const fn compute(self, a: u32, b: u32) -> u32 {
        let (signed_a, signed_b) = (a as i32, b as i32);
        match self {
            Self::Add => a.wrapping_add(b),
            Self::Sub => a.wrapping_sub(b),
            Self::ShiftLeft => a << (b & 31),
            Self::SetLess => (signed_a < signed_b) as u32,
            Self::SetLessUnsigned => (a < b) as u32,
            Self::Xor => a ^ b,
            Self::ShiftRight => a >> (b & 31),
            Self::ShiftRightArithmetic => (signed_a >> (b & 31)) as u32,
            Self::Or => a | b,
            Self::And => a & b,
            Self::Mul => a.wrapping_mul(b),
            Self::MulHigh => ((signed_a as i64 * signed_b as i64) >> 32) as u32,
            Self::MulHighSignedUnsigned => ((signed_a as i64 * b as i64) >> 32) as u32,
            Self::MulHighUnsigned => ((a as u64 * b as u64) >> 32) as u32,
            Self::Div if b == 0 => u32::MAX,
            Self::Div => signed_a.wrapping_div(signed_b) as u32,
            Self::DivUnsigned if b == 0 => u32::MAX,
            Self::DivUnsigned => a / b,
            Self::Rem if b == 0 => a,
            Self::Rem => signed_a.wrapping_rem(signed_b) as u32,
            Self::RemUnsigned if b == 0 => a,
            Self::RemUnsigned => a % b,
        }
    }
}
