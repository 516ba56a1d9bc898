// SPDX-License-Identifier: MIT OR Apache-2.0
//! The simulation with delays, against hands and against an evaluation without any.

mod common;

use std::path::Path;

use common::{Module, library};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use silicon::liberty::{Both, Library};
use silicon::netlist::{Net, Netlist};
use silicon::switching::{Activity, Clocked, Simulator, SwitchingError};
use silicon::timing::{Constraints, analyse};

fn simulator<'n>(netlist: &'n Netlist, library: &Library, seed: u64) -> Simulator<'n> {
    let constraints = Constraints::ideal("clk", 1000.0);
    let timing = analyse(netlist, library, &constraints).unwrap();
    Simulator::new(netlist, library, &timing, "clk", seed).unwrap()
}

fn net(netlist: &Netlist, name: &str) -> usize {
    netlist.net_names.iter().position(|it| it == name).unwrap()
}

fn set(simulator: &mut Simulator, netlist: &Netlist, name: &str, value: bool) {
    simulator.set(&netlist.port(name).unwrap().nets, [value]);
}

const ONCE: Both<u64> = Both { rise: 1, fall: 1 };
const NEVER: Both<u64> = Both { rise: 0, fall: 0 };

/// The two inputs of XOR2 change 100 ps apart, so its output has a pulse of 110 ps.
#[test]
fn a_glitch_counts_as_changes_and_not_as_a_settled_one() {
    let netlist = Module::new("clk a", "y")
        .cell("n1", "NAND2", "A=a B=1 Y=n1")
        .cell("n2", "NAND2", "A=n1 B=1 Y=n2")
        .cell("n3", "NAND2", "A=n2 B=1 Y=n3")
        .cell("n4", "NAND2", "A=n3 B=1 Y=n4")
        .cell("x", "XOR2", "A=a B=n4 Y=y")
        .netlist();
    let mut simulator = simulator(&netlist, &library(), 0);
    set(&mut simulator, &netlist, "a", true);
    simulator.cycle().unwrap();
    let activity = simulator.take_activity();
    let at = |counts: &[Both<u64>], name| counts[net(&netlist, name)];
    assert_eq!(at(&activity.changes, "y"), ONCE);
    assert_eq!(at(&activity.settled, "y"), NEVER);
    for name in ["a", "n2", "n4"] {
        assert_eq!(at(&activity.changes, name), Both { rise: 1, fall: 0 });
        assert_eq!(at(&activity.settled, name), Both { rise: 1, fall: 0 });
    }
    assert_eq!(at(&activity.changes, "clk"), ONCE);
    assert_eq!(activity.total_changes(), 2 + 5 + 2);
    assert_eq!((activity.cycles, activity.quiet_ps), (1, 30.0 + 20.0 + 30.0 + 20.0 + 50.0));
    // Nothing changes in a second cycle, and what does in a third does not count.
    simulator.cycle().unwrap();
    simulator.count(false);
    set(&mut simulator, &netlist, "a", false);
    simulator.cycle().unwrap();
    let activity = simulator.take_activity();
    assert_eq!((activity.total_changes(), activity.cycles), (2, 1));
}

/// The inputs of XOR2 change 22 ps apart; the pulse is shorter than its delay.
#[test]
fn a_pulse_shorter_than_the_delay_does_not_come_out() {
    let netlist = Module::new("clk a", "y")
        .cell("i1", "INV", "A=a Y=n1")
        .cell("i2", "INV", "A=n1 Y=n2")
        .cell("x", "XOR2", "A=a B=n2 Y=y")
        .netlist();
    let mut simulator = simulator(&netlist, &library(), 0);
    for value in [true, false] {
        set(&mut simulator, &netlist, "a", value);
        simulator.cycle().unwrap();
    }
    let activity = simulator.take_activity();
    assert_eq!(activity.changes[net(&netlist, "y")], NEVER);
    assert_eq!(activity.changes[net(&netlist, "n2")], ONCE);
}

#[test]
fn registers_obey_reset_and_clock_gate() {
    let netlist = Module::new("clk rst_n d enable", "q free")
        .cell("gate", "GATE", "CK=clk E=enable GCK=gated")
        .cell("held", "DFFR", "CK=gated RN=rst_n D=d Q=q QN=qn")
        .cell("inverse", "INV", "A=free Y=next")
        .cell("toggles", "DFFR", "CK=clk RN=rst_n D=next Q=free")
        .netlist();
    let library = library();
    for seed in 0..4 {
        let mut simulator = simulator(&netlist, &library, seed);
        let port = |name: &str| netlist.port(name).unwrap().nets[0];
        let mut cycle = |reset: bool, d: bool, enable: bool| {
            set(&mut simulator, &netlist, "rst_n", !reset);
            set(&mut simulator, &netlist, "d", d);
            set(&mut simulator, &netlist, "enable", enable);
            simulator.cycle().unwrap();
            let values = (simulator.value(port("q")), simulator.value(port("free")));
            assert_ne!(values.0, simulator.value(Net(u32::try_from(net(&netlist, "qn")).unwrap())));
            (values, simulator.take_activity())
        };
        // Whatever they held before, reset clears them, and they stay so while it lasts.
        for _ in 0..2 {
            assert_eq!(cycle(true, true, true).0, (false, false));
        }
        assert_eq!(cycle(false, true, false).0, (false, false));
        // Not enabled in the cycle before: no edge for the gated register.
        let (values, activity) = cycle(false, true, true);
        assert_eq!(values, (false, true));
        let clocked = |activity: &Activity, name: &str| {
            activity.clocked[netlist.cells.iter().position(|it| it.name == name).unwrap()]
        };
        assert_eq!(clocked(&activity, "held"), Clocked { edges: 0, changes: 0 });
        assert_eq!(clocked(&activity, "toggles"), Clocked { edges: 1, changes: 1 });
        assert_eq!(activity.changes[net(&netlist, "gated")], NEVER);
        // It takes what d was before the edge.
        let (values, activity) = cycle(false, false, true);
        assert_eq!(values, (true, false));
        assert_eq!(clocked(&activity, "held"), Clocked { edges: 1, changes: 1 });
        assert_eq!(activity.changes[net(&netlist, "gated")], ONCE);
        // `free` falls after 60 ps, its inverter rises after 10 + 2 · 2 and a tenth of the slew of 10.
        assert_eq!(activity.quiet_ps, 75.0);
        // Reset does not wait for an edge.
        assert_eq!(cycle(true, true, false).0, (false, false));
    }
}

#[test]
fn what_cannot_be_simulated_is_refused() {
    let inverted = Module::new("clk", "q")
        .cell("inverter", "INV", "A=clk Y=clk_n")
        .cell("flop", "DFFR", "CK=clk_n RN=1 D=0 Q=q")
        .netlist();
    let library = library();
    let constraints = Constraints::ideal("clk", 1.0);
    let error = analyse(&inverted, &library, &constraints).unwrap_err();
    assert!(error.to_string().contains("inverter is in the clock"), "{error}");
    let good = Module::new("clk d", "q").cell("flop", "DFFR", "CK=clk RN=1 D=d Q=q").netlist();
    let timing = analyse(&good, &library, &constraints).unwrap();
    let error = Simulator::new(&good, &library, &timing, "d2", 0).err().unwrap();
    assert!(matches!(error, SwitchingError::Clock(_)), "{error}");

    // It is set while it is 0 and cleared while it is 1.
    let restless = Module::new("clk", "q")
        .cell("inverter", "INV", "A=q Y=qn")
        .cell("flop", "DFFSR", "CK=clk RN=qn SN=q D=0 Q=q")
        .netlist();
    let timing = analyse(&restless, &library, &constraints).unwrap();
    let error = Simulator::new(&restless, &library, &timing, "clk", 0).err().unwrap();
    assert_eq!(error, SwitchingError::Restless("top".into()));

    // The simulation has a place for each moment up to the longest delay.
    let slow = include_str!("data/tiny.lib").replace("time_unit : \"1ns\"", "time_unit : \"1ms\"");
    let slow = Library::parse(&slow, Path::new("slow.lib")).unwrap();
    let timing = analyse(&good, &slow, &constraints).unwrap();
    let error = Simulator::new(&good, &slow, &timing, "clk", 0).err().unwrap();
    assert!(error.to_string().ends_with("its delay is more than 1 µs"), "{error}");
}

/// The value of each net at the end of a cycle, by the functions alone.
struct Oracle<'n> {
    netlist: &'n Netlist,
    library: &'n Library,
    values: Vec<bool>,
}

impl Oracle<'_> {
    /// Registers take `next`, then cells are evaluated again and again until none changes.
    fn settle(&mut self, registers: &[(usize, bool)]) {
        let library = self.library;
        let pin = |cell: usize, name: &str| {
            let kind = &library.cells[self.netlist.cells[cell].cell];
            self.netlist.cells[cell].nets[kind.pin(name).unwrap()].unwrap().index()
        };
        for &(cell, value) in registers {
            self.values[pin(cell, "Q")] = value;
        }
        loop {
            let mut rests = true;
            for cell in 0..self.netlist.cells.len() {
                let a = |values: &[bool]| values[pin(cell, "A")];
                let b = |values: &[bool]| values[pin(cell, "B")];
                let kind = library.cells[self.netlist.cells[cell].cell].name.as_str();
                let (output, value) = match kind {
                    "INV" => ("Y", !a(&self.values)),
                    "NAND2" => ("Y", !(a(&self.values) && b(&self.values))),
                    "XOR2" => ("Y", a(&self.values) != b(&self.values)),
                    "DFFR" if !self.values[pin(cell, "RN")] => ("Q", false),
                    _ => continue,
                };
                let output = pin(cell, output);
                rests &= self.values[output] == value;
                self.values[output] = value;
            }
            if rests {
                return;
            }
        }
    }
}

/// On random netlists and inputs, every net has at the end of every cycle the value that functions
/// alone give it, and the settled changes are the changes of these values.
#[test]
fn at_rest_all_nets_have_the_values_of_the_functions() {
    let library = library();
    let mut glitches = 0;
    for seed in 0..60 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut module = Module::new("clk rst_n in0 in1 in2", "q0");
        let flops = random.random_range(1..6);
        let gates = random.random_range(1..60);
        let mut nets: Vec<String> = ["in0", "in1", "in2", "0", "1"].map(String::from).to_vec();
        nets.extend((0..flops).map(|i| format!("q{i}")));
        for i in 0..gates {
            let mut any = || nets[random.random_range(0..nets.len())].clone();
            let (a, b) = (any(), any());
            let kind = ["INV", "NAND2", "XOR2"][random.random_range(0..3)];
            let b = if kind == "INV" { String::new() } else { format!("B={b}") };
            module.add(&format!("g{i}"), kind, &format!("A={a} {b} Y=n{i}"));
            nets.push(format!("n{i}"));
        }
        for i in 0..flops {
            let mut any = || nets[random.random_range(0..nets.len())].clone();
            let (d, enable) = (any(), any());
            let gated = i % 2 == 1;
            if gated {
                module.add(&format!("cg{i}"), "GATE", &format!("CK=clk E={enable} GCK=ck{i}"));
            }
            let clock = if gated { format!("ck{i}") } else { "clk".into() };
            module.add(&format!("f{i}"), "DFFR", &format!("CK={clock} RN=rst_n D={d} Q=q{i}"));
        }
        let netlist = module.netlist();
        let mut simulator = simulator(&netlist, &library, seed);
        let values =
            (0..netlist.net_names.len()).map(|i| simulator.value(Net(u32::try_from(i).unwrap())));
        let mut oracle = Oracle { netlist: &netlist, library: &library, values: values.collect() };
        let find = |kind: &str| library.find(kind).unwrap();
        for cycle in 0..40 {
            let inputs =
                [cycle != 0 && cycle != 20, random.random(), random.random(), random.random()];
            let before = oracle.values.clone();
            let at = |cell: usize, pin: &str| {
                let instance = &netlist.cells[cell];
                let pin = library.cells[instance.cell].pin(pin).unwrap();
                instance.nets[pin].unwrap()
            };
            let clocked = |cell: usize| {
                let clock = at(cell, "CK");
                let gate = (0..netlist.cells.len()).find(|&gate| {
                    netlist.cells[gate].cell == find("GATE") && at(gate, "GCK") == clock
                });
                gate.is_none_or(|gate| before[at(gate, "E").index()])
            };
            let registers: Vec<_> = (0..netlist.cells.len())
                .filter(|&cell| netlist.cells[cell].cell == find("DFFR"))
                .filter(|&cell| clocked(cell) && before[at(cell, "RN").index()])
                .map(|cell| (cell, before[at(cell, "D").index()]))
                .collect();
            for (name, value) in ["rst_n", "in0", "in1", "in2"].into_iter().zip(inputs) {
                set(&mut simulator, &netlist, name, value);
                oracle.values[net(&netlist, name)] = value;
            }
            oracle.settle(&registers);
            simulator.cycle().unwrap();
            let activity = simulator.take_activity();
            for (i, name) in netlist.net_names.iter().enumerate() {
                let value = simulator.value(Net(u32::try_from(i).unwrap()));
                assert_eq!(value, oracle.values[i], "seed {seed}, cycle {cycle}, net {name}");
                let Both { rise, fall } = activity.changes[i];
                if name == "clk" || name.starts_with("ck") {
                    continue;
                }
                let step = (u64::from(value && !before[i]), u64::from(!value && before[i]));
                assert_eq!((activity.settled[i].rise, activity.settled[i].fall), step);
                assert_eq!(rise + step.1, fall + step.0, "seed {seed}, cycle {cycle}, net {name}");
                glitches += rise + fall - step.0 - step.1;
            }
        }
    }
    assert!(glitches > 1000, "{glitches} glitches are too few to test anything");
}
