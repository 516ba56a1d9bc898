//! Windows a second and core of the layer engine over batches that have the shape of LeNet-5's convolution
//! layers, each window compared with the golden model; one thread.
//!
//! `cargo bench --bench lenet_layers [-- UNIT…]`

use std::time::Instant;

use convapprox::check::{Place, Scoreboard};
use convapprox::dut::{UNITS, UnitOptions, UnitParameters, open};
use convapprox::engine::{LayerBatch, LayerTotals, RtlLayerEngine, golden_layer};
use model::conv::{Kernel, Mode, Plane, Semantics, SmaxScope, Threshold};

const IMAGES: usize = 100;
const ROUNDS: usize = 5;

/// Name, output channels, input channels, kernel side, plane side, live words in a hundred.
const LAYERS: [(&str, usize, usize, usize, usize, u32); 3] =
    [("C1", 6, 1, 5, 28, 20), ("C3", 16, 6, 5, 12, 60), ("C5", 120, 16, 4, 4, 70)];

struct Layer {
    name: &'static str,
    planes: Vec<Vec<Plane>>,
    filters: Vec<Vec<Kernel>>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let layers: Vec<Layer> = LAYERS.iter().map(layer).collect::<Result<_, _>>()?;
    println!("{IMAGES} images, approx mode with τ = 0.1, best of {ROUNDS} rounds, one thread");
    // cargo passes flags of its own.
    let names: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    let wanted = |unit: &&UnitParameters| {
        unit.kernel >= 5 && (names.is_empty() || names.iter().any(|name| name == unit.name))
    };
    for unit in UNITS.iter().filter(wanted) {
        measure(unit, &layers)?;
    }
    Ok(())
}

fn measure(
    unit: &'static UnitParameters,
    layers: &[Layer],
) -> Result<(), Box<dyn std::error::Error>> {
    let options = UnitOptions::default();
    let semantics = Semantics::new(
        Mode::Approx,
        unit.log_frac,
        Threshold::new(4 << unit.log_frac)?,
        SmaxScope::Window,
    )?;
    let mut engine = RtlLayerEngine::new(open(unit, &options)?)?;
    let mut scoreboard = Scoreboard::new(unit, options, 0, 0);
    let mut all = LayerTotals::default();
    let (mut all_seconds, mut golden_seconds) = (0.0, 0.0);
    println!("{}", unit.name);
    for layer in layers {
        let batch = LayerBatch { planes: &layer.planes, filters: &layer.filters, semantics };
        let begin = Instant::now();
        let expected = golden_layer(&batch)?;
        golden_seconds += begin.elapsed().as_secs_f64();
        let mut best = f64::INFINITY;
        // Where the system tells it, the time that the thread had a core: others may use the machine.
        let mut totals = LayerTotals::default();
        for _ in 0..ROUNDS {
            let (begin, cpu) = (Instant::now(), cpu_seconds());
            let (sums, round) =
                engine.layer(&batch, &expected, &Place::default(), &mut scoreboard)?;
            let wall = begin.elapsed().as_secs_f64();
            best = best.min(cpu_seconds().zip(cpu).map_or(wall, |(end, begin)| end - begin));
            assert_eq!(sums, expected.sums(), "the unit's sums");
            totals = round;
        }
        report(layer.name, &totals, best);
        all += totals;
        all_seconds += best;
    }
    report("all", &all, all_seconds);
    println!("  10,000 images: {:.1} s of one core", all_seconds / IMAGES as f64 * 1e4);
    println!("  golden maps of the batch, all threads: {golden_seconds:.3} s");
    scoreboard.compare_counters(&engine.counters()?.0, &engine.counters()?.1);
    let findings = scoreboard.take_findings();
    assert_eq!(findings.mismatches, 0, "{:?}", findings.counter_errors);
    Ok(())
}

/// Seconds that this thread has run, on Linux.
fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split_whitespace().next()?.parse::<f64>().ok()? / 1e9)
}

fn report(name: &str, totals: &LayerTotals, seconds: f64) {
    let images = IMAGES as f64;
    println!(
        "  {name:3} {:7.0} windows/s; an image: {:4.0} windows, {:6.0} cycles, {:6.0} words, \
         {:7.1} multiplications; {:4} kernel loads with {} cycles",
        totals.windows as f64 / seconds,
        totals.windows as f64 / images,
        totals.cycles as f64 / images,
        totals.memory_words as f64 / images,
        totals.multiplications as f64 / images,
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
    let mut planes = Vec::new();
    for _ in 0..IMAGES {
        let mut image = Vec::new();
        for _ in 0..channels {
            let word = |_| if random() % 100 < live { (random() % 256) as i32 } else { 0 };
            image.push(Plane::new(plane, plane, (0..plane * plane).map(word).collect())?);
        }
        planes.push(image);
    }
    let mut filters = Vec::new();
    for _ in 0..outputs {
        let mut filter = Vec::new();
        for _ in 0..channels {
            let weight = |_| (random() % 16) as i32 * ((random() % 16) as i32 - 8);
            filter.push(Kernel::new(side, (0..side * side).map(weight).collect())?);
        }
        filters.push(filter);
    }
    Ok(Layer { name, planes, filters })
}
