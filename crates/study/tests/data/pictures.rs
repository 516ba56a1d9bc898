// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pictures: a drawn digit, saved in many ways, comes back.

use std::fs;

use image::imageops::{FilterType, resize};
use image::{DynamicImage, GrayImage, ImageFormat, Luma, LumaA, Rgb, RgbImage, Rgba};
use study::data::pictures::{self, MAX_SIDE, Picture};
use study::data::{DataError, Image, digits};
use tempfile::TempDir;

fn picture(digit: &Image, side: u32) -> GrayImage {
    let small = GrayImage::from_raw(28, 28, digit.pixels.to_vec()).unwrap();
    resize(&small, side, side, FilterType::Nearest)
}

fn save_and_import(picture: DynamicImage, format: ImageFormat) -> Result<Picture, DataError> {
    let folder = TempDir::new().unwrap();
    // The content tells the format, not the name.
    let path = folder.path().join("digit.png");
    picture.save_with_format(&path, format).unwrap();
    pictures::import(&path, 4)
}

fn import(picture: impl Into<DynamicImage>) -> Result<Image, DataError> {
    save_and_import(picture.into(), ImageFormat::Png).map(|it| it.image)
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
    let error = pictures::import(&path, 0).unwrap_err();
    assert!(matches!(error, DataError::Read { .. }), "{error}");
    picture(&digits::digit(1, 0), 100).save(&path).unwrap();
    let good = fs::read(&path).unwrap();
    for (bytes, expected) in [
        (&b"not a picture"[..], "is not a PNG, JPEG, BMP, GIF or WebP file"),
        (b"", "is not a PNG"),
        (&good[..8], "is a damaged picture"),
        (&good[..40], "is a damaged picture"),
        (&good[..good.len() / 2], "is a damaged picture"),
    ] {
        fs::write(&path, bytes).unwrap();
        let error = pictures::import(&path, 0).unwrap_err().to_string();
        assert!(error.contains(&format!("a.png {expected}")), "{} bytes: {error}", bytes.len());
    }
    for (plain, expected) in [
        (GrayImage::from_pixel(50, 40, Luma([0])), "shows no digit"),
        (GrayImage::from_pixel(50, 40, Luma([77])), "shows no digit"),
        (GrayImage::from_pixel(50, 40, Luma([255])), "shows no digit"),
        (GrayImage::new(1, 1), "shows no digit"),
        (GrayImage::new(MAX_SIDE + 1, 2), "is too large: 8193 x 2 pixels"),
    ] {
        let error = import(plain).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn every_format_is_read() {
    let digit = digits::digit(8, 12);
    let ink = picture(&digit, 112);
    let expected = import(ink.clone()).unwrap();
    for format in [ImageFormat::Jpeg, ImageFormat::Bmp, ImageFormat::Gif, ImageFormat::WebP] {
        // GIF and WebP are written in colour alone.
        let rgb = DynamicImage::from(ink.clone()).into_rgb8();
        let found = save_and_import(rgb.into(), format).unwrap();
        let difference = difference(&found.image, &expected);
        assert!(difference < 8.0, "{format:?}: {difference}");
        assert_eq!(found.doubt, None, "{format:?}");
    }
}

/// A pen on paper, both under light from one side, and from the middle.
#[test]
fn uneven_light_is_levelled() {
    for (index, digit) in digits::draw(8, digits::TEST, 20).iter().enumerate() {
        let ink = picture(digit, 168);
        let lit = |light: &dyn Fn(f64, f64) -> f64, dark_ink: bool| {
            let pixel = |x: u32, y: u32| {
                let inside = (28..196).contains(&x) && (28..196).contains(&y);
                let ink = if inside { ink.get_pixel(x - 28, y - 28).0[0] } else { 0 };
                let page = light(f64::from(x) / 223.0, f64::from(y) / 223.0);
                let left = if dark_ink { 1.0 - 0.85 * f64::from(ink) / 255.0 } else { 1.0 };
                let added = if dark_ink { 0.0 } else { f64::from(ink) / 255.0 * (255.0 - page) };
                Luma([(page * left + added) as u8])
            };
            import(GrayImage::from_fn(224, 224, pixel)).unwrap()
        };
        let even = lit(&|_, _| 230.0, true);
        let side = |x: f64, y: f64| 235.0 - 85.0 * x - 35.0 * y;
        let middle = |x: f64, y: f64| 240.0 - 240.0 * ((x - 0.5).powi(2) + (y - 0.5).powi(2));
        for (name, found) in [
            ("from the side", lit(&side, true)),
            ("from the middle", lit(&middle, true)),
            ("on a dark page", lit(&|x, y| 10.0 + 80.0 * x + 40.0 * y, false)),
        ] {
            let difference = difference(&found, &even);
            assert!(difference < 25.0, "digit {index}, light {name}: {difference}");
        }
    }
    let blank = GrayImage::from_fn(200, 100, |x, _| Luma([(250 - x / 2) as u8]));
    let error = import(blank).unwrap_err().to_string();
    assert!(error.contains("nothing stands out from the grain and the light"), "{error}");
}

#[test]
fn two_digits_are_noticed_and_one_is_not() {
    let doubt =
        |picture: GrayImage| save_and_import(picture.into(), ImageFormat::Png).unwrap().doubt;
    let digits = digits::draw(3, digits::TEST, 60);
    for (index, pair) in digits.windows(2).enumerate() {
        let [a, b] = [&pair[0], &pair[1]].map(|digit| picture(digit, 84));
        assert_eq!(doubt(a.clone()), None, "digit {index}");
        for (width, height, (left, top)) in [(180, 90, (90, 4)), (90, 180, (2, 92))] {
            let mut both = GrayImage::new(width, height);
            image::imageops::replace(&mut both, &a, 2, 2);
            image::imageops::replace(&mut both, &b, left, top);
            // A 1 above something is as narrow as the cap of a 5.
            if width > height || pair.iter().all(|it| it.label != 1) {
                assert!(doubt(both).is_some(), "digits {index}, {width} x {height}");
            }
        }
    }
}
