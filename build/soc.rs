//! The system on chip: verilated fast, and with waveforms of each format.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs, io};

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

/// Folders of the RTL beside that of the unit, each with its package, which comes first.
const FOLDERS: &[(&str, &str)] = &[("rtl/core", "core_pkg.sv"), ("rtl/soc", "soc_pkg.sv")];

const COPROCESSOR: &str = "rtl/conv_approx/conv_coprocessor.sv";

impl Soc {
    fn model(&self, name: String, sources: &[PathBuf]) -> Verilate {
        Verilate::new(name, "soc")
            .sources(sources)
            .waivers("rtl/waivers.vlt")
            .parameter("KERNEL", self.kernel)
            .parameter("LOG_FRAC", self.log_frac)
            .parameter("MULTIPLIERS", self.multipliers)
            .parameter("KERNELS", self.kernels)
            .parameter("RAM_BYTES", self.ram_bytes)
            .clock("clk_i")
            .memory("ram", "u_ram.words")
    }

    fn models(&self, sources: &[PathBuf]) -> Vec<Verilate> {
        let model = |build: &str| self.model(format!("{}_{build}", self.name), sources);
        let traced = |build, trace| model(build).trace(trace).optimization("-O1");
        let mut models = vec![model("fast"), traced("vcd", Trace::Vcd)];
        if env::var_os("CARGO_FEATURE_FST").is_some() {
            models.push(traced("fst", Trace::Fst));
        }
        models
    }
}

/// The RTL of the core, of its instructions for the unit, and of the system around them.
pub fn sources() -> io::Result<Vec<PathBuf>> {
    let mut sources = vec![PathBuf::from(COPROCESSOR)];
    for (folder, package) in FOLDERS {
        println!("cargo::rerun-if-changed={folder}");
        let files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
        let mut files = files.collect::<io::Result<Vec<_>>>()?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "sv"));
        files.sort_by_key(|file| (!file.ends_with(package), file.clone()));
        sources.extend(files);
    }
    Ok(sources)
}

/// Every model of a system.
pub fn models() -> io::Result<Vec<Verilate>> {
    let sources: Vec<PathBuf> = units::sources().chain(sources()?).collect();
    Ok(SOCS.iter().flat_map(|soc| soc.models(&sources)).collect())
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
        writeln!(list, "verilated::include_model!(\"{name}_fast\");")?;
        writeln!(list, "verilated::include_model!(\"{name}_vcd\");")?;
        writeln!(list, "#[cfg(feature = \"fst\")]")?;
        writeln!(list, "verilated::include_model!(\"{name}_fst\");")?;
    }
    Ok(list)
}
