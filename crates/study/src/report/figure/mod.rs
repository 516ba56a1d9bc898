// SPDX-License-Identifier: MIT OR Apache-2.0
//! Figures: a white canvas for text, lines and markers in pixels, and legends.
//!
//! Every figure is drawn once, as SVG, and its PNG is that SVG rasterised with an embedded font:
//! neither depends on the fonts of the machine, and the same tables give the same bytes.

mod axes;
mod bars;
mod heat;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::register_font;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use resvg::{tiny_skia, usvg};
use thiserror::Error;

pub(crate) use axes::{Axis, Labels, Panel, Place};
pub(crate) use bars::{Bar, Bars, Group};
pub(crate) use heat::Heat;

use super::atomic::{WriteError, write_atomic};
use crate::table::TableError;

/// Why figures could not be drawn.
#[derive(Debug, Error)]
pub enum PlotError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("{file}: {problem}")]
    Rows { file: &'static str, problem: String },
    #[error("cannot draw {figure}: {source}")]
    Draw { figure: String, source: DrawingAreaErrorKind<io::Error> },
    /// The drawing could not be turned into pixels.
    #[error("cannot turn {figure} into pixels: {reason}")]
    Pixels { figure: String, reason: String },
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The tables are not those of one finished run.
    #[error("{0}")]
    Mixed(String),
}

/// What a step of drawing gives.
pub(crate) type Drawing<T> = Result<T, DrawingAreaErrorKind<io::Error>>;

/// A figure under a name.
#[derive(Debug, Clone)]
pub struct Figure {
    /// The name of its files, without extension.
    pub name: String,
    svg: String,
}

impl Figure {
    /// Has `paint` draw on a white canvas of `size` pixels.
    pub(crate) fn draw(
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

impl Figure {
    /// Writes it as PNG and SVG into a folder that exists; gives the paths.
    pub fn write(&self, folder: &Path) -> Result<[PathBuf; 2], PlotError> {
        let path = |extension: &str| folder.join(format!("{}.{extension}", self.name));
        let (svg, png) = (path("svg"), path("png"));
        let pixels = self.png()?;
        write_atomic(&svg, |file| file.write_all(self.svg().as_bytes()))?;
        write_atomic(&png, |file| file.write_all(&pixels))?;
        Ok([png, svg])
    }
}

/// A point in pixels, from the top left corner.
pub(crate) type Pixel = (i32, i32);

/// Text and axes.
pub(crate) const INK: RGBColor = RGBColor(34, 34, 34);
/// What matters less.
pub(crate) const GREY: RGBColor = RGBColor(110, 110, 110);
/// Grid lines.
pub(crate) const FAINT: RGBColor = RGBColor(225, 225, 225);

/// The palette of Okabe and Ito, which people with any kind of colour vision can tell apart.
pub(crate) mod palette {
    use plotters::style::RGBColor;

    pub const BLUE: RGBColor = RGBColor(0, 114, 178);
    pub const VERMILLION: RGBColor = RGBColor(213, 94, 0);
    pub const GREEN: RGBColor = RGBColor(0, 158, 115);
    pub const PURPLE: RGBColor = RGBColor(204, 121, 167);
    pub const SKY: RGBColor = RGBColor(86, 180, 233);
    pub const ORANGE: RGBColor = RGBColor(230, 159, 0);
    /// Instead of the palette's yellow, which is too faint for small markers on white.
    pub const OLIVE: RGBColor = RGBColor(133, 117, 0);
    pub const BLACK: RGBColor = RGBColor(0, 0, 0);
}

/// The size, weight and colour of text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Font {
    pub pixels: f64,
    pub bold: bool,
    pub colour: RGBColor,
}

impl Font {
    pub const TITLE: Self = Self { pixels: 26.0, bold: true, colour: INK };
    pub const HEADING: Self = Self { pixels: 19.0, bold: true, colour: INK };
    pub const BODY: Self = Self { pixels: 17.0, bold: false, colour: INK };
    pub const SMALL: Self = Self { pixels: 15.0, bold: false, colour: INK };
    pub const NOTE: Self = Self { pixels: 15.0, bold: false, colour: GREY };

    pub const fn coloured(self, colour: RGBColor) -> Self {
        Self { colour, ..self }
    }

    pub fn style(self, horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
        let weight = if self.bold { FontStyle::Bold } else { FontStyle::Normal };
        // The library takes 1.24 of its units for one em.
        FontDesc::new(FontFamily::SansSerif, self.pixels * 1.24, weight)
            .color(&self.colour)
            .pos(Pos::new(horizontal, vertical))
    }
}

/// The form of a marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Circle,
    Square,
    Diamond,
    Up,
    Down,
    Plus,
    Cross,
    Star,
}

/// How a data point looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Marker {
    pub shape: Shape,
    pub colour: RGBColor,
    pub filled: bool,
    pub radius: i32,
}

/// How a line looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stroke {
    pub colour: RGBColor,
    pub width: u32,
    pub dashed: bool,
}

/// What is drawn on.
pub(crate) struct Canvas<'a> {
    root: DrawingArea<SVGBackend<'a>, Shift>,
}

impl<'a> Canvas<'a> {
    pub const fn new(root: DrawingArea<SVGBackend<'a>, Shift>) -> Self {
        Self { root }
    }

    pub const fn root(&self) -> &DrawingArea<SVGBackend<'a>, Shift> {
        &self.root
    }

    pub fn text(&self, at: Pixel, text: &str, font: Font, h: HPos, v: VPos) -> Drawing<()> {
        self.root.draw_text(text, &font.style(h, v), at)
    }

    /// Text that starts at `at`, its upper left corner.
    pub fn left(&self, at: Pixel, text: &str, font: Font) -> Drawing<()> {
        self.text(at, text, font, HPos::Left, VPos::Top)
    }

    /// Text around `at`.
    pub fn centred(&self, at: Pixel, text: &str, font: Font) -> Drawing<()> {
        self.text(at, text, font, HPos::Center, VPos::Center)
    }

    /// The width of text.
    pub fn width(&self, text: &str, font: Font) -> Drawing<i32> {
        let style = font.style(HPos::Left, VPos::Top);
        let (width, _) = self.root.estimate_text_size(text, &style)?;
        // The library measures this font as if its line height, 1.362 em, were the 1.24 of its
        // units.
        Ok((f64::from(width) * 1.362 / 1.24).ceil() as i32)
    }

    /// Text in lines of at most `width`; gives the y below the last.
    pub fn paragraph(&self, at: Pixel, width: i32, text: &str, font: Font) -> Drawing<i32> {
        let (x, mut y) = at;
        let mut line = String::new();
        for word in text.split(' ') {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if self.width(&longer, font)? > width && !line.is_empty() {
                self.left((x, y), &line, font)?;
                y += (font.pixels * 1.35) as i32;
                line = word.to_owned();
            } else {
                line = longer;
            }
        }
        self.left((x, y), &line, font)?;
        Ok(y + (font.pixels * 1.35) as i32)
    }

    pub fn rectangle(&self, from: Pixel, to: Pixel, fill: RGBColor) -> Drawing<()> {
        self.root.draw(&Rectangle::new([from, to], fill.filled()))
    }

    pub fn frame(&self, from: Pixel, to: Pixel, colour: RGBColor) -> Drawing<()> {
        self.root.draw(&Rectangle::new([from, to], colour.stroke_width(1)))
    }

    pub fn line(&self, points: &[Pixel], stroke: Stroke) -> Drawing<()> {
        let style = stroke.colour.stroke_width(stroke.width);
        if stroke.dashed {
            self.root.draw(&DashedPathElement::new(points.iter().copied(), 7, 5, style))
        } else {
            self.root.draw(&PathElement::new(points.to_vec(), style))
        }
    }

    pub fn marker(&self, (x, y): Pixel, marker: Marker) -> Drawing<()> {
        let Marker { shape, colour, filled, radius: r } = marker;
        // A hollow marker is white inside, so that lines below it do not look like part of it.
        let fill = if filled { colour.filled() } else { WHITE.filled() };
        let outline = colour.stroke_width(2);
        let closed = |corners: &[Pixel]| -> Drawing<()> {
            let mut around: Vec<Pixel> = corners.iter().map(|&(dx, dy)| (x + dx, y + dy)).collect();
            self.root.draw(&Polygon::new(around.clone(), fill))?;
            around.extend_from_within(..2);
            self.root.draw(&PathElement::new(around, outline))
        };
        let strokes = |strokes: &[[Pixel; 2]]| -> Drawing<()> {
            let path = |it: &[Pixel; 2]| it.map(|(dx, dy)| (x + dx, y + dy)).to_vec();
            strokes.iter().try_for_each(|it| self.root.draw(&PathElement::new(path(it), outline)))
        };
        // The area of a shape, not its width, makes it look as large as another.
        let (side, wide, diagonal) = (r * 8 / 9, r * 6 / 5, r * 7 / 10);
        match shape {
            Shape::Circle => {
                self.root.draw(&Circle::new((x, y), r, fill))?;
                self.root.draw(&Circle::new((x, y), r, outline))
            }
            Shape::Square => closed(&[(-side, -side), (side, -side), (side, side), (-side, side)]),
            Shape::Diamond => closed(&[(0, -wide), (wide, 0), (0, wide), (-wide, 0)]),
            Shape::Up => closed(&[(0, -wide), (wide, r), (-wide, r)]),
            Shape::Down => closed(&[(0, wide), (wide, -r), (-wide, -r)]),
            Shape::Plus => strokes(&[[(-r, 0), (r, 0)], [(0, -r), (0, r)]]),
            Shape::Cross => {
                strokes(&[[(-side, -side), (side, side)], [(-side, side), (side, -side)]])
            }
            Shape::Star => strokes(&[
                [(-r, 0), (r, 0)],
                [(0, -r), (0, r)],
                [(-diagonal, -diagonal), (diagonal, diagonal)],
                [(-diagonal, diagonal), (diagonal, -diagonal)],
            ]),
        }
    }
}

/// What stands before a text of a legend; any of them together.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Key {
    pub line: Option<Stroke>,
    pub marker: Option<Marker>,
    pub fill: Option<RGBColor>,
}

impl Key {
    fn draw(&self, canvas: &Canvas<'_>, (x, y): Pixel) -> Drawing<()> {
        if let Some(fill) = self.fill {
            canvas.rectangle((x + 7, y - 8), (x + 31, y + 8), fill)?;
        }
        if let Some(stroke) = self.line {
            canvas.line(&[(x, y), (x + 36, y)], stroke)?;
        }
        self.marker.map_or(Ok(()), |marker| canvas.marker((x + 18, y), marker))
    }
}

/// A list of keys and texts, in groups under headings.
#[derive(Debug, Default)]
pub(crate) struct Legend {
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
            key.draw(canvas, (x, y + 8))?;
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
            key.unwrap_or_default().draw(canvas, (x, y))?;
            x -= 26;
        }
        Ok(())
    }
}

/// A configuration as titles write it.
pub(crate) fn configuration_title(name: &str) -> String {
    name.replace("tau=", "τ = ")
}

/// A whole number with commas between thousands.
pub(crate) fn thousands(number: f64) -> String {
    decimals(number, 0)
}

/// A number with so many decimals, and commas between thousands.
pub(crate) fn decimals(number: f64, decimals: usize) -> String {
    let digits = format!("{:.decimals$}", number.abs());
    let whole = digits.find('.').unwrap_or(digits.len());
    let mut text = if number < 0.0 { "−".to_owned() } else { String::new() };
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && place < whole && (whole - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The distinct values of something, in the order of their first occurrence.
pub(crate) fn distinct<T: PartialEq>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut seen = Vec::new();
    for value in values {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen
}
