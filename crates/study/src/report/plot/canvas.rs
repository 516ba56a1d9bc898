//! Text, lines and markers in pixels.

use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::figure::Drawing;

/// A point in pixels, from the top left corner.
pub(super) type Pixel = (i32, i32);

/// Text and axes.
pub(super) const INK: RGBColor = RGBColor(34, 34, 34);
/// What matters less.
pub(super) const GREY: RGBColor = RGBColor(110, 110, 110);
/// Grid lines.
pub(super) const FAINT: RGBColor = RGBColor(225, 225, 225);

/// The palette of Okabe and Ito, which people with any kind of colour vision can tell apart.
pub(super) mod palette {
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
pub(super) struct Font {
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
pub(super) enum Shape {
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
pub(super) struct Marker {
    pub shape: Shape,
    pub colour: RGBColor,
    pub filled: bool,
    pub radius: i32,
}

/// How a line looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stroke {
    pub colour: RGBColor,
    pub width: u32,
    pub dashed: bool,
}

/// What is drawn on.
pub(super) struct Canvas<'a> {
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
