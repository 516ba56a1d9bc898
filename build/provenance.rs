//! For the provenance of results: what the models are made of, and with which tools.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs, io};

use sha2::{Digest, Sha256};

use crate::{soc, units};

/// Hands digests and versions to the program.
pub fn record() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rustc-env=CONVAPPROX_RTL_SHA256={}", digest(units::sources())?);
    println!("cargo::rustc-env=CONVAPPROX_SOC_RTL_SHA256={}", digest(soc::sources()?)?);
    let rustc = Command::new(env::var("RUSTC")?).arg("--version").output()?.stdout;
    println!("cargo::rustc-env=CONVAPPROX_RUSTC={}", String::from_utf8_lossy(&rustc).trim());
    let tools = verilated::build::tools()?;
    println!("cargo::rustc-env=CONVAPPROX_VERILATOR={}", tools.verilator);
    println!("cargo::rustc-env=CONVAPPROX_CXX={}", tools.compiler);
    // The benchmark compiles a C++ loop around a model.
    let include = tools.verilator_include;
    println!("cargo::rustc-env=CONVAPPROX_VERILATOR_INCLUDE={}", include.display());
    Ok(())
}

fn digest(files: impl IntoIterator<Item = PathBuf>) -> io::Result<String> {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(fs::read(file)?);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
