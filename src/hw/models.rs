// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where a model comes from: out of the program, out of the cache, or out of Verilator.
//!
//! The RTL is that of the source tree, or of the folder that `CONVAPPROX_RTL` names. Its digest says
//! whether a model in the program is up to date. Models that are made at run time are kept in
//! `target/models`, in the user's cache folder where there is no source tree, or where
//! `CONVAPPROX_CACHE` says.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;
use std::{env, fs, io};

use verilated::build::{BuildError, Verilate};
use verilated::{Config, Library, Model};

use super::{Build, ConvUnit, Soc, SocParameters, UnitParameters};

/// Why a model cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HwError {
    /// It is not linked into the program, and there is nothing to make it of.
    #[error(
        "{model} is not built in, and its RTL is not in {}: name the folder of the RTL in CONVAPPROX_RTL",
        rtl.display()
    )]
    NoRtl {
        /// The model.
        model: String,
        /// Where the RTL is looked for.
        rtl: PathBuf,
    },
    /// The RTL cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// It cannot be verilated, compiled or loaded.
    #[error("{source}{hint}")]
    Build {
        /// Why.
        source: BuildError,
        /// What may help; empty or a further line.
        hint: &'static str,
    },
    /// The RTL has other ports than when the program was built.
    #[error(
        "{0}\nthe ports of a top module have changed: run the command again through ./run, ./test or cargo, which build the program for them"
    )]
    Interface(verilated::Error),
    /// The model did not start.
    #[error(transparent)]
    Model(verilated::Error),
}

/// A model of the unit. Registers start with the values of a seed.
///
/// # Errors
/// If it is not built in and cannot be made, or does not start.
pub fn unit(set: &UnitParameters, build: Build, x_seed: u64) -> Result<ConvUnit, HwError> {
    open(unit_library(set, build)?, x_seed)
}

/// A model of the system. Registers start with the values of a seed; the RAM is as it comes.
///
/// # Errors
/// If it is not built in and cannot be made, or does not start.
pub fn soc(set: &SocParameters, build: Build, x_seed: u64) -> Result<Soc, HwError> {
    open(soc_library(set, build)?, x_seed)
}

/// The digest of the RTL that models of the unit simulate: SHA-256 in hexadecimal.
///
/// # Errors
/// As [`unit`].
pub fn unit_digest(set: &UnitParameters) -> Result<&'static str, HwError> {
    Ok(unit_library(set, Build::Fast)?.sources_digest())
}

/// The digest of the RTL that models of the system simulate.
///
/// # Errors
/// As [`soc`].
pub fn soc_digest(set: &SocParameters) -> Result<&'static str, HwError> {
    Ok(soc_library(set, Build::Fast)?.sources_digest())
}

fn unit_library(set: &UnitParameters, build: Build) -> Result<Library, HwError> {
    library::<ConvUnit>(build.name_of(set), build, |rtl| set.recipe(build, rtl))
}

fn soc_library(set: &SocParameters, build: Build) -> Result<Library, HwError> {
    library::<Soc>(build.name_of(set), build, |rtl| set.recipe(build, rtl))
}

fn open<M: Model>(library: Library, x_seed: u64) -> Result<M, HwError> {
    M::from_library(&library, &Config::new().seed(x_seed)).map_err(|error| match error {
        verilated::Error::Interface { .. } => {
            let stamp = Path::new(env!("OUT_DIR")).join("interfaces");
            // Without the source tree there is no build script to run again.
            if let Ok(file) = File::options().append(true).open(stamp) {
                let _ = file.set_modified(SystemTime::now());
            }
            HwError::Interface(error)
        }
        error => HwError::Model(error),
    })
}

/// The compiled model of a name, which stays what it is as long as the program runs.
fn library<M: Model>(
    name: String,
    build: Build,
    recipe: impl FnOnce(&Path) -> io::Result<Verilate>,
) -> Result<Library, HwError> {
    static FOUND: Mutex<BTreeMap<String, Library>> = Mutex::new(BTreeMap::new());
    let mut found = FOUND.lock().expect("no thread panics with the lock");
    if let Some(&library) = found.get(&name) {
        return Ok(library);
    }
    let failed = |source| HwError::Build { source, hint: hint(build) };
    let linked = M::BUILTINS.iter().find(|row| row.name == name);
    let rtl = rtl_folder();
    let library = match (rtl.is_dir(), linked) {
        (false, Some(linked)) => linked.library(),
        (false, None) => return Err(HwError::NoRtl { model: name, rtl }),
        (true, linked) => {
            let recipe = recipe(&rtl)?;
            let current = match linked {
                Some(row) => {
                    verilated::load::sources_digest(&recipe).map_err(failed)? == row.sources_digest
                }
                None => false,
            };
            match linked.filter(|_| current) {
                Some(row) => row.library(),
                None => verilated::load::load_with(&recipe, cache_folder(), |name| {
                    eprintln!("verilating {name}, which is kept for the next time");
                })
                .map_err(failed)?,
            }
        }
    };
    found.insert(name, library);
    Ok(library)
}

fn hint(build: Build) -> &'static str {
    match build {
        Build::Fst => {
            "\nFST waveforms need zlib, and from Verilator 5.048 on liblz4; or take VCD waveforms"
        }
        Build::Fast | Build::Vcd => "",
    }
}

/// As short as it can be, since messages of the RTL begin with it.
fn rtl_folder() -> PathBuf {
    if let Some(folder) = env::var_os("CONVAPPROX_RTL").filter(|folder| !folder.is_empty()) {
        return folder.into();
    }
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("rtl");
    let here = PathBuf::from("rtl");
    match (fs::canonicalize(&tree), fs::canonicalize(&here)) {
        (Ok(tree), Ok(same)) if tree == same => here,
        _ => tree,
    }
}

fn cache_folder() -> PathBuf {
    if let Some(folder) = env::var_os("CONVAPPROX_CACHE").filter(|folder| !folder.is_empty()) {
        return folder.into();
    }
    // target/PROFILE/build/PACKAGE/out.
    match Path::new(env!("OUT_DIR")).ancestors().nth(4).filter(|target| target.is_dir()) {
        Some(target) => target.join("models"),
        None => dirs::cache_dir().unwrap_or_else(env::temp_dir).join("convapprox/models"),
    }
}
