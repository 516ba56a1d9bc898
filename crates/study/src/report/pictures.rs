// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pictures in grey, pixel by pixel: feature maps, the maps of a network, and sheets of images.

use std::io::{self, Cursor, Write};

use font8x8::{BASIC_FONTS, GREEK_FONTS, UnicodeFonts};
use image::{GrayImage, ImageFormat, Luma};
use model::conv::Plane;
use model::nn::{Inference, Network};

use crate::data::{PIXELS, SIDE};

/// Screen pixels of one character.
const CHARACTER: u32 = 8;

const BACKGROUND: Luma<u8> = Luma([255]);
const INK: Luma<u8> = Luma([0]);

/// Paints rows of `width` words, each as a square of `zoom` pixels, from `min` in black to `max` in
/// white.
fn paint(
    picture: &mut GrayImage,
    (left, top): (u32, u32),
    zoom: u32,
    width: usize,
    words: &[i32],
    (min, max): (i64, i64),
) {
    for (i, &word) in words.iter().enumerate() {
        let level = (i64::from(word).clamp(min, max) - min) * 255 / (max - min).max(1);
        let (x, y) = (left + zoom * (i % width) as u32, top + zoom * (i / width) as u32);
        for dy in 0..zoom {
            for dx in 0..zoom {
                picture.put_pixel(x + dx, y + dy, Luma([level as u8]));
            }
        }
    }
}

/// Writes a line of text; what does not fit into the picture is cut off.
fn write(picture: &mut GrayImage, left: u32, top: u32, text: &str) {
    for (x, character) in (left..).step_by(CHARACTER as usize).zip(text.chars()) {
        let glyph = BASIC_FONTS.get(character).or_else(|| GREEK_FONTS.get(character));
        for (dy, row) in (0..).zip(glyph.unwrap_or([0xff; 8])) {
            for dx in (0..CHARACTER).filter(|dx| row >> dx & 1 == 1) {
                if let Some(pixel) = picture.get_pixel_mut_checked(x + dx, top + dy) {
                    *pixel = INK;
                }
            }
        }
    }
}

fn write_png(picture: &GrayImage, out: &mut dyn Write) -> io::Result<()> {
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, ImageFormat::Png).map_err(io::Error::other)?;
    out.write_all(png.get_ref())
}

/// The smallest and the largest word.
fn range(words: &[i32]) -> (i64, i64) {
    let words = || words.iter().map(|&word| i64::from(word));
    (words().min().unwrap_or(0), words().max().unwrap_or(0))
}

/// Characters that stand left of a row of maps.
const NAME: usize = 12;

/// Screen pixels of one word of a feature map.
const MAP_ZOOM: u32 = 5;

/// Between two feature maps.
const MAP_GAP: u32 = 8;

/// A feature map, and how many multiplications it took.
#[derive(Debug, Clone)]
pub struct PaintedMap {
    pub width: usize,
    /// Row by row.
    pub words: Vec<i32>,
    pub multiplications: u64,
}

/// The feature maps of one image, exact beside each tolerance, as in the paper's figure: one row
/// per filter, one column per configuration; the input stands first in each row.
#[derive(Debug, Clone)]
pub struct FeatureMaps<'a> {
    pub input: &'a Plane,
    /// Their names; exact first.
    pub configurations: Vec<String>,
    /// The filters with a map for each configuration.
    pub filters: Vec<(String, Vec<PaintedMap>)>,
}

impl FeatureMaps<'_> {
    /// Writes the mosaic. Grey levels run from the smallest to the largest word of the first map in
    /// a row, so that maps in a row can be compared.
    pub fn write_png(&self, out: &mut dyn Write) -> io::Result<()> {
        write_png(&self.draw(), out)
    }

    fn draw(&self) -> GrayImage {
        let cell = MAP_ZOOM * self.input.width().max(self.input.height()) as u32;
        let (step_x, step_y) = (cell + MAP_GAP, cell + 2 * CHARACTER + MAP_GAP);
        let left = CHARACTER * (NAME as u32 + 1);
        let top = 3 * CHARACTER;
        let width = left + step_x * (self.configurations.len() as u32 + 1);
        let height = top + step_y * self.filters.len() as u32;
        let mut picture = GrayImage::from_pixel(width, height, BACKGROUND);

        write(&mut picture, left, CHARACTER, "input");
        for (column, name) in (1..).zip(&self.configurations) {
            let name = name.replace("tau=", "τ = ");
            write(&mut picture, left + column * step_x, CHARACTER, &name);
        }
        for (row, (name, maps)) in (0..).zip(&self.filters) {
            let y = top + row * step_y;
            let name: String = name.chars().take(NAME).collect();
            write(&mut picture, CHARACTER, y + cell / 2, &name);
            let (input, levels) = (self.input.data(), range(self.input.data()));
            paint(&mut picture, (left, y), MAP_ZOOM, self.input.width(), input, levels);
            let levels = maps.first().map_or((0, 0), |exact| range(&exact.words));
            for (column, map) in (1..).zip(maps) {
                let x = left + column * step_x;
                paint(&mut picture, (x, y), MAP_ZOOM, map.width, &map.words, levels);
                let count = format!("{} MACs", map.multiplications);
                write(&mut picture, x, y + cell + CHARACTER / 2, &count);
            }
        }
        picture
    }
}

/// Screen pixels that the maps of one layer may be high together.
const HEIGHT: u32 = 160;

/// Between two maps of a layer.
const LAYER_GAP: u32 = 3;

/// Between two layers, and between two rows.
const SPACE: u32 = 24;

/// One row per configuration; side by side the layers that have maps: C1, S2, C3 and S4 in LeNet-5.
#[derive(Debug)]
pub struct NetworkMosaic<'a> {
    /// The place of each shown layer in the network, and its name.
    layers: Vec<(usize, &'a str)>,
    rows: &'a [(String, Inference)],
}

impl<'a> NetworkMosaic<'a> {
    /// The maps of inferences of one image by the same network, each under a name; the first is
    /// what the others are compared with. None without an inference, or without maps.
    pub fn new(network: &'a Network, rows: &'a [(String, Inference)]) -> Option<Self> {
        let (_, first) = rows.first()?;
        let is_map = |plane: &Plane| plane.width() > 1 && plane.height() > 1;
        let layers: Vec<_> = (network.layers.iter().zip(&first.activations).enumerate())
            .filter(|(_, (_, planes))| planes.first().is_some_and(is_map))
            .map(|(index, (layer, _))| (index, layer.name.as_str()))
            .collect();
        (!layers.is_empty()).then_some(Self { layers, rows })
    }

    /// Writes the mosaic. Grey levels run from the smallest to the largest activation of a map in
    /// the first row, so that the maps below each other can be compared.
    pub fn write_png(&self, out: &mut dyn Write) -> io::Result<()> {
        write_png(&self.draw(), out)
    }

    fn draw(&self) -> GrayImage {
        let left = CHARACTER * (NAME as u32 + 2);
        let top = 4 * CHARACTER;
        let (_, first) = &self.rows[0];
        let grids: Vec<Grid> =
            self.layers.iter().map(|&(layer, _)| Grid::of(&first.activations[layer])).collect();
        let width = left + grids.iter().map(|it| it.width() + SPACE).sum::<u32>();
        let step = grids.iter().map(Grid::height).max().unwrap_or(0) + SPACE + CHARACTER;
        let height = top + step * self.rows.len() as u32;
        let mut picture = GrayImage::from_pixel(width, height, BACKGROUND);
        for (row, (name, inference)) in (0..).zip(self.rows) {
            let y = top + row * step;
            let shown: String = name.replace("tau=", "τ = ").chars().take(NAME).collect();
            write(&mut picture, CHARACTER, y + step / 2 - SPACE, &shown);
            let mut x = left;
            for (grid, &(layer, title)) in grids.iter().zip(&self.layers) {
                if row == 0 {
                    write(&mut picture, x, CHARACTER, title);
                }
                let pairs = inference.activations[layer].iter().zip(&first.activations[layer]);
                for (index, (plane, reference)) in (0..).zip(pairs) {
                    let at = grid.place(index);
                    let range = range(reference.data());
                    let at = (x + at.0, y + at.1);
                    paint(&mut picture, at, grid.zoom, plane.width(), plane.data(), range);
                }
                x += grid.width() + SPACE;
            }
            let count = format!("{} MACs", inference.multiplications());
            write(&mut picture, left, y + step - SPACE, &count);
        }
        picture
    }
}

/// Where the maps of a layer are.
struct Grid {
    zoom: u32,
    columns: u32,
    rows: u32,
    map: (u32, u32),
}

impl Grid {
    fn of(planes: &[Plane]) -> Self {
        let count = planes.len() as u32;
        let columns = f64::from(count).sqrt().ceil() as u32;
        let rows = count.div_ceil(columns);
        let (width, height) = (planes[0].width() as u32, planes[0].height() as u32);
        let zoom = (HEIGHT.saturating_sub(LAYER_GAP * (rows - 1)) / (rows * height)).max(1);
        Self { zoom, columns, rows, map: (width * zoom, height * zoom) }
    }

    const fn width(&self) -> u32 {
        self.columns * (self.map.0 + LAYER_GAP) - LAYER_GAP
    }

    const fn height(&self) -> u32 {
        self.rows * (self.map.1 + LAYER_GAP) - LAYER_GAP
    }

    const fn place(&self, index: u32) -> (u32, u32) {
        let (column, row) = (index % self.columns, index / self.columns);
        (column * (self.map.0 + LAYER_GAP), row * (self.map.1 + LAYER_GAP))
    }
}

/// Screen pixels of one pixel.
const SHEET_ZOOM: u32 = 4;

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
        write_png(&self.draw(columns.max(1)), out)
    }

    fn draw(&self, columns: u32) -> GrayImage {
        let count = (self.entries.len() as u32).max(1);
        let (across, down) = (count.min(columns), count.div_ceil(columns));
        let size = (MARGIN + across * STEP.0, MARGIN + down * STEP.1);
        let mut sheet = GrayImage::from_pixel(size.0, size.1, BACKGROUND);
        for (index, (pixels, caption)) in (0..).zip(&self.entries) {
            let x = MARGIN + index % columns * STEP.0;
            let y = MARGIN + index / columns * STEP.1;
            paint(&mut sheet, (x, y), SHEET_ZOOM, SIDE, pixels, (0, 255));
            for (line, text) in (0..).zip(caption) {
                let top = y + SIDE as u32 * SHEET_ZOOM + 4 + line * (CHARACTER + 2);
                write(&mut sheet, x, top, text);
            }
        }
        sheet
    }
}
