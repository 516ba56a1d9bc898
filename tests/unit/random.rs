// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random windows, back to back on one unit, against the golden model.
//!
//! `CONVAPPROX_SEED` chooses other windows, `CONVAPPROX_ROUNDS` (kernels per unit) more of them.

use std::str::FromStr;

use convapprox::bench::scoreboard::ExpectedWindow;
use convapprox::bench::unit::{Outcome, PlaneAt, Stalls, Tile, WindowRun};
use convapprox::hw::UnitParameters;
use model::conv::{
    Mode, Number, SmaxScope, float_dropped, float_error_bound, float_rounding_bound, operand_range,
};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{
    Bench, KERNEL_ADDR, Origin, PLANE_ADDR, WINDOW_ADDR, Window, X_SEEDS, least_score, run,
    threshold, units, units_and_x_seeds,
};

/// What operands look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distribution {
    /// Any bits: all magnitudes are large.
    Uniform,
    /// −128 ..= 127.
    Small,
    /// A random sign and a magnitude that halves in likelihood with each step: weights of trained
    /// networks look like this.
    Laplace,
    /// Four zeros in five words, as a ReLU leaves them.
    Sparse,
    /// The ends of the range, zero, and the neighbours of powers of two.
    Extreme,
    /// Words like the pixels of handwritten digits, 81 % black and many of the rest nearly white;
    /// weights like those of a quantised filter.
    Mnist,
    /// Powers of two with few exponents: many products tie.
    Tied,
}

impl Distribution {
    #[rustfmt::skip]
    const ALL: [Self; 7] = [
        Self::Uniform, Self::Small, Self::Laplace, Self::Sparse, Self::Extreme, Self::Mnist, Self::Tied,
    ];

    /// One operand of the window: a number of `operand_w` bits, saturated where it has more.
    fn word(self, rng: &mut ChaCha8Rng, operand_w: u32) -> i32 {
        let range = operand_range(operand_w);
        let (low, high) = (*range.start(), *range.end());
        let word = match self {
            Self::Uniform => rng.random::<i32>() >> (32 - operand_w),
            Self::Small => rng.random_range(-128..128),
            Self::Laplace => {
                let scale = 500.0 * -(1.0 - rng.random::<f64>()).ln();
                if rng.random() { scale as i32 } else { -(scale as i32) }
            }
            Self::Sparse => {
                let magnitude = rng.random_range(1..4096);
                if rng.random_ratio(4, 5) { 0 } else { magnitude }
            }
            Self::Extreme => {
                let power = 1_i32 << rng.random_range(0..operand_w);
                let near = power.wrapping_add(rng.random_range(-1..2));
                let ends = [0, 1, -1, low, low + 1, high, near, near.wrapping_neg()];
                ends[rng.random_range(0..ends.len())]
            }
            Self::Mnist => match rng.random_range(0..100) {
                0..81 => 0,
                81..90 => rng.random_range(250..256),
                _ => rng.random_range(1..256),
            },
            Self::Tied => {
                let power = 1 << rng.random_range(0..3);
                if rng.random() { power } else { -power }
            }
        };
        word.clamp(low, high)
    }

    /// One weight.
    fn weight(self, rng: &mut ChaCha8Rng, operand_w: u32) -> i32 {
        match self {
            Self::Mnist => rng.random_range(-32..32),
            Self::Sparse => Self::Small.word(rng, operand_w),
            other => other.word(rng, operand_w),
        }
    }

    /// One operand that is a float: its bits.
    fn float(self, rng: &mut ChaCha8Rng) -> u32 {
        let signed = |rng: &mut ChaCha8Rng, value: f32| if rng.random() { value } else { -value };
        match self {
            Self::Uniform => rng.random(),
            Self::Small => (rng.random_range(-128..128) as f32).to_bits(),
            Self::Laplace => {
                let magnitude = 0.05 * -(1.0 - rng.random::<f32>()).ln();
                signed(rng, magnitude).to_bits()
            }
            Self::Sparse => {
                let value = if rng.random_ratio(4, 5) { 0.0 } else { rng.random::<f32>() };
                signed(rng, value).to_bits()
            }
            Self::Extreme => {
                // Products overflow, are subnormal, vanish, or are near 1.
                let near = |rng: &mut ChaCha8Rng, middle: u32| middle + rng.random_range(0..4);
                let middle = *[0, 50, 62, 110, 125, 188, 251].choose(rng).unwrap();
                let exponent = if rng.random_ratio(1, 24) { 255 } else { near(rng, middle) };
                // Halves of the last place of a sum, and its neighbours.
                let fractions =
                    [0, 0, 1, 1 << 11, 1 << 22, (1 << 23) - 1, rng.random::<u32>() >> 9];
                let fraction = *fractions.choose(rng).unwrap();
                rng.random::<u32>() & 1 << 31 | exponent << 23 | fraction
            }
            Self::Mnist => (Self::Mnist.word(rng, 32) as f32 / 256.0).to_bits(),
            Self::Tied => {
                let power = (rng.random_range(0..3) as f32).exp2();
                signed(rng, power).to_bits()
            }
        }
    }

    /// One operand of a unit: of its kernel, or of the window.
    fn operand(self, rng: &mut ChaCha8Rng, unit: &UnitParameters, of_kernel: bool) -> i32 {
        match (unit.number(), of_kernel) {
            (Number::Integer, true) => self.weight(rng, unit.operand_w),
            (Number::Integer, false) => self.word(rng, unit.operand_w),
            (Number::Float32, _) => self.float(rng).cast_signed(),
            (Number::Bfloat16, _) => self.float(rng).cast_signed() >> 16,
        }
    }
}

/// A random kernel that fits the unit, with an empty window for [`random_window`] to fill.
fn random_kernel(rng: &mut ChaCha8Rng, unit: &UnitParameters) -> (usize, Vec<i32>, Distribution) {
    // The largest side is the one that matters most.
    let side = if rng.random() { unit.kernel } else { rng.random_range(1..=unit.kernel) };
    let kind = *Distribution::ALL.choose(rng).unwrap();
    (side, (0..side * side).map(|_| kind.operand(rng, unit, true)).collect(), kind)
}

/// A random window for a kernel, anywhere in memory.
fn random_window(
    rng: &mut ChaCha8Rng,
    unit: &UnitParameters,
    side: usize,
    weights: &[i32],
    kind: Distribution,
) -> Window {
    let f = unit.log_frac;
    let tile = if rng.random_ratio(1, 4) { Tile::One } else { Tile::TwoByTwo };
    let window_side = tile.window_side(side);
    // Approx has more to get wrong than the other modes together.
    let mode = if rng.random() { Mode::Approx } else { *Mode::ALL.choose(rng).unwrap() };
    let t = match rng.random_range(0..8) {
        0..4 => rng.random_range(1..=16 << f),
        4 => 1,
        5 => rng.random_range(1..=1 << f),
        6 => rng.random_range(1..=(if unit.float == 1 { 512 } else { 64 }) << f),
        // Above every score, and past the width of the port.
        _ => *[0xffff, 0x1_0000, 1 << 31, u32::MAX].choose(rng).unwrap(),
    };
    let scope = if rng.random() { SmaxScope::Running } else { SmaxScope::Window };
    let (most, near) = match unit.float {
        0 => (2 * unit.operand_w - 2, 0),
        _ => (2 * 254, least_score(unit) - (6 << f)),
    };
    let carry = [(); 4].map(|()| match rng.random_range(0..3) {
        0 => None,
        1 => Some(rng.random_range(0..=most << f)),
        // Near what a window of such operands has.
        _ => Some(near + rng.random_range(0..=12 << f)),
    });
    let plane = (unit.planes == 1 && rng.random()).then(|| PlaneAt {
        addr: PLANE_ADDR + rng.random_range(0..64),
        index: rng.random_range(-100..100),
    });
    let run = WindowRun {
        addr: WINDOW_ADDR + unit.operand_bytes() * rng.random_range(0..64),
        pitch: window_side as u32 + rng.random_range(0..40),
        tile,
        mode,
        threshold: threshold(t),
        scope,
        carry,
        plane,
        ..run()
    };
    let words = (0..window_side.pow(2)).map(|_| kind.operand(rng, unit, false)).collect();
    Window { number: unit.number(), side, weights: weights.to_vec(), words, run }
}

/// Windows of one kernel, at most.
const WINDOWS_PER_KERNEL: usize = 24;

/// All that decides the windows of one unit.
#[derive(Debug, Clone, Copy)]
pub struct Session {
    /// The unit.
    pub parameters: UnitParameters,
    /// Seed of what its registers hold at first.
    pub x_seed: u64,
    /// Whether its memory waits.
    pub stalls: bool,
    /// Seed of operands, commands and waiting times.
    pub seed: u64,
    /// Kernels.
    pub rounds: usize,
}

impl Session {
    /// A session as the environment says.
    pub fn new(parameters: UnitParameters, x_seed: u64, stalls: bool) -> Self {
        let seed = from_environment("CONVAPPROX_SEED", 20_240);
        let rounds = from_environment("CONVAPPROX_ROUNDS", 200);
        Self { parameters, x_seed, stalls, seed, rounds }
    }

    /// Runs all windows, in order, on one unit; each outcome goes to `see` before the next one
    /// starts. The operands depend on the seed and the unit alone.
    pub fn run(&self, mut see: impl FnMut(&Bench, &Window, &Outcome, &Origin)) -> Bench {
        let stalls = self.stalls.then_some(Stalls { seed: self.seed });
        let mut bench = Bench::new(self.parameters, self.x_seed, stalls);
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let mut kernels: Vec<Option<(usize, Vec<i32>)>> = vec![None; self.parameters.kernels];
        let mut number = 0;
        for _ in 0..self.rounds {
            let (side, weights, mut kind) = random_kernel(&mut rng, &self.parameters);
            let slot = rng.random_range(0..self.parameters.kernels);
            kernels[slot] = Some((side, weights));
            let mut held: Option<Window> = None;
            for window_of_kernel in 0..rng.random_range(1..=WINDOWS_PER_KERNEL) {
                // The kernel just loaded, or any that is there.
                let mut slot = slot;
                if window_of_kernel > 0 {
                    let filled: Vec<_> =
                        (0..kernels.len()).filter(|&slot| kernels[slot].is_some()).collect();
                    slot = *filled.choose(&mut rng).unwrap();
                }
                let (side, weights) = kernels[slot].as_ref().unwrap();
                let mut window = random_window(&mut rng, &self.parameters, *side, weights, kind);
                window.run.slot = slot as u8;
                if let Some(held) = held.as_ref().filter(|_| rng.random()) {
                    reuse_if_held(&mut window, held);
                }
                let origin = self.origin(number, kind);
                if window_of_kernel == 0 {
                    let bytes = self.parameters.operand_bytes();
                    let addr = KERNEL_ADDR + bytes * rng.random_range(0..16);
                    if let Err(error) = bench.load_at(&window, addr) {
                        let found = [format!("the kernel does not load: {error}")];
                        bench.fail(&window, &found, &origin);
                    }
                }
                let outcome = bench.run(&window, &origin);
                see(&bench, &window, &outcome, &origin);
                if !window.run.reuse {
                    held = Some(window);
                }
                if rng.random_ratio(1, 16) {
                    bench.idle(rng.random_range(1..6));
                }
                number += 1;
                // Later windows may be of another kind than the kernel.
                kind = *Distribution::ALL.choose(&mut rng).unwrap();
            }
        }
        bench
    }

    /// Runs all windows and panics at the first that differs.
    fn check(&self) {
        let mut bench = self.run(|bench, window, outcome, origin| {
            let differences = bench.differences(window, outcome);
            let mut found: Vec<_> = differences.iter().map(ToString::to_string).collect();
            found.extend(bound_errors(&self.parameters, window, outcome));
            if !found.is_empty() {
                bench.fail(window, &found, origin);
            }
        });
        bench.check_counters(&format!("after all random windows; {}", self.repeat()));
    }

    /// The command that runs this session again.
    fn repeat(&self) -> String {
        format!(
            "CONVAPPROX_SEED={} CONVAPPROX_ROUNDS={} cargo test --release --test unit random",
            self.seed, self.rounds
        )
    }

    /// Where a window of this session comes from.
    pub fn origin(&self, number: usize, kind: Distribution) -> Origin {
        Origin {
            what: format!("random-{kind:?}"),
            operands: format!("{kind:?}"),
            number,
            seed: self.seed,
            repeat: self.repeat(),
        }
    }
}

/// Makes the window one that the unit holds already, if it is no larger than what is held.
fn reuse_if_held(window: &mut Window, held: &Window) {
    let (side, held_side) = (window.window_side(), held.window_side());
    if side <= held_side {
        let rows = held.words.chunks_exact(held_side).take(side);
        window.words = rows.flat_map(|row| &row[..side]).copied().collect();
        window.run.reuse = true;
        // Not read, so not even aligned.
        window.run.addr += 3;
    }
}

fn from_environment<T: FromStr>(name: &str, default: T) -> T {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number")),
        Err(_) => default,
    }
}

/// The error bound, on what the unit itself says it kept: exact and approximate output are not
/// further apart than allowed.
pub fn bound_errors(unit: &UnitParameters, window: &Window, outcome: &Outcome) -> Vec<String> {
    if unit.float == 1 {
        return float_bound_errors(unit, window, outcome);
    }
    let semantics = window.semantics(unit.log_frac);
    let ExpectedWindow { dots, .. } = window.expected(unit.log_frac);
    let exact = Window { run: WindowRun { mode: Mode::Exact, ..window.run }, ..window.clone() };
    let exact = exact.expected(unit.log_frac);
    let mut found = Vec::new();
    for (output, dot) in dots.iter().enumerate() {
        let (error, bound) = (dot.error(), dot.error_bound(&semantics));
        if error > bound {
            found.push(format!("output {output}: |exact − approx| = {error}, over {bound}"));
        }
        // Modulo 2³², where the outputs live, the unit's distance is the one that was bounded.
        let distance = exact.dots[output].output.wrapping_sub(outcome.outputs[output]);
        if distance != dot.dropped as i32 {
            found.push(format!("output {output}: {distance} off the exact output"));
        }
        // The strict form of the contract, for the paper's hardware: below n·2^(S_max − T + 2).
        let threshold = window.run.threshold.get();
        let beyond = outcome.s_max[output].and_then(|s_max| s_max.checked_sub(threshold));
        if let (0, Some(beyond), 1..) = (unit.log_frac, beyond, error) {
            let kept = outcome.kept.of(output, window.side).count_ones();
            let strict = u128::from(dot.products - kept) << (beyond + 2);
            if error >= strict && window.run.mode == Mode::Approx {
                found.push(format!("output {output}: |exact − approx| = {error} ≥ {strict}"));
            }
        }
    }
    found
}

/// The same of floats: what the unit skipped is within its bound, and its sum is within the roundings of
/// the exact sum of what it kept. Neither is said where something is not finite.
fn float_bound_errors(unit: &UnitParameters, window: &Window, outcome: &Outcome) -> Vec<String> {
    let semantics = window.semantics(unit.log_frac);
    let value = |&word: &i32| f64::from(f32::from_bits(window.number.single(word).cast_unsigned()));
    let mut found = Vec::new();
    for output in 0..window.run.tile.outputs() {
        let inputs = window.operands(0).inputs(output);
        let products: Vec<f64> =
            window.weights.iter().zip(&inputs).map(|(w, x)| value(w) * value(x)).collect();
        let magnitudes: f64 = products.iter().map(|product| product.abs()).sum();
        // Sums that may overflow on their way are no concern of the bounds either.
        if magnitudes.is_nan() || magnitudes >= f64::from(f32::MAX) {
            continue;
        }
        let kept = outcome.kept.of(output, window.side);
        let skipped = products.len() as u32 - kept.count_ones();
        let sum = |left_out| float_dropped(&window.weights, &inputs, left_out, window.number);
        let (dropped, exact) = (sum(kept).abs(), sum(!kept));
        let bound = float_error_bound(skipped, outcome.s_max[output], &semantics);
        if dropped > bound || (dropped == bound && dropped > 0.0) {
            found.push(format!(
                "output {output}: the skipped products are {dropped:e}, over {bound:e}"
            ));
        }
        let actual = f64::from(f32::from_bits(outcome.outputs[output].cast_unsigned()));
        let (distance, bound) =
            ((actual - exact).abs(), float_rounding_bound(kept.count_ones(), magnitudes));
        // The exact sum is one of 53 bits.
        if distance.is_nan() || distance > bound * (1.0 + 1e-6) {
            found.push(format!("output {output}: {actual:e} is {distance:e} off, over {bound:e}"));
        }
    }
    found
}

#[test]
fn random_windows_agree_with_the_golden_model() {
    for (unit, x_seed) in units_and_x_seeds() {
        for stalls in [false, true] {
            Session::new(unit, x_seed, stalls).check();
        }
    }
}

/// Registers hold anything before they are written. Two different choices of that must lead to the
/// same results in the same cycles.
#[test]
fn nothing_depends_on_initial_values() {
    for unit in units() {
        for stalls in [false, true] {
            let [first, second] = X_SEEDS.map(|x_seed| {
                let mut outcomes: Vec<Outcome> = Vec::new();
                let session = Session::new(unit, x_seed, stalls);
                let mut bench = session.run(|_, _, outcome, _| outcomes.push(*outcome));
                (outcomes, bench.unit.counters().unwrap(), bench.unit.cycles())
            });
            assert!(first.0.len() > 1, "{}: no windows", unit);
            for (number, (first, second)) in first.0.iter().zip(&second.0).enumerate() {
                assert_eq!(first, second, "{}: window {number}, stalls: {stalls}", unit);
            }
            assert_eq!(first, second, "{}: stalls: {stalls}", unit);
        }
    }
}
