//! Rows of `lenet.csv`.

use super::error::PlotError;
use super::table;
use model::nn::Activation;

/// One layer, or `all` of them, in one configuration.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub activation: Activation,
    pub log_frac: u64,
    pub images: u64,
    pub configuration: String,
    pub tau: Option<f64>,
    pub smax_scope: String,
    pub layer: String,
    pub multiplications: f64,
    pub paper_multiplications: Option<f64>,
    pub reduction: Option<f64>,
    pub accuracy: Option<f64>,
    pub accuracy_low: Option<f64>,
    pub accuracy_high: Option<f64>,
    pub paper_accuracy: Option<f64>,
}

impl Row {
    pub fn read(row: table::Row<'_>) -> Result<Self, PlotError> {
        Ok(Self {
            activation: row.activation()?,
            log_frac: row.count("log_frac")?,
            images: row.count("images")?,
            configuration: row.text("configuration")?.to_owned(),
            tau: row.optional("tau")?,
            smax_scope: row.text("smax_scope")?.to_owned(),
            layer: row.text("layer")?.to_owned(),
            multiplications: row.number("multiplications_average")?,
            paper_multiplications: row.optional("paper_multiplications_average")?,
            reduction: row.optional("reduction_vs_exact_percent")?,
            accuracy: row.optional("accuracy_percent")?,
            accuracy_low: row.optional("accuracy_low_percent")?,
            accuracy_high: row.optional("accuracy_high_percent")?,
            paper_accuracy: row.optional("paper_accuracy_percent")?,
        })
    }

    /// Whether this is the sum over all layers.
    pub fn is_total(&self) -> bool {
        self.layer == "all"
    }
}

/// The rows of a network, of as many images as there are.
pub(super) fn of_most_images(activation: Activation, rows: &[Row]) -> Vec<&Row> {
    let of_network = || rows.iter().filter(|it| it.activation == activation);
    let images = of_network().map(|it| it.images).max();
    of_network().filter(|it| Some(it.images) == images).collect()
}
