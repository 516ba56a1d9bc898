// SPDX-License-Identifier: MIT OR Apache-2.0
//! LeNet-5 over the MNIST test images: the paper's tables, what skipping costs, and operating
//! points beyond the paper's.
//!
//! A run is a grid of [`Cell`]s: a [`Variant`] (network and weights) in a configuration. Its batches
//! are some images of one variant each, and [`tables`] folds their outcomes into CSV files.

mod measure;
mod tables;
mod totals;
mod variant;

pub(super) use tables::{PAPER_IMAGES, paper_lenet};
pub use variant::{
    Cell, ModelFile, OperatingPoint, PointLayer, Variant, shipped_points, table_cells,
};

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Error;
use crate::data::Image;
use crate::experiment::peers::{PeerBench, PeerTotals};
use crate::experiment::twice;
use crate::results::ResultFolder;
use crate::run::{Engines, Experiment, Finished, Outcomes, Run};
use crate::tables::{LenetRow, MemoryRow, OperandRow, PointRow, Sample, SplitRow, technique};
use measure::{Depth, Measurement};
use model::engine::Findings;
use model::nn::Configuration;
use tables::Measured;
use totals::Totals;

/// The tolerances of the paper's LeNet table.
pub const PAPER_TAUS: [f64; 6] = [0.05, 0.1, 0.15, 0.2, 0.3, 0.5];

/// What is measured.
pub struct Grid {
    /// Operating points come behind the plain networks.
    pub variants: Vec<Variant>,
    pub cells: Vec<Cell>,
    /// Whether errors, bounds, skips, zeros and products are looked at, or the table alone; they are those
    /// of integers.
    pub analysis: bool,
    /// Whether the peers, which are of integers, are measured on the plain variants.
    pub peers: bool,
    /// Whether the rows of the table with F = 0 are measured on the training images too.
    pub splits: bool,
}

/// What a run came to, for the terminal.
#[derive(Debug)]
pub struct Summary {
    pub lenet: Vec<LenetRow>,
    pub points: Vec<PointRow>,
    pub operands: Vec<OperandRow>,
    /// Empty without a unit.
    pub memory: Vec<MemoryRow>,
}

/// Runs the experiment on the test images. Besides the errors of [`run`](crate::run::run()):
/// images that there are not, a network that the peers cannot run, and floats where integers are looked at.
pub fn run(run: &Run<'_>, grid: &Grid) -> Result<Finished<Summary>, Error> {
    let mut lenet =
        Lenet { run, grid, groups: groups(grid), images: Vec::new(), peers: BTreeMap::new() };
    check_names(grid)?;
    if let Some(float) = grid.variants.iter().find(|it| it.integer.number.is_float())
        && (grid.analysis || grid.peers)
    {
        return Err(Error::Input(format!(
            "{} is in {} words; errors, bounds, skips, zeros, products and peers are those of integers",
            float.network_name, float.integer.number
        )));
    }
    let test = run.images()?;
    let (trained, validation) = run.dataset.training_parts();
    for group in &lenet.groups {
        lenet.images.push(match group.part {
            Part::Train => trained.iter().collect(),
            Part::Validation => validation.iter().collect(),
            Part::Test | Part::Peers => test.clone(),
        });
        if group.part == Part::Peers {
            let Variant { network, weights, .. } = &grid.variants[group.variant];
            lenet.peers.insert(group.variant, PeerBench::new(network, weights)?);
        }
    }
    crate::run::run(run, &lenet)
}

/// Refuses two things that rows could not tell apart.
fn check_names(grid: &Grid) -> Result<(), Error> {
    let weights = grid.variants.iter().map(|it| (&it.network_name, &it.weights_name));
    if let Some((network, weights)) = twice(weights) {
        return Err(Error::Input(format!(
            "two networks are called {network} and have weights called {weights}: rename one file"
        )));
    }
    let plain = |it: &&Cell| it.technique.is_none() && it.configuration.name == technique::EXACT;
    let plain: BTreeSet<usize> = grid.cells.iter().filter(plain).map(|it| it.variant).collect();
    if let Some(network) = twice(plain.iter().map(|it| &grid.variants[*it].network_name)) {
        return Err(Error::Input(format!("two networks are called {network}: rename one file")));
    }
    let cells = grid.cells.iter().map(|it| {
        let Configuration { name, .. } = &it.configuration;
        let network = &grid.variants[it.variant].network_name;
        (network, name, it.technique.is_none().then(|| it.configuration.log_frac()))
    });
    if let Some((network, name, _)) = twice(cells) {
        return Err(Error::Input(format!(
            "{name} is there twice for {network}: give each tolerance and each number of fraction \
             bits once, and operating points files of different names"
        )));
    }
    Ok(())
}

/// What is measured on which images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Cells, on the first of the training images: those the weights were trained on.
    Train,
    /// Cells, on the rest of them: what was chosen by.
    Validation,
    /// Cells, on the test images.
    Test,
    /// The peers, on the test images.
    Peers,
}

/// What is measured of one variant.
#[derive(Debug, Clone, Copy)]
struct Group {
    variant: usize,
    part: Part,
}

impl Group {
    /// The cells that are measured.
    fn cells<'a>(&self, grid: &'a Grid) -> Vec<&'a Cell> {
        let here = grid.cells.iter().filter(|cell| cell.variant == self.variant);
        match self.part {
            Part::Test => here.collect(),
            _ => here
                .filter(|it| it.technique.is_none() && it.configuration.log_frac() == Some(0))
                .collect(),
        }
    }

    fn depth(&self, grid: &Grid) -> Depth {
        if self.part == Part::Test && grid.analysis { Depth::Full } else { Depth::Counts }
    }
}

fn groups(grid: &Grid) -> Vec<Group> {
    let variants = 0..grid.variants.len();
    let mut groups: Vec<Group> =
        variants.clone().map(|variant| Group { variant, part: Part::Test }).collect();
    // The plain variants have rows of the table; operating points do not.
    let plain = |variant: &usize| {
        grid.cells.iter().any(|it| it.variant == *variant && it.technique.is_none())
    };
    let further =
        [(Part::Peers, grid.peers), (Part::Train, grid.splits), (Part::Validation, grid.splits)];
    for variant in variants.filter(plain) {
        let wanted = further.iter().filter(|(_, wanted)| *wanted);
        groups.extend(wanted.map(|&(part, _)| Group { variant, part }));
    }
    groups
}

struct Lenet<'a> {
    run: &'a Run<'a>,
    grid: &'a Grid,
    groups: Vec<Group>,
    /// Those of each group.
    images: Vec<Vec<&'a Image>>,
    /// By variant.
    peers: BTreeMap<usize, PeerBench>,
}

/// Some images of a group.
#[derive(Debug, Clone, Copy)]
struct Batch {
    /// The number of the group.
    group: usize,
    /// The first image, counted within the part.
    first: usize,
    count: usize,
}

/// Images of a batch: few enough that little is lost with an interrupted one, enough that the
/// kernels in the unit are used often.
const BATCH_IMAGES: usize = 50;

/// What some images of one group came to.
#[derive(Serialize, Deserialize)]
enum Outcome {
    Cells(Totals),
    Peers(PeerTotals),
}

struct Folded<'a> {
    /// Every group of cells with what was measured on all of its images.
    all: Vec<(Group, Measured<'a>)>,
    /// The same over the first images alone, where there are more.
    first: Vec<Measured<'a>>,
    peers: Vec<(Group, PeerTotals)>,
}

impl<'a> Lenet<'a> {
    fn fold(&self, outcomes: Outcomes<'_, Outcome>) -> Result<Folded<'a>, Error> {
        let mut folded = Folded { all: Vec::new(), first: Vec::new(), peers: Vec::new() };
        for (group, images) in self.groups.iter().zip(&self.images) {
            let (mut all, mut first) = (Totals::default(), Totals::default());
            let mut peers = PeerTotals::default();
            for start in (0..images.len()).step_by(BATCH_IMAGES) {
                match outcomes.next().expect("an outcome of every batch")? {
                    Outcome::Cells(totals) => {
                        all.merge(&totals);
                        if (start + BATCH_IMAGES).min(images.len()) <= PAPER_IMAGES {
                            first.merge(&totals);
                        }
                    }
                    Outcome::Peers(totals) => peers.merge(totals),
                }
            }
            if group.part == Part::Peers {
                folded.peers.push((*group, peers));
                continue;
            }
            let labels: Vec<u8> = images.iter().map(|image| image.label).collect();
            let measured = |totals: Totals, sample: Sample, count: usize| Measured {
                variant: &self.grid.variants[group.variant],
                cells: group.cells(self.grid),
                totals,
                sample,
                labels: labels[..count].to_vec(),
            };
            if group.part == Part::Test && labels.len() > PAPER_IMAGES {
                folded.first.push(measured(first, Sample::First, PAPER_IMAGES));
            }
            folded.all.push((*group, measured(all, Sample::All, labels.len())));
        }
        Ok(folded)
    }

    fn write(&self, folded: &Folded<'a>, results: &mut ResultFolder) -> Result<Summary, Error> {
        /// The rows of some variants.
        fn rows<'m, R>(
            measured: impl IntoIterator<Item = &'m Measured<'m>>,
            of_one: fn(&Measured) -> Vec<R>,
        ) -> Vec<R> {
            measured.into_iter().flat_map(of_one).collect()
        }
        let test: Vec<&Measured> = part(folded, Part::Test).map(|(_, measured)| measured).collect();
        let plain: Vec<&Measured> = test.iter().copied().filter(|it| has_table(it)).collect();
        let of_test = || test.iter().copied();
        let with_first = || folded.first.iter().chain(of_test());

        let lenet = rows(with_first(), tables::lenet);
        let points = tables::points(&test);
        results.table(&lenet)?;
        if self.grid.analysis {
            let first = folded.first.iter().filter(|it| has_table(it));
            results.table(&rows(first.chain(plain.iter().copied()), tables::zeros))?;
            results.table(&rows(with_first(), tables::layer_errors))?;
            results.table(&rows(of_test(), tables::skips))?;
            results.table(&rows(plain.iter().copied(), tables::products))?;
            results.table(&of_test().map(tables::quantisation).collect::<Vec<_>>())?;
        }
        results.table(&rows(of_test(), tables::flips))?;
        // Floats have neither a unit of their scores nor an overflow.
        let integers = test.iter().any(|it| !it.variant.integer.number.is_float());
        if integers {
            results.table(&rows(with_first(), tables::margins))?;
        }
        results.table(&rows(of_test(), tables::confusion))?;
        if integers {
            results.table(&rows(of_test(), tables::overflow))?;
        }
        let operands: Vec<_> = of_test().map(tables::operands).collect();
        results.table(&operands)?;
        let memory = rows(of_test(), tables::memory);
        if !memory.is_empty() {
            results.table(&memory)?;
        }
        results.table(&points)?;
        results.table(&rows(of_test(), tables::point_layers))?;
        results.table(&tables::ablation(&points))?;
        let images = self.run.images()?;
        if self.grid.peers {
            let labels: Vec<u8> = images.iter().map(|image| image.label).collect();
            let rows = folded.peers.iter();
            let rows: Vec<_> = rows
                .flat_map(|(group, totals)| {
                    let network = &self.grid.variants[group.variant].network_name;
                    self.peers[&group.variant].rows(network, totals, &labels)
                })
                .collect();
            results.table(&rows)?;
        }
        if self.grid.splits {
            results.table(&splits(folded, &plain))?;
        }
        if self.grid.analysis {
            plain.iter().try_for_each(|it| tables::pictures(&images, it, results))?;
        }
        Ok(Summary { lenet, points, operands, memory })
    }
}

impl Experiment for Lenet<'_> {
    type Batch = Batch;
    type Outcome = Outcome;
    type Summary = Summary;

    fn settings(&self) -> Value {
        let variant = |variant: &Variant| {
            json!({
                "network": variant.network,
                "weights": variant.weights_name,
                "weights_sha256": variant.weights.sha256(),
                "number": variant.integer.number,
                "operand_w": variant.integer.operand_w,
            })
        };
        let cell = |cell: &Cell| {
            json!({
                "variant": cell.variant,
                "configuration": cell.configuration.name,
                "technique": cell.technique,
                "layers": cell.configuration.layers,
            })
        };
        json!({
            "variants": self.grid.variants.iter().map(variant).collect::<Vec<_>>(),
            "cells": self.grid.cells.iter().map(cell).collect::<Vec<_>>(),
            "analysis": self.grid.analysis,
            "peers": self.grid.peers,
            "splits": self.grid.splits,
        })
    }

    fn plan(&self) -> Vec<Batch> {
        let mut plan = Vec::new();
        for (group, images) in self.images.iter().map(Vec::len).enumerate() {
            for first in (0..images).step_by(BATCH_IMAGES) {
                plan.push(Batch { group, first, count: BATCH_IMAGES.min(images - first) });
            }
        }
        plan
    }

    fn batch(&self, batch: &Batch, engines: &mut Engines<'_>) -> Result<Outcome, Error> {
        let &Batch { group, first, count } = batch;
        let images = &self.images[group][first..first + count];
        let group = &self.groups[group];
        if group.part == Part::Peers {
            return Ok(Outcome::Peers(self.peers[&group.variant].chunk(images)));
        }
        let variant = &self.grid.variants[group.variant];
        let measurement = Measurement {
            variant,
            cells: group.cells(self.grid),
            depth: group.depth(self.grid),
            // What is under test runs the test images alone.
            under_test: group.part == Part::Test,
            place: self.run.place(&variant.weights_name),
        };
        Ok(Outcome::Cells(measurement.images(first, images, engines)?))
    }

    fn tables(
        &self,
        outcomes: Outcomes<'_, Outcome>,
        _: &Findings,
        results: &mut ResultFolder,
    ) -> Result<Summary, Error> {
        let folded = self.fold(outcomes)?;
        let test = part(&folded, Part::Test).flat_map(|(_, it)| &it.totals.cells);
        let violations = test.flat_map(|cell| &cell.layers).map(|it| it.tightness.violations);
        match violations.sum() {
            0 => self.write(&folded, results),
            violations => Err(Error::Bound(violations)),
        }
    }
}

fn part<'a, 'b>(
    folded: &'b Folded<'a>,
    part: Part,
) -> impl Iterator<Item = (&'b Group, &'b Measured<'a>)> {
    folded.all.iter().filter(move |(it, _)| it.part == part).map(|(it, measured)| (it, measured))
}

fn has_table(measured: &Measured) -> bool {
    measured.cells.iter().any(|cell| cell.technique.is_none())
}

/// Train, validation and test of each plain variant, with the cells that all three have.
fn splits(folded: &Folded<'_>, plain: &[&Measured]) -> Vec<SplitRow> {
    let mut rows = Vec::new();
    for (group, train) in part(folded, Part::Train) {
        let same = |(it, _): &(&Group, &Measured)| it.variant == group.variant;
        let Some((_, validation)) = part(folded, Part::Validation).find(same) else { continue };
        let test = plain.iter().find(|it| std::ptr::eq(it.variant, train.variant));
        let Some(test) = test.map(|test| test.restricted_to(&train.cells)) else { continue };
        let parts = [("train", train), ("validation", validation), ("test", &test)];
        rows.extend(tables::splits(&parts));
    }
    rows
}
