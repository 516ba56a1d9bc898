//! The result files of a run.

use std::path::PathBuf;

use serde::Serialize;

use super::run::{AccelRun, Measured, mismatches};
use super::settings::Settings;
use super::tables;
use crate::experiment::ExperimentError;
use study::report::provenance::{Provenance, digest_of};
use study::report::table::write_csv;

/// Writes every table, and last the provenance with their digests.
pub(super) fn write_files(
    settings: &Settings<'_>,
    measured: &[Measured<'_>],
    mut provenance: Provenance,
) -> Result<AccelRun, ExperimentError> {
    let mismatches = mismatches(measured);
    let compared = measured.iter().flat_map(|it| &it.counted).map(|it| it.len() as u64).sum();
    let counted = measured.iter().flat_map(|it| &it.counted).flatten();
    let instructions = counted.map(|it| it.instructions).sum();
    let mut run = AccelRun {
        scores: measured.iter().flat_map(tables::scores).collect(),
        score_errors: measured.iter().flat_map(tables::score_errors).collect(),
        cycles: Vec::new(),
        time: Vec::new(),
        compared,
        instructions,
        mismatches,
        files: Vec::new(),
    };
    let mut files = Files { settings, written: Vec::new() };
    files.write("scores.csv", &run.scores)?;
    files.write("score_errors.csv", &run.score_errors)?;
    if compared > 0 {
        let engine = settings.engine;
        run.cycles = measured.iter().flat_map(|it| tables::cycles(it, engine)).collect();
        files.write("accel_cycles.csv", &run.cycles)?;
    }
    if settings.engine.has_cycles() {
        run.time = measured.iter().flat_map(tables::time).collect();
        files.write("accel_time.csv", &run.time)?;
    }

    provenance.result("inferences_compared", run.compared);
    provenance.result("instructions_compared", run.instructions);
    provenance.result("mismatches", run.mismatches.len());
    for path in &files.written {
        let read = |source| ExperimentError::Read { path: path.clone(), source };
        let digest = digest_of(path).map_err(read)?;
        provenance.result(&path.file_name().unwrap_or_default().to_string_lossy(), digest);
    }
    let path = settings.out.join("provenance.json");
    provenance.write(&path)?;
    files.written.push(path);
    run.files = files.written;
    Ok(run)
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
