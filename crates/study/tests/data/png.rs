// SPDX-License-Identifier: MIT OR Apache-2.0
//! PNG import: a drawn digit, saved in many ways, comes back.

use std::fs;

use image::imageops::{FilterType, resize};
use image::{DynamicImage, GrayImage, ImageFormat, Luma, LumaA, Rgb, RgbImage, Rgba};
use study::data::{DataError, Image, digits, png};
use tempfile::TempDir;

fn picture(digit: &Image, side: u32) -> GrayImage {
    let small = GrayImage::from_raw(28, 28, digit.pixels.to_vec()).unwrap();
    resize(&small, side, side, FilterType::Nearest)
}

fn import(picture: impl Into<DynamicImage>) -> Result<Image, DataError> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("digit.png");
    picture.into().save_with_format(&path, ImageFormat::Png).unwrap();
    png::import(&path, 4)
}

/// The mean difference of two images over the pixels that either inks, at the best of the nine
/// shifts by up to a pixel: a centre of mass between two pixels may go either way.
fn difference(a: &Image, b: &Image) -> f64 {
    let at = |image: &Image, x: i32, y: i32| {
        let inside = (0..28).contains(&x) && (0..28).contains(&y);
        if inside { image.pixels[(28 * y + x) as usize] } else { 0 }
    };
    let shifted = |shift: i32| {
        let (dx, dy) = (shift % 3 - 1, shift / 3 - 1);
        let (mut sum, mut count) = (0.0, 0.0);
        for (x, y) in (0..28).flat_map(|y| (0..28).map(move |x| (x, y))) {
            let (a, b) = (at(a, x, y), at(b, x + dx, y + dy));
            sum += a.abs_diff(b) as f64;
            count += if a > 0 || b > 0 { 1.0 } else { 0.0 };
        }
        sum / count
    };
    (0..9).map(shifted).fold(f64::MAX, f64::min)
}

#[test]
fn whole_multiples_come_back_as_they_were() {
    for digit in digits::draw(8, digits::TEST, 20) {
        // The darkest ink becomes 255, so only digits that have it come back bit for bit.
        if digit.pixels.contains(&255) {
            for side in [28, 56, 280] {
                let back = import(picture(&digit, side)).unwrap();
                assert!(back.pixels == digit.pixels, "side {side}");
                assert_eq!(back.label, 4, "the caller's");
            }
        }
    }
}

#[test]
fn size_and_polarity_do_not_matter() {
    for digit in digits::draw(8, digits::TEST, 20) {
        for side in [28, 100, 331] {
            let light = picture(&digit, side);
            let mut dark = light.clone();
            image::imageops::invert(&mut dark);
            let (light, dark) = (import(light).unwrap(), import(dark).unwrap());
            assert_eq!(light, dark, "side {side}");
            let difference = difference(&light, &digit);
            assert!(difference < 15.0, "side {side}, label {}: {difference}", digit.label);
        }
    }
}

#[test]
fn colour_depth_and_transparency_do_not_matter() {
    let digit = digits::digit(8, 12);
    let ink = picture(&digit, 112);
    let expected = import(ink.clone()).unwrap();
    let close = |name: &str, other: DynamicImage| {
        let difference = difference(&import(other).unwrap(), &expected);
        assert!(difference < 2.0, "{name}: {difference}");
    };
    let map = |to: fn(u8) -> Rgba<u8>| -> DynamicImage {
        image::RgbaImage::from_fn(112, 112, |x, y| to(ink.get_pixel(x, y).0[0])).into()
    };
    close("black on transparent", map(|v| Rgba([0, 0, 0, v])));
    close("white on transparent", map(|v| Rgba([255, 255, 255, v])));
    close("opaque with alpha", map(|v| Rgba([v, v, v, 255])));
    close("blue on white", map(|v| Rgba([255 - v, 255 - v, 255, 255])));
    let grey_alpha = image::GrayAlphaImage::from_fn(112, 112, |x, y| {
        LumaA([255 - ink.get_pixel(x, y).0[0], 255])
    });
    close("grey with alpha", grey_alpha.into());
    close("16 bits", DynamicImage::ImageLuma16(DynamicImage::from(ink.clone()).into_luma16()));
    let off_centre = GrayImage::from_fn(400, 130, |x, y| {
        Luma([if x < 112 && y < 112 { ink.get_pixel(x, y).0[0] } else { 0 }])
    });
    close("far off the centre", off_centre.into());
}

#[test]
fn paper_with_grain_is_background() {
    let digit = digits::digit(8, 12);
    let ink = picture(&digit, 224);
    let mut noise = 1u32;
    let scan = RgbImage::from_fn(224, 224, |x, y| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let paper = 215.0 + (noise >> 24) as f64 / 32.0;
        let value = (paper - ink.get_pixel(x, y).0[0] as f64 * 0.7) as u8;
        Rgb([value, value, value])
    });
    let back = import(scan).unwrap();
    let zeros = back.zero_pixels().abs_diff(digit.zero_pixels());
    assert!(zeros < 60, "{} zero pixels, {} drawn", back.zero_pixels(), digit.zero_pixels());
    assert!(difference(&back, &digit) < 40.0, "{}", difference(&back, &digit));
}

#[test]
fn proportions_are_kept() {
    // A bar of 30 × 300: 2 × 20 in the end.
    let bar = GrayImage::from_fn(500, 500, |x, y| {
        Luma([if (100..130).contains(&x) && (50..350).contains(&y) { 0 } else { 255 }])
    });
    let image = import(bar).unwrap();
    assert_eq!(784 - image.zero_pixels(), 2 * 20);
}

#[test]
fn each_fault_has_its_own_error() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.png");
    let error = png::import(&path, 0).unwrap_err();
    assert!(matches!(error, DataError::Read { .. }), "{error}");
    picture(&digits::digit(1, 0), 100).save(&path).unwrap();
    let good = fs::read(&path).unwrap();
    for (bytes, expected) in [
        (&b"not a picture"[..], "is not a PNG file"),
        (b"", "is not a PNG file"),
        (&good[..8], "is a damaged PNG file"),
        (&good[..40], "is a damaged PNG file"),
        (&good[..good.len() / 2], "is a damaged PNG file"),
    ] {
        fs::write(&path, bytes).unwrap();
        let error = png::import(&path, 0).unwrap_err().to_string();
        assert!(error.contains(&format!("a.png {expected}")), "{} bytes: {error}", bytes.len());
    }
    for (plain, expected) in [
        (GrayImage::from_pixel(50, 40, Luma([0])), "shows no digit"),
        (GrayImage::from_pixel(50, 40, Luma([77])), "shows no digit"),
        (GrayImage::from_pixel(50, 40, Luma([255])), "shows no digit"),
        (GrayImage::new(1, 1), "shows no digit"),
        (GrayImage::new(png::MAX_SIDE + 1, 2), "is too large: 8193 x 2 pixels"),
    ] {
        let error = import(plain).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}
