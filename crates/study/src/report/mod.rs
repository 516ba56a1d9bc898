// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a run found, written down: files, figures, pictures, tables on the terminal.

pub mod atomic;
pub mod figure;
pub mod pictures;

/// Tables on the terminal.
pub mod terminal {
    use comfy_table::presets::UTF8_FULL_CONDENSED;
    use comfy_table::{CellAlignment, Table};

    /// What stands where there is no number.
    pub const NOTHING: &str = "–";

    /// An empty table under a header. Columns whose title starts with `>` are aligned to the right, as
    /// numbers are.
    pub fn table<T: AsRef<str>>(header: impl IntoIterator<Item = T>) -> Table {
        let mut table = Table::new();
        let header: Vec<String> = header.into_iter().map(|it| it.as_ref().to_owned()).collect();
        let titles = header.iter().map(|it| it.strip_prefix('>').unwrap_or(it));
        table.load_preset(UTF8_FULL_CONDENSED).set_header(titles);
        for (column, title) in table.column_iter_mut().zip(&header) {
            if title.starts_with('>') {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }

    /// A number with so many decimals, or a dash.
    pub fn number(value: impl Into<Option<f64>>, decimals: usize) -> String {
        value.into().map_or_else(|| NOTHING.to_owned(), |value| format!("{value:.decimals$}"))
    }

    /// A value as it prints, or a dash.
    pub fn optional<T: ToString>(value: Option<T>) -> String {
        value.map_or_else(|| NOTHING.to_owned(), |value| value.to_string())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn numbers_stand_at_the_right() {
            let mut table = table(["name", ">number"]);
            table.add_row(["a".to_owned(), number(1.25, 1)]);
            table.add_row(["b".to_owned(), number(None, 1)]);
            table.add_row(["c".to_owned(), optional(Some(7_u32))]);
            let text = table.to_string();
            for line in
                ["│ name ┆ number │", "│ a    ┆    1.2 │", "│ b    ┆      – │", "│ c    ┆      7 │"]
            {
                assert!(text.contains(line), "{text}");
            }
        }
    }
}
