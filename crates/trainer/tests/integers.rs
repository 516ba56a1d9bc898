//! The rounded floating-point network against the same network in whole numbers.

use std::path::{Path, PathBuf};

use convapprox::data::digits;
use convapprox::golden::{Kernel, Mode, Plane, PreparedPlane, Semantics, Threshold, conv2d_layer};
use convapprox_trainer::hardware::{Hardware, weight_scale};
use convapprox_trainer::images::tensors;
use convapprox_trainer::layer::{ConvShape, Skip};
use convapprox_trainer::model::Model;
use convapprox_trainer::network::{Activation, Network, Operation};
use convapprox_trainer::point::{Point, skips};

const IMAGES: usize = 12;

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testvectors")
}

/// One image through the network; multiplications of each layer are added to `kept`.
fn infer(model: &Model, hardware: &Hardware, pixels: &[u8], kept: &mut [u64]) -> Vec<f64> {
    let mut words: Vec<i32> = pixels.iter().map(|&pixel| pixel.into()).collect();
    let mut size = (1, 28, 28);
    let mut bits = 8;
    for (layer, stage) in model.stages.iter().enumerate() {
        let sums: Vec<i64> = match stage.operation {
            Operation::AveragePool(side) => {
                assert_eq!(side, 2);
                words = pool(&words, size);
                size = (size.0, size.1 / 2, size.2 / 2);
                continue;
            }
            Operation::Convolution(shape) => {
                let weights = weights(model, hardware, layer);
                let skip = hardware.skips[layer].unwrap();
                let (sums, multiplied) = convolve(&words, &weights, &shape, &skip);
                kept[layer] += multiplied;
                let (height, width) = shape.output_size();
                size = (shape.outputs, height, width);
                sums
            }
            Operation::Dense { inputs, .. } => {
                let dot = |row: &[i32]| -> i64 {
                    row.iter().zip(&words).map(|(&w, &x)| i64::from(w) * i64::from(x)).sum()
                };
                weights(model, hardware, layer).chunks_exact(inputs).map(dot).collect()
            }
        };
        let biases: Vec<f32> = model.parameters[layer].as_ref().unwrap().bias.to_vec1().unwrap();
        let scale = weight_scale(model, layer, hardware).unwrap() + bits;
        let positions = sums.len() / biases.len();
        let with_bias = |(index, sum): (usize, i64)| {
            let bias = (f64::from(biases[index / positions]) * 2f64.powi(scale)).round() as i64;
            let sum = sum + bias;
            assert!(i32::try_from(sum).is_ok(), "a sum of layer {} overflows", stage.name);
            sum as f64 * 2f64.powi(-scale)
        };
        let real: Vec<f64> = sums.into_iter().enumerate().map(with_bias).collect();
        if layer + 1 == model.stages.len() {
            return real;
        }
        bits = 12 - hardware.exponents[layer];
        let least = if stage.activation == Activation::Relu { 0.0 } else { -4095.0 };
        let activate = |z: f64| {
            let value = if stage.activation == Activation::Relu { z } else { z.tanh() };
            (value * 2f64.powi(bits) + 0.5).floor().clamp(least, 4095.0) as i32
        };
        words = real.into_iter().map(activate).collect();
    }
    unreachable!("the last layer returns");
}

fn weights(model: &Model, hardware: &Hardware, layer: usize) -> Vec<i32> {
    let unit = 2f64.powi(weight_scale(model, layer, hardware).unwrap());
    let weight = &model.parameters[layer].as_ref().unwrap().weight;
    let weights: Vec<f32> = weight.flatten_all().unwrap().to_vec1().unwrap();
    weights.into_iter().map(|w| (f64::from(w) * unit).round() as i32).collect()
}

fn pool(words: &[i32], (_, height, width): (usize, usize, usize)) -> Vec<i32> {
    let mut means = Vec::new();
    for map in words.chunks_exact(height * width) {
        for (y, x) in
            (0..height).step_by(2).flat_map(|y| (0..width).step_by(2).map(move |x| (y, x)))
        {
            let at = y * width + x;
            means.push((map[at] + map[at + 1] + map[at + width] + map[at + width + 1] + 2) >> 2);
        }
    }
    means
}

/// Sums of all channels, and multiplications, by the golden model.
fn convolve(words: &[i32], weights: &[i32], shape: &ConvShape, skip: &Skip) -> (Vec<i64>, u64) {
    let threshold = Threshold::new(skip.threshold).unwrap();
    let semantics = Semantics::new(Mode::Approx, skip.log_frac, threshold, skip.scope).unwrap();
    let planes: Vec<_> = words
        .chunks_exact(shape.height * shape.width)
        .map(|plane| Plane::new(shape.width, shape.height, plane.into()).unwrap())
        .map(|plane| PreparedPlane::new(&plane, skip.log_frac))
        .collect();
    let kernels: Vec<_> = weights
        .chunks_exact(shape.side * shape.side)
        .map(|kernel| Kernel::new(shape.side, kernel.into()).unwrap())
        .collect();
    let filters: Vec<_> = kernels.chunks_exact(shape.channels).map(<[_]>::to_vec).collect();
    let maps = conv2d_layer(&planes, &filters, &semantics);
    let mut sums = Vec::new();
    for channels in &maps {
        for position in 0..shape.positions() {
            sums.push(channels.iter().map(|map| i64::from(map.outputs[position])).sum());
        }
    }
    (sums, maps.iter().flatten().map(|map| map.total_kept()).sum())
}

#[test]
fn floats_stand_for_whole_numbers() {
    for name in ["lenet5_relu_t123", "lenet5_tanh_t123"] {
        let point = vectors().join("operating_points").join(format!("{name}.json"));
        let point = Point::read(&point).unwrap();
        let network = Network::read(&vectors().join("networks").join(&point.network)).unwrap();
        let model = Model::read(&network, &vectors().join("weights").join(&point.weights)).unwrap();
        let layers: Vec<_> =
            point.layers.iter().map(|(name, l)| (name.clone(), l.skip().unwrap())).collect();
        let hardware = Hardware::calibrate(&model, skips(&model.stages, &layers).unwrap()).unwrap();

        let images = digits::draw(7, digits::TEST, IMAGES);
        let (words, _) = tensors(&images, &network).unwrap();
        let pass = model.forward(&words, Some(&hardware)).unwrap();
        let mut kept = vec![0; model.stages.len()];
        for (image, floats) in images.iter().zip(pass.logits.to_vec2::<f32>().unwrap()) {
            let whole = infer(&model, &hardware, &image.pixels, &mut kept);
            for (float, whole) in floats.into_iter().zip(whole) {
                // A float has 24 bits, a sum up to 31: now and then a value is rounded otherwise.
                assert!((f64::from(float) - whole).abs() < 0.05, "{name}: {float} for {whole}");
            }
        }
        // What is skipped in the first layer depends on nothing that is rounded.
        assert_eq!(pass.kept[0], kept[0], "{name}");
        let (floats, whole): (u64, u64) = (pass.kept.iter().sum(), kept.iter().sum());
        assert!(floats.abs_diff(whole) * 1000 <= whole, "{name}: {floats} for {whole}");
    }
}
