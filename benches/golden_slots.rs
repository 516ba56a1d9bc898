// SPDX-License-Identifier: MIT OR Apache-2.0
//! Product slots a second of the golden model (a slot: one kernel element at one output).
//!
//! `cargo bench --bench golden_slots`

use std::hint::black_box;
use std::time::{Duration, Instant};

use model::conv::{
    FeatureMap, Kernel, Mode, Number, Plane, PreparedKernels, PreparedPlane, Semantics, SmaxScope,
    Threshold, conv2d, conv2d_plain, conv2d_prepared, dot_kernels,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

const REPEATS: usize = 11;
const PLANES: usize = 64;
const KERNELS: usize = 8;
const NUMBER: Number = Number::Integer;

fn main() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    println!(
        "approx mode, τ = 0.05: slots/s a core, median of {REPEATS} repeats (lowest to highest)"
    );
    for (side, size) in [(3, 28), (5, 28), (5, 12)] {
        convolutions(&mut rng, side, size);
    }
    one_window(&mut rng);
}

/// Digit-like planes of `size` × `size` with kernels of side `side`.
fn convolutions(rng: &mut ChaCha8Rng, side: usize, size: usize) {
    let planes: Vec<_> = (0..PLANES).map(|_| digit_like(rng, size)).collect();
    let kernels: Vec<_> = (0..KERNELS).map(|_| kernel(rng, side)).collect();
    for log_frac in [0, 3] {
        let row = |name: &str, threads, rates| row(name, side, size, log_frac, threads, rates);
        let semantics = approx(log_frac);
        let prepared = planes.iter().map(|plane| PreparedPlane::new(plane, NUMBER, log_frac));
        let prepared: Vec<_> = prepared.collect();

        let rates =
            measure(|| each(&prepared, &kernels, |p, k| conv2d_prepared(p, k, &semantics, None)));
        row("fast, logs taken before", 1, rates);
        let rates = measure(|| each(&planes, &kernels, |p, k| conv2d(p, k, &semantics, None)));
        row("fast, logs taken each time", 1, rates);
        for threads in [1, 2] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let pool = pool.expect("a few threads");
            let convolve = |p| kernels.iter().map(move |k| conv2d_prepared(p, k, &semantics, None));
            let dropped = || prepared.par_iter().flat_map_iter(convolve).map(|it| slots(&it)).sum();
            let rates = measure(|| pool.install(dropped));
            row("fast, pool, maps dropped", threads, rates.per_core(threads));
            let held = || {
                let maps: Vec<_> = prepared.par_iter().flat_map_iter(convolve).collect();
                black_box(maps).iter().map(slots).sum()
            };
            let rates = measure(|| pool.install(held));
            row("fast, pool, maps held", threads, rates.per_core(threads));
        }
        let few = &planes[..2];
        let rates = measure(|| each(few, &kernels, |p, k| conv2d_plain(p, k, &semantics, None)));
        row("plain", 1, rates);
    }
}

/// C5 of LeNet-5 for one input channel: 120 kernels of side 4, one output each.
fn one_window(rng: &mut ChaCha8Rng) {
    let kernels: Vec<_> = (0..120).map(|_| kernel(rng, 4)).collect();
    let windows: Vec<_> = (0..PLANES).map(|_| digit_like(rng, 4)).collect();
    for log_frac in [0, 3] {
        let semantics = approx(log_frac);
        let kernels =
            PreparedKernels::new(&kernels, NUMBER, log_frac).expect("kernels of one side");
        let rates = measure(|| {
            let dots = |window: &Plane| dot_kernels(&kernels, window.data(), &semantics, None);
            windows.iter().map(|window| black_box(dots(black_box(window))).slots()).sum()
        });
        row("fast, 120 kernels, 1 window", 4, 4, log_frac, 1, rates);
    }
}

fn row(name: &str, side: usize, size: usize, log_frac: u32, threads: usize, rates: Rates) {
    let Rates([low, median, high]) = rates;
    println!(
        "{name:<28} K={side} {size}x{size} F={log_frac} threads={threads}: \
         {median:.3e} ({low:.3e} to {high:.3e})"
    );
}

fn approx(log_frac: u32) -> Semantics {
    let threshold = Threshold::from_tau(0.05, log_frac).expect("a tolerance between 0 and 1");
    Semantics { mode: Mode::Approx, log_frac, threshold, scope: SmaxScope::Window, number: NUMBER }
}

/// Four of five pixels are 0, the others 1 to 255.
fn digit_like(rng: &mut ChaCha8Rng, size: usize) -> Plane {
    let pixel = |_| {
        if rng.random_bool(0.8) { 0 } else { rng.random_range(1..256) }
    };
    Plane::new(size, size, (0..size * size).map(pixel).collect()).expect("a square")
}

fn kernel(rng: &mut ChaCha8Rng, side: usize) -> Kernel {
    let weights = (0..side * side).map(|_| rng.random_range(-127..128)).collect();
    Kernel::new(side, weights).expect("a small square")
}

fn slots(map: &FeatureMap) -> u64 {
    black_box(map).slots()
}

/// Convolves each plane with each kernel; the slots of all.
fn each<P>(planes: &[P], kernels: &[Kernel], convolve: impl Fn(&P, &Kernel) -> FeatureMap) -> u64 {
    let pairs = planes.iter().flat_map(|plane| kernels.iter().map(move |kernel| (plane, kernel)));
    pairs.map(|(plane, kernel)| slots(&convolve(plane, black_box(kernel)))).sum()
}

/// The lowest, the middle and the highest rate, in slots a second.
struct Rates([f64; 3]);

impl Rates {
    fn per_core(self, cores: usize) -> Self {
        Self(self.0.map(|rate| rate / cores as f64))
    }
}

/// Runs `work`, which returns its slots, for a tenth of a second a repeat.
fn measure(mut work: impl FnMut() -> u64) -> Rates {
    work();
    let mut rates: Vec<f64> = (0..REPEATS)
        .map(|_| {
            let (begin, mut slots) = (Instant::now(), 0);
            while begin.elapsed() < Duration::from_millis(100) {
                slots += work();
            }
            slots as f64 / begin.elapsed().as_secs_f64()
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    Rates([rates[0], rates[REPEATS / 2], rates[REPEATS - 1]])
}
