//! Many small images on one sheet, each with a caption.

use std::io::{self, Cursor, Write};

use image::{GrayImage, ImageFormat};

use super::pixels::{BACKGROUND, CHARACTER, paint, write};
use crate::data::{PIXELS, SIDE};

/// Screen pixels of one pixel.
const ZOOM: u32 = 4;

/// Lines of a caption.
const LINES: usize = 3;

/// From one image to the next.
const STEP: (u32, u32) = (176, 160);

const MARGIN: u32 = 16;

/// Images of 28 × 28 pixels with captions, in the order in which they were added.
#[derive(Debug, Clone, Default)]
pub struct ContactSheet {
    entries: Vec<([i32; PIXELS], Vec<String>)>,
}

impl ContactSheet {
    /// Adds an image, light on dark as in MNIST, with a caption: its first three lines, of at most
    /// 20 characters each.
    pub fn add(&mut self, pixels: &[u8; PIXELS], caption: &[String]) {
        let longest = (STEP.0 / CHARACTER - 2) as usize;
        let line = |line: &String| line.chars().take(longest).collect();
        let caption = caption.iter().take(LINES).map(line).collect();
        self.entries.push((pixels.map(i32::from), caption));
    }

    /// Writes the sheet, `columns` images in a row.
    pub fn write_png(&self, columns: u32, out: &mut dyn Write) -> io::Result<()> {
        let mut png = Cursor::new(Vec::new());
        self.draw(columns.max(1)).write_to(&mut png, ImageFormat::Png).map_err(io::Error::other)?;
        out.write_all(png.get_ref())
    }

    fn draw(&self, columns: u32) -> GrayImage {
        let count = (self.entries.len() as u32).max(1);
        let (across, down) = (count.min(columns), count.div_ceil(columns));
        let size = (MARGIN + across * STEP.0, MARGIN + down * STEP.1);
        let mut sheet = GrayImage::from_pixel(size.0, size.1, BACKGROUND);
        for (index, (pixels, caption)) in (0..).zip(&self.entries) {
            let x = MARGIN + index % columns * STEP.0;
            let y = MARGIN + index / columns * STEP.1;
            paint(&mut sheet, (x, y), ZOOM, SIDE, pixels, (0, 255));
            for (line, text) in (0..).zip(caption) {
                let top = y + SIDE as u32 * ZOOM + 4 + line * (CHARACTER + 2);
                write(&mut sheet, x, top, text);
            }
        }
        sheet
    }
}
