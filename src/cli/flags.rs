// SPDX-License-Identifier: MIT OR Apache-2.0
//! Flags that mean the same in every command, and the run that they describe.

use std::fmt::Display;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::available_parallelism;
use std::time::Instant;

use anyhow::{Context, bail};
use clap::ArgMatches;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use model::conv::SmaxScope;
use model::engine::{EngineFactory, Findings, Golden};
use serde_json::{Map, Value, json};
use study::data::{Dataset, DatasetChoice, LoadOptions, Split, load};
use study::experiment::lenet::{ModelFile, Variant};
use study::experiment::{accel, twice};
use study::results::{Earlier, ProgramFacts, ResultFolder, check, is_incomplete};
use study::run::{Finished, Progress, Run};
use study::{Error, Status};

use super::output::{List, instead};
use crate::bench::engine::RtlSettings;
use crate::bench::under_test::REPORT_FILE;
use crate::hw::UnitParameters;

/// How a run goes.
#[derive(Debug, clap::Args)]
pub(super) struct RunFlags {
    /// Images to take: auto is MNIST where it is found, else drawn digits
    #[arg(long, value_enum, default_value_t)]
    dataset: DatasetChoice,

    #[command(flatten)]
    pub basic: BasicFlags,

    #[command(flatten)]
    work: JobFlags,

    /// Stop the run at this many mismatches
    #[arg(long, value_name = "N", default_value = "1000", value_parser = positive)]
    max_mismatches: usize,
}

/// How work is shared out, and taken up again.
#[derive(Debug, clap::Args)]
pub(super) struct JobFlags {
    /// Threads [default: one per processor]
    #[arg(long, value_name = "N", value_parser = positive)]
    jobs: Option<usize>,

    /// Go on with an interrupted run of the same command
    #[arg(long, conflicts_with = "force")]
    resume: bool,
}

impl JobFlags {
    pub fn jobs(&self) -> usize {
        self.jobs.unwrap_or_else(default_jobs)
    }

    fn earlier(&self, basic: &BasicFlags) -> Earlier {
        earlier(self.resume, basic.force)
    }

    /// With --resume, and without --out, the last run that was interrupted.
    fn out(&self, basic: &BasicFlags, command: &str) -> PathBuf {
        let interrupted = (1..).map(|it| numbered(command, it)).take_while(|it| it.exists());
        match (&basic.out, self.resume) {
            (None, true) => interrupted.filter(|it| is_incomplete(it)).last(),
            _ => None,
        }
        .unwrap_or_else(|| basic.out(command))
    }

    /// Opens a result folder for what has no images and can be resumed.
    pub fn results(
        &self,
        basic: &BasicFlags,
        command: &str,
        settings: Value,
    ) -> Result<ResultFolder, Error> {
        ResultFolder::open(
            &self.out(basic, command),
            record(command, settings),
            self.earlier(basic),
        )
    }
}

/// What every command that computes something has.
#[derive(Debug, clap::Args)]
pub(super) struct BasicFlags {
    /// Seed of everything random
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,

    /// Folder for the results [default: the first free one of reports/runs/<command>,
    /// reports/runs/<command>-2, …]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Replace the results of an earlier run in the folder
    #[arg(long)]
    pub force: bool,

    /// No progress and no notices
    #[arg(long)]
    pub quiet: bool,
}

impl BasicFlags {
    /// The folder for the results. Without --out it is one that loses nothing: the first that is not
    /// there; with --force the first of all.
    pub fn out(&self, command: &str) -> PathBuf {
        self.out.clone().unwrap_or_else(|| match self.force {
            true => numbered(command, 1),
            false => {
                (1..).map(|it| numbered(command, it)).find(|it| !it.exists()).expect("a number")
            }
        })
    }

    /// Opens a result folder for what has no images.
    pub fn results(&self, command: &str, settings: Value) -> Result<ResultFolder, Error> {
        ResultFolder::open(
            &self.out(command),
            record(command, settings),
            earlier(false, self.force),
        )
    }
}

fn earlier(resume: bool, force: bool) -> Earlier {
    match (resume, force) {
        (true, _) => Earlier::Resume,
        (_, true) => Earlier::Replace,
        _ => Earlier::Keep,
    }
}

/// Refuses, before any work, a folder for results that cannot be had, whatever the command.
pub(super) fn check_out(arguments: &ArgMatches) -> anyhow::Result<()> {
    let Some((_, arguments)) = arguments.subcommand() else { return Ok(()) };
    let flag = |name| arguments.try_get_one::<bool>(name).ok().flatten().copied();
    // Without --force a command does not mind what is there.
    let out = arguments.try_get_one::<PathBuf>("out").ok().flatten();
    if let (Some(out), Some(force)) = (out, flag("force")) {
        check(out, earlier(flag("resume").unwrap_or_default(), force))?;
    }
    Ok(())
}

/// The record of a run without images.
fn record(command: &str, settings: Value) -> Map<String, Value> {
    Map::from_iter([
        ("command".to_owned(), command.into()),
        ("settings".to_owned(), settings),
        ("program".to_owned(), json!(PROGRAM)),
    ])
}

fn numbered(command: &str, number: usize) -> PathBuf {
    let runs = Path::new("reports/runs");
    if number == 1 { runs.join(command) } else { runs.join(format!("{command}-{number}")) }
}

impl RunFlags {
    pub fn load(&self) -> Result<Dataset, Error> {
        let options = LoadOptions {
            seed: self.basic.seed,
            quiet: self.basic.quiet,
            ..LoadOptions::from_env()
        };
        Ok(load(self.dataset, &options)?)
    }

    pub fn jobs(&self) -> usize {
        self.work.jobs()
    }

    /// Runs an experiment on the first `images` of a part of the data set. Ctrl-C ends it after the
    /// batches under way.
    pub fn run<S>(
        &self,
        command: &'static str,
        (dataset, split, images): (&Dataset, Split, usize),
        engines: &[&dyn EngineFactory],
        experiment: impl FnOnce(&Run<'_>) -> Result<Finished<S>, Error>,
    ) -> anyhow::Result<Ended<S>> {
        let bar = Bar::new("batches", self.basic.quiet);
        let run = Run {
            command,
            dataset,
            split,
            images,
            seed: self.basic.seed,
            jobs: self.jobs(),
            out: self.work.out(&self.basic, command),
            earlier: self.work.earlier(&self.basic),
            max_mismatches: self.max_mismatches as u64,
            engines,
            program: &PROGRAM,
            stop: stop_flag()?,
            progress: &bar,
        };
        let begin = Instant::now();
        let finished = experiment(&run);
        bar.0.finish_and_clear();
        let finished = finished?;
        Ok(Ended { finished, seconds: begin.elapsed().as_secs_f64(), compares: compares(engines) })
    }
}

fn compares(engines: &[&dyn EngineFactory]) -> bool {
    engines.iter().any(|engine| engine.info().compares)
}

/// A run that came to its end.
pub(super) struct Ended<S> {
    pub finished: Finished<S>,
    pub seconds: f64,
    compares: bool,
}

impl<S> Ended<S> {
    /// Prints the files, what differs, and the closing line; how the command ends.
    pub fn close(&self, what: &str) -> Status {
        let Finished { findings, files, reports, .. } = &self.finished;
        for file in files {
            say!("{}", file.display());
        }
        for error in &findings.counter_errors {
            say!("MISMATCH {error}");
        }
        for case in &findings.cases {
            say!("MISMATCH {}", case.difference);
        }
        for report in reports {
            say!("mismatch report: {}", report.join(REPORT_FILE).display());
        }
        say!("{:.1} s", self.seconds);
        if self.compares {
            let Findings { compared, mismatches, .. } = findings;
            say!("{compared} {what} compared, {mismatches} mismatches");
        }
        self.finished.status()
    }
}

/// What the program was built from.
pub(super) const PROGRAM: ProgramFacts = ProgramFacts {
    version: env!("CARGO_PKG_VERSION"),
    revision: env!("CONVAPPROX_REVISION"),
    sources_sha256: env!("CONVAPPROX_SOURCES_SHA256"),
    rustc: env!("CONVAPPROX_RUSTC"),
};

/// What runs the convolutions of an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum LayerEngine {
    /// The golden model
    Golden,
    /// The unit's RTL, every window compared with the golden model
    Rtl,
}

/// How the unit under test is run.
#[derive(Debug, clap::Args)]
pub(super) struct UnitFlags {
    /// What runs the convolutions
    #[arg(long, value_enum, default_value = "rtl")]
    pub engine: LayerEngine,

    /// Let the memory wait at random, from this seed
    #[arg(long, value_name = "SEED")]
    stalls: Option<u64>,

    /// Plant a bug: give the unit T + N, to see what a mismatch looks like
    #[arg(long, value_name = "N", default_value_t = 0, allow_hyphen_values = true)]
    threshold_offset: i32,
}

impl UnitFlags {
    /// What runs the convolutions: the unit under test, or the golden model of its operands.
    pub fn factory(&self, seed: u64, unit: Option<UnitParameters>) -> Box<dyn EngineFactory> {
        let &Self { engine, stalls, threshold_offset } = self;
        match engine {
            LayerEngine::Rtl => Box::new(RtlSettings { unit, seed, stalls, threshold_offset }),
            LayerEngine::Golden => Box::new(
                unit.map_or_else(Golden::default, |unit| Golden { operand_w: unit.operand_w }),
            ),
        }
    }
}

/// Which products are skipped.
#[derive(Debug, clap::Args)]
pub(super) struct ScopeFlag {
    /// What S_max is taken over
    #[arg(long, value_name = "SCOPE", default_value = "window")]
    pub smax_scope: SmaxScope,
}

/// Which networks.
#[derive(Debug, clap::Args)]
pub(super) struct NetworkFlags {
    /// Networks: names of shipped ones (lenet5-relu, lenet5-tanh, lenet-accel, lenet-accel-tanh), or
    /// one description file, with --weights
    #[arg(long, value_name = "LIST")]
    network: Option<List<String>>,

    /// Weights in place of the shipped ones, for one network: a safetensors file with 32-bit floats,
    /// or the name of some that ship
    #[arg(long, value_name = "FILE", requires = "network")]
    weights: Option<PathBuf>,
}

impl NetworkFlags {
    /// The networks of the flags, or those shipped ones.
    pub fn variants(&self, otherwise: &[&str]) -> anyhow::Result<Vec<Variant>> {
        let names: Vec<&str> = match &self.network {
            None => otherwise.to_vec(),
            Some(names) => names.iter().map(String::as_str).collect(),
        };
        let Some(weights) = &self.weights else {
            return names.iter().map(|name| shipped_network(name)).collect();
        };
        let [name] = names[..] else {
            bail!("--weights is for one network, and --network names {}", names.len());
        };
        let network = accel::description(name).unwrap_or_else(|| ModelFile::user(Path::new(name)));
        let named = weights.with_extension("safetensors");
        let named = named.to_str().and_then(|name| ModelFile::shipped("weights", name));
        let named = named.filter(|_| !weights.exists());
        let weights = named.unwrap_or_else(|| ModelFile::user(weights));
        Ok(vec![Variant::read(&network, &weights)?])
    }

    /// The one network of a command that takes one.
    pub fn variant(&self, otherwise: &str) -> anyhow::Result<Variant> {
        let mut variants = self.variants(&[otherwise])?;
        match variants.len() {
            1 => Ok(variants.remove(0)),
            count => bail!("this command takes one network, and --network names {count}"),
        }
    }
}

fn shipped_network(name: &str) -> anyhow::Result<Variant> {
    if accel::NETWORKS.contains(&name) {
        return Ok(accel::network(name)?);
    }
    let names = instead(name, accel::NETWORKS);
    bail!("--network: there is no {name:?}; {names}, and a file needs --weights")
}

/// The paper's two networks.
pub(super) const LENET5: [&str; 2] = ["lenet5-relu", "lenet5-tanh"];

/// A progress bar; without a terminal, or with --quiet, it shows nothing.
pub(super) struct Bar(pub ProgressBar, bool);

impl Bar {
    /// A bar of things of which `what` is the plural.
    pub fn new(what: &str, quiet: bool) -> Self {
        let bar = ProgressBar::new(0);
        let style =
            format!("{{bar:30}} {{human_pos}}/{{human_len}} {what}, {{per_sec}}, {{eta}} left");
        bar.set_style(ProgressStyle::with_template(&style).expect("the template is well formed"));
        if quiet || !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self(bar, quiet)
    }
}

impl Progress for Bar {
    fn start(&self, finished: usize, batches: usize) {
        self.0.set_length(batches as u64);
        self.0.set_position(finished as u64);
        self.0.reset_eta();
    }

    fn step(&self) {
        self.0.inc(1);
    }

    fn notice(&self, text: &str) {
        if !self.1 {
            self.0.suspend(|| note!("{text}"));
        }
    }
}

/// A flag that the first Ctrl-C sets; the second ends the program at once.
pub(super) fn stop_flag() -> anyhow::Result<&'static AtomicBool> {
    static STOP: AtomicBool = AtomicBool::new(false);
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(Status::Interrupted as i32);
        }
        note!("\nstopping after what is under way; Ctrl-C again stops at once");
    })
    .context("cannot catch Ctrl-C")?;
    Ok(&STOP)
}

/// Threads when the user does not say: one per processor.
pub(super) fn default_jobs() -> usize {
    available_parallelism().map_or(1, usize::from)
}

/// A number that must not be 0.
pub(super) fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err(format!("{text:?} is not a whole number")),
    }
}

/// Refuses something that a flag which may be repeated has twice: a row of a table stands for each.
pub(super) fn each_once<T: PartialEq + Display>(flag: &str, values: &[T]) -> anyhow::Result<()> {
    match twice(values.iter()) {
        Some(value) => bail!("{flag}: {value} is there twice"),
        None => Ok(()),
    }
}

/// The one value of a flag that other commands take a list of.
pub(super) fn one<T: Copy>(flag: &str, values: &[T]) -> anyhow::Result<T> {
    match values {
        [value] => Ok(*value),
        _ => bail!("this command takes one {flag}"),
    }
}
