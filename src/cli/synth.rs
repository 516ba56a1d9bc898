// SPDX-License-Identifier: MIT OR Apache-2.0
//! `convapprox synth`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use clap::ArgAction;
use rayon::prelude::*;
use serde_json::{Map, Value, json};
use silicon::liberty::Storage;
use silicon::netlist::Netlist;
use silicon::timing::{Constraints, analyse};
use study::report::terminal::number;
use study::run::{Progress, on_threads};
use study::table::Fixed;
use study::tables::{DesignRow, ModuleRow};
use study::{Error, Status};

use super::flags::{Bar, BasicFlags, JobFlags, each_once, stop_flag};
use super::table_of;
use crate::hw::gates::{core_design, fpu_design, netlist, pair_design, unit_design};
use crate::hw::{CLOCK, PAPER_UNIT, SOC, SOC_FP, SocParameters, UnitParameters};
use crate::synthesis::{
    CellLibrary, Design, Flow, LibraryChoice, Multiplier, SynthesisError, Synthesised, Tools,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A unit, by its parameter set: a name such as k3_m4, or kernel=3,multipliers=4; may be repeated
    /// [default: k3, and the core]
    #[arg(long, value_name = "SET")]
    unit: Vec<UnitParameters>,

    /// The core, and what the other designs add to it
    #[arg(long)]
    core: bool,

    /// The core with floating point
    #[arg(long)]
    float_core: bool,

    /// Core and coprocessor together, with the parameters of a system: soc_k3, or kernel=3; may be
    /// repeated
    #[arg(long, value_name = "SYSTEM")]
    pair: Vec<SocParameters>,

    /// The floating-point unit alone
    #[arg(long)]
    fpu: bool,

    #[command(flatten)]
    flow: FlowFlags,

    #[command(flatten)]
    basic: BasicFlags,

    #[command(flatten)]
    jobs: JobFlags,
}

/// How a design becomes a netlist.
#[derive(Debug, clap::Args)]
pub(super) struct FlowFlags {
    /// The cells: nangate45, osu018, or a file in the Liberty format
    #[arg(long, value_name = "LIBRARY", default_value_t = LibraryChoice::Nangate45)]
    pub library: LibraryChoice,

    /// The clock period to aim at
    #[arg(long, value_name = "NS", default_value = "2.81", value_parser = period)]
    pub period_ns: u32,

    /// Gate the clock of registers that have an enable
    #[arg(
        long, action = ArgAction::Set, value_name = "true|false", num_args = 0..=1,
        require_equals = true, default_value_t = true, default_missing_value = "true",
        hide_possible_values = true
    )]
    pub clock_gates: bool,

    /// How products are made
    #[arg(long, value_enum, default_value_t)]
    pub multiplier: Multiplier,
}

impl FlowFlags {
    /// The library, and the tools, which are installed where they are missing. What the user names is
    /// read before.
    pub fn open(&self) -> Result<(CellLibrary, Tools), SynthesisError> {
        let own = match &self.library {
            LibraryChoice::File(path) => {
                Some(CellLibrary::read(self.library.to_string(), path.clone())?)
            }
            _ => None,
        };
        let tools = Tools::find()?;
        let library = own.map_or_else(|| CellLibrary::open(&self.library, &tools), Ok)?;
        Ok((library, tools))
    }

    /// The clock period in ns.
    pub fn period_ns(&self) -> f64 {
        f64::from(self.period_ns) / 1000.0
    }

    /// The flow with a library, which is that of the flags.
    pub fn flow<'l>(&self, library: &'l CellLibrary) -> Flow<'l> {
        let &Self { period_ns: period_ps, clock_gates, multiplier, .. } = self;
        Flow { library, period_ps, clock_gates, multiplier }
    }

    /// All that a netlist depends on besides the design, as a JSON object.
    pub fn settings(&self, library: &CellLibrary, tools: &Tools) -> Map<String, Value> {
        let settings = [
            ("library", json!(library.name)),
            ("library_sha256", json!(library.digest)),
            ("period_ns", json!(self.period_ns())),
            ("clock_gates", json!(self.clock_gates)),
            ("multiplier", json!(self.multiplier.name())),
            ("tools", json!(tools.listed())),
        ];
        settings.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
    }
}

/// A period as ps, of a text in ns.
fn period(text: &str) -> Result<u32, String> {
    let wrong =
        || format!("{text:?} is not a period in ns: 0.1 to 1000, with up to three decimals");
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 {
        return Err(wrong());
    }
    let digits = format!("{whole}{decimals:0<3}");
    let ps: u32 = digits.parse().map_err(|_| wrong())?;
    (100..=1_000_000).contains(&ps).then_some(ps).ok_or_else(wrong)
}

/// A design, and whether it is the paper's kind of unit or what else is compared with the core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Core,
    FloatCore,
    Unit,
    Pair,
    Fpu,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let designs = designs(args)?;
    let stop = stop_flag()?;
    let (library, tools) = args.flow.open()?;
    let flow = args.flow.flow(&library);
    let digests = designs.iter().map(|(_, it)| Ok((it.name.clone(), it.digest()?.into())));
    let digests = digests.collect::<anyhow::Result<Map<_, _>>>()?;
    let mut settings = args.flow.settings(&library, &tools);
    settings.insert("design_sha256".to_owned(), digests.into());
    let mut results = args.jobs.results(&args.basic, "synth", settings.into())?;

    let bar = Bar::new("designs", args.basic.quiet);
    bar.start(0, designs.len());
    let one = |(kind, design): &(Kind, Design)| {
        let measured = measure(*kind, design, &flow, &tools, &bar, stop);
        bar.step();
        measured
    };
    let measured: Vec<_> =
        on_threads(args.jobs.jobs(), &bar, || designs.par_iter().map(one).collect());
    bar.0.finish_and_clear();
    let finished = measured.iter().filter(|it| it.is_ok()).count();
    if stop.load(Ordering::Relaxed) {
        return Err(Error::Stopped(format!(
            "{finished} of {} designs; the same command with --resume goes on from there",
            designs.len()
        ))
        .into());
    }
    let measured = measured.into_iter().collect::<anyhow::Result<Vec<_>>>()?;

    let core = measured.iter().find(|it| it.0 == Kind::Core).map(|it| it.1.clone());
    let (mut rows, mut modules) = (Vec::new(), Vec::new());
    for (kind, mut row, of_design) in measured {
        if let Some(core) = core.as_ref().filter(|_| kind != Kind::Core) {
            compare(kind, &mut row, core);
        }
        rows.push(row);
        modules.extend(of_design);
    }
    results.table(&rows)?;
    results.table(&modules)?;
    print_designs(&rows);
    for path in results.finish()? {
        say!("{}", path.display());
    }
    Ok(Status::Good)
}

/// What the flags name; by default the paper's unit and the core.
fn designs(args: &Args) -> anyhow::Result<Vec<(Kind, Design)>> {
    each_once("--unit", &args.unit)?;
    each_once("--pair", &args.pair)?;
    let cores = args.core || args.float_core || args.fpu;
    let nothing = args.unit.is_empty() && args.pair.is_empty() && !cores;
    let mut designs = Vec::new();
    if args.core || nothing {
        designs.push((Kind::Core, core_design(&SOC)?));
    }
    if args.float_core {
        designs.push((Kind::FloatCore, core_design(&SOC_FP)?));
    }
    let paper = [PAPER_UNIT];
    for unit in if nothing { &paper[..] } else { &args.unit } {
        designs.push((Kind::Unit, unit_design(unit)?));
    }
    for pair in &args.pair {
        designs.push((Kind::Pair, pair_design(pair)?));
    }
    if args.fpu {
        designs.push((Kind::Fpu, fpu_design()?));
    }
    Ok(designs)
}

/// The netlist of a design; says so where it has to be made, and how long that took.
pub(super) fn netlist_told(
    design: &Design,
    flow: &Flow<'_>,
    tools: &Tools,
    say: impl Fn(&str),
) -> Result<Synthesised, SynthesisError> {
    let mut begin = None;
    let found = netlist(design, flow, tools, || {
        begin = Some(Instant::now());
        say(&format!("synthesising {}", design.name));
    })?;
    if let Some(begin) = begin {
        say(&format!("{}: {:.0} s", design.name, begin.elapsed().as_secs_f64()));
    }
    Ok(found)
}

/// Synthesises a design and measures its netlist.
fn measure(
    kind: Kind,
    design: &Design,
    flow: &Flow<'_>,
    tools: &Tools,
    bar: &Bar,
    stop: &AtomicBool,
) -> anyhow::Result<(Kind, DesignRow, Vec<ModuleRow>)> {
    if stop.load(Ordering::Relaxed) {
        anyhow::bail!("stopped");
    }
    let found = netlist_told(design, flow, tools, |text| bar.notice(text))?;
    let cells = &flow.library.cells;
    let netlist = Netlist::read(&found.json(), Some(design.top), cells)?;
    let timing = analyse(&netlist, cells, &Constraints::ideal(CLOCK, flow.period_ps.into()))?;
    let critical = timing.critical();
    let kge = |um2: f64| Fixed(um2 / flow.library.nand2_um2 / 1000.0);
    let (all, own) = (netlist.areas(cells), netlist.own_areas(cells));
    let whole = all[0];
    let memory = netlist.scopes.iter().position(|scope| scope.module == KERNEL_MEMORY);
    let is_bit = |cell: usize| {
        cells.cells[cell].state.as_ref().is_some_and(|state| state.kind == Storage::FlipFlop)
    };
    let bits =
        netlist.cells.iter().filter(|it| Some(it.scope) == memory && is_bit(it.cell)).count();
    let has_estimate =
        memory.is_some() && flow.library.name == LibraryChoice::Nangate45.to_string();
    let row = DesignRow {
        design: design.name.clone(),
        library: flow.library.name.clone(),
        period_ns: Fixed(f64::from(flow.period_ps) / 1000.0),
        clock_gates: flow.clock_gates,
        area_um2: Fixed(whole.total_um2()),
        area_kge: kge(whole.total_um2()),
        sequential_um2: Fixed(whole.sequential_um2),
        combinational_um2: Fixed(whole.combinational_um2),
        cells: whole.cells,
        over_core_percent: None,
        paper_over_core_percent: None,
        kernel_memory_bits: bits,
        kernel_memory_um2: Fixed(memory.map_or(0.0, |scope| all[scope].total_um2())),
        kernel_macro_estimate_um2: has_estimate.then_some(Fixed(bits as f64 / MACRO_BITS_PER_UM2)),
        with_macro_over_core_percent: None,
        critical_path_ns: Fixed(critical.map_or(0.0, |it| it.needs_ps()) / 1000.0),
        slack_ns: Fixed(critical.map_or(0.0, |it| it.slack_ps) / 1000.0),
        path_start: critical.map_or_else(String::new, |it| it.start.clone()),
        path_end: critical.map_or_else(String::new, |it| it.end.clone()),
        delay_over_core_percent: None,
        paper_delay_over_core_percent: None,
    };
    let modules = netlist.scopes.iter().zip(all.iter().zip(&own)).map(|(scope, (all, own))| {
        let area = all.total_um2();
        ModuleRow {
            design: design.name.clone(),
            instance: scope.path.clone(),
            module: scope.module.clone(),
            area_um2: Fixed(area),
            area_kge: kge(area),
            share_percent: Fixed(100.0 * area / whole.total_um2()),
            sequential_um2: Fixed(all.sequential_um2),
            own_um2: Fixed(own.total_um2()),
            cells: all.cells,
        }
    });
    Ok((kind, row, modules.collect()))
}

/// Sets a design beside the core, and the paper's figures beside it where they are of the same.
fn compare(kind: Kind, row: &mut DesignRow, core: &DesignRow) {
    let over_core = |um2: f64| {
        let of_core = 100.0 * um2 / core.area_um2.0;
        let alone = matches!(kind, Kind::Unit | Kind::Fpu);
        Fixed(if alone { of_core } else { of_core - 100.0 })
    };
    row.over_core_percent = Some(over_core(row.area_um2.0));
    row.with_macro_over_core_percent = row
        .kernel_macro_estimate_um2
        .map(|estimate| over_core(row.area_um2.0 - row.kernel_memory_um2.0 + estimate.0));
    let delay = 100.0 * row.critical_path_ns.0 / core.critical_path_ns.0 - 100.0;
    row.delay_over_core_percent = Some(Fixed(delay));
    if matches!(kind, Kind::Unit | Kind::Pair) {
        row.paper_over_core_percent = Some(Fixed(PAPER_AREA_PERCENT));
        row.paper_delay_over_core_percent = Some(Fixed(0.0));
    }
}

/// What the paper's unit adds to its core.
const PAPER_AREA_PERCENT: f64 = 108.23;

/// The module that a memory macro would take the place of.
const KERNEL_MEMORY: &str = "kernel_memory";

/// OpenRAM in FreePDK45: see [`DesignRow::kernel_macro_estimate_um2`].
const MACRO_BITS_PER_UM2: f64 = 0.826;

fn print_designs(rows: &[DesignRow]) {
    let number = |value: f64, digits| number(value, digits);
    let share =
        |value: &Option<Fixed<2>>| value.map_or_else(String::new, |it| format!("{:+.2}", it.0));
    let table = table_of(
        rows,
        &[
            ("design", &|row: &DesignRow| row.design.clone()),
            (">µm²", &|row| number(row.area_um2.0, 0)),
            (">kGE", &|row| number(row.area_kge.0, 1)),
            (">of it registers %", &|row| number(100.0 * row.sequential_um2.0 / row.area_um2.0, 1)),
            (">over the core %", &|row| share(&row.over_core_percent)),
            (">with macro %", &|row| share(&row.with_macro_over_core_percent)),
            (">paper", &|row| share(&row.paper_over_core_percent)),
            (">ns", &|row| number(row.critical_path_ns.0, 2)),
            (">slack", &|row| number(row.slack_ns.0, 2)),
            ("longest path", &|row| format!("{} → {}", row.path_start, row.path_end)),
        ],
    );
    say!("{table}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_read_without_rounding() {
        for (text, ps) in [("2.81", 2810), ("3", 3000), ("0.1", 100), ("12.345", 12345)] {
            assert_eq!(period(text), Ok(ps), "{text}");
        }
        for text in ["", "0.05", "-1", "1001", "2.8111", "2,81", "x"] {
            assert!(period(text).unwrap_err().contains("not a period in ns"), "{text}");
        }
    }
}
