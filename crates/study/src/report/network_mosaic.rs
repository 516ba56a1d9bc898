//! The maps that a network makes of one image, exact above each tolerance.

use std::io::{self, Cursor, Write};

use image::{GrayImage, ImageFormat};

use super::pixels::{BACKGROUND, CHARACTER, paint, write};
use model::conv::Plane;
use model::nn::{Inference, Network};

/// Screen pixels that the maps of one layer may be high together.
const HEIGHT: u32 = 160;

/// Between two maps of a layer.
const GAP: u32 = 3;

/// Between two layers, and between two rows.
const SPACE: u32 = 24;

/// Characters that stand left of a row.
const NAME: usize = 12;

/// A row a configuration; side by side the layers that have maps: C1, S2, C3 and S4 in LeNet-5.
#[derive(Debug)]
pub struct NetworkMosaic<'a> {
    /// The place of each shown layer in the network, and its name.
    layers: Vec<(usize, &'a str)>,
    rows: &'a [(String, &'a Inference)],
}

impl<'a> NetworkMosaic<'a> {
    /// The maps of inferences of one image by the same network, each under a name; the first is
    /// what the others are compared with. None without an inference, or without maps.
    pub fn new(network: &'a Network, rows: &'a [(String, &'a Inference)]) -> Option<Self> {
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
        let mut png = Cursor::new(Vec::new());
        self.draw().write_to(&mut png, ImageFormat::Png).map_err(io::Error::other)?;
        out.write_all(png.get_ref())
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
                    let range = range(reference);
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
        let zoom = (HEIGHT.saturating_sub(GAP * (rows - 1)) / (rows * height)).max(1);
        Self { zoom, columns, rows, map: (width * zoom, height * zoom) }
    }

    const fn width(&self) -> u32 {
        self.columns * (self.map.0 + GAP) - GAP
    }

    const fn height(&self) -> u32 {
        self.rows * (self.map.1 + GAP) - GAP
    }

    const fn place(&self, index: u32) -> (u32, u32) {
        let (column, row) = (index % self.columns, index / self.columns);
        (column * (self.map.0 + GAP), row * (self.map.1 + GAP))
    }
}

/// The smallest and the largest activation.
fn range(plane: &Plane) -> (i64, i64) {
    let words = || plane.data().iter().map(|&word| i64::from(word));
    (words().min().unwrap_or(0), words().max().unwrap_or(0))
}
