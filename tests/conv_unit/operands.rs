//! Random operands and commands.

use convapprox::dut::{Tile, UnitParameters, WindowRun};
use model::conv::{Mode, SmaxScope};
use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use crate::bench::WINDOW_ADDR;
use crate::window::{Window, threshold};

/// What operands look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distribution {
    /// Any 32 bits: all magnitudes are large.
    Uniform,
    /// −128 ..= 127.
    Small,
    /// A random sign and a magnitude that halves in likelihood with each step: weights of trained
    /// networks look like this.
    Laplace,
    /// Four zeros in five words, as a ReLU leaves them.
    Sparse,
    /// The ends of the range, zero, and the neighbours of powers of two.
    Extreme,
    /// Words like the pixels of handwritten digits, 81 % black and many of the rest nearly white;
    /// weights like those of a quantised filter.
    Mnist,
    /// Powers of two with few exponents: many products tie.
    Tied,
}

impl Distribution {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Uniform,
        Self::Small,
        Self::Laplace,
        Self::Sparse,
        Self::Extreme,
        Self::Mnist,
        Self::Tied,
    ];

    /// One operand of the window.
    pub fn word(self, rng: &mut ChaCha8Rng) -> i32 {
        match self {
            Self::Uniform => rng.random(),
            Self::Small => rng.random_range(-128..128),
            Self::Laplace => {
                let scale = 500.0 * -(1.0 - rng.random::<f64>()).ln();
                if rng.random() { scale as i32 } else { -(scale as i32) }
            }
            Self::Sparse => {
                let magnitude = rng.random_range(1..4096);
                if rng.random_ratio(4, 5) { 0 } else { magnitude }
            }
            Self::Extreme => {
                let near = (1_i32 << rng.random_range(0..32)).wrapping_add(rng.random_range(-1..2));
                let ends = [0, 1, -1, i32::MIN, i32::MIN + 1, i32::MAX, near, near.wrapping_neg()];
                ends[rng.random_range(0..ends.len())]
            }
            Self::Mnist => match rng.random_range(0..100) {
                0..81 => 0,
                81..90 => rng.random_range(250..256),
                _ => rng.random_range(1..256),
            },
            Self::Tied => {
                let power = 1 << rng.random_range(0..3);
                if rng.random() { power } else { -power }
            }
        }
    }

    /// One weight.
    pub fn weight(self, rng: &mut ChaCha8Rng) -> i32 {
        match self {
            Self::Mnist => rng.random_range(-32..32),
            Self::Sparse => Self::Small.word(rng),
            other => other.word(rng),
        }
    }
}

/// A random kernel that fits the unit, with an empty window for [`random_window`] to fill.
pub fn random_kernel(
    rng: &mut ChaCha8Rng,
    unit: &UnitParameters,
) -> (usize, Vec<i32>, Distribution) {
    // The largest side is the one that matters most.
    let side = if rng.random() { unit.kernel } else { rng.random_range(1..=unit.kernel) };
    let kind = *Distribution::ALL.choose(rng).unwrap();
    (side, (0..side * side).map(|_| kind.weight(rng)).collect(), kind)
}

/// A random window for a kernel, anywhere in memory.
pub fn random_window(
    rng: &mut ChaCha8Rng,
    unit: &UnitParameters,
    side: usize,
    weights: &[i32],
    kind: Distribution,
) -> Window {
    let f = unit.log_frac;
    let tile = if rng.random_ratio(1, 4) { Tile::One } else { Tile::TwoByTwo };
    let window_side = tile.window_side(side);
    // Approx has more to get wrong than the other modes together.
    let mode = if rng.random() { Mode::Approx } else { *Mode::ALL.choose(rng).unwrap() };
    let t = match rng.random_range(0..8) {
        0..4 => rng.random_range(1..=16 << f),
        4 => 1,
        5 => rng.random_range(1..=1 << f),
        6 => rng.random_range(1..=64 << f),
        // Above every score, and past the width of the port.
        _ => *[0xffff, 0x1_0000, 1 << 31, u32::MAX].choose(rng).unwrap(),
    };
    let scope = if rng.random() { SmaxScope::Running } else { SmaxScope::Window };
    let carry = [(); 4].map(|()| match rng.random_range(0..3) {
        0 => None,
        1 => Some(rng.random_range(0..=62 << f)),
        // Near what a window of such operands has.
        _ => Some(rng.random_range(0..=20 << f)),
    });
    let run = WindowRun {
        slot: 0,
        reuse: false,
        addr: WINDOW_ADDR + 4 * rng.random_range(0..64),
        pitch: window_side as u32 + rng.random_range(0..40),
        tile,
        mode,
        threshold: threshold(t),
        scope,
        carry,
    };
    let words = (0..window_side.pow(2)).map(|_| kind.word(rng)).collect();
    Window { side, weights: weights.to_vec(), words, run }
}
