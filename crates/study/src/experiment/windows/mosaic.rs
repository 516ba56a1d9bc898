//! The feature maps of one image, exact beside each tolerance, as in the paper's figure.

use std::io::{self, Cursor, Write};

use image::{GrayImage, ImageFormat};

use super::filters::Filter;
use crate::report::pixels::{BACKGROUND, CHARACTER, paint, write};
use model::conv::{FeatureMap, Mode, Plane, conv2d};
use model::nn::Configuration;

/// Screen pixels of one word of a map.
const ZOOM: u32 = 5;

/// Characters that stand left of a row.
const NAME: usize = 12;

/// Between two maps.
const GAP: u32 = 8;

/// A row of maps a filter, a column a configuration; the input stands first in each row.
#[derive(Debug)]
pub struct FeatureMaps {
    input: FeatureMap,
    columns: Vec<String>,
    rows: Vec<(String, Vec<FeatureMap>)>,
}

impl FeatureMaps {
    /// The maps of one image, by the golden model. Zero-skip has no column: its outputs are exact.
    pub fn new(plane: &Plane, filters: &[Filter], configurations: &[Configuration]) -> Self {
        let shown: Vec<&Configuration> =
            configurations.iter().filter(|it| it.layers[0].mode != Mode::ZeroSkip).collect();
        let row = |filter: &Filter| {
            let map = |it: &&Configuration| conv2d(plane, &filter.kernel, &it.layers[0], None);
            (filter.name.clone(), shown.iter().map(map).collect())
        };
        let size = plane.data().len();
        let input = FeatureMap::from_parts(
            plane.width(),
            plane.height(),
            plane.data().to_vec(),
            vec![0; size],
            &vec![None; size],
            1,
        );
        let columns = shown.iter().map(|it| it.name.replace("tau=", "τ = ")).collect();
        Self { input, columns, rows: filters.iter().map(row).collect() }
    }

    /// Writes the mosaic. Grey levels run from the smallest to the largest exact output of a
    /// filter, so that maps in a row can be compared.
    pub fn write_png(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut png = Cursor::new(Vec::new());
        self.draw().write_to(&mut png, ImageFormat::Png).map_err(io::Error::other)?;
        out.write_all(png.get_ref())
    }

    fn draw(&self) -> GrayImage {
        let cell = ZOOM * self.input.width.max(self.input.height) as u32;
        let (step_x, step_y) = (cell + GAP, cell + 2 * CHARACTER + GAP);
        let left = CHARACTER * (NAME as u32 + 1);
        let top = 3 * CHARACTER;
        let width = left + step_x * (self.columns.len() as u32 + 1);
        let height = top + step_y * self.rows.len() as u32;
        let mut picture = GrayImage::from_pixel(width, height, BACKGROUND);

        write(&mut picture, left, CHARACTER, "input");
        for (column, name) in (1..).zip(&self.columns) {
            write(&mut picture, left + column * step_x, CHARACTER, name);
        }
        for (row, (name, maps)) in (0..).zip(&self.rows) {
            let y = top + row * step_y;
            let name: String = name.chars().take(NAME).collect();
            write(&mut picture, CHARACTER, y + cell / 2, &name);
            let paint = |picture: &mut GrayImage, x, map: &FeatureMap, range| {
                paint(picture, (x, y), ZOOM, map.width, &map.outputs, range);
            };
            paint(&mut picture, left, &self.input, range(&self.input));
            let range = range(&maps[0]);
            for (column, map) in (1..).zip(maps) {
                let x = left + column * step_x;
                paint(&mut picture, x, map, range);
                let count = format!("{} MACs", map.total_kept());
                write(&mut picture, x, y + cell + CHARACTER / 2, &count);
            }
        }
        picture
    }
}

/// The smallest and the largest output.
fn range(map: &FeatureMap) -> (i64, i64) {
    let outputs = || map.outputs.iter().map(|&output| i64::from(output));
    (outputs().min().unwrap_or(0), outputs().max().unwrap_or(0))
}
