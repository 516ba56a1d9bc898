//! What is measured: a grid of variants and configurations.

use model::conv::{ConfigError, Mode, SmaxScope};
use model::nn::Configuration;

/// One variant in one configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The variant, by its number.
    pub variant: usize,
    /// What its layers multiply.
    pub configuration: Configuration,
    /// Whether it is an operating point, and by which techniques; else it is a line of the table.
    pub technique: Option<String>,
}

impl Cell {
    /// Fraction bits, where all layers have the same.
    pub fn log_frac(&self) -> Option<u32> {
        self.same(|semantics| semantics.log_frac)
    }

    /// T, where all layers have the same, in approx mode.
    pub fn threshold(&self) -> Option<u32> {
        let approx = self.configuration.layers.iter().all(|it| it.mode == Mode::Approx);
        self.same(|semantics| semantics.threshold.get()).filter(|_| approx)
    }

    /// The scope, where all layers have the same.
    pub fn scope(&self) -> Option<SmaxScope> {
        self.same(|semantics| semantics.scope)
    }

    fn same<T: PartialEq>(&self, of: impl Fn(&model::conv::Semantics) -> T) -> Option<T> {
        let mut values = self.configuration.layers.iter().map(of);
        let first = values.next()?;
        values.all(|value| value == first).then_some(first)
    }
}

/// The lines of the paper's table for one variant: exact, zero-skip, and each tolerance.
pub fn table_cells(
    variant: usize,
    layers: usize,
    taus: &[f64],
    log_frac: u32,
    scope: SmaxScope,
) -> Result<Vec<Cell>, ConfigError> {
    let cell = |configuration| Cell { variant, configuration, technique: None };
    let mut cells = vec![
        cell(Configuration::plain(Mode::Exact, log_frac, layers)?),
        cell(Configuration::plain(Mode::ZeroSkip, log_frac, layers)?),
    ];
    for &tau in taus {
        cells.push(cell(Configuration::tau(tau, log_frac, scope, layers)?));
    }
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_begins_with_exact_and_zero_skip() {
        let cells = table_cells(0, 3, &[0.05, 0.5], 3, SmaxScope::Running).unwrap();
        let names: Vec<&str> = cells.iter().map(|it| it.configuration.name.as_str()).collect();
        assert_eq!(names, ["exact", "zero-skip", "tau=0.05", "tau=0.5"]);
        assert_eq!(cells[2].threshold(), Some(35));
        assert_eq!((cells[0].threshold(), cells[3].log_frac()), (None, Some(3)));
        assert_eq!(cells[3].scope(), Some(SmaxScope::Running));
        assert!(table_cells(0, 3, &[0.0], 0, SmaxScope::Window).is_err());
    }
}
