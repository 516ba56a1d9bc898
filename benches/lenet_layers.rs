// SPDX-License-Identifier: MIT OR Apache-2.0
//! Windows a second and core of the layer engine over batches that have the shape of LeNet-5's convolution
//! layers, each window compared with the golden model; one thread.
//!
//! `cargo bench --bench lenet_layers [-- UNIT…]`

use std::time::Instant;

use convapprox::bench::engine::{RtlEngine, RtlSettings};
use convapprox::hw::{NETWORK_UNIT, UnitParameters};
use model::conv::{Kernel, Mode, Plane, Semantics, SmaxScope, Threshold};
use model::engine::{Cost, Detail, Engine, GoldenEngine, Place};
use model::nn::{Convolution, Finish};

const IMAGES: usize = 100;
const ROUNDS: usize = 5;

/// Name, output channels, input channels, kernel side, plane side, live words in a hundred.
const LAYERS: [(&str, usize, usize, usize, usize, u32); 3] =
    [("C1", 6, 1, 5, 28, 20), ("C3", 16, 6, 5, 12, 60), ("C5", 120, 16, 4, 4, 70)];

struct Layer {
    convolution: Convolution,
    planes: Vec<Vec<Plane>>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let layers: Vec<Layer> = LAYERS.iter().map(layer).collect::<Result<_, _>>()?;
    println!("{IMAGES} images, approx mode with τ = 0.1, best of {ROUNDS} rounds, one thread");
    println!("each with the golden model's maps, which the windows are compared with");
    // cargo passes flags of its own.
    let names: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    if names.is_empty() {
        return measure(&NETWORK_UNIT, &layers);
    }
    names.iter().try_for_each(|name| measure(&name.parse()?, &layers))
}

fn measure(unit: &UnitParameters, layers: &[Layer]) -> Result<(), Box<dyn std::error::Error>> {
    let threshold = Threshold::new(4 << unit.log_frac)?;
    let semantics = Semantics::new(Mode::Approx, unit.log_frac, threshold, SmaxScope::Window)?;
    let mut engine = RtlEngine::new(RtlSettings { unit: Some(*unit), ..RtlSettings::default() });
    let (mut all, mut multiplications) = (Cost::default(), 0);
    let (mut all_seconds, mut golden_seconds) = (0.0, 0.0);
    println!("{unit}");
    for Layer { convolution, planes } in layers {
        let begin = Instant::now();
        let golden =
            GoldenEngine::default().outcomes(convolution, &semantics, planes, Detail::Maps);
        golden_seconds += begin.elapsed().as_secs_f64();
        let mut best = f64::INFINITY;
        let (mut cost, mut kept) = (Cost::default(), 0);
        // Where the system tells it, the time that the thread had a core: others may use the machine.
        for _ in 0..ROUNDS {
            let (begin, cpu) = (Instant::now(), cpu_seconds());
            let place = Place::default();
            let run = engine.layer(&place, convolution, &semantics, planes, Detail::Sums)?;
            let wall = begin.elapsed().as_secs_f64();
            best = best.min(cpu_seconds().zip(cpu).map_or(wall, |(end, begin)| end - begin));
            for (outcome, golden) in run.outcomes.iter().zip(&golden) {
                assert_eq!(outcome.sums, golden.sums, "the unit's sums");
            }
            cost = run.costs.into_iter().sum();
            kept = run.outcomes.iter().map(|it| it.total_multiplications()).sum();
        }
        report(&convolution.name, &cost, kept, best);
        all += cost;
        multiplications += kept;
        all_seconds += best;
    }
    report("all", &all, multiplications, all_seconds);
    println!("  10,000 images: {:.1} s of one core", all_seconds / IMAGES as f64 * 1e4);
    println!("  of that the golden maps: {golden_seconds:.3} s of this batch");
    let findings = engine.take_findings()?;
    assert_eq!(findings.mismatches, 0, "{:?}", findings.counter_errors);
    Ok(())
}

/// Seconds that this thread has run, on Linux.
fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split_whitespace().next()?.parse::<f64>().ok()? / 1e9)
}

fn report(name: &str, totals: &Cost, multiplications: u64, seconds: f64) {
    let images = IMAGES as f64;
    println!(
        "  {name:3} {:7.0} windows/s; an image: {:4.0} windows, {:6.0} cycles, {:6.0} words, \
         {:7.1} multiplications; {:4} kernel loads with {} cycles",
        totals.windows as f64 / seconds,
        totals.windows as f64 / images,
        totals.cycles as f64 / images,
        totals.memory_words as f64 / images,
        multiplications as f64 / images,
        totals.kernel_loads,
        totals.load_cycles,
    );
}

/// A layer with operands like those of a quantised network after ReLU.
fn layer(
    &(name, outputs, channels, side, plane, live): &(&'static str, usize, usize, usize, usize, u32),
) -> Result<Layer, Box<dyn std::error::Error>> {
    let mut state = 0x9e37_79b9_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 8
    };
    let mut word = || if random() % 100 < live { (random() % 256) as i32 } else { 0 };
    let mut map = |_| Plane::new(plane, plane, (0..plane * plane).map(|_| word()).collect());
    let planes = (0..IMAGES).map(|_| (0..channels).map(&mut map).collect());
    let planes = planes.collect::<Result<_, _>>()?;
    let mut weight = |_| (random() % 16) as i32 * ((random() % 16) as i32 - 8);
    let mut kernel = |_| Kernel::new(side, (0..side * side).map(&mut weight).collect());
    let filters = (0..outputs).map(|_| (0..channels).map(&mut kernel).collect());
    let filters = filters.collect::<Result<_, _>>()?;
    let finish = Finish { activation: None, shift: 0, bits: 0 };
    let (name, bias) = (name.to_owned(), vec![0; outputs]);
    Ok(Layer { convolution: Convolution { name, index: 0, filters, bias, finish }, planes })
}
