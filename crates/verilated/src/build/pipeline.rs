//! The build of all models of a package.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::compile::{self, Classes, Folders, Job, Runtime};
use super::key::{self, Key, Stamp};
use super::memories::{self, Memory};
use super::ports::{self, HeaderPort};
use super::tool::{Compiler, Verilator};
use super::{BuildError, Trace, Verilate, Warnings, bindings, jobs, kinds, shim};

/// Builds all models of a package: writes `$OUT_DIR/<name>.rs` for each, links their
/// libraries, and tells Cargo what to watch.
///
/// Models that are up to date cost no run of Verilator or of the compiler. The others
/// are built side by side, as many at once as Cargo allows.
///
/// # Errors
/// See [`BuildError`]; return it from `main`.
pub fn run(models: impl IntoIterator<Item = Verilate>) -> Result<(), BuildError> {
    let models: Vec<Verilate> = models.into_iter().collect();
    let out = env::var_os("OUT_DIR").ok_or(BuildError::NotInBuildScript { variable: "OUT_DIR" })?;
    let folders = Folders { out: PathBuf::from(out) };
    check_names(&models)?;
    for variable in ["VERILATOR", "VERILATOR_ROOT", "CXX", "CXXFLAGS", "AR", "LIBCLANG_PATH"] {
        println!("cargo:rerun-if-env-changed={variable}");
    }
    for model in &models {
        watch(model.sources.iter().chain(&model.waivers).chain(&model.include_dirs));
    }
    let verilator = Verilator::find()?;
    let compiler = Compiler::find()?;
    watch(verilator.file().iter());
    Runtime::write_shared(&folders)?;

    let mut stale = Vec::new();
    for model in &models {
        let key = model_key(model, &verilator, &compiler)?;
        match Stamp::matching(&folders.model(model), &key) {
            Some(files) => watch(files.iter().filter(|file| !file.starts_with(&folders.out))),
            None => stale.push((model, key)),
        }
    }
    let verilated =
        jobs::in_parallel(stale, |(model, key)| Verilated::new(&verilator, &folders, model, key))?;
    compile_all(&verilator, &compiler, &folders, &models, &verilated)?;
    jobs::in_parallel(verilated, |model| model.finish(&compiler, &folders))?;
    link(&verilator, &folders, &models);
    Ok(())
}

fn watch<'a>(paths: impl Iterator<Item = &'a PathBuf>) {
    for path in paths {
        println!("cargo:rerun-if-changed={}", path.display());
    }
}

fn check_names(models: &[Verilate]) -> Result<(), BuildError> {
    let mut seen = BTreeSet::new();
    for model in models {
        let name = &model.name;
        let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            && !ports::is_keyword(name)
            && name != "verilated";
        if !fits {
            return Err(BuildError::BadName { model: name.clone() });
        }
        // Names that differ in underscores alone make the same type.
        if !seen.insert(bindings::type_name(name)) {
            return Err(BuildError::DuplicateModel { model: name.clone() });
        }
    }
    Ok(())
}

/// The part of the rebuild key that is known before Verilator has run.
fn model_key(
    model: &Verilate,
    verilator: &Verilator,
    compiler: &Compiler,
) -> Result<String, BuildError> {
    let mut key = Key::default();
    key.text(env!("CARGO_PKG_VERSION"));
    key.text(&verilator.identity);
    key.text(&compiler.identity);
    for (name, text) in shim::SHARED {
        key.text(name);
        key.text(text);
    }
    key.text(shim::TOP);
    for source in [
        include_str!("bindings.rs"),
        include_str!("compile.rs"),
        include_str!("memories.rs"),
        include_str!("shim.rs"),
    ] {
        key.text(source);
    }
    key.text(&format!("{model:?}"));
    key.text(&format!("{:?}", model.arguments(verilator.version)));
    key::inputs(&mut key, model)?;
    Ok(key.finish())
}

/// A model after Verilator, before the compiler.
struct Verilated<'a> {
    model: &'a Verilate,
    key: String,
    ports: Vec<HeaderPort>,
    memories: Vec<Memory>,
    classes: Classes,
}

impl<'a> Verilated<'a> {
    /// Empties the model's folder, runs Verilator and writes the shim.
    fn new(
        verilator: &Verilator,
        folders: &Folders,
        model: &'a Verilate,
        key: String,
    ) -> Result<Self, BuildError> {
        let dir = folders.model(model);
        // The stamp goes first: what is left after an interruption has none.
        Stamp::remove(&dir)?;
        if dir.exists() {
            fs::remove_dir_all(&dir).map_err(BuildError::io(&dir))?;
        }
        fs::create_dir_all(&dir).map_err(BuildError::io(&dir))?;
        let mut command = Command::new(&verilator.path);
        command.arg("--Mdir").arg(&dir).args(model.arguments(verilator.version));
        let output = jobs::run(&mut command).map_err(|messages| BuildError::VerilatorFailed {
            model: model.name.clone(),
            messages,
        })?;
        if model.warnings == Warnings::Report {
            for line in String::from_utf8_lossy(&output.stderr).lines() {
                println!("cargo:warning={line}");
            }
        }
        let path = dir.join(format!("{}.h", model.prefix()));
        let header = fs::read_to_string(&path).map_err(BuildError::io(path))?;
        let ports = ports::parse(&model.name, &header)?;
        check_clock(model, &ports)?;
        let path = dir.join(format!("{}___024root.h", model.prefix()));
        let root = match model.memories.is_empty() {
            true => String::new(),
            false => fs::read_to_string(&path).map_err(BuildError::io(path))?,
        };
        let memories = memories::find(model, &ports, &root)?;
        shim::write(&dir, model, &ports, &memories)?;
        let classes = Classes::read(&dir, &model.prefix())?;
        Ok(Self { model, key, ports, memories, classes })
    }

    /// Makes the library, the Rust file and, last of all, the stamp.
    fn finish(self, compiler: &Compiler, folders: &Folders) -> Result<(), BuildError> {
        let (model, dir) = (self.model, folders.model(self.model));
        let library = folders.library(model);
        let mut objects: Vec<PathBuf> = fs::read_dir(&dir)
            .map_err(BuildError::io(&dir))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "o"))
            .collect();
        objects.sort();
        compile::archive(compiler, &objects, &library)?;
        let header = dir.join(format!("vrs_{}.h", model.symbol()));
        let bound = bindings::bind(model, &header, &folders.runtime())?;
        let text =
            bindings::rust_file(model, &self.ports, &self.memories, &kinds::find(&dir), &bound);
        let rust_file = folders.rust_file(model);
        fs::write(&rust_file, text).map_err(BuildError::io(&rust_file))?;

        let mut stamp = Stamp::new(&self.key);
        let read = files_read(&dir, &model.prefix())?;
        watch(read.iter());
        let classes = dir.join(format!("{}_classes.mk", model.prefix()));
        for path in read.iter().chain([&library, &rust_file, &classes]) {
            stamp.file(path)?;
        }
        stamp.write(&dir)
    }
}

fn check_clock(model: &Verilate, ports: &[HeaderPort]) -> Result<(), BuildError> {
    let Some(clock) = &model.clock else {
        return Ok(());
    };
    let found = shim::clock(model, ports);
    if found.is_some_and(|p| p.width == 1 && p.direction == crate::Direction::Input) {
        return Ok(());
    }
    let names: Vec<&str> = ports.iter().map(|port| &*port.name).collect();
    Err(BuildError::BadClock {
        model: model.name.clone(),
        clock: clock.clone(),
        ports: names.join(", "),
    })
}

/// The files that Verilator says it has read, itself among them.
fn files_read(dir: &Path, prefix: &str) -> Result<BTreeSet<PathBuf>, BuildError> {
    let path = dir.join(format!("{prefix}__ver.d"));
    let text = fs::read_to_string(&path).map_err(BuildError::io(&path))?;
    let (_, read) = text.split_once(" : ").unwrap_or_default();
    // Blanks inside of names are escaped.
    let read = read.replace("\\\n", " ").replace("\\ ", "\0");
    Ok(read.split_whitespace().map(|name| PathBuf::from(name.replace('\0', " "))).collect())
}

/// Compiles the stale models and, if need be, the runtime that all models share, in one
/// pool of jobs.
fn compile_all(
    verilator: &Verilator,
    compiler: &Compiler,
    folders: &Folders,
    models: &[Verilate],
    stale: &[Verilated<'_>],
) -> Result<(), BuildError> {
    let mut names = Vec::new();
    for model in models {
        let classes = Classes::read(&folders.model(model), &model.prefix())?;
        names.extend(classes.list("VM_GLOBAL_FAST"));
        names.extend(classes.list("VM_GLOBAL_SLOW"));
    }
    let runtime = Runtime::new(compiler, verilator, names)?;
    let mut all: Vec<Job> = runtime.jobs(compiler, verilator, folders)?;
    let objects: Vec<PathBuf> = all.iter().map(|job| job.object.clone()).collect();
    for Verilated { model, classes, .. } in stale {
        all.extend(compile::model_jobs(compiler, verilator, folders, model, classes)?);
    }
    jobs::in_parallel(all, Job::run)?;
    if objects.is_empty() { Ok(()) } else { runtime.archive(compiler, folders, &objects) }
}

/// Tells Cargo what to link. A library stands before those it needs.
fn link(verilator: &Verilator, folders: &Folders, models: &[Verilate]) {
    for model in models {
        println!("cargo:rustc-link-search=native={}", folders.model(model).display());
        println!("cargo:rustc-link-lib=static=vrs_{}", model.symbol());
    }
    println!("cargo:rustc-link-search=native={}", folders.runtime().display());
    println!("cargo:rustc-link-lib=static=vrs_runtime");
    if models.iter().any(|model| model.trace == Trace::Fst) {
        if verilator.fst_needs_lz4() {
            println!("cargo:rustc-link-lib=lz4");
        }
        println!("cargo:rustc-link-lib=z");
    }
    let os = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let cxx = match os.as_str() {
        "macos" | "ios" | "freebsd" | "openbsd" => "c++",
        _ => "stdc++",
    };
    println!("cargo:rustc-link-lib={cxx}");
    // 64-bit counters are no instruction of these.
    let arch = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    if ["arm", "mips", "powerpc", "riscv32", "x86"].contains(&&*arch) {
        println!("cargo:rustc-link-lib=atomic");
    }
}
