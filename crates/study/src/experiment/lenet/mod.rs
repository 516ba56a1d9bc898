//! LeNet-5 over the MNIST test images: the paper's tables, what skipping costs, and operating
//! points beyond the paper's.
//!
//! A run is a grid of [`Cell`]s: a [`Variant`] (network and weights) in a configuration. It goes
//! through the images in pieces that survive an interruption, on the golden model or on the unit's
//! RTL with every window compared, and [`tables`] folds the pieces into CSV files.

mod bounds;
mod cell;
mod classify;
mod deviation;
mod files;
mod measure;
mod paper;
mod pictures;
mod point;
mod products;
mod rtl;
mod run;
mod settings;
pub mod tables;
mod totals;
mod variant;
mod work;

pub use cell::{Cell, table_cells};
pub use classify::{Classified, classify};
pub use point::{OperatingPoint, PointLayer, shipped_points};
pub use run::{LenetRun, run};
pub use settings::{RtlSettings, Settings};
pub use variant::{Variant, shipped};

/// The tolerances of the paper's LeNet table.
pub const PAPER_TAUS: [f64; 6] = [0.05, 0.1, 0.15, 0.2, 0.3, 0.5];

/// The layer name of the lines that sum all convolution layers.
pub const ALL_LAYERS: &str = "all";
