//! The vector loop under the fast model: one output a lane.

use pulp::{Arch, Simd, WithSimd};

use super::config::{Mode, Semantics};
use super::shape::NO_SCORE;

/// Outputs that one pass computes: two vectors of AVX2, so that all that a pass carries stays in
/// registers.
pub(super) const BLOCK: usize = 16;

/// More than the distance of any two scores, those of zero operands included.
const UNLIMITED: i32 = 1 << 22;

/// Operands with their logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    /// The operands and, behind them, as many zeros as end a block that begins at the last one.
    words: Vec<i32>,
    /// The [`vector_log`] of each of `words`.
    logs: Vec<i32>,
}

impl Words {
    pub(super) fn new(operands: impl Iterator<Item = i32>, log_frac: u32) -> Self {
        let words: Vec<i32> = operands.chain([0; BLOCK - 1]).collect();
        let mut logs = vec![0; words.len()];
        Arch::new().dispatch(TakeLogs { words: &words, logs: &mut logs, log_frac });
        Self { words, logs }
    }
}

/// The log proxy as the loop uses it. For zero it is −127·2^F, which makes every score with it
/// negative, and so less than all others.
///
/// A float's bit pattern, read as an integer, is Mitchell's logarithm of its value (exponent above
/// fraction), so that the conversion does the work of a leading-zero count and a shift. It must not
/// round up, or it would change the fraction bits: therefore each bit 9 places below a set bit is
/// cleared first. That leaves the msb and the 8 bits below alone, and puts a zero right under them
/// that stops every carry.
#[inline(always)]
fn vector_log(a: i32, log_frac: u32) -> i32 {
    let magnitude = a.unsigned_abs();
    let truncated = magnitude & !(magnitude >> 9);
    // As signed, since SIMD has no conversion from unsigned: 2³¹ becomes −2³¹, whose sign is masked.
    let bits = (truncated as i32 as f32).to_bits() & 0x7FFF_FFFF;
    (bits >> (f32::MANTISSA_DIGITS - 1 - log_frac)) as i32 - (127 << log_frac)
}

struct TakeLogs<'a> {
    words: &'a [i32],
    logs: &'a mut [i32],
    log_frac: u32,
}

impl WithSimd for TakeLogs<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (log, &word) in self.logs.iter_mut().zip(self.words) {
            *log = vector_log(word, self.log_frac);
        }
    }
}

/// The operand that product i of every output shares, and where to find the others.
pub(super) struct Tap {
    /// Words from the position of an output to its other operand.
    offset: usize,
    operand: i32,
    log: i32,
    /// What the log of the other operand is added to when it is decided whether to multiply.
    bias: i32,
}

impl Tap {
    /// A weight; the other operands are inputs.
    pub(super) fn weight(offset: usize, weight: i32, semantics: &Semantics) -> Self {
        let log = vector_log(weight, semantics.log_frac);
        // Zero-skip looks at the input alone.
        let bias = if semantics.mode == Mode::ZeroSkip { 0 } else { log };
        Self { offset, operand: weight, log, bias }
    }

    /// An input; the other operands are weights.
    pub(super) fn input(offset: usize, input: i32, semantics: &Semantics) -> Self {
        let log = vector_log(input, semantics.log_frac);
        let bias = match semantics.mode {
            Mode::ZeroSkip if input == 0 => -UNLIMITED,
            Mode::ZeroSkip => UNLIMITED,
            _ => log,
        };
        Self { offset, operand: input, log, bias }
    }
}

/// Outputs at consecutive positions.
pub(super) struct Lanes {
    pub(super) outputs: Vec<i32>,
    pub(super) kept: Vec<u8>,
    pub(super) s_max: Vec<i16>,
}

impl Lanes {
    /// An output for every entry of `carry`, its S_max so far ([`NO_SCORE`] for none). Output p has
    /// the operands `words[start + p + offset]`, one for each tap.
    ///
    /// `carry` has a multiple of [`BLOCK`] entries; the last block may read the padding of `words`.
    pub(super) fn compute(
        words: &Words,
        start: usize,
        taps: &[Tap],
        semantics: &Semantics,
        carry: Vec<i16>,
    ) -> Self {
        let (outputs, kept) = (vec![0; carry.len()], vec![0; carry.len()]);
        let mut lanes = Self { outputs, kept, s_max: carry };
        Arch::new().dispatch(Loop {
            words: &words.words[start..],
            logs: &words.logs[start..],
            taps,
            reach: match semantics.mode {
                Mode::Approx => semantics.threshold.get().min(UNLIMITED as u32) as i32,
                _ => UNLIMITED,
            },
            floor: if semantics.mode == Mode::Exact { i32::MIN } else { NO_SCORE.into() },
            lanes: &mut lanes,
        });
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

impl WithSimd for Loop<'_> {
    type Output = ();

    // Plain loops over arrays: the compiler vectorises them for the instruction set that `dispatch`
    // picks, since everything here is inlined into its function.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
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
                    best[lane] = best[lane].max(logs[lane] + tap.log);
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
                    let product = tap.operand.wrapping_mul(words[lane]);
                    sum[lane] = sum[lane].wrapping_add(if keep { product } else { 0 });
                    count[lane] += i32::from(keep);
                }
            }
            for lane in 0..BLOCK {
                outputs[lane] = sum[lane];
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
