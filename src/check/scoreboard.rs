//! The scoreboard: every window of a unit against the golden model.

use serde::{Deserialize, Serialize};

use super::case::{Case, Place};
use super::expected::timing;
use crate::dut::{
    Counters, DutError, Outcome, Stalls, Tile, UnitOptions, UnitParameters, WindowRun,
};
use crate::engine::{Convolved, RtlEngine, WindowRecord};
use model::conv::{FeatureMap, Kernel, Plane, Semantics};

/// What a scoreboard has seen.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Findings {
    /// Windows compared.
    pub windows: u64,
    /// Windows with a difference, and readings of the counters with one.
    pub mismatches: u64,
    /// The first few of them in full, in the order of the run.
    pub cases: Vec<Case>,
    /// What the counters of a unit said that they should not.
    pub counter_errors: Vec<String>,
}

impl Findings {
    /// Adds what another scoreboard has seen, keeping at most `limit` cases.
    pub fn merge(&mut self, other: Self, limit: usize) {
        self.windows += other.windows;
        self.mismatches += other.mismatches;
        self.cases.extend(other.cases);
        self.cases.truncate(limit);
        self.counter_errors.extend(other.counter_errors);
        self.counter_errors.truncate(limit);
    }
}

/// Compares the windows of one unit with golden maps.
#[derive(Debug)]
pub struct Scoreboard {
    unit: &'static UnitParameters,
    options: UnitOptions,
    seed: u64,
    case_limit: usize,
    findings: Findings,
}

impl Scoreboard {
    /// A scoreboard for a unit opened with `options`; `seed` is the run's, for the reports. It
    /// keeps at most `case_limit` differing windows in full and counts the rest.
    pub fn new(
        unit: &'static UnitParameters,
        options: UnitOptions,
        seed: u64,
        case_limit: usize,
    ) -> Self {
        Self { unit, options, seed, case_limit, findings: Findings::default() }
    }

    /// Compares every window of one convolution with the golden map of the same operands.
    pub fn check(
        &mut self,
        place: &Place,
        plane: &Plane,
        kernel: &Kernel,
        semantics: &Semantics,
        golden: &FeatureMap,
        convolved: &Convolved,
    ) {
        for record in &convolved.windows {
            let WindowRecord { x, y, run, stream, outcome } = record;
            if !self.agrees(golden, kernel.side(), (*x, *y), run, outcome) {
                let at = Place { column: *x, row: *y, ..place.clone() };
                self.differs(|it| it.case(&at, plane, kernel, semantics, run, *stream));
            }
        }
    }

    /// Compares one window, whose upper left corner is `(x, y)`, with the golden map of the same
    /// operands, and counts it. `false` says that it differs: [`differs`](Self::differs) then takes
    /// it in full.
    #[inline]
    #[must_use]
    pub fn agrees(
        &mut self,
        golden: &FeatureMap,
        side: usize,
        (x, y): (usize, usize),
        run: &WindowRun,
        outcome: &Outcome,
    ) -> bool {
        self.findings.windows += 1;
        let lanes = self.unit.kernel * self.unit.kernel;
        let mut kept = 0;
        let values = (0..run.tile.outputs()).all(|output| {
            let (dx, dy) = Tile::place(output);
            let i = (y + dy) * golden.width + x + dx;
            let lane = outcome.keep >> (output * lanes) & ((1 << lanes) - 1);
            kept += u32::from(golden.kept[i]);
            golden.outputs[i] == outcome.outputs[output]
                && u32::from(golden.kept[i]) == lane.count_ones()
                && golden.s_max(i) == outcome.s_max[output]
        });
        // Outputs that the tile does not have.
        let others = outcome.outputs[run.tile.outputs()..].iter().all(|&output| output == 0);
        let waits = self.options.stalls.is_some();
        values
            && others
            && kept == outcome.keep.count_ones()
            && timing(self.unit, run, side, outcome, waits).is_none()
    }

    /// Records a window that differs. The first few are kept in full; `case` is asked for those.
    #[cold]
    pub fn differs(&mut self, case: impl FnOnce(&Self) -> Case) {
        self.findings.mismatches += 1;
        if self.findings.cases.len() < self.case_limit {
            let case = case(self);
            self.findings.cases.push(case);
        }
    }

    /// Compares the unit's performance counters with what its transactions must have left there.
    pub fn check_counters(&mut self, engine: &mut RtlEngine) -> Result<(), DutError> {
        let (actual, expected) = engine.counters()?;
        self.compare_counters(&actual, &expected);
        Ok(())
    }

    /// Compares a reading of the performance counters with what it must be.
    pub fn compare_counters(&mut self, actual: &Counters, expected: &Counters) {
        if actual != expected {
            self.findings.mismatches += 1;
            self.findings
                .counter_errors
                .push(format!("the counters are {actual:?}, they must be {expected:?}"));
        }
    }

    /// What has been seen since the last call.
    pub fn take_findings(&mut self) -> Findings {
        std::mem::take(&mut self.findings)
    }

    /// A window in full, for its replay; `place` names its corner.
    pub fn case(
        &self,
        place: &Place,
        plane: &Plane,
        kernel: &Kernel,
        semantics: &Semantics,
        run: &WindowRun,
        stream: u64,
    ) -> Case {
        let side = run.tile.window_side(kernel.side());
        Case {
            place: place.clone(),
            unit: self.unit.name.to_owned(),
            seed: self.seed,
            x_seed: self.options.x_seed,
            stall_seed: self.options.stalls.map(|Stalls { seed }| seed),
            stream,
            side: kernel.side(),
            weights: kernel.weights().to_vec(),
            words: plane.window(place.column, place.row, side),
            addr: run.addr,
            pitch: run.pitch,
            outputs: run.tile.outputs(),
            mode: semantics.mode.to_string(),
            threshold: semantics.threshold.get(),
            unit_threshold: run.threshold.get(),
            smax_scope: semantics.scope.to_string(),
            carry: run.carry,
            slot: run.slot,
            fetched_by: None,
        }
    }
}
