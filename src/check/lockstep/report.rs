//! The text of a mismatch report.

use std::fmt::Write as _;
use std::path::Path;

use super::case::{PROGRAM_FILE, ProgramCase};
use super::mismatch::{Mismatch, Traced};
use crate::check::report::{grid, inputs, product_table, replay_command};
use crate::dut::soc::{LastRun, SocParameters};
use model::hart::{Run, disassemble};

/// A clock cycle in the waveform's units of time.
pub(super) const CYCLE_TIME: u64 = 10;

/// How a mismatch came to its waveform.
pub(super) enum Replay {
    /// The traced build differs in the same way.
    Same,
    /// It differs in another way, or not at all.
    Other,
}

/// Everything about one mismatch that an engineer asks first.
pub(super) fn describe(
    case: &ProgramCase,
    soc: &SocParameters,
    mismatch: &Mismatch,
    replay: &Replay,
    begin: u64,
    folder: &Path,
) -> String {
    let mut text = String::new();
    // Writing into a String cannot fail.
    let mut line = |s: String| {
        let _ = writeln!(text, "{s}");
    };

    line(format!("MISMATCH {}", case.id()));
    line(String::new());
    for difference in &mismatch.differences {
        line(format!("  {difference}"));
    }
    line(String::new());
    line(format!("program     {} ({PROGRAM_FILE})", case.program));
    line(format!(
        "system      {}: KERNEL = {}, LOG_FRAC = {}, MULTIPLIERS = {}, KERNELS = {}, RAM_BYTES = {}",
        soc.name, soc.kernel, soc.log_frac, soc.multipliers, soc.kernels, soc.ram_bytes
    ));
    line(format!(
        "cycle       {}: time {} in wave.vcd",
        mismatch.cycle,
        begin + mismatch.cycle * CYCLE_TIME
    ));
    line(format!("registers   start from seed {}; memory {}", case.x_seed, waiting(case)));
    if !case.interrupts.is_empty() {
        let cycles: Vec<String> = case.interrupts.iter().map(u64::to_string).collect();
        line(format!("interrupts  external, in cycles {}", cycles.join(", ")));
    }
    if let Some(flip) = case.flip {
        line(format!(
            "planted     bits {:#x} of the word at {:#010x} flip behind cycle {}",
            flip.bits, flip.addr, flip.cycle
        ));
    }
    if let Replay::Other = replay {
        line(
            "waveform    of another build, in which this mismatch does not come: registers start with other values there"
                .into(),
        );
    }
    line(String::new());
    history(&mut line, &mismatch.history);
    registers(&mut line, &mismatch.registers);
    if let Some((actual, expected)) = &mismatch.run {
        run(&mut line, soc, actual, expected);
    }
    line("waveform    gtkwave wave.vcd wave.gtkw   (or: surfer wave.vcd)".into());
    line(format!("replay      {}", replay_command(folder)));
    text
}

fn waiting(case: &ProgramCase) -> String {
    match (case.wait_states, case.stall_seed) {
        (0, None) => "never waits".into(),
        (0, Some(seed)) => format!("waits at random, seed {seed}"),
        (cycles, None) => format!("waits {cycles} cycles for each grant"),
        (cycles, Some(seed)) => {
            format!("waits {cycles} cycles for each grant, and at random, seed {seed}")
        }
    }
}

fn history(line: &mut impl FnMut(String), history: &[Traced]) {
    if history.is_empty() {
        return;
    }
    line("the last instructions, as the core retired them:".into());
    line("       cycle        order  pc          instruction".into());
    for traced in history {
        let &Traced { cycle, order, pc, insn, rd: (rd, value), trap, interrupt } = traced;
        let mut text = format!("  {cycle:10} {order:12}  {pc:#010x}  {}", disassemble(insn, pc));
        if rd != 0 {
            text = format!("{text:70} x{rd} = {value:#010x}");
        }
        if trap {
            text = format!("{text:70} trap");
        }
        if interrupt {
            text.push_str("  (first of an interrupt's handler)");
        }
        line(text);
    }
    line(String::new());
}

fn registers(line: &mut impl FnMut(String), registers: &[(u32, u32); 32]) {
    line("registers after it, the core's; the reference's behind <-- where they differ:".into());
    for four in (0..32).collect::<Vec<_>>().chunks_exact(4) {
        let cells: Vec<String> = four
            .iter()
            .map(|&n| match registers[n] {
                (actual, expected) if actual == expected => format!("{actual:#010x}"),
                (actual, expected) => format!("{actual:#010x} <-- {expected:#010x}"),
            })
            .zip(four)
            .map(|(cell, n)| format!("{:>3} {cell:25}", format!("x{n}")))
            .collect();
        line(format!("  {}", cells.join(" ").trim_end()));
    }
    line(String::new());
}

/// The unit's run: window, kernel, and each output with its products.
fn run(line: &mut impl FnMut(String), soc: &SocParameters, actual: &LastRun, expected: &Run) {
    let Run { side, tile, semantics, .. } = expected;
    let window = if *tile == 1 { *side } else { side + 1 };
    line(format!(
        "the unit ran the {side}x{side} kernel in slot {} on a {window}x{window} window: {}, T = {}, S_max scope {}",
        expected.slot, semantics.mode, semantics.threshold, semantics.scope
    ));
    line(String::new());
    grid(line, "kernel", &expected.weights, *side);
    grid(line, "window", &expected.words, window);
    let score = |score: Option<u32>| score.map_or("none".into(), |score: u32| score.to_string());
    for output in 0..*tile {
        let (golden, unit) = (expected.outputs[output], actual.outputs[output]);
        let verdict = if golden == unit { "agree" } else { "DIFFER" };
        line(format!("output {output}: expected {golden}, unit {unit}: {verdict}"));
        line(format!(
            "  S_max: expected {}, unit {}",
            score(expected.s_max[output]),
            score(actual.s_max[output])
        ));
        let inputs = inputs(&expected.words, window, *side, output);
        let keep = |keep: u64| pack(keep, soc.kernel, *side);
        let (golden, unit) = (keep(expected.keep[output]), keep(actual.keep[output]));
        let weights = &expected.weights;
        product_table(line, weights, &inputs, *side, soc.log_frac, golden, Some(unit));
        line(String::new());
    }
}

/// Products in rows of `kernel` to rows of `side`.
fn pack(keep: u64, kernel: usize, side: usize) -> u64 {
    (0..side).map(|row| (keep >> (row * kernel) & ((1 << side) - 1)) << (row * side)).sum()
}
