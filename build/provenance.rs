//! For the provenance of results: what the models are made of, and with which tools.

use std::process::Command;
use std::{env, fs};

use sha2::{Digest, Sha256};

use crate::units;

/// Hands digests and versions to the program.
pub fn record() -> Result<(), Box<dyn std::error::Error>> {
    let mut hash = Sha256::new();
    for file in units::sources() {
        hash.update(fs::read(file)?);
    }
    let digest: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    println!("cargo::rustc-env=CONVAPPROX_RTL_SHA256={digest}");
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
