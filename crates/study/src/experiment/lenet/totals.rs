// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the measurement of some images comes to: totals of consecutive images add up. With the
//! proven bound of the errors, and the distribution of the products.

use serde::{Deserialize, Serialize};

use crate::statistics::{BinnedCounts, Errors, add_counts};
use model::conv::{FeatureMap, Mode, Plane, Semantics, SmaxScope, error_bound};
use model::nn::{Convolution, LayerOutcome};

/// How close errors come to their bound: error / bound over the outputs of single channels (window
/// scope) or of all channels (running scope) that have skipped products.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Tightness {
    pub outputs: u64,
    pub sum: f64,
    pub max: f64,
    pub violations: u64,
}

impl Tightness {
    pub fn add(&mut self, error: u64, bound: f64) {
        let ratio = error as f64 / bound;
        self.outputs += 1;
        self.sum += ratio;
        self.max = self.max.max(ratio);
        self.violations += u64::from(ratio > 1.0);
    }

    fn merge(&mut self, other: &Self) {
        self.outputs += other.outputs;
        self.sum += other.sum;
        self.max = self.max.max(other.max);
        self.violations += other.violations;
    }
}

/// One convolution layer in one cell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct LayerTotals {
    pub multiplications: u64,
    /// Against the exact layer with the same inputs.
    pub local: Errors<BinnedCounts>,
    /// Against the same layer of the exact network.
    pub accumulated: Errors<BinnedCounts>,
    pub tightness: Tightness,
    /// `skips[n]`: outputs of one channel with n products skipped.
    pub skips: Vec<u64>,
    /// Windows that the unit ran, and their cycles from start to done.
    pub windows: u64,
    pub cycles: u64,
    /// Words and accesses of memory for windows and kernels.
    pub memory_words: u64,
    pub memory_beats: u64,
}

/// One cell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct CellTotals {
    pub layers: Vec<LayerTotals>,
    /// The class that each image is given.
    pub classes: Vec<u32>,
    /// Best score less the second best, in units of a score.
    pub margins: Vec<i64>,
}

/// One variant without any skipping.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ExactTotals {
    pub classes: Vec<u32>,
    pub margins: Vec<i64>,
    /// The class that the float network gives each image.
    pub float_classes: Vec<u32>,
    /// The class that the network with operands of 32 bits gives each image.
    pub wide_classes: Vec<u32>,
    /// `zeros[layer][image]`: outputs of a layer that are 0.
    pub zeros: Vec<Vec<u32>>,
    /// `products[convolution layer][bin]`: see [`count_products`].
    pub products: Vec<Vec<u64>>,
}

/// Everything about some images of one variant.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Totals {
    pub exact: ExactTotals,
    pub cells: Vec<CellTotals>,
}

impl LayerTotals {
    fn merge(&mut self, other: &Self) {
        self.multiplications += other.multiplications;
        self.local.merge(&other.local);
        self.accumulated.merge(&other.accumulated);
        self.tightness.merge(&other.tightness);
        add_counts(&mut self.skips, &other.skips);
        self.windows += other.windows;
        self.cycles += other.cycles;
        self.memory_words += other.memory_words;
        self.memory_beats += other.memory_beats;
    }
}

impl CellTotals {
    pub fn multiplications(&self) -> u64 {
        self.layers.iter().map(|layer| layer.multiplications).sum()
    }

    /// Adds the images that follow.
    pub fn merge(&mut self, other: &Self) {
        self.layers.resize_with(other.layers.len(), LayerTotals::default);
        for (to, from) in self.layers.iter_mut().zip(&other.layers) {
            to.merge(from);
        }
        self.classes.extend_from_slice(&other.classes);
        self.margins.extend_from_slice(&other.margins);
    }
}

impl ExactTotals {
    /// Adds the images that follow.
    pub fn merge(&mut self, other: &Self) {
        self.classes.extend_from_slice(&other.classes);
        self.margins.extend_from_slice(&other.margins);
        self.float_classes.extend_from_slice(&other.float_classes);
        self.wide_classes.extend_from_slice(&other.wide_classes);
        self.zeros.resize_with(other.zeros.len(), Vec::new);
        for (to, from) in self.zeros.iter_mut().zip(&other.zeros) {
            to.extend_from_slice(from);
        }
        self.products.resize_with(self.products.len().max(other.products.len()), Vec::new);
        for (to, from) in self.products.iter_mut().zip(&other.products) {
            add_counts(to, from);
        }
    }
}

impl Totals {
    /// Adds the images that follow.
    pub fn merge(&mut self, other: &Self) {
        self.exact.merge(&other.exact);
        self.cells.resize_with(other.cells.len(), CellTotals::default);
        for (to, from) in self.cells.iter_mut().zip(&other.cells) {
            to.merge(from);
        }
    }
}

/// The bound of one skipped product for every S_max, so that a comparison costs a multiplication.
pub(super) struct Bounds {
    of_one: Vec<f64>,
}

/// Products that a bound is taken of before it is divided: the bound is an integer.
const MANY: u32 = 1 << 12;

impl Bounds {
    pub fn new(semantics: &Semantics) -> Self {
        let scores = if semantics.mode == Mode::Approx { 64 << semantics.log_frac } else { 0 };
        let of_one = |s_max| (error_bound(MANY, Some(s_max), semantics) + 1) as f64;
        Self { of_one: (0..scores).map(|s_max| of_one(s_max) / f64::from(MANY)).collect() }
    }

    /// Compares each output of a channel (window scope), or of all channels together (running
    /// scope), with the exact one.
    pub fn compare(
        &self,
        semantics: &Semantics,
        exact: &LayerOutcome,
        found: &LayerOutcome,
        tightness: &mut Tightness,
    ) {
        for (exact, found) in exact.maps.iter().zip(&found.maps) {
            match semantics.scope {
                SmaxScope::Window => {
                    for (exact, found) in exact.iter().zip(found) {
                        for i in 0..found.outputs.len() {
                            let error = exact.outputs[i].abs_diff(found.outputs[i]);
                            self.add(error.into(), found.skipped(i), found.s_max(i), tightness);
                        }
                    }
                }
                SmaxScope::Running => self.whole_outputs(exact, found, tightness),
            }
        }
    }

    fn whole_outputs(&self, exact: &[FeatureMap], found: &[FeatureMap], tightness: &mut Tightness) {
        let Some(last) = found.last() else { return };
        let sum = |maps: &[FeatureMap], i: usize| -> i64 {
            maps.iter().map(|map| i64::from(map.outputs[i])).sum()
        };
        for i in 0..last.outputs.len() {
            let error = sum(exact, i).abs_diff(sum(found, i));
            let skipped = found.iter().map(|map| map.skipped(i)).sum();
            self.add(error, skipped, last.s_max(i), tightness);
        }
    }

    fn add(&self, error: u64, skipped: u32, s_max: Option<u32>, tightness: &mut Tightness) {
        // A bound of 0 says that zeros alone are skipped.
        let of_one = s_max.and_then(|s_max| self.of_one.get(s_max as usize));
        match of_one.filter(|of_one| skipped > 0 && **of_one * f64::from(MANY) > 1.0) {
            Some(of_one) => tightness.add(error, f64::from(skipped) * of_one),
            None => tightness.violations += u64::from(error > 0),
        }
    }
}

/// Bins from −1 to 1.
pub(super) const PRODUCT_BINS: usize = 100;

/// Images whose products are counted, from the first: enough for a smooth histogram.
pub(super) const PRODUCT_IMAGES: usize = 1_000;

/// The range of a bin.
pub(super) fn edges(bin: usize) -> (f64, f64) {
    let edge = |bin: usize| 2.0 * bin as f64 / PRODUCT_BINS as f64 - 1.0;
    (edge(bin), edge(bin + 1))
}

/// Counts the products of a layer whose two operands are not zero.
pub(super) fn count_products(layer: &Convolution, input: &[Plane], counts: &mut [u64]) {
    let side = layer.side();
    let (width, height) = (input[0].width() - side + 1, input[0].height() - side + 1);
    let mut products = vec![0_i64; side * side];
    let mut window = Vec::with_capacity(side * side);
    for (c, plane) in input.iter().enumerate() {
        for y in 0..height {
            for x in 0..width {
                window.clear();
                for row in plane.data().chunks_exact(plane.width()).skip(y).take(side) {
                    window.extend_from_slice(&row[x..x + side]);
                }
                for filter in &layer.filters {
                    let operands = filter[c].weights().iter().zip(&window);
                    for (product, (&w, &x)) in products.iter_mut().zip(operands) {
                        *product = i64::from(w) * i64::from(x);
                    }
                    let largest = products.iter().fold(0, |largest, p| p.abs().max(largest));
                    if largest == 0 {
                        continue;
                    }
                    for &product in products.iter().filter(|product| **product != 0) {
                        // (product/largest + 1) · PRODUCT_BINS/2, rounded down; 1 belongs to the last bin.
                        let place = (product + largest) * PRODUCT_BINS as i64 / (2 * largest);
                        counts[(place as usize).min(PRODUCT_BINS - 1)] += 1;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::conv::{Kernel, Threshold, conv2d};
    use model::nn::Finish;

    fn outcome(semantics: &Semantics, planes: &[Plane], kernels: &[Kernel]) -> LayerOutcome {
        let mut maps: Vec<FeatureMap> = Vec::new();
        for (plane, kernel) in planes.iter().zip(kernels) {
            let map = conv2d(plane, kernel, semantics, maps.last());
            maps.push(map);
        }
        LayerOutcome { maps: vec![maps], ..LayerOutcome::default() }
    }

    #[test]
    fn errors_stay_within_the_bound_and_a_wrong_sum_does_not() {
        let word = |i: usize| ((i * 2_654_435_761) % 4_001) as i32 - 2_000;
        let planes: Vec<Plane> = (0..3)
            .map(|c| Plane::new(8, 8, (0..64).map(|i| word(i + 64 * c)).collect()).unwrap())
            .collect();
        let kernels: Vec<Kernel> = (0..3)
            .map(|c| Kernel::new(3, (0..9).map(|i| word(i * 7 + c + 500)).collect()).unwrap())
            .collect();
        for (log_frac, threshold, scope) in
            [(0, 1, SmaxScope::Window), (0, 3, SmaxScope::Running), (3, 9, SmaxScope::Running)]
        {
            let threshold = Threshold::new(threshold).unwrap();
            let approx = Semantics::new(Mode::Approx, log_frac, threshold, scope).unwrap();
            let exact = Semantics { mode: Mode::Exact, ..approx };
            let exact = outcome(&exact, &planes, &kernels);
            let mut found = outcome(&approx, &planes, &kernels);
            let mut tightness = Tightness::default();
            Bounds::new(&approx).compare(&approx, &exact, &found, &mut tightness);
            assert_eq!(tightness.violations, 0);
            assert!(tightness.max > 0.02 && tightness.max <= 1.0, "{tightness:?}");

            found.maps[0][2].outputs[5] += 1 << 28;
            let mut tightness = Tightness::default();
            Bounds::new(&approx).compare(&approx, &exact, &found, &mut tightness);
            assert_eq!(tightness.violations, 1);
        }
    }

    #[test]
    fn products_are_counted_relative_to_the_largest() {
        let kernel = Kernel::new(2, vec![1, -2, 0, 4]).unwrap();
        let finish = Finish { activation: None, shift: 0, bits: 12 };
        let filters = vec![vec![kernel]];
        let layer = Convolution { name: "C".to_owned(), index: 0, filters, bias: vec![0], finish };
        let plane = Plane::new(2, 2, vec![10, 10, 7, 10]).unwrap();
        let mut counts = vec![0; PRODUCT_BINS];
        count_products(&layer, &[plane], &mut counts);
        let found: Vec<(usize, u64)> =
            counts.iter().copied().enumerate().filter(|(_, count)| *count > 0).collect();
        // 0.25, −0.5 and 1 of the largest; the zero weight counts nowhere.
        assert_eq!(found, [(25, 1), (62, 1), (99, 1)]);
        let (low, high) = edges(62);
        assert!((low - 0.24).abs() < 1e-9 && (high - 0.26).abs() < 1e-9);
    }
}
