//! The result files of a run.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::pictures::pictures;
use super::run::{Folded, LenetRun};
use super::settings::Settings;
use super::tables::{self, Measured};
use super::work::{Group, Part};
use study::data::Split;
use crate::experiment::ExperimentError;
use crate::experiment::peers::{PeerBench, PeerRow};
use study::report::provenance::{Provenance, digest_of};
use study::report::table::write_csv;

/// Writes every table, and last the provenance with their digests.
pub(super) fn write_files(
    settings: &Settings<'_>,
    folded: &Folded<'_>,
    peers: &BTreeMap<usize, PeerBench>,
    mut provenance: Provenance,
) -> Result<LenetRun, ExperimentError> {
    let test: Vec<&Measured> = part(folded, Part::Test).map(|(_, measured)| measured).collect();
    let plain: Vec<&Measured> = test.iter().copied().filter(|it| has_table(it)).collect();
    let first = || folded.first.iter();
    let violations: u64 = test
        .iter()
        .flat_map(|it| &it.totals.cells)
        .flat_map(|cell| &cell.layers)
        .map(|layer| layer.tightness.violations)
        .sum();
    if violations > 0 {
        return Err(ExperimentError::Bound(violations));
    }

    let lenet: Vec<_> = first().chain(test.iter().copied()).flat_map(tables::lenet).collect();
    let points = tables::points(&test);
    let mut files = Files { settings, written: Vec::new() };
    files.write("lenet.csv", &lenet)?;
    let of_test = || test.iter().copied();
    if settings.analysis {
        let zeros = first().filter(|it| has_table(it)).chain(plain.iter().copied());
        files.write("zero_fractions.csv", &zeros.flat_map(tables::zeros).collect::<Vec<_>>())?;
        let errors = first().chain(of_test()).flat_map(tables::layer_errors);
        files.write("layer_errors.csv", &errors.collect::<Vec<_>>())?;
        files.write("skips.csv", &of_test().flat_map(tables::skips).collect::<Vec<_>>())?;
        let products = plain.iter().copied().flat_map(tables::products);
        files.write("products.csv", &products.collect::<Vec<_>>())?;
        let quantisation = of_test().map(tables::quantisation);
        files.write("quantisation.csv", &quantisation.collect::<Vec<_>>())?;
    }
    files.write("flips.csv", &of_test().flat_map(tables::flips).collect::<Vec<_>>())?;
    let margins = first().chain(of_test()).flat_map(tables::margins);
    files.write("margins.csv", &margins.collect::<Vec<_>>())?;
    files.write("confusion.csv", &of_test().flat_map(tables::confusion).collect::<Vec<_>>())?;
    files.write("overflow.csv", &of_test().flat_map(tables::overflow).collect::<Vec<_>>())?;
    files.write("operating_points.csv", &points)?;
    files.write("ablation.csv", &tables::ablation(&points))?;
    if settings.peers {
        files.write("peers.csv", &peer_rows(settings, folded, peers))?;
    }
    if settings.splits {
        files.write("splits.csv", &splits(folded, &plain))?;
    }

    if settings.analysis {
        for measured in &plain {
            files.written.extend(pictures(settings, measured)?);
        }
    }

    provenance.result("windows_compared", folded.findings.windows);
    provenance.result("mismatches", folded.findings.mismatches);
    for path in &files.written {
        let read = |source| ExperimentError::Read { path: path.clone(), source };
        let digest = digest_of(path).map_err(read)?;
        provenance.result(&path.file_name().unwrap_or_default().to_string_lossy(), digest);
    }
    let path = settings.out.join("provenance.json");
    provenance.write(&path)?;
    files.written.push(path);
    let findings = folded.findings.clone();
    Ok(LenetRun { lenet, points, findings, files: files.written, reports: Vec::new() })
}

fn part<'a, 'b>(
    folded: &'b Folded<'a>,
    part: Part,
) -> impl Iterator<Item = (&'b Group, &'b Measured<'a>)> {
    folded.all.iter().filter(move |(it, _)| it.part == part).map(|(it, measured)| (it, measured))
}

fn has_table(measured: &Measured) -> bool {
    measured.cells.iter().any(|cell| cell.technique.is_none())
}

fn peer_rows(
    settings: &Settings<'_>,
    folded: &Folded<'_>,
    peers: &BTreeMap<usize, PeerBench>,
) -> Vec<PeerRow> {
    let test = settings.dataset.images(Split::Test).take(settings.images);
    let labels: Vec<u8> = test.map(|image| image.label).collect();
    let groups = folded.peers.iter();
    groups.flat_map(|(group, totals)| peers[&group.variant].rows(totals, &labels)).collect()
}

/// Train, validation and test of each plain variant, with the cells that all three have.
fn splits(folded: &Folded<'_>, plain: &[&Measured]) -> Vec<tables::SplitRow> {
    let mut rows = Vec::new();
    for (group, train) in part(folded, Part::Train) {
        let same = |(it, _): &(&Group, &Measured)| it.variant == group.variant;
        let Some((_, validation)) = part(folded, Part::Validation).find(same) else { continue };
        let test = plain.iter().find(|it| std::ptr::eq(it.variant, train.variant));
        let Some(test) = test.map(|test| test.restricted_to(&train.cells)) else { continue };
        rows.extend(tables::splits(&[
            (Part::Train.name(), train),
            (Part::Validation.name(), validation),
            (Part::Test.name(), &test),
        ]));
    }
    rows
}

/// What is written so far.
struct Files<'a, 'b> {
    settings: &'a Settings<'b>,
    written: Vec<PathBuf>,
}

impl Files<'_, '_> {
    fn write<T: Serialize>(&mut self, name: &str, rows: &[T]) -> Result<(), ExperimentError> {
        let path = self.settings.out.join(name);
        write_csv(&path, rows)?;
        self.written.push(path);
        Ok(())
    }
}
