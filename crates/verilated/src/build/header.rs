// SPDX-License-Identifier: MIT OR Apache-2.0
//! The ports and memories of a model, from the headers Verilator writes.

use super::{BuildError, Verilate};
use crate::Direction;

/// A port as declared by one of the `VL_IN…`/`VL_OUT…` macros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeaderPort {
    /// Name in the RTL.
    pub(crate) name: String,
    /// Member of the C++ class.
    pub(crate) member: String,
    /// Name in Rust.
    pub(crate) ident: String,
    pub(crate) width: u32,
    pub(crate) direction: Direction,
}

impl HeaderPort {
    /// Size in bytes of the storage of a port of up to 64 bits; 0 for a wider one.
    pub(crate) fn bytes(&self) -> u32 {
        match self.width {
            0..=8 => 1,
            9..=16 => 2,
            17..=32 => 4,
            33..=64 => 8,
            _ => 0,
        }
    }

    /// Size in bytes of the storage of any port.
    pub(crate) fn storage(&self) -> u32 {
        if self.bytes() == 0 { self.words() * 4 } else { self.bytes() }
    }

    /// 32-bit words of a port wider than 64 bits.
    pub(crate) fn words(&self) -> u32 {
        self.width.div_ceil(32)
    }
}

/// Reads the ports from a header, in the order of their names: Verilator's own depends on the
/// widths, and the rows of a family are to have the same.
pub(crate) fn ports(model: &str, header: &str) -> Result<Vec<HeaderPort>, BuildError> {
    let bad = |port: &str, reason: &str| BuildError::BadPort {
        model: model.to_owned(),
        port: port.to_owned(),
        reason: reason.to_owned(),
    };
    let mut ports: Vec<HeaderPort> = Vec::new();
    let section = header.lines().map(str::trim).skip_while(|line| *line != "// PORTS").skip(1);
    // Later sections declare references and pointers that are not ports.
    for line in section.take_while(|line| !is_section(line)) {
        if line.is_empty() || line.starts_with("//") {
            continue;
        }
        if line.starts_with("VL_INOUT") {
            return Err(bad(line, "it is bidirectional"));
        }
        if line.contains("VlUnpacked") || line.contains(")[") {
            return Err(bad(line, "it is an unpacked array"));
        }
        let (direction, rest) = if let Some(rest) = line.strip_prefix("VL_IN") {
            (Direction::Input, rest)
        } else if let Some(rest) = line.strip_prefix("VL_OUT") {
            (Direction::Output, rest)
        } else {
            return Err(bad(line, "it is no packed vector"));
        };
        let arguments = rest.split_once("(&").and_then(|(_, rest)| rest.strip_suffix(");"));
        let arguments = arguments.ok_or_else(|| bad(line, "its declaration is not understood"))?;
        let mut parts = arguments.split(',').map(str::trim);
        let member = parts.next().unwrap_or_default();
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<i64>().ok());
        let (Some(high), Some(low)) = (number(parts.next()), number(parts.next())) else {
            return Err(bad(line, "its range is not understood"));
        };
        let name = decode(member);
        let ident = identifier(&name);
        if let Some(other) = ports.iter().find(|port| port.ident == ident) {
            return Err(bad(&name, &format!("in Rust it has the same name as `{}`", other.name)));
        }
        let width =
            u32::try_from(high.abs_diff(low) + 1).map_err(|_| bad(line, "it is too wide"))?;
        ports.push(HeaderPort { name, member: member.to_owned(), ident, width, direction });
    }
    ports.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(ports)
}

fn is_section(line: &str) -> bool {
    line.starts_with("// CELLS")
        || line.starts_with("// CONSTRUCTORS")
        || line.starts_with("// API")
}

/// Undoes Verilator's spelling of characters that C++ identifiers cannot have:
/// `__0` and two hexadecimal digits.
pub(crate) fn decode(member: &str) -> String {
    let mut name = String::new();
    let mut rest = member;
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

/// A Rust identifier for a port: other characters become underscores, and the names
/// of keywords and of the methods all models have get one at the end.
fn identifier(name: &str) -> String {
    let mut ident: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if ident.starts_with(|c: char| c.is_ascii_digit()) {
        ident.insert(0, '_');
    }
    if ident.chars().all(|c| c == '_') || is_keyword(&ident) || METHODS.contains(&&*ident) {
        ident.push('_');
    }
    ident
}

pub(crate) const METHODS: &[&str] = &[
    "new",
    "eval",
    "tick",
    "run_cycles",
    "run_until",
    "port",
    "time",
    "cycles",
    "finished",
    "finalize",
    "open_trace",
    "start_trace",
    "stop_trace",
    "flush_trace",
    "close_trace",
    "write_coverage",
    "take_output",
    "builtin",
    "from_library",
    "library",
    "wrap",
    "bind",
    "storage",
    "storage_mut",
    "deref",
    "deref_mut",
    "drop",
];

pub(crate) fn is_keyword(word: &str) -> bool {
    [
        "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
        "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
        "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub",
        "ref", "return", "self", "Self", "static", "struct", "super", "trait", "true", "try",
        "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
    ]
    .contains(&word)
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
pub(crate) fn memories(
    model: &Verilate,
    ports: &[HeaderPort],
    header: &str,
) -> Result<Vec<Memory>, BuildError> {
    let found = arrays(header);
    let mut memories: Vec<Memory> = Vec::new();
    for (name, path) in &model.memories {
        let bad = |reason: String| BuildError::BadMemory {
            model: model.name.clone(),
            memory: name.clone(),
            path: path.clone(),
            reason,
        };
        check_name(name, ports, &memories).map_err(bad)?;
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

fn check_name(name: &str, ports: &[HeaderPort], memories: &[Memory]) -> Result<(), String> {
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !fits {
        return Err("the name is not lower-case letters, digits and underscores".to_owned());
    }
    let methods = [name.to_owned(), format!("{name}_mut")];
    for method in methods {
        let taken = is_keyword(&method)
            || METHODS.contains(&&*method)
            || ports
                .iter()
                .any(|port| port.ident == method || format!("set_{}", port.ident) == method)
            || memories.iter().any(|it| it.name == method || format!("{}_mut", it.name) == method);
        if taken {
            return Err(format!("a method `{method}` cannot be made; choose another name"));
        }
    }
    Ok(())
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

/// The arrays that the header of a root declares.
fn arrays(header: &str) -> Vec<Array<'_>> {
    header.lines().filter_map(array).collect()
}

/// Reads `VlUnpacked<IData/*31:0*/, 16> top__DOT__words;`.
fn array(line: &str) -> Option<Array<'_>> {
    let (ty, member) = line.trim().strip_prefix("VlUnpacked<")?.rsplit_once("> ")?;
    let (element, words) = ty.rsplit_once(", ")?;
    Some(Array { member: member.strip_suffix(';')?, element, words: words.parse().ok()? })
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
        let seen: Vec<_> = ports.iter().map(|p| (&*p.name, &*p.ident, p.width)).collect();
        assert_eq!(
            seen,
            [
                ("a__b_i", "a__b_i", 3),
                ("clk_i", "clk_i", 1),
                ("en$x_i", "en_x_i", 1),
                ("time", "time_", 64),
                ("w_o", "w_o", 200),
            ]
        );
        assert_eq!((ports[4].words(), ports[4].bytes()), (7, 0));
        assert_eq!(ports[3].direction, Direction::Output);
    }

    #[test]
    fn odd_ports_are_named() {
        for line in [
            "VL_IN8((&u_i)[4],3,0);",
            "VlUnpacked<CData/*3:0*/, 4> &u_i;",
            "VL_INOUT8(&b_io,7,0);",
            "double &r_o;",
        ] {
            let error = self::ports("m", &format!("// PORTS\n{line}\n// CELLS\n")).unwrap_err();
            assert!(error.to_string().contains(line), "{error}");
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
        let find = |path| memories(&model("ram", path), &[], ROOT).unwrap().remove(0);
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
        let error = |name, path| memories(&model(name, path), &[], ROOT).unwrap_err().to_string();
        let text = error("ram", "u_rom.words");
        for part in ["`u_rom.words`", "no such array", "u_ram.words", "gen_n[0].narrow"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains("Triggered") && !text.contains("state_q"), "{text}");
        assert!(error("ram", "u_ram.two").contains("`VlUnpacked<IData/*31:0*/, 2>`"));
        assert!(error("ram", "u_ram.wide").contains("not up to 64 bits"));
        assert!(error("Ram", "u_ram.words").contains("lower-case"));
        assert!(error("tick", "u_ram.words").contains("`tick`"));
    }
}
