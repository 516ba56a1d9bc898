//! The proven bound of the approximation error, against the errors there are.

use super::totals::Tightness;
use model::conv::{FeatureMap, Mode, Semantics, SmaxScope, error_bound};
use model::nn::LayerOutcome;

/// The bound of one skipped product for every S_max, so that a comparison costs a multiplication.
pub(super) struct Bounds {
    of_one: Vec<f64>,
}

/// Products that a bound is taken of before it is divided: the bound is an integer.
const MANY: u32 = 1 << 12;

impl Bounds {
    pub fn new(semantics: &Semantics) -> Self {
        let scores = if semantics.mode == Mode::Approx { 64 << semantics.log_frac } else { 0 };
        let of_one = |s_max| (error_bound(MANY, Some(s_max), semantics) + 1) as f64;
        Self { of_one: (0..scores).map(|s_max| of_one(s_max) / f64::from(MANY)).collect() }
    }

    /// Compares each output of a channel (window scope), or of all channels together (running
    /// scope), with the exact one.
    pub fn compare(
        &self,
        semantics: &Semantics,
        exact: &LayerOutcome,
        found: &LayerOutcome,
        tightness: &mut Tightness,
    ) {
        for (exact, found) in exact.maps.iter().zip(&found.maps) {
            match semantics.scope {
                SmaxScope::Window => {
                    for (exact, found) in exact.iter().zip(found) {
                        for i in 0..found.outputs.len() {
                            let error = exact.outputs[i].abs_diff(found.outputs[i]);
                            self.add(error.into(), found.skipped(i), found.s_max(i), tightness);
                        }
                    }
                }
                SmaxScope::Running => self.whole_outputs(exact, found, tightness),
            }
        }
    }

    fn whole_outputs(&self, exact: &[FeatureMap], found: &[FeatureMap], tightness: &mut Tightness) {
        let Some(last) = found.last() else { return };
        let sum = |maps: &[FeatureMap], i: usize| -> i64 {
            maps.iter().map(|map| i64::from(map.outputs[i])).sum()
        };
        for i in 0..last.outputs.len() {
            let error = sum(exact, i).abs_diff(sum(found, i));
            let skipped = found.iter().map(|map| map.skipped(i)).sum();
            self.add(error, skipped, last.s_max(i), tightness);
        }
    }

    fn add(&self, error: u64, skipped: u32, s_max: Option<u32>, tightness: &mut Tightness) {
        // A bound of 0 says that zeros alone are skipped.
        let of_one = s_max.and_then(|s_max| self.of_one.get(s_max as usize));
        match of_one.filter(|of_one| skipped > 0 && **of_one * f64::from(MANY) > 1.0) {
            Some(of_one) => tightness.add(error, f64::from(skipped) * of_one),
            None => tightness.violations += u64::from(error > 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::conv::{Kernel, Plane, Threshold, conv2d};

    fn outcome(semantics: &Semantics, planes: &[Plane], kernels: &[Kernel]) -> LayerOutcome {
        let mut maps: Vec<FeatureMap> = Vec::new();
        for (plane, kernel) in planes.iter().zip(kernels) {
            let map = conv2d(plane, kernel, semantics, maps.last());
            maps.push(map);
        }
        LayerOutcome { maps: vec![maps], ..LayerOutcome::default() }
    }

    #[test]
    fn errors_stay_within_the_bound_and_a_wrong_sum_does_not() {
        let word = |i: usize| ((i * 2_654_435_761) % 4_001) as i32 - 2_000;
        let planes: Vec<Plane> = (0..3)
            .map(|c| Plane::new(8, 8, (0..64).map(|i| word(i + 64 * c)).collect()).unwrap())
            .collect();
        let kernels: Vec<Kernel> = (0..3)
            .map(|c| Kernel::new(3, (0..9).map(|i| word(i * 7 + c + 500)).collect()).unwrap())
            .collect();
        for (log_frac, threshold, scope) in
            [(0, 1, SmaxScope::Window), (0, 3, SmaxScope::Running), (3, 9, SmaxScope::Running)]
        {
            let threshold = Threshold::new(threshold).unwrap();
            let approx = Semantics::new(Mode::Approx, log_frac, threshold, scope).unwrap();
            let exact = Semantics { mode: Mode::Exact, ..approx };
            let exact = outcome(&exact, &planes, &kernels);
            let mut found = outcome(&approx, &planes, &kernels);
            let mut tightness = Tightness::default();
            Bounds::new(&approx).compare(&approx, &exact, &found, &mut tightness);
            assert_eq!(tightness.violations, 0);
            assert!(tightness.max > 0.02 && tightness.max <= 1.0, "{tightness:?}");

            found.maps[0][2].outputs[5] += 1 << 28;
            let mut tightness = Tightness::default();
            Bounds::new(&approx).compare(&approx, &exact, &found, &mut tightness);
            assert_eq!(tightness.violations, 1);
        }
    }
}
