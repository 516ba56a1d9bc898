//! Follows mismatches up while the run goes on.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::LenetError;
use crate::check::{Case, Findings, ReplayError, replay};
use crate::engine::EngineError;
use crate::experiment::windows::Progress;

/// Replays the first few windows that differ, with a waveform.
pub(super) struct FollowUp<'a, P> {
    folder: &'a Path,
    progress: &'a P,
    pub mismatches: AtomicU64,
    pub reports: Mutex<Vec<PathBuf>>,
}

impl<'a, P: Progress> FollowUp<'a, P> {
    pub fn new(folder: &'a Path, progress: &'a P) -> Self {
        Self { folder, progress, mismatches: AtomicU64::new(0), reports: Mutex::default() }
    }

    /// Replays cases while there is room for reports, and returns how many windows differ so far.
    pub fn seen(&self, findings: &Findings) -> Result<u64, ReplayError> {
        for case in &findings.cases {
            self.replay(case)?;
        }
        let before = self.mismatches.fetch_add(findings.mismatches, Ordering::Relaxed);
        Ok(before + findings.mismatches)
    }

    fn replay(&self, case: &Case) -> Result<(), ReplayError> {
        let mut reports = self.reports.lock().expect("no thread panics with the lock");
        if reports.len() < super::REPORTS {
            let replayed = replay(case, &self.folder.join(case.id()))?;
            self.progress.mismatch(case, &replayed.report);
            reports.push(replayed.report);
        }
        Ok(())
    }

    /// A unit that gave up on a window: with a waveform of it.
    pub fn failed(&self, error: LenetError) -> LenetError {
        if let LenetError::Engine { source, .. } = &error {
            if let EngineError::LayerWindow { case, .. } = &**source {
                // The error is what the user must see; a report beside it is a help.
                let _ = self.replay(case);
            }
        }
        error
    }
}
