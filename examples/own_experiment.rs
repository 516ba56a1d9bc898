// SPDX-License-Identifier: MIT OR Apache-2.0
//! An experiment of one's own: how many products a blur keeps at each threshold, and how far its
//! outputs are from the exact ones. The unit's RTL does the work and is compared with the golden
//! model; threads, checkpoints, `--resume`, mismatch reports, CSV and provenance come with the run.
//!
//! ```text
//! cargo run --example own_experiment -- reports/runs/blur
//! ```

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use convapprox::bench::engine::RtlSettings;
use model::conv::{Kernel, Mode, Plane, Semantics, SmaxScope, Threshold};
use model::engine::{Detail, Engine as _, EngineFactory, Findings, Place};
use model::nn::{Convolution, Finish};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use study::data::{DatasetChoice, Image, LoadOptions, SIDE, Split, load};
use study::results::{Earlier, ProgramFacts, ResultFolder};
use study::run::{Engines, Experiment, Outcomes, Run};
use study::statistics::reduction_percent;
use study::{Error, table};

table! {
    /// One row per threshold.
    pub struct BlurRow in "blur.csv" {
        /// The threshold T.
        pub threshold: u32,
        /// Products multiplied, of all images.
        pub multiplications: u64,
        /// How many fewer than in exact mode.
        pub reduction_vs_exact_percent: f64,
        /// Mean of |output − exact output| over all outputs.
        pub mean_absolute_error: f64,
    }
}

struct Blur<'a> {
    layer: Convolution,
    images: Vec<&'a Image>,
}

const THRESHOLDS: [u32; 4] = [1, 2, 3, 4];

/// What a batch comes to: a checkpoint holds it, so that an interrupted run goes on behind it.
#[derive(Serialize, Deserialize)]
struct Outcome {
    multiplications: u64,
    exact_multiplications: u64,
    errors: Vec<u32>,
}

impl Experiment for Blur<'_> {
    /// A threshold.
    type Batch = u32;
    type Outcome = Outcome;
    type Summary = Vec<BlurRow>;

    /// Whatever the results depend on: a run with other settings does not resume this one.
    fn settings(&self) -> Value {
        json!({ "kernel": self.layer.filters[0][0].weights(), "thresholds": THRESHOLDS })
    }

    fn plan(&self) -> Vec<u32> {
        THRESHOLDS.to_vec()
    }

    fn batch(&self, &threshold: &u32, engines: &mut Engines<'_>) -> Result<Outcome, Error> {
        let threshold = Threshold::new(threshold)?;
        let exact = Semantics::new(Mode::Exact, 0, threshold, SmaxScope::Window)?;
        let approx = Semantics { mode: Mode::Approx, ..exact };
        let inputs: Vec<Vec<Plane>> = self.images.iter().map(|it| vec![plane(it)]).collect();
        let place = Place { configuration: format!("T{}", threshold.get()), ..Place::default() };
        let exact = engines.golden().layer(&place, &self.layer, &exact, &inputs, Detail::Sums)?;
        let unit = engines.under_test(0)?;
        let approx = unit.layer(&place, &self.layer, &approx, &inputs, Detail::Sums)?;
        let mut outcome = Outcome { multiplications: 0, exact_multiplications: 0, errors: vec![] };
        for (exact, approx) in exact.outcomes.iter().zip(&approx.outcomes) {
            outcome.exact_multiplications += exact.total_multiplications();
            outcome.multiplications += approx.total_multiplications();
            let sums = exact.sums[0].iter().zip(&approx.sums[0]);
            outcome.errors.extend(sums.map(|(exact, approx)| exact.abs_diff(*approx)));
        }
        Ok(outcome)
    }

    fn tables(
        &self,
        outcomes: Outcomes<'_, Outcome>,
        _: &Findings,
        results: &mut ResultFolder,
    ) -> Result<Vec<BlurRow>, Error> {
        let mut rows = Vec::new();
        for (threshold, outcome) in THRESHOLDS.into_iter().zip(outcomes) {
            let Outcome { multiplications, exact_multiplications, errors } = outcome?;
            let reduction = reduction_percent(multiplications as f64, exact_multiplications as f64);
            let sum: u64 = errors.iter().map(|error| u64::from(*error)).sum();
            rows.push(BlurRow {
                threshold,
                multiplications,
                reduction_vs_exact_percent: reduction.unwrap_or(0.0),
                mean_absolute_error: sum as f64 / errors.len() as f64,
            });
        }
        results.table(&rows)?;
        Ok(rows)
    }
}

fn plane(image: &Image) -> Plane {
    let words = image.pixels.map(i32::from).to_vec();
    Plane::new(SIDE, SIDE, words).expect("an image is a square of pixels")
}

fn blur(out: PathBuf) -> Result<Vec<BlurRow>, Box<dyn std::error::Error>> {
    let dataset =
        load(DatasetChoice::Digits, &LoadOptions { quiet: true, ..LoadOptions::from_env() })?;
    let unit = RtlSettings::default();
    let run = Run {
        command: "blur",
        dataset: &dataset,
        split: Split::Test,
        images: 5,
        seed: 1,
        jobs: 2,
        out,
        earlier: Earlier::Keep,
        max_mismatches: 1,
        engines: &[&unit as &dyn EngineFactory],
        program: &ProgramFacts::default(),
        stop: &AtomicBool::new(false),
        progress: &(),
    };
    let kernel = Kernel::new(3, vec![1, 2, 1, 2, 4, 2, 1, 2, 1])?;
    let layer = Convolution {
        name: "blur".to_owned(),
        index: 0,
        filters: vec![vec![kernel]],
        bias: vec![0],
        finish: Finish { activation: None, shift: 0, bits: 0 },
    };
    let finished = study::run::run(&run, &Blur { layer, images: run.images()? })?;
    for path in &finished.files {
        println!("{}", path.display());
    }
    println!("{} windows compared, no mismatch", finished.findings.compared);
    Ok(finished.summary)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = std::env::args_os().nth(1).ok_or("where to? Name a folder for the results")?;
    for row in blur(out.into())? {
        let BlurRow { threshold, reduction_vs_exact_percent, mean_absolute_error, .. } = row;
        println!(
            "T = {threshold}: −{reduction_vs_exact_percent:.2} %, error {mean_absolute_error:.2}"
        );
    }
    Ok(())
}

#[cfg(test)]
#[test]
fn it_runs_and_a_larger_threshold_keeps_more() {
    let folder = tempfile::tempdir().unwrap();
    let rows = blur(folder.path().join("blur")).unwrap();
    assert!(rows.is_sorted_by(|a, b| a.multiplications < b.multiplications), "{rows:?}");
    assert!(rows.is_sorted_by(|a, b| a.mean_absolute_error > b.mean_absolute_error), "{rows:?}");
    assert!(folder.path().join("blur/blur.csv").exists());
}
