//! Random operands and semantics.

use model::conv::*;
use proptest::prelude::*;
use proptest::sample::select;

/// Operands with every kind of trouble: wide, narrow, peaked at zero, sparse, at the edges.
pub fn operand() -> impl Strategy<Value = i32> {
    prop_oneof![
        any::<i32>(),
        -9..10_i32,
        // Laplace-like: a uniform sign and a geometric magnitude.
        (any::<i32>(), 0..32_u32).prop_map(|(a, shift)| a >> shift),
        prop_oneof![4 => Just(0), 1 => 1..256_i32],
        edge(),
    ]
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
    let of = |kind: BoxedStrategy<i32>| prop::collection::vec(kind, count);
    prop_oneof![
        of(any::<i32>().boxed()),
        of((-128..128_i32).boxed()),
        of((any::<i32>(), 0..32_u32).prop_map(|(a, shift)| a >> shift).boxed()),
        of(prop_oneof![4 => Just(0), 1 => 1..256_i32].boxed()),
        of(edge().boxed()),
        of(operand().boxed()),
    ]
}

pub fn semantics() -> impl Strategy<Value = Semantics> {
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

/// Some input channels of one size and a kernel for each.
#[derive(Debug, Clone)]
pub struct Channels {
    /// One an input channel.
    pub planes: Vec<Plane>,
    /// One an input channel.
    pub kernels: Vec<Kernel>,
}

pub fn channels() -> impl Strategy<Value = Channels> {
    (1..=MAX_SIDE, 0..20_usize, 0..9_usize, 1..4_usize).prop_flat_map(
        |(side, columns, rows, count)| {
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

/// For some input channels, a kernel for each of some outputs, and the one window they all see.
pub fn layer_of_windows() -> impl Strategy<Value = Vec<(Vec<Kernel>, Vec<i32>)>> {
    (1..=MAX_SIDE, 1..36_usize, 1..4_usize).prop_flat_map(|(side, outputs, channels)| {
        let products = side * side;
        let kernels = operands(outputs * products).prop_map(move |weights| {
            let kernels = weights.chunks_exact(products);
            kernels.map(|weights| Kernel::new(side, weights.to_vec()).unwrap()).collect()
        });
        prop::collection::vec((kernels, operands(products)), channels)
    })
}
