//! What a table of the lake is: its columns, types and sort order, and the names its columns had before.
//!
//! Types are few: text (`Utf8`), `Int64`, `Int32`, `Float64`, `Boolean`, `Date32` and UTC microseconds.
//! Dates are half-open (`valid_from` inclusive, `valid_to` exclusive, NULL = still). Codes are text.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::FileEntry;

mod evidence;
mod list;

pub use list::TABLES;

/// Short names for the column types in use.
#[derive(Debug, Clone, Copy)]
enum Type {
    Text,
    Int,
    Small,
    Real,
    Flag,
    Date,
    Instant,
}

impl Type {
    fn arrow(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Int => DataType::Int64,
            Self::Small => DataType::Int32,
            Self::Real => DataType::Float64,
            Self::Flag => DataType::Boolean,
            Self::Date => DataType::Date32,
            Self::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }
}

/// A column: name, type, whether it may be NULL, and what it means.
type Column = (&'static str, Type, bool, &'static str);

/// One table of the lake.
#[derive(Debug)]
pub struct Table {
    /// Its name, also its folder.
    pub name: &'static str,
    /// What one row is.
    pub doc: &'static str,
    columns: &'static [Column],
    /// The columns its files are sorted by.
    pub sort: &'static [&'static str],
}

/// Columns that were renamed: table, name now, name in files written before. Files are never changed, so the former
/// name is read for ever. Each is a column that files are sorted by: an edition's record then names it.
const RENAMED: &[(&str, &str, &str)] = &[("receipts", "subject", "asked")];

impl Table {
    /// The table of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        TABLES.iter().find(|table| table.name == name)
    }

    /// Its Arrow schema.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        let fields =
            self.columns.iter().map(|(name, kind, nullable, _)| Field::new(*name, kind.arrow(), *nullable));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    /// The name of a column in files written before it was renamed.
    #[must_use]
    pub fn former_name(&self, column: &str) -> Option<&'static str> {
        let renamed = RENAMED.iter().find(|(table, now, _)| *table == self.name && *now == column);
        renamed.map(|(_, _, former)| *former)
    }

    /// Whether a file of this table was written before a column was renamed. In one edition that holds for all files of
    /// a table or for none.
    #[must_use]
    pub fn has_former_names(&self, file: &FileEntry) -> bool {
        // Key ranges name the columns a file was sorted by, without reading the file.
        RENAMED.iter().any(|(table, _, former)| *table == self.name && file.keys.contains_key(*former))
    }

    /// The Arrow schema of the files that [`Table::has_former_names`] is true of.
    #[must_use]
    pub fn former_schema(&self) -> SchemaRef {
        let schema = self.schema();
        let fields = schema.fields().iter().map(|field| {
            let name = self.former_name(field.name()).unwrap_or(field.name());
            field.as_ref().clone().with_name(name)
        });
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    /// Its columns' names and meanings, in order.
    pub fn columns(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.columns.iter().map(|(name, _, _, doc)| (*name, *doc))
    }
}

#[cfg(test)]
pub(crate) mod former {
    //! Tables as they were, to write lakes as they were.

    use super::Table;
    use super::Type::{Flag, Instant, Int, Small, Text};

    /// `receipts` before `asked` was renamed to `subject`.
    pub(crate) static FORMER_RECEIPTS: Table = Table {
        name: "receipts",
        doc: "A delivery received: the evidence every fact points to.",
        columns: &[
            ("receipt_id", Text, false, ""),
            ("source_id", Text, false, ""),
            ("asked", Text, false, ""),
            ("received_at", Instant, false, ""),
            ("sha256", Text, false, ""),
            ("bytes", Int, false, ""),
            ("rows_in", Int, false, ""),
            ("rows_rejected", Int, false, ""),
            ("contract_version", Small, false, ""),
            ("synthetic", Flag, false, ""),
            ("state", Text, false, ""),
            ("reason", Text, true, ""),
        ],
        sort: &["source_id", "asked", "received_at"],
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sort_columns_exist() {
        for table in TABLES {
            for column in table.sort {
                assert!(table.schema().field_with_name(column).is_ok(), "{}.{column}", table.name);
            }
        }
    }

    #[test]
    fn renamed_columns_exist_and_are_sort_columns() {
        for (table, now, former) in RENAMED {
            let table = Table::named(table).unwrap();
            assert!(table.sort.contains(now), "{}.{now}", table.name);
            assert!(table.schema().field_with_name(former).is_err(), "{}.{former}", table.name);
            assert_eq!(table.former_schema().index_of(former).ok(), table.schema().index_of(now).ok());
        }
    }
}
