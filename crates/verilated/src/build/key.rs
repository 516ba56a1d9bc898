// SPDX-License-Identifier: MIT OR Apache-2.0
//! The rebuild key: a digest of everything that goes into a model.
//!
//! A *stamp* lists the digest of what is known before the build (flags, tool versions,
//! this crate's templates), of each file that was read, and of each file that was made, the
//! latter relative to the folder of the stamp.
//! It is removed before a build and written last, under its final name only when
//! complete: a build that did not end has no stamp.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

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

/// What goes into a model, as far as it can be told before Verilator has run.
pub(crate) struct Inputs {
    /// A digest of the contents: of sources and waivers in their order, of the HDL files in the
    /// include folders, and of what any of these include.
    pub(crate) digest: String,
    /// The files.
    pub(crate) files: Vec<PathBuf>,
}

/// Reads the inputs of a model. Paths do not count, so that the same files give the same digest
/// from any folder; names do, for a new file may hide another one.
pub(crate) fn inputs(model: &Verilate) -> Result<Inputs, BuildError> {
    let missing = |path: &Path| {
        let (model, path) = (model.name.clone(), path.to_owned());
        move |error: io::Error| BuildError::SourceMissing { model, path, reason: error.to_string() }
    };
    let mut queue: VecDeque<PathBuf> =
        model.sources.iter().chain(&model.waivers).cloned().collect();
    for dir in &model.include_dirs {
        let entries = fs::read_dir(dir).map_err(missing(dir))?;
        let mut files: Vec<PathBuf> =
            entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|p| is_hdl(p)).collect();
        files.sort();
        queue.extend(files);
    }
    let (mut key, mut files) = (Key::default(), Vec::new());
    while let Some(path) = queue.pop_front() {
        if files.contains(&path) {
            continue;
        }
        let bytes = fs::read(&path).map_err(missing(&path))?;
        let text = String::from_utf8_lossy(&bytes);
        key.text(&path.file_name().unwrap_or_default().to_string_lossy());
        key.text(&text);
        for rest in text.split("`include").skip(1) {
            let Some(name) =
                rest.trim_start().strip_prefix('"').and_then(|it| it.split('"').next())
            else {
                continue;
            };
            // Whichever of these Verilator takes: all of them count.
            let dirs = [Path::new("")].into_iter().chain(path.parent());
            let dirs = dirs.chain(model.include_dirs.iter().map(PathBuf::as_path));
            queue.extend(dirs.map(|dir| dir.join(name)).filter(|path| path.is_file()));
        }
        files.push(path);
    }
    Ok(Inputs { digest: key.finish(), files })
}

fn is_hdl(path: &Path) -> bool {
    // Verilator looks for modules in these folders too.
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|e| ["sv", "svh", "v", "vh", "vlt", "inc"].contains(&e))
}

/// What a finished build was made from and what it made.
pub(crate) struct Stamp {
    dir: PathBuf,
    text: String,
}

impl Stamp {
    /// The stamp of a folder, not written yet.
    pub(crate) fn new(dir: &Path, key: &str) -> Self {
        Self { dir: dir.to_owned(), text: format!("{key}\n") }
    }

    /// Adds a file that was read, or one that was made, by its name in the folder.
    pub(crate) fn file(&mut self, made: bool, path: &Path) -> Result<(), BuildError> {
        let place = if made { self.dir.join(path) } else { path.to_owned() };
        let digest = file_digest(&place).map_err(BuildError::io(place))?;
        self.text.push_str(&format!("{} {digest} {}\n", u8::from(made), path.display()));
        Ok(())
    }

    /// Whether what is in `dir` was made with this key, and no file that was read or made has
    /// changed.
    pub(crate) fn matches(dir: &Path, key: &str) -> bool {
        let good = |line: &str| {
            let (sort, line) = line.split_once(' ')?;
            let (digest, path) = line.split_once(' ')?;
            let place = if sort == "1" { dir.join(path) } else { PathBuf::from(path) };
            Some(file_digest(&place).ok()? == digest)
        };
        let text = fs::read_to_string(dir.join(FILE)).unwrap_or_default();
        let mut lines = text.lines();
        lines.next() == Some(key) && lines.all(|line| good(line) == Some(true))
    }

    /// Notes that what is in the folder has been used.
    #[cfg(feature = "load")]
    pub(crate) fn touch(dir: &Path) {
        // A cache that cannot be written serves all the same.
        if let Ok(file) = fs::File::options().append(true).open(dir.join(FILE)) {
            let _ = file.set_modified(std::time::SystemTime::now());
        }
    }

    /// How long ago what is in the folder was used, or an interrupted build left it there.
    #[cfg(feature = "load")]
    pub(crate) fn unused(dir: &Path) -> Option<std::time::Duration> {
        let file = fs::metadata(dir.join(FILE)).or_else(|_| fs::metadata(dir)).ok()?;
        file.modified().ok()?.elapsed().ok()
    }

    /// Takes what an earlier build left in a folder away, the stamp first: what is left after
    /// an interruption has none.
    pub(crate) fn clear(dir: &Path) -> Result<(), BuildError> {
        for result in [fs::remove_file(dir.join(FILE)), fs::remove_dir_all(dir)] {
            match result {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(BuildError::io(dir)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes the stamp under another name and renames it.
    pub(crate) fn write(&self) -> Result<(), BuildError> {
        write(&self.dir.join(FILE), &self.text)
    }
}

/// Writes a file so that others see all of it or nothing, and leaves one alone that is as it
/// should be.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), BuildError> {
    if fs::read(path).is_ok_and(|bytes| bytes == text.as_bytes()) {
        return Ok(());
    }
    let part = part_of(path);
    fs::write(&part, text).map_err(BuildError::io(&part))?;
    fs::rename(&part, path).map_err(BuildError::io(path))
}

/// A name for a file while it is incomplete, which nobody else uses.
pub(crate) fn part_of(path: &Path) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-{count}.part", std::process::id()));
    PathBuf::from(name)
}
