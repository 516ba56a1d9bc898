// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can go wrong while a model runs.

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
#[non_exhaustive]
pub enum Error {
    /// The RTL reported an error. The cycle it happened in is complete and the error is
    /// cleared: the model can be used further. When several happen in one call the
    /// first is returned and the text of the others goes to the output.
    #[error("{file}:{line}: {kind} in {scope} at time {time}: {message}")]
    Rtl {
        /// What raised it.
        kind: RtlKind,
        /// The text given in the RTL, or a stock phrase where it gives none.
        message: String,
        /// Source file, spelt as it was given to the build side.
        file: String,
        /// Line in it, from 1.
        line: u32,
        /// Hierarchical name of the instance (and of the assertion, where it has one);
        /// empty for `$stop`.
        scope: String,
        /// When it happened.
        time: u64,
    },
    /// [`Sim::run_until`](crate::Sim::run_until) ran out of cycles.
    #[error("watchdog: the condition did not come true in {cycles} cycles (time {time})")]
    Watchdog {
        /// Cycles run by the call.
        cycles: u64,
        /// Time at the end.
        time: u64,
    },
    /// The design does not settle, as with a combinational loop that oscillates. The
    /// model is poisoned.
    #[error("{file}:{line}: at time {time} the model does not settle: {message}")]
    NotConverged {
        /// Verilator's message.
        message: String,
        /// Source file of the top module.
        file: String,
        /// Line of the top module.
        line: u32,
        /// When it happened.
        time: u64,
    },
    /// Another error inside of Verilator or the C++ library. The model is poisoned.
    #[error("{file}:{line}: at time {time} the model broke down: {message}")]
    Fatal {
        /// The message.
        message: String,
        /// Source file, or empty.
        file: String,
        /// Line, or 0.
        line: u32,
        /// When it happened.
        time: u64,
    },
    /// The model takes no more calls since a [`NotConverged`](Error::NotConverged) or
    /// [`Fatal`](Error::Fatal); construct another one.
    #[error("the model is unusable since an earlier error: {message}")]
    Poisoned {
        /// The message of that error.
        message: String,
    },
    /// The RTL has run `$finish` in an earlier call (or the final blocks have run).
    #[error("the simulation has finished")]
    Finished,
    /// The model was built without a clock (`Verilate::clock`).
    #[error("model `{model}` has no clock: name one with Verilate::clock in build.rs")]
    NoClock {
        /// The model's name.
        model: &'static str,
    },
    /// No row of this name is linked into the program.
    #[error("`{family}` has no built-in row `{name}`; there is {names}")]
    NoBuiltin {
        /// The family.
        family: &'static str,
        /// The name asked for.
        name: String,
        /// The names there are.
        names: String,
    },
    /// A library has other ports or memories than the type was generated for.
    #[error("model `{model}`: {what} {reason}: build the program again")]
    Interface {
        /// The row.
        model: &'static str,
        /// The port or memory.
        what: String,
        /// What is different about it.
        reason: String,
    },
    /// A waveform file could not be opened.
    #[error("cannot trace into {}: {reason}", path.display())]
    Trace {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A coverage file could not be written.
    #[error("cannot write coverage to {}: {reason}", path.display())]
    Coverage {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A text meant for the C++ side holds a nul character.
    #[error("a nul character in {text:?}")]
    Text {
        /// The text.
        text: String,
    },
}

/// What the text printed by a model says about an error.
pub(crate) struct Said {
    pub(crate) kind: RtlKind,
    pub(crate) message: String,
    pub(crate) scope: String,
}

/// Takes apart `[time] %Error: file:line: Assertion failed in TOP.scope: message`, the
/// form in which Verilator prints `$error`, `$fatal` and failed assertions alike; the
/// kind, where the build side knows it, tells which of them it was.
pub(crate) fn parse(text: &str, known: Option<RtlKind>) -> Said {
    const BEFORE_SCOPE: &str = "Assertion failed in ";
    let text = text.trim_end();
    let Some(at) = text.find(BEFORE_SCOPE) else {
        let kind = known.unwrap_or(RtlKind::Stop);
        return Said { kind, message: stock(kind).to_owned(), scope: String::new() };
    };
    let rest = &text[at + BEFORE_SCOPE.len()..];
    let (scope, message) = rest.split_once(": ").unwrap_or((rest.trim_end_matches(':'), ""));
    let kind = known.unwrap_or(if text[..at].contains("%Fatal: ") {
        RtlKind::Fatal
    } else if message == "'assert' failed." {
        RtlKind::Assertion
    } else {
        RtlKind::Error
    });
    Said {
        kind,
        message: if message.is_empty() { stock(kind) } else { message }.to_owned(),
        scope: scope.strip_prefix("TOP.").unwrap_or(scope).to_owned(),
    }
}

fn stock(kind: RtlKind) -> &'static str {
    match kind {
        RtlKind::Assertion => "'assert' failed.",
        RtlKind::Error => "no message",
        RtlKind::Fatal => "no message",
        RtlKind::Stop => "Verilog $stop",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_taken_apart() {
        let said = parse("[4] %Error: a.sv:6: Assertion failed in TOP.e.ap: too: big\n", None);
        assert_eq!((said.kind, &*said.scope, &*said.message), (RtlKind::Error, "e.ap", "too: big"));
        let said = parse("[4] %Error: a.sv:6: Assertion failed in TOP.e: 'assert' failed.\n", None);
        assert_eq!(said.kind, RtlKind::Assertion);
        let said = parse("[4] %Fatal: a.sv:6: Assertion failed in TOP.e\n", None);
        assert_eq!((said.kind, &*said.scope, &*said.message), (RtlKind::Fatal, "e", "no message"));
        let said = parse("[4] %Error: a.sv:6: Assertion failed in TOP.e: x", Some(RtlKind::Fatal));
        assert_eq!(said.kind, RtlKind::Fatal);
        assert_eq!(parse("", None).kind, RtlKind::Stop);
    }
}
