// SPDX-License-Identifier: MIT OR Apache-2.0
//! Thresholds layer by layer, found on validation images alone.
//!
//! The search goes down from thresholds that skip next to nothing. Each step lowers the threshold
//! of one layer by one rung: of those whose loss stays within the limit, the layer that saves the
//! most multiplications for every point of accuracy it costs. It ends when no layer can go lower.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use rayon::prelude::*;
use serde_json::json;

use super::Tally;
use super::lenet::{OperatingPoint, PointLayer, Variant};
use crate::Error;
use crate::data::Image;
use crate::run::{Finished, Run};
use crate::tables::SearchRow;
use model::conv::{Mode, Semantics, SmaxScope, Threshold};
use model::engine::{Findings, GoldenEngine};
use model::nn::Configuration;

/// What is searched.
pub struct Search<'a> {
    /// Network and weights.
    pub variant: &'a Variant,
    /// What S_max is taken over, in every layer behind the first.
    pub scope: SmaxScope,
    /// Fraction bits of the log proxies.
    pub log_frac: u32,
    /// Points of accuracy that may be lost against exact.
    pub max_loss_points: f64,
    /// The command that asks for it, for the operating point.
    pub command: String,
}

/// What a search came to.
#[derive(Debug)]
pub struct Found {
    /// Every setting that was tried, in order.
    pub steps: Vec<SearchRow>,
    /// The last setting taken, as an operating point.
    pub point: OperatingPoint,
}

/// The thresholds tried, in eighths of a doubling, from the top.
const RUNGS: [u32; 14] = [64, 48, 40, 32, 28, 24, 20, 16, 14, 12, 10, 8, 4, 1];

/// The rungs in units of 2^−F, without those that fall together.
fn rungs(log_frac: u32) -> Vec<u32> {
    let mut rungs: Vec<u32> =
        RUNGS.iter().map(|&eighths| (eighths << log_frac).div_ceil(8).max(1)).collect();
    rungs.dedup();
    rungs
}

/// Runs a search on the validation images; the run's progress hears of every step taken.
///
/// # Errors
/// Settings out of range, files that cannot be written, and if the user stops the run.
pub fn run(run: &Run<'_>, search: &Search<'_>) -> Result<Finished<Found>, Error> {
    if !(0.0..=100.0).contains(&search.max_loss_points) {
        let reason = "--max-loss is in points of accuracy, 0 to 100";
        return Err(Error::Input(reason.to_owned()));
    }
    let Search { variant, scope, log_frac, .. } = search;
    let mut results = run.results(json!({
        "weights": variant.weights_name,
        "weights_sha256": variant.weights.sha256(),
        "smax_scope": scope,
        "log_frac": log_frac,
        "max_loss_points": search.max_loss_points,
    }))?;
    let images = run.dataset.training_parts().1.iter().collect();
    let found =
        run.on_threads(|| Descent { run, search, rungs: rungs(*log_frac), images }.run())?;
    let name = format!("{}_search_{scope}_f{log_frac}", variant.weights_name);
    results.table_as(&format!("{name}.csv"), &found.steps)?;
    results.file(&format!("{name}.json"), |file| found.point.write_to(file))?;
    let files = results.finish()?;
    Ok(Finished { summary: found, findings: Findings::default(), files, reports: Vec::new() })
}

/// A search under way, on the current rayon pool.
struct Descent<'a> {
    run: &'a Run<'a>,
    search: &'a Search<'a>,
    rungs: Vec<u32>,
    /// Images that decide; never the test images.
    images: Vec<&'a Image>,
}

impl Descent<'_> {
    fn tell(&self, step: &SearchRow) {
        self.run.progress.notice(&format!(
            "T = {}: {:.1} multiplications, {:.2} % fewer, {:.2} % right, {:+.2} points",
            step.thresholds,
            step.multiplications_average,
            step.reduction_vs_exact_percent,
            step.accuracy_percent,
            -step.loss_points
        ));
    }

    fn run(&self) -> Result<Found, Error> {
        let names = self.search.variant.layers();
        let exact = Configuration::plain(Mode::Exact, self.search.log_frac, names.len())?;
        let exact = self.score(&exact)?;
        let mut place = vec![0; names.len()];
        let mut steps = Vec::new();
        let mut current = self.score(&self.configuration(&place)?)?;
        let start = self.step(0, "", &place, current, exact);
        self.tell(&start);
        steps.push(SearchRow { decision: "taken".to_owned(), ..start });
        for number in 1.. {
            if self.run.stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped(format!("{number} steps of the search")));
            }
            let mut best: Option<(usize, Tally, usize)> = None;
            for layer in (0..names.len()).filter(|&layer| place[layer] + 1 < self.rungs.len()) {
                let mut place = place.clone();
                place[layer] += 1;
                let score = self.score(&self.configuration(&place)?)?;
                let step = self.step(number, &names[layer], &place, score, exact);
                let fits = step.loss_points <= self.search.max_loss_points + 1e-9;
                steps.push(step);
                let better = |(_, other, _): &(usize, Tally, usize)| {
                    worth(current, score) > worth(current, *other)
                };
                if fits && best.as_ref().is_none_or(better) {
                    best = Some((layer, score, steps.len() - 1));
                }
            }
            let Some((layer, score, index)) = best else { break };
            place[layer] += 1;
            current = score;
            steps[index].decision = "taken".to_owned();
            self.tell(&steps[index]);
        }
        let point = self.point(&place, current)?;
        Ok(Found { steps, point })
    }

    fn configuration(&self, place: &[usize]) -> Result<Configuration, Error> {
        let layer = |(index, &place): (usize, &usize)| {
            let threshold = Threshold::new(self.rungs[place])?;
            Ok(Semantics::new(Mode::Approx, self.search.log_frac, threshold, self.scope_of(index))?)
        };
        let layers = place.iter().enumerate().map(layer).collect::<Result<_, Error>>()?;
        Ok(Configuration { name: "search".to_owned(), tau: None, layers })
    }

    /// A single input channel has nothing to run over.
    fn scope_of(&self, layer: usize) -> SmaxScope {
        let channels =
            self.search.variant.integer.convolutions().nth(layer).map(|it| it.filters[0].len());
        if channels == Some(1) { SmaxScope::Window } else { self.search.scope }
    }

    fn score(&self, configuration: &Configuration) -> Result<Tally, Error> {
        let chunk = |images: &[&Image]| {
            let network = &self.search.variant.integer;
            Tally::of(network, configuration, images, &mut GoldenEngine::default())
        };
        let sum = |mut a: Tally, b: Tally| {
            a += b;
            Ok(a)
        };
        Ok(self.images.par_chunks(50).map(chunk).try_reduce(Tally::default, sum)?)
    }

    fn step(
        &self,
        step: usize,
        layer: &str,
        place: &[usize],
        score: Tally,
        exact: Tally,
    ) -> SearchRow {
        let images = self.images.len() as f64;
        let average = score.multiplications as f64 / images;
        let total: u64 = self.search.variant.exact_multiplications().iter().sum();
        let percent = |right: u64| 100.0 * right as f64 / images;
        let thresholds: Vec<_> = place.iter().map(|&it| self.rungs[it].to_string()).collect();
        let lowered = self.search.variant.layers().iter().position(|it| it == layer);
        SearchRow {
            step,
            layer: layer.to_owned(),
            threshold: lowered.map(|it| self.rungs[place[it]]),
            thresholds: thresholds.join("/"),
            multiplications_average: average,
            reduction_vs_exact_percent: 100.0 * (1.0 - average / total as f64),
            accuracy_percent: percent(score.right),
            loss_points: percent(exact.right) - percent(score.right),
            decision: "refused".to_owned(),
        }
    }

    fn point(&self, place: &[usize], score: Tally) -> Result<OperatingPoint, Error> {
        let variant = self.search.variant;
        let layer = |(index, name): (usize, String)| {
            let layer = PointLayer {
                threshold: self.rungs[place[index]],
                log_frac: self.search.log_frac,
                smax_scope: self.scope_of(index).to_string(),
            };
            (name, layer)
        };
        let images = self.images.len() as f64;
        let technique = match self.search.scope {
            SmaxScope::Window => "layer-thresholds",
            SmaxScope::Running => "running-smax+layer-thresholds",
        };
        Ok(OperatingPoint {
            network: format!("{}.json", variant.network_name),
            weights: format!("{}.safetensors", variant.weights_name),
            technique: technique.to_owned(),
            layers: variant.layers().into_iter().enumerate().map(layer).collect(),
            validation: serde_json::json!({
                "accuracy_percent": 100.0 * score.right as f64 / images,
                "macs": score.multiplications as f64 / images,
            }),
            command: self.search.command.clone(),
            folder: PathBuf::new(),
        })
    }
}

/// Multiplications saved for every right image given up, one more than there are, so that a step
/// that gives up none is worth all it saves.
fn worth(from: Tally, to: Tally) -> f64 {
    let saved = from.multiplications.saturating_sub(to.multiplications) as f64;
    let lost = from.right.saturating_sub(to.right) as f64;
    saved / (lost + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rungs_go_down_and_end_at_one() {
        assert_eq!(rungs(0), [8, 6, 5, 4, 3, 2, 1]);
        let fine = rungs(3);
        assert_eq!((fine[0], fine[13]), (64, 1));
        assert!(fine.windows(2).all(|pair| pair[0] > pair[1]));
    }

    #[test]
    fn a_step_is_worth_what_it_saves_for_what_it_costs() {
        let tally = |multiplications, right| Tally { multiplications, right };
        let from = tally(1_000, 90);
        assert!(worth(from, tally(900, 90)) > worth(from, tally(850, 89)));
        assert!(worth(from, tally(700, 89)) > worth(from, tally(900, 90)));
    }
}
