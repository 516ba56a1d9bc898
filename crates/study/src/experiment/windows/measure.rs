//! One image through every filter and configuration.

use serde::{Deserialize, Serialize};

use super::configuration::Configuration;
use super::filters::Filter;
use super::statistics::{Errors, Totals};
use crate::check::{Place, Scoreboard};
use study::data::{Image, SIDE};
use crate::engine::{Convolved, Engine, EngineError, GoldenEngine, RtlEngine};
use model::conv::{FeatureMap, Plane};
use study::report::number::{decimals, optional_decimals};

/// A line of `windows.csv`: one image, filter and configuration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The image's number in the run, from 0.
    pub image: usize,
    /// The digit it shows.
    pub label: u8,
    /// The filter's name.
    pub filter: String,
    /// The configuration's name.
    pub configuration: String,
    /// The mode.
    pub mode: String,
    /// τ, in approx mode.
    pub tau: Option<f64>,
    /// T in units of 2^−log_frac, in approx mode.
    pub threshold: Option<u32>,
    /// Fraction bits of the log proxy.
    pub log_frac: u32,
    /// What S_max is taken over.
    pub smax_scope: String,
    /// Outputs of the feature map.
    pub outputs: usize,
    /// Multiplications performed.
    pub multiplications: u64,
    /// How many percent fewer than exact.
    #[serde(serialize_with = "decimals")]
    pub reduction_vs_exact_percent: f64,
    /// How many percent fewer than zero-skip.
    #[serde(serialize_with = "optional_decimals")]
    pub reduction_vs_zero_skip_percent: Option<f64>,
    /// Absolute error of an output, mean.
    #[serde(serialize_with = "decimals")]
    pub mean_absolute_error: f64,
    /// Median.
    #[serde(serialize_with = "decimals")]
    pub median_absolute_error: f64,
    /// Largest.
    #[serde(serialize_with = "decimals")]
    pub max_absolute_error: f64,
    /// Error in percent of the exact output, mean over the outputs where that is not 0.
    #[serde(serialize_with = "optional_decimals")]
    pub mean_percentage_error: Option<f64>,
    /// Median.
    #[serde(serialize_with = "optional_decimals")]
    pub median_percentage_error: Option<f64>,
    /// Largest.
    #[serde(serialize_with = "optional_decimals")]
    pub max_percentage_error: Option<f64>,
    /// Windows the unit ran; 0 on the golden engine.
    pub windows: u64,
    /// Cycles from start to done, all windows; 0 on the golden engine.
    pub cycles: u64,
    /// The same a window.
    #[serde(serialize_with = "optional_decimals")]
    pub cycles_per_window: Option<f64>,
}

/// How many percent fewer `count` is than `of`; `None` if that is 0.
pub(super) fn reduction_percent(count: u64, of: u64) -> Option<f64> {
    (of != 0).then(|| 100.0 * (1.0 - count as f64 / of as f64))
}

/// An image as the plane that engines take.
pub(super) fn plane(image: &Image) -> Plane {
    let words = image.pixels.iter().map(|&pixel| i32::from(pixel)).collect();
    Plane::new(SIDE, SIDE, words).expect("an image is not empty")
}

/// An engine that gave up: at which filter and configuration, by their numbers.
#[derive(Debug)]
pub(super) struct Failure {
    pub filter: usize,
    pub configuration: usize,
    pub source: EngineError,
}

/// The unit under test beside the golden model, and the scoreboard between them.
pub(super) struct Bench<'a> {
    pub golden: GoldenEngine,
    pub rtl: Option<(RtlEngine, Scoreboard)>,
    pub filters: &'a [Filter],
    pub configurations: &'a [Configuration],
    pub place: Place,
}

impl Bench<'_> {
    /// The rows of one image, filter by filter, and the totals of each filter and configuration
    /// in the same order.
    pub fn image(
        &mut self,
        number: usize,
        image: &Image,
    ) -> Result<(Vec<Row>, Vec<Totals>), Box<Failure>> {
        let plane = plane(image);
        self.golden.set_plane(&plane);
        if let Some((rtl, _)) = &mut self.rtl {
            rtl.set_plane(&plane);
        }
        let (filters, configurations) = (self.filters, self.configurations);
        let mut rows = Vec::with_capacity(filters.len() * configurations.len());
        let mut totals = Vec::with_capacity(rows.capacity());
        for (f, filter) in filters.iter().enumerate() {
            let mut maps: Vec<Convolved> = Vec::with_capacity(configurations.len());
            for (c, configuration) in configurations.iter().enumerate() {
                let place = Place {
                    image: number,
                    filter: filter.name.clone(),
                    configuration: configuration.name.clone(),
                    ..self.place.clone()
                };
                let convolved = self.convolve(&place, &plane, filter, configuration);
                maps.push(
                    convolved.map_err(|source| {
                        Box::new(Failure { filter: f, configuration: c, source })
                    })?,
                );
            }
            // The first two configurations are exact and zero-skip.
            let [exact, zero_skip, ..] = &maps[..] else { continue };
            for (configuration, convolved) in configurations.iter().zip(&maps) {
                let (row, total) = row(
                    (number, image),
                    filter,
                    configuration,
                    convolved,
                    &exact.map,
                    &zero_skip.map,
                );
                rows.push(row);
                totals.push(total);
            }
        }
        Ok((rows, totals))
    }

    fn convolve(
        &mut self,
        place: &Place,
        plane: &Plane,
        filter: &Filter,
        configuration: &Configuration,
    ) -> Result<Convolved, EngineError> {
        let semantics = &configuration.semantics;
        let golden = self.golden.convolve(&filter.kernel, semantics, None)?;
        let Some((rtl, scoreboard)) = &mut self.rtl else { return Ok(golden) };
        let convolved = rtl.convolve(&filter.kernel, semantics, None)?;
        scoreboard.check(place, plane, &filter.kernel, semantics, &golden.map, &convolved);
        Ok(convolved)
    }
}

fn row(
    (number, image): (usize, &Image),
    filter: &Filter,
    configuration: &Configuration,
    convolved: &Convolved,
    exact: &FeatureMap,
    zero_skip: &FeatureMap,
) -> (Row, Totals) {
    let map = &convolved.map;
    let mut errors = Errors::default();
    for (&exact, &output) in exact.outputs.iter().zip(&map.outputs) {
        errors.add(exact, output);
    }
    let multiplications = map.total_kept();
    let windows = convolved.windows.len() as u64;
    let cycles = convolved.cycles().unwrap_or(0);
    let absolute = errors.absolute().expect("a map has outputs");
    let percentage = errors.percentage();
    let row = Row {
        image: number,
        label: image.label,
        filter: filter.name.clone(),
        configuration: configuration.name.clone(),
        mode: configuration.semantics.mode.to_string(),
        tau: configuration.tau,
        threshold: configuration.threshold(),
        log_frac: configuration.semantics.log_frac,
        smax_scope: configuration.semantics.scope.to_string(),
        outputs: map.outputs.len(),
        multiplications,
        reduction_vs_exact_percent: reduction_percent(multiplications, exact.total_kept())
            .unwrap_or(0.0),
        reduction_vs_zero_skip_percent: reduction_percent(multiplications, zero_skip.total_kept()),
        mean_absolute_error: absolute.mean,
        median_absolute_error: absolute.median,
        max_absolute_error: absolute.max,
        mean_percentage_error: percentage.map(|it| it.mean),
        median_percentage_error: percentage.map(|it| it.median),
        max_percentage_error: percentage.map(|it| it.max),
        windows,
        cycles,
        cycles_per_window: (windows != 0).then(|| cycles as f64 / windows as f64),
    };
    (row, Totals::of_image(multiplications, windows, cycles, errors))
}
