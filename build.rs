// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compares the numbers of RTL and firmware with those of the Rust code, compiles the programs of
//! `firmware/`, and verilates the hardware that commands use by default.

#[path = "build/facts.rs"]
mod facts;
#[path = "build/firmware.rs"]
mod firmware;
#[allow(dead_code, reason = "the program has the rest of its uses")]
#[path = "src/hw/parameter_sets.rs"]
mod parameter_sets;
#[path = "build/revision.rs"]
mod revision;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{env, io};

use parameter_sets::{
    Build, FPU, LINKED_SOCS, LINKED_UNITS, PAPER_UNIT, SOC, SOC_VARYING, UNIT_VARYING, fpu_recipe,
};
use verilated::build::Family;

fn main() {
    if let Err(error) = build() {
        eprintln!("error: {error}\n(./run and ./test install what is missing)");
        std::process::exit(1);
    }
}

fn build() -> Result<(), Box<dyn std::error::Error>> {
    facts::watch();
    facts::check(Path::new("."))?;
    firmware::build()?;
    verilated::build::run(families()?)?;
    watch_interfaces()?;
    let crates = ["model", "study", "torture", "verilated"].map(|it| format!("crates/{it}/src"));
    let sources: Vec<&str> = crates.iter().map(String::as_str).chain(["src"]).collect();
    revision::record(Path::new("."), &sources)?;
    record_tools()
}

/// An edited line of the RTL is no reason to run this again: the program notices that its models
/// are not those of the sources, and verilates them anew itself.
fn families() -> io::Result<[Family; 3]> {
    let rtl = Path::new("rtl");
    let units = LINKED_UNITS.iter().map(|set| set.recipe(Build::Fast, rtl));
    let socs = LINKED_SOCS.iter().map(|set| set.recipe(Build::Fast, rtl));
    let unit = Family::new("conv_unit", PAPER_UNIT.recipe(Build::Fast, rtl)?)
        .varying(UNIT_VARYING.iter().copied())
        .rows(units.collect::<io::Result<Vec<_>>>()?);
    let soc = Family::new("soc", SOC.recipe(Build::Fast, rtl)?)
        .varying(SOC_VARYING.iter().copied())
        .rows(socs.collect::<io::Result<Vec<_>>>()?);
    // Only its tests have a use for it.
    let fpu = Family::new(FPU, fpu_recipe(Build::Fast, rtl)?);
    Ok([unit.unwatched(), soc.unwatched(), fpu.unwatched()])
}

/// The program touches a file when it meets RTL whose top modules have other ports than the types
/// that were made here.
fn watch_interfaces() -> io::Result<()> {
    let stamp = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("interfaces");
    fs::write(&stamp, "")?;
    // Cargo would take a file of now for one that has changed since.
    File::options().append(true).open(&stamp)?.set_modified(SystemTime::UNIX_EPOCH)?;
    println!("cargo::rerun-if-changed={}", stamp.display());
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/hw/parameter_sets.rs");
    Ok(())
}

/// Versions of the tools, for the provenance of results, and what the benchmarks compile with.
fn record_tools() -> Result<(), Box<dyn std::error::Error>> {
    let tools = verilated::build::tools()?;
    println!("cargo::rustc-env=CONVAPPROX_VERILATOR={}", tools.verilator);
    println!("cargo::rustc-env=CONVAPPROX_CXX={}", tools.compiler);
    let include = tools.verilator_include;
    println!("cargo::rustc-env=CONVAPPROX_VERILATOR_INCLUDE={}", include.display());
    Ok(())
}
