// SPDX-License-Identifier: MIT OR Apache-2.0
//! `convapprox accel`.

use clap::ArgAction;
use comfy_table::Table;
use model::engine::EngineFactory;
use study::Status;
use study::data::Split;
use study::experiment::accel::{
    self, Inferences, LENET_ACCEL_REDUCTION_PERCENT, NETWORKS, PAPER_SCORES, PAPER_TAU, Summary,
};
use study::experiment::lenet::PAPER_TAUS;
use study::report::terminal::{number, optional, table};
use study::tables::ALL_LAYERS;

use super::flags::{NetworkFlags, RunFlags, ScopeFlag, positive};
use super::output::List;
use super::table_of;
use crate::bench::inference::{Core, CoreSettings};
use crate::hw::{SOC, SocParameters};

/// What runs the programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Engine {
    /// No program: the golden model's inference alone
    Golden,
    /// The programs on the core's reference model: no cycles
    Hart,
    /// The programs on the RTL of the core
    Soc,
}

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    run: RunFlags,

    #[command(flatten)]
    networks: NetworkFlags,

    #[command(flatten)]
    scope: ScopeFlag,

    /// How many images are run on the core, from the first
    #[arg(long, value_name = "N", default_value = "8", value_parser = positive)]
    images: usize,

    /// How many the errors of the scores are taken over
    #[arg(long, value_name = "N", default_value = "200", value_parser = positive)]
    score_images: usize,

    /// Tolerances: products below this share of the largest one are skipped
    #[arg(
        long,
        value_name = "LIST",
        default_value_t = List([PAPER_TAU].into_iter().chain(PAPER_TAUS).collect())
    )]
    tau: List<f64>,

    /// What runs the inferences
    #[arg(long, value_enum, default_value = "soc")]
    engine: Engine,

    /// System, as in `soc`; with operand_w=16 or 8 the networks are quantised for the unit, with
    /// unit_float=1 they are in floats
    #[arg(long, value_name = "SYSTEM", default_value_t = SOC)]
    soc: SocParameters,

    /// Compare every instruction with the reference model, which takes longer
    #[arg(
        long, action = ArgAction::Set, value_name = "true|false", num_args = 0..=1,
        require_equals = true, default_value_t = false, default_missing_value = "true",
        hide_possible_values = true
    )]
    lockstep: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let networks = args.networks.variants(&NETWORKS)?.into_iter();
    let networks = networks.map(|it| it.for_operands(args.soc.number(), args.soc.operand_w));
    let networks = networks.collect::<Result<_, _>>()?;
    let dataset = args.run.load()?;
    let inferences = Inferences {
        networks,
        score_images: args.score_images,
        taus: args.tau.to_vec(),
        scope: args.scope.smax_scope,
    };
    let core = match args.engine {
        Engine::Golden => None,
        Engine::Hart => Some(Core::Hart),
        Engine::Soc => Some(Core::Soc),
    };
    let lockstep = args.lockstep && args.engine == Engine::Soc;
    let seed = args.run.basic.seed;
    let builds = core.map(|core| {
        [CoreSettings::software(core, args.soc.number()), CoreSettings::unit(core, args.soc)]
            .map(|build| CoreSettings { lockstep, seed, ..build })
    });
    let engines: Vec<&dyn EngineFactory> =
        builds.iter().flatten().map(|it| it as &dyn EngineFactory).collect();
    let timed = engines.iter().any(|engine| engine.info().timed);
    let images = (&dataset, Split::Test, args.images);
    let ended = args.run.run("accel", images, &engines, |run| accel::run(run, &inferences))?;

    let engine = engines.first().map_or("golden", |engine| engine.info().name);
    say!("{}, {engine} engine", dataset.source);
    let summary = &ended.finished.summary;
    for variant in &inferences.networks {
        let network = &variant.network_name;
        let unit =
            variant.integer.proof.last().map(|it| format!(", in units of 2^-{}", it.sum_shift));
        say!("\n{network}, the scores of the first image{}", unit.unwrap_or_default());
        say!("{}", scores(summary, network, network.starts_with("lenet_accel")));
        say!("the scores of {} images", args.score_images.max(args.images));
        say!("{}", score_errors(summary, network));
        if !summary.cycles.is_empty() {
            let unit = if timed { "cycles" } else { "instructions" };
            say!("{unit} of an inference, {} images", args.images);
            say!("{}", cycles(summary, network, timed));
        }
    }
    if lockstep {
        say!("{} instructions compared in lockstep", ended.finished.findings.instructions);
    }
    Ok(ended.close("inferences"))
}

/// A score, or an error of some: those of floats have no unit that is small.
fn score(value: f64) -> String {
    if value.abs() < 100.0 && value.fract() != 0.0 {
        format!("{value:.4}")
    } else {
        format!("{value:.0}")
    }
}

/// The table of ten scores at the smallest tolerance, beside the paper's if it is the paper's network.
fn scores(result: &Summary, network: &str, paper: bool) -> Table {
    let mut header = vec![">class", ">exact", ">custom", ">error", ">error %"];
    if paper {
        header.extend([">paper: exact", ">custom", ">error", ">error %"]);
    }
    let mut table = table(header);
    let rows = || result.scores.iter().filter(|row| row.network == network);
    let Some(tau) = rows().filter_map(|row| row.tolerance.tau).min_by(|a, b| a.0.total_cmp(&b.0))
    else {
        return table;
    };
    for row in rows().filter(|row| row.tolerance.tau == Some(tau)) {
        let mut line = vec![
            row.class.to_string(),
            score(row.exact_score.0),
            score(row.approximate_score.0),
            score(row.absolute_error.0),
            number(row.percentage_error, 2),
        ];
        if let Some((exact, custom)) = PAPER_SCORES.get(row.class).filter(|_| paper) {
            let error = exact.abs_diff(*custom);
            let percent = 100.0 * f64::from(error) / f64::from(*exact).abs();
            line.extend([exact.to_string(), custom.to_string(), error.to_string()]);
            line.push(format!("{percent:.2}"));
        }
        table.add_row(line);
    }
    table
}

fn score_errors(result: &Summary, network: &str) -> Table {
    let rows = result.score_errors.iter().filter(|row| row.network == network);
    table_of(
        rows,
        &[
            ("configuration", &|row| row.configuration.clone()),
            (">T", &|row| optional(row.tolerance.threshold)),
            (">error: mean", &|row| score(row.mean_absolute_error)),
            (">median", &|row| score(row.median_absolute_error)),
            (">95 %", &|row| score(row.p95_absolute_error)),
            (">max", &|row| score(row.max_absolute_error)),
            (">error %: mean", &|row| number(row.mean_percentage_error, 2)),
            (">median", &|row| number(row.median_percentage_error, 2)),
            (">95 %", &|row| number(row.p95_percentage_error, 2)),
            (">max", &|row| number(row.max_percentage_error, 1)),
            (">paper: mean, median %", &|row| {
                row.paper_mean_percentage_error.map_or("–".to_owned(), |mean| {
                    format!("{mean:.2}, {}", number(row.paper_median_percentage_error, 2))
                })
            }),
            (">classes changed", &|row| row.class_flips.to_string()),
        ],
    )
}

/// One line per layer, one column per program.
fn cycles(result: &Summary, network: &str, timed: bool) -> Table {
    let rows = || result.cycles.iter().filter(|row| row.network == network);
    let mut programs: Vec<(&str, &str)> = Vec::new();
    let mut layers: Vec<&str> = Vec::new();
    for row in rows() {
        let program = (row.build.as_str(), row.configuration.as_str());
        if !programs.contains(&program) {
            programs.push(program);
        }
        if !layers.contains(&row.layer.as_str()) {
            layers.push(&row.layer);
        }
    }
    // Software, exact, and the tightest tolerance; the others differ by next to nothing.
    programs.truncate(3);
    let find = |layer: &str, (build, configuration): (&str, &str)| {
        rows().find(|row| {
            (row.layer.as_str(), row.build.as_str(), row.configuration.as_str())
                == (layer, build, configuration)
        })
    };
    let mut header = vec!["layer".to_owned()];
    for (build, configuration) in &programs {
        let name = if *build == "software" {
            ">software".to_owned()
        } else {
            format!(">unit, {configuration}")
        };
        header.push(name);
        if *build != "software" && timed {
            header.extend([">less %".to_owned(), ">times".to_owned()]);
        }
    }
    let mut table = table(header);
    for layer in layers {
        let mut line = vec![layer.to_owned()];
        for &program in &programs {
            let Some(row) = find(layer, program) else { continue };
            line.push(number(row.cycles_average.or(Some(row.instructions_average)), 0));
            if program.0 != "software" && timed {
                line.push(number(row.reduction_percent, 1));
                line.push(number(row.speed_up, 2));
            }
        }
        table.add_row(line);
    }
    if timed {
        let mut line = vec![format!("LeNet-Accel, {ALL_LAYERS}"), String::new()];
        for _ in programs.iter().skip(1) {
            let percent = LENET_ACCEL_REDUCTION_PERCENT;
            line.extend([String::new(), format!("{percent:.1}")]);
            line.push(format!("{:.2}", 100.0 / (100.0 - percent)));
        }
        table.add_row(line);
    }
    table
}
