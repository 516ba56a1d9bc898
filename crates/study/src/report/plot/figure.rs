//! A finished figure: SVG, and the same as pixels.

use std::io;
use std::sync::{Arc, LazyLock};

use plotters::prelude::*;
use plotters::style::register_font;
use resvg::{tiny_skia, usvg};

use super::canvas::Canvas;
use super::error::PlotError;

/// What a step of drawing gives.
pub(super) type Drawing<T> = Result<T, DrawingAreaErrorKind<io::Error>>;

/// A figure under a name.
#[derive(Debug, Clone)]
pub struct Figure {
    /// The name of its files, without extension.
    pub name: String,
    svg: String,
}

impl Figure {
    /// Has `paint` draw on a white canvas of `size` pixels.
    pub(super) fn draw(
        name: String,
        size: (u32, u32),
        paint: impl FnOnce(&Canvas<'_>) -> Drawing<()>,
    ) -> Result<Self, PlotError> {
        LazyLock::force(&MEASURES);
        let mut svg = String::new();
        let draw = |svg| {
            let root = SVGBackend::with_string(svg, size).into_drawing_area();
            root.fill(&WHITE)?;
            paint(&Canvas::new(root.clone()))?;
            root.present()
        };
        match draw(&mut svg) {
            Ok(()) => Ok(Self { name, svg }),
            Err(source) => Err(PlotError::Draw { figure: name, source }),
        }
    }

    /// The figure as SVG. Its text is text; where Noto Sans is missing a viewer takes its own font.
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// The figure as PNG: the same bytes on every machine.
    pub fn png(&self) -> Result<Vec<u8>, PlotError> {
        let failed = |reason: String| PlotError::Pixels { figure: self.name.clone(), reason };
        let options = usvg::Options { fontdb: FONTS.clone(), ..usvg::Options::default() };
        let tree =
            usvg::Tree::from_str(&self.svg, &options).map_err(|it| failed(it.to_string()))?;
        let size = tree.size().to_int_size();
        let mut pixels = tiny_skia::Pixmap::new(size.width(), size.height())
            .ok_or_else(|| failed("it is empty or too large".to_owned()))?;
        resvg::render(&tree, tiny_skia::Transform::identity(), &mut pixels.as_mut());
        pixels.encode_png().map_err(|it| failed(it.to_string()))
    }
}

/// The fonts for the rasteriser; no other font can get in.
static FONTS: LazyLock<Arc<usvg::fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_font_data(notosans::REGULAR_TTF.to_vec());
    fonts.load_font_data(notosans::BOLD_TTF.to_vec());
    fonts.set_sans_serif_family("Noto Sans");
    Arc::new(fonts)
});

/// The same fonts for the layout, which measures text before it is drawn.
static MEASURES: LazyLock<()> = LazyLock::new(|| {
    for (style, font) in
        [(FontStyle::Normal, notosans::REGULAR_TTF), (FontStyle::Bold, notosans::BOLD_TTF)]
    {
        assert!(register_font("sans-serif", style, font).is_ok(), "the embedded font is a font");
    }
});
