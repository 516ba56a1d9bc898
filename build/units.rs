//! The parameter sets of the approximate convolution unit, each verilated twice: fast, and with a
//! waveform for the replay of a mismatch.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use verilated::build::{Trace, Verilate};

use crate::camel_case;

/// A parameter set of `rtl/conv_approx/conv_unit.sv` that ships as a model.
struct Unit {
    name: &'static str,
    kernel: u32,
    log_frac: u32,
    multipliers: u32,
    mem_width: u32,
    kernels: u32,
}

/// To add a parameter set, add a line.
#[rustfmt::skip]
const UNITS: &[Unit] = &[
    // The paper's unit: 3×3 kernels, all 36 products of the 2×2 tile at once.
    Unit { name: "k3",             kernel: 3, log_frac: 0, multipliers: 36,  mem_width: 32,  kernels: 1 },
    Unit { name: "k3_f3",          kernel: 3, log_frac: 3, multipliers: 36,  mem_width: 32,  kernels: 1 },
    Unit { name: "k3_w128",        kernel: 3, log_frac: 0, multipliers: 36,  mem_width: 128, kernels: 1 },
    // Kept products only, one or two a cycle.
    Unit { name: "k3_m1_n3_f3",    kernel: 3, log_frac: 3, multipliers: 1,   mem_width: 32,  kernels: 3 },
    Unit { name: "k3_m2",          kernel: 3, log_frac: 0, multipliers: 2,   mem_width: 32,  kernels: 1 },
    // Up to 5×5.
    Unit { name: "k5",             kernel: 5, log_frac: 0, multipliers: 100, mem_width: 32,  kernels: 1 },
    // For LeNet-5: a window is fetched once for up to 16 output channels.
    Unit { name: "k5_n16_w128",    kernel: 5, log_frac: 0, multipliers: 100, mem_width: 128, kernels: 16 },
    Unit { name: "k5_n16_f3_w128", kernel: 5, log_frac: 3, multipliers: 100, mem_width: 128, kernels: 16 },
    Unit { name: "k5_m4_n16_w128", kernel: 5, log_frac: 0, multipliers: 4,   mem_width: 128, kernels: 16 },
];

const RTL: &str = "rtl/conv_approx";

/// The package comes first; modules may follow in any order.
const FILES: &[&str] = &[
    "conv_approx_pkg.sv",
    "window_walker.sv",
    "window_fetch.sv",
    "log_bank.sv",
    "kernel_bank.sv",
    "product_select.sv",
    "multiply_parallel.sv",
    "multiply_serial.sv",
    "conv_counters.sv",
    "conv_unit.sv",
];

impl Unit {
    fn model(&self, name: String) -> Verilate {
        Verilate::new(name, "conv_unit")
            .sources(sources())
            .waivers("rtl/waivers.vlt")
            .parameter("KERNEL", self.kernel)
            .parameter("LOG_FRAC", self.log_frac)
            .parameter("MULTIPLIERS", self.multipliers)
            .parameter("MEM_WIDTH", self.mem_width)
            .parameter("KERNELS", self.kernels)
            .clock("clk_i")
    }

    fn fast(&self) -> Verilate {
        self.model(self.name.to_owned())
    }

    fn traced(&self) -> Verilate {
        self.model(format!("{}_traced", self.name)).trace(Trace::Vcd).optimization("-O1")
    }
}

/// The RTL of the unit, the package first.
pub fn sources() -> impl Iterator<Item = PathBuf> {
    FILES.iter().map(|file| Path::new(RTL).join(file))
}

/// Every model of a unit.
pub fn models() -> impl Iterator<Item = Verilate> {
    UNITS.iter().flat_map(|unit| [unit.fast(), unit.traced()])
}

/// The Rust source that lists the units for `src/dut/units.rs`.
pub fn list() -> Result<String, std::fmt::Error> {
    let mut list = String::from("units! {\n");
    for Unit { name, kernel, log_frac, multipliers, mem_width, kernels } in UNITS {
        let fast = camel_case(name);
        writeln!(
            list,
            "    {name:?} {fast} {fast}Traced {kernel} {log_frac} {multipliers} {mem_width} {kernels};"
        )?;
    }
    list.push_str("}\n");
    for Unit { name, .. } in UNITS {
        writeln!(list, "verilated::include_model!(\"{name}\");")?;
        writeln!(list, "verilated::include_model!(\"{name}_traced\");")?;
    }
    Ok(list)
}
