// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reading cell libraries.

use std::path::Path;

use silicon::liberty::{Both, Direction, Edge, Library, Storage};

const TINY: &str = include_str!("data/tiny.lib");

fn read(text: &str) -> Result<Library, String> {
    Library::parse(text, Path::new("tiny.lib")).map_err(|error| error.to_string())
}

#[test]
fn all_numbers_are_in_the_units_of_the_crate() {
    let library = read(TINY).unwrap();
    assert_eq!((library.name.as_str(), library.voltage_v), ("tiny", 1.0));
    let cell = |name: &str| &library.cells[library.find(name).unwrap()];

    let inverter = cell("INV");
    assert_eq!((inverter.area_um2, inverter.leakage_nw), (2.0, 1000.0));
    assert_eq!(inverter.pins[0].capacitance_ff, Both { rise: 1.0, fall: 2.0 });
    let near = |found: f64, expected: f64| {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}")
    };
    let arc = &inverter.pins[1].arcs[0];
    let (rise, fall) = (arc.rise.as_ref().unwrap(), arc.fall.as_ref().unwrap());
    for (slew, load) in [(0.0, 0.0), (50.0, 5.0), (300.0, 40.0)] {
        near(rise.delay.at(slew, load), 10.0 + 2.0 * load + 0.1 * slew);
        near(rise.slew.at(slew, load), 4.0 + 3.0 * load);
        near(fall.delay.at(slew, load), 6.0 + load + 0.1 * slew);
        near(fall.slew.at(slew, load), 2.0 + 2.0 * load);
    }
    let power = &inverter.pins[1].powers[0];
    near(power.rise.as_ref().unwrap().at(70.0, 3.0), 3.0);
    near(power.fall.as_ref().unwrap().at(70.0, 3.0), 1.0);

    // The mean of the states, and the library's default.
    near(cell("NAND2").leakage_nw, 3000.0);
    near(cell("TRISTATE").leakage_nw, 500.0);
    assert_eq!(library.nand2_um2(), Some(3.0));

    let wire = library.wire_load.as_ref().unwrap();
    for (pins, capacitance) in [(0, 1.0), (1, 1.0), (2, 1.5), (3, 2.0), (5, 6.0)] {
        near(wire.capacitance_ff(pins), capacitance);
    }
}

#[test]
fn flip_flops_and_clock_gates_are_understood() {
    let library = read(TINY).unwrap();
    let flop = &library.cells[library.find("DFFR").unwrap()];
    let state = flop.state.as_ref().unwrap();
    let pin = |name| flop.pin(name).unwrap();
    assert_eq!(state.kind, Storage::FlipFlop);
    assert_eq!(state.data.variables(), [pin("D")]);
    assert!(flop.is_clock(pin("CK")) && !flop.is_clock(pin("RN")) && !flop.clock_gate);
    assert_eq!(state.clear.as_ref().unwrap().truth_table(&[pin("RN")]).unwrap() & 3, 0b01);
    assert_eq!(flop.pins[pin("Q")].function.as_ref().unwrap().variables(), [flop.pins.len()]);
    assert_eq!(flop.pins[pin("QN")].function.as_ref().unwrap().variables(), [flop.pins.len() + 1]);
    let [setup] = &flop.pins[pin("D")].setups[..] else { panic!("hold is passed over") };
    assert_eq!((setup.clock, setup.edge), (pin("CK"), Edge::Rise));
    assert!((setup.rise.as_ref().unwrap().at(50.0, 100.0) - 20.0).abs() < 1e-9);

    let gate = &library.cells[library.find("GATE").unwrap()];
    let latch = gate.state.as_ref().unwrap();
    assert!(gate.clock_gate && latch.kind == Storage::Latch && gate.pins.len() == 3);
    let (clock, enable) = (gate.pin("CK").unwrap(), gate.pin("E").unwrap());
    assert_eq!(latch.control.truth_table(&[clock]).unwrap() & 3, 0b01);
    assert_eq!(latch.data.variables(), [enable]);
    let output = &gate.pins[gate.pin("GCK").unwrap()];
    assert_eq!(output.direction, Direction::Output);
    assert_eq!(output.function.as_ref().unwrap().variables(), [clock, gate.pins.len()]);

    let unusable = &library.cells[library.find("TRISTATE").unwrap()];
    assert_eq!(unusable.unsupported.as_deref(), Some("its output Y is tri-state"));
}

/// An error names the file and the line of what is wrong.
#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (old, new, words) in [
        ("function : \"!A\"", "function : \"!Z\"", "function: the function names \"Z\""),
        ("(1, pf)", "(1, pounds)", "capacitive_load_unit is a number"),
        ("time_unit : \"1ns\"", "time_unit : \"1 day\"", "\"1 day\" is no time_unit"),
        ("\"0.010, 0.030\"", "\"0.010, ten\"", "\"ten\" in values is no number"),
        ("\"0.010, 0.030\"", "\"0.010, inf\"", "\"inf\" in values is no number"),
        (
            "\"0.010, 0.030\"",
            "\"0.010\"",
            "cell_rise: its indices do not ascend, or there are not as many",
        ),
        (
            "cell_rise (by_slew_and_load)",
            "cell_rise (nowhere)",
            "there is no lu_table_template (nowhere)",
        ),
        (
            "variable_2 : related_pin_transition",
            "variable_2 : phase",
            "the variable phase is not known",
        ),
        ("next_state : \"D\";", "", "ff needs next_state"),
        ("related_pin : \"A B\"", "related_pin : \"A C\"", "related_pin names \"C\""),
        ("cell (XOR2)", "cell (INV)", "a cell INV stands above already"),
        ("cell (XOR2)", "cell (\"XOR2 ; shell\")", "\"XOR2 ; shell\" is no name of a cell"),
        ("cell (XOR2)", "cell (2XOR)", "\"2XOR\" is no name of a cell"),
        ("pin (B) {", "pin (\"B;\") {", "\"B;\" is no name of a pin"),
        ("area : ", "area : -", "area is -"),
        ("capacitance : ", "capacitance : -", "capacitance is -"),
        ("pin (B) {", "pin (A) {", "a pin A stands above already"),
        ("direction : output", "direction : sideways", "\"sideways\" of Y is not known"),
        ("default_wire_load : \"small\"", "default_wire_load : \"tiny\"", "no such wire_load"),
        ("cell (TRISTATE) {", "cell (TRISTATE) {{", "where a name is expected"),
        ("tiny) {", "tiny)", "stands behind the library"),
        ("/* A library", "/ A library", "followed by neither"),
    ] {
        assert!(TINY.contains(old), "{old}");
        let text = TINY.replacen(old, new, 1);
        let line = TINY[..TINY.find(old).unwrap()].matches('\n').count() + 1;
        let error = read(&text).unwrap_err();
        assert!(error.contains(words), "{new}: {error}");
        let said: usize = error.split(':').nth(1).unwrap().parse().unwrap();
        assert!(
            error.starts_with("tiny.lib:") && said.abs_diff(line) <= 4,
            "{new}, line {line}: {error}"
        );
    }
    for cut in (0..TINY.len()).step_by(97).filter(|&cut| TINY.is_char_boundary(cut)) {
        assert!(read(&TINY[..cut]).is_err(), "cut at {cut}");
    }
    assert!(read(&"a(){".repeat(100_000)).unwrap_err().contains("nested"));
}
