// SPDX-License-Identifier: MIT OR Apache-2.0
//! LeNet-5 as the commands run it: the shipped weights, the tables, interruption, mismatches, bad
//! input.

mod common;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use common::{assert_same, files, kill_at, rows, run, succeeds};
use rand::{Rng, SeedableRng};
use safetensors::{Dtype, tensor::TensorView};

/// The committed tables of a small run on the RTL, byte for byte. After a change that is meant to
/// change them: `CONVAPPROX_BLESS=1 cargo test --test lenet`.
#[test]
fn a_small_run_on_the_rtl_equals_the_committed_tables() {
    let folder = tempfile::tempdir().unwrap();
    let line = "lenet --dataset digits --images 3 --log-frac 0,3 --tau 0.05,0.2,0.5 --engine rtl \
                --quiet --out run";
    let out = succeeds(folder.path(), line);
    // 2 networks, 2 numbers of fraction bits, 5 lines, 3 images, 4,320 windows an inference.
    assert!(out.contains("259200 windows compared, 0 mismatches"), "{out}");
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("testvectors/lenet");
    for name in ["lenet.csv", "layer_errors.csv", "skips.csv", "margins.csv", "zero_fractions.csv"]
    {
        let found = fs::read_to_string(folder.path().join("run").join(name)).unwrap();
        let file = committed.join(name);
        if std::env::var_os("CONVAPPROX_BLESS").is_some() {
            fs::create_dir_all(&committed).unwrap();
            fs::write(&file, &found).unwrap();
        }
        let expected = fs::read_to_string(&file).unwrap();
        for (number, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
            assert_eq!(found, expected, "{name}, line {}", number + 1);
        }
        assert_eq!(found, expected, "{name}");
    }
}

/// Golden and RTL give the same tables; only the unit's own columns are empty on the golden model.
#[test]
fn both_engines_give_the_same_tables() {
    let folder = tempfile::tempdir().unwrap();
    let [golden, rtl] = ["golden", "rtl"].map(|engine| {
        let line = format!(
            "lenet --dataset digits --images 2 --network lenet5-tanh --smax-scope running \
             --engine {engine} --quiet --out {engine}"
        );
        succeeds(folder.path(), &line);
        folder.path().join(engine)
    });
    let (golden_files, rtl_files) = (files(&golden), files(&rtl));
    for (name, golden) in &golden_files {
        match name.as_str() {
            "lenet.csv" => assert_ne!(golden, &rtl_files[name], "the RTL counts windows"),
            "provenance.json" => {}
            _ => assert!(*golden == rtl_files[name], "{name} differs"),
        }
    }
    let [golden, rtl] = [golden, rtl].map(|folder| rows(&folder.join("lenet.csv")));
    for column in ["multiplications_average", "accuracy_percent"] {
        assert!(golden.iter().map(|row| &row[column]).eq(rtl.iter().map(|row| &row[column])));
    }
}

/// The weights that the project ships, on the images they are for.
#[test]
fn the_shipped_weights_are_as_good_as_promised() {
    let folder = tempfile::tempdir().unwrap();
    let mnist = std::env::var_os("MNIST_DIR").is_some();
    let images = if mnist { "mnist --images 10000" } else { "digits --images 1000" };
    let line = format!("lenet --dataset {images} --tau 0.9 --engine golden --quiet --out run");
    succeeds(folder.path(), &line);
    let accuracies = rows(&folder.path().join("run/quantisation.csv"));
    for (network, least) in [("lenet5_relu", 99.0), ("lenet5_tanh", 98.8)] {
        let row = accuracies.iter().find(|row| row["network"] == network).unwrap();
        let number = |column: &str| row[column].parse::<f64>().unwrap();
        let least = if mnist { least } else { 97.0 };
        assert!(number("float_accuracy_percent") >= least, "{row:?}");
        assert!(number("loss_points") <= 0.1, "{row:?}");
    }
    for row in rows(&folder.path().join("run/overflow.csv")) {
        assert!(row["sum_bound"].parse::<i64>().unwrap() <= i64::from(i32::MAX), "{row:?}");
    }
    if !mnist {
        return;
    }
    // The paper's counts of layer 1, over the images that it counted over.
    let lenet = rows(&folder.path().join("run/lenet.csv"));
    for (configuration, count) in [("exact", "86400.0000"), ("zero-skip", "20778.3000")] {
        let rows = lenet.iter().filter(|row| {
            row["sample"] == "first"
                && row["layer"] == "C1"
                && row["configuration"] == configuration
        });
        let counts: Vec<&str> = rows.map(|row| row["multiplications_average"].as_str()).collect();
        assert_eq!(counts, [count, count], "{configuration}");
    }
}

/// The same words on the unit's RTL as on the golden model, in floats; what has another kind is refused.
#[test]
fn networks_in_floats() {
    let folder = tempfile::tempdir().unwrap();
    let lenet = |rest: &str| {
        let common = "--images 1 --network lenet5-relu --tau 0.1 --quiet";
        succeeds(folder.path(), &format!("lenet {common} {rest}"))
    };
    let out = lenet("--number float32 --log-frac 0,3 --out rtl");
    assert!(out.contains(" 0 mismatches") && out.contains("lenet5_relu_float32"), "{out}");
    lenet("--number float32 --log-frac 0,3 --engine golden --out golden");
    let table = |name: &str| {
        let rows = rows(&folder.path().join(name).join("lenet.csv"));
        let of = |row: &HashMap<String, String>| row["multiplications_average"].clone();
        rows.iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(table("rtl"), table("golden"));
    // The unit says what the numbers are.
    lenet("--unit k5_m4_n16_w128_o16_e1 --engine golden --out bfloat");
    let rows = rows(&folder.path().join("bfloat/operands.csv"));
    assert_eq!(
        (&rows[0]["network"][..], &rows[0]["operand_w"][..]),
        ("lenet5_relu_bfloat16", "16")
    );
    let other = run(folder.path(), "lenet --number float32 --unit k5 --out none --quiet");
    other.refuses(2, "--unit k5 multiplies integer words, not float32 ones");
    assert!(!folder.path().join("none").exists());
}

/// With 16 bits every word of the networks is that of 32, and so are the tables; 8 bits make other
/// networks of them, which lose little, and are said to.
#[test]
fn networks_for_narrow_operands() {
    let folder = tempfile::tempdir().unwrap();
    let lenet = |rest: &str| succeeds(folder.path(), &format!("lenet {rest} --quiet"));
    for operand_w in [32, 16, 8] {
        lenet(&format!(
            "--images 400 --tau 0.1 --engine golden --table-only \
             --unit kernel=5,operand_w={operand_w} --out {operand_w}"
        ));
    }
    let table = |operand_w: u32, name: &str| folder.path().join(format!("{operand_w}/{name}.csv"));
    let lines = |operand_w| fs::read_to_string(table(operand_w, "lenet")).unwrap();
    assert_eq!(lines(32), lines(16));
    assert_ne!(lines(32), lines(8));
    for operand_w in [32, 16, 8] {
        let found = rows(&table(operand_w, "operands"));
        assert_eq!(found.len(), 2);
        for row in found {
            let number = |column: &str| row[column].parse::<f64>().unwrap();
            let bits = operand_w.min(13) - 1;
            assert_eq!(
                (number("operand_w"), number("activation_bits")),
                (operand_w.into(), bits.into())
            );
            let most = if operand_w == 8 { 1.0 } else { 0.0 };
            assert!(number("loss_points") <= most, "{row:?}");
            assert!(operand_w == 8 || row["flipped"] == "0", "{row:?}");
            assert!(number("loss_low_points") <= number("loss_points"), "{row:?}");
        }
    }

    // On the RTL they take fewer accesses for the same words.
    let beats = [32, 16, 8].map(|operand_w| {
        let out = lenet(&format!(
            "--images 1 --network lenet5-relu --tau 0.1 --unit kernel=5,kernels=16,mem_width=128,operand_w={operand_w} \
             --out rtl{operand_w}"
        ));
        assert!(out.contains("12960 windows compared, 0 mismatches"), "{out}");
        let rows = rows(&folder.path().join(format!("rtl{operand_w}/memory.csv")));
        let row = rows.iter().find(|it| it["layer"].is_empty() && it["configuration"] == "exact");
        let number = |column: &str| row.unwrap()[column].parse::<f64>().unwrap();
        // 368 fetches of a window, and 2,022 kernels: see docs/unit.md.
        assert_eq!(number("words_average"), 10_688.0 + 33_270.0);
        number("beats_average")
    });
    assert!(beats[0] > beats[1] && beats[1] > beats[2], "{beats:?}");

    // What is not made for them is refused.
    let line = "windows --images 1 --unit kernel=3,operand_w=8 --quiet";
    run(folder.path(), line).refuses(2, "does not fit into 8 bits, which hold -128 to 127");
}

#[test]
fn a_killed_sweep_is_resumed_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let line = |rest: &str| {
        format!(
            "sweep --dataset digits --images 450 --network lenet5-relu --log-frac 0 --tau 0.1,0.5 \
             --no-splits --jobs 2 --quiet --out {rest}"
        )
    };
    succeeds(folder.path(), &line("whole"));
    let killed = folder.path().join("killed");
    assert!(kill_at(folder.path(), &line("killed"), &killed, 3), "killed after its end");
    assert!(common::checkpoints(&killed) >= 3, "killed before anything was finished");
    assert!(!killed.join("lenet.csv").exists(), "killed after the end");

    succeeds(folder.path(), &line("killed --resume"));
    assert_same(&folder.path().join("whole"), &killed);
    assert!(killed.join("peers.csv").exists());
}

#[test]
fn a_planted_bug_is_found_and_its_window_reported() {
    let folder = tempfile::tempdir().unwrap();
    let line = "lenet --dataset digits --images 1 --network lenet5-relu --tau 0.3 \
                --threshold-offset 1 --max-mismatches 1000000 --out run";
    let out = run(folder.path(), line).ends(3);
    let reports = out.lines().filter_map(|line| line.strip_prefix("mismatch report: "));
    let reports: Vec<_> = reports.map(|path| folder.path().join(path)).collect();
    assert_eq!(reports.len(), 3, "{out}");
    for report in &reports {
        let text = fs::read_to_string(report).unwrap();
        assert!(text.contains("C1") && text.contains("tau=0.3"), "{text}");
        assert!(report.with_file_name("wave.vcd").exists());
    }
}

#[test]
fn a_digit_from_a_file_is_classified_on_the_rtl() {
    let folder = tempfile::tempdir().unwrap();
    let digit = study::data::digits::digit(7, 3);
    let path = folder.path().join("digit.png");
    let side = study::data::SIDE as u32;
    image::GrayImage::from_raw(side, side, digit.pixels.to_vec()).unwrap().save(&path).unwrap();
    let out = succeeds(folder.path(), "classify digit.png --tau 0.05");
    assert!(out.contains(&format!("it is a {} (", digit.label)), "{out}");
    // Exact and approximate, 4,320 windows each.
    assert!(out.contains("8640 windows compared, 0 mismatches"), "{out}");
    let rows = rows(&folder.path().join("reports/runs/classify/classify.csv"));
    assert_eq!(rows.len(), 10);
    for row in rows {
        let number = |column: &str| row[column].parse::<i64>().unwrap();
        let error = (number("exact_score") - number("approximate_score")).abs();
        assert_eq!(number("absolute_error"), error);
        assert!(error > 0, "at this tolerance something is skipped for every score: {row:?}");
    }

    // One bad file does not end the others; its error and the exit status tell of it.
    fs::write(folder.path().join("bad.png"), "no picture").unwrap();
    let both = run(folder.path(), "classify bad.png digit.png --engine golden --out both");
    let error = "error: bad.png is not a PNG, JPEG, BMP, GIF or WebP file";
    assert!(both.stderr.contains(error) && both.stdout.contains("ahead of a "), "{}", both.stderr);
    assert_eq!(both.status, Some(2));
    let refused = run(folder.path(), "classify bad.png --out none");
    refused.refuses(2, error);
    assert!(!folder.path().join("none").exists());
}

#[test]
fn bad_input_is_told_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("testvectors");
    let weights = fs::read(shipped.join("weights/lenet5_relu.safetensors")).unwrap();
    fs::write(folder.path().join("cut.safetensors"), &weights[..weights.len() / 2]).unwrap();
    fs::write(folder.path().join("whole.safetensors"), &weights).unwrap();
    fs::write(folder.path().join("network.json"), r#"{"name": "x"}"#).unwrap();
    let network = fs::read_to_string(shipped.join("networks/lenet5_relu.json")).unwrap();
    let other = network.replace("\"outputs\": 16", "\"outputs\": 15");
    fs::write(folder.path().join("other.json"), other).unwrap();

    let lenet = "lenet --dataset digits --engine golden --quiet";
    for (arguments, words) in [
        ("--weights cut.safetensors --network lenet5-relu", "is not a safetensors file"),
        ("--weights no.safetensors --network lenet5-relu", "cannot read no.safetensors"),
        ("--weights whole.safetensors", "--network <LIST>"),
        ("--network lenet5", "there is no \"lenet5\"; did you mean lenet5-"),
        (
            "--network lenet5-relu,lenet5-tanh --weights whole.safetensors",
            "--weights is for one network, and --network names 2",
        ),
        (
            "--network network.json --weights whole.safetensors",
            "network.json is not a network description",
        ),
        (
            "--network other.json --weights whole.safetensors",
            "\"c3.weight\" has the shape [16, 6, 5, 5]; the network needs [15, 6, 5, 5]",
        ),
        ("--tau 1.5", "is not between 0 and 1"),
        ("--log-frac 9", "9 fraction bits"),
    ] {
        run(folder.path(), &format!("{lenet} --images 1 {arguments}")).refuses(2, words);
    }
    run(folder.path(), &format!("{lenet} --images 100000"))
        .refuses(2, "100000 images are asked for; this part of the data set has");
    run(folder.path(), "classify missing.png").refuses(2, "missing.png");
}

/// A network that is not LeNet-5: padding, 3×3 and 4×4 kernels, both activations.
#[test]
fn another_network_runs_from_its_description() {
    let folder = tempfile::tempdir().unwrap();
    let network = r#"{
        "name": "small", "activation_bits": 10,
        "input": { "channels": 1, "height": 28, "width": 28, "padding": 2 },
        "layers": [
            { "name": "A", "kind": "convolution", "outputs": 4, "side": 3, "activation": "relu" },
            { "name": "P", "kind": "average-pool", "side": 2 },
            { "name": "B", "kind": "convolution", "outputs": 6, "side": 4, "activation": "tanh" },
            { "name": "Q", "kind": "average-pool", "side": 4 },
            { "name": "out", "kind": "dense", "outputs": 10 }
        ]
    }"#;
    fs::write(folder.path().join("small.json"), network).unwrap();
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(9);
    let shapes: [(&str, Vec<usize>); 6] = [
        ("a.weight", vec![4, 1, 3, 3]),
        ("a.bias", vec![4]),
        ("b.weight", vec![6, 4, 4, 4]),
        ("b.bias", vec![6]),
        ("out.weight", vec![10, 54]),
        ("out.bias", vec![10]),
    ];
    let bytes = shapes.map(|(name, shape)| {
        let count: usize = shape.iter().product();
        let values = (0..count).flat_map(|_| random.random_range(-1.0_f32..1.0).to_le_bytes());
        (name, shape, values.collect::<Vec<u8>>())
    });
    let tensors = bytes.iter().map(|(name, shape, bytes)| {
        (*name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    let file = safetensors::serialize(tensors, None).unwrap();
    fs::write(folder.path().join("small.safetensors"), file).unwrap();
    let line = "lenet --dataset digits --images 2 --network small.json --weights small.safetensors \
                --tau 0.2 --quiet --out run";
    let out = succeeds(folder.path(), line);
    // (4 · 15·15 + 6 · 4 · 6·6) windows an inference, 3 lines of the table, 2 images.
    assert!(out.contains("10584 windows compared, 0 mismatches"), "{out}");
    let rows = rows(&folder.path().join("run/lenet.csv"));
    let about = |row: &HashMap<String, String>| format!("{} {}", row["level"], row["layer"]);
    let about: Vec<String> = rows.iter().take(3).map(about).collect();
    assert_eq!(about, ["layer A", "layer B", "network "]);
    assert!(rows.iter().all(|row| row["network"] == "small" && row["sample"] == "all"));
    assert_eq!(rows[2]["multiplications_average"], "87696.0000");
}
