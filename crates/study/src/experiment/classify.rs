// SPDX-License-Identifier: MIT OR Apache-2.0
//! The user's own digits, exact and approximate.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Error;
use crate::data::pictures::{self, Picture};
use crate::data::{Dataset, Image, Source};
use crate::experiment::lenet::Variant;
use crate::results::{ResultFolder, digest_of};
use crate::run::{Engines, Experiment, Finished, Outcomes, Run};
use crate::table::Plain;
use crate::tables::ClassifyRow;
use model::conv::{Mode, Number};
use model::engine::{Detail, Findings, Place};
use model::nn::{Configuration, class_of, input_planes};

/// A file with a digit.
#[derive(Debug)]
pub struct Digit {
    pub file: PathBuf,
    sha256: String,
    /// The digit, as the network gets it.
    pub image: Image,
    /// What makes it doubtful that the picture shows one digit.
    pub doubt: Option<&'static str>,
}

impl Digit {
    /// Reads a picture.
    ///
    /// # Errors
    /// A file that is no picture of a digit.
    pub fn read(file: &Path) -> Result<Self, Error> {
        let Picture { image, doubt } = pictures::import(file, 0)?;
        let sha256 = digest_of(file).map_err(|source| Error::read(file, source))?;
        Ok(Self { file: file.to_owned(), sha256, image, doubt })
    }

    fn name(&self) -> String {
        self.file.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// The digits as the test images of a data set.
pub fn dataset(digits: &[Digit]) -> Dataset {
    let test = digits.iter().map(|it| it.image.clone()).collect();
    Dataset { source: Source::Pictures, train: Vec::new(), test, notice: None }
}

/// What one digit came to.
#[derive(Debug)]
pub struct Classified {
    /// Its scores.
    pub rows: Vec<ClassifyRow>,
    /// Multiplications of each convolution layer in the configuration.
    pub multiplications: Vec<u64>,
    /// When nothing is skipped.
    pub exact: Verdict,
    /// In the configuration.
    pub approximate: Verdict,
}

/// The class with the highest score, and by how much it leads.
#[derive(Debug)]
pub struct Verdict {
    pub class: usize,
    /// The class with the next score; none if there is but one.
    pub second: Option<usize>,
    /// How much higher the first score is than the next, as a real number.
    pub margin: f64,
}

impl Verdict {
    /// Of integer scores, a unit of which stands for `unit`.
    fn of(scores: &[i32], unit: f64) -> Self {
        let class = class_of(scores, Number::Integer);
        let others = (0..scores.len()).filter(|&it| it != class);
        let second = others.max_by_key(|&it| (scores[it], std::cmp::Reverse(it)));
        let lead = |second: usize| i64::from(scores[class]) - i64::from(scores[second]);
        Self { class, second, margin: unit * second.map_or(0, lead) as f64 }
    }
}

/// The softmax of integer scores, a unit of which stands for `unit`, in percent.
fn softmax_percent(scores: &[i32], unit: f64) -> Vec<f64> {
    let most = scores.iter().copied().max().unwrap_or(0);
    let exponential = |&score: &i32| (unit * (f64::from(score) - f64::from(most))).exp();
    let sum: f64 = scores.iter().map(exponential).sum();
    scores.iter().map(|score| 100.0 * exponential(score) / sum).collect()
}

/// Tells what the digits show, which are the [`dataset`] of the run.
///
/// # Errors
/// Those of [`run`](crate::run::run()).
pub fn run(
    run: &Run<'_>,
    digits: &[Digit],
    variant: &Variant,
    configuration: &Configuration,
) -> Result<Finished<Vec<Classified>>, Error> {
    crate::run::run(run, &Classify { run, digits, variant, configuration })
}

struct Classify<'a> {
    run: &'a Run<'a>,
    digits: &'a [Digit],
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
        let Outcome { exact, approximate, .. } = outcome;
        let unit = self.variant.score_unit();
        let [exact_softmax, softmax] = [exact, approximate].map(|it| softmax_percent(it, unit));
        let row = |class: usize| {
            let (exact_score, approximate_score) = (exact[class], approximate[class]);
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
                score_unit: Plain(unit),
                exact_softmax_percent: exact_softmax[class],
                approximate_softmax_percent: softmax[class],
            }
        };
        (0..exact.len()).map(row).collect()
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
        let unit = self.variant.score_unit();
        let mut classified = Vec::new();
        for (digit, outcome) in self.digits.iter().zip(outcomes) {
            let outcome = outcome?;
            classified.push(Classified {
                rows: self.rows(&digit.name(), &outcome),
                exact: Verdict::of(&outcome.exact, unit),
                approximate: Verdict::of(&outcome.approximate, unit),
                multiplications: outcome.multiplications,
            });
        }
        let rows: Vec<_> = classified.iter().flat_map(|it| it.rows.iter().cloned()).collect();
        results.table(&rows)?;
        Ok(classified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_tells_the_first_two_classes_and_softmax_adds_up() {
        let scores = [i32::MIN, 40, 24, 40, i32::MAX];
        let verdict = Verdict::of(&scores[..4], 0.25);
        assert_eq!((verdict.class, verdict.second, verdict.margin), (1, Some(3), 0.0));
        let verdict = Verdict::of(&scores, 1.0);
        assert_eq!((verdict.class, verdict.margin), (4, f64::from(i32::MAX) - 40.0));
        assert_eq!(Verdict::of(&scores[..1], 1.0).second, None);
        // e⁰, e⁻⁴ and e⁰ of their sum.
        let softmax = softmax_percent(&scores[1..4], 0.25);
        assert!((softmax[0] - 100.0 / (2.0 + (-4.0_f64).exp())).abs() < 1e-12, "{softmax:?}");
        assert!((softmax.iter().sum::<f64>() - 100.0).abs() < 1e-12);
        assert_eq!(softmax_percent(&scores, 1.0), [0.0, 0.0, 0.0, 0.0, 100.0]);
    }
}
