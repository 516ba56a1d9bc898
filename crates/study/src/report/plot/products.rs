//! How large products are beside the largest of their window: why most of them can be skipped.

use std::ops::Range;

use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Canvas, FAINT, Font, GREY, INK, Stroke, palette};
use super::error::PlotError;
use super::figure::{Drawing, Figure};
use super::legend::{Key, Legend};
use super::panel::{Axis, Panel, Place};
use super::{distinct, network, table};
use model::nn::Activation;

const SIZE: (u32, u32) = (1700, 1150);

/// The threshold whose products are coloured.
const THRESHOLD: i32 = 3;
/// The largest threshold that has a line.
const THRESHOLDS: i32 = 5;

const SKIPPED: RGBColor = palette::VERMILLION;
const KEPT: RGBColor = palette::BLUE;

/// One bin of a layer's histogram.
#[derive(Debug, Clone)]
pub(super) struct Row {
    activation: Activation,
    layer: String,
    low: f64,
    high: f64,
    products: f64,
}

impl Row {
    pub fn read(row: table::Row<'_>) -> Result<Self, PlotError> {
        let low = row.number("relative_low")?;
        let high = row.number("relative_high")?;
        if low >= high {
            let text = row.text("relative_high")?;
            return Err(row.refuse("relative_high", text, "above relative_low"));
        }
        Ok(Self {
            activation: row.activation()?,
            layer: row.text("layer")?.to_owned(),
            low,
            high,
            products: row.count("products")? as f64,
        })
    }

    /// The part of the bin within `edge` of 0.
    fn within(&self, edge: f64) -> Range<f64> {
        self.low.clamp(-edge, edge)..self.high.clamp(-edge, edge)
    }
}

/// The figure of one network; none where the table has nothing about it.
pub(super) fn draw(activation: Activation, rows: &[Row]) -> Option<Result<Figure, PlotError>> {
    let rows: Vec<Row> = rows.iter().filter(|it| it.activation == activation).cloned().collect();
    if rows.is_empty() {
        return None;
    }
    let name = format!("products_{}", activation.name());
    Some(Figure::draw(name, SIZE, |canvas| paint(canvas, activation, &rows)))
}

fn paint(canvas: &Canvas<'_>, activation: Activation, rows: &[Row]) -> Drawing<()> {
    let title = format!("{} – products beside the largest of their window", network(activation));
    canvas.left((24, 18), &title, Font::TITLE)?;
    let mut legend = Legend::default();
    let fill = |fill| Key { fill: Some(fill), ..Key::default() };
    legend.entry(fill(SKIPPED), format!("skipped at T = {THRESHOLD}"));
    legend.entry(fill(KEPT), "multiplied");
    legend.draw_line(canvas, (SIZE.0 as i32 - 24, 32))?;

    let layers: Vec<&str> = distinct(rows.iter().map(|it| it.layer.as_str()))
        .into_iter()
        .filter(|it| *it != "all")
        .collect();
    let all = total(rows);
    let several = layers.len() > 1;
    let height = if several { 620 } else { 1020 };
    panel(
        canvas,
        Place { left: 16, top: 64, width: SIZE.0 as i32 - 32, height },
        "All layers",
        &all,
        true,
    )?;
    if several {
        let width = (SIZE.0 as i32 - 32) / layers.len() as i32;
        for (column, layer) in (0..).zip(&layers) {
            let of: Vec<Row> = rows.iter().filter(|it| it.layer == **layer).cloned().collect();
            let place = Place { left: 16 + column * width, top: 700, width, height: 380 };
            panel(canvas, place, &format!("Layer {layer}"), &of, false)?;
        }
    }
    let note = "Lines are at ±1/2ᵀ. The unit compares positions of leading ones, not products, so that its \
                edge is soft: with F = 0 all below a quarter of the line is skipped, and nothing above four \
                times the line.";
    canvas.paragraph((24, 1092), SIZE.0 as i32 - 48, note, Font::NOTE)?;
    Ok(())
}

/// The histogram over all layers: the table's own, else the sum of the layers'.
fn total(rows: &[Row]) -> Vec<Row> {
    let own: Vec<Row> = rows.iter().filter(|it| it.layer == "all").cloned().collect();
    if !own.is_empty() {
        return own;
    }
    let mut sums: Vec<Row> = Vec::new();
    for row in rows {
        // Bins of different layers are the same bins only if their edges are equal to the bit.
        match sums.iter_mut().find(|it| it.low == row.low && it.high == row.high) {
            Some(sum) => sum.products += row.products,
            None => sums.push(row.clone()),
        }
    }
    sums
}

fn panel(
    canvas: &Canvas<'_>,
    place: Place,
    heading: &str,
    bins: &[Row],
    large: bool,
) -> Drawing<()> {
    let most = bins.iter().map(|it| it.products).fold(1.0, f64::max);
    let edge = 2.0_f64.powi(-THRESHOLD);
    // Of a bin across the edge, as much as lies inside.
    let inside = |it: &Row| (it.within(edge).end - it.within(edge).start) / (it.high - it.low);
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
            name(canvas, &panel, threshold, colour)?;
        }
    }
    Ok(())
}

/// Names a line right of 0 by its threshold, and the one left of 0 by its tolerance. The inner ones
/// are close together, so that they take turns between two rows and stand away from 0.
fn name(
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
