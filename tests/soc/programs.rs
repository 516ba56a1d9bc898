//! Every program of `firmware/` on the RTL.

use convapprox::dut::soc::{Ended, Program, SOCS, SocOptions, open};
use convapprox::firmware::{Kind, programs};

#[test]
fn every_program_passes() {
    let mut failed = Vec::new();
    // Those of Kind::Lenet need a network: tests/accel.rs runs them.
    for program in programs().iter().filter(|program| program.kind != Kind::Lenet) {
        let soc = &SOCS[0];
        let mut system = open(soc, &SocOptions::default()).unwrap();
        system.load(&Program::parse(program.elf, soc.ram_bytes).unwrap()).unwrap();
        let begin = std::time::Instant::now();
        let ended = system.run(5_000_000);
        let s = begin.elapsed().as_secs_f64();
        println!(
            "{} {:?} {} cycles {:.0} kHz",
            program.name,
            ended,
            system.cycles(),
            system.cycles() as f64 / s / 1e3
        );
        if !matches!(ended, Ok(Ended::Tohost(1))) {
            failed.push(program.name);
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}
