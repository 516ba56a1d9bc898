//! Progress bars.

use std::io::IsTerminal;
use std::path::Path;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::check::Case;
use crate::experiment::Progress;

/// A progress bar; without a terminal, or with --quiet, it shows nothing.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// A bar of `count` things of which `what` is the plural.
    pub fn new(count: usize, what: &str, quiet: bool) -> Self {
        let bar = ProgressBar::new(count as u64);
        let style = format!("{{bar:30}} {{pos}}/{{len}} {what}, {{per_sec}}, {{eta}} left");
        bar.set_style(ProgressStyle::with_template(&style).expect("the template is well formed"));
        if quiet || !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self(bar)
    }

    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn resumed(&self, finished: usize) {
        self.0.set_position(finished as u64);
        self.0.reset_eta();
    }

    fn step(&self) {
        self.0.inc(1);
    }

    fn mismatch(&self, case: &Case, report: &Path) {
        self.0.suspend(|| eprintln!("MISMATCH {}: see {}", case.id(), report.display()));
    }
}
