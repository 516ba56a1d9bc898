// SPDX-License-Identifier: MIT OR Apache-2.0
//! Accuracy against multiplications saved: an overview, and the percent below the exact network.

use std::ops::Range;

use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, VPos};

use super::layers::{is_total, of_most_images};
use super::{Accuracy, Drawn, LenetRow, PeerRow, PlotOf, PointRow, look, technique};
use crate::report::figure::{
    Axis, Canvas, Drawing, Figure, Font, GREY, INK, Key, Labels, Legend, Marker, Panel, Place,
    Shape, Stroke, distinct, palette,
};

const SIZE: (u32, u32) = (1700, 1300);

/// Where the legend starts.
const ASIDE: i32 = 1310;

/// Below the headline of a panel, for the names of the vertical lines.
const LINE_NAMES: i32 = 20;

const HEADLINE: Stroke = Stroke { colour: INK, width: 2, dashed: false };
const LIMIT: Stroke = Stroke { colour: GREY, width: 2, dashed: true };
const EXACT_LINE: Stroke = Stroke { colour: GREY, width: 1, dashed: true };

pub(super) static ACCURACY: PlotOf = PlotOf {
    name: "accuracy",
    draw: |folder| {
        let (lenet, peers) = (folder.rows::<LenetRow>()?, folder.rows::<PeerRow>()?);
        let points = folder.rows::<PointRow>()?;
        let networks = lenet.iter().map(|it| &it.network);
        let networks = networks.chain(points.iter().map(|it| &it.network));
        let networks = distinct(networks.chain(peers.iter().map(|it| &it.network)));
        networks.into_iter().filter_map(|it| draw(it, &lenet, &peers, &points)).collect()
    },
};

/// The figure of one network; none where no table has anything about it.
fn draw(network: &str, lenet: &[LenetRow], peers: &[PeerRow], points: &[PointRow]) -> Drawn {
    let lenet: Vec<_> = lenet.iter().filter(|it| it.network == network).collect();
    let points: Vec<_> = points.iter().filter(|it| it.network == network).collect();
    let peers: Vec<_> = peers.iter().filter(|it| it.network == network).collect();
    let mut series = peers_of(&peers);
    series.extend(paper(&lenet));
    series.extend(rules(&lenet));
    series.extend(operating_points(network, &points));
    series.retain(|it| !it.points.is_empty());
    if series.is_empty() {
        return None;
    }
    let best = series.iter().flat_map(|it| &it.points).map(|it| it.accuracy).fold(0.0, f64::max);
    let totals = of_most_images(&lenet);
    let exact = totals.iter().find(|it| is_total(it) && it.configuration == technique::EXACT);
    let accuracy = exact.and_then(|it| it.accuracy.0.as_ref()).map(|it| it.accuracy_percent);
    let of_points = points.first().map(|it| it.exact_accuracy_percent);
    let claim =
        |row: &&&LenetRow| CLAIMS.iter().find(|it| Some(it.0) == row.paper_multiplications_average);
    let limits = exact.map(|it| {
        [it.windows_per_inference, it.outputs_per_inference]
            .map(|left| 100.0 * (1.0 - left as f64 / it.multiplications_average))
    });
    let picture = Picture {
        network,
        exact: accuracy.or(of_points).unwrap_or(best),
        claim: lenet.iter().find_map(|it| claim(&it)).map(|it| it.1),
        limits,
        series,
    };
    let name = format!("accuracy_{network}");
    Some(Figure::draw(name, SIZE, |canvas| picture.paint(canvas)))
}

struct Picture<'a> {
    network: &'a str,
    exact: f64,
    /// Reduction at no loss of accuracy, as the paper's abstract has it for its network.
    claim: Option<f64>,
    /// Reductions with one product left per window, and with one per output.
    limits: Option<[f64; 2]>,
    series: Vec<Series>,
}

/// Multiplications in the rows of the paper's table that its claims of no loss are about, and the
/// reductions that it claims.
const CLAIMS: [(f64, f64); 2] = [(31_369.03, 88.42), (68_035.93, 74.87)];

impl Picture<'_> {
    fn paint(&self, canvas: &Canvas<'_>) -> Drawing<()> {
        let title = format!("{} – accuracy against multiplications saved", self.network);
        canvas.left((24, 18), &title, Font::TITLE)?;
        let (overview, zoom) = (self.overview(), self.zoom());
        let place = |top, height| Place { left: 16, top, width: ASIDE - 60, height };
        self.panel(canvas, place(64, 560), "Overview", (0.0..100.0, overview.clone()), false)?;
        let heading = "Close to the exact network (labels: τ, or the name of an operating point)";
        self.panel(canvas, place(646, 640), heading, (self.zoom_columns(&zoom), zoom), true)?;

        let y = self.legend().draw(canvas, (ASIDE, 72), SIZE.0 as i32 - ASIDE - 16)?;
        self.notes(canvas, y + 12, &overview)
    }

    /// Accuracies of the overview: a tenth of the scale, wherever the exact network stands.
    fn overview(&self) -> Range<f64> {
        let low = (self.exact - 5.0).floor().clamp(0.0, 90.0);
        low..100.0
    }

    /// Accuracies of the lower panel: from a good point below the exact network to the best.
    fn zoom(&self) -> Range<f64> {
        let top = |it: &Point| it.high.unwrap_or(it.accuracy);
        let best = self.series.iter().flat_map(|it| &it.points).map(top).fold(self.exact, f64::max);
        let tenths = |accuracy: f64| (accuracy * 10.0).ceil() / 10.0;
        let low = (tenths(self.exact) - 1.3).max(0.0);
        low..(tenths(best) + 0.1).min(100.0).max(low + 0.5)
    }

    /// Reductions of the lower panel: all of this project's that it shows, and the paper's claim.
    fn zoom_columns(&self, accuracies: &Range<f64>) -> Range<f64> {
        let ours = self.series.iter().filter(|it| !matches!(it.kind, Kind::Peer | Kind::Paper));
        let shown = ours.flat_map(|it| &it.points).filter(|it| accuracies.contains(&it.accuracy));
        let first = shown.map(|it| it.reduction).fold(self.claim.unwrap_or(95.0), f64::min);
        ((first / 5.0).floor() * 5.0 - 5.0).max(0.0)..100.0
    }

    fn panel(
        &self,
        canvas: &Canvas<'_>,
        place: Place,
        heading: &str,
        (x, y): (Range<f64>, Range<f64>),
        detailed: bool,
    ) -> Drawing<()> {
        let bottom = y.start;
        let decimals = usize::from(detailed);
        canvas.left((place.left + 80, place.top), heading, Font::HEADING)?;
        let axes =
            Place { top: place.top + LINE_NAMES, height: place.height - LINE_NAMES, ..place };
        let percent = |value: &f64| format!("{value:.0}");
        let accuracy = |value: &f64| format!("{value:.decimals$}");
        let panel = Panel::new(
            canvas,
            axes,
            " ",
            Axis {
                range: x,
                title: "multiplications saved, of an exact inference's (%)",
                ticks: 11,
                format: &percent,
            },
            Axis { range: y, title: "accuracy (%)", ticks: 14, format: &accuracy },
        )?;
        self.lines(canvas, &panel)?;
        for series in &self.series {
            if let Some(stroke) = series.line {
                let path: Vec<_> =
                    series.points.iter().map(|it| (it.reduction, it.accuracy)).collect();
                panel.line(&path, stroke)?;
            }
        }
        for series in &self.series {
            let Some(marker) = series.marker else { continue };
            for point in &series.points {
                if let (Some(low), Some(high)) = (point.low, point.high) {
                    panel.error_bar(point.reduction, low, high, marker.colour)?;
                }
                panel.marker(point.reduction, point.accuracy, marker)?;
                if !detailed && point.accuracy < bottom {
                    panel.marker(point.reduction, bottom, below(marker))?;
                }
            }
        }
        self.labels(canvas, &panel, |series| detailed || series.kind == Kind::Peer)
    }

    /// The paper's claim, the limits of the rules and the exact network.
    fn lines(&self, canvas: &Canvas<'_>, panel: &Panel<'_, '_>) -> Drawing<()> {
        panel.horizontal(self.exact, EXACT_LINE)?;
        let claim = self.claim.map(|it| (it, format!("paper: {it} %"), HEADLINE, HPos::Right));
        let limits = self.limits.into_iter().flatten().zip([HPos::Right, HPos::Left]);
        let limits = limits.map(|(it, side)| (it, format!("{it:.1} %"), LIMIT, side));
        for (x, name, stroke, side) in claim.into_iter().chain(limits) {
            panel.vertical(x, stroke)?;
            let (column, _) = panel.at(x, 0.0);
            let at = (column, panel.rows().start - 12);
            canvas.text(at, &name, Font::SMALL.coloured(stroke.colour), side, VPos::Center)?;
        }
        Ok(())
    }

    fn labels(
        &self,
        canvas: &Canvas<'_>,
        panel: &Panel<'_, '_>,
        wanted: impl Fn(&Series) -> bool,
    ) -> Drawing<()> {
        let (columns, rows) = (panel.columns(), panel.rows());
        let mut labels =
            Labels::new([columns.start + 2, rows.start + 2, columns.end - 2, rows.end - 2]);
        let shown = |it: &&Point| panel.contains(it.reduction, it.accuracy);
        for point in self.series.iter().flat_map(|it| &it.points).filter(shown) {
            let at = panel.at(point.reduction, point.accuracy);
            labels.keep_off(at, 8);
            if let (Some(low), Some(high)) = (point.low, point.high) {
                labels.keep_off_line(panel.at(point.reduction, high), panel.at(0.0, low).1);
            }
        }
        for x in self.limits.into_iter().flatten().chain(self.claim) {
            let (column, _) = panel.at(x, 0.0);
            labels.keep_off_line((column, rows.start), rows.end);
        }
        for series in self.series.iter().rev().filter(|it| it.labelled && wanted(it)) {
            let colour = series.marker.map_or(INK, |it| it.colour);
            let font = Font { pixels: 14.0, ..Font::SMALL }.coloured(colour);
            for point in series.points.iter().filter(shown) {
                let at = panel.at(point.reduction, point.accuracy);
                labels.write(canvas, at, &point.label, font)?;
            }
        }
        Ok(())
    }

    fn legend(&self) -> Legend {
        let mut legend = Legend::default();
        for (heading, kinds) in [
            ("This project", &[Kind::Ours][..]),
            ("Operating points", &[Kind::OperatingPoint, Kind::Pareto]),
            ("Peers", &[Kind::Peer]),
            ("The paper", &[Kind::Paper]),
        ] {
            let entries: Vec<_> =
                self.series.iter().filter(|it| kinds.contains(&it.kind)).collect();
            if entries.is_empty() {
                continue;
            }
            legend.heading(heading);
            for it in entries {
                let key = Key { line: it.line, marker: it.marker, fill: None };
                legend.entry(key, it.name.clone());
            }
            if let Some(claim) = self.claim.filter(|_| kinds == [Kind::Paper]) {
                let key = Key { line: Some(HEADLINE), ..Key::default() };
                legend.entry(key, format!("its claim: {claim} % saved at no loss"));
            }
        }
        legend.heading("Lines");
        if let Some([window, running]) = self.limits {
            let key = Key { line: Some(LIMIT), ..Key::default() };
            legend.entry(key, format!("limits: {window:.1} % with one product left per window, {running:.1} % with one per output"));
        }
        let key = Key { line: Some(EXACT_LINE), ..Key::default() };
        legend.entry(key, format!("the exact network: {:.2} %", self.exact));
        legend
    }

    /// What the bars are, and what lies below the overview.
    fn notes(&self, canvas: &Canvas<'_>, top: i32, overview: &Range<f64>) -> Drawing<()> {
        let width = SIZE.0 as i32 - ASIDE - 16;
        let mut y = top;
        if self.series.iter().flat_map(|it| &it.points).any(|it| it.low.is_some()) {
            y = canvas.paragraph((ASIDE, y), width, "Bars are 95 % intervals.", Font::NOTE)? + 6;
        }
        let drawn = self.series.iter().filter(|it| it.kind != Kind::Pareto);
        let count = |series: &Series| {
            let below = series.points.iter().filter(|it| it.accuracy < overview.start).count();
            (below > 0).then(|| format!("{}: {below} of {}", series.name, series.points.len()))
        };
        let below: Vec<String> = drawn.filter_map(count).collect();
        if below.is_empty() {
            return Ok(());
        }
        let text = format!("Points below {:.0} %, small ▾ at the edge:", overview.start)
            .replace('▾', "triangles");
        y = canvas.paragraph((ASIDE, y), width, &text, Font::NOTE)?;
        for line in &below {
            y = canvas.paragraph((ASIDE + 10, y), width - 10, line, Font::NOTE)?;
        }
        Ok(())
    }
}

/// At the lower edge, for a point that lies below it.
const fn below(marker: Marker) -> Marker {
    Marker { shape: Shape::Down, radius: 4, filled: true, ..marker }
}

/// One setting of one technique.
#[derive(Debug, Clone)]
struct Point {
    pub reduction: f64,
    pub accuracy: f64,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub label: String,
}

impl Point {
    fn new(reduction: f64, accuracy: &Accuracy, label: String) -> Self {
        let Accuracy { accuracy_percent, accuracy_low_percent: low, accuracy_high_percent: high } =
            *accuracy;
        Self { reduction, accuracy: accuracy_percent, low: Some(low), high: Some(high), label }
    }
}

/// What a series is, which says under which heading it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ours,
    OperatingPoint,
    Pareto,
    Peer,
    Paper,
}

/// Points that look alike.
#[derive(Debug, Clone)]
struct Series {
    pub kind: Kind,
    pub name: String,
    pub marker: Option<Marker>,
    pub line: Option<Stroke>,
    pub labelled: bool,
    pub points: Vec<Point>,
}

const fn marker(shape: Shape, colour: RGBColor, filled: bool) -> Marker {
    Marker { shape, colour, filled, radius: 6 }
}

/// This project's rule over its tolerances: a series a scope and number of fraction bits.
fn rules(rows: &[&LenetRow]) -> Vec<Series> {
    let mut totals = of_most_images(rows);
    totals.retain(|it| is_total(it) && it.tolerance.tau.is_some());
    let key = |it: &&LenetRow| (it.tolerance.smax_scope == "running", it.log_frac);
    let group = |(running, log_frac): (bool, u32)| {
        let of_group = totals.iter().filter(|it| key(it) == (running, log_frac));
        let mut points: Vec<Point> = of_group.filter_map(|it| point(it)).collect();
        points.sort_by(|a, b| a.reduction.total_cmp(&b.reduction));
        let rule = if running { technique::RUNNING_RULE } else { technique::PAPER_RULE };
        let (shape, colour) = look(rule);
        // Fraction bits look as in the figure of errors.
        let finer = Some(log_frac) != totals.iter().map(|it| it.log_frac).min();
        let scope = if running { "running" } else { "window" };
        Series {
            kind: Kind::Ours,
            name: format!("{scope} rule, F = {log_frac}"),
            marker: Some(marker(shape, colour, !finer)),
            line: Some(Stroke { colour, width: 2, dashed: finer }),
            labelled: true,
            points,
        }
    };
    distinct(totals.iter().map(key)).into_iter().map(group).collect()
}

fn point(row: &LenetRow) -> Option<Point> {
    let configuration = || row.configuration.clone();
    let label = row.tolerance.tau.map_or_else(configuration, |tau| tau.0.to_string());
    Some(Point::new(row.reduction_vs_exact_percent, row.accuracy.0.as_ref()?, label))
}

/// What the paper's table says, once a tolerance.
fn paper(rows: &[&LenetRow]) -> Option<Series> {
    let totals = || rows.iter().filter(|it| is_total(it));
    let exact = totals().find(|it| it.configuration == technique::EXACT);
    let exact = exact?.paper_multiplications_average?;
    let mut points: Vec<Point> = Vec::new();
    for row in totals() {
        let (Some(tau), Some(multiplications), Some(accuracy)) =
            (row.tolerance.tau, row.paper_multiplications_average, row.paper_accuracy_percent)
        else {
            continue;
        };
        let label = format!("{}", tau.0);
        if points.iter().all(|it| it.label != label) {
            let reduction = 100.0 * (1.0 - multiplications / exact);
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
fn operating_points(network: &str, rows: &[&PointRow]) -> Vec<Series> {
    let point = |row: &&PointRow| {
        let label = short(&row.point, network).to_owned();
        Point::new(row.reduction_vs_exact_percent, &row.accuracy, label)
    };
    let mut front: Vec<Point> = rows.iter().filter(|it| it.pareto).map(point).collect();
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
    let techniques = techniques.into_iter().filter(|technique| *technique != technique::PAPER_RULE);
    for technique in techniques {
        let (shape, colour) = look(technique);
        all.push(Series {
            kind: Kind::OperatingPoint,
            // Spaces, so that the legend can break the line.
            name: technique.replace('+', " + "),
            marker: Some(Marker { radius: 7, ..marker(shape, colour, true) }),
            line: None,
            labelled: true,
            points: rows.iter().filter(|it| it.technique == technique).map(point).collect(),
        });
    }
    all
}

/// A point's name without that of its network, which the title has.
fn short<'a>(point: &'a str, network: &str) -> &'a str {
    let after = point.strip_prefix(network).unwrap_or(point).trim_start_matches('_');
    if after.is_empty() { point } else { after }
}

/// What a reader must know of a technique that multiplies otherwise.
fn peer_name(technique: &str) -> String {
    let note = match technique {
        technique::MITCHELL => " (adders, no multiplier)",
        technique::TRUNCATE_LEADING | technique::TRUNCATE_LOW => " (narrow multiplier)",
        _ => "",
    };
    format!("{technique}{note}")
}

/// What others do, a series a technique.
fn peers_of(rows: &[&PeerRow]) -> Vec<Series> {
    let images = rows.iter().map(|it| it.images).max();
    let peers = || rows.iter().filter(|it| it.technique != technique::EXACT);
    let series = |technique: &str| {
        let of = peers().filter(|it| it.technique == technique && Some(it.images) == images);
        let point = |row: &&PeerRow| {
            let Accuracy { accuracy_percent, .. } = row.accuracy;
            let (reduction, label) = (row.reduction_vs_exact_percent, row.technique.clone());
            Point { reduction, accuracy: accuracy_percent, low: None, high: None, label }
        };
        let (shape, colour) = look(technique);
        Series {
            kind: Kind::Peer,
            name: peer_name(technique),
            marker: Some(marker(shape, colour, false)),
            line: None,
            // The others have a setting per point, and crowd.
            labelled: technique == technique::ZERO_SKIP,
            points: of.map(point).collect(),
        }
    };
    let techniques = distinct(peers().map(|it| it.technique.as_str()));
    techniques.into_iter().map(series).collect()
}
