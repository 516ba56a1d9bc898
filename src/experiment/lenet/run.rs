//! The whole run: pieces on several threads, then the result files.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use super::error::LenetError;
use super::files::write_files;
use super::follow_up::FollowUp;
use super::measure::Bench;
use super::rtl::Units;
use super::settings::Settings;
use super::tables::{LenetRow, Measured, PAPER_IMAGES, PointRow};
use super::totals::Totals;
use super::work::{Group, Task, Unit, plan};
use crate::check::{Findings, Place};
use crate::data::{Image, Split};
use crate::experiment::peers::{PeerBench, PeerTotals};
use crate::experiment::pieces::Pieces;
use crate::experiment::windows::{EngineChoice, Progress};

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
    Peers(Box<PeerBench>),
}

impl<'a> Worker<'a> {
    fn new(settings: &'a Settings<'_>, group: &Group) -> Result<Self, LenetError> {
        let variant = &settings.variants[group.variant];
        if group.task == Task::Peers {
            let bench = PeerBench::new(&variant.network, &variant.weights)?;
            return Ok(Self::Peers(Box::new(bench)));
        }
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

    fn piece(&mut self, first: usize, images: &[&Image]) -> Result<Piece, LenetError> {
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
) -> Result<LenetRun, LenetError> {
    let available = settings.dataset.images(Split::Test).count();
    if settings.images == 0 || settings.images > available {
        return Err(LenetError::Images { asked: settings.images, available });
    }
    fs::create_dir_all(&settings.out)
        .map_err(|source| LenetError::Folder { folder: settings.out.clone(), source })?;
    let provenance = settings.provenance();
    let (groups, units) = plan(settings);
    let images: Vec<Vec<&Image>> = groups.iter().map(|group| group.images(settings)).collect();
    let pieces = Pieces::open(&settings.out, &provenance.key(), units.len(), settings.resume)?;
    progress.resumed(pieces.finished());

    let follow_up = FollowUp::new(&settings.mismatch_dir, progress);
    let worked = pieces.run(settings.jobs, stop, || {
        let mut worker: Option<(usize, Worker<'_>)> = None;
        let (groups, units, images, follow_up) = (&groups, &units, &images, &follow_up);
        Ok(move |index: usize| {
            let Unit { group, first, count } = units[index];
            if worker.as_ref().is_none_or(|(current, _)| *current != group) {
                worker = Some((group, Worker::new(settings, &groups[group])?));
            }
            let (_, worker) = worker.as_mut().expect("it is set above");
            let piece = worker
                .piece(first, &images[group][first..first + count])
                .map_err(|error| follow_up.failed(error))?;
            if let Piece::Cells(totals) = &piece {
                if follow_up.seen(&totals.findings)? >= settings.max_mismatches {
                    stop.store(true, Ordering::Relaxed);
                }
            }
            progress.image();
            Ok::<_, LenetError>(piece)
        })
    });
    let mismatches = follow_up.mismatches.load(Ordering::Relaxed);
    if worked.is_err() && mismatches >= settings.max_mismatches {
        let limit = settings.max_mismatches;
        return Err(LenetError::TooManyMismatches { mismatches, limit });
    }
    worked?;
    let reports = follow_up.reports.into_inner().expect("no thread panics with the lock");

    let folded = fold(settings, &groups, &units, &images, &pieces)?;
    let mut run = write_files(settings, &folded, provenance)?;
    run.reports = reports;
    pieces.remove()?;
    Ok(run)
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
) -> Result<Folded<'a>, LenetError> {
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
            match pieces.read::<Piece>(index).ok_or(LenetError::Piece(index))? {
                Piece::Cells(totals) => {
                    all.merge(&totals, super::REPORTS);
                    if unit.first + unit.count <= PAPER_IMAGES {
                        first.merge(&totals, super::REPORTS);
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
        folded.findings.merge(all.findings.clone(), super::REPORTS);
        if group.part == super::work::Part::Test && labels.len() > PAPER_IMAGES {
            folded.first.push(measured(first, PAPER_IMAGES));
        }
        folded.all.push((*group, measured(all, labels.len())));
    }
    Ok(folded)
}
