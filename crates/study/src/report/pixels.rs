//! Text and maps on grey pictures, pixel by pixel.

use font8x8::{BASIC_FONTS, GREEK_FONTS, UnicodeFonts};
use image::{GrayImage, Luma};

/// Screen pixels of one character.
pub const CHARACTER: u32 = 8;

pub const BACKGROUND: Luma<u8> = Luma([255]);
const INK: Luma<u8> = Luma([0]);

/// Paints rows of `width` words, each as a square of `zoom` pixels, from `min` in black to `max` in
/// white.
pub fn paint(
    picture: &mut GrayImage,
    (left, top): (u32, u32),
    zoom: u32,
    width: usize,
    words: &[i32],
    (min, max): (i64, i64),
) {
    for (i, &word) in words.iter().enumerate() {
        let level = (i64::from(word).clamp(min, max) - min) * 255 / (max - min).max(1);
        let (x, y) = (left + zoom * (i % width) as u32, top + zoom * (i / width) as u32);
        for dy in 0..zoom {
            for dx in 0..zoom {
                picture.put_pixel(x + dx, y + dy, Luma([level as u8]));
            }
        }
    }
}

/// Writes a line of text; what does not fit into the picture is cut off.
pub fn write(picture: &mut GrayImage, left: u32, top: u32, text: &str) {
    for (x, character) in (left..).step_by(CHARACTER as usize).zip(text.chars()) {
        let glyph = BASIC_FONTS.get(character).or_else(|| GREEK_FONTS.get(character));
        for (dy, row) in (0..).zip(glyph.unwrap_or([0xff; 8])) {
            for dx in (0..CHARACTER).filter(|dx| row >> dx & 1 == 1) {
                if let Some(pixel) = picture.get_pixel_mut_checked(x + dx, top + dy) {
                    *pixel = INK;
                }
            }
        }
    }
}
