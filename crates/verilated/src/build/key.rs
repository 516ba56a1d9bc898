//! The rebuild key: a digest of everything that goes into a model.
//!
//! A *stamp* lists the digest of what is known before the build (flags, tool versions,
//! this crate's templates), of each file that was read, and of each file that was made.
//! It is removed before a build and written last, under its final name only when
//! complete: a build that did not end has no stamp.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{BuildError, Verilate};

const FILE: &str = "stamp";

/// A digest of texts and files under construction.
#[derive(Default)]
pub(crate) struct Key(Sha256);

impl Key {
    /// Adds a text; its length sets it apart from the next one.
    pub(crate) fn text(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
    }

    pub(crate) fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

pub(crate) fn file_digest(path: &Path) -> io::Result<String> {
    Ok(hex(&Sha256::digest(fs::read(path)?)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Adds the sources, waivers and include folders of a model. A folder counts with the
/// names of its files and the contents of those that are HDL: a new file may hide
/// another one.
pub(crate) fn inputs(key: &mut Key, model: &Verilate) -> Result<(), BuildError> {
    let missing = |path: &Path| {
        let (model, path) = (model.name.clone(), path.to_owned());
        move |error: io::Error| BuildError::SourceMissing { model, path, reason: error.to_string() }
    };
    for path in model.sources.iter().chain(&model.waivers) {
        key.text(&path.to_string_lossy());
        key.text(&file_digest(path).map_err(missing(path))?);
    }
    for dir in &model.include_dirs {
        key.text(&dir.to_string_lossy());
        let entries = fs::read_dir(dir).map_err(missing(dir))?;
        let mut files: Vec<PathBuf> =
            entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|p| p.is_file()).collect();
        files.sort();
        for file in files {
            key.text(&file.to_string_lossy());
            if is_hdl(&file) {
                key.text(&file_digest(&file).map_err(missing(&file))?);
            }
        }
    }
    Ok(())
}

fn is_hdl(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|e| ["sv", "svh", "v", "vh", "vlt", "inc"].contains(&e))
}

/// What a finished build was made from and what it made.
#[derive(Default)]
pub(crate) struct Stamp {
    key: String,
    files: Vec<(String, PathBuf)>,
}

impl Stamp {
    pub(crate) fn new(key: &str) -> Self {
        Self { key: key.to_owned(), files: Vec::new() }
    }

    /// Adds a file that was read or made.
    pub(crate) fn file(&mut self, path: &Path) -> Result<(), BuildError> {
        let digest = file_digest(path).map_err(BuildError::io(path))?;
        self.files.push((digest, path.to_owned()));
        Ok(())
    }

    /// The files of the stamp in `dir`, when it stands for this key and none of them
    /// has changed.
    pub(crate) fn matching(dir: &Path, key: &str) -> Option<Vec<PathBuf>> {
        let text = fs::read_to_string(dir.join(FILE)).ok()?;
        let mut lines = text.lines();
        if lines.next()? != key {
            return None;
        }
        let mut files = Vec::new();
        for line in lines {
            let (digest, path) = line.split_once(' ')?;
            let path = PathBuf::from(path);
            if file_digest(&path).ok()? != digest {
                return None;
            }
            files.push(path);
        }
        Some(files)
    }

    /// Takes the stamp of an earlier build away.
    pub(crate) fn remove(dir: &Path) -> Result<(), BuildError> {
        let path = dir.join(FILE);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(BuildError::io(path)(error))
            }
            _ => Ok(()),
        }
    }

    /// Writes the stamp under another name and renames it.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), BuildError> {
        let mut text = format!("{}\n", self.key);
        for (digest, path) in &self.files {
            text.push_str(&format!("{digest} {}\n", path.display()));
        }
        let (part, path) = (dir.join("stamp.part"), dir.join(FILE));
        fs::write(&part, text).map_err(BuildError::io(&part))?;
        fs::rename(&part, &path).map_err(BuildError::io(path))
    }
}
