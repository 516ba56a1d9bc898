// SPDX-License-Identifier: MIT OR Apache-2.0
//! Log planes (the paper's conclusion): the logs of a feature map, packed beside it in memory.
//!
//! An entry has a bit for each bit of a log, and above them one that says that the word is not zero.
//! Entries lie in the order of the map's words, little endian and without gaps.

use super::plain::log_proxy;

/// Addresses of bits that a memory of 32-bit byte addresses has.
const BITS: u64 = 1 << 35;

/// The shape of a plane: how its entries are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogEntries {
    /// Bits of a word of the map: 8, 16 or 32.
    pub operand_w: u32,
    /// F, 0 to 8.
    pub log_frac: u32,
}

impl LogEntries {
    /// Bits of an entry: log2(`operand_w`) + F + 1, at most 14.
    pub const fn bits(&self) -> u32 {
        self.operand_w.ilog2() + self.log_frac + 1
    }

    /// The entry of a word.
    pub fn encode(&self, word: i32) -> u32 {
        log_proxy(word, self.log_frac).map_or(0, |log| 1 << (self.bits() - 1) | log)
    }

    /// The log that an entry stands for; `None` of a zero, whatever else the entry has.
    pub const fn decode(&self, entry: u32) -> Option<u32> {
        let live = 1 << (self.bits() - 1);
        if entry & live == 0 { None } else { Some(entry & (live - 1)) }
    }

    /// The plane of a map, up to the last byte that has an entry.
    pub fn pack(&self, words: &[i32]) -> Vec<u8> {
        let bits = self.bits() as usize;
        let mut bytes = vec![0; (words.len() * bits).div_ceil(8)];
        for (index, &word) in words.iter().enumerate() {
            let entry = self.encode(word);
            for bit in (0..bits).filter(|bit| entry >> bit & 1 == 1) {
                bytes[(index * bits + bit) / 8] |= 1 << ((index * bits + bit) % 8);
            }
        }
        bytes
    }

    /// The address, in bits, of an entry of the plane at the byte address `plane`; both the entry's
    /// index and the address may wrap.
    pub const fn address(&self, plane: u32, index: i64) -> u64 {
        let bit = (plane as i64) * 8 + index * self.bits() as i64;
        bit.rem_euclid(BITS as i64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_by_hand() {
        let entries = LogEntries { operand_w: 32, log_frac: 0 };
        assert_eq!(entries.bits(), 6);
        // 1: live with a log of 0; 0: all zeros; −8: a log of 3; −2³¹: one of 31.
        let codes = [1, 0, -8, i32::MIN].map(|word| entries.encode(word));
        assert_eq!(codes, [0b100000, 0, 0b100011, 0b111111]);
        assert_eq!(codes.map(|code| entries.decode(code)), [Some(0), None, Some(3), Some(31)]);
        assert_eq!(entries.pack(&[1, 0, -8, i32::MIN]), [0b0010_0000, 0b0011_0000, 0b1111_1110]);
        let entries = LogEntries { operand_w: 8, log_frac: 3 };
        assert_eq!((entries.bits(), entries.encode(13)), (7, 1 << 6 | 3 << 3 | 0b101));
    }

    #[test]
    fn addresses_wrap() {
        let entries = LogEntries { operand_w: 32, log_frac: 0 };
        assert_eq!(entries.address(4, 2), 44);
        assert_eq!(entries.address(0, -1), BITS - 6);
        assert_eq!(entries.address(u32::MAX, 2), 4);
    }
}
