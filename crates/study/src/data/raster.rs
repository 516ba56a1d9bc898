//! From curves to pixels: flattening, scaling into the box and anti-aliased drawing.
//!
//! Only +, −, ×, ÷ and square root are used. IEEE 754 rounds these exactly, so a drawn digit is
//! the same bytes on every platform; sines and exponentials of the platform's mathematics library
//! would not be.

use super::centre::BOX;
use super::glyphs::Point;

/// Straight pieces that the curve between two points is drawn with.
const PIECES: usize = 6;

/// Width of the grey edge of a stroke in pixels, about as soft as MNIST's.
const EDGE: f64 = 1.2;

/// A Catmull-Rom spline through the points, as a chain of straight pieces.
pub(super) fn flatten(points: &[Point]) -> Vec<Point> {
    let at = |index: usize| points[index.min(points.len() - 1)];
    let mut chain = vec![at(0)];
    for index in 0..points.len() - 1 {
        let (p0, p1) = (at(index.saturating_sub(1)), at(index));
        let (p2, p3) = (at(index + 1), at(index + 2));
        // A doubled point is a corner: nothing to draw between its two halves.
        if p1 == p2 {
            continue;
        }
        for piece in 1..=PIECES {
            let t = piece as f64 / PIECES as f64;
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
pub(super) fn draw(chains: &mut [Vec<Point>], radius: f64) -> [u8; BOX * BOX] {
    let reach = radius + EDGE / 2.0;
    fit(chains, reach);

    // The nearest squared distance from each pixel's centre to the pen's path.
    let mut nearest = [reach * reach; BOX * BOX];
    for piece in chains.iter().flat_map(|chain| chain.windows(2)) {
        let (from, to) = (piece[0], piece[1]);
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
