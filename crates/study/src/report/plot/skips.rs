//! How many products of a window are skipped: a small histogram a layer and threshold.

use plotters::style::RGBColor;

use super::canvas::{Canvas, Font, palette};
use super::error::PlotError;
use super::figure::{Drawing, Figure};
use super::panel::{Axis, Panel, Place};
use super::{configuration_title, distinct, is_rule, network, table};
use model::nn::Activation;

const PANEL: (i32, i32) = (330, 260);
const COLOURS: [RGBColor; 4] = [palette::BLUE, palette::ORANGE, palette::GREEN, palette::PURPLE];

/// Windows of a layer with one number of skipped products.
#[derive(Debug, Clone)]
pub(super) struct Row {
    activation: Activation,
    log_frac: Option<u64>,
    configuration: String,
    layer: String,
    skipped: f64,
    windows: f64,
}

impl Row {
    pub fn read(row: table::Row<'_>) -> Result<Self, PlotError> {
        Ok(Self {
            activation: row.activation()?,
            log_frac: row.optional_count("log_frac")?,
            configuration: row.text("configuration")?.to_owned(),
            layer: row.text("layer")?.to_owned(),
            skipped: row.count("skipped_products")? as f64,
            windows: row.count("windows")? as f64,
        })
    }
}

/// The figure of one network; none where the table has nothing about it. It is of the coarsest log
/// proxy in the table, which is the paper's hardware.
pub(super) fn draw(activation: Activation, rows: &[Row]) -> Option<Result<Figure, PlotError>> {
    let ruled = |it: &&Row| it.activation == activation && is_rule(&it.configuration);
    let of_network = || rows.iter().filter(ruled);
    let log_frac = of_network().filter_map(|it| it.log_frac).min()?;
    let rows: Vec<&Row> = of_network().filter(|it| it.log_frac == Some(log_frac)).collect();
    let layers = distinct(rows.iter().map(|it| it.layer.as_str()));
    let configurations = distinct(rows.iter().map(|it| it.configuration.as_str()));
    // Never so small that the title does not fit.
    let width = (PANEL.0 * configurations.len() as i32 + 32).max(1200);
    let height = (PANEL.1 * layers.len() as i32 + 70).max(800);
    let name = format!("skips_{}", activation.name());
    let paint = |canvas: &Canvas<'_>| {
        let title = format!("{} – skipped products a window, F = {log_frac}", network(activation));
        canvas.left((24, 18), &title, Font::TITLE)?;
        let (across, down) =
            ((width - 32) / configurations.len() as i32, (height - 70) / layers.len() as i32);
        for ((line, layer), colour) in (0..).zip(&layers).zip(COLOURS.into_iter().cycle()) {
            for (column, configuration) in (0..).zip(&configurations) {
                let place = Place {
                    left: 16 + column * across,
                    top: 60 + line * down,
                    width: across,
                    height: down,
                };
                let of = |it: &&&Row| it.layer == *layer && it.configuration == *configuration;
                let bins: Vec<&Row> = rows.iter().filter(of).copied().collect();
                let heading = format!("{layer}, {}", configuration_title(configuration));
                let most = rows.iter().filter(|it| it.layer == *layer).map(|it| it.skipped);
                panel(canvas, place, &heading, &bins, most.fold(1.0, f64::max), colour)?;
            }
        }
        Ok(())
    };
    Some(Figure::draw(name, (width as u32, height as u32), paint))
}

fn panel(
    canvas: &Canvas<'_>,
    place: Place,
    heading: &str,
    bins: &[&Row],
    most: f64,
    colour: RGBColor,
) -> Drawing<()> {
    let windows: f64 = bins.iter().map(|it| it.windows).sum::<f64>().max(1.0);
    let share = |it: &&Row| 100.0 * it.windows / windows;
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
        panel.bar(bin.skipped - 0.42..bin.skipped + 0.42, 0.0..share(bin), colour)?;
    }
    Ok(())
}
