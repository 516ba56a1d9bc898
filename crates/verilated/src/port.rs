// SPDX-License-Identifier: MIT OR Apache-2.0
//! Ports: as data, in the conditions and memories of a batch, and their storage in the model.

use std::marker::PhantomData;

/// Direction of a port, seen from the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Driven by Rust.
    Input,
    /// Driven by the model.
    Output,
}

/// A port of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortInfo {
    /// Name in the RTL.
    pub name: &'static str,
    /// Width in bits; 0 in the list of a family whose rows have different widths.
    pub width: u32,
    /// Direction, seen from the model.
    pub direction: Direction,
}

/// A port of the model `M`, for stop conditions. Of a port wider than 64 bits the lowest 64
/// count.
///
/// Each model has one constant of this type for each port, named as the port in upper case.
#[derive(Debug)]
pub struct Port<M> {
    pub(crate) index: usize,
    model: PhantomData<fn(&M)>,
}

impl<M> Port<M> {
    /// For generated code: the port at this index of the model's port table.
    #[doc(hidden)]
    #[must_use]
    pub const fn at(index: usize) -> Self {
        Self { index, model: PhantomData }
    }
}

/// When [`Sim::run_cycles`](crate::Sim::run_cycles) and
/// [`Sim::run_until`](crate::Sim::run_until) end ahead of their count.
///
/// A condition is looked at after each cycle, so that at least one is run.
#[derive(Debug)]
pub struct Stop<M> {
    pub(crate) port: Option<Port<M>>,
    pub(crate) mask: u64,
    pub(crate) value: u64,
    pub(crate) equal: bool,
}

// Derived, they would ask for a model that can be copied.
macro_rules! copy {
    ($($ty:ident)*) => {$(
        impl<M> Clone for $ty<M> {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<M> Copy for $ty<M> {}
    )*};
}
copy!(Port Stop Clock);

impl<M> Stop<M> {
    /// No condition: the count alone ends the run.
    #[must_use]
    pub const fn never() -> Self {
        Self { port: None, mask: 0, value: 0, equal: false }
    }

    /// Stops when the port has this value.
    #[must_use]
    pub const fn equal(port: Port<M>, value: u64) -> Self {
        Self::on(port, u64::MAX, value, true)
    }

    /// Stops when the port has another value than this.
    #[must_use]
    pub const fn not_equal(port: Port<M>, value: u64) -> Self {
        Self::on(port, u64::MAX, value, false)
    }

    /// Stops when the bits of the port under the mask have this value. Bits of the
    /// value outside of the mask are not looked at.
    #[must_use]
    pub const fn masked(port: Port<M>, mask: u64, value: u64) -> Self {
        Self::on(port, mask, value & mask, true)
    }

    const fn on(port: Port<M>, mask: u64, value: u64, equal: bool) -> Self {
        Self { port: Some(port), mask, value, equal }
    }
}

/// A clock that [`Sim::run_clocks`](crate::Sim::run_clocks) drives, in units of the model's time
/// precision.
#[derive(Debug)]
pub struct Clock<M> {
    /// Input of 1 bit.
    pub port: Port<M>,
    /// From one rising edge to the next, 2 or more. It is high for half of it, rounded down.
    pub period: u64,
    /// The time of the first rising edge; it is low before.
    pub phase: u64,
}

impl<M> Clock<M> {
    /// The time of the next edge after this time, and whether it is high at this time.
    pub(crate) fn after(&self, time: u64) -> (u64, bool) {
        let Some(since) = time.checked_sub(self.phase) else { return (self.phase, false) };
        let (begin, high) = (time - since % self.period, self.period / 2);
        let is_high = since % self.period < high;
        (begin + if is_high { high } else { self.period }, is_high)
    }
}

/// The ports by which a model reads a memory, for [`Sim::run_reads`](crate::Sim::run_reads).
///
/// A request is a cycle with `request` high, for the beat at `address`, in bytes; it is granted
/// at once. The answer comes in the next cycle: `valid` is high, and `data` holds the beat, or
/// `fault` is high.
#[derive(Debug)]
pub struct ReadPorts<M> {
    /// Output of 1 bit.
    pub request: Port<M>,
    /// Output of 32 bits.
    pub address: Port<M>,
    /// Input of 1 bit.
    pub valid: Port<M>,
    /// Input of 1 bit.
    pub fault: Port<M>,
    /// Input of 32 bits, or of a multiple of that above 64.
    pub data: Port<M>,
}

/// A memory that a model reads during a batch.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reads<'a> {
    /// The words from address 0 on. A beat that is not within them is answered with a fault.
    pub words: &'a [u32],
    /// The address of a byte whose beat is answered with a fault.
    pub bad: Option<u32>,
    /// The request of the cycle before, and after a batch that of its last cycle.
    pub pending: Option<u32>,
    /// After a batch: the number of its cycle with the last answer, from 1; 0 without one.
    pub answered: u64,
}

/// Why a batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ended {
    /// The stop condition came true.
    Stop,
    /// The RTL ran `$finish`.
    Finish,
    /// All cycles have been run.
    Count,
}

/// What a batch did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ran {
    /// Cycles run by the call, the one that ended it included.
    pub cycles: u64,
    /// Why it ended.
    pub ended: Ended,
}

/// The bits of a port whose width depends on the row: a view on the model's own storage.
#[derive(Clone, Copy)]
pub struct Bits<'a> {
    at: *const u32,
    width: u32,
    model: PhantomData<&'a u32>,
}

// SAFETY: as a shared reference to words.
#[allow(unsafe_code)]
unsafe impl Send for Bits<'_> {}
// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl Sync for Bits<'_> {}

#[allow(unsafe_code)]
impl Bits<'_> {
    /// Number of bits.
    #[inline]
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// The value; of a port wider than 64 bits, the lowest 64.
    #[inline]
    #[must_use]
    pub fn to_u64(&self) -> u64 {
        // SAFETY: Verilator stores a port of this width so.
        unsafe {
            match self.width {
                0..=8 => (*self.at.cast::<u8>()).into(),
                9..=16 => (*self.at.cast::<u16>()).into(),
                17..=32 => (*self.at).into(),
                33..=64 => *self.at.cast::<u64>(),
                _ => u64::from(*self.at) | u64::from(*self.at.add(1)) << 32,
            }
        }
    }

    /// The word of 32 bits at an index, the lowest first; 0 behind the last.
    #[inline]
    #[must_use]
    pub fn word(&self, index: usize) -> u32 {
        if self.width <= 64 {
            if index < 2 { (self.to_u64() >> (32 * index)) as u32 } else { 0 }
        } else if index < self.words() {
            // SAFETY: ports of more than 64 bits are arrays of words, and the index is below
            // their number.
            unsafe { *self.at.add(index) }
        } else {
            0
        }
    }

    /// Number of words.
    #[inline]
    #[must_use]
    pub fn words(&self) -> usize {
        self.width.div_ceil(32) as usize
    }

    /// The `count` bits from bit `first` up, 64 at most; bits behind the last are 0.
    #[inline]
    #[must_use]
    pub fn bits(&self, first: u32, count: u32) -> u64 {
        debug_assert!(count <= 64, "{count} bits do not fit");
        let low = if self.width <= 64 {
            self.to_u64().checked_shr(first).unwrap_or(0)
        } else {
            let (index, shift) = ((first / 32) as usize, first % 32);
            let words = u64::from(self.word(index)) | u64::from(self.word(index + 1)) << 32;
            // Two shifts, for one by 64 is none.
            words >> shift | u64::from(self.word(index + 2)) << (63 - shift) << 1
        };
        low & mask(count)
    }
}

impl std::fmt::Debug for Bits<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}'h", self.width)?;
        (0..self.words()).rev().try_for_each(|index| write!(f, "{:08x}", self.word(index)))
    }
}

#[inline]
fn mask(width: u32) -> u64 {
    if width < 64 { (1 << width) - 1 } else { u64::MAX }
}

/// For generated code: where a port or memory of a model is. Good for as long as the model is, and
/// reached through it alone.
#[doc(hidden)]
#[derive(Debug)]
pub struct Place {
    pub(crate) at: *mut u32,
    /// Bits of a port, words of a memory.
    pub(crate) size: usize,
}

#[doc(hidden)]
#[allow(unsafe_code)]
impl Place {
    /// # Safety
    /// `T` is what stores a port of this width.
    #[inline]
    pub unsafe fn get<T>(&self) -> &T {
        // SAFETY: passed on to the caller; nobody writes during `&self`.
        unsafe { &*self.at.cast() }
    }

    /// # Safety
    /// As [`get`](Self::get).
    #[inline]
    pub unsafe fn set<T>(&mut self, value: T) {
        // SAFETY: passed on to the caller, and `&mut self` makes this the only use.
        unsafe { *self.at.cast() = value }
    }

    /// # Safety
    /// It is a memory with words of this type.
    #[inline]
    pub unsafe fn words<T>(&self) -> &[T] {
        // SAFETY: passed on to the caller; nobody writes during `&self`.
        unsafe { std::slice::from_raw_parts(self.at.cast(), self.size) }
    }

    /// # Safety
    /// As [`words`](Self::words).
    #[inline]
    pub unsafe fn words_mut<T>(&mut self) -> &mut [T] {
        // SAFETY: passed on to the caller, and `&mut self` makes this the only use.
        unsafe { std::slice::from_raw_parts_mut(self.at.cast(), self.size) }
    }

    /// # Safety
    /// It is a port.
    #[inline]
    pub unsafe fn bits(&self) -> Bits<'_> {
        Bits { at: self.at, width: self.size as u32, model: PhantomData }
    }

    /// # Safety
    /// It is a port.
    #[inline]
    pub unsafe fn set_bits(&mut self, value: u64) {
        let cut = value & mask(self.size as u32);
        // SAFETY: Verilator stores a port of this width so.
        unsafe {
            match self.size {
                0..=8 => self.set(cut as u8),
                9..=16 => self.set(cut as u16),
                17..=32 => self.set(cut as u32),
                33..=64 => self.set(cut),
                _ => self.set_bit_words(&[value as u32, (value >> 32) as u32]),
            }
        }
    }

    /// # Safety
    /// It is a port.
    #[inline]
    pub unsafe fn set_bit_words(&mut self, words: &[u32]) {
        let word = |index: usize| words.get(index).copied().unwrap_or(0);
        if self.size <= 64 {
            // SAFETY: passed on to the caller.
            return unsafe { self.set_bits(u64::from(word(0)) | u64::from(word(1)) << 32) };
        }
        // SAFETY: as above; the slice is the whole port.
        let all = unsafe { std::slice::from_raw_parts_mut(self.at, self.size.div_ceil(32)) };
        let given = words.len().min(all.len());
        all[..given].copy_from_slice(&words[..given]);
        all[given..].fill(0);
        if !self.size.is_multiple_of(32)
            && let Some(top) = all.last_mut()
        {
            *top &= (1 << (self.size % 32)) - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    // SAFETY: of all of it, the storage is a port's.
    #[allow(unsafe_code)]
    fn bits_of_every_width_are_read_and_set() {
        for width in (1..=200).chain([256, 1000]) {
            let mut storage = vec![0_u64; 17];
            // Longer than any port here, and used by nothing else meanwhile.
            let mut port = Place { at: storage.as_mut_ptr().cast(), size: width as usize };
            let words: Vec<u32> = (1..=33_u32).map(|i| i.wrapping_mul(0x9e37_79b9)).collect();
            unsafe { port.set_bit_words(&words) };
            let bit =
                |at: u32| u64::from(at < width && words[at as usize / 32] >> (at % 32) & 1 != 0);
            let bits = unsafe { port.bits() };
            for first in 0..width + 70 {
                for count in [0, 1, 5, 31, 32, 33, 63, 64] {
                    let want = (0..count).fold(0, |all, at| all | bit(first + at) << at);
                    assert_eq!(bits.bits(first, count), want, "{width} {first} {count}");
                }
            }
            assert_eq!(bits.to_u64(), bits.bits(0, 64));
            assert_eq!(bits.words() as u32, width.div_ceil(32));
            assert_eq!(
                (0..40).map(|i| bits.word(i)).collect::<Vec<_>>(),
                (0..40).map(|i| bits.bits(32 * i, 32) as u32).collect::<Vec<_>>()
            );
            unsafe { port.set_bits(u64::MAX) };
            let bits = unsafe { port.bits() };
            assert_eq!((bits.to_u64(), bits.bits(64, 64)), (mask(width), 0), "{width}");
            unsafe { port.set_bit_words(&[]) };
            assert_eq!(unsafe { port.bits() }.to_u64(), 0);
        }
    }
}
