//! `utbredt source try` and `new`: a file is tried before it is delivered, and a contract is proposed for one that has none.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use arrow::array::RecordBatch;
use serde_json::{Value, json};
use utbredt_ingest::{Delivery, DryRun, DryRunContext, IngestError, Loss, read_file, sandbox};
use utbredt_kpi::RequestError;
use utbredt_lake::Lake;
use utbredt_sources::delimited::{About, Known, TO_CHOOSE};

use crate::arguments::{NewArguments, TryArguments};
use crate::ingest::{BELOW_THRESHOLD, exceeds_rejection_limit, file_source, stem, usage};
use crate::report::{MAX_LISTED, cells, state};
use crate::{assets, clock, table};

/// Where a lake is looked for when none is named.
const DEFAULT_LAKE: &str = "./lake";

/// Rows of one reason that are named.
const ROWS_NAMED: usize = 5;

/// The lake named, or the one at the usual place; where none is, the program's own reference tables.
fn context(named: Option<&Path>) -> anyhow::Result<DryRunContext> {
    let usual = Path::new(DEFAULT_LAKE);
    match named {
        Some(root) => Ok(DryRunContext::Lake(Lake::open(root)?)),
        None if usual.join("FORMAT").exists() => Ok(DryRunContext::Lake(Lake::open(usual)?)),
        None => Ok(DryRunContext::of_files(&assets::datasets())?),
    }
}

/// Reports what would become of a file.
pub(crate) fn dry_run(arguments: &TryArguments) -> anyhow::Result<ExitCode> {
    let how = &arguments.how;
    let (source_id, format) = file_source(how.contract.as_deref(), how.source.as_deref())?;
    let subject = arguments.subject.clone().unwrap_or_else(|| stem(&arguments.file));
    let delivery = Delivery::of_file(&arguments.file, source_id, &subject, clock::now())?;
    let context = context(arguments.lake.as_deref())?;
    let trial = context.dry_run(format.as_ref(), &delivery).map_err(|error| match &error {
        IngestError::NotReady(_) => anyhow::Error::from(error).context("`utbredt init` puts them in"),
        _ => error.into(),
    })?;
    let in_lake = matches!(context, DryRunContext::Lake(_));
    if arguments.json {
        table::write_document(&format!("{}\n", as_json(arguments, &trial, in_lake)?))?;
    } else {
        print(arguments, &trial, in_lake)?;
    }
    let poor = exceeds_rejection_limit(&trial.report, arguments.max_rejected);
    Ok(if poor { ExitCode::from(BELOW_THRESHOLD) } else { ExitCode::SUCCESS })
}

fn print(arguments: &TryArguments, trial: &DryRun, in_lake: bool) -> anyhow::Result<()> {
    let report = &trial.report;
    let becomes = match state(&trial.report) {
        "held" => "would be held",
        "unchanged" => "is here already",
        _ => "would be accepted",
    };
    let file = arguments.file.display();
    table::each_line(&[format!("{file}: {} `{}` {becomes}", report.source_id, report.subject)]);
    table::line(&format!(
        "  {} rows in, {} facts read, {} rejected",
        report.rows_in, report.accepted, report.rejected
    ));
    for (batch, columns) in [
        (
            &trial.usage,
            &[
                "solution_id",
                "measure_id",
                "municipality_code",
                "period_start",
                "period_end",
                "value",
                "state",
            ][..],
        ),
        (&trial.rollout_events, &["solution_id", "municipality_code", "stage", "valid_from"][..]),
    ] {
        if batch.num_rows() > 0 {
            table::columns(std::slice::from_ref(batch), columns, MAX_LISTED)?;
            let more = batch.num_rows().saturating_sub(MAX_LISTED);
            if more > 0 {
                table::line(&format!("  and {more} more"));
            }
        }
    }
    let mut lines = rejections(trial);
    lines.extend(report.held.iter().flatten().map(|reason| format!("  held: {reason}")));
    lines.extend(report.superseded.iter().map(|old| format!("  takes the place of receipt {}", old.0)));
    lines.extend(cells(report));
    table::each_line(&lines);
    table::message(&if in_lake {
        format!("edition {} is still the newest: nothing was written", report.edition)
    } else {
        "checked against the program's own reference tables, since there is no lake here; nothing was written"
            .to_owned()
    });
    Ok(())
}

/// The rejected rows by reason, with the first of each as received.
fn rejections(trial: &DryRun) -> Vec<String> {
    let mut by_reason: BTreeMap<&str, Vec<(u64, &str)>> = BTreeMap::new();
    for rejection in &trial.rejections {
        by_reason.entry(&rejection.reason).or_default().push((rejection.row, &rejection.raw));
    }
    let mut lines = Vec::new();
    for (reason, rows) in by_reason {
        let named: Vec<String> = rows.iter().take(ROWS_NAMED).map(|(row, _)| row.to_string()).collect();
        let more = rows.len().saturating_sub(ROWS_NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        lines.push(format!("  rejected {}: {reason}", rows.len()));
        let first = rows.first().map_or("", |(_, raw)| raw.lines().next().unwrap_or(""));
        lines.push(format!("    row {}{more}: {first}", named.join(", ")));
    }
    lines
}

fn as_json(arguments: &TryArguments, trial: &DryRun, in_lake: bool) -> anyhow::Result<Value> {
    let report = &trial.report;
    let mut rejections = Vec::new();
    for rejection in &trial.rejections {
        let (row, code) = (rejection.row, rejection.code);
        rejections
            .push(json!({ "row": row, "code": code, "reason": rejection.reason, "raw": rejection.raw }));
    }
    Ok(json!({
        "file": arguments.file.display().to_string(),
        "source_id": report.source_id,
        "subject": report.subject,
        "against": if in_lake { "lake" } else { "reference" },
        "state": state(&trial.report),
        "rows_in": report.rows_in,
        "accepted": report.accepted,
        "rejected": report.rejected,
        "rejected_rows": report.rejected_rows,
        "reasons": report.reasons,
        "held": report.held,
        "releasable": report.releasable,
        "loss": report.loss.as_ref().map(Loss::to_json),
        "superseded": report.superseded.as_ref().map(|old| &old.0),
        "cells": report.cells_to_json(),
        "usage": rows(&trial.usage)?,
        "rollout_events": rows(&trial.rollout_events)?,
        "rejections": rejections,
        "edition": in_lake.then_some(report.edition),
    }))
}

fn rows(batch: &RecordBatch) -> anyhow::Result<Value> {
    let mut writer = arrow::json::ArrayWriter::new(Vec::new());
    writer.write(batch)?;
    writer.finish()?;
    let bytes = writer.into_inner();
    Ok(if bytes.is_empty() { json!([]) } else { serde_json::from_slice(&bytes)? })
}

/// Writes the contract proposed for a file.
pub(crate) fn new(arguments: &NewArguments) -> anyhow::Result<()> {
    let known = context(arguments.lake.as_deref())?.known()?;
    let about = about(arguments, &known)?;
    let file = &arguments.file;
    let bytes = read_file(file)?;
    let contract = sandbox::propose(&bytes, &about, &known)
        .with_context(|| format!("no contract can be proposed for {}", file.display()))?;
    table::write_document(&contract)?;
    if contract.contains(TO_CHOOSE) {
        table::message(&format!(
            "write what is to be chosen in place of `{TO_CHOOSE}`; everything is rejected until then"
        ));
    }
    Ok(())
}

fn about(arguments: &NewArguments, known: &Known) -> anyhow::Result<About> {
    let mut about = About::of_file(&stem(&arguments.file), arguments.source_id.as_deref())
        .map_err(|error| usage(error.to_string(), "a source is called as `county-reports`"))?;
    if let Some(name) = &arguments.solution {
        check_known("solution", name, &known.solutions.keys().map(String::as_str).collect::<Vec<_>>())?;
        about.solution = Some(name.parse()?);
    }
    if let Some(name) = &arguments.measure {
        check_known("measure", name, &known.measures.keys().map(String::as_str).collect::<Vec<_>>())?;
        about.measure = Some(name.parse()?);
    }
    Ok(about)
}

fn check_known(kind: &'static str, name: &str, names: &[&str]) -> Result<(), RequestError> {
    if names.contains(&name) {
        return Ok(());
    }
    let hint = format!("one of {}", names.join(", "));
    Err(RequestError::unknown(kind, name, names.iter().copied(), hint))
}
