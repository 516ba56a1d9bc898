//! How the ten digits are written, as the pen moves.
//!
//! A stroke is a smooth curve through its points; a point given twice in a row is a corner. The
//! unit is the height of a digit, x to the right, y down. Each digit has one or more styles, and
//! a style given twice is twice as frequent.

/// A point on the paper.
pub(super) type Point = (f64, f64);

/// What the pen draws before it is lifted.
pub(super) type Stroke = &'static [Point];

/// One way to write a digit.
pub(super) type Style = &'static [Stroke];

/// The styles of each digit.
pub(super) const GLYPHS: [&[Style]; 10] = [
    &[ZERO_ROUND, ZERO_ROUND, ZERO_OPEN],
    &[ONE_PLAIN, ONE_PLAIN, ONE_PLAIN, ONE_PLAIN, ONE_FLAG],
    &[TWO_CORNER, TWO_LOOP],
    &[THREE_ROUND, THREE_ROUND, THREE_FLAT],
    &[FOUR_OPEN, FOUR_OPEN, FOUR_CLOSED],
    &[FIVE_ONE_STROKE, FIVE_CAP],
    &[SIX_CURVED, SIX_STRAIGHT],
    &[SEVEN_PLAIN, SEVEN_PLAIN, SEVEN_CURVED, SEVEN_BARRED],
    &[EIGHT_CROSSED, EIGHT_CROSSED, EIGHT_STACKED],
    &[NINE_STRAIGHT, NINE_STRAIGHT, NINE_CURVED],
];

#[rustfmt::skip]
const ZERO_ROUND: Style = &[&[
    (0.50, 0.00), (0.22, 0.10), (0.06, 0.46), (0.16, 0.86), (0.42, 1.00), (0.72, 0.86), (0.86, 0.48),
    (0.76, 0.14), (0.48, 0.01),
]];
#[rustfmt::skip]
const ZERO_OPEN: Style = &[&[
    (0.44, 0.04), (0.16, 0.24), (0.06, 0.62), (0.24, 0.97), (0.56, 0.94), (0.80, 0.60), (0.78, 0.20),
    (0.54, 0.02), (0.30, 0.12),
]];

const ONE_PLAIN: Style = &[&[(0.32, 0.00), (0.30, 0.50), (0.29, 1.00)]];
const ONE_FLAG: Style = &[&[(0.12, 0.26), (0.36, 0.00), (0.36, 0.00), (0.35, 0.50), (0.34, 1.00)]];

#[rustfmt::skip]
const TWO_CORNER: Style = &[&[
    (0.10, 0.20), (0.34, 0.01), (0.64, 0.08), (0.68, 0.34), (0.44, 0.66), (0.06, 0.96), (0.06, 0.96),
    (0.44, 0.95), (0.84, 0.96),
]];
#[rustfmt::skip]
const TWO_LOOP: Style = &[&[
    (0.12, 0.18), (0.38, 0.00), (0.68, 0.10), (0.66, 0.40), (0.44, 0.72), (0.18, 0.95), (0.04, 0.88),
    (0.18, 0.76), (0.46, 0.88), (0.90, 0.94),
]];

#[rustfmt::skip]
const THREE_ROUND: Style = &[&[
    (0.12, 0.12), (0.40, 0.00), (0.66, 0.14), (0.58, 0.36), (0.30, 0.47), (0.30, 0.47), (0.64, 0.56),
    (0.72, 0.80), (0.44, 1.00), (0.08, 0.90),
]];
#[rustfmt::skip]
const THREE_FLAT: Style = &[&[
    (0.10, 0.04), (0.66, 0.03), (0.66, 0.03), (0.32, 0.42), (0.32, 0.42), (0.66, 0.52), (0.72, 0.80),
    (0.42, 1.00), (0.08, 0.90),
]];

#[rustfmt::skip]
const FOUR_OPEN: Style = &[
    &[(0.14, 0.04), (0.06, 0.34), (0.14, 0.52), (0.42, 0.52), (0.72, 0.44)],
    &[(0.74, 0.00), (0.68, 0.50), (0.62, 1.00)],
];
#[rustfmt::skip]
const FOUR_CLOSED: Style = &[
    &[(0.58, 0.00), (0.32, 0.32), (0.04, 0.62), (0.04, 0.62), (0.42, 0.63), (0.82, 0.60)],
    &[(0.58, 0.00), (0.57, 0.50), (0.56, 1.00)],
];

#[rustfmt::skip]
const FIVE_ONE_STROKE: Style = &[&[
    (0.78, 0.02), (0.28, 0.04), (0.28, 0.04), (0.18, 0.42), (0.18, 0.42), (0.52, 0.40), (0.72, 0.64),
    (0.62, 0.90), (0.34, 1.00), (0.04, 0.92),
]];
#[rustfmt::skip]
const FIVE_CAP: Style = &[
    &[
        (0.28, 0.08), (0.18, 0.42), (0.18, 0.42), (0.50, 0.40), (0.68, 0.64), (0.58, 0.90), (0.32, 1.00),
        (0.06, 0.92),
    ],
    &[(0.27, 0.08), (0.54, 0.06), (0.84, 0.00)],
];

#[rustfmt::skip]
const SIX_CURVED: Style = &[&[
    (0.60, 0.00), (0.28, 0.26), (0.10, 0.66), (0.26, 0.97), (0.56, 0.96), (0.70, 0.74), (0.54, 0.55),
    (0.28, 0.62), (0.14, 0.80),
]];
#[rustfmt::skip]
const SIX_STRAIGHT: Style = &[&[
    (0.36, 0.00), (0.16, 0.40), (0.10, 0.76), (0.28, 0.99), (0.54, 0.94), (0.64, 0.72), (0.46, 0.54),
    (0.22, 0.64), (0.12, 0.80),
]];

#[rustfmt::skip]
const SEVEN_PLAIN: Style = &[&[
    (0.06, 0.07), (0.38, 0.06), (0.72, 0.03), (0.72, 0.03), (0.52, 0.44), (0.36, 1.00),
]];
#[rustfmt::skip]
const SEVEN_CURVED: Style = &[&[
    (0.04, 0.20), (0.10, 0.05), (0.40, 0.08), (0.72, 0.03), (0.70, 0.18), (0.50, 0.50), (0.40, 1.00),
]];
#[rustfmt::skip]
const SEVEN_BARRED: Style = &[
    &[(0.08, 0.06), (0.40, 0.06), (0.74, 0.03), (0.74, 0.03), (0.54, 0.44), (0.36, 1.00)],
    &[(0.24, 0.52), (0.48, 0.50), (0.76, 0.46)],
];

#[rustfmt::skip]
const EIGHT_CROSSED: Style = &[&[
    (0.66, 0.12), (0.42, 0.00), (0.20, 0.16), (0.32, 0.40), (0.56, 0.60), (0.60, 0.84), (0.36, 1.00),
    (0.14, 0.84), (0.28, 0.60), (0.56, 0.38), (0.68, 0.14),
]];
#[rustfmt::skip]
const EIGHT_STACKED: Style = &[
    &[(0.42, 0.00), (0.20, 0.14), (0.22, 0.36), (0.42, 0.46), (0.62, 0.34), (0.62, 0.12), (0.40, 0.00)],
    &[(0.42, 0.46), (0.16, 0.60), (0.14, 0.86), (0.40, 1.00), (0.66, 0.86), (0.64, 0.60), (0.40, 0.46)],
];

#[rustfmt::skip]
const NINE_STRAIGHT: Style = &[&[
    (0.62, 0.12), (0.36, 0.01), (0.12, 0.20), (0.18, 0.44), (0.42, 0.44), (0.64, 0.14), (0.64, 0.14),
    (0.60, 0.56), (0.54, 1.00),
]];
#[rustfmt::skip]
const NINE_CURVED: Style = &[&[
    (0.64, 0.14), (0.38, 0.00), (0.14, 0.18), (0.20, 0.44), (0.46, 0.42), (0.66, 0.14), (0.66, 0.14),
    (0.66, 0.60), (0.50, 0.94), (0.16, 0.96),
]];
