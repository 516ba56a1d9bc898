// SPDX-License-Identifier: MIT OR Apache-2.0
//! The packages of `rtl/` and the headers of `firmware/` state numbers that the Rust code has in
//! `crates/model/src/facts.rs`: here they are compared. Every numeric constant of a file that is
//! compared has to be known, so that a new one is not forgotten.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

#[allow(dead_code, reason = "shared with the model, which uses the rest")]
#[path = "../crates/model/src/facts.rs"]
mod numbers;

use numbers::{blob, conv, csr, float, riscv, soc, unit};

/// Names with their numbers, as a file has them.
type Facts = Vec<(String, u64)>;

/// A file that states numbers.
struct Stated {
    path: &'static str,
    facts: Facts,
    /// Whether an edit of it is worth the build script; the others are compared when it runs.
    watched: bool,
}

fn files() -> Vec<Stated> {
    let stated = |path, facts| Stated { path, facts, watched: true };
    vec![
        stated("rtl/soc/soc_pkg.sv", select(soc::NUMBERS, &["RAM_BASE", "ADDR_"])),
        stated("rtl/core/core_pkg.sv", core_pkg()),
        stated(
            "rtl/conv_approx/conv_approx_pkg.sv",
            select(unit::NUMBERS, &["OP_", "MODE_", "ERROR_", "THRESHOLD_W", "COUNTER_"]),
        ),
        Stated { watched: false, ..stated("rtl/conv_approx/conv_coprocessor.sv", coprocessor()) },
        stated("rtl/fpu/fpu_pkg.sv", fpu_pkg()),
        stated("firmware/soc.h", soc_h()),
        stated("firmware/link.ld", named(&[("ORIGIN", soc::RAM_BASE), ("LENGTH", soc::RAM_BYTES)])),
        stated("firmware/conv_approx.h", conv_approx_h()),
        stated(STRUCTS_FILE, blob::NUMBERS.iter().map(owned).collect()),
    ]
}

/// The structs of the network blob, with the words of each field, in their order.
const STRUCTS_FILE: &str = "firmware/lenet/network.h";

fn structs() -> [(&'static str, Vec<(&'static str, usize)>); 3] {
    let words = |fields: &[&'static str]| fields.iter().map(|&field| (field, 1)).collect();
    [
        ("layer", words(blob::Layer::FIELDS)),
        ("record", blob::RECORD.to_vec()),
        ("network", words(blob::Network::FIELDS)),
    ]
}

fn owned(&(name, number): &(&str, u32)) -> (String, u64) {
    (name.to_owned(), number.into())
}

fn named(facts: &[(&str, u32)]) -> Facts {
    facts.iter().map(owned).collect()
}

/// Those whose names begin so.
fn select(facts: &[(&str, u32)], beginnings: &[&str]) -> Facts {
    let chosen = |name: &str| beginnings.iter().any(|it| name.starts_with(it));
    facts.iter().filter(|(name, _)| chosen(name)).map(owned).collect()
}

/// Those whose names begin with `from`, with `to` in its place, and a number added.
fn renamed(facts: &[(&str, u32)], from: &str, to: &str, plus: u32) -> Facts {
    let rest = facts.iter().filter_map(|(name, number)| Some((name.strip_prefix(from)?, number)));
    rest.map(|(name, number)| (format!("{to}{name}"), u64::from(number + plus))).collect()
}

fn core_pkg() -> Facts {
    let mut facts = select(
        riscv::NUMBERS,
        &["OPCODE_", "INSN_", "CAUSE_", "IRQ_", "COUNTER_", "EVENT_", "MISA", "MIMPID"],
    );
    // The core itself has no use for them.
    facts.retain(|(name, _)| name != "CAUSE_LOAD_MISALIGNED" && name != "CAUSE_INTERRUPT");
    // The interrupt lines in three bits, and the upper bits of the numbers of counters and events.
    facts.extend(named(&[
        ("MI_SOFTWARE", 0),
        ("MI_TIMER", 1),
        ("MI_EXTERNAL", 2),
        ("CSR_MHPMEVENT_BASE", u32::from(csr::MHPMEVENT) >> 5),
        ("CSR_MCOUNTER_LOW", u32::from(csr::MCYCLE) >> 5),
        ("CSR_MCOUNTER_HIGH", u32::from(csr::MCYCLEH) >> 5),
        ("CSR_COUNTER_LOW", u32::from(csr::CYCLE) >> 5),
        ("CSR_COUNTER_HIGH", u32::from(csr::CYCLEH) >> 5),
    ]));
    let has_name = |row: &&csr::Csr| {
        use csr::Content::{CounterHigh, CounterLow, Event};
        !matches!(row.content, CounterLow | CounterHigh | Event)
    };
    facts.extend(
        csr::CSRS
            .iter()
            .filter(has_name)
            .map(|row| (format!("CSR_{}", row.name.to_uppercase()), u64::from(row.number))),
    );
    facts
}

fn coprocessor() -> Facts {
    let mut facts = select(conv::NUMBERS, &["CONV_"]);
    facts.extend(named(&[
        ("ILLEGAL", riscv::CAUSE_ILLEGAL),
        ("MISALIGNED", riscv::CAUSE_LOAD_MISALIGNED),
        ("LOAD_FAULT", riscv::CAUSE_LOAD_ACCESS),
    ]));
    facts
}

fn fpu_pkg() -> Facts {
    let mut facts: Facts = float::NUMBERS.iter().map(owned).collect();
    // The format of a float, and of a sum that is not rounded.
    facts.extend(named(&[("BIAS", 127), ("SUM_W", 77)]));
    facts
}

fn soc_h() -> Facts {
    let mut facts = select(soc::NUMBERS, &["RAM_"]);
    facts.extend(select(riscv::NUMBERS, &["IRQ_", "CAUSE_", "MSTATUS_"]));
    facts.extend(named(&[
        ("MSIP", soc::ADDR_MSIP),
        ("MTIMECMP", soc::ADDR_MTIMECMP),
        ("MTIME", soc::ADDR_MTIME),
        ("EXTERNAL_IRQ", soc::ADDR_EXTERNAL),
        ("UART", soc::ADDR_UART),
    ]));
    facts
}

fn conv_approx_h() -> Facts {
    let mut facts = named(&[("CONV_OPCODE", riscv::OPCODE_CONV)]);
    facts.extend(renamed(conv::NUMBERS, "CONV_", "CONV_FUNCT3_", 0));
    facts.extend(renamed(conv::NUMBERS, "READ_", "CONV_", 0));
    facts.extend(renamed(unit::NUMBERS, "MODE_", "CONV_", 0));
    facts.extend(renamed(unit::NUMBERS, "SCOPE_", "CONV_", 0));
    facts.extend(renamed(unit::NUMBERS, "TILE_", "CONV_TILE_", 0));
    let others = select(
        conv::NUMBERS,
        &["MODE_", "SCOPE_", "TILE_", "SIDE_", "SLOT_", "PLANE_", "CONFIG_", "SMAX_"],
    );
    facts.extend(others.into_iter().map(|(name, number)| (format!("CONV_{name}"), number)));
    for (name, number) in renamed(unit::NUMBERS, "COUNTER_", "CONV_", conv::READ_COUNTERS) {
        let short = match name.as_str() {
            "CONV_MULTIPLICATIONS_DONE" => "CONV_MULTIPLICATIONS",
            "CONV_MULTIPLICATIONS_SKIPPED" => "CONV_SKIPPED",
            "CONV_MEMORY_WORDS" => "CONV_WORDS",
            "CONV_MEMORY_BEATS" => "CONV_BEATS",
            name => name,
        };
        facts.push((short.to_owned(), number));
    }
    facts
}

/// Tells Cargo which files to watch.
pub fn watch() {
    for Stated { path, .. } in files().iter().filter(|file| file.watched) {
        println!("cargo::rerun-if-changed={path}");
    }
    println!("cargo::rerun-if-changed=crates/model/src/facts.rs");
}

/// Compares the files below `root` with the facts.
///
/// # Errors
/// Every difference on a line of its own, with its file and line.
pub fn check(root: &Path) -> Result<(), String> {
    let mut differences = String::new();
    for Stated { path: file, facts, .. } in files() {
        let text =
            fs::read_to_string(root.join(file)).map_err(|error| format!("{file}: {error}"))?;
        let text = without_comments(&text);
        compare(file, &constants(&text), &facts, &mut differences);
        if file == STRUCTS_FILE {
            compare_structs(file, &text, &mut differences);
        }
    }
    if differences.is_empty() {
        return Ok(());
    }
    Err(format!("numbers differ from those in crates/model/src/facts.rs:\n{differences}"))
}

fn compare(file: &str, found: &[Constant], facts: &Facts, out: &mut String) {
    let mut say = |line: usize, text: String| {
        writeln!(out, "{file}:{line}: {text}").expect("a String takes all");
    };
    for Constant { name, value, line } in found {
        match facts.iter().find(|(known, _)| known == name) {
            None => {
                say(*line, format!("{name} is not known: add it to facts.rs and build/facts.rs"))
            }
            Some((_, fact)) if fact != value => {
                say(*line, format!("{name} is {value:#x}; facts.rs says {fact:#x}"));
            }
            Some(_) => {}
        }
    }
    for (name, fact) in facts {
        if !found.iter().any(|constant| constant.name == *name) {
            say(1, format!("{name} is missing; facts.rs says {fact:#x}"));
        }
    }
}

fn compare_structs(file: &str, text: &str, out: &mut String) {
    for (name, fields) in structs() {
        let (line, found) = fields_of(text, name);
        let found: Vec<_> = found.iter().map(|(field, words)| (field.as_str(), *words)).collect();
        if found != fields {
            writeln!(out, "{file}:{line}: struct {name} has {found:?}; facts.rs says {fields:?}")
                .expect("a String takes all");
        }
    }
}

/// A constant that a file defines.
struct Constant {
    name: String,
    value: u64,
    /// From 1.
    line: usize,
}

/// The text with spaces for comments, so that lines keep their numbers.
fn without_comments(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(start) = rest.find("/*").into_iter().chain(rest.find("//")).min() {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = match rest.starts_with("/*") {
            true => rest.find("*/").map_or(rest.len(), |end| end + 2),
            false => rest.find('\n').unwrap_or(rest.len()),
        };
        out.extend(rest[..end].chars().map(|it| if it == '\n' { it } else { ' ' }));
        rest = &rest[end..];
    }
    out + rest
}

/// What is defined as a number: `localparam` of SystemVerilog, `#define` and the members of `enum` of
/// C, the origin and the length of a linker script's memory.
fn constants(text: &str) -> Vec<Constant> {
    let mut constants = Vec::new();
    let mut in_enum = false;
    for (line, content) in (1..).zip(text.lines()) {
        let mut add = |name: &str, value: &str| {
            let name = name.trim();
            let is_name =
                !name.is_empty() && name.chars().all(|it| it == '_' || it.is_alphanumeric());
            if let Some(value) = number(value).filter(|_| is_name) {
                constants.push(Constant { name: name.to_owned(), value, line });
            }
        };
        let trimmed = content.trim();
        if let Some(definition) = trimmed.strip_prefix("#define ") {
            let (name, value) = definition.split_once(' ').unwrap_or((definition, ""));
            add(name, value);
        } else if let Some(definition) = trimmed.strip_prefix("localparam ") {
            let (name, value) = definition.split_once('=').unwrap_or((definition, ""));
            add(name.split_whitespace().last().unwrap_or(""), value.trim_end_matches(';'));
        } else if trimmed.contains("ORIGIN =") {
            for part in trimmed.split([':', ',']) {
                let (name, value) = part.split_once('=').unwrap_or((part, ""));
                add(name, value);
            }
        } else {
            let declared = trimmed.trim_start_matches("typedef ");
            in_enum |= declared.starts_with("enum ") && declared.contains('{');
            if in_enum {
                let members = trimmed.split_once('{').map_or(trimmed, |(_, members)| members);
                let members = members.split('}').next().unwrap_or("");
                for member in members.split(',') {
                    let (name, value) = member.split_once('=').unwrap_or((member, ""));
                    add(name, value);
                }
            }
            in_enum &= !trimmed.contains('}');
        }
    }
    constants
}

/// The value of a literal of SystemVerilog (`12'h300`), C (`0x8000u`, `(3 << 11)`) or a linker script
/// (`1M`); `None` of other expressions.
fn number(text: &str) -> Option<u64> {
    let text = text.trim().trim_start_matches('(').trim_end_matches(')').replace('_', "");
    if let Some((value, shift)) = text.split_once("<<") {
        return Some(number(value)? << number(shift)?);
    }
    if let Some((_, literal)) = text.split_once('\'') {
        let radix = match literal.chars().next()? {
            'h' => 16,
            'd' => 10,
            'b' => 2,
            _ => return None,
        };
        return u64::from_str_radix(&literal[1..], radix).ok();
    }
    if let Some(megabytes) = text.strip_suffix('M') {
        return Some(number(megabytes)? << 20);
    }
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits.trim_end_matches('u'), 16).ok(),
        None => text.trim_end_matches('u').parse().ok(),
    }
}

/// The line of a struct of C, and its fields with the words of each; all have words.
fn fields_of(text: &str, name: &str) -> (usize, Vec<(String, usize)>) {
    let Some(start) = text.find(&format!("struct {name} {{")) else { return (1, Vec::new()) };
    let line = 1 + text[..start].matches('\n').count();
    let body = &text[start..];
    let body = &body[body.find('{').map_or(0, |at| at + 1)..body.find('}').unwrap_or(body.len())];
    let declarators = body.split(';').flat_map(|declaration| declaration.split(','));
    let fields = declarators.filter_map(|declarator| {
        let (name, words) = match declarator.split_once('[') {
            Some((name, size)) => (name, size.trim().trim_end_matches(']').parse().ok()?),
            None => (declarator, 1),
        };
        let name = name.split_whitespace().last()?.trim_start_matches('*');
        Some((name.to_owned(), words))
    });
    (line, fields.collect())
}
