// SPDX-License-Identifier: MIT OR Apache-2.0
//! Training: it learns, it is deterministic, and what it writes can be read.

use std::path::{Path, PathBuf};
use std::process::Command;

use convapprox_trainer::evaluate::evaluate;
use convapprox_trainer::fit::{Settings, fit};
use convapprox_trainer::hardware::Hardware;
use convapprox_trainer::images::{Images, Source, tensors};
use convapprox_trainer::layer::Skip;
use convapprox_trainer::log::Log;
use convapprox_trainer::model::Model;
use convapprox_trainer::network::{Network, exact_macs};
use convapprox_trainer::point::{parse_setting, skip, skips};
use convapprox_trainer::record::write_weights;
use convapprox_trainer::reorder::reorder;
use study::experiment::lenet::OperatingPoint;

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testvectors")
}

fn network(name: &str) -> Network {
    Network::read(&vectors().join("networks").join(name)).unwrap()
}

fn digits(count: usize) -> Images {
    let mut images = Images::load(Source::Digits, 5, 0, Some(count)).unwrap();
    images.validation.truncate(300);
    images
}

fn settings(epochs: usize) -> Settings {
    Settings { seed: 5, epochs, batch: 32, average: 0.9, ..Settings::default() }
}

fn train(network: &Network, images: &Images, epochs: usize) -> (Model, f64) {
    let model = Model::random(network, 5).unwrap();
    let mut log = Log::new(None, true).unwrap();
    let score = fit(&model, None, None, images, &settings(epochs), &mut log).unwrap();
    (model, score.accuracy_percent())
}

#[test]
fn same_seed_same_bytes_and_it_learns() {
    let folder = tempfile::tempdir().unwrap();
    let (images, network) = (digits(1500), network("lenet5_relu.json"));
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
    let (images, network) = (digits(1500), network("lenet5_tanh.json"));
    let (model, _) = train(&network, &images, 2);
    let settings_of = ["C1=1,0,window", "C3=1,0,running", "C5=1,0,running"];
    let settings_of: Vec<(String, Skip)> =
        settings_of.iter().map(|text| parse_setting(text).unwrap()).collect();
    let skips = skips(&model.stages, &settings_of).unwrap();
    let teacher = model.copy().unwrap();
    let mut log = Log::new(None, true).unwrap();
    let settings = Settings { teacher: 0.5, anneal: 2.0, anneal_epochs: 1, ..settings(2) };
    let score = fit(&model, Some(&teacher), Some(&skips), &images, &settings, &mut log).unwrap();
    assert!(score.accuracy_percent() > 75.0, "{score:?}");
    assert!(score.macs() < 0.15 * exact_macs(&network).unwrap() as f64, "{score:?}");
}

#[test]
fn another_order_of_channels_is_the_same_network_at_less_cost() {
    let network = network("lenet5_relu.json");
    let model = Model::random(&network, 3).unwrap();
    let settings = ["C3=1,0,running", "C5=2,3,running"];
    let settings: Vec<_> = settings.iter().map(|text| parse_setting(text).unwrap()).collect();
    let skips = skips(&model.stages, &settings).unwrap();
    let hardware = Hardware::calibrate(&model, skips).unwrap();
    let (images, _) = tensors(&digits(40).train, &network).unwrap();
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
fn every_operating_point_has_its_files() {
    let Ok(points) = std::fs::read_dir(vectors().join("operating_points")) else { return };
    for path in points.map(|entry| entry.unwrap().path()) {
        let point = OperatingPoint::read(&path).unwrap();
        let network = network(&point.network);
        let weights = vectors().join("weights").join(&point.weights);
        let model = Model::read(&network, &weights).unwrap();
        let settings: Vec<_> =
            point.layers.iter().map(|(name, l)| (name.clone(), skip(l).unwrap())).collect();
        skips(&model.stages, &settings).unwrap();
    }
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
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let cases: [(&[&str], &str); 5] = [
        (&["train", "lenet5_relu.json", "x"], "--dataset digits"),
        (&["train", "nothing.json", "x"], "networks/nothing.json: No such file or directory"),
        (
            &["finetune", "lenet5_relu.json", "lenet5_relu.safetensors", "x", "--layer", "C1"],
            "NAME=T,F,SCOPE",
        ),
        (
            &[
                "finetune",
                "lenet5_relu.json",
                "lenet5_relu.safetensors",
                "x",
                "--layer",
                "C1=0,0,window",
            ],
            "smallest threshold is 1",
        ),
        (
            &[
                "evaluate",
                "lenet5_relu.json",
                "lenet5_relu.safetensors",
                "--dataset",
                "digits",
                "--layer",
                "F6=1,0,window",
            ],
            "C1, C3, C5",
        ),
    ];
    for (arguments, expected) in cases {
        let said = run(arguments);
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}
