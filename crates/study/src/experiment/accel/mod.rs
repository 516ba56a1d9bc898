//! Whole inferences on the core: LeNet-Accel and LeNet-5 as programs, with convolutions in software
//! and on the unit.
//!
//! The programs of `firmware/lenet` find the network in RAM ([`Blob`]) and leave every layer's
//! outputs and counters there. What they compute is compared, bit for bit, with the golden model's
//! inference; `docs/accel.md` tells what the tables hold.

mod blob;
mod core;
mod elf;
mod files;
mod program;
mod record;
mod run;
mod scoreboard;
mod settings;
mod tables;
mod work;

pub use blob::{Blob, BlobError, NETWORK_ADDRESS, Stage};
pub use core::{Core, CoreEngine, CoreError, CoreOptions, Ran};
pub use program::{Build, Program, programs};
pub use record::Record;
pub use run::{AccelRun, run};
pub use scoreboard::{Difference, compare};
pub use settings::{Settings, network, network_names};
pub use tables::{CycleRow, ScoreErrorRow, ScoreRow, TimeRow};

/// The layer name of the rows that sum all layers.
pub const ALL_LAYERS: &str = "all";

/// The tolerance of the paper's table of ten scores.
pub const PAPER_TAU: f64 = 0.01;

/// The paper's table of ten scores: exact and custom. Its network's weights and image are not
/// public: the figures are for comparison alone.
pub const PAPER_SCORES: [(i32, i32); 10] = [
    (-3077, -3073),
    (-2351, -2357),
    (-8059, -8122),
    (-2502, -2524),
    (-5111, -5137),
    (6537, 6632),
    (-2352, -2360),
    (8202, 8270),
    (-1345, -1400),
    (16139, 16206),
];

/// Percent that LeNet-Accel's own instructions save of the latency of a whole inference in software:
/// Wang et al., IEEE Transactions on Computers 73(5), 2024.
pub const LENET_ACCEL_REDUCTION_PERCENT: f64 = 76.6;
