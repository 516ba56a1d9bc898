// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a run leaves: the statistics table, files that are written all or nothing, mosaics of a
//! network's maps, and contact sheets.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use model::conv::Plane;
use model::nn::{Inference, Network, Shape};
use study::data::{DatasetChoice, LoadOptions, MNIST_DIR, Split, load};
use study::report::atomic::{WriteError, write_atomic};
use study::report::pictures::{ContactSheet, NetworkMosaic};
use study::tables::ZeroPixelStats;
use tempfile::TempDir;

/// The paper's table to the printed digit over MNIST, if `MNIST_DIR` says where it is; else the
/// figures of the drawn digits.
#[test]
fn the_statistics_table() {
    let options = LoadOptions { quiet: true, ..LoadOptions::from_env() };
    let choice = match options.mnist_dir {
        Some(_) => DatasetChoice::Mnist,
        None => DatasetChoice::Digits,
    };
    let dataset = load(choice, &options).unwrap();
    let stats = ZeroPixelStats::of(dataset.images(Split::All)).unwrap();
    println!("{}\n{}", dataset.source, stats.table());
    let statistics = stats.statistics();
    let printed: Vec<String> = statistics.iter().map(|it| it.print(it.value)).collect();
    let expected = if choice == DatasetChoice::Mnist {
        ["70000", "784", "633.92", "433", "750", "41.46", "80.86", "0.1309", "0.3084"]
    } else {
        println!("{MNIST_DIR} is not set: checked on drawn digits, not on MNIST");
        ["70000", "784", "632.69", "518", "744", "37.59", "80.70", "0.1330", "0.3089"]
    };
    assert_eq!(printed, expected);
}

fn names(folder: &TempDir) -> Vec<std::ffi::OsString> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
}

#[test]
fn a_file_appears_when_it_is_complete() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("result.csv");
    write_atomic(&path, |out| {
        out.write_all(b"a,b\n")?;
        assert!(!path.exists(), "not before the end");
        out.write_all(b"1,2\n")
    })
    .unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "a,b\n1,2\n");
    assert_eq!(names(&folder), ["result.csv"]);

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let ordinary = folder.path().join("ordinary");
        fs::write(&ordinary, "").unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&ordinary), "as readable as any file");
    }
}

#[test]
fn a_failed_write_leaves_the_old_file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("result.csv");
    fs::write(&path, "old").unwrap();
    let fail = |kind: io::ErrorKind| {
        write_atomic(&path, |out| {
            out.write_all(b"new")?;
            Err(kind.into())
        })
        .unwrap_err()
    };
    let error = fail(io::ErrorKind::StorageFull);
    assert!(matches!(error, WriteError::DiskFull { .. }));
    assert!(error.to_string().contains("disk is full") && error.to_string().contains("result.csv"));
    assert!(matches!(fail(io::ErrorKind::Other), WriteError::Write { .. }));
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(names(&folder), ["result.csv"], "no rest");
    let missing = folder.path().join("missing");
    let error = write_atomic(&missing.join("result.csv"), |_| Ok(())).unwrap_err();
    assert!(matches!(&error, WriteError::Folder { folder, .. } if *folder == missing), "{error}");
}

/// Planes of LeNet-5's shapes with words that depend on `seed`.
fn inference(network: &Network, seed: usize) -> Inference {
    let planes = |&Shape { channels, height, width }: &Shape| {
        let word = |channel, i| ((i % width * seed + channel * 7) % 97) as i32;
        let words = |channel| (0..height * width).map(|i| word(channel, i)).collect();
        (0..channels).map(|channel| Plane::new(width, height, words(channel)).unwrap()).collect()
    };
    let activations = network.shapes().unwrap()[1..].iter().map(planes).collect();
    Inference { activations, ..Inference::default() }
}

fn mosaic(rows: &[(String, Inference)], network: &Network) -> Vec<u8> {
    let mut png = Vec::new();
    NetworkMosaic::new(network, rows).unwrap().write_png(&mut png).unwrap();
    png
}

#[test]
fn a_mosaic_has_a_row_a_configuration() {
    let network = Network::read(Path::new("../../testvectors/networks/lenet5_relu.json")).unwrap();
    let row = |name: &str, seed| (name.to_owned(), inference(&network, seed));
    let both = [row("exact", 3), row("tau=0.5", 5)];
    let size = |png: &[u8]| {
        let picture = image::load_from_memory(png).unwrap();
        (picture.width(), picture.height())
    };
    let (two, one) = (mosaic(&both, &network), mosaic(&both[..1], &network));
    assert_eq!(size(&two).0, size(&one).0);
    assert!(size(&two).1 > size(&one).1);
    assert_eq!(two, mosaic(&both, &network), "the same bytes twice");
    assert!(NetworkMosaic::new(&network, &[]).is_none());
}

#[test]
fn a_contact_sheet_has_room_for_every_image() {
    let sheet = |count: usize| {
        let mut sheet = ContactSheet::default();
        for index in 0..count {
            let pixels = std::array::from_fn(|i| ((i % 28) * 9 * (index + 1) % 256) as u8);
            let caption = [format!("#{index} is 5"), "exact 5, approx 3".to_owned()];
            sheet.add(&pixels, &caption);
        }
        let mut png = Vec::new();
        sheet.write_png("title", 4, &mut png).unwrap();
        image::load_from_memory(&png).unwrap()
    };
    assert_eq!(sheet(4).height(), sheet(1).height());
    assert_eq!(sheet(5).width(), sheet(4).width());
    assert!(sheet(5).height() > sheet(4).height());
    assert!(sheet(0).height() > 0);
}

/// The page on analysis is run, and prints what it says.
#[test]
fn the_papers_tables_come_out_of_the_reports_in_ten_lines_of_pandas() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/analysis.md")).unwrap();
    let block = |kind: &str| {
        let (_, rest) = page.split_once(&format!("```{kind}\n")).unwrap();
        rest.split_once("```").unwrap().0
    };
    let lines = block("python").lines().filter(|line| !line.is_empty()).count();
    assert_eq!(lines, 10);
    let run = |python: &str, program: &str| {
        Command::new(python).args(["-c", program]).current_dir(&root).output()
    };
    // A Python from elsewhere may come before the system's, which has the packages.
    let has_pandas =
        |python: &&str| run(python, "import pandas").is_ok_and(|it| it.status.success());
    let python = ["python3", "/usr/bin/python3"].into_iter().find(has_pandas);
    let python = python.expect("pandas is there: `scripts/setup.sh --tests` installs it");
    let ran = run(python, block("python")).unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert_eq!(String::from_utf8_lossy(&ran.stdout), block("text"));
}
