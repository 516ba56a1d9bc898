// SPDX-License-Identifier: MIT OR Apache-2.0
//! The build side: from SystemVerilog to compiled models, and in `build.rs` to Rust types.
//!
//! Describe models with [`Verilate`] and [`Family`] and hand them all to one
#![cfg_attr(feature = "build", doc = "[`run`].")]
#![cfg_attr(not(feature = "build"), doc = "`run`, which needs the feature `build`.")]

use std::path::PathBuf;

#[cfg(feature = "build")]
mod families;
pub(crate) mod key;
pub(crate) mod make;
mod shim;
pub(crate) mod tool;

pub use crate::error::BuildError;
#[cfg(feature = "build")]
pub use families::run;
pub use tool::{Tools, tools};

/// The waveform format a model is built for. A model that can be traced is slower
/// even while no file is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trace {
    /// No waveforms. The default.
    #[default]
    None,
    /// Value change dump: text, large, fast to write.
    Vcd,
    /// Fast signal trace: binary, small, slow to write; needs zlib, and from Verilator
    /// 5.048 on lz4.
    Fst,
}

/// What Verilator's warnings lead to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Warnings {
    /// All warnings (`-Wall`), each one an error unless waived. The default.
    #[default]
    Fatal,
    /// All warnings, shown by Cargo as warnings.
    Report,
    /// Verilator's own choice of warnings (no `-Wall`), each one an error unless waived.
    Basic,
}

/// What an assigned `x` becomes (`--x-assign`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum XAssign {
    /// Whatever is fastest. The default.
    #[default]
    Fast,
    /// Zero.
    Zero,
    /// One.
    One,
    /// The value chosen by the seed of the model.
    Unique,
}

/// What variables without an initial value hold (`--x-initial`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum XInitial {
    /// What [`Config`](crate::Config) says, so that missing resets can be found. The
    /// default.
    #[default]
    Unique,
    /// Zero.
    Zero,
    /// Whatever is fastest.
    Fast,
}

/// Description of one model: its sources and how Verilator is to treat them.
///
/// Paths are relative to the package (the working folder of `build.rs`) and appear in
/// messages as they are given here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a description does nothing until it is given to `run` or `load`"]
pub struct Verilate {
    pub(crate) name: String,
    pub(crate) top: String,
    pub(crate) sources: Vec<PathBuf>,
    pub(crate) include_dirs: Vec<PathBuf>,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) defines: Vec<(String, String)>,
    pub(crate) clock: Option<String>,
    pub(crate) memories: Vec<(String, String)>,
    pub(crate) trace: Trace,
    pub(crate) coverage: bool,
    pub(crate) x_assign: XAssign,
    pub(crate) x_initial: XInitial,
    pub(crate) assertions: bool,
    pub(crate) waivers: Vec<PathBuf>,
    pub(crate) warnings: Warnings,
    pub(crate) optimization: String,
    pub(crate) args: Vec<String>,
}

impl Verilate {
    /// A model of this name (`snake_case`) of this top module. As a family of its own it has
    /// the Rust type of that name: `conv_k3` gives `ConvK3`.
    pub fn new(name: impl Into<String>, top: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            top: top.into(),
            sources: Vec::new(),
            include_dirs: Vec::new(),
            parameters: Vec::new(),
            defines: Vec::new(),
            clock: None,
            memories: Vec::new(),
            trace: Trace::None,
            coverage: false,
            x_assign: XAssign::Fast,
            x_initial: XInitial::Unique,
            assertions: true,
            waivers: Vec::new(),
            warnings: Warnings::Fatal,
            optimization: "-O2".to_owned(),
            args: Vec::new(),
        }
    }

    /// Adds a source file; packages come before their users.
    pub fn source(self, path: impl Into<PathBuf>) -> Self {
        self.sources([path])
    }

    /// Adds source files in this order.
    pub fn sources<P: Into<PathBuf>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.sources.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Adds a folder in which `` `include `` files and modules are looked for.
    pub fn include_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.include_dirs.push(path.into());
        self
    }

    /// Sets a parameter of the top module. Texts need their quotes: `"\"text\""`.
    pub fn parameter(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.parameters.push((name.into(), value.to_string()));
        self
    }

    /// Defines a macro; an empty value is a macro without one.
    pub fn define(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.defines.push((name.into(), value.to_string()));
        self
    }

    /// Names the input that `tick` and the batch calls drive. A model without a clock
    /// can only be evaluated.
    pub fn clock(mut self, port: impl Into<String>) -> Self {
        self.clock = Some(port.into());
        self
    }

    /// Gives the model a back door to an unpacked array of words of up to 64 bits in the design:
    /// the methods `name()` and `name_mut()`, slices of all words, the lowest index first.
    ///
    /// The path leads from the top module through instances and generate blocks to the array, as
    /// in `"u_ram.words"` or `"gen_bank[1].words"`; the array is declared with
    /// `/*verilator public_flat_rw*/`.
    pub fn memory(mut self, name: impl Into<String>, path: impl Into<String>) -> Self {
        self.memories.push((name.into(), path.into()));
        self
    }

    /// Adds a Verilator configuration file (`.vlt`) that waives warnings.
    pub fn waivers(mut self, path: impl Into<PathBuf>) -> Self {
        self.waivers.push(path.into());
        self
    }

    /// Optimisation flag of the C++ compiler; `-O2` by default.
    pub fn optimization(mut self, flag: impl Into<String>) -> Self {
        self.optimization = flag.into();
        self
    }

    /// Adds an argument to Verilator's command line, for what has no method here.
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.args.push(argument.into());
        self
    }

    setters! {
        /// Builds for waveforms of this format.
        trace: Trace,
        /// Builds with coverage counters (line, toggle and user). Several times slower.
        coverage: bool,
        /// What an assigned `x` becomes.
        x_assign: XAssign,
        /// What variables without an initial value hold.
        x_initial: XInitial,
        /// Builds with assertions (the default) or leaves them out, which is faster.
        assertions: bool,
        /// What warnings lead to.
        warnings: Warnings,
    }

    /// The sources, waivers and include folders.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.sources.iter().chain(&self.waivers).chain(&self.include_dirs)
    }

    /// Verilator's arguments but for the output folder, with paths spelt as `text` does.
    pub(crate) fn arguments(
        &self,
        version: tool::Version,
        prefix: &str,
        text: impl Fn(&PathBuf) -> String,
    ) -> Vec<String> {
        let warnings = match self.warnings {
            Warnings::Fatal => "-Wall",
            Warnings::Report => "-Wall -Wno-fatal",
            Warnings::Basic => "",
        };
        let trace = match self.trace {
            Trace::None => "",
            Trace::Vcd if version.has_trace_vcd() => "--trace-vcd",
            Trace::Vcd => "--trace",
            Trace::Fst => "--trace-fst",
        };
        let x = |value: String| value.to_lowercase().replace("zero", "0").replace("one", "1");
        let fixed = format!(
            "--cc --no-timing -O3 --threads 1 -Wno-SYMRSVDWORD --prefix {prefix} --x-assign {} --x-initial {} \
             {warnings} {trace} {} {} {}",
            x(format!("{:?}", self.x_assign)),
            x(format!("{:?}", self.x_initial)),
            if version.has_quiet() { "--quiet" } else { "" },
            if self.assertions { "--assert" } else { "--no-assert" },
            if self.coverage { "--coverage" } else { "" },
        );
        let mut args: Vec<String> = fixed.split_whitespace().map(str::to_owned).collect();
        args.extend(["--top-module".to_owned(), self.top.clone()]);
        args.extend(self.include_dirs.iter().map(|dir| format!("-I{}", text(dir))));
        args.extend(self.parameters.iter().map(|(name, value)| format!("-G{name}={value}")));
        args.extend(self.defines.iter().map(|(name, value)| match value.as_str() {
            "" => format!("-D{name}"),
            _ => format!("-D{name}={value}"),
        }));
        args.extend(self.args.iter().cloned());
        args.extend(self.waivers.iter().map(&text));
        args.extend(self.sources.iter().map(text));
        args
    }
}

/// Models of one top module that differ in data alone: parameters, waveforms, flags. They
/// share one Rust type.
///
/// Each *row* is a model that is linked into the program. Others can be loaded while it runs.
/// A single [`Verilate`] is a family of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a description does nothing until it is given to `run`"]
pub struct Family {
    pub(crate) name: String,
    pub(crate) recipe: Verilate,
    pub(crate) varying: Vec<String>,
    pub(crate) rows: Vec<Verilate>,
    pub(crate) watched: bool,
}

impl Family {
    /// A family of this name (`snake_case`, unique in the package): `conv_unit` gives the
    /// Rust type `ConvUnit`. Where it has no rows, ports and memories of the type are those
    /// of the recipe.
    pub fn new(name: impl Into<String>, recipe: Verilate) -> Self {
        Self { name: name.into(), recipe, varying: Vec::new(), rows: Vec::new(), watched: true }
    }

    /// Names the ports whose widths depend on the row. Their accessors take and give values of
    /// any width.
    pub fn varying<N: Into<String>>(mut self, ports: impl IntoIterator<Item = N>) -> Self {
        self.varying.extend(ports.into_iter().map(Into::into));
        self
    }

    /// Does not tell Cargo to watch the sources: for a program that notices itself that its rows
    /// are out of date (`verilated::load::sources_digest`), and loads others instead.
    pub fn unwatched(mut self) -> Self {
        self.watched = false;
        self
    }

    /// Adds a row that is linked into the program, with a name of its own.
    pub fn row(self, row: Verilate) -> Self {
        self.rows([row])
    }

    /// Adds rows.
    pub fn rows(mut self, rows: impl IntoIterator<Item = Verilate>) -> Self {
        self.rows.extend(rows);
        self
    }
}

impl From<Verilate> for Family {
    fn from(model: Verilate) -> Self {
        Self::new(model.name.clone(), model.clone()).row(model)
    }
}
