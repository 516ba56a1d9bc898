// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reading netlists.

use std::path::Path;

use silicon::liberty::{Direction, Library};
use silicon::netlist::{Area, Net, Netlist};

/// A cell of the library as Yosys puts it in; two inverters in a row in a module, an inverter beside it; a port that is a constant in the
/// module, one that is another port, and one that is left open.
const NESTED: &str = r#"{"modules": {
  "INV": {
    "attributes": {"blackbox": "1"},
    "ports": {"A": {"direction": "input", "bits": [2]}, "Y": {"direction": "output", "bits": [3]}},
    "cells": {},
    "netnames": {}
  },
  "pair$top.u_pair": {
    "attributes": {},
    "ports": {
      "a": {"direction": "input", "bits": [2]},
      "y": {"direction": "output", "bits": [4]},
      "same": {"direction": "output", "bits": [2]},
      "one": {"direction": "output", "bits": ["1"]},
      "open": {"direction": "output", "bits": [3]}
    },
    "cells": {
      "first": {"type": "INV", "connections": {"A": [2], "Y": [3]}},
      "second": {"type": "INV", "connections": {"A": [3], "Y": [4]}}
    },
    "netnames": {
      "a": {"hide_name": 0, "bits": [2]},
      "$1": {"hide_name": 1, "bits": [3]},
      "middle": {"hide_name": 0, "bits": [3]},
      "y": {"hide_name": 0, "bits": [4]}
    }
  },
  "top": {
    "attributes": {"top": "00000000000000000000000000000001"},
    "ports": {
      "x": {"direction": "input", "bits": [2, 3]},
      "z": {"direction": "output", "bits": [10, 2, 11, "0", 12]}
    },
    "cells": {
      "u_pair": {"type": "pair$top.u_pair", "connections": {
        "a": [2], "y": [10], "same": [20], "one": [11], "open": ["x"]}},
      "alone": {"type": "NAND2", "connections": {"A": [20], "B": [3], "Y": [12]}},
      "flop": {"type": "DFFR", "connections": {"CK": [2], "D": [3], "RN": ["1"], "Q": [30]}}
    },
    "netnames": {
      "x": {"hide_name": 0, "bits": [2, 3]},
      "inner": {"hide_name": 0, "bits": [20]}
    }
  }
}}"#;

fn library() -> Library {
    Library::parse(include_str!("data/tiny.lib"), Path::new("tiny.lib")).unwrap()
}

fn read(text: &str, top: Option<&str>) -> Result<Netlist, String> {
    Netlist::parse(text.as_bytes(), Path::new("net.json"), top, &library())
        .map_err(|error| error.to_string())
}

#[test]
fn a_hierarchy_becomes_one_list() {
    let netlist = read(NESTED, None).unwrap();
    let library = library();
    assert_eq!(netlist.top, "top");
    let scopes: Vec<_> =
        netlist.scopes.iter().map(|it| (it.path.as_str(), it.module.as_str(), it.parent)).collect();
    assert_eq!(scopes, [("", "top", None), ("u_pair", "pair", Some(0))]);
    let paths: Vec<_> = (0..netlist.cells.len()).map(|i| netlist.cell_path(i)).collect();
    assert_eq!(paths, ["alone", "flop", "u_pair.first", "u_pair.second"]);

    // The nets of ports that a module joins are one net, with the name furthest outside.
    let x = &netlist.port("x").unwrap().nets;
    let z = &netlist.port("z").unwrap().nets;
    assert_eq!((z[1], z[2], z[3]), (x[0], Net::ONE, Net::ZERO));
    let nand = &netlist.cells[0];
    assert_eq!((nand.nets[0], nand.nets[1]), (Some(x[0]), Some(x[1])));
    assert_eq!(netlist.cells[2].nets[0], Some(x[0]));
    assert_eq!(netlist.net_names[x[0].index()], "x[0]");
    let middle = netlist.cells[2].nets[1].unwrap();
    assert_eq!(netlist.net_names[middle.index()], "u_pair.middle");
    assert_eq!(netlist.cells[3].nets[0], Some(middle));
    assert_eq!(netlist.drivers(&library)[middle.index()], Some((2, 1)));
    assert_eq!(netlist.cells[1].nets[4], None);
    assert_eq!(netlist.connections(&library, Direction::Input).count(), 7);
}

#[test]
fn areas_add_up_over_the_hierarchy() {
    let netlist = read(NESTED, None).unwrap();
    let area = |cells, sequential_um2, combinational_um2| Area {
        cells,
        sequential_um2,
        combinational_um2,
    };
    assert_eq!(netlist.own_areas(&library()), [area(2, 10.0, 3.0), area(2, 0.0, 4.0)]);
    assert_eq!(netlist.areas(&library()), [area(4, 10.0, 7.0), area(2, 0.0, 4.0)]);
    let inner = read(NESTED, Some("pair$top.u_pair")).unwrap();
    assert_eq!(inner.areas(&library()), [area(2, 0.0, 4.0)]);
}

#[test]
fn what_is_wrong_is_said() {
    for (old, new, words) in [
        (
            "\"type\": \"INV\"",
            "\"type\": \"INV9\"",
            "the cell first of module pair$top.u_pair is a INV9, which is neither a module",
        ),
        (
            "\"type\": \"INV\"",
            "\"type\": \"TRISTATE\"",
            "cannot be used: its output Y is tri-state",
        ),
        ("\"A\": [2]", "\"B\": [2]", "connects B, which is no pin of INV"),
        ("\"A\": [2], ", "", "has nothing at its input A"),
        ("\"A\": [2]", "\"A\": [2, 3]", "has 2 bits at A"),
        ("\"Y\": [12]", "\"Y\": [10]", "u_pair.second and alone drive z[0]"),
        ("\"B\": [3]", "\"B\": [99]", "nothing drives 99, which alone reads"),
        ("\"y\": [10]", "\"y\": [10, 3]", "connects 2 bits to the 1 of port y"),
        ("\"NAND2\"", "\"top\"", "module top is in itself"),
        ("\"0\", 12", "\"u\", 12", "a bit is \"u\""),
        (
            "\"a\": {\"direction\": \"input\"",
            "\"a\": {\"direction\": \"inout\"",
            "port a of module pair$top.u_pair is inout",
        ),
        ("\"top\": \"0000", "\"src\": \"0000", "not one module is marked as the top"),
        ("\"modules\"", "\"creator\"", "net.json:"),
        (
            "\"attributes\": {},",
            "\"attributes\": {}, \"memories\": {\"ram\": {}},",
            "has the memory ram",
        ),
    ] {
        assert!(NESTED.contains(old), "{old}");
        let error = read(&NESTED.replacen(old, new, 1), None).expect_err(new);
        assert!(error.starts_with("net.json:") && error.contains(words), "{new}: {error}");
    }
    let error = read(NESTED, Some("bottom")).unwrap_err();
    assert!(
        error.contains("there is no module bottom; there are INV, pair$top.u_pair, top"),
        "{error}"
    );
}
