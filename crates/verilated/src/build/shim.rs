// SPDX-License-Identifier: MIT OR Apache-2.0
//! The C++ side of a model: what Verilator has written (ports, memories, the lines that raise
//! errors), and the shim around it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::make::Verilated;
use super::{BuildError, Verilate};
use crate::{Direction, RtlKind, ffi};

/// The files shared by all models, for the folder of the runtime.
pub(crate) const SHARED: [(&str, &str); 4] = [
    ("vrs.h", include_str!("../cpp/vrs.h")),
    ("vrs_print.h", include_str!("../cpp/vrs_print.h")),
    ("vrs_model.h", include_str!("../cpp/vrs_model.h")),
    ("vrs_runtime.cpp", include_str!("../cpp/vrs_runtime.cpp")),
];

/// The body of each model's shim.
pub(crate) const TOP: &str = include_str!("../cpp/vrs_top.cpp");

/// The shim of a model.
pub(crate) fn text(made: &Verilated<'_>, places: &[(String, u32, RtlKind)]) -> String {
    let (target, model) = (made.target, made.target.model);
    let prefix = target.prefix();
    let (mut bind, mut ports, mut memories) = (String::new(), String::new(), String::new());
    for (index, port) in made.ports.iter().enumerate() {
        let HeaderPort { name, member, width, .. } = port;
        let bytes = port.bytes();
        let _ = write!(
            bind,
            "static_assert(sizeof(topp->{member}) == {bytes}, \"storage of {member}\"); \
             storagepp[{index}] = &topp->{member}; "
        );
        // Verilator gives inputs random initial values as well, the clock among them.
        let input = port.direction == Direction::Input;
        if input {
            let _ = write!(bind, "std::memset(storagepp[{index}], 0, {bytes}); ");
        }
        let _ = writeln!(ports, "    {{{name:?}, {width}, {}}},", u8::from(input));
    }
    for (index, memory) in made.memories.iter().enumerate() {
        let Memory { name, member, bits, width, words, .. } = memory;
        let index = made.ports.len() + index;
        let _ = write!(bind, "storagepp[{index}] = &topp->rootp->{member}[0]; ");
        let _ = writeln!(memories, "    {{{name:?}, {words}, {bits}, {width}}},");
    }
    let root = match made.memories.is_empty() {
        true => String::new(),
        false => format!("#include \"{prefix}___024root.h\"\n"),
    };
    let place = |(file, line, kind): &(String, u32, RtlKind)| {
        format!("    {{{file:?}, {line}, {}}},\n", *kind as u32)
    };
    let (trace, clock) = (model.trace as u32, made.clock());
    let abilities = u32::from(clock.is_some())
        | if trace == 0 { 0 } else { ffi::TRACED }
        | if model.coverage { ffi::COVERED } else { 0 };
    // Each list has an end of its own, for C++ knows no empty ones.
    format!(
        "#include \"{prefix}.h\"
{root}#include \"vrs_model.h\"
static const vrs_port vrs_ports[] = {{
{ports}    {{}}}};
static const vrs_memory vrs_memories[] = {{
{memories}    {{}}}};
static const vrs_place vrs_places[] = {{
{place_items}    {{}}}};
#define VRS_TOP {prefix}
#define VRS_TABLE {table}
#define VRS_BIND {bind}(void)storagepp; (void)topp;
#define VRS_DATA {abilities}, {name:?}, {digest:?}, vrs_ports, vrs_memories, vrs_places, \\
    {port_count}, {memory_count}, {place_count}
#define VRS_TRACE {trace}
#define VRS_COVERAGE {coverage}
{clock}{TOP}",
        place_items = places.iter().map(place).collect::<String>(),
        table = target.table(),
        name = model.name,
        digest = target.inputs.digest,
        port_count = made.ports.len(),
        memory_count = made.memories.len(),
        place_count = places.len(),
        coverage = u32::from(model.coverage),
        clock = clock.map_or(String::new(), |it| format!("#define VRS_CLOCK {}\n", it.member)),
    )
}

/// A port as declared by one of the `VL_IN…`/`VL_OUT…` macros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeaderPort {
    /// Name in the RTL.
    pub(crate) name: String,
    /// Member of the C++ class.
    pub(crate) member: String,
    pub(crate) width: u32,
    pub(crate) direction: Direction,
}

impl HeaderPort {
    /// Size in bytes of its storage.
    pub(crate) fn bytes(&self) -> u32 {
        match self.width {
            ..=64 => self.width.div_ceil(8).next_power_of_two(),
            _ => self.width.div_ceil(32) * 4,
        }
    }
}

/// Reads the ports from a header, in the order of their names: Verilator's own depends on the
/// widths, and the rows of a family are to have the same.
pub(crate) fn ports(model: &str, header: &str) -> Result<Vec<HeaderPort>, BuildError> {
    let mut ports: Vec<HeaderPort> = Vec::new();
    let section = header.lines().map(str::trim).skip_while(|line| *line != "// PORTS").skip(1);
    let ends = |line: &str| {
        ["// CELLS", "// CONSTRUCTORS", "// API"].iter().any(|it| line.starts_with(it))
    };
    // Later sections declare references and pointers that are not ports.
    for line in section.take_while(|line| !ends(line)) {
        if line.is_empty() || line.starts_with("//") {
            continue;
        }
        // `VL_INW(&name,70,0,3);`, and `VL_IN8((&name)[4],7,0);` for an array.
        let (kind, rest) = line.split_once('&').unwrap_or((line, ""));
        let member = rest.split([')', '[', ',', ';']).next().unwrap_or_default();
        let width = || -> Option<u32> {
            let mut bounds = rest.trim_end_matches(");").split(',').skip(1);
            let mut bound = || bounds.next()?.parse::<i64>().ok();
            u32::try_from(bound()?.abs_diff(bound()?) + 1).ok()
        };
        let reason = if kind.starts_with("VL_INOUT") {
            "is inout: wrap the top module in one with an input, an output and an output enable in \
             its place"
        } else if line.contains("VlUnpacked") || rest.contains(")[") {
            "is an unpacked array: pack it, as in `logic [3:0][7:0]`, or wrap the top module in one \
             that does"
        } else if kind.starts_with("double") {
            "is real: wrap the top module in one with its 64 bits for a port, by $bitstoreal and \
             $realtobits"
        } else if !kind.starts_with("VL_") {
            "is no packed vector: wrap the top module in one with such"
        } else if REFUSED.split(' ').any(|name| name == member) {
            "has a name that means something else in C++: rename it, or wrap the top module in one \
             with another name"
        } else if let Some(width) = width() {
            let direction =
                if kind.starts_with("VL_IN") { Direction::Input } else { Direction::Output };
            ports.push(HeaderPort {
                name: decode(member),
                member: member.to_owned(),
                width,
                direction,
            });
            continue;
        } else {
            "is declared in a way that is not understood"
        };
        let name = decode(member);
        let text = format!("model `{model}`: the port `{name}` {reason} (`{line}`)");
        return Err(BuildError::Description(text));
    }
    ports.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(ports)
}

/// Members of the class that Verilator writes, macros of C, and a keyword that it forgets.
const REFUSED: &str = "contextp eval eval_end_step eval_step eventsPending final hierName modelName name \
    nextTimeSlot rootp threads trace vlSymsp CData SData IData QData EData WData BUFSIZ EOF INFINITY \
    M_PI NAN NULL RAND_MAX errno reinterpret_cast";

/// Undoes Verilator's spelling of characters that C++ identifiers cannot have:
/// `__0` and two hexadecimal digits.
pub(crate) fn decode(member: &str) -> String {
    let mut name = String::new();
    // Keywords of C++.
    let mut rest = member.strip_prefix("__SYM__").unwrap_or(member);
    while let Some(at) = rest.find("__0") {
        let code = rest.get(at + 3..at + 5).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        name.push_str(&rest[..at]);
        match code {
            Some(code) if code.is_ascii_graphic() => {
                name.push(char::from(code));
                rest = &rest[at + 5..];
            }
            _ => {
                name.push_str("__0");
                rest = &rest[at + 3..];
            }
        }
    }
    name + rest
}

/// An array of words in the design that the model gives as a slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Name of its method.
    pub(crate) name: String,
    /// Where it is in the RTL, from the top module.
    pub(crate) path: String,
    /// Member of the C++ class of the root.
    pub(crate) member: String,
    /// Bits of a word as stored: 8, 16, 32 or 64.
    pub(crate) bits: u32,
    /// Bits of a word in the RTL.
    pub(crate) width: u32,
    pub(crate) words: u64,
}

/// Finds the memories that a model asks for in the header of its root.
pub(crate) fn memories(model: &Verilate, header: &str) -> Result<Vec<Memory>, BuildError> {
    let found: Vec<Array<'_>> = header.lines().filter_map(array).collect();
    let mut memories: Vec<Memory> = Vec::new();
    for (name, path) in &model.memories {
        let bad = |reason: String| {
            BuildError::Description(format!(
                "model `{}`: the memory `{name}` at `{path}`: {reason}",
                model.name
            ))
        };
        let member = member(&model.top, path);
        let Some(array) = found.iter().find(|array| array.member == member) else {
            return Err(bad(not_there(&model.top, &found)));
        };
        let Some((bits, width)) = array.element() else {
            return Err(bad(format!("its words are `{}`, not up to 64 bits", array.element)));
        };
        let (name, path, words) = (name.clone(), path.clone(), array.words);
        memories.push(Memory { name, path, member, bits, width, words });
    }
    Ok(memories)
}

/// The member of the root that Verilator makes of a path below the top module.
fn member(top: &str, path: &str) -> String {
    let mut member = encode(top);
    for part in path.split('.') {
        member.push_str("__DOT__");
        member.push_str(&encode(part));
    }
    member
}

/// Verilator's spelling of a name in C++: the elements of generate loops, other characters that
/// identifiers cannot have, and the double underscores that its own separators begin with.
fn encode(name: &str) -> String {
    let mut text = String::new();
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '[' => text.push_str("__BRA__"),
            ']' => text.push_str("__KET__"),
            '_' if chars.peek() == Some(&'_') => {
                chars.next();
                text.push_str("___05F");
            }
            c if c.is_ascii_alphanumeric() || c == '_' => text.push(c),
            c => text.push_str(&format!("__0{:02X}", u32::from(c))),
        }
    }
    text
}

fn not_there(top: &str, found: &[Array<'_>]) -> String {
    let begin = format!("{}__DOT__", encode(top));
    let paths: Vec<String> = found
        .iter()
        .filter(|array| array.element().is_some())
        .filter_map(|array| array.member.strip_prefix(&begin))
        // What Verilator adds of its own has names that nobody writes.
        .filter(|rest| !rest.contains("__V"))
        .map(|rest| {
            let names = rest.replace("__BRA__", "[").replace("__KET__", "]");
            decode(&names.replace("__DOT__", "."))
        })
        .collect();
    let there = match paths.is_empty() {
        true => "there is none in this model".to_owned(),
        false => format!("this model has {}", paths.join(", ")),
    };
    format!(
        "no such array; {there}. The path begins below the top module, the array is declared with \
         /*verilator public_flat_rw*/, and its module is inlined (/*verilator inline_module*/ where \
         Verilator does not by itself)"
    )
}

/// An array of one dimension, as the header of the root declares it.
struct Array<'a> {
    member: &'a str,
    element: &'a str,
    words: u64,
}

impl Array<'_> {
    /// Bits as stored and in the RTL.
    fn element(&self) -> Option<(u32, u32)> {
        let (ty, range) = self.element.split_once("/*")?;
        let (high, low) = range.strip_suffix("*/")?.split_once(':')?;
        let width = high.parse::<u32>().ok()?.abs_diff(low.parse().ok()?) + 1;
        let bits = match ty {
            "CData" => 8,
            "SData" => 16,
            "IData" => 32,
            "QData" => 64,
            _ => return None,
        };
        Some((bits, width))
    }
}

/// Reads `VlUnpacked<IData/*31:0*/, 16> top__DOT__words;`.
fn array(line: &str) -> Option<Array<'_>> {
    let (ty, member) = line.trim().strip_prefix("VlUnpacked<")?.rsplit_once("> ")?;
    let (element, words) = ty.rsplit_once(", ")?;
    Some(Array { member: member.strip_suffix(';')?, element, words: words.parse().ok()? })
}

/// Which of `$error`, `$fatal`, `$stop` and `assert` stands at each line at which the C++ files of
/// a folder stop the simulation. They do not tell (before 5.036 `$fatal` is printed as an error),
/// but they name file and line.
pub(crate) fn places(dir: &Path) -> Vec<(String, u32, RtlKind)> {
    let mut places = BTreeSet::new();
    for path in fs::read_dir(dir).into_iter().flatten().filter_map(|it| Some(it.ok()?.path())) {
        if path.extension().is_some_and(|e| e == "cpp" || e == "h") {
            let code = fs::read_to_string(&path).unwrap_or_default();
            places.extend(code.split("VL_STOP_MT(").skip(1).filter_map(place));
        }
    }
    let mut sources: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let kind = |(file, line): (String, u32)| {
        let lines = sources.entry(file.clone()).or_insert_with(|| {
            let text = fs::read_to_string(&file).unwrap_or_default();
            text.lines().map(str::to_owned).collect()
        });
        let kind = classify(lines, line as usize)?;
        Some((file, line, kind))
    };
    places.into_iter().filter_map(kind).collect()
}

/// The file and line at the head of the arguments `"file", line, …`.
fn place(call: &str) -> Option<(String, u32)> {
    let (file, rest) = call.trim_start().strip_prefix('"')?.split_once('"')?;
    let line = rest.trim_start_matches([',', ' ', '\n']).split([',', ')']).next()?.trim();
    Some((file.to_owned(), line.parse().ok()?))
}

/// Reads the statement that holds a line (counted from 1), from the end of the
/// statement before it.
fn classify(lines: &[String], line: usize) -> Option<RtlKind> {
    let here = &*code(lines.get(line.checked_sub(1)?)?);
    if here.contains("$fatal") {
        return Some(RtlKind::Fatal);
    }
    let mut statement = here.to_owned();
    let mut above = line - 1;
    while above > 0 && !has_assert(&statement) {
        above -= 1;
        let text = code(&lines[above]);
        // A statement before this one ends the search; macros need no semicolon.
        let ended = text.ends_with(';') || text.ends_with("end") || text.starts_with('`');
        if ended || line - above > 16 {
            break;
        }
        statement.insert_str(0, &text);
    }
    if has_assert(&statement) {
        Some(RtlKind::Assertion)
    } else if here.contains("$stop") {
        Some(RtlKind::Stop)
    } else {
        here.contains("$error").then_some(RtlKind::Error)
    }
}

/// A line without its texts and its comment.
fn code(line: &str) -> String {
    let outside: String = line.split('"').step_by(2).collect();
    outside.split("//").next().unwrap_or_default().trim().to_owned()
}

/// `assert` as a word, or a macro whose name begins so.
fn has_assert(text: &str) -> bool {
    let lower = text.to_lowercase();
    lower.match_indices("assert").any(|(at, word)| {
        let before = lower[..at].chars().next_back();
        let after = lower[at + word.len()..].chars().next();
        match before {
            Some('`') => true,
            Some(c) if c.is_alphanumeric() || c == '_' || c == '$' => false,
            _ => !after.is_some_and(|c| c.is_alphanumeric() || c == '_'),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "  public:\n\n    // PORTS\n    // Comment.\n    VL_IN8(&clk_i,0,0);
    VL_IN8(&en__024x_i,0,0);\n    VL_IN8(&a___05Fb_i,3,1);\n    VL_OUTW(&w_o,199,0,7);
    VL_OUT64(&time,63,0);\n\n    // CELLS\n    Vx___024root* const rootp;\n";

    #[test]
    fn ports_are_read() {
        let ports = ports("m", HEADER).unwrap();
        let seen: Vec<_> = ports.iter().map(|p| (&*p.name, p.width)).collect();
        assert_eq!(seen, [("a__b_i", 3), ("clk_i", 1), ("en$x_i", 1), ("time", 64), ("w_o", 200),]);
        assert_eq!(ports[4].bytes(), 28);
        assert_eq!(ports[3].direction, Direction::Output);
    }

    #[test]
    fn odd_ports_are_named() {
        for (line, name) in [
            ("VL_IN8((&u_i)[4],3,0);", "u_i"),
            ("VL_INW((&w_i)[2],64,0,3);", "w_i"),
            ("VlUnpacked<CData/*3:0*/, 4> &u_i;", "u_i"),
            ("VL_INOUT8(&b_io,7,0);", "b_io"),
            ("double &r_o;", "r_o"),
            ("std::string &s__024i;", "s$i"),
            ("VL_IN8(&eval,0,0);", "eval"),
        ] {
            let error = self::ports("m", &format!("// PORTS\n{line}\n// CELLS\n")).unwrap_err();
            assert!(error.to_string().contains(&format!("the port `{name}` ")), "{error}");
        }
    }

    const ROOT: &str =
        "    VlUnpacked<CData/*6:0*/, 7> soc__DOT__gen_n__BRA__0__KET____DOT__narrow;
    VlUnpacked<IData/*31:0*/, 16> soc__DOT__u_ram__DOT__words;
    VlUnpacked<QData/*63:0*/, 1> __VactTriggered;
    VlUnpacked<VlUnpacked<IData/*31:0*/, 2>, 16> soc__DOT__u_ram__DOT__two;
    VlUnpacked<VlWide<3>/*95:0*/, 16> soc__DOT__u_ram__DOT__wide;
    CData/*3:0*/ soc__DOT__u_ram__DOT__state_q;\n";

    fn model(name: &str, path: &str) -> Verilate {
        Verilate::new("m", "soc").memory(name, path)
    }

    #[test]
    fn memories_are_found() {
        let find = |path| memories(&model("ram", path), ROOT).unwrap().remove(0);
        let words = find("u_ram.words");
        assert_eq!((&*words.member, words.bits), ("soc__DOT__u_ram__DOT__words", 32));
        assert_eq!((words.width, words.words), (32, 16));
        let narrow = find("gen_n[0].narrow");
        assert_eq!((narrow.bits, narrow.width, narrow.words), (8, 7, 7));
    }

    #[test]
    fn names_are_spelt_as_verilator_does() {
        assert_eq!(member("a__b", "u$x.c_d"), "a___05Fb__DOT__u__024x__DOT__c_d");
    }

    #[test]
    fn mistakes_name_the_path_and_what_there_is() {
        let error = |name, path| memories(&model(name, path), ROOT).unwrap_err().to_string();
        let text = error("ram", "u_rom.words");
        for part in ["`u_rom.words`", "no such array", "u_ram.words", "gen_n[0].narrow"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains("Triggered") && !text.contains("state_q"), "{text}");
        assert!(error("ram", "u_ram.two").contains("`VlUnpacked<IData/*31:0*/, 2>`"));
        assert!(error("ram", "u_ram.wide").contains("not up to 64 bits"));
    }

    #[test]
    fn statements_are_told_apart() {
        let lines: Vec<String> = [
            "if (a) $error(\"x\");",
            "ap: assert property (@(posedge clk_i) a)",
            "  else $error(\"y\");",
            "  $fatal(1, \"z\");",
            "  $stop;",
            "  `ASSERT(Name, a, clk_i)",
            "  $error(\"assert is a word\");",
            "  sum += a; // assert",
        ]
        .map(str::to_owned)
        .to_vec();
        let kinds: Vec<_> = (1..=8).map(|line| classify(&lines, line)).collect();
        use RtlKind::{Assertion, Error, Fatal, Stop};
        assert_eq!(
            kinds[..6],
            [
                Some(Error),
                Some(Assertion),
                Some(Assertion),
                Some(Fatal),
                Some(Stop),
                Some(Assertion)
            ]
        );
        assert_eq!(kinds[6..], [Some(Error), None]);
        assert_eq!(place("\"a.sv\", 12, \"\");"), Some(("a.sv".to_owned(), 12)));
    }
}
