// SPDX-License-Identifier: MIT OR Apache-2.0
//! Loads and stores: RAM and the devices of the system behind one address space.
//!
//! An access that crosses the end of a word is two accesses, the lower one first.

use crate::facts::riscv::{IRQ_EXTERNAL, IRQ_SOFTWARE, IRQ_TIMER};
use crate::facts::soc::{
    ADDR_EXTERNAL, ADDR_MSIP, ADDR_MTIME, ADDR_MTIME_HI, ADDR_MTIMECMP, ADDR_MTIMECMP_HI, ADDR_UART,
};

#[derive(Debug, Clone)]
pub(super) struct Bus {
    pub(super) ram: Ram,
    pub(super) devices: Devices,
}

/// The address that mtval gets when an access fails.
pub(super) type Fault = u32;

impl Bus {
    /// So many bytes at an address, zero-extended: 1, 2 or 4. `fed` is what the DUT got; it counts where the
    /// reference cannot know it.
    #[inline]
    pub(super) fn load(&self, addr: u32, bytes: u32, fed: Option<u32>) -> Result<u32, Fault> {
        let in_ram = match bytes {
            1 => self.ram.read(addr).map(|[byte]| byte.into()),
            2 => self.ram.read(addr).map(|bytes| u16::from_le_bytes(bytes).into()),
            _ => self.ram.read_word(addr),
        };
        match in_ram {
            Some(value) => Ok(value),
            None => self.load_by_words(addr, bytes, fed),
        }
    }

    #[cold]
    fn load_by_words(&self, addr: u32, bytes: u32, fed: Option<u32>) -> Result<u32, Fault> {
        let (word, shift) = (addr & !3, 8 * (addr & 3));
        let next = word.wrapping_add(4);
        let crosses = (addr & 3) + bytes > 4;

        let low = self.read_word(word).ok_or(addr)?;
        let high = if crosses { self.read_word(next).ok_or(next)? } else { 0 };
        let known = (u64::from(high) << 32 | u64::from(low)) >> shift;
        // No other register lies right before one that depends on time.
        let value = fed.filter(|_| depends_on_time(word)).unwrap_or(known as u32);
        Ok(value & mask(bytes))
    }

    /// Stores the lowest 1, 2 or 4 bytes of `value`.
    #[inline]
    pub(super) fn store(&mut self, addr: u32, bytes: u32, value: u32) -> Result<(), Fault> {
        if self.ram.write(addr, &value.to_le_bytes()[..bytes as usize]) {
            return Ok(());
        }
        self.store_by_words(addr, bytes as usize, value)
    }

    /// A device takes the whole word that is on the bus: the value, turned so that its lowest byte
    /// is in the lane of the address.
    #[cold]
    fn store_by_words(&mut self, addr: u32, count: usize, value: u32) -> Result<(), Fault> {
        let word = addr & !3;
        let next = word.wrapping_add(4);
        let lanes = value.rotate_left(8 * (addr & 3));
        let bytes = value.to_le_bytes();
        let in_word = (4 - (addr & 3) as usize).min(count);
        let (low, high) = bytes[..count].split_at(in_word);

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

/// The bits of a value of 1 to 4 bytes.
pub(super) const fn mask(bytes: u32) -> u32 {
    u32::MAX >> (32 - 8 * bytes)
}

/// Bytes from an address on. An access that does not lie inside as a whole is `None`.
#[derive(Debug, Clone)]
pub(super) struct Ram {
    base: u32,
    bytes: Vec<u8>,
}

impl Ram {
    pub(super) fn new(base: u32, bytes: u32) -> Self {
        Self { base, bytes: vec![0; bytes as usize] }
    }

    #[inline]
    pub(super) fn read<const N: usize>(&self, addr: u32) -> Option<[u8; N]> {
        let from = addr.wrapping_sub(self.base) as usize;
        self.bytes.get(from..from + N)?.first_chunk().copied()
    }

    pub(super) fn read_word(&self, addr: u32) -> Option<u32> {
        self.read(addr).map(u32::from_le_bytes)
    }

    /// Returns whether the bytes lie inside; if they do not, none is written.
    #[inline]
    #[must_use]
    pub(super) fn write(&mut self, addr: u32, bytes: &[u8]) -> bool {
        let from = addr.wrapping_sub(self.base) as usize;
        let room = self.bytes.get_mut(from..from + bytes.len());
        room.map(|room| room.copy_from_slice(bytes)).is_some()
    }
}

/// What the device registers hold. Time is counted in instructions.
#[derive(Debug, Clone)]
pub(super) struct Devices {
    software: bool,
    external: bool,
    timer: u64,
    time: u64,
    output: Vec<u8>,
}

impl Devices {
    pub(super) fn new() -> Self {
        Self { software: false, external: false, timer: u64::MAX, time: 0, output: Vec::new() }
    }

    /// The device register at an address that is a multiple of 4.
    pub(super) fn read(&self, addr: u32) -> Option<u32> {
        Some(match addr {
            ADDR_MSIP => self.software.into(),
            ADDR_MTIMECMP => self.timer as u32,
            ADDR_MTIMECMP_HI => (self.timer >> 32) as u32,
            ADDR_MTIME => self.time as u32,
            ADDR_MTIME_HI => (self.time >> 32) as u32,
            ADDR_EXTERNAL => self.external.into(),
            ADDR_UART => 0,
            _ => return None,
        })
    }

    /// Returns whether there is a register at the address, a multiple of 4.
    #[must_use]
    pub(super) fn write(&mut self, addr: u32, word: u32) -> bool {
        match addr {
            ADDR_MSIP => self.software = word & 1 == 1,
            ADDR_MTIMECMP => set_low(&mut self.timer, word),
            ADDR_MTIMECMP_HI => set_high(&mut self.timer, word),
            ADDR_MTIME => set_low(&mut self.time, word),
            ADDR_MTIME_HI => set_high(&mut self.time, word),
            ADDR_EXTERNAL => self.external = word & 1 == 1,
            ADDR_UART => self.output.push(word as u8),
            _ => return false,
        }
        true
    }

    /// The interrupt lines, each at its place in mip.
    #[inline]
    pub(super) fn lines(&self) -> u32 {
        u32::from(self.software) << IRQ_SOFTWARE
            | u32::from(self.time >= self.timer) << IRQ_TIMER
            | u32::from(self.external) << IRQ_EXTERNAL
    }

    #[inline]
    pub(super) fn tick(&mut self) {
        self.time = self.time.wrapping_add(1);
    }

    /// Lets the time pass until the timer interrupt is pending. Returns whether it ever is: all ones
    /// is how a program turns it off.
    #[must_use]
    pub(super) fn wait_for_timer(&mut self) -> bool {
        if self.timer == u64::MAX {
            return false;
        }
        self.time = self.time.max(self.timer);
        true
    }

    /// The bytes sent since the last call.
    pub(super) fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }
}

/// Whether the register at this address, a multiple of 4, changes by itself.
pub(super) const fn depends_on_time(addr: u32) -> bool {
    matches!(addr, ADDR_MTIME | ADDR_MTIME_HI | ADDR_EXTERNAL)
}

fn set_low(register: &mut u64, word: u32) {
    *register = *register >> 32 << 32 | u64::from(word);
}

fn set_high(register: &mut u64, word: u32) {
    *register = *register & 0xffff_ffff | u64::from(word) << 32;
}
