// SPDX-License-Identifier: MIT OR Apache-2.0
//! Axes with data on them, and labels of data points.

use std::ops::Range;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::{Canvas, Drawing, FAINT, Font, INK, Marker, Pixel, Stroke};

/// How numbers on an axis are written.
pub(crate) type Format<'a> = &'a dyn Fn(&f64) -> String;

/// One axis.
pub(crate) struct Axis<'a> {
    pub range: Range<f64>,
    /// What it shows, with its unit; empty for none.
    pub title: &'a str,
    /// Numbers to write at most; 0 for an axis whose positions are named otherwise.
    pub ticks: usize,
    pub format: Format<'a>,
}

/// An area of a figure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub left: i32,
    pub top: i32,
    pub width: i32,
    pub height: i32,
}

/// A pair of axes in an area.
pub(crate) struct Panel<'c, 'a> {
    canvas: &'c Canvas<'a>,
    x: Range<f64>,
    y: Range<f64>,
    columns: Range<i32>,
    rows: Range<i32>,
}

impl<'c, 'a> Panel<'c, 'a> {
    /// Draws the axes. The whole of them, with numbers and titles, is inside of `place`.
    pub fn new(
        canvas: &'c Canvas<'a>,
        place: Place,
        heading: &str,
        x: Axis<'_>,
        y: Axis<'_>,
    ) -> Drawing<Self> {
        let size = (place.width as u32, place.height as u32);
        let area = canvas.root().clone().shrink((place.left, place.top), size);
        let title_space = |axis: &Axis<'_>| if axis.title.is_empty() { 0 } else { 28 };
        let top = if heading.is_empty() { 12 } else { 34 };
        let mut chart = ChartBuilder::on(&area)
            .margin_top(top)
            .margin_right(16)
            .margin_bottom(10)
            .x_label_area_size(30 + title_space(&x))
            .y_label_area_size(52 + title_space(&y))
            .build_cartesian_2d(x.range.clone(), y.range.clone())?;
        let labels = Font::SMALL.style(HPos::Center, VPos::Center);
        let mut mesh = chart.configure_mesh();
        mesh.light_line_style(TRANSPARENT)
            .bold_line_style(FAINT)
            .axis_style(INK)
            .label_style(labels)
            .axis_desc_style(Font::BODY.style(HPos::Center, VPos::Center))
            .x_desc(x.title)
            .y_desc(y.title)
            .x_labels(x.ticks)
            .y_labels(y.ticks)
            .x_label_formatter(&x.format)
            .y_label_formatter(&y.format);
        if x.ticks == 0 {
            mesh.disable_x_mesh();
        }
        mesh.draw()?;
        let (columns, rows) = chart.plotting_area().get_pixel_range();
        let panel = Self { canvas, x: x.range, y: y.range, columns, rows };
        panel.canvas.left((panel.columns.start, place.top + 4), heading, Font::HEADING)?;
        Ok(panel)
    }

    pub fn columns(&self) -> Range<i32> {
        self.columns.clone()
    }

    pub fn rows(&self) -> Range<i32> {
        self.rows.clone()
    }

    /// Where a point is, also outside of the axes.
    pub fn at(&self, x: f64, y: f64) -> Pixel {
        let share =
            |value: f64, range: &Range<f64>| (value - range.start) / (range.end - range.start);
        let along = |share: f64, pixels: &Range<i32>| {
            (share * f64::from(pixels.end - 1 - pixels.start)).round() as i32
        };
        (
            self.columns.start + along(share(x, &self.x), &self.columns),
            self.rows.end - 1 - along(share(y, &self.y), &self.rows),
        )
    }

    /// Whether a point is within the axes, their ends included.
    pub fn contains(&self, x: f64, y: f64) -> bool {
        (self.x.start..=self.x.end).contains(&x) && (self.y.start..=self.y.end).contains(&y)
    }

    /// Lines from point to point, as far as they are within the axes.
    pub fn line(&self, points: &[(f64, f64)], stroke: Stroke) -> Drawing<()> {
        for pair in points.windows(2) {
            if let Some([from, to]) = self.clip(pair[0], pair[1]) {
                self.canvas.line(&[self.at(from.0, from.1), self.at(to.0, to.1)], stroke)?;
            }
        }
        Ok(())
    }

    pub fn marker(&self, x: f64, y: f64, marker: Marker) -> Drawing<()> {
        if self.contains(x, y) { self.canvas.marker(self.at(x, y), marker) } else { Ok(()) }
    }

    /// A bar from `low` to `high` at `x`, with short ends where it is not cut by the axes.
    pub fn error_bar(&self, x: f64, low: f64, high: f64, colour: RGBColor) -> Drawing<()> {
        let stroke = Stroke { colour, width: 1, dashed: false };
        self.line(&[(x, low), (x, high)], stroke)?;
        for end in [low, high] {
            if self.contains(x, end) {
                let (column, row) = self.at(x, end);
                self.canvas.line(&[(column - 4, row), (column + 4, row)], stroke)?;
            }
        }
        Ok(())
    }

    /// A line over the whole height.
    pub fn vertical(&self, x: f64, stroke: Stroke) -> Drawing<()> {
        self.line(&[(x, self.y.start), (x, self.y.end)], stroke)
    }

    /// A line over the whole width.
    pub fn horizontal(&self, y: f64, stroke: Stroke) -> Drawing<()> {
        self.line(&[(self.x.start, y), (self.x.end, y)], stroke)
    }

    /// A filled box, cut at the axes.
    pub fn bar(&self, x: Range<f64>, y: Range<f64>, fill: RGBColor) -> Drawing<()> {
        let inside = |range: &Range<f64>, axis: &Range<f64>| {
            range.start.clamp(axis.start, axis.end)..range.end.clamp(axis.start, axis.end)
        };
        let (x, y) = (inside(&x, &self.x), inside(&y, &self.y));
        if x.start == x.end || y.start == y.end {
            return Ok(());
        }
        self.canvas.rectangle(self.at(x.start, y.end), self.at(x.end, y.start), fill)
    }

    /// The part of a straight line within the axes, if any.
    fn clip(&self, from: (f64, f64), to: (f64, f64)) -> Option<[(f64, f64); 2]> {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
        // Each edge as "the line is inside where `start + t · slope` is not negative".
        for (start, slope) in [
            (from.0 - self.x.start, dx),
            (self.x.end - from.0, -dx),
            (from.1 - self.y.start, dy),
            (self.y.end - from.1, -dy),
        ] {
            if slope > 0.0 {
                enter = enter.max(-start / slope);
            } else if slope < 0.0 {
                leave = leave.min(-start / slope);
            } else if start < 0.0 {
                return None;
            }
        }
        let point = |t: f64| (from.0 + t * dx, from.1 + t * dy);
        (enter <= leave).then(|| [point(enter), point(leave)])
    }
}

/// A box in pixels: left, top, right, bottom.
type Box4 = [i32; 4];

/// Where labels may not go.
#[derive(Debug)]
pub(crate) struct Labels {
    within: Box4,
    taken: Vec<Box4>,
}

impl Labels {
    /// No label leaves `within`: left, top, right, bottom.
    pub const fn new(within: Box4) -> Self {
        Self { within, taken: Vec::new() }
    }

    /// Keeps labels off a marker.
    pub fn keep_off(&mut self, (x, y): Pixel, radius: i32) {
        self.taken.push([x - radius, y - radius, x + radius, y + radius]);
    }

    /// Keeps labels off an upright line.
    pub fn keep_off_line(&mut self, (x, top): Pixel, bottom: i32) {
        self.taken.push([x - 2, top, x + 2, bottom]);
    }

    /// Writes `text` beside the point, at the first side that is free, with a line to it where that is
    /// far; where none is, not at all: the tables have the number, and an unreadable label helps nobody.
    pub fn write(
        &mut self,
        canvas: &Canvas<'_>,
        (x, y): Pixel,
        text: &str,
        font: Font,
    ) -> Drawing<()> {
        let (width, height) = (canvas.width(text, font)?, font.pixels as i32);
        for distance in [9, 16, 26, 44, 62, 80] {
            let (beside, above) = (distance, height + distance);
            for (left, top) in [
                (x + beside, y - above + height / 3),
                (x - width / 2, y - above),
                (x - width - beside, y + distance - height / 3),
                (x - width / 2, y + distance),
                (x + beside, y + distance - height / 3),
                (x - width - beside, y - above + height / 3),
                (x + beside, y - height / 2),
                (x - width - beside, y - height / 2),
            ] {
                let place = [left - 2, top, left + width + 2, top + height];
                if self.is_free(place) {
                    self.taken.push(place);
                    if distance > 26 {
                        let near = (x.clamp(left, left + width), y.clamp(top, top + height));
                        let stroke = Stroke { colour: font.colour, width: 1, dashed: false };
                        canvas.line(&[(x, y), near], stroke)?;
                    }
                    return canvas.left((left, top), text, font);
                }
            }
        }
        Ok(())
    }

    fn is_free(&self, place: Box4) -> bool {
        let [left, top, right, bottom] = place;
        let [first, highest, last, lowest] = self.within;
        let inside = left >= first && top >= highest && right <= last && bottom <= lowest;
        let meets = |it: &Box4| left < it[2] && it[0] < right && top < it[3] && it[1] < bottom;
        inside && !self.taken.iter().any(meets)
    }
}
