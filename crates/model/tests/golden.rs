// SPDX-License-Identifier: MIT OR Apache-2.0
//! The golden model against itself: the fast model is the plain one, the log proxy is its
//! definition in strings of bits, and the error bound holds.
//!
//! A failure prints the shrunken operands and the seed.

use std::fmt::Debug;

use model::conv::*;
use model::engine::{Detail, GoldenEngine};
use model::nn::{Convolution, Finish};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;

/// Operands with every kind of trouble.
fn kinds() -> [BoxedStrategy<i32>; 5] {
    [
        any::<i32>().boxed(),
        (-128..128_i32).boxed(),
        // Laplace-like: a uniform sign and a geometric magnitude.
        (any::<i32>(), 0..32_u32).prop_map(|(a, shift)| a >> shift).boxed(),
        prop_oneof![4 => Just(0), 1 => 1..256_i32].boxed(),
        edge().boxed(),
    ]
}

fn operand() -> impl Strategy<Value = i32> {
    Union::new(kinds())
}

/// The neighbours of the powers of two, up to both ends of the range.
fn edge() -> impl Strategy<Value = i32> {
    (0..32_u32, -1..2_i32, any::<bool>()).prop_map(|(k, step, negative)| {
        let a = (1_i32 << k).wrapping_add(step);
        if negative { a.wrapping_neg() } else { a }
    })
}

/// `count` operands of one kind, or of all kinds.
fn operands(count: usize) -> impl Strategy<Value = Vec<i32>> {
    let kinds = kinds().into_iter().chain([operand().boxed()]);
    Union::new(kinds.map(|kind| prop::collection::vec(kind, count)))
}

fn semantics() -> impl Strategy<Value = Semantics> {
    let fields = (select(&Mode::ALL[..]), 0..=MAX_LOG_FRAC, select(&SmaxScope::ALL[..]));
    fields.prop_flat_map(|(mode, log_frac, scope)| {
        // Approx has more to get wrong than the three others together.
        let mode = prop_oneof![1 => Just(mode), 2 => Just(Mode::Approx)];
        let t = prop_oneof![
            1..=8_u32 << log_frac,
            1..=64_u32 << log_frac,
            select(&[1, 32_767, 32_768, 32_769, u32::MAX - 1, u32::MAX, 1 << 31][..]),
        ];
        (mode, t).prop_map(move |(mode, t)| {
            Semantics::new(mode, log_frac, Threshold::new(t).unwrap(), scope).unwrap()
        })
    })
}

/// Words that are floats of every kind when they are singles: of any bits, of a few magnitudes, of
/// many, zeros of both signs, subnormals, and what is not finite.
fn single() -> impl Strategy<Value = i32> {
    let of_magnitude = |exponents: std::ops::Range<i32>| {
        (any::<i32>(), exponents).prop_map(|(a, exponent)| a & !(0xff << 23) | exponent << 23)
    };
    let special = [0x7f80_0000, 0xff80_0000_u32 as i32, 0x7fc0_0000, 0x7f80_0001, -1];
    prop_oneof![
        1 => any::<i32>(),
        6 => of_magnitude(120..131),
        // Short fractions, whose sums have ties.
        2 => of_magnitude(120..131).prop_map(|a| a & !0xf_ffff),
        2 => of_magnitude(60..190),
        2 => select(&[0, i32::MIN][..]),
        1 => of_magnitude(0..1),
        1 => (0..4, any::<bool>()).prop_map(|(a, minus)| if minus { a | i32::MIN } else { a }),
    ]
    .prop_perturb(move |a, mut random| {
        if random.random_ratio(1, 60) { special[random.random_range(0..5)] } else { a }
    })
}

/// As [`single`], without what is not finite.
fn finite() -> impl Strategy<Value = i32> {
    single().prop_map(|a| if Number::Float32.is_special(a) { a ^ 0x4000_0000 } else { a })
}

/// Floats, with the words of singles as they are or made narrower.
fn float_semantics() -> impl Strategy<Value = Semantics> {
    (semantics(), 0..=6_u32, select(&Number::ALL[1..])).prop_map(|(semantics, log_frac, number)| {
        Semantics { log_frac, ..semantics }.of(number).unwrap()
    })
}

/// The operand that a single stands for, narrower perhaps.
fn narrow(single: i32, number: Number) -> i32 {
    if number == Number::Bfloat16 { single >> 16 } else { single }
}

/// Some input channels of one size and a kernel for each.
#[derive(Debug, Clone)]
struct Channels {
    planes: Vec<Plane>,
    kernels: Vec<Kernel>,
}

fn channels() -> impl Strategy<Value = Channels> {
    channels_of(|count| operands(count).boxed())
}

fn channels_of(
    operands: impl Fn(usize) -> BoxedStrategy<Vec<i32>> + Clone,
) -> impl Strategy<Value = Channels> {
    (1..=MAX_SIDE, 0..20_usize, 0..9_usize, 1..4_usize).prop_flat_map(
        move |(side, columns, rows, count)| {
            let (width, height) = (side + columns, side + rows);
            let plane = operands(width * height)
                .prop_map(move |data| Plane::new(width, height, data).unwrap());
            let kernel =
                operands(side * side).prop_map(move |weights| Kernel::new(side, weights).unwrap());
            (prop::collection::vec(plane, count), prop::collection::vec(kernel, count))
                .prop_map(|(planes, kernels)| Channels { planes, kernels })
        },
    )
}

/// Channels of singles, or of what is left of them.
fn float_channels() -> impl Strategy<Value = (Channels, Semantics)> {
    let channels = channels_of(|count| prop::collection::vec(single(), count).boxed());
    (channels, float_semantics()).prop_map(|(mut channels, semantics)| {
        let narrow = |words: &[i32]| words.iter().map(|&it| narrow(it, semantics.number)).collect();
        for plane in &mut channels.planes {
            *plane = Plane::new(plane.width(), plane.height(), narrow(plane.data())).unwrap();
        }
        for kernel in &mut channels.kernels {
            *kernel = Kernel::new(kernel.side(), narrow(kernel.weights())).unwrap();
        }
        (channels, semantics)
    })
}

/// For some input channels, a kernel for each of some outputs, and the one window they all see.
fn layer_of_windows() -> impl Strategy<Value = Vec<(Vec<Kernel>, Vec<i32>)>> {
    (1..=MAX_SIDE, 1..36_usize, 1..4_usize).prop_flat_map(|(side, outputs, channels)| {
        let products = side * side;
        let kernels = operands(outputs * products).prop_map(move |weights| {
            let kernels = weights.chunks_exact(products);
            kernels.map(|weights| Kernel::new(side, weights.to_vec()).unwrap()).collect()
        });
        prop::collection::vec((kernels, operands(products)), channels)
    })
}

fn layer(filters: Vec<Vec<Kernel>>) -> Convolution {
    let bias = vec![0; filters.len()];
    let finish = Finish { activation: None, shift: 0, bits: 12 };
    Convolution { name: "layer".to_owned(), index: 0, filters, bias, finish }
}

/// Every channel convolved with its kernel, S_max carried along.
fn chain<P>(
    planes: &[P],
    kernels: &[Kernel],
    convolve: impl Fn(&P, &Kernel, Option<&FeatureMap>) -> FeatureMap,
) -> Vec<FeatureMap> {
    let mut maps = Vec::new();
    for (plane, kernel) in planes.iter().zip(kernels) {
        let map = convolve(plane, kernel, maps.last());
        maps.push(map);
    }
    maps
}

/// The msb and the bits below it, read off the binary digits of |a|.
fn log_by_digits(a: i32, log_frac: u32) -> Option<u32> {
    let digits = format!("{:b}", i128::from(a).abs());
    let below = digits.strip_prefix('1')?;
    let fraction: String =
        below.chars().chain("00000000".chars()).take(log_frac as usize).collect();
    let number = format!("{:b}{fraction}", below.len());
    Some(u32::from_str_radix(&number, 2).unwrap())
}

fn same<T: PartialEq + Debug>(found: T, expected: T) -> Result<(), TestCaseError> {
    prop_assert_eq!(found, expected);
    Ok(())
}

/// Cases of a test; failures are printed with their seed, not kept in files.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn fast_is_plain(channels in channels(), semantics in semantics()) {
        let Channels { planes, kernels } = &channels;
        let plain = chain(planes, kernels, |p, k, carry| conv2d_plain(p, k, &semantics, carry));
        let fast = chain(planes, kernels, |p, k, carry| conv2d(p, k, &semantics, carry));
        same(fast, plain)?;
    }

    #[test]
    fn fast_is_plain_with_floats((channels, semantics) in float_channels()) {
        let Channels { planes, kernels } = &channels;
        let plain = chain(planes, kernels, |p, k, carry| conv2d_plain(p, k, &semantics, carry));
        let fast = chain(planes, kernels, |p, k, carry| conv2d(p, k, &semantics, carry));
        same(fast, plain)?;
    }

    #[test]
    fn many_kernels_at_one_window_are_their_dots_with_floats(
        kernels in prop::collection::vec(prop::collection::vec(single(), 9), 1..36),
        inputs in prop::collection::vec(single(), 9),
        semantics in float_semantics(),
    ) {
        let narrow = |words: &[i32]| words.iter().map(|&it| narrow(it, semantics.number)).collect();
        let inputs: Vec<i32> = narrow(&inputs);
        let kernels: Vec<_> =
            kernels.iter().map(|weights| Kernel::new(3, narrow(weights)).unwrap()).collect();
        let prepared = PreparedKernels::new(&kernels, semantics.number, semantics.log_frac).unwrap();
        let fast = dot_kernels(&prepared, &inputs, &semantics, None);
        for (i, kernel) in kernels.iter().enumerate() {
            let dot = dot(kernel.weights(), &inputs, &semantics, None);
            same(
                (fast.outputs[i], fast.kept[i].into(), fast.s_max(i)),
                (dot.output, dot.kept_count(), dot.s_max),
            )?;
        }
    }

    /// What is dropped is below its bound; approx is from exact no further than that and the roundings
    /// of both.
    #[test]
    fn the_bound_holds_with_floats(
        operands in prop::collection::vec((finite(), finite()), 1..=49),
        semantics in float_semantics(),
        carry in prop::option::of(0..2 * 255_u32),
    ) {
        let Semantics { number, log_frac, .. } = semantics;
        let (weights, inputs): (Vec<_>, Vec<_>) =
            operands.iter().map(|&(w, x)| (narrow(w, number), narrow(x, number))).unzip();
        let carry = carry.map(|it| it << log_frac);
        let exact = Semantics { mode: Mode::Exact, ..semantics };
        let [found, exact] = [semantics, exact].map(|it| dot(&weights, &inputs, &it, carry));
        let dropped = float_dropped(&weights, &inputs, found.kept, number).abs();
        let bound = float_error_bound(found.skipped_count(), found.s_max, &semantics);
        prop_assert!(dropped < bound || dropped == 0.0, "{dropped:e} is not below {bound:e}");

        let value = |word: i32| f64::from(f32::from_bits(word as u32));
        let magnitudes = |kept: u64| -> f64 {
            let products = weights.iter().zip(&inputs).enumerate();
            let kept = products.filter(|(i, _)| kept >> i & 1 == 1);
            kept.map(|(_, (&w, &x))| (value(number.single(w)) * value(number.single(x))).abs()).sum()
        };
        let [found_value, exact_value] = [found.output, exact.output].map(value);
        if found_value.is_finite() && exact_value.is_finite() {
            let roundings: f64 = [found, exact]
                .map(|it| float_rounding_bound(it.kept_count(), magnitudes(it.kept)))
                .iter()
                .sum();
            // Of the test's own sums, in 64 bits.
            let slack = 1.0 + 1e-12;
            let difference = (found_value - exact_value).abs();
            prop_assert!(difference <= (bound + roundings) * slack, "{difference:e}, {bound:e}");
            if matches!(semantics.mode, Mode::ZeroSkip | Mode::DualZeroSkip) {
                prop_assert_eq!(found_value, exact_value);
            }
        }
    }

    #[test]
    fn layers_are_their_convolutions(channels in channels(), semantics in semantics()) {
        let Channels { planes, kernels } = &channels;
        let backward: Vec<_> = kernels.iter().rev().cloned().collect();
        let layer = layer(vec![kernels.clone(), backward]);
        let maps: Vec<Vec<FeatureMap>> = layer.filters.iter().map(|kernels| {
            chain(planes, kernels, |p, k, carry| conv2d_plain(p, k, &semantics, carry))
        }).collect();
        let mut engine = GoldenEngine::default();
        let inputs = [planes.clone()];
        let found = engine.outcomes(&layer, &semantics, &inputs, Detail::Maps).remove(0);
        let sums = engine.outcomes(&layer, &semantics, &inputs, Detail::Sums).remove(0);
        same((&sums.sums, &sums.multiplications), (&found.sums, &found.multiplications))?;
        prop_assert!(sums.maps.is_empty());
        for (output, maps) in maps.iter().enumerate() {
            let count: u64 = maps.iter().map(FeatureMap::total_kept).sum();
            same(found.multiplications[output], count)?;
            for index in 0..maps[0].outputs.len() {
                let words = maps.iter().map(|map| map.outputs[index]);
                same(found.sums[output][index], words.fold(0, i32::wrapping_add))?;
                for (channel, map) in maps.iter().enumerate() {
                    let (entry, at) = found.entry(output, channel, index);
                    same(
                        (entry.outputs[at], entry.kept[at], entry.s_max(at)),
                        (map.outputs[index], map.kept[index], map.s_max(index)),
                    )?;
                }
            }
        }
    }

    #[test]
    fn the_bound_holds(channels in channels(), semantics in semantics(), x in 0..20_usize, y in 0..9_usize) {
        let Channels { planes, kernels } = &channels;
        let side = kernels[0].side();
        let (width, height) = output_size(planes[0].width(), planes[0].height(), side).unwrap();
        let (x, y) = (x % width, y % height);
        let (mut carry, mut skipped, mut dropped, mut windows) = (None, 0, 0, 0);
        for (plane, kernel) in planes.iter().zip(kernels) {
            let inputs = plane.window(x, y, side);
            let dot = dot(kernel.weights(), &inputs, &semantics, carry);
            let exact = kernel.weights().iter().zip(&inputs);
            let exact: i128 = exact.map(|(&w, &x)| i128::from(w) * i128::from(x)).sum();
            prop_assert_eq!(dot.exact(), exact as i32);
            prop_assert!(dot.error() <= dot.error_bound(&semantics), "{:?}", dot);
            carry = dot.s_max;
            skipped += dot.skipped_count();
            dropped += dot.dropped;
            windows += dot.error_bound(&semantics);
        }
        let bound = match semantics.scope {
            SmaxScope::Window => windows,
            SmaxScope::Running => error_bound(skipped, carry, &semantics),
        };
        prop_assert!(dropped.unsigned_abs() <= bound, "{dropped} over all channels; bound {bound}");
    }
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn many_kernels_at_one_window_are_their_dots(
        channels in layer_of_windows(),
        semantics in semantics(),
    ) {
        let mut map = None;
        let mut dots: Vec<Option<Dot>> = vec![None; channels[0].0.len()];
        for (kernels, inputs) in &channels {
            let count = kernels.len();
            let prepared = PreparedKernels::new(kernels, semantics.number, semantics.log_frac).unwrap();
            let fast = dot_kernels(&prepared, inputs, &semantics, map.as_ref());
            for (i, kernel) in kernels.iter().enumerate() {
                let carry = dots[i].and_then(|dot| dot.s_max);
                let dot = dot(kernel.weights(), inputs, &semantics, carry);
                prop_assert_eq!(fast.outputs[i], dot.output);
                prop_assert_eq!(u32::from(fast.kept[i]), dot.kept_count());
                prop_assert_eq!(fast.skipped(i), dot.skipped_count());
                prop_assert_eq!(fast.s_max(i), dot.s_max);
                dots[i] = Some(dot);
            }
            prop_assert_eq!((fast.width, fast.height), (count, 1));
            prop_assert_eq!((fast.outputs.len(), fast.kept.len()), (count, count));
            map = Some(fast);
        }
    }
}

proptest! {
    #![proptest_config(cases(20_000))]

    #[test]
    fn the_log_proxy_is_its_definition_in_digits(a in operand(), log_frac in 0..=MAX_LOG_FRAC) {
        prop_assert_eq!(log_proxy(a, log_frac), log_by_digits(a, log_frac));
        prop_assert_eq!(msb(a), log_by_digits(a, 0));
    }
}

/// All neighbours of powers of two with all fraction bits, in both models.
#[test]
fn logs_at_every_edge() {
    let edges = (0..32).flat_map(|k| (-2..3).map(move |step| (1_i64 << k) + step));
    let ties =
        (10..31).flat_map(|k| [1 << (k - 9), 3 << (k - 9)].map(|low| (1_i64 << k) + low - 1));
    let operands = edges.chain(ties).flat_map(|a| [a, -a]).filter_map(|a| i32::try_from(a).ok());
    let kernel = Kernel::new(1, vec![1]).unwrap();
    let threshold = Threshold::new(1).unwrap();
    for a in operands {
        assert_eq!(msb(a), log_by_digits(a, 0), "{a}");
        for log_frac in 0..=MAX_LOG_FRAC {
            let expected = log_by_digits(a, log_frac);
            assert_eq!(log_proxy(a, log_frac), expected, "L({a}) with F = {log_frac}");
            // The score of 1·a is L(a).
            let semantics =
                Semantics::new(Mode::Approx, log_frac, threshold, SmaxScope::Window).unwrap();
            let plane = Plane::new(1, 1, vec![a]).unwrap();
            let fast = conv2d(&plane, &kernel, &semantics, None);
            assert_eq!(fast.s_max(0), expected, "fast L({a}) with F = {log_frac}");
        }
    }
}

/// A plane large enough that the fast model computes it in several threads.
#[test]
fn bands_of_a_large_plane_join_up() {
    let (width, height) = (701, 311);
    let mut a = 1_u32;
    let mut next = || {
        a = a.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (a as i32) >> (a >> 8 & 31)
    };
    let mut plane =
        || Plane::new(width, height, (0..width * height).map(|_| next()).collect()).unwrap();
    let planes = [plane(), plane()];
    let kernel = Kernel::new(7, (0..49).map(|i| (i - 24) * 1_000).collect()).unwrap();
    let kernels = [kernel.clone(), kernel];
    let threshold = Threshold::new(9).unwrap();
    let semantics = Semantics::new(Mode::Approx, 2, threshold, SmaxScope::Running).unwrap();
    let plain = chain(&planes, &kernels, |p, k, carry| conv2d_plain(p, k, &semantics, carry));
    let fast = chain(&planes, &kernels, |p, k, carry| conv2d(p, k, &semantics, carry));
    assert!(fast == plain);
    assert!(plain[1].slots() > 4 << 20, "more than four bands");
}

/// What the callers can get wrong is refused in words.
#[test]
fn wrong_shapes_are_refused() {
    let refusal = |convolve: Box<dyn Fn() -> FeatureMap + std::panic::UnwindSafe>| {
        let panic = std::panic::catch_unwind(convolve).unwrap_err();
        *panic.downcast::<String>().unwrap()
    };
    let plane = |side: usize| Plane::new(side, side, vec![1; side * side]).unwrap();
    let kernel = |side: usize| Kernel::new(side, vec![1; side * side]).unwrap();
    let threshold = Threshold::new(1).unwrap();
    let semantics = Semantics::new(Mode::Approx, 0, threshold, SmaxScope::Window).unwrap();
    for convolve in [conv2d, conv2d_plain] {
        let too_large =
            refusal(Box::new(move || convolve(&plane(4), &kernel(5), &semantics, None)));
        assert_eq!(too_large, "a kernel of side 5 does not fit into a plane of 4×4");
        let carry = conv2d(&plane(4), &kernel(3), &semantics, None);
        let carried =
            refusal(Box::new(move || convolve(&plane(5), &kernel(3), &semantics, Some(&carry))));
        assert_eq!(carried, "S_max of a map of (2, 2) carried to one of (3, 3)");
    }
    let prepared = refusal(Box::new(move || {
        conv2d_prepared(
            &PreparedPlane::new(&plane(4), Number::Integer, 1),
            &kernel(3),
            &semantics,
            None,
        )
    }));
    assert_eq!(prepared, "operands prepared with 1 fraction bits, semantics with 0");
}
