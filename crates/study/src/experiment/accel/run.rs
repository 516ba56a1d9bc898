//! The whole run: pieces on several threads, then the result files.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use super::blob::{Blob, Stage};
use super::files::write_files;
use super::program::Program;
use super::settings::Settings;
use super::tables::{CycleRow, ScoreErrorRow, ScoreRow, TimeRow};
use super::work::{Counted, Piece, Scores, Work, Worker, plan};
use study::data::{Image, Split};
use crate::experiment::ExperimentError;
use crate::experiment::follow_up::Progress;
use crate::experiment::lenet::Variant;
use crate::experiment::pieces::Pieces;

/// What a run came to.
#[derive(Debug)]
pub struct AccelRun {
    /// The lines of `scores.csv`.
    pub scores: Vec<ScoreRow>,
    /// The lines of `score_errors.csv`.
    pub score_errors: Vec<ScoreErrorRow>,
    /// The lines of `accel_cycles.csv`.
    pub cycles: Vec<CycleRow>,
    /// The lines of `accel_time.csv`.
    pub time: Vec<TimeRow>,
    /// Inferences whose every output was compared.
    pub compared: u64,
    /// Instructions compared with the reference model, in lockstep.
    pub instructions: u64,
    /// What differed first, of each inference in which something did.
    pub mismatches: Vec<String>,
    /// The result files.
    pub files: Vec<PathBuf>,
}

/// What was measured of one network.
pub(super) struct Measured<'a> {
    pub variant: &'a Variant,
    pub programs: Vec<Program>,
    pub stages: Vec<Stage>,
    /// One an image on the core; an entry a program.
    pub counted: Vec<Vec<Counted>>,
    /// One an image.
    pub scores: Vec<Scores>,
}

/// Runs the experiment. `stop` ends it after the pieces under way.
pub fn run(
    settings: &Settings<'_>,
    stop: &AtomicBool,
    progress: &impl Progress,
) -> Result<AccelRun, ExperimentError> {
    let images: Vec<&Image> =
        settings.dataset.images(Split::Test).take(settings.scored()).collect();
    if settings.images == 0 || images.len() < settings.scored() {
        let (asked, available) = (settings.scored(), images.len());
        return Err(ExperimentError::Images { asked, available });
    }
    fs::create_dir_all(&settings.out)
        .map_err(|source| ExperimentError::Folder { folder: settings.out.clone(), source })?;
    let provenance = settings.provenance();
    let plan = plan(settings);
    let pieces = Pieces::open(&settings.out, &provenance.key(), plan.len(), settings.resume)?;
    progress.resumed(pieces.finished());

    pieces.run(settings.jobs, stop, || {
        let mut worker: Option<Worker<'_>> = None;
        let (plan, images) = (&plan, &images);
        Ok(move |index: usize| {
            let work = plan[index];
            if worker.as_ref().is_none_or(|worker| !worker.does(work)) {
                let (Work::Core { network, .. } | Work::Scores { network, .. }) = work;
                worker = Some(Worker::new(settings, network)?);
            }
            let piece = worker.as_mut().expect("it is set above").piece(work, images)?;
            progress.step();
            Ok::<_, ExperimentError>(piece)
        })
    })?;

    let measured = fold(settings, &plan, &pieces)?;
    let run = write_files(settings, &measured, provenance)?;
    pieces.remove()?;
    Ok(run)
}

/// The pieces of each network, put together.
fn fold<'a>(
    settings: &'a Settings<'_>,
    plan: &[Work],
    pieces: &Pieces,
) -> Result<Vec<Measured<'a>>, ExperimentError> {
    let mut measured = Vec::new();
    for (network, variant) in settings.networks.iter().enumerate() {
        let programs = settings.programs(network)?;
        let stages = Blob::new(&variant.integer, &programs[0].configuration)?.stages;
        let (counted, scores) = (Vec::new(), Vec::new());
        measured.push(Measured { variant, programs, stages, counted, scores });
    }
    for (index, work) in plan.iter().enumerate() {
        let (Work::Core { network, .. } | Work::Scores { network, .. }) = *work;
        let of = &mut measured[network];
        match pieces.read::<Piece>(index).ok_or(ExperimentError::Piece(index))? {
            Piece::Core(counted) => of.counted.push(counted),
            Piece::Scores(scores) => of.scores.extend(scores),
        }
    }
    Ok(measured)
}

/// Every inference in which something differs, in words.
pub(super) fn mismatches(measured: &[Measured<'_>]) -> Vec<String> {
    let mut lines = Vec::new();
    for of in measured {
        for (image, counted) in of.counted.iter().enumerate() {
            for (program, counted) in of.programs.iter().zip(counted) {
                if let Some(mismatch) = &counted.mismatch {
                    let (network, program) = (&of.variant.network_name, program.name());
                    lines.push(format!("{network}, image {image}, {program}: {mismatch}"));
                }
            }
        }
    }
    lines
}
