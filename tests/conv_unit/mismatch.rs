//! What a failing window leaves behind: a folder with the case, its report and its waveform, and a
//! message that says how to see it.

use std::fmt::Write as _;
use std::path::Path;

use convapprox::check::{Case, Fetch, Place, replay};

use convapprox::dut::WindowRun;

use crate::bench::Bench;
use crate::window::Window;

/// Where failing windows are written.
pub const FOLDER: &str = "reports/mismatch";

/// Rows further apart than this are not replayed: the replay's memory has all words between.
const MAX_PITCH: u32 = 1 << 16;

/// What a test knows of a window besides the window.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The test, and what it was about to show; part of the folder's name.
    pub what: String,
    /// What the operands are.
    pub operands: String,
    /// The window's number in the test.
    pub number: usize,
    /// The test's seed; 0 where nothing is random.
    pub seed: u64,
    /// The command that runs the test again.
    pub repeat: String,
}

/// The window that the bench ran last, in full.
pub fn case(bench: &Bench, window: &Window, origin: &Origin) -> Case {
    let run = &window.run;
    let fetched = bench.held.as_ref().filter(|_| run.reuse);
    let fetch = fetched.map(|(window, stream)| {
        let Window { side, weights, words, run } = window;
        Fetch::new(run, *side, weights, words.clone(), *stream)
    });
    // The address of a window that is used again is not read.
    let WindowRun { addr, pitch, .. } = fetched.map_or(*run, |(window, _)| window.run);
    let place = Place {
        experiment: "conv_unit_test".to_owned(),
        dataset: origin.operands.clone(),
        image: origin.number,
        filter: origin.what.clone(),
        configuration: format!("{}-xseed{}", run.mode, bench.options.x_seed),
        ..Place::default()
    };
    Case {
        place,
        unit: bench.parameters.name.to_owned(),
        seed: origin.seed,
        x_seed: bench.options.x_seed,
        stall_seed: bench.options.stalls.map(|stalls| stalls.seed),
        // Each transaction takes a stream, and the bench stands at the next one.
        stream: bench.stream.saturating_sub(1),
        side: window.side,
        weights: window.weights.clone(),
        words: window.words.clone(),
        addr,
        pitch,
        outputs: run.tile.outputs(),
        mode: run.mode.to_string(),
        threshold: run.threshold.get(),
        unit_threshold: run.threshold.get(),
        smax_scope: run.scope.to_string(),
        carry: run.carry,
        slot: run.slot,
        fetched_by: fetch,
    }
}

/// Writes the case into a folder of `parent`, and returns what to tell the engineer.
pub fn report(case: &Case, found: &[String], origin: &Origin, parent: &Path) -> String {
    let folder = parent.join(case.id());
    let mut text = format!("{}: {}\n", case.unit, origin.what);
    for difference in found {
        let _ = writeln!(text, "  {difference}");
    }
    let memory = if case.stall_seed.is_some() { "waits" } else { "does not wait" };
    let _ = writeln!(
        text,
        "window {} of seed {}, x-seed {}; the memory {memory}",
        origin.number, origin.seed, case.x_seed
    );
    if case.pitch > MAX_PITCH {
        let _ = writeln!(text, "no replay: the pitch is {}", case.pitch);
    } else {
        match replay(case, &folder) {
            Ok(replayed) if replayed.outcome.is_ok() && replayed.differences.is_empty() => {
                let _ = writeln!(text, "alone, from reset, it agrees: it needs what came before");
            }
            Ok(_) => {}
            Err(error) => {
                let _ = writeln!(text, "its replay failed: {error}");
            }
        }
        let _ = writeln!(text, "replay with a waveform:  ./run replay {}", folder.display());
    }
    let _ = writeln!(text, "the whole test again:    {}", origin.repeat);
    text
}
