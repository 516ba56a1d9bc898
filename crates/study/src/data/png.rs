// SPDX-License-Identifier: MIT OR Apache-2.0
//! The user's own digits: PNG files made into images the way MNIST was made.
//!
//! Size, bit depth, colour and polarity do not matter: the border tells the background, whatever
//! differs from it is ink. The ink is cut out, scaled into a box of 20 × 20 with its proportions
//! kept, and put into 28 × 28 by its centre of mass.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use image::codecs::png::PngDecoder;
use image::imageops;
use image::{DynamicImage, GrayAlphaImage, GrayImage, ImageDecoder, ImageError, Limits};

use super::{BOX, DataError, Image, centre};

/// The longest side that is read: more than any camera's picture of a digit needs.
pub const MAX_SIDE: u32 = 8192;

/// Reads a PNG file and makes it an image with this label.
pub fn import(path: &Path, label: u8) -> Result<Image, DataError> {
    let ink = find_ink(&decode(path)?);
    let problem = "shows no digit: all of it has the colour of its border";
    let cut = cut_out(&ink).ok_or_else(|| DataError::malformed(path, problem))?;
    let longest = cut.width().max(cut.height()) as usize;
    let scaled = |side: u32| ((side as usize * BOX + longest / 2) / longest).max(1);
    let width = scaled(cut.width());
    let digit = shrink(&cut, width, scaled(cut.height()));
    Ok(Image { pixels: centre(&digit, width), label })
}

/// Averages over exactly the area that each new pixel covers, which also enlarges small pictures.
/// Smoother filters reach into their neighbours: they draw a grey seam around every stroke and so
/// take away the zeros that this project is about.
fn shrink(picture: &GrayImage, width: usize, height: usize) -> Vec<u8> {
    let (from_width, from_height) = (picture.width() as usize, picture.height() as usize);
    let area = from_width * from_height;
    let mut pixels = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let mut sum = 0;
            for (from_y, overlap_y) in overlaps(y, height, from_height) {
                let row = &picture.as_raw()[from_y * from_width..][..from_width];
                for (from_x, overlap_x) in overlaps(x, width, from_width) {
                    sum += row[from_x] as usize * overlap_x * overlap_y;
                }
            }
            pixels.push(((sum + area / 2) / area) as u8);
        }
    }
    pixels
}

/// Along one axis of `from` pixels shrunk to `to`: the old pixels under new pixel `index`, each
/// with the length of its part in units of 1 / `to` of an old pixel, which makes all of them whole.
fn overlaps(index: usize, to: usize, from: usize) -> impl Iterator<Item = (usize, usize)> {
    let (start, end) = (index * from, (index + 1) * from);
    (start / to..end.div_ceil(to)).map(move |old| {
        let (old_start, old_end) = (old * to, (old + 1) * to);
        (old, end.min(old_end) - start.max(old_start))
    })
}

fn decode(path: &Path) -> Result<GrayAlphaImage, DataError> {
    let read = |source| DataError::Read { path: path.into(), source };
    let damaged = |source| match source {
        ImageError::IoError(source) if source.kind() != io::ErrorKind::UnexpectedEof => {
            read(source)
        }
        source => DataError::DamagedPng { path: path.into(), source },
    };
    let mut file = BufReader::new(File::open(path).map_err(read)?);
    let mut start = Vec::new();
    file.by_ref().take(8).read_to_end(&mut start).and(file.rewind()).map_err(read)?;
    if start != b"\x89PNG\r\n\x1a\n" {
        return Err(DataError::malformed(path, "is not a PNG file"));
    }
    let decoder = PngDecoder::with_limits(file, Limits::default()).map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    if width.max(height) > MAX_SIDE {
        let most = format!("at most {MAX_SIDE} x {MAX_SIDE} are read; scale it down first");
        let problem = format!("is too large: {width} x {height} pixels, {most}");
        return Err(DataError::malformed(path, problem));
    }
    Ok(DynamicImage::from_decoder(decoder).map_err(damaged)?.into_luma_alpha8())
}

/// How much each pixel differs from the background towards the ink, 0 to 255.
fn find_ink(picture: &GrayAlphaImage) -> GrayImage {
    let opaque = flatten(picture);
    let (width, height) = opaque.dimensions();
    let mut border: Vec<u8> = opaque
        .enumerate_pixels()
        .filter(|&(x, y, _)| x == 0 || y == 0 || x == width - 1 || y == height - 1)
        .map(|(_, _, pixel)| pixel.0[0])
        .collect();
    let background = median(&mut border);
    // Paper has grain. Six times its typical deviation covers it; a clean picture has none, and
    // loses nothing.
    let mut deviations: Vec<u8> = border.iter().map(|p| p.abs_diff(background)).collect();
    let grain = 6 * median(&mut deviations) as u16;

    // The ink is on the side of the colour that is farthest from the background.
    let lightest = opaque.pixels().map(|p| p.0[0]).max().unwrap_or(0);
    let darkest = opaque.pixels().map(|p| p.0[0]).min().unwrap_or(0);
    let dark_ink = background - darkest >= lightest - background;
    let contrast = if dark_ink { background - darkest } else { lightest - background } as u16;

    let mut ink = opaque;
    for pixel in ink.pixels_mut() {
        let value = &mut pixel.0[0];
        let difference = if dark_ink {
            background.saturating_sub(*value)
        } else {
            value.saturating_sub(background)
        } as u16;
        *value = if difference <= grain { 0 } else { (difference * 255 / contrast) as u8 };
    }
    ink
}

/// Puts the picture on paper where it is transparent: white under dark ink, black under light.
fn flatten(picture: &GrayAlphaImage) -> GrayImage {
    let (mut weighted, mut weight) = (0u64, 0u64);
    for &image::LumaA([luma, alpha]) in picture.pixels() {
        weighted += luma as u64 * alpha as u64;
        weight += alpha as u64;
    }
    let paper = if weighted < 128 * weight { 255 } else { 0 };
    GrayImage::from_fn(picture.width(), picture.height(), |x, y| {
        let image::LumaA([luma, alpha]) = *picture.get_pixel(x, y);
        let mixed = luma as u32 * alpha as u32 + paper * (255 - alpha as u32);
        image::Luma([((mixed + 127) / 255) as u8])
    })
}

fn median(values: &mut [u8]) -> u8 {
    let middle = values.len() / 2;
    *values.select_nth_unstable(middle).1
}

/// The smallest part of the picture that holds all ink.
fn cut_out(ink: &GrayImage) -> Option<GrayImage> {
    let mut inked = ink.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[0] > 0);
    let (x, y, _) = inked.next()?;
    let (left, top, right, bottom) =
        inked.fold((x, y, x, y), |(left, top, right, bottom), (x, y, _)| {
            (left.min(x), top.min(y), right.max(x), bottom.max(y))
        });
    Some(imageops::crop_imm(ink, left, top, right - left + 1, bottom - top + 1).to_image())
}
