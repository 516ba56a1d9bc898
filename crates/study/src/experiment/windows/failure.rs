//! An engine that gave up, as an error that says where.

use super::measure::{Bench, Failure, plane};
use crate::check::Place;
use study::data::Image;
use crate::engine::EngineError;
use crate::experiment::ExperimentError;
use crate::experiment::follow_up::{FollowUp, Progress};

/// An engine that gave up on a window: with a waveform of it, if the RTL is to blame.
pub(super) fn failed(
    follow_up: &FollowUp<'_, impl Progress>,
    bench: &Bench<'_>,
    image_number: usize,
    image: &Image,
    failure: Failure,
) -> ExperimentError {
    let Failure { filter, configuration, source } = failure;
    let (filter, configuration) = (&bench.filters[filter], &bench.configurations[configuration]);
    let mut report = String::new();
    if let (Some((_, scoreboard)), EngineError::Window { x, y, run, stream, .. }) =
        (&bench.rtl, &source)
    {
        let place = Place {
            image: image_number,
            filter: filter.name.clone(),
            configuration: configuration.name.clone(),
            column: *x,
            row: *y,
            ..bench.place.clone()
        };
        let (kernel, semantics) = (&filter.kernel, &configuration.semantics);
        let case = scoreboard.case(&place, &plane(image), kernel, semantics, run, *stream);
        report = follow_up.gave_up(&case);
    }
    ExperimentError::Engine {
        image: image_number,
        filter: filter.name.clone(),
        configuration: configuration.name.clone(),
        source: Box::new(source),
        report,
    }
}
