// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tables of what designs cost in gates.

use super::PlotBy;
use crate::report::figure::{Bar, Bars, Group, palette};
use crate::table;
use crate::table::Fixed;

table! {
    /// One design, synthesised for one clock.
    pub struct DesignRow in "synth.csv" {
        /// Name of the parameter set, `core`, `core_fp` with floating point, or `pair` with the parameters
        /// of the coprocessor: core and coprocessor together.
        pub design: String,
        /// The cell library.
        pub library: String,
        /// The clock period that mapping and sizing aim at.
        pub period_ns: Fixed<3>,
        /// Whether registers with an enable have a gated clock.
        pub clock_gates: bool,
        /// The area of all cells. No wire, no placement, no memory macro is in it.
        pub area_um2: Fixed<1>,
        /// The same in thousands of the library's smallest NAND with two inputs.
        pub area_kge: Fixed<2>,
        /// Of it, registers, latches and clock gates.
        pub sequential_um2: Fixed<1>,
        /// Of it, everything else.
        pub combinational_um2: Fixed<1>,
        /// Cells.
        pub cells: usize,
        /// The area in percent of the core's, as the paper counts: what the unit adds to the core. Of a
        /// pair, and of the core with floating point, what it has more than the core alone. Empty for the core, and without it.
        pub over_core_percent: Option<Fixed<2>>,
        /// What the paper has there, for its unit: 108.23.
        pub paper_over_core_percent: Option<Fixed<2>>,
        /// Bits of the memory of the kernel bank, which is flip-flops in the area above: its slots, and the
        /// register at its output. 0 for one slot, which has no memory.
        pub kernel_memory_bits: usize,
        /// The area of that memory as flip-flops.
        pub kernel_memory_um2: Fixed<1>,
        /// An estimate of its area as a memory macro: its bits at 0.826 Mb/mm², the density of the SRAMs
        /// that OpenRAM makes in FreePDK45 (M. Guthaus et al., ICCAD 2016). Macros as small and as wide as
        /// this are less dense: no real one is smaller. Empty without a memory, and for other libraries than nangate45.
        pub kernel_macro_estimate_um2: Option<Fixed<1>>,
        /// over_core_percent with the estimate in the place of the flip-flops.
        pub with_macro_over_core_percent: Option<Fixed<2>>,
        /// The longest path: from the edge of an ideal clock, or an input at that edge, to the data of a
        /// register with its setup time, or an output.
        pub critical_path_ns: Fixed<3>,
        /// The period less that; negative where the design is too slow.
        pub slack_ns: Fixed<3>,
        /// Where the longest path starts.
        pub path_start: String,
        /// Where it ends.
        pub path_end: String,
        /// The critical path in percent more than the core's; negative for a faster one. Empty for the
        /// core, and without it.
        pub delay_over_core_percent: Option<Fixed<2>>,
        /// What the paper has there, for its unit: 0.
        pub paper_delay_over_core_percent: Option<Fixed<2>>,
    }
}

table! {
    /// One instance of a module in a design.
    pub struct ModuleRow in "modules.csv" {
        /// As in synth.csv.
        pub design: String,
        /// Names of instances from the top, with dots between; empty for the top itself.
        pub instance: String,
        /// The module.
        pub module: String,
        /// The area of its cells and of all instances in it.
        pub area_um2: Fixed<1>,
        /// The same in thousands of the library's smallest NAND with two inputs.
        pub area_kge: Fixed<2>,
        /// In percent of the design.
        pub share_percent: Fixed<2>,
        /// Of the area, registers, latches and clock gates.
        pub sequential_um2: Fixed<1>,
        /// The area of its own cells alone.
        pub own_um2: Fixed<1>,
        /// Cells, those of all instances in it included.
        pub cells: usize,
    }
}

pub(crate) static AREA: PlotBy<DesignRow> = PlotBy {
    name: "area",
    key: |row| &row.library,
    figure: |of, rows, name| {
        let group = |row: &&DesignRow| {
            let parts = [
                Bar::new(row.sequential_um2.0, palette::BLUE),
                Bar::new(row.combinational_um2.0, palette::ORANGE),
            ];
            Group::new(format!("{}, {:.2} ns", row.design, row.critical_path_ns.0), parts.to_vec())
        };
        Bars {
            title: format!("Area and longest path, {of}"),
            axis: "µm² of cells".to_owned(),
            legend: vec![
                ("registers".to_owned(), palette::BLUE),
                ("everything else".to_owned(), palette::ORANGE),
            ],
            stacked: true,
            groups: rows.iter().map(group).collect(),
            ..Bars::default()
        }
        .draw(name)
    },
};
