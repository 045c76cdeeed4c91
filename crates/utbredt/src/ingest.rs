//! `utbredt init` and `utbredt ingest`: files become deliveries, reports become text and an exit code.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use utbredt_ingest::{Delivery, IngestError, Report, Source, deliver, load_reference, rollout};
use utbredt_kpi::RequestError;
use utbredt_lake::{Lake, Writer};
use utbredt_model::SourceId;
use utbredt_sources::delimited::Contract;

use crate::arguments::{IngestArguments, SourceName};
use crate::{assets, clock, table};

/// How a delivery ends that is held, or of which too many rows are refused.
pub(crate) const BELOW_THRESHOLD: u8 = 3;

/// Cells of a correction that are told; `--json` tells them all.
pub(crate) const TOLD: usize = 10;

/// Bytes from which a bar is worth looking at.
const LONG_WORK: u64 = 4 << 20;

/// Makes a lake, or opens the one that is there, and puts the embedded reference tables in.
pub(crate) fn init(root: &Path) -> anyhow::Result<()> {
    let lake = Lake::init(root)?;
    load_reference(&mut writer(&lake)?, &assets::datasets(), clock::now())?;
    let stands = lake.latest()?.map_or(0, |edition| edition.number);
    table::message(&format!(
        "{} is a lake; edition {stands} stands and holds the reference tables",
        root.display()
    ));
    Ok(())
}

/// The writer, after sweeping up what one that was stopped left behind.
pub(crate) fn writer(lake: &Lake) -> anyhow::Result<Writer> {
    let mut writer = lake.writer()?;
    writer.clean_up()?;
    writer.rebuild_delta()?;
    Ok(writer)
}

/// Delivers the files one after the other and tells what became of each.
pub(crate) fn run(arguments: &IngestArguments) -> anyhow::Result<ExitCode> {
    if arguments.files.is_empty() {
        return crate::source::run_due(&arguments.plan, &arguments.lake, arguments.json);
    }
    let (source, source_id) = source(arguments.contract.as_deref(), arguments.source)?;
    if let (Some(asked), [_, _, ..]) = (&arguments.asked, &arguments.files[..]) {
        return Err(usage(
            format!(
                "{} files cannot all answer `{asked}`: each would replace the one before",
                arguments.files.len()
            ),
            "leave --asked out, and each file's name is its question; or deliver one file at a time",
        ));
    }
    let lake = Lake::open(&arguments.lake)?;
    let mut writer = writer(&lake)?;
    let bar = bar(&arguments.files);
    let mut reports = Vec::new();
    let mut failed = None;
    for path in &arguments.files {
        bar.set_message(path.display().to_string());
        match one(&mut writer, arguments, path, &source, &source_id) {
            Ok(report) => reports.push((path, report)),
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let written = table::write(&if arguments.json { told_as_json(&reports) } else { told(&reports) });
    if let Some(error) = failed {
        return Err(error);
    }
    written.context("every file is delivered and this report was lost")?;
    let poor = reports.iter().any(|(_, report)| is_poor(report, arguments.max_refused));
    Ok(if poor { ExitCode::from(BELOW_THRESHOLD) } else { ExitCode::SUCCESS })
}

/// Whether a delivery is held, or more of its rows refused than may be, in per cent.
pub(crate) fn is_poor(report: &Report, max_refused: u8) -> bool {
    report.held.is_some() || report.refused_rows * 100 > u64::from(max_refused) * report.rows_in
}

/// How a file is read, and whose it is.
pub(crate) fn source(
    contract: Option<&Path>,
    named_source: Option<SourceName>,
) -> anyhow::Result<(Source, SourceId)> {
    let named = |name: &str| SourceId::parse(name).map_err(|e| anyhow::anyhow!(e.to_string()));
    match (contract, named_source) {
        (Some(path), _) => {
            let text =
                std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            let contract = Contract::from_toml(&text)
                .map_err(|e| usage(format!("{}: {e}", path.display()), "datasets/contracts has examples"))?;
            let source_id = contract.source_id.clone();
            Ok((Source::Delimited(contract), source_id))
        }
        (None, Some(SourceName::Digisos)) => {
            let notes = assets::dataset("rollout/digisos_notes.csv").unwrap_or_default();
            Ok((Source::Digisos { notes: rollout::notes(&notes) }, named("nav-digisos-list")?))
        }
        (None, Some(SourceName::Stages)) => Ok((Source::Stages, named("stages")?)),
        (None, None) => Err(usage("neither --contract nor --source is given".to_owned(), "give one of them")),
    }
}

pub(crate) fn usage(what: String, hint: &str) -> anyhow::Error {
    RequestError::invalid("invalid_value", what, hint).into()
}

/// A bar for long work; it shows itself on a terminal only.
fn bar(files: &[PathBuf]) -> ProgressBar {
    let bytes: u64 =
        files.iter().filter_map(|path| std::fs::metadata(path).ok()).map(|about| about.len()).sum();
    if bytes < LONG_WORK {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(files.len() as u64);
    if let Ok(style) = indicatif::ProgressStyle::with_template("{spinner} {pos}/{len} {elapsed} {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A file's name without its ending.
pub(crate) fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

fn one(
    writer: &mut Writer,
    arguments: &IngestArguments,
    path: &Path,
    source: &Source,
    source_id: &SourceId,
) -> anyhow::Result<Report> {
    let asked = arguments.asked.clone().unwrap_or_else(|| stem(path));
    let delivery = Delivery::of_file(path, source_id.clone(), &asked, clock::now())?;
    let before = writer.lake().latest()?.map_or(0, |edition| edition.number);
    let report = deliver(writer, source, &delivery).map_err(|error| {
        let context = match &error {
            IngestError::NotReady(_) => {
                format!("`utbredt init --lake {}` must come first, it puts them in", arguments.lake.display())
            }
            _ => standing(&arguments.lake, path, before),
        };
        anyhow::Error::from(error).context(context)
    })?;
    if let Some(problem) = writer.delta_problem() {
        anyhow::bail!(
            "{} is in and edition {} stands; readers of its Delta logs do not see it yet, deliver again to write \
             them: {problem}",
            path.display(),
            report.edition
        );
    }
    Ok(report)
}

/// What can be relied on after a failure, read from the disk again.
fn standing(root: &Path, path: &Path, before: u64) -> String {
    let file = path.display();
    match Lake::open(root).and_then(|lake| lake.latest()) {
        Ok(Some(edition)) if edition.number > before => {
            format!("edition {} holds {file}, but the disk may lose it: deliver again", edition.number)
        }
        Ok(Some(edition)) => format!("{file} is not in; edition {} still stands", edition.number),
        Ok(None) => format!("{file} is not in; the lake is empty"),
        Err(_) => format!("{file} is not in"),
    }
}

fn state(report: &Report) -> &'static str {
    match (&report.held, report.unchanged) {
        (Some(_), _) => "held",
        (None, true) => "unchanged",
        (None, false) => "accepted",
    }
}

/// What a correction changed, in lines.
pub(crate) fn cells(report: &Report) -> Vec<String> {
    let Some(diff) = &report.diff else { return Vec::new() };
    let changed = diff.changed.len();
    let mut lines =
        vec![format!("  cells: {} added, {} removed, {changed} changed", diff.added, diff.removed)];
    lines.extend(diff.changed.iter().take(TOLD).map(|c| format!("    {}: {} -> {}", c.key, c.old, c.new)));
    if changed > TOLD {
        lines.push(format!("    and {} more", changed - TOLD));
    }
    lines
}

fn told(reports: &[(&PathBuf, Report)]) -> String {
    let mut lines = Vec::new();
    for (path, report) in reports {
        let (source, asked) = (&report.source_id, &report.asked);
        lines.push(format!("{}: {source} `{asked}`: {}", path.display(), state(report)));
        if report.unchanged && report.held.is_none() {
            lines.push(format!("  it is here already, as receipt {}", report.receipt_id.0));
            continue;
        }
        let (rows_in, accepted, refused) = (report.rows_in, report.accepted, report.rejected);
        let accepted = if report.held.is_some() {
            format!("{accepted} readable and not in force")
        } else {
            format!("{accepted} accepted")
        };
        lines.push(format!(
            "  {rows_in} rows in, {accepted}, {refused} refused, receipt {}",
            report.receipt_id.0
        ));
        lines.extend(report.reasons.iter().map(|(reason, count)| format!("  refused {count}: {reason}")));
        lines.extend(report.held.iter().flatten().map(|reason| format!("  held: {reason}")));
        if let Some(old) = &report.superseded {
            lines.push(format!("  takes the place of receipt {}", old.0));
        }
        lines.extend(cells(report));
    }
    lines.extend(reports.last().map(|(_, report)| format!("edition {} stands", report.edition)));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// What a correction changed.
pub(crate) fn cells_as_json(report: &Report) -> Value {
    let changed = |diff: &utbredt_ingest::Diff| -> Vec<Value> {
        diff.changed.iter().map(|c| json!({ "cell": c.key, "old": c.old, "new": c.new })).collect()
    };
    report.diff.as_ref().map_or(
        Value::Null,
        |diff| json!({ "added": diff.added, "removed": diff.removed, "changed": changed(diff) }),
    )
}

/// A report, as far as it does not depend on where the bytes came from.
pub(crate) fn report_as_json(report: &Report) -> Value {
    json!({
        "source_id": report.source_id,
        "asked": report.asked,
        "receipt_id": report.receipt_id.0,
        "state": state(report),
        "unchanged": report.unchanged,
        "rows_in": report.rows_in,
        "accepted": report.accepted,
        "refused": report.rejected,
        "refused_rows": report.refused_rows,
        "reasons": report.reasons,
        "held": report.held,
        "superseded": report.superseded.as_ref().map(|old| &old.0),
        "cells": cells_as_json(report),
        "edition": report.edition,
    })
}

fn told_as_json(reports: &[(&PathBuf, Report)]) -> String {
    let delivery = |(path, report): &(&PathBuf, Report)| {
        let mut told = json!({ "file": path.display().to_string() });
        if let (Some(told), Value::Object(more)) = (told.as_object_mut(), report_as_json(report)) {
            told.extend(more);
        }
        told
    };
    let deliveries: Vec<Value> = reports.iter().map(delivery).collect();
    let edition = reports.last().map(|(_, report)| report.edition);
    format!("{}\n", json!({ "edition": edition, "deliveries": deliveries }))
}
