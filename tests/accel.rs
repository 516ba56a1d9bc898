//! Inferences as programs on the core: every output of every layer is the golden model's, with any
//! network that fits; and what the unit saves.

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::{output, text};
use convapprox::experiment::accel::{
    Blob, BlobError, Build, Core, CoreEngine, CoreOptions, Difference,
    LENET_ACCEL_REDUCTION_PERCENT, Program, Ran, Record, compare, network, network_names, programs,
};
use model::conv::{Mode, SmaxScope};
use model::nn::{
    Configuration, GoldenConvolver, Inference, IntegerNetwork, LayerKind, Network, Tensor, Weights,
    infer, input_planes,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use study::data::{Image, digits};

fn digits(count: usize) -> Vec<Image> {
    digits::draw(3, digits::TEST, count)
}

fn golden(network: &IntegerNetwork, configuration: &Configuration, image: &Image) -> Inference {
    let planes = input_planes(network, &image.pixels);
    let mut convolver = GoldenConvolver::new(network, configuration);
    let Ok(mut inferences) = infer(network, &[planes], &mut convolver);
    inferences.remove(0)
}

/// Runs a program and compares everything that it leaves; its counters, layer by layer.
#[track_caller]
fn agrees(
    core: &mut Core,
    network: &IntegerNetwork,
    program: &Program,
    image: &Image,
) -> Vec<Record> {
    let blob = Blob::new(network, &program.configuration).unwrap();
    let ran = core.infer(program.build, &blob, &image.pixels).unwrap();
    assert!(matches!(ran, Ran::Finished(_)), "{ran:?}");
    let counts = core.counts(&blob);
    let golden = golden(network, &program.configuration, image);
    let difference = compare(core, program.build, &blob, &golden, &counts);
    let name = format!("{:?}, {}", program.build, program.configuration.name);
    assert_eq!(difference, None, "{}, {name}", network.network.name);
    counts
}

/// A network with random weights.
fn random_network(json: &str, seed: u64) -> IntegerNetwork {
    let network: Network = serde_json::from_str(json).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut tensors = BTreeMap::new();
    for (layer, input) in network.layers.iter().zip(network.shapes().unwrap()) {
        let shape = match layer.kind {
            LayerKind::Convolution { outputs, side, .. } => {
                vec![outputs, input.channels, side, side]
            }
            LayerKind::Dense { outputs, .. } => vec![outputs, input.len()],
            LayerKind::AveragePool { .. } => continue,
        };
        let mut tensor = |shape: Vec<usize>, reach: f32| {
            let data = (0..shape.iter().product()).map(|_| rng.random_range(-reach..1.3 * reach));
            Tensor { data: data.collect(), shape }
        };
        let fan_in: usize = shape[1..].iter().product();
        let (bias, name) = (tensor(vec![shape[0]], 0.2), layer.name.to_lowercase());
        tensors.insert(format!("{name}.bias"), bias);
        tensors.insert(format!("{name}.weight"), tensor(shape, (fan_in as f32).sqrt().recip()));
    }
    IntegerNetwork::new(&network, &Weights::new(tensors), study::data::digits::calibration())
        .unwrap()
}

/// Maps with a row and a column left over, blocks that fill the slots and such that do not, every kernel
/// side, pools of 2 and of 4, a layer of one window that is not the last, dense inputs that do not fill the
/// windows.
const ODD_RELU: &str = r#"{
  "name": "odd-relu", "input": { "channels": 1, "height": 28, "width": 28, "padding": 1 }, "activation_bits": 12,
  "layers": [
    { "name": "a", "kind": "convolution", "outputs": 6, "side": 4, "activation": "relu" },
    { "name": "b", "kind": "convolution", "outputs": 16, "side": 3, "activation": "relu" },
    { "name": "c", "kind": "convolution", "outputs": 6, "side": 5, "activation": "relu" },
    { "name": "d", "kind": "convolution", "outputs": 19, "side": 2, "activation": "relu" },
    { "name": "p", "kind": "average-pool", "side": 4 },
    { "name": "e", "kind": "convolution", "outputs": 23, "side": 5, "activation": "relu" },
    { "name": "f", "kind": "convolution", "outputs": 21, "side": 1, "activation": "relu" },
    { "name": "g", "kind": "dense", "outputs": 26, "activation": "relu" },
    { "name": "h", "kind": "dense", "outputs": 3 }
  ]
}"#;

const ODD_TANH: &str = r#"{
  "name": "odd-tanh", "input": { "channels": 1, "height": 28, "width": 28 }, "activation_bits": 10,
  "layers": [
    { "name": "a", "kind": "convolution", "outputs": 3, "side": 3, "activation": "tanh" },
    { "name": "p", "kind": "average-pool", "side": 2 },
    { "name": "b", "kind": "convolution", "outputs": 17, "side": 3, "activation": "tanh" },
    { "name": "c", "kind": "convolution", "outputs": 4, "side": 2, "activation": "tanh" },
    { "name": "q", "kind": "average-pool", "side": 2 },
    { "name": "d", "kind": "convolution", "outputs": 4, "side": 5 }
  ]
}"#;

#[test]
fn any_network_gives_the_golden_outputs_on_the_reference_model() {
    let mut core = Core::new(CoreOptions::new(CoreEngine::Hart));
    for (json, seed) in [(ODD_RELU, 5), (ODD_TANH, 6)] {
        let network = random_network(json, seed);
        let layers = network.convolutions().count();
        for scope in SmaxScope::ALL {
            for program in programs(&[0.02, 0.3], scope, layers).unwrap() {
                for image in digits(2) {
                    agrees(&mut core, &network, &program, &image);
                }
            }
        }
    }
}

#[test]
fn the_shipped_networks_give_the_golden_scores_on_the_reference_model() {
    let mut core = Core::new(CoreOptions::new(CoreEngine::Hart));
    for name in network_names() {
        let network = network(name).unwrap().integer;
        let layers = network.convolutions().count();
        for program in programs(&[0.01, 0.5], SmaxScope::Window, layers).unwrap() {
            for image in digits(3) {
                let counts = agrees(&mut core, &network, &program, &image);
                let multiplied: u32 = counts.iter().map(|it| it.unit[1]).sum();
                assert_eq!(multiplied > 0, program.build == Build::Unit, "{program:?}");
            }
        }
    }
}

/// What LeNet-Accel's own instructions save, this unit saves on the same core; and in which layers.
#[test]
fn the_unit_saves_more_of_the_latency_than_lenet_accels_instructions() {
    let mut core = Core::new(CoreOptions { seed: 7, ..CoreOptions::new(CoreEngine::Soc) });
    let image = &digits(1)[0];
    for name in ["lenet-accel", "lenet5-relu"] {
        let network = network(name).unwrap().integer;
        let layers = network.convolutions().count();
        let mut cycles = Vec::new();
        for program in programs(&[0.01], SmaxScope::Window, layers).unwrap() {
            let counts = agrees(&mut core, &network, &program, image);
            // Clocks are counted, and all of them: an instruction takes one at least.
            assert!(counts.iter().all(|it| it.cycles >= it.instructions), "{counts:?}");
            cycles.push(counts.iter().map(|it| u64::from(it.cycles)).sum::<u64>());
        }
        let [software, exact, approximate] = cycles[..] else { panic!("{cycles:?}") };
        let reduction = |cycles: u64| 100.0 * (1.0 - cycles as f64 / software as f64);
        println!(
            "{name}: {software} cycles, {:.2} %, {:.2} %",
            reduction(exact),
            reduction(approximate)
        );
        assert!(reduction(exact) >= LENET_ACCEL_REDUCTION_PERCENT, "{name}: {cycles:?}");
        assert!(reduction(approximate) >= LENET_ACCEL_REDUCTION_PERCENT, "{name}: {cycles:?}");
        assert!(approximate <= exact, "{name}: {cycles:?}");
    }
}

#[test]
fn every_instruction_of_an_inference_is_that_of_the_reference_model() {
    let options = CoreOptions { lockstep: true, ..CoreOptions::new(CoreEngine::Soc) };
    let mut core = Core::new(options);
    let network = network("lenet5-tanh").unwrap().integer;
    let configuration =
        Configuration::tau(0.01, 0, SmaxScope::Window, network.convolutions().count()).unwrap();
    let blob = Blob::new(&network, &configuration).unwrap();
    let ran = core.infer(Build::Unit, &blob, &digits(1)[0].pixels).unwrap();
    let counted: u32 = core.counts(&blob).iter().map(|it| it.instructions).sum();
    // The start and the records are not counted by the program.
    let Ran::Finished(compared) = ran else { panic!("{ran:?}") };
    let counted = u64::from(counted);
    assert!(compared > counted && compared < counted + 3_000, "{compared}, {counted}");
}

#[test]
fn a_wrong_weight_is_found_in_its_layer_and_channel() {
    let mut core = Core::new(CoreOptions::new(CoreEngine::Hart));
    let network = network("lenet-accel").unwrap().integer;
    let layers = network.convolutions().count();
    let configuration = Configuration::plain(Mode::Exact, 0, layers).unwrap();
    let golden = golden(&network, &configuration, &digits(1)[0]);
    let mut blob = Blob::new(&network, &configuration).unwrap();
    // The third word of the kernel of output channel 5 and input channel 1 in C3.
    let c3 = network.convolutions().nth(1).unwrap();
    let weights = c3.filters.iter().flatten().flat_map(|kernel| kernel.weights());
    let weights: Vec<u32> = weights.map(|weight| *weight as u32).collect();
    let at = blob.words.windows(weights.len()).position(|words| words == weights).unwrap();
    blob.words[at + (5 * 6 + 1) * 16 + 2] ^= 0x400;
    for build in [Build::Software, Build::Unit] {
        let ran = core.infer(build, &blob, &digits(1)[0].pixels).unwrap();
        assert_eq!(ran, Ran::Finished(0));
        let counts = core.counts(&blob);
        match compare(&core, build, &blob, &golden, &counts) {
            Some(Difference::Output { stage, channel, .. }) => {
                assert_eq!((stage.as_str(), channel), ("C3+S4", 5));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_the_core_cannot_run_is_refused_in_words() {
    let network = network("lenet5-relu").unwrap().integer;
    let refused = |configuration: &Configuration, words: &str| {
        let error = Blob::new(&network, configuration).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    };
    refused(&Configuration::plain(Mode::ZeroSkip, 0, 3).unwrap(), "layer C1: the programs run");
    refused(&Configuration::tau(0.1, 3, SmaxScope::Window, 3).unwrap(), "F = 0");
    let exact = |layers: usize| Configuration::plain(Mode::Exact, 0, layers).unwrap();
    let json = |side: usize, outputs: usize| {
        format!(
            r#"{{ "name": "n", "input": {{ "channels": 1, "height": 28, "width": 28 }}, "activation_bits": 12,
                "layers": [{{ "name": "a", "kind": "convolution", "outputs": {outputs}, "side": {side} }}] }}"#
        )
    };
    let error = Blob::new(&random_network(&json(6, 1), 1), &exact(1)).unwrap_err();
    assert!(matches!(error, BlobError::Side { side: 6, .. }), "{error}");
    let error = Blob::new(&random_network(&json(2, 300), 1), &exact(1)).unwrap_err();
    assert!(matches!(error, BlobError::Size { .. }), "{error}");
}

fn csv_rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

#[test]
fn the_command_writes_its_tables_and_tells_what_it_compared() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let common = ["accel", "--dataset", "digits", "--quiet", "--network", "lenet-accel"];
        let found = output(folder.path(), &[&common[..], arguments].concat());
        (found.status, text(&found.stdout), text(&found.stderr))
    };
    let (status, stdout, stderr) =
        run(&["--engine", "soc", "--images", "2", "--score-images", "5", "--tau", "0.01,0.5"]);
    assert!(status.success(), "{stdout}\n{stderr}");
    assert!(stdout.ends_with("8 inferences compared, 0 mismatches\n"), "{stdout}");
    let out = folder.path().join("reports/runs/accel");
    assert_eq!(csv_rows(&out.join("scores.csv")).len(), 20);
    let errors = csv_rows(&out.join("score_errors.csv"));
    assert_eq!(errors.len(), 2);
    assert!(errors.iter().all(|row| row["images"] == "5" && row["scores"] == "50"), "{errors:?}");

    // The parts of a layer are all of its cycles, and the layers are all of the inference.
    let cycles = csv_rows(&out.join("accel_cycles.csv"));
    let time = csv_rows(&out.join("accel_time.csv"));
    let number = |row: &BTreeMap<String, String>| row["cycles_average"].parse::<f64>().unwrap();
    assert_eq!(cycles.len(), 4 * 7);
    for row in &cycles {
        let same = |other: &&BTreeMap<String, String>| {
            ["build", "configuration", "layer"].iter().all(|column| row[*column] == other[*column])
        };
        let parts: Vec<f64> = time.iter().filter(same).map(number).collect();
        assert_eq!(parts.len(), 7, "{row:?}");
        assert!((parts.iter().sum::<f64>() - number(row)).abs() < 0.01, "{row:?} {parts:?}");
        assert!(parts.iter().all(|&part| part >= 0.0), "{row:?} {parts:?}");
    }
    let all = cycles.iter().filter(|row| row["layer"] == "all" && row["build"] == "unit");
    for row in all {
        assert_eq!(row["lenet_accel_reduction_percent"], "76.6000");
        assert!(row["reduction_percent"].parse::<f64>().unwrap() >= 76.6, "{row:?}");
    }

    let (status, stdout, _) =
        run(&["--engine", "golden", "--score-images", "3", "--out", "golden"]);
    assert!(
        status.success() && stdout.ends_with("0 inferences compared, 0 mismatches\n"),
        "{stdout}"
    );
    assert!(!folder.path().join("golden/accel_cycles.csv").exists());
}
