//! Registers hold anything before they are written. Two different choices of that must lead to the
//! same results in the same cycles.

use convapprox::dut::{Outcome, UNITS};

use crate::bench::X_SEEDS;
use crate::random::Session;

#[test]
fn nothing_depends_on_initial_values() {
    for unit in UNITS {
        for stalls in [false, true] {
            let [first, second] = X_SEEDS.map(|x_seed| {
                let mut outcomes: Vec<Outcome> = Vec::new();
                let session = Session::new(unit, x_seed, stalls);
                let mut bench = session.run(|_, _, outcome, _| outcomes.push(*outcome));
                (outcomes, bench.unit.counters().unwrap(), bench.unit.cycles())
            });
            assert!(first.0.len() > 1, "{}: no windows", unit.name);
            for (number, (first, second)) in first.0.iter().zip(&second.0).enumerate() {
                assert_eq!(first, second, "{}: window {number}, stalls: {stalls}", unit.name);
            }
            assert_eq!(first, second, "{}: stalls: {stalls}", unit.name);
        }
    }
}
