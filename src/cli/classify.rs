// SPDX-License-Identifier: MIT OR Apache-2.0
//! `convapprox classify`.

use std::path::PathBuf;

use model::nn::Configuration;
use study::Status;
use study::data::{Image, SIDE, Split};
use study::experiment::classify::{self, Classified, Digit};
use study::experiment::lenet::{OperatingPoint, Variant};
use study::report::terminal::{number, table};

use super::flags::{NetworkFlags, RunFlags, ScopeFlag, UnitFlags, one};
use super::output::List;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Pictures (PNG, JPEG, BMP, GIF or WebP), each with one digit: dark on light or light on dark, of
    /// any size, also in uneven light
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    run: RunFlags,

    #[command(flatten)]
    under_test: UnitFlags,

    #[command(flatten)]
    networks: NetworkFlags,

    #[command(flatten)]
    scope: ScopeFlag,

    /// An operating point: network, weights and thresholds in one
    #[arg(long, value_name = "FILE", num_args = 1, conflicts_with_all = ["network", "weights", "tau"])]
    point: Vec<PathBuf>,

    /// Tolerance: products below this share of the largest one are skipped
    #[arg(long, value_name = "LIST", default_value = "0.1")]
    tau: List<f64>,

    /// Fraction bits of the log proxies
    #[arg(long, value_name = "LIST", default_value = "0")]
    log_frac: List<u32>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let (variant, configuration) = network(args)?;
    let read = args.files.iter().map(|file| Digit::read(file));
    let (digits, refused): (Vec<_>, Vec<_>) = read.partition(Result::is_ok);
    let digits: Vec<Digit> = digits.into_iter().flatten().collect();
    let mut refused: Vec<_> = refused.into_iter().filter_map(Result::err).collect();
    if digits.is_empty() {
        let last = refused.pop().expect("a file is required");
        refused.iter().for_each(|error| note!("error: {error}"));
        return Err(last.into());
    }
    let dataset = classify::dataset(&digits);
    let unit = args.under_test.factory(args.run.basic.seed, None);
    let images = (&dataset, Split::Test, digits.len());
    let ended = args.run.run("classify", images, &[unit.as_ref()], |run| {
        classify::run(run, &digits, &variant, &configuration)
    })?;
    for (digit, classified) in digits.iter().zip(&ended.finished.summary) {
        print(digit, classified, &variant);
    }
    let status = ended.close("windows");
    // One bad file does not end the others; it is told last, where it is seen.
    refused.iter().for_each(|error| note!("error: {error}"));
    Ok(if refused.is_empty() || status != Status::Good { status } else { Status::BadInput })
}

fn network(args: &Args) -> anyhow::Result<(Variant, Configuration)> {
    if let [path] = &args.point[..] {
        let point = OperatingPoint::read(path)?;
        let variant = point.variant()?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let configuration = point.configuration(&name, &variant.layers())?;
        return Ok((variant, configuration));
    }
    let variant = args.networks.variant("lenet5-relu")?;
    let layers = variant.layers().len();
    let (tau, log_frac) = (one("--tau", &args.tau)?, one("--log-frac", &args.log_frac)?);
    let configuration = Configuration::tau(tau, log_frac, args.scope.smax_scope, layers)?;
    Ok((variant, configuration))
}

fn print(digit: &Digit, found: &Classified, variant: &Variant) {
    say!("{}", digit.file.display());
    if let Some(doubt) = digit.doubt {
        note!("notice: {} {doubt}", digit.file.display());
    }
    say!("{}", draw(&digit.image));
    let headings = [">exact", ">approximate", ">absolute error", ">error %", ">softmax %"];
    let mut scores = table(["class"].into_iter().chain(headings));
    for row in &found.rows {
        let mark = |class: usize, text: i32| {
            if class == row.class { format!("▶ {text}") } else { text.to_string() }
        };
        scores.add_row([
            row.class.to_string(),
            mark(found.exact.class, row.exact_score),
            mark(found.approximate.class, row.approximate_score),
            row.absolute_error.to_string(),
            number(row.percentage_error, 2),
            number(row.approximate_softmax_percent, 2),
        ]);
    }
    say!("{scores}");

    let mut layers = table(["layer", ">exact multiplications", ">performed", ">fewer %"]);
    let mut add = |name: &str, exact: u64, done: u64| {
        let fewer = number(100.0 * (1.0 - done as f64 / exact as f64), 2);
        layers.add_row([name.to_owned(), exact.to_string(), done.to_string(), fewer]);
    };
    let exact = variant.exact_multiplications();
    for ((name, &exact), &done) in variant.layers().iter().zip(&exact).zip(&found.multiplications) {
        add(name, exact, done);
    }
    add("all", exact.iter().sum(), found.multiplications.iter().sum());
    say!("{layers}");
    let Classified { exact, approximate, .. } = found;
    say!("it is a {} ({} without skipping)", approximate.class, exact.class);
    let (unit, margin) = (-variant.score_unit().log2(), number(approximate.margin, 2));
    let second =
        approximate.second.map_or(String::new(), |it| format!(", {margin} ahead of a {it}"));
    say!("scores are in units of 2^-{unit}{second}");
}

/// The image in shades of grey; a character is two pixels high.
fn draw(image: &Image) -> String {
    const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];
    let mut text = String::new();
    for y in (0..SIDE).step_by(2) {
        for x in 0..SIDE {
            let pair = [image.pixels[y * SIDE + x], image.pixels[(y + 1) * SIDE + x]];
            let mean = (usize::from(pair[0]) + usize::from(pair[1])) / 2;
            text.push(SHADES[(mean * SHADES.len() / 256).min(SHADES.len() - 1)]);
        }
        text.push('\n');
    }
    text
}
