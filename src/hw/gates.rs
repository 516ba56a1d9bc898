// SPDX-License-Identifier: MIT OR Apache-2.0
//! What synthesis makes of the hardware: the designs, their netlists, and models of the netlists,
//! which have the ports of the RTL and so run on the same bench.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use verilated::build::{Verilate, Warnings};

use super::parameter_sets::{FLOAT, FPU, coprocessor_sources, core_sources, fpu_sources, joined};
use super::{Build, CLOCK, HwError, SocParameters, UnitParameters};
use crate::synthesis::{
    CellLibrary, Design, Flow, LibraryChoice, SynthesisError, Synthesised, Tools, cells, synthesise,
};

/// The unit, as parameters of its module say.
pub fn unit_design(set: &UnitParameters) -> Result<Design, HwError> {
    let rtl = rtl()?;
    Ok(Design {
        name: UnitParameters { view: super::View::Rtl, ..*set }.to_string(),
        top: UnitParameters::TOP,
        sources: UnitParameters::sources(&rtl)?,
        parameters: texts(set.parameters()),
    })
}

/// The core of a system without what only observers read: what the unit's area is compared with.
pub fn core_design(set: &SocParameters) -> Result<Design, HwError> {
    let rtl = rtl()?;
    let mut sources = core_sources(&rtl)?;
    sources.push(rtl.join("silicon/core_alone.sv"));
    let parameters = vec![(FLOAT, set.float_value())];
    Ok(Design { name: core_name("core", set), top: "core_alone", sources, parameters })
}

/// The floating-point unit alone.
pub fn fpu_design() -> Result<Design, HwError> {
    let sources = fpu_sources(&rtl()?)?;
    Ok(Design { name: FPU.to_owned(), top: FPU, sources, parameters: Vec::new() })
}

/// The core and the coprocessor of a system.
pub fn pair_design(set: &SocParameters) -> Result<Design, HwError> {
    let rtl = rtl()?;
    let mut sources = joined(coprocessor_sources(&rtl)?, core_sources(&rtl)?);
    sources.extend(["core_alone.sv", "core_with_unit.sv"].map(|it| rtl.join("silicon").join(it)));
    let name = SocParameters { view: super::View::Rtl, ..*set }.to_string();
    let mut parameters = texts(set.coprocessor());
    parameters.push((FLOAT, set.float_value()));
    Ok(Design { name: name.replacen("soc", "pair", 1), top: "core_with_unit", sources, parameters })
}

/// The core with all the ports that the system connects.
fn observed_core(rtl: &Path, set: &SocParameters) -> Result<Design, HwError> {
    let boot = format!("32'h{:08x}", model::facts::soc::RAM_BASE);
    let parameters = vec![(FLOAT, set.float_value()), (BOOT_ADDR, boot)];
    let name = core_name("observed_core", set);
    Ok(Design { name, top: "core", sources: core_sources(rtl)?, parameters })
}

const BOOT_ADDR: &str = "BOOT_ADDR";

fn core_name(name: &str, set: &SocParameters) -> String {
    format!("{name}{}", if set.float { "_fp" } else { "" })
}

fn texts(parameters: Vec<(&'static str, u64)>) -> Vec<(&'static str, String)> {
    parameters.into_iter().map(|(name, value)| (name, value.to_string())).collect()
}

fn rtl() -> Result<PathBuf, HwError> {
    let rtl = super::rtl_folder();
    match rtl.is_dir() {
        true => Ok(rtl),
        false => Err(HwError::NoRtl { model: "a netlist".to_owned(), rtl }),
    }
}

/// The netlist of a design, which is made if the cache lacks it; `on_start` as [`synthesise`] has it.
pub fn netlist(
    design: &Design,
    flow: &Flow<'_>,
    tools: &Tools,
    on_start: impl FnOnce(),
) -> Result<Synthesised, SynthesisError> {
    synthesise(design, flow, tools, &cache(), on_start)
}

/// Beside the models.
fn cache() -> PathBuf {
    super::cache_folder().with_file_name("netlists")
}

/// The model of a unit's netlist.
pub(super) fn unit_recipe(
    set: &UnitParameters,
    build: Build,
    changed_cell: u32,
) -> Result<Verilate, HwError> {
    let files = files(&unit_design(set)?, changed_cell)?;
    let model = Verilate::new(build.name_of(set), UnitParameters::TOP).sources(files).clock(CLOCK);
    Ok(build.apply(of_gates(model)))
}

/// The model of a system in which the core is a netlist.
pub(super) fn soc_recipe(
    set: &SocParameters,
    build: Build,
    rtl: &Path,
    changed_cell: u32,
) -> Result<Verilate, HwError> {
    let mut core = core_sources(rtl)?;
    core.retain(|file| file.to_string_lossy().ends_with("_pkg.sv"));
    core.extend(files(&observed_core(rtl, set)?, changed_cell)?);
    Ok(of_gates(set.recipe_with(build, rtl, core)?))
}

/// A netlist is no source that somebody keeps clean. Verilator up to at least 5.024 loses inversions
/// when it merges trees of exclusive ors (its issues 4059, 4857, 5186), which adders of gates are full
/// of.
fn of_gates(model: Verilate) -> Verilate {
    let model = model.warnings(Warnings::Basic).arg("-Wno-fatal").optimization("-O1");
    model.arg("-fno-const-bit-op-tree")
}

/// The Verilog of the cells and of a netlist.
fn files(design: &Design, changed_cell: u32) -> Result<[PathBuf; 2], HwError> {
    let tools = Tools::find()?;
    let library = CellLibrary::open(&LibraryChoice::Nangate45, &tools)?;
    let flow = Flow::standard(&library);
    let note = |text: String| {
        let _ = writeln!(io::stderr(), "{text}");
    };
    let start = || note(format!("synthesising {}, which is kept for the next time", design.name));
    let netlist = netlist(design, &flow, &tools, start)?;
    let read = |path: &Path| {
        fs::read_to_string(path)
            .map_err(|source| SynthesisError::Read { path: path.to_owned(), source })
    };
    let mut text = read(&netlist.verilog())?;
    let mut name = design.name.clone();
    if changed_cell != 0 {
        let changed = cells::with_changed_cell(&text, &library.cells, changed_cell);
        let (other, what) = changed.ok_or(SynthesisError::NoOtherCell)?;
        note(format!("planted in the netlist of {name}: {what}"));
        text = other;
        name += &format!("_c{changed_cell}");
    }
    let file = |name: &str, text: &str| crate::synthesis::kept_text(&cache(), name, text);
    Ok([file("cells", &cells::models(&library.cells))?, file(&name, &declared(text, design))?])
}

/// A netlist has no parameters. Where another module gives it some, it must accept them, if they are
/// those that it was made for.
fn declared(netlist: String, design: &Design) -> String {
    let header = format!("module {}(", design.top);
    let list: Vec<String> = design
        .parameters
        .iter()
        .map(|(name, value)| format!("parameter {name} = {value}"))
        .collect();
    let check = |(name, value): &(&str, String)| {
        format!("  if ({name} != {value}) $error(\"this netlist has {name} = {value}\");\n")
    };
    let Some((before, after)) = netlist.split_once(&header).filter(|_| !list.is_empty()) else {
        return netlist;
    };
    let (ports, body) = after.split_once(";\n").unwrap_or((after, ""));
    let checks: String = design.parameters.iter().map(check).collect();
    format!("{before}module {} #({}) ({ports};\n{checks}{body}", design.top, list.join(", "))
}
