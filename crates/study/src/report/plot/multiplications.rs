//! Multiplications of an inference, layer by layer, in each configuration.

use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Canvas, Font, Marker, Shape, palette};
use super::error::PlotError;
use super::figure::{Drawing, Figure};
use super::legend::{Key, Legend};
use super::lenet::{Row, of_most_images};
use super::panel::{Axis, Panel, Place};
use super::{configuration_title, distinct, network, thousands};
use model::nn::Activation;

const SIZE: (u32, u32) = (1700, 900);
const COLOURS: [RGBColor; 4] = [palette::BLUE, palette::ORANGE, palette::GREEN, palette::PURPLE];
const PAPER: Marker =
    Marker { shape: Shape::Diamond, colour: palette::BLACK, filled: false, radius: 8 };

/// The figure of one network; none where the table has nothing about it.
pub(super) fn draw(activation: Activation, rows: &[Row]) -> Option<Result<Figure, PlotError>> {
    let rows: Vec<&Row> = of_most_images(activation, rows)
        .into_iter()
        .filter(|it| it.smax_scope != "running")
        .collect();
    if rows.is_empty() {
        return None;
    }
    let name = format!("multiplications_{}", activation.name());
    Some(Figure::draw(name, SIZE, |canvas| paint(canvas, activation, &rows)))
}

fn paint(canvas: &Canvas<'_>, activation: Activation, rows: &[&Row]) -> Drawing<()> {
    let images = thousands(rows[0].images as f64);
    let title = format!(
        "{} – multiplications of an inference, by layer ({images} images)",
        network(activation)
    );
    canvas.left((24, 18), &title, Font::TITLE)?;
    let layers = distinct(rows.iter().filter(|it| !it.is_total()).map(|it| it.layer.as_str()));
    let mut legend = Legend::default();
    for (layer, fill) in layers.iter().zip(COLOURS.into_iter().cycle()) {
        legend.entry(Key { fill: Some(fill), ..Key::default() }, *layer);
    }
    if rows.iter().any(|it| it.is_total() && it.paper_multiplications.is_some()) {
        legend.entry(
            Key { marker: Some(PAPER), ..Key::default() },
            "the paper's total, of 100 images",
        );
    }
    legend.draw_line(canvas, (SIZE.0 as i32 - 24, 80))?;

    let precisions = distinct(rows.iter().map(|it| it.log_frac));
    let width = (SIZE.0 as i32 - 32) / precisions.len() as i32;
    let totals = rows.iter().filter(|it| it.is_total());
    let most = totals
        .map(|it| it.multiplications.max(it.paper_multiplications.unwrap_or(0.0)))
        .fold(1.0, f64::max);
    for (column, precision) in (0..).zip(precisions) {
        let place = Place { left: 16 + column * width, top: 104, width, height: 780 };
        let of: Vec<&Row> = rows.iter().filter(|it| it.log_frac == precision).copied().collect();
        panel(canvas, place, &of, &layers, most * 1.06)?;
    }
    Ok(())
}

/// All configurations with one number of fraction bits.
fn panel(
    canvas: &Canvas<'_>,
    place: Place,
    rows: &[&Row],
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
        for (layer, fill) in layers.iter().zip(COLOURS.into_iter().cycle()) {
            let more = of(layer).map_or(0.0, |it| it.multiplications);
            panel.bar(left..left + 0.68, sum..sum + more, fill)?;
            sum += more;
        }
        let total = of("all");
        let paper = total.and_then(|it| it.paper_multiplications);
        if let Some(paper) = paper {
            panel.marker(middle, paper, PAPER)?;
        }
        // Above the bar, and above the marker where that is near.
        let (column, top) = panel.at(middle, sum);
        let marked =
            paper.map(|it| panel.at(middle, it).1).filter(|row| (top - 34..top + 14).contains(row));
        let label = marked.map_or(top, |row| row - 10) - 4;
        let text = thousands(total.map_or(sum, |it| it.multiplications));
        canvas.text((column, label), &text, Font::SMALL, HPos::Center, VPos::Bottom)?;
        let name = configuration_title(configuration);
        canvas.text((column, panel.rows().end + 8), &name, Font::SMALL, HPos::Center, VPos::Top)?;
    }
    Ok(())
}
