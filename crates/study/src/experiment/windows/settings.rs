//! What is run, and how.

use std::path::PathBuf;

use serde_json::json;

use super::configuration::Configuration;
use super::filters::Filter;
use study::data::{Dataset, Split};
use crate::dut::UnitParameters;
use crate::experiment::EngineChoice;
use study::report::provenance::Provenance;

/// What is run, and how.
#[derive(Debug)]
pub struct Settings<'a> {
    /// The images.
    pub dataset: &'a Dataset,
    /// Which part of them.
    pub split: Split,
    /// How many, from the first.
    pub images: usize,
    /// The filters.
    pub filters: Vec<Filter>,
    /// The tolerances.
    pub taus: Vec<f64>,
    /// What runs the convolutions.
    pub engine: EngineChoice,
    /// The unit; the golden engine takes its LOG_FRAC.
    pub unit: &'static UnitParameters,
    /// Seed of the registers' initial values, and of drawn digits.
    pub seed: u64,
    /// Seed of random waiting of the memory.
    pub stalls: Option<u64>,
    /// Planted bug: the unit gets T + this.
    pub threshold_offset: i32,
    /// Threads.
    pub jobs: usize,
    /// Where the results go.
    pub out: PathBuf,
    /// Where mismatch reports go.
    pub mismatch_dir: PathBuf,
    /// Differing windows that end the run.
    pub max_mismatches: u64,
    /// Take up an interrupted run.
    pub resume: bool,
}

impl Settings<'_> {
    /// The record of everything that the result files depend on.
    pub(super) fn provenance(&self, configurations: &[Configuration]) -> Provenance {
        let filters: Vec<_> = self
            .filters
            .iter()
            .map(|filter| json!({ "name": filter.name, "weights": filter.kernel.weights() }))
            .collect();
        let names: Vec<_> = configurations.iter().map(|it| it.name.clone()).collect();
        let unit = self.unit;
        let engine = match self.engine {
            EngineChoice::Golden => json!({ "name": "golden", "log_frac": unit.log_frac }),
            EngineChoice::Rtl => json!({
                "name": "rtl",
                "unit": unit.name,
                "kernel": unit.kernel,
                "log_frac": unit.log_frac,
                "multipliers": unit.multipliers,
                "mem_width": unit.mem_width,
                "stall_seed": self.stalls,
                "threshold_offset": self.threshold_offset,
            }),
        };
        Provenance::new(
            "windows",
            json!({
                "dataset": self.dataset.source.name(),
                "dataset_sha256": self.dataset.digest(),
                "split": format!("{:?}", self.split).to_lowercase(),
                "images": self.images,
                "filters": filters,
                "configurations": names,
                "engine": engine,
                "seed": self.seed,
            }),
        )
    }
}
