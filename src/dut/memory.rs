//! The memory behind the unit's port: words, and when they are handed out.

use std::collections::VecDeque;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Random waiting of the memory port, from one seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stalls {
    /// Seed of the waiting times. Each transaction draws from its own stream of this seed, so that
    /// one window can be replayed alone.
    pub seed: u64,
}

/// The longest random delay of an answer beyond its first possible cycle.
const MAX_DELAY: u64 = 5;

/// Words from byte address 0 on. A read beyond the last word, or of one marked bad, is answered
/// with a bus error.
#[derive(Debug, Default)]
pub struct Memory {
    words: Vec<u32>,
    bad: Option<u32>,
}

impl Memory {
    /// Memory of `words` zero words.
    pub fn new(words: usize) -> Self {
        Self { words: vec![0; words], bad: None }
    }

    /// Puts words at a byte address, a multiple of 4.
    ///
    /// # Panics
    /// If they do not fit.
    pub fn write(&mut self, addr: u32, words: &[i32]) {
        let first = addr as usize / 4;
        let room = &mut self.words[first..first + words.len()];
        for (place, &word) in room.iter_mut().zip(words) {
            *place = word as u32;
        }
    }

    /// From now on a read of the beat that holds this byte address ends in a bus error; `None`
    /// makes all words good again.
    pub fn set_bad(&mut self, addr: Option<u32>) {
        self.bad = addr;
    }

    /// One beat of `N` words, and whether it is an error.
    #[inline]
    fn beat<const N: usize>(&self, addr: u32) -> ([u32; N], bool) {
        let first = addr as usize / 4;
        match self.words.get(first..first + N) {
            Some(words) => {
                let bad = self.bad.is_some_and(|bad| bad / (4 * N as u32) == addr / (4 * N as u32));
                (words.try_into().unwrap_or([0; N]), bad)
            }
            None => ([0; N], true),
        }
    }
}

/// What the port shows the unit in one cycle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer<const N: usize> {
    pub valid: bool,
    pub error: bool,
    pub data: [u32; N],
}

/// The port's side of the OBI handshake.
#[derive(Debug)]
pub(super) struct Port {
    stalls: Option<Stalls>,
    random: ChaCha8Rng,
    /// Granted and not answered: the first cycle in which the answer may come, and the address.
    outstanding: VecDeque<(u64, u32)>,
    cycle: u64,
}

impl Port {
    pub(super) fn new(stalls: Option<Stalls>) -> Self {
        let random = ChaCha8Rng::seed_from_u64(0);
        Self { stalls, random, outstanding: VecDeque::new(), cycle: 0 }
    }

    /// Begins a transaction: its waiting times depend on the seed and on `stream` alone.
    pub(super) fn begin(&mut self, stream: u64) {
        self.outstanding.clear();
        if let Some(Stalls { seed }) = self.stalls {
            self.random = ChaCha8Rng::seed_from_u64(seed);
            self.random.set_stream(stream);
        }
    }

    /// Whether a request would be granted in this cycle.
    #[inline]
    pub(super) fn grant(&mut self) -> bool {
        self.stalls.is_none() || self.random.random_ratio(1, 2)
    }

    /// The answer of this cycle.
    #[inline]
    pub(super) fn answer<const N: usize>(&mut self, memory: &Memory) -> Answer<N> {
        match self.outstanding.front() {
            Some(&(due, addr)) if due <= self.cycle => {
                self.outstanding.pop_front();
                let (data, error) = memory.beat(addr);
                Answer { valid: true, error, data }
            }
            _ => Answer { valid: false, error: false, data: [0; N] },
        }
    }

    /// Ends the cycle, with the address of a request that was granted in it.
    #[inline]
    pub(super) fn end_cycle(&mut self, granted: Option<u32>) {
        self.cycle += 1;
        if let Some(addr) = granted {
            let delay = match self.stalls {
                None => 0,
                Some(_) => self.random.random_range(0..=MAX_DELAY),
            };
            self.outstanding.push_back((self.cycle + delay, addr));
        }
    }
}
