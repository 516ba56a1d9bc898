// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whole layers on the unit, behind the trait of all engines, against the golden model.

use convapprox::bench::case::WindowCase;
use convapprox::bench::engine::{RtlEngine, RtlSettings};
use convapprox::hw::{NETWORK_UNIT, PAPER_UNIT, UNITS, UnitParameters};
use model::conv::{
    FeatureMap, Kernel, Mode, Number, OperandError, Plane, Semantics, SmaxScope, Threshold,
    conv2d_plain,
};
use model::engine::{Cost, Detail, Engine, EngineError, Findings, GoldenEngine, LayerRun, Place};
use model::nn::{Activation, Convolution, Finish};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

/// A small layer of random words of 8 bits, many of them zero, and its images.
fn layer(
    seed: u64,
    images: usize,
    channels: usize,
    outputs: usize,
    side: usize,
    (width, height): (usize, usize),
) -> (Convolution, Vec<Vec<Plane>>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut words = |count: usize, range: i32| -> Vec<i32> {
        let mut word = || if rng.random_ratio(1, 3) { 0 } else { rng.random_range(-range..=range) };
        (0..count).map(|_| word()).collect()
    };
    let mut plane = |_| Plane::new(width, height, words(width * height, 127)).unwrap();
    let inputs = (0..images).map(|_| (0..channels).map(&mut plane).collect()).collect();
    let mut kernel = |_| Kernel::new(side, words(side * side, 127)).unwrap();
    let filters = (0..outputs).map(|_| (0..channels).map(&mut kernel).collect()).collect();
    let finish = Finish { activation: Some(Activation::Relu), shift: 1, bits: 8 };
    let bias = vec![0; outputs];
    (Convolution { name: "C9".to_owned(), index: 0, filters, bias, finish }, inputs)
}

/// The same layer in the numbers of a unit: tenths where they are floats, so that sums are rounded.
fn in_numbers(
    (layer, inputs): (Convolution, Vec<Vec<Plane>>),
    number: Number,
) -> (Convolution, Vec<Vec<Plane>>) {
    if !number.is_float() {
        return (layer, inputs);
    }
    let words = |words: &[i32]| words.iter().map(|&it| number.word(it as f32 / 10.0)).collect();
    let plane = |it: &Plane| Plane::new(it.width(), it.height(), words(it.data())).unwrap();
    let kernel = |it: &Kernel| Kernel::new(it.side(), words(it.weights())).unwrap();
    let filters = layer.filters.iter().map(|it| it.iter().map(kernel).collect()).collect();
    let inputs = inputs.iter().map(|it| it.iter().map(plane).collect()).collect();
    (Convolution { filters, ..layer }, inputs)
}

fn semantics(mode: Mode, scope: SmaxScope, log_frac: u32) -> Semantics {
    Semantics::new(mode, log_frac, Threshold::new(2 << log_frac).unwrap(), scope).unwrap()
}

fn place() -> Place {
    let (experiment, layer) = ("test".to_owned(), "C9".to_owned());
    Place { experiment, layer, image: 40, ..Place::default() }
}

fn engine(unit: &UnitParameters, stalls: Option<u64>, threshold_offset: i32) -> RtlEngine {
    RtlEngine::new(RtlSettings { unit: Some(*unit), seed: 77, stalls, threshold_offset })
}

fn run(
    engine: &mut RtlEngine,
    (layer, inputs): &(Convolution, Vec<Vec<Plane>>),
    semantics: &Semantics,
) -> LayerRun {
    engine.layer(&place(), layer, semantics, inputs, Detail::Sums).unwrap()
}

/// Sums and multiplications of each image and output channel by the plain model, as the contract says
/// it.
fn plain(
    (layer, inputs): &(Convolution, Vec<Vec<Plane>>),
    semantics: &Semantics,
) -> Vec<(Vec<Vec<i32>>, Vec<u64>)> {
    let output = |planes: &Vec<Plane>, kernels: &Vec<Kernel>| {
        let mut maps: Vec<FeatureMap> = Vec::new();
        for (plane, kernel) in planes.iter().zip(kernels) {
            maps.push(conv2d_plain(plane, kernel, semantics, maps.last()));
        }
        let add = |a, b| semantics.number.add(a, b);
        let word = |i| maps.iter().map(|map| map.outputs[i]).reduce(add).unwrap();
        let sums = (0..maps[0].outputs.len()).map(word).collect();
        (sums, maps.iter().map(FeatureMap::total_kept).sum::<u64>())
    };
    let image = |planes| layer.filters.iter().map(|it| output(planes, it)).unzip();
    inputs.iter().map(image).collect()
}

/// Images, channels, outputs, kernel side and plane of a layer.
type Sizes = (usize, usize, usize, usize, (usize, usize));

/// Some layers that a unit can run: with as many outputs as it has slots, one less, and one more.
fn shapes(unit: &UnitParameters) -> [Sizes; 4] {
    let (k, n) = (unit.kernel, unit.kernels);
    [
        (2, 3, n, k, (k + 3, k + 1)),
        (1, 2, n + 1, k, (k + 2, k + 2)),
        (3, 2, 2 * n + 1, k - 1, (k - 1, k - 1)),
        (2, 1, n.max(2) - 1, 1, (2, 5)),
    ]
}

#[test]
fn layers_agree_with_the_plain_model() {
    for unit in UNITS {
        for stalls in [None, Some(5)] {
            let mut engine = engine(unit, stalls, 0);
            let mut all = Cost::default();
            for (seed, (images, channels, outputs, side, size)) in (0..).zip(shapes(unit)) {
                let layer = layer(seed, images, channels, outputs, side, size);
                let layer = in_numbers(layer, unit.number());
                for (mode, scope) in
                    Mode::ALL.iter().flat_map(|mode| SmaxScope::ALL.map(|scope| (*mode, scope)))
                {
                    let semantics =
                        semantics(mode, scope, unit.log_frac).of(unit.number()).unwrap();
                    let LayerRun { outcomes, costs } = run(&mut engine, &layer, &semantics);
                    let found: Vec<_> =
                        outcomes.into_iter().map(|it| (it.sums, it.multiplications)).collect();
                    assert_eq!(found, plain(&layer, &semantics), "{unit}: {mode}, {scope}");
                    check_costs(unit, &layer, &costs);
                    all += costs.into_iter().sum();
                }
            }
            let (actual, counters) = engine.counters().unwrap();
            assert_eq!(actual, counters, "{unit}");
            if unit.counters == 1 {
                let counted = [actual.windows, actual.memory_words, actual.memory_beats];
                let costs = [all.windows, all.memory_words, all.memory_beats];
                assert_eq!(counted.map(u64::from), costs);
            }
            let Findings { compared, mismatches, .. } = engine.take_findings().unwrap();
            assert_eq!((mismatches, compared), (0, all.windows));
        }
    }
}

/// Counts that follow from the sizes alone, of each output channel.
fn check_costs(
    unit: &UnitParameters,
    (layer, inputs): &(Convolution, Vec<Vec<Plane>>),
    costs: &[Cost],
) {
    let (images, channels) = (inputs.len() as u64, inputs[0].len() as u64);
    let (plane, side) = (&inputs[0][0], layer.side());
    let (width, height) = (plane.width() + 1 - side, plane.height() + 1 - side);
    // 2×2 tiles, and single outputs in an odd last column and row.
    let pairs = (width / 2 * (height / 2)) as u64;
    let tiles = (width * height) as u64 - 3 * pairs;
    let side = side as u64;
    let words = (side + 1).pow(2) * pairs + side.pow(2) * (tiles - pairs);
    let mut saved = 0_i64;
    for (output, cost) in costs.iter().enumerate() {
        let fetches = if output % unit.kernels == 0 { images * channels } else { 0 };
        assert_eq!(cost.windows, images * channels * tiles);
        assert_eq!(cost.fetched_windows, fetches * tiles);
        assert_eq!(cost.kernel_loads, channels);
        let whole = fetches * words + channels * side.pow(2);
        // By log planes a word comes with the output channel that needs it.
        saved += whole.cast_signed() - cost.memory_words.cast_signed();
        assert!(unit.planes == 1 || cost.memory_words == whole);
        assert_eq!(cost.log_beats > 0, unit.planes == 1 && fetches > 0);
    }
    assert!(saved >= 0, "{saved}");
}

/// The cycles of LeNet-5's layers, as `docs/unit.md` states them.
#[test]
fn lenet_takes_the_cycles_of_the_manual() {
    let mut engine = engine(&NETWORK_UNIT, None, 0);
    let layers =
        [(1, 6, 5, 28, 864, 4608), (6, 16, 5, 12, 1536, 5952), (16, 120, 4, 4, 1920, 6528)];
    for (channels, outputs, side, plane, windows, cycles) in layers {
        let layer = layer(3, 1, channels, outputs, side, (plane, plane));
        // In exact mode something is kept in each window.
        let run = run(&mut engine, &layer, &semantics(Mode::Exact, SmaxScope::Window, 0));
        let cost: Cost = run.costs.into_iter().sum();
        assert_eq!((cost.windows, cost.cycles), (windows, cycles));
    }
    assert_eq!(engine.take_findings().unwrap().mismatches, 0);
}

/// Waiting belongs to the window: whatever an engine has run before, and with whichever images, the
/// cycles are the same.
#[test]
fn waiting_does_not_depend_on_what_came_before() {
    let (convolution, inputs) = layer(6, 3, 2, 3, 3, (6, 6));
    let semantics = semantics(Mode::Approx, SmaxScope::Window, 0);
    // Of the windows; kernels are loaded once for all images of a batch.
    let cycles = |engine: &mut RtlEngine, images: std::ops::Range<usize>| -> u64 {
        let place = Place { image: 40 + images.start, ..place() };
        let inputs = &inputs[images];
        let run = engine.layer(&place, &convolution, &semantics, inputs, Detail::Sums).unwrap();
        run.costs.iter().map(|cost| cost.cycles).sum()
    };
    let new = || engine(&PAPER_UNIT, Some(9), 0);
    let all = cycles(&mut new(), 0..3);
    assert!(all > cycles(&mut engine(&PAPER_UNIT, None, 0), 0..3), "the memory waits");
    let mut one = new();
    assert_eq!((0..3).map(|image| cycles(&mut one, image..image + 1)).sum::<u64>(), all);
    assert_eq!((0..3).rev().map(|image| cycles(&mut new(), image..image + 1)).sum::<u64>(), all);
}

#[test]
fn a_planted_threshold_is_found_and_replayed() {
    let folder = tempfile::tempdir().unwrap();
    for unit in [PAPER_UNIT, NETWORK_UNIT] {
        for stalls in [None, Some(6)] {
            let mut engine = engine(&unit, stalls, 2 << unit.log_frac);
            let (k, n) = (unit.kernel, unit.kernels);
            let layer = layer(4, 2, 2, n + 2, k, (k + 3, k + 2));
            let semantics = semantics(Mode::Approx, SmaxScope::Running, unit.log_frac);
            let found = run(&mut engine, &layer, &semantics);
            let sums: Vec<_> = found.outcomes.into_iter().map(|it| it.sums).collect();
            let golden: Vec<_> = plain(&layer, &semantics).into_iter().map(|it| it.0).collect();
            assert_ne!(sums, golden, "the sums are the unit's own");

            let Findings { mismatches, cases, counter_errors, .. } =
                engine.take_findings().unwrap();
            assert!(mismatches > 3 && cases.len() == 3, "{unit}: the first few in full");
            assert!(counter_errors.is_empty(), "counters count what the unit did");
            for mismatch in &cases {
                // It holds the operands of the window that it names.
                let case = WindowCase::deserialize(&mismatch.case).unwrap();
                let Place { image, output, channel, column, row, .. } = mismatch.place;
                let plane = &layer.1[image - 40][channel];
                let window = plane.window(column, row, case.window.window_side());
                assert_eq!(case.window.words, window);
                assert_eq!(case.window.weights, layer.0.filters[output][channel].weights());
                assert_eq!(case.fetched_by.is_some(), output % n != 0);
                // Its report shows the difference again.
                let report = engine.follow_up(mismatch, folder.path()).unwrap();
                assert_eq!(WindowCase::read(&report).unwrap(), case);
                let text = std::fs::read_to_string(report.join("report.txt")).unwrap();
                for part in [
                    format!("  {}\n", mismatch.difference),
                    format!(
                        "image       {image}, channel {channel}, layer C9, output channel {output}"
                    ),
                    format!("at column {column}, row {row}"),
                ] {
                    assert!(text.contains(&part), "no {part:?} in {text}");
                }
                let reuse = format!("this run has the one in slot {}", case.window.run.slot);
                assert_eq!(text.contains(&reuse), case.fetched_by.is_some(), "{text}");
                let name = report.file_name().unwrap().to_string_lossy();
                assert!(name.contains(&format!("image{image:05}-C9-o{output:03}-")), "{name}");
            }
        }
    }
}

#[test]
fn what_a_unit_cannot_run_is_refused() {
    let mut engine = engine(&PAPER_UNIT, None, 0);
    let mut refused = |side: usize, log_frac: u32| {
        let (layer, inputs) = layer(9, 1, 1, 1, side, (5, 5));
        let semantics = semantics(Mode::Exact, SmaxScope::Window, log_frac);
        let run = engine.layer(&place(), &layer, &semantics, &inputs, Detail::Sums);
        match run {
            Err(EngineError::Unsupported { reason, .. }) => Some(reason),
            run => run.map(|_| None).unwrap(),
        }
    };
    assert_eq!(refused(5, 0).as_deref(), Some("unit k3 has KERNEL = 3; a 5×5 kernel does not fit"));
    assert_eq!(refused(3, 3).as_deref(), Some("unit k3 has LOG_FRAC = 0; the semantics ask for 3"));
    assert_eq!(refused(3, 0), None);
}

/// Integers on a unit for floats, and floats on one for integers or narrower floats.
#[test]
fn numbers_that_a_unit_does_not_have_are_refused() {
    let float = UnitParameters { float: 1, multipliers: 2, ..PAPER_UNIT };
    let bfloat = UnitParameters { operand_w: 16, ..float };
    let refused = |unit: &UnitParameters, number: Number| {
        let (layer, inputs) = in_numbers(layer(9, 1, 1, 1, 3, (5, 5)), number);
        let semantics = semantics(Mode::Exact, SmaxScope::Window, 0).of(number).unwrap();
        let run = engine(unit, None, 0).layer(&place(), &layer, &semantics, &inputs, Detail::Sums);
        run.unwrap_err().to_string()
    };
    for (unit, number) in
        [(PAPER_UNIT, Number::Float32), (float, Number::Integer), (bfloat, Number::Float32)]
    {
        let own = unit.number();
        let reason = format!("unit {unit} multiplies {own} words, and the layer has {number} ones");
        assert_eq!(refused(&unit, number), format!("rtl cannot run this: {reason}"));
    }
}

/// An operand that does not fit is named with its value and place; its neighbour at the end of the range
/// is computed.
#[test]
fn operands_beyond_the_width_of_the_unit_are_refused() {
    let semantics = semantics(Mode::Exact, SmaxScope::Window, 0);
    for operand_w in [8, 16] {
        let mut unit = engine(&UnitParameters { operand_w, ..PAPER_UNIT }, None, 0);
        let mut golden = GoldenEngine { operand_w };
        let (layer, mut inputs) = layer(9, 2, 2, 1, 3, (5, 5));
        let high = (1 << (operand_w - 1)) - 1;
        let mut with = |inputs: &[Vec<Plane>], layer: &Convolution| {
            let engines: [&mut dyn Engine; 2] = [&mut unit, &mut golden];
            engines.map(|engine| {
                match engine.layer(&place(), layer, &semantics, inputs, Detail::Sums) {
                    Err(EngineError::Operand(error)) => Err(error),
                    run => Ok(run.unwrap().outcomes),
                }
            })
        };
        let mut plane = |word: i32| {
            let mut words = inputs[1][1].data().to_vec();
            words[5 * 3 + 4] = word;
            inputs[1][1] = Plane::new(5, 5, words).unwrap();
            inputs.clone()
        };
        let place = "layer C9, the input in row 3, column 4 of channel 1 of image 1 of the batch";
        let error =
            |place: &str, value| Err(OperandError { place: place.to_owned(), value, operand_w });
        for (end, beyond) in [(high, high + 1), (-high - 1, -high - 2)] {
            assert_eq!(with(&plane(beyond), &layer), [(); 2].map(|()| error(place, beyond)));
            let [found, expected] = with(&plane(end), &layer);
            assert!(found.is_ok() && found == expected, "{end} of {operand_w} bits");
        }
        let mut layer = layer;
        layer.filters[0][1] = Kernel::new(3, vec![high + 1; 9]).unwrap();
        let place =
            "layer C9, the weight in row 0, column 0 of output channel 0 and input channel 1";
        assert_eq!(with(&inputs, &layer), [(); 2].map(|()| error(place, high + 1)));
        assert_eq!(unit.take_findings().unwrap().mismatches, 0);
    }
}

/// Without a unit of one's own choice, the network's is taken, whatever the number of fraction bits.
#[test]
fn a_layer_finds_its_unit() {
    let mut engine = RtlEngine::new(RtlSettings::default());
    for number in [Number::Integer, Number::Float32] {
        let layer = in_numbers(layer(2, 1, 2, 3, 5, (7, 7)), number);
        let semantics = semantics(Mode::Approx, SmaxScope::Window, 0).of(number).unwrap();
        let found = run(&mut engine, &layer, &semantics);
        assert_eq!(found.costs[1].fetched_windows, 0, "the unit for networks has slots");
    }
    assert_eq!(engine.take_findings().unwrap().mismatches, 0);
}
