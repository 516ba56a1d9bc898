// SPDX-License-Identifier: MIT OR Apache-2.0
//! The build of all families of a package in its `build.rs`, and the Rust type of each.

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::key::{self, Stamp};
use super::make::{self, Job, Runtime, Target, Verilated};
use super::shim::{self, HeaderPort, Memory};
use super::tool::{self, Toolbox};
use super::{BuildError, Family, Trace, Verilate};
use crate::Direction;

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

    let mut groups: Vec<(&Family, Vec<Target<'_>>)> = Vec::new();
    for family in &families {
        let dir = out.join(&family.name);
        let target = |row, name: &str, linked| {
            Target::new(&tools, row, symbol(family, row), linked, |_| dir.join(name))
        };
        let targets = match family.rows.is_empty() {
            // Tells the ports and is not compiled; no row has such a name.
            true => vec![target(&family.recipe, "Recipe", false)?],
            false => {
                let rows = family.rows.iter().map(|row| target(row, &row.name, true));
                rows.collect::<Result<_, _>>()?
            }
        };
        groups.push((family, targets));
    }
    let warnings = Mutex::new(String::new());
    let stale = groups.iter().flat_map(|(_, targets)| targets);
    let stale = stale.filter(|target| Stamp::matching(&target.dir, &target.key).is_none());
    let verilated = tool::in_parallel(stale.collect(), |target: &Target<'_>| {
        target.verilate(&tools, |text| {
            let mut warnings = warnings.lock().expect("no panic under the lock");
            text.lines().for_each(|line| *warnings += &format!("cargo:warning={line}\n"));
        })
    })?;
    let (mut globals, mut types) = (BTreeSet::new(), Vec::new());
    for (family, targets) in &groups {
        let rows: Vec<Verilated<'_>> =
            targets.iter().map(Verilated::read).collect::<Result<_, _>>()?;
        check_rows(family, &rows)?;
        let linked = rows.iter().filter(|row| row.target.linked);
        globals.extend(linked.flat_map(Verilated::globals));
        types.push((family, rows));
    }
    let shared = match globals.is_empty() {
        true => Vec::new(),
        false => runtime.objects(&globals),
    };
    if verilated.len() > 3 {
        // Precompiling takes as long as it saves in three models.
        Job::run_all(runtime.headers(&tools)?)?;
    }
    let mut jobs = runtime.jobs(&tools, &shared);
    let mut objects = Vec::new();
    for made in &verilated {
        let own = if made.target.linked { made.jobs(&tools, &runtime)? } else { Vec::new() };
        objects.push(own.iter().map(|job| job.object.clone()).collect::<Vec<_>>());
        jobs.extend(own);
    }
    Job::run_all(jobs)?;
    for (made, objects) in verilated.iter().zip(objects) {
        let (target, prefix) = (made.target, made.target.prefix());
        let mut files: Vec<String> =
            [".h", "_classes.mk", "__ver.d"].iter().map(|end| format!("{prefix}{end}")).collect();
        if target.linked {
            let library = format!("lib{}.a", target.table());
            make::archive(&tools.compiler, &objects, &target.dir.join(&library))?;
            files.push(library);
        }
        if !made.memories.is_empty() {
            files.push(format!("{prefix}___024root.h"));
        }
        target.stamp(&files)?.write()?;
    }
    make::archive(&tools.compiler, &shared, &runtime.dir.join("libvrs_runtime.a"))?;

    for (family, rows) in types {
        let text = rust_file(family, &rows, &runtime.dir)?;
        key::write(&out.join(format!("{}.rs", family.name)), &text)?;
    }
    print!("{}", warnings.into_inner().expect("no panic under the lock"));
    print!("{}", lines_for_cargo(&tools, &groups, &runtime.dir)?);
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
    let twice = |name: &str| {
        let text =
            format!("two models are called `{name}`; give each `Verilate::new` a name of its own");
        Err(BuildError::Description(text))
    };
    let fits = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    for family in families {
        let name = &family.name;
        if !fits(name) || shim::is_keyword(name) || name == "verilated" {
            return Err(BuildError::name(name));
        }
        // Names that differ in underscores alone make the same type.
        if !types.insert(type_name(name)) {
            return twice(name);
        }
        for row in &family.rows {
            if !fits(&row.name) {
                return Err(BuildError::name(&row.name));
            }
            if !symbols.insert(symbol(family, row)) {
                return twice(&row.name);
            }
        }
    }
    Ok(())
}

/// All rows have the ports and memories of the first.
fn check_rows(family: &Family, rows: &[Verilated<'_>]) -> Result<(), BuildError> {
    let differ =
        |what: String| Err(BuildError::Description(format!("family `{}`: {what}", family.name)));
    let (first, others) = rows.split_first().expect("a family has a row or a recipe");
    let port =
        |row: &Verilated<'_>, name: &str| row.ports.iter().find(|it| it.name == name).cloned();
    if let Some(name) = family.varying.iter().find(|name| port(first, name).is_none()) {
        let names: Vec<&str> = first.ports.iter().map(|port| &*port.name).collect();
        let names = names.join(", ");
        return differ(format!("port `{name}` is declared varying, but the ports are {names}"));
    }
    let row = |row: &Verilated<'_>| row.target.model.name.clone();
    for other in others {
        for (here, there) in [(first, other), (other, first)] {
            for HeaderPort { name, width, direction, .. } in &here.ports {
                let Some(same) = port(there, name) else {
                    let (here, there) = (row(here), row(there));
                    return differ(format!(
                        "port `{name}` is in row `{here}`, but not in `{there}`"
                    ));
                };
                if same.direction != *direction {
                    return differ(format!(
                        "port `{name}` is an input in one row and an output in another"
                    ));
                }
                if same.width != *width && !family.varying.contains(name) {
                    let width =
                        |it| Some(format!("{} bits in row `{}`", port(it, name)?.width, row(it)));
                    let widths: Vec<String> = rows.iter().filter_map(width).collect();
                    let widths = widths.join(", ");
                    return differ(format!(
                        "port `{name}` has {widths}; name it in Family::varying"
                    ));
                }
            }
        }
        let list = |row: &Verilated<'_>| -> Vec<(String, u32)> {
            row.memories.iter().map(|memory| (memory.name.clone(), memory.bits)).collect()
        };
        let (one, two) = (list(first), list(other));
        if one != two {
            return differ(format!(
                "memories are {one:?} in row `{}` and {two:?} in row `{}` (name, bits of a word)",
                row(first),
                row(other)
            ));
        }
    }
    Ok(())
}

/// What Cargo is to watch and to link. A library stands before those it needs.
fn lines_for_cargo(
    tools: &Toolbox,
    groups: &[(&Family, Vec<Target<'_>>)],
    runtime: &Path,
) -> Result<String, BuildError> {
    let mut lines = String::new();
    for variable in ["VERILATOR", "VERILATOR_ROOT", "CXX", "CXXFLAGS", "AR", "LIBCLANG_PATH"] {
        let _ = writeln!(lines, "cargo:rerun-if-env-changed={variable}");
    }
    let mut files: BTreeSet<PathBuf> = tools.verilator.file().into_iter().collect();
    for target in groups.iter().filter(|(family, _)| family.watched).flat_map(|group| &group.1) {
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
    let linked = || groups.iter().flat_map(|group| &group.1).filter(|target| target.linked);
    linked().for_each(|target| link(&target.dir, &target.table()));
    if linked().next().is_none() {
        return Ok(lines);
    }
    link(runtime, "vrs_runtime");
    let mut libraries = Vec::new();
    if linked().any(|target| target.model.trace == Trace::Fst) {
        libraries.extend(tools.fst_libraries());
    }
    let os = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    libraries.push(match os.as_str() {
        "macos" | "ios" | "freebsd" | "openbsd" => "c++",
        _ => "stdc++",
    });
    // 64-bit counters are no instruction of these.
    let arch = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    if ["arm", "mips", "powerpc", "riscv32", "x86"].contains(&&*arch) {
        libraries.push("atomic");
    }
    for library in libraries {
        let _ = writeln!(lines, "cargo:rustc-link-lib={library}");
    }
    Ok(lines)
}

/// Runs bindgen over the C interface and the functions that give the tables of these rows.
fn bind(family: &str, rows: &[Verilated<'_>], shared: &Path) -> Result<String, BuildError> {
    let fail = |reason: String| BuildError::Bindgen { model: family.to_owned(), reason };
    let mut header = "#include \"vrs.h\"\n".to_owned();
    for row in rows {
        let _ = writeln!(header, "const vrs_table* {}(void);", row.target.table());
    }
    let edition = bindgen::RustEdition::Edition2021;
    let target = bindgen::RustTarget::stable(85, 0).map_err(|error| fail(error.to_string()))?;
    let builder = bindgen::Builder::default()
        .header_contents("vrs_family.h", &header)
        .clang_arg(format!("-I{}", shared.display()))
        .allowlist_function("vrs_.*")
        .rust_target(target)
        .rust_edition(edition)
        .merge_extern_blocks(true)
        .generate_comments(false)
        .layout_tests(false)
        .formatter(bindgen::Formatter::None);
    // bindgen panics when it cannot load libclang.
    match catch_unwind(AssertUnwindSafe(|| builder.generate())) {
        Ok(Ok(bindings)) => Ok(bindings.to_string()),
        Ok(Err(error)) => Err(fail(error.to_string())),
        Err(panic) => Err(fail(
            panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()))
                .unwrap_or_else(|| "it panicked".to_owned()),
        )),
    }
}

/// The name of a model's type: `conv_k3` gives `ConvK3`.
pub(crate) fn type_name(model: &str) -> String {
    let capital = |word: &str| match word.split_at_checked(1) {
        Some((first, rest)) => first.to_uppercase() + rest,
        None => String::new(),
    };
    model.split('_').map(capital).collect()
}

/// The Rust file of a family. The first row tells the ports, all of which are in every row.
pub(crate) fn rust_file(
    family: &Family,
    rows: &[Verilated<'_>],
    shared: &Path,
) -> Result<String, BuildError> {
    let (module, ty, first) = (&family.name, type_name(&family.name), &rows[0]);
    let linked = if family.rows.is_empty() { &[] } else { rows };
    let shim = bind(module, linked, shared)?;
    let ports: Vec<Port<'_>> = first
        .ports
        .iter()
        .map(|port| Port { port, varying: family.varying.contains(&port.name) })
        .collect();
    let join = |items: &mut dyn Iterator<Item = String>| items.collect::<String>();
    Ok(format!(
        "// Generated by the crate verilated.

/// The models of the top module `{top}`.
#[allow(unsafe_code, unsafe_op_in_unsafe_fn, dead_code, unused_imports, missing_docs)]
#[allow(non_camel_case_types, non_snake_case, non_upper_case_globals)]
#[allow(clippy::all, clippy::pedantic, clippy::undocumented_unsafe_blocks)]
pub mod {module} {{
    mod shim {{
        {shim}
    }}

    use ::verilated;

    // The header that the rows are compiled with and the structures that the program uses are
    // the same.
    const _: () = {{
        use verilated::ffi;
{layout}    }};

    /// A model of the top module `{top}`; see `verilated::Sim` and `verilated::Model`.
    #[derive(Debug)]
    pub struct {ty}(verilated::Sim<{ty}>);

    /// Where the ports and memories of a model are.
    #[doc(hidden)]
    #[derive(Debug)]
    pub struct Storage_ {{
{fields}    }}

    verilated::__model!({ty});

    impl verilated::Model for {ty} {{
        const NAME: &'static str = {module:?};
        const PORTS: &'static [verilated::PortInfo] = &[
{infos}        ];
        const BUILTINS: &'static [verilated::Builtin] = &[
{builtins}        ];
        const MEMORIES: &'static [(&'static str, u32)] = &[{memory_infos}];
        type Storage = Storage_;

        fn bind(at: &verilated::Addresses) -> Storage_ {{
            // SAFETY: the types are those of the widths in `PORTS` and `MEMORIES`, and the
            // structure goes into the simulation.
            unsafe {{ Storage_ {{
{binds}            }} }}
        }}

        fn wrap(sim: verilated::Sim<Self>) -> Self {{
            Self(sim)
        }}
    }}

    impl {ty} {{{accessors}    }}
}}

pub use {module}::{ty};
",
        top = first.target.model.top,
        layout = join(&mut LAYOUT.iter().map(|(ty, last)| format!(
            "        assert!(size_of::<shim::{ty}>() == size_of::<ffi::{ty}>());
        assert!(::std::mem::offset_of!(shim::{ty}, {last}) == ::std::mem::offset_of!(ffi::{ty}, {last}));\n"
        ))),
        fields = join(&mut ports.iter().map(Port::field).chain(first.memories.iter().map(
            |it| format!("        m_{}: verilated::port::Words<u{}>,\n", it.name, it.bits)
        ))),
        infos = join(&mut ports.iter().map(Port::info)),
        builtins = join(&mut linked.iter().map(builtin)),
        memory_infos = join(
            &mut first.memories.iter().map(|it| format!("({:?}, {}), ", it.name, it.bits))
        ),
        binds = join(&mut ports.iter().enumerate().map(Port::bind).chain(
            first.memories.iter().enumerate().map(
                |(index, it)| format!("                m_{}: at.words({index}),\n", it.name)
            )
        )),
        accessors = join(
            &mut ports
                .iter()
                .enumerate()
                .map(|(index, port)| port.accessors(index))
                .chain(first.memories.iter().map(slices))
        ),
    ))
}

/// The structures of the C interface, each with a field near its end.
const LAYOUT: &[(&str, &str)] = &[
    ("vrs_table", "take_error"),
    ("vrs_config", "assertions"),
    ("vrs_stop", "equal"),
    ("vrs_reads", "answered"),
    ("vrs_error", "kind"),
    ("vrs_port", "input"),
    ("vrs_memory", "width"),
    ("vrs_place", "kind"),
];

fn builtin(row: &Verilated<'_>) -> String {
    let target = row.target;
    let parameters: String =
        target.model.parameters.iter().map(|pair| format!("{pair:?}, ")).collect();
    format!(
        "            // SAFETY: the function of a row that is linked.
            unsafe {{ verilated::Builtin::new({:?}, &[{parameters}], {:?}, || shim::{}().cast()) }},
",
        target.model.name,
        target.inputs.digest,
        target.table(),
    )
}

struct Port<'a> {
    port: &'a HeaderPort,
    varying: bool,
}

impl Port<'_> {
    /// The type of a port that every row stores alike.
    fn ty(&self) -> String {
        match self.port.bytes() {
            0 => format!("[u32; {}]", self.port.words()),
            bytes => format!("u{}", bytes * 8),
        }
    }

    fn field(&self) -> String {
        let ty = match self.varying {
            true => "verilated::port::Varying".to_owned(),
            false => format!("verilated::port::Fixed<{}>", self.ty()),
        };
        format!("        p_{}: {ty},\n", self.port.ident)
    }

    fn bind((index, port): (usize, &Self)) -> String {
        let kind = if port.varying { "varying" } else { "fixed" };
        format!("                p_{}: at.{kind}({index}),\n", port.port.ident)
    }

    fn info(&self) -> String {
        format!(
            "            verilated::PortInfo {{ name: {:?}, width: {}, direction: \
             verilated::Direction::{:?} }},\n",
            self.port.name,
            if self.varying { 0 } else { self.port.width },
            self.port.direction
        )
    }

    /// Constant, reader and setter.
    fn accessors(&self, index: usize) -> String {
        let HeaderPort { name, ident, width, direction, .. } = self.port;
        let input = *direction == Direction::Input;
        let bits = match (self.varying, width) {
            (true, _) => "of a width that depends on the row".to_owned(),
            (false, 1) => "1 bit".to_owned(),
            (false, width) => format!("{width} bits"),
        };
        let what = format!("{} `{name}`, {bits}", if input { "input" } else { "output" });
        let constant = constant(ident);
        let (result, get, words) = match (self.varying, self.port.bytes()) {
            (true, _) => ("verilated::Bits<'_>".to_owned(), "", ""),
            (false, 0) => {
                (format!("&{}", self.ty()), "", ", as words of 32 bits, the lowest first")
            }
            (false, _) => (self.ty(), "*", ""),
        };
        let mut text = format!(
            "
        /// The {what}, for stop conditions.
        pub const {constant}: verilated::Port<Self> = verilated::Port::at({index});

        /// The {what}{words}.
        #[inline]
        #[must_use]
        pub fn {ident}(&self) -> {result} {{
            {get}self.0.storage().p_{ident}.get()
        }}
"
        );
        if !input {
            return text;
        }
        let store = |ty: &str, value: &str| {
            format!(
                "
        /// Sets the {what}{words}; further bits are dropped.
        #[inline]
        pub fn set_{ident}(&mut self, value: {ty}) {{
            // SAFETY: it is written through, not moved.
            unsafe {{ self.0.storage_mut() }}.p_{ident}.set({value});
        }}
"
            )
        };
        if self.varying {
            text += &store("u64", "value");
            let _ = write!(
                text,
                "
        /// Sets the {what}, from words of 32 bits, the lowest first; further bits are
        /// dropped, missing ones are 0.
        #[inline]
        pub fn set_{ident}_words(&mut self, words: &[u32]) {{
            // SAFETY: it is written through, not moved.
            unsafe {{ self.0.storage_mut() }}.p_{ident}.set_words(words);
        }}
"
            );
            return text;
        }
        let top = (1_u64 << (width % 32)) - 1;
        text += &match (self.port.bytes(), width % 32) {
            (0, 0) => store(&format!("&{}", self.ty()), "*value"),
            (0, _) => store(
                &format!("&{}", self.ty()),
                &format!(
                    "{{ let mut words = *value; words[{}] &= 0x{top:x}; words }}",
                    self.port.words() - 1
                ),
            ),
            (bytes, _) if bytes * 8 == *width => store(&self.ty(), "value"),
            _ => store(&self.ty(), &format!("value & 0x{:x}", (1_u64 << width) - 1)),
        };
        text
    }
}

/// The slices of a memory.
fn slices(memory: &Memory) -> String {
    let Memory { name, path, bits, width, .. } = memory;
    format!(
        "
        /// The memory `{path}`: words of {width} bits, the lowest index first.
        #[inline]
        #[must_use]
        pub fn {name}(&self) -> &[u{bits}] {{
            self.0.storage().m_{name}.get()
        }}

        /// The memory `{path}`: words of {width} bits, the lowest index first. Bits of a word
        /// beyond these must stay 0.
        #[inline]
        #[must_use]
        pub fn {name}_mut(&mut self) -> &mut [u{bits}] {{
            // SAFETY: it is written through, not moved.
            unsafe {{ self.0.storage_mut() }}.m_{name}.get_mut()
        }}
"
    )
}

/// The constant of a port; some names are taken.
fn constant(ident: &str) -> String {
    let upper = ident.to_uppercase();
    let taken = ["PORTS", "NAME", "BUILTINS", "MEMORIES"].contains(&&*upper);
    if taken { upper + "_" } else { upper }
}
