//! The one roll-up: a KPI's cells become rows for areas. Only cells whose state is `ok` add anything; the others
//! are counted, so that every row says how much of its area it speaks for.

use std::fmt::Write as _;

use chrono::NaiveDate;
use utbredt_kpi::{Catalogue, ColumnFill, ColumnRollup, Kpi, RollupKind, Unit};

use crate::error::{EngineError, nearest};
use crate::request::{By, KpiRequest};

/// The shared relations a KPI and its roll-up read.
pub(crate) fn wanted(catalogue: &Catalogue, kpi: &Kpi, by: By) -> Vec<String> {
    let mut wanted = kpi.views.clone();
    wanted.extend(below(catalogue, format!("areas_{}", by.as_str())));
    wanted.extend(below(catalogue, "population_cells".to_owned()));
    wanted
}

/// A shared relation and all it is made of.
pub(crate) fn below(catalogue: &Catalogue, name: String) -> Vec<String> {
    let (mut found, mut open) = (Vec::new(), vec![name]);
    while let Some(name) = open.pop() {
        if let Some(view) = catalogue.views().iter().find(|view| view.name == name) {
            open.extend(view.uses.iter().cloned());
        }
        found.push(name);
    }
    found
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
    if kpi.rollup.nation_only && by != By::Nation {
        return Err(EngineError::Invalid {
            what: format!("{} is told for the nation only, not by {}", kpi.id, by.as_str()),
            hint: "ask by nation: what it counts belongs to no municipality".into(),
        });
    }
    let (_, value) = numbers(kpi);
    let (_, shown) = extras(kpi);
    let (rolled, value, state, coverage) = if kpi.rollup.kind == RollupKind::Area {
        (own_areas(kpi), "value", "state", "coverage")
    } else {
        (added(kpi), value.as_str(), STATE, "CAST(coalesce(covered, 0) AS DOUBLE) / NULLIF(persons, 0)")
    };
    let keys = by
        .columns()
        .map_or(String::new(), |(key, name)| format!("area_code AS {key}, area_name AS {name}, "));
    // A KPI that ranks is read from the top.
    let order = if kpi.columns.iter().any(|column| column.name == "rank") { "rank, " } else { "" };
    Ok(format!(
        "WITH rolled AS ({rolled})
        SELECT period_start, {keys}{value} AS value, numerator, denominator, {state} AS state,
            {coverage} AS coverage, {MARKS} AS marks,
            reported AS municipalities_reported, expected AS municipalities_expected{shown}
        FROM rolled
        WHERE period_start >= DATE '{first}'{filter}
        ORDER BY period_start, {order}area_code",
        filter = filter(request)?,
    ))
}

/// Cells added up: only the `ok` ones add, the others are counted.
fn added(kpi: &Kpi) -> String {
    let (numerator, _) = numbers(kpi);
    let (sums, _) = extras(kpi);
    format!(
        "SELECT cells.period_start, areas.area_code, max(areas.area_name) AS area_name,
            {numerator},
            sum(CASE WHEN cells.state = 'ok' THEN cells.denominator END) AS denominator,
            bit_or(CASE WHEN cells.state = 'ok' THEN cells.marks ELSE 0 END) AS marks,
            max(CASE WHEN periods.period_end > periods.edition_day THEN 1 ELSE 0 END) AS open,
            count(CASE WHEN cells.state = 'ok' THEN 1 END) AS reported,
            count(CASE WHEN cells.state IN ('ok', 'missing', 'suppressed') THEN 1 END) AS expected,
            count(CASE WHEN cells.state = 'suppressed' THEN 1 END) AS suppressed,
            count(CASE WHEN cells.state = 'not_valid' THEN 1 END) AS not_valid,
            sum(CASE WHEN cells.state = 'ok' THEN p.persons END) AS covered,
            sum(CASE WHEN cells.state IN ('ok', 'missing', 'suppressed') THEN p.persons END) AS persons{sums}
        FROM cells
        INNER JOIN periods
            ON periods.period_start = cells.period_start
        INNER JOIN areas
            ON areas.period_start = cells.period_start AND areas.municipality_code = cells.municipality_code
        LEFT JOIN population_cells AS p
            ON p.period_start = cells.period_start AND p.municipality_code = cells.municipality_code
        GROUP BY cells.period_start, areas.area_code"
    )
}

/// Rows a KPI made for areas itself: they get their areas' names.
fn own_areas(kpi: &Kpi) -> String {
    let extras: String =
        kpi.columns.iter().map(|column| format!(", max(cells.{0}) AS {0}", column.name)).collect();
    format!(
        "SELECT cells.period_start, cells.area_code, max(areas.area_name) AS area_name,
            max(cells.value) AS value, max(cells.numerator) AS numerator, max(cells.denominator) AS denominator,
            max(cells.state) AS state, max(cells.coverage) AS coverage, max(cells.marks) AS marks,
            max(CASE WHEN periods.period_end > periods.edition_day THEN 1 ELSE 0 END) AS open,
            max(cells.municipalities_reported) AS reported, max(cells.municipalities_expected) AS expected,
            0 AS not_valid{extras}
        FROM cells
        INNER JOIN periods
            ON periods.period_start = cells.period_start
        INNER JOIN areas
            ON areas.period_start = cells.period_start AND areas.area_code = cells.area_code
        GROUP BY cells.period_start, cells.area_code"
    )
}

/// The state of an area, as `CellState::of_area` has it.
const STATE: &str = "CASE WHEN reported > 0 THEN 'ok' WHEN suppressed > 0 THEN 'suppressed'
                WHEN expected > 0 THEN 'missing' WHEN not_valid > 0 THEN 'not_valid'
                ELSE 'not_applicable' END";

/// The marks of a row in words, in the order of `utbredt_model::Marks`.
const MARKS: &str = "concat_ws(' ',
                CASE WHEN marks & 1 > 0 THEN 'provisional' END, CASE WHEN marks & 2 > 0 THEN 'imputed' END,
                CASE WHEN marks & 4 > 0 THEN 'perturbed' END, CASE WHEN marks & 8 > 0 THEN 'synthetic' END,
                CASE WHEN marks & 16 > 0 OR (reported > 0 AND (reported < expected OR not_valid > 0))
                    THEN 'partial' END,
                CASE WHEN marks & 32 > 0 THEN 'stale_denominator' END,
                CASE WHEN marks & 64 > 0 THEN 'split_by_share' END,
                CASE WHEN marks & 128 > 0 OR (open = 1 AND reported > 0) THEN 'incomplete_period' END)";

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
    let scale = match (kpi.rollup.kind, &kpi.unit) {
        (RollupKind::Ratio, _) => Some(kpi.rollup.scale),
        // A single municipality's rate: its unit says what it is a rate of.
        (RollupKind::None, Unit::Per1000) => Some(1000),
        (RollupKind::None, Unit::Share) => Some(1),
        _ => None,
    };
    let value = scale.map_or("CAST(numerator AS DOUBLE)".to_owned(), |scale| {
        format!("{scale}.0 * CAST(numerator AS DOUBLE) / NULLIF(denominator, 0)")
    });
    (numerator, value)
}

/// The 95 % interval of a share after Wilson (1927), "Probable inference, the law of succession, and statistical
/// inference": it stays inside 0 and 1, and says how little few persons say.
fn wilson() -> String {
    const Z: f64 = 1.959_963_984_540_054;
    let (p, n) = ("(CAST(numerator AS DOUBLE) / denominator)", "CAST(NULLIF(denominator, 0) AS DOUBLE)");
    let square = Z * Z;
    let middle = format!("{p} + {square} / (2 * {n})");
    let half = format!("{Z} * sqrt(greatest(0.0, {p} * (1 - {p}) / {n} + {square} / (4 * {n} * {n})))");
    // More users than persons is no share, and has no interval. At 0 and 1 an end of it is the share itself, which the
    // formula would miss by a rounding error.
    let end = |sign, meets: &str| {
        let bound = format!("least(1.0, greatest(0.0, (({middle}) {sign} {half}) / (1 + {square} / {n})))");
        format!(
            "CASE WHEN reported = 0 OR numerator > denominator OR denominator <= 0 THEN NULL
                WHEN numerator = {meets} THEN {p} WHEN reported > 0 THEN {bound} END"
        )
    };
    format!(", {} AS value_low, {} AS value_high", end("-", "0"), end("+", "denominator"))
}

/// The KPI's own columns: how they are rolled up, and how they are shown.
fn extras(kpi: &Kpi) -> (String, String) {
    let mut sums = String::new();
    let interval = kpi.rollup.kind == RollupKind::Ratio && kpi.unit == Unit::Share;
    let mut shown = if interval { wilson() } else { String::new() };
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
