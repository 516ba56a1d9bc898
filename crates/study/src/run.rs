// SPDX-License-Identifier: MIT OR Apache-2.0
//! One run of an experiment: batches on several threads, with checkpoints that survive an
//! interruption, then the result files.
//!
//! An [`Experiment`] is a plan (a list of batches), what is done with one batch, and what is made of
//! the outcomes of all. Neither the number of threads nor an interruption shows in the results: the
//! outcomes are folded in the order of the plan, and nothing in a batch depends on the thread.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::data::{Dataset, Image, Split};
use crate::report::atomic::write_atomic;
use crate::results::{Earlier, ProgramFacts, ResultFolder, checkpoint_folder, checkpoint_name};
use crate::{Error, Status};
use model::engine::{Engine, EngineError, EngineFactory, Findings, GoldenEngine, Mismatch, Place};
use model::{files, hex};

/// Mismatches that are kept in full, and followed up with a report and a waveform.
pub const REPORTS: usize = 3;

/// What a run tells while it goes on.
pub trait Progress: Sync {
    /// The run begins, or goes on: so many of its batches are finished.
    fn start(&self, finished: usize, batches: usize);
    /// One more batch is finished.
    fn step(&self);
    /// Something that the user should know.
    fn notice(&self, text: &str);
}

/// Tells nothing.
impl Progress for () {
    fn start(&self, _: usize, _: usize) {}
    fn step(&self) {}
    fn notice(&self, _: &str) {}
}

/// The settings that all experiments have, and what they run on.
pub struct Run<'a> {
    /// The command, for the provenance and mismatch reports.
    pub command: &'static str,
    pub dataset: &'a Dataset,
    pub split: Split,
    /// How many images, from the first.
    pub images: usize,
    pub seed: u64,
    /// Threads.
    pub jobs: usize,
    /// The result folder.
    pub out: PathBuf,
    /// What to do about an earlier run there.
    pub earlier: Earlier,
    /// Mismatches that end the run.
    pub max_mismatches: u64,
    /// What is under test; most experiments take one.
    pub engines: &'a [&'a dyn EngineFactory],
    pub program: &'a ProgramFacts,
    /// Ends the run after the batches under way.
    pub stop: &'a AtomicBool,
    /// Hears how the run goes on.
    pub progress: &'a dyn Progress,
}

impl<'a> Run<'a> {
    /// The images of the run.
    ///
    /// # Errors
    /// If there are not so many, or none is asked for.
    pub fn images(&self) -> Result<Vec<&'a Image>, Error> {
        self.first_images(self.images)
    }

    /// The first `count` images of the run's part of the data set; errors as [`Self::images`].
    pub fn first_images(&self, count: usize) -> Result<Vec<&'a Image>, Error> {
        self.dataset.first(self.split, count)
    }

    /// Where something of this run belongs.
    pub fn place(&self, network: &str) -> Place {
        Place {
            experiment: self.command.to_owned(),
            dataset: self.dataset.source.name().to_owned(),
            network: network.to_owned(),
            ..Place::default()
        }
    }

    /// Opens the result folder, for `settings` beside the run's own.
    ///
    /// # Errors
    /// Those of [`ResultFolder::open`].
    pub fn results(&self, settings: Value) -> Result<ResultFolder, Error> {
        let mut all = json!({
            "dataset": self.dataset.source.name(),
            "dataset_sha256": self.dataset.digest(),
            "split": format!("{:?}", self.split).to_lowercase(),
            "images": self.images,
            "seed": self.seed,
        });
        if let (Value::Object(all), Value::Object(settings)) = (&mut all, settings) {
            all.extend(settings);
        }
        let engines: Vec<Value> = self.engines.iter().map(|it| it.info().settings).collect();
        let record = Map::from_iter([
            ("command".to_owned(), self.command.into()),
            ("settings".to_owned(), all),
            ("engines".to_owned(), engines.into()),
            ("program".to_owned(), json!(self.program)),
        ]);
        ResultFolder::open(&self.out, record, self.earlier)
    }

    /// [`on_threads`] of the run.
    pub fn on_threads<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        on_threads(self.jobs, self.progress, work)
    }
}

/// Runs something on a pool of so many threads; where they cannot be started, on this one.
pub fn on_threads<T: Send>(
    jobs: usize,
    progress: &dyn Progress,
    work: impl FnOnce() -> T + Send,
) -> T {
    match rayon::ThreadPoolBuilder::new().num_threads(jobs).build() {
        Ok(pool) => pool.install(work),
        Err(error) => {
            progress.notice(&format!("only this thread computes: {error}"));
            work()
        }
    }
}

/// Starts the threads of everything that is not a run; called once, on the main thread. Where they
/// cannot be started, that thread does the work alone.
pub fn start_threads() {
    if rayon::ThreadPoolBuilder::new().build_global().is_err() {
        // It belongs to the pool as long as that lives.
        std::mem::forget(
            rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build(),
        );
    }
}

/// The engines of one thread.
pub struct Engines<'a> {
    factories: &'a [&'a dyn EngineFactory],
    open: Vec<Option<Box<dyn Engine>>>,
    golden: GoldenEngine,
}

impl<'a> Engines<'a> {
    fn new(factories: &'a [&'a dyn EngineFactory]) -> Self {
        let open = factories.iter().map(|_| None).collect();
        Self { factories, open, golden: GoldenEngine::default() }
    }

    /// The golden model, to measure against.
    pub fn golden(&mut self) -> &mut GoldenEngine {
        &mut self.golden
    }

    /// An engine under test, by its number in the run; it is opened when it is first asked for.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn under_test(&mut self, number: usize) -> Result<&mut dyn Engine, Error> {
        let engine = match self.open[number].take() {
            Some(engine) => engine,
            None => self.factories[number].open()?,
        };
        Ok(&mut **self.open[number].insert(engine))
    }

    /// What each engine has seen since the last call.
    fn take_findings(&mut self) -> Result<Vec<Findings>, Error> {
        let findings = |engine: &mut Option<Box<dyn Engine>>| {
            Ok(engine.as_mut().map(|it| it.take_findings()).transpose()?.unwrap_or_default())
        };
        self.open.iter_mut().map(findings).collect()
    }
}

/// A plan, what is done with a batch of it, and what is made of the outcomes.
pub trait Experiment: Sync {
    /// One batch of the plan.
    type Batch: Sync;
    /// What a batch comes to; a checkpoint holds it.
    type Outcome: Serialize + DeserializeOwned;
    /// What the experiment comes to, for the terminal.
    type Summary;

    /// All that the results depend on besides the settings of the [`Run`], as a JSON object.
    fn settings(&self) -> Value;

    /// The batches, in the order in which their outcomes are folded.
    fn plan(&self) -> Vec<Self::Batch>;

    /// Does one batch on the engines of the calling thread.
    ///
    /// # Errors
    /// Those of the engines.
    fn batch(&self, batch: &Self::Batch, engines: &mut Engines<'_>)
    -> Result<Self::Outcome, Error>;

    /// Completes the place of a mismatch with names that only the experiment knows.
    fn name(&self, _place: &mut Place) {}

    /// Folds the outcomes, which come in the order of the plan, and writes the tables.
    ///
    /// # Errors
    /// If a file cannot be written, or an outcome cannot be read.
    fn tables(
        &self,
        outcomes: Outcomes<'_, Self::Outcome>,
        findings: &Findings,
        results: &mut ResultFolder,
    ) -> Result<Self::Summary, Error>;
}

/// The outcomes of a plan, in its order.
pub type Outcomes<'a, T> = &'a mut dyn Iterator<Item = Result<T, Error>>;

/// A run that came to its end.
#[derive(Debug)]
pub struct Finished<S> {
    pub summary: S,
    /// What the scoreboards saw, on all engines.
    pub findings: Findings,
    /// The result files.
    pub files: Vec<PathBuf>,
    /// The folders of the mismatch reports.
    pub reports: Vec<PathBuf>,
}

impl<S> Finished<S> {
    /// How the command ends.
    pub fn status(&self) -> Status {
        if self.findings.mismatches == 0 { Status::Good } else { Status::Mismatch }
    }
}

/// Runs an experiment.
///
/// # Errors
/// Those of the engines and the result folder; and if the user stops the run, or too much differs.
pub fn run<E: Experiment>(run: &Run<'_>, experiment: &E) -> Result<Finished<E::Summary>, Error> {
    let plan = experiment.plan();
    let mut results = run.results(experiment.settings())?;
    let checkpoints = Checkpoints::open(&results, plan.len(), run.progress)?;
    run.progress.start(checkpoints.finished.len() - checkpoints.todo().len(), plan.len());

    let worked = work(run, experiment, &plan, &checkpoints);
    let mut findings = vec![Findings::default(); run.engines.len()];
    for index in 0..plan.len() {
        if worked.is_ok() || checkpoints.exists(index) {
            let batch: Saved<serde::de::IgnoredAny> = checkpoints.read(index)?;
            for (sum, of_batch) in findings.iter_mut().zip(batch.findings) {
                sum.merge(of_batch, REPORTS);
            }
        }
    }
    let reports = follow_up(run, &findings);
    let mut all = Findings::default();
    findings.into_iter().for_each(|it| all.merge(it, REPORTS));
    match worked {
        Err(Error::Stopped(_)) if all.mismatches >= run.max_mismatches => {
            let reports = reports.iter().map(|it| format!("\nmismatch report: {}", it.display()));
            return Err(Error::TooManyMismatches {
                mismatches: all.mismatches,
                limit: run.max_mismatches,
                reports: reports.collect(),
            });
        }
        worked => worked?,
    }

    let mut outcomes = (0..plan.len()).map(|index| {
        let saved: Saved<E::Outcome> = checkpoints.read(index)?;
        Ok(saved.outcome)
    });
    let summary = experiment.tables(&mut outcomes, &all, &mut results)?;
    results.result("compared", all.compared);
    results.result("mismatches", all.mismatches);
    Ok(Finished { summary, findings: all, files: results.finish()?, reports })
}

/// Works through the batches that are not finished.
fn work<E: Experiment>(
    run: &Run<'_>,
    experiment: &E,
    plan: &[E::Batch],
    checkpoints: &Checkpoints,
) -> Result<(), Error> {
    let todo = checkpoints.todo();
    let next = AtomicUsize::new(0);
    let mismatches = AtomicU64::new(checkpoints.mismatches);
    let halt = AtomicBool::new(checkpoints.mismatches >= run.max_mismatches);
    let failure: Mutex<Option<Error>> = Mutex::new(None);
    let one = |engines: &mut Engines<'_>, index: usize| -> Result<(), Error> {
        let outcome = experiment.batch(&plan[index], engines)?;
        let mut findings = engines.take_findings()?;
        for case in findings.iter_mut().flat_map(|it| &mut it.cases) {
            experiment.name(&mut case.place);
        }
        let differing: u64 = findings.iter().map(|it| it.mismatches).sum();
        checkpoints.write(index, &Saved { findings, outcome })?;
        let before = mismatches.fetch_add(differing, Ordering::Relaxed);
        if before + differing >= run.max_mismatches {
            halt.store(true, Ordering::Relaxed);
        }
        run.progress.step();
        Ok(())
    };
    let thread = || {
        let mut engines = Engines::new(run.engines);
        while !run.stop.load(Ordering::Relaxed) && !halt.load(Ordering::Relaxed) {
            let Some(&index) = todo.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
            if let Err(error) = one(&mut engines, index) {
                halt.store(true, Ordering::Relaxed);
                let error = reported(run, experiment, &engines, error);
                failure.lock().expect("no thread panics with the lock").get_or_insert(error);
            }
        }
    };
    thread::scope(|scope| {
        for number in 0..run.jobs.min(todo.len()) {
            let started = thread::Builder::new().spawn_scoped(scope, thread);
            if let Err(error) = started {
                run.progress.notice(&format!("only {number} threads can be started: {error}"));
                if number == 0 {
                    thread();
                }
                break;
            }
        }
    });
    if let Some(error) = failure.into_inner().expect("no thread panics with the lock") {
        return Err(error);
    }
    let unfinished = todo.iter().filter(|&&index| !checkpoints.exists(index)).count();
    if unfinished > 0 {
        let finished = plan.len() - unfinished;
        return Err(Error::Stopped(format!(
            "{finished} of {} batches; the same command with --resume goes on from there",
            plan.len()
        )));
    }
    Ok(())
}

/// An error of an engine that gave up, with the report of it.
fn reported<E: Experiment>(
    run: &Run<'_>,
    experiment: &E,
    engines: &Engines<'_>,
    error: Error,
) -> Error {
    let Error::Engine { source: EngineError::Failed { case: Some(case), source }, .. } = error
    else {
        return error;
    };
    let mut case = *case;
    experiment.name(&mut case.place);
    // Each engine knows its own cases; the first that can run this one again does.
    let open = engines.open.iter().flatten();
    let mut reports = open.map(|it| it.follow_up(&case, &run.out.join("mismatch")));
    let report = match reports.next() {
        Some(Ok(folder)) => format!("\n(report in {})", folder.display()),
        Some(Err(error)) => format!("\n(and no report of it: {error})"),
        None => String::new(),
    };
    Error::Engine { source: EngineError::Failed { case: Some(Box::new(case)), source }, report }
}

/// Runs the first mismatches again, in the order of the plan; the folders of their reports. What
/// cannot be run again is a notice, since the results stand all the same.
fn follow_up(run: &Run<'_>, findings: &[Findings]) -> Vec<PathBuf> {
    let report = |factory: &dyn EngineFactory, case: &Mismatch| {
        factory.open()?.follow_up(case, &run.out.join("mismatch"))
    };
    let mut reports = Vec::new();
    for (&factory, findings) in run.engines.iter().zip(findings) {
        for case in &findings.cases {
            if reports.len() == REPORTS {
                break;
            }
            let outcome = match report(factory, case) {
                Ok(folder) => {
                    let outcome = format!("see {}", folder.display());
                    reports.push(folder);
                    outcome
                }
                Err(error) => format!("no report: {error}"),
            };
            run.progress.notice(&format!("MISMATCH {}: {outcome}", case.difference));
        }
    }
    reports
}

/// What a checkpoint holds: the outcome of a batch, and what each engine's scoreboard saw in it.
#[derive(Serialize, Deserialize)]
struct Saved<T> {
    findings: Vec<Findings>,
    outcome: T,
}

/// The first line of a checkpoint's file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    /// The batch, by its number in the plan.
    index: usize,
    /// Digest of the run's key, the index and the rest of the file.
    sha256: String,
}

/// Bytes of a checkpoint at most.
const MAX_CHECKPOINT: u64 = 1 << 30;

/// The finished batches of a run, each in a file that is complete from the moment it has its name.
struct Checkpoints {
    folder: PathBuf,
    key: String,
    /// Whether each batch was finished when the run began.
    finished: Vec<bool>,
    /// Mismatches in those.
    mismatches: u64,
}

impl Checkpoints {
    /// Takes the finished batches of a run that goes on. A damaged one is named and done again.
    fn open(results: &ResultFolder, count: usize, progress: &dyn Progress) -> Result<Self, Error> {
        let folder = checkpoint_folder(results.path());
        fs::create_dir_all(&folder).map_err(|source| Error::folder(&folder, source))?;
        let key = results.key().to_owned();
        let mut checkpoints = Self { folder, key, finished: vec![false; count], mismatches: 0 };
        for index in 0..count {
            if !checkpoints.exists(index) {
                continue;
            }
            match checkpoints.read::<serde::de::IgnoredAny>(index) {
                Ok(saved) => {
                    checkpoints.finished[index] = true;
                    let seen = saved.findings.iter().map(|it| it.mismatches);
                    checkpoints.mismatches += seen.sum::<u64>();
                }
                Err(error) => {
                    progress.notice(&format!("{error}; the batch is done again"));
                    let path = checkpoints.path(index);
                    fs::remove_file(&path).map_err(|source| Error::folder(&path, source))?;
                }
            }
        }
        Ok(checkpoints)
    }

    fn todo(&self) -> Vec<usize> {
        (0..self.finished.len()).filter(|&index| !self.finished[index]).collect()
    }

    fn path(&self, index: usize) -> PathBuf {
        self.folder.join(checkpoint_name(index))
    }

    fn exists(&self, index: usize) -> bool {
        self.path(index).exists()
    }

    fn digest(&self, index: usize, body: &[u8]) -> String {
        let mut hash = Sha256::new();
        hash.update(&self.key);
        hash.update((index as u64).to_le_bytes());
        hash.update(body);
        hex(&hash.finalize())
    }

    fn write<T: Serialize>(&self, index: usize, saved: &Saved<T>) -> Result<(), Error> {
        let path = self.path(index);
        let body =
            serde_json::to_vec(saved).map_err(|source| Error::folder(&path, source.into()))?;
        let header = Header { index, sha256: self.digest(index, &body) };
        write_atomic(&path, |file| {
            serde_json::to_writer(&mut *file, &header)?;
            file.write_all(b"\n")?;
            file.write_all(&body)
        })?;
        Ok(())
    }

    fn read<T: DeserializeOwned>(&self, index: usize) -> Result<Saved<T>, Error> {
        let path = self.path(index);
        let bytes =
            files::read(&path, MAX_CHECKPOINT).map_err(|source| Error::read(&path, source))?;
        let parse = || {
            let end = bytes.iter().position(|&byte| byte == b'\n')?;
            let (header, body) = (&bytes[..end], &bytes[end + 1..]);
            let header: Header = serde_json::from_slice(header).ok()?;
            let intact = header.index == index && header.sha256 == self.digest(index, body);
            if intact { serde_json::from_slice(body).ok() } else { None }
        };
        let problem = || format!("checkpoint {} is damaged or of another run", path.display());
        parse().ok_or_else(|| Error::Input(problem()))
    }
}
