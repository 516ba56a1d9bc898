//! The result files: rows from totals.

mod ablation;
mod errors;
mod lenet;
mod points;
mod quantisation;
mod splits;
mod verdicts;
mod zeros;

pub use ablation::{AblationRow, NO_LOSS_POINTS};
pub use errors::{LayerErrorRow, ProductRow, SkipRow};
pub use lenet::LenetRow;
pub use points::PointRow;
pub use quantisation::{OverflowRow, QuantisationRow};
pub use splits::SplitRow;
pub use verdicts::{ConfusionRow, FlipRow, MarginRow};
pub use zeros::ZeroRow;

pub(super) use ablation::ablation;
pub(super) use errors::{layer_errors, products, skips};
pub(super) use lenet::lenet;
pub(super) use points::points;
pub(super) use quantisation::{overflow, quantisation};
pub(super) use splits::splits;
pub(super) use verdicts::{confusion, flips, margins};
pub(super) use zeros::zeros;

use super::totals::{CellTotals, Totals};
use super::variant::{Cell, Variant};
use crate::experiment::significance::{Discordant, Proportion};

/// The first images of the test set, over which the paper counts.
pub(super) const PAPER_IMAGES: usize = 100;

/// One variant, its cells, and what was measured over some images.
pub(super) struct Measured<'a> {
    pub variant: &'a Variant,
    pub cells: Vec<&'a Cell>,
    pub totals: Totals,
    /// The digit that each image shows.
    pub labels: Vec<u8>,
}

impl Measured<'_> {
    pub fn images(&self) -> usize {
        self.labels.len()
    }

    /// The cells with their totals.
    pub fn measured_cells(&self) -> impl Iterator<Item = (&Cell, &CellTotals)> {
        self.cells.iter().copied().zip(&self.totals.cells)
    }

    /// How many images `classes` is right about.
    pub fn right(&self, classes: &[u8]) -> Proportion {
        Proportion::of(classes.iter().zip(&self.labels).map(|(class, label)| class == label))
    }

    /// The images that one of two is right about.
    pub fn discordant(&self, first: &[u8], second: &[u8]) -> Discordant {
        let classes = first.iter().zip(second).zip(&self.labels);
        Discordant::of(classes.map(|((first, second), label)| (first == label, second == label)))
    }

    /// The same with only some of its cells.
    pub fn restricted_to<'b>(&'b self, cells: &[&'b Cell]) -> Measured<'b> {
        let kept = |cell: &&Cell| cells.iter().any(|other| other == cell);
        let found = self.measured_cells().filter(|(cell, _)| kept(cell));
        let (cells, totals): (Vec<&Cell>, Vec<CellTotals>) =
            found.map(|(cell, totals)| (cell, totals.clone())).unzip();
        let exact = self.totals.exact.clone();
        let totals = Totals { exact, cells: totals, ..Totals::default() };
        Measured { variant: self.variant, cells, totals, labels: self.labels.clone() }
    }

    /// Exact multiplications of an inference.
    pub fn exact_multiplications(&self) -> u64 {
        self.variant.exact_multiplications().iter().sum()
    }
}

/// An accuracy with its interval, in percent.
pub(super) struct Percent {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

impl From<Proportion> for Percent {
    fn from(proportion: Proportion) -> Self {
        let (low, high) = proportion.interval();
        Self { value: 100.0 * proportion.share(), low: 100.0 * low, high: 100.0 * high }
    }
}

/// How many percent fewer `count` is than `of`.
pub(super) fn reduction_percent(count: f64, of: u64) -> f64 {
    100.0 * (1.0 - count / of as f64)
}
