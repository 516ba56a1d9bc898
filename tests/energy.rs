// SPDX-License-Identifier: MIT OR Apache-2.0
//! Energy, measured on netlists. These tests need the tools of synthesis, as those in `silicon.rs`.

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use common::{Ran, convapprox, rows};
use convapprox::bench::energy::{Gates, GatesFactory};
use convapprox::bench::inference::{Core, CoreSettings};
use convapprox::bench::program_energy::ProgramGatesFactory;
use convapprox::bench::under_test::REPORT_FILE;
use convapprox::hw::gates::{netlist, pair_design, unit_design};
use convapprox::hw::{SocParameters, UnitParameters};
use convapprox::synthesis::{CellLibrary, Flow, LibraryChoice, Tools};
use model::conv::{Kernel, Mode, Number, Plane, Semantics, SmaxScope, Threshold};
use model::engine::{EnergyReading, Engine, EngineFactory, Findings, Place, Sampling};
use model::nn::{Activation, Configuration, Convolution, Finish, input_planes};
use silicon::netlist::Netlist;
use study::experiment::lenet::Variant;

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
    for row in rows(&one.join("energy_loads.csv")) {
        let parts = ["dynamic_pj", "leakage_pj", "memory_pj"].map(|name| number(&row, name));
        assert!((parts.iter().sum::<f64>() - number(&row, "load_pj")).abs() < 0.01, "{row:?}");
        // Two words of two operands, read 32 bits at a time.
        assert!((number(&row, "memory_pj") - 10.0).abs() < 0.01, "{row:?}");
    }
    // The middle of a kernel is no inference.
    assert!(!one.join("energy_inferences.csv").exists());
}

/// A unit for floats multiplies the network in floats, and refuses words of other numbers.
#[test]
#[ignore = "needs the tools of synthesis: ./test --silicon"]
fn the_energy_of_floats_is_that_of_a_network_in_floats() {
    let folder = tempfile::tempdir().unwrap();
    let line = "energy --dataset digits --unit k2_m1_e1 --network lenet5-relu --windows 12 --images 2 \
                --threshold 2 --out out";
    let mut command = convapprox(folder.path(), line);
    command.env("CONVAPPROX_SILICON", Tools::find().unwrap().folder());
    let printed = Ran::of(command.output().expect("the command starts")).ends(0);
    assert!(printed.contains("135 windows compared, 0 mismatches"), "{printed}");
    let blocks = rows(&folder.path().join("out/energy_blocks.csv"));
    for row in &blocks {
        assert_eq!(row["network"], "lenet5_relu_float32");
        let taken: f64 = row["dynamic_pj"].parse().unwrap();
        let works = ["multipliers", "adders", "operand registers"].contains(&&*row["block"]);
        // In the other modes a window of zeros multiplies nothing.
        assert!(!works || row["mode"] != "exact" || taken > 0.0, "{row:?}");
    }

    let tools = Tools::find().unwrap();
    let library = CellLibrary::open(&LibraryChoice::Nangate45, &tools).unwrap();
    let (unit, flow) = ("k2_m1_e1".parse().unwrap(), Flow::standard(&library));
    let design = unit_design(&unit).unwrap();
    let made = netlist(&design, &flow, &tools, || {}).unwrap();
    let cells = Arc::new(library.cells.clone());
    let read = Netlist::read(&made.json(), Some(design.top), &cells).unwrap();
    let gates = Arc::new(Gates::new(read, cells, flow.period_ps.into()).unwrap());
    let factory = GatesFactory { unit, gates, seed: 1, settings: serde_json::Value::Null };
    let (layer, inputs) = layer();
    let exact = Semantics::new(Mode::Exact, 0, Threshold::new(1).unwrap(), SmaxScope::Window);
    let sampling = Sampling { windows: 30, seed: 4 };
    let mut engine = factory.open().unwrap();
    let error = engine.energy(&Place::default(), &layer, &exact.unwrap(), &inputs, sampling);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("multiplies float32 words, and the layer has integer ones"), "{error}");
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

/// What the report of the first mismatch says.
fn report(engine: &dyn Engine, findings: &Findings) -> String {
    let folder = tempfile::tempdir().unwrap();
    let report = engine.follow_up(&findings.cases[0], folder.path()).unwrap();
    std::fs::read_to_string(report.join(REPORT_FILE)).unwrap()
}

/// The reading, the findings, and the report if something differs.
fn measure(gates: Gates, mode: Mode) -> (EnergyReading, Findings, String) {
    let (unit, gates) = (SET.parse().unwrap(), Arc::new(gates));
    let factory = GatesFactory { unit, gates, seed: 1, settings: serde_json::Value::Null };
    let mut engine = factory.open().unwrap();
    let semantics = Semantics::new(mode, 0, Threshold::new(2).unwrap(), SmaxScope::Window).unwrap();
    let (layer, inputs) = layer();
    let sampling = Sampling { windows: 30, seed: 4 };
    let reading = engine.energy(&Place::default(), &layer, &semantics, &inputs, sampling).unwrap();
    let findings = engine.take_findings().unwrap();
    let text = if findings.cases.is_empty() { String::new() } else { report(&*engine, &findings) };
    (reading, findings, text)
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
    let gates = |netlist| Gates::new(netlist, Arc::clone(&cells), flow.period_ps.into()).unwrap();

    let (exact, findings, _) = measure(gates(read()), Mode::Exact);
    assert_eq!((findings.compared, findings.mismatches), (30, 0));
    let (approx, findings, _) = measure(gates(read()), Mode::Approx);
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
        let (reading, findings, text) = measure(gates(changed), Mode::Approx);
        // What it took is of no account.
        assert_eq!(reading.windows == 0, findings.mismatches > 0);
        found.insert(cell, (findings, text));
    }
    let seen: Vec<_> = found.values().filter(|it| it.0.mismatches > 0).collect();
    assert!(seen.len() >= 10, "{} of {} changed cells show", seen.len(), found.len());
    let (findings, text) = &seen[0];
    let difference = &findings.cases[0].difference;
    assert!(difference.contains("the netlist"), "{difference}");
    assert!(text.contains(difference) && text.contains(", output channel"), "{text}");
}

#[test]
#[ignore = "needs the tools of synthesis: ./test --silicon"]
fn programs_run_on_the_netlist_of_core_and_unit_until_a_cell_is_changed() {
    let tools = Tools::find().unwrap();
    let library = CellLibrary::open(&LibraryChoice::Nangate45, &tools).unwrap();
    let flow = Flow::standard(&library);
    let soc: SocParameters = "soc_m4_o16".parse().unwrap();
    let design = pair_design(&soc).unwrap();
    let made = netlist(&design, &flow, &tools, || {}).unwrap();
    let cells = Arc::new(library.cells.clone());
    let netlist = Netlist::read(&made.json(), Some(design.top), &cells).unwrap();
    let variant = Variant::lenet5(Activation::Relu).unwrap().with_operands(soc.operand_w).unwrap();
    let layers = variant.layers().len();
    let image = input_planes(&variant.integer, &[100; 784]);
    let run = |netlist: &Netlist, core: CoreSettings, mode: Mode| {
        let gates = Gates::new(netlist.clone(), Arc::clone(&cells), flow.period_ps.into()).unwrap();
        let factory = ProgramGatesFactory {
            gates: Arc::new(gates),
            core: CoreSettings { soc, ..core },
            settings: serde_json::Value::Null,
        };
        let mut engine = factory.open().unwrap();
        let configuration = Configuration::plain(mode, 0, layers).unwrap();
        let network = &variant.integer;
        let stages = engine.program_energy(&Place::default(), network, &configuration, &image, 300);
        let findings = engine.take_findings().unwrap();
        let text =
            if findings.cases.is_empty() { String::new() } else { report(&*engine, &findings) };
        (stages, findings, text)
    };
    let software = CoreSettings::software(Core::Soc, Number::Integer);
    let mut unit_mw = Vec::new();
    // A sample on the unit begins where a window is fetched. The core waits meanwhile, and longest where
    // everything is multiplied.
    for (core, mode, least_bits) in [
        (software.clone(), Mode::Exact, 6400),
        (CoreSettings::unit(Core::Soc, soc), Mode::Exact, 2000),
        (CoreSettings::unit(Core::Soc, soc), Mode::Approx, 4800),
    ] {
        let (stages, findings, _) = run(&netlist, core, mode);
        assert_eq!((findings.compared, findings.mismatches), (1, 0));
        assert!(findings.instructions > 50, "{} stores", findings.instructions);
        let stages = stages.unwrap();
        let c3 = stages.iter().find(|it| it.stage == "C3+S4").unwrap();
        assert_eq!(c3.measured_cycles, 300);
        assert!(c3.cycles > 1000 && c3.instruction_bits > least_bits, "{c3:?}");
        assert!(c3.blocks["core"].dynamic_fj > 100.0 * 300.0);
        unit_mw.push(c3.blocks["unit"].dynamic_fj);
    }
    assert!(unit_mw[0] < unit_mw[1], "an idle unit takes more than a running one: {unit_mw:?}");

    let [nand, nor] = ["NAND2_X1", "NOR2_X1"].map(|name| cells.find(name).unwrap());
    let of_core = (0..netlist.cells.len()).filter(|&cell| {
        let instance = &netlist.cells[cell];
        instance.cell == nand && netlist.scopes[instance.scope].module == "core_alu"
    });
    let seen = of_core.take(4).filter(|&cell| {
        let mut changed = netlist.clone();
        changed.cells[cell].cell = nor;
        let (stages, findings, text) = run(&changed, software.clone(), Mode::Exact);
        // A stage that cannot be measured has no cycles that were, and a report.
        let lost = stages.unwrap().iter().filter(|it| it.measured_cycles == 0).count() as u64;
        assert_eq!(lost, findings.mismatches);
        if lost > 0 {
            assert!(text.contains(&findings.cases[0].difference), "{text}");
        }
        lost > 0
    });
    assert!(seen.count() >= 2, "changed cells of the ALU do not show");
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
