//! How far each layer's outputs are off, by tolerance: by its own approximation, and with that of
//! the layers before.

use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Canvas, Font, Marker, Shape, Stroke, palette};
use super::error::PlotError;
use super::figure::{Drawing, Figure};
use super::legend::{Key, Legend};
use super::panel::{Axis, Panel, Place};
use super::{configuration_title, distinct, is_rule, network, table};
use model::nn::Activation;

const SIZE: (u32, u32) = (1700, 860);

/// One layer in one configuration.
#[derive(Debug, Clone)]
pub(super) struct Row {
    activation: Activation,
    log_frac: Option<u64>,
    images: u64,
    configuration: String,
    layer: String,
    error: String,
    decibels: Option<f64>,
}

impl Row {
    pub fn read(row: table::Row<'_>) -> Result<Self, PlotError> {
        let error = row.text("error")?;
        if !matches!(error, "local" | "accumulated") {
            return Err(row.refuse("error", error, "local or accumulated"));
        }
        Ok(Self {
            activation: row.activation()?,
            log_frac: row.optional_count("log_frac")?,
            images: row.count("images")?,
            configuration: row.text("configuration")?.to_owned(),
            layer: row.text("layer")?.to_owned(),
            error: error.to_owned(),
            decibels: row.finite("signal_to_noise_db")?,
        })
    }
}

/// The figure of one network; none where the table has nothing about it.
pub(super) fn draw(activation: Activation, rows: &[Row]) -> Option<Result<Figure, PlotError>> {
    let of_network = |it: &&Row| {
        it.activation == activation && it.decibels.is_some() && is_rule(&it.configuration)
    };
    let most = rows.iter().filter(of_network).map(|it| it.images).max()?;
    let rows: Vec<&Row> = rows.iter().filter(of_network).filter(|it| it.images == most).collect();
    if rows.is_empty() {
        return None;
    }
    let name = format!("layer_errors_{}", activation.name());
    Some(Figure::draw(name, SIZE, |canvas| paint(canvas, activation, &rows)))
}

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

fn paint(canvas: &Canvas<'_>, activation: Activation, rows: &[&Row]) -> Drawing<()> {
    let title = format!("{} – signal to noise of each layer's outputs", network(activation));
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
    legend.draw(canvas, (SIZE.0 as i32 - 150, 80), 140)?;

    let decibels = || rows.iter().filter_map(|it| it.decibels);
    let low = ((decibels().fold(1.0, f64::min) - 1.0) / 5.0).floor() * 5.0;
    let high = ((decibels().fold(4.0, f64::max) + 1.0) / 5.0).ceil() * 5.0;
    let width = (SIZE.0 as i32 - 16 - 170) / 2;
    for (column, error, heading) in [
        (0, "local", "Local: exact inputs, this layer approximate"),
        (1, "accumulated", "Accumulated: all layers before approximate too"),
    ] {
        let place = Place { left: 16 + column * width, top: 64, width, height: 750 };
        let of: Vec<&Row> = rows.iter().filter(|it| it.error == error).copied().collect();
        let configurations = distinct(rows.iter().map(|it| it.configuration.as_str()));
        let panel = axes(canvas, place, heading, &configurations, low..high)?;
        for (index, layer) in layers.iter().enumerate() {
            for &precision in &precisions {
                let (marker, line) = looks(index, precision != precisions[0]);
                let position = |it: &&&Row| {
                    let of_line = it.layer == *layer && it.log_frac == Some(precision);
                    let x = configurations.iter().position(|name| *name == it.configuration);
                    of_line.then_some((x? as f64 + 0.5, it.decibels?))
                };
                let mut points: Vec<(f64, f64)> =
                    of.iter().filter_map(|it| position(&it)).collect();
                points.sort_by(|a, b| a.0.total_cmp(&b.0));
                panel.line(&points, line)?;
                points.iter().try_for_each(|&(x, y)| panel.marker(x, y, marker))?;
            }
        }
    }
    canvas.left((24, SIZE.1 as i32 - 32), "No point: the layer's outputs are exact.", Font::NOTE)
}

fn axes<'c, 'a>(
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
