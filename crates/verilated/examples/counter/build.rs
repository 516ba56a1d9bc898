// SPDX-License-Identifier: MIT OR Apache-2.0
//! Verilates the counter: once plain, for speed, and once with waveforms.

use verilated::build::{BuildError, Family, Trace, Verilate};

fn main() -> Result<(), BuildError> {
    let recipe = |name| {
        Verilate::new(name, "counter")
            .source("rtl/counter.sv")
            .parameter("Width", 12)
            .clock("clk_i")
    };
    let counter = Family::new("counter", recipe("plain"))
        .row(recipe("plain"))
        .row(recipe("traced").trace(Trace::Vcd));
    verilated::build::run([counter])
}
