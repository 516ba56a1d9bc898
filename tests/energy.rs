// SPDX-License-Identifier: MIT OR Apache-2.0
//! Energy, measured on netlists. These tests need the tools of synthesis, as those in `silicon.rs`.

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use common::{Ran, convapprox, rows};
use convapprox::bench::energy::{Gates, GatesFactory};
use convapprox::hw::UnitParameters;
use convapprox::hw::gates::{netlist, unit_design};
use convapprox::synthesis::{CellLibrary, Flow, LibraryChoice, Tools};
use model::conv::{Kernel, Mode, Plane, Semantics, SmaxScope, Threshold};
use model::engine::{EnergyReading, EngineFactory, Findings, Place, Sampling};
use model::nn::{Convolution, Finish};
use silicon::netlist::Netlist;

const SET: &str = "k2_m1_o16";

#[test]
#[ignore = "needs the tools of synthesis: ./test --silicon"]
fn small_energy_adds_up_and_does_not_depend_on_the_threads() {
    let folder = tempfile::tempdir().unwrap();
    let run = |options: &str| {
        let line = format!(
            "energy --dataset digits --unit {SET} --network lenet5-relu --windows 12 --images 2 \
             --threshold 2 {options}"
        );
        let mut command = convapprox(folder.path(), &line);
        command.env("CONVAPPROX_SILICON", Tools::find().unwrap().folder());
        Ran::of(command.output().expect("the command starts")).ends(0)
    };
    let printed = run("--jobs 1 --out one");
    // 3 layers, exact, zero-skip and T = 2; rows of 5 windows.
    assert!(printed.contains("135 windows compared, 0 mismatches"), "{printed}");
    run("--jobs 2 --out two");
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    common::assert_same(&one, &two);

    let number = |row: &std::collections::HashMap<String, String>, name: &str| {
        row[name].parse::<f64>().unwrap()
    };
    let blocks = rows(&one.join("energy_blocks.csv"));
    for row in rows(&one.join("energy.csv")) {
        let same = |it: &&std::collections::HashMap<String, String>| {
            ["layer", "mode", "threshold"].iter().all(|name| it[*name] == row[*name])
        };
        for name in ["dynamic_pj", "without_glitches_pj", "leakage_pj"] {
            let sum: f64 = blocks.iter().filter(same).map(|it| number(it, name)).sum();
            assert!((sum - number(&row, name)).abs() < 0.01, "{name} of {row:?}: {sum}");
        }
        assert!(number(&row, "without_glitches_pj") < number(&row, "dynamic_pj"));
    }
    // The middle of a kernel is no inference.
    assert!(!one.join("energy_inferences.csv").exists());
}

/// A layer of one channel with 2×2 kernels, and an image of some zeros.
fn layer() -> (Convolution, Vec<Vec<Plane>>) {
    let kernel = |weights: [i32; 4]| vec![Kernel::new(2, weights.to_vec()).unwrap()];
    let layer = Convolution {
        name: "L".into(),
        index: 0,
        filters: vec![kernel([300, -7, 12, 0]), kernel([-1, 2000, 5, -80])],
        bias: vec![0; 2],
        finish: Finish { activation: None, shift: 1, bits: 8 },
    };
    let pixels = (0..81).map(|i| if i % 3 == 0 { 0 } else { i * 37 % 256 - 100 });
    (layer, vec![vec![Plane::new(9, 9, pixels.collect()).unwrap()]])
}

fn measure(gates: Gates, mode: Mode) -> (EnergyReading, Findings) {
    let factory =
        GatesFactory { gates: Arc::new(gates), seed: 1, settings: serde_json::Value::Null };
    let mut engine = factory.open().unwrap();
    let semantics = Semantics::new(mode, 0, Threshold::new(2).unwrap(), SmaxScope::Window).unwrap();
    let (layer, inputs) = layer();
    let sampling = Sampling { windows: 30, seed: 4 };
    let reading = engine.energy(&Place::default(), &layer, &semantics, &inputs, sampling).unwrap();
    (reading, engine.take_findings().unwrap())
}

#[test]
#[ignore = "needs the tools of synthesis: ./test --silicon"]
fn a_netlist_that_does_something_else_is_a_mismatch() {
    let tools = Tools::find().unwrap();
    let library = CellLibrary::open(&LibraryChoice::Nangate45, &tools).unwrap();
    let unit: UnitParameters = SET.parse().unwrap();
    let flow = Flow::standard(&library);
    let design = unit_design(&unit).unwrap();
    let made = netlist(&design, &flow, &tools, || {}).unwrap();
    let cells = Arc::new(library.cells.clone());
    let read = || Netlist::read(&made.json(), Some(design.top), &cells).unwrap();
    let gates =
        |netlist| Gates::new(unit, netlist, Arc::clone(&cells), flow.period_ps.into()).unwrap();

    let (exact, findings) = measure(gates(read()), Mode::Exact);
    assert_eq!((findings.compared, findings.mismatches), (30, 0));
    let (approx, findings) = measure(gates(read()), Mode::Approx);
    assert_eq!((findings.compared, findings.mismatches), (30, 0));
    assert!(approx.multiplications < exact.multiplications);
    let dynamic = |it: &EnergyReading| it.blocks.values().map(|it| it.dynamic_fj).sum::<f64>();
    assert!(dynamic(&approx) < dynamic(&exact));

    // A NAND2 of the selection becomes a NOR2, one after the other until one shows.
    let [nand, nor] = ["NAND2_X1", "NOR2_X1"].map(|name| cells.find(name).unwrap());
    let netlist = read();
    let deciding = (0..netlist.cells.len()).filter(|&cell| {
        let instance = &netlist.cells[cell];
        instance.cell == nand && netlist.scopes[instance.scope].module == "product_select"
    });
    let mut found = BTreeMap::new();
    for cell in deciding.take(20) {
        let mut changed = read();
        changed.cells[cell].cell = nor;
        let (_, findings) = measure(gates(changed), Mode::Approx);
        found.insert(cell, findings);
    }
    let seen: Vec<_> = found.values().filter(|it| it.mismatches > 0).collect();
    assert!(seen.len() >= 10, "{} of {} changed cells show", seen.len(), found.len());
    let difference = &seen[0].cases[0].difference;
    assert!(difference.contains("the netlist"), "{difference}");
}

/// An error of a cell library names the file and the line.
#[test]
#[ignore = "needs the tools of synthesis: ./test --silicon"]
fn small_a_library_that_is_none_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("own.lib"),
        "library (own) {\n  cell (A) {\n    area : big;\n} }\n",
    )
    .unwrap();
    let mut command = convapprox(folder.path(), "energy --dataset digits --library own.lib");
    command.env("CONVAPPROX_SILICON", Tools::find().unwrap().folder());
    Ran::of(command.output().unwrap()).refuses(2, "own.lib:3: \"big\" in area is no number");
    assert!(!Path::new(&folder.path().join("reports")).exists());
}
