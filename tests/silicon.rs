// SPDX-License-Identifier: MIT OR Apache-2.0
//! Synthesis, and the bench on what comes of it. These tests need the tools that
//! `scripts/setup.sh --silicon-tests` installs: `./test --silicon` runs them, and `.ci/run` those whose
//! names begin with `small`.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{Ran, convapprox, end_within, rows};
use convapprox::bench::case::ProgramCase;
use convapprox::bench::cosimulation::{Cosimulation, End};
use convapprox::firmware::{Kind, programs};
use convapprox::hw::gates::{core_design, netlist, unit_design};
use convapprox::hw::{Build, CLOCK, SOC, SocParameters};
use convapprox::synthesis::{
    CellLibrary, Design, Flow, LibraryChoice, PAPER_PERIOD_PS, Synthesised, Tools,
};
use silicon::netlist::Netlist;
use silicon::timing::{Constraints, Group, analyse};

/// A command that finds the tools, wherever its other files go.
fn run(folder: &Path, line: &str) -> Ran {
    let tools = Tools::find().unwrap();
    let mut command = convapprox(folder, line);
    command.env("CONVAPPROX_SILICON", tools.folder());
    Ran::of(command.output().expect("the command starts"))
}

/// Needs no tools.
#[test]
fn a_folder_of_somebody_is_not_made_the_folder_of_the_tools() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own");
    for file in ["notes.txt", "requirements.txt"] {
        fs::create_dir_all(&own).unwrap();
        fs::write(own.join(file), "mine").unwrap();
        let mut command = convapprox(folder.path(), "synth --unit k2_m1");
        command.env("CONVAPPROX_SILICON", &own);
        let ran = Ran::of(command.output().unwrap());
        assert!(ran.stderr.contains("which CONVAPPROX_SILICON names"), "{}", ran.stderr);
        ran.refuses(2, "could not be installed");
        assert_eq!(fs::read_to_string(own.join(file)).unwrap(), "mine");
    }
}

/// Needs no tools: what the user asks for is looked at before they are.
#[test]
fn what_cannot_be_had_is_refused_before_the_tools_are_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own");
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join("notes.txt"), "mine").unwrap();
    fs::write(folder.path().join("text.lib"), "hello world").unwrap();
    let point = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testvectors/operating_points/lenet5_relu_t112_f3.json");
    let point = format!("--network lenet5-relu --threshold 2 --point {}", point.display());
    let with_point = |command: &str| format!("{command} {point}");
    for (line, words) in [
        ("synth --unit k2_m1 --library missing.lib", "the cell library missing.lib: No such file"),
        ("synth --unit k2_m1 --library text.lib", "text.lib:1: \"hello\" is followed by neither"),
        ("synth --unit k2_m1 --library own", "own: it is a folder, not a regular file"),
        ("energy --library /dev/zero", "/dev/zero: it is a device, not a regular file"),
        ("explore --library missing.lib", "the cell library missing.lib: No such file"),
        ("power --library missing.lib", "the cell library missing.lib: No such file"),
        ("synth --unit k2_m1 --unit kernel=2,multipliers=1", "--unit: k2_m1 is there twice"),
        ("synth --pair soc_k3 --pair kernel=3", "--pair: soc_k3 is there twice"),
        ("energy --unit k2_m1 --unit k2_m1", "--unit: k2_m1 is there twice"),
        ("energy --threshold 0", "threshold 0 skips every product"),
        ("energy --windows 100001", "it must be at most 100000"),
        ("energy --images 1000000", "1000000 images are asked for"),
        ("explore --threshold 0", "threshold 0 skips every product"),
        ("explore --images 1000000", "1000000 images are asked for"),
        ("explore --unit k2_m1", "no unit holds the kernels of its network"),
        ("power --threshold 0", "threshold 0 skips every product"),
        (&with_point("energy"), "lenet5_relu_t112_f3 has F = 3, the unit k5_w128_o16 has F = 0"),
        (&with_point("power"), "lenet5_relu_t112_f3 has F = 3, the unit soc_m4_o16 has F = 0"),
        ("planes --unit k5_n16_w128_l1 --unit k5_n16_w128_l1", "k5_n16_w128_l1 is there twice"),
        ("planes --unit k3_n16_w128_l1", "KERNEL = 3; a 5×5 kernel does not fit"),
        ("planes --unit k5_m2_e1", "k5_m2_e1 is for floats, which have no log planes"),
        ("power --soc soc_fp_m2_e1", "power is measured of programs in integers"),
    ] {
        let digits = if line.starts_with("synth") { "" } else { "--dataset digits" };
        let mut command = convapprox(folder.path(), &format!("{line} {digits}"));
        command.env("CONVAPPROX_SILICON", &own);
        Ran::of(command.output().unwrap()).refuses(2, words);
    }
    assert!(!folder.path().join("reports").exists());
}

/// Needs no tools.
#[test]
#[cfg(unix)]
fn a_list_of_tools_that_never_ends_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("requirements.txt");
    let start = || {
        let mut command = convapprox(folder.path(), "synth --unit k2_m1");
        command.env("CONVAPPROX_SILICON", folder.path());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    assert!(Command::new("mkfifo").arg(&list).status().unwrap().success());
    let ran = end_within(start(), 60).expect("a FIFO is not read");
    ran.refuses(2, "it is a FIFO, not a regular file");
    fs::remove_file(&list).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &list).unwrap();
    let ran = end_within(start(), 60).expect("a device is not read");
    ran.refuses(2, "it is a device, not a regular file");
}

#[test]
#[ignore = "needs the tools of synthesis: ./test --silicon"]
fn small_a_unit_is_synthesised_once_and_keeps_to_its_budget() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    run(folder.path(), "synth --unit kernel=2,multipliers=1 --out out").ends(0);
    assert_budgets(&out, &["k2_m1"]);
    let modules = rows(&out.join("modules.csv"));
    let area =
        |it: &std::collections::HashMap<String, String>| it["own_um2"].parse::<f64>().unwrap();
    let sum: f64 = modules.iter().map(area).sum();
    let whole: f64 = rows(&out.join("synth.csv"))[0]["area_um2"].parse().unwrap();
    assert!((sum - whole).abs() < 0.1 * modules.len() as f64, "{sum} of {whole}");
    assert!(modules.iter().any(|row| row["module"] == "product_select"), "{modules:?}");
    // From the cache, without a word of synthesis, and the same bytes.
    let again = run(folder.path(), "synth --unit k2_m1 --out again");
    assert!(!again.stderr.contains("synthesising"), "{}", again.stderr);
    again.ends(0);
    common::assert_same(&out, &folder.path().join("again"));
    run(folder.path(), "synth --unit k2_m1 --out out").refuses(2, "--force");
}

#[test]
#[ignore = "needs the tools of synthesis: ./test --silicon"]
fn small_the_netlist_of_a_unit_agrees_with_the_golden_model_on_images() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("own.txt"), "[cross]\n1 -2\n-3 4\n").unwrap();
    let printed =
        run(folder.path(), "windows --unit k2_m1_g1 --images 4 --filter-file own.txt").ends(0);
    // 27 × 27 outputs: 13 × 13 tiles of four and 53 single ones; six configurations.
    assert!(printed.contains("5328 windows compared, 0 mismatches"), "{printed}");
}

#[test]
#[ignore = "needs the tools of synthesis: ./test --silicon"]
fn netlists_agree_with_the_golden_model_on_ten_thousand_windows() {
    let folder = tempfile::tempdir().unwrap();
    for unit in ["k3_m2_o16_g1", "k3_m1_g1"] {
        let printed =
            run(folder.path(), &format!("windows --unit {unit} --images 2 --force")).ends(0);
        assert!(printed.contains("14196 windows compared, 0 mismatches"), "{unit}: {printed}");
        assert!(printed.contains("netlist engine"), "{printed}");
    }
}

#[test]
#[ignore = "needs the tools of synthesis: ./test --silicon"]
fn a_changed_cell_is_found_and_reported_with_a_waveform() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("own.txt"), "[cross]\n1 -2\n-3 4\n").unwrap();
    let mut reports = 0;
    // In the selection of products, and in the state machine.
    for seed in [1, 2] {
        let line = format!(
            "windows --unit k2_m1_g1_c{seed} --images 1 --filter-file own.txt --out c{seed} \
             --max-mismatches 3"
        );
        let ran = run(folder.path(), &line);
        assert!(ran.stderr.contains(" became "), "{}", ran.stderr);
        let text = ran.stdout.clone() + &ran.stderr;
        let report = folder.path().join(format!("c{seed}/mismatch"));
        match ran.status {
            // A bug in the counters shows in them alone, and in no window.
            Some(3) if !report.is_dir() => {
                assert!(text.contains("MISMATCH the counters of"), "{text}");
            }
            Some(3) => {
                reports += 1;
                let case = fs::read_dir(&report).unwrap().next().unwrap().unwrap().path();
                let report = fs::read_to_string(case.join("report.txt")).unwrap();
                assert!(report.contains("gates, one cell changed by seed"), "{report}");
                assert!(fs::metadata(case.join("wave.vcd")).unwrap().len() > 10_000);
                run(folder.path(), &format!("replay {}", case.display())).ends(3);
            }
            Some(1) => assert!(text.contains("the unit hangs"), "{text}"),
            status => panic!("seed {seed} is not found: {status:?}\n{text}"),
        }
    }
    assert!(reports > 0, "no seed has a window that differs");
}

#[test]
#[ignore = "needs the tools of synthesis: ./test --silicon"]
fn designs_keep_to_their_budgets() {
    let folder = tempfile::tempdir().unwrap();
    let budgets = budgets();
    let mut line = "synth --core --out out".to_owned();
    for design in budgets.keys().filter(|it| *it != "core") {
        line += &match (design.as_str(), design.strip_prefix("pair")) {
            ("fpu", _) => " --fpu".to_owned(),
            (_, Some(rest)) => format!(" --pair soc{rest}"),
            _ => format!(" --unit {design}"),
        };
    }
    run(folder.path(), &line).ends(0);
    let names: Vec<&str> = budgets.keys().map(String::as_str).collect();
    assert_budgets(&folder.path().join("out"), &names);
}

#[test]
#[ignore = "needs the tools of synthesis: ./test --silicon"]
fn the_programs_run_on_the_netlist_of_the_core() {
    let soc: SocParameters = "soc_k1_n1_g1".parse().unwrap();
    let case = ProgramCase { soc, ..ProgramCase::default() };
    let mut ran = 0;
    for program in programs().iter().filter(|it| it.kind == Kind::Test) {
        let parts = model::elf::Executable::parse(program.elf, SOC.ram_bytes).unwrap();
        let mut system = Cosimulation::open(&parts, &case, Build::Fast, true).unwrap();
        match system.run(3_000_000).unwrap() {
            End::Tohost(1) => ran += 1,
            // What asks for more of the unit than it has; in lockstep, the reference ends alike.
            End::Tohost(_) if program.name.starts_with("conv") => {}
            end => panic!("{}: {end:?}", program.name),
        }
    }
    assert!(ran > 20, "{ran} programs");
}

#[test]
#[ignore = "needs the tools of synthesis: ./test --silicon"]
fn timing_is_that_of_opensta() {
    let tools = Tools::find().unwrap();
    let library = CellLibrary::open(&LibraryChoice::Nangate45, &tools).unwrap();
    for design in [unit_design(&"k2_m1".parse().unwrap()).unwrap(), core_design(&SOC).unwrap()] {
        let flow = Flow::standard(&library);
        let made = netlist(&design, &flow, &tools, || {}).unwrap();
        let of_netlist = Netlist::read(&made.json(), Some(design.top), &library.cells).unwrap();
        let constraints = Constraints::ideal(CLOCK, PAPER_PERIOD_PS.into());
        let ours = analyse(&of_netlist, &library.cells, &constraints).unwrap();
        let theirs = opensta(&design, &made, library.path());
        for path in &ours.paths {
            let Some(slack_ns) = theirs.get(&path.group.to_string()) else { continue };
            let period = f64::from(PAPER_PERIOD_PS);
            let (ours, theirs) = (path.needs_ps(), period - 1000.0 * slack_ns);
            let percent = 100.0 * (ours / theirs - 1.0);
            assert!(
                percent.abs() <= 2.0,
                "{} {}: {ours:.0} ps, OpenSTA has {theirs:.0} ps",
                design.name,
                path.group
            );
        }
        assert!(theirs.contains_key(&Group::RegisterToRegister.to_string()), "{theirs:?}");
    }
}

/// The worst slack in ns of each group of paths.
fn opensta(design: &Design, made: &Synthesised, library: &Path) -> BTreeMap<String, f64> {
    let folder = tempfile::tempdir().unwrap();
    let period = f64::from(PAPER_PERIOD_PS) / 1000.0;
    let groups = [
        ("reg2reg", "[all_registers -clock_pins]", "[all_registers -data_pins]"),
        ("in2reg", "[all_inputs]", "[all_registers -data_pins]"),
        ("reg2out", "[all_registers -clock_pins]", "[all_outputs]"),
    ];
    let mut script = format!(
        "read_liberty {}\nread_verilog {}\nlink_design {}\ncreate_clock -name clk -period {period} clk_i\n\
         set_false_path -from rst_ni\n\
         set_input_delay 0 -clock clk [all_inputs]\nset_output_delay 0 -clock clk [all_outputs]\n",
        library.display(),
        made.verilog().display(),
        design.top,
    );
    for (group, from, to) in groups {
        script += &format!(
            "puts \"group {group}\"\nreport_checks -from {from} -to {to} -path_delay max -digits 4\n"
        );
    }
    let file = folder.path().join("sta.tcl");
    fs::write(&file, script + "exit\n").unwrap();
    let output = Command::new("sta").arg("-no_splash").arg(&file).output();
    let output = output.expect("OpenSTA is there: scripts/setup.sh --silicon-tests");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut slacks = BTreeMap::new();
    for part in text.split("group ").skip(1) {
        let group = part.lines().next().unwrap_or_default().to_owned();
        let slack = part.lines().find(|line| line.contains("slack ("));
        if let Some(slack) = slack.and_then(|it| it.split_whitespace().next()?.parse().ok()) {
            slacks.insert(group, slack);
        }
    }
    assert!(!slacks.is_empty(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    slacks
}

/// Area in µm² and path in ns that a design may have.
fn budgets() -> BTreeMap<String, (f64, f64)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testvectors/silicon/budgets.csv");
    let budget = |row: &std::collections::HashMap<String, String>| {
        let number = |column: &str| row[column].parse::<f64>().unwrap();
        let factor = 1.0 + number("tolerance_percent") / 100.0;
        (number("area_um2") * factor, number("critical_path_ns") * factor)
    };
    rows(&path).iter().map(|row| (row["design"].clone(), budget(row))).collect()
}

/// Checks these designs of a result folder.
#[track_caller]
fn assert_budgets(out: &Path, designs: &[&str]) {
    let (budgets, rows) = (budgets(), rows(&out.join("synth.csv")));
    for design in designs {
        let row = rows.iter().find(|row| row["design"] == *design).unwrap();
        let number = |column: &str| row[column].parse::<f64>().unwrap();
        let (area, path) = budgets[*design];
        let found = (number("area_um2"), number("critical_path_ns"));
        assert!(
            found.0 <= area && found.1 <= path,
            "{design} has {found:?} µm² and ns, its budget is {area:.0} and {path:.3}: see \
             testvectors/silicon/budgets.csv"
        );
    }
}
