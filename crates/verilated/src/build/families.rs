// SPDX-License-Identifier: MIT OR Apache-2.0
//! The build of all families of a package in its `build.rs`, and the Rust type of each.

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use super::key::{self, Stamp};
use super::make::{self, Job, Runtime, Target, Verilated};
use super::shim::{HeaderPort, Memory};
use super::tool::{self, Toolbox};
use super::{BuildError, Family, Trace, Verilate};
use crate::Direction;
use crate::library::{Difference, Item, difference};

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
            let mut target = Target::new(&tools, row, symbol(family, row), linked)?;
            target.dir = dir.join(name);
            Ok(target)
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
    let stale = groups.iter().flat_map(|(_, targets)| targets);
    let stale = stale.filter(|target| !Stamp::matches(&target.dir, &target.key));
    let verilated = tool::in_parallel(stale.collect(), |target| target.verilate(&tools))?;
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
        files.push(make::WARNINGS.to_owned());
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
    for family in families {
        let name = &family.name;
        if !is_name(name) {
            return Err(BuildError::name(name));
        }
        // Names that differ in underscores alone make the same type.
        if !types.insert(rust_names(name).1) {
            return twice(name);
        }
        for row in &family.rows {
            if !is_name(&row.name) {
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
    let names: Vec<&str> = first.ports.iter().map(|port| &*port.name).collect();
    if let Some(name) = family.varying.iter().find(|name| !names.contains(&name.as_str())) {
        let names = names.join(", ");
        return differ(format!("port `{name}` is declared varying, but the ports are {names}"));
    }
    fn items<'a>(family: &Family, row: &'a Verilated<'_>) -> Vec<Item<'a>> {
        let width = |port: &HeaderPort| match family.varying.contains(&port.name) {
            true => 0,
            false => port.width,
        };
        let ports = row.ports.iter().map(|it| ("port", &*it.name, width(it), Some(it.direction)));
        ports.chain(row.memories.iter().map(|it| ("memory", &*it.name, it.bits, None))).collect()
    }
    for other in others {
        let found = difference(&items(family, first), &items(family, other));
        let Some(((sort, name, ..), difference)) = found else { continue };
        let (one, two) = (&first.target.model.name, &other.target.model.name);
        let text = match difference {
            Difference::FirstOnly => format!("is in row `{one}`, but not in `{two}`"),
            Difference::SecondOnly => format!("is in row `{two}`, but not in `{one}`"),
            Difference::Kind(kind) => format!("is {kind} in row `{two}`, but not in `{one}`"),
            Difference::Bits(a, b) => format!(
                "has {a} bits in row `{one}`, {b} bits in row `{two}`{}",
                if sort == "port" { "; name it in Family::varying" } else { "" }
            ),
        };
        return differ(format!("{sort} `{name}` {text}"));
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
    for target in groups.iter().flat_map(|group| &group.1) {
        for line in target.warnings()?.lines() {
            let _ = writeln!(lines, "cargo:warning={line}");
        }
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
        .allowlist_type("vrs_.*")
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

/// The names of a model's module and type: `conv_k3` gives `conv_k3` and `ConvK3`. Names that Rust
/// or the macros here need get an underscore at the end.
fn rust_names(model: &str) -> (String, String) {
    let capital = |word: &str| match word.split_at_checked(1) {
        Some((first, rest)) => first.to_uppercase() + rest,
        None => String::new(),
    };
    let ty: String = model.split('_').map(capital).collect();
    let free =
        |name: String| if is_keyword(&name) || name == "verilated" { name + "_" } else { name };
    (free(model.to_owned()), free(ty))
}

/// The names that accessors cannot have: keywords, and what all models have.
const TAKEN: &str = "abstract as async await become box break const continue crate do dyn else enum \
    extern false final fn for gen if impl in let loop macro match mod move mut override priv pub ref \
    return self Self static struct super trait true try type typeof unsafe unsized use virtual where \
    while yield _ BUILTINS MEMORIES NAME PORTS builtin close_trace cycles deref deref_mut drop eval eval_at \
    finalize finished flush_trace from_library library new open_trace places places_mut port \
    run_clocks run_cycles run_reads run_until start_trace stop_trace take_output tick time wrap write_coverage";

/// The names of a type's accessors.
struct Names(BTreeSet<String>);

impl Names {
    /// The name, with underscores at its end until nothing else has it.
    fn free(&mut self, name: &str) -> String {
        let mut name = name.to_owned();
        while !self.0.insert(name.clone()) {
            name.push('_');
        }
        name
    }
}

/// A name in the RTL with what identifiers in Rust can have.
fn identifier(name: &str) -> String {
    let fits = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let begin = if name.starts_with(|c: char| c.is_ascii_digit()) { "_" } else { "" };
    begin.chars().chain(name.chars().map(fits)).collect()
}

fn is_keyword(name: &str) -> bool {
    TAKEN.split(' ').take_while(|word| *word != "_").any(|word| word == name)
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// The Rust file of a family. The first row tells the ports, all of which are in every row.
fn rust_file(family: &Family, rows: &[Verilated<'_>], shared: &Path) -> Result<String, BuildError> {
    let ((module, ty), first) = (rust_names(&family.name), &rows[0]);
    let linked = if family.rows.is_empty() { &[] } else { rows };
    let shim = bind(&family.name, linked, shared)?;
    let (mut layout, mut infos, mut builtins) = (String::new(), String::new(), String::new());
    for (structure, last) in LAYOUT {
        let _ = writeln!(
            layout,
            "        assert!(::std::mem::size_of::<shim::{structure}>() == ::std::mem::size_of::<ffi::{structure}>());
        assert!(::std::mem::offset_of!(shim::{structure}, {last})
            == ::std::mem::offset_of!(ffi::{structure}, {last}));"
        );
    }
    for row in linked {
        let (target, model) = (row.target, row.target.model);
        let parameters = model.parameters.iter().map(|pair| format!("{pair:?}, "));
        let _ = writeln!(
            builtins,
            "            // SAFETY: the function of a row that is linked.
            unsafe {{ verilated::Builtin::new({:?}, &[{}], {:?}, || shim::{}().cast()) }},",
            model.name,
            parameters.collect::<String>(),
            target.inputs.digest,
            target.table(),
        );
    }
    // Readers, setters, those of words, constants: the first come first.
    let mut names = Names(TAKEN.split(' ').map(str::to_owned).collect());
    let forms: [fn(&str) -> String; 4] = [
        str::to_owned,
        |reader| format!("set_{reader}"),
        |reader| format!("set_{reader}_words"),
        str::to_uppercase,
    ];
    let mut named: Vec<[String; 4]> =
        first.ports.iter().map(|port| [&port.name, "", "", ""].map(identifier)).collect();
    for (at, form) in forms.iter().enumerate() {
        named.iter_mut().for_each(|item| item[at] = names.free(&form(&item[0])));
    }
    let mut accessors = String::new();
    for (index, (port, named)) in first.ports.iter().zip(&named).enumerate() {
        let varying = family.varying.contains(&port.name);
        let width = if varying { 0 } else { port.width };
        let _ = writeln!(
            infos,
            "            verilated::PortInfo {{ name: {:?}, width: {width}, direction: \
             verilated::Direction::{:?} }},",
            port.name, port.direction
        );
        accessors += &port_accessors(index, port, width, named);
    }
    let mut memories = String::new();
    for (index, memory) in first.memories.iter().enumerate() {
        let Memory { name, path, bits, width, .. } = memory;
        let fail = |reason: &str| {
            let place = format!("model `{}`: the memory `{name}` at `{path}`", family.name);
            Err(BuildError::Description(format!("{place}: {reason}")))
        };
        if !is_name(name) {
            return fail("the name is not lower-case letters, digits and underscores");
        }
        for method in [name.clone(), format!("{name}_mut")] {
            if names.free(&method) != method {
                return fail(&format!("a method `{method}` cannot be made; choose another name"));
            }
        }
        let _ = write!(memories, "({name:?}, {bits}), ");
        let index = first.ports.len() + index;
        let _ = writeln!(
            accessors,
            "
        /// The memory `{path}`: words of {width} bits, the lowest index first.
        #[inline]
        #[must_use]
        pub fn {name}(&self) -> &[u{bits}] {{
            // SAFETY: this is what stores it.
            unsafe {{ self.0.places()[{index}].words() }}
        }}

        /// The memory `{path}`: words of {width} bits, the lowest index first. Bits of a word
        /// beyond these must stay 0.
        #[inline]
        #[must_use]
        pub fn {name}_mut(&mut self) -> &mut [u{bits}] {{
            // SAFETY: this is what stores it, and it is written through, not moved.
            unsafe {{ self.0.places_mut()[{index}].words_mut() }}
        }}"
        );
    }
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

    verilated::__model!({ty});

    impl verilated::Model for {ty} {{
        const NAME: &'static str = {name:?};
        const PORTS: &'static [verilated::PortInfo] = &[
{infos}        ];
        const BUILTINS: &'static [verilated::Builtin] = &[
{builtins}        ];
        const MEMORIES: &'static [(&'static str, u32)] = &[{memories}];
        type Places = [verilated::Place; {count}];

        fn wrap(sim: verilated::Sim<Self>) -> Self {{
            Self(sim)
        }}
    }}

    impl {ty} {{{accessors}    }}
}}

#[allow(unused_imports)]
pub use {module}::{ty};
",
        name = family.name,
        top = first.target.model.top,
        count = first.ports.len() + first.memories.len(),
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

/// Constant, reader and setters of a port; the width is 0 where it depends on the row.
fn port_accessors(index: usize, port: &HeaderPort, width: u32, names: &[String; 4]) -> String {
    let [reader, setter, words_setter, constant] = names;
    let HeaderPort { name, direction, .. } = port;
    let bits = match width {
        0 => "of a width that depends on the row".to_owned(),
        1 => "1 bit".to_owned(),
        width => format!("{width} bits"),
    };
    let what = format!("{direction:?} `{name}`, {bits}").to_lowercase();
    let (top, count) = (u32::MAX >> (width.wrapping_neg() % 32), width.div_ceil(32));
    let in_words = ", from words of 32 bits, the lowest first";
    let (result, get, setters) = match width {
        0 => (
            "verilated::Bits<'_>".to_owned(),
            "bits",
            vec![
                (setter, "u64".to_owned(), "set_bits(value)".to_owned(), ""),
                (words_setter, "&[u32]".to_owned(), "set_bit_words(value)".to_owned(), in_words),
            ],
        ),
        1..=64 => {
            let ty = format!("u{}", port.bytes() * 8);
            let set = format!("set::<{ty}>(value & 0x{:x})", u64::MAX >> (64 - width));
            (ty.clone(), "get", vec![(setter, ty, set, "")])
        }
        _ => {
            let ty = format!("&[u32; {count}]");
            let set = format!(
                "set({{ let mut words = *value; words[{}] &= 0x{top:x}; words }})",
                count - 1
            );
            (ty.clone(), "get", vec![(setter, ty, set, in_words)])
        }
    };
    let copy = if (1..=64).contains(&width) { "*" } else { "" };
    let mut text = format!(
        "
        /// The {what}, for stop conditions.
        pub const {constant}: verilated::Port<Self> = verilated::Port::at({index});

        /// The {what}.
        #[inline]
        #[must_use]
        pub fn {reader}(&self) -> {result} {{
            // SAFETY: this is what stores it.
            unsafe {{ {copy}self.0.places()[{index}].{get}() }}
        }}
"
    );
    for (name, ty, set, from) in setters.iter().filter(|_| *direction == Direction::Input) {
        let _ = write!(
            text,
            "
        /// Sets the {what}{from}; further bits are dropped.
        #[inline]
        pub fn {name}(&mut self, value: {ty}) {{
            // SAFETY: this is what stores it, and it is written through, not moved.
            unsafe {{ self.0.places_mut()[{index}].{set} }}
        }}
"
        );
    }
    text
}
