// SPDX-License-Identifier: MIT OR Apache-2.0
//! Verilator and the C++ compiler: finding them, what their versions can do, running them.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex};

use super::BuildError;

/// Major and minor version of Verilator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub u32, pub u32);

impl Version {
    const OLDEST: Self = Self(5, 6);
    /// Builds from a development tree may not tell their version.
    const UNKNOWN: Self = Self(u32::MAX, 0);

    pub(crate) fn has_trace_vcd(self) -> bool {
        self >= Self(5, 36)
    }

    pub(crate) fn has_quiet(self) -> bool {
        self >= Self(5, 30)
    }

    /// The first version number in a text: `Verilator 5.006 2023-01-22`, `"5.49"`.
    fn parse(text: &str) -> Option<Self> {
        text.split(|c: char| !c.is_ascii_digit() && c != '.').find_map(|word| {
            let (major, minor) = word.split_once('.')?;
            Some(Self(major.parse().ok()?, minor.parse().ok()?))
        })
    }
}

/// A Verilator found on this machine.
#[derive(Debug)]
pub(crate) struct Verilator {
    pub(crate) path: PathBuf,
    pub(crate) root: PathBuf,
    pub(crate) version: Version,
    /// All it says about its version, for the rebuild key.
    pub(crate) identity: String,
}

impl Verilator {
    /// Looks in `VERILATOR`, `VERILATOR_ROOT`/bin and `PATH`, in this order.
    pub(crate) fn find() -> Result<Self, BuildError> {
        let (path, looked) = if let Some(path) = set("VERILATOR") {
            (PathBuf::from(&path), format!("VERILATOR is {}", path.to_string_lossy()))
        } else if let Some(root) = set("VERILATOR_ROOT") {
            let path = Path::new(&root).join("bin").join("verilator");
            let looked = format!("VERILATOR_ROOT is {}", root.to_string_lossy());
            (path, looked)
        } else {
            (PathBuf::from("verilator"), "it is not in PATH".to_owned())
        };
        let ask = |argument: &str| -> Result<String, BuildError> {
            let fail = |why: String| BuildError::VerilatorNotFound {
                looked: format!("{looked} ({} {argument}: {why})", path.display()),
            };
            let output = Command::new(&path)
                .args(argument.split(' '))
                .output()
                .map_err(|error| fail(error.to_string()))?;
            if !output.status.success() {
                return Err(fail(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
            }
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        let said = ask("--version")?;
        let old = |version: &Version| *version < Version::OLDEST;
        if Version::parse(&said).as_ref().is_some_and(old) {
            return Err(BuildError::VerilatorTooOld { path, version: said });
        }
        let root = PathBuf::from(ask("--getenv VERILATOR_ROOT")?);
        let header = root.join("include").join("verilated_config.h");
        let config =
            std::fs::read_to_string(&header).map_err(|error| BuildError::VerilatorNotFound {
                looked: format!("{looked}, but {}: {error}", header.display()),
            })?;
        // Some packages print no number; their header has one.
        let version = Version::parse(&said)
            .or_else(|| {
                let define = "#define VERILATOR_VERSION ";
                Version::parse(config.lines().find(|line| line.starts_with(define))?)
            })
            .unwrap_or(Version::UNKNOWN);
        if old(&version) {
            return Err(BuildError::VerilatorTooOld { path, version: said });
        }
        Ok(Self { path, root, version, identity: format!("{said}\n{config}") })
    }

    pub(crate) fn include(&self) -> PathBuf {
        self.root.join("include")
    }

    /// Whether its FST writer wants lz4 from the system.
    pub(crate) fn fst_needs_lz4(&self) -> bool {
        std::fs::read_to_string(self.include().join("verilated.mk"))
            .is_ok_and(|text| text.contains("-llz4"))
    }

    /// The binary as a file to watch, looked up in `PATH` if need be.
    #[cfg(feature = "build")]
    pub(crate) fn file(&self) -> Option<PathBuf> {
        find_in_path(&self.path)
    }
}

/// The C++ compiler of the target.
pub(crate) struct Compiler {
    tool: cc::Tool,
    #[cfg(feature = "build")]
    archiver: PathBuf,
    flags: Vec<&'static str>,
    pub(crate) identity: String,
    /// The first line it says of its version.
    said: String,
}

impl Compiler {
    pub(crate) fn find() -> Result<Self, BuildError> {
        let fail = |reason: String| BuildError::CompilerNotFound { reason };
        // Outside of a build script Cargo does not tell, and the program's own target it is.
        let own = env!("VERILATED_TARGET").to_owned();
        let (host, target) =
            env::var("HOST").ok().zip(env::var("TARGET").ok()).unwrap_or((own.clone(), own));
        let native = host == target;
        let mut build = cc::Build::new();
        build.target(&target).host(&host);
        build.cpp(true).cargo_metadata(false).warnings(false).std("c++17");
        // The optimisation of each file is this crate's own choice.
        build.opt_level(0).debug(false).force_frame_pointer(false);
        let chosen = env::vars_os().any(|(name, _)| {
            name.to_str().is_some_and(|name| name == "CXX" || name.starts_with("CXX_"))
                || name == "HOST_CXX"
                || name == "TARGET_CXX"
        });
        // Its models are as fast as gcc's, or faster by some percent.
        if native && !chosen && find_in_path(Path::new("clang++")).is_some() {
            build.compiler("clang++");
        }
        let tool = build.try_get_compiler().map_err(|error| fail(error.to_string()))?;
        let version = Command::new(tool.path())
            .arg("--version")
            .output()
            .map_err(|error| fail(format!("{}: {error}", tool.path().display())))?;
        let version = String::from_utf8_lossy(&version.stdout);
        #[cfg(feature = "build")]
        let archiver = build.get_archiver().get_program().into();
        // Chosen here rather than tried by cc, which would run the compiler for each.
        let mut flags = vec!["-w"];
        if target.starts_with("x86_64") || target.starts_with('i') {
            flags.push("-fcf-protection=none");
        }
        if tool.is_like_clang() {
            flags.push("-fbracket-depth=4096");
        }
        let identity = format!("{}\n{:?}{flags:?}\n{version}", tool.path().display(), tool.args());
        let said = version.lines().next().unwrap_or_default().to_owned();
        Ok(Self {
            tool,
            #[cfg(feature = "build")]
            archiver,
            flags,
            identity,
            said,
        })
    }

    pub(crate) fn is_gcc(&self) -> bool {
        self.tool.is_like_gnu()
    }

    /// A command to compile one file.
    pub(crate) fn command(&self, optimization: &str) -> Command {
        let mut command = self.tool.to_command();
        command.args(&self.flags).arg(optimization);
        command
    }

    /// A command to put objects into a library; without dates, so that the same
    /// objects give the same bytes.
    #[cfg(feature = "build")]
    pub(crate) fn archive(&self) -> Command {
        let mut command = Command::new(&self.archiver);
        command.env("ZERO_AR_DATE", "1").arg(if cfg!(target_os = "macos") {
            "crs"
        } else {
            "crsD"
        });
        command
    }
}

/// The tools that `run` and `load` use on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tools {
    /// What Verilator says of its version, with the number of its header where it says none.
    pub verilator: String,
    /// The folder of Verilator's C++ headers.
    pub verilator_include: PathBuf,
    /// The first line of what the C++ compiler says of its version.
    pub compiler: String,
}

/// Both tools, found.
pub(crate) struct Toolbox {
    pub(crate) verilator: Verilator,
    pub(crate) compiler: Compiler,
}

impl Toolbox {
    pub(crate) fn find() -> Result<Self, BuildError> {
        Ok(Self { verilator: Verilator::find()?, compiler: Compiler::find()? })
    }
}

/// Looks for Verilator and the C++ compiler as `run` and `load` do, for a record of what made
/// a result or for C++ of one's own around a model.
///
/// # Errors
/// When either is missing or Verilator is too old.
pub fn tools() -> Result<Tools, BuildError> {
    let Toolbox { verilator, compiler } = Toolbox::find()?;
    let said = verilator.identity.lines().next().unwrap_or_default();
    let number = match (Version::parse(said), verilator.version) {
        (Some(_), _) | (None, Version::UNKNOWN) => String::new(),
        (None, Version(major, minor)) => format!("Verilator {major}.{minor:03}, "),
    };
    Ok(Tools {
        verilator: number + said,
        verilator_include: verilator.include(),
        compiler: compiler.said,
    })
}

/// As many as Cargo allows.
fn parallelism() -> usize {
    std::env::var("NUM_JOBS")
        .ok()
        .and_then(|count| count.parse().ok())
        .or_else(|| std::thread::available_parallelism().ok().map(usize::from))
        .unwrap_or(1)
        .max(1)
}

/// Calls `work` on each item on several threads. Ends early at the first error, which
/// it returns; results are in the order of the items.
pub(crate) fn in_parallel<T, R, E>(
    items: Vec<T>,
    work: impl Fn(T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E>
where
    T: Send,
    R: Send,
    E: Send,
{
    let count = items.len();
    let queue = Mutex::new(items.into_iter().enumerate());
    let results = Mutex::new(Vec::with_capacity(count));
    let failed = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..parallelism().min(count) {
            scope.spawn(|| {
                loop {
                    if failed.load(Ordering::Relaxed) {
                        return;
                    }
                    let next = queue.lock().expect("no panic under the lock").next();
                    let Some((index, item)) = next else { return };
                    let result = work(item);
                    if result.is_err() {
                        failed.store(true, Ordering::Relaxed);
                    }
                    results.lock().expect("no panic under the lock").push((index, result));
                }
            });
        }
    });
    let mut results = results.into_inner().expect("no panic under the lock");
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Runs a command, no more at a time than [`parallelism`] tells however many threads ask; its
/// messages when it fails.
pub(crate) fn run(command: &mut Command) -> Result<Output, String> {
    static RUNNING: Mutex<usize> = Mutex::new(0);
    static ENDED: Condvar = Condvar::new();
    let running = RUNNING.lock().expect("no panic under the lock");
    let limit = parallelism();
    *ENDED.wait_while(running, |count| *count >= limit).expect("no panic under the lock") += 1;
    let result = command.output();
    *RUNNING.lock().expect("no panic under the lock") -= 1;
    ENDED.notify_one();
    let output =
        result.map_err(|error| format!("{}: {error}", command.get_program().to_string_lossy()))?;
    if output.status.success() {
        return Ok(output);
    }
    let mut messages = String::from_utf8_lossy(&output.stderr).into_owned();
    messages.push_str(&String::from_utf8_lossy(&output.stdout));
    if messages.trim().is_empty() {
        messages =
            format!("{} ended with {}", command.get_program().to_string_lossy(), output.status);
    }
    Err(messages)
}

fn set(variable: &str) -> Option<OsString> {
    env::var_os(variable).filter(|value| !value.is_empty())
}

fn find_in_path(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.is_file().then(|| program.to_owned());
    }
    env::split_paths(&env::var_os("PATH")?)
        .map(|dir| dir.join(program))
        .find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn versions_are_read() {
        let debian = "Verilator 5.006 2023-01-22 rev (Debian 5.006-3)";
        assert_eq!(Version::parse(debian), Some(Version(5, 6)));
        assert_eq!(Version::parse("#define VERILATOR_VERSION \"5.49\""), Some(Version(5, 49)));
        assert_eq!(Version::parse(" rev vUNKNOWN-built20260516-4e853d8"), None);
        assert!(Version(4, 228) < Version::OLDEST && Version::UNKNOWN.has_trace_vcd());
    }
}
