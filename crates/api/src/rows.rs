//! Looks at a request before and at an answer after the engine: a filter names the key of `by`, and rows that are made
//! up are found out.

use arrow::array::{Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use utbredt_engine::KpiRequest;

use crate::problem::Problem;

/// A filter must be on the key the rows have.
pub(crate) fn check(request: &KpiRequest) -> Result<(), Problem> {
    let key = request.by.columns().map(|(key, _)| key);
    match request.filter.keys().find(|name| Some(name.as_str()) != key) {
        None => Ok(()),
        Some(name) => {
            let by = request.by.as_str();
            let detail = format!("the rows by {by} cannot be filtered on {name:?}");
            let hint = key.map_or_else(
                || "choose ?by= first: municipality, county, network or peer_group".to_owned(),
                |key| format!("by={by} takes {key}; for {name} choose the ?by= whose rows have it"),
            );
            Err(Problem::bad_argument("invalid_filter", detail).hint(hint))
        }
    }
}

/// Whether any row is marked as made up: by the `marks` of a KPI's rows, or the `synthetic` of a table's.
pub(crate) fn synthetic(batches: &[RecordBatch]) -> bool {
    let has = |column: &str, word: &str| {
        batches
            .iter()
            .filter_map(|batch| texts(batch, column))
            .any(|cells| cells.iter().flatten().any(|cell| cell.split(' ').any(|mark| mark == word)))
    };
    has("marks", "synthetic") || has("synthetic", "true")
}

/// The cells of a column of text.
pub(crate) fn texts(batch: &RecordBatch, name: &str) -> Option<StringArray> {
    let column = cast(batch.column_by_name(name)?, &DataType::Utf8).ok()?;
    column.as_any().downcast_ref::<StringArray>().cloned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::ArrayRef;
    use utbredt_engine::By;

    use super::*;

    fn request(by: By, key: &str, value: &str) -> KpiRequest {
        let mut request = KpiRequest { by, ..KpiRequest::new("adoption.reach") };
        request.filter.insert(key.to_owned(), value.to_owned());
        request
    }

    fn batch() -> RecordBatch {
        let codes: ArrayRef = Arc::new(StringArray::from(vec!["03", "46"]));
        let marks: ArrayRef = Arc::new(StringArray::from(vec!["", "partial synthetic"]));
        RecordBatch::try_from_iter([("county_code", codes), ("marks", marks)]).unwrap()
    }

    #[test]
    fn rows_that_are_made_up_are_found_out() {
        assert!(synthetic(&[batch()]) && !synthetic(&[batch().slice(0, 1)]));
    }

    #[test]
    fn a_filter_on_another_key_is_refused_before_any_query() {
        assert!(check(&request(By::County, "county_code", "03")).is_ok());
        assert_eq!(check(&request(By::Nation, "county_code", "03")).unwrap_err().code, "invalid_filter");
        assert_eq!(
            check(&request(By::County, "municipality_code", "0301")).unwrap_err().code,
            "invalid_filter"
        );
    }
}
