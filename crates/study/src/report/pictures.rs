// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pictures in grey, pixel by pixel: feature maps, the maps of a network, and sheets of images.

use std::io::{self, Cursor, Write};

use image::{ImageFormat, Rgb, RgbImage};
use model::conv::Plane;
use model::nn::{Inference, Network};

use super::figure::{Figure, Font, Pixel, configuration_title, thousands};
use crate::data::{PIXELS, SIDE};

/// Text on white, and words painted as squares.
#[derive(Default)]
struct Picture {
    texts: Vec<(Pixel, String, Font)>,
    maps: Vec<Map>,
}

/// Rows of `width` words, each a square of `zoom` pixels, from the smaller of `levels` in black to
/// the larger in white.
struct Map {
    at: Pixel,
    zoom: i32,
    width: usize,
    words: Vec<i32>,
    levels: (i64, i64),
}

impl Picture {
    fn text(&mut self, at: Pixel, text: impl Into<String>, font: Font) {
        self.texts.push((at, text.into(), font));
    }

    fn map(&mut self, at: Pixel, zoom: i32, width: usize, words: &[i32], levels: (i64, i64)) {
        self.maps.push(Map { at, zoom, width, words: words.to_vec(), levels });
    }

    fn write_png(&self, (width, height): Pixel, out: &mut dyn Write) -> io::Result<()> {
        let figure = Figure::draw("picture".to_owned(), (width as u32, height as u32), |canvas| {
            self.texts.iter().try_for_each(|(at, text, font)| canvas.left(*at, text, *font))
        });
        let text = figure.and_then(|it| it.png()).map_err(io::Error::other)?;
        let mut picture: RgbImage =
            image::load_from_memory(&text).map_err(io::Error::other)?.into_rgb8();
        for Map { at, zoom, width, words, levels: (min, max) } in &self.maps {
            for (i, &word) in (0_i32..).zip(words) {
                let level = (i64::from(word).clamp(*min, *max) - min) * 255 / (max - min).max(1);
                let (column, row) = (i % *width as i32, i / *width as i32);
                for (dx, dy) in (0..*zoom).flat_map(|dy| (0..*zoom).map(move |dx| (dx, dy))) {
                    let (x, y) = (at.0 + zoom * column + dx, at.1 + zoom * row + dy);
                    picture.put_pixel(x as u32, y as u32, Rgb([level as u8; 3]));
                }
            }
        }
        let mut png = Cursor::new(Vec::new());
        picture.write_to(&mut png, ImageFormat::Png).map_err(io::Error::other)?;
        out.write_all(png.get_ref())
    }
}

/// The smallest and the largest word.
fn range(words: &[i32]) -> (i64, i64) {
    let words = || words.iter().map(|&word| i64::from(word));
    (words().min().unwrap_or(0), words().max().unwrap_or(0))
}

/// Room for the names of rows, left of them.
const NAMES: i32 = 170;
/// Room for title, note and headings, above the first row.
const TOP: i32 = 112;

/// A feature map, and how many multiplications it took.
#[derive(Debug, Clone)]
pub struct PaintedMap {
    pub width: usize,
    /// Row by row.
    pub words: Vec<i32>,
    pub multiplications: u64,
}

/// The feature maps of one image, exact beside other configurations, as in the paper's figure: one
/// row per filter, one column per configuration, and the image itself before the first row.
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
        const ZOOM: i32 = 5;
        let cell = ZOOM * self.input.width().max(self.input.height()) as i32;
        let (across, down) = ((cell + 16).max(176), cell + 50);
        let mut picture = Picture::default();
        let title = "Feature maps of one image, exact and with products skipped";
        picture.text((16, 14), title, Font::TITLE);
        let note = "Grey from the smallest (black) to the largest output (white) of the exact map in \
                    the row. Below each map: its multiplications, and the mean |error| of its outputs.";
        picture.text((16, 50), note, Font::NOTE);
        let left = NAMES + across;
        picture.text((NAMES, TOP - 26), "input", Font::HEADING);
        let (width, words) = (self.input.width(), self.input.data());
        picture.map((NAMES, TOP), ZOOM, width, words, range(words));
        for (column, name) in (0..).zip(&self.configurations) {
            let at = (left + column * across, TOP - 26);
            picture.text(at, configuration_title(name), Font::HEADING);
        }
        for (y, (name, maps)) in (TOP..).step_by(down as usize).zip(&self.filters) {
            let shown: String = name.chars().take(14).collect();
            picture.text((16, y + cell / 2 - 10), shown, Font::HEADING);
            let Some(exact) = maps.first() else { continue };
            for (x, map) in (left..).step_by(across as usize).zip(maps) {
                picture.map((x, y), ZOOM, map.width, &map.words, range(&exact.words));
                let errors = map.words.iter().zip(&exact.words);
                let sum: f64 = errors.map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
                let error = sum / map.words.len() as f64;
                let height = ZOOM * (map.words.len() / map.width) as i32;
                let count = format!("{} multiplications", thousands(map.multiplications as f64));
                picture.text((x, y + height + 4), count, Font::SMALL);
                picture.text((x, y + height + 22), format!("error {error:.2}"), Font::SMALL);
            }
        }
        let size = (
            (left + across * self.configurations.len() as i32).max(1200),
            TOP + down * self.filters.len() as i32,
        );
        picture.write_png(size, out)
    }
}

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
        let (_, first) = &self.rows[0];
        let grids: Vec<Grid> =
            self.layers.iter().map(|&(layer, _)| Grid::of(&first.activations[layer])).collect();
        let down = grids.iter().map(Grid::height).max().unwrap_or(0) + 50;
        let mut picture = Picture::default();
        picture.text((16, 14), "Activations of one image, layer by layer", Font::TITLE);
        let note =
            "Grey from the smallest (black) to the largest activation (white) of the map above.";
        picture.text((16, 50), note, Font::NOTE);
        for (y, (name, inference)) in (TOP..).step_by(down as usize).zip(self.rows) {
            picture.text((16, y + 60), configuration_title(name), Font::HEADING);
            let mut x = NAMES;
            for (grid, &(layer, title)) in grids.iter().zip(&self.layers) {
                if y == TOP {
                    picture.text((x, TOP - 26), title, Font::HEADING);
                }
                let pairs = inference.activations[layer].iter().zip(&first.activations[layer]);
                for (index, (plane, reference)) in (0..).zip(pairs) {
                    let (dx, dy) = grid.place(index);
                    let levels = range(reference.data());
                    picture.map((x + dx, y + dy), grid.zoom, plane.width(), plane.data(), levels);
                }
                x += grid.width() + 24;
            }
            let count =
                format!("{} multiplications", thousands(inference.multiplications() as f64));
            picture.text((NAMES, y + down - 42), count, Font::SMALL);
        }
        let width = NAMES + grids.iter().map(|it| it.width() + 24).sum::<i32>();
        picture.write_png((width.max(760), TOP + down * self.rows.len() as i32), out)
    }
}

/// Where the maps of a layer are.
struct Grid {
    zoom: i32,
    columns: i32,
    rows: i32,
    map: Pixel,
}

/// Between two maps of a layer.
const GAP: i32 = 3;

impl Grid {
    fn of(planes: &[Plane]) -> Self {
        let count = planes.len() as i32;
        let columns = f64::from(count).sqrt().ceil() as i32;
        let rows = (count + columns - 1) / columns;
        let (width, height) = (planes[0].width() as i32, planes[0].height() as i32);
        let zoom = ((160 - GAP * (rows - 1)).max(0) / (rows * height)).max(1);
        Self { zoom, columns, rows, map: (width * zoom, height * zoom) }
    }

    const fn width(&self) -> i32 {
        self.columns * (self.map.0 + GAP) - GAP
    }

    const fn height(&self) -> i32 {
        self.rows * (self.map.1 + GAP) - GAP
    }

    const fn place(&self, index: i32) -> Pixel {
        let (column, row) = (index % self.columns, index / self.columns);
        (column * (self.map.0 + GAP), row * (self.map.1 + GAP))
    }
}

/// Images of 28 × 28 pixels with captions, in the order in which they were added.
#[derive(Debug, Clone, Default)]
pub struct ContactSheet {
    entries: Vec<([i32; PIXELS], Vec<String>)>,
}

impl ContactSheet {
    /// Adds an image, light on dark as in MNIST, with a caption of at most three lines.
    pub fn add(&mut self, pixels: &[u8; PIXELS], caption: &[String]) {
        self.entries.push((pixels.map(i32::from), caption.iter().take(3).cloned().collect()));
    }

    /// Writes the sheet under a title, `columns` images in a row.
    pub fn write_png(&self, title: &str, columns: u32, out: &mut dyn Write) -> io::Result<()> {
        const ZOOM: i32 = 4;
        const STEP: Pixel = (150, SIDE as i32 * ZOOM + 70);
        let columns = columns.max(1) as i32;
        let mut picture = Picture::default();
        picture.text((16, 14), title, Font::TITLE);
        for (index, (pixels, caption)) in (0..).zip(&self.entries) {
            let (x, y) = (16 + index % columns * STEP.0, 60 + index / columns * STEP.1);
            picture.map((x, y), ZOOM, SIDE, pixels, (0, 255));
            for (line, text) in (0..).zip(caption) {
                picture.text((x, y + SIDE as i32 * ZOOM + 4 + 18 * line), text, Font::SMALL);
            }
        }
        let count = (self.entries.len() as i32).max(1);
        let across = 16 + STEP.0 * count.min(columns);
        picture.write_png((across.max(900), 60 + STEP.1 * ((count + columns - 1) / columns)), out)
    }
}
