//! Where a result comes from: settings, seed, revision, tools and digests, as JSON beside it.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::atomic::{WriteError, write_atomic};
use model::hex;

/// What the program was built from and with.
#[derive(Debug, Clone, Copy, Default)]
pub struct Build {
    /// Digest of the RTL of the unit.
    pub rtl_sha256: &'static str,
    /// Digest of the RTL of the core and the system.
    pub soc_rtl_sha256: &'static str,
    /// Verilator and its version.
    pub verilator: &'static str,
    /// The C++ compiler and its version.
    pub cxx: &'static str,
    /// The Rust compiler and its version.
    pub rustc: &'static str,
}

static BUILD: OnceLock<Build> = OnceLock::new();

/// States what the program was built from; the first statement counts.
pub fn set_build(build: Build) {
    let _ = BUILD.set(build);
}

fn build() -> Build {
    BUILD.get().copied().unwrap_or_default()
}

/// The record of one run. It holds nothing that differs between two runs with the same settings:
/// no time, no number of threads, no path.
#[derive(Debug, Clone)]
pub struct Provenance {
    record: Map<String, Value>,
    results: Map<String, Value>,
}

impl Provenance {
    /// The record of a command with its settings.
    pub fn new(command: &str, settings: Value) -> Self {
        let record = json!({
            "command": command,
            "settings": settings,
            "convapprox": env!("CARGO_PKG_VERSION"),
            "revision": revision(),
            "rtl_sha256": build().rtl_sha256,
            "tools": {
                "verilator": build().verilator,
                "cxx": build().cxx,
                "rustc": build().rustc,
            },
        });
        let Value::Object(record) = record else { unreachable!("json! with braces is an object") };
        Self { record, results: Map::new() }
    }

    /// Adds the RTL of the core and the system, for results that are made on them.
    pub fn on_system(mut self) -> Self {
        let digest = build().soc_rtl_sha256;
        self.record.insert("soc_rtl_sha256".to_owned(), digest.into());
        self
    }

    /// A digest of the settings, the revision and the tools: two runs with the same key have the
    /// same results.
    pub fn key(&self) -> String {
        hex(&Sha256::digest(Value::Object(self.record.clone()).to_string()))
    }

    /// Adds a figure or digest of the results.
    pub fn result(&mut self, name: &str, value: impl Into<Value>) {
        self.results.insert(name.to_owned(), value.into());
    }

    /// Writes the record.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        let mut record = self.record.clone();
        record.insert("key".to_owned(), self.key().into());
        record.insert("results".to_owned(), self.results.clone().into());
        write_atomic(path, |file| {
            serde_json::to_writer_pretty(&mut *file, &record)?;
            writeln!(file)
        })
    }
}

/// The SHA-256 of a file.
pub fn digest_of(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    io::copy(&mut File::open(path)?, &mut hash)?;
    Ok(hex(&hash.finalize()))
}

/// The revision of the sources this program was built from, `-dirty` behind it if they were
/// changed since.
pub fn revision() -> String {
    let git = Command::new("git")
        .args(["-C", env!("CARGO_MANIFEST_DIR"), "describe", "--always", "--dirty", "--abbrev=12"])
        .stderr(Stdio::null())
        .output();
    match git {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        }
        _ => "unknown".to_owned(),
    }
}
