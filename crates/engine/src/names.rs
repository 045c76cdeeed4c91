//! Names a question gives in parameters that are plain text to the catalogue: one that the lake does not know is a
//! wrong name, never an empty answer.

use datafusion::prelude::SessionContext;
use utbredt_kpi::ParamValue;

use crate::error::{EngineError, nearest};
use crate::read::texts;

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
    check_solution(context, bound).await?;
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

/// A solution that is not in the lake is a wrong name, never an answer of zeros.
async fn check_solution(context: &SessionContext, bound: &[(String, ParamValue)]) -> Result<(), EngineError> {
    let Some((_, ParamValue::Text(wanted))) = bound.iter().find(|(name, _)| name == "solution_id") else {
        return Ok(());
    };
    if wanted == "*" {
        return Ok(());
    }
    let known =
        texts(context, "SELECT solutions.solution_id FROM solutions ORDER BY solutions.solution_id").await?;
    if known.contains(wanted) {
        return check_measure(context, bound, wanted).await;
    }
    Err(EngineError::Unknown {
        kind: "solution",
        name: wanted.clone(),
        nearest: nearest(wanted, known.iter().map(String::as_str)),
        hint: format!("known: {}", known.join(", ")),
    })
}

/// Nor is a measure the solution does not have. A KPI adds what municipalities count, so a measure that declares no
/// sum is refused: a mean of shares, or an added level, is a number that means nothing.
async fn check_measure(
    context: &SessionContext,
    bound: &[(String, ParamValue)],
    solution_id: &str,
) -> Result<(), EngineError> {
    // The solution was found among the lake's own: its id is safe inside the text.
    let of = |column: &str, more: &str| {
        format!("SELECT {column} FROM measures WHERE solution_id = '{solution_id}'{more} ORDER BY 1")
    };
    for (name, value) in bound {
        let ParamValue::Text(wanted) = value else { continue };
        // The measure of all cases, beside which one is held, need not exist: then nobody counts them.
        if name != "measure_id" {
            continue;
        }
        let known = texts(context, &of("measure_id", "")).await?;
        if !known.contains(wanted) {
            return Err(EngineError::Unknown {
                kind: "measure",
                name: wanted.clone(),
                nearest: nearest(wanted, known.iter().map(String::as_str)),
                hint: format!("{solution_id} has {}", known.join(", ")),
            });
        }
        let added = " AND kind IN ('stock', 'flow') AND rollup <> 'none'";
        let added = texts(context, &of("measure_id", added)).await?;
        if !added.contains(wanted) {
            return Err(EngineError::Invalid {
                what: format!("{wanted} of {solution_id} declares no sum, and this KPI adds"),
                hint: if added.is_empty() {
                    format!(
                        "a share is delivered as two measures, what is counted and of how many; {solution_id} has none that add"
                    )
                } else {
                    format!(
                        "a share is delivered as two measures, what is counted and of how many; those that add: {}",
                        added.join(", ")
                    )
                },
            });
        }
    }
    Ok(())
}
