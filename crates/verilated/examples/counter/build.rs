//! Verilates the counter: once plain, for speed, and once with waveforms.

use verilated::build::{BuildError, Trace, Verilate};

fn main() -> Result<(), BuildError> {
    let counter = |name| {
        Verilate::new(name, "counter")
            .source("rtl/counter.sv")
            .parameter("Width", 12)
            .clock("clk_i")
    };
    verilated::build::run([counter("counter"), counter("counter_traced").trace(Trace::Vcd)])
}
