//! One image, exact and approximate.

use super::measure::infallible;
use super::rtl::{RtlRun, Units};
use super::settings::RtlSettings;
use super::variant::Variant;
use crate::check::{Findings, Place};
use study::data::Image;
use crate::experiment::ExperimentError;
use model::conv::Mode;
use model::nn::{Configuration, Convolution, GoldenConvolver, Inference, infer, input_planes};

/// One image, exact and approximate.
#[derive(Debug)]
pub struct Classified {
    /// Nothing skipped.
    pub exact: Inference,
    /// In the configuration asked for.
    pub approximate: Inference,
    /// What the scoreboard saw; no windows on the golden engine.
    pub findings: Findings,
}

/// Takes an image through the network twice; on the RTL if there are settings for it.
pub fn classify(
    variant: &Variant,
    configuration: &Configuration,
    image: &Image,
    name: &str,
    rtl: Option<RtlSettings>,
) -> Result<Classified, ExperimentError> {
    let network = &variant.integer;
    let inputs = [input_planes(network, &image.pixels)];
    // The log proxies of an exact run do not matter, but its unit is the same.
    let log_frac = configuration.layers.iter().map(|it| it.log_frac).min().unwrap_or_default();
    let exact = Configuration::plain(Mode::Exact, log_frac, configuration.layers.len())?;
    let mut units = rtl.map(Units::new);
    let mut run = |configuration: &Configuration| -> Result<Inference, ExperimentError> {
        let mut golden = GoldenConvolver::new(network, configuration);
        let found = match &mut units {
            None => infallible(infer(network, &inputs, &mut golden)),
            Some(units) => {
                let place = Place {
                    experiment: "classify".to_owned(),
                    dataset: name.to_owned(),
                    filter: variant.weights_name.clone(),
                    ..Place::default()
                };
                let side = network.convolutions().map(Convolution::side).max().unwrap_or(1);
                let mut golden = golden.with_maps();
                let golden = &mut golden;
                let mut run =
                    RtlRun { units, golden, configuration, side, place, work: Vec::new() };
                infer(network, &inputs, &mut run)?
            }
        };
        Ok(found.into_iter().next().expect("an inference for the image"))
    };
    let (exact, approximate) = (run(&exact)?, run(configuration)?);
    let findings = units.map_or(Ok(Findings::default()), |mut units| units.take_findings())?;
    Ok(Classified { exact, approximate, findings })
}
