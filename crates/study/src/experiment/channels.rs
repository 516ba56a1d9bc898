//! What the order of the input channels is worth in running scope, and what could be had at best.
//!
//! S_max of an output runs over its input channels: the later a large product comes, the more
//! products before it are weighed against too little. Three orders are compared with the paper's
//! rule: as trained; largest first, by the mean S_max of each channel over validation images; and,
//! as the bound that no order can beat, S_max of all channels known beforehand.

use std::convert::Infallible;

use rayon::prelude::*;
use serde::Serialize;

use super::ExperimentError;
use super::lenet::Variant;
use super::significance::Proportion;
use study::data::Image;
use model::conv::{
    FeatureMap, Mode, Plane, PreparedPlane, Semantics, SmaxScope, Threshold, conv2d_prepared,
};
use model::nn::{
    Configuration, Convolution, Convolver, GoldenConvolver, Inference, IntegerNetwork,
    LayerOutcome, infer, input_planes,
};
use study::report::number::decimals;

/// A line of `channels.csv`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChannelRow {
    /// `relu` or `tanh`.
    pub activation: String,
    /// F.
    pub log_frac: u32,
    /// T, in units of 2^−F, of all layers.
    pub threshold: u32,
    /// `window-scope`, `as-trained`, `largest-first` or `known-beforehand`.
    pub order: String,
    /// Test images, from the first.
    pub images: usize,
    /// Multiplications an inference, on average.
    #[serde(serialize_with = "decimals")]
    pub multiplications_average: f64,
    /// Percent fewer than exact.
    #[serde(serialize_with = "decimals")]
    pub reduction_vs_exact_percent: f64,
    /// Images classified right.
    #[serde(serialize_with = "decimals")]
    pub accuracy_percent: f64,
    /// The 95 % interval.
    #[serde(serialize_with = "decimals")]
    pub accuracy_low_percent: f64,
    /// The 95 % interval.
    #[serde(serialize_with = "decimals")]
    pub accuracy_high_percent: f64,
}

/// The lines of one network, on the current rayon pool. `validation` decides the order of the
/// channels, `test` is what is counted on.
pub fn channels(
    variant: &Variant,
    validation: &[&Image],
    test: &[&Image],
    log_frac: u32,
    thresholds: &[u32],
) -> Result<Vec<ChannelRow>, ExperimentError> {
    let plain = &variant.integer;
    let layers = plain.convolutions().count();
    let ordered = largest_first(plain, validation, log_frac)?;
    let mut rows = Vec::new();
    for &threshold in thresholds {
        let semantics = |scope| -> Result<Configuration, ExperimentError> {
            let threshold = Threshold::new(threshold)?;
            let semantics = Semantics::new(Mode::Approx, log_frac, threshold, scope)?;
            let layers = vec![semantics; layers];
            Ok(Configuration { name: String::new(), tau: None, layers })
        };
        let (window, running) = (semantics(SmaxScope::Window)?, semantics(SmaxScope::Running)?);
        let golden = |network: &IntegerNetwork, configuration: &Configuration| {
            count(network, test, || GoldenConvolver::new(network, configuration))
        };
        let found = [
            ("window-scope", golden(plain, &window)),
            ("as-trained", golden(plain, &running)),
            ("largest-first", golden(&ordered, &running)),
            (
                "known-beforehand",
                count(plain, test, || Known { semantics: running.layers.clone() }),
            ),
        ];
        for (order, (multiplications, right)) in found {
            let exact: u64 = variant.exact_multiplications().iter().sum();
            let average = multiplications as f64 / test.len() as f64;
            let (low, high) = right.interval();
            rows.push(ChannelRow {
                activation: variant.activation.name().to_owned(),
                log_frac,
                threshold,
                order: order.to_owned(),
                images: test.len(),
                multiplications_average: average,
                reduction_vs_exact_percent: 100.0 * (1.0 - average / exact as f64),
                accuracy_percent: 100.0 * right.share(),
                accuracy_low_percent: 100.0 * low,
                accuracy_high_percent: 100.0 * high,
            });
        }
    }
    Ok(rows)
}

/// Multiplications of all images, and how many are classified right.
fn count<C>(
    network: &IntegerNetwork,
    images: &[&Image],
    convolver: impl Fn() -> C + Sync,
) -> (u64, Proportion)
where
    C: Convolver<Error = Infallible>,
{
    let chunk = |images: &[&Image]| {
        let found = inferences(network, images, &mut convolver());
        let right = images.iter().zip(&found).filter(|(it, f)| usize::from(it.label) == f.class());
        (found.iter().map(Inference::multiplications).sum::<u64>(), right.count() as u64)
    };
    let chunks = images.par_chunks(50).map(chunk);
    let (multiplications, successes) = chunks.reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    (multiplications, Proportion { successes, trials: images.len() as u64 })
}

fn inferences<C>(network: &IntegerNetwork, images: &[&Image], convolver: &mut C) -> Vec<Inference>
where
    C: Convolver<Error = Infallible>,
{
    let inputs: Vec<_> = images.iter().map(|it| input_planes(network, &it.pixels)).collect();
    let Ok(found) = infer(network, &inputs, convolver);
    found
}

/// The network with the channels of every layer behind the first in falling order of their mean
/// S_max over the outputs of exact inference.
fn largest_first(
    network: &IntegerNetwork,
    images: &[&Image],
    log_frac: u32,
) -> Result<IntegerNetwork, ExperimentError> {
    // S_max is taken in every mode; in exact mode the activations are undisturbed.
    let exact = Configuration::plain(Mode::Exact, log_frac, network.convolutions().count())?;
    let chunk = |images: &[&Image]| -> Vec<Vec<u64>> {
        let mut golden = GoldenConvolver::new(network, &exact).with_maps();
        let found = inferences(network, images, &mut golden);
        let layers = network.convolutions().map(|layer| {
            let mut sums = vec![0_u64; layer.filters[0].len()];
            for inference in &found {
                for maps in &inference.convolutions[layer.index].maps {
                    for (sum, map) in sums.iter_mut().zip(maps) {
                        let scores = (0..map.outputs.len()).filter_map(|i| map.s_max(i));
                        *sum += scores.map(u64::from).sum::<u64>();
                    }
                }
            }
            sums
        });
        layers.collect()
    };
    let add = |mut a: Vec<Vec<u64>>, b: Vec<Vec<u64>>| {
        if a.is_empty() {
            return b;
        }
        for (a, b) in a.iter_mut().flatten().zip(b.iter().flatten()) {
            *a += b;
        }
        a
    };
    let sums = images.par_chunks(50).map(chunk).reduce(Vec::new, add);
    let mut ordered = network.clone();
    // From the back, because an order renames the outputs of the layer before, not its inputs.
    for index in (1..sums.len()).rev() {
        let mut order: Vec<usize> = (0..sums[index].len()).collect();
        order.sort_by_key(|&channel| (std::cmp::Reverse(sums[index][channel]), channel));
        ordered = ordered.with_channel_order(index, &order);
    }
    Ok(ordered)
}

/// The golden model with S_max of all channels known beforehand. No hardware can do that in one
/// pass over the channels.
struct Known {
    semantics: Vec<Semantics>,
}

impl Convolver for Known {
    type Error = Infallible;

    fn layer(
        &mut self,
        layer: &Convolution,
        inputs: &[Vec<Plane>],
    ) -> Result<Vec<LayerOutcome>, Infallible> {
        let semantics = &self.semantics[layer.index];
        let image = |input: &Vec<Plane>| {
            let planes: Vec<_> =
                input.iter().map(|it| PreparedPlane::new(it, semantics.log_frac)).collect();
            let mut outcome = LayerOutcome::default();
            for filter in &layer.filters {
                let mut last: Option<FeatureMap> = None;
                for (plane, kernel) in planes.iter().zip(filter) {
                    last = Some(conv2d_prepared(plane, kernel, semantics, last.as_ref()));
                }
                let mut sums: Vec<i32> = Vec::new();
                for (plane, kernel) in planes.iter().zip(filter) {
                    let map = conv2d_prepared(plane, kernel, semantics, last.as_ref());
                    sums.resize(map.outputs.len(), 0);
                    for (sum, &output) in sums.iter_mut().zip(&map.outputs) {
                        *sum = sum.wrapping_add(output);
                    }
                    outcome.multiplications += map.total_kept();
                }
                outcome.sums.push(sums);
            }
            outcome
        };
        Ok(inputs.iter().map(image).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use study::data::digits;
    use model::nn::Activation;

    #[test]
    fn an_order_changes_no_score_and_known_maxima_skip_most() {
        let variant = Variant::lenet5(Activation::Relu).unwrap();
        let drawn = digits::draw(5, digits::TEST, 60);
        let images: Vec<&Image> = drawn.iter().collect();
        let plain = &variant.integer;
        let ordered = largest_first(plain, &images[..20], 0).unwrap();
        assert_ne!(*plain, ordered);
        let exact = Configuration::plain(Mode::DualZeroSkip, 0, 3).unwrap();
        let scores = |network: &IntegerNetwork| {
            let mut golden = GoldenConvolver::new(network, &exact);
            let found = inferences(network, &images, &mut golden);
            found
                .into_iter()
                .map(|it| (it.scores.clone(), it.multiplications()))
                .collect::<Vec<_>>()
        };
        assert_eq!(scores(plain), scores(&ordered));

        let rows = channels(&variant, &images[..20], &images, 0, &[3]).unwrap();
        let counts: Vec<f64> = rows.iter().map(|row| row.multiplications_average).collect();
        let names: Vec<&str> = rows.iter().map(|row| row.order.as_str()).collect();
        assert_eq!(names, ["window-scope", "as-trained", "largest-first", "known-beforehand"]);
        // Which of the two orders is better depends on the network; nothing beats known maxima.
        assert!(counts[0] > counts[1] && counts[0] > counts[2], "{counts:?}");
        assert!(counts[3] < counts[1] && counts[3] < counts[2], "{counts:?}");
        assert_ne!(rows[1], ChannelRow { order: rows[1].order.clone(), ..rows[2].clone() });
    }
}
