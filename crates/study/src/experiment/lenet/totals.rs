//! What the measurement of some images came to; totals of consecutive images add up.

use serde::{Deserialize, Serialize};

use super::deviation::Deviation;

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
    pub local: Deviation,
    /// Against the same layer of the exact network.
    pub accumulated: Deviation,
    pub tightness: Tightness,
    /// `skips[n]`: outputs of one channel with n products skipped.
    pub skips: Vec<u64>,
    /// Windows that the unit ran, and their cycles from start to done.
    pub windows: u64,
    pub cycles: u64,
}

/// One cell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct CellTotals {
    pub layers: Vec<LayerTotals>,
    /// The class that each image is given.
    pub classes: Vec<u8>,
    /// Best score less the second best, in units of a score.
    pub margins: Vec<i64>,
}

/// One variant without any skipping.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ExactTotals {
    pub classes: Vec<u8>,
    pub margins: Vec<i64>,
    /// The class that the float network gives each image.
    pub float_classes: Vec<u8>,
    /// `zeros[layer][image]`: outputs of a layer that are 0.
    pub zeros: Vec<Vec<u32>>,
    /// `products[convolution layer][bin]`: see `products.rs`.
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
        add(&mut self.skips, &other.skips);
        self.windows += other.windows;
        self.cycles += other.cycles;
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
        self.zeros.resize_with(other.zeros.len(), Vec::new);
        for (to, from) in self.zeros.iter_mut().zip(&other.zeros) {
            to.extend_from_slice(from);
        }
        self.products.resize_with(self.products.len().max(other.products.len()), Vec::new);
        for (to, from) in self.products.iter_mut().zip(&other.products) {
            add(to, from);
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

fn add(to: &mut Vec<u64>, from: &[u64]) {
    if to.len() < from.len() {
        to.resize(from.len(), 0);
    }
    for (to, from) in to.iter_mut().zip(from) {
        *to += from;
    }
}
