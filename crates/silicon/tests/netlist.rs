// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reading netlists.

use std::path::Path;

use silicon::liberty::{Direction, Library};
use silicon::netlist::{Area, Net, Netlist};

/// A cell of the library as Yosys puts it in; two inverters in a row in a module, an inverter beside it; a port that is a constant in the
/// module, one that is another port, and one that is left open.
const NESTED: &str = include_str!("data/nested.json");

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
        ("\"second\"", "\"first\"", "\"first\" is there twice"),
        ("\"B\": [3]", "\"A\": [3]", "\"A\" is there twice"),
        ("\"z\": {", "\"x\": {", "\"x\" is there twice"),
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
    // A module in a module, and so on; and two in each, and so on.
    for (count, words) in [(1, "more than 100 modules deep"), (2, "one of more than 1048576")] {
        let levels = if count == 1 { 200 } else { 30 };
        let module = |level: usize| {
            let inner = format!("{{\"type\": \"m{}\", \"connections\": {{}}}}", level + 1);
            let cells: Vec<_> = (0..count).map(|it| format!("\"i{it}\": {inner}")).collect();
            let cells = if level == levels { String::new() } else { cells.join(", ") };
            format!("\"m{level}\": {{\"ports\": {{}}, \"cells\": {{{cells}}}, \"netnames\": {{}}}}")
        };
        let modules: Vec<_> = (0..=levels).map(module).collect();
        let text = format!("{{\"modules\": {{{}}}}}", modules.join(", "));
        let error = read(&text, Some("m0")).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
    let error = read(NESTED, Some("bottom")).unwrap_err();
    assert!(
        error.contains("there is no module bottom; there are INV, pair$top.u_pair, top"),
        "{error}"
    );
}
