//! The ports of a model, from the header Verilator writes.

use super::BuildError;
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

/// Reads the ports from a header.
pub(crate) fn parse(model: &str, header: &str) -> Result<Vec<HeaderPort>, BuildError> {
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
    "core",
    "core_mut",
    "storage",
    "drop",
    "PORTS",
    "NAME",
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

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "  public:\n\n    // PORTS\n    // Comment.\n    VL_IN8(&clk_i,0,0);
    VL_IN8(&en__024x_i,0,0);\n    VL_IN8(&a___05Fb_i,3,1);\n    VL_OUTW(&w_o,199,0,7);
    VL_OUT64(&time,63,0);\n\n    // CELLS\n    Vx___024root* const rootp;\n";

    #[test]
    fn ports_are_read() {
        let ports = parse("m", HEADER).unwrap();
        let seen: Vec<_> = ports.iter().map(|p| (&*p.name, &*p.ident, p.width)).collect();
        assert_eq!(
            seen,
            [
                ("clk_i", "clk_i", 1),
                ("en$x_i", "en_x_i", 1),
                ("a__b_i", "a__b_i", 3),
                ("w_o", "w_o", 200),
                ("time", "time_", 64)
            ]
        );
        assert_eq!((ports[3].words(), ports[3].bytes()), (7, 0));
        assert_eq!(ports[4].direction, Direction::Output);
    }

    #[test]
    fn odd_ports_are_named() {
        for line in [
            "VL_IN8((&u_i)[4],3,0);",
            "VlUnpacked<CData/*3:0*/, 4> &u_i;",
            "VL_INOUT8(&b_io,7,0);",
            "double &r_o;",
        ] {
            let error = parse("m", &format!("// PORTS\n{line}\n// CELLS\n")).unwrap_err();
            assert!(error.to_string().contains(line), "{error}");
        }
    }
}
