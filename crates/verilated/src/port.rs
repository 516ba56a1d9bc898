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
copy!(Port Stop);

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

/// For generated code: the storage of a value that every row stores alike.
#[doc(hidden)]
#[derive(Debug)]
pub struct Fixed<T>(*mut T);

#[doc(hidden)]
#[allow(unsafe_code)]
impl<T> Fixed<T> {
    /// # Safety
    /// Good for as long as the structure is, and reached through it alone.
    pub(crate) unsafe fn new(at: *mut T) -> Self {
        Self(at)
    }

    #[inline]
    pub fn get(&self) -> &T {
        // SAFETY: promised at construction; nobody writes during `&self`.
        unsafe { &*self.0 }
    }

    #[inline]
    pub fn set(&mut self, value: T) {
        // SAFETY: promised at construction, and `&mut self` makes this the only use.
        unsafe { *self.0 = value }
    }
}

/// For generated code: the storage of a port whose width depends on the row.
#[doc(hidden)]
#[derive(Debug)]
pub struct Varying {
    at: *mut u32,
    width: u32,
}

#[doc(hidden)]
#[allow(unsafe_code)]
impl Varying {
    /// # Safety
    /// Good for as long as the structure is, reached through it alone, and stored as Verilator
    /// does for this width.
    pub(crate) unsafe fn new(at: *mut u32, width: u32) -> Self {
        Self { at, width }
    }

    #[inline]
    pub fn get(&self) -> Bits<'_> {
        Bits { at: self.at, width: self.width, model: PhantomData }
    }

    #[inline]
    pub fn set(&mut self, value: u64) {
        // SAFETY: promised at construction, and `&mut self` makes this the only use.
        unsafe {
            match self.width {
                0..=8 => *self.at.cast::<u8>() = (value & mask(self.width)) as u8,
                9..=16 => *self.at.cast::<u16>() = (value & mask(self.width)) as u16,
                17..=32 => *self.at = (value & mask(self.width)) as u32,
                33..=64 => *self.at.cast::<u64>() = value & mask(self.width),
                _ => self.set_words(&[value as u32, (value >> 32) as u32]),
            }
        }
    }

    #[inline]
    pub fn set_words(&mut self, words: &[u32]) {
        let word = |index: usize| words.get(index).copied().unwrap_or(0);
        if self.width <= 64 {
            return self.set(u64::from(word(0)) | u64::from(word(1)) << 32);
        }
        // SAFETY: as in `set`; the slice is the whole port.
        let all =
            unsafe { std::slice::from_raw_parts_mut(self.at, self.width.div_ceil(32) as usize) };
        let given = words.len().min(all.len());
        all[..given].copy_from_slice(&words[..given]);
        all[given..].fill(0);
        if !self.width.is_multiple_of(32)
            && let Some(top) = all.last_mut()
        {
            *top &= (1 << (self.width % 32)) - 1;
        }
    }
}

/// For generated code: the storage of a memory.
#[doc(hidden)]
#[derive(Debug)]
pub struct Words<T> {
    at: *mut T,
    len: usize,
}

#[doc(hidden)]
#[allow(unsafe_code)]
impl<T> Words<T> {
    /// # Safety
    /// Good for as long as the structure is, and reached through it alone.
    pub(crate) unsafe fn new(at: *mut T, len: usize) -> Self {
        Self { at, len }
    }

    #[inline]
    pub fn get(&self) -> &[T] {
        // SAFETY: promised at construction; nobody writes during `&self`.
        unsafe { std::slice::from_raw_parts(self.at, self.len) }
    }

    #[inline]
    pub fn get_mut(&mut self) -> &mut [T] {
        // SAFETY: promised at construction, and `&mut self` makes this the only use.
        unsafe { std::slice::from_raw_parts_mut(self.at, self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_of_every_width_are_read_and_set() {
        for width in (1..=200).chain([256, 1000]) {
            let mut storage = vec![0_u64; 17];
            // SAFETY: longer than any port here, and used by nothing else meanwhile.
            #[allow(unsafe_code)]
            let mut port = unsafe { Varying::new(storage.as_mut_ptr().cast(), width) };
            let words: Vec<u32> = (1..=33_u32).map(|i| i.wrapping_mul(0x9e37_79b9)).collect();
            port.set_words(&words);
            let bit =
                |at: u32| u64::from(at < width && words[at as usize / 32] >> (at % 32) & 1 != 0);
            let bits = port.get();
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
            port.set(u64::MAX);
            assert_eq!(port.get().to_u64(), mask(width), "{width}");
            assert_eq!(port.get().bits(64, 64), 0);
            port.set_words(&[]);
            assert_eq!(port.get().to_u64(), 0);
        }
    }
}
