//! Result tables as CSV.

use std::path::Path;

use serde::Serialize;

use super::atomic::{WriteError, write_atomic};

/// Writes a table, all or nothing: a header line with the names of the fields, then a line a row.
/// Without a row the file is empty.
pub fn write_csv<T: Serialize>(path: &Path, rows: &[T]) -> Result<(), WriteError> {
    write_atomic(path, |file| {
        let mut writer = csv::Writer::from_writer(file);
        for row in rows {
            writer.serialize(row)?;
        }
        writer.flush()
    })
}
