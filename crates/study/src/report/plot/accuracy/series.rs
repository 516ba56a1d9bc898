//! What the tables say of accuracy and multiplications, as series of points.

use plotters::style::RGBColor;

use super::rows::{OperatingPointRow, PeerRow};
use crate::report::plot::canvas::{Marker, Shape, Stroke, palette};
use crate::report::plot::distinct;
use crate::report::plot::lenet::{self, of_most_images};
use model::nn::Activation;

/// One setting of one technique.
#[derive(Debug, Clone)]
pub(super) struct Point {
    pub reduction: f64,
    pub accuracy: f64,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub label: String,
}

/// What a series is, which says under which heading it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ours,
    OperatingPoint,
    Pareto,
    Peer,
    Paper,
}

/// Points that look alike.
#[derive(Debug, Clone)]
pub(super) struct Series {
    pub kind: Kind,
    pub name: String,
    pub marker: Option<Marker>,
    pub line: Option<Stroke>,
    pub labelled: bool,
    pub points: Vec<Point>,
}

/// The window rule's limit: with one product left in each of the 11,520 windows.
pub(super) const WINDOW_LIMIT: f64 = 100.0 * (1.0 - 11_520.0 / EXACT);

/// The running rule's limit: with one product left in each of the 4,600 outputs.
pub(super) const RUNNING_LIMIT: f64 = 100.0 * (1.0 - 4_600.0 / EXACT);

/// Multiplications of an exact LeNet-5.
const EXACT: f64 = 270_720.0;

/// Reduction at no loss of accuracy, as the paper's abstract has it.
pub(super) const fn headline(activation: Activation) -> f64 {
    match activation {
        Activation::Relu => 88.42,
        Activation::Tanh => 74.87,
    }
}

/// All series of a network, in the order in which they are drawn and listed.
pub(super) fn series(
    activation: Activation,
    lenet: &[lenet::Row],
    peers: &[PeerRow],
    points: &[OperatingPointRow],
) -> Vec<Series> {
    let mut all = peers_of(activation, peers);
    all.extend(paper(activation, lenet));
    all.extend(rules(activation, lenet));
    all.extend(operating_points(activation, points));
    all.retain(|it| !it.points.is_empty());
    all
}

/// The accuracy without any approximation, where a table has it.
pub(super) fn exact_accuracy(
    activation: Activation,
    lenet: &[lenet::Row],
    points: &[OperatingPointRow],
) -> Option<f64> {
    let totals = of_most_images(activation, lenet);
    let exact = totals.iter().find(|it| it.is_total() && it.configuration == "exact");
    let of_points = || points.iter().find(|it| it.activation == activation);
    exact.and_then(|it| it.accuracy).or_else(|| of_points().map(|it| it.exact_accuracy))
}

const fn marker(shape: Shape, colour: RGBColor, filled: bool) -> Marker {
    Marker { shape, colour, filled, radius: 6 }
}

/// This project's rule over its tolerances: a series a scope and number of fraction bits.
fn rules(activation: Activation, rows: &[lenet::Row]) -> Vec<Series> {
    let totals: Vec<&lenet::Row> = of_most_images(activation, rows)
        .into_iter()
        .filter(|it| it.is_total() && it.tau.is_some())
        .collect();
    let groups = distinct(totals.iter().map(|it| (it.smax_scope == "running", it.log_frac)));
    let group = |&(running, log_frac): &(bool, u64)| {
        let of_group = totals
            .iter()
            .filter(|it| (it.smax_scope == "running", it.log_frac) == (running, log_frac));
        let mut points: Vec<Point> = of_group.filter_map(|it| point(it)).collect();
        points.sort_by(|a, b| a.reduction.total_cmp(&b.reduction));
        let (shape, colour) = match (running, log_frac) {
            (false, 0) => (Shape::Circle, palette::BLUE),
            (false, _) => (Shape::Square, palette::VERMILLION),
            (true, 0) => (Shape::Circle, palette::SKY),
            (true, _) => (Shape::Square, palette::ORANGE),
        };
        let scope = if running { "running" } else { "window" };
        Series {
            kind: Kind::Ours,
            name: format!("{scope} rule, F = {log_frac}"),
            marker: Some(marker(shape, colour, true)),
            line: Some(Stroke { colour, width: 2, dashed: running }),
            labelled: true,
            points,
        }
    };
    groups.iter().map(group).collect()
}

fn point(row: &lenet::Row) -> Option<Point> {
    Some(Point {
        reduction: row.reduction?,
        accuracy: row.accuracy?,
        low: row.accuracy_low,
        high: row.accuracy_high,
        label: row.tau.map_or_else(|| row.configuration.clone(), |tau| format!("{tau}")),
    })
}

/// What the paper's table says, once a tolerance.
fn paper(activation: Activation, rows: &[lenet::Row]) -> Option<Series> {
    let mut points: Vec<Point> = Vec::new();
    for row in rows.iter().filter(|it| it.activation == activation && it.is_total()) {
        let (Some(tau), Some(multiplications), Some(accuracy)) =
            (row.tau, row.paper_multiplications, row.paper_accuracy)
        else {
            continue;
        };
        let label = format!("{tau}");
        if points.iter().all(|it| it.label != label) {
            let reduction = 100.0 * (1.0 - multiplications / EXACT);
            points.push(Point { reduction, accuracy, low: None, high: None, label });
        }
    }
    points.sort_by(|a, b| a.reduction.total_cmp(&b.reduction));
    let colour = palette::BLACK;
    (!points.is_empty()).then(|| Series {
        kind: Kind::Paper,
        name: "the paper's table".to_owned(),
        marker: Some(marker(Shape::Diamond, colour, false)),
        line: Some(Stroke { colour, width: 1, dashed: true }),
        labelled: true,
        points,
    })
}

/// The operating points, a series a technique, and first the front of those that no other beats.
fn operating_points(activation: Activation, rows: &[OperatingPointRow]) -> Vec<Series> {
    const LOOKS: [(Shape, RGBColor); 6] = [
        (Shape::Diamond, palette::GREEN),
        (Shape::Up, palette::PURPLE),
        (Shape::Down, palette::ORANGE),
        (Shape::Square, palette::OLIVE),
        (Shape::Circle, palette::BLACK),
        (Shape::Diamond, palette::VERMILLION),
    ];
    let rows: Vec<_> = rows.iter().filter(|it| it.activation == activation).collect();
    let point = |row: &&OperatingPointRow| Point {
        reduction: row.reduction,
        accuracy: row.accuracy,
        low: row.low,
        high: row.high,
        label: short(&row.point, activation).to_owned(),
    };
    let mut front: Vec<Point> = rows.iter().filter(|it| it.pareto).map(&point).collect();
    front.sort_by(|a, b| a.reduction.total_cmp(&b.reduction));
    let mut all = vec![Series {
        kind: Kind::Pareto,
        name: "Pareto front".to_owned(),
        marker: None,
        line: Some(Stroke { colour: palette::GREEN, width: 3, dashed: false }),
        labelled: false,
        points: front,
    }];
    // The paper's rule has its curve already.
    let techniques = distinct(rows.iter().map(|it| it.technique.as_str()));
    let techniques = techniques.into_iter().filter(|technique| *technique != "paper-rule");
    for (technique, (shape, colour)) in techniques.zip(LOOKS.iter().cycle()) {
        all.push(Series {
            kind: Kind::OperatingPoint,
            // Spaces, so that the legend can break the line.
            name: technique.replace('+', " + "),
            marker: Some(Marker { radius: 7, ..marker(*shape, *colour, true) }),
            line: None,
            labelled: true,
            points: rows.iter().filter(|it| it.technique == technique).map(&point).collect(),
        });
    }
    all
}

/// A point's name without that of its network, which the title has.
fn short(point: &str, activation: Activation) -> &str {
    let after = point.split_once(activation.name()).map_or(point, |(_, after)| after);
    let after = after.trim_start_matches('_');
    if after.is_empty() { point } else { after }
}

/// The look of a technique: the same in every figure, and plain where this list does not know it.
fn peer_look(technique: &str) -> (Shape, RGBColor) {
    match technique {
        "zero-skip" => (Shape::Plus, palette::VERMILLION),
        "dual-zero-skip" => (Shape::Cross, palette::BLUE),
        "prune" => (Shape::Up, palette::GREEN),
        "prune-zero-skip" => (Shape::Down, palette::GREEN),
        "snapea" => (Shape::Square, palette::PURPLE),
        "snapea-zero-skip" => (Shape::Circle, palette::PURPLE),
        "winograd" => (Shape::Star, palette::BLACK),
        "mitchell" => (Shape::Star, palette::ORANGE),
        "truncate-leading" => (Shape::Cross, palette::OLIVE),
        "truncate-low" => (Shape::Plus, palette::SKY),
        _ => (Shape::Circle, palette::BLACK),
    }
}

/// What a reader must know of a technique that multiplies otherwise.
fn peer_name(technique: &str) -> String {
    let note = match technique {
        "mitchell" => " (adders, no multiplier)",
        "truncate-leading" | "truncate-low" => " (narrow multiplier)",
        _ => "",
    };
    format!("{technique}{note}")
}

/// What others do, a series a technique.
fn peers_of(activation: Activation, rows: &[PeerRow]) -> Vec<Series> {
    let peer = |it: &&PeerRow| it.activation == activation && it.technique != "exact";
    let rows: Vec<_> = rows.iter().filter(peer).collect();
    let images = rows.iter().map(|it| it.images).max();
    let techniques = distinct(rows.iter().map(|it| it.technique.as_str()));
    let of = |technique: &str| {
        let rows = rows.iter().filter(|it| it.technique == technique && Some(it.images) == images);
        let point = |row: &&PeerRow| Point {
            reduction: row.reduction,
            accuracy: row.accuracy,
            low: None,
            high: None,
            label: row.setting.clone(),
        };
        rows.map(point).collect()
    };
    let series = |technique: &str| {
        let (shape, colour) = peer_look(technique);
        Series {
            kind: Kind::Peer,
            name: peer_name(technique),
            marker: Some(marker(shape, colour, false)),
            line: None,
            labelled: false,
            points: of(technique),
        }
    };
    techniques.into_iter().map(series).collect()
}
