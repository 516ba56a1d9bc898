// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pictures that need the images themselves: the maps of one image, and the images that flipped.

use super::tables::{Measured, flips};
use super::variant::Cell;
use crate::Error;
use crate::data::Image;
use crate::report::pictures::{ContactSheet, NetworkMosaic};
use crate::results::ResultFolder;
use crate::tables::FlipRow;
use model::conv::Mode;
use model::engine::{Detail, GoldenEngine};
use model::nn::{Inference, input_planes};

/// Images on a contact sheet at most.
const SHEET: usize = 60;

/// Images in a row of it.
const COLUMNS: u32 = 10;

/// The pictures of one plain variant.
pub(super) fn pictures(
    images: &[&Image],
    measured: &Measured,
    results: &mut ResultFolder,
) -> Result<(), Error> {
    let name = measured.variant.activation.name();
    let rows = inferences(measured, images[0]);
    if let Some(mosaic) = NetworkMosaic::new(&measured.variant.network, &rows) {
        results.file(&format!("feature_maps_{name}.png"), |file| mosaic.write_png(file))?;
    }

    let flips = flips(measured);
    if let Some(shown) = shown(measured, &flips) {
        let mut sheet = ContactSheet::default();
        for flip in &shown {
            let caption = [
                format!("#{} shows {}", flip.image, flip.label.0),
                format!("exact {}", flip.exact_class.0),
                format!("now {}: {}", flip.class.0, flip.change.name()),
            ];
            sheet.add(&images[flip.image].pixels, &caption);
        }
        let of = shown[0].cell.configuration.replace('=', "_");
        let name = format!("flips_{name}_{of}.png");
        results.file(&name, |file| sheet.write_png(COLUMNS, file))?;
    }
    Ok(())
}

/// The lines of the table with the fewest fraction bits.
fn coarse<'a>(measured: &'a Measured) -> Vec<&'a Cell> {
    let table = || measured.cells.iter().filter(|cell| cell.technique.is_none());
    let fewest = table().filter_map(|cell| cell.configuration.log_frac()).min();
    table().filter(|cell| cell.configuration.log_frac() == fewest).copied().collect()
}

/// The flips of the coarsest tolerance that they all fit on a sheet for; none without a flip.
fn shown<'a>(measured: &Measured, flips: &'a [FlipRow]) -> Option<Vec<&'a FlipRow>> {
    let of_cell = |cell: &&Cell| {
        let key = measured.key(cell);
        flips.iter().filter(|flip| flip.cell == key).collect::<Vec<_>>()
    };
    let cells = coarse(measured);
    let fitting = cells.iter().map(of_cell).filter(|flips| flips.len() <= SHEET);
    fitting.max_by_key(Vec::len).filter(|flips| !flips.is_empty())
}

/// One image, exact and in each approximate line of the table with another threshold.
fn inferences(measured: &Measured, image: &Image) -> Vec<(String, Inference)> {
    let network = &measured.variant.integer;
    let input = [input_planes(network, &image.pixels)];
    let mut thresholds = Vec::new();
    let mut cells = coarse(measured);
    cells.retain(|cell| {
        let semantics = cell.configuration.layers[0];
        let another = !thresholds.contains(&semantics.threshold);
        let kept = semantics.mode == Mode::Exact || semantics.mode == Mode::Approx && another;
        thresholds.extend(kept.then_some(semantics.threshold));
        kept
    });
    let mut golden = GoldenEngine::default();
    let inferences = cells.into_iter().flat_map(|Cell { configuration, .. }| {
        let found = golden.inferences(network, configuration, &input, Detail::Maps);
        found.into_iter().map(|it| (configuration.name.clone(), it))
    });
    inferences.collect()
}
