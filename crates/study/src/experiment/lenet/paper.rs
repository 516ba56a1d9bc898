//! The paper's LeNet tables (its section V-B): for comparison, never for computing with.

use model::nn::Activation;

/// A line of the paper's table of multiplications: C1, C3, C5, their sum, and the accuracy in
/// percent where the table has a single figure.
pub(super) struct PaperLine {
    pub layers: [f64; 3],
    pub total: f64,
    pub accuracy_percent: Option<f64>,
}

const fn line(layers: [f64; 3], total: f64, accuracy_percent: Option<f64>) -> PaperLine {
    PaperLine { layers, total, accuracy_percent }
}

/// What the paper has for a configuration, if anything.
#[rustfmt::skip]
pub(super) fn lenet(activation: Activation, configuration: &str) -> Option<PaperLine> {
    use Activation::{Relu, Tanh};
    Some(match (activation, configuration) {
        (_, "exact") => line([86_400.0, 153_600.0, 30_720.0], 270_720.0, None),
        (Tanh, "zero-skip") => line([20_778.3, 153_600.0, 30_720.0], 205_098.3, None),
        (Tanh, "tau=0.05") => line([17_964.25, 93_101.69, 21_629.76], 132_695.7, Some(97.96)),
        (Tanh, "tau=0.1") => line([16_068.44, 74_078.25, 16_415.36], 106_562.05, Some(97.53)),
        (Tanh, "tau=0.15") => line([14_829.27, 54_322.51, 12_688.72], 81_840.5, Some(96.88)),
        (Tanh, "tau=0.2") => line([12_897.59, 45_489.36, 9_648.98], 68_035.93, Some(97.62)),
        (Tanh, "tau=0.3") => line([10_537.48, 27_699.23, 5_552.83], 43_789.54, Some(91.64)),
        (Tanh, "tau=0.5") => line([7_025.0, 12_618.12, 1_767.59], 21_410.71, Some(61.38)),
        (Relu, "zero-skip") => line([20_778.3, 130_788.0, 24_688.8], 176_255.1, None),
        (Relu, "tau=0.05") => line([17_574.59, 66_094.82, 13_420.68], 97_090.09, Some(97.55)),
        (Relu, "tau=0.1") => line([15_637.01, 45_949.18, 8_691.39], 70_277.58, Some(97.84)),
        (Relu, "tau=0.15") => line([14_278.06, 42_637.36, 5_905.6], 62_821.02, Some(97.86)),
        (Relu, "tau=0.2") => line([12_234.1, 33_567.69, 4_146.67], 49_948.46, Some(97.82)),
        (Relu, "tau=0.3") => line([10_372.3, 17_951.35, 3_045.38], 31_369.03, Some(97.39)),
        (Relu, "tau=0.5") => line([6_988.47, 8_410.6, 1_116.28], 16_515.35, Some(90.71)),
        _ => return None,
    })
}

/// The paper's zero fractions with ReLU, in percent of a layer's outputs: average, minimum, maximum
/// and standard deviation.
pub(super) fn zero_fractions(activation: Activation, layer: &str) -> Option<[f64; 4]> {
    if activation != Activation::Relu {
        return None;
    }
    Some(match layer {
        "C1" => [45.11, 38.43, 54.11, 2.52],
        "S2" => [36.00, 30.56, 45.60, 1.70],
        "C3" => [50.25, 44.73, 56.25, 1.58],
        "S4" => [27.38, 16.80, 42.19, 3.40],
        "C5" => [55.10, 41.67, 65.00, 3.45],
        "F6" => [48.19, 33.33, 63.10, 4.04],
        _ => return None,
    })
}
