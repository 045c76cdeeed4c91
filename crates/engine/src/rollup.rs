//! The one roll-up: a KPI's cells become rows for areas. Only cells whose state is `ok` add anything; the others
//! are counted, so that every row says how much of its area it speaks for.

use std::fmt::Write as _;

use chrono::NaiveDate;
use utbredt_kpi::{Catalogue, ColumnFill, ColumnRollup, Kpi, RollupKind};

use crate::error::{EngineError, nearest};
use crate::request::{By, KpiRequest};

/// The shared relations a KPI and its roll-up read.
pub(crate) fn wanted(catalogue: &Catalogue, kpi: &Kpi, by: By) -> Vec<String> {
    let mut wanted = kpi.views.clone();
    let mut open = vec![format!("areas_{}", by.as_str()), "population_cells".to_owned()];
    while let Some(name) = open.pop() {
        if let Some(view) = catalogue.views().iter().find(|view| view.name == name) {
            open.extend(view.uses.iter().cloned());
        }
        wanted.push(name);
    }
    wanted
}

/// The roll-up of a KPI's `cells` as SQL.
pub(crate) fn text(kpi: &Kpi, request: &KpiRequest, first: NaiveDate) -> Result<String, EngineError> {
    let by = request.by;
    if kpi.rollup.kind == RollupKind::None && by != By::Municipality {
        return Err(EngineError::Invalid {
            what: format!("{} is told for municipalities only, not by {}", kpi.id, by.as_str()),
            hint: "ask by municipality".into(),
        });
    }
    let (numerator, value) = numbers(kpi);
    let keys = by
        .columns()
        .map_or(String::new(), |(key, name)| format!("area_code AS {key}, area_name AS {name}, "));
    let (sums, shown) = extras(kpi);
    Ok(format!(
        "WITH rolled AS (
            SELECT cells.period_start, a.area_code, max(a.area_name) AS area_name,
                {numerator},
                sum(CASE WHEN cells.state = 'ok' THEN cells.denominator END) AS denominator,
                bit_or(CASE WHEN cells.state = 'ok' THEN cells.marks ELSE 0 END) AS marks,
                count(CASE WHEN cells.state = 'ok' THEN 1 END) AS reported,
                count(CASE WHEN cells.state IN ('ok', 'missing', 'suppressed') THEN 1 END) AS expected,
                count(CASE WHEN cells.state = 'suppressed' THEN 1 END) AS suppressed,
                count(CASE WHEN cells.state = 'not_valid' THEN 1 END) AS not_valid,
                sum(CASE WHEN cells.state = 'ok' THEN p.persons END) AS covered,
                sum(CASE WHEN cells.state IN ('ok', 'missing', 'suppressed') THEN p.persons END) AS persons{sums}
            FROM cells
            INNER JOIN areas_{area} AS a
                ON a.period_start = cells.period_start AND a.municipality_code = cells.municipality_code
            LEFT JOIN population_cells AS p
                ON p.period_start = cells.period_start AND p.municipality_code = cells.municipality_code
            GROUP BY cells.period_start, a.area_code
        )
        SELECT period_start, {keys}{value} AS value, numerator, denominator,
            CASE WHEN reported > 0 THEN 'ok' WHEN suppressed > 0 THEN 'suppressed'
                WHEN expected > 0 THEN 'missing' WHEN not_valid > 0 THEN 'not_valid'
                ELSE 'not_applicable' END AS state,
            CAST(coalesce(covered, 0) AS DOUBLE) / NULLIF(persons, 0) AS coverage,
            {MARKS} AS marks,
            reported AS municipalities_reported, expected AS municipalities_expected{shown}
        FROM rolled
        WHERE period_start >= DATE '{first}'{filter}
        ORDER BY period_start, {order}area_code",
        area = by.as_str(),
        filter = filter(request)?,
        // A KPI that ranks is read from the top.
        order = if kpi.columns.iter().any(|column| column.name == "rank") { "rank, " } else { "" },
    ))
}

/// The marks of a row in words, in the order of `utbredt_model::Marks`.
const MARKS: &str = "concat_ws(' ',
                CASE WHEN marks & 1 > 0 THEN 'provisional' END, CASE WHEN marks & 2 > 0 THEN 'imputed' END,
                CASE WHEN marks & 4 > 0 THEN 'perturbed' END, CASE WHEN marks & 8 > 0 THEN 'synthetic' END,
                CASE WHEN marks & 16 > 0 OR (reported > 0 AND (reported < expected OR not_valid > 0))
                    THEN 'partial' END,
                CASE WHEN marks & 32 > 0 THEN 'stale_denominator' END,
                CASE WHEN marks & 64 > 0 THEN 'split_by_share' END,
                CASE WHEN marks & 128 > 0 THEN 'incomplete_period' END)";

/// The numerator while adding, and the value made of it once, last.
fn numbers(kpi: &Kpi) -> (String, String) {
    let add = match kpi.rollup.kind {
        RollupKind::Max => "max",
        RollupKind::Min => "min",
        _ => "sum",
    };
    let added = format!("{add}(CASE WHEN cells.state = 'ok' THEN cells.numerator END)");
    let numerator = match kpi.rollup.divide_by {
        1 => format!("{added} AS numerator"),
        by => format!("CAST({added} AS DOUBLE) / {by} AS numerator"),
    };
    let value = match kpi.rollup.kind {
        RollupKind::Ratio => {
            format!("{}.0 * CAST(numerator AS DOUBLE) / NULLIF(denominator, 0)", kpi.rollup.scale)
        }
        _ => "CAST(numerator AS DOUBLE)".to_owned(),
    };
    (numerator, value)
}

/// The KPI's own columns: how they are rolled up, and how they are shown.
fn extras(kpi: &Kpi) -> (String, String) {
    let (mut sums, mut shown) = (String::new(), String::new());
    for column in &kpi.columns {
        let name = &column.name;
        let show = match &column.fill {
            ColumnFill::After(text) => text.clone(),
            ColumnFill::Rolled(rollup) => {
                let add = match rollup {
                    ColumnRollup::Sum => "sum",
                    ColumnRollup::Min | ColumnRollup::Any => "min",
                    ColumnRollup::Max => "max",
                };
                let _ = write!(sums, ", {add}(CASE WHEN cells.state = 'ok' THEN cells.{name} END) AS {name}");
                name.clone()
            }
            // One cell, one row: there is nothing to roll up.
            ColumnFill::Selected => {
                let _ = write!(sums, ", max(CASE WHEN cells.state = 'ok' THEN cells.{name} END) AS {name}");
                name.clone()
            }
        };
        let _ = match column.divide_by {
            1 => write!(shown, ", {show} AS {name}"),
            by => write!(shown, ", CAST({show} AS DOUBLE) / {by} AS {name}"),
        };
    }
    (sums, shown)
}

/// Only the key of the rows can be filtered on. Its value is one of ours: digits, letters, `_` and `-`.
fn filter(request: &KpiRequest) -> Result<String, EngineError> {
    let mut text = String::new();
    for (key, value) in &request.filter {
        let own = request.by.columns().map(|(own, _)| own);
        if own != Some(key.as_str()) {
            return Err(EngineError::Unknown {
                kind: "filter",
                name: key.clone(),
                nearest: nearest(key, own),
                hint: format!("rows by {} have the key {}", request.by.as_str(), own.unwrap_or("(none)")),
            });
        }
        if value.is_empty() || !value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
            return Err(EngineError::Invalid {
                what: format!("`{value}` is not a {key}"),
                hint: "a code is digits, an id lower-case letters".into(),
            });
        }
        let _ = write!(text, " AND area_code = '{value}'");
    }
    Ok(text)
}
