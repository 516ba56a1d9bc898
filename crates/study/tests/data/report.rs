// SPDX-License-Identifier: MIT OR Apache-2.0
//! The statistics table and files that are written all or nothing.

use std::fs;
use std::io;

use study::data::{DatasetChoice, LoadOptions, MNIST_DIR, Split, load};
use study::report::atomic::{WriteError, write_atomic};
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
}

#[test]
fn an_unusable_folder_is_named() {
    let folder = TempDir::new().unwrap();
    let missing = folder.path().join("missing");
    let error = write_atomic(&missing.join("result.csv"), |_| Ok(())).unwrap_err();
    assert!(matches!(&error, WriteError::Folder { folder, .. } if *folder == missing), "{error}");
    assert!(error.to_string().contains("missing"), "{error}");
}
