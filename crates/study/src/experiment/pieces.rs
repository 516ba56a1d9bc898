//! Work in pieces that survive an interruption.
//!
//! Each finished piece is a file of its own, complete from the moment it has its name. A run that
//! resumes takes the finished ones as they are; what comes out at the end is folded from the
//! pieces in their order, so that neither the number of threads nor an interruption shows in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde::Serialize;
use serde::de::DeserializeOwned;

use study::report::atomic::{WriteError, write_atomic};

/// Why a run in pieces has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PiecesError {
    /// The folder belongs to a run with other settings.
    #[error(
        "{} holds the pieces of a run with other settings; run without --resume to start afresh, \
         or give another --out",
        folder.display()
    )]
    OtherRun {
        /// The folder of the pieces.
        folder: PathBuf,
    },
    /// The folder cannot be used.
    #[error("cannot use {}: {source}", folder.display())]
    Folder {
        /// The folder of the pieces.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A piece cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The user stopped the run, or too much went wrong.
    #[error("stopped after {finished} of {pieces} pieces")]
    Stopped {
        /// Pieces finished, by this run and earlier ones.
        finished: usize,
        /// Pieces in all.
        pieces: usize,
    },
}

/// The pieces of one run.
#[derive(Debug)]
pub struct Pieces {
    folder: PathBuf,
    count: usize,
}

const KEY_FILE: &str = "run-key";

impl Pieces {
    /// The pieces of the run whose settings have the digest `key`, in a folder under `out`. With
    /// `resume` finished pieces are kept, without they are removed.
    pub fn open(out: &Path, key: &str, count: usize, resume: bool) -> Result<Self, PiecesError> {
        let folder = out.join("pieces");
        let failed = |source| PiecesError::Folder { folder: folder.clone(), source };
        let key_file = folder.join(KEY_FILE);
        let found = match fs::read_to_string(&key_file) {
            Ok(found) => Some(found),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        match found {
            Some(found) if resume && found == key => {}
            Some(_) if resume => return Err(PiecesError::OtherRun { folder }),
            _ => {
                if folder.exists() {
                    fs::remove_dir_all(&folder).map_err(failed)?;
                }
                fs::create_dir_all(&folder).map_err(failed)?;
                write_atomic(&key_file, |file| file.write_all(key.as_bytes()))?;
            }
        }
        Ok(Self { folder, count })
    }

    /// Pieces in all.
    pub fn count(&self) -> usize {
        self.count
    }

    fn path(&self, index: usize) -> PathBuf {
        self.folder.join(format!("{index:06}.json"))
    }

    /// The piece of that number, if it is finished.
    pub fn read<T: DeserializeOwned>(&self, index: usize) -> Option<T> {
        let text = fs::read(self.path(index)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// How many pieces are finished.
    pub fn finished(&self) -> usize {
        (0..self.count).filter(|&index| self.path(index).exists()).count()
    }

    /// Works through the pieces that are not finished on `jobs` threads, until all are or `stop`
    /// is set. `worker` is called once a thread and gives what does one piece.
    pub fn run<T, W, E>(
        &self,
        jobs: usize,
        stop: &AtomicBool,
        worker: impl Fn() -> Result<W, E> + Sync,
    ) -> Result<(), E>
    where
        T: Serialize,
        W: FnMut(usize) -> Result<T, E>,
        E: From<PiecesError> + Send,
    {
        let todo: Vec<usize> =
            (0..self.count).filter(|&index| !self.path(index).exists()).collect();
        let next = AtomicUsize::new(0);
        let failure: Mutex<Option<E>> = Mutex::new(None);
        let work = || -> Result<(), E> {
            let mut worker = worker()?;
            while !stop.load(Ordering::Relaxed) {
                let Some(&index) = todo.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                let piece = worker(index)?;
                write_atomic(&self.path(index), |file| Ok(serde_json::to_writer(file, &piece)?))
                    .map_err(PiecesError::from)?;
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            for _ in 0..jobs.min(todo.len()) {
                scope.spawn(|| {
                    if let Err(error) = work() {
                        stop.store(true, Ordering::Relaxed);
                        failure
                            .lock()
                            .expect("no thread panics with the lock")
                            .get_or_insert(error);
                    }
                });
            }
        });
        match failure.into_inner().expect("no thread panics with the lock") {
            Some(error) => Err(error),
            None if self.finished() < self.count => {
                let (finished, pieces) = (self.finished(), self.count);
                Err(PiecesError::Stopped { finished, pieces }.into())
            }
            None => Ok(()),
        }
    }

    /// Removes the pieces, once what is made of them is in its place.
    pub fn remove(self) -> Result<(), PiecesError> {
        let Self { folder, .. } = self;
        fs::remove_dir_all(&folder).map_err(|source| PiecesError::Folder { folder, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squares(pieces: &Pieces, jobs: usize, stop_at: usize) -> Result<(), PiecesError> {
        let stop = AtomicBool::new(false);
        pieces.run(jobs, &stop, || {
            Ok(|index: usize| {
                if index == stop_at {
                    stop.store(true, Ordering::Relaxed);
                }
                Ok(index * index)
            })
        })
    }

    #[test]
    fn an_interrupted_run_goes_on_where_it_stopped() {
        let out = tempfile::tempdir().unwrap();
        let pieces = Pieces::open(out.path(), "a", 20, false).unwrap();
        let error = squares(&pieces, 1, 6).unwrap_err();
        assert!(matches!(error, PiecesError::Stopped { finished: 7, pieces: 20 }), "{error}");

        fs::write(pieces.path(3), "99").unwrap();
        let pieces = Pieces::open(out.path(), "a", 20, true).unwrap();
        squares(&pieces, 2, usize::MAX).unwrap();
        let found: Vec<usize> = (0..20).map(|index| pieces.read(index).unwrap()).collect();
        let expected = |i: usize| if i == 3 { 99 } else { i * i };
        assert_eq!(found, (0..20).map(expected).collect::<Vec<_>>(), "piece 3 is not done again");
    }

    #[test]
    fn pieces_of_another_run_are_not_taken() {
        let out = tempfile::tempdir().unwrap();
        squares(&Pieces::open(out.path(), "a", 2, false).unwrap(), 1, usize::MAX).unwrap();
        let error = Pieces::open(out.path(), "b", 2, true).unwrap_err();
        assert!(matches!(error, PiecesError::OtherRun { .. }), "{error}");
        let fresh = Pieces::open(out.path(), "b", 2, false).unwrap();
        assert_eq!(fresh.finished(), 0);
    }

    #[test]
    fn the_first_failure_ends_the_run_and_keeps_what_is_finished() {
        let out = tempfile::tempdir().unwrap();
        let pieces = Pieces::open(out.path(), "a", 5, false).unwrap();
        let stop = AtomicBool::new(false);
        let result: Result<(), PiecesError> = pieces.run(1, &stop, || {
            Ok(|index: usize| {
                if index < 2 {
                    Ok(index)
                } else {
                    Err(PiecesError::Stopped { finished: 0, pieces: 0 })
                }
            })
        });
        assert!(result.is_err());
        assert_eq!(pieces.finished(), 2);
    }
}
