//! Some images of one variant in all of its cells.

use std::convert::Infallible;

use super::bounds::Bounds;
use super::cell::Cell;
use super::products;
use super::rtl::{RtlRun, Units};
use super::totals::{CellTotals, ExactTotals, LayerTotals, Totals};
use super::variant::Variant;
use crate::check::Place;
use study::data::Image;
use crate::experiment::ExperimentError;
use model::conv::{FeatureMap, Mode, Plane};
use model::nn::{
    Configuration, Convolution, Convolver, GoldenConvolver, Inference, LayerOutcome, class_of,
    infer, input_planes,
};

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Classes and multiplications alone.
    Counts,
    /// Errors, bounds, skips, zeros and products as well.
    Full,
}

/// A variant with what its measurement needs more than once.
pub(super) struct Bench<'a> {
    pub variant: &'a Variant,
    pub cells: Vec<&'a Cell>,
    pub depth: Depth,
    /// The units under test, if the RTL is to run, and where its images belong.
    rtl: Option<(Units, Place)>,
    exact: GoldenConvolver,
    golden: Vec<GoldenConvolver>,
    bounds: Vec<Vec<Bounds>>,
}

impl<'a> Bench<'a> {
    pub fn new(
        variant: &'a Variant,
        cells: Vec<&'a Cell>,
        depth: Depth,
        rtl: Option<(Units, Place)>,
    ) -> Result<Self, ExperimentError> {
        let network = &variant.integer;
        let layers = network.convolutions().count();
        let keeps_maps = depth == Depth::Full || rtl.is_some();
        let golden = |configuration: &Configuration| {
            let convolver = GoldenConvolver::new(network, configuration);
            if keeps_maps { convolver.with_maps() } else { convolver }
        };
        let exact = golden(&Configuration::plain(Mode::Exact, 0, layers)?);
        let bounds = cells.iter().map(|cell| cell.configuration.layers.iter().map(Bounds::new));
        let bounds = bounds.map(Iterator::collect).collect();
        let golden = cells.iter().map(|cell| golden(&cell.configuration)).collect();
        Ok(Self { variant, cells, depth, rtl, exact, golden, bounds })
    }

    /// Measures some images, the first of which has the number `first`.
    pub fn images(&mut self, first: usize, images: &[&Image]) -> Result<Totals, ExperimentError> {
        let network = &self.variant.integer;
        let inputs: Vec<_> =
            images.iter().map(|image| input_planes(network, &image.pixels)).collect();
        let exact = infallible(infer(network, &inputs, &mut self.exact));
        let mut totals =
            Totals { exact: self.exact(first, images, &inputs, &exact), ..Totals::default() };
        for number in 0..self.cells.len() {
            let configuration = &self.cells[number].configuration;
            let golden = &mut self.golden[number];
            let mut work = Vec::new();
            let found = match &mut self.rtl {
                None => infallible(infer(network, &inputs, golden)),
                Some((units, place)) => {
                    let side = network.convolutions().map(Convolution::side).max().unwrap_or(1);
                    let place = Place { image: first, ..place.clone() };
                    let mut run = RtlRun { units, golden, configuration, side, place, work };
                    let found = infer(network, &inputs, &mut run)?;
                    work = run.work;
                    found
                }
            };
            let mut cell = self.cell(number, &inputs, &exact, &found);
            for (layer, (windows, cycles)) in cell.layers.iter_mut().zip(work) {
                (layer.windows, layer.cycles) = (windows, cycles);
            }
            totals.cells.push(cell);
        }
        if let Some((units, _)) = &mut self.rtl {
            totals.findings = units.take_findings()?;
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
        let (classes, margins) = verdicts(exact);
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
            let mut counts = vec![0; products::BINS];
            let counted = products::IMAGES.saturating_sub(first);
            for (input, inference) in inputs.iter().zip(exact).take(counted) {
                let input = self.input_of(layer.index, input, inference);
                products::count(layer, input, &mut counts);
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
        &mut self,
        number: usize,
        inputs: &[Vec<Plane>],
        exact: &[Inference],
        found: &[Inference],
    ) -> CellTotals {
        let (classes, margins) = verdicts(found);
        let mut totals = CellTotals { classes, margins, ..CellTotals::default() };
        let semantics = self.cells[number].configuration.layers.clone();
        let variant = self.variant;
        for (index, (layer, semantics)) in
            variant.integer.convolutions().zip(&semantics).enumerate()
        {
            let mut sums = LayerTotals::default();
            for ((input, exact), found) in inputs.iter().zip(exact).zip(found) {
                let (should, outcome) = (&exact.convolutions[index], &found.convolutions[index]);
                sums.multiplications += outcome.multiplications;
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
                    recomputed = infallible(self.exact.layer(layer, &[input]));
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
                let bounds = &self.bounds[number][index];
                bounds.compare(semantics, local, outcome, &mut sums.tightness);
            }
            totals.layers.push(sums);
        }
        totals
    }
}

/// The value of a result that cannot be an error.
pub(super) fn infallible<T>(result: Result<T, Infallible>) -> T {
    let Ok(value) = result;
    value
}

fn count_skips(outcome: &LayerOutcome, side: usize, skips: &mut Vec<u64>) {
    skips.resize(side * side + 1, 0);
    for map in outcome.maps.iter().flatten() {
        let map: &FeatureMap = map;
        for &kept in &map.kept {
            skips[side * side - usize::from(kept)] += 1;
        }
    }
}

/// Class and margin of each image.
fn verdicts(inferences: &[Inference]) -> (Vec<u8>, Vec<i64>) {
    let verdict = |inference: &Inference| {
        let class = class_of(&inference.scores);
        let others = inference.scores.iter().enumerate().filter(|(index, _)| *index != class);
        let second = others.map(|(_, &score)| i64::from(score)).max();
        let margin = second.map_or(0, |second| i64::from(inference.scores[class]) - second);
        (class as u8, margin)
    };
    inferences.iter().map(verdict).unzip()
}

fn largest(scores: &[f32]) -> u8 {
    let mut best = 0;
    for (index, score) in scores.iter().enumerate() {
        if *score > scores[best] {
            best = index;
        }
    }
    best as u8
}
