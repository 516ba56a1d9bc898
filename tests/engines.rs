//! The golden model and every unit behind the same trait: whole channels, one after the other.

use convapprox::check::{Findings, Place, Scoreboard};
use convapprox::dut::{Stalls, UNITS, UnitOptions, UnitParameters, find, open};
use convapprox::engine::{Engine, EngineError, GoldenEngine, RtlEngine};
use model::conv::{FeatureMap, Kernel, Mode, Plane, Semantics, SmaxScope, Threshold};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const CHANNELS: usize = 4;

/// Sparse activations and signed weights, as in a network.
fn channels(
    rng: &mut ChaCha8Rng,
    width: usize,
    height: usize,
    side: usize,
) -> Vec<(Plane, Kernel)> {
    let mut activation =
        |_| if rng.random_ratio(1, 3) { 0 } else { rng.random_range(-1000..10_000) };
    let planes: Vec<Plane> = (0..CHANNELS)
        .map(|_| Plane::new(width, height, (0..width * height).map(&mut activation).collect()))
        .collect::<Result<_, _>>()
        .unwrap();
    let mut weight = |_| rng.random_range(-300..300);
    let kernel =
        |plane| (plane, Kernel::new(side, (0..side * side).map(&mut weight).collect()).unwrap());
    planes.into_iter().map(kernel).collect()
}

/// Runs the channels of one output channel on both engines, S_max going from each to the next.
fn run(
    unit: &'static UnitParameters,
    options: UnitOptions,
    threshold_offset: i32,
    layer: &[(Plane, Kernel)],
    semantics: &Semantics,
) -> (Findings, Vec<FeatureMap>) {
    let mut rtl = RtlEngine::new(open(unit, &options).unwrap())
        .unwrap()
        .with_threshold_offset(threshold_offset);
    let mut golden = GoldenEngine::default();
    let mut scoreboard = Scoreboard::new(unit, options, 1, 5);
    let mut maps: Vec<FeatureMap> = Vec::new();
    let mut unit_maps: Vec<FeatureMap> = Vec::new();
    for (channel, (plane, kernel)) in layer.iter().enumerate() {
        golden.set_plane(plane);
        rtl.set_plane(plane);
        let expected = golden.convolve(kernel, semantics, maps.last()).unwrap();
        let actual = rtl.convolve(kernel, semantics, unit_maps.last()).unwrap();
        let place = Place { channel, ..Place::default() };
        scoreboard.check(&place, plane, kernel, semantics, &expected.map, &actual);
        maps.push(expected.map);
        unit_maps.push(actual.map);
    }
    scoreboard.check_counters(&mut rtl).unwrap();
    (scoreboard.take_findings(), maps)
}

fn semantics(unit: &UnitParameters, scope: SmaxScope) -> Semantics {
    let threshold = Threshold::new(3 << unit.log_frac).unwrap();
    Semantics::new(Mode::Approx, unit.log_frac, threshold, scope).unwrap()
}

#[test]
fn channels_in_both_scopes_agree_on_every_unit() {
    for unit in UNITS {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        // Odd sizes, so that the last column and row are single outputs.
        let layer = channels(&mut rng, 13, 10, unit.kernel);
        let mut kept = Vec::new();
        for scope in SmaxScope::ALL {
            for stalls in [None, Some(Stalls { seed: 4 })] {
                let options = UnitOptions { stalls, ..UnitOptions::default() };
                let (findings, maps) = run(unit, options, 0, &layer, &semantics(unit, scope));
                assert_eq!(findings.mismatches, 0, "{}: {findings:?}", unit.name);
                assert!(findings.windows > 0);
                kept.push(maps.iter().map(FeatureMap::total_kept).sum::<u64>());
            }
        }
        let [window, _, running, _] = kept[..] else { panic!("four runs") };
        assert!(running < window, "running scope skips more: {running} of {window}");
    }
}

#[test]
fn a_planted_threshold_is_found_in_its_channel() {
    for unit in UNITS {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let layer = channels(&mut rng, 12, 12, unit.kernel);
        let options = UnitOptions::default();
        let semantics = semantics(unit, SmaxScope::Running);
        let (findings, _) = run(unit, options, 2 << unit.log_frac, &layer, &semantics);
        assert!(findings.mismatches > 0, "{}", unit.name);
        assert_eq!(findings.cases.len(), 5, "as many in full as were asked for");
        assert!(findings.counter_errors.is_empty(), "counters count what the unit did");
        // Replaying a case needs its carry, where the channel has one.
        let case = findings.cases.iter().find(|case| case.place.channel > 0);
        if let Some(case) = case {
            assert!(case.carry.iter().any(Option::is_some));
        }
    }
}

#[test]
fn what_a_unit_cannot_run_is_refused() {
    let unit = find("k3").unwrap();
    let mut engine = RtlEngine::new(open(unit, &UnitOptions::default()).unwrap()).unwrap();
    engine.set_plane(&Plane::new(8, 8, vec![1; 64]).unwrap());
    let large = Kernel::new(5, vec![1; 25]).unwrap();
    let window = semantics(unit, SmaxScope::Window);
    let error = engine.convolve(&large, &window, None).unwrap_err();
    assert!(matches!(error, EngineError::KernelTooLarge { .. }), "{error}");
    let fits = Kernel::new(3, vec![1; 9]).unwrap();
    let other_log = Semantics { log_frac: 3, ..window };
    let error = engine.convolve(&fits, &other_log, None).unwrap_err();
    assert_eq!(error.to_string(), "unit k3 has LOG_FRAC = 0; the semantics ask for 3");
    assert!(engine.convolve(&fits, &window, None).is_ok());
}
