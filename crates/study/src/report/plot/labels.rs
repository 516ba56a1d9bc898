//! Labels of data points that stay clear of the points and of each other.

use super::canvas::{Canvas, Font, Pixel};
use super::figure::Drawing;

/// A box in pixels: left, top, right, bottom.
type Box4 = [i32; 4];

/// Where labels may not go.
#[derive(Debug)]
pub(super) struct Labels {
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

    /// Writes `text` beside the point, at the first side that is free; where none is, not at all:
    /// the tables have the number, and an unreadable label helps nobody.
    pub fn write(
        &mut self,
        canvas: &Canvas<'_>,
        (x, y): Pixel,
        text: &str,
        font: Font,
    ) -> Drawing<()> {
        let (width, height) = (canvas.width(text, font)?, font.pixels as i32);
        for distance in [9, 16, 26] {
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
