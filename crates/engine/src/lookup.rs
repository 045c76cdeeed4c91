//! Look-ups: rows of one table, chosen by a key or a day. No SQL: a table is read, its rows are filtered in memory, and
//! what was read is kept by whoever keeps the answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{
    Array, AsArray, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray, UInt32Array,
    new_null_array,
};
use arrow::compute::{
    SortColumn, concat_batches, filter_record_batch, lexsort_to_indices, take, take_record_batch,
};
use arrow::datatypes::{Date32Type, Schema};
use chrono::NaiveDate;
use futures::future::BoxFuture;
use utbredt_answer::Rows;
use utbredt_kpi::{AsOf, RequestError};
use utbredt_lake::Table;

use crate::edition::open::read_table;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::question::periods::epoch_days;

/// What a look-up is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// Municipalities, under all codes and names.
    Municipalities,
    /// Digitalisation networks.
    Networks,
    /// Solutions.
    Solutions,
    /// What is known of rollouts.
    Rollouts,
}

impl Lookup {
    /// The table, the column that holds the key, and the columns that order the rows.
    const fn table(self) -> (&'static str, &'static str, &'static [&'static str]) {
        match self {
            Self::Municipalities => {
                ("municipalities", "municipality_code", &["municipality_code", "valid_from"])
            }
            Self::Networks => ("networks", "network_id", &["network_id"]),
            Self::Solutions => ("solutions", "solution_id", &["solution_id"]),
            Self::Rollouts => {
                ("rollout_events", "solution_id", &["municipality_code", "valid_from", "known_at"])
            }
        }
    }

    /// What one of them is called: `municipality`.
    #[must_use]
    pub const fn one(self) -> &'static str {
        match self {
            Self::Municipalities => "municipality",
            Self::Networks => "network",
            Self::Solutions => "solution",
            Self::Rollouts => "rollout",
        }
    }
}

/// Keys that a hint lists.
const MOST_LISTED: usize = 30;

impl Engine {
    /// Every row, or those valid on a day where rows have a span; without a day those still valid.
    pub fn all_of(
        &self,
        lookup: Lookup,
        edition: u64,
        on: Option<NaiveDate>,
    ) -> BoxFuture<'static, Result<Rows, EngineError>> {
        let engine = self.clone();
        Box::pin(async move {
            let rows = engine.read_lookup(lookup, edition)?;
            let spans = rows.schema().field_with_name("valid_to").is_ok() && lookup == Lookup::Municipalities;
            let rows = if spans { valid_on(&rows, on)? } else { rows };
            let rows = if lookup == Lookup::Rollouts { stages(&rows)? } else { rows };
            Ok(engine.rows_of(rows.schema(), vec![rows], edition))
        })
    }

    /// The rows of one key.
    ///
    /// # Errors
    /// [`RequestError::Unknown`] when there are none, with the nearest key.
    pub fn one_of(
        &self,
        lookup: Lookup,
        edition: u64,
        key: String,
    ) -> BoxFuture<'static, Result<Rows, EngineError>> {
        let engine = self.clone();
        Box::pin(async move {
            let rows = engine.read_lookup(lookup, edition)?;
            let (_, column, _) = lookup.table();
            let keys = rows.column_by_name(column).and_then(|column| column.as_string_opt::<i32>());
            let keys: Vec<&str> = keys.into_iter().flat_map(|keys| keys.iter().flatten()).collect();
            let chosen: BooleanArray = keys.iter().map(|own| Some(*own == key)).collect();
            if chosen.true_count() == 0 {
                // A key has a row for each name, territory or event.
                let keys: BTreeSet<&str> = keys.into_iter().collect();
                let hint = if keys.len() > MOST_LISTED {
                    format!("{} are known", keys.len())
                } else {
                    format!("known: {}", keys.iter().copied().collect::<Vec<_>>().join(", "))
                };
                return Err(RequestError::unknown(lookup.one(), &key, keys, hint).into());
            }
            let found = filter_record_batch(&rows, &chosen)?;
            let found =
                if lookup == Lookup::Networks { engine.with_members(&found, &key, edition)? } else { found };
            Ok(engine.rows_of(found.schema(), vec![found], edition))
        })
    }

    /// A network beside each of its members; one row without a member when it has none.
    fn with_members(
        &self,
        network: &RecordBatch,
        id: &str,
        edition: u64,
    ) -> Result<RecordBatch, EngineError> {
        let members = self.read_table_of("network_members", &["municipality_code", "valid_from"], edition)?;
        let ids = members.column_by_name("network_id").and_then(|column| column.as_string_opt::<i32>());
        let own: BooleanArray =
            ids.into_iter().flat_map(|ids| ids.iter()).map(|own| Some(own == Some(id))).collect();
        let members = filter_record_batch(&members, &own)?;
        // At least one row, so that a network without members is still shown.
        let count = members.num_rows().max(1);
        let first = UInt32Array::from(vec![0; count]);
        let mut columns = Vec::new();
        for name in ["network_id", "name", "county_codes", "source"] {
            if let Some(column) = network.column_by_name(name) {
                columns.push((name, take(column, &first, None)?));
            }
        }
        for name in ["municipality_code", "valid_from", "valid_to", "certainty"] {
            if let Some(column) = members.column_by_name(name) {
                let column = if members.num_rows() == 0 {
                    new_null_array(column.data_type(), 1)
                } else {
                    Arc::clone(column)
                };
                columns.push((name, column));
            }
        }
        Ok(RecordBatch::try_from_iter(columns)?)
    }

    fn read_lookup(&self, lookup: Lookup, edition: u64) -> Result<RecordBatch, EngineError> {
        let (name, _, order) = lookup.table();
        self.read_table_of(name, order, edition)
    }

    /// The rows of a table, in order.
    fn read_table_of(&self, name: &str, order: &[&str], edition: u64) -> Result<RecordBatch, EngineError> {
        let edition = self.edition_of(AsOf::Edition(edition))?;
        let batches = read_table(&self.lake, &edition, name)?;
        let schema = Table::named(name).map(Table::schema).unwrap_or_else(|| Arc::new(Schema::empty()));
        let all = concat_batches(&schema, &batches)?;
        // A table the lake does not know has no columns, and sorting by none is an error.
        if all.num_rows() == 0 {
            return Ok(all);
        }
        let columns = order.iter().filter_map(|name| all.column_by_name(name));
        let columns: Vec<SortColumn> =
            columns.map(|values| SortColumn { values: Arc::clone(values), options: None }).collect();
        Ok(take_record_batch(&all, &lexsort_to_indices(&columns, None)?)?)
    }
}

/// The rows whose span holds a day; without a day those whose span has no end.
fn valid_on(rows: &RecordBatch, on: Option<NaiveDate>) -> Result<RecordBatch, EngineError> {
    let day =
        |name: &str| rows.column_by_name(name).and_then(|column| column.as_primitive_opt::<Date32Type>());
    let (Some(from), Some(to)) = (day("valid_from"), day("valid_to")) else { return Ok(rows.clone()) };
    let on = on.map(epoch_days);
    let valid = (0..rows.num_rows()).map(|row| match on {
        None => to.is_null(row),
        // A span ends on the first day that is not in it.
        Some(on) => from.value(row) <= on && (to.is_null(row) || to.value(row) > on),
    });
    let chosen: BooleanArray = valid.map(Some).collect();
    Ok(filter_record_batch(rows, &chosen)?)
}

/// What is known of a stage of a solution's rollout.
#[derive(Debug, Default)]
struct Stage {
    events: i64,
    municipalities: BTreeSet<String>,
    first: Option<i32>,
    last: Option<i32>,
    synthetic: bool,
}

impl Stage {
    /// How many municipalities are at it.
    fn count(&self) -> i64 {
        i64::try_from(self.municipalities.len()).unwrap_or(i64::MAX)
    }
}

/// The events of rollouts, counted by solution and stage.
fn stages(events: &RecordBatch) -> Result<RecordBatch, EngineError> {
    let text = |name: &str| events.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
    let (Some(solutions), Some(stages), Some(codes)) =
        (text("solution_id"), text("stage"), text("municipality_code"))
    else {
        return Ok(events.clone());
    };
    let from = events.column_by_name("valid_from").and_then(|column| column.as_primitive_opt::<Date32Type>());
    let made_up = events.column_by_name("synthetic").and_then(|column| column.as_boolean_opt());
    let mut found: BTreeMap<(&str, &str), Stage> = BTreeMap::new();
    for row in 0..events.num_rows() {
        let stage = found.entry((solutions.value(row), stages.value(row))).or_default();
        stage.events += 1;
        stage.municipalities.insert(codes.value(row).to_owned());
        let day = from.map(|from| from.value(row));
        stage.first = stage.first.into_iter().chain(day).min();
        stage.last = stage.last.into_iter().chain(day).max();
        stage.synthetic |= made_up.is_some_and(|flags| flags.value(row));
    }
    let columns: [(&str, arrow::array::ArrayRef); 7] = [
        ("solution_id", Arc::new(found.keys().map(|(solution, _)| Some(*solution)).collect::<StringArray>())),
        ("stage", Arc::new(found.keys().map(|(_, stage)| Some(*stage)).collect::<StringArray>())),
        ("events", Arc::new(found.values().map(|stage| Some(stage.events)).collect::<Int64Array>())),
        ("municipalities", Arc::new(found.values().map(|stage| Some(stage.count())).collect::<Int64Array>())),
        ("first_from", Arc::new(found.values().map(|stage| stage.first).collect::<Date32Array>())),
        ("last_from", Arc::new(found.values().map(|stage| stage.last).collect::<Date32Array>())),
        ("synthetic", Arc::new(found.values().map(|stage| Some(stage.synthetic)).collect::<BooleanArray>())),
    ];
    Ok(RecordBatch::try_from_iter(columns)?)
}
