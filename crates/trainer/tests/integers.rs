// SPDX-License-Identifier: MIT OR Apache-2.0
//! The rounded floating-point network that training sees, against the integers that run.

use convapprox_trainer::hardware::{Hardware, weight_scale};
use convapprox_trainer::images::tensors;
use convapprox_trainer::model::Model;
use convapprox_trainer::point::{skip, skips};
use model::engine::{Detail, GoldenEngine};
use model::nn::{Inference, input_planes};
use study::data::digits;
use study::experiment::lenet::{OperatingPoint, shipped, shipped_points};

const IMAGES: usize = 12;

/// The model of a point, and the arithmetic that it is trained in.
fn trained(point: &OperatingPoint) -> (Model, Hardware) {
    let network = model::nn::Network::read(&shipped("networks").join(&point.network)).unwrap();
    let model = Model::read(&network, &shipped("weights").join(&point.weights)).unwrap();
    let layers: Vec<_> =
        point.layers.iter().map(|(name, layer)| (name.clone(), skip(layer).unwrap())).collect();
    let hardware = Hardware::calibrate(&model, skips(&model.stages, &layers).unwrap()).unwrap();
    (model, hardware)
}

#[test]
fn weights_have_the_scale_of_the_integers() {
    for (name, point) in shipped_points().unwrap() {
        let (model, hardware) = trained(&point);
        let variant = point.variant().unwrap();
        let mut proofs = variant.integer.proof.iter();
        for (layer, stage) in model.stages.iter().enumerate() {
            if stage.weight_shape().is_some() {
                let proof = proofs.next().unwrap();
                let scale = weight_scale(&model, layer, &hardware).unwrap();
                assert_eq!((&stage.name, scale), (&proof.layer, proof.weight_shift), "{name}");
            }
        }
    }
}

#[test]
fn floats_stand_for_whole_numbers() {
    let images = digits::draw(7, digits::TEST, IMAGES);
    for name in ["lenet5_relu_t123", "lenet5_tanh_t123", "lenet5_relu_t113_f3"] {
        let path = shipped("operating_points").join(format!("{name}.json"));
        let point = OperatingPoint::read(&path).unwrap();
        let (model, hardware) = trained(&point);
        let (words, _) = tensors(&images, &model.network).unwrap();
        let pass = model.forward(&words, Some(&hardware)).unwrap();

        let variant = point.variant().unwrap();
        let network = &variant.integer;
        let configuration = point.configuration(name, &variant.layers()).unwrap();
        let inputs: Vec<_> =
            images.iter().map(|image| input_planes(network, &image.pixels)).collect();
        let found =
            GoldenEngine::default().inferences(network, &configuration, &inputs, Detail::Sums);

        let floats = pass.logits.to_vec2::<f32>().unwrap();
        for (floats, found) in floats.iter().zip(&found) {
            for (&float, &score) in floats.iter().zip(&found.scores) {
                let whole = f64::from(score) * variant.score_unit();
                // A float has 24 bits, a sum up to 31, and tanh is a table: now and then a value is
                // rounded otherwise.
                assert!((f64::from(float) - whole).abs() < 0.05, "{name}: {float} for {whole}");
            }
        }
        // What is skipped in the first layer depends on nothing that is rounded.
        let first: u64 = found.iter().map(|it| it.convolutions[0].total_multiplications()).sum();
        assert_eq!(pass.kept[0], first, "{name}");
        let whole: u64 = found.iter().map(Inference::multiplications).sum();
        let floats: u64 = pass.kept.iter().sum();
        assert!(floats.abs_diff(whole) * 1000 <= whole, "{name}: {floats} for {whole}");
    }
}
