//! The result files: rows from what was measured.

mod cycles;
mod scores;
mod time;

pub use cycles::CycleRow;
pub use scores::{ScoreErrorRow, ScoreRow};
pub use time::TimeRow;

pub(super) use cycles::cycles;
pub(super) use scores::{score_errors, scores};
pub(super) use time::time;

use super::Measured;
use model::conv::Mode;
use model::engine::StageCounts;
use model::nn::Configuration;

/// T, in approx mode.
fn threshold(configuration: &Configuration) -> Option<u32> {
    let semantics = configuration.layers.first()?;
    (semantics.mode == Mode::Approx).then(|| semantics.threshold.get())
}

/// The scope of S_max, in approx mode; else empty.
fn scope(configuration: &Configuration) -> String {
    let approx = configuration.layers.iter().find(|it| it.mode == Mode::Approx);
    approx.map_or(String::new(), |semantics| semantics.scope.to_string())
}

/// What one program counted over all images: a name and a record an image, for the input, each stage, and
/// all of them.
fn layers(measured: &Measured<'_>, program: usize) -> Vec<(String, Vec<StageCounts>)> {
    let of_layer = |layer: usize| -> Vec<StageCounts> {
        measured.counted.iter().map(|image| image[program][layer].counts).collect()
    };
    let stages = measured.counted.first().map_or(&[][..], |image| &image[program]);
    let names = stages.iter().map(|it| it.stage.clone()).enumerate();
    let mut layers: Vec<_> = names.map(|(layer, name)| (name, of_layer(layer))).collect();
    let sum = |image: usize| {
        let mut sum = StageCounts::default();
        layers.iter().for_each(|(_, counts)| sum += counts[image]);
        sum
    };
    let all = (0..measured.counted.len()).map(sum).collect();
    layers.push((super::ALL_LAYERS.to_owned(), all));
    layers
}

/// The mean of a count.
fn average(records: &[StageCounts], count: impl Fn(&StageCounts) -> u32) -> f64 {
    records.iter().map(|record| f64::from(count(record))).sum::<f64>() / records.len() as f64
}
