// SPDX-License-Identifier: MIT OR Apache-2.0
//! `convapprox lenet` and `sweep`.

use std::path::PathBuf;

use anyhow::ensure;
use model::conv::{Number, SmaxScope};
use model::engine::EngineFactory;
use study::data::Split;
use study::experiment::lenet::{
    self, Cell, Grid, OperatingPoint, PAPER_TAUS, Summary, Variant, shipped_points, table_cells,
};
use study::report::terminal::{number, optional};
use study::tables::{ALL_LAYERS, PointRow, technique};
use study::{Error, Status};

use super::flags::{LENET5, NetworkFlags, RunFlags, ScopeFlag, UnitFlags, positive};
use super::output::List;
use super::table_of;
use crate::hw::UnitParameters;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    run: RunFlags,

    #[command(flatten)]
    under_test: UnitFlags,

    /// Parameter set of the unit, as in `windows` [default: one for the layers' kernels]; with operand_w=16
    /// or 8 the networks are quantised for it, on the golden engine too
    #[arg(long, value_name = "SET")]
    unit: Option<UnitParameters>,

    /// What the networks compute in: integer, float32 or bfloat16; floats have the table alone [default:
    /// what --unit has, else integer]
    #[arg(long, value_name = "KIND")]
    number: Option<Number>,

    #[command(flatten)]
    networks: NetworkFlags,

    #[command(flatten)]
    scope: ScopeFlag,

    /// How many images, from the first
    #[arg(long, value_name = "N", default_value = "100", value_parser = positive)]
    images: usize,

    /// Operating points to run instead of the table
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["network", "weights"])]
    point: Vec<PathBuf>,

    /// Tolerances: products below this share of the largest one are skipped
    #[arg(long, value_name = "LIST", default_value_t = List(PAPER_TAUS.to_vec()))]
    tau: List<f64>,

    /// Fraction bits of the log proxies: 0 is the paper's hardware, 3 is close to its table [default:
    /// those of --unit, else 0]
    #[arg(long, value_name = "LIST")]
    log_frac: Option<List<u32>>,

    /// The table alone: no errors, bounds, skips, zeros and products
    #[arg(long)]
    table_only: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let (mut variants, mut cells) = (Vec::new(), Vec::new());
    let unit_number = args.unit.map(|unit| unit.number());
    let number = args.number.or(unit_number).unwrap_or_default();
    if let Some(unit) = args.unit {
        let of_unit = unit.number();
        ensure!(of_unit == number, "--unit {unit} multiplies {of_unit} words, not {number} ones");
    }
    let log_fracs = match &args.log_frac {
        Some(list) => list.to_vec(),
        None => vec![args.unit.map_or(0, |unit| unit.log_frac)],
    };
    if args.point.is_empty() {
        variants = args.networks.variants(&LENET5)?;
        for (index, variant) in variants.iter().enumerate() {
            let layers = variant.layers().len();
            for &log_frac in &log_fracs {
                let scope = args.scope.smax_scope;
                cells.extend(table_cells(index, layers, &args.tau, log_frac, scope)?);
            }
        }
    }
    for path in &args.point {
        let point = OperatingPoint::read(path)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        add_point(&name, &point, &mut variants, &mut cells)?;
    }
    for semantics in cells.iter_mut().flat_map(|it: &mut Cell| &mut it.configuration.layers) {
        *semantics = semantics.of(number)?;
    }
    let of_machine = variants.into_iter().map(|it: Variant| match args.unit {
        Some(unit) => it.for_operands(number, unit.operand_w),
        None => it.in_numbers(number),
    });
    let variants = of_machine.collect::<Result<_, _>>()?;
    let analysis = !args.table_only && !number.is_float();
    let grid = Grid { variants, cells, analysis, peers: false, splits: false };
    let unit = args.under_test.factory(args.run.basic.seed, args.unit);
    run_grid("lenet", &args.run, unit.as_ref(), args.images, &grid)
}

#[derive(Debug, clap::Args)]
pub(super) struct SweepArgs {
    #[command(flatten)]
    run: RunFlags,

    #[command(flatten)]
    under_test: UnitFlags,

    /// How many images, from the first
    #[arg(long, value_name = "N", default_value = "10000", value_parser = positive)]
    images: usize,

    /// Tolerances: products below this share of the largest one are skipped
    #[arg(long, value_name = "LIST", default_value_t = List(PAPER_TAUS.to_vec()))]
    tau: List<f64>,

    /// Fraction bits of the log proxies: 0 is the paper's hardware, 3 is close to its table
    #[arg(long, value_name = "LIST", default_value = "0,3")]
    log_frac: List<u32>,

    #[command(flatten)]
    networks: NetworkFlags,

    /// Leave the peers out
    #[arg(long)]
    no_peers: bool,

    /// Leave the training images out
    #[arg(long)]
    no_splits: bool,

    /// Leave the operating points out
    #[arg(long)]
    no_points: bool,
}

pub(super) fn sweep(args: &SweepArgs) -> anyhow::Result<Status> {
    let mut variants = args.networks.variants(&LENET5)?;
    let mut cells = Vec::new();
    for (number, variant) in variants.iter().enumerate() {
        let layers = variant.layers().len();
        for &log_frac in &*args.log_frac {
            cells.extend(table_cells(number, layers, &args.tau, log_frac, SmaxScope::Window)?);
        }
    }
    if !args.no_points {
        let plain = variants.len();
        for (name, point) in shipped_points()? {
            if variants[..plain].iter().any(|variant| point.plain().is_of(variant)) {
                add_point(&name, &point, &mut variants, &mut cells)?;
            }
        }
    }
    let (peers, splits) = (!args.no_peers, !args.no_splits);
    let grid = Grid { variants, cells, analysis: true, peers, splits };
    let unit = args.under_test.factory(args.run.basic.seed, None);
    run_grid("sweep", &args.run, unit.as_ref(), args.images, &grid)
}

/// Adds a point's cell, and its network unless it is there already; before them, once, the plain
/// network that the point is measured against.
fn add_point(
    name: &str,
    point: &OperatingPoint,
    variants: &mut Vec<Variant>,
    cells: &mut Vec<Cell>,
) -> Result<(), Error> {
    let mut number_of = |point: &OperatingPoint| -> Result<usize, Error> {
        let found = variants.iter().position(|variant| point.is_of(variant));
        if let Some(number) = found {
            return Ok(number);
        }
        variants.push(point.variant()?);
        Ok(variants.len() - 1)
    };
    number_of(&point.plain())?;
    let number = number_of(point)?;
    let configuration = point.configuration(name, &variants[number].layers())?;
    let technique = Some(point.technique.clone());
    cells.push(Cell { variant: number, configuration, technique });
    Ok(())
}

fn run_grid(
    command: &'static str,
    flags: &RunFlags,
    unit: &dyn EngineFactory,
    images: usize,
    grid: &Grid,
) -> anyhow::Result<Status> {
    let dataset = flags.load()?;
    let parts = (&dataset, Split::Test, images);
    let ended = flags.run(command, parts, &[unit], |run| lenet::run(run, grid))?;
    say!("{images} images of {}, {} engine", dataset.source, unit.info().name);
    let summary = &ended.finished.summary;
    if !summary.lenet.is_empty() {
        print_table(summary);
    }
    if grid.cells.iter().any(|cell| cell.technique.is_some()) {
        print_points(summary);
    }
    if dataset.source.name() != "mnist" {
        say!("these are drawn digits, not MNIST: the paper's columns are for orientation only");
    }
    say!("{} inferences of the cells", images * grid.cells.len());
    Ok(ended.close("windows"))
}

fn print_table(summary: &Summary) {
    let rows = summary.lenet.iter().filter(|row| row.layer == ALL_LAYERS);
    let table = table_of(
        rows,
        &[
            ("network", &|row| row.network.clone()),
            (">F", &|row| row.log_frac.to_string()),
            (">images", &|row| row.images.to_string()),
            ("configuration", &|row| row.configuration.clone()),
            (">T", &|row| optional(row.tolerance.threshold)),
            (">multiplications", &|row| number(row.multiplications_average, 1)),
            (">paper", &|row| number(row.paper_multiplications_average, 1)),
            (">saved %", &|row| number(row.reduction_vs_exact_percent, 2)),
            ("accuracy % (95 %)", &|row| match &row.accuracy.0 {
                Some(it) => {
                    let [low, high] = [it.accuracy_low_percent, it.accuracy_high_percent];
                    format!("{:.2} ({low:.2}–{high:.2})", it.accuracy_percent)
                }
                None => String::new(),
            }),
            (">paper", &|row| number(row.paper_accuracy_percent, 2)),
            (">cycles", &|row| number(row.cycles_average, 0)),
        ],
    );
    say!("{table}");
    let narrow = summary.operands.iter().filter(|row| row.operand_w < u32::BITS);
    let narrow: Vec<_> = narrow.collect();
    if !narrow.is_empty() {
        let table = table_of(
            narrow,
            &[
                ("network", &|row| row.network.clone()),
                (">operand bits", &|row| row.operand_w.to_string()),
                (">exact: accuracy %", &|row| number(row.accuracy.accuracy_percent, 2)),
                (">of 32 bits", &|row| number(row.wide_accuracy_percent, 2)),
                (">loss", &|row| number(row.loss_points, 2)),
                (">p", &|row| row.mcnemar.mcnemar_p.to_string()),
                (">classes changed", &|row| row.flipped.to_string()),
            ],
        );
        say!("{table}");
    }
    let memory = summary.memory.iter().filter(|row| row.layer == ALL_LAYERS);
    let memory: Vec<_> = memory.collect();
    if !memory.is_empty() {
        let table = table_of(
            memory,
            &[
                ("network", &|row| row.network.clone()),
                ("configuration", &|row| row.configuration.clone()),
                (">operand bits", &|row| row.operand_w.to_string()),
                (">words", &|row| number(row.words_average, 0)),
                (">beats", &|row| number(row.beats_average, 0)),
                (">cycles", &|row| number(row.cycles_average, 0)),
            ],
        );
        say!("{table}");
    }
}

fn print_points(summary: &Summary) {
    let shown = |row: &&PointRow| row.technique != technique::PAPER_RULE || row.pareto;
    let table = table_of(
        summary.points.iter().filter(shown),
        &[
            ("network", &|row| row.network.clone()),
            ("operating point", &|row| row.point.clone()),
            ("technique", &|row| row.technique.clone()),
            ("T", &|row| row.thresholds.clone()),
            ("F", &|row| row.log_fracs.clone()),
            (">multiplications", &|row| number(row.multiplications_average, 1)),
            (">saved %", &|row| number(row.reduction_vs_exact_percent, 2)),
            (">accuracy %", &|row| number(row.accuracy.accuracy_percent, 2)),
            (">loss", &|row| number(row.loss_points, 2)),
            (">p", &|row| row.mcnemar.mcnemar_p.to_string()),
            ("Pareto", &|row| if row.pareto { "yes" } else { "" }.to_owned()),
        ],
    );
    say!("{table}");
}
