// SPDX-License-Identifier: MIT OR Apache-2.0
//! The fast model: many outputs at once, one a vector lane.
//!
//! The positions of a convolution's outputs are flattened: p = y·width + x with the width of the
//! *input* plane, so that product i of consecutive outputs reads consecutive words, whatever the
//! width. The side − 1 positions at the end of each row, whose windows wrap around into the next
//! row, are computed and dropped. Narrow planes fill their vectors that way.

use std::borrow::Borrow;
use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::shape::{FeatureMap, Kernel, NO_SCORE, Plane, ShapeError};
use super::{Mode, Number, Semantics, SmaxScope, canonical};

/// A plane with the log proxies of its words, computed once for all kernels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedPlane {
    width: usize,
    height: usize,
    words: Words,
}

impl PreparedPlane {
    /// Takes the log proxies of `plane`, whose words are such numbers, with `log_frac` fraction bits.
    pub fn new(plane: &Plane, number: Number, log_frac: u32) -> Self {
        let words = Words::new(plane.data(), number, log_frac);
        Self { width: plane.width(), height: plane.height(), words }
    }
}

/// Kernels of one side with the log proxies of their weights, computed once for all windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedKernels {
    count: usize,
    side: usize,
    /// The first weight of every kernel, the second of every kernel, and so on.
    words: Words,
}

impl PreparedKernels {
    /// Takes the log proxies of `kernels`, whose weights are such numbers, with `log_frac` fraction
    /// bits. Without a kernel, or with kernels of different sides, it is an error.
    pub fn new(
        kernels: &[impl Borrow<Kernel>],
        number: Number,
        log_frac: u32,
    ) -> Result<Self, ShapeError> {
        let kernels: Vec<&Kernel> = kernels.iter().map(Borrow::borrow).collect();
        let first = kernels.first().ok_or(ShapeError::NoKernel)?;
        let (side, count) = (first.side(), kernels.len());
        if let Some(other) = kernels.iter().find(|kernel| kernel.side() != side) {
            return Err(ShapeError::MixedKernels { first: side, other: other.side() });
        }
        let mut weights = vec![0; side * side * count];
        for (number, kernel) in kernels.iter().enumerate() {
            let places = weights[number..].iter_mut().step_by(count);
            places.zip(kernel.weights()).for_each(|(place, &weight)| *place = weight);
        }
        Ok(Self { count, side, words: Words::new(&weights, number, log_frac) })
    }

    /// The number of kernels; at least 1.
    pub fn count(&self) -> usize {
        self.count
    }
}

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
    let plane = PreparedPlane::new(plane, semantics.number, semantics.log_frac);
    conv2d_prepared(&plane, kernel, semantics, carry)
}

/// [`conv2d`] of a plane whose log proxies are there already.
///
/// # Panics
/// If the plane is prepared as other numbers, or with another number of fraction bits, than the
/// semantics have; and as [`conv2d`].
pub fn conv2d_prepared(
    plane: &PreparedPlane,
    kernel: &Kernel,
    semantics: &Semantics,
    carry: Option<&FeatureMap>,
) -> FeatureMap {
    plane.words.check(semantics);
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
        let joined = bands.reduce_with(|mut above, mut below| {
            above.outputs.append(&mut below.outputs);
            above.kept.append(&mut below.kept);
            above.s_max.append(&mut below.s_max);
            above
        });
        joined.expect("a row of outputs")
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
/// kernels are prepared as other numbers, or with another number of fraction bits, than the semantics
/// have.
pub fn dot_kernels(
    kernels: &PreparedKernels,
    inputs: &[i32],
    semantics: &Semantics,
    carry: Option<&FeatureMap>,
) -> FeatureMap {
    kernels.words.check(semantics);
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

/// Outputs that one pass computes: two vectors of AVX2, so that all that a pass carries stays in
/// registers.
const BLOCK: usize = 16;

/// More than the distance of any two scores, those of zero operands included.
const UNLIMITED: i32 = 1 << 22;

/// The log of a float that is zero: every score with it is negative, but with a special operand.
const ZERO_LOG: i32 = -(1 << 20);

/// The log of a special operand: every sum with it is above all scores and cutoffs.
const SPECIAL_LOG: i32 = 1 << 28;

/// The least sum that a special operand is part of.
const SPECIAL_SCORE: i32 = SPECIAL_LOG / 2;

/// Operands with their logs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Words {
    number: Number,
    log_frac: u32,
    /// The operands, as singles if they are floats, and, behind them, as many zeros as end a block
    /// that begins at the last one.
    words: Vec<i32>,
    /// The [`vector_log`] of each of `words`.
    logs: Vec<i32>,
}

impl Words {
    fn new(operands: &[i32], number: Number, log_frac: u32) -> Self {
        number.check_log_frac(log_frac);
        let mut words = [operands, &[0; BLOCK - 1]].concat();
        let mut logs = vec![0; words.len()];
        Arch::new().dispatch(|| {
            if number.is_float() {
                for (log, word) in logs.iter_mut().zip(&mut words) {
                    *word = number.single(*word);
                    *log = float_log(*word, log_frac);
                }
            } else {
                for (log, &word) in logs.iter_mut().zip(&words) {
                    *log = integer_log(word, log_frac);
                }
            }
        });
        Self { number, log_frac, words, logs }
    }

    fn check(&self, semantics: &Semantics) {
        let (prepared, wanted) = (self.log_frac, semantics.log_frac);
        assert!(
            prepared == wanted,
            "operands prepared with {prepared} fraction bits, semantics with {wanted}"
        );
        let (prepared, wanted) = (self.number, semantics.number);
        assert!(prepared == wanted, "operands prepared as {prepared}, semantics of {wanted}");
    }
}

/// The log proxy as the loop uses it. Of zero it makes every score with it negative, and so less than
/// all others; of a special operand every score is above all others, and counts as none in S_max.
fn vector_log(word: i32, semantics: &Semantics) -> i32 {
    let Semantics { number, log_frac, .. } = *semantics;
    if number.is_float() {
        float_log(number.single(word), log_frac)
    } else {
        integer_log(word, log_frac)
    }
}

/// Of zero it is −127·2^F.
///
/// A float's bit pattern, read as an integer, is Mitchell's logarithm of its value (exponent above
/// fraction), so that the conversion does the work of a leading-zero count and a shift. It must not
/// round up, or it would change the fraction bits: therefore each bit 9 places below a set bit is
/// cleared first. That leaves the msb and the 8 bits below alone, and puts a zero right under them
/// that stops every carry.
#[inline(always)]
fn integer_log(a: i32, log_frac: u32) -> i32 {
    let magnitude = a.unsigned_abs();
    let truncated = magnitude & !(magnitude >> 9);
    // As signed, since SIMD has no conversion from unsigned: 2³¹ becomes −2³¹, whose sign is masked.
    let bits = (truncated as i32 as f32).to_bits() & 0x7FFF_FFFF;
    (bits >> (f32::MANTISSA_DIGITS - 1 - log_frac)) as i32 - (127 << log_frac)
}

#[inline(always)]
fn float_log(single: i32, log_frac: u32) -> i32 {
    let magnitude = single & i32::MAX;
    let log = magnitude >> (f32::MANTISSA_DIGITS - 1 - log_frac);
    let log = if magnitude == 0 { ZERO_LOG } else { log };
    if magnitude >= f32::INFINITY.to_bits() as i32 { SPECIAL_LOG } else { log }
}

/// The operand that product i of every output shares, and where to find the others.
struct Tap {
    /// Words from the position of an output to its other operand.
    offset: usize,
    /// As one of [`Words`].
    operand: i32,
    log: i32,
    /// What the log of the other operand is added to when it is decided whether to multiply.
    bias: i32,
}

impl Tap {
    /// A weight; the other operands are inputs.
    fn weight(offset: usize, weight: i32, semantics: &Semantics) -> Self {
        let log = vector_log(weight, semantics);
        // Zero-skip looks at the input alone.
        let skips_zero_inputs = semantics.mode == Mode::ZeroSkip && log != SPECIAL_LOG;
        let bias = if skips_zero_inputs { 0 } else { log };
        Self { offset, operand: semantics.number.single(weight), log, bias }
    }

    /// An input; the other operands are weights.
    fn input(offset: usize, input: i32, semantics: &Semantics) -> Self {
        let log = vector_log(input, semantics);
        let bias = match semantics.mode {
            Mode::ZeroSkip if log < 0 => -UNLIMITED,
            Mode::ZeroSkip => UNLIMITED,
            _ => log,
        };
        Self { offset, operand: semantics.number.single(input), log, bias }
    }
}

/// Outputs at consecutive positions.
struct Lanes {
    outputs: Vec<i32>,
    kept: Vec<u8>,
    s_max: Vec<i16>,
}

impl Lanes {
    /// An output for every entry of `carry`, its S_max so far ([`NO_SCORE`] for none). Output p has
    /// the operands `words[start + p + offset]`, one for each tap.
    ///
    /// `carry` has a multiple of [`BLOCK`] entries; the last block may read the padding of `words`.
    fn compute(
        words: &Words,
        start: usize,
        taps: &[Tap],
        semantics: &Semantics,
        carry: Vec<i16>,
    ) -> Self {
        let (outputs, kept) = (vec![0; carry.len()], vec![0; carry.len()]);
        let mut lanes = Self { outputs, kept, s_max: carry };
        let (arch, float) = (Arch::new(), semantics.number.is_float());
        let inner = Loop {
            words: &words.words[start..],
            logs: &words.logs[start..],
            taps,
            reach: match semantics.mode {
                Mode::Approx => semantics.threshold.get().min(UNLIMITED as u32) as i32,
                _ => UNLIMITED,
            },
            floor: if semantics.mode == Mode::Exact { i32::MIN } else { NO_SCORE.into() },
            lanes: &mut lanes,
        };
        if float {
            arch.dispatch(OfFloats(inner))
        } else {
            arch.dispatch(OfIntegers(inner))
        }
        lanes
    }
}

/// All modes in one loop: a product is kept if the log of its operand plus the tap's bias is above
/// max(S_max − reach, floor). A reach that covers every score leaves the floor: at [`NO_SCORE`] it
/// excludes the scores with a zero operand, which are negative; below all scores, nothing.
struct Loop<'a> {
    words: &'a [i32],
    logs: &'a [i32],
    taps: &'a [Tap],
    reach: i32,
    floor: i32,
    lanes: &'a mut Lanes,
}

struct OfIntegers<'a>(Loop<'a>);

impl WithSimd for OfIntegers<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.0.run(|score| score, |w, x, sum| sum.wrapping_add(w.wrapping_mul(x)), |sum| sum);
    }
}

struct OfFloats<'a>(Loop<'a>);

impl WithSimd for OfFloats<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let single = |bits: i32| f32::from_bits(bits as u32);
        self.0.run(
            |score| if score < SPECIAL_SCORE { score } else { NO_SCORE.into() },
            |w, x, sum| single(w).mul_add(single(x), single(sum)).to_bits() as i32,
            |sum| canonical(single(sum)),
        );
    }
}

impl Loop<'_> {
    /// `scored` is a score as S_max sees it, `multiply_add` a weight, an input and the sum before, and
    /// `finish` an output of a sum.
    // Plain loops over arrays: the compiler vectorises them for the instruction set that `dispatch`
    // picks, since everything here is inlined into its function.
    #[inline(always)]
    fn run(
        self,
        scored: impl Fn(i32) -> i32,
        multiply_add: impl Fn(i32, i32, i32) -> i32,
        finish: impl Fn(i32) -> i32,
    ) {
        let Self { words, logs, taps, reach, floor, lanes } = self;
        let outputs = lanes.outputs.chunks_exact_mut(BLOCK);
        let kept = lanes.kept.chunks_exact_mut(BLOCK);
        let s_max = lanes.s_max.chunks_exact_mut(BLOCK);
        for (block, ((outputs, kept), s_max)) in outputs.zip(kept).zip(s_max).enumerate() {
            let start = block * BLOCK;

            let mut best = [0_i32; BLOCK];
            for lane in 0..BLOCK {
                best[lane] = i32::from(s_max[lane]);
            }
            for tap in taps {
                let logs = at(logs, start + tap.offset);
                for lane in 0..BLOCK {
                    best[lane] = best[lane].max(scored(logs[lane] + tap.log));
                }
            }
            for lane in 0..BLOCK {
                s_max[lane] = best[lane] as i16;
            }

            let cutoff = best.map(|best| (best - reach).max(floor));
            let (mut sum, mut count) = ([0_i32; BLOCK], [0_i32; BLOCK]);
            for tap in taps {
                let (words, logs) = (at(words, start + tap.offset), at(logs, start + tap.offset));
                for lane in 0..BLOCK {
                    let keep = logs[lane] + tap.bias > cutoff[lane];
                    let more = multiply_add(tap.operand, words[lane], sum[lane]);
                    sum[lane] = if keep { more } else { sum[lane] };
                    count[lane] += i32::from(keep);
                }
            }
            for lane in 0..BLOCK {
                outputs[lane] = finish(sum[lane]);
                kept[lane] = count[lane] as u8;
            }
        }
    }
}

/// One block of words from `start` on.
#[inline(always)]
fn at(words: &[i32], start: usize) -> &[i32; BLOCK] {
    words[start..].first_chunk().expect("the padding ends the last block")
}
