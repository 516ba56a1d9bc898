// SPDX-License-Identifier: MIT OR Apache-2.0
//! Verilates the unit, and one with a planted bug, each with waveforms and without.

use verilated::build::{BuildError, Family, Trace, Verilate, Warnings};

fn main() -> Result<(), BuildError> {
    let row = |name: &str, truncate: u32, trace: Trace| {
        Verilate::new(name, "truncated_conv")
            .source("rtl/truncated_conv.sv")
            .warnings(Warnings::Basic)
            .parameter("TRUNCATE", truncate)
            .clock("clk_i")
            .trace(trace)
    };
    let unit = Family::new("truncated_conv", row("fast", 2, Trace::None)).rows([
        row("fast", 2, Trace::None),
        row("vcd", 2, Trace::Vcd),
        row("planted_fast", 3, Trace::None),
        row("planted_vcd", 3, Trace::Vcd),
    ]);
    verilated::build::run([unit])
}
