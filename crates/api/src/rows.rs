//! Keeps the rows a filter asks for. The engine answers for every area; a filter here names the key of `by`, and a key
//! that no row has is a wrong name, never an empty answer.

use std::collections::BTreeSet;

use arrow::array::{Array, BooleanArray, RecordBatch, StringArray};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::DataType;
use utbredt_engine::KpiRequest;

use crate::problem::{Problem, nearest};

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

/// The rows whose key is the one asked for.
pub(crate) fn matching(request: &KpiRequest, batches: Vec<RecordBatch>) -> Result<Vec<RecordBatch>, Problem> {
    let Some((key, wanted)) = request.filter.iter().next() else { return Ok(batches) };
    let mut known = BTreeSet::new();
    let mut kept = Vec::new();
    for batch in &batches {
        let Some(keys) = texts(batch, key) else { return Err(Problem::internal()) };
        let mask: BooleanArray = keys.iter().map(|cell| Some(cell == Some(wanted.as_str()))).collect();
        known.extend(keys.iter().flatten().map(str::to_owned));
        kept.push(filter_record_batch(batch, &mask).map_err(|_| Problem::internal())?);
    }
    if known.contains(wanted) {
        return Ok(kept);
    }
    Err(Problem::bad_argument(&format!("unknown_{key}"), format!("no row has the {key} {wanted:?}"))
        .hint("a code means something only with the borders it was used in; see ?borders=")
        .did_you_mean(nearest(wanted, known.iter().map(String::as_str))))
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

fn texts(batch: &RecordBatch, name: &str) -> Option<StringArray> {
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
    fn a_filter_keeps_its_rows_and_a_wrong_code_is_refused() {
        let kept = matching(&request(By::County, "county_code", "03"), vec![batch()]).unwrap();
        assert_eq!(kept[0], batch().slice(0, 1));
        assert!(synthetic(&[batch()]) && !synthetic(&kept));
        let wrong = matching(&request(By::County, "county_code", "45"), vec![batch()]).unwrap_err();
        assert_eq!((wrong.status.as_u16(), wrong.code.as_str()), (400, "unknown_county_code"));
        assert!(matching(&request(By::County, "county_code", "03"), vec![]).is_err());
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
