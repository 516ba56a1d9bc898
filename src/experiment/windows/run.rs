//! The whole experiment: pieces of images on several threads, then the result files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::configuration::{Configuration, configurations};
use super::filters::{Filter, FilterError, check_names};
use super::measure::{Bench, Row, plane};
use super::statistics::Totals;
use super::summary::{Summary, summarise};
use crate::check::{Case, Findings, Place, ReplayError, Scoreboard, replay};
use crate::data::{Dataset, Image, Split};
use crate::dut::{DutError, Stalls, UnitOptions, UnitParameters, open};
use crate::engine::{EngineError, GoldenEngine, RtlEngine};
use crate::experiment::pieces::{Pieces, PiecesError};
use crate::golden::ConfigError;
use crate::report::atomic::{WriteError, write_atomic};
use crate::report::mosaic;
use crate::report::provenance::{Provenance, digest_of};

/// What runs the convolutions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum EngineChoice {
    /// The golden software model
    Golden,
    /// The unit's RTL, every window compared with the golden model
    Rtl,
}

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

/// Why the experiment has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WindowsError {
    /// A tolerance is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A filter is wrong.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// There are not so many images.
    #[error("{asked} images are asked for; this part of the data set has {available}")]
    Images {
        /// Asked for.
        asked: usize,
        /// There are.
        available: usize,
    },
    /// The engine failed.
    #[error("image {image}, filter {filter}, {configuration}: {source}{report}")]
    Engine {
        /// The image.
        image: usize,
        /// The filter.
        filter: String,
        /// The configuration.
        configuration: String,
        /// Why.
        source: Box<EngineError>,
        /// Where the report is.
        report: String,
    },
    /// The unit cannot be run.
    #[error(transparent)]
    Dut(#[from] DutError),
    /// Work in pieces.
    #[error(transparent)]
    Pieces(#[from] PiecesError),
    /// Too many windows differ.
    #[error("{mismatches} windows differ; the run stops at {limit} (--max-mismatches)")]
    TooManyMismatches {
        /// Windows that differ.
        mismatches: u64,
        /// The limit.
        limit: u64,
    },
    /// A mismatch could not be followed up.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// A result file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The results folder cannot be made.
    #[error("cannot create {}: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A piece of an earlier run cannot be read.
    #[error("piece {0} of the run cannot be read; run without --resume to start afresh")]
    Piece(usize),
}

/// What a run came to.
#[derive(Debug)]
pub struct WindowsRun {
    /// The summary's lines.
    pub summary: Vec<Summary>,
    /// What the scoreboard saw.
    pub findings: Findings,
    /// The result files.
    pub files: Vec<PathBuf>,
    /// The mismatch reports.
    pub reports: Vec<PathBuf>,
}

/// What a run tells while it goes on.
pub trait Progress: Sync {
    /// Images finished by an earlier run.
    fn resumed(&self, images: usize);
    /// One more image is finished.
    fn image(&self);
    /// A mismatch has been followed up.
    fn mismatch(&self, case: &Case, report: &Path);
}

/// Mismatches that are followed up with a report and a waveform.
const REPORTS: usize = 3;

/// The result of some images. Rows are CSV already: they are by far the most of it.
#[derive(Debug, Serialize, Deserialize)]
struct Piece {
    rows: String,
    totals: Vec<Totals>,
    findings: Findings,
}

/// Runs the experiment. `stop` ends it after the pieces under way.
pub fn run(
    settings: &Settings<'_>,
    stop: &AtomicBool,
    progress: &impl Progress,
) -> Result<WindowsRun, WindowsError> {
    check_names(&settings.filters)?;
    let configurations = configurations(&settings.taus, settings.unit.log_frac)?;
    let available = settings.dataset.images(settings.split).count();
    if settings.images == 0 || settings.images > available {
        return Err(WindowsError::Images { asked: settings.images, available });
    }
    let images: Vec<&Image> =
        settings.dataset.images(settings.split).take(settings.images).collect();
    fs::create_dir_all(&settings.out)
        .map_err(|source| WindowsError::Folder { folder: settings.out.clone(), source })?;

    let provenance = provenance(settings, &configurations);
    let piece_images = (images.len() / 64).clamp(4, 100);
    let chunks: Vec<&[&Image]> = images.chunks(piece_images).collect();
    let pieces = Pieces::open(&settings.out, &provenance.key(), chunks.len(), settings.resume)?;
    progress.resumed((pieces.finished() * piece_images).min(images.len()));

    let follow_up = FollowUp::new(settings, progress);
    let worked = pieces.run(settings.jobs, stop, || {
        let mut bench = bench(settings, &configurations)?;
        let (follow_up, chunks) = (&follow_up, &chunks);
        Ok(move |index: usize| {
            let piece = piece(&mut bench, index * piece_images, chunks[index], follow_up)?;
            if follow_up.seen(&piece.findings)? >= settings.max_mismatches {
                stop.store(true, Ordering::Relaxed);
            }
            Ok::<_, WindowsError>(piece)
        })
    });
    let mismatches = follow_up.mismatches.load(Ordering::Relaxed);
    if worked.is_err() && mismatches >= settings.max_mismatches {
        let limit = settings.max_mismatches;
        return Err(WindowsError::TooManyMismatches { mismatches, limit });
    }
    worked?;
    let reports = follow_up.reports.into_inner().expect("no thread panics with the lock");
    finish(settings, &configurations, &images, provenance, pieces, reports)
}

fn bench<'a>(
    settings: &'a Settings<'_>,
    configurations: &'a [Configuration],
) -> Result<Bench<'a>, WindowsError> {
    let stalls = settings.stalls.map(|seed| Stalls { seed });
    let options = UnitOptions { x_seed: settings.seed, stalls, ..UnitOptions::default() };
    let rtl = match settings.engine {
        EngineChoice::Golden => None,
        EngineChoice::Rtl => {
            let engine = RtlEngine::new(open(settings.unit, &options)?)?;
            let scoreboard = Scoreboard::new(settings.unit, options, settings.seed, REPORTS);
            Some((engine.with_threshold_offset(settings.threshold_offset), scoreboard))
        }
    };
    let place = Place {
        experiment: "windows".to_owned(),
        dataset: settings.dataset.source.name().to_owned(),
        ..Place::default()
    };
    let filters = &settings.filters;
    Ok(Bench { golden: GoldenEngine::default(), rtl, filters, configurations, place })
}

fn piece(
    bench: &mut Bench<'_>,
    first: usize,
    images: &[&Image],
    follow_up: &FollowUp<'_, impl Progress>,
) -> Result<Piece, WindowsError> {
    let mut rows = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    let mut totals = vec![Totals::default(); bench.filters.len() * bench.configurations.len()];
    for (number, image) in (first..).zip(images) {
        let (image_rows, image_totals) = bench
            .image(number, image)
            .map_err(|failure| follow_up.failed(bench, number, image, *failure))?;
        for row in image_rows {
            rows.serialize(row).expect("a row is plain data, and memory does not fail");
        }
        for (totals, image) in totals.iter_mut().zip(&image_totals) {
            totals.merge(image);
        }
        follow_up.progress.image();
    }
    let findings = match &mut bench.rtl {
        None => Findings::default(),
        Some((rtl, scoreboard)) => {
            scoreboard.check_counters(rtl)?;
            scoreboard.take_findings()
        }
    };
    let rows = rows.into_inner().expect("memory does not fail");
    let rows = String::from_utf8(rows).expect("a row is text");
    Ok(Piece { rows, totals, findings })
}

/// Follows mismatches up while the run goes on.
struct FollowUp<'a, P> {
    settings: &'a Settings<'a>,
    progress: &'a P,
    mismatches: AtomicU64,
    reports: Mutex<Vec<PathBuf>>,
}

impl<'a, P: Progress> FollowUp<'a, P> {
    fn new(settings: &'a Settings<'a>, progress: &'a P) -> Self {
        Self { settings, progress, mismatches: AtomicU64::new(0), reports: Mutex::default() }
    }

    /// Replays the first few cases, and returns how many windows differ so far.
    fn seen(&self, findings: &Findings) -> Result<u64, ReplayError> {
        for case in &findings.cases {
            self.replay(case)?;
        }
        let before = self.mismatches.fetch_add(findings.mismatches, Ordering::Relaxed);
        Ok(before + findings.mismatches)
    }

    fn replay(&self, case: &Case) -> Result<(), ReplayError> {
        let mut reports = self.reports.lock().expect("no thread panics with the lock");
        if reports.len() < REPORTS {
            let replayed = replay(case, &self.settings.mismatch_dir.join(case.id()))?;
            self.progress.mismatch(case, &replayed.report);
            reports.push(replayed.report);
        }
        Ok(())
    }

    /// An engine that gave up on a window: with a waveform of it, if the RTL is to blame.
    fn failed(
        &self,
        bench: &Bench<'_>,
        image_number: usize,
        image: &Image,
        failure: super::measure::Failure,
    ) -> WindowsError {
        let super::measure::Failure { filter, configuration, source } = failure;
        let mut report = String::new();
        if let (Some((_, scoreboard)), EngineError::Window { x, y, run, stream, .. }) =
            (&bench.rtl, &source)
        {
            let (filter, configuration) =
                (&bench.filters[filter], &bench.configurations[configuration]);
            let place = Place {
                image: image_number,
                filter: filter.name.clone(),
                configuration: configuration.name.clone(),
                column: *x,
                row: *y,
                ..bench.place.clone()
            };
            let (kernel, semantics) = (&filter.kernel, &configuration.semantics);
            let case = scoreboard.case(&place, &plane(image), kernel, semantics, run, *stream);
            report = match self.replay(&case) {
                Ok(()) => format!(
                    "\n(report in {})",
                    self.settings.mismatch_dir.join(case.id()).display()
                ),
                Err(error) => format!("\n(and no report of it: {error})"),
            };
        }
        WindowsError::Engine {
            image: image_number,
            filter: bench.filters[filter].name.clone(),
            configuration: bench.configurations[configuration].name.clone(),
            source: Box::new(source),
            report,
        }
    }
}

fn provenance(settings: &Settings<'_>, configurations: &[Configuration]) -> Provenance {
    let filters: Vec<_> = settings
        .filters
        .iter()
        .map(|filter| json!({ "name": filter.name, "weights": filter.kernel.weights() }))
        .collect();
    let names: Vec<_> = configurations.iter().map(|it| it.name.clone()).collect();
    let unit = settings.unit;
    let engine = match settings.engine {
        EngineChoice::Golden => json!({ "name": "golden", "log_frac": unit.log_frac }),
        EngineChoice::Rtl => json!({
            "name": "rtl",
            "unit": unit.name,
            "kernel": unit.kernel,
            "log_frac": unit.log_frac,
            "multipliers": unit.multipliers,
            "mem_width": unit.mem_width,
            "stall_seed": settings.stalls,
            "threshold_offset": settings.threshold_offset,
        }),
    };
    Provenance::new(
        "windows",
        json!({
            "dataset": settings.dataset.source.name(),
            "dataset_sha256": settings.dataset.digest(),
            "split": format!("{:?}", settings.split).to_lowercase(),
            "images": settings.images,
            "filters": filters,
            "configurations": names,
            "engine": engine,
            "seed": settings.seed,
        }),
    )
}

fn finish(
    settings: &Settings<'_>,
    configurations: &[Configuration],
    images: &[&Image],
    mut provenance: Provenance,
    pieces: Pieces,
    reports: Vec<PathBuf>,
) -> Result<WindowsRun, WindowsError> {
    let mut totals = vec![Totals::default(); settings.filters.len() * configurations.len()];
    let mut findings = Findings::default();
    let rows_path = settings.out.join("windows.csv");
    let mut unreadable = None;
    write_atomic(&rows_path, |file| {
        file.write_all(header().as_bytes())?;
        for index in 0..pieces.count() {
            let Some(piece) = pieces.read::<Piece>(index) else {
                unreadable = Some(index);
                return Err(io::ErrorKind::InvalidData.into());
            };
            file.write_all(piece.rows.as_bytes())?;
            for (totals, piece) in totals.iter_mut().zip(&piece.totals) {
                totals.merge(piece);
            }
            findings.merge(piece.findings, REPORTS);
        }
        Ok(())
    })
    .map_err(|error| unreadable.map_or(WindowsError::Write(error), WindowsError::Piece))?;

    let summary = summarise(&settings.filters, configurations, &totals);
    let summary_path = settings.out.join("summary.csv");
    write_atomic(&summary_path, |file| {
        let mut writer = csv::Writer::from_writer(file);
        for line in &summary {
            writer.serialize(line)?;
        }
        writer.flush()
    })?;
    let mosaic_path = settings.out.join("feature_maps.png");
    let maps = mosaic::FeatureMaps::new(&plane(images[0]), &settings.filters, configurations);
    write_atomic(&mosaic_path, |file| maps.write_png(file))?;

    provenance.result("windows_compared", findings.windows);
    provenance.result("mismatches", findings.mismatches);
    for path in [&rows_path, &summary_path] {
        provenance.result(
            &path.file_name().unwrap_or_default().to_string_lossy(),
            digest_of(path)
                .map_err(|source| WindowsError::Folder { folder: path.clone(), source })?,
        );
    }
    let provenance_path = settings.out.join("provenance.json");
    provenance.write(&provenance_path)?;
    pieces.remove()?;
    let files = vec![rows_path, summary_path, mosaic_path, provenance_path];
    Ok(WindowsRun { summary, findings, files, reports })
}

/// The header line of `windows.csv`, which `csv` writes only ahead of a row.
fn header() -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.serialize(Row::default()).expect("a row is plain data, and memory does not fail");
    let text = writer.into_inner().expect("memory does not fail");
    let text = String::from_utf8(text).expect("a row is text");
    text.lines().next().map(|line| format!("{line}\n")).unwrap_or_default()
}
