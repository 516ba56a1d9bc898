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

use super::record::Record;
use super::run::Measured;
use model::conv::Mode;
use model::nn::Configuration;

/// The name of what comes before the first layer: the image's pixels become words.
const INPUT: &str = "input";

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
fn layers(measured: &Measured<'_>, program: usize) -> Vec<(String, Vec<Record>)> {
    let of_layer = |layer: usize| -> Vec<Record> {
        measured.counted.iter().map(|image| image[program].counts[layer]).collect()
    };
    let stages = measured.stages.iter().map(|stage| stage.name.clone());
    let names = std::iter::once(INPUT.to_owned()).chain(stages);
    let mut layers: Vec<_> =
        names.enumerate().map(|(layer, name)| (name, of_layer(layer))).collect();
    let sum = |image: usize| {
        let mut sum = Record::default();
        layers.iter().for_each(|(_, records)| sum += records[image]);
        sum
    };
    let all = (0..measured.counted.len()).map(sum).collect();
    layers.push((super::ALL_LAYERS.to_owned(), all));
    layers
}

/// The mean of a count.
fn average(records: &[Record], count: impl Fn(&Record) -> u32) -> f64 {
    records.iter().map(|record| f64::from(count(record))).sum::<f64>() / records.len() as f64
}
