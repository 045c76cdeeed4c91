//! When a stage was first reported. A list delivered again with one row more says nothing new in its other rows: were they known
//! as of today, they would undo what another source has corrected since.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, TimestampMicrosecondArray};
use chrono::{DateTime, Utc};

use crate::IngestError;
use crate::facts::event_rows;

/// The rows of `rollout_events` of a delivery; those that it replaces by the same are known as long as
/// they were. What a source dates itself stays as it is dated.
pub(super) fn first_known(
    coming: &RecordBatch,
    leaving: &[RecordBatch],
    received_at: DateTime<Utc>,
) -> Result<RecordBatch, IngestError> {
    let mut known = BTreeMap::new();
    for batch in leaving {
        for row in event_rows(batch)? {
            let first =
                known.entry((row.solution, row.code, row.stage, row.valid_from)).or_insert(row.known_at);
            *first = row.known_at.min(*first);
        }
    }
    let received_at = received_at.timestamp_micros();
    let mut moments = Vec::with_capacity(coming.num_rows());
    for row in event_rows(coming)? {
        let before = known.get(&(row.solution, row.code, row.stage, row.valid_from)).copied();
        // A list without moments of its own is known when it is received.
        let undated = row.known_at == received_at;
        moments.push(before.filter(|_| undated).map_or(row.known_at, |first| first.min(row.known_at)));
    }
    let mut columns: Vec<ArrayRef> = coming.columns().to_vec();
    let moments = TimestampMicrosecondArray::from(moments).with_timezone("UTC");
    columns[coming.schema().index_of("known_at")?] = Arc::new(moments);
    Ok(RecordBatch::try_new(coming.schema(), columns)?)
}
