// SPDX-License-Identifier: MIT OR Apache-2.0
//! The drawn digits: always the same, and enough like MNIST.

use study::data::{SIDE, digest, digits};
use study::tables::ZeroPixelStats;

/// The first hundred digits of seed 1. The rendering uses nothing but exactly rounded arithmetic,
/// so this holds on every platform; it changes only when the digits are redrawn on purpose.
const FIRST_HUNDRED: &str = "add32a480f09a833d8c31abda5be486a81105e9705a653f053822e21b56a9e12";

#[test]
fn the_bytes_are_pinned() {
    let drawn = digits::draw(1, digits::TRAIN, 100);
    assert_eq!(digest(&[&drawn]), FIRST_HUNDRED);
}

#[test]
fn a_digit_depends_on_its_seed_and_index_only() {
    let long = digits::draw(3, digits::TRAIN, 50);
    assert_eq!(digits::draw(3, digits::TRAIN, 20), long[..20]);
    assert_eq!(digits::digit(3, 37), long[37]);
    assert_ne!(digits::digit(4, 37), long[37]);
    assert_ne!(digits::draw(3, digits::TEST, 50), long);
}

#[test]
fn labels_are_balanced_and_no_two_digits_are_alike() {
    let drawn = digits::draw(1, digits::TRAIN, 1000);
    for label in 0..10 {
        assert_eq!(drawn.iter().filter(|image| image.label == label).count(), 100);
    }
    let mut pixels: Vec<_> = drawn.iter().map(|image| image.pixels).collect();
    pixels.sort();
    pixels.dedup();
    assert_eq!(pixels.len(), 1000);
}

#[test]
fn sparsity_is_that_of_mnist() {
    for seed in [1, 2, 99] {
        let stats = ZeroPixelStats::of(&digits::draw(seed, digits::TEST, 5000)).unwrap();
        assert!((stats.zero_percentage - 80.86).abs() < 1.0, "{stats:?}");
        assert!((stats.standard_deviation - 41.46).abs() < 6.0, "{stats:?}");
        assert!((stats.intensity_mean - 0.1309).abs() < 0.01, "{stats:?}");
        assert!((stats.intensity_standard_deviation - 0.3084).abs() < 0.015, "{stats:?}");
    }
}

/// A 0 has more ink than a 1, as in MNIST: the labels go with the shapes.
#[test]
fn ink_of_each_digit_is_near_that_of_mnist() {
    // Pixels that are not zero, on average over MNIST's 70,000.
    let mnist = [191.8, 85.9, 168.8, 163.5, 141.9, 152.7, 157.7, 131.4, 173.6, 143.3];
    let drawn = digits::draw(1, digits::TRAIN, 5000);
    for (label, expected) in mnist.iter().enumerate() {
        let of_label = drawn.iter().filter(|image| image.label as usize == label);
        let ink = 784.0 - ZeroPixelStats::of(of_label).unwrap().average;
        assert!((ink / expected - 1.0).abs() < 0.1, "{label}: {ink} against {expected}");
    }
}

#[test]
fn digits_fill_the_box_and_are_centred_as_mnist_is() {
    for image in digits::draw(1, digits::TRAIN, 500) {
        let at = |axis: fn(usize) -> usize| {
            let inked = image.pixels.iter().enumerate().filter(|(_, value)| **value > 0);
            let (mut low, mut high, mut mass, mut moment) = (SIDE, 0, 0.0, 0.0);
            for (index, &value) in inked {
                let place = axis(index);
                (low, high) = (low.min(place), high.max(place));
                mass += value as f64;
                moment += value as f64 * place as f64;
            }
            (high - low + 1, moment / mass)
        };
        let ((width, x), (height, y)) = (at(|index| index % SIDE), at(|index| index / SIDE));
        assert_eq!(width.max(height), 20, "label {}", image.label);
        assert!((x - 14.0).abs() <= 0.5 && (y - 14.0).abs() <= 0.5, "{x} {y}");
        assert!(*image.pixels.iter().max().unwrap() > 200, "a visible stroke");
    }
}
