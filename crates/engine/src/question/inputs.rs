//! What a question brings to a text: its parameters as SQL has them, and its areas as a relation.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::ParamValues;
use datafusion::scalar::ScalarValue;
use utbredt_kpi::ParamValue;

use super::periods::epoch_days;
use super::resolve::ResolvedQuery;
use super::scope::Scope;
use crate::edition::areas::Areas;
use crate::error::EngineError;

/// Parameters as SQL has them.
pub(crate) fn values<'a>(params: impl Iterator<Item = &'a (String, ParamValue)>) -> ParamValues {
    ParamValues::from(params.map(|(name, value)| (name.clone(), scalar(value))).collect::<Vec<_>>())
}

fn scalar(value: &ParamValue) -> ScalarValue {
    match value {
        ParamValue::Text(text) => ScalarValue::Utf8(Some(text.clone())),
        ParamValue::Date(day) => ScalarValue::Date32(Some(epoch_days(*day))),
        ParamValue::Integer(number) => ScalarValue::Int64(Some(*number)),
        ParamValue::Number(number) => ScalarValue::Float64(Some(*number)),
    }
}

/// The relation `areas` of a question: the areas asked for, made of the municipalities its filter chooses.
pub(super) fn areas_of_question(query: &ResolvedQuery<'_>) -> Result<RecordBatch, EngineError> {
    areas_table(&query.scope, &query.areas, |period, municipality, area| {
        query
            .chosen
            .as_ref()
            .is_none_or(|chosen| chosen.holds(period, municipality) && chosen.shows(query.request.by, area))
    })
}

/// A row for each period, municipality and area it belongs to.
pub(super) fn areas_table(
    scope: &Scope,
    areas: &[Arc<Areas>],
    keep: impl Fn(usize, &str, &str) -> bool,
) -> Result<RecordBatch, EngineError> {
    let mut starts = Vec::new();
    let (mut municipalities, mut codes, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for (at, (start, areas)) in scope.starts().into_iter().zip(areas).enumerate() {
        let mut pairs: Vec<_> = areas.pairs().filter(|(code, area)| keep(at, code, &area.code)).collect();
        // `pairs` comes from a hash map, whose order differs from run to run.
        pairs.sort_by_key(|(municipality, area)| (*municipality, area.code.as_str()));
        for (municipality, area) in pairs {
            starts.push(epoch_days(start));
            municipalities.push(municipality);
            codes.push(area.code.as_str());
            names.push(area.name.as_str());
        }
    }
    let columns: Vec<(Field, ArrayRef)> = vec![
        (Field::new("period_start", DataType::Date32, false), Arc::new(Date32Array::from(starts))),
        (Field::new("municipality_code", DataType::Utf8, false), Arc::new(StringArray::from(municipalities))),
        (Field::new("area_code", DataType::Utf8, false), Arc::new(StringArray::from(codes))),
        (Field::new("area_name", DataType::Utf8, false), Arc::new(StringArray::from(names))),
    ];
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}
