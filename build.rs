//! Compiles the programs of `firmware/`, and verilates the hardware: the approximate convolution
//! unit in every parameter set, and the system on chip around it.

#[path = "build/firmware.rs"]
mod firmware;
#[path = "build/provenance.rs"]
mod provenance;
#[path = "build/soc.rs"]
mod soc;
#[path = "build/units.rs"]
mod units;

use std::path::PathBuf;
use std::{env, fs};

use verilated::build::BuildError;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let Err(message) = firmware::build() {
        eprintln!("error: {message}");
        std::process::exit(1);
    }
    if let Err(error) = verilated::build::run(units::models().chain(soc::models()?)) {
        return Err(explain(error));
    }
    provenance::record()?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("units.rs"), units::list()?)?;
    fs::write(out.join("socs.rs"), soc::list()?)?;
    Ok(())
}

/// `a_b` → `AB`, as the generated types are named.
fn camel_case(name: &str) -> String {
    let upper = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('_').map(upper).collect()
}

fn explain(error: BuildError) -> Box<dyn std::error::Error> {
    format!("{error}\n(./run and ./test install what is missing)").into()
}
