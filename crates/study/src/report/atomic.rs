// SPDX-License-Identifier: MIT OR Apache-2.0
//! Result files that appear under their final name only when they are complete.

use std::fs::{self, File, FileType};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};
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

/// Writes a file through `content`, all or nothing: see [`OutputFile`].
pub fn write_atomic(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), WriteError> {
    let mut file = OutputFile::create(path)?;
    content(&mut file).map_err(|source| WriteError::new(path, source))?;
    file.finish()
}

/// A file that is under way. Whoever finds its name finds either what was there before or the whole
/// new content, also after a crash. Of a link to a file, that file is replaced; devices, pipes and
/// sockets are written through; anything else is refused.
#[derive(Debug)]
pub struct OutputFile {
    path: PathBuf,
    out: Sink,
}

#[derive(Debug)]
enum Sink {
    /// In the same folder, because a rename does not cross file systems. It is deleted on any error.
    New(BufWriter<NamedTempFile>),
    Through(BufWriter<File>),
}

impl OutputFile {
    /// Takes a name that is new, or that of a regular file, a link to one, a device, a pipe or a
    /// socket.
    pub fn create(path: &Path) -> Result<Self, WriteError> {
        let failed = |source| WriteError::new(path, source);
        let there = fs::symlink_metadata(path).ok().map(|it| it.file_type());
        // A link that leads nowhere has no target.
        let kind = match there {
            Some(_) => Some(fs::metadata(path).map_err(failed)?.file_type()),
            None => None,
        };
        let target = match there {
            Some(link) if link.is_symlink() && kind.is_some_and(|it| it.is_file()) => {
                fs::canonicalize(path).map_err(failed)?
            }
            _ => path.to_owned(),
        };
        if let Some(kind) = kind.filter(|it| !it.is_file()) {
            if !is_stream(kind) {
                let source = io::Error::other("it is neither a regular file nor a stream");
                return Err(failed(source));
            }
            let file = File::options().write(true).open(path).map_err(failed)?;
            return Ok(Self { path: target, out: Sink::Through(BufWriter::new(file)) });
        }
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut builder = Builder::new();
        builder.prefix(".").suffix(".part");
        ordinary_permissions(&mut builder);
        let temporary = builder
            .tempfile_in(folder)
            .map_err(|source| WriteError::Folder { folder: folder.to_owned(), source })?;
        Ok(Self { path: target, out: Sink::New(BufWriter::new(temporary)) })
    }

    /// Where it is until it is complete, for what writes to a path by itself.
    pub fn temporary(&self) -> &Path {
        match &self.out {
            Sink::New(out) => out.get_ref().path(),
            Sink::Through(_) => &self.path,
        }
    }

    /// Adds bytes.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.write_all(bytes).map_err(|source| WriteError::new(&self.path, source))
    }

    /// Gives it its name.
    pub fn finish(self) -> Result<(), WriteError> {
        let Self { path, out } = self;
        let failed = |source| WriteError::new(&path, source);
        let temporary = match out {
            Sink::New(out) => out.into_inner().map_err(|error| failed(error.into_error()))?,
            Sink::Through(mut out) => return out.flush().map_err(failed),
        };
        temporary.as_file().sync_all().map_err(failed)?;
        let folder = temporary.path().parent().map(Path::to_owned);
        temporary.persist(&path).map_err(|error| failed(error.error))?;
        // The rename itself is on disk once the folder is. Where folders cannot be opened as files
        // there is nothing to do.
        if let Some(folder) = folder.and_then(|folder| File::open(folder).ok()) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.out {
            Sink::New(out) => out.write(bytes),
            Sink::Through(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.out {
            Sink::New(out) => out.flush(),
            Sink::Through(out) => out.flush(),
        }
    }
}

/// Whether it is written to as it comes, and keeps nothing.
#[cfg(unix)]
fn is_stream(kind: FileType) -> bool {
    use std::os::unix::fs::FileTypeExt;
    kind.is_char_device() || kind.is_fifo() || kind.is_socket()
}

#[cfg(not(unix))]
fn is_stream(_: FileType) -> bool {
    false
}

/// Temporary files are private; a result is for whoever the user's umask lets read it.
#[cfg(unix)]
fn ordinary_permissions(builder: &mut Builder) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(std::fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn ordinary_permissions(_: &mut Builder) {}
