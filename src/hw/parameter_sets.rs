// SPDX-License-Identifier: MIT OR Apache-2.0
//! The hardware that is simulated, as data: parameter sets, and the recipe by which each is
//! verilated. `build.rs` links the sets that commands use by default; every other one is verilated
//! when it is asked for.

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::{fs, io};

use verilated::build::{Trace, Verilate};

/// The parameters of `conv_unit.sv`. The name has them all: `k5_n16_w128_o8` is KERNEL = 5 with 16
/// slots, a port of 128 bits and operands of 8; what is not in it has its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnitParameters {
    /// `KERNEL`: the largest kernel side, 1 to 7.
    pub kernel: usize,
    /// `LOG_FRAC`: fraction bits of the log proxy, 0 to 8.
    pub log_frac: u32,
    /// `MULTIPLIERS`: 4·KERNEL² is the parallel unit, 1 to 4·KERNEL² − 1 the serial one.
    pub multipliers: u32,
    /// `MEM_WIDTH`: bits of the memory port, 32 or 128.
    pub mem_width: u32,
    /// `KERNELS`: the kernels that it keeps, in slots 0, 1, …; 1 to 256.
    pub kernels: usize,
    /// `OPERAND_W`: bits of an operand, 8, 16 or 32.
    pub operand_w: u32,
    /// `COUNTERS`: 1 with performance counters, 0 without.
    pub counters: u32,
    /// `PLANES`: 1 if windows can be fetched by their log planes.
    pub planes: u32,
    /// `FLOAT`: 1 if operands are floats, of 32 bits or, with 16, bfloat16.
    pub float: u32,
    /// Whether its RTL is simulated, or what synthesis makes of it.
    pub view: View,
}

/// What of a design is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum View {
    Rtl,
    /// The netlist of NanGate's cells, synthesised for the paper's clock.
    Gates {
        /// A planted bug: the seed by which one cell became another; 0 for none.
        changed_cell: u32,
    },
}

impl View {
    /// As parameters of a name: 1 for the netlist, and the seed.
    const fn parameters(self) -> [u32; 2] {
        match self {
            Self::Rtl => [0, 0],
            Self::Gates { changed_cell } => [1, changed_cell],
        }
    }
}

/// What a list of the parameters ends with.
impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rtl => Ok(()),
            Self::Gates { changed_cell: 0 } => f.write_str("; the netlist of gates"),
            Self::Gates { changed_cell } => {
                write!(f, "; the netlist of gates, one cell changed by seed {changed_cell}")
            }
        }
    }
}

/// The parameters of `soc.sv`; named alike, as in `soc_fp_k3_f3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocParameters {
    /// `KERNEL`: the unit's largest kernel side, 1 to 7.
    pub kernel: usize,
    /// `LOG_FRAC`: fraction bits of the unit's log proxy, 0 to 8.
    pub log_frac: u32,
    pub multipliers: u32,
    /// `KERNELS`: the kernels that the unit keeps, 1 to 256.
    pub kernels: usize,
    /// `OPERAND_W`: bits of the unit's operands, 8, 16 or 32.
    pub operand_w: u32,
    /// `PLANES`: 1 if the unit's windows can be fetched by their log planes.
    pub planes: u32,
    /// `UNIT_FLOAT`: 1 if the unit's operands are floats.
    pub unit_float: u32,
    /// `FLOAT`: whether the core has RV32F.
    pub float: bool,
    /// `RAM_BYTES`: a power of two, 64 KiB to 256 MiB.
    pub ram_bytes: u32,
    /// Whether the RTL of the core is simulated, or what synthesis makes of it; all else is RTL.
    pub view: View,
}

/// The paper's unit: 3×3 kernels, all 36 products of the 2×2 tile at once.
pub const PAPER_UNIT: UnitParameters = UnitParameters {
    kernel: 3,
    log_frac: 0,
    multipliers: 36,
    mem_width: 32,
    kernels: 1,
    operand_w: 32,
    counters: 1,
    planes: 0,
    float: 0,
    view: View::Rtl,
};

/// For LeNet-5: a window is fetched once for up to 16 output channels.
pub const NETWORK_UNIT: UnitParameters =
    UnitParameters { kernel: 5, multipliers: 100, mem_width: 128, kernels: 16, ..PAPER_UNIT };

/// The system of `soc`, `torture` and `accel`.
pub const SOC: SocParameters = SocParameters {
    kernel: 5,
    log_frac: 0,
    multipliers: 100,
    kernels: 16,
    operand_w: 32,
    planes: 0,
    unit_float: 0,
    float: false,
    ram_bytes: 1 << 20,
    view: View::Rtl,
};

/// The sets on which the tests of the unit run by default. To add one, add a line.
#[rustfmt::skip]
pub const UNITS: &[UnitParameters] = &[
    PAPER_UNIT,
    UnitParameters { log_frac: 3, ..PAPER_UNIT },
    UnitParameters { mem_width: 128, ..PAPER_UNIT },
    // Kept products only, one a cycle.
    UnitParameters { log_frac: 3, multipliers: 1, kernels: 3, ..PAPER_UNIT },
    NETWORK_UNIT,
    // Narrow operands, 2 to 16 of them in a beat.
    UnitParameters { operand_w: 16, ..PAPER_UNIT },
    UnitParameters { operand_w: 16, log_frac: 3, multipliers: 2, mem_width: 128, ..PAPER_UNIT },
    UnitParameters { operand_w: 8, ..NETWORK_UNIT },
    UnitParameters { operand_w: 8, multipliers: 2, kernels: 3, counters: 0, ..PAPER_UNIT },
    // Log planes, on a port of one word and of 8.
    UnitParameters { kernels: 3, planes: 1, ..PAPER_UNIT },
    UnitParameters { kernels: 2, log_frac: 3, multipliers: 4, mem_width: 128, operand_w: 16, planes: 1, ..PAPER_UNIT },
    // Floats, whose exponents are their logs.
    UnitParameters { float: 1, multipliers: 2, ..PAPER_UNIT },
    UnitParameters { float: 1, operand_w: 16, multipliers: 4, ..NETWORK_UNIT },
];

/// Further sets, also at the ends of the ranges: the tests run on them with `CONVAPPROX_SETS=all`.
#[rustfmt::skip]
pub const RARE_UNITS: &[UnitParameters] = &[
    UnitParameters { multipliers: 2, ..PAPER_UNIT },
    UnitParameters { mem_width: 32, kernels: 1, ..NETWORK_UNIT },
    UnitParameters { log_frac: 3, ..NETWORK_UNIT },
    UnitParameters { multipliers: 4, ..NETWORK_UNIT },
    UnitParameters { kernel: 1, multipliers: 4, ..PAPER_UNIT },
    UnitParameters { kernel: 2, log_frac: 1, multipliers: 16, ..PAPER_UNIT },
    UnitParameters { log_frac: 8, ..PAPER_UNIT },
    UnitParameters { kernel: 6, multipliers: 1, ..PAPER_UNIT },
    UnitParameters { kernel: 7, multipliers: 196, kernels: 2, mem_width: 128, ..PAPER_UNIT },
    UnitParameters { operand_w: 16, ..NETWORK_UNIT },
    UnitParameters { operand_w: 16, multipliers: 2, ..PAPER_UNIT },
    UnitParameters { operand_w: 8, ..PAPER_UNIT },
    UnitParameters { operand_w: 8, kernel: 1, log_frac: 8, multipliers: 4, mem_width: 128, ..PAPER_UNIT },
    UnitParameters { operand_w: 8, kernel: 7, log_frac: 3, multipliers: 196, ..PAPER_UNIT },
    UnitParameters { planes: 1, ..NETWORK_UNIT },
    UnitParameters { kernel: 7, log_frac: 8, multipliers: 3, planes: 1, ..PAPER_UNIT },
    UnitParameters { kernel: 2, multipliers: 16, operand_w: 16, planes: 1, ..PAPER_UNIT },
    UnitParameters { float: 1, multipliers: 1, kernels: 3, log_frac: 3, ..PAPER_UNIT },
    UnitParameters { float: 1, multipliers: 4, log_frac: 6, mem_width: 128, ..PAPER_UNIT },
    UnitParameters { float: 1, multipliers: 4, ..NETWORK_UNIT },
    UnitParameters { float: 1, multipliers: 2, kernel: 7, ..PAPER_UNIT },
    UnitParameters { float: 1, multipliers: 4, kernel: 1, operand_w: 16, log_frac: 6, counters: 0, ..PAPER_UNIT },
];

/// The systems on which programs and `torture` are tested.
pub const SOCS: &[SocParameters] = &[
    SOC,
    SocParameters { kernel: 3, log_frac: 3, multipliers: 36, planes: 1, ..SOC },
    SOC_16,
    SOC_FP,
    SOC_FLOAT,
];

/// The same with packed 16-bit operands.
pub const SOC_16: SocParameters = SocParameters { operand_w: 16, ..SOC };

/// The same with RV32F.
pub const SOC_FP: SocParameters = SocParameters { float: true, ..SOC };

/// The same with a unit on floats.
pub const SOC_FLOAT: SocParameters = SocParameters { unit_float: 1, multipliers: 2, ..SOC_FP };

/// What is linked into the program.
pub const LINKED_UNITS: &[UnitParameters] = &[PAPER_UNIT, NETWORK_UNIT];
/// What is linked into the program.
pub const LINKED_SOCS: &[SocParameters] = &[SOC];

/// How a model is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Build {
    Fast,
    Vcd,
    Fst,
}

impl Build {
    pub fn apply(self, model: Verilate) -> Verilate {
        match self {
            Self::Fast => model,
            Self::Vcd => model.trace(Trace::Vcd).optimization("-O1"),
            Self::Fst => model.trace(Trace::Fst).optimization("-O1"),
        }
    }

    /// The name of a model of this build.
    pub fn name_of(self, set: impl fmt::Display) -> String {
        match self {
            Self::Fast => set.to_string(),
            Self::Vcd => format!("{set}_vcd"),
            Self::Fst => format!("{set}_fst"),
        }
    }
}

/// The clock of every top module.
pub const CLOCK: &str = "clk_i";

/// Ports of `conv_unit` whose widths depend on the parameters.
pub const UNIT_VARYING: &[&str] = &["cmd_smax_i", "keep_o", "mem_rdata_i", "smax_o"];
/// Ports of `soc` whose widths depend on the parameters.
pub const SOC_VARYING: &[&str] = &["conv_keep_o"];

impl UnitParameters {
    /// The module of the unit.
    pub const TOP: &str = "conv_unit";

    /// The parameters of the module.
    pub fn parameters(&self) -> Vec<(&'static str, u64)> {
        vec![
            ("KERNEL", self.kernel as u64),
            ("LOG_FRAC", self.log_frac.into()),
            ("MULTIPLIERS", self.multipliers.into()),
            ("MEM_WIDTH", self.mem_width.into()),
            ("KERNELS", self.kernels as u64),
            ("OPERAND_W", self.operand_w.into()),
            ("COUNTERS", self.counters.into()),
            ("PLANES", self.planes.into()),
            ("FLOAT", self.float.into()),
        ]
    }

    /// The files of the module.
    pub fn sources(rtl: &Path) -> io::Result<Vec<PathBuf>> {
        unit_sources(rtl)
    }

    /// The model of its RTL.
    pub fn recipe(&self, build: Build, rtl: &Path) -> io::Result<Verilate> {
        let model = Verilate::new(build.name_of(self), Self::TOP)
            .sources(Self::sources(rtl)?)
            .waivers(rtl.join("waivers.vlt"))
            .clock(CLOCK);
        let parameters = self.parameters().into_iter();
        Ok(build.apply(parameters.fold(model, |model, (name, value)| model.parameter(name, value))))
    }
}

/// The parameter of the core that says whether it has RV32F.
pub const FLOAT: &str = "FLOAT";

impl SocParameters {
    /// The value of [`FLOAT`], as SystemVerilog writes it.
    pub fn float_value(&self) -> String {
        format!("1'b{}", u8::from(self.float))
    }

    /// The parameters of the coprocessor, as those who have it in them name these.
    pub fn coprocessor(&self) -> Vec<(&'static str, u64)> {
        vec![
            ("KERNEL", self.kernel as u64),
            ("LOG_FRAC", self.log_frac.into()),
            ("MULTIPLIERS", self.multipliers.into()),
            ("KERNELS", self.kernels as u64),
            ("OPERAND_W", self.operand_w.into()),
            ("PLANES", self.planes.into()),
            ("UNIT_FLOAT", self.unit_float.into()),
        ]
    }

    /// The model with the RTL of the core.
    pub fn recipe(&self, build: Build, rtl: &Path) -> io::Result<Verilate> {
        self.recipe_with(build, rtl, core_sources(rtl)?)
    }

    /// The model with the core of these files, packages first.
    pub fn recipe_with(
        &self,
        build: Build,
        rtl: &Path,
        core: Vec<PathBuf>,
    ) -> io::Result<Verilate> {
        let mut sources = joined(coprocessor_sources(rtl)?, core);
        sources.extend(package_first(&rtl.join("soc"), "soc_pkg.sv")?);
        let model = Verilate::new(build.name_of(self), "soc")
            .sources(sources)
            .waivers(rtl.join("waivers.vlt"))
            .parameter("RAM_BYTES", self.ram_bytes)
            .parameter(FLOAT, self.float_value())
            // This pass takes expressions out of the conditions that keep idle parts from being evaluated.
            .arg("-fno-dfg")
            .clock(CLOCK)
            .memory("ram", "u_ram.words");
        let parameters = self.coprocessor().into_iter();
        Ok(build.apply(parameters.fold(model, |model, (name, value)| model.parameter(name, value))))
    }
}

/// The module of the floating-point unit, which has no parameters.
pub const FPU: &str = "fpu";

/// The model of the floating-point unit.
pub fn fpu_recipe(build: Build, rtl: &Path) -> io::Result<Verilate> {
    let model = Verilate::new(build.name_of(FPU), FPU)
        .sources(fpu_sources(rtl)?)
        .waivers(rtl.join("waivers.vlt"))
        .clock(CLOCK);
    Ok(build.apply(model))
}

/// The files of the floating-point unit; its package comes first.
pub fn fpu_sources(rtl: &Path) -> io::Result<Vec<PathBuf>> {
    package_first(&rtl.join("fpu"), "fpu_pkg.sv")
}

/// What the core needs of the unit's folder and the unit alone does not.
const COPROCESSOR: &str = "conv_approx/conv_coprocessor.sv";

/// The files of the core, with those of its FPU; packages come first.
pub fn core_sources(rtl: &Path) -> io::Result<Vec<PathBuf>> {
    let mut sources = fpu_sources(rtl)?;
    sources.extend(package_first(&rtl.join("core"), "core_pkg.sv")?);
    Ok(sources)
}

/// The files of the unit and of its coprocessor, with those of the FPU; packages come first.
pub fn coprocessor_sources(rtl: &Path) -> io::Result<Vec<PathBuf>> {
    let mut sources = unit_sources(rtl)?;
    sources.push(rtl.join(COPROCESSOR));
    Ok(sources)
}

/// Files of two designs in one: what both have is there once.
pub fn joined(mut sources: Vec<PathBuf>, further: Vec<PathBuf>) -> Vec<PathBuf> {
    for file in further {
        if !sources.contains(&file) {
            sources.push(file);
        }
    }
    sources
}

/// A unit for floats has parts of the FPU.
fn unit_sources(rtl: &Path) -> io::Result<Vec<PathBuf>> {
    let mut sources = fpu_sources(rtl)?;
    sources.extend(package_first(&rtl.join("conv_approx"), "conv_approx_pkg.sv")?);
    sources.retain(|file| !file.ends_with(COPROCESSOR));
    Ok(sources)
}

/// The SystemVerilog files of a folder; the package comes before the modules that use it.
fn package_first(folder: &Path, package: &str) -> io::Result<Vec<PathBuf>> {
    let context = |error: io::Error| {
        io::Error::new(error.kind(), format!("cannot read {}: {error}", folder.display()))
    };
    let entries = fs::read_dir(folder).map_err(context)?;
    let mut files: Vec<PathBuf> =
        entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>().map_err(context)?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sv"));
    files.sort_by_key(|file| (!file.ends_with(package), file.clone()));
    Ok(files)
}

/// Parts of a name, with the parameters that have their defaults left out.
fn name(parts: &[(&str, u32, u32)]) -> String {
    let mut name = String::new();
    for (letter, value, default) in parts {
        if value != default {
            // Writing into a String cannot fail.
            let _ = write!(name, "_{letter}{value}");
        }
    }
    name
}

impl fmt::Display for UnitParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let &Self { kernel, log_frac, multipliers, kernels, operand_w, .. } = self;
        let &Self { mem_width, counters, planes, float, view, .. } = self;
        let [gates, changed_cell] = view.parameters();
        let rest = name(&[
            ("m", multipliers, 4 * (kernel * kernel) as u32),
            ("n", kernels as u32, 1),
            ("f", log_frac, 0),
            ("w", mem_width, 32),
            ("o", operand_w, 32),
            ("p", counters, 1),
            ("l", planes, 0),
            ("e", float, 0),
            ("g", gates, 0),
            ("c", changed_cell, 0),
        ]);
        f.pad(&format!("k{kernel}{rest}"))
    }
}

impl fmt::Display for SocParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let &Self { kernel, log_frac, multipliers, kernels, operand_w, .. } = self;
        let &Self { planes, unit_float, float, ram_bytes, view, .. } = self;
        let [gates, changed_cell] = view.parameters();
        let float = if float { "_fp" } else { "" };
        let rest = name(&[
            ("k", kernel as u32, SOC.kernel as u32),
            ("m", multipliers, 4 * (kernel * kernel) as u32),
            ("n", kernels as u32, SOC.kernels as u32),
            ("f", log_frac, SOC.log_frac),
            ("o", operand_w, SOC.operand_w),
            ("l", planes, SOC.planes),
            ("e", unit_float, SOC.unit_float),
            ("r", ram_bytes, SOC.ram_bytes),
            ("g", gates, 0),
            ("c", changed_cell, 0),
        ]);
        f.pad(&format!("soc{float}{rest}"))
    }
}
