//! Which counts of inhabitants an answer divides by: of what age, on what day, from which publication.

use chrono::NaiveDate;
use datafusion::prelude::SessionContext;
use utbredt_kpi::{Kpi, ParamValue};
use utbredt_model::Period;

use crate::error::EngineError;
use crate::evidence::remembered;
use crate::read::texts;
use crate::session::Tables;

/// A count of inhabitants that periods of an answer are measured by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denominator {
    /// The day they were counted.
    pub reference_date: NaiveDate,
    /// The youngest.
    pub age_from: u32,
    /// The first age left out; none when there is no upper end.
    pub age_to: Option<u32>,
    /// The publication the count is from.
    pub vintage: String,
}

/// Those the KPI's own text reads, oldest first; for all solutions at once each solution's.
pub(crate) async fn denominators(
    context: &SessionContext,
    tables: &Tables,
    (kpi, bound): (&Kpi, &[(String, ParamValue)]),
    periods: &[Period],
) -> Result<Vec<Denominator>, EngineError> {
    let reads = |view: &str| kpi.views.iter().any(|name| name == view);
    let mut bands = Vec::new();
    if reads("population_cells") {
        bands.push("(reference.age_from = 0 AND reference.age_to IS NULL)".to_owned());
    }
    if reads("eligible_cells") {
        let solution = bound.iter().find(|(name, _)| name == "solution_id");
        let of = match solution {
            Some((_, ParamValue::Text(id))) if id != "*" => {
                format!(" AND solutions.solution_id = '{}'", id.replace('\'', "''"))
            }
            _ => String::new(),
        };
        bands.push(format!(
            "EXISTS (SELECT 1 FROM solutions LEFT JOIN target_groups
                ON target_groups.solution_id = solutions.solution_id
                WHERE reference.age_from = coalesce(target_groups.age_from, 0)
                    AND (reference.age_to IS NOT DISTINCT FROM target_groups.age_to){of})"
        ));
    }
    if bands.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT DISTINCT concat_ws('|', reference.reference_date, reference.age_from,
            coalesce(CAST(reference.age_to AS VARCHAR), ''), counted.vintage)
        FROM population_reference AS reference
        INNER JOIN (SELECT DISTINCT reference_date, age_from, age_to, vintage FROM population)
            AS counted
            ON counted.reference_date = reference.reference_date
            AND counted.age_from = reference.age_from
            AND counted.age_to IS NOT DISTINCT FROM reference.age_to
        WHERE {}
        ORDER BY 1",
        bands.join(" OR ")
    );
    // The periods are rows of the session and no part of the text.
    let key = format!("{text} {periods:?}");
    let rows = remembered(tables, key, texts(context, &text)).await?;
    Ok(rows.iter().filter_map(|row| read(row)).collect())
}

fn read(row: &str) -> Option<Denominator> {
    let mut fields = row.splitn(4, '|');
    let reference_date = fields.next()?.parse().ok()?;
    let age_from = fields.next()?.parse().ok()?;
    let age_to = fields.next()?.parse().ok();
    Some(Denominator { reference_date, age_from, age_to, vintage: fields.next()?.to_owned() })
}
