//! Between the lake's Arrow and Polars' frames. The two keep their own kinds of arrays, so values are carried
//! over one by one; a day is its number since 1970-01-01 and a moment its microseconds on both sides.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{
    DataType, Date32Type, Float64Type, Int32Type, Int64Type, Schema, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use chrono::{Days, NaiveDate};
use polars::prelude::{Column, DataFrame, PlSmallStr};
use utbredt_lake::{Edition, Lake, Table};

use crate::IngestError;

/// The number of a day.
pub(crate) fn day_number(day: NaiveDate) -> i32 {
    i32::try_from((day - NaiveDate::default()).num_days()).unwrap_or(i32::MAX)
}

/// The day of a number.
pub(crate) fn day_of(number: i32) -> NaiveDate {
    let days = Days::new(u64::from(number.unsigned_abs()));
    let epoch = NaiveDate::default();
    if number < 0 { epoch - days } else { epoch + days }
}

/// The table of that name.
pub(crate) fn table(name: &'static str) -> Result<&'static Table, IngestError> {
    Table::named(name).ok_or(IngestError::NotReady(name))
}

/// A whole table of an edition as a frame; empty where there is no edition.
pub(crate) fn read(
    lake: &Lake,
    edition: Option<&Edition>,
    name: &'static str,
) -> Result<DataFrame, IngestError> {
    let table = table(name)?;
    let batches = edition.map(|edition| lake.read_table(edition, table)).transpose()?;
    to_frame(&table.schema(), &batches.unwrap_or_default())
}

/// The rows of some batches of one schema.
pub(crate) fn to_frame(schema: &Schema, batches: &[RecordBatch]) -> Result<DataFrame, IngestError> {
    let mut columns = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let parts: Result<Vec<&ArrayRef>, _> = batches
            .iter()
            .map(|batch| batch.column_by_name(field.name()).ok_or_else(|| absent(field.name())))
            .collect();
        columns.push(column(field.name(), field.data_type(), &parts?)?);
    }
    Ok(DataFrame::new_infer_height(columns)?)
}

fn absent(name: &str) -> ArrowError {
    ArrowError::SchemaError(format!("column `{name}` is absent"))
}

fn column(name: &str, kind: &DataType, parts: &[&ArrayRef]) -> Result<Column, ArrowError> {
    let name = PlSmallStr::from(name);
    let whole = |values: Vec<Option<i64>>| Column::new(name.clone(), values);
    let small = |values: Vec<Option<i32>>| Column::new(name.clone(), values);
    Ok(match kind {
        DataType::Utf8 => {
            let values: Vec<Option<&str>> =
                parts.iter().flat_map(|part| part.as_string::<i32>().iter()).collect();
            Column::new(name, values)
        }
        DataType::Boolean => {
            let values: Vec<Option<bool>> = parts.iter().flat_map(|part| part.as_boolean().iter()).collect();
            Column::new(name, values)
        }
        DataType::Float64 => {
            let values: Vec<Option<f64>> =
                parts.iter().flat_map(|part| part.as_primitive::<Float64Type>().iter()).collect();
            Column::new(name, values)
        }
        DataType::Int64 => {
            whole(parts.iter().flat_map(|part| part.as_primitive::<Int64Type>().iter()).collect())
        }
        DataType::Timestamp(..) => whole(
            parts.iter().flat_map(|part| part.as_primitive::<TimestampMicrosecondType>().iter()).collect(),
        ),
        DataType::Int32 => {
            small(parts.iter().flat_map(|part| part.as_primitive::<Int32Type>().iter()).collect())
        }
        DataType::Date32 => {
            small(parts.iter().flat_map(|part| part.as_primitive::<Date32Type>().iter()).collect())
        }
        other => return Err(ArrowError::NotYetImplemented(format!("columns of {other}"))),
    })
}

/// The frame's rows as a batch of the table; columns the table lacks are left out.
pub(crate) fn to_batch(table: &Table, frame: &DataFrame) -> Result<RecordBatch, IngestError> {
    let schema = table.schema();
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let column = frame.column(field.name())?;
        columns.push(match field.data_type() {
            DataType::Utf8 => Arc::new(column.str()?.iter().collect::<StringArray>()),
            DataType::Boolean => Arc::new(column.bool()?.iter().collect::<BooleanArray>()),
            DataType::Float64 => Arc::new(column.f64()?.iter().collect::<Float64Array>()),
            DataType::Int64 => Arc::new(column.i64()?.iter().collect::<Int64Array>()),
            DataType::Int32 => Arc::new(column.i32()?.iter().collect::<Int32Array>()),
            DataType::Date32 => Arc::new(column.i32()?.iter().collect::<Date32Array>()),
            DataType::Timestamp(..) => {
                Arc::new(column.i64()?.iter().collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
            }
            other => return Err(ArrowError::NotYetImplemented(format!("columns of {other}")).into()),
        });
    }
    Ok(RecordBatch::try_new(schema, columns)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_numbers() {
        for (day, number) in [("1970-01-01", 0), ("1969-12-31", -1), ("2020-01-01", 18_262)] {
            let day: NaiveDate = day.parse().unwrap();
            assert_eq!((day_number(day), day_of(number)), (number, day));
        }
    }

    #[test]
    fn a_table_goes_there_and_back() {
        let table = Table::named("rejections").unwrap();
        let batch = RecordBatch::try_new(
            table.schema(),
            vec![
                Arc::new(StringArray::from(vec!["a", "b"])),
                Arc::new(Int64Array::from(vec![2, 3])),
                Arc::new(StringArray::from(vec!["because", ""])),
                Arc::new(StringArray::from(vec!["ø", "1;2"])),
            ],
        )
        .unwrap();
        let frame = to_frame(&table.schema(), &[batch.clone(), batch.clone()]).unwrap();
        assert_eq!(frame.height(), 4);
        assert_eq!(to_batch(table, &frame.slice(2, 2)).unwrap(), batch);
    }
}
