//! The rows of `peers.csv`.

use serde::Serialize;

use super::bench::{PeerBench, PeerTotals, Tally};
use super::technique::{Saves, Technique};
use crate::experiment::significance::{Discordant, Proportion};
use crate::report::number::decimals;

/// A row of `peers.csv`: one technique at one setting, over all images. Multiplications are those
/// of the convolution layers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PeerRow {
    /// The activation after the first convolution: `relu`, `tanh` or `none`.
    pub activation: &'static str,
    /// Images.
    pub images: u64,
    /// The technique.
    pub technique: &'static str,
    /// Its setting; empty if it has none.
    pub setting: String,
    /// Multiplications of an image, on average.
    #[serde(serialize_with = "decimals")]
    pub multiplications_average: f64,
    /// Products of an image that are approximated without a multiplier, on average.
    #[serde(serialize_with = "decimals")]
    pub log_products_average: f64,
    /// Magnitude bits of a multiplier's operands, weight × activation: `15x12`; empty without one.
    pub multiplier_bits: String,
    /// How many percent fewer multiplications than exact arithmetic.
    #[serde(serialize_with = "decimals")]
    pub reduction_vs_exact_percent: f64,
    /// Images whose class is right.
    pub correct: u64,
    /// Their share.
    #[serde(serialize_with = "decimals")]
    pub accuracy_percent: f64,
    /// The lower end of its 95 % interval.
    #[serde(serialize_with = "decimals")]
    pub accuracy_low_percent: f64,
    /// The upper end.
    #[serde(serialize_with = "decimals")]
    pub accuracy_high_percent: f64,
    /// Images that exact arithmetic alone gets right.
    pub mcnemar_lost: u64,
    /// Images that the technique alone gets right.
    pub mcnemar_won: u64,
    /// How probable a split at least as uneven is by chance, 0 to 1.
    #[serde(serialize_with = "decimals")]
    pub mcnemar_p: f64,
    /// `energy`, `energy+time`, or `none` for exact arithmetic.
    pub saves: Saves,
}

impl PeerBench {
    /// The rows of images with these labels; none without an image.
    ///
    /// # Panics
    /// If the totals are those of another bench, or of another number of images.
    pub fn rows(&self, totals: &PeerTotals, labels: &[u8]) -> Vec<PeerRow> {
        let activation = self.network.convolutions().next().and_then(|it| it.finish.activation);
        let activation = activation.map_or("none", |it| it.name());
        if labels.is_empty() {
            return Vec::new();
        }
        let techniques = self.techniques();
        assert_eq!(totals.tallies.len(), techniques.len(), "a tally for every technique");
        let exact = &totals.tallies[0];
        let tallies = techniques.into_iter().zip(&totals.tallies);
        tallies.map(|(technique, tally)| row(activation, technique, tally, exact, labels)).collect()
    }
}

fn row(
    activation: &'static str,
    technique: Technique,
    tally: &Tally,
    exact: &Tally,
    labels: &[u8],
) -> PeerRow {
    let right = right(tally, labels);
    let correct = Proportion::of(right.iter().copied());
    let discordant = Discordant::of(self::right(exact, labels).into_iter().zip(right));
    let (low, high) = correct.interval();
    let average = |counts: &[u64]| counts.iter().sum::<u64>() as f64 / labels.len() as f64;
    let multiplications = average(&tally.multiplications);
    let bits = technique.multiplier_bits;
    PeerRow {
        activation,
        images: correct.trials,
        technique: technique.name,
        setting: technique.setting,
        multiplications_average: multiplications,
        log_products_average: average(&tally.log_products),
        multiplier_bits: bits.map_or(String::new(), |(weight, input)| format!("{weight}x{input}")),
        reduction_vs_exact_percent: 100.0
            - 100.0 * multiplications / average(&exact.multiplications),
        correct: correct.successes,
        accuracy_percent: 100.0 * correct.share(),
        accuracy_low_percent: 100.0 * low,
        accuracy_high_percent: 100.0 * high,
        mcnemar_lost: discordant.lost,
        mcnemar_won: discordant.won,
        mcnemar_p: discordant.mcnemar(),
        saves: technique.saves,
    }
}

/// Whether each image's class is its label.
fn right(tally: &Tally, labels: &[u8]) -> Vec<bool> {
    assert_eq!(tally.classes.len(), labels.len(), "a label for every image");
    tally.classes.iter().zip(labels).map(|(class, label)| *class == u16::from(*label)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{images, network, weights};
    use super::*;

    #[test]
    fn a_row_counts_what_is_lost_and_won() {
        let tally = |multiplications: u64, classes: &[u16]| Tally {
            multiplications: vec![multiplications, 2 * multiplications],
            log_products: vec![4, 0],
            classes: classes.to_vec(),
        };
        let technique = Technique {
            name: "some",
            setting: "x=1".to_owned(),
            multiplier_bits: Some((3, 2)),
            saves: Saves::Energy,
        };
        let exact = tally(40, &[1, 2, 3, 0]);
        let row = row("tanh", technique, &tally(10, &[1, 9, 9, 4]), &exact, &[1, 2, 3, 4]);
        assert_eq!((row.correct, row.mcnemar_lost, row.mcnemar_won), (2, 2, 1));
        assert_eq!((row.images, row.accuracy_percent), (4, 50.0));
        assert!((row.mcnemar_p - 1.0).abs() < 1e-12, "{}", row.mcnemar_p);
        let counts = (row.multiplications_average, row.log_products_average);
        assert_eq!((counts, row.reduction_vs_exact_percent), ((7.5, 1.0), 75.0));
        assert_eq!(row.multiplier_bits, "3x2");
    }

    #[test]
    fn the_columns_are_as_documented() {
        let network = network("relu");
        let bench = PeerBench::new(&network, &weights(&network, 11)).unwrap();
        let images = images(3);
        let labels: Vec<u8> = images.iter().map(|it| it.label).collect();
        let rows = bench.rows(&bench.chunk(&images.iter().collect::<Vec<_>>()), &labels);
        let mut writer = csv::Writer::from_writer(Vec::new());
        rows.iter().for_each(|row| writer.serialize(row).unwrap());
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let mut lines = text.lines();
        assert_eq!(
            lines.next().unwrap(),
            "activation,images,technique,setting,multiplications_average,log_products_average,\
             multiplier_bits,reduction_vs_exact_percent,correct,accuracy_percent,\
             accuracy_low_percent,accuracy_high_percent,mcnemar_lost,mcnemar_won,mcnemar_p,saves"
        );
        let exact = lines.next().unwrap();
        assert!(exact.starts_with("relu,3,exact,,270720.0000,0.0000,15x12,0.0000,"), "{exact}");
        assert!(exact.ends_with(",0,0,1.0000,none"), "{exact}");
        for name in ["zero-skip", "dual-zero-skip", "snapea-zero-skip", "winograd", "mitchell"] {
            assert!(text.contains(&format!("\nrelu,3,{name},")), "{name} is missing");
        }
    }
}
