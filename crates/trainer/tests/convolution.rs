// SPDX-License-Identifier: MIT OR Apache-2.0
//! The convolution with skipped products against the golden model, and its gradient.

use std::sync::atomic::Ordering;

use candle_core::{Device, Tensor, Var};
use convapprox_trainer::layer::{ConvShape, Convolve, Kept};
use model::conv::{Kernel, Mode, Plane, Semantics, SmaxScope, Threshold};
use model::engine::{Detail, GoldenEngine};
use model::nn::{Convolution, Finish};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// More images than fit into one group, and not a whole number of groups.
const IMAGES: usize = 19;

/// Whole numbers of at most `bits` bits, many of them zero, many of the same size.
fn integers(random: &mut ChaCha8Rng, count: usize, bits: u32) -> Vec<i32> {
    let integer = |_| {
        let size = random.next_u32() % (bits + 3);
        let magnitude = (random.next_u32() & ((1 << bits) - 1)) >> size.min(bits);
        let negative = random.next_u32().is_multiple_of(2);
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

fn convolve(shape: ConvShape, skip: Option<Semantics>) -> Convolve {
    Convolve { shape, skip, dense_gradient: false, input_gradient: true, kept: None }
}

fn approx(threshold: u32, log_frac: u32, scope: SmaxScope) -> Semantics {
    Semantics::new(Mode::Approx, log_frac, Threshold::new(threshold).unwrap(), scope).unwrap()
}

fn image_shape(shape: &ConvShape) -> [usize; 4] {
    [IMAGES, shape.channels, shape.height, shape.width]
}

fn weight_shape(shape: &ConvShape) -> [usize; 4] {
    [shape.outputs, shape.channels, shape.side, shape.side]
}

/// Images, weights, and a factor for each output: whole numbers of 5 bits.
fn operands(shape: &ConvShape, seed: u64) -> [Tensor; 3] {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (height, width) = shape.output_size();
    let factors = [IMAGES, shape.outputs, height, width];
    [image_shape(shape), weight_shape(shape), factors].map(|shape| {
        let count = shape.iter().product();
        tensor(scaled(&integers(&mut random, count, 5), 0), &shape)
    })
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
                let images = integers(&mut random, IMAGES * shape.inputs(), 9);
                let weights = integers(&mut random, shape.weights(), 8);
                let semantics = approx(threshold, log_frac, scope);
                let kept = Kept::default();
                let op = Convolve { kept: Some(kept.clone()), ..convolve(shape, Some(semantics)) };
                let floats = tensor(scaled(&images, -8), &image_shape(&shape));
                let result =
                    op.apply(&floats, &tensor(scaled(&weights, -11), &weight_shape(&shape)));

                let mut expected = (Vec::new(), 0);
                for image in images.chunks_exact(shape.inputs()) {
                    let (outputs, kept) = golden(&shape, image, &weights, &semantics);
                    expected.0.extend(outputs);
                    expected.1 += kept;
                }
                let case = format!("{shape:?} {semantics:?}");
                assert_eq!(values(&result.unwrap()), scaled(&expected.0, -19), "{case}");
                assert_eq!(kept.load(Ordering::Relaxed), expected.1, "{case}");
            }
        }
    }
}

#[test]
fn without_skipping_every_product_counts() {
    let shape = ConvShape { channels: 2, height: 5, width: 6, outputs: 3, side: 3 };
    let [images, weights, _] = operands(&shape, 2);
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
    let [images, weights, factors] = operands(&shape, 3);
    let op = convolve(shape, None);
    let [images, weights] = [images, weights].map(|it| Var::from_tensor(&it).unwrap());
    let gradients = loss(&op, &images, &weights, &factors).backward().unwrap();
    for (which, (var, stride)) in [(&images, 7), (&weights, 1)].into_iter().enumerate() {
        let (gradient, around) = (values(gradients.get(var).unwrap()), values(var));
        for index in (0..around.len()).step_by(stride) {
            let moved = |by: f32| {
                let mut moved = around.clone();
                moved[index] += by;
                let moved = tensor(moved, var.dims());
                let loss = match which {
                    0 => loss(&op, &moved, &weights, &factors),
                    _ => loss(&op, &images, &moved, &factors),
                };
                loss.to_scalar::<f32>().unwrap()
            };
            // Whole numbers: no rounding, and the step need not be small.
            let expected = (moved(1.0) - moved(-1.0)) / 2.0;
            assert_eq!(gradient[index], expected, "operand {which} {index}");
        }
    }
}

#[test]
fn skipped_products_pass_no_gradient_on_unless_asked() {
    let shape = ConvShape { channels: 3, height: 6, width: 5, outputs: 2, side: 3 };
    let [images, weights, factors] = operands(&shape, 4);
    let [images, weights] = [images, weights].map(|it| Var::from_tensor(&it).unwrap());
    for scope in SmaxScope::ALL {
        let op = convolve(shape, Some(approx(2, 1, scope)));
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
