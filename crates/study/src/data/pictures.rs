// SPDX-License-Identifier: MIT OR Apache-2.0
//! The user's own digits: pictures made into images the way MNIST was made.
//!
//! Size, bit depth, colour and polarity do not matter, and the light may be uneven: the border tells
//! the background, whatever differs from it is ink. The ink is cut out, scaled into a box of
//! 20 × 20 with its proportions kept, and put into 28 × 28 by its centre of mass.

use std::io::Cursor;
use std::ops::Range;
use std::path::Path;

use image::metadata::Orientation;
use image::{
    DynamicImage, GrayAlphaImage, GrayImage, ImageDecoder, ImageError, ImageFormat, ImageReader,
    imageops,
};

use super::{BOX, DataError, Image, centre};
use model::files;

/// The longest side that is read: more than any camera's picture of a digit needs.
pub const MAX_SIDE: u32 = 8192;

/// The most that a decoded picture may take, in bytes: 44 million pixels in colour, 33 million with
/// transparency. The decoder's copy and the grey one come on top, so reading takes up to three times
/// as much.
pub const MAX_DECODED: u64 = 128 << 20;

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// A picture of a digit.
#[derive(Debug)]
pub struct Picture {
    pub image: Image,
    /// What makes it doubtful that the picture shows one digit.
    pub doubt: Option<&'static str>,
}

/// Reads a PNG, JPEG, BMP, GIF (its first frame) or WebP file and makes it an image with this label.
pub fn import(path: &Path, label: u8) -> Result<Picture, DataError> {
    let ink = find_ink(&decode(path)?).map_err(|problem| DataError::malformed(path, problem))?;
    let cut = cut_out(&ink);
    let longest = cut.width().max(cut.height()) as usize;
    let shrunk = |longest_side: usize| {
        let scaled = |side: u32| ((side as usize * longest_side + longest / 2) / longest).max(1);
        let (width, height) = (scaled(cut.width()), scaled(cut.height()));
        (shrink(&cut, width, height), width)
    };
    let (digit, width) = shrunk(BOX);
    let (coarse, coarse_width) = shrunk(4 * BOX);
    let doubt = "seems to show two digits; one digit per picture is read";
    let doubt = shows_two(&coarse, coarse_width).then_some(doubt);
    Ok(Picture { image: Image { pixels: centre(&digit, width), label }, doubt })
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
        ImageError::Limits(_) => DataError::malformed(path, "takes too much memory to decode"),
        source => DataError::DamagedPicture { path: path.into(), source },
    };
    let bytes = files::read(path, MAX_BYTES).map_err(read)?;
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(read)?;
    use ImageFormat::{Bmp, Gif, Jpeg, Png, WebP};
    if !matches!(reader.format(), Some(Bmp | Gif | Jpeg | Png | WebP)) {
        return Err(DataError::malformed(path, "is not a PNG, JPEG, BMP, GIF or WebP file"));
    }
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    if width.min(height) == 0 {
        return Err(DataError::malformed(path, "has no pixels"));
    }
    if width.max(height) > MAX_SIDE {
        let most = format!("at most {MAX_SIDE} x {MAX_SIDE} are read; scale it down first");
        let problem = format!("is too large: {width} x {height} pixels, {most}");
        return Err(DataError::malformed(path, problem));
    }
    if decoder.total_bytes() > MAX_DECODED {
        let (takes, most) = (decoder.total_bytes() >> 20, MAX_DECODED >> 20);
        let problem =
            format!("takes {takes} MiB decoded, at most {most} are read; scale it down first");
        return Err(DataError::malformed(path, problem));
    }
    // A camera that is held upright says so, and leaves the picture on its side.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    picture.apply_orientation(orientation);
    Ok(picture.into_luma_alpha8())
}

/// How much each pixel differs from the background towards the ink, 0 to 255; what is wrong if
/// nothing does.
fn find_ink(picture: &GrayAlphaImage) -> Result<GrayImage, &'static str> {
    let mut ink = flatten(picture);
    let paper = Paper::of(&ink);
    let differences =
        || ink.enumerate_pixels().map(|(x, y, pixel)| i32::from(pixel.0[0]) - paper.at(x, y));
    // The ink is on the side of the colour that is farthest from the background.
    let (least, most) = differences().fold((0, 0), |(a, b), it| (a.min(it), b.max(it)));
    if (least, most) == (0, 0) && is_even(&paper.surface) {
        return Err("shows no digit: all of it has the colour of its border");
    }
    if most.max(-least) <= paper.grain {
        return Err(
            "shows no digit: nothing stands out from the grain and the light of its paper; \
                    take it in even light, or with a darker pen",
        );
    }
    let sign = if -least >= most { -1 } else { 1 };
    let levels = ink.pixels().map(|pixel| sign * i32::from(pixel.0[0]));
    let strongest = levels.max().unwrap_or(0);
    for (x, y, pixel) in ink.enumerate_pixels_mut() {
        let paper_here = sign * paper.at(x, y);
        let difference = sign * i32::from(pixel.0[0]) - paper_here;
        let contrast = (strongest - paper_here).max(1);
        let level = if difference <= paper.grain { 0 } else { difference * 255 / contrast };
        pixel.0[0] = level.clamp(0, 255) as u8;
    }
    Ok(ink)
}

/// The picture as it would be without ink: of one grey, or, where the light is uneven, a surface of
/// second order through its border. Nothing but +, −, × and ÷ is used, which give the same on every
/// platform.
struct Paper {
    /// Factors of 1, x, y, x², xy and y², with both axes from −1 to 1.
    surface: [f64; TERMS],
    size: (u32, u32),
    /// What differs by at most this is paper.
    grain: i32,
}

const TERMS: usize = 6;

impl Paper {
    fn of(picture: &GrayImage) -> Self {
        let size = picture.dimensions();
        let on_border = |&(x, y, _): &(u32, u32, &image::Luma<u8>)| {
            x == 0 || y == 0 || x == size.0 - 1 || y == size.1 - 1
        };
        let border: Vec<_> = picture
            .enumerate_pixels()
            .filter(on_border)
            .map(|(x, y, pixel)| (terms(x, y, size), f64::from(pixel.0[0])))
            .collect();
        let grey = median(border.iter().map(|(_, level)| *level).collect());
        let mut surface = [grey, 0.0, 0.0, 0.0, 0.0, 0.0];
        let mut spread = spread(&border, &surface);
        // Twice, because a stroke that touches the border does not count the second time.
        for _ in 0..2 {
            let near = |(terms, level): &&([f64; TERMS], f64)| {
                (level - value(&surface, terms)).abs() <= 4.0 * spread
            };
            let Some(fit) = fit(border.iter().filter(near)) else { break };
            let left = self::spread(&border, &fit);
            // Grain is not light: the surface has to explain most of what there is.
            if 2.0 * left >= spread && is_even(&surface) {
                break;
            }
            (surface, spread) = (fit, left);
        }
        // Six times the typical deviation covers the grain of paper; a clean picture has none, and
        // loses nothing.
        Self { surface, size, grain: (6.0 * spread + 0.5) as i32 }
    }

    fn at(&self, x: u32, y: u32) -> i32 {
        (value(&self.surface, &terms(x, y, self.size)) + 0.5).clamp(0.0, 255.0) as i32
    }
}

fn is_even(surface: &[f64; TERMS]) -> bool {
    surface[1..] == [0.0; TERMS - 1]
}

fn terms(x: u32, y: u32, (width, height): (u32, u32)) -> [f64; TERMS] {
    let axis = |at: u32, size: u32| f64::from(2 * at) / f64::from(size.max(2) - 1) - 1.0;
    let (x, y) = (axis(x, width), axis(y, height));
    [1.0, x, y, x * x, x * y, y * y]
}

fn value(surface: &[f64; TERMS], terms: &[f64; TERMS]) -> f64 {
    surface.iter().zip(terms).map(|(factor, term)| factor * term).sum()
}

/// The median distance of the points from a surface.
fn spread(points: &[([f64; TERMS], f64)], surface: &[f64; TERMS]) -> f64 {
    median(points.iter().map(|(terms, level)| (level - value(surface, terms)).abs()).collect())
}

fn median(mut values: Vec<f64>) -> f64 {
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// The surface of least squares; none where the points do not determine it.
fn fit<'a>(points: impl Iterator<Item = &'a ([f64; TERMS], f64)>) -> Option<[f64; TERMS]> {
    // The normal equations, with the right-hand side as the last column.
    let mut rows = [[0.0; TERMS + 1]; TERMS];
    for (terms, level) in points {
        for (row, term) in rows.iter_mut().zip(terms) {
            for (sum, other) in row.iter_mut().zip(terms.iter().chain([level])) {
                *sum += term * other;
            }
        }
    }
    for pivot in 0..TERMS {
        let size = |&row: &usize| rows[row][pivot].abs();
        let best = (pivot..TERMS).max_by(|a, b| size(a).total_cmp(&size(b)))?;
        rows.swap(pivot, best);
        let head = rows[pivot];
        if head[pivot].abs() < 1e-6 {
            return None;
        }
        for (index, row) in rows.iter_mut().enumerate() {
            let factor = if index == pivot { 0.0 } else { row[pivot] / head[pivot] };
            row.iter_mut().zip(head).for_each(|(sum, other)| *sum -= factor * other);
        }
    }
    Some(std::array::from_fn(|index| rows[index][TERMS] / rows[index][index]))
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

/// The smallest part of the picture that holds all ink, of which there is some.
fn cut_out(ink: &GrayImage) -> GrayImage {
    let inked = || ink.enumerate_pixels().filter(|(.., pixel)| pixel.0[0] > 0);
    let x = extent(inked().map(|(x, ..)| x));
    let y = extent(inked().map(|(_, y, _)| y));
    imageops::crop_imm(ink, x.start, y.start, x.end - x.start, y.end - y.start).to_image()
}

/// From the least to the greatest; empty without any.
fn extent(places: impl Iterator<Item = u32>) -> Range<u32> {
    places.fold(0..0, |it, place| match it.is_empty() {
        true => place..place + 1,
        false => it.start.min(place)..it.end.max(place + 1),
    })
}

/// Whether a gap parts the ink, row by row of `width` pixels, into two of a digit's size: side by
/// side, both at least half as high as the picture; or one above the other, both at least a third as
/// high and as wide, which the cap of a 5 is not.
fn shows_two(ink: &[u8], width: usize) -> bool {
    // Specks of paper are weak at this size.
    let inked = ink.iter().enumerate().filter(|(_, level)| **level >= 48);
    let inked: Vec<(usize, usize)> = inked.map(|(i, _)| (i % width, i / width)).collect();
    let height = ink.len() / width;
    let parts = |side: &dyn Fn(&(usize, usize)) -> bool| {
        [true, false].map(|first| {
            let part = || inked.iter().filter(|it| side(it) == first);
            let (x, y) = (part().map(|it| it.0 as u32), part().map(|it| it.1 as u32));
            (extent(x).len(), extent(y).len())
        })
    };
    let beside = |gap: usize| {
        inked.iter().all(|it| it.0 != gap)
            && parts(&|it| it.0 < gap).iter().all(|it| 2 * it.1 >= height)
    };
    let above = |gap: usize| {
        inked.iter().all(|it| it.1 != gap)
            && parts(&|it| it.1 < gap).iter().all(|it| 3 * it.0 >= width && 3 * it.1 >= height)
    };
    (1..width).any(beside) || (1..height).any(above)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of a BMP file of 24 bits a pixel, without the pixels.
    fn bmp(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"BM".to_vec();
        for word in [54, 0, 54, 40, width, height, 1 | 24 << 16, 0, 0, 0, 0, 0, 0] {
            bytes.extend(u32::to_le_bytes(word));
        }
        bytes
    }

    #[test]
    fn a_header_that_promises_too_much_is_refused_before_memory_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("digit.bmp");
        for (width, height, reason) in [
            (8193, 1, "is too large: 8193 x 1 pixels, at most 8192 x 8192"),
            (8192, 8192, "takes 192 MiB decoded, at most 128 are read"),
        ] {
            std::fs::write(&path, bmp(width, height)).unwrap();
            let error = import(&path, 3).unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("digit.bmp"), "{error}");
        }
    }
}
