// SPDX-License-Identifier: MIT OR Apache-2.0
//! The runner: the same results whatever the number of threads and whatever interrupts it, and
//! everything that differs followed up.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use model::conv::{Kernel, Mode, Plane, Semantics, SmaxScope, Threshold};
use model::engine::{
    Detail, Engine, EngineError, EngineFactory, EngineInfo, Findings, GoldenEngine, LayerRun,
    Mismatch, Place,
};
use model::nn::{Convolution, Finish};
use serde_json::{Value, json};
use study::data::{Dataset, Source, Split, digits};
use study::results::{Earlier, PROVENANCE, ProgramFacts, ResultFolder, is_incomplete};
use study::run::{Engines, Experiment, Finished, Outcomes, Progress, REPORTS, Run, run};
use study::{Error, Status};

/// An engine that finds a mismatch in some images, and gives up at one.
#[derive(Clone, Copy)]
struct Faulty {
    differs: fn(usize) -> bool,
    gives_up_at: Option<usize>,
}

const SOUND: Faulty = Faulty { differs: |_| false, gives_up_at: None };

struct FaultyEngine {
    fault: Faulty,
    golden: GoldenEngine,
    findings: Findings,
}

impl EngineFactory for Faulty {
    fn info(&self) -> EngineInfo {
        let settings = json!({ "name": "faulty" });
        EngineInfo { name: "faulty", unit: String::new(), compares: true, timed: false, settings }
    }

    fn open(&self) -> Result<Box<dyn Engine>, EngineError> {
        let (golden, findings) = (GoldenEngine::default(), Findings::default());
        Ok(Box::new(FaultyEngine { fault: *self, golden, findings }))
    }
}

impl Engine for FaultyEngine {
    fn name(&self) -> &'static str {
        "faulty"
    }

    fn layer(
        &mut self,
        place: &Place,
        layer: &Convolution,
        semantics: &Semantics,
        inputs: &[Vec<Plane>],
        detail: Detail,
    ) -> Result<LayerRun, EngineError> {
        let case = |difference: String| Mismatch {
            place: place.clone(),
            difference,
            case: json!({ "image": place.image }),
        };
        if self.fault.gives_up_at == Some(place.image) {
            let case = Some(Box::new(case("it hangs".to_owned())));
            let source = format!("image {}: it hangs", place.image).into();
            return Err(EngineError::Failed { case, source });
        }
        self.findings.compared += 1;
        if (self.fault.differs)(place.image) {
            self.findings.mismatches += 1;
            self.findings.cases.push(case(format!("image {} differs", place.image)));
        }
        self.golden.layer(place, layer, semantics, inputs, detail)
    }

    fn take_findings(&mut self) -> Result<Findings, EngineError> {
        Ok(std::mem::take(&mut self.findings))
    }

    fn follow_up(&self, mismatch: &Mismatch, folder: &Path) -> Result<PathBuf, EngineError> {
        let report = folder.join(format!("{}-{}", mismatch.place.layer, mismatch.place.image));
        fs::create_dir_all(&report).unwrap();
        Ok(report)
    }
}

/// Sums of a 1×1 convolution of some images.
struct Sums<'a> {
    run: &'a Run<'a>,
    layer: Convolution,
    /// Batches done, by this process.
    done: AtomicUsize,
    /// After how many the user stops the run.
    stop_after: usize,
}

impl Experiment for Sums<'_> {
    type Batch = usize;
    type Outcome = i64;
    type Summary = Vec<i64>;

    fn settings(&self) -> Value {
        json!({ "weights": self.layer.filters[0][0].weights() })
    }

    fn plan(&self) -> Vec<usize> {
        (0..self.run.images).collect()
    }

    fn batch(&self, &image: &usize, engines: &mut Engines<'_>) -> Result<i64, Error> {
        let pixels = self.run.images()?[image].pixels;
        let words = pixels.iter().map(|&pixel| i32::from(pixel)).collect();
        let inputs = [vec![Plane::new(28, 28, words).unwrap()]];
        let threshold = Threshold::new(1).unwrap();
        let semantics = Semantics::new(Mode::Exact, 0, threshold, SmaxScope::Window)?;
        let place = Place { image, layer: "layer".to_owned(), ..self.run.place("network") };
        let engine = engines.under_test(0)?;
        let run = engine.layer(&place, &self.layer, &semantics, &inputs, Detail::Sums)?;
        if self.done.fetch_add(1, Ordering::Relaxed) + 1 == self.stop_after {
            self.run.stop.store(true, Ordering::Relaxed);
        }
        Ok(run.outcomes[0].sums[0].iter().map(|&sum| i64::from(sum)).sum())
    }

    fn name(&self, place: &mut Place) {
        place.layer = "named".to_owned();
    }

    fn tables(
        &self,
        outcomes: Outcomes<'_, i64>,
        _: &Findings,
        results: &mut ResultFolder,
    ) -> Result<Vec<i64>, Error> {
        let sums = outcomes.collect::<Result<Vec<_>, _>>()?;
        results.file("sums.csv", |file| sums.iter().try_for_each(|sum| writeln!(file, "{sum}")))?;
        Ok(sums)
    }
}

#[derive(Default)]
struct Notices(Mutex<Vec<String>>, AtomicUsize);

impl Progress for Notices {
    fn start(&self, finished: usize, _: usize) {
        self.1.store(finished, Ordering::Relaxed);
    }

    fn step(&self) {}

    fn notice(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }
}

/// How a run goes; everything else is the same in all tests.
struct Way<'a> {
    engine: &'a Faulty,
    jobs: usize,
    earlier: Earlier,
    max_mismatches: u64,
    stop_after: usize,
    weight: i32,
}

const PLAIN: Way<'static> = Way {
    engine: &SOUND,
    jobs: 2,
    earlier: Earlier::Keep,
    max_mismatches: 1000,
    stop_after: usize::MAX,
    weight: 3,
};

const IMAGES: usize = 12;

fn sums(out: &Path, way: &Way<'_>) -> (Result<Finished<Vec<i64>>, Error>, Notices) {
    let dataset = Dataset {
        source: Source::Digits { seed: 1 },
        train: Vec::new(),
        test: digits::draw(1, digits::TEST, IMAGES),
        notice: None,
    };
    let (stop, notices) = (AtomicBool::new(false), Notices::default());
    let engines: [&dyn EngineFactory; 1] = [way.engine];
    let settings = Run {
        command: "sums",
        dataset: &dataset,
        split: Split::Test,
        images: IMAGES,
        seed: 1,
        jobs: way.jobs,
        out: out.to_owned(),
        earlier: way.earlier,
        max_mismatches: way.max_mismatches,
        engines: &engines,
        program: &ProgramFacts::default(),
        stop: &stop,
        progress: &notices,
    };
    let kernel = Kernel::new(1, vec![way.weight]).unwrap();
    let finish = Finish { activation: None, shift: 0, bits: 12 };
    let layer = Convolution {
        name: "layer".to_owned(),
        index: 0,
        filters: vec![vec![kernel]],
        bias: vec![0],
        finish,
    };
    let done = AtomicUsize::new(0);
    let sums = Sums { run: &settings, layer, done, stop_after: way.stop_after };
    (run(&settings, &sums), notices)
}

fn results(out: &Path) -> [Vec<u8>; 2] {
    ["sums.csv", PROVENANCE].map(|name| fs::read(out.join(name)).unwrap())
}

#[test]
fn neither_threads_nor_an_interruption_show_in_the_results() {
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name);
    let (whole, _) = sums(&out("whole"), &Way { jobs: 1, ..PLAIN });
    assert_eq!(whole.unwrap().status(), Status::Good);
    sums(&out("threads"), &Way { jobs: 5, ..PLAIN }).0.unwrap();
    assert_eq!(results(&out("whole")), results(&out("threads")));

    let (stopped, _) = sums(&out("stopped"), &Way { jobs: 1, stop_after: 5, ..PLAIN });
    let error = stopped.unwrap_err();
    assert_eq!(error.status(), Status::Interrupted);
    assert!(error.to_string().starts_with("stopped after 5 of 12 batches"), "{error}");
    assert!(is_incomplete(&out("stopped")));
    assert!(!out("stopped").join("sums.csv").exists());
    // Without a word about the earlier run nothing of it is touched, and other settings do not mix.
    let (refused, _) = sums(&out("stopped"), &PLAIN);
    assert!(refused.unwrap_err().to_string().contains("--resume goes on with it"));
    let other = Way { weight: 4, earlier: Earlier::Resume, ..PLAIN };
    let (refused, _) = sums(&out("stopped"), &other);
    assert!(refused.unwrap_err().to_string().contains("other settings"));

    // A torn checkpoint, and one under another's number, are done again.
    let checkpoint = |index: usize| out("stopped").join(format!("checkpoints/{index:06}.json"));
    fs::write(checkpoint(2), "{").unwrap();
    fs::copy(checkpoint(0), checkpoint(3)).unwrap();
    let (resumed, notices) = sums(&out("stopped"), &Way { earlier: Earlier::Resume, ..PLAIN });
    resumed.unwrap();
    assert_eq!(notices.1.load(Ordering::Relaxed), 3);
    let notices = notices.0.into_inner().unwrap();
    assert_eq!(notices.len(), 2, "{notices:?}");
    assert!(notices[0].contains("000002.json is damaged"), "{notices:?}");
    assert_eq!(results(&out("whole")), results(&out("stopped")));
    assert!(!out("stopped").join("checkpoints").exists());
    assert!(!is_incomplete(&out("stopped")));
}

#[test]
fn the_first_mismatches_of_the_plan_are_followed_up_also_after_an_interruption() {
    let engine = Faulty { differs: |image| image % 2 == 1, gives_up_at: None };
    let folder = tempfile::tempdir().unwrap();
    for (name, jobs, stop_after) in [("one", 1, usize::MAX), ("four", 4, usize::MAX), ("two", 2, 4)]
    {
        let out = folder.path().join(name);
        let way = Way { engine: &engine, jobs, stop_after, ..PLAIN };
        let (mut result, mut notices) = sums(&out, &way);
        if stop_after < IMAGES {
            assert_eq!(result.unwrap_err().status(), Status::Interrupted);
            let rest = Way { earlier: Earlier::Resume, stop_after: usize::MAX, ..way };
            (result, notices) = sums(&out, &rest);
        }
        let finished = result.unwrap();
        assert_eq!(finished.status(), Status::Mismatch);
        assert_eq!((finished.findings.compared, finished.findings.mismatches), (12, 6));
        assert_eq!(finished.findings.cases.len(), REPORTS);
        let expected: Vec<_> =
            [1, 3, 5].iter().map(|it| out.join(format!("mismatch/named-{it}"))).collect();
        assert_eq!(finished.reports, expected, "{name}");
        assert!(expected.iter().all(|report| report.is_dir()));
        let notices = notices.0.into_inner().unwrap();
        assert!(notices[0].starts_with("MISMATCH image 1 differs: see "), "{notices:?}");
    }
}

#[test]
fn too_many_mismatches_end_the_run_and_count_those_of_before() {
    let engine = Faulty { differs: |image| image < 4, gives_up_at: None };
    let folder = tempfile::tempdir().unwrap();
    let way = Way { engine: &engine, jobs: 1, max_mismatches: 3, ..PLAIN };
    let error = sums(folder.path(), &way).0.unwrap_err();
    assert_eq!(error.status(), Status::Mismatch);
    let text = error.to_string();
    assert!(text.starts_with("3 mismatches; the run stops at 3 (--max-mismatches)"), "{text}");
    assert!(text.contains("mismatch report: "), "{text}");
    let again = Way { earlier: Earlier::Resume, ..way };
    assert_eq!(sums(folder.path(), &again).0.unwrap_err().status(), Status::Mismatch);
    let more = Way { max_mismatches: 5, ..again };
    assert_eq!(sums(folder.path(), &more).0.unwrap().findings.mismatches, 4);
}

#[test]
fn an_engine_that_gives_up_ends_the_run_with_a_report_and_keeps_what_is_finished() {
    let engine = Faulty { differs: |_| false, gives_up_at: Some(7) };
    let folder = tempfile::tempdir().unwrap();
    let error = sums(folder.path(), &Way { engine: &engine, jobs: 1, ..PLAIN }).0.unwrap_err();
    assert_eq!(error.status(), Status::Failed);
    let report = folder.path().join("mismatch/named-7");
    let expected = format!("image 7: it hangs\n(report in {})", report.display());
    assert_eq!(error.to_string(), expected);
    let (resumed, notices) = sums(folder.path(), &Way { earlier: Earlier::Resume, ..PLAIN });
    resumed.unwrap();
    assert_eq!(notices.1.load(Ordering::Relaxed), 7);
}
