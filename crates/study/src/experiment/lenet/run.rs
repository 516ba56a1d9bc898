//! The whole run: pieces on several threads, then the result files.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use super::files::write_files;
use super::measure::Bench;
use super::rtl::Units;
use super::settings::Settings;
use super::tables::{LenetRow, Measured, PAPER_IMAGES, PointRow};
use super::totals::Totals;
use super::variant::Variant;
use super::work::{Group, Part, Task, Unit, plan};
use crate::check::{Findings, Place};
use study::data::{Image, Split};
use crate::engine::EngineError;
use crate::experiment::EngineChoice;
use crate::experiment::ExperimentError;
use crate::experiment::follow_up::{FollowUp, Progress, REPORTS};
use crate::experiment::peers::{PeerBench, PeerTotals};
use crate::experiment::pieces::Pieces;

/// What a run came to.
#[derive(Debug)]
pub struct LenetRun {
    /// The lines of `lenet.csv`.
    pub lenet: Vec<LenetRow>,
    /// The lines of `operating_points.csv`.
    pub points: Vec<PointRow>,
    /// What the scoreboards saw.
    pub findings: Findings,
    /// The result files.
    pub files: Vec<PathBuf>,
    /// The mismatch reports.
    pub reports: Vec<PathBuf>,
}

/// The result of some images of one group.
#[derive(Serialize, Deserialize)]
enum Piece {
    Cells(Totals),
    Peers(PeerTotals),
}

/// What does the pieces of one group.
enum Worker<'a> {
    Cells(Box<Bench<'a>>),
    Peers(&'a PeerBench),
}

impl<'a> Worker<'a> {
    fn new(
        settings: &'a Settings<'_>,
        group: &Group,
        peers: &'a BTreeMap<usize, PeerBench>,
    ) -> Result<Self, ExperimentError> {
        if group.task == Task::Peers {
            return Ok(Self::Peers(&peers[&group.variant]));
        }
        let variant = &settings.variants[group.variant];
        let rtl = (group.engine(settings) == EngineChoice::Rtl).then(|| {
            let place = Place {
                experiment: settings.command.to_owned(),
                dataset: settings.dataset.source.name().to_owned(),
                filter: variant.weights_name.clone(),
                ..Place::default()
            };
            (Units::new(settings.rtl), place)
        });
        let bench = Bench::new(variant, group.cells(settings), group.depth(settings), rtl)?;
        Ok(Self::Cells(Box::new(bench)))
    }

    fn piece(&mut self, first: usize, images: &[&Image]) -> Result<Piece, ExperimentError> {
        Ok(match self {
            Self::Cells(bench) => Piece::Cells(bench.images(first, images)?),
            Self::Peers(bench) => Piece::Peers(bench.chunk(images)),
        })
    }
}

/// Runs the experiment. `stop` ends it after the pieces under way.
pub fn run(
    settings: &Settings<'_>,
    stop: &AtomicBool,
    progress: &impl Progress,
) -> Result<LenetRun, ExperimentError> {
    let available = settings.dataset.images(Split::Test).count();
    if settings.images == 0 || settings.images > available {
        return Err(ExperimentError::Images { asked: settings.images, available });
    }
    fs::create_dir_all(&settings.out)
        .map_err(|source| ExperimentError::Folder { folder: settings.out.clone(), source })?;
    let provenance = settings.provenance();
    let (groups, units) = plan(settings);
    let images: Vec<Vec<&Image>> = groups.iter().map(|group| group.images(settings)).collect();
    let pieces = Pieces::open(&settings.out, &provenance.key(), units.len(), settings.resume)?;
    progress.resumed(pieces.finished());

    let mut peers = BTreeMap::new();
    for group in groups.iter().filter(|group| group.task == Task::Peers) {
        let Variant { network, weights, .. } = &settings.variants[group.variant];
        peers.insert(group.variant, PeerBench::new(network, weights)?);
    }

    let follow_up = FollowUp::new(&settings.mismatch_dir, progress);
    let worked = pieces.run(settings.jobs, stop, || {
        let mut worker: Option<(usize, Worker<'_>)> = None;
        let (groups, units, images) = (&groups, &units, &images);
        let (peers, follow_up) = (&peers, &follow_up);
        Ok(move |index: usize| {
            let Unit { group, first, count } = units[index];
            if worker.as_ref().is_none_or(|(current, _)| *current != group) {
                worker = Some((group, Worker::new(settings, &groups[group], peers)?));
            }
            let (_, worker) = worker.as_mut().expect("it is set above");
            let piece = worker
                .piece(first, &images[group][first..first + count])
                .map_err(|error| failed(follow_up, error))?;
            if let Piece::Cells(totals) = &piece
                && follow_up.seen(&totals.findings)? >= settings.max_mismatches
            {
                stop.store(true, Ordering::Relaxed);
            }
            progress.step();
            Ok::<_, ExperimentError>(piece)
        })
    });
    let mismatches = follow_up.mismatches();
    if worked.is_err() && mismatches >= settings.max_mismatches {
        let limit = settings.max_mismatches;
        return Err(ExperimentError::TooManyMismatches { mismatches, limit });
    }
    worked?;
    let reports = follow_up.into_reports();

    let folded = fold(settings, &groups, &units, &images, &pieces)?;
    let mut run = write_files(settings, &folded, &peers, provenance)?;
    run.reports = reports;
    pieces.remove()?;
    Ok(run)
}

/// An engine that gave up on a window: with a waveform of it.
fn failed(follow_up: &FollowUp<'_, impl Progress>, mut error: ExperimentError) -> ExperimentError {
    if let ExperimentError::Layer { source, report, .. } = &mut error
        && let EngineError::LayerWindow { case, .. } = &**source
    {
        *report = follow_up.gave_up(case);
    }
    error
}

/// The pieces of all groups, put together.
pub(super) struct Folded<'a> {
    /// Every group of cells with what was measured on all of its images.
    pub all: Vec<(Group, Measured<'a>)>,
    /// The same over the first images alone, where there are more.
    pub first: Vec<Measured<'a>>,
    /// What was measured of the peers.
    pub peers: Vec<(Group, PeerTotals)>,
    pub findings: Findings,
}

fn fold<'a>(
    settings: &'a Settings<'_>,
    groups: &[Group],
    units: &[Unit],
    images: &[Vec<&Image>],
    pieces: &Pieces,
) -> Result<Folded<'a>, ExperimentError> {
    let mut folded = Folded {
        all: Vec::new(),
        first: Vec::new(),
        peers: Vec::new(),
        findings: Findings::default(),
    };
    for (number, group) in groups.iter().enumerate() {
        let (mut all, mut first) = (Totals::default(), Totals::default());
        let mut peers = PeerTotals::default();
        for (index, unit) in units.iter().enumerate().filter(|(_, unit)| unit.group == number) {
            match pieces.read::<Piece>(index).ok_or(ExperimentError::Piece(index))? {
                Piece::Cells(totals) => {
                    all.merge(&totals, REPORTS);
                    if unit.first + unit.count <= PAPER_IMAGES {
                        first.merge(&totals, REPORTS);
                    }
                }
                Piece::Peers(totals) => peers.merge(totals),
            }
        }
        if group.task == Task::Peers {
            folded.peers.push((*group, peers));
            continue;
        }
        let labels: Vec<u8> = images[number].iter().map(|image| image.label).collect();
        let measured = |totals: Totals, count: usize| Measured {
            variant: &settings.variants[group.variant],
            cells: group.cells(settings),
            totals,
            labels: labels[..count].to_vec(),
        };
        folded.findings.merge(all.findings.clone(), REPORTS);
        if group.part == Part::Test && labels.len() > PAPER_IMAGES {
            folded.first.push(measured(first, PAPER_IMAGES));
        }
        folded.all.push((*group, measured(all, labels.len())));
    }
    Ok(folded)
}
