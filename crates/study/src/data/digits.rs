// SPDX-License-Identifier: MIT OR Apache-2.0
//! Digits that this program draws: what is computed on when MNIST is not there.
//!
//! Each is a written form out of [`STYLES`] whose points, slant, proportions, rotation and
//! pen are jittered. Image `i` of a seed depends on nothing else, so a longer list starts with
//! the shorter one and drawing is parallel.
//!
//! Only +, −, ×, ÷ and square root are used. IEEE 754 rounds these exactly, so a drawn digit is
//! the same bytes on every platform; sines and exponentials of the platform's mathematics library
//! would not be.

use std::sync::OnceLock;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rayon::prelude::*;

use super::{BOX, Image, centre};

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
    let styles = STYLES.iter().filter(|(digit, ..)| *digit == label);
    let hat: Vec<Style> = styles.flat_map(|&(_, times, style)| vec![style; times]).collect();
    let style = hat[hand.below(hat.len())];

    // Shared by all strokes of a digit: a writer's proportions, slant, bow and rotation.
    let waist = hand.around(0.0, 0.45);
    let width = hand.around(1.0, 0.4);
    let slant = hand.around(-0.2, 0.4);
    let bow = hand.around(0.0, 0.3);
    let turn = rotation(hand.around(0.0, 0.08));
    let mut chains: Vec<Vec<Point>> = style
        .iter()
        .map(|stroke| {
            flatten(&hand.jitter(stroke))
                .into_iter()
                .map(|(x, y)| {
                    let inner = y * (1.0 - y);
                    turn((width * x + slant * y + bow * inner, y + waist * inner))
                })
                .collect()
        })
        .collect();

    let radius = hand.around(1.35, 0.9);
    let ink = draw_strokes(&mut chains, radius);
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

/// Straight pieces that the curve between two points is drawn with.
const SEGMENTS: usize = 6;

/// Width of the grey edge of a stroke in pixels, about as soft as MNIST's.
const EDGE: f64 = 1.2;

/// A Catmull-Rom spline through the points, as a chain of straight pieces.
fn flatten(points: &[Point]) -> Vec<Point> {
    let at = |index: usize| points[index.min(points.len() - 1)];
    let mut chain = vec![at(0)];
    for index in 0..points.len() - 1 {
        let (p0, p1) = (at(index.saturating_sub(1)), at(index));
        let (p2, p3) = (at(index + 1), at(index + 2));
        // A doubled point is a corner: nothing to draw between its two halves.
        if p1 == p2 {
            continue;
        }
        for segment in 1..=SEGMENTS {
            let t = segment as f64 / SEGMENTS as f64;
            chain.push((spline(p0.0, p1.0, p2.0, p3.0, t), spline(p0.1, p1.1, p2.1, p3.1, t)));
        }
    }
    chain
}

fn spline(p0: f64, p1: f64, p2: f64, p3: f64, t: f64) -> f64 {
    let a = 3.0 * (p1 - p2) + p3 - p0;
    let b = 2.0 * p0 - 5.0 * p1 + 4.0 * p2 - p3;
    p1 + 0.5 * t * (p2 - p0 + t * (b + t * a))
}

/// Draws the chains with a round pen of `radius` pixels, scaled so that the ink fills the box in
/// its longer direction.
fn draw_strokes(chains: &mut [Vec<Point>], radius: f64) -> [u8; BOX * BOX] {
    let reach = radius + EDGE / 2.0;
    fit(chains, reach);

    // The nearest squared distance from each pixel's centre to the pen's path.
    let mut nearest = [reach * reach; BOX * BOX];
    for segment in chains.iter().flat_map(|chain| chain.windows(2)) {
        let (from, to) = (segment[0], segment[1]);
        for y in pixels(from.1, to.1, reach) {
            for x in pixels(from.0, to.0, reach) {
                let distance = squared_distance((x as f64 + 0.5, y as f64 + 0.5), from, to);
                let cell = &mut nearest[y * BOX + x];
                *cell = cell.min(distance);
            }
        }
    }
    nearest.map(|squared| {
        let cover = (reach - squared.sqrt()) / EDGE;
        (cover.min(1.0) * 255.0 + 0.5) as u8
    })
}

/// Scales and moves the chains so that ink of width `reach` around them just fits into the box.
fn fit(chains: &mut [Vec<Point>], reach: f64) {
    let points = || chains.iter().flatten();
    let (mut low, mut high) = ((f64::MAX, f64::MAX), (f64::MIN, f64::MIN));
    for point in points() {
        low = (low.0.min(point.0), low.1.min(point.1));
        high = (high.0.max(point.0), high.1.max(point.1));
    }
    let side = BOX as f64;
    let scale = (side - 2.0 * reach) / (high.0 - low.0).max(high.1 - low.1);
    let middle = ((low.0 + high.0) / 2.0, (low.1 + high.1) / 2.0);
    for point in chains.iter_mut().flatten() {
        point.0 = (point.0 - middle.0) * scale + side / 2.0;
        point.1 = (point.1 - middle.1) * scale + side / 2.0;
    }
}

/// The pixels along one axis that a piece can reach. Casts of negative numbers saturate at 0.
fn pixels(from: f64, to: f64, reach: f64) -> std::ops::Range<usize> {
    let first = (from.min(to) - reach) as usize;
    let last = (from.max(to) + reach) as usize;
    first..(last + 1).min(BOX)
}

fn squared_distance(point: Point, from: Point, to: Point) -> f64 {
    let along = (to.0 - from.0, to.1 - from.1);
    let offset = (point.0 - from.0, point.1 - from.1);
    let length = along.0 * along.0 + along.1 * along.1;
    let t = if length > 0.0 {
        ((offset.0 * along.0 + offset.1 * along.1) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let (dx, dy) = (offset.0 - t * along.0, offset.1 - t * along.1);
    dx * dx + dy * dy
}

// How the ten digits are written, as the pen moves. A stroke is a smooth curve through its points; a
// point given twice in a row is a corner. The unit is the height of a digit, x to the right, y down.

/// A point on the paper.
type Point = (f64, f64);

/// What the pen draws before it is lifted.
type Stroke = &'static [Point];

/// One way to write a digit.
type Style = &'static [Stroke];

/// The styles: the digit, how often the style is in the hat, and its strokes.
#[rustfmt::skip]
const STYLES: [(u8, usize, Style); 21] = [
    (0, 2, &[&[(0.50, 0.00), (0.22, 0.10), (0.06, 0.46), (0.16, 0.86), (0.42, 1.00), (0.72, 0.86),
               (0.86, 0.48), (0.76, 0.14), (0.48, 0.01)]]),
    (0, 1, &[&[(0.44, 0.04), (0.16, 0.24), (0.06, 0.62), (0.24, 0.97), (0.56, 0.94), (0.80, 0.60),
               (0.78, 0.20), (0.54, 0.02), (0.30, 0.12)]]),
    (1, 4, &[&[(0.32, 0.00), (0.30, 0.50), (0.29, 1.00)]]),
    (1, 1, &[&[(0.12, 0.26), (0.36, 0.00), (0.36, 0.00), (0.35, 0.50), (0.34, 1.00)]]),
    (2, 1, &[&[(0.10, 0.20), (0.34, 0.01), (0.64, 0.08), (0.68, 0.34), (0.44, 0.66), (0.06, 0.96),
               (0.06, 0.96), (0.44, 0.95), (0.84, 0.96)]]),
    (2, 1, &[&[(0.12, 0.18), (0.38, 0.00), (0.68, 0.10), (0.66, 0.40), (0.44, 0.72), (0.18, 0.95),
               (0.04, 0.88), (0.18, 0.76), (0.46, 0.88), (0.90, 0.94)]]),
    (3, 2, &[&[(0.12, 0.12), (0.40, 0.00), (0.66, 0.14), (0.58, 0.36), (0.30, 0.47), (0.30, 0.47),
               (0.64, 0.56), (0.72, 0.80), (0.44, 1.00), (0.08, 0.90)]]),
    (3, 1, &[&[(0.10, 0.04), (0.66, 0.03), (0.66, 0.03), (0.32, 0.42), (0.32, 0.42), (0.66, 0.52),
               (0.72, 0.80), (0.42, 1.00), (0.08, 0.90)]]),
    (4, 2, &[&[(0.14, 0.04), (0.06, 0.34), (0.14, 0.52), (0.42, 0.52), (0.72, 0.44)],
             &[(0.74, 0.00), (0.68, 0.50), (0.62, 1.00)]]),
    (4, 1, &[&[(0.58, 0.00), (0.32, 0.32), (0.04, 0.62), (0.04, 0.62), (0.42, 0.63),
               (0.82, 0.60)],
             &[(0.58, 0.00), (0.57, 0.50), (0.56, 1.00)]]),
    (5, 1, &[&[(0.78, 0.02), (0.28, 0.04), (0.28, 0.04), (0.18, 0.42), (0.18, 0.42), (0.52, 0.40),
               (0.72, 0.64), (0.62, 0.90), (0.34, 1.00), (0.04, 0.92)]]),
    (5, 1, &[&[(0.28, 0.08), (0.18, 0.42), (0.18, 0.42), (0.50, 0.40), (0.68, 0.64), (0.58, 0.90),
               (0.32, 1.00), (0.06, 0.92)],
             &[(0.27, 0.08), (0.54, 0.06), (0.84, 0.00)]]),
    (6, 1, &[&[(0.60, 0.00), (0.28, 0.26), (0.10, 0.66), (0.26, 0.97), (0.56, 0.96), (0.70, 0.74),
               (0.54, 0.55), (0.28, 0.62), (0.14, 0.80)]]),
    (6, 1, &[&[(0.36, 0.00), (0.16, 0.40), (0.10, 0.76), (0.28, 0.99), (0.54, 0.94), (0.64, 0.72),
               (0.46, 0.54), (0.22, 0.64), (0.12, 0.80)]]),
    (7, 2, &[&[(0.06, 0.07), (0.38, 0.06), (0.72, 0.03), (0.72, 0.03), (0.52, 0.44),
               (0.36, 1.00)]]),
    (7, 1, &[&[(0.04, 0.20), (0.10, 0.05), (0.40, 0.08), (0.72, 0.03), (0.70, 0.18), (0.50, 0.50),
               (0.40, 1.00)]]),
    (7, 1, &[&[(0.08, 0.06), (0.40, 0.06), (0.74, 0.03), (0.74, 0.03), (0.54, 0.44),
               (0.36, 1.00)],
             &[(0.24, 0.52), (0.48, 0.50), (0.76, 0.46)]]),
    (8, 2, &[&[(0.66, 0.12), (0.42, 0.00), (0.20, 0.16), (0.32, 0.40), (0.56, 0.60), (0.60, 0.84),
               (0.36, 1.00), (0.14, 0.84), (0.28, 0.60), (0.56, 0.38), (0.68, 0.14)]]),
    (8, 1, &[&[(0.42, 0.00), (0.20, 0.14), (0.22, 0.36), (0.42, 0.46), (0.62, 0.34), (0.62, 0.12),
               (0.40, 0.00)],
             &[(0.42, 0.46), (0.16, 0.60), (0.14, 0.86), (0.40, 1.00), (0.66, 0.86), (0.64, 0.60),
               (0.40, 0.46)]]),
    (9, 2, &[&[(0.62, 0.12), (0.36, 0.01), (0.12, 0.20), (0.18, 0.44), (0.42, 0.44), (0.64, 0.14),
               (0.64, 0.14), (0.60, 0.56), (0.54, 1.00)]]),
    (9, 1, &[&[(0.64, 0.14), (0.38, 0.00), (0.14, 0.18), (0.20, 0.44), (0.46, 0.42), (0.66, 0.14),
               (0.66, 0.14), (0.66, 0.60), (0.50, 0.94), (0.16, 0.96)]]),
];
