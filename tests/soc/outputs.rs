// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where commands write to: devices, links, full disks.

use std::fs;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::Path;

use crate::common::{files, run, run_with_room};

#[test]
fn devices_and_links_stay_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("file"), "old").unwrap();
    symlink("file", path.join("link")).unwrap();
    symlink("/dev/null", path.join("null")).unwrap();
    fs::create_dir(path.join("folder")).unwrap();
    for flag in ["--signature", "--log", "--profile"] {
        for (name, status) in
            [("/dev/null", 0), ("null", 0), ("link", 0), ("folder", 2), ("missing/file", 2)]
        {
            let ran = run(path, &format!("soc cycles_conv --quiet {flag} {name}"));
            let errors = ran.stderr;
            assert_eq!(ran.status, Some(status), "{flag} {name}: {errors}");
            assert!(status == 0 || errors.contains(name.split('/').next().unwrap()), "{errors}");
        }
        let file_type = |name: &str| fs::symlink_metadata(path.join(name)).unwrap().file_type();
        assert!(file_type("/dev/null").is_char_device() && file_type("null").is_symlink());
        assert!(file_type("link").is_symlink() && file_type("file").is_file());
        assert!(
            fs::read(path.join("file")).unwrap().len() > 100,
            "{flag}: written through the link"
        );
        assert_eq!(fs::read_dir(path.join("folder")).unwrap().count(), 0);
    }
    let left: Vec<_> = fs::read_dir(path).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left.len(), 4, "{left:?}");
}

/// The report folder of a planted fault.
fn report(folder: &Path) -> std::path::PathBuf {
    run(folder, "soc hello --flip 0,0x80000040,0x10 --out out").ends(3);
    let entries = fs::read_dir(folder.join("out/mismatch")).unwrap();
    entries.map(|it| it.unwrap().path()).next().unwrap()
}

#[test]
fn a_replay_writes_into_its_folder_alone() {
    let folder = tempfile::tempdir().unwrap();
    let report = report(folder.path());
    let victim = folder.path().join("victim");
    fs::write(&victim, "mine").unwrap();
    for name in ["wave.vcd", "wave.gtkw", "wave.sucl", "report.txt", "case.json"] {
        let saved = fs::read(report.join(name)).unwrap();
        fs::remove_file(report.join(name)).unwrap();
        if name == "case.json" {
            fs::write(&victim, &saved).unwrap();
        }
        symlink(&victim, report.join(name)).unwrap();
        let before = fs::read(&victim).unwrap();
        let replayed = run(folder.path(), &format!("replay {}", report.display()));
        replayed.refuses(2, &format!("{name} is a link"));
        assert_eq!(fs::read(&victim).unwrap(), before, "{name}");
        fs::remove_file(report.join(name)).unwrap();
        fs::write(report.join(name), saved).unwrap();
    }
}

#[test]
fn a_limit_before_the_mismatch_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let report = report(folder.path());
    let text_of = fs::read_to_string(report.join("case.json")).unwrap();
    let mut case: serde_json::Value = serde_json::from_str(&text_of).unwrap();
    case["max_cycles"] = 100.into();
    fs::write(report.join("case.json"), case.to_string()).unwrap();
    run(folder.path(), &format!("replay {}", report.display()))
        .refuses(2, "max_cycles is 100, before the mismatch in cycle ");
}

#[cfg(target_os = "linux")]
#[test]
fn a_waveform_that_does_not_fit_is_no_waveform() {
    let folder = tempfile::tempdir().unwrap();
    // The least has no room for what the writer of FST keeps in temporary files.
    for (format, blocks) in [("VCD", 64), ("FST", 200), ("FST", 4)] {
        let line = format!("soc sort --trace {format} --out waves --max-cycles 30000");
        let file = format!("waves/wave.{}", format.to_lowercase());
        let incomplete = format!("the waveform {file} is incomplete");
        run_with_room(folder.path(), &line, blocks).refuses(2, &incomplete);
        assert!(!folder.path().join(file).exists());
        let left = fs::read_dir(folder.path().join("waves")).unwrap().count();
        assert_eq!(left, 0, "nothing is left behind");
    }
}

#[test]
fn a_table_that_does_not_fit_is_no_table() {
    for line in [
        "torture --instructions 100",
        "stats --dataset digits",
        "windows --dataset digits --images 1 --engine golden",
        "lenet --dataset digits --images 1 --engine golden",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let line = format!("{line} --quiet --out out");
        run_with_room(folder.path(), &line, 1).refuses(2, "cannot write out/");
        let files = files(&folder.path().join("out"));
        let cut: Vec<_> = files.iter().filter(|(_, bytes)| bytes.len() >= 512).collect();
        assert!(cut.is_empty() && !files.contains_key("provenance.json"), "{line}: {files:?}");
    }
}
