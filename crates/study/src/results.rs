// SPDX-License-Identifier: MIT OR Apache-2.0
//! A result folder: the files of one run, complete or marked as not, with a record of where they
//! come from.
//!
//! While a run writes, the folder has a file [`MARKER`] that it holds a lock on. The file names the
//! run by its key and lists what the run has written, and goes away last, after `provenance.json`,
//! which lists the files with their digests. Only files that one of the two lists are ever removed.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::Error;
use crate::report::atomic::write_atomic;
use crate::table::{self, Row};
use model::{files, hex};

/// The file that marks a folder whose run has not come to its end.
pub const MARKER: &str = "INCOMPLETE";

/// The record of a finished run.
pub const PROVENANCE: &str = "provenance.json";

/// What the program was built from and with.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct ProgramFacts {
    pub version: &'static str,
    /// The revision of its sources, with `-dirty` if they were changed since.
    pub revision: &'static str,
    /// Digest of its Rust sources.
    pub sources_sha256: &'static str,
    /// The Rust compiler and its version.
    pub rustc: &'static str,
}

/// What to do about what an earlier run left in the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Earlier {
    /// Refuse to lose it.
    #[default]
    Keep,
    /// Go on with an interrupted run of the same key.
    Resume,
    /// Remove it.
    Replace,
}

/// The SHA-256 of a file.
///
/// # Errors
/// If it cannot be read.
pub fn digest_of(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    io::copy(&mut files::open(path)?, &mut hash)?;
    Ok(hex(&hash.finalize()))
}

/// Whether a folder has a run that was interrupted, or goes on.
pub fn is_incomplete(folder: &Path) -> bool {
    folder.join(MARKER).exists()
}

/// What the marker file holds, behind a line of words.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Marker {
    key: String,
    files: Vec<String>,
}

const WORDS: &str = "A run writes here, or was interrupted: run its command again with --resume.\n";

impl Marker {
    fn read(file: &mut File) -> io::Result<Option<Self>> {
        let mut text = String::new();
        file.take(1 << 20).read_to_string(&mut text)?;
        Ok(text.strip_prefix(WORDS).and_then(|text| serde_json::from_str(text).ok()))
    }

    fn write(&self, file: &mut File) -> io::Result<()> {
        file.rewind()?;
        file.set_len(0)?;
        write!(file, "{WORDS}{}", serde_json::to_string(self)?)?;
        file.sync_data()
    }
}

/// The part of a finished run's record that tells which files are its own.
#[derive(Debug, Deserialize)]
struct Finished {
    /// With their digests; none in records of early versions.
    files: Option<BTreeMap<String, String>>,
}

/// Bytes of a record at most.
const MAX_RECORD: u64 = 16 << 20;

/// Refuses tables that are not the whole of one finished run: those of a run that was interrupted or
/// goes on, and those that its record does not list, or lists with another digest. A folder without
/// a record is the user's own.
///
/// # Errors
/// What is mixed, and a record that cannot be read.
pub fn check_tables(folder: &Path, tables: &[PathBuf]) -> Result<(), Error> {
    if is_incomplete(folder) {
        let reason = "holds a run that is not finished: end it with --resume, or start it afresh \
                      with --force";
        return Err(Error::occupied(folder, reason));
    }
    let path = folder.join(PROVENANCE);
    if !path.exists() {
        return Ok(());
    }
    let text = files::read(&path, MAX_RECORD).map_err(|source| Error::read(&path, source))?;
    let finished: Finished = serde_json::from_slice(&text).map_err(|source| {
        Error::Input(format!("{} is not the record of a run: {source}", path.display()))
    })?;
    let Some(listed) = finished.files else { return Ok(()) };
    for table in tables {
        let name = table.file_name().unwrap_or_default().to_string_lossy();
        let digest = digest_of(table).map_err(|source| Error::read(table, source))?;
        let problem = match listed.get(&*name) {
            Some(of_run) if *of_run == digest => continue,
            Some(_) => "was changed since its run wrote it",
            None => "is not of the run that wrote the other tables",
        };
        let advice = format!("({PROVENANCE} beside it tells); keep the two apart");
        return Err(Error::Input(format!("{} {problem} {advice}", table.display())));
    }
    Ok(())
}

/// A folder that a run writes its results into.
#[derive(Debug)]
pub struct ResultFolder {
    path: PathBuf,
    record: Map<String, Value>,
    key: String,
    earlier: Earlier,
    marker: Marker,
    marker_file: File,
    files: BTreeMap<String, String>,
    written: Vec<PathBuf>,
    results: Map<String, Value>,
}

impl ResultFolder {
    /// Makes or takes a folder for a run, and locks it. `record` is all that the results depend on: it
    /// goes into the provenance, and its digest is the key of the run. It holds nothing that differs
    /// between two runs with the same results: no time, no number of threads, no path.
    ///
    /// # Errors
    /// If the folder cannot be used, another run writes into it, or `earlier` does not allow to touch
    /// what is there.
    pub fn open(path: &Path, record: Map<String, Value>, earlier: Earlier) -> Result<Self, Error> {
        let failed = |source| Error::folder(path, source);
        fs::create_dir_all(path).map_err(failed)?;
        let key = hex(&Sha256::digest(Value::Object(record.clone()).to_string()));
        let (marker_file, found) = take(path, earlier)?;
        let resumes = earlier == Earlier::Resume && found.is_some();
        if resumes && found.as_ref().is_some_and(|it| it.key != key) {
            let reason = "holds an interrupted run with other settings; give another --out, or \
                          --force to start afresh";
            return Err(Error::occupied(path, reason));
        }
        let mut folder = Self {
            path: path.to_owned(),
            record,
            earlier,
            marker: Marker { key: key.clone(), files: Vec::new() },
            key,
            marker_file,
            files: BTreeMap::new(),
            written: Vec::new(),
            results: Map::new(),
        };
        let files = found.unwrap_or_default().files;
        if resumes {
            folder.marker.files = files
        } else {
            folder.clear(files)?
        }
        folder.marker.write(&mut folder.marker_file).map_err(failed)?;
        Ok(folder)
    }

    /// Removes what an earlier run is known to have written.
    fn clear(&self, mut files: Vec<String>) -> Result<(), Error> {
        let provenance = self.path.join(PROVENANCE);
        if let Ok(text) = files::read(&provenance, MAX_RECORD) {
            if let Ok(finished) = serde_json::from_slice::<Finished>(&text) {
                files.extend(finished.files.unwrap_or_default().into_keys());
            }
            files.push(PROVENANCE.to_owned());
        }
        for name in files.iter().filter(|name| is_plain(name)) {
            let path = self.path.join(name);
            if is_regular(&path) {
                fs::remove_file(&path).map_err(|source| Error::folder(&path, source))?;
            }
        }
        remove_checkpoints(&self.path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The digest of the run's record: two runs with the same key have the same results.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Writes a table under its usual name.
    ///
    /// # Errors
    /// If it cannot be written, or a file of that name is there that no earlier run has written.
    pub fn table<R: Row>(&mut self, rows: &[R]) -> Result<(), Error> {
        self.table_as(R::FILE, rows)
    }

    /// [`table`](Self::table) under another name than its usual one.
    pub fn table_as<R: Row>(&mut self, name: &str, rows: &[R]) -> Result<(), Error> {
        self.write(name, |path| Ok(table::write(path, rows)?))
    }

    /// Writes a file through `content`, all or nothing; errors as [`table`](Self::table).
    pub fn file(
        &mut self,
        name: &str,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Error> {
        self.write(name, |path| Ok(write_atomic(path, content)?))
    }

    fn write(
        &mut self,
        name: &str,
        content: impl FnOnce(&Path) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let path = self.claim(name)?;
        content(&path)?;
        let digest = digest_of(&path).map_err(|source| Error::read(&path, source))?;
        self.files.insert(name.to_owned(), digest);
        self.written.push(path);
        Ok(())
    }

    fn claim(&mut self, name: &str) -> Result<PathBuf, Error> {
        assert!(is_plain(name), "{name:?} is not the name of a file in a folder");
        let path = self.path.join(name);
        let failed = |source| Error::folder(&path, source);
        if !self.marker.files.iter().any(|it| it == name) {
            let there = fs::symlink_metadata(&path).ok();
            let regular = there.as_ref().is_some_and(fs::Metadata::is_file);
            if there.is_some() && !(regular && self.earlier == Earlier::Replace) {
                let reason = format!(
                    "has a {name} that is not of an earlier run; give another --out{}",
                    if regular { ", or --force to replace it" } else { "" }
                );
                return Err(Error::occupied(&self.path, &reason));
            }
            self.marker.files.push(name.to_owned());
            self.marker.write(&mut self.marker_file).map_err(failed)?;
        }
        Ok(path)
    }

    /// Adds a figure to the record of results.
    pub fn result(&mut self, name: &str, value: impl Into<Value>) {
        self.results.insert(name.to_owned(), value.into());
    }

    /// Writes the record, and marks the folder as complete. Returns the files in the order in which
    /// they were written.
    ///
    /// # Errors
    /// If the record cannot be written.
    pub fn finish(mut self) -> Result<Vec<PathBuf>, Error> {
        self.record.insert("key".to_owned(), self.key.clone().into());
        self.record.insert("results".to_owned(), std::mem::take(&mut self.results).into());
        self.record.insert("files".to_owned(), json!(self.files));
        let path = self.path.join(PROVENANCE);
        write_atomic(&path, |file| {
            serde_json::to_writer_pretty(&mut *file, &self.record)?;
            writeln!(file)
        })?;
        self.written.push(path);
        remove_checkpoints(&self.path)?;
        let marker = self.path.join(MARKER);
        fs::remove_file(&marker).map_err(|source| Error::folder(&marker, source))?;
        Ok(self.written)
    }
}

/// Refuses a folder that [`ResultFolder::open`] would refuse for any run, and leaves it as it is. For
/// what has much to do before it knows its record.
///
/// # Errors
/// Those of [`ResultFolder::open`].
pub fn check(path: &Path, earlier: Earlier) -> Result<(), Error> {
    if path.exists() {
        let (_, found) = take(path, earlier)?;
        if found.is_none() {
            let _ = fs::remove_file(path.join(MARKER));
        }
        return Ok(());
    }
    let named = path.ancestors().filter(|it| !it.as_os_str().is_empty());
    let folder = named.into_iter().find(|it| it.exists()).unwrap_or(Path::new("."));
    let made = tempfile::tempdir_in(folder);
    made.map(drop).map_err(|error| Error::folder(path, error.kind().into()))
}

/// The marker file, locked, and what an interrupted run has left in it, where `earlier` allows to
/// touch what is in the folder.
fn take(folder: &Path, earlier: Earlier) -> Result<(File, Option<Marker>), Error> {
    let (mut file, is_new) = lock(folder)?;
    let found = Marker::read(&mut file).map_err(|source| Error::folder(folder, source))?;
    let refusal = match &found {
        Some(_) if earlier == Earlier::Keep && !checkpoint_files(folder).is_empty() => {
            Some("holds an interrupted run; --resume goes on with it, --force starts afresh")
        }
        None if earlier != Earlier::Replace && folder.join(PROVENANCE).exists() => Some(
            "holds the results of a finished run; give another --out, or --force to replace them",
        ),
        _ => None,
    };
    let Some(reason) = refusal else { return Ok((file, found)) };
    if is_new {
        let _ = fs::remove_file(folder.join(MARKER));
    }
    Err(Error::occupied(folder, reason))
}

/// Opens and locks the marker file; whether it is a new one.
fn lock(folder: &Path) -> Result<(File, bool), Error> {
    let path = folder.join(MARKER);
    loop {
        let failed = |source| Error::folder(&path, source);
        if fs::symlink_metadata(&path).is_ok_and(|it| !it.is_file()) {
            return Err(Error::occupied(folder, &format!("has a {MARKER} that is not a file")));
        }
        let is_new = !path.exists();
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let reason = "is in use: another run writes into it; wait for it, or give \
                              another --out";
                return Err(Error::occupied(folder, reason));
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        // A run that ended meanwhile has taken its marker away: the lock is on a file without a name.
        if is_same_file(&file, &path) {
            return Ok((file, is_new));
        }
    }
}

#[cfg(unix)]
fn is_same_file(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |it: fs::Metadata| (it.dev(), it.ino());
    fs::metadata(path).map(identity).ok() == file.metadata().map(identity).ok()
}

#[cfg(not(unix))]
fn is_same_file(_: &File, path: &Path) -> bool {
    path.exists()
}

fn is_plain(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    matches!((parts.next(), parts.next()), (Some(std::path::Component::Normal(_)), None))
}

fn is_regular(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|it| it.is_file())
}

/// The folder of the finished batches of a run.
pub(crate) fn checkpoint_folder(results: &Path) -> PathBuf {
    results.join("checkpoints")
}

/// The file of a finished batch.
pub(crate) fn checkpoint_name(index: usize) -> String {
    format!("{index:06}.json")
}

/// The files of finished batches, by their names.
fn checkpoint_files(results: &Path) -> Vec<PathBuf> {
    let is_checkpoint = |path: &PathBuf| {
        let index = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        let name = path.file_name().and_then(|name| name.to_str());
        index.map(checkpoint_name).as_deref() == name && name.is_some() && is_regular(path)
    };
    let entries = fs::read_dir(checkpoint_folder(results)).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_checkpoint).collect()
}

/// Removes the files of finished batches, and their folder if nothing else is in it.
fn remove_checkpoints(results: &Path) -> Result<(), Error> {
    for path in checkpoint_files(results) {
        fs::remove_file(&path).map_err(|source| Error::folder(&path, source))?;
    }
    let _ = fs::remove_dir(checkpoint_folder(results));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(seed: u64) -> Map<String, Value> {
        Map::from_iter([("seed".to_owned(), seed.into())])
    }

    fn finished(path: &Path, names: &[&str], earlier: Earlier) -> Result<(), Error> {
        let mut results = ResultFolder::open(path, record(1), earlier)?;
        for name in names {
            results.file(name, |file| file.write_all(b"x"))?;
        }
        results.finish().map(|_| ())
    }

    #[test]
    fn a_finished_folder_is_replaced_only_when_asked_and_nothing_stays_behind() {
        let out = tempfile::tempdir().unwrap();
        fs::write(out.path().join("mine.txt"), "mine").unwrap();
        finished(out.path(), &["a.csv", "b.csv"], Earlier::Keep).unwrap();
        assert!(!is_incomplete(out.path()));
        for earlier in [Earlier::Keep, Earlier::Resume] {
            let error = finished(out.path(), &["a.csv"], earlier).unwrap_err();
            assert!(error.to_string().contains("--force"), "{error}");
            assert!(!is_incomplete(out.path()), "the refusal leaves no mark");
        }
        finished(out.path(), &["a.csv"], Earlier::Replace).unwrap();
        let names = fs::read_dir(out.path()).unwrap().map(|it| it.unwrap().file_name());
        let names: std::collections::BTreeSet<_> = names.collect();
        assert_eq!(names, ["a.csv", "mine.txt", PROVENANCE].map(Into::into).into());
    }

    #[test]
    fn tables_of_two_runs_and_of_unfinished_ones_are_refused() {
        let out = tempfile::tempdir().unwrap();
        let table = |name: &str| vec![out.path().join(name)];
        fs::write(out.path().join("own.csv"), "x").unwrap();
        check_tables(out.path(), &table("own.csv")).unwrap();
        finished(out.path(), &["a.csv"], Earlier::Keep).unwrap();
        check_tables(out.path(), &table("a.csv")).unwrap();
        let refused = |name: &str| check_tables(out.path(), &table(name)).unwrap_err().to_string();
        assert!(refused("own.csv").contains("own.csv is not of the run"));
        fs::write(out.path().join("a.csv"), "changed").unwrap();
        assert!(refused("a.csv").contains("a.csv was changed since"));
        // A run that is killed leaves its mark, with no table of the run before beside it.
        let mut run = ResultFolder::open(out.path(), record(2), Earlier::Replace).unwrap();
        run.file("b.csv", |file| file.write_all(b"x")).unwrap();
        drop(run);
        assert!(!out.path().join("a.csv").exists());
        assert!(refused("b.csv").contains("holds a run that is not finished"));
        fs::remove_file(out.path().join(MARKER)).unwrap();
        fs::write(out.path().join(PROVENANCE), "[").unwrap();
        assert!(refused("b.csv").contains("provenance.json is not the record of a run"));
    }

    #[test]
    fn two_runs_do_not_share_a_folder() {
        let out = tempfile::tempdir().unwrap();
        let first = ResultFolder::open(out.path(), record(1), Earlier::Keep).unwrap();
        let error = ResultFolder::open(out.path(), record(1), Earlier::Replace).unwrap_err();
        assert!(error.to_string().contains("is in use"), "{error}");
        first.finish().unwrap();
        ResultFolder::open(out.path(), record(1), Earlier::Replace).unwrap();
    }

    #[test]
    fn files_of_others_are_not_touched() {
        let out = tempfile::tempdir().unwrap();
        fs::write(out.path().join("a.csv"), "mine").unwrap();
        let error = finished(out.path(), &["a.csv"], Earlier::Keep).unwrap_err();
        assert!(error.to_string().contains("not of an earlier run"), "{error}");
        assert_eq!(fs::read(out.path().join("a.csv")).unwrap(), b"mine");
        fs::create_dir(out.path().join("b.csv")).unwrap();
        let error = finished(out.path(), &["b.csv"], Earlier::Replace).unwrap_err();
        assert!(!error.to_string().contains("--force"), "{error}");
        // A record that names files outside of the folder takes nothing away.
        let outside = out.path().join("outside");
        fs::write(&outside, "").unwrap();
        let inner = out.path().join("inner");
        fs::create_dir(&inner).unwrap();
        fs::write(inner.join(PROVENANCE), r#"{"files": {"../outside": ""}}"#).unwrap();
        finished(&inner, &["a.csv"], Earlier::Replace).unwrap();
        assert!(outside.exists());
    }
}
