//! Figures of the result tables in a folder.
//!
//! Every figure is drawn once, as SVG, and its PNG is that SVG rasterised with an embedded font:
//! neither depends on the fonts of the machine, and the same tables give the same bytes.

mod accuracy;
mod canvas;
mod confusion;
mod error;
mod figure;
mod labels;
mod layer_errors;
mod legend;
mod lenet;
mod multiplications;
mod panel;
mod products;
mod skips;
mod table;

use std::path::{Path, PathBuf};

pub use error::PlotError;
pub use figure::Figure;

use super::atomic::write_atomic;
use model::nn::Activation;
use table::Table;

/// The figures of a folder.
#[derive(Debug)]
pub struct Plots {
    /// In the order of the tables.
    pub figures: Vec<Figure>,
    /// Tables that are not in the folder, and the figures that are poorer or missing for it.
    pub missing: Vec<(&'static str, &'static str)>,
}

/// Draws whatever the tables in `folder` allow. A table that is not there is listed; one that is
/// malformed is an error.
pub fn figures(folder: &Path) -> Result<Plots, PlotError> {
    let mut missing = Vec::new();
    let mut read = |file, figures| {
        let table = Table::read(&folder.join(file))?;
        if table.is_none() {
            missing.push((file, figures));
        }
        Ok::<_, PlotError>(table)
    };
    let lenet = read("lenet.csv", "accuracy, multiplications")?;
    let peers = read("peers.csv", "accuracy: peers")?;
    let points = read("operating_points.csv", "accuracy: operating points")?;
    let products = read("products.csv", "products")?;
    let skips = read("skips.csv", "skips")?;
    let confusion = read("confusion.csv", "confusion")?;
    let errors = read("layer_errors.csv", "layer_errors")?;

    let lenet = rows(lenet.as_ref(), lenet::Row::read)?;
    let peers = rows(peers.as_ref(), accuracy::PeerRow::read)?;
    let points = rows(points.as_ref(), accuracy::OperatingPointRow::read)?;
    let products = rows(products.as_ref(), products::Row::read)?;
    let skips = rows(skips.as_ref(), skips::Row::read)?;
    let confusion = rows(confusion.as_ref(), confusion::Row::read)?;
    let errors = rows(errors.as_ref(), layer_errors::Row::read)?;

    let mut figures = Vec::new();
    for activation in [Activation::Relu, Activation::Tanh] {
        figures.extend(accuracy::draw(activation, &lenet, &peers, &points).transpose()?);
        figures.extend(multiplications::draw(activation, &lenet).transpose()?);
        figures.extend(products::draw(activation, &products).transpose()?);
        figures.extend(skips::draw(activation, &skips).transpose()?);
        figures.extend(confusion::draw(activation, &confusion).transpose()?);
        figures.extend(layer_errors::draw(activation, &errors).transpose()?);
    }
    Ok(Plots { figures, missing })
}

/// Writes a figure as SVG and PNG into a folder that exists; gives the paths.
pub fn write(figure: &Figure, folder: &Path) -> Result<[PathBuf; 2], PlotError> {
    let path = |extension: &str| folder.join(format!("{}.{extension}", figure.name));
    let (svg, png) = (path("svg"), path("png"));
    let pixels = figure.png()?;
    write_atomic(&svg, |file| file.write_all(figure.svg().as_bytes()))?;
    write_atomic(&png, |file| file.write_all(&pixels))?;
    Ok([png, svg])
}

/// The rows of a table; none without one.
fn rows<'a, T>(
    table: Option<&'a Table>,
    read: impl Fn(table::Row<'a>) -> Result<T, PlotError>,
) -> Result<Vec<T>, PlotError> {
    table.map_or(Ok(Vec::new()), |table| table.parse(read))
}

/// The network's name in titles.
const fn network(activation: Activation) -> &'static str {
    match activation {
        Activation::Relu => "LeNet-5, ReLU",
        Activation::Tanh => "LeNet-5, tanh",
    }
}

/// A configuration as titles write it.
fn configuration_title(name: &str) -> String {
    name.replace("tau=", "τ = ")
}

/// A whole number with commas between thousands.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Whether a configuration is a line of the paper's table, and no operating point.
fn is_rule(configuration: &str) -> bool {
    matches!(configuration, "exact" | "zero-skip" | "dual-zero-skip")
        || configuration.starts_with("tau=")
}

/// The distinct values of something, in the order of their first occurrence.
fn distinct<T: PartialEq>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut seen = Vec::new();
    for value in values {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen
}
