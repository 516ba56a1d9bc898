// SPDX-License-Identifier: MIT OR Apache-2.0
//! Loading: models that are verilated, compiled and loaded while the program runs (feature
//! `load`).
//!
//! [`load`] makes a shared object of a [`Verilate`] and keeps it in a cache, under a name that
//! is a digest of all that goes in: contents of the sources, flags, versions of the tools. A
//! changed source is a new model, without the Rust compiler; an unchanged one is there at once.
//!
//! ```ignore
//! let recipe = Verilate::new("k7", "conv_unit").source("rtl/conv_unit.sv").clock("clk_i");
//! let library = verilated::load::load(&recipe, "cache")?;
//! let mut model = ConvUnit::from_library(&library, &Config::new())?;
//! ```

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use crate::Library;
use crate::build::key::{self, Stamp};
use crate::build::make::{self, Job, Runtime, Target};
use crate::build::tool::Toolbox;
pub use crate::build::{BuildError, Trace, Verilate, Warnings, XAssign, XInitial};
use crate::ffi::vrs_table;

/// What has not been used for this long is removed from a cache when something is added.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

const OBJECT: &str = "model.so";

/// The name in C of every model: each has a shared object of its own.
const SYMBOL: &str = "model";
/// [`Target::table`] of that.
const TABLE: &[u8] = b"vrs_model_table\0";

/// Loads a model, and builds it first when the cache lacks it.
///
/// Any number of threads and processes may ask for the same model at once: one builds it, the
/// others wait. What an interrupted build leaves behind is never used.
///
/// # Errors
/// See [`BuildError`]; for a mistake in the RTL its text is Verilator's.
pub fn load(model: &Verilate, cache: impl AsRef<Path>) -> Result<Library, BuildError> {
    load_with(model, cache, |_| {})
}

/// As [`load`]; calls `on_build` with the name of the model when it is about to be built, for a
/// word to whoever waits.
///
/// # Errors
/// As [`load`].
pub fn load_with(
    model: &Verilate,
    cache: impl AsRef<Path>,
    on_build: impl FnOnce(&str),
) -> Result<Library, BuildError> {
    let cache = cache.as_ref();
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if model.name.is_empty() || !model.name.chars().all(fits) {
        return Err(BuildError::name(&model.name));
    }
    let tools = tools()?;
    let mut target = Target::new(&tools, model, SYMBOL.to_owned(), true)?;
    let key = target.key.clone();
    let entry = entry(cache, &model.name, &key, |dir| {
        target.dir = dir.to_owned();
        on_build(&model.name);
        build(&tools, &target, cache)
    })?;
    open(&entry.join(OBJECT))
}

/// The folder with files that `make` makes of all that is in `key`, a digest in hexadecimal. They are
/// kept in the cache as models are; `make` gets the folder that it is to put them into, and gives
/// their names.
///
/// # Errors
/// Those of `make`; [`BuildError::Io`] if the cache cannot be used.
pub fn cached<E: From<BuildError>>(
    cache: impl AsRef<Path>,
    name: &str,
    key: &str,
    make: impl FnOnce(&Path) -> Result<Vec<String>, E>,
) -> Result<PathBuf, E> {
    entry(cache.as_ref(), name, key, |dir| {
        fs::create_dir_all(dir).map_err(BuildError::io(dir))?;
        let mut stamp = Stamp::new(dir, key);
        for file in make(dir)? {
            stamp.file(true, Path::new(&file))?;
        }
        Ok(stamp.write()?)
    })
}

/// What is in the cache under a name and a key. `make` makes it where it lacks, in a folder that gets
/// its final name when it is complete.
fn entry<E: From<BuildError>>(
    cache: &Path,
    name: &str,
    key: &str,
    make: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<PathBuf, E> {
    let entry = cache.join(format!("{name}-{}", &key[..16]));
    let part = entry.with_extension("part");
    if !Stamp::matches(&entry, key) {
        fs::create_dir_all(cache).map_err(BuildError::io(cache))?;
        let _lock = lock(cache, &key[..1])?;
        // Another one may have made it meanwhile.
        if !Stamp::matches(&entry, key) {
            Stamp::clear(&part)?;
            make(&part).inspect_err(|_| drop(Stamp::clear(&part)))?;
            Stamp::clear(&entry)?;
            fs::rename(&part, &entry).map_err(BuildError::io(&entry))?;
            remove_unused(cache);
        }
    }
    Stamp::touch(&entry);
    Ok(entry)
}

/// The digest of what a model is made from: the contents of its sources and waivers, of the HDL
/// files in its include folders, and of what these include. [`Library::sources_digest`] is that
/// of a compiled model.
///
/// # Errors
/// [`BuildError::SourceMissing`].
pub fn sources_digest(model: &Verilate) -> Result<String, BuildError> {
    Ok(key::inputs(model)?.digest)
}

/// The tools, which are looked for once: asking for their versions takes longer than all else
/// where the model is in the cache.
fn tools() -> Result<std::sync::Arc<Toolbox>, BuildError> {
    static FOUND: Mutex<Option<std::sync::Arc<Toolbox>>> = Mutex::new(None);
    let mut found = FOUND.lock().expect("no panic under the lock");
    if let Some(tools) = &*found {
        return Ok(tools.clone());
    }
    Ok(found.insert(std::sync::Arc::new(Toolbox::find()?)).clone())
}

/// Makes the shared object and the stamp in the target's folder.
fn build(tools: &Toolbox, target: &Target<'_>, cache: &Path) -> Result<(), BuildError> {
    let runtime = Runtime::new(tools, cache)?;
    // It is in use, as an entry is.
    Stamp::new(&runtime.dir, "").write()?;
    Stamp::touch(&runtime.dir);
    let made = target.verilate(tools)?;
    eprint!("{}", target.warnings()?);
    let jobs = made.jobs(tools, &runtime)?;
    let mut objects: Vec<PathBuf> = jobs.iter().map(|job| job.object.clone()).collect();
    let shared = runtime.objects(&made.globals().into_iter().collect::<BTreeSet<_>>());
    let missing = |shared: &[PathBuf]| shared.iter().any(|object| !object.is_file());
    // Whoever comes second waits for the objects of the first.
    let held = if missing(&shared) { Some(lock(cache, "runtime")?) } else { None };
    let mut all = runtime.jobs(tools, &shared);
    all.extend(jobs);
    if held.is_some() {
        // Last, and for the next model: this one has no use for it any more.
        all.extend(runtime.headers(tools)?);
    }
    Job::run_all(all)?;
    drop(held);
    objects.extend(shared);
    let libraries = match target.model.trace {
        Trace::Fst => tools.fst_libraries(),
        _ => &[],
    };
    make::link(&tools.compiler, &objects, libraries, &target.table(), &target.dir.join(OBJECT))?;
    let stamp = target.stamp(&[OBJECT.to_owned()])?;
    // The rest has done its duty.
    let _ = fs::remove_dir_all(target.dir.join(make::LINKS));
    for path in files(&target.dir).filter(|path| !path.ends_with(OBJECT)) {
        let _ = fs::remove_file(path);
    }
    stamp.write()
}

/// Loads a shared object for good.
#[allow(unsafe_code)]
fn open(path: &Path) -> Result<Library, BuildError> {
    use libloading::os::unix::{Library as Object, RTLD_LOCAL, RTLD_NOW};
    let fail = |reason: String| BuildError::Load { path: path.to_owned(), reason };
    // SAFETY: the stamp says that this crate has made the object; its initialisers are those of
    // Verilator's runtime, of which each object has its own.
    let object = unsafe { Object::open(Some(path), RTLD_NOW | RTLD_LOCAL) };
    let object = object.map_err(|error| fail(error.to_string()))?;
    // SAFETY: the function has this type.
    let table = unsafe { object.get::<extern "C" fn() -> *const vrs_table>(TABLE) };
    let table = table.map_err(|error| fail(error.to_string()))?();
    // It is never unloaded: models, and texts of its table, may be anywhere.
    std::mem::forget(object);
    // SAFETY: the function has just given it, and it stays.
    unsafe { Library::new(table) }
        .map_err(|abi| fail(format!("it has version {abi} of the C interface")))
}

/// A lock among processes and threads, until the file is dropped. There are few of them, for one
/// that is not waited for can hardly be removed; that two models share one does no harm.
fn lock(cache: &Path, part: &str) -> Result<File, BuildError> {
    let path = cache.join(format!("lock-{part}"));
    let file = File::options().create(true).append(true).open(&path);
    let file = file.map_err(BuildError::io(&path))?;
    file.lock().map_err(BuildError::io(&path))?;
    Ok(file)
}

/// Keeps the cache bounded. That something cannot be removed is no reason to fail.
fn remove_unused(cache: &Path) {
    for dir in files(cache).filter(|path| path.is_dir()) {
        if Stamp::unused(&dir).is_some_and(|age| age > KEPT) {
            let _ = Stamp::clear(&dir);
        }
    }
}

fn files(dir: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(dir).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()))
}
