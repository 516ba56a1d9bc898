//! The table of `--stats`.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use crate::bench::system::Statistics;

/// What the counters say, and how fast the simulation was.
pub(super) fn table(statistics: &Statistics, seconds: f64) -> String {
    let Statistics {
        cycles,
        instructions,
        load_use,
        jump_register,
        fetch,
        memory,
        arithmetic,
        unit,
        loads,
        stores,
        jumps,
        branches,
        branches_taken,
        compressed,
        unit_counters,
    } = *statistics;
    let mut core = new(["core", "count", "of the cycles %"]);
    let percent = |count: u64| format!("{:.1}", 100.0 * count as f64 / cycles.max(1) as f64);
    core.add_row(["cycles", &cycles.to_string(), &percent(cycles)]);
    for (name, count) in [
        ("waiting: a load's result (load-use)", load_use),
        ("waiting: the register of a jump", jump_register),
        ("waiting: instruction fetch", fetch),
        ("waiting: data memory", memory),
        ("waiting: multiplier, divider", arithmetic),
        ("waiting: the unit", unit),
    ] {
        core.add_row([name, &count.to_string(), &percent(count)]);
    }
    for (name, count) in [
        ("instructions", instructions),
        ("loads", loads),
        ("stores", stores),
        ("jumps", jumps),
        ("conditional branches", branches),
        ("conditional branches, taken", branches_taken),
        ("compressed instructions", compressed),
    ] {
        core.add_row([name, &count.to_string(), ""]);
    }
    let cpi = format!("{:.3}", statistics.cycles_per_instruction());
    core.add_row(["cycles an instruction", &cpi, ""]);

    let mut conv = new(["unit", "count", "of its cycles %"]);
    for (name, count) in [
        ("windows", unit_counters.windows),
        ("multiplications done", unit_counters.multiplications_done),
        ("multiplications skipped", unit_counters.multiplications_skipped),
        ("memory words", unit_counters.memory_words),
        ("memory beats", unit_counters.memory_beats),
    ] {
        conv.add_row([name, &count.to_string(), ""]);
    }
    let all = f64::from(unit_counters.cycles().max(1));
    for (name, count) in [
        ("cycles in IDLE", unit_counters.cycles_idle),
        ("cycles in GET_DATA", unit_counters.cycles_get_data),
        ("cycles in STAGE_1", unit_counters.cycles_stage_1),
        ("cycles in STAGE_2", unit_counters.cycles_stage_2),
        ("cycles in STAGE_3", unit_counters.cycles_stage_3),
        ("cycles in DONE", unit_counters.cycles_done),
    ] {
        let percent = format!("{:.1}", 100.0 * f64::from(count) / all);
        conv.add_row([name, &count.to_string(), &percent]);
    }

    let khz = cycles as f64 / seconds / 1e3;
    format!("{core}\n{conv}\n{khz:.0} kHz simulated, {seconds:.2} s\n")
}

fn new(header: [&str; 3]) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
