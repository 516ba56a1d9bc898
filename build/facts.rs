//! The packages of `rtl/` and the headers of `firmware/` state numbers that the Rust code has in
//! `crates/model/src/facts.rs`: here they are compared. Every numeric constant of a file that is
//! compared has to be known, so that a new one is not forgotten.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

#[allow(dead_code, reason = "shared with the model, which uses the rest")]
#[path = "../crates/model/src/facts.rs"]
mod numbers;

use numbers::{blob, conv, csr, riscv, soc, unit};

/// The names under which a file has numbers, with the numbers.
type Facts = Vec<(String, u64)>;

/// The constants of a module, under their names.
macro_rules! facts {
    ($module:ident: $($name:ident),* $(,)?) => {
        [$((stringify!($name).to_owned(), u64::from($module::$name))),*]
    };
}

/// Files with constants, and what they have to say.
fn files() -> Vec<(&'static str, Facts)> {
    vec![
        ("rtl/soc/soc_pkg.sv", soc_pkg()),
        ("rtl/core/core_pkg.sv", core_pkg()),
        ("rtl/conv_approx/conv_approx_pkg.sv", conv_approx_pkg()),
        ("firmware/soc.h", soc_h()),
        ("firmware/link.ld", link_ld()),
        ("firmware/conv_approx.h", conv_approx_h()),
        ("firmware/lenet/network.h", network_h()),
        ("firmware/lenet/maps.h", facts!(blob: KERNELS).into()),
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

fn soc_pkg() -> Facts {
    facts!(soc:
        RAM_BASE, ADDR_MSIP, ADDR_MTIMECMP, ADDR_MTIMECMP_HI, ADDR_MTIME, ADDR_MTIME_HI,
        ADDR_EXTERNAL, ADDR_UART,
    )
    .into()
}

fn core_pkg() -> Facts {
    let mut facts = Facts::from(facts!(riscv:
        OPCODE_LOAD, OPCODE_MISC_MEM, OPCODE_OP_IMM, OPCODE_AUIPC, OPCODE_STORE, OPCODE_OP,
        OPCODE_LUI, OPCODE_BRANCH, OPCODE_JALR, OPCODE_JAL, OPCODE_SYSTEM, OPCODE_CONV,
        INSN_ECALL, INSN_EBREAK, INSN_WFI, INSN_MRET,
        CAUSE_INSTR_ACCESS, CAUSE_ILLEGAL, CAUSE_BREAKPOINT, CAUSE_LOAD_ACCESS,
        CAUSE_STORE_ACCESS, CAUSE_ECALL_M, IRQ_SOFTWARE, IRQ_TIMER, IRQ_EXTERNAL,
        COUNTER_CYCLE, COUNTER_INSTRET,
        EVENT_LOAD_USE, EVENT_JUMP_REGISTER, EVENT_FETCH, EVENT_MEMORY, EVENT_ARITHMETIC,
        EVENT_UNIT, EVENT_LOAD, EVENT_STORE, EVENT_JUMP, EVENT_BRANCH, EVENT_BRANCH_TAKEN,
        EVENT_COMPRESSED, MISA, MIMPID,
    ));
    // The three interrupt lines in the order of their numbers.
    facts.extend(
        ["SOFTWARE", "TIMER", "EXTERNAL"]
            .iter()
            .zip(0..)
            .map(|(line, bit)| (format!("MI_{line}"), bit)),
    );
    // Counters and events are decoded by the upper bits of their numbers.
    let bases = [
        ("MHPMEVENT_BASE", csr::MHPMEVENT),
        ("MCOUNTER_LOW", csr::MCYCLE),
        ("MCOUNTER_HIGH", csr::MCYCLEH),
        ("COUNTER_LOW", csr::CYCLE),
        ("COUNTER_HIGH", csr::CYCLEH),
    ];
    facts.extend(bases.map(|(name, first)| (format!("CSR_{name}"), u64::from(first >> 5))));
    let by_number = |row: &&csr::Csr| {
        use csr::Content::{CounterHigh, CounterLow, Event};
        !matches!(row.content, CounterLow | CounterHigh | Event)
    };
    facts.extend(
        csr::CSRS
            .iter()
            .filter(by_number)
            .map(|row| (format!("CSR_{}", row.name.to_uppercase()), u64::from(row.number))),
    );
    facts
}

fn conv_approx_pkg() -> Facts {
    let mut facts = Facts::from(facts!(unit:
        OP_LOAD_KERNEL, OP_RUN_WINDOW,
        MODE_EXACT, MODE_ZERO_SKIP, MODE_DUAL_ZERO_SKIP, MODE_APPROX,
        ERROR_NONE, ERROR_BUS, ERROR_COMMAND, THRESHOLD_W,
        COUNTER_WINDOWS, COUNTER_MULTIPLICATIONS_DONE, COUNTER_MULTIPLICATIONS_SKIPPED,
        COUNTER_MEMORY_WORDS, COUNTER_MEMORY_BEATS, COUNTER_CYCLES_IDLE, COUNTER_CYCLES_GET_DATA,
        COUNTER_CYCLES_STAGE_1, COUNTER_CYCLES_STAGE_2, COUNTER_CYCLES_STAGE_3,
        COUNTER_CYCLES_DONE,
    ));
    facts.extend(facts!(conv:
        CONV_LOAD, CONV_RUN, CONV_AGAIN, CONV_READ, CONV_CONFIG, CONV_CARRY, CONV_CLEAR,
    ));
    facts.extend(facts!(riscv: CAUSE_ILLEGAL, CAUSE_LOAD_MISALIGNED, CAUSE_LOAD_ACCESS));
    facts
}

fn soc_h() -> Facts {
    let mut facts = Facts::from(facts!(soc: RAM_BASE, RAM_BYTES));
    let devices = [
        ("MSIP", soc::ADDR_MSIP),
        ("MTIMECMP", soc::ADDR_MTIMECMP),
        ("MTIME", soc::ADDR_MTIME),
        ("EXTERNAL_IRQ", soc::ADDR_EXTERNAL),
        ("UART", soc::ADDR_UART),
    ];
    facts.extend(devices.map(|(name, addr)| (name.to_owned(), addr.into())));
    facts.extend(facts!(riscv:
        IRQ_SOFTWARE, IRQ_TIMER, IRQ_EXTERNAL,
        CAUSE_INSTR_ACCESS, CAUSE_ILLEGAL, CAUSE_BREAKPOINT, CAUSE_LOAD_MISALIGNED,
        CAUSE_LOAD_ACCESS, CAUSE_STORE_ACCESS, CAUSE_ECALL_M, CAUSE_INTERRUPT,
        MSTATUS_MIE, MSTATUS_MPIE, MSTATUS_MPP,
    ));
    facts
}

fn link_ld() -> Facts {
    vec![("ORIGIN".to_owned(), soc::RAM_BASE.into()), ("LENGTH".to_owned(), soc::RAM_BYTES.into())]
}

fn conv_approx_h() -> Facts {
    let mut facts = Facts::new();
    let mut add = |name: &str, number: u32| facts.push((format!("CONV_{name}"), number.into()));
    add("OPCODE", riscv::OPCODE_CONV);
    for (name, number) in [
        ("LOAD", conv::CONV_LOAD),
        ("RUN", conv::CONV_RUN),
        ("AGAIN", conv::CONV_AGAIN),
        ("READ", conv::CONV_READ),
        ("CONFIG", conv::CONV_CONFIG),
        ("CARRY", conv::CONV_CARRY),
        ("CLEAR", conv::CONV_CLEAR),
    ] {
        add(&format!("FUNCT3_{name}"), number);
    }
    for (name, number) in [
        ("MODE_SHIFT", conv::CONFIG_MODE),
        ("SCOPE_SHIFT", conv::CONFIG_SCOPE),
        ("TILE_SHIFT", conv::CONFIG_TILE),
        ("SIDE_SHIFT", conv::CONFIG_SIDE),
        ("SLOT_SHIFT", conv::CONFIG_SLOT),
        ("EXACT", unit::MODE_EXACT),
        ("ZERO_SKIP", unit::MODE_ZERO_SKIP),
        ("DUAL_ZERO_SKIP", unit::MODE_DUAL_ZERO_SKIP),
        ("APPROX", unit::MODE_APPROX),
        ("WINDOW", unit::SCOPE_WINDOW),
        ("RUNNING", unit::SCOPE_RUNNING),
        ("TILE_1X1", unit::TILE_1X1),
        ("TILE_2X2", unit::TILE_2X2),
        ("OUTPUT", conv::READ_OUTPUT),
        ("CARRY", conv::READ_CARRY),
        ("THRESHOLD", conv::READ_THRESHOLD),
        ("CONFIGURATION", conv::READ_CONFIGURATION),
        ("KEPT", conv::READ_KEPT),
        ("KERNEL", conv::READ_KERNEL),
        ("LOG_FRAC", conv::READ_LOG_FRAC),
        ("MULTIPLIERS", conv::READ_MULTIPLIERS),
        ("KERNELS", conv::READ_KERNELS),
        ("SMAX_VALID", conv::SMAX_VALID),
    ] {
        add(name, number);
    }
    for (name, counter) in [
        ("WINDOWS", unit::COUNTER_WINDOWS),
        ("MULTIPLICATIONS", unit::COUNTER_MULTIPLICATIONS_DONE),
        ("SKIPPED", unit::COUNTER_MULTIPLICATIONS_SKIPPED),
        ("WORDS", unit::COUNTER_MEMORY_WORDS),
        ("BEATS", unit::COUNTER_MEMORY_BEATS),
        ("CYCLES_IDLE", unit::COUNTER_CYCLES_IDLE),
        ("CYCLES_GET_DATA", unit::COUNTER_CYCLES_GET_DATA),
        ("CYCLES_STAGE_1", unit::COUNTER_CYCLES_STAGE_1),
        ("CYCLES_STAGE_2", unit::COUNTER_CYCLES_STAGE_2),
        ("CYCLES_STAGE_3", unit::COUNTER_CYCLES_STAGE_3),
        ("CYCLES_DONE", unit::COUNTER_CYCLES_DONE),
    ] {
        add(name, conv::READ_COUNTERS + counter);
    }
    facts
}

fn network_h() -> Facts {
    facts!(blob:
        NETWORK_ADDRESS, NETWORK_MAGIC, CONVOLUTION, AVERAGE_POOL, DENSE, NO_ACTIVATION, RELU, TANH,
        DENSE_SIDE,
    )
    .into()
}

/// Tells Cargo which files are compared.
pub fn watch() {
    for (file, _) in files() {
        println!("cargo::rerun-if-changed={file}");
    }
    println!("cargo::rerun-if-changed=crates/model/src/facts.rs");
}

/// Compares the files below `root` with the facts.
///
/// # Errors
/// Every difference on a line of its own, with its file and line.
pub fn check(root: &Path) -> Result<(), String> {
    let mut differences = String::new();
    for (file, facts) in files() {
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
            in_enum |= trimmed.starts_with("enum ") && trimmed.contains('{');
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
