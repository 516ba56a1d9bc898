// SPDX-License-Identifier: MIT OR Apache-2.0
//! Training: it learns, it is deterministic, what it writes can be read; the rounded floating-point
//! network that it sees, against the integers that run.

use std::path::{Path, PathBuf};
use std::process::Command;

use convapprox_trainer::data::{Images, Source, tensors};
use convapprox_trainer::fit::{FineTuning, Log, Skipping, Training, evaluate, fit};
use convapprox_trainer::hardware::{Hardware, reorder, weight_scale};
use convapprox_trainer::model::{Model, exact_macs};
use convapprox_trainer::record::{parse_setting, skip, skips, write_weights};
use model::engine::{Detail, GoldenEngine};
use model::nn::{Inference, LayerKind, Network, input_planes};
use study::data::digits;
use study::experiment::lenet::{OperatingPoint, shipped_points};

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testvectors")
}

fn network(name: &str) -> Network {
    Network::read(&vectors().join("networks").join(name)).unwrap()
}

fn drawn(count: usize) -> Images {
    let mut images = Images::load(Source::Digits, 5, 0, Some(count)).unwrap();
    images.validation.truncate(300);
    images
}

fn training(epochs: usize) -> Training {
    Training { epochs, batch: 32, learning_rate: 0.003, weight_decay: 0.01, average: 0.9 }
}

fn train(network: &Network, images: &Images, epochs: usize) -> (Model, f64) {
    let model = Model::random(network, 5).unwrap();
    let mut log = Log::new(None, true).unwrap();
    let score = fit(&model, images, &training(epochs), None, &mut log).unwrap();
    (model, score.accuracy_percent())
}

#[test]
fn same_seed_same_bytes_and_it_learns() {
    let folder = tempfile::tempdir().unwrap();
    let (images, network) = (drawn(1500), network("lenet5_relu.json"));
    let bytes = |name: &str| {
        let (model, accuracy) = train(&network, &images, 2);
        assert!(accuracy > 80.0, "{accuracy} % after two epochs of drawn digits");
        let path = folder.path().join(name);
        write_weights(&model, &path).unwrap();
        // What is read is what was written.
        let read = Model::read(&network, &path).unwrap();
        let score = evaluate(&read, &images.validation, None).unwrap();
        assert_eq!(score.accuracy_percent(), accuracy);
        std::fs::read(path).unwrap()
    };
    assert_eq!(bytes("first.safetensors"), bytes("second.safetensors"));
}

#[test]
fn fine_tuning_gets_used_to_skipped_products() {
    let (images, network) = (drawn(1500), network("lenet5_tanh.json"));
    let (model, _) = train(&network, &images, 2);
    let layers = ["C1=1,0,window", "C3=1,0,running", "C5=1,0,running"];
    let skips = skips(&model.stages, &layers.map(|text| parse_setting(text).unwrap())).unwrap();
    let teacher = model.copy().unwrap();
    let mut log = Log::new(None, true).unwrap();
    let settings = FineTuning {
        teacher: 0.5,
        sparse_activations: 0.0,
        sparse_kernels: 0.0,
        anneal: 2.0,
        anneal_epochs: 1,
        dense_gradient: false,
    };
    let skipping = Skipping { settings: &settings, teacher: &teacher, skips: &skips };
    let score = fit(&model, &images, &training(2), Some(skipping), &mut log).unwrap();
    assert!(score.accuracy_percent() > 75.0, "{score:?}");
    assert!(score.macs() < 0.15 * exact_macs(&network).unwrap() as f64, "{score:?}");
}

#[test]
fn another_order_of_channels_is_the_same_network_at_less_cost() {
    let network = network("lenet5_relu.json");
    let model = Model::random(&network, 3).unwrap();
    let layers = ["C3=1,0,running", "C5=2,3,running"];
    let skips = skips(&model.stages, &layers.map(|text| parse_setting(text).unwrap())).unwrap();
    let hardware = Hardware::calibrate(&model, skips).unwrap();
    let (images, _) = tensors(&drawn(40).train, &network).unwrap();
    let logits = |model: &Model| model.forward(&images, None).unwrap().logits;
    let before = logits(&model);
    for (name, before, after) in reorder(&model, &hardware).unwrap() {
        assert!(after < before, "{name}: {before} before, {after} after");
    }
    let difference = (before - logits(&model)).unwrap().abs().unwrap();
    let largest: f32 = difference.flatten_all().unwrap().max(0).unwrap().to_scalar().unwrap();
    assert!(largest < 1e-4, "outputs differ by {largest}");
}

#[test]
fn the_program_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_trainer"))
            .args(arguments)
            .args(["--vectors", vectors().to_str().unwrap()])
            .args(["--out", folder.path().to_str().unwrap()])
            .env("MNIST_DIR", folder.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let from = "lenet5_relu.json lenet5_relu.safetensors";
    for (command, expected) in [
        ("train lenet5_relu.json x".to_owned(), "--dataset digits"),
        ("train nothing.json x".to_owned(), "networks/nothing.json: No such file or directory"),
        ("train lenet5_relu.json x --dataset digits --limit 0".to_owned(), "--limit 1"),
        ("train lenet5_relu.json x --drawn 1000001".to_owned(), "at most 1000000"),
        (format!("finetune {from} x --layer C1"), "NAME=T,F,SCOPE"),
        (format!("finetune {from} x --layer C1=0,0,window"), "smallest threshold is 1"),
        (format!("evaluate {from} --dataset digits --layer F6=1,0,window"), "C1, C3, C5"),
    ] {
        let stderr = run(&command.split(' ').collect::<Vec<_>>());
        assert!(stderr.contains(expected), "{command}: {stderr}");
    }
}

const IMAGES: usize = 12;

/// The model of a point, and the arithmetic that it is trained in.
fn trained(point: &OperatingPoint) -> (Model, Hardware) {
    let network = Network::read(&vectors().join("networks").join(&point.network)).unwrap();
    let model = Model::read(&network, &vectors().join("weights").join(&point.weights)).unwrap();
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
            if stage.layer.weight_shape(stage.input).is_some() {
                let proof = proofs.next().unwrap();
                let scale = weight_scale(&model, layer, &hardware).unwrap();
                let found = (&stage.layer.name, scale);
                assert_eq!(found, (&proof.layer, proof.weight_shift), "{name}");
            }
        }
    }
}

#[test]
fn floats_stand_for_whole_numbers() {
    let images = digits::draw(7, digits::TEST, IMAGES);
    for name in ["lenet5_relu_t123", "lenet5_tanh_t123", "lenet5_relu_t113_f3"] {
        let path = vectors().join("operating_points").join(format!("{name}.json"));
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

#[test]
fn a_network_for_other_images_or_other_classes_is_refused() {
    let mut network = network("lenet5_relu.json");
    network.layers.last_mut().unwrap().kind = LayerKind::Dense { outputs: 9, activation: None };
    let error = Model::random(&network, 1).unwrap_err().to_string();
    assert_eq!(error, "the network ends with 9 outputs; it takes 10, one a digit");
    network.layers.remove(1);
    network.layers.truncate(1);
    network.layers[0].kind = LayerKind::Dense { outputs: 10, activation: None };
    // As many pixels, but in other rows.
    (network.input.height, network.input.width) = (14, 56);
    let error = Model::random(&network, 1).unwrap_err().to_string();
    assert_eq!(error, "the input is 1 channels of 14×56; images have 1 channel of 28×28");
}
