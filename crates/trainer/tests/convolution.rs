// SPDX-License-Identifier: MIT OR Apache-2.0
//! The convolution with skipped products against the golden model, and its gradient.

use std::sync::atomic::Ordering;

use candle_core::{Device, Tensor, Var};
use convapprox_trainer::layer::{ConvShape, Convolve, Kept, Skip};
use model::conv::{Kernel, Mode, Plane, Semantics, SmaxScope, Threshold};
use model::engine::{Detail, GoldenEngine};
use model::nn::{Convolution, Finish};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// More images than fit into one group, and not a whole number of groups.
const IMAGES: usize = 19;

/// Whole numbers of at most `bits` bits, many of them zero, many of the same size.
fn integers(random: &mut ChaCha8Rng, count: usize, bits: u32, signed: bool) -> Vec<i32> {
    let integer = |_| {
        let size = random.next_u32() % (bits + 3);
        let magnitude = (random.next_u32() & ((1 << bits) - 1)) >> size.min(bits);
        let negative = signed && random.next_u32().is_multiple_of(2);
        if negative { -(magnitude as i32) } else { magnitude as i32 }
    };
    (0..count).map(integer).collect()
}

fn scaled(integers: &[i32], exponent: i32) -> Vec<f32> {
    integers.iter().map(|&value| value as f32 * 2f32.powi(exponent)).collect()
}

fn tensor(values: Vec<f32>, shape: &[usize]) -> Tensor {
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn convolve(shape: ConvShape, skip: Option<Skip>) -> Convolve {
    Convolve { shape, skip, dense_gradient: false, input_gradient: true, kept: None }
}

fn image_shape(shape: &ConvShape, images: usize) -> [usize; 4] {
    [images, shape.channels, shape.height, shape.width]
}

fn weight_shape(shape: &ConvShape) -> [usize; 4] {
    [shape.outputs, shape.channels, shape.side, shape.side]
}

/// Outputs of one image and multiplications, by the golden model.
fn golden(
    shape: &ConvShape,
    image: &[i32],
    weights: &[i32],
    semantics: &Semantics,
) -> (Vec<i32>, u64) {
    let planes: Vec<_> = image
        .chunks_exact(shape.height * shape.width)
        .map(|plane| Plane::new(shape.width, shape.height, plane.into()).unwrap())
        .collect();
    let kernels: Vec<_> = weights
        .chunks_exact(shape.side * shape.side)
        .map(|kernel| Kernel::new(shape.side, kernel.into()).unwrap())
        .collect();
    let filters: Vec<_> = kernels.chunks_exact(shape.channels).map(<[_]>::to_vec).collect();
    let finish = Finish { activation: None, shift: 0, bits: 12 };
    let bias = vec![0; filters.len()];
    let layer = Convolution { name: "layer".to_owned(), index: 0, filters, bias, finish };
    let mut outcomes = GoldenEngine::default().outcomes(&layer, semantics, &[planes], Detail::Sums);
    let outcome = outcomes.remove(0);
    (outcome.sums.concat(), outcome.total_multiplications())
}

#[test]
fn outputs_and_multiplications_are_those_of_the_golden_model() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let shapes = [(1, 9, 8, 2, 5), (3, 6, 7, 4, 3), (5, 4, 4, 3, 4)];
    for (channels, height, width, outputs, side) in shapes {
        let shape = ConvShape { channels, height, width, outputs, side };
        for scope in SmaxScope::ALL {
            for (threshold, log_frac) in [1, 2, 3, 7, 40]
                .into_iter()
                .flat_map(|t| [0, 1, 2, 3, 8].map(|log_frac| (t, log_frac)))
            {
                // 24 bits hold every sum, so that floats are exact.
                let images = integers(&mut random, IMAGES * shape.inputs(), 9, true);
                let weights = integers(&mut random, shape.weights(), 8, true);
                let kept = Kept::default();
                let skip = Some(Skip { threshold, log_frac, scope });
                let convolve = Convolve { kept: Some(kept.clone()), ..convolve(shape, skip) };
                let result = convolve
                    .apply(
                        &tensor(scaled(&images, -8), &image_shape(&shape, IMAGES)),
                        &tensor(scaled(&weights, -11), &weight_shape(&shape)),
                    )
                    .unwrap();

                let threshold = Threshold::new(threshold).unwrap();
                let semantics = Semantics::new(Mode::Approx, log_frac, threshold, scope).unwrap();
                let mut expected = (Vec::new(), 0);
                for image in images.chunks_exact(shape.inputs()) {
                    let (outputs, kept) = golden(&shape, image, &weights, &semantics);
                    expected.0.extend(outputs);
                    expected.1 += kept;
                }
                let case = format!("{shape:?} {semantics:?}");
                assert_eq!(values(&result), scaled(&expected.0, -19), "{case}");
                assert_eq!(kept.load(Ordering::Relaxed), expected.1, "{case}");
            }
        }
    }
}

#[test]
fn without_skipping_every_product_counts() {
    let shape = ConvShape { channels: 2, height: 5, width: 6, outputs: 3, side: 3 };
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let images = scaled(&integers(&mut random, IMAGES * shape.inputs(), 6, true), 0);
    let weights = scaled(&integers(&mut random, shape.weights(), 6, true), 0);
    let images = tensor(images, &image_shape(&shape, IMAGES));
    let weights = tensor(weights, &weight_shape(&shape));
    let kept = Kept::default();
    let convolve = Convolve { kept: Some(kept.clone()), ..convolve(shape, None) };
    let result = convolve.apply(&images, &weights).unwrap();
    let expected = images.conv2d(&weights, 0, 1, 1, 1).unwrap();
    assert_eq!(values(&result), values(&expected));
    assert_eq!(kept.load(Ordering::Relaxed), (IMAGES * shape.slots()) as u64);
}

/// What the sum of the outputs, each times a factor, is: linear in the images and in the weights.
fn loss(op: &Convolve, images: &Tensor, weights: &Tensor, factors: &Tensor) -> Tensor {
    let outputs = op.clone().apply(images, weights).unwrap();
    (outputs * factors).unwrap().sum_all().unwrap()
}

#[test]
fn gradients_are_finite_differences() {
    let shape = ConvShape { channels: 2, height: 5, width: 6, outputs: 3, side: 3 };
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let small = |random: &mut _, count| scaled(&integers(random, count, 5, true), 0);
    let images = small(&mut random, IMAGES * shape.inputs());
    let weights = small(&mut random, shape.weights());
    let factors = small(&mut random, IMAGES * shape.outputs * shape.positions());
    let (height, width) = shape.output_size();
    let factors = tensor(factors, &[IMAGES, shape.outputs, height, width]);
    let op = convolve(shape, None);

    let image_var =
        Var::from_tensor(&tensor(images.clone(), &image_shape(&shape, IMAGES))).unwrap();
    let weight_var = Var::from_tensor(&tensor(weights.clone(), &weight_shape(&shape))).unwrap();
    let gradients = loss(&op, &image_var, &weight_var, &factors).backward().unwrap();
    let operands = [(&image_var, images, 7), (&weight_var, weights, 1)];
    for (which, (var, around, stride)) in operands.into_iter().enumerate() {
        let gradient = values(gradients.get(var).unwrap());
        for index in (0..around.len()).step_by(stride) {
            let moved = |by: f32| {
                let mut moved = around.clone();
                moved[index] += by;
                let moved = tensor(moved, var.dims());
                let loss = match which {
                    0 => loss(&op, &moved, &weight_var, &factors),
                    _ => loss(&op, &image_var, &moved, &factors),
                };
                loss.to_scalar::<f32>().unwrap()
            };
            // Whole numbers: no rounding, and the step need not be small.
            assert_eq!(
                gradient[index],
                (moved(1.0) - moved(-1.0)) / 2.0,
                "operand {which} {index}"
            );
        }
    }
}

#[test]
fn skipped_products_pass_no_gradient_on_unless_asked() {
    let shape = ConvShape { channels: 3, height: 6, width: 5, outputs: 2, side: 3 };
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let images = scaled(&integers(&mut random, IMAGES * shape.inputs(), 5, true), 0);
    let weights = scaled(&integers(&mut random, shape.weights(), 5, true), 0);
    let images = Var::from_tensor(&tensor(images, &image_shape(&shape, IMAGES))).unwrap();
    let weights = Var::from_tensor(&tensor(weights, &weight_shape(&shape))).unwrap();
    let (height, width) = shape.output_size();
    let count = IMAGES * shape.outputs * shape.positions();
    let factors = scaled(&integers(&mut random, count, 3, true), 0);
    let factors = tensor(factors, &[IMAGES, shape.outputs, height, width]);
    for scope in SmaxScope::ALL {
        let op = convolve(shape, Some(Skip { threshold: 2, log_frac: 1, scope }));
        let total = loss(&op, &images, &weights, &factors);
        let gradients = total.backward().unwrap();
        // With the masks held, the loss has degree 1 in the images and in the weights (Euler).
        for var in [&images, &weights] {
            let along = (gradients.get(var).unwrap() * var.as_tensor()).unwrap();
            let along = along.sum_all().unwrap().to_scalar::<f32>().unwrap();
            assert_eq!(along, total.to_scalar::<f32>().unwrap(), "{scope}");
        }
        let dense = Convolve { dense_gradient: true, ..op };
        let all = loss(&convolve(shape, None), &images, &weights, &factors).backward().unwrap();
        let dense = loss(&dense, &images, &weights, &factors).backward().unwrap();
        for var in [&images, &weights] {
            assert_eq!(values(dense.get(var).unwrap()), values(all.get(var).unwrap()), "{scope}");
        }
    }
}
