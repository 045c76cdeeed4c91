//! A solution or a measure: one for the whole delivery, or the word of a row.

use csv::StringRecord;
use utbredt_model::{Reason, ReasonCode};

use super::contract::Pick;
use super::places::Places;

/// The identifier that a row states, or the fixed one.
pub(super) fn pick(pick: &Pick, places: &Places, cells: &StringRecord) -> Result<String, Reason> {
    let Some(column) = &pick.column else { return Ok(pick.fixed.clone().unwrap_or_default()) };
    let text = places.cell(cells, column);
    if text.is_empty() {
        return Err(Reason::new(ReasonCode::MissingField, format!("column `{column}` is empty")));
    }
    Ok(pick.map.get(text).map_or(text, String::as_str).to_owned())
}
