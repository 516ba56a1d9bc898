// SPDX-License-Identifier: MIT OR Apache-2.0
//! Simulated kHz of the system: the Rust driver against a plain C++ loop around the same objects,
//! with the reference model in lockstep, and with a core that has floating point, in turns, in one run.
//!
//! `cargo bench --bench soc_speed`

mod common;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use convapprox::bench::case::ProgramCase;
use convapprox::bench::cosimulation::{Cosimulation, End};
use convapprox::bench::system::{Ended, SystemDriver, SystemOptions};
use convapprox::firmware;
use convapprox::hw::{Build, SOC, SOC_FP, SocParameters};
use model::elf::Executable;
use model::facts::soc::RAM_BASE;

use common::{compile_plain_loop, median, run_plain_loop};

/// A program of software alone, and one that keeps the unit busy.
const PROGRAMS: [&str; 2] = ["sort", "conv_run"];
const CYCLES: u64 = 1_000_000;
const ROUNDS: usize = 21;

fn main() -> Result<(), Box<dyn Error>> {
    let soc = &SOC;
    let plain = compile_plain_loop("benches/plain_soc.cpp", "soc", &soc.to_string(), &[])?;
    println!("about {CYCLES} cycles a round, median of {ROUNDS} rounds in turns, one thread");
    println!(
        "wanted: at least 1000 kHz alone, ratio Rust / C++ at least 0.97, lockstep at most 25 % slower, \
         {SOC_FP} at most 10 % slower"
    );
    for name in PROGRAMS {
        measure(soc, name, &plain)?;
    }
    Ok(())
}

/// Cycles and seconds of one round, and a sum of what was sent.
struct Round {
    cycles: u64,
    seconds: f64,
    sum: u32,
}

impl Round {
    fn khz(&self) -> f64 {
        self.cycles as f64 / self.seconds / 1e3
    }
}

fn measure(soc: &SocParameters, name: &str, plain: &Path) -> Result<(), Box<dyn Error>> {
    let elf = firmware::find(name).ok_or("no such program")?.elf;
    let program = Executable::parse(elf, soc.ram_bytes)?;
    let image = image(soc, &program)?;
    let mut once = SystemDriver::open(soc, &SystemOptions::default())?;
    once.load(&program)?;
    once.run(u64::MAX)?;
    let runs = CYCLES.div_ceil(once.cycles());

    // A model's speed depends on where its memory lies by some percent. Each round has a new model,
    // as each run of the C++ program has; the old ones stay, so that the new one lies elsewhere.
    let mut systems = Vec::new();
    let (mut cpp, mut rust, mut lockstep) = (Vec::new(), Vec::new(), Vec::new());
    let (mut ratios, mut losses, mut float_losses) = (Vec::new(), Vec::new(), Vec::new());
    // The first round of each warms the machine up.
    for round in 0..=ROUNDS {
        let plain = plain_loop(plain, &image, &program, runs)?;
        let mut system = SystemDriver::open(soc, &SystemOptions::default())?;
        let alone = self::alone(&mut system, &program, runs)?;
        systems.push(system);
        let mut system = SystemDriver::open(&SOC_FP, &SystemOptions::default())?;
        let with_float = self::alone(&mut system, &program, runs)?;
        systems.push(system);
        let compared = compared(&program, runs)?;
        assert_eq!(plain.sum, alone.sum, "both harnesses see the same bytes");
        assert_eq!(plain.sum, compared.sum, "lockstep sees the same bytes");
        assert_eq!(alone.cycles, with_float.cycles, "floats take no cycles of other instructions");
        if round > 0 {
            cpp.push(plain.khz());
            rust.push(alone.khz());
            lockstep.push(compared.khz());
            ratios.push(alone.khz() / plain.khz());
            losses.push(100.0 * (1.0 - compared.khz() / alone.khz()));
            float_losses.push(100.0 * (1.0 - with_float.khz() / alone.khz()));
        }
    }
    println!(
        "  {name:9} plain C++ loop {:5.0} kHz, Rust driver {:5.0} kHz, ratio {:.3}; lockstep {:5.0} kHz, {:.1} % slower; \
         {SOC_FP} {:.1} % slower",
        median(&mut cpp),
        median(&mut rust),
        median(&mut ratios),
        median(&mut lockstep),
        median(&mut losses),
        median(&mut float_losses)
    );
    Ok(())
}

/// The RAM with the program in it, as a file for the C++ loop.
fn image(soc: &SocParameters, program: &Executable) -> Result<std::path::PathBuf, Box<dyn Error>> {
    let mut ram = vec![0; soc.ram_bytes as usize];
    for segment in &program.segments {
        let first = (segment.addr - RAM_BASE) as usize;
        ram[first..first + segment.bytes.len()].copy_from_slice(&segment.bytes);
    }
    let path = Path::new(env!("OUT_DIR")).join("plain_soc.bin");
    fs::write(&path, ram)?;
    Ok(path)
}

fn plain_loop(
    plain: &Path,
    image: &Path,
    program: &Executable,
    runs: u64,
) -> Result<Round, Box<dyn Error>> {
    let tohost = program.tohost.ok_or("no tohost")?.to_string();
    let mut command = Command::new(plain);
    let [seconds, cycles, sum] =
        run_plain_loop(command.arg(image).args([tohost, runs.to_string()]))?;
    Ok(Round { cycles: cycles as u64, seconds, sum: sum as u32 })
}

fn alone(
    system: &mut SystemDriver,
    program: &Executable,
    runs: u64,
) -> Result<Round, Box<dyn Error>> {
    let (mut cycles, mut output) = (0, Vec::new());
    let begin = Instant::now();
    for _ in 0..runs {
        system.ram_mut().fill(0);
        system.load(program)?;
        system.reset()?;
        let ended = system.run(u64::MAX)?;
        assert_eq!(ended, Ended::Tohost(1), "the program passes");
        cycles += system.cycles() + 2;
        output.extend(system.take_output());
    }
    Ok(Round { cycles, seconds: begin.elapsed().as_secs_f64(), sum: sum(&output) })
}

fn compared(program: &Executable, runs: u64) -> Result<Round, Box<dyn Error>> {
    let mut round = Round { cycles: 0, seconds: 0.0, sum: 0 };
    let mut output = Vec::new();
    for _ in 0..runs {
        let mut both = Cosimulation::open(program, &ProgramCase::default(), Build::Fast, true)?;
        let begin = Instant::now();
        let end = both.run(u64::MAX)?;
        round.seconds += begin.elapsed().as_secs_f64();
        assert_eq!(end, End::Tohost(1), "the program passes");
        round.cycles += both.system().cycles();
        output.extend(both.take_output());
    }
    round.sum = sum(&output);
    Ok(round)
}

fn sum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum, &byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)))
}
