//! What the markers, lines and colours of a figure mean.

use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Canvas, Font, Marker, Pixel, Stroke};
use super::figure::Drawing;

/// What stands before a text of a legend; any of them together.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Key {
    pub line: Option<Stroke>,
    pub marker: Option<Marker>,
    pub fill: Option<RGBColor>,
}

/// A list of keys and texts, in groups under headings.
#[derive(Debug, Default)]
pub(super) struct Legend {
    entries: Vec<(Option<Key>, String)>,
}

impl Legend {
    pub fn heading(&mut self, text: &str) {
        self.entries.push((None, text.to_owned()));
    }

    pub fn entry(&mut self, key: Key, text: impl Into<String>) {
        self.entries.push((Some(key), text.into()));
    }

    /// Draws the list in a column of `width`; gives the y below it.
    pub fn draw(&self, canvas: &Canvas<'_>, (x, top): Pixel, width: i32) -> Drawing<i32> {
        const KEY: i32 = 44;
        let mut y = top;
        for (key, text) in &self.entries {
            let Some(key) = key else {
                y += if y == top { 0 } else { 12 };
                canvas.left((x, y), text, Font::HEADING)?;
                y += 30;
                continue;
            };
            let middle = y + 8;
            if let Some(fill) = key.fill {
                canvas.rectangle((x + 6, y), (x + 30, y + 16), fill)?;
            }
            if let Some(stroke) = key.line {
                canvas.line(&[(x, middle), (x + 36, middle)], stroke)?;
            }
            if let Some(marker) = key.marker {
                canvas.marker((x + 18, middle), marker)?;
            }
            y = canvas.paragraph((x + KEY, y), width - KEY, text, Font::SMALL)? + 5;
        }
        Ok(y)
    }

    /// Draws the list in one line, to the left from `right`.
    pub fn draw_line(&self, canvas: &Canvas<'_>, (right, y): Pixel) -> Drawing<()> {
        let mut x = right;
        for (key, text) in self.entries.iter().rev() {
            canvas.text((x, y), text, Font::BODY, HPos::Right, VPos::Center)?;
            x -= canvas.width(text, Font::BODY)? + 46;
            let key = key.unwrap_or_default();
            if let Some(fill) = key.fill {
                canvas.rectangle((x + 8, y - 9), (x + 32, y + 9), fill)?;
            }
            if let Some(stroke) = key.line {
                canvas.line(&[(x, y), (x + 36, y)], stroke)?;
            }
            if let Some(marker) = key.marker {
                canvas.marker((x + 18, y), marker)?;
            }
            x -= 26;
        }
        Ok(())
    }
}
