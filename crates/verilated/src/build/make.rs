// SPDX-License-Identifier: MIT OR Apache-2.0
//! From SystemVerilog to objects: what the build of linked and of loaded models have in common.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::key::{self, Inputs, Key, Stamp};
use super::shim::{self, HeaderPort, Memory};
use super::tool::{self, Compiler, Toolbox};
use super::{BuildError, Verilate, Warnings};

/// The file with what Verilator says of warnings.
pub(crate) const WARNINGS: &str = "warnings";

/// The folder of the links to files with blanks in their paths.
pub(crate) const LINKS: &str = "links";

/// A model to be made in a folder.
pub(crate) struct Target<'a> {
    pub(crate) model: &'a Verilate,
    pub(crate) dir: PathBuf,
    /// Its name in C.
    symbol: String,
    /// Whether it is compiled.
    #[cfg_attr(not(feature = "build"), allow(dead_code))]
    pub(crate) linked: bool,
    pub(crate) inputs: Inputs,
    /// A digest of all that is known before Verilator has run.
    pub(crate) key: String,
}

impl<'a> Target<'a> {
    /// A model for which the caller chooses a folder, and may do so by the key.
    pub(crate) fn new(
        tools: &Toolbox,
        model: &'a Verilate,
        symbol: String,
        linked: bool,
    ) -> Result<Self, BuildError> {
        let (dir, inputs) = (PathBuf::new(), key::inputs(model)?);
        let mut target = Self { model, dir, symbol, linked, inputs, key: String::new() };
        let mut key = tools_key(tools);
        for text in [shim::TOP, include_str!("shim.rs"), &target.prefix(), &target.inputs.digest] {
            key.text(text);
        }
        key.text(&format!("{model:?}{:?}", target.arguments(tools, &Links::default())));
        target.key = key.finish();
        Ok(target)
    }

    /// The class Verilator writes.
    pub(crate) fn prefix(&self) -> String {
        format!("V{}", self.symbol)
    }

    /// The function that gives the table.
    pub(crate) fn table(&self) -> String {
        format!("vrs_{}_table", self.symbol)
    }

    fn arguments(&self, tools: &Toolbox, links: &Links) -> Vec<String> {
        self.model.arguments(tools.verilator.version, &self.prefix(), |path| links.link(path))
    }

    /// Empties the folder, runs Verilator and writes the shim, and what Verilator says of warnings
    /// that are no errors.
    pub(crate) fn verilate(&self, tools: &Toolbox) -> Result<Verilated<'_>, BuildError> {
        let (dir, model) = (&self.dir, self.model);
        let timing = "delays and waits need Verilator's --timing, which this crate does not support: \
                      take them out of the design, and drive clocks and time from Rust";
        if model.args.iter().any(|arg| arg.trim_start_matches('-') == "timing") {
            let text = format!("model `{}`: {timing}", model.name);
            return Err(BuildError::Description(text));
        }
        Stamp::clear(dir)?;
        fs::create_dir_all(dir).map_err(BuildError::io(dir))?;
        let here = env::current_dir().map_err(BuildError::io("."))?;
        let links = Links::new(model, &here, &dir.join(LINKS))?;
        let mut command = Command::new(&tools.verilator.path);
        command.current_dir(links.dir.as_ref().unwrap_or(&here));
        command.arg("--Mdir").arg(here.join(dir)).args(self.arguments(tools, &links));
        if let Some((_, package)) = links.names.last() {
            command.arg(format!("-I{package}"));
        }
        let output = tool::run(&mut command).map_err(|messages| {
            let hint =
                if messages.contains("-timing") { format!(" ({timing}.)") } else { String::new() };
            let (model, messages) = (model.name.clone(), links.undo(messages.trim_end(), " "));
            BuildError::VerilatorFailed { model, hint, messages }
        })?;
        links.undo_in(dir)?;
        let warnings = match model.warnings {
            Warnings::Report => links.undo(&String::from_utf8_lossy(&output.stderr), " "),
            Warnings::Fatal | Warnings::Basic => String::new(),
        };
        key::write(&dir.join(WARNINGS), &warnings)?;
        let made = Verilated::read(self)?;
        made.check_clock()?;
        key::write(&dir.join("vrs_top.cpp"), &shim::text(&made, &shim::places(dir)))?;
        Ok(made)
    }

    /// The warnings that came with it, whenever that was.
    pub(crate) fn warnings(&self) -> Result<String, BuildError> {
        let path = self.dir.join(WARNINGS);
        fs::read_to_string(&path).map_err(BuildError::io(path))
    }

    /// The stamp of the finished folder.
    pub(crate) fn stamp(&self, made: &[String]) -> Result<Stamp, BuildError> {
        let mut stamp = Stamp::new(&self.dir, &self.key);
        let mut files: BTreeSet<PathBuf> = self.inputs.files.iter().cloned().collect();
        files.extend(self.files_read()?);
        for path in &files {
            stamp.file(false, path)?;
        }
        for name in made {
            stamp.file(true, Path::new(name))?;
        }
        Ok(stamp)
    }

    /// The files that Verilator says it has read, but for its own binary: its version counts.
    pub(crate) fn files_read(&self) -> Result<Vec<PathBuf>, BuildError> {
        let path = self.dir.join(format!("{}__ver.d", self.prefix()));
        let text = fs::read_to_string(&path).map_err(BuildError::io(&path))?;
        let (_, read) = text.split_once(" : ").unwrap_or_default();
        // Blanks inside of names are escaped.
        let read = read.replace("\\\n", " ").replace("\\ ", "\0");
        let files = read.split_whitespace().map(|name| PathBuf::from(name.replace('\0', " ")));
        let binary = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("verilator_bin")
        };
        Ok(files.filter(|path| !binary(path)).collect())
    }
}

/// Verilator cuts the names of files at blanks. Where a path has any, it runs in a folder with links
/// to the files under other names, which are undone in all that it says and writes.
#[derive(Default)]
struct Links {
    dir: Option<PathBuf>,
    /// Paths as given, and their links. The link of a folder ends with a slash.
    names: Vec<(PathBuf, String)>,
}

impl Links {
    fn new(model: &Verilate, here: &Path, dir: &Path) -> Result<Self, BuildError> {
        let blank = |path: &PathBuf| path.to_string_lossy().contains(char::is_whitespace);
        if !model.paths().any(blank) {
            return Ok(Self::default());
        }
        let mut names = Vec::new();
        // The package is where else files are looked for.
        for (index, path) in model.paths().chain([&PathBuf::new()]).enumerate() {
            let (original, folder) = (here.join(path), dir.join(format!("vrs_{index}")));
            let mut link = format!("vrs_{index}/");
            let at = if original.is_dir() {
                fs::create_dir_all(dir).map_err(BuildError::io(dir))?;
                folder
            } else {
                fs::create_dir_all(&folder).map_err(BuildError::io(&folder))?;
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                link += &name.replace(char::is_whitespace, "_");
                dir.join(&link)
            };
            std::os::unix::fs::symlink(original, &at).map_err(BuildError::io(&at))?;
            names.push((path.clone(), link));
        }
        Ok(Self { dir: Some(dir.to_owned()), names })
    }

    fn link(&self, path: &Path) -> String {
        let link = self.names.iter().find(|(original, _)| original == path).map(|(_, link)| link);
        link.map_or(path.to_string_lossy().into(), |link| link.trim_end_matches('/').to_owned())
    }

    /// Each blank becomes this text, for a list for `make` has them escaped.
    fn undo(&self, text: &str, blank: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (path, link)| {
            let path = if link.ends_with('/') { path.join("") } else { path.clone() };
            text.replace(link, &path.to_string_lossy().replace(' ', blank))
        })
    }

    /// In the files of a folder.
    fn undo_in(&self, dir: &Path) -> Result<(), BuildError> {
        for entry in fs::read_dir(dir).map_err(BuildError::io(dir))?.flatten() {
            let path = entry.path();
            if self.dir.is_some() && path.is_file() {
                let text = fs::read_to_string(&path).map_err(BuildError::io(&path))?;
                let list = path.extension().is_some_and(|extension| extension == "d");
                key::write(&path, &self.undo(&text, if list { "\\ " } else { " " }))?;
            }
        }
        Ok(())
    }
}

/// A model after Verilator.
pub(crate) struct Verilated<'a> {
    pub(crate) target: &'a Target<'a>,
    pub(crate) ports: Vec<HeaderPort>,
    pub(crate) memories: Vec<Memory>,
    classes: String,
}

impl<'a> Verilated<'a> {
    /// Reads what Verilator has written into the folder.
    pub(crate) fn read(target: &'a Target<'a>) -> Result<Self, BuildError> {
        let read = |rest: &str| {
            let path = target.dir.join(target.prefix() + rest);
            fs::read_to_string(&path).map_err(BuildError::io(path))
        };
        let ports = shim::ports(&target.model.name, &read(".h")?)?;
        let memories = match target.model.memories.is_empty() {
            true => Vec::new(),
            false => shim::memories(target.model, &read("___024root.h")?)?,
        };
        Ok(Self { target, ports, memories, classes: read("_classes.mk")? })
    }

    /// The port that is the model's clock.
    pub(crate) fn clock(&self) -> Option<&HeaderPort> {
        let clock = self.target.model.clock.as_ref()?;
        self.ports.iter().find(|port| port.name == *clock)
    }

    fn check_clock(&self) -> Result<(), BuildError> {
        let Some(clock) = &self.target.model.clock else {
            return Ok(());
        };
        let input = |p: &HeaderPort| p.width == 1 && p.direction == crate::Direction::Input;
        if self.clock().is_some_and(input) {
            return Ok(());
        }
        let names: Vec<&str> = self.ports.iter().map(|port| &*port.name).collect();
        Err(BuildError::Description(format!(
            "model `{}`: the clock `{clock}` is not a one-bit input of the top module; its ports are \
             {}",
            self.target.model.name,
            names.join(", ")
        )))
    }

    /// The names in a list of Verilator's makefile, without extensions.
    fn list(&self, variable: &str) -> impl Iterator<Item = String> {
        let head = format!("{variable} += \\");
        let lines = self.classes.lines().skip_while(move |line| *line != head).skip(1);
        lines
            .map(|line| line.trim().trim_end_matches('\\').trim())
            .take_while(|word| !word.is_empty())
            .map(str::to_owned)
    }

    /// The files of Verilator's runtime that it needs.
    pub(crate) fn globals(&self) -> Vec<String> {
        self.list("VM_GLOBAL_FAST").chain(self.list("VM_GLOBAL_SLOW")).collect()
    }

    /// The C++ files. Those on the hot path are compiled as one, together with the shim, so
    /// that the whole of a tick can be inlined into it; a model that Verilator was told to
    /// split stays split.
    pub(crate) fn jobs(&self, tools: &Toolbox, runtime: &Runtime) -> Result<Vec<Job>, BuildError> {
        let dir = &self.target.dir;
        let mut fast: Vec<String> =
            self.list("VM_CLASSES_FAST").chain(self.list("VM_SUPPORT_FAST")).collect();
        fast.push("vrs_top".to_owned());
        let mut slow: Vec<String> =
            self.list("VM_CLASSES_SLOW").chain(self.list("VM_SUPPORT_SLOW")).collect();
        if !self.classes.lines().any(|line| line == "VM_PARALLEL_BUILDS = 1") {
            for (unit, files) in [("all_fast", &mut fast), ("all_slow", &mut slow)] {
                let text: String =
                    files.iter().map(|file| format!("#include \"{file}.cpp\"\n")).collect();
                key::write(&dir.join(format!("{unit}.cpp")), &text)?;
                *files = vec![unit.to_owned()];
            }
        }
        let job = |file: &String, optimization: &str| {
            let mut command = runtime.command(tools, optimization);
            command.arg("-include").arg(runtime.header(optimization)).arg("-I").arg(dir);
            Job::new(command, dir.join(format!("{file}.cpp")), dir.join(format!("{file}.o")))
        };
        let mut jobs: Vec<Job> =
            fast.iter().map(|file| job(file, &self.target.model.optimization)).collect();
        // Construction and the first dump; the compiler's time is worth more here.
        jobs.extend(slow.iter().map(|file| job(file, "-O0")));
        Ok(jobs)
    }
}

/// One C++ file to compile.
pub(crate) struct Job {
    command: Command,
    source: PathBuf,
    part: PathBuf,
    pub(crate) object: PathBuf,
}

impl Job {
    fn new(mut command: Command, source: PathBuf, object: PathBuf) -> Self {
        let part = key::part_of(&object);
        command.arg("-c").arg(&source).arg("-o").arg(&part);
        Self { command, source, part, object }
    }

    /// Runs jobs side by side.
    pub(crate) fn run_all(jobs: Vec<Self>) -> Result<(), BuildError> {
        tool::in_parallel(jobs, |mut job| {
            compile(&mut job.command, &job.source)?;
            fs::rename(&job.part, &job.object).map_err(BuildError::io(&job.object))
        })?;
        Ok(())
    }
}

/// Runs the compiler, archiver or linker.
pub(crate) fn compile(command: &mut Command, what: &Path) -> Result<(), BuildError> {
    tool::run(command).map(drop).map_err(|messages| {
        let hint = if messages.contains("zlib.h") || messages.contains("-lz:") {
            " FST waveforms need zlib: install its headers (Debian, Ubuntu: `apt-get install \
             zlib1g-dev`) or build with Trace::Vcd."
        } else if messages.contains("lz4.h") || messages.contains("-llz4") {
            " The FST writer of this Verilator needs lz4: install its headers (Debian, \
             Ubuntu: `apt-get install liblz4-dev`) or build with Trace::Vcd."
        } else {
            ""
        };
        BuildError::CompilerFailed { what: what.display().to_string(), hint, messages }
    })
}

/// What everything compiled depends on.
fn tools_key(tools: &Toolbox) -> Key {
    let mut key = Key::default();
    key.text(env!("CARGO_PKG_VERSION"));
    key.text(&tools.compiler.identity);
    key.text(&tools.verilator.identity);
    key.text(include_str!("make.rs"));
    for (name, text) in shim::SHARED {
        key.text(name);
        key.text(text);
    }
    key
}

/// The header that stands beside its precompiled form.
const HEADER: &str = "vrs_all.h";

/// Verilator's runtime and the shared part of the shim: headers and objects in a folder of
/// their own, which appear when they are complete and then stay.
pub(crate) struct Runtime {
    pub(crate) dir: PathBuf,
}

impl Runtime {
    /// Writes the headers.
    pub(crate) fn new(tools: &Toolbox, base: &Path) -> Result<Self, BuildError> {
        let dir = base.join(format!("runtime-{}", &tools_key(tools).finish()[..16]));
        fs::create_dir_all(&dir).map_err(BuildError::io(&dir))?;
        for (name, text) in shim::SHARED {
            key::write(&dir.join(name), text)?;
        }
        Ok(Self { dir })
    }

    /// The objects that models need which name these files of Verilator.
    pub(crate) fn objects(&self, names: &BTreeSet<String>) -> Vec<PathBuf> {
        let object = |name: &String| self.dir.join(format!("{name}.o"));
        names.iter().chain([&"vrs_runtime".to_owned()]).map(object).collect()
    }

    /// The compilation of what is missing of these.
    pub(crate) fn jobs(&self, tools: &Toolbox, objects: &[PathBuf]) -> Vec<Job> {
        let missing = objects.iter().filter(|object| !object.is_file());
        missing
            .map(|object| {
                let name = Path::new(object.file_stem().unwrap_or_default()).with_extension("cpp");
                let own = self.dir.join(&name);
                let source = if own.is_file() { own } else { tools.verilator.include().join(name) };
                let mut command = self.command(tools, "-O2");
                command.arg("-include").arg(self.dir.join("vrs_print.h"));
                Job::new(command, source, object.clone())
            })
            .collect()
    }

    /// The precompilation of the headers, as far as it is missing: reading them takes longer
    /// than compiling a small model. For gcc only; it goes without where there is none.
    pub(crate) fn headers(&self, tools: &Toolbox) -> Result<Vec<Job>, BuildError> {
        let mut jobs = Vec::new();
        for optimization in ["-O0", "-O2"] {
            let header = self.dir.join(optimization).join(HEADER);
            let object = header.with_extension("h.gch");
            if tools.compiler.is_gcc() && !object.is_file() {
                let dir = self.dir.join(optimization);
                fs::create_dir_all(&dir).map_err(BuildError::io(&dir))?;
                key::write(&header, "#include \"vrs_model.h\"\n")?;
                let mut command = self.command(tools, optimization);
                command.args(["-x", "c++-header"]);
                jobs.push(Job::new(command, header, object));
            }
        }
        Ok(jobs)
    }

    /// What the C++ files of models include first.
    fn header(&self, optimization: &str) -> PathBuf {
        let own = self.dir.join(optimization).join(HEADER);
        if own.is_file() { own } else { self.dir.join("vrs_model.h") }
    }

    /// Options common to all C++ files.
    fn command(&self, tools: &Toolbox, optimization: &str) -> Command {
        let include = tools.verilator.include();
        let mut command = tools.compiler.command(optimization);
        command
            // The runtime's assertions would need libatomic with clang.
            .arg("-DNDEBUG")
            .args(["-DVERILATOR=1", "-DVM_SC=0", "-DVL_TIME_CONTEXT"])
            // The same for all, so that they can share a runtime and precompiled headers.
            .args(["-DVM_TRACE=1", "-DVM_COVERAGE=1"])
            .args(["-DVL_USER_FINISH", "-DVL_USER_STOP", "-DVL_USER_FATAL", "-DVL_USER_WARN"])
            // Shared objects in one process each have a runtime of their own.
            .args(["-fvisibility=hidden", "-fvisibility-inlines-hidden"])
            .arg("-I")
            .arg(&self.dir)
            .arg("-I")
            .arg(&include)
            .arg("-I")
            .arg(include.join("vltstd"));
        command
    }
}

/// Puts objects into a library under its final name.
#[cfg(feature = "build")]
pub(crate) fn archive(
    compiler: &Compiler,
    objects: &[PathBuf],
    library: &Path,
) -> Result<(), BuildError> {
    let part = key::part_of(library);
    compile(compiler.archive().arg(&part).args(objects), library)?;
    fs::rename(&part, library).map_err(BuildError::io(library))
}

/// Links objects into a shared object that shows nothing but this function.
#[cfg(feature = "load")]
pub(crate) fn link(
    compiler: &Compiler,
    objects: &[PathBuf],
    libraries: &[&str],
    function: &str,
    library: &Path,
) -> Result<(), BuildError> {
    let mut command = compiler.command("-O2");
    command.arg("-shared").arg("-o").arg(library).args(objects);
    if cfg!(target_os = "macos") {
        command.arg(format!("-Wl,-exported_symbol,_{function}"));
    } else {
        // All else is bound inside, the weak symbols of the C++ library among it.
        let script = library.with_extension("map");
        key::write(&script, &format!("{{ global: {function}; local: *; }};\n"))?;
        command.arg(format!("-Wl,-Bsymbolic,-z,now,--version-script={}", script.display()));
    }
    command.args(libraries.iter().map(|name| format!("-l{name}")));
    compile(&mut command, library)
}

impl Toolbox {
    /// The libraries of the system that FST waveforms need.
    pub(crate) fn fst_libraries(&self) -> &'static [&'static str] {
        if self.verilator.fst_needs_lz4() { &["lz4", "z"] } else { &["z"] }
    }
}
