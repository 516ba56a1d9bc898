// SPDX-License-Identifier: MIT OR Apache-2.0
//! From SystemVerilog to a netlist of standard cells, by Yosys.
//!
//! [`synthesise`] makes a netlist of a [`Design`] with a [`CellLibrary`], and keeps it in a cache under
//! a digest of all that goes in: contents of the sources, parameters, scripts, the library, versions
//! of the tools. The modules of the design stay modules of the netlist. `docs/silicon.md` tells what
//! the numbers of such a netlist leave out.

pub mod cells;
mod library;
mod script;
mod tools;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{fs, io};

use sha2::{Digest, Sha256};
use verilated::build::BuildError;

pub use library::{CellLibrary, LibraryChoice};
pub use tools::Tools;

/// A top module with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Design {
    /// What it is called in messages and file names: letters, digits, `_` and `-`.
    pub name: String,
    pub top: &'static str,
    /// SystemVerilog files; packages come before their users.
    pub sources: Vec<PathBuf>,
    /// Names and values, as SystemVerilog writes them.
    pub parameters: Vec<(&'static str, String)>,
}

/// How a design is synthesised.
#[derive(Debug, Clone)]
pub struct Flow<'a> {
    pub library: &'a CellLibrary,
    /// Clock period that mapping and sizing aim at, in ps.
    pub period_ps: u32,
    /// Whether registers with an enable get a gated clock, where the library has cells for that.
    pub clock_gates: bool,
    pub multiplier: Multiplier,
}

impl<'a> Flow<'a> {
    /// The flow of a bare `synth`, and of netlists that are simulated.
    pub fn standard(library: &'a CellLibrary) -> Self {
        let (period_ps, multiplier) = (PAPER_PERIOD_PS, Multiplier::default());
        Self { library, period_ps, clock_gates: true, multiplier }
    }
}

/// How products are made of gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Multiplier {
    /// Booth encoding, built for speed
    #[default]
    Booth,
    /// Booth encoding with fewer gates, slower
    BoothLowpower,
}

impl Multiplier {
    /// Its name in flags and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Booth => "booth",
            Self::BoothLowpower => "booth-lowpower",
        }
    }
}

/// The paper's clock: 2.81 ns.
pub const PAPER_PERIOD_PS: u32 = 2810;

/// A finished netlist in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synthesised {
    folder: PathBuf,
    /// The digest of all that it was made from, in hexadecimal.
    pub key: String,
}

impl Synthesised {
    /// The netlist as Yosys' JSON, with the modules of the design.
    pub fn json(&self) -> PathBuf {
        self.folder.join(script::JSON)
    }

    /// The netlist as Verilog.
    pub fn verilog(&self) -> PathBuf {
        self.folder.join(script::VERILOG)
    }
}

/// Why there is no netlist.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SynthesisError {
    #[error("the tools of synthesis are missing, and {} to install them is not there: run scripts/setup.sh --silicon of the source tree, or name the folder that has them in CONVAPPROX_SILICON", .0.display())]
    NoSetup(PathBuf),
    #[error("the tools of synthesis could not be installed: scripts/setup.sh {0} failed")]
    Setup(&'static str),
    #[error("cannot run {}: {source}", program.display())]
    Run { program: PathBuf, source: io::Error },
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("synthesis of {design} failed: {messages}")]
    Failed { design: String, messages: String },
    #[error("{design} has two files named {file}; give them names of their own")]
    SameName { design: String, file: String },
    #[error("the cell library {} has no {what}; give a library that has one", path.display())]
    Lacks { path: PathBuf, what: &'static str },
    #[error("no cell of the netlist can be changed for another one with the same pins")]
    NoOtherCell,
    #[error(transparent)]
    Liberty(#[from] silicon::liberty::LibertyError),
    #[error("{0}; netlists are kept beside the folder that CONVAPPROX_CACHE names")]
    Cache(#[from] BuildError),
}

/// Makes the netlist of a design, or takes it from the cache. `on_start` is called when it is about
/// to be made, which takes from seconds to minutes.
///
/// # Errors
/// If the RTL has a mistake, with the message of the tool; if tools or files fail.
pub fn synthesise(
    design: &Design,
    flow: &Flow<'_>,
    tools: &Tools,
    cache: &Path,
    on_start: impl FnOnce(),
) -> Result<Synthesised, SynthesisError> {
    let sources = design.sources()?;
    let [front_end, mapping] = script::scripts(design, flow, sources.iter().map(|(name, _)| name));
    let gate = script::clock_gate(flow.library);
    let constraints = flow.library.constraints();
    let texts = [tools.versions(), &flow.library.digest, &front_end, &mapping, &gate, &constraints];
    let digest = digest_of(&sources);
    let key = digest_of_parts(texts.into_iter().chain([digest.as_str()]).map(str::as_bytes));
    let folder = verilated::load::cached(cache, &design.name, &key, |folder| {
        on_start();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.join(name);
            fs::write(&path, bytes).map_err(|source| SynthesisError::Write { path, source })
        };
        for (name, text) in &sources {
            write(name, text)?;
        }
        write(script::FRONT_END, front_end.as_bytes())?;
        write(script::MAPPING, mapping.as_bytes())?;
        write(script::CONSTRAINTS, constraints.as_bytes())?;
        write(script::CLOCK_GATE, gate.as_bytes())?;
        flow.library.place(&folder.join(script::LIBRARY))?;
        for command in [tools.front_end(folder), tools.mapping(folder)] {
            run(command, design)?;
        }
        // What is kept is the netlist; all else can be made again.
        for name in sources.iter().map(|(name, _)| &**name).chain(script::LEFT_OVER) {
            let _ = fs::remove_file(folder.join(name));
        }
        Ok::<_, SynthesisError>(vec![script::JSON.to_owned(), script::VERILOG.to_owned()])
    })?;
    Ok(Synthesised { folder, key })
}

type Sources = [(String, Vec<u8>)];

/// SHA-256 over names and contents, in hexadecimal.
fn digest_of(sources: &Sources) -> String {
    digest_of_parts(sources.iter().flat_map(|(name, text)| [name.as_bytes(), text]))
}

/// The length of each part sets it apart from the next one.
fn digest_of_parts<'a>(parts: impl Iterator<Item = &'a [u8]>) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    model::hex(&digest.finalize())
}

/// A file in the cache that holds a text, under a digest of it.
///
/// # Errors
/// If the cache cannot be written.
pub fn kept_text(cache: &Path, name: &str, text: &str) -> Result<PathBuf, SynthesisError> {
    let file = format!("{name}.sv");
    let key = model::hex(&Sha256::digest(text));
    let folder = verilated::load::cached(cache, name, &key, |folder| {
        let path = folder.join(&file);
        fs::write(&path, text).map_err(|source| SynthesisError::Write { path, source })?;
        Ok::<_, SynthesisError>(vec![file.clone()])
    })?;
    Ok(folder.join(file))
}

fn run(mut command: Command, design: &Design) -> Result<(), SynthesisError> {
    let program = PathBuf::from(command.get_program());
    let Output { status, stdout, stderr } =
        command.output().map_err(|source| SynthesisError::Run { program, source })?;
    if status.success() {
        return Ok(());
    }
    let text = [stdout, stderr].map(|it| String::from_utf8_lossy(&it).into_owned()).concat();
    // Warnings come before errors; behind the first error is what follows from it.
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.iter().position(|line| line.to_lowercase().contains("error"));
    let first = first.unwrap_or(lines.len().saturating_sub(MESSAGE_LINES));
    let messages: Vec<&str> = lines[first..].iter().copied().take(MESSAGE_LINES).collect();
    let messages = match messages.is_empty() {
        true => format!("it ended with {status}"),
        false => messages.join("\n"),
    };
    Err(SynthesisError::Failed { design: design.name.clone(), messages })
}

/// Lines of a tool's messages that are shown.
const MESSAGE_LINES: usize = 12;

impl Design {
    /// SHA-256 of its sources, in hexadecimal.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn digest(&self) -> Result<String, SynthesisError> {
        Ok(digest_of(&self.sources()?))
    }

    /// The sources by the names that they have in the folder of the tools, which see no others.
    fn sources(&self) -> Result<Vec<(String, Vec<u8>)>, SynthesisError> {
        let mut sources: Vec<(String, Vec<u8>)> = Vec::new();
        for path in &self.sources {
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if sources.iter().any(|(name, _)| *name == file) {
                return Err(SynthesisError::SameName { design: self.name.clone(), file });
            }
            let text = fs::read(path)
                .map_err(|source| SynthesisError::Read { path: path.clone(), source })?;
            sources.push((file, text));
        }
        Ok(sources)
    }
}
