// SPDX-License-Identifier: MIT OR Apache-2.0
//! Experiments on networks that need no flags of the unit: their flags, and what they print.

use model::conv::Number;
use model::engine::EngineFactory;
use study::Status;
use study::data::Split;
use study::experiment::energy::Memory;
use study::experiment::lenet::PAPER_TAUS;
use study::experiment::numbers::NumberRow;
use study::experiment::planes::Pair;
use study::experiment::search::{self, Search};
use study::experiment::windows::{SHARPEN9, built_in};
use study::experiment::{channels, ideal, numbers, planes};
use study::report::terminal::{number, optional};
use study::tables::{Level, Sample};

use super::flags::{LENET5, NetworkFlags, RunFlags, ScopeFlag, each_once, one, positive};
use super::output::List;
use super::table_of;
use crate::bench::engine::RtlSettings;
use crate::hw::UnitParameters;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Experiment {
    /// Search thresholds layer by layer, on the validation images alone
    Search(SearchArgs),
    /// Measure what the order of the channels is worth where S_max runs over them
    Channels(ChannelsArgs),
    /// Take LeNet through the paper's table in integers and in floats, side by side
    Numbers(NumbersArgs),
    /// Count what of the memory traffic log planes beside the feature maps would save
    Planes(PlanesArgs),
    /// Count what the ideal rule, on exact products, would multiply: the rule behind the paper's table
    Ideal(IdealArgs),
}

impl Experiment {
    pub fn run(&self) -> anyhow::Result<Status> {
        match self {
            Self::Search(args) => search(args),
            Self::Channels(args) => channels(args),
            Self::Numbers(args) => numbers(args),
            Self::Planes(args) => planes(args),
            Self::Ideal(args) => ideal(args),
        }
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct SearchArgs {
    #[command(flatten)]
    run: RunFlags,

    #[command(flatten)]
    networks: NetworkFlags,

    #[command(flatten)]
    scope: ScopeFlag,

    /// Fraction bits of the log proxies
    #[arg(long, value_name = "LIST", default_value = "0")]
    log_frac: List<u32>,

    /// Points of accuracy that may be lost on the validation images
    #[arg(long, value_name = "POINTS", default_value_t = 0.1)]
    max_loss: f64,
}

fn search(args: &SearchArgs) -> anyhow::Result<Status> {
    let variant = args.networks.variant("lenet5-relu")?;
    let log_frac = one("--log-frac", &args.log_frac)?;
    let scope = args.scope.smax_scope;
    let command = format!(
        "convapprox search --network {} --weights {} --smax-scope {scope} --log-frac {log_frac} \
         --max-loss {}",
        variant.network_name, variant.weights_name, args.max_loss
    );
    let dataset = args.run.load()?;
    let search =
        Search { variant: &variant, scope, log_frac, max_loss_points: args.max_loss, command };
    let validation = dataset.training_parts().1.len();
    say!("{validation} validation images of {}", dataset.source);
    let images = (&dataset, Split::Train, validation);
    let ended = args.run.run("search", images, &[], |run| search::run(run, &search))?;
    Ok(ended.close("inferences"))
}

#[derive(Debug, clap::Args)]
pub(super) struct ChannelsArgs {
    #[command(flatten)]
    run: RunFlags,

    #[command(flatten)]
    networks: NetworkFlags,

    /// How many images, from the first
    #[arg(long, value_name = "N", default_value = "10000", value_parser = positive)]
    images: usize,

    /// Thresholds of all layers, in units of 2^−F
    #[arg(long, value_name = "LIST", default_value = "1,2,3,4,5")]
    threshold: List<u32>,

    /// Fraction bits of the log proxies
    #[arg(long, value_name = "LIST", default_value = "0")]
    log_frac: List<u32>,
}

fn channels(args: &ChannelsArgs) -> anyhow::Result<Status> {
    let variants = args.networks.variants(&LENET5)?;
    let log_frac = one("--log-frac", &args.log_frac)?;
    let dataset = args.run.load()?;
    let images = (&dataset, Split::Test, args.images);
    let ended = args.run.run("channels", images, &[], |run| {
        channels::run(run, &variants, log_frac, &args.threshold)
    })?;
    let table = table_of(
        &ended.finished.summary,
        &[
            ("network", &|row| row.network.clone()),
            (">T", &|row| row.threshold.to_string()),
            ("order", &|row| row.order.clone()),
            (">multiplications", &|row| number(row.multiplications_average, 1)),
            (">saved %", &|row| number(row.reduction_vs_exact_percent, 2)),
            (">accuracy %", &|row| number(row.accuracy.accuracy_percent, 2)),
        ],
    );
    say!("{} images of {}\n{table}", args.images, dataset.source);
    Ok(ended.close("inferences"))
}

#[derive(Debug, clap::Args)]
pub(super) struct NumbersArgs {
    #[command(flatten)]
    run: RunFlags,

    #[command(flatten)]
    networks: NetworkFlags,

    /// How many images, from the first
    #[arg(long, value_name = "N", default_value = "10000", value_parser = positive)]
    images: usize,

    /// What the networks compute in: integer, float32, bfloat16
    #[arg(long, value_name = "LIST", default_value = "integer,float32")]
    numbers: List<Number>,

    /// Tolerances: products below this share of the largest one are skipped
    #[arg(long, value_name = "LIST", default_value_t = List(PAPER_TAUS.to_vec()))]
    tau: List<f64>,

    /// Fraction bits of the log proxies: with 0 floats are weighed by their exponents alone
    #[arg(long, value_name = "LIST", default_value = "0,3")]
    log_frac: List<u32>,
}

fn numbers(args: &NumbersArgs) -> anyhow::Result<Status> {
    each_once("--numbers", &args.numbers)?;
    each_once("--log-frac", &args.log_frac)?;
    each_once("--tau", &args.tau)?;
    let variants = args.networks.variants(&[LENET5[0], LENET5[1], "lenet-accel"])?;
    let dataset = args.run.load()?;
    let images = (&dataset, Split::Test, args.images);
    let ended = args.run.run("numbers", images, &[], |run| {
        numbers::run(run, &variants, &args.numbers, &args.log_frac, &args.tau)
    })?;
    let rows = ended.finished.summary.iter().filter(|row| row.sample == Sample::All);
    let networks = rows.filter(|row| row.level == Level::Network);
    let accuracy = |row: &NumberRow| row.accuracy.0.as_ref().map(|it| it.accuracy_percent);
    let table = table_of(
        networks,
        &[
            ("network", &|row| row.network.clone()),
            ("number", &|row| row.number.clone()),
            (">F", &|row| row.log_frac.to_string()),
            ("configuration", &|row| row.configuration.clone()),
            (">T", &|row| optional(row.threshold)),
            (">multiplications", &|row| number(row.multiplications_average, 1)),
            (">paper", &|row| number(row.paper_multiplications_average, 1)),
            (">saved %", &|row| number(row.reduction_vs_exact_percent, 2)),
            (">accuracy %", &|row| number(accuracy(row), 2)),
            (">loss", &|row| number(row.loss_points, 2)),
        ],
    );
    say!("{} images of {}\n{table}", args.images, dataset.source);
    Ok(ended.close("inferences"))
}

#[derive(Debug, clap::Args)]
pub(super) struct PlanesArgs {
    #[command(flatten)]
    run: RunFlags,

    #[command(flatten)]
    networks: NetworkFlags,

    #[command(flatten)]
    scope: ScopeFlag,

    /// How many images, from the first
    #[arg(long, value_name = "N", default_value = "100", value_parser = positive)]
    images: usize,

    /// Thresholds of all layers, in units of 2^−F
    #[arg(long, value_name = "LIST", default_value = "2,4")]
    threshold: List<u32>,

    /// Fraction bits of the log proxies
    #[arg(long, value_name = "LIST", default_value = "0")]
    log_frac: List<u32>,

    /// A unit with log planes whose RTL runs the images too, beside the same one without: a name such as
    /// k5_n16_w128_l1; may be repeated
    #[arg(long, value_name = "SET")]
    unit: Vec<UnitParameters>,

    /// The memory whose accesses are charged
    #[arg(long, value_enum, default_value = "sram-8k")]
    memory: Memory,
}

/// The engines of units with log planes and of the same ones without.
fn pairs(args: &PlanesArgs, log_frac: u32) -> anyhow::Result<(Vec<Pair>, Vec<RtlSettings>)> {
    each_once("--unit", &args.unit)?;
    let (mut pairs, mut engines) = (Vec::new(), Vec::new());
    for unit in &args.unit {
        anyhow::ensure!(
            !unit.number().is_float(),
            "unit {unit} is for floats, which have no log planes; name one for integers"
        );
        anyhow::ensure!(
            unit.planes == 1,
            "unit {unit} has no log planes; name one that has, as {}",
            UnitParameters { planes: 1, ..*unit }
        );
        anyhow::ensure!(
            unit.log_frac == log_frac,
            "unit {unit} has LOG_FRAC = {}; --log-frac asks for {log_frac}",
            unit.log_frac
        );
        let variants = args.networks.variants(&LENET5)?;
        let side =
            variants.iter().flat_map(|it| it.integer.convolutions().map(|it| it.side())).max();
        if let Some(side) = side.filter(|side| *side > unit.kernel) {
            anyhow::bail!(
                "unit {unit} has KERNEL = {}; a {side}×{side} kernel does not fit",
                unit.kernel
            );
        }
        let variants = variants.into_iter().map(|it| it.with_operands(unit.operand_w));
        let without = UnitParameters { planes: 0, ..*unit };
        pairs.push(Pair {
            names: [unit.to_string(), without.to_string()],
            kernels: unit.kernels,
            operand_w: unit.operand_w,
            mem_width: unit.mem_width,
            variants: variants.collect::<Result<_, _>>()?,
        });
        let settings = RtlSettings { seed: args.run.basic.seed, ..RtlSettings::default() };
        engines.extend([*unit, without].map(|unit| RtlSettings { unit: Some(unit), ..settings }));
    }
    Ok((pairs, engines))
}

fn planes(args: &PlanesArgs) -> anyhow::Result<Status> {
    let variants = args.networks.variants(&LENET5)?;
    let log_frac = one("--log-frac", &args.log_frac)?;
    let (pairs, engines) = pairs(args, log_frac)?;
    let engines: Vec<_> = engines.iter().map(|it| it as &dyn EngineFactory).collect();
    let dataset = args.run.load()?;
    let images = (&dataset, Split::Test, args.images);
    let ended = args.run.run("planes", images, &engines, |run| {
        let (scope, memory) = (args.scope.smax_scope, args.memory);
        planes::run(run, &variants, scope, log_frac, &args.threshold, &pairs, memory)
    })?;
    let planes::Summary { rows, costs } = &ended.finished.summary;
    let table = table_of(
        rows,
        &[
            ("network", &|row| row.network.clone()),
            ("layer", &|row| row.layer.clone()),
            (">T", &|row| row.threshold.to_string()),
            (">bits", &|row| row.operand_w.to_string()),
            (">kernels", &|row| row.kernels.to_string()),
            (">fetched", &|row| number(row.fetched_bits_average, 0)),
            (">needed", &|row| number(row.needed_bits_average, 0)),
            (">logs", &|row| number(row.log_fetched_bits_average, 0)),
            (">written", &|row| number(row.log_written_bits_average, 0)),
            (">saved %", &|row| number(row.reduction_percent, 1)),
            (">by a zero map %", &|row| number(row.zero_map_reduction_percent, 1)),
        ],
    );
    say!("bits per inference, {} images of {}\n{table}", args.images, dataset.source);
    if !costs.is_empty() {
        let table = table_of(
            costs,
            &[
                ("network", &|row| row.network.clone()),
                ("layer", &|row| row.layer.clone()),
                (">T", &|row| row.threshold.to_string()),
                ("unit", &|row| row.unit.clone()),
                (">cycles", &|row| number(row.cycles_average, 0)),
                (">words", &|row| number(row.memory_words_average, 0)),
                (">accesses", &|row| number(row.memory_beats_average, 0)),
                (">of them logs", &|row| number(row.log_beats_average, 0)),
                (">logs written", &|row| number(row.log_writes_average, 0)),
                (">saved %", &|row| number(row.reduction_percent, 1)),
                (">memory nJ", &|row| number(row.memory_pj / 1000.0, 1)),
            ],
        );
        say!("On the units, per inference:\n{table}");
    }
    Ok(ended.close("windows"))
}

#[derive(Debug, clap::Args)]
pub(super) struct IdealArgs {
    #[command(flatten)]
    run: RunFlags,

    /// How many images, from the first
    #[arg(long, value_name = "N", default_value = "10000", value_parser = positive)]
    images: usize,

    /// Tolerances: products up to this share of the largest one are skipped
    #[arg(long, value_name = "LIST", default_value = "0.03,0.06,0.1,0.25")]
    tau: List<f64>,

    /// Built-in filters, as in `windows`
    #[arg(long, value_name = "LIST", default_value = SHARPEN9)]
    filters: List<String>,
}

fn ideal(args: &IdealArgs) -> anyhow::Result<Status> {
    let filters = built_in(&args.filters)?;
    let dataset = args.run.load()?;
    let images = (&dataset, Split::Test, args.images);
    let ended = args.run.run("ideal", images, &[], |run| ideal::run(run, &filters, &args.tau))?;
    let table = table_of(
        &ended.finished.summary,
        &[
            ("filter", &|row| row.filter.clone()),
            (">tau", &|row| row.tau.0.to_string()),
            (">multiplications", &|row| number(row.multiplications_average, 2)),
            (">not zero", &|row| number(row.non_zero_average, 2)),
            (">scaled", &|row| number(row.scaled_multiplications_average, 2)),
            (">paper", &|row| number(row.paper_multiplications_average, 2)),
            (">off %", &|row| number(row.vs_paper_percent, 2)),
        ],
    );
    say!("{} images of {}\n{table}", args.images, dataset.source);
    Ok(ended.close("images"))
}
