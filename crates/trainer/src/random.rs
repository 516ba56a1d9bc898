// SPDX-License-Identifier: MIT OR Apache-2.0
//! Everything random, from one seed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// What random numbers are for; each purpose has streams of its own.
#[derive(Debug, Clone, Copy)]
pub enum Purpose {
    /// The first weights, a stream a tensor.
    Weights = 1,
    /// The order of the images, a stream an epoch.
    Order = 2,
    /// How an image is moved, a stream an image and epoch.
    Move = 3,
}

/// One stream of random numbers.
#[derive(Debug, Clone)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream of a seed, a purpose and a number.
    pub fn new(seed: u64, purpose: Purpose, number: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8] = purpose as u8;
        let mut stream = ChaCha8Rng::from_seed(key);
        stream.set_stream(number);
        Self(stream)
    }

    /// A number in [0, 1).
    pub fn unit(&mut self) -> f32 {
        (self.0.next_u32() >> 8) as f32 / (1u32 << 24) as f32
    }

    /// A number in [−limit, limit).
    pub fn within(&mut self, limit: f32) -> f32 {
        (2.0 * self.unit() - 1.0) * limit
    }

    /// The numbers 0 to `count` − 1 in random order.
    pub fn shuffled(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            let other = (self.0.next_u64() % (last as u64 + 1)) as usize;
            order.swap(last, other);
        }
        order
    }
}
