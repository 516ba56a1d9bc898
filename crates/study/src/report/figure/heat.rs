// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tables whose cells are coloured by what they hold.

use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{FontTransform, RGBColor};

use super::{Canvas, Drawing, FAINT, Font, GREY, INK, Pixel, palette};

/// A cell: its text, and how strong its colour is, 0 to 1; none for a pale cell beside the scale.
pub(crate) type Cell = (String, Option<f64>);

/// A table of coloured cells.
pub(crate) struct Heat<'a> {
    pub heading: String,
    /// What the columns and the rows are.
    pub titles: [&'a str; 2],
    pub columns: Vec<String>,
    pub rows: Vec<String>,
    /// Width and height of a cell in pixels.
    pub cell: Pixel,
    /// What a row and a column hold.
    pub cells: &'a dyn Fn(usize, usize) -> Cell,
}

/// Above the cells, for the heading and the names of the columns.
const TOP: i32 = 96;

impl Heat<'_> {
    pub fn height(&self) -> i32 {
        TOP + self.cell.1 * self.rows.len() as i32
    }

    /// Draws the cells right of `left`, with the names of the rows left of it.
    pub fn draw(&self, canvas: &Canvas<'_>, (left, top): Pixel) -> Drawing<()> {
        let (across, down) = self.cell;
        let (x0, y0) = (left, top + TOP);
        let far = (x0 + across * self.columns.len() as i32, y0 + down * self.rows.len() as i32);
        canvas.left((x0, top), &self.heading, Font::HEADING)?;
        let [columns, rows] = self.titles;
        canvas.centred((i32::midpoint(x0, far.0), y0 - 46), columns, Font::BODY)?;
        let upright = Font::BODY.style(HPos::Center, VPos::Center);
        let upright = upright.transform(FontTransform::Rotate270);
        let mut longest = 0;
        for name in &self.rows {
            longest = longest.max(canvas.width(name, Font::SMALL)?);
        }
        let beside = (x0 - longest - 30, i32::midpoint(y0, far.1));
        canvas.root().draw_text(rows, &upright, beside)?;
        for (x, name) in (0..).map(|it| x0 + it * across + across / 2).zip(&self.columns) {
            canvas.centred((x, y0 - 18), name, Font::SMALL)?;
        }
        for (row, name) in self.rows.iter().enumerate() {
            let y = y0 + row as i32 * down;
            canvas.text((x0 - 10, y + down / 2), name, Font::SMALL, HPos::Right, VPos::Center)?;
            for column in 0..self.columns.len() {
                let x = x0 + column as i32 * across;
                let (text, strength) = (self.cells)(row, column);
                let fill = strength.map_or(RGBColor(246, 246, 246), tint);
                let colour = match strength {
                    None => GREY,
                    Some(strength) if strength > 0.75 => RGBColor(255, 255, 255),
                    Some(_) => INK,
                };
                canvas.rectangle((x, y), (x + across, y + down), fill)?;
                canvas.frame((x, y), (x + across, y + down), FAINT)?;
                let middle = (x + across / 2, y + down / 2);
                canvas.centred(middle, &text, Font::SMALL.coloured(colour))?;
            }
        }
        canvas.frame((x0, y0), far, INK)
    }

    /// Draws the scale of the colours, to the left from `right`, between two texts.
    pub fn scale(canvas: &Canvas<'_>, (right, y): Pixel, ends: [&str; 2]) -> Drawing<()> {
        const STEPS: i32 = 32;
        canvas.text((right, y), ends[1], Font::BODY, HPos::Right, VPos::Center)?;
        let left = right - canvas.width(ends[1], Font::BODY)? - 12 - 6 * STEPS;
        for step in 0..STEPS {
            let x = left + 6 * step;
            let fill = tint(f64::from(step) / f64::from(STEPS - 1));
            canvas.rectangle((x, y - 9), (x + 6, y + 9), fill)?;
        }
        canvas.frame((left, y - 9), (left + 6 * STEPS, y + 9), FAINT)?;
        canvas.text((left - 12, y), ends[0], Font::BODY, HPos::Right, VPos::Center)
    }
}

/// From white to the palette's vermillion.
fn tint(strength: f64) -> RGBColor {
    let full = palette::VERMILLION;
    let mix = |channel: u8| (255.0 + (f64::from(channel) - 255.0) * strength).round() as u8;
    RGBColor(mix(full.0), mix(full.1), mix(full.2))
}
