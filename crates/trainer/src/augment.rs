// SPDX-License-Identifier: MIT OR Apache-2.0
//! Training images moved a little, so that the network learns shapes and not pixels.

use study::data::{Image, PIXELS, SIDE};

use crate::random::Stream;

/// The share of images that stay as they are.
const UNMOVED: f32 = 0.25;

/// The farthest shift along each axis, in pixels.
const SHIFT: f32 = 2.0;

/// The largest rotation, in radians.
const TURN: f32 = 10.0 * std::f32::consts::PI / 180.0;

/// The largest change of size along each axis.
const SCALE: f32 = 0.1;

/// The image shifted, turned and scaled. Pixels are whole numbers again, and where there was no
/// ink within a pixel's reach there is exactly none.
pub fn moved(image: &Image, random: &mut Stream) -> Image {
    if random.unit() < UNMOVED {
        return image.clone();
    }
    let (shift_x, shift_y) = (random.within(SHIFT), random.within(SHIFT));
    let (sin, cos) = random.within(TURN).sin_cos();
    let (scale_x, scale_y) = (1.0 + random.within(SCALE), 1.0 + random.within(SCALE));

    let middle = (SIDE - 1) as f32 / 2.0;
    let mut pixels = [0; PIXELS];
    for (index, pixel) in pixels.iter_mut().enumerate() {
        let (x, y) = ((index % SIDE) as f32 - middle, (index / SIDE) as f32 - middle);
        // Where the pixel comes from.
        let (x, y) = (x - shift_x, y - shift_y);
        let (x, y) = ((x * cos + y * sin) / scale_x, (y * cos - x * sin) / scale_y);
        *pixel = sample(image, x + middle, y + middle);
    }
    Image { pixels, label: image.label }
}

/// The image between its pixels: bilinear, and 0 outside.
fn sample(image: &Image, x: f32, y: f32) -> u8 {
    let (left, top) = (x.floor(), y.floor());
    let (right_share, lower_share) = (x - left, y - top);
    let at = |x: f32, y: f32| {
        let inside = (0.0..SIDE as f32).contains(&x) && (0.0..SIDE as f32).contains(&y);
        if inside { f32::from(image.pixels[y as usize * SIDE + x as usize]) } else { 0.0 }
    };
    let mix = |from: f32, to: f32, share: f32| from + (to - from) * share;
    let upper = mix(at(left, top), at(left + 1.0, top), right_share);
    let lower = mix(at(left, top + 1.0), at(left + 1.0, top + 1.0), right_share);
    mix(upper, lower, lower_share).round() as u8
}
