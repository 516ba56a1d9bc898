//! Runs the `convapprox` command in a folder of its own.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A command that writes only below `folder`. Its images are MNIST if `MNIST_DIR` is set, else the
/// drawn digits.
pub fn convapprox(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_convapprox"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command.env("CONVAPPROX_OFFLINE", "1").env("XDG_CACHE_HOME", folder);
    command
}

/// Runs it to its end.
pub fn output(folder: &Path, arguments: &[&str]) -> Output {
    convapprox(folder, arguments).output().expect("the command starts")
}

/// What it printed.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the command prints text")
}
