//! The text of a mismatch report.

use std::fmt::Write as _;
use std::path::Path;

use super::case::{Case, CaseError};
use super::expected::{Difference, ExpectedWindow};
use crate::dut::{Outcome, Tile};
use crate::golden::scores;

/// Everything about one window that an engineer asks first: where it comes from, what differs, the
/// operands, the scores, and what each side kept.
pub fn describe(
    case: &Case,
    expected: &ExpectedWindow,
    outcome: &Outcome,
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
    if differences.is_empty() {
        line("  None in this replay from reset: the difference needs what came before.".into());
    }
    line(String::new());
    line(format!("experiment  {}, data set {}, seed {}", place.experiment, place.dataset, case.seed));
    line(format!(
        "unit        {}: KERNEL = {}, LOG_FRAC = {}, MULTIPLIERS = {}, MEM_WIDTH = {}",
        unit.name, unit.kernel, unit.log_frac, unit.multipliers, unit.mem_width
    ));
    line(format!(
        "image       {}, channel {}, filter {}, configuration {}",
        place.image, place.channel, place.filter, place.configuration
    ));
    let (column, row, side) = (place.column, place.row, case.tile().window_side(case.side));
    line(format!("window      {side}x{side} at column {column}, row {row}; {} outputs", case.outputs));
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
    line(format!(
        "time        done rises at {} in wave.vcd, {} cycles after the start",
        outcome.done_time, outcome.cycles
    ));
    line(String::new());
    grid(&mut line, "kernel", &case.weights, case.side);
    grid(&mut line, "window", &case.words, side);

    for (output, dot) in expected.dots.iter().enumerate() {
        let actual = outcome.outputs[output];
        let verdict = if dot.output == actual { "agree" } else { "DIFFER" };
        line(format!("output {output}: expected {}, unit {actual}: {verdict}", dot.output));
        let score = |s: Option<u32>| s.map_or("none".into(), |s| s.to_string());
        line(format!(
            "  S_max expected {}, unit {}",
            score(dot.s_max),
            score(outcome.s_max[output])
        ));
        line("  row col        weight    activation   S_i  expected  unit".into());
        let (dx, dy) = Tile::place(output);
        let inputs: Vec<i32> = (0..case.side)
            .flat_map(|row| {
                let first = (dy + row) * side + dx;
                case.words[first..first + case.side].iter().copied()
            })
            .collect();
        let kept = outcome.kept(output, unit.kernel, case.side);
        let scores = scores(&case.weights, &inputs, unit.log_frac);
        for (i, s) in scores.iter().enumerate() {
            let (golden, unit) = (dot.kept >> i & 1 == 1, kept >> i & 1 == 1);
            let name = |kept| if kept { "keep" } else { "skip" };
            let mark = if golden == unit { "" } else { "  <--" };
            line(format!(
                "  {:3} {:3} {:13} {:13} {:>5}  {:8}  {}{mark}",
                i / case.side,
                i % case.side,
                case.weights[i],
                inputs[i],
                s.map_or("-".into(), |s| s.to_string()),
                name(golden),
                name(unit),
            ));
        }
        line(String::new());
    }
    line("waveform    gtkwave wave.vcd wave.gtkw   (or: surfer wave.vcd)".into());
    line(format!("replay      {}", replay_command(folder)));
    Ok(text)
}

/// The command that runs the case of a folder again and writes its waveform anew.
pub(super) fn replay_command(folder: &Path) -> String {
    format!("./run replay {}", folder.display())
}

fn grid(line: &mut impl FnMut(String), title: &str, words: &[i32], side: usize) {
    line(format!("{title}:"));
    for row in words.chunks_exact(side) {
        let row: Vec<String> = row.iter().map(|word| format!("{word:11}")).collect();
        line(format!("  {}", row.join(" ")));
    }
    line(String::new());
}
