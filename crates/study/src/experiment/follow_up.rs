//! Follows mismatches up while a run goes on.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::check::{Case, Findings, ReplayError, replay};

/// What a run tells while it goes on.
pub trait Progress: Sync {
    /// Steps finished by an earlier run.
    fn resumed(&self, steps: usize);
    /// One more step is finished.
    fn step(&self);
    /// A mismatch has been followed up.
    fn mismatch(&self, case: &Case, report: &Path);
}

/// Mismatches that are followed up with a report and a waveform.
pub(super) const REPORTS: usize = 3;

/// Replays the first few windows that differ, with a waveform, and counts them all.
pub(super) struct FollowUp<'a, P> {
    folder: &'a Path,
    pub progress: &'a P,
    mismatches: AtomicU64,
    reports: Mutex<Vec<PathBuf>>,
}

impl<'a, P: Progress> FollowUp<'a, P> {
    /// Reports go to folders of their own in `folder`.
    pub fn new(folder: &'a Path, progress: &'a P) -> Self {
        Self { folder, progress, mismatches: AtomicU64::new(0), reports: Mutex::default() }
    }

    /// Replays the first few cases, and returns how many windows differ so far.
    pub fn seen(&self, findings: &Findings) -> Result<u64, ReplayError> {
        for case in &findings.cases {
            self.replay(case)?;
        }
        let before = self.mismatches.fetch_add(findings.mismatches, Ordering::Relaxed);
        Ok(before + findings.mismatches)
    }

    /// Replays a case if there is room for its report.
    pub fn replay(&self, case: &Case) -> Result<(), ReplayError> {
        let mut reports = self.reports.lock().expect("no thread panics with the lock");
        if reports.len() < REPORTS {
            let replayed = replay(case, &self.folder.join(case.id()))?;
            self.progress.mismatch(case, &replayed.report);
            reports.push(replayed.report);
        }
        Ok(())
    }

    /// Replays the case of an engine that gave up; what became of it, to append to the error.
    pub fn gave_up(&self, case: &Case) -> String {
        match self.replay(case) {
            Ok(()) => format!("\n(report in {})", self.folder.join(case.id()).display()),
            Err(error) => format!("\n(and no report of it: {error})"),
        }
    }

    /// Windows that differ so far.
    pub fn mismatches(&self) -> u64 {
        self.mismatches.load(Ordering::Relaxed)
    }

    /// The reports written.
    pub fn into_reports(self) -> Vec<PathBuf> {
        self.reports.into_inner().expect("no thread panics with the lock")
    }
}
