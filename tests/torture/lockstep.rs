//! The core runs random programs as its reference does, and they exercise all of it.

use std::sync::atomic::AtomicBool;

use convapprox::bench::torture::{Campaign, Findings};
use convapprox::dut::soc::SOCS;

fn campaign(seed: u64, instructions: u64, jobs: usize) -> Findings {
    let campaign = Campaign { soc: &SOCS[0], seed, instructions, jobs };
    campaign.run(&AtomicBool::new(false), |_| ()).unwrap()
}

/// A bin that this many instructions do not reach asks for a better generator.
#[test]
fn a_million_instructions_agree_and_hit_every_bin() {
    let findings = campaign(1, 1_000_000, 2);
    assert!(findings.failure.is_none(), "./run torture --seed 1 shows it: {:#?}", findings.failure);
    assert!(findings.instructions >= 1_000_000);
    let missing: Vec<_> = findings.coverage.missing().collect();
    assert!(missing.is_empty(), "{}, not {missing:#?}", findings.coverage.summary());
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let [one, two] = [1, 3].map(|jobs| campaign(5, 20_000, jobs));
    assert_eq!(one.instructions, two.instructions);
    assert_eq!((one.programs, one.cycles), (two.programs, two.cycles));
    assert_eq!(one.coverage, two.coverage);
}
