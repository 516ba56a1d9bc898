// SPDX-License-Identifier: MIT OR Apache-2.0
//! The folders import what `docs/README.md` says that they may, and nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What a folder may import; the table in `docs/README.md` says the same to people.
const MAY_IMPORT: [(&str, &[&str]); 10] = [
    ("crates/model", &[]),
    ("crates/verilated", &[]),
    ("crates/silicon", &["model"]),
    ("crates/torture", &["model"]),
    ("crates/study", &["model"]),
    ("crates/trainer", &["model", "study"]),
    ("src/synthesis", &["silicon", "verilated", "model"]),
    ("src/hw", &["synthesis", "verilated", "model"]),
    ("src/bench", &["hw", "firmware", "model", "silicon", "study", "torture", "verilated"]),
    ("src/cli", &["hw", "synthesis", "bench", "firmware", "model", "silicon", "study", "torture"]),
];

/// What belongs to this project, by the names that sources use.
const OURS: [&str; 11] = [
    "model",
    "silicon",
    "study",
    "torture",
    "trainer",
    "verilated",
    "synthesis",
    "hw",
    "bench",
    "cli",
    "firmware",
];

#[test]
fn folders_import_what_they_may() {
    for (folder, may) in MAY_IMPORT {
        let source =
            if folder.starts_with("crates") { format!("{folder}/src") } else { folder.into() };
        let own = folder.rsplit('/').next().unwrap();
        let mut imports = BTreeSet::new();
        collect(Path::new(&source), &mut imports);
        imports.remove(own);
        let allowed: BTreeSet<String> = may.iter().map(|it| (*it).to_owned()).collect();
        let too_many: Vec<_> = imports.difference(&allowed).collect();
        assert!(too_many.is_empty(), "{folder} imports {too_many:?}; it may import {may:?}");
    }
}

/// The documents name each folder and what it may import.
#[test]
fn the_documents_have_the_table() {
    let page = fs::read_to_string("docs/README.md").unwrap();
    for (folder, may) in MAY_IMPORT {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{folder}/`")));
        let row = row.unwrap_or_else(|| panic!("docs/README.md has no row of {folder}/"));
        let imports = row.trim_end_matches(" |").rsplit('|').next().unwrap();
        if may.is_empty() {
            assert!(imports.contains("nothing of this project"), "{row}");
        }
        for name in may {
            assert!(imports.contains(name) || imports.contains("all"), "{row} lacks {name}");
        }
    }
}

/// The parts of this project that the `use` lines of a folder name.
fn collect(folder: &Path, imports: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, imports);
        } else if path.extension().is_some_and(|it| it == "rs") {
            for line in fs::read_to_string(&path).unwrap().lines() {
                let Some(used) = line.trim().strip_prefix("use ") else { continue };
                let used = used.trim_start_matches("::");
                // Modules of the main package are `crate::hw`, crates have their names.
                let inside = folder.starts_with("src");
                let name = match used.strip_prefix("crate::") {
                    Some(used) if inside => used,
                    Some(_) => continue,
                    None => used,
                };
                let name = name.split([':', ';', ' ', '{']).next().unwrap_or_default();
                if OURS.contains(&name) {
                    imports.insert(name.to_owned());
                }
            }
        }
    }
}
