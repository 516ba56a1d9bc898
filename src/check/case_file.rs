//! `case.json` in the folder of a mismatch: what its replay needs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use study::report::atomic::{WriteError, write_atomic};

const NAME: &str = "case.json";

/// Why a folder has no case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaseFileError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}; name a folder that a mismatch report is in", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not a case.
    #[error("{} is not a mismatch case: {source}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

/// Reads the case of a mismatch folder.
pub(super) fn read<T: DeserializeOwned>(folder: &Path) -> Result<T, CaseFileError> {
    let path = folder.join(NAME);
    match fs::read_to_string(&path) {
        Ok(text) => {
            serde_json::from_str(&text).map_err(|source| CaseFileError::Parse { path, source })
        }
        Err(source) => Err(CaseFileError::Read { path, source }),
    }
}

/// Writes it.
pub(super) fn write<T: Serialize>(folder: &Path, case: &T) -> Result<(), WriteError> {
    write_atomic(&folder.join(NAME), |file| {
        serde_json::to_writer_pretty(&mut *file, case)?;
        writeln!(file)
    })
}
