// SPDX-License-Identifier: MIT OR Apache-2.0
//! Inferences as programs on the core: every output of every layer is the golden model's, with any
//! network that fits; and what the unit saves.

mod common;

use std::collections::{BTreeMap, HashMap};

use common::{rows, succeeds};
use convapprox::bench::inference::{Core, CoreSettings};
use convapprox::hw::{SOC, SOC_16, SOC_FLOAT, SocParameters};
use model::conv::{Mode, Number, SmaxScope};
use model::engine::{Detail, Engine, EngineError, EngineFactory, Findings, Place, StageRecord};
use model::nn::{
    Configuration, LayerKind, MachineNetwork, Network, NetworkRun, Tensor, Weights, input_planes,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use study::data::{Image, digits};
use study::experiment::accel::{LENET_ACCEL_REDUCTION_PERCENT, NETWORKS, network};

fn digits(count: usize) -> Vec<Image> {
    digits::draw(3, digits::TEST, count)
}

fn shipped(name: &str) -> MachineNetwork {
    network(name).unwrap().integer
}

fn builds(core: Core) -> [CoreSettings; 2] {
    [CoreSettings::software(core, Number::Integer), CoreSettings::unit(core, SOC)]
}

/// Every configuration that a build is run in: exact, and on the unit the tolerances.
fn configurations(
    build: &CoreSettings,
    taus: &[f64],
    scope: SmaxScope,
    network: &MachineNetwork,
) -> Vec<Configuration> {
    let layers = network.convolutions().count();
    let mut all = vec![Configuration::plain(Mode::Exact, 0, layers).unwrap()];
    let taus = if build.on_unit { taus } else { &[] };
    all.extend(taus.iter().map(|&tau| Configuration::tau(tau, 0, scope, layers).unwrap()));
    all
}

fn infer(
    engine: &mut dyn Engine,
    network: &MachineNetwork,
    configuration: &Configuration,
    image: &Image,
) -> Result<(NetworkRun, Findings), EngineError> {
    let planes = [input_planes(network, &image.pixels)];
    let run = engine.infer(&Place::default(), network, configuration, &planes, Detail::Sums)?;
    Ok((run, engine.take_findings()?))
}

/// Runs a program, which compares everything that it leaves; its counters, stage by stage.
#[track_caller]
fn agrees(
    engine: &mut dyn Engine,
    network: &MachineNetwork,
    configuration: &Configuration,
    image: &Image,
) -> Vec<StageRecord> {
    let (mut run, findings) = infer(engine, network, configuration, image).unwrap();
    let name = &configuration.name;
    assert_eq!(findings.compared, 1);
    assert_eq!(findings.mismatches, 0, "{}, {name}: {findings:?}", network.network.name);
    run.stages.remove(0)
}

/// A network that ships, quantised for operands of so many bits.
fn narrow(name: &str, operand_w: u32) -> MachineNetwork {
    network(name).unwrap().with_operands(operand_w).unwrap().integer
}

/// A network with random weights.
fn random_network(json: &str, seed: u64) -> MachineNetwork {
    random_network_for(json, seed, u32::BITS)
}

/// The same, quantised for operands of so many bits.
fn random_network_for(json: &str, seed: u64, operand_w: u32) -> MachineNetwork {
    let (network, weights) = random_weights(json, seed);
    let calibration = study::data::digits::calibration();
    MachineNetwork::with_operands(&network, &weights, calibration, operand_w).unwrap()
}

/// The same in floats.
fn random_float_network(json: &str, seed: u64) -> MachineNetwork {
    let (network, weights) = random_weights(json, seed);
    MachineNetwork::float(&network, &weights, Number::Float32).unwrap()
}

fn random_weights(json: &str, seed: u64) -> (Network, Weights) {
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
    (network, Weights::new(tensors))
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
    for build in builds(Core::Hart) {
        let mut engine = build.open().unwrap();
        for (json, seed) in [(ODD_RELU, 5), (ODD_TANH, 6)] {
            let network = random_network(json, seed);
            for scope in SmaxScope::ALL {
                for configuration in configurations(&build, &[0.02, 0.3], scope, &network) {
                    for image in digits(2) {
                        agrees(&mut *engine, &network, &configuration, &image);
                    }
                }
            }
        }
    }
}

#[test]
fn the_shipped_networks_give_the_golden_scores_on_the_reference_model() {
    for build in builds(Core::Hart) {
        let mut engine = build.open().unwrap();
        for name in NETWORKS {
            let network = shipped(name);
            for configuration in configurations(&build, &[0.01, 0.5], SmaxScope::Window, &network) {
                for image in digits(3) {
                    let stages = agrees(&mut *engine, &network, &configuration, &image);
                    let multiplied: u32 = stages.iter().map(|it| it.counts.unit[1]).sum();
                    assert_eq!(multiplied > 0, build.on_unit, "{build:?}");
                }
            }
        }
    }
}

/// What LeNet-Accel's own instructions save, this unit saves on the same core.
#[test]
fn the_unit_saves_more_of_the_latency_than_lenet_accels_instructions() {
    let image = &digits(1)[0];
    for name in ["lenet-accel", "lenet5-relu"] {
        let network = shipped(name);
        let mut cycles = Vec::new();
        for build in builds(Core::Soc) {
            let mut engine = CoreSettings { seed: 7, ..build.clone() }.open().unwrap();
            for configuration in configurations(&build, &[0.01], SmaxScope::Window, &network) {
                let stages = agrees(&mut *engine, &network, &configuration, image);
                let counts = || stages.iter().map(|it| &it.counts);
                // Clocks are counted, and all of them: an instruction takes one at least.
                assert!(counts().all(|it| it.cycles >= it.instructions), "{stages:?}");
                cycles.push(counts().map(|it| u64::from(it.cycles)).sum::<u64>());
            }
        }
        let [software, exact, approximate] = cycles[..] else { panic!("{cycles:?}") };
        let reduction = |cycles: u64| 100.0 * (1.0 - cycles as f64 / software as f64);
        assert!(reduction(exact) >= LENET_ACCEL_REDUCTION_PERCENT, "{name}: {cycles:?}");
        assert!(approximate <= exact, "{name}: {cycles:?}");
    }
}

#[test]
fn every_instruction_of_an_inference_is_that_of_the_reference_model() {
    let settings = CoreSettings { lockstep: true, ..CoreSettings::unit(Core::Soc, SOC) };
    let network = shipped("lenet5-tanh");
    let layers = network.convolutions().count();
    let configuration = Configuration::tau(0.01, 0, SmaxScope::Window, layers).unwrap();
    let mut engine = settings.open().unwrap();
    let (run, findings) = infer(&mut *engine, &network, &configuration, &digits(1)[0]).unwrap();
    assert_eq!(findings.mismatches, 0, "{findings:?}");
    let counted: u64 = run.stages[0].iter().map(|it| u64::from(it.counts.instructions)).sum();
    // The start and the records are not counted by the program.
    let compared = findings.instructions;
    assert!(compared > counted && compared < counted + 3_000, "{compared}, {counted}");
}

/// Packed operands of 16 and 8 bits: the programs of their own agree on the reference model, with maps
/// that have a row and a column left over too, and one on the RTL in lockstep. Of 16 bits the scores are
/// those of 32.
#[test]
fn programs_for_narrow_operands_agree_too() {
    let image = &digits(1)[0];
    for soc in [SocParameters { operand_w: 8, ..SOC }, SOC_16] {
        let odd = random_network_for(ODD_RELU, 5, soc.operand_w);
        let shipped = NETWORKS.map(|name| narrow(name, soc.operand_w));
        for network in shipped.iter().chain([&odd]) {
            for build in [
                CoreSettings::software(Core::Hart, Number::Integer),
                CoreSettings::unit(Core::Hart, soc),
            ] {
                let mut engine = build.open().unwrap();
                for scope in SmaxScope::ALL {
                    for configuration in configurations(&build, &[0.05], scope, network) {
                        let stages = agrees(&mut *engine, network, &configuration, image);
                        let multiplied: u32 = stages.iter().map(|it| it.counts.unit[1]).sum();
                        assert_eq!(multiplied > 0, build.on_unit, "{build:?}");
                    }
                }
            }
        }
    }
    let exact = Configuration::plain(Mode::Exact, 0, 3).unwrap();
    let run = |settings: &CoreSettings, network: &MachineNetwork| {
        let mut engine = settings.open().unwrap();
        let (run, findings) = infer(&mut *engine, network, &exact, image).unwrap();
        assert_eq!((findings.compared, findings.mismatches), (1, 0), "{findings:?}");
        let cycles: u64 = run.stages[0].iter().map(|it| u64::from(it.counts.cycles)).sum();
        (run.inferences[0].scores.clone(), cycles)
    };
    let name = "lenet5-relu";
    let narrow_unit = CoreSettings { lockstep: true, ..CoreSettings::unit(Core::Soc, SOC_16) };
    let (scores, cycles) = run(&narrow_unit, &narrow(name, 16));
    let (wide_scores, wide_cycles) = run(&CoreSettings::unit(Core::Soc, SOC), &shipped(name));
    assert_eq!(scores, wide_scores);
    assert!(cycles < wide_cycles, "{cycles}, {wide_cycles}");

    let mut engine = CoreSettings::unit(Core::Hart, SOC_16).open().unwrap();
    let error = infer(&mut *engine, &shipped(name), &exact, image).unwrap_err().to_string();
    assert!(error.contains("quantised for operands of 32 bits"), "{error}");
}

/// In floats, by the core's FPU and on a unit with floats: any network on the reference model, and one on
/// the RTL in lockstep, where the unit takes less time.
#[test]
fn programs_in_floats_agree_too() {
    let image = &digits(1)[0];
    let float = |name: &str| network(name).unwrap().in_numbers(Number::Float32).unwrap().integer;
    let odd = [(ODD_RELU, 5), (ODD_TANH, 6)].map(|(json, seed)| random_float_network(json, seed));
    let shipped_networks = NETWORKS.map(float);
    let builds =
        |core| [CoreSettings::software(core, Number::Float32), CoreSettings::unit(core, SOC_FLOAT)];
    for build in builds(Core::Hart) {
        let mut engine = build.open().unwrap();
        for network in shipped_networks.iter().chain(&odd) {
            for scope in SmaxScope::ALL {
                for configuration in configurations(&build, &[0.05, 0.3], scope, network) {
                    let stages = agrees(&mut *engine, network, &configuration, image);
                    let multiplied: u32 = stages.iter().map(|it| it.counts.unit[1]).sum();
                    assert_eq!(multiplied > 0, build.on_unit, "{build:?}");
                }
            }
        }
    }
    let mut cycles = Vec::new();
    for build in builds(Core::Soc) {
        let mut engine = CoreSettings { lockstep: true, ..build.clone() }.open().unwrap();
        let network = float("lenet5-relu");
        for configuration in configurations(&build, &[0.05], SmaxScope::Window, &network) {
            let stages = agrees(&mut *engine, &network, &configuration, image);
            cycles.push(stages.iter().map(|it| u64::from(it.counts.cycles)).sum::<u64>());
        }
    }
    let [software, exact, approximate] = cycles[..] else { panic!("{cycles:?}") };
    assert!(approximate < exact && exact < software, "{cycles:?}");

    let refused = |settings: CoreSettings, network: &MachineNetwork, words: &str| {
        let exact = Configuration::plain(Mode::Exact, 0, 3).unwrap();
        let error = infer(&mut *settings.open().unwrap(), network, &exact, image).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    };
    let name = "lenet5-relu";
    let without = SocParameters { float: false, ..SOC_FLOAT };
    refused(CoreSettings::unit(Core::Hart, without), &float(name), "needs a core with RV32F");
    refused(CoreSettings::unit(Core::Hart, SOC_FLOAT), &shipped(name), "in integer words");
    let bfloat16 = network(name).unwrap().in_numbers(Number::Bfloat16).unwrap().integer;
    refused(CoreSettings::unit(Core::Hart, SOC_FLOAT), &bfloat16, "not in bfloat16");
}

/// By log planes: the program of its own agrees on the reference model, and on the RTL in lockstep, where
/// it reads fewer words.
#[test]
fn the_program_with_log_planes_agrees_too() {
    let image = &digits(1)[0];
    let soc = SocParameters { planes: 1, ..SOC };
    let odd = random_network(ODD_RELU, 5);
    let shipped_networks = NETWORKS.map(shipped);
    let mut engine = CoreSettings::unit(Core::Hart, soc).open().unwrap();
    for network in shipped_networks.iter().chain([&odd]) {
        for scope in SmaxScope::ALL {
            let settings = CoreSettings::unit(Core::Hart, soc);
            for configuration in configurations(&settings, &[0.05], scope, network) {
                agrees(&mut *engine, network, &configuration, image);
            }
        }
    }
    let network = shipped("lenet5-relu");
    let layers = network.convolutions().count();
    let configuration = Configuration::tau(0.25, 0, SmaxScope::Window, layers).unwrap();
    let words = [SOC, soc].map(|soc| {
        let settings = CoreSettings { lockstep: true, ..CoreSettings::unit(Core::Soc, soc) };
        let mut engine = settings.open().unwrap();
        let stages = agrees(&mut *engine, &network, &configuration, image);
        stages.iter().map(|it| u64::from(it.counts.unit[3])).sum::<u64>()
    });
    assert!(words[1] < words[0], "{words:?}");
}

#[test]
fn what_the_core_cannot_run_is_refused_in_words() {
    let refused = |network: &MachineNetwork, configuration: &Configuration, words: &str| {
        let mut engine = CoreSettings::unit(Core::Hart, SOC).open().unwrap();
        let error = infer(&mut *engine, network, configuration, &digits(1)[0]).unwrap_err();
        assert!(matches!(error, EngineError::Unsupported { .. }), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
    };
    let network = shipped("lenet5-relu");
    let exact = |layers: usize| Configuration::plain(Mode::Exact, 0, layers).unwrap();
    let zero_skip = Configuration::plain(Mode::ZeroSkip, 0, 3).unwrap();
    refused(&network, &zero_skip, "layer C1: the programs run");
    refused(&network, &Configuration::tau(0.1, 3, SmaxScope::Window, 3).unwrap(), "F = 0");
    let json = |side: usize, outputs: usize| {
        format!(
            r#"{{ "name": "n", "input": {{ "channels": 1, "height": 28, "width": 28 }}, "activation_bits": 12,
                "layers": [{{ "name": "a", "kind": "convolution", "outputs": {outputs}, "side": {side} }}] }}"#
        )
    };
    refused(&random_network(&json(6, 1), 1), &exact(1), "6×6");
    refused(&random_network(&json(2, 300), 1), &exact(1), "room for");
}

#[test]
fn the_command_writes_its_tables_and_tells_what_it_compared() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &str| {
        let line = format!("accel --dataset digits --quiet --network lenet-accel {arguments}");
        succeeds(folder.path(), &line)
    };
    let printed = run("--engine soc --images 2 --score-images 5 --tau 0.01,0.5");
    assert!(printed.ends_with("8 inferences compared, 0 mismatches\n"), "{printed}");
    let table = |name: &str| rows(&folder.path().join("reports/runs/accel").join(name));
    assert_eq!(table("scores.csv").len(), 20);
    let errors = table("score_errors.csv");
    assert_eq!(errors.len(), 2);
    assert!(errors.iter().all(|row| row["images"] == "5" && row["scores"] == "50"), "{errors:?}");

    // The parts of a layer are all of its cycles, and the layers are all of the inference.
    let (cycles, time) = (table("accel_cycles.csv"), table("accel_time.csv"));
    let number = |row: &HashMap<String, String>| row["cycles_average"].parse::<f64>().unwrap();
    assert_eq!(cycles.len(), 4 * 7);
    for row in &cycles {
        let same = |other: &&HashMap<String, String>| {
            ["build", "configuration", "layer"].iter().all(|column| row[*column] == other[*column])
        };
        let parts: Vec<f64> = time.iter().filter(same).map(number).collect();
        assert_eq!(parts.len(), 7, "{row:?}");
        assert!((parts.iter().sum::<f64>() - number(row)).abs() < 0.01, "{row:?} {parts:?}");
        assert!(parts.iter().all(|&part| part >= 0.0), "{row:?} {parts:?}");
    }
    for row in cycles.iter().filter(|row| row["level"] == "network" && row["build"] == "unit") {
        assert_eq!(row["lenet_accel_reduction_percent"], "76.6000");
        assert!(row["reduction_percent"].parse::<f64>().unwrap() >= 76.6, "{row:?}");
    }

    run("--engine golden --score-images 3 --out golden");
    assert!(!folder.path().join("golden/accel_cycles.csv").exists());
}
