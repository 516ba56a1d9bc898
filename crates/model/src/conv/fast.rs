//! The fast model: many outputs at once, one a vector lane.
//!
//! The positions of a convolution's outputs are flattened: p = y·width + x with the width of the
//! *input* plane, so that product i of consecutive outputs reads consecutive words, whatever the
//! width. The side − 1 positions at the end of each row, whose windows wrap around into the next
//! row, are computed and dropped. Narrow planes fill their vectors that way.

use std::ops::Range;

use rayon::prelude::*;

use super::config::{Semantics, SmaxScope};
use super::prepared::{PreparedKernels, PreparedPlane};
use super::shape::{FeatureMap, Kernel, NO_SCORE, Plane};
use super::vector::{BLOCK, Lanes, Tap};

/// Product slots that are worth a thread of their own.
const BAND_SLOTS: usize = 1 << 20;

/// [`conv2d_plain`](super::conv2d_plain), but fast: vectorised, and threaded (on the current rayon
/// pool) where the plane is large. The result is the same to the bit, and so are the arguments and
/// the panics.
///
/// For several kernels over one plane, [`conv2d_prepared`] takes the plane's logs only once.
pub fn conv2d(
    plane: &Plane,
    kernel: &Kernel,
    semantics: &Semantics,
    carry: Option<&FeatureMap>,
) -> FeatureMap {
    let plane = PreparedPlane::new(plane, semantics.log_frac);
    conv2d_prepared(&plane, kernel, semantics, carry)
}

/// [`conv2d`] of a plane whose log proxies are there already.
///
/// # Panics
/// If the plane is prepared with another number of fraction bits than the semantics have; and as
/// [`conv2d`].
pub fn conv2d_prepared(
    plane: &PreparedPlane,
    kernel: &Kernel,
    semantics: &Semantics,
    carry: Option<&FeatureMap>,
) -> FeatureMap {
    check_log_frac(plane.log_frac, semantics);
    let map = FeatureMap::of_convolution(plane.width, plane.height, kernel, carry);
    let carry = carry.filter(|_| semantics.scope == SmaxScope::Running);
    let side = kernel.side();
    let taps = kernel.weights().iter().enumerate();
    let taps = taps.map(|(i, &w)| Tap::weight(i / side * plane.width + i % side, w, semantics));
    let taps: Vec<_> = taps.collect();
    let band = |rows| band(plane, &taps, semantics, carry, map.width, rows);

    let band_rows = BAND_SLOTS.div_ceil(plane.width * taps.len());
    let Lanes { outputs, kept, s_max } = if map.height <= band_rows {
        band(0..map.height)
    } else {
        let starts = (0..map.height).into_par_iter().step_by(band_rows);
        let bands = starts.map(|y| band(y..map.height.min(y + band_rows)));
        bands.reduce_with(join).expect("a row of outputs")
    };
    FeatureMap { outputs, kept, s_max, ..map }
}

/// One window with many kernels: [`dot`](super::dot()) of each kernel with the same inputs, one a
/// vector lane. It is the fast way where an output channel has but one output, as in C5 of LeNet-5.
///
/// The result has one output a kernel, as a map of height 1. `inputs` is the window, row-major;
/// `carry` is the result of the same output channels over the input channel before, and counts in
/// running scope alone.
///
/// # Panics
/// If `inputs` has another length than a kernel, or `carry` another size than the result, or the
/// kernels are prepared with another number of fraction bits than the semantics have.
pub fn dot_kernels(
    kernels: &PreparedKernels,
    inputs: &[i32],
    semantics: &Semantics,
    carry: Option<&FeatureMap>,
) -> FeatureMap {
    check_log_frac(kernels.log_frac, semantics);
    let products = kernels.side * kernels.side;
    assert_eq!(inputs.len(), products, "an input for every weight of a kernel");
    let map = FeatureMap::new(kernels.count, 1, products, carry);

    let mut s_max = vec![NO_SCORE; map.width.next_multiple_of(BLOCK)];
    if let Some(carry) = carry.filter(|_| semantics.scope == SmaxScope::Running) {
        s_max[..map.width].copy_from_slice(&carry.s_max);
    }
    let taps = inputs.iter().enumerate();
    let taps: Vec<_> = taps.map(|(i, &x)| Tap::input(i * map.width, x, semantics)).collect();
    let mut lanes = Lanes::compute(&kernels.words, 0, &taps, semantics, s_max);
    drop_wrapped(&mut lanes, map.width, map.width, 1);
    let Lanes { outputs, kept, s_max } = lanes;
    FeatureMap { outputs, kept, s_max, ..map }
}

fn check_log_frac(prepared: u32, semantics: &Semantics) {
    let wanted = semantics.log_frac;
    assert!(
        prepared == wanted,
        "operands prepared with {prepared} fraction bits, semantics with {wanted}"
    );
}

/// The rows `rows` of outputs, each with `width` valid ones.
fn band(
    plane: &PreparedPlane,
    taps: &[Tap],
    semantics: &Semantics,
    carry: Option<&FeatureMap>,
    width: usize,
    rows: Range<usize>,
) -> Lanes {
    let pitch = plane.width;
    let positions = (rows.len() - 1) * pitch + width;
    let mut s_max = vec![NO_SCORE; positions.next_multiple_of(BLOCK)];
    if let Some(carry) = carry {
        let carry = &carry.s_max[rows.start * width..rows.end * width];
        for (to, from) in s_max.chunks_mut(pitch).zip(carry.chunks_exact(width)) {
            to[..width].copy_from_slice(from);
        }
    }
    let mut lanes = Lanes::compute(&plane.words, rows.start * pitch, taps, semantics, s_max);
    drop_wrapped(&mut lanes, pitch, width, rows.len());
    lanes
}

/// Moves the first `width` of every `pitch` outputs together, `rows` times, and drops all others.
fn drop_wrapped(lanes: &mut Lanes, pitch: usize, width: usize, rows: usize) {
    fn drop<T: Copy>(lanes: &mut Vec<T>, pitch: usize, width: usize, rows: usize) {
        for y in 1..rows {
            lanes.copy_within(y * pitch..y * pitch + width, y * width);
        }
        lanes.truncate(rows * width);
    }
    drop(&mut lanes.outputs, pitch, width, rows);
    drop(&mut lanes.kept, pitch, width, rows);
    drop(&mut lanes.s_max, pitch, width, rows);
}

/// The outputs of two bands, `below` under `above`.
fn join(mut above: Lanes, mut below: Lanes) -> Lanes {
    above.outputs.append(&mut below.outputs);
    above.kept.append(&mut below.kept);
    above.s_max.append(&mut below.s_max);
    above
}
