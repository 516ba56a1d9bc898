// SPDX-License-Identifier: MIT OR Apache-2.0
//! What commands print, and how they read lists and names.

use std::fmt::{self, Display, Write as _};
use std::io::{self, Write as _};
use std::ops::Deref;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};

use study::Status;

/// Prints a line on standard output.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::cli::output::print(format_args!("{}\n", format_args!($($text)*)).to_string().as_bytes())
    };
}

/// Prints a line on standard error; where that cannot be written to, nobody listens.
macro_rules! note {
    ($($text:tt)*) => {{
        let text = format_args!("{}\n", format_args!($($text)*)).to_string();
        let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
    }};
}

/// Whether standard output is a pipe that nobody reads any more.
static UNREAD: AtomicBool = AtomicBool::new(false);
/// Whether something could not be written to standard output.
static LOST: AtomicBool = AtomicBool::new(false);

/// Writes to standard output at once. Where that fails, the command goes on in silence, so that its
/// result files are complete.
pub(super) fn print(bytes: &[u8]) {
    let mut out = io::stdout();
    if !is_unread()
        && !LOST.load(Ordering::Relaxed)
        && let Err(error) = out.write_all(bytes).and_then(|()| out.flush())
    {
        cannot_print(&error);
    }
}

/// Tells that standard output cannot be written to; of a pipe that nobody reads, nothing is told.
pub(super) fn cannot_print(error: &io::Error) {
    if error.kind() == io::ErrorKind::BrokenPipe {
        UNREAD.store(true, Ordering::Relaxed);
    } else if !LOST.swap(true, Ordering::Relaxed) {
        note!("error: cannot write to standard output: {error}");
    }
}

/// Whether nobody reads what is printed.
pub(super) fn is_unread() -> bool {
    UNREAD.load(Ordering::Relaxed)
}

/// How a command ends that would end so if standard output had taken everything.
pub(super) fn ends(status: Status) -> Status {
    let lost = LOST.load(Ordering::Relaxed) && status == Status::Good;
    if lost { Status::BadInput } else { status }
}

/// A list with commas, blanks, or both between, in which nothing is twice: a row of a table stands for
/// each.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct List<T>(pub Vec<T>);

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: FromStr<Err: Display> + PartialEq> FromStr for List<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut list = Vec::new();
        for item in text.split([',', ' ', '\t', '\n']).filter(|item| !item.is_empty()) {
            let parsed = item.parse().map_err(|error| format!("{item:?}: {error}"))?;
            if list.contains(&parsed) {
                return Err(format!("{item} is there twice"));
            }
            list.push(parsed);
        }
        if list.is_empty() { Err("the list is empty".to_owned()) } else { Ok(Self(list)) }
    }
}

impl<T: Display> Display for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut items = self.0.iter();
        if let Some(first) = items.next() {
            write!(f, "{first}")?;
        }
        items.try_for_each(|item| write!(f, ",{item}"))
    }
}

/// What to say behind a name that there is not: the nearest of those that there are, and all of them.
pub(super) fn instead<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let similar = |it: &&str| (1000.0 * strsim::jaro_winkler(name, it)) as u32;
    let nearest = known.iter().rev().copied().max_by_key(similar).filter(|it| similar(it) > 750);
    let mut text = String::new();
    if let Some(nearest) = nearest {
        // Writing into a String cannot fail.
        let _ = write!(text, "did you mean {nearest}? ");
    }
    format!("{text}there are {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_take_commas_and_blanks() {
        for text in ["1,2,3", "1, 2, 3", " 1 2  3,"] {
            assert_eq!(text.parse(), Ok(List(vec![1_u32, 2, 3])), "{text:?}");
        }
        assert_eq!(List(vec![1, 2]).to_string(), "1,2");
        for (text, words) in [
            (" ,", "the list is empty"),
            ("1,x", "\"x\": invalid digit"),
            ("7,07", "07 is there twice"),
        ] {
            assert!(text.parse::<List<u32>>().unwrap_err().contains(words), "{text:?}");
        }
    }

    #[test]
    fn the_nearest_name_is_offered() {
        assert!(
            instead("helo", ["sort", "hello"]).starts_with("did you mean hello? there are sort")
        );
        assert_eq!(instead("xyz", ["sort", "hello"]), "there are sort, hello");
    }
}
