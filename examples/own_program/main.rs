// SPDX-License-Identifier: MIT OR Apache-2.0
//! A program of one's own: compiled here, run on the core in lockstep with the reference, its result
//! read out of RAM and checked.
//!
//! ```text
//! cargo run --example own_program
//! ```

use std::error::Error;
use std::path::Path;
use std::process::Command;

use convapprox::bench::case::ProgramCase;
use convapprox::bench::cosimulation::{Cosimulation, End};
use convapprox::hw::Build;
use model::elf::Executable;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let elf = folder.path().join("dot_product.elf");
    compile("examples/own_program/dot_product.c", &elf)?;

    let case = ProgramCase { program: "dot_product".to_owned(), ..ProgramCase::default() };
    let program = Executable::parse(&std::fs::read(&elf)?, case.soc.ram_bytes)?;
    let lockstep = true;
    let mut run = Cosimulation::open(&program, &case, Build::Fast, lockstep)?;
    let end = run.run(100_000)?;
    print!("{}", String::from_utf8_lossy(&run.take_output()));
    assert_eq!(end, End::Tohost(1), "1 means passed");

    let result = program.signature.ok_or("the program has no signature")?.start;
    let system = run.system();
    let word = |addr| system.read_word(addr).map(u32::cast_signed);
    let expected: i32 = (0..25).map(|i| (i - 12) * (3 * i + 1)).sum();
    assert_eq!([word(result), word(result + 4)], [Some(expected); 2]);
    println!("{} cycles", system.cycles());
    Ok(())
}

/// Compiles a C file the way those of `firmware/` are.
fn compile(source: &str, elf: &Path) -> Result<(), Box<dyn Error>> {
    let compiler = std::env::var("RISCV_CC").unwrap_or("riscv64-unknown-elf-gcc".to_owned());
    let status = Command::new(&compiler)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["@firmware/compile.flags", "@firmware/link.flags"])
        .args(["firmware/start.S", "firmware/runtime.c", "firmware/libcalls.c", source])
        .arg("-o")
        .arg(elf)
        .status()
        .map_err(|error| format!("{compiler} does not run: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{compiler} refuses {source}").into()) }
}

#[cfg(test)]
#[test]
fn it_runs() {
    main().unwrap();
}
