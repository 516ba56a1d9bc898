// SPDX-License-Identifier: MIT OR Apache-2.0
//! A chart of horizontal bars: names of any length stand left of their bars, numbers right of them.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::{
    Axis, Canvas, Drawing, Figure, Font, INK, Key, Legend, Marker, Panel, Place, PlotError, Shape,
    Stroke, decimals, palette, thousands,
};

const WIDTH: i32 = 1700;

/// Above the axes, for the title and the legend.
const TOP: i32 = 104;

/// Below the axes, for the note.
const BOTTOM: i32 = 44;

/// Thickness of a bar, and what lies between two groups of them.
const BAR: f64 = 20.0;
const GAP: f64 = 12.0;
const HEADING: f64 = 44.0;

/// What a mark beside a bar looks like: another source's number for the same.
const MARK: Marker =
    Marker { shape: Shape::Diamond, colour: palette::BLACK, filled: false, radius: 8 };

/// One bar.
#[derive(Debug, Clone)]
pub(crate) struct Bar {
    pub value: f64,
    pub colour: RGBColor,
    /// Ends of a line over the bar.
    pub range: Option<(f64, f64)>,
    pub mark: Option<f64>,
    /// What stands beside it instead of its value.
    pub label: Option<String>,
}

impl Bar {
    pub(crate) const fn new(value: f64, colour: RGBColor) -> Self {
        Self { value, colour, range: None, mark: None, label: None }
    }

    pub(crate) fn range(self, low: f64, high: f64) -> Self {
        Self { range: Some((low, high)), ..self }
    }

    pub(crate) fn mark(self, mark: Option<f64>) -> Self {
        Self { mark, ..self }
    }

    pub(crate) fn label(self, label: String) -> Self {
        Self { label: Some(label), ..self }
    }

    /// With an exact score and an approximate one beside it.
    pub(crate) fn scores(self, exact: f64, approximate: f64) -> Self {
        let text = |score: f64| match score.fract() == 0.0 {
            true => thousands(score),
            false => format!("{score:.3}"),
        };
        let [exact, approximate] = [exact, approximate].map(text);
        self.label(format!("{exact} → {approximate}"))
    }

    /// Where it ends, or the line over it.
    fn end(&self) -> f64 {
        self.range.map_or(self.value, |(_, high)| high.max(self.value))
    }
}

/// Bars under one name, or a heading of the groups below it.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    name: String,
    /// None for a heading.
    bars: Option<Vec<Bar>>,
}

impl Group {
    pub(crate) fn heading(name: impl Into<String>) -> Self {
        Self { name: name.into(), bars: None }
    }

    pub(crate) fn new(name: impl Into<String>, bars: Vec<Bar>) -> Self {
        Self { name: name.into(), bars: Some(bars) }
    }
}

/// The chart.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bars {
    pub title: String,
    /// What is shown, with its unit.
    pub axis: String,
    /// Decimals of the values.
    pub decimals: usize,
    /// What the colours are; none where the names tell it.
    pub legend: Vec<(String, RGBColor)>,
    /// What the marks are.
    pub mark: Option<String>,
    /// The bars of a group lie end to end and not below each other.
    pub stacked: bool,
    /// A remark below the chart.
    pub note: String,
    pub groups: Vec<Group>,
}

impl Bars {
    /// Draws the chart; none without a bar.
    pub(crate) fn draw(&self, name: String) -> Option<Result<Figure, PlotError>> {
        self.groups.iter().any(|it| it.bars.is_some()).then(|| {
            // A short chart takes the room of a page.
            let rows: f64 = self.groups.iter().map(|it| self.height_of(it)).sum();
            let scale = (620.0 / rows).clamp(1.0, 1.8);
            let height = TOP + BOTTOM + (rows * scale) as i32 + 78;
            Figure::draw(name, (WIDTH as u32, height as u32), |canvas| {
                self.paint(canvas, height, rows, scale)
            })
        })
    }

    fn height_of(&self, group: &Group) -> f64 {
        match &group.bars {
            None => HEADING,
            Some(_) if self.stacked => BAR + GAP,
            Some(bars) => BAR * bars.len() as f64 + GAP,
        }
    }

    fn text_of(&self, value: f64) -> String {
        decimals(value, self.decimals)
    }

    fn paint(&self, canvas: &Canvas<'_>, height: i32, rows: f64, scale: f64) -> Drawing<()> {
        canvas.left((24, 18), &self.title, Font::TITLE)?;
        let mut legend = Legend::default();
        for (name, fill) in &self.legend {
            legend.entry(Key { fill: Some(*fill), ..Key::default() }, name.as_str());
        }
        if let Some(mark) = &self.mark {
            legend.entry(Key { marker: Some(MARK), ..Key::default() }, mark.as_str());
        }
        legend.draw_line(canvas, (WIDTH - 24, 78))?;

        let mut names = 120;
        for group in self.groups.iter().filter(|it| it.bars.is_some()) {
            names = names.max(canvas.width(&group.name, Font::SMALL)?);
        }
        let most = |bar: &Bar| bar.end().max(bar.mark.unwrap_or(0.0));
        let most = self.bars().map(most).fold(0.0, f64::max);
        let stacks = self.groups.iter().filter_map(|it| it.bars.as_ref()).filter(|_| self.stacked);
        let most = stacks.map(|it| it.iter().map(|bar| bar.value).sum()).fold(most, f64::max);
        let most = if most > 0.0 { most } else { 1.0 };
        let left = (names - 20).min(700);
        let width = f64::from(WIDTH - left - 24);
        let mut limit = most * 1.05;
        for (end, text) in self.groups.iter().flat_map(|group| self.labels(group)) {
            // The axes take some of the width, and what stands beside a bar has to end inside.
            let room = width - 100.0 - f64::from(canvas.width(&text, Font::SMALL)?);
            limit = limit.max(end * (width - 68.0) / room.max(width / 4.0));
        }
        let place = Place {
            left,
            top: TOP - 12,
            width: WIDTH - left - 24,
            height: height - TOP - BOTTOM + 12,
        };
        let places = usize::from(most < 10.0) + usize::from(most < 1.0);
        let number = |value: &f64| decimals(*value, places);
        let panel = Panel::new(
            canvas,
            place,
            "",
            Axis { range: 0.0..limit, title: &self.axis, ticks: 10, format: &number },
            Axis { range: 0.0..rows * scale, title: "", ticks: 0, format: &|_| String::new() },
        )?;
        let mut top = rows * scale;
        for group in &self.groups {
            let height = self.height_of(group) * scale;
            self.group(canvas, &panel, group, top, scale)?;
            top -= height;
        }
        canvas.left((24, height - 34), &self.note, Font::NOTE)
    }

    /// What stands beside the bars of a group, and where they end.
    fn labels(&self, group: &Group) -> Vec<(f64, String)> {
        let bars = group.bars.as_deref().unwrap_or_default();
        let label = |bar: &Bar, value| bar.label.clone().unwrap_or_else(|| self.text_of(value));
        match bars.last() {
            Some(last) if self.stacked => {
                let sum = bars.iter().map(|bar| bar.value).sum();
                vec![(sum, label(last, sum))]
            }
            _ => bars.iter().map(|bar| (bar.end(), label(bar, bar.value))).collect(),
        }
    }

    fn bars(&self) -> impl Iterator<Item = &Bar> {
        self.groups.iter().filter_map(|it| it.bars.as_ref()).flatten()
    }

    /// One group, whose upper end is `top`.
    fn group(
        &self,
        canvas: &Canvas<'_>,
        panel: &Panel<'_, '_>,
        group: &Group,
        top: f64,
        scale: f64,
    ) -> Drawing<()> {
        let Some(bars) = &group.bars else {
            let (column, row) = panel.at(0.0, top - HEADING * scale + 14.0);
            return canvas.text(
                (column + 6, row),
                &group.name,
                Font::HEADING,
                HPos::Left,
                VPos::Center,
            );
        };
        let height = self.height_of(group) * scale;
        let (column, row) = panel.at(0.0, top - height / 2.0);
        canvas.text((column - 10, row), &group.name, Font::SMALL, HPos::Right, VPos::Center)?;
        let (mut high, mut start) = (top - GAP / 2.0 * scale, 0.0);
        for (line, (end, text)) in self.labels(group).into_iter().enumerate() {
            let middle = high - (line as f64 + 0.5) * BAR * scale;
            let (mut column, row) = panel.at(end, middle);
            // Beside the bar, and beside the mark where that is in the way.
            let bar = if self.stacked { bars.last() } else { bars.get(line) };
            let mark = bar.and_then(|it| it.mark).map(|mark| panel.at(mark, middle).0);
            let width = canvas.width(&text, Font::SMALL)?;
            let in_the_way = |mark: &i32| (column - 8..column + width + 24).contains(mark);
            column = mark.filter(in_the_way).map_or(column + 8, |mark| mark + 14);
            canvas.text((column, row), &text, Font::SMALL, HPos::Left, VPos::Center)?;
        }
        for bar in bars {
            let low = high - BAR * scale;
            panel.bar(start..start + bar.value, low + 1.0..high - 1.0, bar.colour)?;
            let middle = f64::midpoint(low, high);
            if let Some((from, to)) = bar.range {
                let stroke = Stroke { colour: INK, width: 2, dashed: false };
                panel.line(&[(from, middle), (to, middle)], stroke)?;
                for end in [from, to] {
                    panel.line(&[(end, middle - 5.0), (end, middle + 5.0)], stroke)?;
                }
            }
            if let Some(mark) = bar.mark {
                panel.marker(mark, middle, MARK)?;
            }
            if self.stacked {
                start += bar.value;
            } else {
                high = low;
            }
        }
        Ok(())
    }
}
