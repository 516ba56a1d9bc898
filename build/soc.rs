//! The system on chip: verilated fast, and with waveforms of each format.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use verilated::build::{Trace, Verilate};

use crate::{camel_case, units};

/// A parameter set of `rtl/soc/soc.sv` that ships as a model.
struct Soc {
    name: &'static str,
    kernel: u32,
    log_frac: u32,
    multipliers: u32,
    kernels: u32,
    ram_bytes: u32,
}

/// To add a parameter set, add a line.
#[rustfmt::skip]
const SOCS: &[Soc] = &[
    Soc { name: "soc", kernel: 5, log_frac: 0, multipliers: 100, kernels: 16, ram_bytes: 1 << 20 },
];

/// Folders of the RTL beside that of the unit, those with the packages first.
const FOLDERS: &[(&str, &[&str])] = &[
    (
        "rtl/core",
        &[
            "core_pkg.sv",
            "core_alu.sv",
            "core_counters.sv",
            "core_csr.sv",
            "core_decode.sv",
            "core_divider.sv",
            "core_expand.sv",
            "core_fetch.sv",
            "core_lsu.sv",
            "core_multiplier.sv",
            "core_regfile.sv",
            "core_rvfi.sv",
            "core.sv",
        ],
    ),
    ("rtl/conv_approx", &["conv_coprocessor.sv"]),
    (
        "rtl/soc",
        &[
            "soc_pkg.sv",
            "soc_bus.sv",
            "soc_interrupt.sv",
            "soc_port_stall.sv",
            "soc_ram.sv",
            "soc_random.sv",
            "soc_timer.sv",
            "soc_uart.sv",
            "soc.sv",
        ],
    ),
];

impl Soc {
    fn model(&self, name: String) -> Verilate {
        Verilate::new(name, "soc")
            .sources(units::sources().chain(sources()))
            .waivers("rtl/waivers.vlt")
            .parameter("KERNEL", self.kernel)
            .parameter("LOG_FRAC", self.log_frac)
            .parameter("MULTIPLIERS", self.multipliers)
            .parameter("KERNELS", self.kernels)
            .parameter("RAM_BYTES", self.ram_bytes)
            .clock("clk_i")
            .memory("ram", "u_ram.words")
    }

    fn models(&self) -> [Verilate; 3] {
        let name = self.name;
        [
            self.model(format!("{name}_fast")),
            self.model(format!("{name}_vcd")).trace(Trace::Vcd).optimization("-O1"),
            self.model(format!("{name}_fst")).trace(Trace::Fst).optimization("-O1"),
        ]
    }
}

/// The RTL of the core, of its instructions for the unit, and of the system around them.
pub fn sources() -> impl Iterator<Item = PathBuf> {
    FOLDERS.iter().flat_map(|(folder, files)| files.iter().map(|file| Path::new(folder).join(file)))
}

/// Every model of a system.
pub fn models() -> impl Iterator<Item = Verilate> {
    SOCS.iter().flat_map(Soc::models)
}

/// The Rust source that lists the systems for `src/dut/soc/models.rs`.
pub fn list() -> Result<String, std::fmt::Error> {
    let mut list = String::from("socs! {\n");
    for Soc { name, kernel, log_frac, multipliers, kernels, ram_bytes } in SOCS {
        let ty = camel_case(name);
        writeln!(
            list,
            "    {name:?} {ty}Fast {ty}Vcd {ty}Fst {kernel} {log_frac} {multipliers} {kernels} {ram_bytes};"
        )?;
    }
    list.push_str("}\n");
    for Soc { name, .. } in SOCS {
        for suffix in ["fast", "vcd", "fst"] {
            writeln!(list, "verilated::include_model!(\"{name}_{suffix}\");")?;
        }
    }
    Ok(list)
}
