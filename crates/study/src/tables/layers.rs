// SPDX-License-Identifier: MIT OR Apache-2.0
//! Figures of what happens in the layers: multiplications, products, skips, errors, and which digit
//! is taken for which.

use std::ops::Range;

use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, VPos};

use super::{
    ALL_LAYERS, CellKey, ConfusionRow, ErrorOf, LayerErrorRow, LenetRow, PlotBy, ProductRow,
    SkipRow, is_rule, network, technique,
};
use crate::report::figure::{
    Axis, Canvas, Drawing, FAINT, Figure, Font, GREY, INK, Key, Legend, Marker, Panel, Place,
    PlotError, Shape, Stroke, configuration_title, distinct, palette, thousands,
};
use crate::table::Row;

/// Colours of the convolution layers.
const LAYER_COLOURS: [RGBColor; 4] =
    [palette::BLUE, palette::ORANGE, palette::GREEN, palette::PURPLE];

/// Whether a row is the sum over all layers.
pub(super) fn is_total(row: &LenetRow) -> bool {
    row.layer == ALL_LAYERS
}

/// The rows of as many images as there are.
pub(super) fn of_most_images<'a>(rows: &[&'a LenetRow]) -> Vec<&'a LenetRow> {
    let images = rows.iter().map(|it| it.images).max();
    rows.iter().copied().filter(|it| Some(it.images) == images).collect()
}

pub(super) static MULTIPLICATIONS: PlotBy<LenetRow> = PlotBy {
    name: "multiplications",
    key: |row| row.activation.name(),
    figure: |of, rows, name| {
        let mut rows = of_most_images(rows);
        rows.retain(|it| it.tolerance.smax_scope != "running");
        let paint = |canvas: &Canvas<'_>| paint_multiplications(canvas, of, &rows);
        (!rows.is_empty()).then(|| Figure::draw(name, MULTIPLICATIONS_SIZE, paint))
    },
};

const MULTIPLICATIONS_SIZE: (u32, u32) = (1700, 900);
const PAPER: Marker =
    Marker { shape: Shape::Diamond, colour: palette::BLACK, filled: false, radius: 8 };

fn paint_multiplications(canvas: &Canvas<'_>, of: &str, rows: &[&LenetRow]) -> Drawing<()> {
    let (of, images) = (network(of), thousands(rows[0].images as f64));
    let title = format!("{of} – multiplications of an inference, by layer ({images} images)");
    canvas.left((24, 18), &title, Font::TITLE)?;
    let layers = distinct(rows.iter().filter(|it| !is_total(it)).map(|it| it.layer.as_str()));
    let mut legend = Legend::default();
    for (layer, fill) in layers.iter().zip(LAYER_COLOURS.into_iter().cycle()) {
        legend.entry(Key { fill: Some(fill), ..Key::default() }, *layer);
    }
    if rows.iter().any(|it| is_total(it) && it.paper_multiplications_average.is_some()) {
        legend.entry(
            Key { marker: Some(PAPER), ..Key::default() },
            "the paper's total, of 100 images",
        );
    }
    legend.draw_line(canvas, (MULTIPLICATIONS_SIZE.0 as i32 - 24, 80))?;

    let precisions = distinct(rows.iter().map(|it| it.log_frac));
    let width = (MULTIPLICATIONS_SIZE.0 as i32 - 32) / precisions.len() as i32;
    let totals = rows.iter().filter(|it| is_total(it));
    let most = totals
        .map(|it| it.multiplications_average.max(it.paper_multiplications_average.unwrap_or(0.0)))
        .fold(1.0, f64::max);
    for (column, precision) in (0..).zip(precisions) {
        let place = Place { left: 16 + column * width, top: 104, width, height: 780 };
        let of: Vec<&LenetRow> =
            rows.iter().filter(|it| it.log_frac == precision).copied().collect();
        multiplications_panel(canvas, place, &of, &layers, most * 1.06)?;
    }
    Ok(())
}

/// All configurations with one number of fraction bits.
fn multiplications_panel(
    canvas: &Canvas<'_>,
    place: Place,
    rows: &[&LenetRow],
    layers: &[&str],
    most: f64,
) -> Drawing<()> {
    let configurations = distinct(rows.iter().map(|it| it.configuration.as_str()));
    let log_frac = rows.first().map_or(0, |it| it.log_frac);
    let panel = Panel::new(
        canvas,
        place,
        &format!("F = {log_frac} fraction bits of the log proxy"),
        Axis {
            range: 0.0..configurations.len() as f64,
            title: "configuration",
            ticks: 0,
            format: &|_| String::new(),
        },
        Axis {
            range: 0.0..most,
            title: "multiplications, thousands",
            ticks: 12,
            format: &|value| format!("{:.0}", value / 1000.0),
        },
    )?;
    for (index, configuration) in configurations.iter().enumerate() {
        let (left, middle) = (index as f64 + 0.16, index as f64 + 0.5);
        let of = |layer: &str| {
            rows.iter().find(|it| it.configuration == *configuration && it.layer == layer)
        };
        let mut sum = 0.0;
        for (layer, fill) in layers.iter().zip(LAYER_COLOURS.into_iter().cycle()) {
            let more = of(layer).map_or(0.0, |it| it.multiplications_average);
            panel.bar(left..left + 0.68, sum..sum + more, fill)?;
            sum += more;
        }
        let total = of(ALL_LAYERS);
        let paper = total.and_then(|it| it.paper_multiplications_average);
        if let Some(paper) = paper {
            panel.marker(middle, paper, PAPER)?;
        }
        // Above the bar, and above the marker where that is near.
        let (column, top) = panel.at(middle, sum);
        let marked =
            paper.map(|it| panel.at(middle, it).1).filter(|row| (top - 34..top + 14).contains(row));
        let label = marked.map_or(top, |row| row - 10) - 4;
        let text = thousands(total.map_or(sum, |it| it.multiplications_average));
        canvas.text((column, label), &text, Font::SMALL, HPos::Center, VPos::Bottom)?;
        let name = configuration_title(configuration);
        canvas.text((column, panel.rows().end + 8), &name, Font::SMALL, HPos::Center, VPos::Top)?;
    }
    Ok(())
}

pub(super) static PRODUCTS: PlotBy<ProductRow> = PlotBy {
    name: "products",
    key: |row| row.activation.name(),
    figure: |of, rows, name| {
        if let Some(row) = rows.iter().find(|row| row.relative_low.0 >= row.relative_high.0) {
            let (low, high) = (row.relative_low.0, row.relative_high.0);
            let problem = format!("relative_high {high} is not above relative_low {low}");
            return Some(Err(PlotError::Rows { file: ProductRow::FILE, problem }));
        }
        Some(Figure::draw(name, PRODUCTS_SIZE, |canvas| paint_products(canvas, of, rows)))
    },
};

const PRODUCTS_SIZE: (u32, u32) = (1700, 1150);

/// The threshold whose products are coloured.
const THRESHOLD: i32 = 3;
/// The largest threshold that has a line.
const THRESHOLDS: i32 = 5;

const SKIPPED: RGBColor = palette::VERMILLION;
const KEPT: RGBColor = palette::BLUE;

/// A bin of a layer, or of all of them.
#[derive(Debug, Clone)]
struct Bin {
    low: f64,
    high: f64,
    products: f64,
}

impl Bin {
    fn of(row: &ProductRow) -> Self {
        Self { low: row.relative_low.0, high: row.relative_high.0, products: row.products as f64 }
    }

    /// The part of the bin within `edge` of 0.
    fn within(&self, edge: f64) -> Range<f64> {
        self.low.clamp(-edge, edge)..self.high.clamp(-edge, edge)
    }
}

fn paint_products(canvas: &Canvas<'_>, of: &str, rows: &[&ProductRow]) -> Drawing<()> {
    let title = format!("{} – products beside the largest of their window", network(of));
    canvas.left((24, 18), &title, Font::TITLE)?;
    let mut legend = Legend::default();
    let fill = |fill| Key { fill: Some(fill), ..Key::default() };
    legend.entry(fill(SKIPPED), format!("skipped at T = {THRESHOLD}"));
    legend.entry(fill(KEPT), "multiplied");
    legend.draw_line(canvas, (PRODUCTS_SIZE.0 as i32 - 24, 32))?;

    let layers = distinct(rows.iter().map(|it| it.layer.as_str()));
    let all = total(rows);
    let several = layers.len() > 1;
    let height = if several { 620 } else { 1020 };
    products_panel(
        canvas,
        Place { left: 16, top: 64, width: PRODUCTS_SIZE.0 as i32 - 32, height },
        "All layers",
        &all,
        true,
    )?;
    if several {
        let width = (PRODUCTS_SIZE.0 as i32 - 32) / layers.len() as i32;
        for (column, layer) in (0..).zip(&layers) {
            let of_layer = rows.iter().filter(|it| it.layer == **layer);
            let of: Vec<Bin> = of_layer.map(|row| Bin::of(row)).collect();
            let place = Place { left: 16 + column * width, top: 700, width, height: 380 };
            products_panel(canvas, place, &format!("Layer {layer}"), &of, false)?;
        }
    }
    let note = "Lines are at ±1/2ᵀ. The unit compares positions of leading ones, not products, so that its \
                edge is soft: with F = 0 all below a quarter of the line is skipped, and nothing above four \
                times the line.";
    canvas.paragraph((24, 1092), PRODUCTS_SIZE.0 as i32 - 48, note, Font::NOTE)?;
    Ok(())
}

/// The histogram over all layers.
fn total(rows: &[&ProductRow]) -> Vec<Bin> {
    let mut sums: Vec<Bin> = Vec::new();
    for bin in rows.iter().map(|row| Bin::of(row)) {
        match sums.iter_mut().find(|it| (it.low, it.high) == (bin.low, bin.high)) {
            Some(sum) => sum.products += bin.products,
            None => sums.push(bin),
        }
    }
    sums
}

fn products_panel(
    canvas: &Canvas<'_>,
    place: Place,
    heading: &str,
    bins: &[Bin],
    large: bool,
) -> Drawing<()> {
    let most = bins.iter().map(|it| it.products).fold(1.0, f64::max);
    let edge = 2.0_f64.powi(-THRESHOLD);
    // Of a bin across the edge, as much as lies inside.
    let inside = |it: &Bin| (it.within(edge).end - it.within(edge).start) / (it.high - it.low);
    let of_all: f64 = bins.iter().map(|it| it.products).sum();
    let skipped: f64 = bins.iter().map(|it| it.products * inside(it)).sum();
    let share = 100.0 * skipped / of_all.max(1.0);
    let heading =
        format!("{heading}: {share:.1} % of the products lie within ±1/{}", 1 << THRESHOLD);
    // The names of the lines need two rows above the bars.
    let names = if large { 52 } else { 0 };
    canvas.left((place.left + 80, place.top + 4), &heading, Font::HEADING)?;
    let axes = Place { top: place.top + names, height: place.height - names, ..place };
    let panel = Panel::new(
        canvas,
        axes,
        " ",
        Axis {
            range: -1.0..1.0,
            title: "product / largest |product| of its window",
            ticks: if large { 11 } else { 5 },
            format: &relative,
        },
        Axis {
            range: 0.0..most.log10().ceil().max(1.0),
            title: "products",
            ticks: 12,
            format: &power_of_ten,
        },
    )?;
    for bin in bins.iter().filter(|it| it.products > 0.0) {
        let height = bin.products.log10().max(0.03);
        panel.bar(bin.low..bin.high, 0.0..height, KEPT)?;
        panel.bar(bin.within(edge), 0.0..height, SKIPPED)?;
    }
    for threshold in 1..=THRESHOLDS {
        let x = 2.0_f64.powi(-threshold);
        let colour = if threshold == THRESHOLD { INK } else { GREY };
        for x in [-x, x] {
            let stroke =
                Stroke { colour, width: if threshold == THRESHOLD { 2 } else { 1 }, dashed: true };
            panel.vertical(x, stroke)?;
        }
        if large {
            name_line(canvas, &panel, threshold, colour)?;
        }
    }
    Ok(())
}

/// Names a line right of 0 by its threshold, and the one left of 0 by its tolerance. The inner ones
/// are close together, so that they take turns between two rows and stand away from 0.
fn name_line(
    canvas: &Canvas<'_>,
    panel: &Panel<'_, '_>,
    threshold: i32,
    colour: RGBColor,
) -> Drawing<()> {
    let x = 2.0_f64.powi(-threshold);
    let row = panel.rows().start - if threshold % 2 == 0 { 36 } else { 14 };
    let tolerance = format!("τ = {}", (x * 1000.0).round() / 1000.0);
    for (x, text) in [(x, format!("T = {threshold}")), (-x, tolerance)] {
        let (column, _) = panel.at(x, 0.0);
        let side = match (threshold >= THRESHOLD, x > 0.0) {
            (false, _) => HPos::Center,
            (true, true) => HPos::Left,
            (true, false) => HPos::Right,
        };
        canvas.line(
            &[(column, row + 10), (column, panel.rows().start)],
            Stroke { colour: FAINT, width: 1, dashed: false },
        )?;
        canvas.text((column, row), &text, Font::SMALL.coloured(colour), side, VPos::Center)?;
    }
    Ok(())
}

/// A position on the horizontal axis; the library may come to a tiny negative number for 0.
fn relative(value: &f64) -> String {
    let rounded = (value * 10.0).round() / 10.0 + 0.0;
    format!("{rounded:.1}").replace('-', "−")
}

/// The number whose decimal logarithm stands on the axis, at whole logarithms.
fn power_of_ten(logarithm: &f64) -> String {
    if logarithm.fract() != 0.0 {
        return String::new();
    }
    let digits = "⁰¹²³⁴⁵⁶⁷⁸⁹";
    let power = |digit: char| digits.chars().nth(digit.to_digit(10)? as usize);
    let powers: String = format!("{logarithm:.0}").chars().filter_map(power).collect();
    format!("10{powers}")
}

/// The cells of the paper's table with the coarsest log proxy, which is the paper's hardware.
fn coarsest<'a, R>(rows: &[&'a R], cell: impl Fn(&R) -> &CellKey) -> Vec<&'a R> {
    let ruled = |it: &&&'a R| is_rule(&cell(it).configuration);
    let log_frac = rows.iter().filter(ruled).filter_map(|it| cell(it).log_frac).min();
    let of =
        rows.iter().filter(ruled).filter(|it| log_frac.is_some() && cell(it).log_frac == log_frac);
    of.copied().collect()
}

pub(super) static SKIPS: PlotBy<SkipRow> = PlotBy {
    name: "skips",
    key: |row| row.cell.activation.name(),
    figure: |of, rows, name| {
        let rows = coarsest(rows, |row| &row.cell);
        let log_frac = rows.first()?.cell.log_frac?;
        let layers = distinct(rows.iter().map(|it| it.layer.as_str()));
        let configurations = distinct(rows.iter().map(|it| it.cell.configuration.as_str()));
        let (across, down) = (configurations.len() as i32, layers.len() as i32);
        // Never so small that the title does not fit.
        let (width, height) = ((330 * across + 32).max(1200), (260 * down + 70).max(800));
        let paint = |canvas: &Canvas<'_>| {
            let title = format!("{} – skipped products per window, F = {log_frac}", network(of));
            canvas.left((24, 18), &title, Font::TITLE)?;
            let (width, height) = ((width - 32) / across, (height - 70) / down);
            let colours = LAYER_COLOURS.into_iter().cycle();
            for ((line, layer), colour) in (0..).zip(&layers).zip(colours) {
                let of_layer: Vec<&SkipRow> =
                    rows.iter().filter(|it| it.layer == *layer).copied().collect();
                let most = of_layer.iter().map(|it| it.skipped_products as f64).fold(1.0, f64::max);
                for (column, configuration) in (0..).zip(&configurations) {
                    let (left, top) = (16 + column * width, 60 + line * height);
                    let bins: Vec<&SkipRow> = of_layer
                        .iter()
                        .filter(|it| it.cell.configuration == *configuration)
                        .copied()
                        .collect();
                    let heading = format!("{layer}, {}", configuration_title(configuration));
                    let place = Place { left, top, width, height };
                    skips_panel(canvas, place, &heading, &bins, most, colour)?;
                }
            }
            Ok(())
        };
        Some(Figure::draw(name, (width as u32, height as u32), paint))
    },
};

fn skips_panel(
    canvas: &Canvas<'_>,
    place: Place,
    heading: &str,
    bins: &[&SkipRow],
    most: f64,
    colour: RGBColor,
) -> Drawing<()> {
    let windows: f64 = bins.iter().map(|it| it.windows as f64).sum::<f64>().max(1.0);
    let share = |it: &&SkipRow| 100.0 * it.windows as f64 / windows;
    let top = bins.iter().map(share).fold(1.0, f64::max);
    let panel = Panel::new(
        canvas,
        place,
        heading,
        Axis {
            range: -0.5..most + 0.5,
            title: "products skipped",
            ticks: 6,
            format: &|value| format!("{value:.0}"),
        },
        Axis {
            range: 0.0..top * 1.05,
            title: "windows (%)",
            ticks: 5,
            format: &|value| format!("{value:.0}"),
        },
    )?;
    for bin in bins {
        let skipped = bin.skipped_products as f64;
        panel.bar(skipped - 0.42..skipped + 0.42, 0.0..share(bin), colour)?;
    }
    Ok(())
}

const ERRORS_SIZE: (u32, u32) = (1700, 860);

pub(super) static ERRORS: PlotBy<LayerErrorRow> = PlotBy {
    name: "layer_errors",
    key: |row| row.activation.name(),
    figure: |of, rows, name| {
        let drawn =
            |it: &&&LayerErrorRow| it.signal_to_noise_db.is_some() && is_rule(&it.configuration);
        let most = rows.iter().filter(drawn).map(|it| it.images).max()?;
        let rows: Vec<&LayerErrorRow> =
            rows.iter().filter(drawn).filter(|it| it.images == most).copied().collect();
        Some(Figure::draw(name, ERRORS_SIZE, |canvas| paint_errors(canvas, of, &rows)))
    },
};

/// How a layer's line looks: the colour and marker tell the layer, dashes the fraction bits.
fn looks(layer: usize, fine: bool) -> (Marker, Stroke) {
    const LOOKS: [(Shape, plotters::style::RGBColor); 6] = [
        (Shape::Circle, palette::BLUE),
        (Shape::Square, palette::VERMILLION),
        (Shape::Up, palette::GREEN),
        (Shape::Diamond, palette::PURPLE),
        (Shape::Down, palette::OLIVE),
        (Shape::Star, palette::BLACK),
    ];
    let (shape, colour) = LOOKS[layer % LOOKS.len()];
    let marker = Marker { shape, colour, filled: !fine, radius: 6 };
    (marker, Stroke { colour, width: 2, dashed: fine })
}

fn paint_errors(canvas: &Canvas<'_>, of: &str, rows: &[&LayerErrorRow]) -> Drawing<()> {
    let title = format!("{} – signal to noise of each layer's outputs", network(of));
    canvas.left((24, 18), &title, Font::TITLE)?;
    let layers = distinct(rows.iter().map(|it| it.layer.as_str()));
    let precisions = distinct(rows.iter().filter_map(|it| it.log_frac));
    let mut legend = Legend::default();
    for &precision in &precisions {
        legend.heading(&format!("F = {precision}"));
        for (index, layer) in layers.iter().enumerate() {
            let (marker, line) = looks(index, precision != precisions[0]);
            legend.entry(Key { line: Some(line), marker: Some(marker), fill: None }, *layer);
        }
    }
    legend.draw(canvas, (ERRORS_SIZE.0 as i32 - 150, 80), 140)?;

    let decibels = || rows.iter().filter_map(|it| it.signal_to_noise_db);
    let low = ((decibels().fold(1.0, f64::min) - 1.0) / 5.0).floor() * 5.0;
    let high = ((decibels().fold(4.0, f64::max) + 1.0) / 5.0).ceil() * 5.0;
    let width = (ERRORS_SIZE.0 as i32 - 16 - 170) / 2;
    for (column, error, heading) in [
        (0, ErrorOf::Local, "Local: exact inputs, this layer approximate"),
        (1, ErrorOf::Accumulated, "Accumulated: all layers before approximate too"),
    ] {
        let place = Place { left: 16 + column * width, top: 64, width, height: 750 };
        let of: Vec<&LayerErrorRow> = rows.iter().filter(|it| it.error == error).copied().collect();
        let configurations = distinct(rows.iter().map(|it| it.configuration.as_str()));
        let panel = errors_axes(canvas, place, heading, &configurations, low..high)?;
        for (index, layer) in layers.iter().enumerate() {
            for &precision in &precisions {
                let (marker, line) = looks(index, precision != precisions[0]);
                let position = |it: &&&LayerErrorRow| {
                    let of_line = it.layer == *layer && it.log_frac == Some(precision);
                    let x = configurations.iter().position(|name| *name == it.configuration);
                    of_line.then_some((x? as f64 + 0.5, it.signal_to_noise_db?))
                };
                let mut points: Vec<(f64, f64)> =
                    of.iter().filter_map(|it| position(&it)).collect();
                points.sort_by(|a, b| a.0.total_cmp(&b.0));
                panel.line(&points, line)?;
                points.iter().try_for_each(|&(x, y)| panel.marker(x, y, marker))?;
            }
        }
    }
    canvas.left(
        (24, ERRORS_SIZE.1 as i32 - 32),
        "No point: the layer's outputs are exact.",
        Font::NOTE,
    )
}

fn errors_axes<'c, 'a>(
    canvas: &'c Canvas<'a>,
    place: Place,
    heading: &str,
    configurations: &[&str],
    decibels: std::ops::Range<f64>,
) -> Drawing<Panel<'c, 'a>> {
    let panel = Panel::new(
        canvas,
        place,
        heading,
        Axis {
            range: 0.0..configurations.len() as f64,
            title: "tolerance",
            ticks: 0,
            format: &|_| String::new(),
        },
        Axis {
            range: decibels,
            title: "signal to noise (dB)",
            ticks: 12,
            format: &|value| format!("{value:.0}").replace('-', "−"),
        },
    )?;
    for (index, configuration) in configurations.iter().enumerate() {
        let (column, _) = panel.at(index as f64 + 0.5, 0.0);
        let at = (column, panel.rows().end + 8);
        let name = configuration_title(configuration);
        canvas.text(at, &name, Font::SMALL, HPos::Center, VPos::Top)?;
    }
    Ok(panel)
}

const CELL: i32 = 64;
const CLASSES: i32 = 10;
/// Left and above the cells, for their names.
const MARGIN: (i32, i32) = (84, 170);
const STEP: i32 = MARGIN.0 + CELL * CLASSES + 36;
/// Matrices beside each other at most.
const SHOWN: usize = 3;

pub(super) static CONFUSION: PlotBy<ConfusionRow> = PlotBy {
    name: "confusion",
    key: |row| row.cell.activation.name(),
    figure: |of, rows, name| {
        let rows = coarsest(rows, |row| &row.cell);
        let mut configurations = distinct(rows.iter().map(|it| it.cell.configuration.as_str()));
        // Exact first, then a tolerance from the middle and the coarsest; zero-skip is as exact.
        let tolerances: Vec<&str> =
            configurations.iter().copied().filter(|it| it.starts_with("tau=")).collect();
        let middle = tolerances.get(tolerances.len() / 2).copied();
        configurations.sort_by_key(|it| match *it {
            technique::EXACT => 0,
            it if Some(it) == middle => 1,
            it if Some(it) == tolerances.last().copied() => 2,
            _ => 3,
        });
        let (shown, left_out) = configurations.split_at(configurations.len().min(SHOWN));
        let of_configuration = |configuration: &str| -> Vec<&ConfusionRow> {
            rows.iter().filter(|it| it.cell.configuration == configuration).copied().collect()
        };
        let worst = shown
            .iter()
            .flat_map(|it| of_configuration(it))
            .filter(|it| it.label != it.predicted)
            .map(|it| it.images as f64)
            .fold(1.0, f64::max);
        let width = (16 + STEP * shown.len() as i32).max(1200);
        let height = MARGIN.1 + CELL * CLASSES + 70;
        let paint = |canvas: &Canvas<'_>| {
            let title = format!("{} – which digit is taken for which", network(of));
            canvas.left((24, 18), &title, Font::TITLE)?;
            for (index, configuration) in (0..).zip(shown) {
                let of = of_configuration(configuration);
                matrix(canvas, 16 + index * STEP, configuration, &of, worst)?;
            }
            let mut note =
                "Images. The diagonal, where the network is right, is left pale.".to_owned();
            if !left_out.is_empty() {
                note = format!("{note} Not shown: {}.", left_out.join(", "));
            }
            canvas.left((24, height - 32), &note, Font::NOTE)
        };
        (!shown.is_empty()).then(|| Figure::draw(name, (width as u32, height as u32), paint))
    },
};

fn matrix(
    canvas: &Canvas<'_>,
    left: i32,
    configuration: &str,
    rows: &[&ConfusionRow],
    worst: f64,
) -> Drawing<()> {
    let (x0, y0) = (left + MARGIN.0, MARGIN.1);
    let sum = |wrong: bool| -> f64 {
        rows.iter().filter(|it| !wrong || it.label != it.predicted).map(|it| it.images as f64).sum()
    };
    let heading = format!(
        "{}: {} of {} wrong",
        configuration_title(configuration),
        thousands(sum(true)),
        thousands(sum(false))
    );
    canvas.left((x0, 74), &heading, Font::HEADING)?;
    let end = CELL * CLASSES;
    canvas.centred((x0 + end / 2, y0 - 50), "predicted digit", Font::BODY)?;
    let upright = Font::BODY
        .style(HPos::Center, VPos::Center)
        .transform(plotters::style::FontTransform::Rotate270);
    canvas.root().draw_text("digit shown", &upright, (left + 24, y0 + end / 2))?;
    for class in 0..CLASSES {
        let middle = class * CELL + CELL / 2;
        let name = class.to_string();
        canvas.centred((x0 + middle, y0 - 18), &name, Font::BODY)?;
        canvas.centred((x0 - 20, y0 + middle), &name, Font::BODY)?;
    }
    for label in 0..CLASSES {
        for predicted in 0..CLASSES {
            let of = rows.iter().filter(|it| {
                i32::from(it.label.0) == label && i32::from(it.predicted.0) == predicted
            });
            let images: f64 = of.map(|it| it.images as f64).sum();
            let corner = (x0 + predicted * CELL, y0 + label * CELL);
            cell(canvas, corner, images, label == predicted, images / worst)?;
        }
    }
    canvas.frame((x0, y0), (x0 + end, y0 + end), INK)
}

/// A cell with its count; `share` is of the worst confusion.
fn cell(
    canvas: &Canvas<'_>,
    (x, y): (i32, i32),
    images: f64,
    right: bool,
    share: f64,
) -> Drawing<()> {
    // The root brings out single images, which are most of what goes wrong.
    let strength = if right || images == 0.0 { 0.0 } else { 0.12 + 0.88 * share.min(1.0).sqrt() };
    let far = (x + CELL, y + CELL);
    let fill = if right { RGBColor(246, 246, 246) } else { tint(strength) };
    canvas.rectangle((x, y), far, fill)?;
    canvas.frame((x, y), far, FAINT)?;
    if images == 0.0 && !right {
        return Ok(());
    }
    let font = match (right, strength > 0.75) {
        (true, _) => Font::SMALL.coloured(GREY),
        (false, true) => Font::BODY.coloured(RGBColor(255, 255, 255)),
        (false, false) => Font::BODY,
    };
    canvas.centred((x + CELL / 2, y + CELL / 2), &thousands(images), font)
}

/// From white to the palette's vermillion.
fn tint(strength: f64) -> RGBColor {
    let full = palette::VERMILLION;
    let mix = |channel: u8| (255.0 + (f64::from(channel) - 255.0) * strength).round() as u8;
    RGBColor(mix(full.0), mix(full.1), mix(full.2))
}
