//! What the benchmarks of verilated models share: a plain C++ loop around the same objects.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Links a C++ file with a model that this program is linked with; in the file, `MODEL` is its
/// class and `HEADER` its header.
pub fn compile_plain_loop(
    source: &str,
    model: &str,
    defines: &[String],
) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let out = Path::new(env!("OUT_DIR"));
    let program = out.join(format!("plain_loop_{model}"));
    let compiler = ["clang++", "c++"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok())
        .ok_or("no C++ compiler")?;
    let include = Path::new(env!("CONVAPPROX_VERILATOR_INCLUDE"));
    let status = Command::new(compiler)
        .args(["-O2", "-std=c++20", "-o"])
        .arg(&program)
        .arg(source)
        .arg(format!("-DMODEL=Vconvapprox_{model}"))
        .arg(format!("-DHEADER=\"Vconvapprox_{model}.h\""))
        .arg(format!("-DROOT_HEADER=\"Vconvapprox_{model}___024root.h\""))
        .args(defines)
        .arg("-I")
        .arg(out.join(model))
        .arg("-isystem")
        .arg(include)
        .arg("-isystem")
        .arg(include.join("vltstd"))
        .arg(out.join(format!("{model}/libvrs_convapprox_{model}.a")))
        .arg(out.join("verilated-runtime/libvrs_runtime.a"))
        .args(["-lpthread", "-latomic", "-lz"])
        .status()?;
    if !status.success() {
        return Err("the plain C++ loop does not compile".into());
    }
    Ok(program)
}

/// The middle one of the values.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
