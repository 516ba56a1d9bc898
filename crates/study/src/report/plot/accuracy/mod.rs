//! Accuracy against multiplications saved: an overview, and the percent below the exact network.

mod rows;
mod series;

use std::ops::Range;

use plotters::style::text_anchor::{HPos, VPos};

pub(super) use rows::{OperatingPointRow, PeerRow};

use self::series::{Kind, Point, RUNNING_LIMIT, Series, WINDOW_LIMIT, exact_accuracy, headline};
use super::canvas::{Canvas, Font, GREY, INK, Marker, Shape, Stroke};
use super::error::PlotError;
use super::figure::{Drawing, Figure};
use super::labels::Labels;
use super::legend::{Key, Legend};
use super::lenet;
use super::network;
use super::panel::{Axis, Panel, Place};
use model::nn::Activation;

const SIZE: (u32, u32) = (1700, 1300);

/// Where the legend starts.
const ASIDE: i32 = 1310;

/// Below the headline of a panel, for the names of the vertical lines.
const LINE_NAMES: i32 = 20;

const HEADLINE: Stroke = Stroke { colour: INK, width: 2, dashed: false };
const LIMIT: Stroke = Stroke { colour: GREY, width: 2, dashed: true };
const EXACT: Stroke = Stroke { colour: GREY, width: 1, dashed: true };

/// The figure of one network; none where no table has anything about it.
pub(super) fn draw(
    activation: Activation,
    lenet: &[lenet::Row],
    peers: &[PeerRow],
    points: &[OperatingPointRow],
) -> Option<Result<Figure, PlotError>> {
    let series = series::series(activation, lenet, peers, points);
    if series.is_empty() {
        return None;
    }
    let all = || series.iter().flat_map(|it| &it.points);
    let best = all().map(|it| it.accuracy).fold(0.0, f64::max);
    let exact = exact_accuracy(activation, lenet, points).unwrap_or(best);
    let picture = Picture { activation, exact, series };
    let name = format!("accuracy_{}", activation.name());
    Some(Figure::draw(name, SIZE, |canvas| picture.paint(canvas)))
}

struct Picture {
    activation: Activation,
    exact: f64,
    series: Vec<Series>,
}

impl Picture {
    fn paint(&self, canvas: &Canvas<'_>) -> Drawing<()> {
        let title =
            format!("{} – accuracy against multiplications saved", network(self.activation));
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
        let first = shown.map(|it| it.reduction).fold(headline(self.activation), f64::min);
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
        if detailed { self.labels(canvas, &panel) } else { Ok(()) }
    }

    /// The paper's claim, the limits of the rules and the exact network.
    fn lines(&self, canvas: &Canvas<'_>, panel: &Panel<'_, '_>) -> Drawing<()> {
        panel.horizontal(self.exact, EXACT)?;
        let claim = headline(self.activation);
        for (x, name, stroke, side) in [
            (claim, format!("paper: {claim} %"), HEADLINE, HPos::Right),
            (WINDOW_LIMIT, format!("{WINDOW_LIMIT:.1} %"), LIMIT, HPos::Right),
            (RUNNING_LIMIT, format!("{RUNNING_LIMIT:.1} %"), LIMIT, HPos::Left),
        ] {
            panel.vertical(x, stroke)?;
            let (column, _) = panel.at(x, 0.0);
            let at = (column, panel.rows().start - 12);
            canvas.text(at, &name, Font::SMALL.coloured(stroke.colour), side, VPos::Center)?;
        }
        Ok(())
    }

    fn labels(&self, canvas: &Canvas<'_>, panel: &Panel<'_, '_>) -> Drawing<()> {
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
        for x in [headline(self.activation), WINDOW_LIMIT, RUNNING_LIMIT] {
            let (column, _) = panel.at(x, 0.0);
            labels.keep_off_line((column, rows.start), rows.end);
        }
        for series in self.series.iter().rev().filter(|it| it.labelled) {
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
            let paper = kinds == [Kind::Paper];
            if entries.is_empty() && !paper {
                continue;
            }
            legend.heading(heading);
            for it in entries {
                let key = Key { line: it.line, marker: it.marker, fill: None };
                legend.entry(key, it.name.clone());
            }
            if paper {
                let claim = headline(self.activation);
                let key = Key { line: Some(HEADLINE), ..Key::default() };
                legend.entry(key, format!("its claim: {claim} % saved at no loss"));
            }
        }
        legend.heading("Lines");
        let key = Key { line: Some(LIMIT), ..Key::default() };
        legend.entry(key, format!("limits: {WINDOW_LIMIT:.1} % with one product left a window, {RUNNING_LIMIT:.1} % with one an output"));
        let key = Key { line: Some(EXACT), ..Key::default() };
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
