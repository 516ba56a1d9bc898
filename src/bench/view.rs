// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a viewer of waveforms shows first: a save file for GTKWave and a command file for Surfer, made
//! of one list of signals.

use std::fmt::Write as _;
use std::path::Path;

use super::report::line;
use super::under_test::{ReplayError, write};

/// Titles with signals below them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    title: String,
    top: &'static str,
    /// A time to point at, if it is not 0.
    marker: u64,
    lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Line {
    Title(String),
    Signal {
        /// Below the top module.
        path: String,
        /// What it is called instead, where a viewer can.
        alias: Option<String>,
        /// How it is shown: b binary, d decimal, h hexadecimal.
        radix: char,
        bits: u32,
    },
}

impl View {
    /// A line of `groups` is a title, a colon and signals; of one with several bits, behind a slash,
    /// how it is shown and how many: `data_be/b4`.
    pub(super) fn new(title: &str, top: &'static str, marker: u64, groups: &str) -> Self {
        let mut view = Self { title: title.to_owned(), top, marker, lines: Vec::new() };
        for (title, signals) in groups.lines().filter_map(|line| line.rsplit_once(": ")) {
            view.title(title);
            for signal in signals.split_whitespace() {
                let (path, form) = signal.split_once('/').unwrap_or((signal, "b1"));
                view.signal(path, None, form);
            }
        }
        view
    }

    pub(super) fn title(&mut self, title: &str) {
        self.lines.push(Line::Title(title.to_owned()));
    }

    pub(super) fn signal(&mut self, path: &str, alias: Option<String>, form: &str) {
        let (radix, bits) = (form.chars().next(), form.get(1..).and_then(|it| it.parse().ok()));
        let (Some(radix), Some(bits)) = (radix, bits) else {
            panic!("{path} has the form {form:?}")
        };
        self.lines.push(Line::Signal { path: path.to_owned(), alias, radix, bits });
    }

    /// Writes both files beside a waveform, under its name.
    ///
    /// # Errors
    /// If one cannot be written.
    pub fn write(&self, wave: &Path) -> Result<(), ReplayError> {
        let name = wave.file_name().unwrap_or_default().to_string_lossy();
        write(&wave.with_extension("gtkw"), self.gtkwave(&name))?;
        write(&wave.with_extension("sucl"), self.surfer())
    }

    fn gtkwave(&self, wave: &str) -> String {
        let mut text = format!("[*] {}\n[dumpfile] \"{wave}\"\n", self.title);
        if self.marker != 0 {
            // Zoom, the marker, and 26 further ones that are nowhere.
            line!(text, "*-5.000000 {}{}", self.marker, " -1".repeat(26));
        }
        for line in &self.lines {
            match line {
                Line::Title(title) => line!(text, "@200\n-{title}"),
                Line::Signal { path, alias, radix, bits } => {
                    // GTKWave's trace flags.
                    let flags = match radix {
                        'b' => "@28",
                        'd' => "@24",
                        _ => "@22",
                    };
                    let alias = alias.as_ref().map_or(String::new(), |it| format!("+{{{it}}} "));
                    let range = match bits {
                        1 => String::new(),
                        bits => format!("[{}:0]", bits - 1),
                    };
                    line!(text, "{flags}\n{alias}TOP.{}.{path}{range}", self.top);
                }
            }
        }
        text
    }

    fn surfer(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            match line {
                // It takes one word.
                Line::Title(title) => {
                    let words = title.split(" (").next().unwrap_or_default();
                    let words = words.split(|c: char| !c.is_alphanumeric());
                    let words: Vec<&str> = words.filter(|it| !it.is_empty()).collect();
                    line!(text, "divider_add {}", words.join("_"));
                }
                // An entry of an array is a signal in a scope of the array's name.
                Line::Signal { path, .. } => {
                    let (scope, name) = path.rsplit_once('.').unwrap_or(("", path));
                    let dot = if scope.is_empty() { "" } else { "." };
                    let name = name.replacen('[', ".[", 1);
                    line!(text, "variable_add TOP.{}.{scope}{dot}{name}", self.top);
                }
            }
        }
        if self.marker != 0 {
            line!(text, "cursor_set {}", self.marker);
        }
        text
    }
}
