// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the program is built from, recorded when it is built: the revision, and a digest of the Rust
//! sources. Two programs that differ in either do not go on with each other's runs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use sha2::{Digest, Sha256};

/// Hands `CONVAPPROX_REVISION`, `CONVAPPROX_SOURCES_SHA256` and `CONVAPPROX_RUSTC` to the program.
/// `root` is the folder of the workspace, `sources` those of the program's Rust sources in it.
pub fn record(root: &Path, sources: &[&str]) -> io::Result<()> {
    let mut files = Vec::new();
    for folder in sources {
        let folder = root.join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        rust_files(&folder, &mut files)?;
    }
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        // The name keeps apart what only differs in where one file ends and the next begins.
        let name = file.strip_prefix(root).unwrap_or(&file).to_string_lossy();
        hash.update(format!("{name}\n"));
        hash.update(fs::read(&file)?);
    }
    let digest: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    println!("cargo::rustc-env=CONVAPPROX_SOURCES_SHA256={digest}");
    println!("cargo::rustc-env=CONVAPPROX_REVISION={}", revision(root));
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let rustc = Command::new(rustc).arg("--version").output()?.stdout;
    println!("cargo::rustc-env=CONVAPPROX_RUSTC={}", String::from_utf8_lossy(&rustc).trim());
    Ok(())
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            rust_files(&path, files)?;
        } else if path.extension().is_some_and(|it| it == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// The revision of the sources, `-dirty` behind it if they were changed since; `unknown` outside of
/// a repository. The environment of whoever builds has no say in which repository is asked.
fn revision(root: &Path) -> String {
    // It grows with every commit and checkout.
    let log = root.join(".git/logs/HEAD");
    if log.exists() {
        println!("cargo::rerun-if-changed={}", log.display());
    }
    let mut git = Command::new("git");
    // A folder inside of somebody else's repository has none of its own.
    git.current_dir(root).args(["--git-dir=.git", "--work-tree=."]);
    git.args(["describe", "--always", "--dirty", "--abbrev=12"]);
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR"] {
        git.env_remove(name);
    }
    match git.stderr(Stdio::null()).output() {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        }
        _ => "unknown".to_owned(),
    }
}
