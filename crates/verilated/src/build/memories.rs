//! Memories: unpacked arrays inside of the design, from the header of its root.

use super::ports::{HeaderPort, METHODS, decode, is_keyword};
use super::{BuildError, Verilate};

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
pub(crate) fn find(
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
    header.lines().filter_map(parse).collect()
}

/// Reads `VlUnpacked<IData/*31:0*/, 16> top__DOT__words;`.
fn parse(line: &str) -> Option<Array<'_>> {
    let (ty, member) = line.trim().strip_prefix("VlUnpacked<")?.rsplit_once("> ")?;
    let (element, words) = ty.rsplit_once(", ")?;
    Some(Array { member: member.strip_suffix(';')?, element, words: words.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str =
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
        let find = |path| find(&model("ram", path), &[], HEADER).unwrap().remove(0);
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
        let error = |name, path| find(&model(name, path), &[], HEADER).unwrap_err().to_string();
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
