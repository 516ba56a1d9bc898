//! What transactions must do to a unit's performance counters, and what a unit can run.

use super::EngineError;
use crate::dut::{Counters, Outcome, UnitParameters, WindowRun};
use model::conv::{Semantics, Threshold};

/// Whether the unit can run kernels of that side with those semantics.
pub(super) fn check_unit(
    parameters: &UnitParameters,
    side: usize,
    semantics: &Semantics,
) -> Result<(), EngineError> {
    let &UnitParameters { name: unit, kernel, log_frac, .. } = parameters;
    if semantics.log_frac != log_frac {
        return Err(EngineError::LogFrac { unit, log_frac, wanted: semantics.log_frac });
    }
    if side > kernel {
        return Err(EngineError::KernelTooLarge { unit, kernel, side });
    }
    Ok(())
}

/// What a kernel load that took `cycles` does to the counters.
pub(super) fn load_counters(
    parameters: &UnitParameters,
    side: u32,
    addr: u32,
    cycles: u32,
) -> Counters {
    Counters {
        memory_words: side * side,
        memory_beats: parameters.beats(addr, side, side),
        cycles_idle: 1,
        cycles_get_data: cycles - 3,
        cycles_stage_1: 1,
        cycles_stage_2: 1,
        cycles_done: 1,
        ..Counters::default()
    }
}

/// What a window with a kernel of side `side` does to the counters. Counts that the scoreboard
/// compares elsewhere (multiplications, cycles) come from the window itself.
#[inline]
pub(super) fn window_counters(
    parameters: &UnitParameters,
    side: usize,
    run: &WindowRun,
    outcome: &Outcome,
) -> Counters {
    let kept = outcome.keep.count_ones();
    let products = (run.tile.outputs() * side * side) as u32;
    let window_side = if run.reuse { 0 } else { run.tile.window_side(side) as u32 };
    Counters {
        windows: 1,
        multiplications_done: kept,
        multiplications_skipped: products.wrapping_sub(kept),
        memory_words: window_side * window_side,
        memory_beats: parameters.beats(run.addr, run.pitch, window_side),
        cycles_idle: 1,
        cycles_get_data: outcome.last_word_cycle,
        cycles_stage_1: u32::from(!run.reuse),
        cycles_stage_2: parameters.issue_cycles(kept).max(1),
        cycles_stage_3: u32::from(kept > 0),
        cycles_done: 1,
    }
}

/// T with a planted offset; at least 1.
pub(super) fn planted(threshold: Threshold, offset: i32) -> Threshold {
    let shifted = threshold.get().saturating_add_signed(offset).max(1);
    Threshold::new(shifted).unwrap_or(threshold)
}
