// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a mismatch report says, and the GTKWave save file beside it.

use std::fmt::Write as _;
use std::path::Path;

use model::conv::scores;
use model::engine::Place;
use model::hart::Run;
use model::isa::disassemble;

use super::case::{self, FILTERS, PROGRAM_FILE, ProgramCase, WindowCase};
use super::lockstep::{Mismatch, Traced};
use super::replay::WindowUnit;
use super::scoreboard::{ExpectedWindow, score};
use super::system::LastRun;
use super::under_test::{UnitUnderTest, footer};
use super::unit::{Kept, Outcome};
use crate::hw::{SocParameters, UnitParameters};

/// A clock cycle in the waveform's units of time.
const CYCLE_TIME: u64 = 10;

/// Everything about one window that an engineer asks first: where it comes from, the operands, the
/// scores, and what each side kept.
pub(super) fn window(
    case: &WindowCase,
    expected: &ExpectedWindow,
    outcome: Option<&Outcome>,
) -> String {
    let (unit, place) = (&case.unit, &case.place);
    let (run, side) = (&case.window.run, case.window.side);
    let mut text = String::new();
    // Writing into a String cannot fail.
    let mut line = |s: String| {
        let _ = writeln!(text, "{s}");
    };

    line(format!(
        "experiment  {}, data set {}, seed {}",
        place.experiment, place.dataset, case.seed
    ));
    let UnitParameters { kernel, log_frac, multipliers, mem_width, kernels } = unit;
    line(format!(
        "unit        {unit}: KERNEL = {kernel}, LOG_FRAC = {log_frac}, MULTIPLIERS = {multipliers}, MEM_WIDTH = {mem_width}, KERNELS = {kernels}"
    ));
    let Place { image, channel, layer, output, configuration, column, row, .. } = place;
    let layer = match place.network.as_str() {
        FILTERS => format!("filter {layer}"),
        _ => format!("layer {layer}, output channel {output}"),
    };
    line(format!("image       {image}, channel {channel}, {layer}, configuration {configuration}"));
    line(format!(
        "window      {0}x{0} at column {column}, row {row}; {1} outputs",
        case.window.window_side(),
        run.tile.outputs()
    ));
    if let Some(fetch) = &case.fetched_by {
        line(format!(
            "reuse       the words are those of the run before, which fetched {0}x{0} with the kernel \
             in slot {1}; this run has the one in slot {2}",
            fetch.window_side(),
            fetch.run.slot,
            run.slot
        ));
    }
    line(format!(
        "semantics   {}, T = {} (the unit was given {}), S_max scope {}",
        run.mode, case.threshold, run.threshold, run.scope
    ));
    line(format!(
        "registers   start from seed {}; memory {}",
        case.x_seed,
        match case.stall_seed {
            Some(seed) => format!("waits at random, seed {seed}, stream {}", case.window.stream),
            None => "never waits".into(),
        }
    ));
    if let Some(outcome) = outcome {
        line(format!(
            "time        done rises at {} in wave.vcd, {} cycles after the start",
            outcome.done_time, outcome.cycles
        ));
    }
    line(String::new());
    let weights = &case.window.weights;
    grid(&mut line, "kernel", weights, side);
    grid(&mut line, "window", &case.window.words, case.window.window_side());

    for (output, dot) in expected.dots.iter().enumerate() {
        let unit_has = outcome.map(|it| (it.outputs[output], it.s_max[output]));
        verdict(&mut line, output, (dot.output, dot.s_max), unit_has);
        let kept = outcome.map(|outcome| outcome.kept.of(output, side));
        let inputs = case.window.inputs(output);
        product_table(&mut line, weights, &inputs, side, unit.log_frac, dot.kept, kept);
    }
    text.pop();
    text
}

/// One output: what was expected, and what came.
fn verdict(
    line: &mut impl FnMut(String),
    output: usize,
    (golden, s_max): (i32, Option<u32>),
    unit: Option<(i32, Option<u32>)>,
) {
    match unit {
        Some((actual, unit_s_max)) => {
            let verdict = if golden == actual { "agree" } else { "DIFFER" };
            line(format!("output {output}: expected {golden}, unit {actual}: {verdict}"));
            line(format!("  S_max: expected {}, unit {}", score(s_max), score(unit_s_max)));
        }
        None => {
            line(format!("output {output}: expected {golden}"));
            line(format!("  S_max: expected {}", score(s_max)));
        }
    }
}

fn grid(line: &mut impl FnMut(String), title: &str, words: &[i32], side: usize) {
    line(format!("{title}:"));
    for row in words.chunks_exact(side) {
        let row: Vec<String> = row.iter().map(|word| format!("{word:11}")).collect();
        line(format!("  {}", row.join(" ")));
    }
    line(String::new());
}

/// The products of one output; bit `row · side + column` of `golden` and `unit` tells whether one
/// is to be multiplied, and was.
fn product_table(
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

/// Everything about one mismatch that an engineer asks first.
pub(super) fn program(
    case: &ProgramCase,
    mismatch: &Mismatch,
    reproduced: bool,
    begin: u64,
    folder: &Path,
) -> String {
    let SocParameters { kernel, log_frac, multipliers, kernels, ram_bytes } = &case.soc;
    let mut text = String::new();
    // Writing into a String cannot fail.
    let mut line = |s: String| {
        let _ = writeln!(text, "{s}");
    };

    line(format!("MISMATCH {}", folder.file_name().unwrap_or_default().to_string_lossy()));
    line(String::new());
    for difference in &mismatch.differences {
        line(format!("  {difference}"));
    }
    line(String::new());
    line(format!("program     {} ({PROGRAM_FILE})", case.program));
    line(format!(
        "system      {}: KERNEL = {kernel}, LOG_FRAC = {log_frac}, MULTIPLIERS = {multipliers}, KERNELS = {kernels}, RAM_BYTES = {ram_bytes}",
        case.soc
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
    if !reproduced {
        line(
            "waveform    of another build, in which this mismatch does not come: registers start with other values there"
                .into(),
        );
    }
    line(String::new());
    history(&mut line, &mismatch.history);
    registers(&mut line, &mismatch.registers);
    if let Some((actual, expected)) = &mismatch.run {
        run(&mut line, &case.soc, actual, expected);
    }
    text.push_str(&footer(WindowUnit::REPLAY, folder, true));
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
    for output in 0..*tile {
        let golden = (expected.outputs[output], expected.s_max[output]);
        let unit = (actual.outputs[output], actual.s_max[output]);
        verdict(line, output, golden, Some(unit));
        let inputs = case::inputs(&expected.words, window, *side, output);
        let packed = |bits: [u64; 4]| Kept { bits, kernel: soc.kernel }.of(output, *side);
        let (golden, unit) = (packed(expected.keep), packed(actual.kept.bits));
        let weights = &expected.weights;
        product_table(line, weights, &inputs, *side, soc.log_frac, golden, Some(unit));
        line(String::new());
    }
}

/// How a signal is shown: GTKWave's trace flags.
#[derive(Clone, Copy)]
enum Radix {
    Binary,
    Decimal,
    Hexadecimal,
}

impl Radix {
    fn flags(self) -> &'static str {
        match self {
            Self::Binary => "@28",
            Self::Decimal => "@24",
            Self::Hexadecimal => "@22",
        }
    }
}

use Radix::{Binary, Decimal, Hexadecimal};

type Signal = (Radix, &'static str, usize);

type Group = (&'static str, Vec<Signal>);

/// The save file of a program on the system.
pub(super) fn program_save_file() -> String {
    let groups = vec![
        ("Clock", vec![(Binary, "clk_i", 1), (Binary, "rst_ni", 1)]),
        (
            "Retired instruction",
            vec![
                (Binary, "rvfi_valid_o", 1),
                (Decimal, "rvfi_order_o", 64),
                (Hexadecimal, "rvfi_pc_rdata_o", 32),
                (Hexadecimal, "rvfi_insn_o", 32),
                (Binary, "rvfi_trap_o", 1),
                (Binary, "rvfi_intr_o", 1),
                (Hexadecimal, "rvfi_pc_wdata_o", 32),
                (Decimal, "rvfi_rd_addr_o", 5),
                (Hexadecimal, "rvfi_rd_wdata_o", 32),
                (Hexadecimal, "rvfi_mem_addr_o", 32),
                (Binary, "rvfi_mem_rmask_o", 4),
                (Hexadecimal, "rvfi_mem_rdata_o", 32),
                (Binary, "rvfi_mem_wmask_o", 4),
                (Hexadecimal, "rvfi_mem_wdata_o", 32),
            ],
        ),
        (
            "Instruction port",
            vec![
                (Binary, "instr_req", 1),
                (Binary, "instr_gnt", 1),
                (Hexadecimal, "instr_addr", 32),
                (Binary, "instr_rvalid", 1),
                (Binary, "instr_err", 1),
                (Hexadecimal, "instr_rdata", 32),
            ],
        ),
        (
            "Data port",
            vec![
                (Binary, "data_req", 1),
                (Binary, "data_gnt", 1),
                (Hexadecimal, "data_addr", 32),
                (Binary, "data_we", 1),
                (Binary, "data_be", 4),
                (Hexadecimal, "data_wdata", 32),
                (Binary, "data_rvalid", 1),
                (Binary, "data_err", 1),
                (Hexadecimal, "data_rdata", 32),
            ],
        ),
        (
            "The unit's instructions",
            vec![
                (Binary, "x_issue_valid", 1),
                (Hexadecimal, "x_issue_instr", 32),
                (Hexadecimal, "x_issue_rs1", 32),
                (Hexadecimal, "x_issue_rs2", 32),
                (Binary, "x_result_valid", 1),
                (Hexadecimal, "x_result_data", 32),
                (Binary, "x_result_exc", 1),
                (Hexadecimal, "conv_output_o", 128),
                (Hexadecimal, "conv_smax_o", 64),
            ],
        ),
        ("Interrupts (external, timer, software)", vec![(Binary, "irq_lines_o", 3)]),
    ];
    save_file("The program of a mismatch report", "soc", groups)
}

/// The save file of a window on the unit.
pub(super) fn window_save_file(unit: &UnitParameters) -> String {
    let lanes = 4 * unit.kernel * unit.kernel;
    let log_frac = unit.log_frac as usize;
    let side = (unit.kernel + 2).next_power_of_two().ilog2() as usize;
    let groups = vec![
        (
            "Clock and state (0 IDLE, 1 GET_DATA, 2 STAGE_1, 3 STAGE_2, 4 STAGE_3, 5 DONE)",
            vec![(Binary, "clk_i", 1), (Binary, "rst_ni", 1), (Decimal, "state_q", 3)],
        ),
        (
            "Command",
            vec![
                (Binary, "cmd_valid_i", 1),
                (Binary, "cmd_ready_o", 1),
                (Binary, "cmd_op_i", 1),
                (Decimal, "cmd_size_i", 32),
                (Hexadecimal, "cmd_addr_i", 32),
                (Decimal, "cmd_kernel_i", 8),
                (Binary, "cmd_reuse_i", 1),
                (Binary, "cmd_tile_i", 1),
                (Decimal, "cmd_mode_i", 2),
                (Decimal, "cmd_threshold_i", 16),
                (Binary, "cmd_running_i", 1),
            ],
        ),
        (
            "Memory",
            vec![
                (Binary, "mem_req_o", 1),
                (Binary, "mem_gnt_i", 1),
                (Hexadecimal, "mem_addr_o", 32),
                (Binary, "mem_rvalid_i", 1),
                (Binary, "mem_err_i", 1),
                (Hexadecimal, "mem_rdata_i", unit.mem_width as usize),
            ],
        ),
        (
            "Decision (STAGE_2)",
            vec![
                (Binary, "decide", 1),
                (Binary, "keep", lanes),
                (Hexadecimal, "smax", 4 * (7 + log_frac)),
            ],
        ),
        (
            "Result",
            vec![
                (Binary, "done_valid_o", 1),
                (Binary, "done_ready_i", 1),
                (Decimal, "error_o", 2),
                (Hexadecimal, "output_o", 128),
                (Binary, "keep_o", lanes),
                (Hexadecimal, "smax_o", 4 * (7 + log_frac)),
            ],
        ),
        (
            "Kernel of the run, and the window that is held",
            vec![
                (Hexadecimal, "kernel", lanes * 8),
                (Binary, "held_q", 1),
                (Decimal, "fetch_side_q", side),
            ],
        ),
    ];

    save_file("The window of a mismatch report", "conv_unit", groups)
}

fn save_file(title: &str, top: &str, groups: Vec<Group>) -> String {
    let mut text = format!("[*] {title}\n[dumpfile] \"wave.vcd\"\n");
    for (title, signals) in groups {
        text.push_str(&format!("@200\n-{title}\n"));
        for (radix, name, width) in signals {
            let range = if width == 1 { String::new() } else { format!("[{}:0]", width - 1) };
            text.push_str(&format!("{}\nTOP.{top}.{name}{range}\n", radix.flags()));
        }
    }
    text
}
