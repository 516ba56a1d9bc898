//! The devices of the SoC: software and timer interrupt, external interrupt, UART.

use super::trap;

pub(super) const MSIP: u32 = 0x0200_0000;
pub(super) const MTIMECMP: u32 = 0x0200_4000;
pub(super) const MTIMECMPH: u32 = 0x0200_4004;
pub(super) const MTIME: u32 = 0x0200_bff8;
pub(super) const MTIMEH: u32 = 0x0200_bffc;
pub(super) const EXTERNAL: u32 = 0x0c00_0000;
pub(super) const UART: u32 = 0x1000_0000;

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
            MSIP => self.software.into(),
            MTIMECMP => self.timer as u32,
            MTIMECMPH => (self.timer >> 32) as u32,
            MTIME => self.time as u32,
            MTIMEH => (self.time >> 32) as u32,
            EXTERNAL => self.external.into(),
            UART => 0,
            _ => return None,
        })
    }

    /// Returns whether there is a register at the address, a multiple of 4.
    #[must_use]
    pub(super) fn write(&mut self, addr: u32, word: u32) -> bool {
        match addr {
            MSIP => self.software = word & 1 == 1,
            MTIMECMP => set_low(&mut self.timer, word),
            MTIMECMPH => set_high(&mut self.timer, word),
            MTIME => set_low(&mut self.time, word),
            MTIMEH => set_high(&mut self.time, word),
            EXTERNAL => self.external = word & 1 == 1,
            UART => self.output.push(word as u8),
            _ => return false,
        }
        true
    }

    /// The interrupt lines, each at its place in mip.
    #[inline]
    pub(super) fn lines(&self) -> u32 {
        u32::from(self.software) << trap::SOFTWARE
            | u32::from(self.time >= self.timer) << trap::TIMER
            | u32::from(self.external) << trap::EXTERNAL
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
    matches!(addr, MTIME | MTIMEH | EXTERNAL)
}

fn set_low(register: &mut u64, word: u32) {
    *register = *register >> 32 << 32 | u64::from(word);
}

fn set_high(register: &mut u64, word: u32) {
    *register = *register & 0xffff_ffff | u64::from(word) << 32;
}
