//! CSV tables whose errors name the file, the line and the column.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use csv::StringRecord;

use super::error::PlotError;
use model::nn::Activation;

/// A whole table. Columns that nobody asks for are ignored.
#[derive(Debug)]
pub(super) struct Table {
    path: PathBuf,
    header: StringRecord,
    records: Vec<StringRecord>,
}

impl Table {
    /// Reads a table; none if there is no such file.
    pub fn read(path: &Path) -> Result<Option<Self>, PlotError> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(PlotError::Read { path: path.to_owned(), source }),
        };
        let failed = |source| PlotError::Table { path: path.to_owned(), source };
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
        let header = reader.headers().map_err(failed)?.clone();
        let records = reader.records().collect::<Result<_, _>>().map_err(failed)?;
        Ok(Some(Self { path: path.to_owned(), header, records }))
    }

    /// Turns every row into a `T`.
    pub fn parse<'a, T>(
        &'a self,
        row: impl Fn(Row<'a>) -> Result<T, PlotError>,
    ) -> Result<Vec<T>, PlotError> {
        self.records.iter().map(|record| row(Row { table: self, record })).collect()
    }
}

/// One row of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    table: &'a Table,
    record: &'a StringRecord,
}

impl<'a> Row<'a> {
    /// The text of a field, which may be empty.
    pub fn text(&self, column: &'static str) -> Result<&'a str, PlotError> {
        let index = self.table.header.iter().position(|name| name == column);
        let missing = || PlotError::Column { path: self.table.path.clone(), column };
        index.and_then(|index| self.record.get(index)).ok_or_else(missing)
    }

    /// A finite number.
    pub fn number(&self, column: &'static str) -> Result<f64, PlotError> {
        self.optional(column)?.ok_or_else(|| self.refuse(column, "", "a number"))
    }

    /// A finite number, or none where the field is empty.
    pub fn optional(&self, column: &'static str) -> Result<Option<f64>, PlotError> {
        let text = self.text(column)?;
        if text.is_empty() {
            return Ok(None);
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(self.refuse(column, text, "a number")),
        }
    }

    /// A number or none; also none where it is infinite, as the signal-to-noise ratio of an exact
    /// result is.
    pub fn finite(&self, column: &'static str) -> Result<Option<f64>, PlotError> {
        match self.text(column)?.parse::<f64>() {
            Ok(number) if number.is_infinite() => Ok(None),
            _ => self.optional(column),
        }
    }

    /// A whole number that is not negative.
    pub fn count(&self, column: &'static str) -> Result<u64, PlotError> {
        let text = self.text(column)?;
        text.parse().map_err(|_| self.refuse(column, text, "a whole number"))
    }

    /// A whole number that is not negative, or none where the field is empty.
    pub fn optional_count(&self, column: &'static str) -> Result<Option<u64>, PlotError> {
        if self.text(column)?.is_empty() { Ok(None) } else { self.count(column).map(Some) }
    }

    /// The activation of a network.
    pub fn activation(&self) -> Result<Activation, PlotError> {
        let text = self.text("activation")?;
        [Activation::Relu, Activation::Tanh]
            .into_iter()
            .find(|it| it.name() == text)
            .ok_or_else(|| self.refuse("activation", text, "relu or tanh"))
    }

    /// `true` or `false`.
    pub fn flag(&self, column: &'static str) -> Result<bool, PlotError> {
        let text = self.text(column)?;
        text.parse().map_err(|_| self.refuse(column, text, "true or false"))
    }

    /// The error of a field whose text is not what is expected.
    pub fn refuse(&self, column: &'static str, value: &str, expected: &'static str) -> PlotError {
        PlotError::Field {
            path: self.table.path.clone(),
            line: self.record.position().map_or(0, csv::Position::line),
            column,
            value: value.to_owned(),
            expected,
        }
    }
}
