//! Rows of `usage` as Polars frames, for the checks that group and join whole deliveries. The two libraries keep arrays of
//! their own kinds, so values are copied; a day stays its number.

use arrow::array::RecordBatch;
use arrow::datatypes::{Date32Type, Int64Type};
use polars::prelude::{Column, DataFrame, JoinArgs, JoinType};

use crate::IngestError;
use crate::columns::{numbers, text};

/// What the checks compare of `usage`.
const TEXTS: [&str; 5] =
    ["solution_id", "measure_id", "municipality_code", "organisation_number", "receipt_id"];
const DAYS: [&str; 3] = ["division_date", "period_start", "period_end"];
const COUNT: &str = "value";

/// The rows of some batches of `usage`, one batch after the other.
pub(crate) fn usage_frame(batches: &[&RecordBatch]) -> Result<DataFrame, IngestError> {
    let mut columns = Vec::with_capacity(TEXTS.len() + DAYS.len() + 1);
    for name in TEXTS {
        columns.push(Column::new(name.into(), gather(batches, |batch| text(batch, name))?));
    }
    for name in DAYS {
        columns.push(Column::new(name.into(), gather(batches, |batch| numbers::<Date32Type>(batch, name))?));
    }
    columns.push(Column::new(COUNT.into(), gather(batches, |batch| numbers::<Int64Type>(batch, COUNT))?));
    Ok(DataFrame::new_infer_height(columns)?)
}

/// A column's values in all batches.
fn gather<'b, T>(
    batches: &[&'b RecordBatch],
    read: impl Fn(&'b RecordBatch) -> Result<Vec<T>, IngestError>,
) -> Result<Vec<T>, IngestError> {
    let mut values = Vec::new();
    for batch in batches {
        values.extend(read(batch)?);
    }
    Ok(values)
}

/// Pairs of rows with the same key, where nothing equals nothing. Columns of the second that are not of the key end in
/// `_right` when the first has one of the name.
pub(crate) fn inner_join() -> JoinArgs {
    JoinArgs { how: JoinType::Inner, nulls_equal: true, ..JoinArgs::default() }
}

#[cfg(test)]
mod tests {
    use utbredt_lake::Table;

    use super::*;

    #[test]
    fn batches_become_one_frame() {
        let empty = RecordBatch::new_empty(Table::named("usage").unwrap().schema());
        let frame = usage_frame(&[&empty, &empty]).unwrap();
        assert_eq!((frame.height(), frame.width()), (0, 9));
        assert_eq!(usage_frame(&[]).unwrap().schema(), frame.schema());
        let other = RecordBatch::new_empty(Table::named("rejections").unwrap().schema());
        assert!(usage_frame(&[&other]).is_err());
    }
}
