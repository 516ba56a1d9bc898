// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whole inferences on the core: LeNet-Accel and LeNet-5 as programs, with convolutions in software
//! and on the unit.
//!
//! The engines that run the programs compare every output of every layer with the golden model's;
//! `docs/accel.md` tells what the tables hold.

mod tables;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Error;
use crate::data::Image;
use crate::experiment::lenet::{Variant, shipped};
use crate::results::ResultFolder;
use crate::run::{Engines, Experiment, Finished, Outcomes, Run};
use crate::tables::{CycleRow, ScoreErrorRow, ScoreRow, TimeRow};
use model::conv::{ConfigError, Mode, SmaxScope};
use model::engine::{Detail, Findings, Place, StageRecord};
use model::nn::{Configuration, NetworkError, input_planes};

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

/// The networks that ship, as [`network`] knows them.
pub const NETWORKS: [&str; 4] = ["lenet-accel", "lenet-accel-tanh", "lenet5-relu", "lenet5-tanh"];

/// A network that ships, by its name in [`NETWORKS`].
///
/// # Errors
/// If its files cannot be read.
pub fn network(name: &str) -> Result<Variant, NetworkError> {
    let weights = shipped("weights").join(file_stem(name)).with_extension("safetensors");
    Variant::read(&description(name), &weights)
}

/// The description of a network in [`NETWORKS`].
pub fn description(name: &str) -> PathBuf {
    shipped("networks").join(file_stem(name)).with_extension("json")
}

fn file_stem(name: &str) -> String {
    match name {
        "lenet-accel" => "lenet_accel_relu".to_owned(),
        name => name.replace('-', "_"),
    }
}

/// A build of the firmware: the number of its engine in the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// Convolutions by the core's own multiplier, exact.
    Software = 0,
    /// Convolutions, and the dense layers, on the unit.
    Unit = 1,
}

impl Build {
    /// The name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Software => "software",
            Self::Unit => "unit",
        }
    }
}

/// A build with a configuration.
#[derive(Debug, Clone, PartialEq)]
struct Program {
    build: Build,
    configuration: Configuration,
}

/// Every program that a network of `layers` convolutions is run with: software, the unit exact, and
/// the unit at each tolerance.
fn programs(taus: &[f64], scope: SmaxScope, layers: usize) -> Result<Vec<Program>, ConfigError> {
    let exact = Configuration::plain(Mode::Exact, 0, layers)?;
    let mut programs = vec![
        Program { build: Build::Software, configuration: exact.clone() },
        Program { build: Build::Unit, configuration: exact },
    ];
    for &tau in taus {
        let configuration = Configuration::tau(tau, 0, scope, layers)?;
        programs.push(Program { build: Build::Unit, configuration });
    }
    Ok(programs)
}

/// What is run.
pub struct Inferences {
    /// The networks with their weights.
    pub networks: Vec<Variant>,
    /// How many images the errors of the scores are taken over, by the golden model, from the first;
    /// those run on the core are among them.
    pub score_images: usize,
    /// Tolerances.
    pub taus: Vec<f64>,
    /// What S_max is taken over.
    pub scope: SmaxScope,
}

/// What a run came to, for the terminal.
#[derive(Debug)]
pub struct Summary {
    /// The rows of `scores.csv`.
    pub scores: Vec<ScoreRow>,
    /// The rows of `score_errors.csv`.
    pub score_errors: Vec<ScoreErrorRow>,
    /// The rows of `accel_cycles.csv`; none if no programs are run.
    pub cycles: Vec<CycleRow>,
    /// The rows of `accel_time.csv`; none if the engine has no cycles.
    pub time: Vec<TimeRow>,
}

/// Runs the experiment. The run's images are those on the core; its engines are that of the software
/// build and that of the unit's build, or none for the golden model's scores alone.
///
/// # Errors
/// Images or tolerances that cannot be; and those of [`run`](crate::run::run()).
pub fn run(run: &Run<'_>, inferences: &Inferences) -> Result<Finished<Summary>, Error> {
    let Inferences { networks, score_images, taus, scope } = inferences;
    let programs = |it: &Variant| programs(taus, *scope, it.layers().len());
    let scored = run.first_images(*score_images.max(&run.images))?;
    run.images()?;
    let programs = networks.iter().map(programs).collect::<Result<_, _>>()?;
    crate::run::run(run, &Accel { run, inferences, programs, images: scored })
}

struct Accel<'a> {
    run: &'a Run<'a>,
    inferences: &'a Inferences,
    /// Of each network.
    programs: Vec<Vec<Program>>,
    /// Those whose scores are compared; the first of them are run on the core.
    images: Vec<&'a Image>,
}

/// What was measured of one network.
struct Measured<'a> {
    variant: &'a Variant,
    programs: &'a [Program],
    /// `counted[image][program]`: the input and each stage, for the images on the core.
    counted: Vec<Vec<Vec<StageRecord>>>,
    /// One per image.
    scores: Vec<Scores>,
}

/// The scores of an image.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Scores {
    label: u8,
    /// One entry per program; exact first.
    scores: Vec<Vec<i32>>,
}

/// A batch of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Batch {
    /// One image, with every program.
    Core { network: usize, image: usize },
    /// The scores of some images, with every configuration.
    Scores { network: usize, first: usize, count: usize },
}

/// Images whose scores are one batch.
const SCORE_IMAGES: usize = 50;

/// What a batch came to.
#[derive(Debug, Serialize, Deserialize)]
enum Outcome {
    Core(Vec<Vec<StageRecord>>),
    Scores(Vec<Scores>),
}

impl Accel<'_> {
    /// One image on the core, with every program.
    fn core(
        &self,
        network: usize,
        image: usize,
        engines: &mut Engines<'_>,
    ) -> Result<Vec<Vec<StageRecord>>, Error> {
        let variant = &self.inferences.networks[network];
        let place = Place { image, ..self.run.place(&variant.network_name) };
        let input = [input_planes(&variant.integer, &self.images[image].pixels)];
        let mut counted = Vec::new();
        for Program { build, configuration } in &self.programs[network] {
            let engine = engines.under_test(*build as usize)?;
            let run =
                engine.infer(&place, &variant.integer, configuration, &input, Detail::Sums)?;
            counted.push(run.stages.into_iter().next().expect("counts of the image"));
        }
        Ok(counted)
    }

    fn scores(&self, network: usize, images: &[&Image], engines: &mut Engines<'_>) -> Vec<Scores> {
        let integer = &self.inferences.networks[network].integer;
        let inputs: Vec<_> = images.iter().map(|it| input_planes(integer, &it.pixels)).collect();
        let mut scores: Vec<Scores> =
            images.iter().map(|image| Scores { label: image.label, scores: Vec::new() }).collect();
        for Program { configuration, .. } in &self.programs[network] {
            let golden = engines.golden();
            let found = golden.inferences(integer, configuration, &inputs, Detail::Sums);
            for (scores, found) in scores.iter_mut().zip(found) {
                scores.scores.push(found.scores);
            }
        }
        scores
    }
}

impl Experiment for Accel<'_> {
    type Batch = Batch;
    type Outcome = Outcome;
    type Summary = Summary;

    fn settings(&self) -> Value {
        let networks = self.inferences.networks.iter().map(|variant| {
            json!({
                "network": variant.network,
                "weights": variant.weights_name,
                "weights_sha256": variant.weights.sha256(),
            })
        });
        json!({
            "networks": networks.collect::<Vec<_>>(),
            "score_images": self.images.len(),
            "taus": self.inferences.taus,
            "smax_scope": self.inferences.scope,
        })
    }

    fn plan(&self) -> Vec<Batch> {
        let mut plan = Vec::new();
        for network in 0..self.inferences.networks.len() {
            if !self.run.engines.is_empty() {
                plan.extend((0..self.run.images).map(|image| Batch::Core { network, image }));
            }
            let images = self.images.len();
            for first in (0..images).step_by(SCORE_IMAGES) {
                let count = SCORE_IMAGES.min(images - first);
                plan.push(Batch::Scores { network, first, count });
            }
        }
        plan
    }

    fn batch(&self, batch: &Batch, engines: &mut Engines<'_>) -> Result<Outcome, Error> {
        Ok(match *batch {
            Batch::Core { network, image } => Outcome::Core(self.core(network, image, engines)?),
            Batch::Scores { network, first, count } => {
                Outcome::Scores(self.scores(network, &self.images[first..first + count], engines))
            }
        })
    }

    fn tables(
        &self,
        outcomes: Outcomes<'_, Outcome>,
        findings: &Findings,
        results: &mut ResultFolder,
    ) -> Result<Summary, Error> {
        let networks = self.inferences.networks.iter().zip(&self.programs);
        let mut measured: Vec<Measured<'_>> = networks
            .map(|(variant, programs)| Measured {
                variant,
                programs,
                counted: Vec::new(),
                scores: Vec::new(),
            })
            .collect();
        for (batch, outcome) in self.plan().iter().zip(outcomes) {
            let (Batch::Core { network, .. } | Batch::Scores { network, .. }) = *batch;
            match outcome? {
                Outcome::Core(counted) => measured[network].counted.push(counted),
                Outcome::Scores(scores) => measured[network].scores.extend(scores),
            }
        }
        let mut summary = Summary {
            scores: measured.iter().flat_map(tables::scores).collect(),
            score_errors: measured.iter().flat_map(tables::score_errors).collect(),
            cycles: Vec::new(),
            time: Vec::new(),
        };
        results.table(&summary.scores)?;
        results.table(&summary.score_errors)?;
        let timed = self.run.engines.first().map(|engine| engine.info().timed);
        if let Some(timed) = timed {
            let cycles = measured.iter().flat_map(|it| tables::cycles(it, timed));
            summary.cycles = cycles.collect();
            results.table(&summary.cycles)?;
        }
        if timed == Some(true) {
            summary.time = measured.iter().flat_map(tables::time).collect();
            results.table(&summary.time)?;
        }
        results.result("instructions_compared", findings.instructions);
        Ok(summary)
    }
}
