// SPDX-License-Identifier: MIT OR Apache-2.0
//! The filters: built in, or from a file.

use std::path::Path;

use crate::Error;
use model::conv::{Kernel, MAX_SIDE};
use model::files;

/// Bytes of a file of filters at most.
const MAX_BYTES: u64 = 1 << 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    pub name: String,
    pub kernel: Kernel,
}

/// The 3×3 filters that are built in, integers as in the textbooks.
#[rustfmt::skip]
const BUILT_IN: [(&str, [i32; 9]); 8] = [
    ("sobel_x",   [-1,  0,  1,  -2,  0,  2,  -1,  0,  1]),
    ("sobel_y",   [-1, -2, -1,   0,  0,  0,   1,  2,  1]),
    ("laplacian", [ 0,  1,  0,   1, -4,  1,   0,  1,  0]),
    ("gaussian",  [ 1,  2,  1,   2,  4,  2,   1,  2,  1]),
    ("sharpen",   [ 0, -1,  0,  -1,  5, -1,   0, -1,  0]),
    ("emboss",    [-2, -1,  0,  -1,  1,  1,   0,  1,  2]),
    ("box",       [ 1,  1,  1,   1,  1,  1,   1,  1,  1]),
    (SHARPEN9,    [-1, -1, -1,  -1,  9, -1,  -1, -1, -1]),
];

/// The filter that the paper's table fits ([`ideal`](super::super::ideal)).
pub const SHARPEN9: &str = "sharpen9";

/// The names of all built-in filters.
pub fn built_in_names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|&(name, _)| name)
}

/// The built-in filters of these names; if there are none, all but [`SHARPEN9`].
pub fn built_in(names: &[String]) -> Result<Vec<Filter>, Error> {
    let filter = |&(name, weights): &(&str, [i32; 9])| Filter {
        name: name.to_owned(),
        kernel: Kernel::new(3, weights.to_vec()).expect("the table has 3×3 weights"),
    };
    if names.is_empty() {
        return Ok(BUILT_IN.iter().filter(|it| it.0 != SHARPEN9).map(filter).collect());
    }
    let find = |name: &String| {
        let found = BUILT_IN.iter().find(|(known, _)| known == name);
        let unknown = || {
            let names = BUILT_IN.map(|(name, _)| name).join(", ");
            Error::Input(format!("no filter is called {name:?}; built in are {names}"))
        };
        found.map(filter).ok_or_else(unknown)
    };
    names.iter().map(find).collect()
}

/// Filters from a text file: a line `[name]`, then the rows of integers of one square kernel; `#`
/// begins a comment.
pub fn from_file(path: &Path) -> Result<Vec<Filter>, Error> {
    let text = files::read_text(path, MAX_BYTES).map_err(|source| Error::read(path, source))?;
    let wrong = |line: usize, reason: String| {
        Error::Input(format!("{}:{}: {reason}", path.display(), line + 1))
    };
    // The filter being read: its name, its line, its rows.
    let mut filters = Vec::new();
    let mut current: Option<(String, usize, Vec<Vec<i32>>)> = None;
    let finish = |(name, line, rows): (String, usize, Vec<Vec<i32>>)| {
        let side = rows.len();
        if !(1..=MAX_SIDE).contains(&side) || rows.iter().any(|row| row.len() != side) {
            let sizes: Vec<String> = rows.iter().map(|row| row.len().to_string()).collect();
            let reason = format!(
                "filter {name:?} is not square with 1 to {MAX_SIDE} rows: {side} rows of {} weights",
                sizes.join(", ")
            );
            return Err(wrong(line, reason));
        }
        let kernel = Kernel::new(side, rows.concat()).map_err(|e| wrong(line, e.to_string()))?;
        Ok(Filter { name, kernel })
    };
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or("").trim();
        if line.is_empty() {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            filters.extend(current.take().map(finish).transpose()?);
            current = Some((name.trim().to_owned(), number, Vec::new()));
            continue;
        }
        let Some((_, _, rows)) = &mut current else {
            return Err(wrong(number, "weights before the first [name] line".into()));
        };
        let weight = |word: &str| {
            let reason = |_| wrong(number, format!("{word:?} is not a 32-bit integer"));
            word.parse::<i32>().map_err(reason)
        };
        rows.push(line.split_whitespace().map(weight).collect::<Result<_, _>>()?);
    }
    filters.extend(current.take().map(finish).transpose()?);
    if filters.is_empty() {
        return Err(wrong(0, "no filter: a filter begins with a line [name]".into()));
    }
    Ok(filters)
}

/// Characters of a filter's name at most: it becomes part of the names of folders.
const NAME: usize = 64;

/// Refuses names that are too long, and that folders or rows could not tell apart.
pub(super) fn check_names(filters: &[Filter]) -> Result<(), Error> {
    let plain = |it: char| it.is_ascii_alphanumeric() || "-_.".contains(it);
    let folder = |filter: &Filter| filter.name.to_lowercase().replace(|it| !plain(it), "_");
    for (i, filter) in filters.iter().enumerate() {
        let name = &filter.name;
        if name.is_empty() || name.chars().count() > NAME || name.contains(char::is_control) {
            return Err(Error::Input(format!(
                "a filter is called {name:?}: a name has 1 to {NAME} characters"
            )));
        }
        if let Some(other) = filters[..i].iter().find(|other| folder(other) == folder(filter)) {
            return Err(Error::Input(format!(
                "two filters are called {:?} and {name:?}: rename one, other than by letter case or \
                 punctuation",
                other.name
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<Filter>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("filters.txt");
        std::fs::write(&path, text).unwrap();
        let name = |error: Error| error.to_string().replace(path.to_str().unwrap(), "F");
        from_file(&path).map_err(name)
    }

    #[test]
    fn a_file_of_two_filters() {
        let found = parse("# mine\n[a]\n1 0 -1\n2 0 -2 # twice\n1 0 -1\n\n[ b c ]\n7\n").unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].name.as_str(), found[0].kernel.side()), ("a", 3));
        assert_eq!(found[0].kernel.weights(), [1, 0, -1, 2, 0, -2, 1, 0, -1]);
        assert_eq!((found[1].name.as_str(), found[1].kernel.weights()), ("b c", &[7][..]));
    }

    #[test]
    fn a_wrong_file_is_refused_with_its_line() {
        let cases = [
            ("1 2\n", "F:1: weights before the first [name] line"),
            ("", "F:1: no filter: a filter begins with a line [name]"),
            ("[a]\n1 x\n", "F:2: \"x\" is not a 32-bit integer"),
            (
                "[a]\n1 2\n3\n",
                "F:1: filter \"a\" is not square with 1 to 7 rows: 2 rows of 2, 1 weights",
            ),
            (
                "\n[a]\n[b]\n1\n",
                "F:2: filter \"a\" is not square with 1 to 7 rows: 0 rows of  weights",
            ),
            ("[a]\n4294967296\n", "F:2: \"4294967296\" is not a 32-bit integer"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).unwrap_err(), expected);
        }
        assert!(
            from_file(Path::new("/nonexistent")).unwrap_err().to_string().contains("cannot read")
        );
    }

    #[test]
    fn names_find_built_in_filters() {
        assert_eq!(built_in(&[]).unwrap().len(), 7);
        let found = built_in(&["box".into(), "sobel_x".into()]).unwrap();
        assert_eq!(found[0].kernel.weights(), [1; 9]);
        let error = built_in(&["sobel".into()]).unwrap_err().to_string();
        assert!(error.contains("sobel_x, sobel_y"), "{error}");
        assert!(check_names(&found).is_ok());
        let named = |name: &str| Filter { name: name.to_owned(), ..found[0].clone() };
        for (names, expected) in [
            (&["box", "box"][..], "called \"box\" and \"box\""),
            (&["a/b", "a_b"], "called \"a/b\" and \"a_b\""),
            (&["all", "All"], "called \"all\" and \"All\""),
            (&[""], "1 to 64 characters"),
            (&[&"x".repeat(65)], "1 to 64 characters"),
        ] {
            let filters: Vec<Filter> = names.iter().map(|it| named(it)).collect();
            let error = check_names(&filters).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
