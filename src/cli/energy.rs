// SPDX-License-Identifier: MIT OR Apache-2.0
//! `convapprox energy`, `convapprox power` and `convapprox explore`.

use std::path::PathBuf;
use std::sync::Arc;

use model::conv::Number;
use model::engine::EngineFactory;
use serde_json::json;
use silicon::liberty::Library;
use silicon::netlist::Netlist;
use study::data::Split;
use study::experiment::energy::{self, Memory, Settings, UnitUnderTest};
use study::experiment::explore::{self, ExploreRow};
use study::experiment::lenet::{OperatingPoint, Variant};
use study::experiment::power;
use study::report::terminal::{number, optional};
use study::run::Run;
use study::tables::ALL_LAYERS;
use study::{Error, Status};

use super::flags::{LENET5, NetworkFlags, RunFlags, each_once, positive};
use super::output::List;
use super::synth::{FlowFlags, netlist_told};
use super::table_of;
use crate::bench::energy::{Gates, GatesFactory};
use crate::bench::inference::{Core, CoreSettings};
use crate::bench::program_energy::ProgramGatesFactory;
use crate::hw::gates::{pair_design, unit_design};
use crate::hw::{SocParameters, UnitParameters};
use crate::synthesis::{Design, Flow, Tools};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    run: RunFlags,

    /// A unit, by its parameter set: a name such as k5_m4, or kernel=5,multipliers=4; may be repeated
    #[arg(long, value_name = "SET", default_values = ["k5_w128_o16", "k5_m4_w128_o16", "k5_w128_o8"])]
    unit: Vec<UnitParameters>,

    #[command(flatten)]
    flow: FlowFlags,

    #[command(flatten)]
    networks: NetworkFlags,

    /// How many images, from the first, windows are taken from
    #[arg(long, value_name = "N", default_value = "20", value_parser = positive)]
    images: usize,

    /// Windows of each layer in each configuration, at least
    #[arg(long, value_name = "N", default_value = "200", value_parser = windows)]
    windows: usize,

    /// Thresholds of all layers, in units of 2^−F
    #[arg(long, value_name = "LIST", default_value = "1,2,3,4,5")]
    threshold: List<u32>,

    /// Operating points to run, too
    #[arg(long, value_name = "FILE", num_args = 1..)]
    point: Vec<PathBuf>,

    /// The memory whose reads are charged
    #[arg(long, value_enum, default_value = "sram-8k")]
    memory: Memory,
}

/// A number of windows, which are all in memory at once.
fn windows(text: &str) -> Result<usize, String> {
    const MOST: usize = 100_000;
    match positive(text)? {
        number if number > MOST => Err(format!("it must be at most {MOST}")),
        number => Ok(number),
    }
}

pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let (dataset, settings) = (args.run.load()?, settings(args)?);
    dataset.first(Split::Test, args.images)?;
    settings.check()?;
    let factories = factories(args)?;
    let images = (&dataset, Split::Test, args.images);
    let run = |run: &Run<'_>| energy::run(run, &settings);
    let ended = args.run.run("energy", images, &engines(&factories), run)?;
    print(&ended.finished.summary);
    Ok(ended.close("windows"))
}

pub(super) fn explore(args: &Args) -> anyhow::Result<Status> {
    let (dataset, settings) = (args.run.load()?, settings(args)?);
    explore::check(&dataset, args.images, &settings)?;
    let factories = factories(args)?;
    // The validation images are the last of the training ones.
    let images = (&dataset, Split::Train, args.images);
    let gates: Vec<_> = factories.iter().map(|it| measured(&it.gates)).collect();
    let run = |run: &Run<'_>| explore::run(run, &settings, &gates);
    let ended = args.run.run("explore", images, &engines(&factories), run)?;
    print_explored(&ended.finished.summary);
    Ok(ended.close("windows"))
}

/// What the operands of a unit are, and their bits.
type Operands = (Number, u32);

/// The networks of the flags, or LeNet-5's two, in the operands of a unit.
fn in_operands(
    networks: &NetworkFlags,
    (number, operand_w): Operands,
) -> anyhow::Result<Vec<Variant>> {
    let variants = networks.variants(&LENET5)?.into_iter();
    Ok(variants.map(|it| it.for_operands(number, operand_w)).collect::<Result<_, _>>()?)
}

/// Operating points by name, each of one of these networks.
fn points(
    paths: &[PathBuf],
    networks: &[Variant],
    (number, operand_w): Operands,
) -> anyhow::Result<Vec<(String, OperatingPoint, Variant)>> {
    let point = |path: &PathBuf| {
        let point = OperatingPoint::read(path)?;
        let variant = point.variant()?.for_operands(number, operand_w)?;
        let network = &variant.network_name;
        if !networks.iter().any(|it| it.network_name == *network) {
            return Err(Error::Input(format!(
                "operating point {} is of the network {network}, which --network leaves out",
                path.display()
            ))
            .into());
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok((name, point, variant))
    };
    paths.iter().map(point).collect()
}

#[derive(Debug, clap::Args)]
pub(super) struct PowerArgs {
    #[command(flatten)]
    run: RunFlags,

    /// System, as in `soc`
    #[arg(long, value_name = "SYSTEM", default_value = "soc_m4_o16")]
    soc: SocParameters,

    #[command(flatten)]
    flow: FlowFlags,

    #[command(flatten)]
    networks: NetworkFlags,

    /// Thresholds of all layers, in units of 2^−F
    #[arg(long, value_name = "LIST", default_value = "4,2")]
    threshold: List<u32>,

    /// Operating points to run, too
    #[arg(long, value_name = "FILE", num_args = 1..)]
    point: Vec<PathBuf>,

    /// Cycles of each stage that are measured
    #[arg(long, value_name = "N", default_value = "2000", value_parser = positive)]
    cycles: usize,

    /// The memory whose reads are charged
    #[arg(long, value_enum, default_value = "sram-8k")]
    memory: Memory,
}

pub(super) fn power(args: &PowerArgs) -> anyhow::Result<Status> {
    let soc = args.soc;
    // A sample begins with the integer registers of the reference; those of floats are not restored.
    anyhow::ensure!(
        !soc.number().is_float(),
        "the unit of {soc} has floats; power is measured of programs in integers: take a system without \
         unit_float"
    );
    let operands = (soc.number(), soc.operand_w);
    let networks = in_operands(&args.networks, operands)?;
    let points = points(&args.point, &networks, operands)?;
    let settings = power::Settings {
        networks,
        points,
        thresholds: args.threshold.to_vec(),
        log_frac: soc.log_frac,
        system: soc.to_string(),
        cycles: args.cycles as u64,
        period_ns: args.flow.period_ns(),
        memory: args.memory,
    };
    settings.check()?;
    let dataset = args.run.load()?;
    let (library, tools) = args.flow.open()?;
    let flow = args.flow.flow(&library);
    let cells = Arc::new(library.cells.clone());
    let design = pair_design(&soc)?;
    let gates = Arc::new(gates(&design, &flow, &cells, &tools, args.run.basic.quiet)?);
    let mut netlist = args.flow.settings(&library, &tools);
    netlist.insert("design_sha256".to_owned(), json!(design.digest()?));
    let factory = |core: CoreSettings| ProgramGatesFactory {
        gates: Arc::clone(&gates),
        core: CoreSettings { soc, seed: args.run.basic.seed, ..core },
        settings: netlist.clone().into(),
    };
    let engines =
        [CoreSettings::software(Core::Soc, Number::Integer), CoreSettings::unit(Core::Soc, soc)]
            .map(factory);
    let engines: Vec<_> = engines.iter().map(|it| it as &dyn EngineFactory).collect();
    let run = |run: &Run<'_>| power::run(run, &settings);
    let ended = args.run.run("power", (&dataset, Split::Test, 1), &engines, run)?;
    print_power(&ended.finished.summary);
    say!("{} stores compared", ended.finished.findings.instructions);
    Ok(ended.close("inferences"))
}

fn print_power(summary: &power::Summary) {
    let percent = |value: Option<f64>| optional(value.map(|value| number(value, 2)));
    let table = table_of(
        &summary.programs,
        &[
            ("network", &|row| row.network.clone()),
            ("program", &|row| row.program.clone()),
            ("configuration", &|row| row.configuration.clone()),
            (">cycles", &|row| row.cycles.to_string()),
            (">core nJ", &|row| number(row.core_dynamic_nj + row.core_leakage_nj, 0)),
            (">unit", &|row| number(row.unit_dynamic_nj + row.unit_leakage_nj, 0)),
            (">instructions", &|row| number(row.instructions_nj, 0)),
            (">data", &|row| number(row.data_nj, 0)),
            (">all nJ", &|row| number(row.energy_nj, 0)),
            (">less than software %", &|row| percent(row.saved_vs_software_percent)),
            (">than exact %", &|row| percent(row.saved_vs_exact_percent)),
        ],
    );
    say!("An inference as a program (software without the idle unit):\n{table}");
    let table = table_of(
        summary.power.iter().filter(|row| row.stage == ALL_LAYERS),
        &[
            ("network", &|row| row.network.clone()),
            ("program", &|row| row.program.clone()),
            ("configuration", &|row| row.configuration.clone()),
            (">core mW", &|row| number(row.core_mw, 3)),
            (">unit mW", &|row| number(row.unit_mw, 3)),
            (">more than the core %", &|row| {
                optional(row.over_core_percent.map(|percent| format!("{percent:+.2}")))
            }),
            (">paper", &|row| format!("{:+.2}", row.paper_over_core_percent)),
        ],
    );
    say!("Power:\n{table}");
}

/// What the flags want to be measured.
fn settings(args: &Args) -> anyhow::Result<Settings> {
    each_once("--unit", &args.unit)?;
    let under_test = |unit: &UnitParameters| {
        let &UnitParameters { kernel, log_frac, operand_w, .. } = unit;
        let (name, number) = (unit.to_string(), unit.number());
        let variants = in_operands(&args.networks, (number, operand_w))?;
        let points = points(&args.point, &variants, (number, operand_w))?;
        anyhow::Ok(UnitUnderTest { name, variants, points, kernel, log_frac, number, operand_w })
    };
    Ok(Settings {
        units: args.unit.iter().map(under_test).collect::<Result<_, _>>()?,
        thresholds: args.threshold.to_vec(),
        windows: args.windows,
        period_ns: args.flow.period_ns(),
        memory: args.memory,
    })
}

/// The netlists of the units.
fn factories(args: &Args) -> anyhow::Result<Vec<GatesFactory>> {
    let (library, tools) = args.flow.open()?;
    let flow = args.flow.flow(&library);
    let cells = Arc::new(library.cells.clone());
    let factory = |unit: &UnitParameters| {
        let design = unit_design(unit)?;
        let gates = gates(&design, &flow, &cells, &tools, args.run.basic.quiet)?;
        let mut settings = args.flow.settings(&library, &tools);
        settings.insert("design_sha256".to_owned(), json!(design.digest()?));
        let (seed, settings) = (args.run.basic.seed, settings.into());
        Ok(GatesFactory { unit: *unit, gates: Arc::new(gates), seed, settings })
    };
    args.unit.iter().map(factory).collect()
}

fn engines(factories: &[GatesFactory]) -> Vec<&dyn EngineFactory> {
    factories.iter().map(|it| it as &dyn EngineFactory).collect()
}

fn measured(gates: &Gates) -> explore::Gates {
    explore::Gates {
        area_um2: gates.netlist.areas(&gates.library)[0].total_um2(),
        critical_path_ns: gates.timing.critical().map_or(0.0, |it| it.needs_ps()) / 1000.0,
    }
}

/// A design's netlist, which is synthesised if it has not been before.
fn gates(
    design: &Design,
    flow: &Flow<'_>,
    cells: &Arc<Library>,
    tools: &Tools,
    quiet: bool,
) -> anyhow::Result<Gates> {
    let say = |text: &str| {
        if !quiet {
            note!("{text}");
        }
    };
    let found = netlist_told(design, flow, tools, say)?;
    let netlist = Netlist::read(&found.json(), Some(design.top), cells)?;
    Ok(Gates::new(netlist, Arc::clone(cells), flow.period_ps.into())?)
}

/// A mark in a column of few.
fn marked(it: bool) -> String {
    if it { "yes" } else { "" }.to_owned()
}

fn print(summary: &energy::Summary) {
    let percent = |value: Option<f64>| optional(value.map(|value| number(value, 2)));
    let table = table_of(
        &summary.windows,
        &[
            ("network", &|row| row.network.clone()),
            ("unit", &|row| row.unit.clone()),
            ("layer", &|row| row.layer.clone()),
            ("mode", &|row| row.mode.clone()),
            (">T", &|row| optional(row.threshold)),
            (">cycles", &|row| number(row.cycles_average, 1)),
            (">multiplied", &|row| number(row.multiplications_average, 1)),
            (">dynamic pJ", &|row| number(row.dynamic_pj, 1)),
            (">without glitches", &|row| number(row.without_glitches_pj, 1)),
            (">leakage", &|row| number(row.leakage_pj, 1)),
            (">memory", &|row| number(row.memory_pj, 1)),
            (">all pJ", &|row| number(row.energy_pj, 1)),
            (">saved %", &|row| percent(row.saved_vs_exact_percent)),
            (">of zero-skip %", &|row| percent(row.saved_vs_zero_skip_percent)),
            (">pays from %", &|row| percent(row.break_even_percent)),
        ],
    );
    say!("A window:\n{table}");
    let table = table_of(
        &summary.inferences,
        &[
            ("network", &|row| row.network.clone()),
            ("unit", &|row| row.unit.clone()),
            ("mode", &|row| row.mode.clone()),
            (">T", &|row| optional(row.threshold)),
            (">multiplications", &|row| number(row.multiplications, 0)),
            (">dynamic nJ", &|row| number(row.dynamic_nj, 1)),
            (">without glitches", &|row| number(row.without_glitches_nj, 1)),
            (">leakage", &|row| number(row.leakage_nj, 1)),
            (">memory", &|row| number(row.memory_nj, 1)),
            (">all nJ", &|row| number(row.energy_nj, 1)),
            (">saved %", &|row| percent(row.saved_vs_exact_percent)),
            (">of zero-skip %", &|row| percent(row.saved_vs_zero_skip_percent)),
            (">paper's rule %", &|row| percent(row.paper_estimate_percent)),
            (">paper %", &|row| percent(row.paper_percent)),
        ],
    );
    if !summary.inferences.is_empty() {
        say!("The convolutions of an inference:\n{table}");
    }
    let table = table_of(
        &summary.memory,
        &[
            ("memory", &|row| row.memory.clone()),
            (">pJ a read of 64 bits", &|row| number(row.read_64_pj, 1)),
            ("charged", &|row| marked(row.charged)),
        ],
    );
    say!("Memory (M. Horowitz, ISSCC 2014, 45 nm):\n{table}");
}

fn print_explored(rows: &[ExploreRow]) {
    let table = table_of(
        rows,
        &[
            ("network", &|row| row.network.clone()),
            ("unit", &|row| row.unit.clone()),
            ("mode", &|row| row.mode.clone()),
            (">T", &|row| optional(row.threshold)),
            (">accuracy %", &|row| number(row.accuracy.accuracy_percent, 2)),
            (">multiplications", &|row| number(row.multiplications_average, 0)),
            (">cycles", &|row| number(row.cycles, 0)),
            (">ns", &|row| number(row.clock_ns, 2)),
            (">µs", &|row| number(row.time_us, 1)),
            (">µm²", &|row| number(row.area_um2, 0)),
            (">nJ", &|row| number(row.energy_nj, 1)),
            ("best", &|row| marked(row.pareto)),
        ],
    );
    say!("An inference's convolutions, on validation images:\n{table}");
}
