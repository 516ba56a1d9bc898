// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the benchmarks of verilated models share: a plain C++ loop around the same objects.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Links a C++ file with a model that this program is linked with, a row of a family; in the file,
/// `MODEL` is its class, `HEADER` its header and `ROOT_HEADER` that of its root.
pub fn compile_plain_loop(
    source: &str,
    family: &str,
    row: &str,
    defines: &[String],
) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let out = Path::new(env!("OUT_DIR"));
    let (model, symbol) = (out.join(family).join(row), format!("convapprox_{family}_{row}"));
    let program = out.join(format!("plain_loop_{symbol}"));
    let compiler = ["clang++", "c++"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok())
        .ok_or("no C++ compiler")?;
    let include = Path::new(env!("CONVAPPROX_VERILATOR_INCLUDE"));
    let status = Command::new(compiler)
        .args(["-O2", "-std=c++20", "-o"])
        .arg(&program)
        .arg(source)
        .arg(format!("-DMODEL=V{symbol}"))
        .arg(format!("-DHEADER=\"V{symbol}.h\""))
        .arg(format!("-DROOT_HEADER=\"V{symbol}___024root.h\""))
        .args(defines)
        .arg("-I")
        .arg(&model)
        .arg("-isystem")
        .arg(include)
        .arg("-isystem")
        .arg(include.join("vltstd"))
        .arg(model.join(format!("libvrs_{symbol}_table.a")))
        .arg(runtime(out)?)
        .args(["-lpthread", "-latomic", "-lz"])
        .status()?;
    if !status.success() {
        return Err("the plain C++ loop does not compile".into());
    }
    Ok(program)
}

/// The numbers that the plain C++ loop prints.
pub fn run_plain_loop<const N: usize>(
    command: &mut Command,
) -> Result<[f64; N], Box<dyn std::error::Error>> {
    let output = command.output()?;
    let numbers = str::from_utf8(&output.stdout)?.split_whitespace().map(str::parse);
    let numbers = numbers.collect::<Result<Vec<f64>, _>>()?;
    numbers.try_into().map_err(|found| format!("the plain C++ loop printed {found:?}").into())
}

/// The archive of Verilator's runtime; that of the last build, where an earlier one has left its own.
fn runtime(out: &Path) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(out)? {
        let archive = entry?.path().join("libvrs_runtime.a");
        if let Ok(data) = archive.metadata() {
            found.push((data.modified()?, archive));
        }
    }
    Ok(found.into_iter().max().ok_or("no runtime")?.1)
}

/// The middle one of the values.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
