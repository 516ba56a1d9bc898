//! The run in pieces: an image on the core, or the scores of some images.

use std::convert::Infallible;

use serde::{Deserialize, Serialize};

use super::blob::Blob;
use super::core::{Core, CoreEngine, CoreOptions, Ran};
use super::program::{Build, Program};
use super::record::Record;
use super::scoreboard::compare;
use super::settings::Settings;
use study::data::Image;
use crate::experiment::ExperimentError;
use crate::experiment::lenet::Variant;
use model::nn::{GoldenConvolver, Inference, infer, input_planes};

/// A piece of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// One image, with every program.
    Core { network: usize, image: usize },
    /// The scores of some images, with every configuration.
    Scores { network: usize, first: usize, count: usize },
}

/// Images whose scores are one piece.
const PIECE: usize = 50;

/// All pieces of a run, in order.
pub(super) fn plan(settings: &Settings<'_>) -> Vec<Work> {
    let mut plan = Vec::new();
    for network in 0..settings.networks.len() {
        if settings.engine != CoreEngine::Golden {
            plan.extend((0..settings.images).map(|image| Work::Core { network, image }));
        }
        let scored = settings.scored();
        for first in (0..scored).step_by(PIECE) {
            plan.push(Work::Scores { network, first, count: PIECE.min(scored - first) });
        }
    }
    plan
}

/// What a program counted for an image, and the first thing that is not as the golden model has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Counted {
    /// Of the input and of each stage.
    pub counts: Vec<Record>,
    /// Instructions compared with the reference model.
    pub instructions: u64,
    pub mismatch: Option<String>,
}

/// The scores of an image.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Scores {
    pub label: u8,
    /// One entry a program; exact first.
    pub scores: Vec<Vec<i32>>,
}

/// The result of a piece.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Piece {
    Core(Vec<Counted>),
    Scores(Vec<Scores>),
}

/// What does the pieces of one network.
pub(super) struct Worker<'a> {
    network: usize,
    variant: &'a Variant,
    programs: Vec<Program>,
    blobs: Vec<Blob>,
    golden: Vec<GoldenConvolver>,
    core: Option<Core>,
}

impl<'a> Worker<'a> {
    pub fn new(settings: &'a Settings<'_>, network: usize) -> Result<Self, ExperimentError> {
        let variant = &settings.networks[network];
        let programs = settings.programs(network)?;
        let integer = &variant.integer;
        let blob = |program: &Program| Blob::new(integer, &program.configuration);
        let blobs = programs.iter().map(blob).collect::<Result<_, _>>()?;
        let golden = |program: &Program| GoldenConvolver::new(integer, &program.configuration);
        let golden = programs.iter().map(golden).collect();
        let core = (settings.engine != CoreEngine::Golden).then(|| {
            Core::new(CoreOptions {
                engine: settings.engine,
                lockstep: settings.lockstep,
                seed: settings.seed,
                mismatch_dir: settings.mismatch_dir.clone(),
            })
        });
        Ok(Self { network, variant, programs, blobs, golden, core })
    }

    /// Whether it is for the network of this piece.
    pub fn does(&self, work: Work) -> bool {
        let (Work::Core { network, .. } | Work::Scores { network, .. }) = work;
        network == self.network
    }

    pub fn piece(&mut self, work: Work, images: &[&Image]) -> Result<Piece, ExperimentError> {
        Ok(match work {
            Work::Core { image, .. } => Piece::Core(self.image(images[image])?),
            Work::Scores { first, count, .. } => {
                let scores = images[first..first + count].iter().map(|image| Scores {
                    label: image.label,
                    scores: (0..self.programs.len())
                        .map(|program| self.golden(program, image).scores)
                        .collect(),
                });
                Piece::Scores(scores.collect())
            }
        })
    }

    fn golden(&mut self, program: usize, image: &Image) -> Inference {
        let planes = input_planes(&self.variant.integer, &image.pixels);
        let result = infer(&self.variant.integer, &[planes], &mut self.golden[program]);
        let mut inferences = result.unwrap_or_else(|error: Infallible| match error {});
        inferences.pop().expect("one image gives one inference")
    }

    fn image(&mut self, image: &Image) -> Result<Vec<Counted>, ExperimentError> {
        let mut results = Vec::with_capacity(self.programs.len());
        for number in 0..self.programs.len() {
            let golden = self.golden(number, image);
            let (build, blob) = (self.programs[number].build, &self.blobs[number]);
            let core = self.core.as_mut().expect("an engine that runs programs has a core");
            results.push(match core.infer(build, blob, &image.pixels)? {
                Ran::Finished(instructions) => {
                    let counts = core.counts(blob);
                    let difference = compare(core, build, blob, &golden, &counts);
                    let mismatch = difference.map(|it| it.to_string());
                    Counted { counts, instructions, mismatch }
                }
                Ran::Differed(difference) => {
                    let counts = vec![Record::default(); blob.stages.len() + 1];
                    Counted { counts, instructions: 0, mismatch: Some(difference) }
                }
            });
        }
        Ok(results)
    }
}

impl Program {
    /// As in `unit, tau=0.01`.
    pub(super) fn name(&self) -> String {
        match self.build {
            Build::Software => self.build.name().to_owned(),
            Build::Unit => format!("{}, {}", self.build.name(), self.configuration.name),
        }
    }
}
