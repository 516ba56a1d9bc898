// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an inference takes as a program on the netlist of core and unit: convolutions in software, and on
//! the unit exact, skipping zeros, at thresholds and at operating points. Energy per inference, and power
//! with the unit idle and convolving.
//!
//! Of each stage of a program a sample of cycles is measured; what the stage takes is that, times its
//! cycles.

use serde_json::{Value, json};

use super::energy::{COLOURS, Memory, points_of};
use super::lenet::{OperatingPoint, Variant};
use super::twice;
use crate::Error;
use crate::data::Image;
use crate::report::figure::{Bar, Bars, Group};
use crate::results::ResultFolder;
use crate::run::{Engines, Experiment, Finished, Outcomes, Run};
use crate::statistics::reduction_percent;
use crate::table;
use crate::tables::{ALL_LAYERS, PlotBy};
use model::conv::{Mode, SmaxScope};
use model::engine::{Findings, Place, StageEnergy};
use model::nn::{Configuration, input_planes};

table! {
    /// What an inference takes as a program. One that does something else on the netlist than on the
    /// reference has no row.
    pub struct ProgramEnergyRow in "energy_software.csv" {
        /// Network, the name of its file.
        pub network: String,
        /// Parameter set of the system.
        pub system: String,
        /// `software`: convolutions by the core; `unit`: by the unit.
        pub program: String,
        /// What is multiplied: `exact`, `dual-zero-skip`, a threshold of all layers, or an operating
        /// point.
        pub configuration: String,
        /// Clock period.
        pub period_ns: f64,
        /// The memory that is charged.
        pub memory: String,
        /// Clock cycles of the inference.
        pub cycles: u64,
        /// Of these, cycles that ran on the netlist: a sample of each stage.
        pub measured_cycles: u64,
        /// All changes of nets in the core, glitches included.
        pub core_dynamic_nj: f64,
        /// What leaks in the core.
        pub core_leakage_nj: f64,
        /// All changes of nets in the unit, glitches included.
        pub unit_dynamic_nj: f64,
        /// What leaks in the unit.
        pub unit_leakage_nj: f64,
        /// Instructions that are fetched, 32 bits each time, from the memory that is charged.
        pub instructions_nj: f64,
        /// Words that core and unit read and write; a write is charged as a read.
        pub data_nj: f64,
        /// All together; in software without the unit, which it does not need.
        pub energy_nj: f64,
        /// How many percent less energy than in software; empty if that has no row.
        pub saved_vs_software_percent: Option<f64>,
        /// How many percent less energy than the unit in the mode `exact`; empty in software.
        pub saved_vs_exact_percent: Option<f64>,
    }
}

table! {
    /// Power of core and unit in a stage of a program of energy_software.csv.
    pub struct PowerRow in "energy_power.csv" {
        /// Network, the name of its file.
        pub network: String,
        /// Parameter set of the system.
        pub system: String,
        /// `software`: the unit is idle beside the running core; `unit`: it convolves.
        pub program: String,
        /// As in energy_software.csv.
        pub configuration: String,
        /// The layers of the stage, or `all`.
        pub stage: String,
        /// Clock cycles of the stage.
        pub cycles: u64,
        /// Clock period.
        pub period_ns: f64,
        /// Of the core: dynamic with glitches, and leakage.
        pub core_mw: f64,
        /// Of it, leakage.
        pub core_leakage_mw: f64,
        /// Of the unit: dynamic with glitches, and leakage.
        pub unit_mw: f64,
        /// Of it, leakage.
        pub unit_leakage_mw: f64,
        /// Core and unit in percent more than the core alone that runs the whole inference in software;
        /// empty if that has no row.
        pub over_core_percent: Option<f64>,
        /// What the paper has there: 11.50.
        pub paper_over_core_percent: f64,
    }
}

/// What the paper's unit adds to the power of its core.
const PAPER_POWER_PERCENT: f64 = 11.50;

pub(super) static PROGRAMS: PlotBy<ProgramEnergyRow> = PlotBy {
    name: "energy_software",
    key: |row| &row.network,
    figure: |of, rows, name| {
        let parts = ["core", "unit", "instructions", "data"];
        let group = |row: &&ProgramEnergyRow| {
            let unit = row.unit_dynamic_nj + row.unit_leakage_nj;
            let values = [
                row.core_dynamic_nj + row.core_leakage_nj,
                if row.program == PROGRAMS_OF[SOFTWARE] { 0.0 } else { unit },
                row.instructions_nj,
                row.data_nj,
            ];
            let bars =
                values.into_iter().zip(COLOURS).map(|(value, colour)| Bar::new(value, colour));
            let configuration = row.configuration.replace("T=", "T = ");
            Group::new(format!("{}, {configuration}", row.program), bars.collect())
        };
        Bars {
            title: format!("{of} – energy of an inference as a program"),
            axis: "nJ per inference".to_owned(),
            groups: rows.iter().map(group).collect(),
            legend: parts.iter().map(|it| (*it).to_owned()).zip(COLOURS).collect(),
            stacked: true,
            ..Bars::default()
        }
        .draw(name)
    },
};

/// The programs, by the number of their engine in the run.
const PROGRAMS_OF: [&str; 2] = ["software", "unit"];
const SOFTWARE: usize = 0;
const UNIT: usize = 1;

/// What is measured.
pub struct Settings {
    pub networks: Vec<Variant>,
    /// Operating points by name, and their networks, in the operands of the unit.
    pub points: Vec<(String, OperatingPoint, Variant)>,
    /// Of all layers, in units of 2^−F.
    pub thresholds: Vec<u32>,
    /// Fraction bits of the unit's logs.
    pub log_frac: u32,
    /// Parameter set of the system, as in tables.
    pub system: String,
    /// Cycles of each stage that are measured, at most.
    pub cycles: u64,
    pub period_ns: f64,
    pub memory: Memory,
}

/// What the tables hold.
pub struct Summary {
    pub programs: Vec<ProgramEnergyRow>,
    pub power: Vec<PowerRow>,
}

impl Settings {
    /// Says before any work whether it can be measured.
    ///
    /// # Errors
    /// Thresholds and points that cannot be.
    pub fn check(&self) -> Result<(), Error> {
        self.programs().map(drop)
    }

    /// Of each network one in software first, then the unit's exact one.
    fn programs(&self) -> Result<Vec<Program<'_>>, Error> {
        let mut programs = Vec::new();
        for variant in &self.networks {
            let layers = variant.layers().len();
            let mut add = |engine, configuration| {
                programs.push(Program { engine, variant, configuration });
            };
            for (engine, mode) in
                [(SOFTWARE, Mode::Exact), (UNIT, Mode::Exact), (UNIT, Mode::DualZeroSkip)]
            {
                add(engine, Configuration::plain(mode, self.log_frac, layers)?);
            }
            for &it in &self.thresholds {
                let (log_frac, scope) = (self.log_frac, SmaxScope::Window);
                add(UNIT, Configuration::uniform(it, log_frac, scope, layers)?);
            }
            for it in points_of(&self.points, variant, (&self.system, self.log_frac)) {
                let (_, variant, configuration) = it?;
                programs.push(Program { engine: UNIT, variant, configuration });
            }
        }
        let keys =
            programs.iter().map(|it| (it.engine, &it.variant.network_name, &it.configuration.name));
        if let Some((_, network, name)) = twice(keys) {
            return Err(Error::Input(format!(
                "two programs of {network} are called {name}: give each threshold once, and networks and \
                 operating points files of different names"
            )));
        }
        Ok(programs)
    }
}

/// Runs the experiment. The run's engines are the netlist with the software and with the program for the
/// unit.
///
/// # Errors
/// Thresholds, points or images that cannot be; and those of [`run`](crate::run::run()).
pub fn run(run: &Run<'_>, settings: &Settings) -> Result<Finished<Summary>, Error> {
    let (image, programs) = (run.images()?[0], settings.programs()?);
    crate::run::run(run, &Power { run, settings, programs, image })
}

/// A program with a network and its configuration.
struct Program<'a> {
    engine: usize,
    variant: &'a Variant,
    configuration: Configuration,
}

impl Program<'_> {
    /// Whether it is the plain one of an engine in a mode.
    fn is(&self, engine: usize, mode: Mode) -> bool {
        self.engine == engine && self.configuration.name == mode.to_string()
    }
}

struct Power<'a> {
    run: &'a Run<'a>,
    settings: &'a Settings,
    programs: Vec<Program<'a>>,
    image: &'a Image,
}

impl Experiment for Power<'_> {
    /// The number of a program.
    type Batch = usize;
    type Outcome = Vec<StageEnergy>;
    type Summary = Summary;

    fn settings(&self) -> Value {
        let Settings { cycles, period_ns, memory, .. } = self.settings;
        let program = |it: &Program<'_>| {
            let Program { engine, variant, configuration } = it;
            let weights = variant.weights.sha256();
            json!([PROGRAMS_OF[*engine], weights, configuration.name])
        };
        json!({
            "programs": self.programs.iter().map(program).collect::<Vec<_>>(),
            "cycles": cycles,
            "period_ns": period_ns,
            "memory": memory.name(),
        })
    }

    fn plan(&self) -> Vec<usize> {
        (0..self.programs.len()).collect()
    }

    fn batch(&self, &number: &usize, engines: &mut Engines<'_>) -> Result<Self::Outcome, Error> {
        let Program { engine, variant, configuration } = &self.programs[number];
        let place = Place {
            configuration: configuration.name.clone(),
            ..self.run.place(&variant.network_name)
        };
        let image = input_planes(&variant.integer, &self.image.pixels);
        let (network, cycles) = (&variant.integer, self.settings.cycles);
        let engine = engines.under_test(*engine)?;
        Ok(engine.program_energy(&place, network, configuration, &image, cycles)?)
    }

    fn tables(
        &self,
        outcomes: Outcomes<'_, Self::Outcome>,
        _: &Findings,
        results: &mut ResultFolder,
    ) -> Result<Summary, Error> {
        let (mut programs, mut power) = (Vec::<ProgramEnergyRow>::new(), Vec::new());
        let (mut software, mut exact) = (None, None);
        for (program, stages) in self.programs.iter().zip(outcomes) {
            let stages = stages?;
            if program.is(SOFTWARE, Mode::Exact) {
                (software, exact) = (None, None);
            }
            // What a netlist takes that does something else is of no account.
            if stages.iter().any(|stage| stage.measured_cycles == 0) {
                continue;
            }
            let taken: Vec<Taken> =
                stages.iter().map(|stage| Taken::of(stage, self.settings)).collect();
            let all = taken.iter().fold(Taken::default(), |sum, it| sum.and(it));
            let row = self.row(program, &all);
            if program.is(SOFTWARE, Mode::Exact) {
                software = Some((row.energy_nj, all.core.mw(&all, self.settings)));
            } else if program.is(UNIT, Mode::Exact) {
                exact = Some(row.energy_nj);
            }
            let against = |other: f64| reduction_percent(row.energy_nj, other);
            programs.push(ProgramEnergyRow {
                saved_vs_software_percent: software.and_then(|(energy, _)| against(energy)),
                saved_vs_exact_percent: exact.and_then(against),
                ..row
            });
            let core_mw = software.map(|(_, mw)| mw);
            let named = stages.iter().map(|it| it.stage.as_str()).zip(&taken);
            for (stage, taken) in named.chain([(ALL_LAYERS, &all)]) {
                power.push(self.power_row(program, stage, taken, core_mw));
            }
        }
        results.table(&programs)?;
        results.table(&power)?;
        Ok(Summary { programs, power })
    }
}

/// Energies in nJ.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    dynamic: f64,
    leakage: f64,
}

impl Part {
    fn mw(&self, of: &Taken, settings: &Settings) -> f64 {
        of.mw(self.dynamic + self.leakage, settings)
    }
}

/// What a stage takes, or a whole inference.
#[derive(Debug, Clone, Copy, Default)]
struct Taken {
    cycles: u64,
    measured: u64,
    core: Part,
    unit: Part,
    instructions: f64,
    data: f64,
}

impl Taken {
    fn of(stage: &StageEnergy, settings: &Settings) -> Self {
        // What was measured, times this.
        let times = stage.cycles as f64 / stage.measured_cycles as f64;
        let part = |block: &str| {
            let block = stage.blocks.get(block).copied().unwrap_or_default();
            Part {
                dynamic: times * block.dynamic_fj / 1e6,
                // nW · ns are 10^−9 nJ.
                leakage: 1e-9 * block.leakage_nw * settings.period_ns * stage.cycles as f64,
            }
        };
        let memory =
            |bits: u64| times * bits as f64 / 64.0 * settings.memory.pj_per_64_bits() / 1e3;
        Self {
            cycles: stage.cycles,
            measured: stage.measured_cycles,
            core: part("core"),
            unit: part("unit"),
            instructions: memory(stage.instruction_bits),
            data: memory(stage.data_bits),
        }
    }

    fn and(&self, other: &Self) -> Self {
        let part = |a: Part, b: Part| Part {
            dynamic: a.dynamic + b.dynamic,
            leakage: a.leakage + b.leakage,
        };
        Self {
            cycles: self.cycles + other.cycles,
            measured: self.measured + other.measured,
            core: part(self.core, other.core),
            unit: part(self.unit, other.unit),
            instructions: self.instructions + other.instructions,
            data: self.data + other.data,
        }
    }

    /// The power of an energy in nJ over these cycles.
    fn mw(&self, nj: f64, settings: &Settings) -> f64 {
        // nJ / ns are W.
        1e3 * nj / (self.cycles as f64 * settings.period_ns)
    }
}

impl Power<'_> {
    /// Without what is saved.
    fn row(&self, program: &Program<'_>, all: &Taken) -> ProgramEnergyRow {
        let Taken { cycles, measured, core, unit, instructions, data } = *all;
        let own_unit = if program.engine == SOFTWARE { 0.0 } else { unit.dynamic + unit.leakage };
        ProgramEnergyRow {
            network: program.variant.network_name.clone(),
            system: self.settings.system.clone(),
            program: PROGRAMS_OF[program.engine].to_owned(),
            configuration: program.configuration.name.clone(),
            period_ns: self.settings.period_ns,
            memory: self.settings.memory.name().to_owned(),
            cycles,
            measured_cycles: measured,
            core_dynamic_nj: core.dynamic,
            core_leakage_nj: core.leakage,
            unit_dynamic_nj: unit.dynamic,
            unit_leakage_nj: unit.leakage,
            instructions_nj: instructions,
            data_nj: data,
            energy_nj: core.dynamic + core.leakage + own_unit + instructions + data,
            saved_vs_software_percent: None,
            saved_vs_exact_percent: None,
        }
    }

    fn power_row(
        &self,
        program: &Program<'_>,
        stage: &str,
        taken: &Taken,
        software_mw: Option<f64>,
    ) -> PowerRow {
        let settings = self.settings;
        let (core_mw, unit_mw) = (taken.core.mw(taken, settings), taken.unit.mw(taken, settings));
        PowerRow {
            network: program.variant.network_name.clone(),
            system: settings.system.clone(),
            program: PROGRAMS_OF[program.engine].to_owned(),
            configuration: program.configuration.name.clone(),
            stage: stage.to_owned(),
            cycles: taken.cycles,
            period_ns: settings.period_ns,
            core_mw,
            core_leakage_mw: taken.mw(taken.core.leakage, settings),
            unit_mw,
            unit_leakage_mw: taken.mw(taken.unit.leakage, settings),
            over_core_percent: software_mw
                .map(|software| 100.0 * (core_mw + unit_mw) / software - 100.0),
            paper_over_core_percent: PAPER_POWER_PERCENT,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::data::{Source, Split, digits};
    use crate::results::{Earlier, ProgramFacts};
    use model::conv::{Plane, Semantics};
    use model::engine::{
        BlockEnergy, Detail, Engine, EngineError, EngineFactory, EngineInfo, LayerRun, Mismatch,
    };
    use model::nn::{Activation, Convolution, MachineNetwork};

    fn settings() -> Settings {
        Settings {
            networks: Vec::new(),
            points: Vec::new(),
            thresholds: Vec::new(),
            log_frac: 0,
            system: "soc".to_owned(),
            cycles: 100,
            period_ns: 2.0,
            memory: Memory::Sram8k,
        }
    }

    /// A netlist that does something else in one configuration.
    struct Differs(&'static str);

    impl EngineFactory for Differs {
        fn info(&self) -> EngineInfo {
            let settings = Value::Null;
            EngineInfo {
                name: "differs",
                unit: String::new(),
                compares: true,
                timed: true,
                settings,
            }
        }

        fn open(&self) -> Result<Box<dyn Engine>, EngineError> {
            Ok(Box::new(DiffersEngine(self.0, Findings::default())))
        }
    }

    struct DiffersEngine(&'static str, Findings);

    impl Engine for DiffersEngine {
        fn name(&self) -> &'static str {
            "differs"
        }

        fn layer(
            &mut self,
            _: &Place,
            _: &Convolution,
            _: &Semantics,
            _: &[Vec<Plane>],
            _: Detail,
        ) -> Result<LayerRun, EngineError> {
            unreachable!("it measures programs alone")
        }

        fn program_energy(
            &mut self,
            place: &Place,
            _: &MachineNetwork,
            configuration: &Configuration,
            _: &[Plane],
            _: u64,
        ) -> Result<Vec<StageEnergy>, EngineError> {
            let differs = configuration.name == self.0;
            if differs {
                let (difference, case) = ("a store".to_owned(), Value::Null);
                self.1.mismatches += 1;
                self.1.cases.push(Mismatch { place: place.clone(), difference, case });
            }
            let energy = BlockEnergy { dynamic_fj: 1e6, leakage_nw: 1e3, settled_fj: 0.0 };
            let of_core = ("core".to_owned(), energy);
            Ok(["C1", "C3"]
                .map(|stage| StageEnergy {
                    stage: stage.to_owned(),
                    cycles: 1000,
                    measured_cycles: if differs && stage == "C3" { 0 } else { 100 },
                    blocks: [of_core.clone()].into(),
                    ..StageEnergy::default()
                })
                .into())
        }

        fn take_findings(&mut self) -> Result<Findings, EngineError> {
            Ok(std::mem::take(&mut self.1))
        }
    }

    /// The rows of a run: program and configuration, and whether they are set beside software and
    /// beside the unit's exact mode.
    fn rows(software: &'static str, unit: &'static str) -> Vec<(String, [bool; 2])> {
        let folder = tempfile::tempdir().unwrap();
        let dataset = crate::data::Dataset {
            source: Source::Digits { seed: 1 },
            train: Vec::new(),
            test: digits::draw(1, digits::TEST, 1),
            notice: None,
        };
        let settings = Settings {
            networks: vec![Variant::lenet5(Activation::Relu).unwrap()],
            thresholds: vec![2],
            ..settings()
        };
        let facts = ProgramFacts { version: "", revision: "", sources_sha256: "", rustc: "" };
        let run = Run {
            command: "power",
            dataset: &dataset,
            split: Split::Test,
            images: 1,
            seed: 1,
            jobs: 1,
            out: folder.path().join("out"),
            earlier: Earlier::Keep,
            max_mismatches: 10,
            engines: &[&Differs(software), &Differs(unit)],
            program: &facts,
            stop: &AtomicBool::new(false),
            progress: &(),
        };
        let finished = super::run(&run, &settings).unwrap();
        let Summary { programs, power } = finished.summary;
        assert_eq!(power.len(), 3 * programs.len(), "two stages, and all of them");
        assert!(power.iter().all(|row| row.core_mw.is_finite()));
        let beside = |row: &ProgramEnergyRow| {
            [row.saved_vs_software_percent, row.saved_vs_exact_percent].map(|it| it.is_some())
        };
        let name = |row: &ProgramEnergyRow| format!("{} {}", row.program, row.configuration);
        programs.iter().map(|row| (name(row), beside(row))).collect()
    }

    #[test]
    fn a_program_that_does_something_else_on_the_netlist_has_no_row_and_none_is_set_beside_it() {
        let all = ["software exact", "unit exact", "unit dual-zero-skip", "unit T=2"];
        let expected = |beside: [[bool; 2]; 4], without: usize| {
            let mut rows: Vec<_> = all.iter().map(|it| (*it).to_owned()).zip(beside).collect();
            if without < rows.len() {
                rows.remove(without);
            }
            rows
        };
        let (both, software, exact) = ([true; 2], [true, false], [false, true]);
        assert_eq!(rows("", ""), expected([software, both, both, both], 4));
        assert_eq!(rows("", "T=2"), expected([software, both, both, both], 3));
        assert_eq!(rows("", "exact"), expected([software, both, software, software], 1));
        assert_eq!(rows("exact", ""), expected([software, exact, exact, exact], 0));
    }

    #[test]
    fn names_that_rows_could_not_tell_apart_are_refused() {
        let twice = Settings {
            networks: vec![Variant::lenet5(Activation::Relu).unwrap()],
            thresholds: vec![2, 2],
            ..settings()
        };
        let error = twice.check().unwrap_err().to_string();
        assert!(error.contains("two programs of lenet5_relu are called T=2"), "{error}");
        let zero = Settings { thresholds: vec![0], ..twice };
        assert!(zero.check().unwrap_err().to_string().contains("threshold 0"));
    }

    #[test]
    fn a_stage_takes_what_was_measured_times_its_cycles() {
        let settings = settings();
        let block =
            |dynamic_fj, leakage_nw| BlockEnergy { dynamic_fj, leakage_nw, settled_fj: 0.0 };
        let stage = StageEnergy {
            stage: "C1".to_owned(),
            cycles: 1000,
            measured_cycles: 100,
            instruction_bits: 3200,
            data_bits: 640,
            blocks: [("core".to_owned(), block(3e6, 1e6)), ("unit".to_owned(), block(1e6, 2e6))]
                .into(),
        };
        let taken = Taken::of(&stage, &settings);
        let near = |found: f64, expected: f64| {
            assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
        };
        // 3 nJ in 100 of 1000 cycles; 1 mW for 2 µs; 50 and 10 reads of 64 bits at 10 pJ, ten times.
        near(taken.core.dynamic, 30.0);
        near(taken.core.leakage, 2.0);
        near(taken.unit.leakage, 4.0);
        near(taken.instructions, 5.0);
        near(taken.data, 1.0);
        // 32 nJ in 2 µs, twice as long with another one.
        near(taken.core.mw(&taken, &settings), 16.0);
        let both = taken.and(&Taken { cycles: 1000, ..Taken::default() });
        near(both.core.mw(&both, &settings), 8.0);
    }
}
