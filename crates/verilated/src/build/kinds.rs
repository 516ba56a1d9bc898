// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which of `$error`, `$fatal`, `$stop` and `assert` stands at a line of the RTL.
//!
//! The generated code does not tell them apart (Verilator before 5.036 prints `$fatal`
//! as an error), but it names file and line.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::RtlKind;

/// Looks up all lines at which the C++ files of a folder stop the simulation.
pub(crate) fn find(dir: &Path) -> Vec<(String, u32, RtlKind)> {
    let mut places = BTreeMap::new();
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.extension().is_some_and(|e| e == "cpp" || e == "h")
            && let Ok(code) = fs::read_to_string(&path)
        {
            for call in code.split("VL_STOP_MT(").skip(1) {
                if let Some(place) = place(call) {
                    places.insert(place, ());
                }
            }
        }
    }
    let mut sources: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut kinds = Vec::new();
    for (file, line) in places.into_keys() {
        let lines = sources.entry(file.clone()).or_insert_with(|| {
            let text = fs::read_to_string(&file).unwrap_or_default();
            text.lines().map(str::to_owned).collect()
        });
        if let Some(kind) = classify(lines, line as usize) {
            kinds.push((file, line, kind));
        }
    }
    kinds
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
