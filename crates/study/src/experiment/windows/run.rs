//! The whole experiment: pieces of images on several threads, then the result files.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use super::configuration::{Configuration, configurations};
use super::failure::failed;
use super::filters::check_names;
use super::measure::{Bench, Row, plane};
use super::settings::Settings;
use super::statistics::Totals;
use super::summary::{Summary, summarise};
use crate::check::{Findings, Place, Scoreboard};
use study::data::Image;
use crate::dut::{Stalls, UnitOptions, open};
use crate::engine::{GoldenEngine, RtlEngine};
use crate::experiment::follow_up::{FollowUp, Progress, REPORTS};
use crate::experiment::pieces::Pieces;
use crate::experiment::{EngineChoice, ExperimentError};
use study::report::atomic::write_atomic;
use crate::experiment::windows::mosaic;
use study::report::provenance::{Provenance, digest_of};
use study::report::table::write_csv;

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
) -> Result<WindowsRun, ExperimentError> {
    check_names(&settings.filters)?;
    let configurations = configurations(&settings.taus, settings.unit.log_frac)?;
    let available = settings.dataset.images(settings.split).count();
    if settings.images == 0 || settings.images > available {
        return Err(ExperimentError::Images { asked: settings.images, available });
    }
    let images: Vec<&Image> =
        settings.dataset.images(settings.split).take(settings.images).collect();
    fs::create_dir_all(&settings.out)
        .map_err(|source| ExperimentError::Folder { folder: settings.out.clone(), source })?;

    let provenance = settings.provenance(&configurations);
    let piece_images = (images.len() / 64).clamp(4, 100);
    let chunks: Vec<&[&Image]> = images.chunks(piece_images).collect();
    let pieces = Pieces::open(&settings.out, &provenance.key(), chunks.len(), settings.resume)?;
    progress.resumed((pieces.finished() * piece_images).min(images.len()));

    let follow_up = FollowUp::new(&settings.mismatch_dir, progress);
    let worked = pieces.run(settings.jobs, stop, || {
        let mut bench = bench(settings, &configurations)?;
        let (follow_up, chunks) = (&follow_up, &chunks);
        Ok(move |index: usize| {
            let piece = piece(&mut bench, index * piece_images, chunks[index], follow_up)?;
            if follow_up.seen(&piece.findings)? >= settings.max_mismatches {
                stop.store(true, Ordering::Relaxed);
            }
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
    finish(settings, &configurations, &images, provenance, pieces, reports)
}

fn bench<'a>(
    settings: &'a Settings<'_>,
    configurations: &'a [Configuration],
) -> Result<Bench<'a>, ExperimentError> {
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
) -> Result<Piece, ExperimentError> {
    let mut rows = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    let mut totals = vec![Totals::default(); bench.filters.len() * bench.configurations.len()];
    for (number, image) in (first..).zip(images) {
        let (image_rows, image_totals) = bench
            .image(number, image)
            .map_err(|failure| failed(follow_up, bench, number, image, *failure))?;
        for row in image_rows {
            rows.serialize(row).expect("a row is plain data, and memory does not fail");
        }
        for (totals, image) in totals.iter_mut().zip(&image_totals) {
            totals.merge(image);
        }
        follow_up.progress.step();
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

fn finish(
    settings: &Settings<'_>,
    configurations: &[Configuration],
    images: &[&Image],
    mut provenance: Provenance,
    pieces: Pieces,
    reports: Vec<PathBuf>,
) -> Result<WindowsRun, ExperimentError> {
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
    .map_err(|error| unreadable.map_or(ExperimentError::Write(error), ExperimentError::Piece))?;

    let summary = summarise(&settings.filters, configurations, &totals);
    let summary_path = settings.out.join("summary.csv");
    write_csv(&summary_path, &summary)?;
    let mosaic_path = settings.out.join("feature_maps.png");
    let maps = mosaic::FeatureMaps::new(&plane(images[0]), &settings.filters, configurations);
    write_atomic(&mosaic_path, |file| maps.write_png(file))?;

    provenance.result("windows_compared", findings.windows);
    provenance.result("mismatches", findings.mismatches);
    for path in [&rows_path, &summary_path] {
        let digest = digest_of(path)
            .map_err(|source| ExperimentError::Read { path: path.clone(), source })?;
        provenance.result(&path.file_name().unwrap_or_default().to_string_lossy(), digest);
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
