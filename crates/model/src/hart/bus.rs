//! Loads and stores: RAM and devices behind one address space.
//!
//! An access that crosses the end of a word is two accesses, the lower one first.

use super::decode::Width;
use super::devices::{self, Devices};
use super::memory::Ram;

/// Everything that has an address.
#[derive(Debug, Clone)]
pub(super) struct Bus {
    pub(super) ram: Ram,
    pub(super) devices: Devices,
}

/// The address that mtval gets when an access fails.
pub(super) type Fault = u32;

impl Bus {
    /// The bytes at an address, zero-extended. `fed` is what the DUT got; it counts where the
    /// reference cannot know it.
    #[inline]
    pub(super) fn load(&self, addr: u32, width: Width, fed: Option<u32>) -> Result<u32, Fault> {
        let in_ram = match width {
            Width::Byte => self.ram.read(addr).map(|[byte]| byte.into()),
            Width::Half => self.ram.read(addr).map(|bytes| u16::from_le_bytes(bytes).into()),
            Width::Word => self.ram.read_word(addr),
        };
        match in_ram {
            Some(value) => Ok(value),
            None => self.load_by_words(addr, width, fed),
        }
    }

    #[cold]
    fn load_by_words(&self, addr: u32, width: Width, fed: Option<u32>) -> Result<u32, Fault> {
        let (word, shift) = (addr & !3, 8 * (addr & 3));
        let next = word.wrapping_add(4);
        let crosses = (addr & 3) + width as u32 > 4;

        let low = self.read_word(word).ok_or(addr)?;
        let high = if crosses { self.read_word(next).ok_or(next)? } else { 0 };
        let known = (u64::from(high) << 32 | u64::from(low)) >> shift;
        // No other register lies right before one that depends on time.
        let value = fed.filter(|_| devices::depends_on_time(word)).unwrap_or(known as u32);
        Ok(value & mask(width))
    }

    /// Stores the lowest bytes of `value`.
    #[inline]
    pub(super) fn store(&mut self, addr: u32, width: Width, value: u32) -> Result<(), Fault> {
        let bytes = value.to_le_bytes();
        if self.ram.write(addr, &bytes[..width as usize]) {
            return Ok(());
        }
        self.store_by_words(addr, width, value)
    }

    /// A device takes the whole word that is on the bus: the value, turned so that its lowest byte
    /// is in the lane of the address.
    #[cold]
    fn store_by_words(&mut self, addr: u32, width: Width, value: u32) -> Result<(), Fault> {
        let word = addr & !3;
        let next = word.wrapping_add(4);
        let lanes = value.rotate_left(8 * (addr & 3));
        let bytes = value.to_le_bytes();
        let in_word = (4 - (addr & 3) as usize).min(width as usize);
        let (low, high) = bytes[..width as usize].split_at(in_word);

        if !self.ram.write(addr, low) && !self.devices.write(word, lanes) {
            return Err(addr);
        }
        if !high.is_empty() && !self.ram.write(next, high) && !self.devices.write(next, lanes) {
            return Err(next);
        }
        Ok(())
    }

    /// The word at an address that is a multiple of 4; `None` is a bus error.
    pub(super) fn read_word(&self, addr: u32) -> Option<u32> {
        self.ram.read_word(addr).or_else(|| self.devices.read(addr))
    }
}

/// The bits of a value of this width.
pub(super) const fn mask(width: Width) -> u32 {
    u32::MAX >> (32 - 8 * width as u32)
}
