// SPDX-License-Identifier: MIT OR Apache-2.0
//! Result files that appear under their final name only when they are complete.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::Builder;
use thiserror::Error;

/// Why a result file could not be written.
#[derive(Debug, Error)]
pub enum WriteError {
    #[error("cannot create files in {}: {source}", folder.display())]
    Folder { folder: PathBuf, source: io::Error },
    #[error("the disk is full: {} is not written; make room and run again", path.display())]
    DiskFull { path: PathBuf },
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
}

impl WriteError {
    pub(crate) fn new(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                WriteError::DiskFull { path }
            }
            _ => WriteError::Write { path, source },
        }
    }
}

/// Writes a file through `content`, all or nothing: whoever finds `path` finds either what was
/// there before or the whole new content, also after a crash.
pub fn write_atomic(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), WriteError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // The same folder, because a rename does not cross file systems. It is deleted on any error.
    let mut builder = Builder::new();
    builder.prefix(".").suffix(".part");
    ordinary_permissions(&mut builder);
    let temporary = builder
        .tempfile_in(folder)
        .map_err(|source| WriteError::Folder { folder: folder.to_owned(), source })?;

    let failed = |source| WriteError::new(path, source);
    let mut out = BufWriter::new(temporary);
    content(&mut out).map_err(failed)?;
    let temporary = out.into_inner().map_err(|error| failed(error.into_error()))?;
    temporary.as_file().sync_all().map_err(failed)?;
    temporary.persist(path).map_err(|error| failed(error.error))?;
    // The rename itself is on disk once the folder is. Where folders cannot be opened as files
    // there is nothing to do.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Temporary files are private; a result is for whoever the user's umask lets read it.
#[cfg(unix)]
fn ordinary_permissions(builder: &mut Builder) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(std::fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn ordinary_permissions(_: &mut Builder) {}
