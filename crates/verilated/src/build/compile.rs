//! From C++ to static libraries.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::key::{Key, Stamp, file_digest};
use super::tool::{Compiler, Verilator};
use super::{BuildError, Verilate, jobs, shim};

/// What Verilator says in its makefile about the files it has written.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    text: String,
}

impl Classes {
    pub(crate) fn read(dir: &Path, prefix: &str) -> Result<Self, BuildError> {
        let path = dir.join(format!("{prefix}_classes.mk"));
        Ok(Self { text: fs::read_to_string(&path).map_err(BuildError::io(path))? })
    }

    /// The names in a list, without extensions.
    pub(crate) fn list(&self, variable: &str) -> Vec<String> {
        let head = format!("{variable} += \\");
        let lines = self.text.lines().skip_while(|line| *line != head).skip(1);
        lines
            .map(|line| line.trim().trim_end_matches('\\').trim())
            .take_while(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// The switches `VM_… = 0/1`.
    fn switches(&self) -> Vec<String> {
        let pairs = self.text.lines().filter_map(|line| line.split_once(" = "));
        pairs
            .filter(|(name, _)| name.starts_with("VM_"))
            .map(|(name, value)| format!("-D{name}={}", value.trim()))
            .collect()
    }

    fn split(&self) -> bool {
        self.text.lines().any(|line| line == "VM_PARALLEL_BUILDS = 1")
    }
}

/// One C++ file to compile.
pub(crate) struct Job {
    pub(crate) command: Command,
    pub(crate) object: PathBuf,
    pub(crate) source: PathBuf,
}

impl Job {
    pub(crate) fn run(mut self) -> Result<(), BuildError> {
        jobs::run(&mut self.command).map(drop).map_err(|messages| {
            let hint = if messages.contains("zlib.h") {
                " FST waveforms need zlib: install its headers (Debian, Ubuntu: `apt-get install \
                 zlib1g-dev`) or build with Trace::Vcd."
            } else if messages.contains("lz4.h") {
                " The FST writer of this Verilator needs lz4: install its headers (Debian, \
                 Ubuntu: `apt-get install liblz4-dev`) or build with Trace::Vcd."
            } else {
                ""
            };
            let what = self.source.display().to_string();
            BuildError::CompilerFailed { what, hint: hint.to_owned(), messages }
        })
    }
}

/// Where the parts of a build are.
pub(crate) struct Folders {
    pub(crate) out: PathBuf,
}

impl Folders {
    /// The folder of one model.
    pub(crate) fn model(&self, model: &Verilate) -> PathBuf {
        self.out.join(&model.name)
    }

    /// What all models share.
    pub(crate) fn runtime(&self) -> PathBuf {
        self.out.join("verilated-runtime")
    }

    pub(crate) fn library(&self, model: &Verilate) -> PathBuf {
        self.model(model).join(format!("libvrs_{}.a", model.symbol()))
    }

    pub(crate) fn rust_file(&self, model: &Verilate) -> PathBuf {
        self.out.join(format!("{}.rs", model.name))
    }
}

/// Options common to all C++ files.
fn command(
    compiler: &Compiler,
    verilator: &Verilator,
    runtime: &Path,
    optimization: &str,
) -> Command {
    let include = verilator.include();
    let mut command = compiler.command(optimization);
    command
        // The runtime's assertions would need libatomic with clang.
        .arg("-DNDEBUG")
        .args(["-DVERILATOR=1", "-DVM_SC=0", "-DVL_TIME_CONTEXT"])
        .args(["-DVL_USER_FINISH", "-DVL_USER_STOP", "-DVL_USER_FATAL", "-DVL_USER_WARN"])
        .arg("-include")
        .arg(runtime.join("vrs_print.h"))
        .arg("-I")
        .arg(runtime)
        .arg("-I")
        .arg(&include)
        .arg("-I")
        .arg(include.join("vltstd"));
    command
}

fn finish(mut command: Command, source: PathBuf, object: PathBuf) -> Job {
    command.arg("-c").arg(&source).arg("-o").arg(&object);
    Job { command, object, source }
}

/// The C++ files of a model. Those on the hot path are compiled as one, together with
/// the shim, so that the whole of a tick can be inlined into it; a model that
/// Verilator was told to split stays split.
pub(crate) fn model_jobs(
    compiler: &Compiler,
    verilator: &Verilator,
    folders: &Folders,
    model: &Verilate,
    classes: &Classes,
) -> Result<Vec<Job>, BuildError> {
    let dir = folders.model(model);
    let shim = format!("vrs_{}", model.symbol());
    let mut fast = classes.list("VM_CLASSES_FAST");
    fast.extend(classes.list("VM_SUPPORT_FAST"));
    fast.push(shim);
    let mut slow = classes.list("VM_CLASSES_SLOW");
    slow.extend(classes.list("VM_SUPPORT_SLOW"));
    if !classes.split() {
        for (unit, files) in [("all_fast", &mut fast), ("all_slow", &mut slow)] {
            let text: String =
                files.iter().map(|file| format!("#include \"{file}.cpp\"\n")).collect();
            let path = dir.join(format!("{unit}.cpp"));
            fs::write(&path, text).map_err(BuildError::io(&path))?;
            *files = vec![unit.to_owned()];
        }
    }
    let job = |file: &String, optimization: &str| {
        let mut command = command(compiler, verilator, &folders.runtime(), optimization);
        command.args(classes.switches()).arg("-I").arg(&dir);
        finish(command, dir.join(format!("{file}.cpp")), dir.join(format!("{file}.o")))
    };
    let mut jobs: Vec<Job> = fast.iter().map(|file| job(file, &model.optimization)).collect();
    // Construction and the first dump; the compiler's time is worth more here.
    jobs.extend(slow.iter().map(|file| job(file, "-O0")));
    Ok(jobs)
}

/// Puts objects into a library under its final name.
pub(crate) fn archive(
    compiler: &Compiler,
    objects: &[PathBuf],
    library: &Path,
) -> Result<(), BuildError> {
    let part = library.with_extension("part");
    // The archiver would add to an old one.
    let _ = fs::remove_file(&part);
    let mut command = compiler.archive();
    command.arg(&part).args(objects);
    jobs::run(&mut command).map_err(|messages| BuildError::CompilerFailed {
        what: library.display().to_string(),
        hint: String::new(),
        messages,
    })?;
    fs::rename(&part, library).map_err(BuildError::io(library))
}

/// Verilator's runtime and the shared part of the shim, as one library.
pub(crate) struct Runtime {
    key: String,
    sources: Vec<PathBuf>,
}

impl Runtime {
    /// The runtime that models need which name these files.
    pub(crate) fn new(
        compiler: &Compiler,
        verilator: &Verilator,
        mut names: Vec<String>,
    ) -> Result<Self, BuildError> {
        names.sort();
        names.dedup();
        let include = verilator.include();
        let sources: Vec<PathBuf> =
            names.iter().map(|name| include.join(format!("{name}.cpp"))).collect();
        let mut key = Key::default();
        key.text(&compiler.identity);
        key.text(&verilator.identity);
        key.text(include_str!("compile.rs"));
        for (name, text) in shim::SHARED {
            key.text(name);
            key.text(text);
        }
        for path in sources.iter().chain([&include.join("verilated.h")]) {
            key.text(&path.to_string_lossy());
            key.text(&file_digest(path).map_err(BuildError::io(path))?);
        }
        Ok(Self { key: key.finish(), sources })
    }

    fn library(folders: &Folders) -> PathBuf {
        folders.runtime().join("libvrs_runtime.a")
    }

    /// Writes the files that the models' C++ includes.
    pub(crate) fn write_shared(folders: &Folders) -> Result<(), BuildError> {
        let dir = folders.runtime();
        fs::create_dir_all(&dir).map_err(BuildError::io(&dir))?;
        for (name, text) in shim::SHARED {
            let path = dir.join(name);
            if fs::read_to_string(&path).ok().as_deref() != Some(text) {
                fs::write(&path, text).map_err(BuildError::io(&path))?;
            }
        }
        Ok(())
    }

    /// The files to compile; none when the library is up to date.
    pub(crate) fn jobs(
        &self,
        compiler: &Compiler,
        verilator: &Verilator,
        folders: &Folders,
    ) -> Result<Vec<Job>, BuildError> {
        let dir = folders.runtime();
        if Stamp::matching(&dir, &self.key).is_some() {
            return Ok(Vec::new());
        }
        Stamp::remove(&dir)?;
        let shared = dir.join("vrs_runtime.cpp");
        let jobs = self.sources.iter().chain([&shared]).map(|source| {
            let mut command = command(compiler, verilator, &dir, "-O2");
            command.args(["-DVM_TRACE=1", "-DVM_COVERAGE=1"]);
            let stem = source.file_stem().unwrap_or_default();
            finish(command, source.clone(), dir.join(stem).with_extension("o"))
        });
        Ok(jobs.collect())
    }

    pub(crate) fn archive(
        &self,
        compiler: &Compiler,
        folders: &Folders,
        objects: &[PathBuf],
    ) -> Result<(), BuildError> {
        let library = Self::library(folders);
        archive(compiler, objects, &library)?;
        let mut stamp = Stamp::new(&self.key);
        stamp.file(&library)?;
        stamp.write(&folders.runtime())
    }
}
