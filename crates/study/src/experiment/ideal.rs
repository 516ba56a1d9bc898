// SPDX-License-Identifier: MIT OR Apache-2.0
//! The ideal rule, which no hardware could afford: a product is kept if its exact magnitude is more
//! than τ times the largest one of its window. The paper's logarithms estimate it.
//!
//! With the filter `sharpen9` over MNIST it meets three of the four tolerances of the paper's filter
//! table (section V-A) once its counts are scaled to the paper's number of non-zero products: these are
//! the filter and the rule that the table was made with.

use std::ops::Range;

use rayon::prelude::*;
use serde_json::{Value, json};

use super::windows::{Filter, paper, plane};
use crate::Error;
use crate::data::Image;
use crate::report::figure::{Bar, Bars, Group, palette, thousands};
use crate::results::ResultFolder;
use crate::run::{Engines, Experiment, Finished, Outcomes, Run};
use crate::table;
use crate::table::Shortest;
use crate::tables::PlotBy;
use model::conv::output_size;
use model::engine::Findings;

table! {
    /// The multiplications that are left by the ideal rule, for one filter and tolerance.
    pub struct IdealRow in "ideal.csv" {
        /// Filter.
        pub filter: String,
        /// Tolerance τ: a product is kept if it is above this share of the largest one of its window.
        pub tau: Shortest,
        /// Images, from the first.
        pub images: usize,
        /// Multiplications per image, mean over the images.
        pub multiplications_average: f64,
        /// Products that are not zero, likewise.
        pub non_zero_average: f64,
        /// The mean of the multiplications, scaled to the paper's products that are not zero.
        pub scaled_multiplications_average: f64,
        /// What the paper's filter table has; empty for a tolerance that is not in it.
        pub paper_multiplications_average: Option<f64>,
        /// How many percent the scaled mean is above the paper's; negative: below.
        pub vs_paper_percent: Option<f64>,
    }
}

pub(super) static IDEAL: PlotBy<IdealRow> = PlotBy {
    name: "ideal",
    key: |row| &row.filter,
    figure: |of, rows, name| {
        let legend =
            [("the ideal rule, scaled", palette::BLUE), ("the paper's table", palette::ORANGE)];
        let group = |row: &&IdealRow| {
            let bar = |value: f64, at: usize| Bar::new(value, legend[at].1).label(thousands(value));
            let ideal = bar(row.scaled_multiplications_average, 0);
            let bars = [Some(ideal), row.paper_multiplications_average.map(|it| bar(it, 1))];
            Group::new(format!("τ = {}", row.tau.0), bars.into_iter().flatten().collect())
        };
        Bars {
            title: format!("{of} – multiplications by the ideal rule"),
            axis: "multiplications per image".to_owned(),
            legend: legend.map(|(text, colour)| (text.to_owned(), colour)).to_vec(),
            groups: rows.iter().map(group).collect(),
            ..Bars::default()
        }
        .draw(name)
    },
};

/// Runs the experiment at the tolerances `taus`, each above 0 and below 1.
///
/// # Errors
/// Tolerances, filters or images that cannot be; and those of [`run`](crate::run::run()).
pub fn run(
    run: &Run<'_>,
    filters: &[Filter],
    taus: &[f64],
) -> Result<Finished<Vec<IdealRow>>, Error> {
    if let Some(tau) = taus.iter().find(|tau| !(**tau > 0.0 && **tau < 1.0)) {
        return Err(Error::Input(format!("tolerance τ = {tau} is not between 0 and 1")));
    }
    crate::run::run(run, &Ideal { filters, taus, images: run.images()? })
}

struct Ideal<'a> {
    filters: &'a [Filter],
    taus: &'a [f64],
    images: Vec<&'a Image>,
}

/// How many of the products `weights · inputs` the rule keeps at each tolerance.
fn kept(weights: &[i32], inputs: &[i32], taus: &[f64]) -> Vec<u64> {
    let product = |(&w, &x): (&i32, &i32)| (i64::from(w) * i64::from(x)).unsigned_abs() as f64;
    // Products of 32-bit numbers that filters and pixels come to are exact in a float.
    let products: Vec<f64> = weights.iter().zip(inputs).map(product).collect();
    let largest = products.iter().copied().fold(0.0, f64::max);
    let above = |tau: &f64| products.iter().filter(|&&it| it > tau * largest).count() as u64;
    taus.iter().map(above).collect()
}

impl Ideal<'_> {
    /// The products that are kept at each tolerance, and behind them those that are not zero.
    fn count(&self, filter: &Filter, image: &Image) -> Result<Vec<u64>, Error> {
        let (plane, side) = (plane(image), filter.kernel.side());
        let size = output_size(plane.width(), plane.height(), side);
        let (width, height) = size.map_err(|it| Error::Input(format!("{}: {it}", filter.name)))?;
        let mut counts = vec![0; self.taus.len() + 1];
        // What is above 0 times the largest is not zero.
        let taus: Vec<f64> = self.taus.iter().copied().chain([0.0]).collect();
        for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
            let kept = kept(filter.kernel.weights(), &plane.window(x, y, side), &taus);
            counts.iter_mut().zip(kept).for_each(|(sum, more)| *sum += more);
        }
        Ok(counts)
    }
}

/// Images of a batch.
const BATCH_IMAGES: usize = 200;

impl Experiment for Ideal<'_> {
    /// Some images.
    type Batch = Range<usize>;
    /// By filter and tolerance, the products that are not zero last.
    type Outcome = Vec<Vec<u64>>;
    type Summary = Vec<IdealRow>;

    fn settings(&self) -> Value {
        let filters = self.filters.iter().map(|it| json!([it.name, it.kernel.weights()]));
        json!({ "taus": self.taus, "filters": filters.collect::<Vec<_>>() })
    }

    fn plan(&self) -> Vec<Self::Batch> {
        super::batches(1, self.images.len(), BATCH_IMAGES).into_iter().map(|it| it.1).collect()
    }

    fn batch(&self, images: &Self::Batch, _: &mut Engines<'_>) -> Result<Self::Outcome, Error> {
        let filter = |filter: &Filter| {
            let counts = self.images[images.clone()].par_iter().map(|it| self.count(filter, it));
            let none = || vec![0; self.taus.len() + 1];
            counts.try_reduce(none, |sum, more| {
                Ok(sum.into_iter().zip(more).map(|(sum, more)| sum + more).collect())
            })
        };
        self.filters.iter().map(filter).collect()
    }

    fn tables(
        &self,
        outcomes: Outcomes<'_, Self::Outcome>,
        _: &Findings,
        results: &mut ResultFolder,
    ) -> Result<Vec<IdealRow>, Error> {
        let mut totals = vec![vec![0_u64; self.taus.len() + 1]; self.filters.len()];
        for outcome in outcomes {
            let sums = totals.iter_mut().flatten();
            sums.zip(outcome?.iter().flatten()).for_each(|(sum, more)| *sum += more);
        }
        let average = |count: u64| count as f64 / self.images.len() as f64;
        let mut rows = Vec::new();
        for (filter, totals) in self.filters.iter().zip(&totals) {
            let non_zero = average(totals[self.taus.len()]);
            for (&tau, &count) in self.taus.iter().zip(totals) {
                let multiplications = average(count);
                let scale = paper("zero-skip").map_or(1.0, |it| it / non_zero);
                let (scaled, paper) = (multiplications * scale, paper(&format!("tau={tau}")));
                rows.push(IdealRow {
                    filter: filter.name.clone(),
                    tau: Shortest(tau),
                    images: self.images.len(),
                    multiplications_average: multiplications,
                    non_zero_average: non_zero,
                    scaled_multiplications_average: scaled,
                    paper_multiplications_average: paper,
                    vs_paper_percent: paper.map(|paper| 100.0 * (scaled / paper - 1.0)),
                });
            }
        }
        results.table(&rows)?;
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_at_the_tolerance_is_skipped() {
        // Magnitudes 8, 4, 2 and 0: half of the largest is not above it.
        let taus = [0.2, 0.25, 0.49, 0.5, 0.0];
        assert_eq!(kept(&[-2, 1, 1, 3], &[4, -4, 2, 0], &taus), [3, 2, 2, 1, 3]);
        assert_eq!(kept(&[1, 1], &[0, 0], &taus), [0; 5]);
    }
}
