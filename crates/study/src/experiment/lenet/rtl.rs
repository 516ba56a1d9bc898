//! Convolutions on the unit's RTL, every window compared with the golden model.

use std::collections::BTreeMap;

use super::settings::RtlSettings;
use crate::check::{Findings, Place, Scoreboard};
use crate::dut::{Stalls, UNITS, UnitOptions, UnitParameters, open};
use crate::engine::{LayerBatch, LayerMaps, LayerSums, RtlLayerEngine};
use crate::experiment::ExperimentError;
use crate::experiment::follow_up::REPORTS;
use model::conv::{FeatureMap, Plane};
use model::nn::{Configuration, Convolution, Convolver, GoldenConvolver, LayerOutcome};

/// The units under test: one for every number of fraction bits, opened when it is first needed.
pub(super) struct Units {
    settings: RtlSettings,
    open: BTreeMap<u32, (RtlLayerEngine, Scoreboard)>,
}

/// The unit for layers with kernels up to `side`: parallel multipliers, the widest port, the most
/// kernels.
pub(super) fn unit_for(
    log_frac: u32,
    side: usize,
) -> Result<&'static UnitParameters, ExperimentError> {
    let fits = |unit: &&&UnitParameters| {
        unit.log_frac == log_frac
            && unit.kernel >= side
            && unit.multipliers as usize == 4 * unit.kernel * unit.kernel
    };
    let best = UNITS.iter().filter(|unit| fits(&unit));
    best.max_by_key(|unit| (unit.mem_width, unit.kernels))
        .ok_or(ExperimentError::Unit { log_frac, side })
}

impl Units {
    pub fn new(settings: RtlSettings) -> Self {
        Self { settings, open: BTreeMap::new() }
    }

    fn get(
        &mut self,
        log_frac: u32,
        side: usize,
    ) -> Result<&mut (RtlLayerEngine, Scoreboard), ExperimentError> {
        if !self.open.contains_key(&log_frac) {
            let settings = &self.settings;
            let unit = unit_for(log_frac, side)?;
            let stalls = settings.stalls.map(|seed| Stalls { seed });
            let options = UnitOptions { x_seed: settings.seed, stalls, ..UnitOptions::default() };
            let engine = RtlLayerEngine::new(open(unit, &options)?)?
                .with_threshold_offset(settings.threshold_offset);
            let scoreboard = Scoreboard::new(unit, options, settings.seed, REPORTS);
            self.open.insert(log_frac, (engine, scoreboard));
        }
        Ok(self.open.get_mut(&log_frac).expect("it is open"))
    }

    /// What the scoreboards have seen since the last call, counters included.
    pub fn take_findings(&mut self) -> Result<Findings, ExperimentError> {
        let mut findings = Findings::default();
        for (engine, scoreboard) in self.open.values_mut() {
            let (actual, expected) = engine.counters()?;
            scoreboard.compare_counters(&actual, &expected);
            findings.merge(scoreboard.take_findings(), REPORTS);
        }
        Ok(findings)
    }
}

/// A batch of images through one configuration on the RTL.
pub(super) struct RtlRun<'a> {
    pub units: &'a mut Units,
    /// What the windows are compared with; it keeps its maps.
    pub golden: &'a mut GoldenConvolver,
    pub configuration: &'a Configuration,
    /// The largest kernel side of the network.
    pub side: usize,
    /// Where the first image of the batch belongs.
    pub place: Place,
    /// Windows and cycles of each layer.
    pub work: Vec<(u64, u64)>,
}

impl Convolver for RtlRun<'_> {
    type Error = ExperimentError;

    fn layer(
        &mut self,
        layer: &Convolution,
        inputs: &[Vec<Plane>],
    ) -> Result<Vec<LayerOutcome>, ExperimentError> {
        let Ok(mut outcomes) = self.golden.layer(layer, inputs);
        let apart = |outcome: &LayerOutcome| apart(outcome, layer);
        let expected = LayerMaps(outcomes.iter().map(apart).collect());
        let semantics = self.configuration.layers[layer.index];
        let batch = LayerBatch { planes: inputs, filters: &layer.filters, semantics };
        let place = Place {
            layer: layer.name.clone(),
            configuration: self.configuration.name.clone(),
            ..self.place.clone()
        };
        let (engine, scoreboard) = self.units.get(semantics.log_frac, self.side)?;
        let run = engine.layer(&batch, &expected, &place, scoreboard);
        let (LayerSums(sums), totals) = run.map_err(|source| ExperimentError::Layer {
            layer: layer.name.clone(),
            configuration: self.configuration.name.clone(),
            image: self.place.image,
            source: Box::new(source),
            report: String::new(),
        })?;
        self.work.push((totals.windows, totals.cycles));
        for (outcome, sums) in outcomes.iter_mut().zip(sums) {
            outcome.sums = sums;
        }
        Ok(outcomes)
    }
}

/// `maps[output][input channel]`, also of a layer whose outputs are joined in a row.
fn apart(outcome: &LayerOutcome, layer: &Convolution) -> Vec<Vec<FeatureMap>> {
    let outputs = layer.filters.len();
    match &outcome.maps[..] {
        [rows] if outputs > 1 => {
            let one = |row: &FeatureMap, o: usize| {
                let (output, kept) = (vec![row.outputs[o]], vec![row.kept[o]]);
                FeatureMap::from_parts(1, 1, output, kept, &[row.s_max(o)], layer.side())
            };
            (0..outputs).map(|o| rows.iter().map(|row| one(row, o)).collect()).collect()
        }
        maps => maps.to_vec(),
    }
}
