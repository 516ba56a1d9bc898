//! `ablation.csv`: what each technique adds on its own, and all of them together.

use serde::Serialize;

use super::points::{PAPER_RULE, PointRow};
use crate::report::number::{decimals, optional_decimals};

/// Points of accuracy against exact that are counted as none.
pub const NO_LOSS_POINTS: f64 = 0.1;

/// The best point of a technique: of those that lose at most [`NO_LOSS_POINTS`], the one with the
/// fewest multiplications; if there is none, the one that loses least.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AblationRow {
    /// `relu` or `tanh`.
    pub activation: String,
    /// `paper-rule`, or techniques with + between.
    pub technique: String,
    /// The point.
    pub point: String,
    /// Images, from the first of the test set.
    pub images: usize,
    /// Percent fewer multiplications than exact.
    #[serde(serialize_with = "decimals")]
    pub reduction_vs_exact_percent: f64,
    /// Times fewer multiplications than the best point of the paper's rule; empty in a run without.
    #[serde(serialize_with = "optional_decimals")]
    pub fewer_than_paper_rule: Option<f64>,
    /// Points of accuracy lost against exact.
    #[serde(serialize_with = "decimals")]
    pub loss_points: f64,
    /// Whether that is at most [`NO_LOSS_POINTS`].
    pub within_limit: bool,
}

/// A line a technique, in the order of the points.
pub fn ablation(points: &[PointRow]) -> Vec<AblationRow> {
    let mut rows: Vec<AblationRow> = Vec::new();
    for point in points {
        let seen = |row: &AblationRow| {
            row.activation == point.activation && row.technique == point.technique
        };
        if rows.iter().any(seen) {
            continue;
        }
        let best_of = |technique| best(points, &point.activation, technique);
        let Some(best) = best_of(&point.technique) else { continue };
        let paper = best_of(PAPER_RULE);
        rows.push(AblationRow {
            activation: point.activation.clone(),
            technique: point.technique.clone(),
            point: best.point.clone(),
            images: best.images,
            reduction_vs_exact_percent: best.reduction_vs_exact_percent,
            fewer_than_paper_rule: paper
                .map(|paper| paper.multiplications_average / best.multiplications_average),
            loss_points: best.loss_points,
            within_limit: within(best),
        });
    }
    rows
}

fn within(point: &PointRow) -> bool {
    // A hundredth of an image in 10,000 is beyond every rounding.
    point.loss_points <= NO_LOSS_POINTS + 1e-6
}

fn best<'a>(points: &'a [PointRow], activation: &str, technique: &str) -> Option<&'a PointRow> {
    let own =
        || points.iter().filter(|it| it.activation == activation && it.technique == technique);
    let fewest = own()
        .filter(|it| within(it))
        .min_by(|a, b| a.multiplications_average.total_cmp(&b.multiplications_average));
    let least = || own().min_by(|a, b| a.loss_points.total_cmp(&b.loss_points));
    fewest.or_else(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(technique: &str, name: &str, multiplications: f64, loss: f64) -> PointRow {
        PointRow {
            activation: "relu".to_owned(),
            point: name.to_owned(),
            technique: technique.to_owned(),
            multiplications_average: multiplications,
            loss_points: loss,
            ..PointRow::default()
        }
    }

    #[test]
    fn the_fewest_multiplications_within_the_limit_win() {
        let points = [
            point(PAPER_RULE, "a", 400.0, 0.0),
            point(PAPER_RULE, "b", 200.0, 0.1),
            point(PAPER_RULE, "c", 100.0, 0.2),
            point("x", "d", 50.0, 0.6),
            point("x", "e", 80.0, 0.4),
        ];
        let rows = ablation(&points);
        let found: Vec<_> = rows.iter().map(|row| (row.point.as_str(), row.within_limit)).collect();
        assert_eq!(found, [("b", true), ("e", false)]);
        assert_eq!(rows[1].fewer_than_paper_rule, Some(2.5));
        assert_eq!(ablation(&points[3..])[0].fewer_than_paper_rule, None);
    }
}
