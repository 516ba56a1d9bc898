//! Digits that this program draws: what is computed on when MNIST is not there.
//!
//! Each is a written form out of [`super::glyphs`] whose points, slant, proportions, rotation and
//! pen are jittered. Image `i` of a seed depends on nothing else, so a longer list starts with
//! the shorter one and drawing is parallel.

use std::sync::OnceLock;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rayon::prelude::*;

use super::centre::{BOX, centre};
use super::glyphs::{GLYPHS, Point, Stroke};
use super::{Image, raster};

/// The index of the first training digit.
pub const TRAIN: u64 = 0;

/// The index of the first test digit: far from the training digits, however many there are.
pub const TEST: u64 = 1 << 32;

/// How far a point strays along each axis, in heights of a digit.
const STRAY: f64 = 0.055;

/// Drawn digits that calibrate the ranges of the activations.
pub const CALIBRATION_DIGITS: usize = 500;

/// The digits that networks are quantised with: those of seed 0, which every build of this project
/// draws alike.
pub fn calibration() -> &'static [Vec<u8>] {
    static DIGITS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    DIGITS.get_or_init(|| {
        let digits = draw(0, TRAIN, CALIBRATION_DIGITS);
        digits.iter().map(|image| image.pixels.to_vec()).collect()
    })
}

/// Draws `count` digits from index `first` on.
pub fn draw(seed: u64, first: u64, count: usize) -> Vec<Image> {
    (0..count as u64).into_par_iter().map(|index| digit(seed, first + index)).collect()
}

/// Draws one digit. Labels go round with the index, so any ten in a row are balanced.
pub fn digit(seed: u64, index: u64) -> Image {
    let label = (index % 10) as u8;
    let mut hand = Hand::new(seed, index);
    let styles = GLYPHS[label as usize];
    let style = styles[hand.below(styles.len())];

    // Shared by all strokes of a digit: a writer's proportions, slant, bow and rotation.
    let waist = hand.around(0.0, 0.45);
    let width = hand.around(1.0, 0.4);
    let slant = hand.around(-0.2, 0.4);
    let bow = hand.around(0.0, 0.3);
    let turn = rotation(hand.around(0.0, 0.08));
    let mut chains: Vec<Vec<Point>> = style
        .iter()
        .map(|stroke| {
            raster::flatten(&hand.jitter(stroke))
                .into_iter()
                .map(|(x, y)| {
                    let inner = y * (1.0 - y);
                    turn((width * x + slant * y + bow * inner, y + waist * inner))
                })
                .collect()
        })
        .collect();

    let radius = hand.around(1.35, 0.9);
    let ink = raster::draw(&mut chains, radius);
    Image { pixels: centre(&ink, BOX), label }
}

/// The rotation whose half angle has the tangent `t`: cosine and sine without a mathematics
/// library.
fn rotation(t: f64) -> impl Fn(Point) -> Point {
    let scale = 1.0 / (1.0 + t * t);
    let (cos, sin) = ((1.0 - t * t) * scale, 2.0 * t * scale);
    move |(x, y)| (x * cos - y * sin, x * sin + y * cos)
}

/// The random choices of one digit.
struct Hand(ChaCha8Rng);

impl Hand {
    fn new(seed: u64, index: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut stream = ChaCha8Rng::from_seed(key);
        stream.set_stream(index);
        Hand(stream)
    }

    /// A number in [0, 1). Made here from the raw stream because the mapping of the distributions
    /// of `rand` may change with its version.
    fn unit(&mut self) -> f64 {
        self.0.next_u32() as f64 / (1u64 << 32) as f64
    }

    fn below(&mut self, count: usize) -> usize {
        (self.unit() * count as f64) as usize
    }

    /// A number within `spread` of `middle`, most often near it.
    fn around(&mut self, middle: f64, spread: f64) -> f64 {
        middle + spread * (self.unit() + self.unit() - 1.0)
    }

    /// The stroke with every point moved a little; a corner's doubled point moves as one.
    fn jitter(&mut self, stroke: Stroke) -> Vec<Point> {
        let mut moved: Vec<Point> = Vec::with_capacity(stroke.len());
        for (index, &(x, y)) in stroke.iter().enumerate() {
            let point = match moved.last() {
                Some(&last) if stroke[index - 1] == (x, y) => last,
                _ => (self.around(x, STRAY), self.around(y, STRAY)),
            };
            moved.push(point);
        }
        moved
    }
}
