// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tables of a library: a number for each pair of conditions.

/// A table of two axes. An axis of a single point does not matter to the value.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    rows: Vec<f64>,
    columns: Vec<f64>,
    /// Row by row.
    values: Vec<f64>,
}

impl Table {
    /// The axes ascend and are not empty, and there is a value for each pair of points; nothing
    /// otherwise.
    pub fn new(rows: Vec<f64>, columns: Vec<f64>, values: Vec<f64>) -> Option<Self> {
        let ascends = |axis: &[f64]| !axis.is_empty() && axis.windows(2).all(|w| w[0] < w[1]);
        let good =
            ascends(&rows) && ascends(&columns) && values.len() == rows.len() * columns.len();
        good.then_some(Self { rows, columns, values })
    }

    /// Rows and columns exchanged.
    pub(super) fn transposed(self) -> Self {
        let (height, width) = (self.rows.len(), self.columns.len());
        let at = |i: usize| self.values[i % height * width + i / height];
        let values = (0..self.values.len()).map(at).collect();
        Self { rows: self.columns, columns: self.rows, values }
    }

    /// Linear between the four points around, and beyond the outermost ones along the line through
    /// the last two, as Liberty defines.
    pub fn at(&self, row: f64, column: f64) -> f64 {
        let (i, di, u) = place(&self.rows, row);
        let (j, dj, v) = place(&self.columns, column);
        let value = |i: usize, j: usize| self.values[i * self.columns.len() + j];
        let low = value(i, j) * (1.0 - v) + value(i, j + dj) * v;
        let high = value(i + di, j) * (1.0 - v) + value(i + di, j + dj) * v;
        low * (1.0 - u) + high * u
    }
}

/// The point below, how far the one above is from it (0 on an axis of one point), and the share of
/// the one above.
fn place(axis: &[f64], x: f64) -> (usize, usize, f64) {
    if axis.len() == 1 {
        return (0, 0, 0.0);
    }
    let i = axis.partition_point(|&point| point <= x).saturating_sub(1).min(axis.len() - 2);
    (i, 1, (x - axis[i]) / (axis[i + 1] - axis[i]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_between_and_beyond_the_points_are_linear() {
        // 2x + 10y + xy on the points.
        let f = |x: f64, y: f64| 2.0 * x + 10.0 * y + x * y;
        let (rows, columns) = (vec![0.0, 1.0, 4.0], vec![1.0, 3.0]);
        let values = rows.iter().flat_map(|&x| columns.iter().map(move |&y| f(x, y))).collect();
        let table = Table::new(rows, columns, values).unwrap();
        for (x, y) in [(0.0, 1.0), (1.0, 3.0), (0.5, 2.0), (2.0, 1.5), (9.0, 2.0), (-1.0, 7.0)] {
            assert!((table.at(x, y) - f(x, y)).abs() < 1e-9, "{x} {y}");
            assert!((table.clone().transposed().at(y, x) - f(x, y)).abs() < 1e-9, "{x} {y}");
        }
        let line = Table::new(vec![1.0, 2.0], vec![0.0], vec![5.0, 7.0]).unwrap();
        assert_eq!((line.at(1.5, 99.0), line.at(3.0, -1.0)), (6.0, 9.0));
        assert_eq!(Table::new(vec![0.0], vec![0.0], vec![3.0]).unwrap().at(5.0, 6.0), 3.0);
        assert_eq!(Table::new(vec![1.0, 1.0], vec![0.0], vec![5.0, 7.0]), None);
        assert_eq!(Table::new(vec![1.0, 2.0], vec![0.0], vec![5.0]), None);
    }
}
