// SPDX-License-Identifier: MIT OR Apache-2.0
//! Trains, fine-tunes and evaluates.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Parser};
use convapprox_trainer::data::{Images, Source};
use convapprox_trainer::fit::{FineTuning, Log, Score, Skipping, Training, evaluate, fit};
use convapprox_trainer::hardware::{Hardware, reorder};
use convapprox_trainer::model::Model;
use convapprox_trainer::record::{
    Record, Validation, parse_setting, settings, skips, technique, validation, write_weights,
};
use model::conv::Semantics;
use model::nn::Network;
use study::error_message;
use study::experiment::lenet::OperatingPoint;
use study::results::digest_of;

/// Trains the networks of convapprox, and fine-tunes them with products skipped.
#[derive(Debug, Parser)]
#[command(version, about)]
enum Cli {
    /// Trains weights from scratch, in floating point
    Train(Train),
    /// Trains weights on, with the products skipped that the hardware skips
    #[command(mut_arg("learning_rate", |arg| arg.default_value("0.002")))]
    #[command(mut_arg("weight_decay", |arg| arg.default_value("0")))]
    Finetune(Finetune),
    /// Puts channels into the order that saves multiplications in running scope
    Reorder(Reorder),
    /// Scores weights or an operating point on the validation images
    Evaluate(Evaluate),
}

fn main() -> ExitCode {
    let result = match Cli::parse() {
        Cli::Train(train) => train.run(),
        Cli::Finetune(finetune) => finetune.run(),
        Cli::Reorder(reorder) => reorder.run(),
        Cli::Evaluate(evaluate) => evaluate.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", error_message(&*error));
            ExitCode::from(2)
        }
    }
}

/// Which images.
#[derive(Debug, Args)]
struct Data {
    /// What is trained on
    #[arg(long, value_enum, default_value = "mnist")]
    dataset: Source,
    /// Drawn digits mixed into MNIST
    #[arg(long, default_value_t = 5000)]
    drawn: usize,
    /// Trains on the first N images only
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// What everything random follows from
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Data {
    fn load(&self) -> Result<Images> {
        Images::load(self.dataset, self.seed, self.drawn, self.limit)
    }

    /// Where weights come from that are trained on these.
    fn record(
        &self,
        model: &Model,
        images: &Images,
        training: &Training,
        score: &Score,
        from_sha256: Option<String>,
    ) -> Record {
        Record {
            network: model.network.name.clone(),
            command: command_line(),
            revision: env!("CONVAPPROX_REVISION").to_owned(),
            seed: self.seed,
            epochs: training.epochs,
            dataset: self.dataset.name().to_owned(),
            images_sha256: images.digest(),
            from_sha256,
            validation_accuracy_percent: score.accuracy_percent(),
            weights_sha256: String::new(),
        }
    }
}

/// Where files are looked for and put.
#[derive(Debug, Args)]
struct Folders {
    /// Folder with `networks`, `weights` and `operating_points`
    #[arg(long, value_name = "DIR", default_value = "testvectors")]
    vectors: PathBuf,
    /// Where the log goes
    #[arg(long, value_name = "DIR", default_value = "reports/runs/trainer")]
    out: PathBuf,
    /// No progress
    #[arg(long)]
    quiet: bool,
}

impl Folders {
    fn network(&self, name: &str) -> Result<Network> {
        Ok(Network::read(&self.vectors.join("networks").join(name))?)
    }

    fn weights(&self, name: &str) -> PathBuf {
        self.vectors.join("weights").join(name)
    }

    fn write_point(
        &self,
        name: &str,
        (network, weights): (String, String),
        technique: String,
        layers: &[(String, Semantics)],
        validation: &Validation,
    ) -> Result<()> {
        let (layers, command) = (settings(layers), command_line());
        let validation = serde_json::to_value(validation)?;
        let folder = PathBuf::new();
        let point =
            OperatingPoint { network, weights, technique, layers, validation, command, folder };
        Ok(point.write(&self.vectors.join("operating_points").join(format!("{name}.json")))?)
    }

    fn log(&self, name: &str) -> Result<Log> {
        Log::new(Some(&self.out.join(format!("{name}.csv"))), self.quiet)
    }
}

/// The command line as it is recorded: without what does not change the result.
fn command_line() -> String {
    let mut words = std::env::args().skip(1);
    let mut recorded = String::from("trainer");
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quiet" => {}
            "--out" | "--vectors" => drop(words.next()),
            word if word.starts_with("--out=") || word.starts_with("--vectors=") => {}
            word => {
                recorded.push(' ');
                recorded.push_str(word);
            }
        }
    }
    recorded
}

/// Trains weights from scratch, in floating point.
#[derive(Debug, Args)]
struct Train {
    /// File name of the network, in `networks`
    network: String,
    /// Name of the weights, in `weights`
    name: String,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    folders: Folders,
    #[command(flatten)]
    training: Training,
}

impl Train {
    fn run(&self) -> Result<()> {
        let Self { name, data, folders, training, .. } = self;
        let model = Model::random(&folders.network(&self.network)?, data.seed)?;
        let images = data.load()?;
        let score = fit(&model, &images, training, None, &mut folders.log(name)?)?;
        let path = folders.weights(&format!("{name}.safetensors"));
        data.record(&model, &images, training, &score, None).write(&model, &path)?;
        println!("{}: {:.2} % of the validation images", path.display(), score.accuracy_percent());
        Ok(())
    }
}

/// Trains weights on, with the products skipped that the hardware skips.
#[derive(Debug, Args)]
struct Finetune {
    /// File name of the network, in `networks`
    network: String,
    /// File name of the weights that training begins with, in `weights`
    from: String,
    /// Name of the new weights and the operating point
    name: String,
    /// What a convolution skips: T in units of 2^−F, F, the scope of S_max
    #[arg(long = "layer", value_name = "NAME=T,F,SCOPE", required = true)]
    #[arg(value_parser = parse_setting)]
    layers: Vec<(String, Semantics)>,
    /// Techniques to name in the operating point [default: what the settings tell]
    #[arg(long, value_name = "NAMES")]
    technique: Option<String>,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    folders: Folders,
    #[command(flatten)]
    training: Training,
    #[command(flatten)]
    settings: FineTuning,
    /// File name of the weights that answer as teacher; without it, those that training begins with
    #[arg(long, value_name = "WEIGHTS")]
    teacher_weights: Option<String>,
}

impl Finetune {
    fn run(&self) -> Result<()> {
        let Self { from, name, data, folders, training, settings: fine_tuning, .. } = self;
        let network = folders.network(&self.network)?;
        let weights = format!("{name}.safetensors");
        if *from == weights {
            bail!("{name} would replace the weights it begins with; choose another name");
        }
        let model = Model::read(&network, &folders.weights(from))?;
        let teacher = match &self.teacher_weights {
            Some(name) => Model::read(&network, &folders.weights(name))?,
            None => model.copy()?,
        };
        let skips = skips(&model.stages, &self.layers)?;
        let images = data.load()?;
        let skipping = Skipping { settings: fine_tuning, teacher: &teacher, skips: &skips };
        let score = fit(&model, &images, training, Some(skipping), &mut folders.log(name)?)?;

        let before = digest_of(&folders.weights(from))?;
        let record = data.record(&model, &images, training, &score, Some(before));
        record.write(&model, &folders.weights(&weights))?;
        let validation = validation(&model, &score)?;
        let technique = self.technique.clone().unwrap_or_else(|| technique(true, &self.layers));
        let files = (self.network.clone(), weights);
        folders.write_point(name, files, technique, &self.layers, &validation)?;
        println!(
            "{name}: {:.2} % of the validation images, {:.2} % fewer multiplications",
            validation.accuracy_percent, validation.reduction_vs_exact_percent,
        );
        Ok(())
    }
}

/// Writes the same network with its channels in the order that saves multiplications in running
/// scope.
#[derive(Debug, Args)]
struct Reorder {
    /// File name of the network, in `networks`
    network: String,
    /// File name of the weights, in `weights`
    from: String,
    /// Name of the new weights
    name: String,
    /// What a convolution skips: T in units of 2^−F, F, the scope of S_max
    #[arg(long = "layer", value_name = "NAME=T,F,SCOPE", required = true)]
    #[arg(value_parser = parse_setting)]
    layers: Vec<(String, Semantics)>,
    #[command(flatten)]
    folders: Folders,
}

impl Reorder {
    fn run(&self) -> Result<()> {
        let network = self.folders.network(&self.network)?;
        let model = Model::read(&network, &self.folders.weights(&self.from))?;
        let hardware = Hardware::calibrate(&model, skips(&model.stages, &self.layers)?)?;
        for (name, before, after) in reorder(&model, &hardware)? {
            println!("{name}: {before} multiplications over drawn digits before, {after} after");
        }
        let path = self.folders.weights(&format!("{}.safetensors", self.name));
        write_weights(&model, &path)?;
        println!("{}", path.display());
        Ok(())
    }
}

/// Scores weights on the validation images: in floating point, in the arithmetic of the hardware
/// with every product, and with products skipped.
#[derive(Debug, Args)]
struct Evaluate {
    /// File name of the network, in `networks`
    network: String,
    /// File name of the weights, in `weights`
    weights: String,
    /// What a convolution skips: T in units of 2^−F, F, the scope of S_max
    #[arg(long = "layer", value_name = "NAME=T,F,SCOPE", value_parser = parse_setting)]
    layers: Vec<(String, Semantics)>,
    /// Name of an operating point to write for these weights and `--layer` settings
    #[arg(long, value_name = "NAME")]
    point: Option<String>,
    /// Techniques to name in the operating point [default: what the settings tell]
    #[arg(long, value_name = "NAMES")]
    technique: Option<String>,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    folders: Folders,
}

impl Evaluate {
    fn run(&self) -> Result<()> {
        let network = self.folders.network(&self.network)?;
        let model = Model::read(&network, &self.folders.weights(&self.weights))?;
        let images = self.data.load()?.validation;
        let exact = Hardware::calibrate(&model, vec![None; model.stages.len()])?;
        let skipping = Hardware { skips: skips(&model.stages, &self.layers)?, ..exact.clone() };
        let rows = [("float", None), ("exact", Some(&exact)), ("approx", Some(&skipping))];
        let mut reached = None;
        for (name, hardware) in rows {
            let validation = validation(&model, &evaluate(&model, &images, hardware)?)?;
            println!(
                "{name:<7}{:>7.2} %  {:>9.1} multiplications ({:.2} % fewer)  {:?}",
                validation.accuracy_percent,
                validation.macs,
                validation.reduction_vs_exact_percent,
                validation.layer_macs,
            );
            reached = Some(validation);
        }
        if let (Some(name), Some(validation)) = (&self.point, reached) {
            let named = self.technique.clone();
            let technique = named.unwrap_or_else(|| technique(false, &self.layers));
            let files = (self.network.clone(), self.weights.clone());
            self.folders.write_point(name, files, technique, &self.layers, &validation)?;
        }
        Ok(())
    }
}
