// SPDX-License-Identifier: MIT OR Apache-2.0
//! The build of all families of a package, in its `build.rs`.

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::key::{self, Stamp};
use super::make::{self, Job, Runtime, Target, Verilated};
use super::tool::{self, Toolbox};
use super::{BuildError, Family, Trace, Verilate, bindings, header};

/// Builds all families of a package (a [`Verilate`] alone is one too): writes
/// `$OUT_DIR/<name>.rs` for each, links the rows, and tells Cargo what to watch.
///
/// Rows that are up to date cost no run of Verilator or of the compiler. The others are built
/// side by side, as many at once as Cargo allows.
///
/// # Errors
/// See [`BuildError`]; return it from `main`. Nothing is printed for Cargo then, so that the
/// error is all there is to read.
pub fn run<F: Into<Family>>(families: impl IntoIterator<Item = F>) -> Result<(), BuildError> {
    let families: Vec<Family> = families.into_iter().map(Into::into).collect();
    let out = env::var_os("OUT_DIR").ok_or(BuildError::NotInBuildScript { variable: "OUT_DIR" })?;
    let out = PathBuf::from(out);
    check_names(&families)?;
    let tools = Toolbox::find()?;
    let runtime = Runtime::new(&tools, &out)?;

    let mut targets = Vec::new();
    for family in &families {
        let dir = out.join(&family.name);
        for row in &family.rows {
            targets.push(Target::new(&tools, row, symbol(family, row), |_| dir.join(&row.name))?);
        }
        if family.rows.is_empty() {
            // No row has such a name.
            let (row, dir) = (&family.recipe, dir.join("Recipe"));
            targets.push(Target::new(&tools, row, symbol(family, row), |_| dir)?);
        }
    }
    let warnings = std::sync::Mutex::new(String::new());
    let stale: Vec<&Target<'_>> = targets
        .iter()
        .filter(|target| Stamp::matching(&target.dir, &target.key).is_none())
        .collect();
    // A recipe without rows tells the ports and is not compiled.
    let linked = |target: &Target<'_>| {
        families.iter().flat_map(|it| &it.rows).any(|row| std::ptr::eq(row, target.model))
    };
    let verilated = tool::in_parallel(stale, |target| {
        target.verilate(&tools, |text| {
            let mut warnings = warnings.lock().expect("no panic under the lock");
            text.lines().for_each(|line| *warnings += &format!("cargo:warning={line}\n"));
        })
    })?;
    let made: Vec<Verilated<'_>> = targets.iter().map(Verilated::read).collect::<Result<_, _>>()?;
    let (mut groups, mut rest) = (Vec::new(), made.as_slice());
    for family in &families {
        let (rows, others) = rest.split_at(family.rows.len().max(1));
        check_rows(family, rows)?;
        groups.push((family, rows));
        rest = others;
    }
    let compiled = made.iter().filter(|made| linked(made.target));
    let globals: BTreeSet<String> = compiled.flat_map(Verilated::globals).collect();
    let shared = match globals.is_empty() {
        true => Vec::new(),
        false => runtime.objects(&globals),
    };
    if verilated.len() > 3 {
        // Precompiling takes as long as it saves in three models.
        Job::run_all(runtime.headers(&tools)?)?;
    }
    let mut jobs = runtime.jobs(&tools, &shared);
    let mut archives = Vec::new();
    for made in &verilated {
        let own = match linked(made.target) {
            true => made.jobs(&tools, &runtime)?,
            false => Vec::new(),
        };
        archives.push((made, own.iter().map(|job| job.object.clone()).collect::<Vec<_>>()));
        jobs.extend(own);
    }
    Job::run_all(jobs)?;
    for (made, objects) in archives {
        let (target, prefix) = (made.target, made.target.prefix());
        let mut files: Vec<String> =
            [".h", "_classes.mk", "__ver.d"].iter().map(|end| format!("{prefix}{end}")).collect();
        if linked(target) {
            let library = format!("lib{}.a", target.table());
            make::archive(&tools.compiler, &objects, &target.dir.join(&library))?;
            files.push(library);
        }
        if !made.memories.is_empty() {
            files.push(format!("{prefix}___024root.h"));
        }
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        target.stamp(&files)?.write()?;
    }
    make::archive(&tools.compiler, &shared, &runtime.dir.join("libvrs_runtime.a"))?;

    for (family, rows) in groups {
        let text = bindings::rust_file(family, rows, &runtime.dir)?;
        key::write(&out.join(format!("{}.rs", family.name)), &text)?;
    }
    print!("{}", warnings.into_inner().expect("no panic under the lock"));
    let linked: Vec<&Target<'_>> = targets.iter().filter(|target| linked(target)).collect();
    let is_watched = |target: &&Target<'_>| {
        let has = |it: &&Family| {
            it.rows.iter().chain([&it.recipe]).any(|row| std::ptr::eq(row, target.model))
        };
        families.iter().find(has).is_none_or(|family| family.watched)
    };
    let watched: Vec<&Target<'_>> = targets.iter().filter(is_watched).collect();
    print!("{}", lines_for_cargo(&tools, &watched, &linked, &runtime.dir)?);
    Ok(())
}

/// A row's name in C and among libraries: unique in a program that links models of several
/// packages.
fn symbol(family: &Family, row: &Verilate) -> String {
    let package = env::var("CARGO_PKG_NAME").unwrap_or_default().replace('-', "_");
    format!("{package}_{}_{}", family.name, row.name)
}

fn check_names(families: &[Family]) -> Result<(), BuildError> {
    let (mut types, mut symbols) = (BTreeSet::new(), BTreeSet::new());
    for family in families {
        let bad = |model: &str| BuildError::BadName { model: model.to_owned() };
        let fits = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        if !fits(&family.name) || header::is_keyword(&family.name) || family.name == "verilated" {
            return Err(bad(&family.name));
        }
        // Names that differ in underscores alone make the same type.
        if !types.insert(bindings::type_name(&family.name)) {
            return Err(BuildError::DuplicateModel { model: family.name.clone() });
        }
        for row in &family.rows {
            if !fits(&row.name) {
                return Err(bad(&row.name));
            }
            if !symbols.insert(symbol(family, row)) {
                return Err(BuildError::DuplicateModel { model: row.name.clone() });
            }
        }
    }
    Ok(())
}

/// All rows have the ports and memories of the first.
fn check_rows(family: &Family, rows: &[Verilated<'_>]) -> Result<(), BuildError> {
    let differ = |what: String, reason: String| BuildError::RowsDiffer {
        family: family.name.clone(),
        what,
        reason,
    };
    let (first, others) = rows.split_first().expect("a family has a row or a recipe");
    if let Some(name) =
        family.varying.iter().find(|name| !first.ports.iter().any(|port| port.name == **name))
    {
        let names: Vec<&str> = first.ports.iter().map(|port| &*port.name).collect();
        let reason = format!("is declared varying, but the ports are {}", names.join(", "));
        return Err(differ(format!("port `{name}`"), reason));
    }
    let name = |row: &Verilated<'_>| format!("`{}`", row.target.model.name);
    for other in others {
        for (here, there) in [(first, other), (other, first)] {
            for port in &here.ports {
                let what = format!("port `{}`", port.name);
                let Some(same) = there.ports.iter().find(|it| it.name == port.name) else {
                    let reason = format!("is in row {}, but not in {}", name(here), name(there));
                    return Err(differ(what, reason));
                };
                if same.direction != port.direction {
                    return Err(differ(
                        what,
                        "is an input in one row and an output in another".into(),
                    ));
                }
                if same.width != port.width && !family.varying.contains(&port.name) {
                    let widths: Vec<String> = rows
                        .iter()
                        .filter_map(|row| {
                            let port = row.ports.iter().find(|it| it.name == port.name)?;
                            Some(format!("{} bits in row {}", port.width, name(row)))
                        })
                        .collect();
                    let reason = format!("has {}; name it in Family::varying", widths.join(", "));
                    return Err(differ(what, reason));
                }
            }
        }
        let list = |row: &Verilated<'_>| -> Vec<(String, u32)> {
            row.memories.iter().map(|memory| (memory.name.clone(), memory.bits)).collect()
        };
        if list(first) != list(other) {
            let reason = format!(
                "are {:?} in row {} and {:?} in row {} (name, bits of a word)",
                list(first),
                name(first),
                list(other),
                name(other)
            );
            return Err(differ("memories".to_owned(), reason));
        }
    }
    Ok(())
}

/// What Cargo is to watch and to link. A library stands before those it needs.
fn lines_for_cargo(
    tools: &Toolbox,
    watched: &[&Target<'_>],
    linked: &[&Target<'_>],
    runtime: &Path,
) -> Result<String, BuildError> {
    let mut lines = String::new();
    for variable in ["VERILATOR", "VERILATOR_ROOT", "CXX", "CXXFLAGS", "AR", "LIBCLANG_PATH"] {
        let _ = writeln!(lines, "cargo:rerun-if-env-changed={variable}");
    }
    let mut files: BTreeSet<PathBuf> = tools.verilator.file().into_iter().collect();
    for target in watched {
        files.extend(target.inputs.files.iter().chain(&target.model.include_dirs).cloned());
        files.extend(target.files_read()?);
    }
    for path in files {
        let _ = writeln!(lines, "cargo:rerun-if-changed={}", path.display());
    }
    let mut link = |dir: &Path, name: &str| {
        let _ = writeln!(lines, "cargo:rustc-link-search=native={}", dir.display());
        let _ = writeln!(lines, "cargo:rustc-link-lib=static={name}");
    };
    for target in linked {
        link(&target.dir, &target.table());
    }
    if linked.is_empty() {
        return Ok(lines);
    }
    link(runtime, "vrs_runtime");
    if linked.iter().any(|target| target.model.trace == Trace::Fst) {
        for library in tools.fst_libraries() {
            let _ = writeln!(lines, "cargo:rustc-link-lib={library}");
        }
    }
    let os = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let cxx = match os.as_str() {
        "macos" | "ios" | "freebsd" | "openbsd" => "c++",
        _ => "stdc++",
    };
    let _ = writeln!(lines, "cargo:rustc-link-lib={cxx}");
    // 64-bit counters are no instruction of these.
    let arch = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    if ["arm", "mips", "powerpc", "riscv32", "x86"].contains(&&*arch) {
        lines.push_str("cargo:rustc-link-lib=atomic\n");
    }
    Ok(lines)
}
