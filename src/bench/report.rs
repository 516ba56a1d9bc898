// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a mismatch report says, and what a viewer shows of its waveform.

use std::fmt::Write as _;
use std::path::Path;

use model::conv::{Mode, Number, scores};
use model::engine::{self, Place};
use model::float::flag_names;
use model::hart::{Run, Trap};
use model::isa::disassemble;
use serde_json::Value;

use super::case::{self, FILTERS, Flip, PROGRAM_FILE, ProgramCase, WindowCase};
use super::lockstep::{LastTrap, Mismatch, cause};
use super::scoreboard::{ExpectedWindow, Word, score};
use super::symbols::Symbols;
use super::system::{LastRun, Retirement};
use super::under_test::{footer, replay_command};
use super::unit::{Kept, Outcome, PlaneAt};
use super::view::View;
use crate::hw::{SocParameters, UnitParameters};

/// A clock cycle in the waveform's units of time.
pub(super) const CYCLE_TIME: u64 = 10;

/// A line of a text; writing into a String cannot fail.
macro_rules! line {
    ($text:expr $(, $($format:tt)+)?) => {{
        let _ = writeln!($text $(, $($format)+)?);
    }};
}
pub(super) use line;

/// Everything about one window that an engineer asks first: where it comes from, the operands, the
/// scores, and what each side kept.
pub(super) fn window(
    case: &WindowCase,
    expected: &ExpectedWindow,
    outcome: Option<&Outcome>,
) -> String {
    let (unit, place) = (&case.unit, &case.place);
    let (run, side) = (&case.window.run, case.window.side);
    let Place { experiment, dataset, image, channel, layer, output, configuration, .. } = place;
    let (window_side, weights) = (case.window.window_side(), &case.window.weights);
    let mut text = String::new();
    line!(text, "experiment  {experiment}, data set {dataset}, seed {}", case.seed);
    let &UnitParameters {
        kernel,
        log_frac,
        multipliers,
        mem_width,
        kernels,
        operand_w,
        counters,
        planes,
        float,
        view,
    } = unit;
    line!(
        text,
        "unit        {unit}: KERNEL = {kernel}, LOG_FRAC = {log_frac}, MULTIPLIERS = {multipliers}, \
         MEM_WIDTH = {mem_width}, KERNELS = {kernels}, OPERAND_W = {operand_w}, COUNTERS = {counters}, \
         PLANES = {planes}, FLOAT = {float}{view}"
    );
    let layer = match place.network.as_str() {
        FILTERS => format!("filter {layer}"),
        _ => format!("layer {layer}, output channel {output}"),
    };
    line!(text, "image       {image}, channel {channel}, {layer}, configuration {configuration}");
    line!(
        text,
        "window      {window_side}x{window_side} at column {}, row {}; {} outputs",
        place.column,
        place.row,
        run.tile.outputs()
    );
    let fetch = case.fetched_by.as_ref().unwrap_or(&case.window);
    if let Some(PlaneAt { addr, index }) = fetch.run.plane {
        line!(text, "log plane   at {addr:#x}, the window begins at its entry {index}");
    }
    if let Some(fetch) = &case.fetched_by {
        line!(
            text,
            "reuse       the words are those of the run before, which fetched {0}x{0} with the kernel \
             in slot {1}; this run has the one in slot {2}",
            fetch.window_side(),
            fetch.run.slot,
            run.slot
        );
    }
    line!(
        text,
        "semantics   {}, T = {} (the unit was given {}), S_max scope {}",
        run.mode,
        case.threshold,
        run.threshold,
        run.scope
    );
    let memory = match case.stall_seed {
        Some(seed) => format!("waits at random, seed {seed}, stream {}", case.window.stream),
        None => "never waits".into(),
    };
    line!(text, "registers   start from seed {}; memory {memory}", case.x_seed);
    if let Some(Outcome { done_time, cycles, .. }) = outcome {
        line!(
            text,
            "time        done rises at {done_time} in wave.vcd, {cycles} cycles after the start"
        );
    }
    line!(text);
    let number = unit.number();
    grid(&mut text, "kernel", number, weights, side);
    grid(&mut text, "window", number, &case.window.words, window_side);
    for (output, dot) in expected.dots.iter().enumerate() {
        let unit_has = outcome.map(|it| (it.outputs[output], it.s_max[output]));
        verdict(&mut text, output, number, (dot.output, dot.s_max), unit_has);
        let kept = (dot.kept, outcome.map(|outcome| outcome.kept.of(output, side)));
        let inputs = case.window.inputs(output);
        product_table(&mut text, (weights, &inputs), side, (number, log_frac), kept);
    }
    text.pop();
    text
}

/// One output: what was expected, and what came.
fn verdict(
    text: &mut String,
    output: usize,
    number: Number,
    (golden, s_max): (i32, Option<u32>),
    unit: Option<(i32, Option<u32>)>,
) {
    let shown = |word| Word::of_output(number, word);
    let (mut value, mut scores) = (format!("expected {:#}", shown(golden)), score(s_max));
    if let Some((actual, unit_s_max)) = unit {
        let verdict = if golden == actual { "agree" } else { "DIFFER" };
        value = format!("{value}, unit {:#}: {verdict}", shown(actual));
        scores = format!("{scores}, unit {}", score(unit_s_max));
    }
    line!(text, "output {output}: {value}\n  S_max: expected {scores}");
}

fn grid(text: &mut String, title: &str, number: Number, words: &[i32], side: usize) {
    line!(text, "{title}:");
    for row in words.chunks_exact(side) {
        let word = |&word| format!("{:>11}", Word { number, word });
        let row: Vec<String> = row.iter().map(word).collect();
        line!(text, "  {}", row.join(" "));
    }
    line!(text);
}

/// The products of one output; bit `row · side + column` of `golden` and `unit` tells whether one
/// is to be multiplied, and was.
fn product_table(
    text: &mut String,
    (weights, inputs): (&[i32], &[i32]),
    side: usize,
    (number, log_frac): (Number, u32),
    (golden, unit): (u64, Option<u64>),
) {
    // The bits of a float, and its value.
    let width = if number.is_float() { 28 } else { 13 };
    line!(text, "  row col {:>width$} {:>width$}   S_i  expected  unit", "weight", "activation");
    let name = |kept| if kept { "keep" } else { "skip" };
    for (i, s) in scores(weights, inputs, number, log_frac).iter().enumerate() {
        let golden = golden >> i & 1 == 1;
        let unit = unit.map(|kept| kept >> i & 1 == 1);
        let mark = if unit.is_some_and(|unit| unit != golden) { "  <--" } else { "" };
        let (row, column) = (i / side, i % side);
        let [weight, input] = [weights[i], inputs[i]].map(|word| Word { number, word });
        let s = s.map_or("-".into(), |s| s.to_string());
        let (golden, unit) = (name(golden), unit.map_or("-", name));
        line!(
            text,
            "  {row:3} {column:3} {weight:>#width$} {input:>#width$} {s:>5}  {golden:8}  {unit}{mark}"
        );
    }
    line!(text);
}

/// Everything about one mismatch that an engineer asks first.
pub(super) fn program(
    case: &ProgramCase,
    mismatch: &Mismatch,
    reproduced: bool,
    begin: u64,
    folder: &Path,
    symbols: &Symbols,
) -> String {
    let SocParameters { kernel, log_frac, multipliers, kernels, operand_w, .. } = &case.soc;
    let SocParameters { planes, unit_float, float, ram_bytes, view, .. } = &case.soc;
    let float = u8::from(*float);
    let mut text = String::new();
    line!(text, "MISMATCH {}\n", folder.file_name().unwrap_or_default().to_string_lossy());
    for difference in &mismatch.differences {
        line!(text, "  {difference}");
    }
    line!(text, "\nprogram     {} ({PROGRAM_FILE})", case.program);
    line!(
        text,
        "system      {}: KERNEL = {kernel}, LOG_FRAC = {log_frac}, MULTIPLIERS = {multipliers}, \
         KERNELS = {kernels}, OPERAND_W = {operand_w}, PLANES = {planes}, UNIT_FLOAT = {unit_float}, FLOAT = {float}, \
         RAM_BYTES = {ram_bytes}{view}",
        case.soc
    );
    let (cycle, time) = (mismatch.cycle, begin + mismatch.cycle * CYCLE_TIME);
    line!(text, "cycle       {cycle}: time {time} in wave.vcd");
    let memory = match (case.wait_states, case.stall_seed) {
        (0, None) => "never waits".into(),
        (0, Some(seed)) => format!("waits at random, seed {seed}"),
        (cycles, None) => format!("waits {cycles} cycles for each grant"),
        (cycles, Some(seed)) => {
            format!("waits {cycles} cycles for each grant, and at random, seed {seed}")
        }
    };
    line!(text, "registers   start from seed {}; memory {memory}", case.x_seed);
    if !case.interrupts.is_empty() {
        let cycles: Vec<String> = case.interrupts.iter().map(u64::to_string).collect();
        line!(text, "interrupts  external, in cycles {}", cycles.join(", "));
    }
    if let Some(Flip { cycle, addr, bits }) = case.flip {
        line!(
            text,
            "planted     bits {bits:#x} of the word at {addr:#010x} flip behind cycle {cycle}"
        );
    }
    if !reproduced {
        line!(
            text,
            "waveform    of another build, in which this mismatch does not come: registers start \
             with other values there"
        );
    }
    line!(text);
    if !mismatch.history.is_empty() {
        line!(text, "the last instructions, as the core retired them:");
        history(&mut text, &mismatch.history, symbols);
        line!(text);
    }
    line!(text, "registers after it, the core's; the reference's behind <-- where they differ:");
    registers(&mut text, 'x', &mismatch.registers);
    if let Some(floats) = &mismatch.float_registers {
        registers(&mut text, 'f', floats);
    }
    line!(text);
    if let Some((actual, expected)) = &mismatch.run {
        run(&mut text, &case.soc, actual, expected);
    }
    text.push_str(&footer(&replay_command(folder), true));
    text
}

/// What is known of a netlist that does something else than the design that it was made from.
pub(super) fn netlist(
    mismatch: &engine::Mismatch,
    at: &str,
    seed: u64,
    netlist: &Value,
    folder: &Path,
) -> String {
    let engine::Mismatch { place, difference, .. } = mismatch;
    let Place { experiment, dataset, network, layer, configuration, image, .. } = place;
    let mut text = String::new();
    line!(text, "MISMATCH {}\n", folder.file_name().unwrap_or_default().to_string_lossy());
    line!(text, "  {difference}\n");
    line!(text, "experiment  {experiment}, data set {dataset}, seed {seed}");
    line!(text, "network     {network}, configuration {configuration}, image {image}");
    line!(text, "layer       {layer}{at}");
    for (name, value) in netlist.as_object().into_iter().flatten() {
        line!(text, "{name:11} {value}");
    }
    line!(text, "replay      the command with the settings of provenance.json comes to the same");
    text
}

/// A table of instructions with what they read and wrote.
pub(super) fn history(text: &mut String, history: &[Retirement], symbols: &Symbols) {
    line!(text, "       cycle        order  pc          instruction");
    for retired in history {
        let &Retirement { cycle, order, pc, insn, rd, rd_value, .. } = retired;
        let row = format!("  {cycle:10} {order:12}  {pc:#010x}  {}", disassemble(insn, pc, true));
        let reads = retired.operands();
        let mut found: Vec<String> =
            reads.map(|(register, value)| format!("{register} is {value:#x}")).collect();
        if rd != 0 {
            found.push(format!("x{rd} = {rd_value:#010x}"));
        }
        if let Some((rd, value)) = retired.float.rd {
            found.push(format!("f{rd} = {value:#010x}"));
        }
        if retired.float.flags != 0 {
            found.push(format!("raises {}", flag_names(retired.float.flags)));
        }
        let &Retirement { mem_addr, mem_rmask, mem_wmask, mem_wdata, .. } = retired;
        let (digits, place) = (2 + 2 * mem_wmask.count_ones() as usize, symbols.place(mem_addr));
        if mem_wmask != 0 {
            found.push(format!("{mem_wdata:#0digits$x} to {mem_addr:#010x}{place}"));
        } else if mem_rmask != 0 {
            found.push(format!("from {mem_addr:#010x}{place}"));
        }
        if retired.trap {
            found.push(format!("trap: {}", cause(Some(retired.cause))));
        }
        let (row, found) = (format!("{row:70}"), found.join(", "));
        let first = if retired.interrupt { "  (first of an interrupt's handler)" } else { "" };
        line!(text, "{}", format!("{row} {found}  {}{first}", symbols.place(pc)).trim_end());
    }
}

/// What a program did last, where it did not end well: where it is, its last exception in words, and
/// its last instructions.
pub fn last_steps(recent: &[Retirement], trap: Option<LastTrap>, symbols: &Symbols) -> String {
    let mut text = String::new();
    if let Some(last) = recent.last() {
        line!(
            text,
            "the next instruction is at {:#010x} {}",
            last.next_pc,
            symbols.place(last.next_pc)
        );
    }
    if let Some(LastTrap { cycle, pc, trap: Trap { cause: number, value } }) = trap {
        line!(
            text,
            "the last trap, in cycle {cycle}: {}, mtval {value:#010x}, at {pc:#010x} {}",
            cause(Some(number)),
            symbols.place(pc)
        );
    }
    if !recent.is_empty() {
        line!(text, "the last instructions:");
        history(&mut text, recent, symbols);
    }
    text
}

fn registers(text: &mut String, letter: char, registers: &[(u32, u32); 32]) {
    for (four, pairs) in registers.chunks_exact(4).enumerate() {
        let cell = |(n, &(actual, expected)): (usize, &(u32, u32))| {
            let other = match actual == expected {
                true => String::new(),
                false => format!(" <-- {expected:#010x}"),
            };
            let name = format!("{letter}{}", 4 * four + n);
            format!("{name:>3} {:25}", format!("{actual:#010x}{other}"))
        };
        let cells: Vec<String> = pairs.iter().enumerate().map(cell).collect();
        line!(text, "  {}", cells.join(" ").trim_end());
    }
}

/// The unit's run: window, kernel, and each output with its products.
fn run(text: &mut String, soc: &SocParameters, actual: &LastRun, expected: &Run) {
    let Run { side, tile, slot, semantics, weights, words, .. } = expected;
    let window = if *tile == 1 { *side } else { side + 1 };
    line!(
        text,
        "the unit ran the {side}x{side} kernel in slot {slot} on a {window}x{window} window: {}, T = \
         {}, S_max scope {}\n",
        semantics.mode,
        semantics.threshold,
        semantics.scope
    );
    let number = semantics.number;
    grid(text, "kernel", number, weights, *side);
    grid(text, "window", number, words, window);
    for output in 0..*tile {
        let golden = (expected.outputs[output], expected.s_max[output]);
        verdict(text, output, number, golden, Some((actual.outputs[output], actual.s_max[output])));
        let inputs = case::inputs(words, window, *side, output);
        let packed = |bits: [u64; 4]| Kept { bits, kernel: soc.kernel }.of(output, *side);
        let kept = (packed(expected.keep), Some(packed(actual.kept.bits)));
        product_table(text, (weights, &inputs), *side, (number, soc.log_frac), kept);
        line!(text);
    }
}

/// What is shown of a program on the system.
pub fn program_view(title: &str, soc: &SocParameters, marker: u64) -> View {
    let mut groups = "\
        Clock: clk_i rst_ni\n\
        Retired instruction: rvfi_valid_o rvfi_order_o/d64 rvfi_pc_rdata_o/h32 rvfi_insn_o/h32 \
            rvfi_trap_o rvfi_intr_o rvfi_pc_wdata_o/h32 rvfi_rd_addr_o/d5 rvfi_rd_wdata_o/h32 \
            rvfi_mem_addr_o/h32 rvfi_mem_rmask_o/b4 rvfi_mem_rdata_o/h32 rvfi_mem_wmask_o/b4 \
            rvfi_mem_wdata_o/h32\n\
        Instruction port: instr_req instr_gnt instr_addr/h32 instr_rvalid instr_err instr_rdata/h32\n\
        IF: u_core.fetch_valid u_core.fetch_pc/h32 u_core.fetch_insn/h32\n\
        ID: u_core.id_advance u_core.id_pc/h32 u_core.id_raw/h32 u_core.id_empty u_core.id_load_use \
            u_core.id_jump_register u_core.id_redirect u_core.id_target/h32\n\
        EX: u_core.ex_ready u_core.ex_retire u_core.ex_pc/h32 u_core.ex_raw/h32 u_core.ex_result/h32 \
            u_core.ex_redirect u_core.ex_target/h32 u_core.ex_exception u_core.ex_cause/d5\n\
        WB: u_core.wb_valid_q u_core.wb_done u_core.wb_rd_q/d6 u_core.wb_wdata/h32 u_core.wb_failed \
            u_core.lsu_waiting\n\
        Data port: data_req data_gnt data_addr/h32 data_we data_be/b4 data_wdata/h32 data_rvalid \
            data_err data_rdata/h32\n\
        The unit's instructions: x_issue_valid x_issue_instr/h32 x_issue_rs1/h32 x_issue_rs2/h32 \
            x_result_valid x_result_data/h32 x_result_exc conv_output_o/h128 conv_smax_o/h64\n\
        Interrupts (external, timer, software): irq_lines_o/b3\n"
        .to_owned();
    if soc.float {
        groups += "\
            Floats of the retired instruction: rvfi_frs1_addr_o/d5 rvfi_frs1_rdata_o/h32 \
                rvfi_frs2_addr_o/d5 rvfi_frs2_rdata_o/h32 rvfi_frs3_addr_o/d5 \
                rvfi_frs3_rdata_o/h32 rvfi_frd_wvalid_o rvfi_frd_addr_o/d5 rvfi_frd_wdata_o/h32 \
                rvfi_ext_fflags_o/b5 rvfi_ext_fcsr_o/h8 rvfi_ext_fs_o/b2\n\
            FPU: u_core.id_float u_core.id_fpu_op/d5 u_core.ex_late u_core.ex_fflags/b5 u_core.frm/d3 \
                u_core.float_off u_core.wb_fpu_late u_core.fpu_result/h32 u_core.wb_fflags/b5\n";
    }
    View::new(title, "soc", marker, &groups)
}

/// What is shown of a window on the unit.
pub(super) fn window_view(unit: &UnitParameters, outcome: Option<&Outcome>) -> View {
    let done = outcome.map_or(0, |it| it.done_time);
    let products = unit.kernel * unit.kernel;
    let lanes = 4 * products;
    let (smax, memory) = (4 * (unit.score_bits() + 1), unit.mem_width);
    let kernel = products * unit.operand_w as usize;
    let side = (unit.kernel + 2).next_power_of_two().ilog2();
    let mode = Mode::ALL.len().next_power_of_two().ilog2();
    let groups = format!(
        "Clock and state (0 IDLE, 1 GET_DATA, 2 STAGE_1, 3 STAGE_2, 4 STAGE_3, 5 DONE): clk_i rst_ni \
             state_q/d3\n\
         Command: cmd_valid_i cmd_ready_o cmd_op_i cmd_size_i/d32 cmd_addr_i/h32 cmd_kernel_i/d8 \
             cmd_reuse_i cmd_tile_i cmd_mode_i/d{mode} cmd_threshold_i/d16 cmd_running_i\n\
         Memory: mem_req_o mem_gnt_i mem_addr_o/h32 mem_rvalid_i mem_err_i mem_rdata_i/h{memory}\n\
         Decision (STAGE_2): decide keep/b{lanes} smax/h{smax}\n\
         Result: done_valid_o done_ready_i error_o/d2 output_o/h128 keep_o/b{lanes} smax_o/h{smax}\n\
         Kernel of the run, and the window that is held: kernel/h{kernel} held_q fetch_side_q/d{side}\n"
    );
    let mut view = View::new("The window of a mismatch report", "conv_unit", done, &groups);
    let form = format!("d{}", unit.score_bits());
    for output in 0..4 {
        view.title(&format!("Scores of output {output}, by row and column"));
        for product in 0..products {
            let (row, column) = (product / unit.kernel, product % unit.kernel);
            let path = format!("gen_output[{output}].u_select.score[{product}]");
            view.signal(&path, Some(format!("S_{row}_{column}")), &form);
        }
    }
    view
}
