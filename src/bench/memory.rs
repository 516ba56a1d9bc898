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

    /// One beat of `N` words; `None` is a bus error.
    #[inline]
    pub(super) fn beat<const N: usize>(&self, addr: u32) -> Option<&[u32; N]> {
        if self.bad.is_some_and(|bad| bad / (4 * N as u32) == addr / (4 * N as u32)) {
            return None;
        }
        self.words.get(addr as usize / 4..)?.first_chunk()
    }
}

/// The memory's side of the OBI handshake.
#[derive(Debug)]
pub(super) enum Port {
    /// Grants at once and answers in the next cycle.
    Ready {
        /// The address that is answered in the next cycle.
        next: Option<u32>,
    },
    /// Waits at random.
    Waiting(Box<Waiting>),
}

/// A port that waits at random.
#[derive(Debug)]
pub(super) struct Waiting {
    seed: u64,
    random: ChaCha8Rng,
    /// Granted and not answered: the first cycle in which the answer may come, and the address.
    outstanding: VecDeque<(u64, u32)>,
    cycle: u64,
}

impl Port {
    pub(super) fn new(stalls: Option<Stalls>) -> Self {
        match stalls {
            None => Self::Ready { next: None },
            Some(Stalls { seed }) => Self::Waiting(Box::new(Waiting {
                seed,
                random: ChaCha8Rng::seed_from_u64(seed),
                outstanding: VecDeque::new(),
                cycle: 0,
            })),
        }
    }

    /// Begins a transaction: its waiting times depend on the seed and on `stream` alone.
    #[inline]
    pub(super) fn begin(&mut self, stream: u64) {
        match self {
            Self::Ready { next } => *next = None,
            Self::Waiting(waiting) => {
                waiting.outstanding.clear();
                waiting.random = ChaCha8Rng::seed_from_u64(waiting.seed);
                waiting.random.set_stream(stream);
            }
        }
    }
}

impl Waiting {
    /// One cycle in which the unit requests the beat at `request`: whether that is granted, and
    /// the address of the beat that is answered.
    pub(super) fn cycle(&mut self, request: Option<u32>) -> (bool, Option<u32>) {
        let due = self.outstanding.front().is_some_and(|&(due, _)| due <= self.cycle);
        let answered = if due { self.outstanding.pop_front() } else { None };
        let grant = self.random.random_ratio(1, 2);
        self.cycle += 1;
        if let Some(addr) = request.filter(|_| grant) {
            let delay = self.random.random_range(0..=MAX_DELAY);
            self.outstanding.push_back((self.cycle + delay, addr));
        }
        (grant, answered.map(|(_, addr)| addr))
    }
}
