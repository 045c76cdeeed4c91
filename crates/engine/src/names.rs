//! Names a question gives in parameters that are plain text to the catalogue: one that the lake does not know is a
//! wrong name, never an empty answer.

use datafusion::prelude::SessionContext;
use utbredt_kpi::ParamValue;

use crate::error::{EngineError, nearest};
use crate::run::texts;

/// Parameter, what it names, and where the lake has the names.
const NAMED: [(&str, &str, &str); 2] = [
    ("wave_id", "wave", "SELECT waves.wave_id FROM waves ORDER BY waves.wave_id"),
    ("source_id", "source", "SELECT DISTINCT receipts.source_id FROM receipts ORDER BY receipts.source_id"),
];

/// Refuses names the lake does not know; `*` is all there are.
pub(crate) async fn check(
    context: &SessionContext,
    bound: &[(String, ParamValue)],
) -> Result<(), EngineError> {
    for (parameter, kind, text) in NAMED {
        let given = bound.iter().find(|(name, _)| name == parameter);
        let Some((_, ParamValue::Text(wanted))) = given.filter(|(_, value)| value.to_string() != "*") else {
            continue;
        };
        let known = texts(context, text).await?;
        if !known.contains(wanted) {
            return Err(EngineError::Unknown {
                kind,
                name: wanted.clone(),
                nearest: nearest(wanted, known.iter().map(String::as_str)),
                hint: if known.is_empty() {
                    format!("the lake has no {kind} yet")
                } else {
                    format!("known: {}", known.join(", "))
                },
            });
        }
    }
    Ok(())
}
