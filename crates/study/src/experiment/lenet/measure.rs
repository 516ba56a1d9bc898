// SPDX-License-Identifier: MIT OR Apache-2.0
//! Some images of one variant in all of its cells.

use super::totals::{
    Bounds, CellTotals, ExactTotals, LayerTotals, PRODUCT_BINS, PRODUCT_IMAGES, Totals,
    count_products,
};
use super::variant::{Cell, Variant};
use crate::Error;
use crate::data::Image;
use crate::run::Engines;
use model::conv::{Mode, Number, Plane, Semantics};
use model::engine::{Detail, Engine, GoldenEngine, Place};
use model::nn::{Configuration, Inference, LayerOutcome, input_planes};

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Classes and multiplications alone.
    Counts,
    /// Errors, bounds, skips, zeros and products as well.
    Full,
}

/// What is measured of a variant.
pub(super) struct Measurement<'a> {
    pub variant: &'a Variant,
    pub cells: Vec<&'a Cell>,
    pub depth: Depth,
    /// Whether the engine under test runs the cells, or the golden model.
    pub under_test: bool,
    /// Where the images belong.
    pub place: Place,
}

impl Measurement<'_> {
    /// Measures some images, the first of which has the number `first`.
    pub fn images(
        &self,
        first: usize,
        images: &[&Image],
        engines: &mut Engines<'_>,
    ) -> Result<Totals, Error> {
        let network = &self.variant.integer;
        let place = Place { image: first, ..self.place.clone() };
        let inputs: Vec<_> =
            images.iter().map(|image| input_planes(network, &image.pixels)).collect();
        let detail = if self.depth == Depth::Full { Detail::Maps } else { Detail::Sums };
        let plain = Configuration::plain(Mode::Exact, 0, network.convolutions().count())?;
        let exact = engines.golden().inferences(network, &plain, &inputs, detail);
        let mut totals =
            Totals { exact: self.exact(first, images, &inputs, &exact), ..Totals::default() };
        totals.exact.wide_classes = match &self.variant.wide {
            None => totals.exact.classes.clone(),
            Some(wide) => {
                let inputs: Vec<_> =
                    images.iter().map(|it| input_planes(wide, &it.pixels)).collect();
                let exact = engines.golden().inferences(wide, &plain, &inputs, Detail::Sums);
                verdicts(&exact, wide.number).0
            }
        };
        for cell in &self.cells {
            let engine: &mut dyn Engine =
                if self.under_test { engines.under_test(0)? } else { engines.golden() };
            let found = engine.infer(&place, network, &cell.configuration, &inputs, detail)?;
            let golden = engines.golden();
            let mut measured = self.cell(cell, &inputs, &exact, &found.inferences, golden);
            for (layer, cost) in measured.layers.iter_mut().zip(found.costs) {
                (layer.windows, layer.cycles) = (cost.windows, cost.cycles);
                (layer.memory_words, layer.memory_beats) = (cost.memory_words, cost.memory_beats);
            }
            totals.cells.push(measured);
        }
        Ok(totals)
    }

    fn exact(
        &self,
        first: usize,
        images: &[&Image],
        inputs: &[Vec<Plane>],
        exact: &[Inference],
    ) -> ExactTotals {
        let (classes, margins) = verdicts(exact, self.variant.integer.number);
        let mut totals = ExactTotals { classes, margins, ..ExactTotals::default() };
        if self.depth == Depth::Counts {
            return totals;
        }
        for image in images {
            let layers = self.variant.float.layers(&image.pixels);
            totals.float_classes.push(largest(layers.last().map_or(&[], Vec::as_slice)));
        }
        let layers = self.variant.network.layers.len();
        let zeros = |layer: usize| {
            let of_image = |inference: &Inference| {
                let words = inference.activations[layer].iter().flat_map(Plane::data);
                words.filter(|word| **word == 0).count() as u32
            };
            exact.iter().map(of_image).collect()
        };
        totals.zeros = (0..layers).map(zeros).collect();
        for layer in self.variant.integer.convolutions() {
            let mut counts = vec![0; PRODUCT_BINS];
            let counted = PRODUCT_IMAGES.saturating_sub(first);
            for (input, inference) in inputs.iter().zip(exact).take(counted) {
                let input = self.input_of(layer.index, input, inference);
                count_products(layer, input, &mut counts);
            }
            totals.products.push(counts);
        }
        totals
    }

    /// What convolution `index` is applied to.
    fn input_of<'b>(
        &self,
        index: usize,
        image: &'b [Plane],
        inference: &'b Inference,
    ) -> &'b [Plane] {
        let name = &self.variant.integer.convolutions().nth(index).expect("a layer").name;
        let place = self.variant.network.layers.iter().position(|layer| layer.name == *name);
        match place.and_then(|place| place.checked_sub(1)) {
            Some(before) => &inference.activations[before],
            None => image,
        }
    }

    fn cell(
        &self,
        cell: &Cell,
        inputs: &[Vec<Plane>],
        exact: &[Inference],
        found: &[Inference],
        golden: &mut GoldenEngine,
    ) -> CellTotals {
        let (classes, margins) = verdicts(found, self.variant.integer.number);
        let mut totals = CellTotals { classes, margins, ..CellTotals::default() };
        let layers = self.variant.integer.convolutions().zip(&cell.configuration.layers);
        for (index, (layer, semantics)) in layers.enumerate() {
            let bounds = (self.depth != Depth::Counts).then(|| Bounds::new(semantics));
            let plain = Semantics { mode: Mode::Exact, log_frac: 0, ..*semantics };
            let mut sums = LayerTotals::default();
            for ((input, exact), found) in inputs.iter().zip(exact).zip(found) {
                let (should, outcome) = (&exact.convolutions[index], &found.convolutions[index]);
                sums.multiplications += outcome.total_multiplications();
                if self.depth == Depth::Counts {
                    continue;
                }
                count_skips(outcome, layer.side(), &mut sums.skips);
                if semantics.mode != Mode::Approx {
                    continue;
                }
                let recomputed;
                let local = if index == 0 {
                    should
                } else {
                    let input = self.input_of(index, input, found).to_vec();
                    recomputed = golden.outcomes(layer, &plain, &[input], Detail::Maps);
                    &recomputed[0]
                };
                let bias = &layer.bias;
                for (output, sum) in outcome.sums.iter().enumerate() {
                    for (i, &sum) in sum.iter().enumerate() {
                        let biased = |sum: i32| sum.wrapping_add(bias[output]);
                        let sum = biased(sum);
                        sums.local.add(biased(local.sums[output][i]), sum);
                        sums.accumulated.add(biased(should.sums[output][i]), sum);
                    }
                }
                if let Some(bounds) = &bounds {
                    bounds.compare(semantics, local, outcome, &mut sums.tightness);
                }
            }
            totals.layers.push(sums);
        }
        totals
    }
}

fn count_skips(outcome: &LayerOutcome, side: usize, skips: &mut Vec<u64>) {
    skips.resize(side * side + 1, 0);
    for map in outcome.maps.iter().flatten() {
        for &kept in &map.kept {
            skips[side * side - usize::from(kept)] += 1;
        }
    }
}

/// Class of each image and, of integers, its margin.
fn verdicts(inferences: &[Inference], number: Number) -> (Vec<u32>, Vec<i64>) {
    let verdict = |inference: &Inference| {
        let class = inference.class(number);
        let others = inference.scores.iter().enumerate().filter(|(index, _)| *index != class);
        let others = others.filter(|_| !number.is_float());
        let second = others.map(|(_, &score)| i64::from(score)).max();
        let margin = second.map_or(0, |second| i64::from(inference.scores[class]) - second);
        (class as u32, margin)
    };
    inferences.iter().map(verdict).unzip()
}

/// The first of the largest scores.
fn largest(scores: &[f32]) -> u32 {
    let better = |best: u32, class: u32| {
        if scores[class as usize] > scores[best as usize] { class } else { best }
    };
    (0..scores.len() as u32).reduce(better).unwrap_or(0)
}
