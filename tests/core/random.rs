// SPDX-License-Identifier: MIT OR Apache-2.0
//! The core runs random programs as its reference does, and they exercise all of it.

use std::sync::atomic::AtomicBool;

use convapprox::bench::torture::{Campaign, Findings};
use convapprox::hw::{SOC, SOCS, SocParameters};

/// What must hit every bin.
const INSTRUCTIONS: u64 = 1_000_000;

fn campaign(soc: SocParameters, seed: u64, instructions: u64, jobs: usize) -> Findings {
    let campaign = Campaign { soc, seed, instructions, jobs };
    let findings = campaign.run(&AtomicBool::new(false), |_| ()).unwrap();
    let failure = &findings.failure;
    assert!(failure.is_none(), "./run torture --soc {soc} --seed {seed} shows it: {failure:#?}");
    assert!(findings.instructions >= instructions);
    findings
}

/// A bin that a million instructions do not reach asks for a better generator.
#[test]
fn random_instructions_agree_and_hit_every_bin() {
    let wanted = std::env::var("CONVAPPROX_INSTRUCTIONS").ok();
    let wanted = wanted.map(|text| text.parse().expect("CONVAPPROX_INSTRUCTIONS is a number"));
    let instructions = wanted.unwrap_or(INSTRUCTIONS);
    let findings = campaign(SOC, 1, instructions, 2);
    if instructions >= INSTRUCTIONS {
        let missing: Vec<_> = findings.coverage.missing().collect();
        assert!(missing.is_empty(), "{}, not {missing:#?}", findings.coverage.summary());
    }
}

#[test]
fn random_instructions_agree_on_every_system() {
    for &soc in &SOCS[1..] {
        campaign(soc, 2, 50_000, 2);
    }
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let [one, two] = [1, 3].map(|jobs| campaign(SOC, 5, 20_000, jobs));
    assert_eq!(one.instructions, two.instructions);
    assert_eq!((one.programs, one.cycles), (two.programs, two.cycles));
    assert_eq!(one.coverage, two.coverage);
}
