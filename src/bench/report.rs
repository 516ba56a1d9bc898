//! The text of a mismatch report.

use std::fmt::Write as _;
use std::path::Path;

use super::case::{Case, CaseError};
use super::expected::{Difference, ExpectedWindow};
use crate::dut::{DutError, Outcome, Tile, UnitParameters};
use model::conv::{Dot, scores};

/// Everything about one window that an engineer asks first: where it comes from, what differs, the
/// operands, the scores, and what each side kept.
pub fn describe(
    case: &Case,
    expected: &ExpectedWindow,
    outcome: Result<&Outcome, &DutError>,
    differences: &[Difference],
    folder: &Path,
) -> Result<String, CaseError> {
    let unit = case.parameters()?;
    let place = &case.place;
    let mut text = String::new();
    // Writing into a String cannot fail.
    let mut line = |s: String| {
        let _ = writeln!(text, "{s}");
    };

    line(format!("MISMATCH {}", case.id()));
    line(String::new());
    for difference in differences {
        line(format!("  {difference}"));
    }
    if let Err(error) = outcome {
        line(format!("  the unit did not finish the window: {error}"));
    } else if differences.is_empty() {
        line("  None in this replay from reset: the difference needs what came before.".into());
    }
    line(String::new());
    line(format!(
        "experiment  {}, data set {}, seed {}",
        place.experiment, place.dataset, case.seed
    ));
    line(format!(
        "unit        {}: KERNEL = {}, LOG_FRAC = {}, MULTIPLIERS = {}, MEM_WIDTH = {}, KERNELS = {}",
        unit.name, unit.kernel, unit.log_frac, unit.multipliers, unit.mem_width, unit.kernels
    ));
    let filter = match place.layer.as_str() {
        "" => format!("filter {}", place.filter),
        layer => format!("layer {layer}, output channel {}", place.output),
    };
    line(format!(
        "image       {}, channel {}, {filter}, configuration {}",
        place.image, place.channel, place.configuration
    ));
    let (column, row, side) = (place.column, place.row, case.tile().window_side(case.side));
    line(format!(
        "window      {side}x{side} at column {column}, row {row}; {} outputs",
        case.outputs
    ));
    if let Some(fetch) = &case.fetched_by {
        line(format!(
            "reuse       the words are those of the run before, which fetched {0}x{0} with the kernel \
             in slot {1}; this run has the one in slot {2}",
            fetch.window_side(),
            fetch.slot,
            case.slot
        ));
    }
    line(format!(
        "semantics   {}, T = {} (the unit was given {}), S_max scope {}",
        case.mode, case.threshold, case.unit_threshold, case.smax_scope
    ));
    line(format!(
        "registers   start from seed {}; memory {}",
        case.x_seed,
        match case.stall_seed {
            Some(seed) => format!("waits at random, seed {seed}, stream {}", case.stream),
            None => "never waits".into(),
        }
    ));
    if let Ok(outcome) = outcome {
        line(format!(
            "time        done rises at {} in wave.vcd, {} cycles after the start",
            outcome.done_time, outcome.cycles
        ));
    }
    line(String::new());
    grid(&mut line, "kernel", &case.weights, case.side);
    grid(&mut line, "window", &case.words, side);

    for (output, dot) in expected.dots.iter().enumerate() {
        products(&mut line, case, output, dot, outcome.ok(), unit);
    }
    line("waveform    gtkwave wave.vcd wave.gtkw   (or: surfer wave.vcd)".into());
    line(format!("replay      {}", replay_command(folder)));
    Ok(text)
}

/// The command that runs the case of a folder again and writes its waveform anew.
pub(super) fn replay_command(folder: &Path) -> String {
    format!("./run replay {}", folder.display())
}

pub(super) fn grid(line: &mut impl FnMut(String), title: &str, words: &[i32], side: usize) {
    line(format!("{title}:"));
    for row in words.chunks_exact(side) {
        let row: Vec<String> = row.iter().map(|word| format!("{word:11}")).collect();
        line(format!("  {}", row.join(" ")));
    }
    line(String::new());
}

/// One output: what was expected, what came, and its products.
fn products(
    line: &mut impl FnMut(String),
    case: &Case,
    output: usize,
    dot: &Dot,
    outcome: Option<&Outcome>,
    unit: &UnitParameters,
) {
    let score = |score: Option<u32>| score.map_or("none".into(), |score| score.to_string());
    match outcome.map(|outcome| (outcome.outputs[output], outcome.s_max[output])) {
        Some((actual, s_max)) => {
            let verdict = if dot.output == actual { "agree" } else { "DIFFER" };
            line(format!("output {output}: expected {}, unit {actual}: {verdict}", dot.output));
            line(format!("  S_max: expected {}, unit {}", score(dot.s_max), score(s_max)));
        }
        None => {
            line(format!("output {output}: expected {}", dot.output));
            line(format!("  S_max: expected {}", score(dot.s_max)));
        }
    }
    let inputs = inputs(&case.words, case.tile().window_side(case.side), case.side, output);
    let kept = outcome.map(|outcome| outcome.kept(output, unit.kernel, case.side));
    product_table(line, &case.weights, &inputs, case.side, unit.log_frac, dot.kept, kept);
}

/// The activations of one output: its part of a window with rows of `pitch` words.
pub(super) fn inputs(words: &[i32], pitch: usize, side: usize, output: usize) -> Vec<i32> {
    let (dx, dy) = Tile::place(output);
    let rows = (0..side).map(|row| (dy + row) * pitch + dx);
    rows.flat_map(|first| words[first..first + side].iter().copied()).collect()
}

/// The products of one output; bit `row · side + column` of `golden` and `unit` tells whether one
/// is to be multiplied, and was.
pub(super) fn product_table(
    line: &mut impl FnMut(String),
    weights: &[i32],
    inputs: &[i32],
    side: usize,
    log_frac: u32,
    golden: u64,
    unit: Option<u64>,
) {
    line("  row col        weight    activation   S_i  expected  unit".into());
    let name = |kept| if kept { "keep" } else { "skip" };
    for (i, s) in scores(weights, inputs, log_frac).iter().enumerate() {
        let golden = golden >> i & 1 == 1;
        let unit = unit.map(|kept| kept >> i & 1 == 1);
        let mark = if unit.is_some_and(|unit| unit != golden) { "  <--" } else { "" };
        line(format!(
            "  {:3} {:3} {:13} {:13} {:>5}  {:8}  {}{mark}",
            i / side,
            i % side,
            weights[i],
            inputs[i],
            s.map_or("-".into(), |s| s.to_string()),
            name(golden),
            unit.map_or("-", name),
        ));
    }
    line(String::new());
}
