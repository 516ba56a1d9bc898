// SPDX-License-Identifier: MIT OR Apache-2.0
//! The user's own digits, exact and approximate.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Error;
use crate::data::{Dataset, Image, Source, png};
use crate::experiment::lenet::Variant;
use crate::results::{ResultFolder, digest_of};
use crate::run::{Engines, Experiment, Finished, Outcomes, Run};
use crate::tables::ClassifyRow;
use model::conv::Mode;
use model::engine::{Detail, Findings, Place};
use model::nn::{Configuration, class_of, input_planes};

/// What one file came to.
#[derive(Debug)]
pub struct Classified {
    /// The file.
    pub file: PathBuf,
    /// Its digit, as the network gets it.
    pub image: Image,
    /// Its scores.
    pub rows: Vec<ClassifyRow>,
    /// Multiplications of each convolution layer in the configuration.
    pub multiplications: Vec<u64>,
    /// The class when nothing is skipped.
    pub exact_class: usize,
    /// The class in the configuration.
    pub class: usize,
}

/// The digits in PNG files, as the test images of a data set.
///
/// # Errors
/// A file that is no picture of a digit.
pub fn dataset(files: &[PathBuf]) -> Result<Dataset, Error> {
    let test = files.iter().map(|file| png::import(file, 0)).collect::<Result<_, _>>()?;
    Ok(Dataset { source: Source::Pictures, train: Vec::new(), test, notice: None })
}

/// Tells what the digits in `files` show, which are the [`dataset`] of the run.
///
/// # Errors
/// A file that cannot be read; and those of [`run`](crate::run::run()).
pub fn run(
    run: &Run<'_>,
    files: &[PathBuf],
    variant: &Variant,
    configuration: &Configuration,
) -> Result<Finished<Vec<Classified>>, Error> {
    let mut digits = Vec::new();
    for (file, image) in files.iter().zip(run.images()?) {
        let sha256 = digest_of(file).map_err(|source| Error::read(file, source))?;
        digits.push(Digit { file, sha256, image });
    }
    crate::run::run(run, &Classify { run, digits, variant, configuration })
}

struct Digit<'a> {
    file: &'a Path,
    sha256: String,
    image: &'a Image,
}

impl Digit<'_> {
    fn name(&self) -> String {
        self.file.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

struct Classify<'a> {
    run: &'a Run<'a>,
    digits: Vec<Digit<'a>>,
    variant: &'a Variant,
    configuration: &'a Configuration,
}

#[derive(Serialize, Deserialize)]
struct Outcome {
    exact: Vec<i32>,
    approximate: Vec<i32>,
    multiplications: Vec<u64>,
}

impl Classify<'_> {
    fn rows(&self, name: &str, outcome: &Outcome) -> Vec<ClassifyRow> {
        let pairs = outcome.exact.iter().zip(&outcome.approximate).enumerate();
        let row = |(class, (&exact_score, &approximate_score)): (usize, (&i32, &i32))| {
            let absolute_error = exact_score.abs_diff(approximate_score);
            let size = f64::from(exact_score.unsigned_abs());
            let percentage = 100.0 * f64::from(absolute_error) / size;
            ClassifyRow {
                file: name.to_owned(),
                configuration: self.configuration.name.clone(),
                class,
                exact_score,
                approximate_score,
                absolute_error,
                percentage_error: (exact_score != 0).then_some(percentage),
            }
        };
        pairs.map(row).collect()
    }
}

impl Experiment for Classify<'_> {
    /// A file, by its number.
    type Batch = usize;
    type Outcome = Outcome;
    type Summary = Vec<Classified>;

    fn settings(&self) -> Value {
        let file = |it: &Digit| json!({ "name": it.name(), "sha256": it.sha256 });
        json!({
            "files": self.digits.iter().map(file).collect::<Vec<_>>(),
            "network": self.variant.network,
            "weights": self.variant.weights_name,
            "weights_sha256": self.variant.weights.sha256(),
            "configuration": self.configuration.name,
            "layers": self.configuration.layers,
        })
    }

    fn plan(&self) -> Vec<usize> {
        (0..self.digits.len()).collect()
    }

    fn batch(&self, &number: &usize, engines: &mut Engines<'_>) -> Result<Outcome, Error> {
        let digit = &self.digits[number];
        let network = &self.variant.integer;
        let input = [input_planes(network, &digit.image.pixels)];
        let place = Place {
            dataset: digit.name(),
            image: number,
            ..self.run.place(&self.variant.weights_name)
        };
        let layers = &self.configuration.layers;
        // The log proxies of an exact run do not matter, but its unit is the same.
        let log_frac = layers.iter().map(|it| it.log_frac).min().unwrap_or_default();
        let exact = Configuration::plain(Mode::Exact, log_frac, layers.len())?;
        let mut infer = |configuration: &Configuration| {
            let engine = engines.under_test(0)?;
            let run = engine.infer(&place, network, configuration, &input, Detail::Sums)?;
            Ok::<_, Error>(run.inferences.into_iter().next().expect("an inference per image"))
        };
        let (exact, approximate) = (infer(&exact)?, infer(self.configuration)?);
        let counts = approximate.convolutions.iter().map(|it| it.total_multiplications());
        let multiplications = counts.collect();
        Ok(Outcome { exact: exact.scores, approximate: approximate.scores, multiplications })
    }

    fn tables(
        &self,
        outcomes: Outcomes<'_, Outcome>,
        _: &Findings,
        results: &mut ResultFolder,
    ) -> Result<Vec<Classified>, Error> {
        let mut classified = Vec::new();
        for (digit, outcome) in self.digits.iter().zip(outcomes) {
            let outcome = outcome?;
            classified.push(Classified {
                file: digit.file.to_owned(),
                image: digit.image.clone(),
                rows: self.rows(&digit.name(), &outcome),
                exact_class: class_of(&outcome.exact),
                class: class_of(&outcome.approximate),
                multiplications: outcome.multiplications,
            });
        }
        let rows: Vec<_> = classified.iter().flat_map(|it| it.rows.iter().cloned()).collect();
        results.table(&rows)?;
        Ok(classified)
    }
}
