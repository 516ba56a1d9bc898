// SPDX-License-Identifier: MIT OR Apache-2.0
//! Result tables: one struct per table, which its rows are written from and read into, and whose
//! documentation is that of the columns.
//!
//! [`table!`](crate::table) declares such a struct, and [`columns!`](crate::columns) columns that
//! several tables have. Fields have types that say how they are written ([`Field`]); the order of
//! the fields is that of the columns. A number that is not finite is never written, and a column
//! that the struct does not have is never read.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use csv::{StringRecord, StringRecordIter};
use model::files;
use model::nn::Activation;
use thiserror::Error;

use crate::report::atomic::{WriteError, write_atomic};

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in the header.
    pub name: &'static str,
    /// The name that it had in tables of earlier versions; they can still be read.
    pub former_name: Option<&'static str>,
    /// What it holds, as the source has it: with its line breaks.
    pub source_doc: &'static str,
}

impl Column {
    /// What it holds, in one line.
    pub fn doc(&self) -> String {
        one_line(self.source_doc)
    }

    /// Its unit, which its name tells; empty for text and for pure numbers.
    pub fn unit(&self) -> &'static str {
        const UNITS: [(&str, &str); 20] = [
            ("percent", "%"),
            ("percentage", "%"),
            ("points", "percentage points"),
            ("db", "dB"),
            ("pj", "pJ"),
            ("nj", "nJ"),
            ("bits", "bits"),
            ("frac", "bits"),
            ("threshold", "2^−F"),
            ("cycles", "cycles"),
            ("instructions", "instructions"),
            ("words", "words"),
            ("multiplications", "multiplications"),
            ("products", "products"),
            ("windows", "windows"),
            ("outputs", "outputs"),
            ("images", "images"),
            ("um2", "µm²"),
            ("kge", "kGE"),
            ("ns", "ns"),
        ];
        // The last word of the name that is a unit: `share_percent`, `cycles_average`.
        let word = |word: &str| UNITS.iter().find(|(name, _)| *name == word).map(|(_, unit)| *unit);
        self.name.rsplit('_').find_map(word).unwrap_or_default()
    }
}

/// A documentation comment without its line breaks.
pub(crate) fn one_line(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One column, of a [`Field`], or several, of a struct by [`columns!`](crate::columns).
pub trait Columns: Sized {
    /// The columns in order, of a struct's field that is described by `field`.
    fn columns(field: Column) -> Vec<Column>;

    /// Appends the fields to a record; the name of the column whose number is not finite otherwise.
    fn append(&self, name: &'static str, record: &mut StringRecord) -> Result<(), &'static str>;

    /// Takes the fields from a record.
    fn take(name: &'static str, fields: &mut StringRecordIter<'_>) -> Result<Self, Refused>;

    /// A value that could be, for tests.
    fn example() -> Self;
}

impl<T: Field> Columns for T {
    fn columns(field: Column) -> Vec<Column> {
        vec![field]
    }

    fn append(&self, name: &'static str, record: &mut StringRecord) -> Result<(), &'static str> {
        if !self.is_finite() {
            return Err(name);
        }
        let mut text = String::new();
        self.write(&mut text);
        record.push_field(&text);
        Ok(())
    }

    fn take(name: &'static str, fields: &mut StringRecordIter<'_>) -> Result<Self, Refused> {
        let text = fields.next().unwrap_or_default();
        let refused = || Refused { column: name, expected: T::EXPECTED, value: text.to_owned() };
        T::read(text).ok_or_else(refused)
    }

    fn example() -> Self {
        T::read(T::EXAMPLE).expect("the example is one")
    }
}

/// Columns that some rows leave empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Maybe<C>(pub Option<C>);

impl<C: Columns> Columns for Maybe<C> {
    fn columns(field: Column) -> Vec<Column> {
        C::columns(field)
    }

    fn append(&self, name: &'static str, record: &mut StringRecord) -> Result<(), &'static str> {
        match &self.0 {
            Some(columns) => columns.append(name, record)?,
            None => C::columns(NO_FIELD).iter().for_each(|_| record.push_field("")),
        }
        Ok(())
    }

    fn take(name: &'static str, fields: &mut StringRecordIter<'_>) -> Result<Self, Refused> {
        let mut rest = fields.clone();
        if rest.by_ref().take(C::columns(NO_FIELD).len()).all(str::is_empty) {
            *fields = rest;
            return Ok(Self(None));
        }
        C::take(name, fields).map(|columns| Self(Some(columns)))
    }

    fn example() -> Self {
        Self(Some(C::example()))
    }
}

const NO_FIELD: Column = Column { name: "", former_name: None, source_doc: "" };

/// A row of a table; [`table!`](crate::table) implements it.
pub trait Row: Columns {
    /// The usual name of the table's file.
    const FILE: &'static str;
    /// What a row is, as the source has it.
    const ABOUT: &'static str;

    /// The columns of the table, in order.
    fn all_columns() -> Vec<Column> {
        Self::columns(NO_FIELD)
    }
}

/// A field that does not hold what its column does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub column: &'static str,
    pub expected: &'static str,
    pub value: String,
}

/// Declares columns that go together: a struct with public fields, and [`Columns`] for it. Fields
/// are columns with a documentation comment, or such structs again. `formerly` gives a column's
/// name in earlier versions.
#[macro_export]
macro_rules! columns {
    (
        $(#[doc = $about:literal])+
        pub struct $row:ident {
            $(
                $(#[doc = $doc:literal])*
                $(#[formerly($former:literal)])?
                pub $field:ident: $type:ty,
            )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq)]
        pub struct $row {
            $($(#[doc = $doc])* pub $field: $type,)+
        }

        impl $crate::table::Columns for $row {
            fn columns(_: $crate::table::Column) -> Vec<$crate::table::Column> {
                let mut columns = Vec::new();
                $(columns.extend(<$type as $crate::table::Columns>::columns($crate::table::Column {
                    name: stringify!($field),
                    former_name: [$($former)?].first().copied(),
                    source_doc: concat!($($doc, "\n"),*),
                }));)+
                columns
            }

            fn append(
                &self,
                _: &'static str,
                record: &mut csv::StringRecord,
            ) -> Result<(), &'static str> {
                $($crate::table::Columns::append(&self.$field, stringify!($field), record)?;)+
                Ok(())
            }

            fn take(
                _: &'static str,
                fields: &mut csv::StringRecordIter<'_>,
            ) -> Result<Self, $crate::table::Refused> {
                Ok(Self {
                    $($field: $crate::table::Columns::take(stringify!($field), fields)?,)+
                })
            }

            fn example() -> Self {
                Self { $($field: $crate::table::Columns::example(),)+ }
            }
        }
    };
}

/// Declares a table: a struct by [`columns!`](crate::columns), and the name of its file.
#[macro_export]
macro_rules! table {
    ($(#[doc = $about:literal])+ pub struct $row:ident in $file:literal { $($fields:tt)+ }) => {
        $crate::columns! { $(#[doc = $about])+ pub struct $row { $($fields)+ } }

        impl $crate::table::Row for $row {
            const FILE: &'static str = $file;
            const ABOUT: &'static str = concat!($($about, "\n"),+);
        }
    };
}

/// How values of a type stand in a table.
pub trait Field: Sized {
    /// What a field holds, for errors: "a whole number".
    const EXPECTED: &'static str;
    /// A text that can be read.
    const EXAMPLE: &'static str;
    /// Appends the value to a text.
    fn write(&self, text: &mut String);
    /// The value of a text.
    fn read(text: &str) -> Option<Self>;
    /// Whether it can be written: no table holds NaN or infinity.
    fn is_finite(&self) -> bool {
        true
    }
}

/// Types that stand in a table as they print.
macro_rules! printed {
    ($($type:ty: $expected:literal, $example:literal;)+) => {$(
        impl Field for $type {
            const EXPECTED: &'static str = $expected;
            const EXAMPLE: &'static str = $example;

            fn write(&self, text: &mut String) {
                let _ = write!(text, "{self}");
            }

            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )+};
}

printed! {
    String: "text", "text";
    bool: "true or false", "true";
    u32: "a whole number", "3";
    u64: "a whole number", "4";
    usize: "a whole number", "5";
    i32: "a whole number", "-6";
    i64: "a whole number", "-7";
}

/// Types around an `f64`, and the function that writes it.
macro_rules! numbers {
    ($($(#[doc = $doc:literal])+ $type:ident $(<const $digits:ident: usize>)? = $write:expr;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
        pub struct $type $(<const $digits: usize>)? (pub f64);

        impl $(<const $digits: usize>)? Field for $type $(<$digits>)? {
            const EXPECTED: &'static str = f64::EXPECTED;
            const EXAMPLE: &'static str = "0.25";

            fn write(&self, text: &mut String) {
                let write: fn(f64, &mut String) -> std::fmt::Result = $write;
                let _ = write(self.0, text);
            }

            fn read(text: &str) -> Option<Self> {
                f64::read(text).map(Self)
            }

            fn is_finite(&self) -> bool {
                self.0.is_finite()
            }
        }
    )+};
}

numbers! {
    /// A number that is written with its shortest digits, with a decimal point: `0.05`, `6084.0`.
    Shortest = |number, text| {
        if number == 0.0 || (1e-5..1e16).contains(&number.abs()) {
            write!(text, "{number}{}", if number.fract() == 0.0 { ".0" } else { "" })
        } else {
            write!(text, "{number:?}")
        }
    };
    /// A number that is written with its shortest digits: `0.05`, `6084`.
    Plain = |number, text| write!(text, "{number}");
    /// A number that is written with so many decimals.
    Fixed<const DIGITS: usize> = |number, text| write!(text, "{number:.DIGITS$}");
}

/// A probability by its decimal logarithm, so that none is too small. It is written with four digits
/// and a power of ten: `2.610e-98`, `4.812e-1204`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Probability(pub f64);

impl std::fmt::Display for Probability {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (power, fraction) = (self.0.floor(), self.0 - self.0.floor());
        match format!("{:.3}", 10_f64.powf(fraction)).as_str() {
            "10.000" => write!(text, "1.000e{}", power + 1.0),
            digits => write!(text, "{digits}e{power}"),
        }
    }
}

impl Field for Probability {
    const EXPECTED: &'static str = "a probability";
    const EXAMPLE: &'static str = "2.500e-1";

    fn write(&self, text: &mut String) {
        let _ = write!(text, "{self}");
    }

    fn read(text: &str) -> Option<Self> {
        let (digits, power) = text.split_once('e').unwrap_or((text, "0"));
        let logarithm = f64::read(digits)?.log10() + f64::from(power.parse::<i32>().ok()?);
        (logarithm.is_finite() && logarithm <= 1e-9).then_some(Self(logarithm))
    }

    fn is_finite(&self) -> bool {
        self.0.is_finite()
    }
}

/// Four decimals: enough for every figure that is compared with the paper's.
impl Field for f64 {
    const EXPECTED: &'static str = "a number of at most 10^12";
    const EXAMPLE: &'static str = "12.5";

    fn write(&self, text: &mut String) {
        let _ = write!(text, "{self:.4}");
    }

    fn read(text: &str) -> Option<Self> {
        // Axes have no room for more, and no result is as large.
        text.parse().ok().filter(|number: &f64| number.abs() <= 1e12)
    }

    fn is_finite(&self) -> bool {
        f64::is_finite(*self)
    }
}

/// Nothing is an empty field.
impl<T: Field> Field for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    const EXAMPLE: &'static str = T::EXAMPLE;

    fn write(&self, text: &mut String) {
        if let Some(value) = self {
            value.write(text);
        }
    }

    fn read(text: &str) -> Option<Self> {
        if text.is_empty() { Some(None) } else { T::read(text).map(Some) }
    }

    fn is_finite(&self) -> bool {
        self.as_ref().is_none_or(T::is_finite)
    }
}

/// A digit that an image shows or is taken for, 0 to 9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Digit(pub u8);

impl Field for Digit {
    const EXPECTED: &'static str = "a digit";
    const EXAMPLE: &'static str = "8";

    fn write(&self, text: &mut String) {
        let _ = write!(text, "{}", self.0);
    }

    fn read(text: &str) -> Option<Self> {
        text.parse().ok().filter(|digit| *digit < 10).map(Self)
    }
}

/// Types whose values stand in a table as one of a few names.
#[macro_export]
macro_rules! named {
    ($type:ident: $expected:literal, $all:expr) => {
        impl $crate::table::Field for $type {
            const EXPECTED: &'static str = $expected;
            const EXAMPLE: &'static str = $all[0].name();

            fn write(&self, text: &mut String) {
                text.push_str(self.name());
            }

            fn read(text: &str) -> Option<Self> {
                $all.iter().copied().find(|it| it.name() == text)
            }
        }
    };
}

named! { Activation: "relu or tanh", [Activation::Relu, Activation::Tanh] }

/// Declares an enum that stands in a table as one of a few words.
#[macro_export]
macro_rules! words {
    (
        $(#[doc = $about:literal])+
        pub enum $name:ident: $expected:literal {
            $($(#[doc = $doc:literal])* $variant:ident = $word:literal,)+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[doc = $doc])* $variant,)+
        }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in tables.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        $crate::named! { $name: $expected, $name::ALL }
    };
}

/// Why a table cannot be written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TableError {
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(
        "{file}, row {row}, column {column}: the result is not a finite number; nothing is written"
    )]
    NotFinite { file: &'static str, row: usize, column: &'static str },
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is not a table: {source}", path.display())]
    NotCsv { path: PathBuf, source: csv::Error },
    #[error(
        "{}, line 1: {problem}; `convapprox columns {file}` lists the columns that it should have",
        path.display()
    )]
    Header { path: PathBuf, file: &'static str, problem: String },
    #[error(
        "{}, line {line}, column {}: {:?} is not {}",
        path.display(), refused.column, refused.value, refused.expected
    )]
    Field { path: PathBuf, line: u64, refused: Refused },
}

/// The header line of a table.
pub fn header<R: Row>() -> String {
    let names: Vec<&str> = R::all_columns().iter().map(|column| column.name).collect();
    names.join(",") + "\n"
}

/// Rows as CSV, without a header.
pub fn lines<R: Row>(rows: &[R]) -> Result<String, TableError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut record = StringRecord::new();
    for (index, row) in rows.iter().enumerate() {
        record.clear();
        row.append("", &mut record).map_err(|column| {
            let (file, row) = (R::FILE, index + 1);
            TableError::NotFinite { file, row, column }
        })?;
        writer.write_record(&record).expect("rows have as many fields as columns");
    }
    let text = writer.into_inner().expect("memory does not fail");
    Ok(String::from_utf8(text).expect("fields are text"))
}

/// Writes a table, all or nothing: the header, then one line per row.
pub fn write<R: Row>(path: &Path, rows: &[R]) -> Result<(), TableError> {
    let lines = lines(rows)?;
    write_atomic(path, |file| {
        file.write_all(header::<R>().as_bytes())?;
        file.write_all(lines.as_bytes())
    })?;
    Ok(())
}

/// Bytes of a table at most.
const MAX_BYTES: u64 = 1 << 30;

/// Reads a table.
pub fn read<R: Row>(path: &Path) -> Result<Vec<R>, TableError> {
    let bytes = files::read(path, MAX_BYTES)
        .map_err(|source| TableError::Read { path: path.to_owned(), source })?;
    let not_csv = |source| TableError::NotCsv { path: path.to_owned(), source };
    let mut reader = csv::Reader::from_reader(&bytes[..]);
    let header = reader.headers().map_err(not_csv)?;
    check_header::<R>(header).map_err(|problem| TableError::Header {
        path: path.to_owned(),
        file: R::FILE,
        problem,
    })?;
    let row = |record: csv::Result<StringRecord>| {
        let record = record.map_err(not_csv)?;
        R::take("", &mut record.iter()).map_err(|refused| {
            let line = record.position().map_or(0, csv::Position::line);
            TableError::Field { path: path.to_owned(), line, refused }
        })
    };
    reader.records().map(row).collect()
}

fn check_header<R: Row>(header: &StringRecord) -> Result<(), String> {
    if header.is_empty() {
        return Err("the file is empty; run the command again that writes it".to_owned());
    }
    let columns = R::all_columns();
    let is = |column: &Column, name: &str| column.name == name || column.former_name == Some(name);
    if let Some(name) = header.iter().find(|name| !columns.iter().any(|it| is(it, name))) {
        return Err(format!("{} has no column {name}", R::FILE));
    }
    if let Some(column) = columns.iter().find(|it| !header.iter().any(|name| is(it, name))) {
        return Err(format!("there is no column {}", column.name));
    }
    let in_order = header.iter().zip(&columns).all(|(name, column)| is(column, name));
    if in_order && header.len() == columns.len() {
        return Ok(());
    }
    Err("the columns are in another order, or there twice".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    words! {
        /// What became of an image.
        pub enum Change: "lost or won" {
            /// Worse.
            Lost = "lost",
            /// Better.
            Won = "won",
        }
    }

    columns! {
        /// Columns of their own.
        pub struct Pair {
            /// What became of it.
            pub change: Change,
            /// The digit.
            pub digit: Digit,
        }
    }

    table! {
        /// A row,
        /// in two lines.
        pub struct Sample in "sample.csv" {
            /// Who.
            pub name: String,
            /// How many percent
            /// of all.
            pub share_percent: f64,
            /// The tolerance.
            pub tau: Option<Shortest>,
            /// A small probability.
            #[formerly("probability")]
            pub p: Option<Probability>,
            /// An edge.
            pub edge: Fixed<2>,
            pub pair: Maybe<Pair>,
        }
    }

    fn sample() -> Sample {
        Sample {
            name: "a, \"b\"".to_owned(),
            share_percent: 12.5,
            tau: Some(Shortest(0.05)),
            p: None,
            edge: Fixed(-1.0),
            pair: Maybe(Some(Pair { change: Change::Won, digit: Digit(7) })),
        }
    }

    const HEADER: &str = "name,share_percent,tau,p,edge,change,digit\n";

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sample.csv");
        let rows = [sample(), Sample::example(), Sample { pair: Maybe(None), ..sample() }];
        write(&path, &rows).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let start = "\"a, \"\"b\"\"\",12.5000,0.05,,-1.00";
        let example = "text,12.5000,0.25,2.500e-1,0.25,lost,8";
        assert_eq!(text, format!("{HEADER}{start},won,7\n{example}\n{start},,\n"));
        assert_eq!(read::<Sample>(&path).unwrap(), rows);
        write::<Sample>(&path, &[]).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), HEADER);
        assert_eq!(read::<Sample>(&path).unwrap(), []);
    }

    #[test]
    fn columns_have_the_documentation_of_the_fields() {
        let columns = Sample::all_columns();
        assert_eq!(columns[1].doc(), "How many percent of all.");
        assert_eq!((columns[1].unit(), columns[2].unit()), ("%", ""));
        assert_eq!(one_line(Sample::ABOUT), "A row, in two lines.");
        assert_eq!(header::<Sample>(), HEADER);
    }

    #[test]
    fn a_number_that_is_none_is_never_written() {
        for (share, tau, column) in [(f64::NAN, 0.1, "share_percent"), (1.0, f64::INFINITY, "tau")]
        {
            let row = Sample { share_percent: share, tau: Some(Shortest(tau)), ..sample() };
            let error = lines(&[sample(), row]).unwrap_err().to_string();
            assert!(error.contains("sample.csv, row 2") && error.contains(column), "{error}");
        }
    }

    #[test]
    fn what_is_not_the_table_is_refused_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sample.csv");
        let good = format!("{HEADER}x,1,,,0,won,3\n");
        let read_text = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read::<Sample>(&path)
        };
        assert_eq!(read_text(&good).unwrap().len(), 1);
        assert_eq!(read_text(&good.replace(",p,", ",probability,")).unwrap().len(), 1);
        let error = read_text("").unwrap_err().to_string();
        assert!(error.contains("sample.csv, line 1: the file is empty"), "{error}");
        for (from, to, expected) in [
            ("tau", "sigma", "line 1: sample.csv has no column sigma; `convapprox columns"),
            (",digit\nx,1,,,0,won,3", "\nx,1,,,0,won", "line 1: there is no column digit"),
            ("tau,p", "p,tau", "another order"),
            (",1,", ",NaN,", "line 2, column share_percent: \"NaN\" is not a number"),
            (",1,", ",1e308,", "column share_percent: \"1e308\" is not a number of at most 10^12"),
            (",1,", ",,", "column share_percent: \"\" is not a number"),
            ("won", "lots", "column change: \"lots\" is not lost or won"),
            (",3", ",12", "column digit: \"12\" is not a digit"),
            (",3", "", "is not a table"),
        ] {
            let error = read_text(&good.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            assert!(error.contains("sample.csv"), "{error}");
        }
    }

    #[test]
    fn numbers_have_the_digits_of_their_type() {
        let text = |field: &dyn Fn(&mut String)| {
            let mut text = String::new();
            field(&mut text);
            text
        };
        for (number, shortest, plain) in [
            (0.0, "0.0", "0"),
            (6084.0, "6084.0", "6084"),
            (1354.0214, "1354.0214", "1354.0214"),
            (0.000_01, "0.00001", "0.00001"),
            (0.000_001_5, "1.5e-6", "0.0000015"),
        ] {
            assert_eq!(text(&|it| Shortest(number).write(it)), shortest);
            assert_eq!(text(&|it| Plain(number).write(it)), plain);
        }
        for (logarithm, written) in
            [(0.0, "1.000e0"), (-0.00001, "1.000e0"), (-1.5, "3.162e-2"), (-3000.1, "7.943e-3001")]
        {
            let probability = Probability(logarithm);
            assert_eq!(probability.to_string(), written);
            assert!((Probability::read(written).unwrap().0 - logarithm).abs() < 1e-3, "{written}");
        }
        assert_eq!((Probability::read("1.5"), Probability::read("0")), (None, None));
        assert_eq!(text(&|it| (-0.000_04_f64).write(it)), "-0.0000");
    }
}
