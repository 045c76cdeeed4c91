//! Rows of a register out of the lake's tables and back.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int32Type, Int64Type};
use chrono::NaiveDate;
use utbredt_lake::{Edition, Lake, Table};
use utbredt_model::register::Register;

use super::Row;
use crate::IngestError;
use crate::columns::{self, day_number, day_of, flags, numbers, table, text};

/// The values of a row's key, separated by `|`.
pub(super) fn key(register: &Register, row: &Row) -> String {
    let values: Vec<&str> = register.key_columns().map(|at| row[at].as_deref().unwrap_or_default()).collect();
    values.join("|")
}

/// The rows of an edition, by key.
pub(super) fn read(
    lake: &Lake,
    edition: Option<&Edition>,
    register: &Register,
) -> Result<BTreeMap<String, Row>, IngestError> {
    let rows = of_batch(&columns::read(lake, edition, register.table)?)?;
    Ok(rows.into_iter().map(|row| (key(register, &row), row)).collect())
}

/// The rows of a batch.
pub(super) fn of_batch(batch: &RecordBatch) -> Result<Vec<Row>, IngestError> {
    let mut rows: Vec<Row> = vec![Row::with_capacity(batch.num_columns()); batch.num_rows()];
    for field in batch.schema().fields() {
        // Column by column, since that is how they lie.
        let values = shown(batch, field.name(), field.data_type())?;
        for (row, value) in rows.iter_mut().zip(values) {
            row.push(value);
        }
    }
    Ok(rows)
}

/// A column's values as a register writes them.
fn shown(batch: &RecordBatch, name: &str, kind: &DataType) -> Result<Vec<Option<String>>, IngestError> {
    fn all<T: ToString>(values: Vec<Option<T>>) -> Vec<Option<String>> {
        values.into_iter().map(|value| value.map(|value| value.to_string())).collect()
    }
    Ok(match kind {
        DataType::Utf8 => all(text(batch, name)?),
        DataType::Int64 => all(numbers::<Int64Type>(batch, name)?),
        DataType::Int32 => all(numbers::<Int32Type>(batch, name)?),
        DataType::Float64 => all(numbers::<Float64Type>(batch, name)?),
        DataType::Boolean => all(flags(batch, name)?),
        DataType::Date32 => {
            let days = numbers::<Date32Type>(batch, name)?;
            all(days.into_iter().map(|day| day.map(day_of)).collect())
        }
        other => return Err(unfit(name, other)),
    })
}

fn unfit(name: &str, kind: &DataType) -> IngestError {
    IngestError::Invalid(format!("column `{name}` is {kind}, which no register has"))
}

/// Rows as the table of the lake has them.
pub(super) fn to_batch<'r>(
    name: &'static str,
    rows: impl Iterator<Item = &'r Row>,
) -> Result<(&'static Table, RecordBatch), IngestError> {
    let table = table(name)?;
    let rows: Vec<&Row> = rows.collect();
    let mut arrays = Vec::new();
    for (at, field) in table.schema().fields().iter().enumerate() {
        arrays.push(array(field.name(), field.data_type(), &rows, at)?);
    }
    Ok((table, RecordBatch::try_new(table.schema(), arrays)?))
}

fn array(name: &str, kind: &DataType, rows: &[&Row], at: usize) -> Result<ArrayRef, IngestError> {
    fn parsed<T: std::str::FromStr>(
        name: &str,
        rows: &[&Row],
        at: usize,
    ) -> Result<Vec<Option<T>>, IngestError> {
        rows.iter()
            .map(|row| match row[at].as_deref().map(str::parse) {
                None => Ok(None),
                Some(Ok(value)) => Ok(Some(value)),
                Some(Err(_)) => Err(IngestError::Invalid(format!("column `{name}` holds `{:?}`", row[at]))),
            })
            .collect()
    }
    Ok(match kind {
        DataType::Utf8 => Arc::new(rows.iter().map(|row| row[at].as_deref()).collect::<StringArray>()),
        DataType::Int64 => Arc::new(Int64Array::from(parsed::<i64>(name, rows, at)?)),
        DataType::Int32 => Arc::new(Int32Array::from(parsed::<i32>(name, rows, at)?)),
        DataType::Float64 => Arc::new(Float64Array::from(parsed::<f64>(name, rows, at)?)),
        DataType::Boolean => Arc::new(BooleanArray::from(parsed::<bool>(name, rows, at)?)),
        DataType::Date32 => {
            let days = parsed::<NaiveDate>(name, rows, at)?;
            Arc::new(days.into_iter().map(|day| day.map(day_number)).collect::<Date32Array>())
        }
        other => return Err(unfit(name, other)),
    })
}

#[cfg(test)]
mod tests {
    use utbredt_model::register::{ColumnKind, REGISTERS};

    use super::*;

    /// A register says the same of its columns as the table of the lake.
    #[test]
    fn a_register_has_the_columns_of_its_table() {
        for register in REGISTERS {
            let schema = Table::named(register.table).expect("a table").schema();
            let names: Vec<&str> = register.columns.iter().map(|column| column.name).collect();
            let own: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
            assert_eq!(names, own, "{}", register.table);
            for (column, field) in register.columns.iter().zip(schema.fields()) {
                let place = format!("{}.{}", register.table, column.name);
                let fits = match column.kind {
                    ColumnKind::Day | ColumnKind::Division => *field.data_type() == DataType::Date32,
                    ColumnKind::Whole(..) => matches!(field.data_type(), DataType::Int64 | DataType::Int32),
                    ColumnKind::Real(..) | ColumnKind::KpiValue => *field.data_type() == DataType::Float64,
                    ColumnKind::Flag(_) => *field.data_type() == DataType::Boolean,
                    _ => *field.data_type() == DataType::Utf8,
                };
                assert!(fits, "{place} is {}", field.data_type());
                // What the lake must have, a file must have or the register puts in.
                let is_filled = matches!(column.kind, ColumnKind::Flag(Some(_)) | ColumnKind::Division);
                assert!(field.is_nullable() || column.required || is_filled, "{place}");
                assert!(!field.is_nullable() || !column.required, "{place}");
            }
        }
    }
}
