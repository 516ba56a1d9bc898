// SPDX-License-Identifier: MIT OR Apache-2.0
//! The programs of `firmware/`, compiled for the core.
//!
//! A program is one file, C or assembly, in one of the [`FOLDERS`]; it is linked with the start-up
//! code and the runtime.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::{env, fs, io};

use sha2::{Digest, Sha256};

const ROOT: &str = "firmware";

/// The folders of programs, what `src/lib.rs` calls their kind, whether they need RV32F, and what they
/// are compiled with beside [`FLAGS`].
const FOLDERS: &[(&str, &str, bool, &[&str])] = &[
    ("tests", "Test", false, &[]),
    ("tests/float", "Test", true, &[WITH_FLOAT]),
    ("cycles", "Cycles", false, &[]),
    ("cycles/float", "Cycles", true, &[WITH_FLOAT]),
    ("benchmarks", "Benchmark", false, &[]),
    ("examples", "Example", false, &[]),
    // Else the compiler keeps more addresses than there are registers, and branches lose a cycle at targets
    // that straddle words.
    ("lenet", "Lenet", false, &["-O3", "-fno-ivopts", "-falign-labels=4"]),
    // A product and a sum are rounded each, but where the source says that they are fused.
    ("lenet/float", "Lenet", true, &[WITH_FLOAT, "-O3", "-ffp-contract=off"]),
];

/// In place of the architecture of [`FLAGS`]. Floats are passed in integer registers as everywhere, so
/// that the runtime is one for all programs.
const WITH_FLOAT: &str = "-march=rv32imfc_zicsr_zifencei";

/// What every program is linked with; the start-up code first.
const RUNTIME: &[&str] = &["start.S", "runtime.c", "libcalls.c"];

const COMPILERS: &[&str] = &["riscv64-unknown-elf-gcc", "riscv64-elf-gcc"];

/// What everything is compiled with, and what programs are linked with, for the compiler to read.
const FLAGS: &str = "@firmware/compile.flags";
const LINK_FLAGS: &str = "@firmware/link.flags";

/// Side by side; each is short.
const JOBS: usize = 2;

/// Builds all programs and writes the list of them that `src/lib.rs` includes.
///
/// # Errors
/// One sentence: no compiler, or a program that it refuses, with its messages.
pub fn build() -> Result<(), String> {
    println!("cargo::rerun-if-changed={ROOT}");
    println!("cargo::rerun-if-env-changed=RISCV_CC");
    let out = PathBuf::from(env::var("OUT_DIR").map_err(|error| format!("OUT_DIR: {error}"))?);
    let folder = out.join(ROOT);
    let programs = programs()?;
    let compiler = Compiler::find()?;
    let key = key(&compiler)?;
    let stamp = folder.join("key");
    if fs::read_to_string(&stamp).ok().as_ref() != Some(&key) {
        // What an earlier state of the folder left must not be taken for a program.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(said(&folder))?;
        let runtime = in_parallel(RUNTIME, |name| {
            let object = folder.join(name).with_extension("o");
            compiler.object(&Path::new(ROOT).join(name), &[], &object)
        })?;
        in_parallel(&programs, |program| compiler.program(program, &runtime, &folder))?;
        fs::write(&stamp, key).map_err(said(&stamp))?;
    }
    let list = out.join("firmware.rs");
    fs::write(&list, list_of(&programs, &folder)).map_err(said(&list))
}

struct Program {
    name: String,
    kind: &'static str,
    float: bool,
    flags: &'static [&'static str],
    source: PathBuf,
}

/// All programs, by folder and name.
fn programs() -> Result<Vec<Program>, String> {
    let mut programs = Vec::new();
    let mut sources = BTreeMap::new();
    for &(folder, kind, float, flags) in FOLDERS {
        for source in files(&Path::new(ROOT).join(folder))? {
            if !source.extension().is_some_and(|extension| extension == "c" || extension == "S") {
                continue;
            }
            let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if let Some(other) = sources.insert(name.clone(), source.clone()) {
                let (one, other) = (source.display(), other.display());
                return Err(format!("{other} and {one} are programs of one name: rename one"));
            }
            programs.push(Program { name, kind, float, flags, source });
        }
    }
    Ok(programs)
}

/// The files of a folder, sorted.
fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut files: Vec<PathBuf> =
        entries.map_err(said(folder))?.into_iter().map(|entry| entry.path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    Ok(files)
}

/// Changes with whatever the programs are made of.
fn key(compiler: &Compiler) -> Result<String, String> {
    let mut hash = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    add(compiler.version.as_bytes());
    let special = FOLDERS.iter().flat_map(|(.., flags)| *flags);
    for flag in RUNTIME.iter().chain(special) {
        add(flag.as_bytes());
    }
    let folders = FOLDERS.iter().map(|(folder, ..)| Path::new(ROOT).join(folder));
    for folder in [PathBuf::from(ROOT)].into_iter().chain(folders) {
        for file in files(&folder)? {
            add(file.to_string_lossy().as_bytes());
            add(&fs::read(&file).map_err(said(&file))?);
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

struct Compiler {
    path: String,
    version: String,
}

impl Compiler {
    /// The one that RISCV_CC names, else the first of [`COMPILERS`] that is there.
    fn find() -> Result<Self, String> {
        let named = env::var("RISCV_CC").ok().filter(|path| !path.is_empty());
        let candidates = match &named {
            Some(path) => vec![path.as_str()],
            None => COMPILERS.to_vec(),
        };
        for path in candidates {
            let Ok(output) = Command::new(path).arg("--version").output() else { continue };
            if output.status.success() {
                let version = String::from_utf8_lossy(&output.stdout).into_owned();
                return Ok(Self { path: path.to_owned(), version });
            }
        }
        Err(match named {
            Some(path) => format!("RISCV_CC is {path}, which is not a compiler that runs"),
            None => format!(
                "no RISC-V compiler for firmware/: neither {} is in PATH; install Debian's \
                 gcc-riscv64-unknown-elf or Homebrew's riscv64-elf-gcc (./run and ./test do), \
                 or name a compiler in RISCV_CC",
                COMPILERS.join(" nor ")
            ),
        })
    }

    /// Under a name of its own: the object's name may become a symbol of the program.
    fn object(&self, source: &Path, flags: &[&str], object: &Path) -> Result<PathBuf, String> {
        let mut command = Command::new(&self.path);
        command.arg(FLAGS).args(flags).arg("-c").arg(source).arg("-o").arg(object);
        self.run(source, &mut command)?;
        Ok(object.to_owned())
    }

    fn program(
        &self,
        program: &Program,
        runtime: &[PathBuf],
        folder: &Path,
    ) -> Result<PathBuf, String> {
        let elf = folder.join(&program.name).with_extension("elf");
        let object = self.object(&program.source, program.flags, &elf.with_extension("o"))?;
        let mut command = Command::new(&self.path);
        command.args([FLAGS, LINK_FLAGS]).args(runtime).arg(&object).arg("-o").arg(&elf);
        self.run(&program.source, &mut command)?;
        Ok(elf)
    }

    /// Passes warnings on to Cargo.
    fn run(&self, source: &Path, command: &mut Command) -> Result<(), String> {
        let output =
            command.output().map_err(|error| format!("{} does not run: {error}", self.path))?;
        let messages = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            return Err(format!("{} refuses {}:\n{messages}", self.path, source.display()));
        }
        for line in messages.lines() {
            println!("cargo::warning={line}");
        }
        Ok(())
    }
}

/// `work` on each item, [`JOBS`] at a time; results in the order of the items, or the first error.
fn in_parallel<T: Sync>(
    items: &[T],
    work: impl Fn(&T) -> Result<PathBuf, String> + Sync,
) -> Result<Vec<PathBuf>, String> {
    let queue = Mutex::new(items.iter().enumerate());
    let results = Mutex::new(BTreeMap::new());
    let next = || queue.lock().expect("no panic under the lock").next();
    std::thread::scope(|scope| {
        for _ in 0..JOBS {
            scope.spawn(|| {
                while let Some((index, item)) = next() {
                    let result = work(item);
                    results.lock().expect("no panic under the lock").insert(index, result);
                }
            });
        }
    });
    results.into_inner().expect("no panic under the lock").into_values().collect()
}

/// The Rust source that lists the programs for `src/lib.rs`.
fn list_of(programs: &[Program], folder: &Path) -> String {
    let mut list = String::from("programs! {\n");
    for Program { name, kind, float, .. } in programs {
        let elf = folder.join(name).with_extension("elf");
        writeln!(list, "    {name:?} {kind} {float} {elf:?};").expect("a String takes all");
    }
    list.push_str("}\n");
    list
}

fn said(path: &Path) -> impl Fn(io::Error) -> String {
    move |error| format!("{}: {error}", path.display())
}
