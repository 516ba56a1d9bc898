//! What the inference programs count: the counters of core and unit at the boundaries of the layers.

use std::ops::{AddAssign, Sub};

use serde::{Deserialize, Serialize};

/// Words of a record in RAM.
pub const RECORD_WORDS: usize = 27;

/// The counters at one moment, or between two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Record {
    /// Clock cycles.
    pub cycles: u32,
    /// Instructions retired.
    pub instructions: u32,
    /// The core's events: mhpmcounter3 to 14.
    pub events: [u32; 12],
    /// Counters 0 to 10 of the unit.
    pub unit: [u32; 11],
    /// Kernels loaded.
    pub kernel_loads: u32,
    /// Windows that were read from memory.
    pub window_fetches: u32,
}

impl Record {
    /// From its words in RAM.
    pub fn from_words(words: &[u32; RECORD_WORDS]) -> Self {
        let part = |first: usize| words[first..].iter().copied();
        let (mut events, mut unit) = ([0; 12], [0; 11]);
        events.iter_mut().zip(part(2)).for_each(|(event, word)| *event = word);
        unit.iter_mut().zip(part(14)).for_each(|(counter, word)| *counter = word);
        Self {
            cycles: words[0],
            instructions: words[1],
            events,
            unit,
            kernel_loads: words[25],
            window_fetches: words[26],
        }
    }

    fn combine(mut self, other: Self, with: impl Fn(u32, u32) -> u32) -> Self {
        self.cycles = with(self.cycles, other.cycles);
        self.instructions = with(self.instructions, other.instructions);
        for (mine, other) in self.events.iter_mut().zip(other.events) {
            *mine = with(*mine, other);
        }
        for (mine, other) in self.unit.iter_mut().zip(other.unit) {
            *mine = with(*mine, other);
        }
        self.kernel_loads = with(self.kernel_loads, other.kernel_loads);
        self.window_fetches = with(self.window_fetches, other.window_fetches);
        self
    }
}

impl Sub for Record {
    type Output = Self;

    /// What was counted since an earlier moment; counters wrap.
    fn sub(self, earlier: Self) -> Self {
        self.combine(earlier, u32::wrapping_sub)
    }
}

impl AddAssign for Record {
    fn add_assign(&mut self, other: Self) {
        *self = self.combine(other, u32::wrapping_add);
    }
}
