//! Which digits a network takes for which, exact and approximate side by side.

use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Canvas, FAINT, Font, GREY, INK, palette};
use super::error::PlotError;
use super::figure::{Drawing, Figure};
use super::{configuration_title, distinct, is_rule, network, table, thousands};
use model::nn::Activation;

const CELL: i32 = 64;
const CLASSES: i32 = 10;
/// Left and above the cells, for their names.
const MARGIN: (i32, i32) = (84, 170);
const STEP: i32 = MARGIN.0 + CELL * CLASSES + 36;
/// Matrices beside each other at most.
const SHOWN: usize = 3;

/// Images of one digit that were taken for one digit.
#[derive(Debug, Clone)]
pub(super) struct Row {
    activation: Activation,
    log_frac: Option<u64>,
    configuration: String,
    label: i32,
    predicted: i32,
    images: f64,
}

impl Row {
    pub fn read(row: table::Row<'_>) -> Result<Self, PlotError> {
        let class = |column| match row.count(column)? {
            class @ 0..10 => Ok(class as i32),
            _ => Err(row.refuse(column, row.text(column)?, "a digit")),
        };
        Ok(Self {
            activation: row.activation()?,
            log_frac: row.optional_count("log_frac")?,
            configuration: row.text("configuration")?.to_owned(),
            label: class("label")?,
            predicted: class("predicted")?,
            images: row.count("images")? as f64,
        })
    }
}

/// The figure of one network; none where the table has nothing about it.
pub(super) fn draw(activation: Activation, rows: &[Row]) -> Option<Result<Figure, PlotError>> {
    let ruled = |it: &&Row| it.activation == activation && is_rule(&it.configuration);
    let log_frac = rows.iter().filter(ruled).filter_map(|it| it.log_frac).min()?;
    let rows: Vec<&Row> =
        rows.iter().filter(ruled).filter(|it| it.log_frac == Some(log_frac)).collect();
    let mut configurations = distinct(rows.iter().map(|it| it.configuration.as_str()));
    // Exact first, then a tolerance from the middle and the coarsest; zero-skip is as exact.
    let tolerances: Vec<&str> =
        configurations.iter().copied().filter(|it| it.starts_with("tau=")).collect();
    let middle = tolerances.get(tolerances.len() / 2).copied();
    configurations.sort_by_key(|it| match *it {
        "exact" => 0,
        it if Some(it) == middle => 1,
        it if Some(it) == tolerances.last().copied() => 2,
        _ => 3,
    });
    let shown = &configurations[..configurations.len().min(SHOWN)];
    let left_out = &configurations[shown.len()..];
    let width = (16 + STEP * shown.len() as i32).max(1200);
    let height = MARGIN.1 + CELL * CLASSES + 70;
    let off_diagonal = rows.iter().filter(|it| it.label != it.predicted);
    let worst = off_diagonal
        .filter(|it| shown.contains(&it.configuration.as_str()))
        .map(|it| it.images)
        .fold(1.0, f64::max);
    let name = format!("confusion_{}", activation.name());
    let paint = |canvas: &Canvas<'_>| {
        let title = format!("{} – which digit is taken for which", network(activation));
        canvas.left((24, 18), &title, Font::TITLE)?;
        for (index, configuration) in (0..).zip(shown) {
            let of: Vec<&Row> =
                rows.iter().filter(|it| it.configuration == *configuration).copied().collect();
            matrix(canvas, 16 + index * STEP, configuration, &of, worst)?;
        }
        let mut note = "Images. The diagonal, where the network is right, is left pale.".to_owned();
        if !left_out.is_empty() {
            note = format!("{note} Not shown: {}.", left_out.join(", "));
        }
        canvas.left((24, height - 32), &note, Font::NOTE)
    };
    Some(Figure::draw(name, (width as u32, height as u32), paint))
}

fn matrix(
    canvas: &Canvas<'_>,
    left: i32,
    configuration: &str,
    rows: &[&Row],
    worst: f64,
) -> Drawing<()> {
    let (x0, y0) = (left + MARGIN.0, MARGIN.1);
    let sum = |wrong: bool| -> f64 {
        rows.iter().filter(|it| !wrong || it.label != it.predicted).map(|it| it.images).sum()
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
            let of = rows.iter().filter(|it| it.label == label && it.predicted == predicted);
            let images: f64 = of.map(|it| it.images).sum();
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
