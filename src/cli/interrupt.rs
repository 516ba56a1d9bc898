//! Ctrl-C ends a run after the pieces under way.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;

/// The exit status of a run that the user has stopped.
const INTERRUPTED: u8 = 130;

/// A flag that the first Ctrl-C sets; the second ends the program at once.
pub(super) fn flag() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(INTERRUPTED));
        }
        eprintln!("\nstopping after the pieces under way; Ctrl-C again stops at once");
    })
    .context("cannot catch Ctrl-C")?;
    Ok(stop)
}

/// The exit status of a run that the user has stopped.
pub(super) fn status() -> ExitCode {
    ExitCode::from(INTERRUPTED)
}
