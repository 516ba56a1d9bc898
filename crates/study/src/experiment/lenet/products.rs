//! How products are distributed: each product over the largest one of its window, in magnitude.

use model::conv::Plane;
use model::nn::Convolution;

/// Bins from −1 to 1.
pub(super) const BINS: usize = 100;

/// Images whose products are counted, from the first: enough for a smooth histogram.
pub(super) const IMAGES: usize = 1_000;

/// The range of a bin.
pub(super) fn edges(bin: usize) -> (f64, f64) {
    let edge = |bin: usize| 2.0 * bin as f64 / BINS as f64 - 1.0;
    (edge(bin), edge(bin + 1))
}

/// Counts the products of a layer whose two operands are not zero.
pub(super) fn count(layer: &Convolution, input: &[Plane], counts: &mut [u64]) {
    let side = layer.side();
    let (width, height) = (input[0].width() - side + 1, input[0].height() - side + 1);
    let mut products = vec![0_i64; side * side];
    for (c, plane) in input.iter().enumerate() {
        for y in 0..height {
            for x in 0..width {
                let window = plane.window(x, y, side);
                for filter in &layer.filters {
                    let operands = filter[c].weights().iter().zip(&window);
                    for (product, (&w, &x)) in products.iter_mut().zip(operands) {
                        *product = i64::from(w) * i64::from(x);
                    }
                    let largest = products.iter().fold(0, |largest, p| p.abs().max(largest));
                    for &product in products.iter().filter(|product| **product != 0) {
                        // (product/largest + 1) · BINS/2, rounded down; 1 belongs to the last bin.
                        let place = (product + largest) * BINS as i64 / (2 * largest);
                        counts[(place as usize).min(BINS - 1)] += 1;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::conv::Kernel;
    use model::nn::Finish;

    #[test]
    fn products_are_counted_relative_to_the_largest() {
        let kernel = Kernel::new(2, vec![1, -2, 0, 4]).unwrap();
        let finish = Finish { activation: None, shift: 0, bits: 12 };
        let filters = vec![vec![kernel]];
        let layer = Convolution { name: "C".to_owned(), index: 0, filters, bias: vec![0], finish };
        let plane = Plane::new(2, 2, vec![10, 10, 7, 10]).unwrap();
        let mut counts = vec![0; BINS];
        count(&layer, &[plane], &mut counts);
        let found: Vec<(usize, u64)> =
            counts.iter().copied().enumerate().filter(|(_, count)| *count > 0).collect();
        // 0.25, −0.5 and 1 of the largest; the zero weight counts nowhere.
        assert_eq!(found, [(25, 1), (62, 1), (99, 1)]);
        let (low, high) = edges(62);
        assert!((low - 0.24).abs() < 1e-9 && (high - 0.26).abs() < 1e-9);
    }
}
