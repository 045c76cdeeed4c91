//! The meta of an answer: what its rows were asked, and what they rest on.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Float64Type;
use utbredt_answer::{AgeBand, Denominator, Meta, Unanswered, Work};
use utbredt_kpi::{By, Caveats, Inhabitants, KpiRequest, ParamValue};
use utbredt_lake::Edition;

use crate::edition::open::OpenEdition;
use crate::edition::provenance::{Extent, Provenance};
use crate::question::periods::last_day;
use crate::question::resolve::ResolvedQuery;

/// All that must be known to read the rows.
pub(crate) fn describe(
    query: &ResolvedQuery<'_>,
    edition: &Edition,
    provenance: &Provenance,
    opened: &OpenEdition,
    rows: &RecordBatch,
    work: Work,
) -> Meta {
    let (kpi, request) = (query.kpi, query.request);
    let (denominators, uncounted_ages) = denominators(query, provenance, opened);
    Meta {
        kpi_id: kpi.id.clone(),
        kpi_version: kpi.version,
        title: kpi.title.clone(),
        unit: kpi.unit.to_string(),
        better: kpi.better,
        edition: edition.number,
        recorded_at: edition.recorded_at,
        by: request.by,
        borders: request.borders,
        policy: request.policy,
        granularity: query.scope.granularity.map_or(KpiRequest::RANGE, utbredt_model::Granularity::as_str),
        from: query.shown.first().map_or(query.scope.day, |period| period.start),
        to: query.shown.last().map_or(query.scope.day, last_day),
        params: params(query),
        unanswered: unanswered(query),
        filter: request.filter.clone(),
        caveats: caveats(query),
        changes: kpi.changes.clone(),
        rows: rows.num_rows(),
        coverage: coverage(query, rows),
        sources: sources(query, provenance),
        denominators,
        uncounted_ages,
        synthetic: is_synthetic(rows),
        work,
    }
}

/// What a reader must know: of the KPI, and where a period begins after the day of the edition.
fn caveats(query: &ResolvedQuery<'_>) -> Caveats {
    let own = query.kpi.caveats.clone();
    let is_ahead = query.shown.iter().any(|period| period.start > query.scope.day);
    let text = query.catalogue.reason(&query.kpi.id, "not_begun").filter(|_| is_ahead);
    match text {
        Some(text) => own.with(text),
        None => own,
    }
}

/// The parameters of the request, and the measure that was meant where it names none.
fn params(query: &ResolvedQuery<'_>) -> BTreeMap<String, String> {
    let mut params = query.request.params.clone();
    for param in query.kpi.params.iter().filter(|param| param.main.is_some()) {
        let answered = query.bound.iter().filter(|bound| bound.unanswered.is_none());
        let measures: BTreeSet<String> = answered
            .flat_map(|bound| bound.params.iter().filter(|(name, _)| *name == param.name))
            .map(|(_, measure)| measure.to_string())
            .collect();
        // Solutions with different main measures have none in common to name.
        if let (1, Some(measure)) = (measures.len(), measures.into_iter().next()) {
            params.entry(param.name.clone()).or_insert(measure);
        }
    }
    params
}

/// The solutions for which the question does not arise, with the reason.
fn unanswered(query: &ResolvedQuery<'_>) -> Vec<Unanswered> {
    let mut found = Vec::new();
    for bound in &query.bound {
        let Some(reason) = bound.unanswered else { continue };
        found.push(Unanswered {
            solution_id: bound.solution.clone().unwrap_or_default(),
            reason,
            text: query.catalogue.reason(&query.kpi.id, reason).cloned(),
        });
    }
    found
}

/// The share of the nation that the last row speaks for. Rows of several areas or solutions have none in common.
fn coverage(query: &ResolvedQuery<'_>, rows: &RecordBatch) -> Option<f64> {
    if query.request.by != By::Nation || query.by_solution {
        return None;
    }
    let column = rows.column_by_name("coverage")?.as_primitive_opt::<Float64Type>()?;
    let last = rows.num_rows().checked_sub(1)?;
    column.is_valid(last).then(|| column.value(last))
}

/// The sources whose deliveries hold rows the answer was computed from.
fn sources(query: &ResolvedQuery<'_>, provenance: &Provenance) -> Vec<String> {
    let end = query.shown.last().map_or(query.scope.day, |period| period.end);
    let mut found = BTreeSet::new();
    for bound in &query.bound {
        let text = |required: &str| match bound.params.iter().find(|(name, _)| name == required) {
            Some((_, ParamValue::Text(text))) if text != "*" => Some(text.as_str()),
            _ => None,
        };
        found.extend(provenance.sources(&Extent {
            tables: &query.kpi.tables,
            solution: text("solution_id"),
            measure: text("measure_id"),
            source: text("source_id"),
            end,
        }));
    }
    found.into_iter().collect()
}

/// The counts of inhabitants that the KPI's views divide by, and the ages they lack.
fn denominators(
    query: &ResolvedQuery<'_>,
    provenance: &Provenance,
    opened: &OpenEdition,
) -> (Vec<Denominator>, Vec<AgeBand>) {
    let counted = query.catalogue.views().iter().filter(|view| query.kpi.views.contains(&view.name));
    let mut ages: BTreeSet<(u32, Option<u32>)> = BTreeSet::new();
    for counts in counted.filter_map(|view| view.counts) {
        match counts {
            Inhabitants::Everybody => {
                ages.insert((0, None));
            }
            Inhabitants::TargetGroup => {
                for bound in &query.bound {
                    ages.extend(opened.dimensions.ages_of(bound.solution.as_deref()));
                }
            }
        }
    }
    provenance.denominators(&ages, &query.scope.periods)
}

/// Whether any row is marked as made up.
fn is_synthetic(rows: &RecordBatch) -> bool {
    let marks = rows.column_by_name("marks").and_then(|column| column.as_string_opt::<i32>());
    let mut names = marks.into_iter().flat_map(|marks| marks.iter().flatten()).flat_map(|all| all.split(' '));
    names.any(|mark| mark == "synthetic")
}
