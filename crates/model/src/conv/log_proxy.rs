//! The cheap logarithm that ranks products (section III).

use super::config::MAX_LOG_FRAC;

/// The index (0 to 31) of the highest set bit of |a|, where |−2³¹| = 2³¹; `None` for zero.
pub fn msb(a: i32) -> Option<u32> {
    a.unsigned_abs().checked_ilog2()
}

/// The log proxy L(a) of an operand, in units of 2^−F with F = `log_frac`; `None` for zero.
///
/// L(a) = msb(a)·2^F + the F bits of |a| right below its highest set bit: Mitchell's approximation
/// of 2^F·log2|a|, truncated. Bits below the units are zero. With F = 0 it is the paper's MSB
/// position. The range is 0 to 31·2^F + 2^F − 1.
///
/// # Panics
/// If `log_frac` is above [`MAX_LOG_FRAC`].
pub fn log_proxy(a: i32, log_frac: u32) -> Option<u32> {
    assert!(log_frac <= MAX_LOG_FRAC, "{log_frac} fraction bits; at most {MAX_LOG_FRAC}");
    let msb = msb(a)?;
    let below_msb = a.unsigned_abs() - (1 << msb);
    let fraction =
        if msb >= log_frac { below_msb >> (msb - log_frac) } else { below_msb << (log_frac - msb) };
    Some((msb << log_frac) + fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn msb_by_hand() {
        let cases = [(1, 0), (2, 1), (3, 1), (4, 2), (255, 7), (256, 8), (i32::MAX, 30)];
        for (a, expected) in cases {
            assert_eq!(msb(a), Some(expected), "{a}");
            assert_eq!(msb(-a), Some(expected), "−{a}");
        }
        assert_eq!(msb(0), None);
        assert_eq!(msb(i32::MIN), Some(31), "|−2³¹| = 2³¹");
        for k in 1..31 {
            assert_eq!(msb((1 << k) - 1), Some(k - 1));
            assert_eq!(msb(1 << k), Some(k));
            assert_eq!(msb(-(1 << k) - 1), Some(k));
        }
    }

    #[test]
    fn log_proxy_by_hand() {
        let cases = [
            // 1 = 1.000 · 2⁰: fraction bits that the word does not have are zero
            (1, 3, 0),
            // 3 = 1.1 · 2¹
            (3, 0, 1),
            (3, 1, 3),
            (3, 3, 8 + 4),
            (-3, 3, 8 + 4),
            // 13 = 1.101 · 2³: truncated, not rounded
            (13, 1, 2 * 3 + 1),
            (13, 2, 4 * 3 + 2),
            (13, 3, 8 * 3 + 5),
            (13, 4, 16 * 3 + 10),
            // 255 = 1.1111111 · 2⁷
            (255, 3, 8 * 7 + 7),
            (i32::MAX, 8, 256 * 30 + 255),
            (i32::MIN, 8, 256 * 31),
            (i32::MIN, 0, 31),
            (i32::MIN + 1, 8, 256 * 30 + 255),
        ];
        for (a, log_frac, expected) in cases {
            assert_eq!(log_proxy(a, log_frac), Some(expected), "L({a}) with F = {log_frac}");
        }
        assert!((0..=MAX_LOG_FRAC).all(|log_frac| log_proxy(0, log_frac).is_none()));
    }

    #[test]
    #[should_panic(expected = "9 fraction bits; at most 8")]
    fn more_fraction_bits_than_supported() {
        log_proxy(1, 9);
    }
}
