//! The figures of result tables.

use std::fs;
use std::path::Path;

use study::report::plot::{self, Figure};
use tempfile::TempDir;

const LENET_HEADER: &str = "activation,log_frac,images,configuration,tau,threshold,smax_scope,\
    layer,multiplications_average,paper_multiplications_average,difference,\
    reduction_vs_exact_percent,accuracy_percent,accuracy_low_percent,accuracy_high_percent,\
    paper_accuracy_percent,mcnemar_lost,mcnemar_won,mcnemar_p,a_column_of_later";

/// A network in three configurations; the last is `accuracy` percent right.
fn lenet(accuracy: &str) -> String {
    let mut text = format!("{LENET_HEADER}\n");
    for (name, tau, share, accuracy) in [
        ("exact", "", 1.0, "99.0"),
        ("tau=0.1", "0.1", 0.3, "98.9"),
        ("tau=0.5", "0.5", 0.07, accuracy),
    ] {
        for (layer, exact) in [("C1", 86_400.0), ("C3", 153_600.0), ("C5", 30_720.0)] {
            let average = exact * share;
            text += &format!("relu,0,10000,{name},{tau},,window,{layer},{average},,,,,,,,,,,\n");
        }
        let (average, saved) = (270_720.0 * share, 100.0 * (1.0 - share));
        text += &format!(
            "relu,0,10000,{name},{tau},,window,all,{average},70277.58,,{saved},{accuracy},,,97.84,,,,\n"
        );
    }
    text
}

fn tables(folder: &Path) {
    let mut products = "activation,layer,relative_low,relative_high,products\n".to_owned();
    let mut skips = "activation,log_frac,configuration,layer,skipped_products,windows\n".to_owned();
    let mut confusion = "activation,log_frac,configuration,label,predicted,images\n".to_owned();
    let mut errors =
        "activation,log_frac,images,configuration,layer,error,signal_to_noise_db\n".to_owned();
    for bin in -10..10 {
        let (low, high) = (f64::from(bin) / 10.0, f64::from(bin + 1) / 10.0);
        products += &format!("relu,C1,{low},{high},{}\n", 1000 / (bin * bin + 1));
        skips += &format!("relu,0,tau=0.1,C1,{},{}\n", bin + 10, 400 - bin * bin);
    }
    for digit in 0..10 {
        confusion += &format!("relu,0,exact,{digit},{digit},98\nrelu,0,tau=0.5,{digit},9,7\n");
    }
    errors += "relu,0,100,tau=0.1,C1,local,30.5\nrelu,0,100,tau=0.1,C1,accumulated,inf\n";
    for (file, text) in [
        ("lenet.csv", lenet("61.4")),
        ("products.csv", products),
        ("skips.csv", skips),
        ("confusion.csv", confusion),
        ("layer_errors.csv", errors),
        (
            "peers.csv",
            "activation,images,technique,setting,reduction_vs_exact_percent,accuracy_percent\n\
             relu,10000,prune,80 %,80,97.5\n"
                .to_owned(),
        ),
        (
            "operating_points.csv",
            "activation,point,technique,images,reduction_vs_exact_percent,accuracy_percent,\
             accuracy_low_percent,accuracy_high_percent,exact_accuracy_percent,pareto\n\
             relu,R1,running,10000,90,98.8,98.6,99,99,true\n"
                .to_owned(),
        ),
    ] {
        fs::write(folder.join(file), text).unwrap();
    }
}

fn drawn(folder: &Path) -> Vec<Figure> {
    plot::figures(folder).unwrap().figures
}

fn full() -> TempDir {
    let folder = TempDir::new().unwrap();
    tables(folder.path());
    folder
}

#[test]
fn every_table_has_its_figure_and_the_same_bytes_twice() {
    let folder = full();
    let (first, second) = (drawn(folder.path()), drawn(folder.path()));
    let names: Vec<&str> = first.iter().map(|it| it.name.as_str()).collect();
    let kinds = ["accuracy", "multiplications", "products", "skips", "confusion", "layer_errors"];
    assert_eq!(names, kinds.map(|kind| format!("{kind}_relu")));
    for (a, b) in first.iter().zip(&second) {
        assert_eq!(a.svg(), b.svg(), "{}", a.name);
        let png = a.png().unwrap();
        assert_eq!(png, b.png().unwrap(), "{}", a.name);
        let picture = image::load_from_memory(&png).unwrap();
        assert!(picture.width() >= 1200 && picture.height() >= 800, "{}", a.name);
    }
}

#[test]
fn a_figure_follows_its_data() {
    let folder = full();
    let before = drawn(folder.path());
    fs::write(folder.path().join("lenet.csv"), lenet("96.5")).unwrap();
    let after = drawn(folder.path());
    assert_ne!(before[0].png().unwrap(), after[0].png().unwrap());
    assert_eq!(before[2].svg(), after[2].svg(), "products do not depend on lenet.csv");
}

#[test]
fn a_point_below_the_axes_is_noted() {
    let folder = full();
    let note = "window rule, F = 0: 1 of";
    assert!(drawn(folder.path())[0].svg().contains(note));
    fs::write(folder.path().join("lenet.csv"), lenet("96.5")).unwrap();
    assert!(!drawn(folder.path())[0].svg().contains(note));
}

#[test]
fn a_missing_table_is_listed_and_the_others_are_drawn() {
    let folder = full();
    fs::remove_file(folder.path().join("skips.csv")).unwrap();
    let plots = plot::figures(folder.path()).unwrap();
    assert_eq!(plots.figures.len(), 5);
    assert_eq!(plots.missing.iter().map(|it| it.0).collect::<Vec<_>>(), ["skips.csv"]);
}

#[test]
fn a_malformed_table_is_an_error_that_names_the_place() {
    let refused = |file: &str, from: &str, to: &str| {
        let folder = full();
        let path = folder.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file}: {from}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        plot::figures(folder.path()).unwrap_err().to_string()
    };
    let error = refused("lenet.csv", ",61.4,", ",NaN,");
    assert!(error.contains("lenet.csv, line 13, column accuracy_percent: \"NaN\""), "{error}");
    let error = refused("lenet.csv", "relu,", "gelu,");
    assert!(error.contains("line 2, column activation: \"gelu\" is not relu or tanh"), "{error}");
    let error = refused("peers.csv", "technique", "method");
    assert!(error.contains("peers.csv, line 1: there is no column technique"), "{error}");
    let error = refused("confusion.csv", "relu,0,exact,3,3", "relu,0,exact,3,12");
    assert!(error.contains("column predicted: \"12\" is not a digit"), "{error}");
    let error = refused("layer_errors.csv", "local", "global");
    assert!(error.contains("column error: \"global\" is not local or accumulated"), "{error}");
    let error = refused("operating_points.csv", "99,true", "99");
    assert!(error.contains("operating_points.csv is not a table"), "{error}");
    let error = refused("products.csv", "relu,C1,-1,", "relu,C1,0.95,");
    assert!(error.contains("column relative_high"), "{error}");
}

#[test]
fn figures_are_written_as_png_and_svg() {
    let folder = full();
    let figures = drawn(folder.path());
    for path in plot::write(&figures[1], folder.path()).unwrap() {
        assert!(fs::metadata(path).unwrap().len() > 1000);
    }
}
