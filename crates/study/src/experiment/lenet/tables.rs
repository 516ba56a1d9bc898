// SPDX-License-Identifier: MIT OR Apache-2.0
//! The result files: rows from totals, and pictures of the images themselves: the maps of one
//! image, and the images that flipped.

use model::conv::{Mode, Semantics};
use model::engine::{Detail, GoldenEngine};
use model::nn::{Activation, Inference, OverflowProof, input_planes};

use super::totals::{CellTotals, Totals, edges};
use super::variant::{Cell, Variant};
use crate::Error;
use crate::data::Image;
use crate::report::figure::configuration_title;
use crate::report::pictures::{ContactSheet, NetworkMosaic};
use crate::results::ResultFolder;
use crate::statistics::{
    BinnedCounts, Discordant, Distribution, Errors, Proportion, moments, percentile,
    reduction_percent,
};
use crate::table::{Digit, Fixed, Maybe, Shortest};
use crate::tables::{
    ALL_LAYERS, AblationRow, Accuracy, CellKey, Change, ConfusionRow, ErrorOf, FlipRow,
    LayerErrorRow, LenetRow, Level, MarginRow, MemoryRow, NO_LOSS_POINTS, OperandRow, OverflowRow,
    PointLayerRow, PointRow, ProductRow, QuantisationRow, Sample, SkipRow, SplitRow, Tolerance,
    ZeroRow, technique,
};

/// The first images of the test set, over which the paper counts.
pub(in crate::experiment) const PAPER_IMAGES: usize = 100;

/// One variant, its cells, and what was measured over some images.
pub(super) struct Measured<'a> {
    pub variant: &'a Variant,
    pub cells: Vec<&'a Cell>,
    pub totals: Totals,
    pub sample: Sample,
    /// The digit that each image shows.
    pub labels: Vec<u8>,
}

impl Measured<'_> {
    pub(super) fn images(&self) -> usize {
        self.labels.len()
    }

    /// The cells with their totals.
    pub(super) fn measured_cells(&self) -> impl Iterator<Item = (&Cell, &CellTotals)> {
        self.cells.iter().copied().zip(&self.totals.cells)
    }

    /// How many images `classes` is right about.
    pub(super) fn right(&self, classes: &[u32]) -> Proportion {
        Proportion::of(
            classes.iter().zip(&self.labels).map(|(class, label)| *class == u32::from(*label)),
        )
    }

    /// The images that one of two is right about.
    pub(super) fn discordant(&self, first: &[u32], second: &[u32]) -> Discordant {
        let classes = first.iter().zip(second).zip(&self.labels);
        Discordant::of(classes.map(|((first, second), label)| {
            (*first == u32::from(*label), *second == u32::from(*label))
        }))
    }

    /// The same with only some of its cells.
    pub(super) fn restricted_to<'b>(&'b self, cells: &[&'b Cell]) -> Measured<'b> {
        let kept = |cell: &&Cell| cells.iter().any(|other| other == cell);
        let found = self.measured_cells().filter(|(cell, _)| kept(cell));
        let (cells, totals): (Vec<&Cell>, Vec<CellTotals>) =
            found.map(|(cell, totals)| (cell, totals.clone())).unzip();
        let exact = self.totals.exact.clone();
        let totals = Totals { exact, cells: totals };
        Measured { cells, totals, labels: self.labels.clone(), ..*self }
    }

    /// The accuracy of `classes`.
    fn accuracy(&self, classes: &[u32]) -> Accuracy {
        self.right(classes).into()
    }

    /// How many percent of the images `classes` is right about.
    fn percent(&self, classes: &[u32]) -> f64 {
        100.0 * self.right(classes).share()
    }

    /// One of its cells.
    fn key(&self, cell: &Cell) -> CellKey {
        CellKey {
            network: self.variant.network_name.clone(),
            log_frac: cell.configuration.log_frac(),
            configuration: cell.configuration.name.clone(),
        }
    }
}

/// The lines of one variant over some images.
pub(super) fn lenet(measured: &Measured) -> Vec<LenetRow> {
    let table = measured.measured_cells().filter(|(cell, _)| cell.technique.is_none());
    table.flat_map(|(cell, totals)| rows(measured, cell, totals)).collect()
}

fn rows(measured: &Measured, cell: &Cell, totals: &CellTotals) -> Vec<LenetRow> {
    let (variant, configuration) = (measured.variant, &cell.configuration);
    let images = measured.images();
    let average = |count: u64| count as f64 / images as f64;
    let paper = variant.paper_activation().and_then(|it| paper_lenet(it, &configuration.name));
    let exact = variant.exact_multiplications();
    let counts = variant.windows_and_outputs();
    let line = |layer: &str, counted: [u64; 3], exact: u64, least: [u64; 2], paper: Option<f64>| {
        let [multiplications, windows, cycles] = counted;
        let multiplications_average = average(multiplications);
        LenetRow {
            network: variant.network_name.clone(),
            log_frac: configuration.log_frac().unwrap_or_default(),
            images,
            sample: measured.sample,
            configuration: configuration.name.clone(),
            tolerance: Tolerance {
                tau: configuration.tau.map(Shortest),
                threshold: configuration.threshold(),
                smax_scope: configuration.scope().map_or(String::new(), |it| it.to_string()),
            },
            level: Level::of(layer),
            layer: layer.to_owned(),
            windows_per_inference: least[0],
            outputs_per_inference: least[1],
            multiplications_average,
            paper_multiplications_average: paper,
            above_paper_multiplications: paper.map(|paper| multiplications_average - paper),
            reduction_vs_exact_percent: reduction(multiplications_average, exact),
            accuracy: Maybe(None),
            paper_accuracy_percent: None,
            mcnemar: Maybe(None),
            windows,
            cycles_average: (windows > 0).then(|| average(cycles)),
        }
    };
    let mut rows = Vec::new();
    let mut sums = [0; 3];
    for (index, (name, layer)) in variant.layers().iter().zip(&totals.layers).enumerate() {
        let paper = paper.as_ref().and_then(|paper| paper.layers.get(index).copied());
        let counted = [layer.multiplications, layer.windows, layer.cycles];
        sums.iter_mut().zip(counted).for_each(|(sum, count)| *sum += count);
        rows.push(line(name, counted, exact[index], counts[index], paper));
    }
    let all = [0, 1].map(|it: usize| counts.iter().map(|counts| counts[it]).sum());
    let discordant = measured.discordant(&measured.totals.exact.classes, &totals.classes);
    rows.push(LenetRow {
        accuracy: Maybe(Some(measured.accuracy(&totals.classes))),
        paper_accuracy_percent: paper.as_ref().and_then(|paper| paper.accuracy_percent),
        mcnemar: Maybe(Some(discordant.into())),
        ..line(ALL_LAYERS, sums, exact.iter().sum(), all, paper.map(|paper| paper.total))
    });
    rows
}

/// Every cell as a point. The first entry of each network has the plain weights.
pub(super) fn points(measured: &[&Measured]) -> Vec<PointRow> {
    let mut rows: Vec<PointRow> = Vec::new();
    for entry in measured {
        let plain = measured
            .iter()
            .find(|other| other.variant.network_name == entry.variant.network_name)
            .expect("the entry itself has its network");
        let baseline = &plain.totals.exact.classes;
        let exact = plain.percent(baseline);
        let exact_multiplications = entry.variant.exact_multiplications().iter().sum();
        for (cell, totals) in entry.measured_cells() {
            let average = totals.multiplications() as f64 / entry.images() as f64;
            let accuracy = entry.accuracy(&totals.classes);
            let layers = &cell.configuration.layers;
            let list = |of: &dyn Fn(&Semantics) -> String| {
                layers.iter().map(of).collect::<Vec<_>>().join("/")
            };
            let technique = cell.technique.as_deref().unwrap_or(technique::PAPER_RULE);
            rows.push(PointRow {
                network: entry.variant.network_name.clone(),
                point: cell.configuration.name.clone(),
                technique: technique.to_owned(),
                weights: entry.variant.weights_name.clone(),
                thresholds: list(&|it| match it.mode {
                    Mode::Approx => it.threshold.to_string(),
                    mode => mode.to_string(),
                }),
                log_fracs: list(&|it| it.log_frac.to_string()),
                smax_scopes: list(&|it| it.scope.to_string()),
                images: entry.images(),
                multiplications_average: average,
                reduction_vs_exact_percent: reduction(average, exact_multiplications),
                exact_accuracy_percent: exact,
                loss_points: exact - accuracy.accuracy_percent,
                accuracy,
                mcnemar: entry.discordant(baseline, &totals.classes).into(),
                pareto: false,
            });
        }
    }
    // No other point is better in one, and as good in the other.
    let better = |a: &PointRow, b: &PointRow| {
        let fewer = a.multiplications_average.total_cmp(&b.multiplications_average);
        let more = b.accuracy.accuracy_percent.total_cmp(&a.accuracy.accuracy_percent);
        a.network == b.network && fewer.is_le() && more.is_le() && fewer.then(more).is_lt()
    };
    let front = rows.iter().map(|row| !rows.iter().any(|other| better(other, row)));
    let front: Vec<bool> = front.collect();
    rows.iter_mut().zip(front).for_each(|(row, pareto)| row.pareto = pareto);
    rows
}

/// What the layers of every cell run with.
pub(super) fn point_layers(measured: &Measured) -> Vec<PointLayerRow> {
    let names = measured.variant.layers();
    let of_cell = |cell: &&Cell| {
        let row = |(layer, semantics): (&String, &Semantics)| PointLayerRow {
            network: measured.variant.network_name.clone(),
            point: cell.configuration.name.clone(),
            layer: layer.clone(),
            mode: semantics.mode.to_string(),
            threshold: (semantics.mode == Mode::Approx).then(|| semantics.threshold.get()),
            log_frac: semantics.log_frac,
            smax_scope: semantics.scope.to_string(),
        };
        names.iter().zip(&cell.configuration.layers).map(row).collect::<Vec<_>>()
    };
    measured.cells.iter().flat_map(of_cell).collect()
}

/// One row per technique, in the order of the points.
pub(super) fn ablation(points: &[PointRow]) -> Vec<AblationRow> {
    let mut rows: Vec<AblationRow> = Vec::new();
    for point in points {
        let seen =
            |row: &AblationRow| row.network == point.network && row.technique == point.technique;
        if rows.iter().any(seen) {
            continue;
        }
        let best_of = |technique| best(points, &point.network, technique);
        let Some(best) = best_of(&point.technique) else { continue };
        let paper = best_of(technique::PAPER_RULE);
        rows.push(AblationRow {
            network: point.network.clone(),
            technique: point.technique.clone(),
            point: best.point.clone(),
            images: best.images,
            reduction_vs_exact_percent: best.reduction_vs_exact_percent,
            ratio_to_paper_rule: paper
                .filter(|_| best.multiplications_average > 0.0)
                .map(|paper| paper.multiplications_average / best.multiplications_average),
            loss_points: best.loss_points,
            within_limit: within(best),
        });
    }
    rows
}

fn within(point: &PointRow) -> bool {
    // A hundredth of an image in 10,000 is beyond every rounding.
    point.loss_points <= NO_LOSS_POINTS + 1e-6
}

fn best<'a>(points: &'a [PointRow], network: &str, technique: &str) -> Option<&'a PointRow> {
    let own = || points.iter().filter(|it| it.network == network && it.technique == technique);
    let fewest = own()
        .filter(|it| within(it))
        .min_by(|a, b| a.multiplications_average.total_cmp(&b.multiplications_average));
    let least = || own().min_by(|a, b| a.loss_points.total_cmp(&b.loss_points));
    fewest.or_else(least)
}

/// The lines of one variant; each entry of `parts` is a split's name and what was measured on it,
/// `train` first, with the same cells in the same order.
pub(super) fn splits(parts: &[(&str, &Measured)]) -> Vec<SplitRow> {
    let Some((_, train)) = parts.first() else { return Vec::new() };
    let mut rows = Vec::new();
    for (number, cell) in train.cells.iter().enumerate() {
        let of_cell = |it: &Measured| it.accuracy(&it.totals.cells[number].classes);
        let of_train = of_cell(train).accuracy_percent;
        for (split, measured) in parts {
            let accuracy = of_cell(measured);
            let exact = measured.percent(&measured.totals.exact.classes);
            rows.push(SplitRow {
                cell: measured.key(cell),
                split: (*split).to_owned(),
                images: measured.images(),
                exact_accuracy_percent: exact,
                loss_points: exact - accuracy.accuracy_percent,
                gap_to_train_points: of_train - accuracy.accuracy_percent,
                accuracy,
            });
        }
    }
    rows
}

pub(super) fn quantisation(measured: &Measured) -> QuantisationRow {
    let exact = &measured.totals.exact;
    let float = measured.percent(&exact.float_classes);
    let integer = measured.percent(&exact.classes);
    let both = exact.float_classes.iter().zip(&exact.classes);
    QuantisationRow {
        network: measured.variant.network_name.clone(),
        weights: measured.variant.weights_name.clone(),
        images: measured.images(),
        float_accuracy_percent: float,
        integer_accuracy_percent: integer,
        loss_points: float - integer,
        flipped: both.filter(|(float, integer)| float != integer).count(),
    }
}

pub(super) fn operands(measured: &Measured) -> OperandRow {
    let exact = &measured.totals.exact;
    let accuracy = measured.accuracy(&exact.classes);
    let wide_accuracy_percent = measured.percent(&exact.wide_classes);
    let discordant = measured.discordant(&exact.wide_classes, &exact.classes);
    let [loss, low, high] = discordant.loss_interval(measured.images()).map(|share| 100.0 * share);
    let both = exact.wide_classes.iter().zip(&exact.classes);
    OperandRow {
        network: measured.variant.network_name.clone(),
        weights: measured.variant.weights_name.clone(),
        operand_w: measured.variant.integer.operand_w,
        activation_bits: measured.variant.integer.network.activation_bits,
        images: measured.images(),
        accuracy,
        wide_accuracy_percent,
        loss_points: loss,
        loss_low_points: low,
        loss_high_points: high,
        mcnemar: discordant.into(),
        flipped: both.filter(|(wide, narrow)| wide != narrow).count(),
    }
}

/// The lines of one variant: every cell by layer, and their sum; none without a unit.
pub(super) fn memory(measured: &Measured) -> Vec<MemoryRow> {
    let names = measured.variant.layers();
    let of_cell = |(cell, totals): (&Cell, &CellTotals)| {
        let row = |layer: &str, counts: [u64; 3]| {
            let [words, beats, cycles] = counts.map(|it| it as f64 / measured.images() as f64);
            MemoryRow {
                network: measured.variant.network_name.clone(),
                log_frac: cell.configuration.log_frac().unwrap_or_default(),
                configuration: cell.configuration.name.clone(),
                level: Level::of(layer),
                layer: layer.to_owned(),
                operand_w: measured.variant.integer.operand_w,
                images: measured.images(),
                words_average: words,
                beats_average: beats,
                cycles_average: cycles,
            }
        };
        let counts = totals.layers.iter().map(|it| [it.memory_words, it.memory_beats, it.cycles]);
        let sum = counts.clone().fold([0; 3], |sum, it| std::array::from_fn(|i| sum[i] + it[i]));
        let rows = names.iter().zip(counts).map(|(name, counts)| row(name, counts));
        let ran = totals.layers.iter().any(|layer| layer.windows > 0);
        let rows = rows.chain([row(ALL_LAYERS, sum)]).filter(|_| ran);
        rows.collect::<Vec<_>>()
    };
    measured.measured_cells().flat_map(of_cell).collect()
}

pub(super) fn overflow(measured: &Measured) -> Vec<OverflowRow> {
    let variant = measured.variant;
    let row = |proof: &OverflowProof| OverflowRow {
        network: variant.network_name.clone(),
        weights: variant.weights_name.clone(),
        layer: proof.layer.clone(),
        weight_fraction_bits: proof.weight_shift,
        sum_fraction_bits: proof.sum_shift,
        input_limit: proof.input_limit,
        sum_bound: proof.sum_bound,
        sum_bound_percent: 100.0 * proof.sum_bound as f64 / f64::from(i32::MAX),
    };
    variant.integer.proof.iter().map(row).collect()
}

/// The lines of one variant: every layer but the last, which gives the scores.
pub(super) fn zeros(measured: &Measured) -> Vec<ZeroRow> {
    let network = &measured.variant.network;
    let shapes = network.shapes().expect("the network has been checked");
    let mut rows = Vec::new();
    let paper =
        (measured.variant.paper_activation() == Some(Activation::Relu)).then_some(PAPER_ZEROS);
    let layers = network.layers.iter().zip(&shapes[1..]).zip(&measured.totals.exact.zeros);
    for ((layer, shape), zeros) in layers.take(network.layers.len() - 1) {
        let outputs = shape.len() as f64;
        let percent = |count: f64| 100.0 * count / outputs;
        let sum = zeros.iter().map(|&count| u64::from(count)).sum();
        let squares = zeros.iter().map(|&count| u64::from(count).pow(2)).sum();
        let (mean, deviation) = moments(zeros.len(), sum, squares);
        let end = |count: Option<&u32>| percent(f64::from(*count.unwrap_or(&0)));
        let paper = paper.as_ref().and_then(|it| it.get(rows.len()));
        rows.push(ZeroRow {
            network: measured.variant.network_name.clone(),
            images: zeros.len(),
            sample: measured.sample,
            layer: layer.name.clone(),
            average_percent: percent(mean),
            min_percent: end(zeros.iter().min()),
            max_percent: end(zeros.iter().max()),
            standard_deviation_percent: percent(deviation),
            paper_average_percent: paper.map(|it| it[0]),
            paper_min_percent: paper.map(|it| it[1]),
            paper_max_percent: paper.map(|it| it[2]),
            paper_standard_deviation_percent: paper.map(|it| it[3]),
            above_paper_points: paper.map(|it| percent(mean) - it[0]),
        });
    }
    rows
}

pub(super) fn layer_errors(measured: &Measured) -> Vec<LayerErrorRow> {
    let variant = measured.variant;
    let (names, units) = (variant.layers(), variant.sum_units());
    let mut rows = Vec::new();
    for (cell, totals) in measured.measured_cells() {
        for (index, layer) in totals.layers.iter().enumerate() {
            if cell.configuration.layers[index].mode != Mode::Approx {
                continue;
            }
            let row = |error: ErrorOf, errors: &Errors<BinnedCounts>| {
                let absolute = errors.absolute()?.scaled(units[index]);
                let percentage = errors.percentage();
                let bound = layer.tightness;
                let bounded = error == ErrorOf::Local && bound.outputs > 0;
                Some(LayerErrorRow {
                    network: variant.network_name.clone(),
                    log_frac: cell.configuration.log_frac(),
                    images: measured.images(),
                    sample: measured.sample,
                    configuration: cell.configuration.name.clone(),
                    layer: names[index].clone(),
                    error,
                    outputs: errors.outputs,
                    mean_absolute_error: absolute.mean,
                    median_absolute_error_binned: absolute.median,
                    max_absolute_error: absolute.max,
                    mean_percentage_error: percentage.map(|it| it.mean),
                    median_percentage_error_binned: percentage.map(|it| it.median),
                    max_percentage_error: percentage.map(|it| it.max),
                    signal_to_noise_db: errors.signal_to_noise_db(),
                    bound_tightness_mean: bounded.then(|| bound.sum / bound.outputs as f64),
                    bound_tightness_max: bounded.then_some(bound.max),
                })
            };
            rows.extend(row(ErrorOf::Local, &layer.local));
            rows.extend(row(ErrorOf::Accumulated, &layer.accumulated));
        }
    }
    rows
}

pub(super) fn skips(measured: &Measured) -> Vec<SkipRow> {
    let names = measured.variant.layers();
    let mut rows = Vec::new();
    for (cell, totals) in measured.measured_cells() {
        for (name, layer) in names.iter().zip(&totals.layers) {
            for (skipped_products, &windows) in layer.skips.iter().enumerate() {
                rows.push(SkipRow {
                    cell: measured.key(cell),
                    layer: name.clone(),
                    skipped_products,
                    windows,
                });
            }
        }
    }
    rows
}

pub(super) fn products(measured: &Measured) -> Vec<ProductRow> {
    let mut rows = Vec::new();
    for (name, counts) in measured.variant.layers().iter().zip(&measured.totals.exact.products) {
        for (bin, &products) in counts.iter().enumerate() {
            let (low, high) = edges(bin);
            rows.push(ProductRow {
                network: measured.variant.network_name.clone(),
                layer: name.clone(),
                relative_low: Fixed(low),
                relative_high: Fixed(high),
                products,
            });
        }
    }
    rows
}

pub(super) fn flips(measured: &Measured) -> Vec<FlipRow> {
    let exact = &measured.totals.exact;
    let unit = measured.variant.score_unit();
    let mut rows = Vec::new();
    for (cell, totals) in measured.measured_cells() {
        for (image, (&class, &exact_class)) in totals.classes.iter().zip(&exact.classes).enumerate()
        {
            if class == exact_class {
                continue;
            }
            let label = measured.labels[image];
            let change = match (exact_class == u32::from(label), class == u32::from(label)) {
                (true, _) => Change::Lost,
                (_, true) => Change::Won,
                _ => Change::Wrong,
            };
            rows.push(FlipRow {
                cell: measured.key(cell),
                image,
                label: Digit(label),
                exact_class,
                class,
                change,
                exact_margin: exact.margins[image] as f64 * unit,
                margin: totals.margins[image] as f64 * unit,
            });
        }
    }
    rows
}

pub(super) fn margins(measured: &Measured) -> Vec<MarginRow> {
    let exact = &measured.totals.exact;
    let unit = measured.variant.score_unit();
    let row = |(cell, totals): (&Cell, &CellTotals)| {
        let mut sorted: Vec<f64> = totals.margins.iter().map(|&it| it as f64).collect();
        sorted.sort_by(f64::total_cmp);
        let all = Distribution::of(&sorted).expect("there are images");
        let at = |percent| percentile(&sorted, percent).expect("there are images") * unit;
        let classes = totals.classes.iter().zip(&exact.classes);
        let discordant = measured.discordant(&exact.classes, &totals.classes);
        MarginRow {
            network: measured.variant.network_name.clone(),
            log_frac: cell.configuration.log_frac(),
            images: measured.images(),
            sample: measured.sample,
            configuration: cell.configuration.name.clone(),
            mean_margin: all.mean * unit,
            median_margin: all.median * unit,
            tenth_margin: at(10),
            min_margin: sorted[0] * unit,
            flipped: classes.filter(|(class, exact)| class != exact).count(),
            lost: discordant.lost,
            won: discordant.won,
        }
    };
    measured.measured_cells().map(row).collect()
}

pub(super) fn confusion(measured: &Measured) -> Vec<ConfusionRow> {
    let mut rows = Vec::new();
    for (cell, totals) in measured.measured_cells() {
        let mut counts = vec![[0_u64; 10]; measured.variant.classes()];
        for (&class, &label) in totals.classes.iter().zip(&measured.labels) {
            counts[class as usize][usize::from(label)] += 1;
        }
        for label in 0..10 {
            rows.extend((0..).zip(&counts).map(|(predicted, counts)| ConfusionRow {
                cell: measured.key(cell),
                label: Digit(label),
                predicted,
                images: counts[usize::from(label)],
            }));
        }
    }
    rows
}

/// Images on a contact sheet at most.
const SHEET: usize = 60;

/// Images in a row of it.
const SHEET_COLUMNS: u32 = 10;

/// The pictures of one plain variant.
pub(super) fn pictures(
    images: &[&Image],
    measured: &Measured,
    results: &mut ResultFolder,
) -> Result<(), Error> {
    let name = &measured.variant.network_name;
    let rows = inferences(measured, images[0]);
    if let Some(mosaic) = NetworkMosaic::new(&measured.variant.network, &rows) {
        results.file(&format!("feature_maps_{name}.png"), |file| mosaic.write_png(file))?;
    }

    let flips = flips(measured);
    if let Some(shown) = shown(measured, &flips) {
        let mut sheet = ContactSheet::default();
        for flip in &shown {
            let caption = [
                format!("#{} shows {}", flip.image, flip.label.0),
                format!("exact {}", flip.exact_class),
                format!("now {}: {}", flip.class, flip.change.name()),
            ];
            sheet.add(&images[flip.image].pixels, &caption);
        }
        let of = shown[0].cell.configuration.replace('=', "_");
        let name = format!("flips_{name}_{of}.png");
        let title = format!(
            "{}: images that get another class with {}",
            measured.variant.network_name,
            configuration_title(&shown[0].cell.configuration)
        );
        results.file(&name, |file| sheet.write_png(&title, SHEET_COLUMNS, file))?;
    }
    Ok(())
}

/// The lines of the table with the fewest fraction bits.
fn coarse<'a>(measured: &'a Measured) -> Vec<&'a Cell> {
    let table = || measured.cells.iter().filter(|cell| cell.technique.is_none());
    let fewest = table().filter_map(|cell| cell.configuration.log_frac()).min();
    table().filter(|cell| cell.configuration.log_frac() == fewest).copied().collect()
}

/// The flips of the coarsest tolerance that they all fit on a sheet for; none without a flip.
fn shown<'a>(measured: &Measured, flips: &'a [FlipRow]) -> Option<Vec<&'a FlipRow>> {
    let of_cell = |cell: &&Cell| {
        let key = measured.key(cell);
        flips.iter().filter(|flip| flip.cell == key).collect::<Vec<_>>()
    };
    let cells = coarse(measured);
    let fitting = cells.iter().map(of_cell).filter(|flips| flips.len() <= SHEET);
    fitting.max_by_key(Vec::len).filter(|flips| !flips.is_empty())
}

/// One image, exact and in each approximate line of the table with another threshold.
fn inferences(measured: &Measured, image: &Image) -> Vec<(String, Inference)> {
    let network = &measured.variant.integer;
    let input = [input_planes(network, &image.pixels)];
    let mut thresholds = Vec::new();
    let mut cells = coarse(measured);
    cells.retain(|cell| {
        let semantics = cell.configuration.layers[0];
        let another = !thresholds.contains(&semantics.threshold);
        let kept = semantics.mode == Mode::Exact || semantics.mode == Mode::Approx && another;
        thresholds.extend(kept.then_some(semantics.threshold));
        kept
    });
    let mut golden = GoldenEngine::default();
    let inferences = cells.into_iter().flat_map(|Cell { configuration, .. }| {
        let found = golden.inferences(network, configuration, &input, Detail::Maps);
        found.into_iter().map(|it| (configuration.name.clone(), it))
    });
    inferences.collect()
}

/// How many percent fewer `count` is than `of`, which is not 0.
fn reduction(count: f64, of: u64) -> f64 {
    reduction_percent(count, of as f64).unwrap_or(0.0)
}

/// A row of the paper's table of multiplications: C1, C3, C5, their sum, and the accuracy in
/// percent where the table has a single figure.
pub(in crate::experiment) struct PaperRow {
    pub layers: [f64; 3],
    pub total: f64,
    accuracy_percent: Option<f64>,
}

/// What the paper has for a configuration, if anything.
#[rustfmt::skip]
pub(in crate::experiment) fn paper_lenet(
    activation: Activation,
    configuration: &str,
) -> Option<PaperRow> {
    use Activation::{Relu, Tanh};
    let line = |layers, total, accuracy_percent| PaperRow { layers, total, accuracy_percent };
    Some(match (activation, configuration) {
        (_, "exact") => line([86_400.0, 153_600.0, 30_720.0], 270_720.0, None),
        (Tanh, "zero-skip") => line([20_778.3, 153_600.0, 30_720.0], 205_098.3, None),
        (Tanh, "tau=0.05") => line([17_964.25, 93_101.69, 21_629.76], 132_695.7, Some(97.96)),
        (Tanh, "tau=0.1") => line([16_068.44, 74_078.25, 16_415.36], 106_562.05, Some(97.53)),
        (Tanh, "tau=0.15") => line([14_829.27, 54_322.51, 12_688.72], 81_840.5, Some(96.88)),
        (Tanh, "tau=0.2") => line([12_897.59, 45_489.36, 9_648.98], 68_035.93, Some(97.62)),
        (Tanh, "tau=0.3") => line([10_537.48, 27_699.23, 5_552.83], 43_789.54, Some(91.64)),
        (Tanh, "tau=0.5") => line([7_025.0, 12_618.12, 1_767.59], 21_410.71, Some(61.38)),
        (Relu, "zero-skip") => line([20_778.3, 130_788.0, 24_688.8], 176_255.1, None),
        (Relu, "tau=0.05") => line([17_574.59, 66_094.82, 13_420.68], 97_090.09, Some(97.55)),
        (Relu, "tau=0.1") => line([15_637.01, 45_949.18, 8_691.39], 70_277.58, Some(97.84)),
        (Relu, "tau=0.15") => line([14_278.06, 42_637.36, 5_905.6], 62_821.02, Some(97.86)),
        (Relu, "tau=0.2") => line([12_234.1, 33_567.69, 4_146.67], 49_948.46, Some(97.82)),
        (Relu, "tau=0.3") => line([10_372.3, 17_951.35, 3_045.38], 31_369.03, Some(97.39)),
        (Relu, "tau=0.5") => line([6_988.47, 8_410.6, 1_116.28], 16_515.35, Some(90.71)),
        _ => return None,
    })
}

/// The paper's zero fractions with ReLU, in percent of a layer's outputs, of C1, S2, C3, S4, C5 and
/// F6: average, minimum, maximum and standard deviation.
const PAPER_ZEROS: [[f64; 4]; 6] = [
    [45.11, 38.43, 54.11, 2.52],
    [36.00, 30.56, 45.60, 1.70],
    [50.25, 44.73, 56.25, 1.58],
    [27.38, 16.80, 42.19, 3.40],
    [55.10, 41.67, 65.00, 3.45],
    [48.19, 33.33, 63.10, 4.04],
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Columns as _;

    fn point(technique: &str, name: &str, multiplications: f64, loss: f64) -> PointRow {
        PointRow {
            network: "network".to_owned(),
            point: name.to_owned(),
            technique: technique.to_owned(),
            multiplications_average: multiplications,
            loss_points: loss,
            ..PointRow::example()
        }
    }

    #[test]
    fn the_fewest_multiplications_within_the_limit_win() {
        let points = [
            point(technique::PAPER_RULE, "a", 400.0, 0.0),
            point(technique::PAPER_RULE, "b", 200.0, 0.1),
            point(technique::PAPER_RULE, "c", 100.0, 0.2),
            point("x", "d", 50.0, 0.6),
            point("x", "e", 80.0, 0.4),
        ];
        let rows = ablation(&points);
        let found: Vec<_> = rows.iter().map(|row| (row.point.as_str(), row.within_limit)).collect();
        assert_eq!(found, [("b", true), ("e", false)]);
        assert_eq!(rows[1].ratio_to_paper_rule, Some(2.5));
        assert_eq!(ablation(&points[3..])[0].ratio_to_paper_rule, None);
    }
}
