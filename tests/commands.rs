// SPDX-License-Identifier: MIT OR Apache-2.0
//! What holds for every command. The commands and their arguments are taken from the program, so that
//! a new one cannot be left out.

mod common;

use std::any::TypeId;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::{Arg, CommandFactory};
use common::{Ran, convapprox, end_within, succeeds};
use convapprox::cli::Cli;
use convapprox::synthesis::Tools;
use safetensors::{Dtype, tensor::TensorView};
use serde_json::json;
use tempfile::TempDir;

/// A quick run of a command.
#[derive(Clone, Copy)]
struct Quick {
    command: &'static str,
    flags: &'static str,
    /// What stands in [`folder`] for its argument without a flag.
    operand: &'static str,
    /// Whether it needs the tools of synthesis.
    tools: bool,
}

const fn quick(command: &'static str, flags: &'static str, operand: &'static str) -> Quick {
    Quick { command, flags, operand, tools: false }
}

const fn with_tools(command: &'static str, flags: &'static str) -> Quick {
    Quick { command, flags, operand: "", tools: true }
}

const QUICK: [Quick; 20] = [
    quick("stats", "--dataset digits", ""),
    quick("windows", "--dataset digits --images 1 --filters box --engine golden", ""),
    quick("lenet", "--dataset digits --images 1 --engine golden", ""),
    quick("sweep", "--dataset digits --images 1 --engine golden --no-splits --no-peers", ""),
    quick("classify", "--engine golden", "digit.png"),
    quick("search", "--dataset digits --network small.json --weights small.safetensors", ""),
    quick("channels", "--dataset digits --images 1 --threshold 1 --network lenet5-relu", ""),
    quick("numbers", "--dataset digits --images 1 --tau 0.5 --network lenet5-relu", ""),
    quick("planes", "--dataset digits --images 1", ""),
    quick("ideal", "--dataset digits --images 1", ""),
    quick("accel", "--dataset digits --images 1 --score-images 1 --engine golden", ""),
    with_tools("synth", "--unit k2_m1_o8"),
    with_tools("energy", "--dataset digits --images 1 --windows 1 --unit k2_m1_o8 --threshold 2"),
    with_tools(
        "explore",
        "--dataset digits --images 1 --windows 1 --unit k2_m1_o8 --threshold 2 --network small.json \
         --weights small.safetensors",
    ),
    with_tools("power", "--dataset digits --cycles 10 --soc soc_m1_o8 --threshold 2"),
    quick("soc", "--log log", "hello"),
    quick("torture", "--instructions 100", ""),
    quick("replay", "", "case"),
    quick("plot", "", "results"),
    quick("columns", "", "lenet.csv"),
];

impl Quick {
    /// The command with another operand, if it has one, and further flags.
    fn with(&self, folder: &Path, operand: &str, more: &str) -> Command {
        let operand = if self.operand.is_empty() { "" } else { operand };
        let line = format!("{} {operand} {} {more}", self.command, without(self.flags, more));
        let mut command = convapprox(folder, &line);
        if self.tools {
            command.env("CONVAPPROX_SILICON", Tools::find().unwrap().folder());
        }
        command
    }

    /// It, with its results in `out` if it has any.
    fn command(&self, folder: &Path) -> Command {
        let out = if self.has("out") { "--out out" } else { "" };
        self.with(folder, self.operand, out)
    }

    fn has(&self, flag: &str) -> bool {
        self.arguments().iter().any(|it| it.get_long() == Some(flag))
    }

    fn arguments(&self) -> Vec<Arg> {
        let all = Cli::command();
        all.find_subcommand(self.command).unwrap().get_arguments().cloned().collect()
    }
}

/// The flags without those that `more` gives other values.
fn without(flags: &str, more: &str) -> String {
    let given = |flag: &str| more.split([' ', '=']).any(|it| it.strip_prefix("--") == Some(flag));
    let flags = flags.split("--").filter(|it| !it.is_empty());
    let others = flags.filter(|it| !given(it.split(' ').next().unwrap_or_default()));
    others.fold(String::new(), |line, flag| format!("{line} --{flag}"))
}

/// A folder with a picture of a digit, a small network, results, and a mismatch report.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut digit = image::GrayImage::from_pixel(28, 28, image::Luma([255]));
    (6..22).for_each(|y| digit.put_pixel(14, y, image::Luma([0])));
    digit.save(folder.path().join("digit.png")).unwrap();
    let layers = json!([
        {"name": "S1", "kind": "average-pool", "side": 4},
        {"name": "C2", "kind": "convolution", "outputs": 1, "side": 1, "activation": "relu"},
        {"name": "F3", "kind": "dense", "outputs": 10},
    ]);
    let input = json!({"channels": 1, "height": 28, "width": 28});
    let small = json!({"name": "small", "input": input, "activation_bits": 8, "layers": layers});
    fs::write(folder.path().join("small.json"), small.to_string()).unwrap();
    let shapes: [(&str, &[usize]); 4] = [
        ("c2.weight", &[1, 1, 1, 1]),
        ("c2.bias", &[1]),
        ("f3.weight", &[10, 49]),
        ("f3.bias", &[10]),
    ];
    let bytes = 0.5_f32.to_le_bytes().repeat(490);
    let tensors = shapes.map(|(name, shape)| {
        let bytes = &bytes[..4 * shape.iter().product::<usize>()];
        (name, TensorView::new(Dtype::F32, shape.to_vec(), bytes).unwrap())
    });
    let weights = safetensors::serialize(tensors, None).unwrap();
    fs::write(folder.path().join("small.safetensors"), weights).unwrap();
    let line = "windows --dataset digits --images 1 --filters box --engine golden --out results";
    succeeds(folder.path(), line);
    common::run(folder.path(), "soc hello --flip 0,0x80000040,0x10 --out run").ends(3);
    let report = fs::read_dir(folder.path().join("run/mismatch")).unwrap().next().unwrap();
    fs::rename(report.unwrap().path(), folder.path().join("case")).unwrap();
    folder
}

#[test]
fn every_command_is_tried() {
    let mut known: Vec<_> =
        Cli::command().get_subcommands().map(|it| it.get_name().to_owned()).collect();
    let mut tried = QUICK.map(|it| it.command).to_vec();
    known.sort_unstable();
    tried.sort_unstable();
    assert_eq!(tried, known);
}

/// What the command has printed is lost, its results are not.
fn output_that_takes_nothing(tools: bool) {
    let original = folder();
    for quick in QUICK.iter().filter(|it| it.tools == tools) {
        let name = quick.command;
        // A replay that differs ends so.
        let good = if name == "replay" { 3 } else { 0 };
        let full = || File::options().write(true).open("/dev/full").unwrap();
        let result = original.path().join(match name {
            "soc" => "log",
            "replay" => "case/report.txt",
            "plot" => "out/windows_images.png",
            _ => "out/provenance.json",
        });
        let complete = |ran: &Ran| {
            assert!(!ran.stderr.contains("panicked"), "{name}: {}", ran.stderr);
            assert!(result.exists() || name == "columns", "{name}");
            let _ = fs::remove_file(&result);
            let _ = fs::remove_dir_all(original.path().join("out"));
        };
        let ran = Ran::of(quick.command(original.path()).stdout(full()).output().unwrap());
        complete(&ran);
        let errors = ran.stderr.lines().filter(|it| it.starts_with("error: ")).count();
        assert_eq!((ran.status, errors), (Some(good.max(2)), 1), "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains("error: cannot write to standard output"), "{name}");

        let ran = Ran::of(quick.command(original.path()).stderr(full()).output().unwrap());
        complete(&ran);
        assert_eq!(ran.status, Some(good), "{name}");

        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = Ran::of(quick.command(original.path()).stdout(writer).output().unwrap());
        complete(&ran);
        assert!(!ran.stderr.contains("error"), "{name}: {}", ran.stderr);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_takes_nothing_is_told_and_loses_no_result() {
    output_that_takes_nothing(false);
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "needs the tools of synthesis: ./test --silicon"]
fn small_an_output_that_takes_nothing_loses_no_result_of_synthesis() {
    output_that_takes_nothing(true);
}

/// Flags whose files are written, also into a FIFO.
const WRITTEN: [&str; 3] = ["signature", "log", "profile"];

/// Every argument of every command is given a FIFO. Whatever it is for, the command ends with an
/// error of one line; where it is for a file, that line says what the file is.
fn fifos(tools: bool) {
    let folder = folder();
    // `columns` looks into a table of such a name.
    let fifo = "fifo/lenet.csv";
    fs::create_dir(folder.path().join("fifo")).unwrap();
    assert!(Command::new("mkfifo").arg(folder.path().join(fifo)).status().unwrap().success());
    for quick in QUICK.iter().filter(|it| it.tools == tools) {
        for argument in quick.arguments() {
            let takes_a_file = argument.get_value_parser().type_id() == TypeId::of::<PathBuf>();
            let mut command = match argument.get_long() {
                None => quick.with(folder.path(), fifo, ""),
                Some(long) if WRITTEN.contains(&long) => continue,
                Some(_) if !argument.get_action().takes_values() => continue,
                // A boolean flag takes its value behind a sign only.
                Some(long) => {
                    let more = match long {
                        "weights" => format!("--network lenet5-relu --weights {fifo}"),
                        "network" => format!("--network {fifo} --weights lenet5_relu"),
                        _ => format!("--{long}={fifo}"),
                    };
                    quick.with(folder.path(), quick.operand, &more)
                }
            };
            let id = format!("{} {}", quick.command, argument.get_id());
            let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
            let ran = end_within(child, 60).unwrap_or_else(|| panic!("{id}: no end"));
            assert_eq!(ran.status, Some(2), "{id}: {}", ran.stderr);
            let told = ran.stderr.lines().find(|it| it.starts_with("error: "));
            let told = told.unwrap_or_else(|| panic!("{id}: {}", ran.stderr));
            let file = takes_a_file || ["network", "library"].contains(&argument.get_id().as_str());
            let folder = ["is not a folder", "ot a directory", "File exists"];
            let says = told.contains("FIFO") || folder.iter().any(|it| told.contains(it));
            assert!(told.contains(fifo) && (says || !file), "{id}: {told}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_fifo_in_place_of_a_file_is_an_error() {
    fifos(false);
}

#[cfg(unix)]
#[test]
#[ignore = "needs the tools of synthesis: ./test --silicon"]
fn small_a_fifo_in_place_of_a_file_of_synthesis_is_an_error() {
    fifos(true);
}

/// A folder that cannot be had is refused before anything else is looked at: what the command needs
/// is not there either.
#[test]
fn the_folder_for_results_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("file"), "").unwrap();
    for name in ["finished", "interrupted/checkpoints", "used"] {
        fs::create_dir_all(at(name)).unwrap();
    }
    fs::write(at("finished/provenance.json"), "{}").unwrap();
    let marker = "A run writes here, or was interrupted: run its command again with --resume.\n\
                  {\"key\": \"\", \"files\": []}";
    fs::write(at("interrupted/INCOMPLETE"), marker).unwrap();
    fs::write(at("interrupted/checkpoints/000000.json"), "").unwrap();
    let used = File::create(at("used/INCOMPLETE")).unwrap();
    used.lock().unwrap();
    let cases = [
        ("file", "cannot create file"),
        ("file/below", "cannot create file/below"),
        ("finished", "finished holds the results of a finished run"),
        ("interrupted", "interrupted holds an interrupted run"),
        ("used --force", "used is in use"),
    ];
    for quick in QUICK.iter().filter(|it| it.has("out") && it.command != "plot") {
        for (out, words) in cases {
            let flags = quick.flags.replace("digits", "mnist");
            let line = format!("{} {} {flags} --out {out}", quick.command, quick.operand);
            let mut command = convapprox(folder.path(), &line);
            command.env("MNIST_DIR", "missing").env("CONVAPPROX_SILICON", at("file"));
            Ran::of(command.output().unwrap()).refuses(2, &format!("error: {words}"));
        }
    }
    let names = |folder: &str| fs::read_dir(at(folder)).unwrap().count();
    assert_eq!([names("finished"), names("interrupted"), names("used")], [1, 2, 1]);
}
