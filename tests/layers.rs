//! Whole layers on the unit against the golden model.

use convapprox::check::{Case, Place, Scoreboard, replay};
use convapprox::dut::{Stalls, UNITS, UnitOptions, UnitParameters, find, open};
use convapprox::engine::{
    EngineError, LayerBatch, LayerError, LayerMaps, LayerTotals, RtlLayerEngine, golden_layer,
};
use model::conv::{FeatureMap, Kernel, Mode, Plane, Semantics, SmaxScope, Threshold, conv2d_plain};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const SCOPES: [SmaxScope; 2] = [SmaxScope::Window, SmaxScope::Running];

struct Layer {
    planes: Vec<Vec<Plane>>,
    filters: Vec<Vec<Kernel>>,
}

/// A small layer of random words, many of them zero.
fn layer(
    rng: &mut ChaCha8Rng,
    images: usize,
    channels: usize,
    outputs: usize,
    side: usize,
    (width, height): (usize, usize),
) -> Layer {
    let mut word = |range: i32| {
        let word = rng.random_range(-range..=range);
        if rng.random_ratio(1, 3) { 0 } else { word }
    };
    let mut planes = vec![Vec::new(); images];
    for image in &mut planes {
        for _ in 0..channels {
            let data = (0..width * height).map(|_| word(255)).collect();
            image.push(Plane::new(width, height, data).unwrap());
        }
    }
    let mut filters = vec![Vec::new(); outputs];
    for filter in &mut filters {
        for _ in 0..channels {
            filter.push(Kernel::new(side, (0..side * side).map(|_| word(127)).collect()).unwrap());
        }
    }
    Layer { planes, filters }
}

fn semantics(mode: Mode, scope: SmaxScope, log_frac: u32) -> Semantics {
    Semantics::new(mode, log_frac, Threshold::new(2 << log_frac).unwrap(), scope).unwrap()
}

/// The layer by the plain model, as the contract says it.
fn plain(batch: &LayerBatch) -> LayerMaps {
    let image = |planes: &Vec<Plane>| {
        let filter = |kernels: &Vec<Kernel>| {
            let mut maps: Vec<FeatureMap> = Vec::new();
            for (plane, kernel) in planes.iter().zip(kernels) {
                maps.push(conv2d_plain(plane, kernel, &batch.semantics, maps.last()));
            }
            maps
        };
        batch.filters.iter().map(filter).collect()
    };
    LayerMaps(batch.planes.iter().map(image).collect())
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
fn the_fast_golden_layer_is_the_plain_one() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for unit in UNITS {
        for (images, channels, outputs, side, size) in shapes(unit) {
            let Layer { planes, filters } = layer(&mut rng, images, channels, outputs, side, size);
            for (mode, scope) in Mode::ALL.iter().flat_map(|m| SCOPES.map(|scope| (*m, scope))) {
                let semantics = semantics(mode, scope, unit.log_frac);
                let batch = LayerBatch { planes: &planes, filters: &filters, semantics };
                assert_eq!(golden_layer(&batch).unwrap(), plain(&batch), "{mode}, {scope}");
            }
        }
    }
}

#[test]
fn layers_on_the_unit_agree_with_the_golden_model() {
    for unit in UNITS {
        for stalls in [None, Some(Stalls { seed: 5 })] {
            let mut rng = ChaCha8Rng::seed_from_u64(2);
            let options = UnitOptions { stalls, ..UnitOptions::default() };
            let mut engine = RtlLayerEngine::new(open(unit, &options).unwrap()).unwrap();
            let mut scoreboard = Scoreboard::new(unit, options, 0, 1);
            let mut all = LayerTotals::default();
            for (images, channels, outputs, side, size) in shapes(unit) {
                let Layer { planes, filters } =
                    layer(&mut rng, images, channels, outputs, side, size);
                for (mode, scope) in Mode::ALL.iter().flat_map(|m| SCOPES.map(|s| (*m, s))) {
                    let semantics = semantics(mode, scope, unit.log_frac);
                    let batch = LayerBatch { planes: &planes, filters: &filters, semantics };
                    let expected = plain(&batch);
                    let place = Place::default();
                    let (sums, totals) =
                        engine.layer(&batch, &expected, &place, &mut scoreboard).unwrap();
                    assert_eq!(sums, expected.sums(), "{}: {mode}, {scope}", unit.name);
                    check_totals(unit, &batch, &expected, &totals);
                    all += totals;
                }
            }
            let (actual, counters) = engine.counters().unwrap();
            assert_eq!(actual, counters, "{}", unit.name);
            assert_eq!(u64::from(actual.windows), all.windows);
            assert_eq!(u64::from(actual.memory_words), all.memory_words);
            assert_eq!(u64::from(actual.memory_beats), all.memory_beats);
            let findings = scoreboard.take_findings();
            assert_eq!((findings.mismatches, findings.windows), (0, all.windows));
        }
    }
}

/// Counts that follow from the sizes alone.
fn check_totals(unit: &UnitParameters, batch: &LayerBatch, maps: &LayerMaps, totals: &LayerTotals) {
    let (images, channels) = (batch.planes.len() as u64, batch.planes[0].len() as u64);
    let outputs = batch.filters.len() as u64;
    let map = &maps.0[0][0][0];
    // 2×2 tiles, and single outputs in an odd last column and row.
    let pairs = (map.width / 2 * (map.height / 2)) as u64;
    let tiles = (map.width * map.height) as u64 - 3 * pairs;
    let groups = outputs.div_ceil(unit.kernels as u64);
    assert_eq!(totals.windows, images * channels * outputs * tiles);
    assert_eq!(totals.fetched_windows, images * channels * groups * tiles);
    assert_eq!(totals.kernel_loads, channels * outputs);
    let side = batch.filters[0][0].side() as u64;
    let words = (side + 1).pow(2) * pairs + side.pow(2) * (tiles - pairs);
    assert_eq!(
        totals.memory_words,
        images * channels * groups * words + channels * outputs * side.pow(2)
    );
    let kept: u64 = maps.0.iter().flatten().flatten().map(FeatureMap::total_kept).sum();
    assert_eq!(totals.multiplications, kept);
}

/// The cycles of LeNet-5's layers, as `docs/conv_unit.md` states them.
#[test]
fn lenet_takes_the_cycles_of_the_manual() {
    let Some(unit) = find("k5_n16_w128") else { panic!("the unit for LeNet-5 ships") };
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let options = UnitOptions::default();
    let mut engine = RtlLayerEngine::new(open(unit, &options).unwrap()).unwrap();
    let mut scoreboard = Scoreboard::new(unit, options, 0, 1);
    let layers =
        [(1, 6, 5, 28, 864, 4608), (6, 16, 5, 12, 1536, 5952), (16, 120, 4, 4, 1920, 6528)];
    for (channels, outputs, side, plane, windows, cycles) in layers {
        let Layer { planes, filters } = layer(&mut rng, 1, channels, outputs, side, (plane, plane));
        // In exact mode something is kept in each window.
        let semantics = semantics(Mode::Exact, SmaxScope::Window, 0);
        let batch = LayerBatch { planes: &planes, filters: &filters, semantics };
        let expected = golden_layer(&batch).unwrap();
        let (_, totals) =
            engine.layer(&batch, &expected, &Place::default(), &mut scoreboard).unwrap();
        assert_eq!((totals.windows, totals.cycles), (windows, cycles));
    }
    assert_eq!(scoreboard.take_findings().mismatches, 0);
}

#[test]
fn a_planted_threshold_is_found_and_replayed() {
    for unit in UNITS {
        for stalls in [None, Some(Stalls { seed: 6 })] {
            let mut rng = ChaCha8Rng::seed_from_u64(4);
            let options = UnitOptions { stalls, ..UnitOptions::default() };
            let engine = RtlLayerEngine::new(open(unit, &options).unwrap()).unwrap();
            let mut engine = engine.with_threshold_offset(2 << unit.log_frac);
            let mut scoreboard = Scoreboard::new(unit, options, 77, 1000);
            let (k, n) = (unit.kernel, unit.kernels);
            let Layer { planes, filters } = layer(&mut rng, 2, 2, n + 2, k, (k + 3, k + 2));
            let semantics = semantics(Mode::Approx, SmaxScope::Running, unit.log_frac);
            let batch = LayerBatch { planes: &planes, filters: &filters, semantics };
            let expected = golden_layer(&batch).unwrap();
            let place = Place {
                experiment: "test".into(),
                layer: "C9".into(),
                image: 40,
                ..Place::default()
            };
            let (sums, _) = engine.layer(&batch, &expected, &place, &mut scoreboard).unwrap();
            assert_ne!(sums, expected.sums(), "the sums are the unit's own");

            let findings = scoreboard.take_findings();
            assert_eq!(findings.mismatches, findings.cases.len() as u64);
            assert!(findings.mismatches > 0, "{}", unit.name);
            // Each case holds the operands of the window that it names.
            for case in &findings.cases {
                let Place { image, output, channel, column, row, .. } = case.place;
                let side = case.tile().window_side(k);
                let plane = &planes[image - 40][channel];
                assert_eq!(case.words, plane.window(column, row, side));
                assert_eq!(case.weights, filters[output][channel].weights());
                assert_eq!(case.fetched_by.is_some(), output % n != 0);
            }
            let reused = findings.cases.iter().filter(|case| case.fetched_by.is_some());
            let fetched = findings.cases.iter().filter(|case| case.fetched_by.is_none());
            assert_eq!(reused.clone().next().is_some(), n > 1);
            for case in fetched.take(1).chain(reused.take(2)) {
                check_replay(case);
            }
        }
    }
}

/// Written to a folder and read back, the case shows its difference again.
fn check_replay(case: &Case) {
    let folder = tempfile::tempdir().unwrap();
    let replayed = replay(case, folder.path()).unwrap();
    let outcome = replayed.outcome.as_ref().unwrap();
    assert!(!replayed.differences.is_empty(), "{}", case.id());
    assert_eq!(outcome.last_word_cycle == 0, case.fetched_by.is_some());
    assert_eq!(&Case::read(folder.path()).unwrap(), case);
    let report = std::fs::read_to_string(&replayed.report).unwrap();
    let Place { image, output, channel, column, row, .. } = case.place;
    for part in [
        format!("image       {image}, channel {channel}, layer C9, output channel {output}"),
        format!("at column {column}, row {row}"),
    ] {
        assert!(report.contains(&part), "no {part:?} in {report}");
    }
    assert!(case.id().contains(&format!("image{image:05}-C9-o{output:03}-")), "{}", case.id());
    let reuse = format!("this run has the one in slot {}", case.slot);
    assert_eq!(report.contains(&reuse), case.fetched_by.is_some(), "{report}");
    assert!(replayed.wave.metadata().unwrap().len() > 1000);
}

/// A golden map that is wrong in one entry is a mismatch in exactly that window.
#[test]
fn a_wrong_entry_is_found_in_its_window() {
    let unit = &UNITS[UNITS.len() - 1];
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let options = UnitOptions::default();
    let mut engine = RtlLayerEngine::new(open(unit, &options).unwrap()).unwrap();
    let (k, outputs) = (unit.kernel, unit.kernels + 1);
    let Layer { planes, filters } = layer(&mut rng, 2, 2, outputs, k, (k + 3, k + 2));
    let semantics = semantics(Mode::DualZeroSkip, SmaxScope::Window, unit.log_frac);
    let batch = LayerBatch { planes: &planes, filters: &filters, semantics };
    let good = golden_layer(&batch).unwrap();
    for (image, output, channel, entry) in [(0, 0, 0, 0), (1, outputs - 1, 1, 5), (0, 1, 1, 11)] {
        for what in ["output", "kept"] {
            let mut bad = good.clone();
            let map = &mut bad.0[image][output][channel];
            match what {
                "output" => map.outputs[entry] ^= 1,
                _ => map.kept[entry] ^= 1,
            }
            let (x, y) = (entry % map.width, entry / map.width);
            let mut scoreboard = Scoreboard::new(unit, options, 0, 10);
            engine.layer(&batch, &bad, &Place::default(), &mut scoreboard).unwrap();
            let findings = scoreboard.take_findings();
            assert_eq!(findings.mismatches, 1, "{what}");
            let place = &findings.cases[0].place;
            assert_eq!((place.image, place.output, place.channel), (image, output, channel));
            // The last row of an odd height has single outputs.
            let corner = if y == 2 { (x, y) } else { (x / 2 * 2, y / 2 * 2) };
            assert_eq!((place.column, place.row), corner);
        }
    }
}

#[test]
fn sizes_that_do_not_fit_are_refused() {
    let unit = find("k3").unwrap();
    let options = UnitOptions::default();
    let mut engine = RtlLayerEngine::new(open(unit, &options).unwrap()).unwrap();
    let mut scoreboard = Scoreboard::new(unit, options, 0, 1);
    let exact = semantics(Mode::Exact, SmaxScope::Window, 0);
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let mut run = |layer: &Layer, maps: &LayerMaps, semantics: Semantics| {
        let Layer { planes, filters } = layer;
        let batch = LayerBatch { planes, filters, semantics };
        engine.layer(&batch, maps, &Place::default(), &mut scoreboard).unwrap_err()
    };
    let good = layer(&mut rng, 2, 2, 2, 3, (5, 5));
    let maps =
        plain(&LayerBatch { planes: &good.planes, filters: &good.filters, semantics: exact });

    let empty = Layer { planes: Vec::new(), filters: good.filters.clone() };
    assert!(matches!(run(&empty, &maps, exact), EngineError::Layer(LayerError::Empty)));
    let mut uneven = Layer { planes: good.planes.clone(), filters: good.filters.clone() };
    uneven.planes[1].pop();
    let error = run(&uneven, &maps, exact);
    assert!(matches!(error, EngineError::Layer(LayerError::Channels { number: 1, .. })));
    let mut other = Layer { planes: good.planes.clone(), filters: good.filters.clone() };
    other.planes[1][0] = Plane::new(4, 5, vec![0; 20]).unwrap();
    let error = run(&other, &maps, exact);
    assert!(matches!(error, EngineError::Layer(LayerError::Plane { image: 1, channel: 0 })));
    other.planes = good.planes.clone();
    other.filters[0][1] = Kernel::new(2, vec![1; 4]).unwrap();
    assert!(matches!(run(&other, &maps, exact), EngineError::Layer(LayerError::Kernel(_))));
    let wrong = LayerMaps(maps.0[..1].to_vec());
    assert!(matches!(run(&good, &wrong, exact), EngineError::Layer(LayerError::Maps)));
    let large = layer(&mut rng, 1, 1, 1, 5, (5, 5));
    let batch = LayerBatch { planes: &large.planes, filters: &large.filters, semantics: exact };
    let error = run(&large, &plain(&batch), exact);
    assert!(matches!(error, EngineError::KernelTooLarge { side: 5, .. }));
    let finer = semantics(Mode::Exact, SmaxScope::Window, 3);
    assert!(matches!(run(&good, &maps, finer), EngineError::LogFrac { wanted: 3, .. }));
}
