// SPDX-License-Identifier: MIT OR Apache-2.0
//! Static timing, against sums made by hand.

mod common;

use common::{Module, library};
use silicon::liberty::{Both, Edge};
use silicon::timing::{Constraints, Group, TimingError, analyse};

fn constraints() -> Constraints {
    Constraints {
        clock: "clk".into(),
        period_ps: 200.0,
        input_delay_ps: 5.0,
        output_delay_ps: 20.0,
    }
}

/// a → INV → NAND2 (with b) → D of the first register; its output and a → XOR2 → y; the
/// outputs of both registers → XOR2 → D of the second, whose clock is gated by b.
fn module() -> Module {
    Module::new("clk rst_n a b", "y q2")
        .cell("inv", "INV", "A=a Y=n1")
        .cell("nand", "NAND2", "A=n1 B=b Y=n2")
        .cell("first", "DFFR", "CK=clk RN=rst_n D=n2 Q=q1")
        .cell("xor", "XOR2", "A=q1 B=a Y=y")
        .cell("gate", "GATE", "CK=clk E=b GCK=gated")
        .cell("next", "XOR2", "A=q1 B=q2 Y=n3")
        .cell("second", "DFFR", "CK=gated RN=rst_n D=n3 Q=q2")
}

#[test]
fn arrivals_setups_and_slacks_are_the_sums_of_the_tables() {
    let netlist = module().netlist();
    let timing = analyse(&netlist, &library(), &constraints()).unwrap();
    let net = |name: &str| netlist.net_names.iter().position(|it| it == name).unwrap();

    // One NAND2 pin and 1 fF of wire; INV (1 fF up, 2 fF down), XOR2 (2 fF) and 1.5 fF of wire.
    assert_eq!(timing.loads_ff[net("n1")], Both { rise: 2.0, fall: 2.0 });
    assert_eq!(timing.loads_ff[net("a")], Both { rise: 4.5, fall: 5.5 });
    let near = |found: f64, expected: f64| {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}")
    };
    near(timing.slews_ps[net("n1")].rise, 4.0 + 3.0 * 2.0);
    near(timing.slews_ps[net("n1")].fall, 2.0 + 2.0 * 2.0);
    assert!(timing.clocks[net("clk")] && timing.clocks[net("gated")] && !timing.clocks[net("b")]);

    let path = |group| timing.paths.iter().find(|path| path.group == group).unwrap();
    // Rising n1 after 10 + 2·2, then the falling NAND2; setup of a falling D is 25.
    let found = path(Group::InputToRegister);
    assert_eq!((found.start.as_str(), found.end.as_str()), ("a", "q1"));
    near(found.arrival_ps, 5.0 + 14.0 + 30.0);
    near(found.setup_ps, 25.0);
    near(found.slack_ps, 200.0 - 49.0 - 25.0);
    let steps: Vec<_> =
        found.steps.iter().map(|it| (it.net.as_str(), it.edge, it.cell.is_some())).collect();
    assert_eq!(
        steps,
        [("a", Edge::Fall, false), ("n1", Edge::Rise, true), ("n2", Edge::Fall, true)]
    );
    // A falling output of a register takes 60, XOR2 40 from A and 50 from B.
    let found = path(Group::RegisterToRegister);
    assert_eq!((found.start.as_str(), found.end.as_str()), ("q2", "q2"));
    near(found.arrival_ps, 110.0);
    near(found.needs_ps(), 135.0);
    let found = path(Group::RegisterToOutput);
    assert_eq!((found.start.as_str(), found.end.as_str()), ("q1", "y"));
    near(found.slack_ps, 200.0 - 100.0 - 20.0);
    let found = path(Group::InputToOutput);
    assert_eq!((found.start.as_str(), found.end.as_str()), ("a", "y"));
    near(found.slack_ps, 200.0 - 5.0 - 50.0 - 20.0);
    assert_eq!(timing.critical().unwrap().group, Group::RegisterToRegister);

    let delay = |cell: usize, from, to| timing.delay_ps(&netlist, &library(), cell, from, to);
    let inverter = netlist.cells.iter().position(|it| it.name == "inv").unwrap();
    near(delay(inverter, 0, 1).rise.unwrap(), 14.0);
    near(delay(inverter, 0, 1).fall.unwrap(), 8.0);
    assert_eq!(delay(inverter, 1, 0), Both { rise: None, fall: None });
}

/// A clock gate's enable has a setup time as a register's data has.
#[test]
fn the_enable_of_a_clock_gate_ends_a_path() {
    let netlist = Module::new("clk b", "q")
        .cell("slow", "NAND2", "A=b B=1 Y=enable")
        .cell("gate", "GATE", "CK=clk E=enable GCK=gated")
        .cell("flop", "DFFR", "CK=gated RN=1 D=0 Q=q")
        .netlist();
    let timing = analyse(&netlist, &library(), &constraints()).unwrap();
    let path = &timing.paths[0];
    assert_eq!((path.group, path.end.as_str()), (Group::InputToRegister, "gated"));
    assert_eq!(path.slack_ps, 200.0 - (5.0 + 30.0) - 30.0);
}

#[test]
fn what_has_no_timing_is_refused() {
    let analysed = |module: Module, clock: &str| {
        analyse(
            &module.netlist(),
            &library(),
            &Constraints { clock: clock.into(), ..constraints() },
        )
    };
    let error = analysed(module(), "ck").unwrap_err();
    assert_eq!(error, TimingError::NoClock("ck".into(), "a, b, clk, rst_n".into()));
    let divided = module().cell("third", "DFFR", "CK=q1 RN=1 D=a Q=q3");
    assert_eq!(analysed(divided, "clk").unwrap_err(), TimingError::DataClock("third".into()));
    let round = module().cell("l1", "INV", "A=l2 Y=l1").cell("l2", "INV", "A=l1 Y=l2");
    assert_eq!(analysed(round, "clk").unwrap_err(), TimingError::Loop("l1".into()));
}
