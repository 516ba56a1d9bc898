// SPDX-License-Identifier: MIT OR Apache-2.0
//! The golden model against the obvious alternative, a masked convolution in NumPy, on the same
//! layers in one run; one thread each. Both must keep the same products and give the same outputs.
//!
//! `cargo bench --bench masked_convolution` (needs `python3` with NumPy; `PYTHON` names another)

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

use model::conv::{Mode, Plane, SmaxScope};
use model::engine::{Detail, GoldenEngine};
use model::nn::{Activation, Configuration, Convolution, input_planes};
use study::experiment::lenet::Variant;

const IMAGES: usize = 20;
const ROUNDS: i32 = 3;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // One thread for NumPy; the golden model's layers take one as they are called here.
    let variant = Variant::lenet5(Activation::Relu)?;
    let network = &variant.integer;
    let layers: Vec<&Convolution> = network.convolutions().collect();
    let tau = Configuration::tau(0.1, 0, SmaxScope::Window, layers.len())?;
    let exact = Configuration::plain(Mode::Exact, 0, layers.len())?;
    let digits = study::data::digits::draw(1, study::data::digits::TEST, IMAGES);
    let images: Vec<_> = digits.iter().map(|it| input_planes(network, &it.pixels)).collect();
    let mut golden = GoldenEngine::default();
    let inferences = golden.inferences(network, &exact, &images, Detail::Sums);

    let threshold = tau.layers[0].threshold.get();
    println!(
        "{IMAGES} drawn digits, τ = 0.1 (T = {threshold}), best of {ROUNDS} rounds, one thread"
    );
    let (mut all_numpy, mut all_golden) = (0.0, 0.0);
    for (layer, before) in layers.iter().zip([None, Some(1), Some(3)]) {
        let inputs: Vec<Vec<Plane>> = match before {
            None => images.clone(),
            Some(before) => inferences.iter().map(|it| it.activations[before].clone()).collect(),
        };
        let mut best = f64::INFINITY;
        let (mut kept, mut sum) = (0, 0_u32);
        for _ in 0..ROUNDS {
            let begin = Instant::now();
            let semantics = &tau.layers[layer.index];
            let outcomes = golden.outcomes(layer, semantics, &inputs, Detail::Sums);
            best = best.min(begin.elapsed().as_secs_f64());
            kept = outcomes.iter().map(|it| it.total_multiplications()).sum();
            let words = outcomes.iter().flat_map(|it| it.sums.iter().flatten());
            sum = words.fold(0, |sum, &word| sum.wrapping_add(word as u32));
        }
        let (numpy, numpy_kept, numpy_sum) = numpy(layer, &inputs, threshold)?;
        assert_eq!((kept, sum), (numpy_kept, numpy_sum), "{}: the two disagree", layer.name);
        println!(
            "{:>3}: golden {:.4} s, NumPy {numpy:.4} s, ratio {:.0}; {kept} products kept by both",
            layer.name,
            best,
            numpy / best
        );
        all_numpy += numpy;
        all_golden += best;
    }
    println!(
        "all: golden {all_golden:.4} s, NumPy {all_numpy:.4} s, ratio {:.0}",
        all_numpy / all_golden
    );
    Ok(())
}

/// Seconds, products kept, and the sum of all outputs.
fn numpy(
    layer: &Convolution,
    inputs: &[Vec<Plane>],
    threshold: u32,
) -> Result<(f64, u64, u32), Box<dyn std::error::Error>> {
    let plane = &inputs[0][0];
    let sizes = [inputs.len(), inputs[0].len(), layer.filters.len(), layer.side()];
    let mut words: Vec<i32> = sizes.iter().map(|&size| size as i32).collect();
    words.extend([plane.height() as i32, plane.width() as i32, threshold as i32, ROUNDS]);
    words.extend(inputs.iter().flatten().flat_map(Plane::data));
    words.extend(layer.filters.iter().flatten().flat_map(|kernel| kernel.weights()));
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();

    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut child = Command::new(&python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/masked_convolution.py"))
        .env("OPENBLAS_NUM_THREADS", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start {python}: {error}"))?;
    child.stdin.take().expect("it is piped").write_all(&bytes)?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(format!("{python} failed; it needs NumPy (`pip install numpy`)").into());
    }
    let text = String::from_utf8(output.stdout)?;
    let [seconds, kept, sum] = text.split_whitespace().collect::<Vec<_>>()[..] else {
        return Err(format!("{python} printed {text:?}").into());
    };
    Ok((seconds.parse()?, kept.parse()?, sum.parse()?))
}
