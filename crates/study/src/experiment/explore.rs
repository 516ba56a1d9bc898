// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which unit at which threshold: accuracy, multiplications, time, area and energy of an inference side
//! by side, and the choices that no other one beats in all of accuracy, time, area and energy.
//!
//! Area and clock are those of the unit's netlist, energy and cycles those of [`energy`] with the same
//! flags, accuracy is that of the golden model with the unit's operands and logs. All of it is taken
//! on validation images, so that a choice from the table owes nothing to the test images.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::energy::{self, Energy, Part, Rule, Settings, Taken, UnitUnderTest};
use super::lenet::Variant;
use super::{Tally, ranges};
use crate::Error;
use crate::data::{Dataset, Image};
use crate::report::figure::{Bar, Bars, Group, decimals, palette, thousands};
use crate::results::ResultFolder;
use crate::run::{Engines, Experiment, Finished, Outcomes, Run};
use crate::statistics::{Proportion, reduction_percent};
use crate::table;
use crate::tables::{Accuracy, PlotBy};
use model::engine::{EnergyReading, Findings};

table! {
    /// One unit in one configuration, with what an inference takes on it.
    pub struct ExploreRow in "explore.csv" {
        /// Network, the name of its file.
        pub network: String,
        /// Parameter set of the unit.
        pub unit: String,
        /// What is multiplied: `exact`, `zero-skip` or `approx`, or the name of an operating point.
        pub mode: String,
        /// T in units of 2^−F; empty but in `approx`, and for a point.
        pub threshold: Option<u32>,
        /// Validation images that the accuracy is of.
        pub images: usize,
        pub accuracy: Accuracy,
        /// Points of accuracy below the exact mode of the same unit.
        pub loss_points: f64,
        /// Multiplications of the convolutions per inference, mean over the images.
        pub multiplications_average: f64,
        /// How many percent fewer multiplications than exact.
        pub reduction_vs_exact_percent: f64,
        /// Clock cycles of an inference's windows and loads of kernels, one after the other.
        pub cycles: f64,
        /// The shortest clock period that the unit can have, or the one that it was made for if that is
        /// longer.
        pub clock_ns: f64,
        /// These cycles at that clock.
        pub time_us: f64,
        /// Area of the unit's cells; a kernel bank of flip-flops is in it.
        pub area_um2: f64,
        /// Energy of an inference's windows and loads of kernels: dynamic with glitches, leakage, memory.
        pub energy_nj: f64,
        /// Whether no other row of the network is at least as good in accuracy, time, area and energy,
        /// and better in one.
        pub pareto: bool,
    }
}

pub(super) static PARETO: PlotBy<ExploreRow> = PlotBy {
    name: "pareto",
    key: |row| &row.network,
    figure: |of, rows, name| {
        let mut best: Vec<_> = rows.iter().filter(|row| row.pareto).collect();
        best.sort_by(|a, b| a.energy_nj.total_cmp(&b.energy_nj));
        let group = |row: &&&ExploreRow| {
            let rule = energy::configuration(&row.mode, row.threshold);
            let label = format!(
                "{} nJ, {:.2} % right, {:.1} µs, {} µm²",
                decimals(row.energy_nj, 1),
                row.accuracy.accuracy_percent,
                row.time_us,
                thousands(row.area_um2)
            );
            let bar = Bar::new(row.energy_nj, palette::BLUE).label(label);
            Group::new(format!("{} {rule}", row.unit), vec![bar])
        };
        Bars {
            title: format!(
                "{of} – units that no other one beats in accuracy, time, area and energy"
            ),
            axis: "nJ per inference".to_owned(),
            groups: best.iter().map(group).collect(),
            ..Bars::default()
        }
        .draw(name)
    },
};

/// What a unit's netlist says of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Gates {
    /// Area of its cells.
    pub area_um2: f64,
    /// Its longest path.
    pub critical_path_ns: f64,
}

/// Says before any work whether the experiment can be run with so many images.
///
/// # Errors
/// Images, units, thresholds and points that cannot be.
pub fn check(dataset: &Dataset, images: usize, settings: &Settings) -> Result<(), Error> {
    let available = dataset.training_parts().1.len();
    if images == 0 || images > available {
        return Err(Error::Input(format!(
            "{images} images are asked for; there are {available} validation images"
        )));
    }
    // A unit that holds the middle of a kernel alone does no inference.
    let holds = |unit: &UnitUnderTest| {
        let fits = |it: &Variant| it.integer.convolutions().all(|it| it.side() <= unit.kernel);
        unit.variants.iter().any(fits)
    };
    if !settings.units.iter().any(holds) {
        return Err(Error::Input(
            "no unit holds the kernels of its network: take a larger kernel=N".to_owned(),
        ));
    }
    settings.check()
}

/// Runs the experiment, with the netlist of each unit of the settings, in their order. The run's
/// images are how many validation images windows are taken from.
///
/// # Errors
/// Thresholds or images that cannot be; and those of [`run`](crate::run::run()).
pub fn run(
    run: &Run<'_>,
    settings: &Settings,
    gates: &[Gates],
) -> Result<Finished<Vec<ExploreRow>>, Error> {
    check(run.dataset, run.images, settings)?;
    let validation: Vec<&Image> = run.dataset.training_parts().1.iter().collect();
    let energy = Energy::new(run, settings, validation[..run.images].to_vec())?;
    crate::run::run(run, &Explore { energy, gates, validation })
}

struct Explore<'a> {
    energy: Energy<'a>,
    gates: &'a [Gates],
    validation: Vec<&'a Image>,
}

enum Batch {
    Windows(energy::Batch),
    /// Numbers of unit, network and rule, and some images.
    Images([usize; 3], Range<usize>),
}

#[derive(Serialize, Deserialize)]
enum Outcome {
    Windows(EnergyReading),
    Images(Tally),
}

/// Images of a batch.
const BATCH_IMAGES: usize = 250;

impl Explore<'_> {
    /// The first unit with the same arithmetic, whose accuracy this one has.
    fn like(&self, unit: usize) -> usize {
        let units = &self.energy.settings.units;
        let arithmetic =
            |unit: usize| (units[unit].number, units[unit].log_frac, units[unit].operand_w);
        (0..unit).find(|&other| arithmetic(other) == arithmetic(unit)).unwrap_or(unit)
    }

    fn images(
        &self,
        [unit, network, rule]: [usize; 3],
        images: &[&Image],
        engines: &mut Engines<'_>,
    ) -> Result<Tally, Error> {
        let Rule { variant, ref configuration, .. } = self.energy.rules[unit][network][rule];
        Ok(Tally::of(&variant.integer, configuration, images, engines.golden())?)
    }

    fn row(
        &self,
        [unit, network, rule]: [usize; 3],
        taken: &Taken,
        [exact, tally]: [&Tally; 2],
    ) -> ExploreRow {
        let under_test = &self.energy.settings.units[unit];
        let rule = &self.energy.rules[unit][network][rule];
        let images = self.validation.len();
        let accuracy = |tally: &Tally| {
            Accuracy::from(Proportion { successes: tally.right, trials: images as u64 })
        };
        let average = |tally: &Tally| tally.multiplications as f64 / images as f64;
        let gates = self.gates[unit];
        let clock_ns = gates.critical_path_ns.max(self.energy.settings.period_ns);
        let found = accuracy(tally);
        let reduction = reduction_percent(average(tally), average(exact));
        ExploreRow {
            network: under_test.variants[network].network_name.clone(),
            unit: under_test.name.clone(),
            mode: rule.name(),
            threshold: rule.threshold(),
            images,
            loss_points: accuracy(exact).accuracy_percent - found.accuracy_percent,
            accuracy: found,
            multiplications_average: average(tally),
            reduction_vs_exact_percent: reduction.unwrap_or(0.0),
            cycles: taken.cycles,
            clock_ns,
            time_us: taken.cycles * clock_ns / 1e3,
            area_um2: gates.area_um2,
            energy_nj: taken.energy() / 1e3,
            pareto: false,
        }
    }
}

impl Experiment for Explore<'_> {
    type Batch = Batch;
    type Outcome = Outcome;
    type Summary = Vec<ExploreRow>;

    fn settings(&self) -> Value {
        let mut settings = self.energy.settings();
        settings["gates"] = json!(self.gates);
        settings
    }

    fn plan(&self) -> Vec<Batch> {
        let mut plan: Vec<_> = self.energy.plan().into_iter().map(Batch::Windows).collect();
        for (unit, under_test) in self.energy.settings.units.iter().enumerate() {
            if self.like(unit) != unit {
                continue;
            }
            for network in 0..under_test.variants.len() {
                for rule in 0..self.energy.rules[unit][network].len() {
                    let images = ranges(self.validation.len(), BATCH_IMAGES);
                    plan.extend(images.map(|images| Batch::Images([unit, network, rule], images)));
                }
            }
        }
        plan
    }

    fn batch(&self, batch: &Batch, engines: &mut Engines<'_>) -> Result<Outcome, Error> {
        match batch {
            Batch::Windows(batch) => Ok(Outcome::Windows(self.energy.batch(batch, engines)?)),
            Batch::Images(of, images) => {
                let images = &self.validation[images.clone()];
                Ok(Outcome::Images(self.images(*of, images, engines)?))
            }
        }
    }

    fn tables(
        &self,
        outcomes: Outcomes<'_, Outcome>,
        _: &Findings,
        results: &mut ResultFolder,
    ) -> Result<Vec<ExploreRow>, Error> {
        let mut readings = energy::Readings::new();
        let mut tallies = std::collections::BTreeMap::<[usize; 3], Tally>::new();
        for (batch, outcome) in self.plan().into_iter().zip(outcomes) {
            match (batch, outcome?) {
                (Batch::Windows(batch), Outcome::Windows(reading)) => {
                    energy::keep(&mut readings, batch, reading);
                }
                (Batch::Images(of, _), Outcome::Images(tally)) => {
                    *tallies.entry(of).or_default() += tally;
                }
                _ => return Err(Error::Input("a checkpoint of another batch".to_owned())),
            }
        }
        let mut rows = Vec::new();
        for (unit, under_test) in self.energy.settings.units.iter().enumerate() {
            for (network, variant) in under_test.variants.iter().enumerate() {
                let part = Part { settings: self.energy.settings, unit: &under_test.name, variant };
                for rule in 0..self.energy.rules[unit][network].len() {
                    let taken = part.inference(&readings, (unit, network), rule);
                    let Some(taken) = taken else { continue };
                    let tally = |rule| &tallies[&[self.like(unit), network, rule]];
                    rows.push(self.row([unit, network, rule], &taken, [tally(0), tally(rule)]));
                }
            }
        }
        mark_pareto(&mut rows);
        results.table(&rows)?;
        Ok(rows)
    }
}

/// Marks the rows that no other one of their network beats.
fn mark_pareto(rows: &mut [ExploreRow]) {
    // Smaller is better.
    let costs = |row: &ExploreRow| {
        [-row.accuracy.accuracy_percent, row.time_us, row.area_um2, row.energy_nj]
    };
    let all: Vec<_> = rows.iter().map(|row| (row.network.clone(), costs(row))).collect();
    for row in rows {
        let mine = costs(row);
        let beaten = all.iter().any(|(network, theirs)| {
            let pairs = || theirs.iter().zip(&mine);
            *network == row.network
                && pairs().all(|(theirs, mine)| theirs <= mine)
                && pairs().any(|(theirs, mine)| theirs < mine)
        });
        row.pareto = !beaten;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Columns as _;

    #[test]
    fn a_row_that_another_one_beats_is_not_marked() {
        let row = |unit: &str, right, time_us, area_um2, energy_nj| ExploreRow {
            network: "lenet5_relu".to_owned(),
            unit: unit.to_owned(),
            accuracy: Proportion { successes: right, trials: 1000 }.into(),
            time_us,
            area_um2,
            energy_nj,
            ..ExploreRow::example()
        };
        let mut rows = vec![
            row("best", 990, 5.0, 100.0, 7.0),
            row("equal", 990, 5.0, 100.0, 7.0),
            row("beaten", 990, 5.0, 100.0, 7.1),
            row("small", 980, 9.0, 50.0, 9.0),
            row("beaten by small", 979, 9.0, 50.0, 9.0),
            ExploreRow {
                network: "lenet5_tanh".to_owned(),
                ..row("of another network", 1, 99.0, 999.0, 99.0)
            },
        ];
        mark_pareto(&mut rows);
        let marked = rows.iter().filter(|row| row.pareto).map(|row| row.unit.as_str());
        assert_eq!(marked.collect::<Vec<_>>(), ["best", "equal", "small", "of another network"]);
    }
}
