//! Follows mismatches up while the run goes on.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::WindowsError;
use super::measure::{Bench, Failure, plane};
use super::settings::Settings;
use crate::check::{Case, Findings, Place, ReplayError, replay};
use crate::data::Image;
use crate::engine::EngineError;

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
pub(super) const REPORTS: usize = 3;

/// Follows mismatches up while the run goes on.
pub(super) struct FollowUp<'a, P> {
    settings: &'a Settings<'a>,
    pub progress: &'a P,
    pub mismatches: AtomicU64,
    pub reports: Mutex<Vec<PathBuf>>,
}

impl<'a, P: Progress> FollowUp<'a, P> {
    pub fn new(settings: &'a Settings<'a>, progress: &'a P) -> Self {
        Self { settings, progress, mismatches: AtomicU64::new(0), reports: Mutex::default() }
    }

    /// Replays the first few cases, and returns how many windows differ so far.
    pub fn seen(&self, findings: &Findings) -> Result<u64, ReplayError> {
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
    pub fn failed(
        &self,
        bench: &Bench<'_>,
        image_number: usize,
        image: &Image,
        failure: Failure,
    ) -> WindowsError {
        let Failure { filter, configuration, source } = failure;
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
