// SPDX-License-Identifier: MIT OR Apache-2.0
//! Figures of what happens in the layers: multiplications, products, skips, errors, and which digit
//! is taken for which.

use std::ops::Range;

use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, VPos};

use super::{
    ALL_LAYERS, CellKey, ConfusionRow, ErrorOf, LayerErrorRow, LenetRow, Level, PlotBy, ProductRow,
    SkipRow, is_rule, technique,
};
use crate::report::figure::{
    Axis, Bar, Bars, Canvas, Drawing, FAINT, Figure, Font, GREY, Group, Heat, INK, Key, Legend,
    Marker, Panel, Place, PlotError, Shape, Stroke, configuration_title, distinct, palette,
    thousands,
};
use crate::table::Row;

/// Colours of the convolution layers, in all figures.
const LAYER_COLOURS: [RGBColor; 4] =
    [palette::BLUE, palette::ORANGE, palette::GREEN, palette::PURPLE];

/// Whether a row is the sum over all layers.
pub(super) fn is_total(row: &LenetRow) -> bool {
    row.level == Level::Network
}

/// The rows of as many images as there are.
pub(super) fn of_most_images<'a>(rows: &[&'a LenetRow]) -> Vec<&'a LenetRow> {
    let images = rows.iter().map(|it| it.images).max();
    rows.iter().copied().filter(|it| Some(it.images) == images).collect()
}

pub(super) static MULTIPLICATIONS: PlotBy<LenetRow> = PlotBy {
    name: "multiplications",
    key: |row| &row.network,
    figure: |of, rows, name| {
        let mut rows = of_most_images(rows);
        rows.retain(|it| it.tolerance.smax_scope != "running");
        let images = thousands(rows.first()?.images as f64);
        let layers = distinct(rows.iter().filter(|it| !is_total(it)).map(|it| it.layer.as_str()));
        let legend: Vec<_> =
            layers.iter().map(|&it| it.to_owned()).zip(LAYER_COLOURS.into_iter().cycle()).collect();
        let mut groups = Vec::new();
        for log_frac in distinct(rows.iter().map(|it| it.log_frac)) {
            groups.push(Group::heading(format!("F = {log_frac} fraction bits of the log proxy")));
            let of_precision = || rows.iter().filter(|it| it.log_frac == log_frac);
            for configuration in distinct(of_precision().map(|it| it.configuration.as_str())) {
                let of_layer = |layer: &str| {
                    of_precision().find(|it| it.configuration == configuration && it.layer == layer)
                };
                let mut bars: Vec<Bar> = Vec::new();
                for (layer, colour) in &legend {
                    let count = of_layer(layer).map_or(0.0, |it| it.multiplications_average);
                    bars.push(Bar::new(count, *colour));
                }
                let paper = of_layer(ALL_LAYERS).and_then(|it| it.paper_multiplications_average);
                let bars = match bars.pop() {
                    Some(last) => bars.into_iter().chain([last.mark(paper)]).collect(),
                    None => bars,
                };
                groups.push(Group::new(configuration_title(configuration), bars));
            }
        }
        let paper =
            rows.iter().any(|it| is_total(it) && it.paper_multiplications_average.is_some());
        Bars {
            title: format!("{} – multiplications of an inference, by layer ({images} images)", of),
            axis: "multiplications per inference".to_owned(),
            legend,
            mark: paper.then(|| "the paper's total, of 100 images".to_owned()),
            stacked: true,
            groups,
            ..Bars::default()
        }
        .draw(name)
    },
};

pub(super) static PRODUCTS: PlotBy<ProductRow> = PlotBy {
    name: "products",
    key: |row| &row.network,
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
    let title = format!("{} – products beside the largest of their window", of);
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
    key: |row| &row.cell.network,
    figure: |of, rows, name| {
        let rows = coarsest(rows, |row| &row.cell);
        let log_frac = rows.first()?.cell.log_frac?;
        let configurations = distinct(rows.iter().map(|it| it.cell.configuration.as_str()));
        let most = rows.iter().map(|it| it.skipped_products).max()?;
        let left = 150;
        let width = left + 58 * (most as i32 + 1) + 24;
        let layers = distinct(rows.iter().map(|it| it.layer.as_str()));
        let height = 90 + (150 + 30 * configurations.len() as i32) * layers.len() as i32;
        let paint = |canvas: &Canvas<'_>| {
            let title = format!("{} – products skipped in a window, F = {log_frac}", of);
            canvas.left((24, 18), &title, Font::TITLE)?;
            Heat::scale(canvas, (width - 24, 78), ["0", "100 % of the windows"])?;
            let mut top = 70;
            for layer in &layers {
                let windows = |configuration: &str, skipped: Option<usize>| -> f64 {
                    let of = rows.iter().filter(|it| {
                        it.layer == *layer
                            && it.cell.configuration == configuration
                            && skipped.is_none_or(|skipped| skipped == it.skipped_products)
                    });
                    of.map(|it| it.windows as f64).sum()
                };
                let cells = |row: usize, column: usize| {
                    let all = windows(configurations[row], None).max(1.0);
                    let share = 100.0 * windows(configurations[row], Some(column)) / all;
                    let text = match share {
                        0.0 => String::new(),
                        0.0..0.05 => "<0.1".to_owned(),
                        _ => format!("{share:.1}"),
                    };
                    (text, Some((share / 100.0).sqrt()))
                };
                let of_layer = rows.iter().filter(|it| it.layer == *layer);
                let side = of_layer.map(|it| it.skipped_products).max().unwrap_or(0);
                let heat = Heat {
                    heading: format!("Layer {layer}: share of its windows (%)"),
                    titles: ["products skipped", "configuration"],
                    columns: (0..=side).map(|it| it.to_string()).collect(),
                    rows: configurations.iter().map(|it| configuration_title(it)).collect(),
                    cell: (58, 30),
                    cells: &cells,
                };
                heat.draw(canvas, (left, top))?;
                top += heat.height() + 54;
            }
            Ok(())
        };
        let size = (width.max(1200) as u32, height.max(320) as u32);
        Some(Figure::draw(name, size, paint))
    },
};

pub(super) static ERRORS: PlotBy<LayerErrorRow> = PlotBy {
    name: "layer_errors",
    key: |row| &row.network,
    figure: |of, rows, name| {
        let ruled = |it: &&&LayerErrorRow| is_rule(&it.configuration) && it.log_frac.is_some();
        let most = rows.iter().filter(ruled).map(|it| it.images).max()?;
        let rows: Vec<&LayerErrorRow> =
            rows.iter().filter(ruled).filter(|it| it.images == most).copied().collect();
        let paint = |canvas: &Canvas<'_>| paint_errors(canvas, of, &rows);
        let drawn = rows.iter().any(|it| it.signal_to_noise_db.is_some());
        drawn.then(|| Figure::draw(name, ERRORS_SIZE, paint))
    },
};

const ERRORS_SIZE: (u32, u32) = (1700, 860);

fn paint_errors(canvas: &Canvas<'_>, of: &str, rows: &[&LayerErrorRow]) -> Drawing<()> {
    const SHAPES: [Shape; 4] = [Shape::Circle, Shape::Square, Shape::Up, Shape::Diamond];
    let title = format!("{} – signal to noise of each layer's outputs", of);
    canvas.left((24, 18), &title, Font::TITLE)?;
    let layers = distinct(rows.iter().map(|it| it.layer.as_str()));
    let precisions = distinct(rows.iter().map(|it| it.log_frac));
    // The colour and the marker tell the layer, dashes the fraction bits.
    let mut lines = Vec::new();
    let mut legend = Legend::default();
    for &log_frac in &precisions {
        legend.heading(&format!("F = {}", log_frac.unwrap_or_default()));
        let dashed = log_frac != precisions[0];
        for (layer, (colour, shape)) in
            layers.iter().zip(LAYER_COLOURS.into_iter().zip(SHAPES).cycle())
        {
            let marker = Marker { shape, colour, filled: !dashed, radius: 6 };
            let stroke = Stroke { colour, width: 2, dashed };
            let key = Key { line: Some(stroke), marker: Some(marker), fill: None };
            legend.entry(key, *layer);
            lines.push((log_frac, *layer, stroke, marker));
        }
    }
    legend.draw(canvas, (ERRORS_SIZE.0 as i32 - 150, 80), 140)?;

    let decibels = || rows.iter().filter_map(|it| it.signal_to_noise_db);
    let low = ((decibels().fold(1.0, f64::min) - 1.0) / 5.0).floor() * 5.0;
    let high = ((decibels().fold(4.0, f64::max) + 1.0) / 5.0).ceil() * 5.0;
    let configurations = distinct(rows.iter().map(|it| it.configuration.as_str()));
    let width = (ERRORS_SIZE.0 as i32 - 16 - 170) / 2;
    for (left, error, heading) in [
        (16, ErrorOf::Local, "Local: exact inputs, this layer approximate"),
        (16 + width, ErrorOf::Accumulated, "Accumulated: all layers before approximate too"),
    ] {
        let x = Axis {
            range: 0.0..configurations.len() as f64,
            title: "tolerance",
            ticks: 0,
            format: &|_| String::new(),
        };
        let y = Axis {
            range: low..high,
            title: "signal to noise (dB)",
            ticks: 12,
            format: &|value| format!("{value:.0}").replace('-', "−"),
        };
        let place = Place { left, top: 64, width, height: 750 };
        let panel = Panel::new(canvas, place, heading, x, y)?;
        let middle = |index: usize| index as f64 + 0.5;
        for (index, configuration) in configurations.iter().enumerate() {
            let at = (panel.at(middle(index), 0.0).0, panel.rows().end + 8);
            let name = configuration_title(configuration);
            canvas.text(at, &name, Font::SMALL, HPos::Center, VPos::Top)?;
        }
        for &(log_frac, layer, stroke, marker) in &lines {
            let point = |(index, configuration): (usize, &&str)| {
                let of = |it: &&&LayerErrorRow| {
                    (it.log_frac, it.layer.as_str(), it.error) == (log_frac, layer, error)
                        && it.configuration == *configuration
                };
                Some((middle(index), rows.iter().find(of)?.signal_to_noise_db?))
            };
            let points: Vec<_> = configurations.iter().enumerate().filter_map(point).collect();
            panel.line(&points, stroke)?;
            points.iter().try_for_each(|&(x, y)| panel.marker(x, y, marker))?;
        }
    }
    if rows.iter().all(|it| it.signal_to_noise_db.is_some()) {
        return Ok(());
    }
    let note = "No point: the layer's outputs are exact.";
    canvas.left((24, ERRORS_SIZE.1 as i32 - 32), note, Font::NOTE)
}

/// Matrices beside each other at most.
const SHOWN: usize = 3;

pub(super) static CONFUSION: PlotBy<ConfusionRow> = PlotBy {
    name: "confusion",
    key: |row| &row.cell.network,
    figure: |of, rows, name| {
        const SIDE: i32 = 64;
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
        let wrong = |it: &&&ConfusionRow| u32::from(it.label.0) != it.predicted;
        let count = |rows: Vec<&ConfusionRow>| rows.iter().map(|it| it.images as f64).sum::<f64>();
        let in_shown = rows.iter().filter(|it| shown.contains(&it.cell.configuration.as_str()));
        let worst = in_shown.filter(wrong).map(|it| it.images as f64).fold(1.0, f64::max);
        let digits: Vec<u32> =
            distinct(rows.iter().flat_map(|it| [it.label.0.into(), it.predicted]));
        let classes = digits.into_iter().max()? as usize + 1;
        let step = 84 + SIDE * classes as i32 + 36;
        let width = (16 + step * shown.len() as i32).max(1200);
        let height = 170 + SIDE * classes as i32 + 70;
        let paint = |canvas: &Canvas<'_>| {
            let title = format!("{} – which digit is taken for which", of);
            canvas.left((24, 18), &title, Font::TITLE)?;
            let most = format!("{} images", thousands(worst));
            Heat::scale(canvas, (width - 24, 32), ["wrong: 0", &most])?;
            for (index, configuration) in (0..).zip(shown) {
                let of = of_configuration(configuration);
                let images = |label: usize, predicted: usize| -> f64 {
                    let is = |it: &&&ConfusionRow| {
                        (usize::from(it.label.0), it.predicted as usize) == (label, predicted)
                    };
                    count(of.iter().filter(is).copied().collect())
                };
                let cells = |label: usize, predicted: usize| {
                    let images = images(label, predicted);
                    // The root brings out single images, which are most of what goes wrong.
                    let strength = if images == 0.0 {
                        0.0
                    } else {
                        0.12 + 0.88 * (images / worst).min(1.0).sqrt()
                    };
                    let text = if images == 0.0 && label != predicted {
                        String::new()
                    } else {
                        thousands(images)
                    };
                    (text, (label != predicted).then_some(strength))
                };
                let names: Vec<String> = (0..classes).map(|it| it.to_string()).collect();
                let heat = Heat {
                    heading: format!(
                        "{}: {} of {} wrong",
                        configuration_title(configuration),
                        thousands(count(of.iter().filter(wrong).copied().collect())),
                        thousands(count(of.clone()))
                    ),
                    titles: ["predicted digit", "digit shown"],
                    columns: names.clone(),
                    rows: names,
                    cell: (SIDE, SIDE),
                    cells: &cells,
                };
                heat.draw(canvas, (100 + index * step, 74))?;
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
