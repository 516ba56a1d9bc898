// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tables of LeNet-5: what is multiplied, what it costs in accuracy, and what happens in the
//! layers.

use plotters::style::RGBColor;

use super::{PlotBy, colour, is_rule};
use crate::report::figure::{Bar, Bars, Group, configuration_title, distinct, palette, thousands};
use crate::statistics::{Discordant, Proportion};
use crate::table::{Digit, Fixed, Maybe, Probability, Shortest};
use crate::{columns, table, words};

/// The layer of the rows about the whole network: none.
pub const ALL_LAYERS: &str = "";

/// Points of accuracy against exact that are counted as no loss.
pub const NO_LOSS_POINTS: f64 = 0.1;

/// Names of techniques, in the tables and in the figures.
pub mod technique {
    /// Every product is multiplied.
    pub const EXACT: &str = "exact";
    /// The rows of the paper's table: one tolerance for all layers.
    pub const PAPER_RULE: &str = "paper-rule";
    /// The same with S_max over the input channels before.
    pub const RUNNING_RULE: &str = "running-rule";
    /// Products with a zero activation are skipped.
    pub const ZERO_SKIP: &str = "zero-skip";
    /// Products with a zero operand are skipped.
    pub const DUAL_ZERO_SKIP: &str = "dual-zero-skip";
    /// Small weights are zero, and are not multiplied.
    pub const PRUNE: &str = "prune";
    /// The same, and zero activations are skipped.
    pub const PRUNE_ZERO_SKIP: &str = "prune-zero-skip";
    /// Outputs that end below zero are given up early.
    pub const SNAPEA: &str = "snapea";
    /// The same, and zero activations are skipped.
    pub const SNAPEA_ZERO_SKIP: &str = "snapea-zero-skip";
    /// Minimal filtering of 2×2 tiles.
    pub const WINOGRAD: &str = "winograd";
    /// Logarithmic products.
    pub const MITCHELL: &str = "mitchell";
    /// The highest bits of each operand, from its leading one.
    pub const TRUNCATE_LEADING: &str = "truncate-leading";
    /// All bits of each operand but the lowest.
    pub const TRUNCATE_LOW: &str = "truncate-low";
}

words! {
    /// What a design that implements a technique gains from the multiplications it leaves out.
    pub enum Saves: "none, energy or energy+time" {
        /// Nothing: the reference.
        Nothing = "none",
        /// Energy: products keep their places in time, and are gated or made cheaper.
        Energy = "energy",
        /// Energy, and cycles: the products left out take no multiplier's turn.
        EnergyAndTime = "energy+time",
    }
}

words! {
    /// What an error is taken against.
    pub enum ErrorOf: "local or accumulated" {
        /// The exact layer with the same inputs.
        Local = "local",
        /// The same layer of the exact network.
        Accumulated = "accumulated",
    }
}

words! {
    /// What a row is about.
    pub enum Level: "layer or network" {
        Layer = "layer",
        Network = "network",
    }
}

impl Level {
    /// Of a row about a layer, or about [`ALL_LAYERS`].
    pub fn of(layer: &str) -> Self {
        if layer == ALL_LAYERS { Self::Network } else { Self::Layer }
    }
}

words! {
    /// Which images a row is about.
    pub enum Sample: "first or all" {
        First = "first",
        All = "all",
    }
}

words! {
    /// What becomes of an image's class.
    pub enum Change: "lost, won or wrong" {
        /// Exact inference alone is right.
        Lost = "lost",
        /// Approximate inference alone is right.
        Won = "won",
        /// Neither is.
        Wrong = "wrong",
    }
}

columns! {
    /// The share of images classified right.
    pub struct Accuracy {
        /// Images classified right, in percent.
        pub accuracy_percent: f64,
        /// Lower end of the accuracy's 95 % interval (Wilson).
        pub accuracy_low_percent: f64,
        /// Upper end of the accuracy's 95 % interval (Wilson).
        pub accuracy_high_percent: f64,
    }
}

impl From<Proportion> for Accuracy {
    fn from(right: Proportion) -> Self {
        let (low, high) = right.interval();
        Self {
            accuracy_percent: 100.0 * right.share(),
            accuracy_low_percent: 100.0 * low,
            accuracy_high_percent: 100.0 * high,
        }
    }
}

columns! {
    /// Whether the exact plain weights or what a row is about classify better.
    pub struct McNemar {
        /// Images that exact inference with the plain weights alone classifies right.
        pub mcnemar_lost: u64,
        /// Images that it alone classifies wrong.
        pub mcnemar_won: u64,
        /// McNemar's exact two-sided p: the probability of a split at least as uneven, were both
        /// equally good.
        pub mcnemar_p: Probability,
    }
}

impl From<Discordant> for McNemar {
    fn from(images: Discordant) -> Self {
        let Discordant { lost, won } = images;
        Self {
            mcnemar_lost: lost,
            mcnemar_won: won,
            mcnemar_p: Probability(images.mcnemar_log10()),
        }
    }
}

columns! {
    /// Up to where a configuration skips products.
    pub struct Tolerance {
        /// Tolerance τ; empty without one.
        pub tau: Option<Shortest>,
        /// Threshold T in units of 2^−F; empty where nothing is compared with it.
        pub threshold: Option<u32>,
        /// What S_max is taken over: `window` or `running`; empty where nothing is compared with
        /// it, or the layers differ.
        pub smax_scope: String,
    }
}

columns! {
    /// A network in a configuration.
    pub struct CellKey {
        /// Network, the name of its file.
        #[formerly("activation")]
        pub network: String,
        /// Fraction bits F of the log proxy; empty where the layers differ.
        pub log_frac: Option<u32>,
        /// What is multiplied: `exact`, `zero-skip`, `tau=…`, or the name of an operating point.
        pub configuration: String,
    }
}

impl CellKey {
    /// As names of bars: a configuration with its fraction bits.
    fn title(&self) -> String {
        name_of(&self.configuration, self.log_frac)
    }
}

table! {
    /// One layer, or all of them, in one configuration, beside the paper's table.
    pub struct LenetRow in "lenet.csv" {
        /// Network, the name of its file.
        #[formerly("activation")]
        pub network: String,
        /// Fraction bits F of the log proxy.
        pub log_frac: u32,
        /// Images, from the first of the test set.
        pub images: usize,
        /// `all` images of the run; or `first`, the first 100 of them, as in the paper.
        pub sample: Sample,
        /// What is multiplied: `exact`, `zero-skip` or `tau=…`.
        pub configuration: String,
        pub tolerance: Tolerance,
        /// `layer`; or `network`, whose rows sum all layers, and alone have an accuracy.
        pub level: Level,
        /// Convolution layer; empty on the rows of the network.
        pub layer: String,
        /// Windows of an inference, each under a kernel of one channel: the multiplications that
        /// are left if all but the largest product of each are skipped.
        pub windows_per_inference: u64,
        /// Outputs of an inference: the same in running scope.
        pub outputs_per_inference: u64,
        /// Multiplications per inference, mean over the images.
        pub multiplications_average: f64,
        /// Multiplications per inference in the paper's table, of 100 images.
        pub paper_multiplications_average: Option<f64>,
        /// Multiplications less the paper's.
        #[formerly("difference")]
        pub above_paper_multiplications: Option<f64>,
        /// How many percent fewer multiplications than exact.
        pub reduction_vs_exact_percent: f64,
        pub accuracy: Maybe<Accuracy>,
        /// Accuracy in the paper's table.
        pub paper_accuracy_percent: Option<f64>,
        pub mcnemar: Maybe<McNemar>,
        /// Windows that the unit ran; 0 without RTL.
        pub windows: u64,
        /// Cycles of all windows of an inference, from start to done, mean over the images; empty
        /// without RTL.
        pub cycles_average: Option<f64>,
    }
}

table! {
    /// One point of accuracy against multiplications: a row of the paper's rule or an operating
    /// point.
    pub struct PointRow in "operating_points.csv" {
        /// Network, the name of its file.
        #[formerly("activation")]
        pub network: String,
        /// Configuration, or name of the operating point.
        pub point: String,
        /// `paper-rule`, or the techniques of the operating point with + between.
        pub technique: String,
        /// Weights, the name of their file.
        pub weights: String,
        /// T of each convolution layer in units of 2^−F, or its mode, with / between;
        /// `point_layers.csv` has a row per layer.
        pub thresholds: String,
        /// F of each layer, with / between.
        pub log_fracs: String,
        /// Scope of S_max in each layer, with / between.
        pub smax_scopes: String,
        /// Images, from the first of the test set.
        pub images: usize,
        /// Multiplications per inference, mean over the images.
        pub multiplications_average: f64,
        /// How many percent fewer multiplications than exact.
        pub reduction_vs_exact_percent: f64,
        pub accuracy: Accuracy,
        /// Exact accuracy of the network's plain weights, in percent.
        pub exact_accuracy_percent: f64,
        /// Accuracy lost against the exact plain weights.
        pub loss_points: f64,
        pub mcnemar: McNemar,
        /// Whether no other point of the network is better in both accuracy and multiplications.
        pub pareto: bool,
    }
}

table! {
    /// What one convolution layer runs with at one operating point, or row of the paper's rule.
    pub struct PointLayerRow in "point_layers.csv" {
        /// Network, the name of its file.
        pub network: String,
        /// Configuration, or name of the operating point.
        pub point: String,
        /// Convolution layer.
        pub layer: String,
        /// Mode of the unit.
        pub mode: String,
        /// Threshold T in units of 2^−F; empty where nothing is compared with it.
        pub threshold: Option<u32>,
        /// Fraction bits F of the log proxy.
        pub log_frac: u32,
        /// What S_max is taken over: `window` or `running`.
        pub smax_scope: String,
    }
}

table! {
    /// The best point of one technique: of those that lose at most 0.1 points of accuracy, the one
    /// with the fewest multiplications; if there is none, the one that loses least.
    pub struct AblationRow in "ablation.csv" {
        /// Network, the name of its file.
        #[formerly("activation")]
        pub network: String,
        /// `paper-rule`, or techniques with + between.
        pub technique: String,
        /// Best point of the technique.
        pub point: String,
        /// Images, from the first of the test set.
        pub images: usize,
        /// How many percent fewer multiplications than exact.
        pub reduction_vs_exact_percent: f64,
        /// The paper rule's multiplications at its best point over this point's; empty in a run
        /// without the rule, and where there are none.
        #[formerly("fewer_than_paper_rule")]
        pub ratio_to_paper_rule: Option<f64>,
        /// Accuracy lost against exact inference.
        pub loss_points: f64,
        /// Whether the loss is at most 0.1 points.
        pub within_limit: bool,
    }
}

table! {
    /// One configuration on one part of the images: does skipping act against overfitting?
    pub struct SplitRow in "splits.csv" {
        pub cell: CellKey,
        /// `train` (trained on), `validation` (held out of the training set) or `test`.
        pub split: String,
        /// Images of the split that are counted.
        pub images: usize,
        pub accuracy: Accuracy,
        /// Images of the same split that exact inference classifies right, in percent.
        pub exact_accuracy_percent: f64,
        /// Accuracy lost against exact inference.
        pub loss_points: f64,
        /// Accuracy on the training images less this one: the gap that overfitting makes.
        pub gap_to_train_points: f64,
    }
}

table! {
    /// One technique at one setting, over all images. Multiplications are those of the convolution
    /// layers.
    pub struct PeerRow in "peers.csv" {
        /// Network, the name of its file.
        #[formerly("activation")]
        pub network: String,
        /// Images, from the first of the test set.
        pub images: u64,
        /// Name of the technique.
        pub technique: String,
        /// Its setting; empty if it has none.
        pub setting: String,
        /// Multiplications per inference, mean over the images.
        pub multiplications_average: f64,
        /// Products per inference that are approximated without a multiplier, mean over the images.
        pub log_products_average: f64,
        /// Magnitude bits of a multiplier's operands, weight × activation, as in `15x12`; empty
        /// without a multiplier.
        pub multiplier_bits: String,
        /// How many percent fewer multiplications than exact.
        pub reduction_vs_exact_percent: f64,
        /// Images classified right.
        pub correct: u64,
        pub accuracy: Accuracy,
        pub mcnemar: McNemar,
        /// What it saves in hardware: `energy`, `energy+time`, or `none` for exact arithmetic.
        pub saves: Saves,
    }
}

table! {
    /// Float against exact integer inference, for one set of weights.
    pub struct QuantisationRow in "quantisation.csv" {
        /// Network, the name of its file.
        #[formerly("activation")]
        pub network: String,
        /// Weights, the name of their file.
        pub weights: String,
        /// Images, from the first of the test set.
        pub images: usize,
        /// Images that the float network classifies right, in percent.
        pub float_accuracy_percent: f64,
        /// Images that the exact integer network classifies right, in percent.
        pub integer_accuracy_percent: f64,
        /// Accuracy lost from float to integer.
        pub loss_points: f64,
        /// Images that the two classify differently.
        pub flipped: usize,
    }
}

table! {
    /// What exact inference loses with the operands of a unit, for one set of weights.
    pub struct OperandRow in "operands.csv" {
        /// Network, the name of its file.
        pub network: String,
        /// Weights, the name of their file.
        pub weights: String,
        /// Bits of an operand of the unit.
        pub operand_w: u32,
        /// Bits of an activation's magnitude.
        pub activation_bits: u32,
        /// Images, from the first of the test set.
        pub images: usize,
        pub accuracy: Accuracy,
        /// Images that exact inference with 32-bit operands classifies right, in percent.
        pub wide_accuracy_percent: f64,
        /// Accuracy lost against 32-bit operands.
        pub loss_points: f64,
        /// Lower end of the loss's 95 % interval, of paired images (Wald).
        pub loss_low_points: f64,
        /// Upper end of the loss's 95 % interval, of paired images (Wald).
        pub loss_high_points: f64,
        /// Against 32-bit operands.
        pub mcnemar: McNemar,
        /// Images that the two classify differently.
        pub flipped: usize,
    }
}

table! {
    /// What the unit reads for one layer in one configuration, and how long it takes.
    pub struct MemoryRow in "memory.csv" {
        /// Network, the name of its file.
        pub network: String,
        /// Fraction bits F of the log proxy.
        pub log_frac: u32,
        /// What is multiplied: `exact`, `zero-skip`, `tau=…`, or an operating point.
        pub configuration: String,
        /// `layer`; or `network`, whose rows sum all layers.
        pub level: Level,
        /// Convolution layer; empty on the rows of the network.
        pub layer: String,
        /// Bits of an operand, which a word has.
        pub operand_w: u32,
        /// Images.
        pub images: usize,
        /// Words that enter the unit for an inference, windows and kernels; kernels are loaded once
        /// for the images of a batch.
        pub words_average: f64,
        /// Accesses of the memory port for them.
        pub beats_average: f64,
        /// Cycles of all windows of an inference, from start to done.
        pub cycles_average: f64,
    }
}

table! {
    /// The proof that no sum of one layer overflows.
    pub struct OverflowRow in "overflow.csv" {
        /// Network, the name of its file.
        #[formerly("activation")]
        pub network: String,
        /// Weights, the name of their file.
        pub weights: String,
        /// Layer, dense layers included.
        pub layer: String,
        /// Fraction bits of the weights.
        #[formerly("weight_shift")]
        pub weight_fraction_bits: i32,
        /// Fraction bits of the sums.
        #[formerly("sum_shift")]
        pub sum_fraction_bits: i32,
        /// Largest |input|.
        pub input_limit: i64,
        /// Largest |sum| that any mode can reach.
        pub sum_bound: i64,
        /// The bound in percent of 2³¹ − 1.
        pub sum_bound_percent: f64,
    }
}

table! {
    /// Zeros among the outputs of one layer of the exact network, beside the paper's table.
    pub struct ZeroRow in "zero_fractions.csv" {
        /// Network, the name of its file.
        #[formerly("activation")]
        pub network: String,
        /// Images, from the first of the test set.
        pub images: usize,
        /// `all` images of the run; or `first`, the first 100 of them, as in the paper.
        pub sample: Sample,
        /// Layer, pooling layers included.
        pub layer: String,
        /// Zeros among the layer's outputs, mean over the images.
        pub average_percent: f64,
        /// Zeros of the image with the fewest.
        pub min_percent: f64,
        /// Zeros of the image with the most.
        pub max_percent: f64,
        /// Standard deviation over the images as a population.
        pub standard_deviation_percent: f64,
        /// The paper's mean.
        pub paper_average_percent: Option<f64>,
        /// The paper's smallest share.
        pub paper_min_percent: Option<f64>,
        /// The paper's largest share.
        pub paper_max_percent: Option<f64>,
        /// The paper's standard deviation.
        pub paper_standard_deviation_percent: Option<f64>,
        /// Mean less the paper's.
        #[formerly("difference")]
        pub above_paper_points: Option<f64>,
    }
}

table! {
    /// The error of one layer's sums (with bias, before the activation) in one configuration.
    pub struct LayerErrorRow in "layer_errors.csv" {
        /// Network, the name of its file.
        #[formerly("activation")]
        pub network: String,
        /// Fraction bits F of the log proxy; empty where the layers differ.
        pub log_frac: Option<u32>,
        /// Images, from the first of the test set.
        pub images: usize,
        /// `all` images of the run; or `first`, the first 100 of them, as in the paper.
        pub sample: Sample,
        /// `tau=…`, or the name of an operating point.
        pub configuration: String,
        /// Convolution layer.
        pub layer: String,
        /// `local`: against the exact layer with the same inputs; `accumulated`: against the same
        /// layer of the exact network.
        pub error: ErrorOf,
        /// Outputs compared.
        pub outputs: u64,
        /// Mean of |error|, in the scale of the float network.
        pub mean_absolute_error: f64,
        /// Median of |error|: the lower edge of its bin, which is less than 1 % wide.
        #[formerly("median_absolute_error")]
        pub median_absolute_error_binned: f64,
        /// Largest |error|.
        pub max_absolute_error: f64,
        /// Mean error in percent of the exact sum, over the sums that are not 0.
        pub mean_percentage_error: Option<f64>,
        /// Median of the same: the lower edge of its bin, which is less than 1 % wide.
        #[formerly("median_percentage_error")]
        pub median_percentage_error_binned: Option<f64>,
        /// Largest of the same.
        pub max_percentage_error: Option<f64>,
        /// Power of the exact sums over power of the error; empty without an error.
        pub signal_to_noise_db: Option<f64>,
        /// Mean of error / proven bound, where something is skipped; local errors alone have a
        /// bound.
        pub bound_tightness_mean: Option<f64>,
        /// Largest error / proven bound; never above 1.
        pub bound_tightness_max: Option<f64>,
    }
}

table! {
    /// How many windows of one layer skip a number of their products.
    pub struct SkipRow in "skips.csv" {
        pub cell: CellKey,
        /// Convolution layer.
        pub layer: String,
        /// Products skipped in a window, 0 to side².
        pub skipped_products: usize,
        /// Windows, each under a kernel of one channel, with so many skipped.
        pub windows: u64,
    }
}

table! {
    /// One bin of the distribution of products over the largest one of their window, in one layer.
    pub struct ProductRow in "products.csv" {
        /// Network, the name of its file.
        #[formerly("activation")]
        pub network: String,
        /// Convolution layer.
        pub layer: String,
        /// Lower edge of the bin: product over the largest |product| of its window.
        pub relative_low: Fixed<2>,
        /// Upper edge of the bin.
        pub relative_high: Fixed<2>,
        /// Products of two operands that are not zero, of up to 1,000 images.
        pub products: u64,
    }
}

table! {
    /// One image that exact and approximate inference tell apart differently.
    pub struct FlipRow in "flips.csv" {
        pub cell: CellKey,
        /// Number of the image in the test set, from 0.
        pub image: usize,
        /// Digit that the image shows.
        pub label: Digit,
        /// Class that exact inference gives it.
        pub exact_class: u32,
        /// Class that this configuration gives it.
        pub class: u32,
        /// `lost` if exact alone is right, `won` if this configuration alone is, `wrong` if neither
        /// is.
        pub change: Change,
        /// Best score less the second best of exact inference, in the scale of the float network.
        pub exact_margin: f64,
        /// The same of this configuration.
        pub margin: f64,
    }
}

table! {
    /// The margin of the scores over all images in one configuration.
    pub struct MarginRow in "margins.csv" {
        /// Network, the name of its file.
        #[formerly("activation")]
        pub network: String,
        /// Fraction bits F of the log proxy; empty where the layers differ.
        pub log_frac: Option<u32>,
        /// Images, from the first of the test set.
        pub images: usize,
        /// `all` images of the run; or `first`, the first 100 of them, as in the paper.
        pub sample: Sample,
        /// What is multiplied: `exact`, `zero-skip`, `tau=…`, or the name of an operating point.
        pub configuration: String,
        /// Best score less the second best, mean over the images, in the scale of the float
        /// network.
        pub mean_margin: f64,
        /// Median over the images.
        pub median_margin: f64,
        /// 10th percentile over the images.
        pub tenth_margin: f64,
        /// Smallest over the images.
        pub min_margin: f64,
        /// Images whose class is not that of exact inference.
        pub flipped: usize,
        /// Images that exact inference alone classifies right.
        pub lost: u64,
        /// Images that this configuration alone classifies right.
        pub won: u64,
    }
}

table! {
    /// How many images of one digit are given one class in one configuration.
    pub struct ConfusionRow in "confusion.csv" {
        pub cell: CellKey,
        /// Digit that the images show.
        pub label: Digit,
        /// Class that they are given.
        pub predicted: u32,
        /// Images.
        pub images: u64,
    }
}

/// A configuration with its fraction bits, as names of bars.
fn name_of(configuration: &str, log_frac: Option<u32>) -> String {
    let name = configuration_title(configuration);
    match log_frac {
        Some(log_frac) if is_rule(configuration) => format!("{name}, F = {log_frac}"),
        _ => name,
    }
}

/// A group of bars for each cell among the rows.
fn by_cell<R>(
    rows: &[&R],
    cell: impl Fn(&R) -> &CellKey,
    bars: impl Fn(&[&R]) -> Vec<Bar>,
) -> Vec<Group> {
    let group = |key: &CellKey| {
        let rows: Vec<&R> = rows.iter().copied().filter(|row| cell(row) == key).collect();
        Group::new(key.title(), bars(&rows))
    };
    distinct(rows.iter().map(|row| cell(row))).into_iter().map(group).collect()
}

pub(crate) static ABLATION: PlotBy<AblationRow> = PlotBy {
    name: "ablation",
    key: |row| &row.network,
    figure: |of, rows, name| {
        let group = |row: &&AblationRow| {
            let saved = row.reduction_vs_exact_percent;
            let label = format!("{saved:.2} %, loss {:.2}", row.loss_points);
            let bar = Bar::new(saved, colour(&row.technique)).label(label);
            let name = format!("{} ({})", row.technique, configuration_title(&row.point));
            Group::new(name, vec![bar])
        };
        Bars {
            title: format!("{} – best point of each technique", of),
            axis: "multiplications saved, of an exact inference's (%)".to_owned(),
            note: format!(
                "Loss in points of accuracy; the best is the point with the fewest multiplications that loses at most {NO_LOSS_POINTS}, or else that loses least."
            ),
            groups: rows.iter().map(group).collect(),
            ..Bars::default()
        }
        .draw(name)
    },
};

pub(crate) static SPLITS: PlotBy<SplitRow> = PlotBy {
    name: "splits",
    key: |row| &row.cell.network,
    figure: |of, rows, name| {
        let splits = distinct(rows.iter().map(|row| row.split.as_str()));
        let colours = [palette::GREEN, palette::ORANGE, palette::BLUE].into_iter().cycle();
        let colours: Vec<_> = splits.iter().map(|&it| it.to_owned()).zip(colours).collect();
        let bar = |row: &&SplitRow| {
            let colour = colours.iter().find(|(split, _)| *split == row.split);
            let Accuracy { accuracy_percent, accuracy_low_percent, accuracy_high_percent } =
                row.accuracy;
            Bar::new(100.0 - accuracy_percent, colour.map_or(palette::BLACK, |it| it.1))
                .range(100.0 - accuracy_high_percent, 100.0 - accuracy_low_percent)
        };
        Bars {
            title: format!("{} – images classified wrong, trained on and not", of),
            axis: "images classified wrong (%)".to_owned(),
            decimals: 2,
            note: "Lines are 95 % intervals.".to_owned(),
            groups: by_cell(rows, |row| &row.cell, |rows| rows.iter().map(bar).collect()),
            legend: colours,
            ..Bars::default()
        }
        .draw(name)
    },
};

pub(crate) static ZEROS: PlotBy<ZeroRow> = PlotBy {
    name: "zero_fractions",
    key: |row| &row.network,
    figure: |of, rows, name| {
        let mut groups = Vec::new();
        for images in distinct(rows.iter().map(|row| row.images)) {
            groups.push(Group::heading(format!("{} images", thousands(images as f64))));
            for row in rows.iter().filter(|row| row.images == images) {
                let bar = Bar::new(row.average_percent, palette::BLUE)
                    .range(row.min_percent, row.max_percent)
                    .mark(row.paper_average_percent);
                groups.push(Group::new(&row.layer, vec![bar]));
            }
        }
        let paper = rows.iter().any(|row| row.paper_average_percent.is_some());
        Bars {
            title: format!("{} – zeros among the outputs of each layer, exact inference", of),
            axis: "outputs that are zero (%)".to_owned(),
            decimals: 2,
            mark: paper.then(|| "the paper's mean, of 100 images".to_owned()),
            note:
                "Bars are means over the images; lines run from the smallest to the largest image."
                    .to_owned(),
            groups,
            ..Bars::default()
        }
        .draw(name)
    },
};

pub(crate) static FLIPS: PlotBy<FlipRow> = PlotBy {
    name: "flips",
    key: |row| &row.cell.network,
    figure: |of, rows, name| {
        const CHANGES: [(Change, &str, RGBColor); 3] = [
            (Change::Lost, "exact alone is right", palette::VERMILLION),
            (Change::Won, "approximate alone is right", palette::GREEN),
            (Change::Wrong, "neither is right", palette::SKY),
        ];
        let bars = |rows: &[&FlipRow]| {
            let count = |change| rows.iter().filter(|it| it.change == change).count();
            CHANGES.map(|(change, _, colour)| Bar::new(count(change) as f64, colour)).into()
        };
        Bars {
            title: format!("{} – images that approximate inference classifies otherwise", of),
            axis: "images".to_owned(),
            legend: CHANGES.map(|(_, text, colour)| (text.to_owned(), colour)).into(),
            stacked: true,
            groups: by_cell(rows, |row| &row.cell, bars),
            ..Bars::default()
        }
        .draw(name)
    },
};

pub(crate) static MARGINS: PlotBy<MarginRow> = PlotBy {
    name: "margins",
    key: |row| &row.network,
    figure: |of, rows, name| {
        let images = rows.iter().map(|row| row.images).max().unwrap_or(0);
        let rows = rows.iter().filter(|row| row.images == images);
        let group = |row: &&MarginRow| {
            let bar = Bar::new(row.median_margin, colour(&row.configuration));
            let name = name_of(&row.configuration, row.log_frac);
            Group::new(name, vec![bar.mark(Some(row.tenth_margin))])
        };
        let images = thousands(images as f64);
        Bars {
            title: format!("{} – best score less the second best, {images} images", of),
            axis: "margin, in the scale of the float network's scores".to_owned(),
            decimals: 2,
            mark: Some("10th percentile".to_owned()),
            note: "Bars are medians over the images.".to_owned(),
            groups: rows.map(group).collect(),
            ..Bars::default()
        }
        .draw(name)
    },
};

pub(crate) static QUANTISATION: PlotBy<QuantisationRow> = PlotBy {
    name: "quantisation",
    key: |_| "",
    figure: |_, rows, name| {
        let group = |row: &&QuantisationRow| {
            let bars = [
                (row.float_accuracy_percent, palette::ORANGE),
                (row.integer_accuracy_percent, palette::BLUE),
            ];
            Group::new(&row.weights, bars.map(|(it, colour)| Bar::new(100.0 - it, colour)).into())
        };
        let images = thousands(rows.iter().map(|row| row.images).max().unwrap_or(0) as f64);
        Bars {
            title: format!("Images classified wrong in float and in integers, {images} images"),
            axis: "images classified wrong (%)".to_owned(),
            decimals: 2,
            legend: vec![
                ("float".to_owned(), palette::ORANGE),
                ("integer, exact".to_owned(), palette::BLUE),
            ],
            groups: rows.iter().map(group).collect(),
            ..Bars::default()
        }
        .draw(name)
    },
};

pub(crate) static OVERFLOW: PlotBy<OverflowRow> = PlotBy {
    name: "overflow",
    key: |_| "",
    figure: |_, rows, name| {
        let mut groups = Vec::new();
        for weights in distinct(rows.iter().map(|row| row.weights.as_str())) {
            groups.push(Group::heading(weights));
            for row in rows.iter().filter(|row| row.weights == weights) {
                let bar = Bar::new(row.sum_bound_percent, palette::BLUE);
                groups.push(Group::new(&row.layer, vec![bar]));
            }
        }
        Bars {
            title: "The largest sum that any mode can reach".to_owned(),
            axis: "bound of |sum|, of what 32 bits hold (%)".to_owned(),
            decimals: 2,
            groups,
            ..Bars::default()
        }
        .draw(name)
    },
};
