//! Tables of the lake as record batches, and their columns as values. A day is its number since 1970-01-01.

use arrow::array::{AsArray, BooleanArray, PrimitiveArray, RecordBatch, StringArray};
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::{ArrowPrimitiveType, SchemaRef};
use arrow::error::ArrowError;
use chrono::NaiveDate;
use utbredt_lake::{Edition, Lake, Table};

use crate::IngestError;

/// The number of a day.
pub(crate) fn day_number(day: NaiveDate) -> i32 {
    day.to_epoch_days()
}

/// The day of a number; the first day there is for a number that is no day.
pub(crate) fn day_of(number: i32) -> NaiveDate {
    NaiveDate::from_epoch_days(number).unwrap_or(NaiveDate::MIN)
}

/// The table of that name.
pub(crate) fn table(name: &'static str) -> Result<&'static Table, IngestError> {
    Table::named(name).ok_or(IngestError::NotReady(name))
}

/// A whole table of an edition; empty where there is no edition.
pub(crate) fn read(
    lake: &Lake,
    edition: Option<&Edition>,
    name: &'static str,
) -> Result<RecordBatch, IngestError> {
    let table = table(name)?;
    let batches = edition.map(|edition| lake.read_table(edition, table)).transpose()?;
    concat(&table.schema(), &batches.unwrap_or_default())
}

/// The rows of some batches that have the columns of a schema, in whatever order.
pub(crate) fn concat(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<RecordBatch, IngestError> {
    let mut ordered = Vec::with_capacity(batches.len());
    for batch in batches {
        let columns: Result<Vec<_>, _> = schema.fields().iter().map(|f| column(batch, f.name())).collect();
        ordered
            .push(RecordBatch::try_new(SchemaRef::clone(schema), columns?.into_iter().cloned().collect())?);
    }
    Ok(concat_batches(schema, &ordered)?)
}

fn column<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b arrow::array::ArrayRef, ArrowError> {
    batch.column_by_name(name).ok_or_else(|| ArrowError::SchemaError(format!("column `{name}` is absent")))
}

fn other_type(name: &str) -> ArrowError {
    ArrowError::SchemaError(format!("column `{name}` is of another type"))
}

/// A column of text.
pub(crate) fn text<'b>(batch: &'b RecordBatch, name: &str) -> Result<Vec<Option<&'b str>>, IngestError> {
    let strings: Option<&StringArray> = column(batch, name)?.as_string_opt();
    Ok(strings.ok_or_else(|| other_type(name))?.iter().collect())
}

/// A column of numbers, days (their numbers) or moments (microseconds since 1970), by its type.
pub(crate) fn numbers<T: ArrowPrimitiveType>(
    batch: &RecordBatch,
    name: &str,
) -> Result<Vec<Option<T::Native>>, IngestError> {
    let numbers: Option<&PrimitiveArray<T>> = column(batch, name)?.as_primitive_opt();
    Ok(numbers.ok_or_else(|| other_type(name))?.iter().collect())
}

/// A column of yes and no.
pub(crate) fn flags(batch: &RecordBatch, name: &str) -> Result<Vec<Option<bool>>, IngestError> {
    let flags: Option<&BooleanArray> = column(batch, name)?.as_boolean_opt();
    Ok(flags.ok_or_else(|| other_type(name))?.iter().collect())
}

/// The rows of a batch for which a flag is set.
pub(crate) fn filter(batch: &RecordBatch, keep: &BooleanArray) -> Result<RecordBatch, IngestError> {
    Ok(filter_record_batch(batch, keep)?)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::Int64Array;
    use arrow::datatypes::Int64Type;

    use super::*;

    #[test]
    fn days_have_numbers() {
        for (day, number) in [("1970-01-01", 0), ("1969-12-31", -1), ("2020-01-01", 18_262)] {
            let day: NaiveDate = day.parse().unwrap();
            assert_eq!((day_number(day), day_of(number)), (number, day));
        }
    }

    #[test]
    fn batches_of_one_table_become_one() {
        let table = Table::named("rejections").unwrap();
        let batch = RecordBatch::try_new(
            table.schema(),
            vec![
                Arc::new(StringArray::from(vec!["a", "b"])),
                Arc::new(Int64Array::from(vec![2, 3])),
                Arc::new(StringArray::from(vec!["because", ""])),
                Arc::new(StringArray::from(vec!["ø", "1;2"])),
                Arc::new(StringArray::from(vec![Some("empty"), None])),
            ],
        )
        .unwrap();
        // A file may have been written with its columns in another order.
        let turned = batch.project(&[4, 3, 2, 1, 0]).unwrap();
        let all = concat(&table.schema(), &[batch.clone(), turned]).unwrap();
        assert_eq!(all.slice(2, 2), batch);
        assert_eq!(numbers::<Int64Type>(&all, "row").unwrap(), [Some(2), Some(3), Some(2), Some(3)]);
        assert!(numbers::<Int64Type>(&all, "raw").is_err() && text(&all, "none").is_err());
        assert_eq!(concat(&table.schema(), &[]).unwrap().num_rows(), 0);
    }
}
