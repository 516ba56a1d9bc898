// SPDX-License-Identifier: MIT OR Apache-2.0
//! Energy, against sums made by hand.

mod common;

use common::{Module, library};
use silicon::power::{ByClass, Prices, clock_edges_fj};
use silicon::switching::Simulator;
use silicon::timing::{Constraints, analyse};

fn near(found: ByClass, expected: [f64; 3]) {
    let found = [found.clock, found.registers, found.combinational];
    let good = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-9);
    assert!(good, "{found:?} is not {expected:?}");
}

#[test]
fn each_change_costs_what_the_tables_and_the_load_say() {
    let netlist = Module::new("clk rst_n a en", "y q")
        .cell("inv", "INV", "A=a Y=y")
        .cell("gate", "GATE", "CK=clk E=en GCK=g")
        .cell("flop", "DFFR", "CK=g RN=rst_n D=y Q=q")
        .netlist();
    let library = library();
    let constraints = Constraints::ideal("clk", 1000.0);
    let timing = analyse(&netlist, &library, &constraints).unwrap();
    let mut simulator = Simulator::new(&netlist, &library, &timing, "clk", 0).unwrap();
    let prices = Prices::new(&netlist, &library, &timing);
    let mut cycle = |changes: &[&str]| {
        for name in changes {
            simulator.set(&netlist.port(name).unwrap().nets, [true]);
        }
        simulator.cycle().unwrap();
        let activity = simulator.take_activity();
        let energy = prices.energy_fj(&activity.changes, &activity.clocked)[0];
        assert_eq!(energy, prices.energy_fj(&activity.settled, &activity.clocked)[0]);
        energy
    };
    // At 1 V a change costs half a fJ for each fF. The clock's net has 2 fF, so both edges cost 2;
    // in the gate they cost 2 each. Reset and enable have 2 fF.
    near(cycle(&["rst_n", "en"]), [2.0 + 4.0, 0.0, 1.0 + 1.0]);
    // The gate's output costs 3 inside and 1 for its 2 fF, twice. The register changes: 1 at its
    // clock, 10 and half of 1 fF at its output. a rises with 2 fF; y falls, for 1 and half of 2.5.
    near(cycle(&["a"]), [2.0 + 4.0 + 8.0, 1.0 + 10.5, 1.0 + 1.0 + 1.25]);
    // The register changes back.
    near(cycle(&[]), [14.0, 11.5, 0.0]);
    // It does not change, which costs 5 at the rising edge, and 1 at the falling one.
    near(cycle(&[]), [14.0, 6.0, 0.0]);
    near(prices.leakage_nw()[0], [1000.0, 3000.0, 1000.0]);
}

/// A register whose data differs and one whose data does not are two prices.
#[test]
fn a_clock_edge_costs_the_mean_of_its_conditions() {
    let library = library();
    let price = |name: &str, slew, changes| {
        let cell = &library.cells[library.find(name).unwrap()];
        clock_edges_fj(cell, cell.pin("CK").unwrap(), slew, changes)
    };
    assert_eq!((price("DFFR", 0.0, true), price("DFFR", 0.0, false)), (1.0, 6.0));
    assert_eq!((price("DFFR", 50.0, true), price("DFFR", 50.0, false)), (1.0, 6.5));
    assert_eq!((price("GATE", 0.0, true), price("GATE", 0.0, false)), (4.0, 4.0));
    assert_eq!(price("DFFSR", 0.0, true), 0.0);
}
