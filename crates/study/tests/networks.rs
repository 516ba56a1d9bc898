// SPDX-License-Identifier: MIT OR Apache-2.0
//! Networks of one's own through the whole of an experiment: their names, their numbers, their
//! figures, and nothing of the paper's.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use model::conv::{Number, SmaxScope};
use model::engine::{EngineFactory, Golden};
use model::nn::{Activation, FloatNetwork, MachineNetwork, Network, Tensor, Weights};
use study::data::{Dataset, Source, Split, digits};
use study::experiment::lenet::{self, Cell, Grid, Variant, table_cells};
use study::experiment::numbers;
use study::experiment::windows::{self, built_in, from_file};
use study::results::{Earlier, ProgramFacts};
use study::run::{Progress, Run};
use study::{Error, tables};

struct Quiet;

impl Progress for Quiet {
    fn start(&self, _: usize, _: usize) {}
    fn step(&self) {}
    fn notice(&self, _: &str) {}
}

/// An experiment on two drawn digits.
fn run<T>(out: &Path, experiment: impl FnOnce(&Run<'_>) -> Result<T, Error>) -> Result<(), Error> {
    let dataset = Dataset {
        source: Source::Digits { seed: 1 },
        train: digits::draw(1, 0, 24),
        test: digits::draw(1, digits::TEST, 2),
        notice: None,
    };
    let engines: [&dyn EngineFactory; 1] = [&Golden::default()];
    let run = Run {
        command: "test",
        dataset: &dataset,
        split: Split::Test,
        images: 2,
        seed: 1,
        jobs: 1,
        out: out.to_owned(),
        earlier: Earlier::Keep,
        max_mismatches: 1,
        engines: &engines,
        program: &ProgramFacts::default(),
        stop: &AtomicBool::new(false),
        progress: &Quiet,
    };
    experiment(&run).map(|_| ())
}

/// A layer called `all`, both activations, and more classes than digits.
const NETWORK: &str = r#"{
    "name": "mine", "activation_bits": 10,
    "input": { "channels": 1, "height": 28, "width": 28 },
    "layers": [
        { "name": "all", "kind": "convolution", "outputs": 2, "side": 5, "activation": "tanh" },
        { "name": "P", "kind": "average-pool", "side": 4 },
        { "name": "B", "kind": "convolution", "outputs": 3, "side": 3, "activation": "relu" },
        { "name": "out", "kind": "dense", "outputs": 12, "activation": null }
    ]
}"#;

/// Weights that are all `scale` times something; the last class always has the highest score
/// where they are not all 0.
fn variant(scale: f32) -> Variant {
    let network: Network = serde_json::from_str(NETWORK).unwrap();
    let tensor = |shape: &[usize]| {
        let count = shape.iter().product::<usize>();
        let value = |index: usize| scale * ((index * 37 % 19) as f32 / 19.0 - 0.4);
        Tensor { shape: shape.to_vec(), data: (0..count).map(value).collect() }
    };
    let mut tensors = BTreeMap::new();
    for (name, shape) in [("all", vec![2, 1, 5, 5]), ("b", vec![3, 2, 3, 3]), ("out", vec![12, 48])]
    {
        tensors.insert(format!("{name}.bias"), tensor(&shape[..1]));
        tensors.insert(format!("{name}.weight"), tensor(&shape));
    }
    tensors.get_mut("out.bias").unwrap().data[11] = 100.0 * scale;
    let weights = Weights::new(tensors);
    Variant {
        network_name: "mine".to_owned(),
        weights_name: "mine".to_owned(),
        float: FloatNetwork::new(&network, &weights).unwrap(),
        integer: MachineNetwork::new(&network, &weights, digits::calibration()).unwrap(),
        wide: None,
        network,
        weights,
    }
}

fn grid(variants: Vec<Variant>, cells: Vec<Cell>) -> Grid {
    Grid { variants, cells, analysis: true, peers: true, splits: true }
}

fn cells(taus: &[f64]) -> Vec<Cell> {
    table_cells(0, 2, taus, 0, SmaxScope::Window).unwrap()
}

#[test]
fn every_table_of_any_network_has_a_header_and_finite_numbers_and_nothing_of_the_paper() {
    for (scale, class) in [(1.0, "11"), (0.0, "0")] {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), |run| {
            let mut cells = cells(&[0.2, 0.5]);
            let point = Cell { technique: Some("layer-thresholds".to_owned()), ..cells[2].clone() };
            cells.push(point);
            cells[4].configuration.name = "mine_point".to_owned();
            lenet::run(run, &grid(vec![variant(scale)], cells))
        })
        .unwrap();
        let mut seen = 0;
        for entry in fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let Some(table) = tables::find(&path) else { continue };
            let mut reader = csv::Reader::from_path(&path).unwrap();
            let header: Vec<String> = reader.headers().unwrap().iter().map(String::from).collect();
            let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
            assert_eq!(table.check(&path).unwrap(), rows.len(), "{}", table.file);
            for (column, field) in rows.iter().flat_map(|row| header.iter().zip(row)) {
                let number = field.parse::<f64>();
                assert!(number.is_err() || number.unwrap().is_finite(), "{column} is {field}");
                let paper = column.starts_with("paper_") || column.contains("above_paper");
                assert!(!paper || field.is_empty(), "{column} is {field}");
                assert!(column != "network" || field == "mine", "{column} is {field}");
            }
            seen += 1;
        }
        assert_eq!(seen, 16, "tables");
        let lenet = fs::read_to_string(folder.path().join("lenet.csv")).unwrap();
        // Two channels of 24 × 24 windows, then three of two of 4 × 4.
        assert!(lenet.contains(",exact,,,window,layer,all,1152,1152,28800.0000,"), "{lenet}");
        assert!(lenet.contains(",exact,,,window,network,,1248,1200,29664.0000,"), "{lenet}");
        let confusion = fs::read_to_string(folder.path().join("confusion.csv")).unwrap();
        let given = confusion.lines().skip(1).filter(|it| !it.ends_with(",0"));
        assert!(given.clone().count() > 0);
        for line in given {
            assert_eq!(line.split(',').nth(4), Some(class), "{line}");
        }
        for figure in tables::plot(folder.path()).unwrap().figures {
            let own = !figure.svg().contains("LeNet") && !figure.svg().contains("the paper");
            assert!(own, "{}: {}", figure.name, figure.svg());
        }
        // One product left in each of 1,248 windows, and in each of 1,200 outputs.
        let figures = tables::plot(folder.path()).unwrap().figures;
        let accuracy = figures.iter().find(|it| it.name == "accuracy_mine").unwrap();
        for limit in ["95.8 %", "96.0 %"] {
            assert!(accuracy.svg().contains(limit), "{limit}");
        }
    }
}

/// Floats have the table alone, under a name of their own, and nothing that is said of integers.
#[test]
fn a_network_in_floats_has_the_table_alone() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let float = || vec![variant(1.0).in_numbers(Number::Bfloat16).unwrap()];
    let mut cells = cells(&[0.2]);
    for semantics in cells.iter_mut().flat_map(|it| &mut it.configuration.layers) {
        *semantics = semantics.of(Number::Bfloat16).unwrap();
    }
    let refused = run(&out, |run| lenet::run(run, &grid(float(), cells.clone())));
    let error = refused.unwrap_err().to_string();
    assert!(error.starts_with("mine_bfloat16 is in bfloat16 words; errors, bounds"), "{error}");
    run(&out, |run| {
        let table = Grid { analysis: false, peers: false, ..grid(float(), cells.clone()) };
        lenet::run(run, &table)
    })
    .unwrap();
    let files = fs::read_dir(&out).unwrap().map(|it| it.unwrap().file_name());
    let files: BTreeSet<String> = files.map(|it| it.into_string().unwrap()).collect();
    for name in ["lenet.csv", "flips.csv", "operands.csv"] {
        let text = fs::read_to_string(out.join(name)).unwrap();
        assert!(text.lines().skip(1).all(|it| it.starts_with("mine_bfloat16,")), "{text}");
    }
    for name in ["quantisation.csv", "overflow.csv", "margins.csv", "skips.csv"] {
        assert!(!files.contains(name), "{name}");
    }
    let provenance = fs::read_to_string(out.join("provenance.json")).unwrap();
    assert!(provenance.contains("\"number\": \"bfloat16\""), "{provenance}");
}

#[test]
fn numbers_stand_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let all = [Number::Integer, Number::Float32];
    run(folder.path(), |run| numbers::run(run, &[variant(1.0)], &all, &[0, 3], &[0.2])).unwrap();
    let text = fs::read_to_string(folder.path().join("numbers.csv")).unwrap();
    // Two numbers, two F, three configurations, two layers and the network.
    assert_eq!(text.lines().count(), 1 + 2 * 2 * 3 * 3);
    for number in ["integer", "float32"] {
        for log_frac in [0, 3] {
            let exact = format!("mine,{number},{log_frac},2,all,exact,,,network,,29664.0000,,");
            assert!(text.contains(&exact), "{exact}: {text}");
        }
    }
    let figures = tables::plot(folder.path()).unwrap().figures;
    let figure = figures.iter().find(|it| it.name == "numbers_mine").unwrap();
    for text in ["float32, F = 0", "integer, F = 3"] {
        assert!(figure.svg().contains(text), "{text}");
    }
    let refused = |log_frac| {
        let out = folder.path().join("out");
        run(&out, |run| numbers::run(run, &[variant(1.0)], &all, &[log_frac], &[0.2]))
    };
    let error = refused(7).unwrap_err().to_string();
    assert!(error.contains("7 fraction bits; the log proxy of float32 words"), "{error}");
}

#[test]
fn what_rows_could_not_tell_apart_is_refused_before_anything_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let mut twins = cells(&[0.1]);
    twins.extend(cells(&[0.1]).into_iter().map(|it| Cell { variant: 1, ..it }));
    let refused = |variants: usize, cells: Vec<Cell>| {
        let variants = (0..variants).map(|_| variant(1.0)).collect();
        run(&out, |run| lenet::run(run, &grid(variants, cells))).unwrap_err().to_string()
    };
    let error = refused(1, cells(&[0.1, 0.2, 0.1]));
    assert!(error.contains("tau=0.1 is there twice for mine"), "{error}");
    let error = refused(2, twins);
    assert!(error.contains("two networks are called mine"), "{error}");

    let file = folder.path().join("filters.txt");
    fs::write(&file, "[all]\n1\n[ALL]\n2\n").unwrap();
    let filters = from_file(&file).unwrap();
    let error = run(&out, |run| windows::run(run, &filters, &[0.1], 0)).unwrap_err();
    assert!(error.to_string().contains("two filters are called \"all\" and \"ALL\""), "{error}");
    let filters = built_in(&["box".to_owned()]).unwrap();
    let error = run(&out, |run| windows::run(run, &filters, &[0.1, 0.1], 0)).unwrap_err();
    assert!(error.to_string().contains("tolerance 0.1 is there twice"), "{error}");
    assert!(!out.exists(), "nothing is written");
}

/// The paper's numbers belong to its network, whatever that is called.
#[test]
fn the_papers_network_is_known_by_its_layers() {
    for activation in [Activation::Relu, Activation::Tanh] {
        let mut variant = Variant::lenet5(activation).unwrap();
        variant.network_name = "mine".to_owned();
        assert_eq!(variant.paper_activation(), Some(activation));
        variant.network.input.padding = 1;
        assert_eq!(variant.paper_activation(), None);
    }
    assert_eq!(variant(1.0).paper_activation(), None);
}
