//! Random windows, back to back on one unit, against the golden model.
//!
//! `CONVAPPROX_SEED` chooses other windows, `CONVAPPROX_ROUNDS` (kernels per unit) more of them.

use std::str::FromStr;

use convapprox::check::ExpectedWindow;
use convapprox::dut::{Outcome, Stalls, UnitParameters, WindowRun};
use model::conv::Mode;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::bench::{Bench, KERNEL_ADDR, units_and_x_seeds};
use crate::mismatch::Origin;
use crate::operands::{Distribution, random_kernel, random_window};
use crate::window::Window;

/// Windows of one kernel, at most.
const WINDOWS_PER_KERNEL: usize = 24;

/// All that decides the windows of one unit.
#[derive(Debug, Clone, Copy)]
pub struct Session {
    /// The unit.
    pub parameters: &'static UnitParameters,
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
    pub fn new(parameters: &'static UnitParameters, x_seed: u64, stalls: bool) -> Self {
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
            let (side, weights, mut kind) = random_kernel(&mut rng, self.parameters);
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
                let mut window = random_window(&mut rng, self.parameters, *side, weights, kind);
                window.run.slot = slot as u8;
                if let Some(held) = held.as_ref().filter(|_| rng.random()) {
                    reuse_if_held(&mut window, held);
                }
                let origin = self.origin(number, kind);
                if window_of_kernel == 0 {
                    let addr = KERNEL_ADDR + 4 * rng.random_range(0..4);
                    if let Err(error) = bench.try_load_at(&window, addr) {
                        bench.fail(
                            &window,
                            &[format!("the kernel does not load: {error}")],
                            &origin,
                        );
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
            found.extend(bound_errors(self.parameters, window, outcome));
            if !found.is_empty() {
                bench.fail(window, &found, origin);
            }
        });
        bench.check_counters(&format!("after all random windows; {}", self.repeat()));
    }

    /// The command that runs this session again.
    fn repeat(&self) -> String {
        format!(
            "CONVAPPROX_SEED={} CONVAPPROX_ROUNDS={} cargo test --release --test conv_unit random",
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
            let kept = outcome.kept(output, unit.kernel, window.side).count_ones();
            let strict = u128::from(dot.products - kept) << (beyond + 2);
            if error >= strict && window.run.mode == Mode::Approx {
                found.push(format!("output {output}: |exact − approx| = {error} ≥ {strict}"));
            }
        }
    }
    found
}

#[test]
fn random_windows_agree_with_the_golden_model() {
    for (unit, x_seed) in units_and_x_seeds() {
        Session::new(unit, x_seed, false).check();
    }
}

#[test]
fn random_windows_agree_with_the_golden_model_while_the_memory_waits() {
    for (unit, x_seed) in units_and_x_seeds() {
        Session::new(unit, x_seed, true).check();
    }
}
